#include "wire/stix_words.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t name_min = 3, name_max = 250;
constexpr std::size_t uuid_size = 36;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_uuid(std::string_view text) {
  if (text.size() != uuid_size) return false;
  for (std::size_t i = 0; i < uuid_size; ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return text[14] >= '1' && text[14] <= '8' &&
         std::string_view("89abAB").find(text[19]) != std::string_view::npos;
}

// Two digits from `low` to `high`.
bool two(std::string_view text, std::size_t at, int low, int high, unsigned& out) {
  if (!is_digit(text[at]) || !is_digit(text[at + 1])) return false;
  int value = (text[at] - '0') * 10 + (text[at + 1] - '0');
  out = static_cast<unsigned>(value);
  return value >= low && value <= high;
}

struct Form {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::string_view fraction;
};

// YYYY-MM-DDThh:mm:ss[.f+]Z
std::optional<Form> time_form(std::string_view text) {
  constexpr std::size_t shortest = 20;
  if (text.size() < shortest || text.back() != 'Z') return std::nullopt;
  Form form;
  unsigned century = 0, year = 0;
  if (!two(text, 0, 0, 99, century) || !two(text, 2, 0, 99, year) || text[4] != '-' ||
      !two(text, 5, 1, 12, form.month) || text[7] != '-' || !two(text, 8, 1, 31, form.day) ||
      text[10] != 'T' || !two(text, 11, 0, 23, form.hour) || text[13] != ':' ||
      !two(text, 14, 0, 59, form.minute) || text[16] != ':' || !two(text, 17, 0, 60, form.second))
    return std::nullopt;
  form.year = static_cast<int>(century * 100 + year);
  std::string_view rest = text.substr(19, text.size() - shortest);
  if (rest.empty()) return form;
  form.fraction = rest.substr(1);
  if (rest[0] != '.' || form.fraction.empty() || !std::ranges::all_of(form.fraction, is_digit))
    return std::nullopt;
  return form;
}

}  // namespace

bool is_stix_id(std::string_view text) {
  if (text.size() < uuid_size + 2 || !is_uuid(text.substr(text.size() - uuid_size))) return false;
  text.remove_suffix(uuid_size);
  return text.ends_with("--") && is_stix_type_name(text.substr(0, text.size() - 2));
}

std::string_view stix_type_of(std::string_view id) {
  std::size_t at = id.find("--");
  return at == std::string_view::npos ? std::string_view() : id.substr(0, at);
}

char stix_uuid_version(std::string_view id) {
  return id[id.size() - uuid_size + 14];
}

bool is_stix_type_name(std::string_view text) {
  if (text.size() < name_min || text.size() > name_max || !is_lower(text[0])) return false;
  return !text.contains("--") && !text.ends_with('-') &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_stix_property_name(std::string_view text) {
  if (text == "id") return true;
  if (text.size() < name_min || text.size() > name_max || !is_lower(text[0])) return false;
  return std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_stix_time_form(std::string_view text) {
  return time_form(text).has_value();
}

std::optional<StixTime> stix_time(std::string_view text) {
  auto form = time_form(text);
  if (!form) return std::nullopt;
  Day day = times::day_from({form->year, form->month, form->day});
  times::Civil back = times::civil(day);
  if (back.month != form->month || back.day != form->day) return std::nullopt;
  StixTime time{
      .second = std::int64_t{day} * 86'400 + form->hour * 3600 + form->minute * 60 + form->second,
      .digits = form->fraction.size()};
  std::uint32_t unit = 1'000'000'000;
  for (char c : form->fraction.substr(0, 9)) {
    unit /= 10;
    time.nanosecond += static_cast<std::uint32_t>(c - '0') * unit;
  }
  return time;
}

std::string stix_stamp(TimeUs time) {
  std::string text = times::format(time);
  std::size_t dot = text.find('.');
  if (dot == std::string::npos) return text.replace(text.size() - 1, 1, ".000Z");
  if (text.ends_with("000Z")) text.replace(dot + 4, std::string::npos, "Z");
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : text.substr(0, text.size() - padding)) {
    std::size_t value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0 || !std::ranges::all_of(text, is_hex)) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  std::size_t size = 0;
  sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(),
                 nullptr, &size, nullptr);
  return out;
}

std::string_view stix_text(const simdjson::dom::object& object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text)) return {};
  return text;
}

bool stix_has(const simdjson::dom::object& object, std::string_view name) {
  simdjson::dom::element found;
  return !object.at_key(name).get(found);
}

std::size_t stix_hash_octets(std::string_view algorithm) {
  struct Row {
    std::string_view name;
    std::size_t octets;
  };
  constexpr auto rows = std::to_array<Row>({{"MD5", 16},
                                            {"SHA-1", 20},
                                            {"SHA-256", 32},
                                            {"SHA-512", 64},
                                            {"SHA3-256", 32},
                                            {"SHA3-512", 64}});
  for (const Row& row : rows) {
    if (row.name == algorithm) return row.octets;
  }
  return 0;
}

}  // namespace tocsin::wire
