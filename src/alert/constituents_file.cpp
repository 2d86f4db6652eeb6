#include "alert/constituents_file.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/csv.h"
#include "base/csv_cell.h"
#include "base/text.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t errors_max = 1000;
constexpr std::string_view columns =
    "name, sector, country, language, prefixes, asns, names, contacts, sure, provider, "
    "whole_country";

// One constituent as it is put together from texts.
class Maker {
 public:
  Constituent constituent;

  void set(std::string_view column, std::string_view value) {
    value = text::trim(value);
    if (value.empty()) return;
    if (column == "name") {
      constituent.name = value;
    } else if (column == "sector") {
      constituent.sector = value;
    } else if (column == "language") {
      constituent.language = value;
    } else if (column == "country") {
      auto country = Country::parse(value);
      if (!country) return wrong(text::quote(value) + " is no country code of two letters");
      constituent.country = *country;
    } else if (column == "sure") {
      if (value.ends_with('%')) value = text::trim(value.substr(0, value.size() - 1));
      auto sure = text::number(value);
      if (!sure || *sure > 100) return wrong("sure must be a percentage from 0 to 100");
      constituent.sure = static_cast<unsigned>(*sure);
    } else if (column == "provider") {
      flag(column, value, constituent.provider);
    } else if (column == "whole_country") {
      flag(column, value, constituent.whole_country);
    } else {
      each(value, [&](std::string_view item) { add(column, item); });
    }
  }

  void add(std::string_view column, std::string_view item) {
    if (column == "prefixes") {
      auto network = ip::parse_network(item, true);
      if (!network) return wrong(network.error().what);
      constituent.prefixes.push_back(*network);
    } else if (column == "asns") {
      std::string_view digits = item;
      if (digits.size() > 2 && text::equal_fold(digits.substr(0, 2), "as")) digits.remove_prefix(2);
      auto asn = text::number(digits);
      if (!asn || *asn == 0 || *asn > UINT32_MAX)
        return wrong(text::quote(item) + " is no AS number");
      constituent.asns.push_back(static_cast<std::uint32_t>(*asn));
    } else if (column == "names") {
      constituent.names.emplace_back(item);
    } else if (column == "contacts") {
      if (item.starts_with("mailto:")) item.remove_prefix(7);
      constituent.contacts.emplace_back(item);
    }
  }

  void wrong(std::string_view what) { (wrong_ += wrong_.empty() ? "" : "; ") += what; }

  // Errors: invalid, all that is wrong.
  Result<void> finish() {
    auto settled = settle(constituent);
    if (!settled) wrong(settled.error().what);
    return wrong_.empty() ? Result<void>{} : invalid(wrong_);
  }

 private:
  void flag(std::string_view column, std::string_view value, bool& out) {
    for (std::string_view yes : {"yes", "true", "1", "y"}) {
      if (text::equal_fold(value, yes)) return void(out = true);
    }
    for (std::string_view no : {"no", "false", "0", "n"}) {
      if (text::equal_fold(value, no)) return void(out = false);
    }
    wrong(fmt::format("{} must be yes or no", column));
  }
  template <class F>
  static void each(std::string_view value, F item) {
    while (!value.empty()) {
      std::size_t end = value.find_first_of(" ,;\t\r\n");
      if (end != 0) item(value.substr(0, end));
      value = end == value.npos ? std::string_view() : value.substr(end + 1);
    }
  }
  std::string wrong_;
};

// Puts rows of one name together.
class Collected {
 public:
  void take(std::size_t line, Maker& maker) {
    if (auto good = maker.finish(); !good) return fail(line, good.error().what);
    std::string key = text::lower(maker.constituent.name);
    auto [at, is_new] = places_.try_emplace(key, file_.constituents.size());
    if (is_new) {
      if (file_.constituents.size() >= constituents_max) {
        return fail(line, fmt::format("more than {} constituents", constituents_max));
      }
      return file_.constituents.push_back(std::move(maker.constituent));
    }
    join(line, file_.constituents[at->second], maker.constituent);
  }
  void fail(std::size_t line, std::string what) {
    if (file_.errors.size() < errors_max) file_.errors.push_back({line, std::move(what)});
  }
  ConstituentsFile file() { return std::move(file_); }

 private:
  void join(std::size_t line, Constituent& old, Constituent& more) {
    auto differs = [&](std::string_view what) {
      fail(line, fmt::format("another {} than an earlier row of {}", what, text::quote(old.name)));
    };
    if (!more.sector.empty() && more.sector != old.sector) return differs("sector");
    if (!more.country.empty() && more.country != old.country) return differs("country");
    if (!more.language.empty() && more.language != old.language) return differs("language");
    auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    Constituent joined = old;
    append(joined.prefixes, more.prefixes);
    append(joined.asns, more.asns);
    append(joined.names, more.names);
    append(joined.contacts, more.contacts);
    if (auto good = settle(joined); !good) return fail(line, good.error().what);
    old = std::move(joined);
  }

  ConstituentsFile file_;
  std::map<std::string, std::size_t> places_;
};

bool is_column(std::string_view name) {
  std::string_view rest = columns;
  while (!rest.empty()) {
    if (text::trim(text::cut(rest, ',')) == name) return true;
  }
  return false;
}

Result<ConstituentsFile> read_csv(std::string_view bytes) {
  std::string_view head = bytes.substr(0, bytes.find('\n'));
  char delimiter = head.contains('\t')                         ? '\t'
                   : head.contains(';') && !head.contains(',') ? ';'
                                                               : ',';
  csv::Reader reader(bytes, {.delimiter = delimiter});
  std::vector<std::string> names;
  Collected collected;
  for (auto step = reader.next(); step != csv::Step::end; step = reader.next()) {
    if (step == csv::Step::wrong) {
      collected.fail(reader.line(), reader.error().what);
      continue;
    }
    if (names.empty()) {
      for (std::string_view field : reader.fields()) {
        names.push_back(text::lower(text::trim(field)));
        if (!is_column(names.back())) {
          return invalid(fmt::format("line {}: unknown column {}; there are {}", reader.line(),
                                     text::quote(field), columns));
        }
      }
      if (std::ranges::find(names, "name") == names.end())
        return invalid(fmt::format("the first line has no column \"name\"; there are {}", columns));
      continue;
    }
    Maker maker;
    if (reader.fields().size() > names.size()) maker.wrong("more cells than columns");
    for (std::size_t i = 0; i < std::min(names.size(), reader.fields().size()); ++i)
      maker.set(names[i], csv::plain(reader.fields()[i]));
    collected.take(reader.line(), maker);
  }
  if (names.empty()) return invalid("the file is empty");
  return collected.file();
}

void set_member(Maker& maker, std::string_view key, const simdjson::dom::element& value) {
  std::string_view text;
  std::uint64_t number = 0;
  bool yes = false;
  simdjson::dom::array items;
  bool list = key == "prefixes" || key == "asns" || key == "names" || key == "contacts";
  if (!is_column(key)) {
    maker.wrong(fmt::format("unknown member {}; there are {}", text::quote(key), columns));
  } else if (!value.get(items) && list) {
    for (simdjson::dom::element item : items) {
      if (!item.get(text)) {
        maker.add(key, text::trim(text));
      } else if (!item.get(number)) {
        maker.add(key, std::to_string(number));
      } else {
        maker.wrong(fmt::format("{} must be a list of texts", key));
      }
    }
  } else if (!value.get(text)) {
    maker.set(key, text);
  } else if (!value.get(number)) {
    maker.set(key, std::to_string(number));
  } else if (!value.get(yes)) {
    maker.set(key, yes ? "yes" : "no");
  } else if (!value.is_null()) {
    maker.wrong(fmt::format("{} has a value of a wrong kind", key));
  }
}

void take_object(Collected& collected, std::size_t place, const simdjson::dom::element& item) {
  simdjson::dom::object object;
  if (item.get(object)) return collected.fail(place, "not an object");
  Maker maker;
  for (auto [key, value] : object) {
    if (key != "id") set_member(maker, key, value);  // ids are this node's
  }
  collected.take(place, maker);
}

Result<ConstituentsFile> read_json(std::string_view bytes) {
  simdjson::dom::parser parser;
  simdjson::dom::element root, inner;
  Collected collected;
  if (!parser.parse(bytes.data(), bytes.size()).get(root)) {
    if (root.is_object() && !root["constituents"].get(inner)) root = inner;
    simdjson::dom::array items;
    std::size_t place = 0;
    if (root.get(items)) {
      take_object(collected, 1, root);
    } else {
      for (simdjson::dom::element item : items) take_object(collected, ++place, item);
    }
    return collected.file();
  }
  if (!bytes.starts_with('{')) return invalid("not JSON: a list that does not end as one");
  for (auto [number, line] : text::numbered_lines(bytes)) {
    if (text::trim(line).empty()) continue;
    if (parser.parse(line.data(), line.size()).get(root)) {
      collected.fail(number, "not a JSON object");
    } else {
      take_object(collected, number, root);
    }
  }
  return collected.file();
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, " "));
}

}  // namespace

Result<ConstituentsFile> read_constituents(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  if (!text::is_utf8(bytes)) return invalid("the file is not UTF-8");
  std::string_view start = text::trim(bytes);
  if (start.empty()) return invalid("the file is empty");
  return start[0] == '[' || start[0] == '{' ? read_json(start) : read_csv(bytes);
}

std::string constituents_csv(std::span<const Constituent> constituents) {
  std::string out(columns);
  std::erase(out, ' ');
  out += "\r\n";
  for (const Constituent& c : constituents) {
    std::vector<std::string> prefixes, asns;
    for (const Network& network : c.prefixes) prefixes.push_back(ip::format(network));
    for (std::uint32_t asn : c.asns) asns.push_back(std::to_string(asn));
    const std::string cells[] = {c.name,
                                 c.sector,
                                 c.country.text(),
                                 c.language,
                                 joined(prefixes),
                                 joined(asns),
                                 joined(c.names),
                                 joined(c.contacts),
                                 std::to_string(c.sure),
                                 c.provider ? "yes" : "no",
                                 c.whole_country ? "yes" : "no"};
    for (const std::string& cell : cells) {
      if (&cell != cells) out += ',';
      out += csv::cell(cell);
    }
    out += "\r\n";
  }
  return out;
}

std::string constituents_json(std::span<const Constituent> constituents) {
  std::string out = "{\"constituents\":[";
  for (const Constituent& c : constituents) {
    if (&c != constituents.data()) out += ",\n";
    out += to_json(c, false);
  }
  return out + "]}\n";
}

}  // namespace tocsin::alert
