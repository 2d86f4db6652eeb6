#include "cli/printing.h"

#include <fmt/core.h>

#include "base/text.h"
#include "cli/table.h"

namespace tocsin::cli {

std::string text_of(const simdjson::dom::element& item, const char* key) {
  simdjson::dom::element value;
  if (*key == '/' ? item.at_pointer(key).get(value) : item[key].get(value)) return "";
  if (std::string_view text; !value.get(text)) return std::string(text);
  simdjson::dom::array items;
  if (value.get(items)) return simdjson::minify(value);
  std::string out;
  for (simdjson::dom::element one : items) {
    std::string_view text;
    if (!out.empty()) out += ' ';
    out += one.get(text) ? simdjson::minify(one) : std::string(text);
  }
  return out;
}

Result<void> print_list(Caller& caller, const Caller::Ask& ask,
                        const std::vector<std::string>& columns, bool as_json) {
  std::string body = TRY(caller.call(ask));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array items;
  if (parser.parse(body).get(answer) || answer["items"].get(items))
    return unavailable("the node's answer is no list");
  std::vector<std::string> heads, members;
  for (const auto& column : columns) {
    std::size_t at = column.find('=');
    heads.push_back(column.substr(0, at));
    bool right = at == column.npos && column.starts_with('>');
    members.push_back(column.substr(at == column.npos ? (right ? 1 : 0) : at + 1));
  }
  TextTable table(heads);
  for (simdjson::dom::element item : items) {
    if (as_json) {
      fmt::print("{}\n", simdjson::minify(item));
      continue;
    }
    std::vector<std::string> cells;
    for (const auto& member : members) cells.push_back(text_of(item, member.c_str()));
    table.row(std::move(cells));
  }
  if (!as_json) fmt::print("{}", table.text());
  return {};
}

void print_told(const simdjson::dom::element& withdrawal) {
  simdjson::dom::array list;
  std::string others;
  if (!withdrawal["others"].get(list)) {
    for (std::string_view one : list) others += (others.empty() ? "" : ", ") + std::string(one);
  }
  if (!others.empty()) fmt::print("told too, and counted from there now: {}\n", others);
  if (withdrawal["told"].get(list)) return;
  for (simdjson::dom::element one : list) {
    fmt::print("{} {} to {} {}\n", text_of(one, "at"), text::printable(text_of(one, "what")),
               text::printable(text_of(one, "whom")), text::printable(text_of(one, "where")));
  }
}

}  // namespace tocsin::cli
