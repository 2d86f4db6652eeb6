// What a filter's conditions say of a row, and their canonical text. The reading is in filter.cpp.
#include <algorithm>

#include "model/country.h"
#include "model/verdict.h"
#include "store/filter.h"

namespace tocsin::store {
namespace {

std::string network_text(const Network& network) {
  return network.length == 128 ? ip::format(network.base) : ip::format(network);
}

// `field://…` would be read as a URL of that scheme, and a * at the end as "starts so".
std::string quoted(std::string_view text) {
  bool plain = text.find_first_of(" ,\"\\") == std::string_view::npos &&
               !text.starts_with("//") && !text.ends_with('*');
  if (plain) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string time_text(const FilterValue& value) {
  if (value.end - value.number == us_per_day) return times::format_day(times::day_of(value.number));
  std::string text = times::format(value.number);
  if (value.end - value.number == 60 * us_per_s) text = text.substr(0, 16) + 'Z';
  if (value.end - value.number == 1 && !text.contains('.')) text.insert(19, ".000000");
  return text;
}

std::string value_text(FilterField field, const FilterValue& value) {
  using enum FilterField;
  if (value.match == Match::any) return "*";
  if (value.match == Match::none) return "unknown";
  if (value.match == Match::below) return "*." + value.text;
  if (value.match == Match::prefix) return quoted(value.text) + '*';
  switch (field) {
    case ip:
      return network_text(value.network);
    case controller:
      return value.text.empty() ? network_text(value.network) : value.text;
    case country:
    case controller_country:
      return Country{static_cast<std::uint16_t>(value.number)}.text();
    case type:
      return std::string(tocsin::name(static_cast<Type>(value.number)));
    case klass:
      return std::string(tocsin::name(static_cast<Class>(value.number)));
    case severity:
      return std::string(tocsin::name(static_cast<Severity>(value.number)));
    case state:
      return std::string(tocsin::name(static_cast<State>(value.number)));
    case tlp:
      return std::string(tocsin::name(static_cast<Tlp>(value.number)));
    case is:
      return value.number == 0 ? "exercise" : value.number == 1 ? "history" : "real";
    case first:
    case last:
      return time_text(value);
    case verdict:
      return std::string(tocsin::name(static_cast<Verdict>(value.number)));
    case mark:
      return std::string(mark_names[static_cast<std::size_t>(value.number)]);
    case in_case:
    case asn:
    case port:
    case times:
      return std::to_string(value.number);
    default:
      return quoted(value.text);
  }
}

bool equals(const FilterValue& value, std::int64_t number) {
  bool absent = number == none_number;
  if (value.match == Match::any) return !absent;
  if (value.match == Match::none) return absent;
  if (absent) return false;
  return value.end > value.number ? number >= value.number && number < value.end
                                  : number == value.number;
}

bool equals(const FilterValue& value, std::string_view text) {
  switch (value.match) {
    case Match::any:
      return !text.empty();
    case Match::none:
      return text.empty();
    case Match::prefix:
      return text.starts_with(value.text);
    case Match::below:
      return text == value.text || (text.size() > value.text.size() && text.ends_with(value.text) &&
                                    text[text.size() - value.text.size() - 1] == '.');
    case Match::exact:
      return !value.text.empty() && text == value.text;
  }
  return false;
}

bool equals(const FilterValue& value, const Ip& ip) {
  if (value.match == Match::any) return !ip.empty();
  if (value.match == Match::none) return ip.empty();
  return value.text.empty() && !ip.empty() && value.network.contains(ip);
}

template <class T>
bool any_equals(const Condition& condition, const T& subject) {
  return std::any_of(condition.any.begin(), condition.any.end(),
                     [&](const FilterValue& value) { return equals(value, subject); });
}

}  // namespace

bool asks_for_exercises(const Filter& filter) {
  return std::ranges::any_of(filter.all,
                             [](const Condition& c) { return c.field == FilterField::is; });
}

std::string format(const Filter& filter) {
  constexpr std::string_view signs[] = {":", "<", "<=", ">", ">="};
  std::string out;
  for (const Condition& condition : filter.all) {
    if (!out.empty()) out += ' ';
    if (condition.negated) out += '-';
    out += name(condition.field);
    out += signs[static_cast<std::size_t>(condition.compare)];
    for (std::size_t i = 0; i < condition.any.size(); ++i) {
      if (i > 0) out += ',';
      out += value_text(condition.field, condition.any[i]);
    }
  }
  return out;
}

bool holds(const Condition& condition, std::int64_t number) {
  bool yes = false;
  if (condition.compare == Compare::equal) {
    yes = any_equals(condition, number);
  } else if (number != none_number && !condition.any.empty()) {
    std::int64_t limit = condition.any[0].number;
    yes = condition.compare == Compare::less         ? number < limit
          : condition.compare == Compare::less_equal ? number <= limit
          : condition.compare == Compare::greater    ? number > limit
                                                     : number >= limit;
  }
  return yes != condition.negated;
}

bool holds(const Condition& condition, std::string_view text) {
  return any_equals(condition, text) != condition.negated;
}

bool holds(const Condition& condition, const Ip& ip) {
  return any_equals(condition, ip) != condition.negated;
}

}  // namespace tocsin::store
