#include "store/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.h"
#include "model/country.h"
#include "model/family.h"
#include "model/normal.h"
#include "model/verdict.h"

namespace tocsin::store {
namespace {

// In the order of FilterField.
constexpr std::array<std::string_view, filter_fields_count> field_names = {
    "ip",     "asn",     "country",  "name",       "url",
    "family", "type",    "class",    "identifier", "severity",
    "state",  "feed",    "port",     "controller", "controller_country",
    "first",  "last",    "times",    "tlp",        "hash",
    "sector", "is",      "verdict",  "assigned",   "tag",
    "case",   "is",      "followed"};

struct Alias {
  std::string_view name;
  FilterField field;
};
constexpr Alias aliases[] = {
    {"prefix", FilterField::ip},   {"as", FilterField::asn},    {"cc", FilterField::country},
    {"domain", FilterField::name}, {"host", FilterField::name}, {"time", FilterField::last},
};

// In the order of Is.
constexpr std::array<std::string_view, 3> is_names = {"exercise", "history", "real"};

std::optional<Is> is_named(std::string_view text) {
  for (std::size_t i = 0; i < is_names.size(); ++i) {
    if (is_names[i] == text) return static_cast<Is>(i);
  }
  return std::nullopt;
}

// One value as typed, without its quotes.
struct Spelled {
  std::string text{};
  bool starred = false;  // ends in a * that no quotes make an ordinary character
};

// A token: its field if it names one, and its values without quotes.
struct Token {
  std::string_view whole;  // as typed, for messages
  bool negated = false;
  std::optional<FilterField> field{};
  Compare compare = Compare::equal;
  std::vector<Spelled> values{};
};

// How many letters must change to make `a` of `b`. Both short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

template <class Names>
std::string nearest(std::string_view text, const Names& names) {
  std::string_view best;
  std::size_t least = 4;
  for (std::string_view name : names) {
    if (text.size() > 64 || name.empty()) continue;
    if (std::size_t d = distance(text, name); d < least) least = d, best = name;
  }
  return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best);
}

template <class Names>
std::string one_of(const Names& names) {
  std::string list;
  for (std::string_view name : names) {
    if (!name.empty()) list += (list.empty() ? "" : ", ") + std::string(name);
  }
  return list;
}

std::optional<FilterField> field_of(std::string_view word) {
  for (std::size_t i = 0; i < field_names.size(); ++i) {
    if (field_names[i] == word) return static_cast<FilterField>(i);
  }
  for (const Alias& alias : aliases) {
    if (alias.name == word) return alias.field;
  }
  return std::nullopt;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Takes one token's text off the front of `rest`: up to a blank outside quotes.
Result<std::string_view> take_token(std::string_view& rest) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size() && (quoted || !is_blank(rest[i])); ++i) {
    if (rest[i] == '\\' && quoted)
      ++i;
    else if (rest[i] == '"')
      quoted = !quoted;
  }
  if (quoted || i > rest.size()) {
    return invalid("a quote is not closed: " + text::quote(rest));
  }
  std::string_view token = rest.substr(0, i);
  rest.remove_prefix(i);
  return token;
}

// Parts `text` at commas outside quotes, and takes the quotes off.
std::vector<Spelled> values_of(std::string_view text) {
  std::vector<Spelled> values(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\' && i + 1 < text.size()) {
      values.back().text += text[++i];
      values.back().starred = false;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      values.emplace_back();
    } else {
      values.back().text += text[i];
      values.back().starred = text[i] == '*' && !quoted;
    }
  }
  return values;
}

struct Operator {
  std::string_view text;
  Compare compare;
  bool negated;
};
// Longest first.
constexpr Operator operators[] = {
    {">=", Compare::greater_equal, false}, {"<=", Compare::less_equal, false},
    {"!=", Compare::equal, true},          {">", Compare::greater, false},
    {"<", Compare::less, false},           {":", Compare::equal, false},
    {"=", Compare::equal, false},
};

// A word that could be mistaken for field:value: an IPv6 address.
bool is_address(std::string_view word) {
  return ip::parse_network(word.substr(0, word.find(','))).has_value();
}

Result<Token> read_token(std::string_view whole) {
  Token token{.whole = whole};
  std::string_view rest = whole;
  if (rest.starts_with('-')) {
    token.negated = true;
    rest.remove_prefix(1);
  }
  std::size_t end = 0;
  while (end < rest.size() && ((rest[end] >= 'a' && rest[end] <= 'z') || rest[end] == '_')) ++end;
  std::string_view word = rest.substr(0, end), after = rest.substr(end);
  const auto* op = std::find_if(std::begin(operators), std::end(operators),
                                [&](const Operator& o) { return after.starts_with(o.text); });
  if (end > 0 && op != std::end(operators) && !after.starts_with("://") && !is_address(rest)) {
    token.field = field_of(word);
    if (!token.field) {
      auto near = nearest(word, field_names);
      return invalid(fmt::format("no field {}{}", text::quote(word),
                                 near.empty() ? "; there are " + one_of(field_names) : near));
    }
    token.compare = op->compare;
    token.negated ^= op->negated;
    rest = after.substr(op->text.size());
  }
  token.values = values_of(rest);
  for (auto& [value, starred] : token.values) {
    value = text::trim(value);
    if (value.empty()) return invalid("a value is missing in " + text::quote(whole));
  }
  // Both are written `is`.
  bool is_mark = std::ranges::find(mark_names, token.values.front().text) != std::end(mark_names);
  if (token.field == FilterField::is && is_mark) token.field = FilterField::mark;
  return token;
}

FilterValue number_value(std::int64_t number) {
  return {.number = number};
}

template <class Enum, class Names>
Result<FilterValue> named(std::optional<Enum> found, std::string_view what, std::string_view text,
                          const Names& names) {
  if (found) return number_value(static_cast<std::int64_t>(*found));
  return invalid(fmt::format("no {} {}; there are {}", what, text::quote(text), one_of(names)));
}

template <class Enum>
std::vector<std::string_view> all_names(std::size_t count) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(tocsin::name(static_cast<Enum>(i)));
  return names;
}

Result<FilterValue> whole_number(std::string_view text, std::uint64_t max, std::string_view what) {
  auto number = text::number(text);
  if (!number || *number > max) {
    return invalid(fmt::format("not {} (0 to {}): {}", what, max, text::quote(text)));
  }
  return number_value(static_cast<std::int64_t>(*number));
}

Result<FilterValue> address_value(std::string_view text) {
  auto network = ip::parse_network(text);
  if (!network) return std::unexpected(network.error());
  return FilterValue{.network = *network};
}

// "7d" and the like in microseconds.
std::optional<TimeUs> stretch_of(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  auto count = text::number(text.substr(0, text.size() - 1));
  if (!count || *count > 100'000) return std::nullopt;
  auto n = static_cast<TimeUs>(*count);
  switch (text.back()) {
    case 'm':
      return n * 60 * us_per_s;
    case 'h':
      return n * us_per_hour;
    case 'd':
      return n * us_per_day;
    case 'w':
      return n * 7 * us_per_day;
    default:
      return std::nullopt;
  }
}

// How long a spelled time lasts: a day, a minute, a second, or an instant.
TimeUs width_of(std::string_view text) {
  text = text::trim(text);
  if (text.size() <= 10) return us_per_day;
  std::string_view clock = text.substr(11);
  if (clock.contains('.')) return 1;
  return std::count(
             clock.begin(),
             clock.begin() + std::min<std::ptrdiff_t>(6, static_cast<std::ptrdiff_t>(clock.size())),
             ':') > 1
             ? us_per_s
             : 60 * us_per_s;
}

Result<FilterValue> time_value(std::string_view text, TimeUs now, Compare& compare) {
  FilterValue value;
  TimeUs today = times::start_of(times::day_of(now));
  if (auto ago = stretch_of(text)) {
    if (compare == Compare::equal) compare = Compare::greater_equal;  // last:7d is within 7 days
    value.number = std::max<TimeUs>(0, now - *ago);
    value.end = value.number + 1;
  } else if (text == "today" || text == "yesterday") {
    value.number = text == "today" ? today : today - us_per_day;
    value.end = value.number + us_per_day;
  } else {
    auto time = times::parse(text);
    if (!time) {
      return invalid(time.error().what + "; say 2026-01-31, 2026-01-31T12:00Z, today or 7d");
    }
    value.number = *time;
    value.end = value.number + width_of(text);
  }
  if (compare == Compare::equal) return value;
  if (compare == Compare::greater || compare == Compare::less_equal) value.number = value.end;
  compare = compare == Compare::greater || compare == Compare::greater_equal
                ? Compare::greater_equal
                : Compare::less;
  value.end = 0;
  return value;
}

Result<FilterValue> country_value(std::string_view text) {
  auto country = Country::parse(text);
  if (!country) return invalid("not a country's two letters: " + text::quote(text));
  return number_value(country->code);
}

Result<FilterValue> name_value(std::string_view text) {
  FilterValue value;
  if (text.starts_with("*.")) {
    value.match = Match::below;
    text.remove_prefix(2);
  }
  auto canonical = normal::name(text, true);
  if (!canonical) return std::unexpected(canonical.error());
  value.text = *std::move(canonical);
  return value;
}

Result<FilterValue> hash_value(std::string_view text) {
  bool hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!hex || (text.size() != 32 && text.size() != 40 && text.size() != 64)) {
    return invalid("not an MD5, SHA-1 or SHA-256 in hexadecimal: " + text::quote(text));
  }
  FilterValue value;
  value.text = text::lower(text);
  return value;
}

// Free text, which may end in * for "starts so".
FilterValue text_value(FilterField field, const Spelled& spelled) {
  bool starts = spelled.starred;
  std::string value = spelled.text;
  if (starts) value.pop_back();
  if (field == FilterField::family && !starts) value = canonical_family(value);
  using enum FilterField;
  bool folded = field == identifier || field == sector || field == family || field == assigned ||
                field == tag || field == followed;
  if (folded) value = text::lower(value);
  return {.match = starts ? Match::prefix : Match::exact, .text = std::move(value)};
}

Result<FilterValue> controller_value(std::string_view text) {
  if (auto network = ip::parse_network(text)) return FilterValue{.network = *network};
  if (auto value = name_value(text)) return value;
  return invalid("neither an address nor a name: " + text::quote(text));
}

Result<FilterValue> url_value(const Spelled& spelled) {
  if (spelled.starred) return text_value(FilterField::url, spelled);
  auto canonical = normal::url(spelled.text);
  if (!canonical) return std::unexpected(canonical.error());
  return FilterValue{.text = *std::move(canonical)};
}

bool may_be_absent(FilterField field) {
  using enum FilterField;
  return field != type && field != klass && field != state && field != feed && field != first &&
         field != last && field != times && field != tlp && field != is && field != mark;
}

bool may_be_compared(FilterField field) {
  using enum FilterField;
  return field == asn || field == severity || field == port || field == first || field == last ||
         field == times || field == tlp;
}

Result<FilterValue> stated_value(FilterField field, const Spelled& spelled, TimeUs now,
                                 Compare& compare) {
  using enum FilterField;
  const std::string_view text = spelled.text;
  switch (field) {
    case ip:
      return address_value(text);
    case asn:
      return whole_number(text::equal_fold(text.substr(0, 2), "AS") ? text.substr(2) : text,
                          UINT32_MAX, "an AS number");
    case country:
    case controller_country:
      return country_value(text);
    case name:
      return name_value(text);
    case url:
      return url_value(spelled);
    case type: {
      auto found = type_named(text);
      if (found) return number_value(static_cast<std::int64_t>(*found));
      return invalid("no type " + text::quote(text) + nearest(text, all_names<Type>(types_count)));
    }
    case klass:
      return named(class_named(text), "class", text, all_names<Class>(11));
    case severity:
      return named(severity_named(text), "severity", text, all_names<Severity>(6));
    case state:
      return named(state_named(text), "state", text, state_names);
    case is:
      return named(is_named(text), "kind", text, is_names);
    case tlp:
      return named(tlp_named(text), "TLP label", text, all_names<Tlp>(5));
    case port:
      return whole_number(text, 65535, "a port");
    case times:
      return whole_number(text, INT64_MAX, "a count");
    case first:
    case last:
      return time_value(text, now, compare);
    case hash:
      return hash_value(text);
    case controller:
      return controller_value(text);
    case family:
    case identifier:
    case feed:
    case sector:
    case assigned:
    case tag:
    case followed:
      return text_value(field, spelled);
    case verdict:
      if (text == "none") return FilterValue{.match = Match::none};
      return named(verdict_named(text), "verdict", text, std::span(verdict_names).subspan(1));
    case in_case:
      return whole_number(text, INT64_MAX, "a case's number");
    case mark: {
      const auto* found = std::ranges::find(mark_names, text);
      std::optional<Mark> which;
      if (found != std::end(mark_names)) which = static_cast<Mark>(found - mark_names);
      return named(which, "mark", text, mark_names);
    }
  }
  return invalid("no such field");
}

Result<FilterValue> read_value(FilterField field, const Spelled& spelled, TimeUs now,
                               Compare& compare) {
  if (spelled.starred && spelled.text.size() == 1) return FilterValue{.match = Match::any};
  bool unknown = text::equal_fold(spelled.text, "unknown");
  FilterValue value;
  if (!unknown || !may_be_absent(field)) value = TRY(stated_value(field, spelled, now, compare));
  // "unknown." is a name too, whose canonical form would say something else.
  unknown = unknown || (value.match == Match::exact && value.text == "unknown");
  if (unknown && may_be_absent(field)) return FilterValue{.match = Match::none};
  return value;
}

// Which field a word alone belongs to. `below`: a domain, which means what is under it too.
struct Guess {
  FilterField field;
  bool below = false;
};

Result<Guess> guess(const Spelled& spelled) {
  using enum FilterField;
  const std::string_view word = spelled.text;
  if (ip::parse_network(word)) return Guess{ip};
  if (word.size() > 2 && text::equal_fold(word.substr(0, 2), "AS") && text::number(word.substr(2)))
    return Guess{asn};
  if (word.contains("://")) return Guess{url};
  if (hash_value(word)) return Guess{hash};
  if (type_named(word)) return Guess{type};
  if (class_named(word)) return Guess{klass};
  if (severity_named(word)) return Guess{severity};
  if (state_named(word)) return Guess{state};
  if (word.contains('-') && verdict_named(word)) return Guess{verdict};
  if (word.size() == 2 && word[0] <= 'Z' && word[1] <= 'Z' && Country::parse(word))
    return Guess{country};
  if (word.contains('@')) {
    return invalid("mail addresses are not searched; try the domain after the @: " +
                   text::quote(word));
  }
  if (word.contains('.') && !spelled.starred && name_value(word)) return Guess{name, true};
  std::string lower = text::lower(word.substr(0, 11));
  if (lower.starts_with("cve-") || lower.starts_with("open-") || lower.starts_with("accessible-"))
    return Guess{identifier};
  for (char c : word) {
    if (c == '/' || c == ':' || c == '=' || c == '<' || c == '>') {
      return invalid("neither an address, a prefix, a name nor a family: " + text::quote(word));
    }
  }
  return Guess{family};
}

Result<Condition> read_condition(const Token& token, TimeUs now) {
  Condition condition{.compare = token.compare, .negated = token.negated, .guessed = !token.field};
  bool below = false;
  for (const Spelled& value_text : token.values) {
    if (!token.field) {
      Guess what = TRY(guess(value_text));
      if (!condition.any.empty() && what.field != condition.field) {
        return invalid("alternatives must be of one kind: " + text::quote(token.whole));
      }
      condition.field = what.field;
      below = what.below;
    } else {
      condition.field = *token.field;
    }
    Compare compare = token.compare;
    FilterValue value = TRY(read_value(condition.field, value_text, now, compare));
    if (below && value.match == Match::exact) value.match = Match::below;
    condition.any.push_back(std::move(value));
    condition.compare = compare;
  }
  bool compares = token.compare != Compare::equal;
  if (compares && !may_be_compared(condition.field)) {
    return invalid(fmt::format("'{}' cannot be compared, only be equal: {}", name(condition.field),
                               text::quote(token.whole)));
  }
  bool stated = condition.any[0].match == Match::exact;
  if (condition.compare != Compare::equal && (condition.any.size() > 1 || !stated)) {
    return invalid("a comparison takes one value: " + text::quote(token.whole));
  }
  return condition;
}

}  // namespace

std::string_view name(FilterField field) {
  return field_names.at(static_cast<std::size_t>(field));
}

Result<void> fits_events(const Filter& filter) {
  for (const Condition& condition : filter.all) {
    if (condition.field >= FilterField::verdict && condition.field <= FilterField::followed) {
      return invalid(
          fmt::format("'{}' is known of findings, not of events", name(condition.field)));
    }
  }
  return {};
}

Result<Filter> parse_filter(std::string_view text, TimeUs now) {
  if (text.size() > filter_bytes_max) {
    return invalid(
        fmt::format("a filter of {} bytes; the most is {}", text.size(), filter_bytes_max));
  }
  if (!text::is_utf8(text)) return invalid("the filter is not UTF-8");
  Filter filter;
  std::size_t values = 0;
  while (true) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    if (text.empty()) return filter;
    auto whole = TRY(take_token(text));
    auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(whole.begin(), whole.end(), control)) {
      return invalid("a control character in " + text::quote(whole));
    }
    Token token = TRY(read_token(whole));
    filter.all.push_back(TRY(read_condition(token, now)));
    values += filter.all.back().any.size();
    if (filter.all.size() > filter_conditions_max || values > filter_values_max) {
      return invalid(fmt::format("too many conditions; the most is {}, with {} values",
                                 filter_conditions_max, filter_values_max));
    }
  }
}

}  // namespace tocsin::store
