#include "ingest/shadowserver_values.h"

#include <array>
#include <cstring>

#include "base/text.h"

namespace tocsin::shadowserver {

Result<TimeUs> time_of(std::string_view value) {
  if (auto plain = times::parse_plain(value)) return *plain;
  auto time = times::parse(value);
  if (time) return time;
  for (std::string_view pattern : {"%a, %d %b %Y %H:%M:%S %Z", "%b %d %H:%M:%S %Y %Z",
                                   "%a %b %d %H:%M:%S %Y", "%d %b %Y %H:%M:%S %Z"}) {
    if (auto other = times::parse_as(value, pattern)) return other;
  }
  return time;
}

Severity severity_of(std::string_view value) {
  constexpr Severity levels[] = {Severity::critical, Severity::high, Severity::medium,
                                 Severity::low, Severity::info};
  for (Severity level : levels) {
    if (value == name(level)) return level;
  }
  return severity_named(value).value_or(Severity::none);
}

Transport transport_of(std::string_view value) {
  if (value == "tcp") return Transport::tcp;
  if (value == "udp") return Transport::udp;
  return transport_named(value).value_or(Transport::none);
}

std::optional<std::int64_t> whole_number(std::string_view value) {
  return text::signed_number(value);
}

std::optional<bool> flag_of(std::string_view value) {
  if (value == "Y") return true;
  if (value == "N") return false;
  for (std::string_view yes : {"y", "yes", "true", "enabled", "1"}) {
    if (text::equal_fold(value, yes)) return true;
  }
  for (std::string_view no : {"n", "no", "false", "disabled", "0"}) {
    if (text::equal_fold(value, no)) return false;
  }
  return std::nullopt;
}

bool is_base64(std::string_view value) {
  if (value.empty() || value.size() % 4 != 0) return false;
  std::size_t padding = value.ends_with("==") ? 2 : value.ends_with('=') ? 1 : 0;
  for (char c : value.substr(0, value.size() - padding)) {
    bool known = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                 c == '+' || c == '/';
    if (!known) return false;
  }
  return true;
}

std::string base64_of(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::string_view part = bytes.substr(i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < part.size() ? static_cast<unsigned char>(part[k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= part.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

std::string cve_numbers(std::string_view tags) {
  std::string out;
  while (!tags.empty()) {
    std::string_view tag = text::trim(text::cut(tags, ';'));
    if (tag.size() < 5 || !text::equal_fold(tag.substr(0, 4), "cve-")) continue;
    std::string_view number = tag.substr(4);
    std::string_view year = text::cut(number, '-');
    if (year.size() != 4 || !text::number(year) || !text::number(number)) continue;
    std::string cve = text::upper(tag);
    if (out == cve || out.starts_with(cve + ";") || out.ends_with(";" + cve) ||
        out.contains(";" + cve + ";")) {
      continue;
    }
    if (!out.empty()) out += ';';
    out += cve;
  }
  return out;
}

bool is_tagged(std::string_view tags, std::string_view tag) {
  while (!tags.empty()) {
    if (text::equal_fold(text::trim(text::cut(tags, ';')), tag)) return true;
  }
  return false;
}

bool needs_no_escape(std::string_view text) {
  // Eight bytes at a time. A byte is below 0x20, above 0x7e (by its high bit), or one of the two.
  // Source: Mycroft's "determine if a word has a byte less than n", Bit Twiddling Hacks.
  constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
  auto has_zero = [](std::uint64_t word) { return (word - ones) & ~word & highs; };
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    std::uint64_t control = (word - ones * 0x20) & ~word & highs;
    if ((word & highs) | control | has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\'))
      return false;
  }
  for (; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') return false;
  }
  return true;
}

}  // namespace tocsin::shadowserver
