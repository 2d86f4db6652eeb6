// Country: an ISO 3166-1 alpha-2 code in two bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

struct Country {
  std::uint16_t code = 0;  // first letter * 256 + second; 0: unknown

  auto operator<=>(const Country&) const = default;
  bool empty() const { return code == 0; }
  std::string text() const {  // "" if unknown
    return empty() ? std::string()
                   : std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)};
  }
  // Two ASCII letters, any case; UK is read as GB. nullopt otherwise ("", "??", "ZZ", "XX" as well:
  // they name no country).
  static std::optional<Country> parse(std::string_view text) {
    if (text.size() != 2) return std::nullopt;
    auto upper = [](char c) { return static_cast<unsigned>(c >= 'a' && c <= 'z' ? c - 32 : c); };
    unsigned a = upper(text[0]), b = upper(text[1]);
    if (a < 'A' || a > 'Z' || b < 'A' || b > 'Z') return std::nullopt;
    unsigned both = a << 8 | b;
    if (both == ('Z' << 8 | 'Z') || both == ('X' << 8 | 'X')) return std::nullopt;
    if (both == ('U' << 8 | 'K')) both = 'G' << 8 | 'B';
    return Country{static_cast<std::uint16_t>(both)};
  }
};

}  // namespace tocsin
