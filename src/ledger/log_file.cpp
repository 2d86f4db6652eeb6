#include "ledger/log_file.h"

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "base/check.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::ledger {
namespace {

constexpr std::string_view format_name = "tocsin ledger 1";

std::string json_of(const Entry::Details& details) {
  json::Writer w;
  w.object().member("salt", hex(details.salt)).member("text", details.text).end();
  auto text = canonical_json(w.text());
  check(text.has_value(), "ledger: details that have no canonical spelling");
  return *std::move(text);
}

Result<Head> read_heading(std::string_view line) {
  simdjson::dom::parser parser;
  Json root, head;
  std::string_view format;
  if (parser.parse(simdjson::padded_string(line)).get(root) || root["format"].get(format) ||
      format != format_name || root["head"].get(head))
    return invalid("this is no log of " + std::string(format_name));
  Head last = TRY(read_head(head));
  if (log_heading(last) != std::string(line) + "\n") return invalid("not in its one spelling");
  if (!is_signed(last)) return invalid("its head is not what was signed");
  return last;
}

Result<std::string> octets(std::string_view hex) {
  std::string out;
  for (std::string_view rest = hex; !rest.empty(); rest.remove_prefix(2)) {
    if (rest.size() < 2) return invalid("half an octet");
    auto byte = TRY(parse_hash(std::string(rest.substr(0, 2)) + std::string(62, '0')));
    out += static_cast<char>(byte[0]);
  }
  return out;
}

Result<Entry::Details> read_details(const Json& value) {
  Entry::Details details;
  std::string_view text, salt;
  if (value["text"].get(text) || value["salt"].get(salt))
    return invalid("details without text or salt");
  details.text = text;
  details.salt = TRY(octets(salt));
  return details;
}

}  // namespace

std::string log_heading(const Head& last) {
  json::Writer w;
  w.object().member("format", format_name).key("head").raw(json_of(last)).end();
  return w.take() + "\n";
}

std::string entry_line(const Entry& entry) {
  json::Writer w;
  w.object();
  if (!entry.acknowledged.empty()) w.key("acknowledged").raw(entry.acknowledged);
  if (entry.details) w.key("details").raw(json_of(*entry.details));
  w.member("hash", hex(entry.hash));
  if (entry.head) w.key("head").raw(json_of(*entry.head));
  w.member("index", entry.index);
  if (entry.items) w.key("items").raw(json_of(*entry.items));
  w.key("leaf").raw(entry.leaf);
  if (!entry.shown.empty()) w.key("shown").raw(entry.shown);
  w.end();
  return w.take() + "\n";
}

Result<Entry> read_entry(std::string_view line) {
  simdjson::dom::parser parser;
  Json root, part;
  std::string_view hash;
  Entry entry;
  if (parser.parse(simdjson::padded_string(line)).get(root) || root["leaf"].get(part) ||
      root["index"].get(entry.index) || root["hash"].get(hash))
    return invalid("it cannot be read");
  entry.leaf = TRY(canonical_json(part));
  entry.hash = TRY(parse_hash(hash));
  if (!root["items"].get(part)) entry.items = TRY(read_hashes(part, items_max));
  if (!root["details"].get(part)) entry.details = TRY(read_details(part));
  if (!root["shown"].get(part)) entry.shown = TRY(canonical_json(part));
  if (!root["acknowledged"].get(part)) entry.acknowledged = TRY(canonical_json(part));
  if (!root["head"].get(part)) entry.head = TRY(read_head(part));
  if (entry_line(entry) != std::string(line) + "\n")
    return invalid("it is not in its one spelling");
  return entry;
}

Result<Verdict> check_log(std::string_view file, std::span<const Tree> known) {
  std::size_t end = file.find('\n');
  auto last = read_heading(file.substr(0, end));
  if (!last || end == file.npos)
    return invalid("the heading: " + (last ? "it is cut short" : last.error().what));
  LogCheck log(known);
  std::uint64_t index = 0;
  for (file.remove_prefix(end + 1); !file.empty(); ++index) {
    end = file.find('\n');
    if (index == last->tree.size)
      return invalid(fmt::format("entry {}: it comes after the end that was signed", index));
    auto entry = read_entry(file.substr(0, end));
    if (!entry || end == file.npos) {
      return invalid(
          fmt::format("entry {}: {}", index, entry ? "it is cut short" : entry.error().what));
    }
    TRY(log.add(*entry));
    file.remove_prefix(end + 1);
  }
  Verdict verdict = TRY(log.end(last->tree.size));
  if (verdict.tree != last->tree || verdict.log != last->log)
    return invalid("the heading: its head is of another log");
  return verdict;
}

}  // namespace tocsin::ledger
