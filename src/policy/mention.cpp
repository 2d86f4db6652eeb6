#include "policy/mention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tocsin::policy {
namespace {

using Meant = std::function<bool(const Ip&)>;

// Four numbers in a row parted by dots or hyphens, wherever they begin: "host1-198-51-100-4.isp".
bool mentions_v4(std::string_view text, const Meant& meant) {
  constexpr std::uint32_t too_much = 256;
  std::array<std::uint32_t, 4> last{};
  std::size_t count = 0;  // of numbers in a row
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t start = at;
    std::uint32_t number = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      number = std::min(number * 10 + static_cast<std::uint32_t>(text[at] - '0'), too_much);
    bool is_number = at > start && number < too_much;
    count = is_number ? count + 1 : 0;
    std::shift_left(last.begin(), last.end(), 1);
    last[3] = number;
    if (count >= 4 && meant(Ip::from_v4(last[0] << 24 | last[1] << 16 | last[2] << 8 | last[3])))
      return true;
    if (at == text.size() || (text[at] != '.' && text[at] != '-')) count = 0;
  }
  return false;
}

// Each run of what addresses of IPv6 are written with, and what follows a colon or dot in it, as in
// "src:2001:db8::9"; with or without a port or a name behind it.
bool mentions_v6(std::string_view text, const Meant& meant) {
  constexpr std::string_view characters = "0123456789abcdefABCDEF:.";
  constexpr std::size_t address_bytes_max = 64;  // and a port
  for (std::size_t at = 0; (at = text.find_first_of(characters, at)) != text.npos;) {
    std::size_t end = std::min(text.find_first_not_of(characters, at), text.size());
    for (std::size_t next = at; at < end; at = next) {
      std::string_view rest = text.substr(at, std::min(end - at, address_bytes_max));
      for (std::string_view one :
           {rest, rest.substr(0, rest.rfind(':')), rest.substr(0, rest.find('.'))}) {
        auto ip = one.contains(':') ? ip::parse(one) : Result<Ip>(Ip());
        if (ip && !ip->empty() && meant(*ip)) return true;
      }
      next = std::min(text.find_first_of(":.", at), end - 1) + 1;
    }
  }
  return false;
}

}  // namespace

bool mentions(std::string_view text, const Meant& meant) {
  std::string plain = percent_decoded(text);
  auto count = [&](char c) { return std::ranges::count(plain, c); };
  auto colons = count(':'), hyphens = count('-');
  if (count('.') + hyphens >= 3 && mentions_v4(plain, meant)) return true;
  if (colons >= 2 && mentions_v6(plain, meant)) return true;
  if (hyphens == 0 || colons + hyphens < 2) return false;
  std::ranges::replace(plain, '-', ':');
  return mentions_v6(plain, meant);
}

std::vector<std::string> disguises(const Ip& ip) {
  if (ip.is_v4()) {
    std::array<unsigned, 4> part{};
    for (unsigned i = 0; i < 4; ++i) part.at(i) = ip.bytes.at(12 + i);
    return {fmt::format("{3}.{2}.{1}.{0}", part[0], part[1], part[2], part[3]),
            fmt::format("{3}-{2}-{1}-{0}", part[0], part[1], part[2], part[3]),
            fmt::format("{0}_{1}_{2}_{3}", part[0], part[1], part[2], part[3]),
            fmt::format("{:03}{:03}{:03}{:03}", part[0], part[1], part[2], part[3]),
            fmt::format("{:08x}", ip.v4()),
            fmt::to_string(ip.v4())};
  }
  std::string plain, backwards;
  for (std::uint8_t byte : ip.bytes) plain += fmt::format("{:02x}", byte);
  for (auto digit = plain.rbegin(); digit != plain.rend(); ++digit) {
    if (!backwards.empty()) backwards += '.';
    backwards += *digit;
  }
  return {plain, backwards};
}

std::string percent_decoded(std::string_view text) {
  auto digit = [](char c) {
    std::size_t at = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at % 16);
  };
  if (!text.contains('%')) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
    int low = high < 0 ? -1 : digit(text[i + 2]);
    out += low < 0 ? text[i] : static_cast<char>(high * 16 + low);
    if (low >= 0) i += 2;
  }
  return out;
}

}  // namespace tocsin::policy
