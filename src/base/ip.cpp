#include "base/ip.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"

namespace tocsin {

Ip Ip::from_halves(std::uint64_t high, std::uint64_t low) {
  Ip ip;
  high = __builtin_bswap64(high);
  low = __builtin_bswap64(low);
  std::memcpy(ip.bytes.data(), &high, 8);
  std::memcpy(ip.bytes.data() + 8, &low, 8);
  return ip;
}

Ip Ip::from_v4(std::uint32_t address) {
  return from_halves(0, 0xffff00000000ULL | address);
}

namespace {
struct Halves {
  std::uint64_t high, low;
};

// The bits beyond `length` set.
Halves host_bits(std::uint8_t length) {
  if (length >= 128) return {0, 0};
  if (length > 64) return {0, ~0ULL >> (length - 64)};
  if (length == 64) return {0, ~0ULL};
  return {~0ULL >> length, ~0ULL};
}

// Dotted decimal without leading zeros, by hand: this is on the hot path.
bool parse_v4(std::string_view text, std::uint32_t& out) {
  if (text.size() < 7 || text.size() > 15) return false;
  std::uint32_t address = 0, part = 0;
  int digits = 0, dots = 0;
  for (char c : text) {
    if (c == '.') {
      if (digits == 0 || dots == 3) return false;
      address = address << 8 | part;
      part = 0;
      digits = 0;
      ++dots;
    } else if (c >= '0' && c <= '9') {
      if (digits > 0 && part == 0) return false;
      part = part * 10 + static_cast<std::uint32_t>(c - '0');
      ++digits;
      if (part > 255) return false;
    } else {
      return false;
    }
  }
  if (dots != 3 || digits == 0) return false;
  out = address << 8 | part;
  return true;
}

void append_v4(std::string& out, std::uint32_t address) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    std::uint32_t part = address >> shift & 255;
    if (part >= 100) out += static_cast<char>('0' + part / 100);
    if (part >= 10) out += static_cast<char>('0' + part / 10 % 10);
    out += static_cast<char>('0' + part % 10);
    if (shift > 0) out += '.';
  }
}
}  // namespace

bool Network::contains(const Ip& ip) const {
  Halves host = host_bits(length);
  return ((ip.high() ^ base.high()) & ~host.high) == 0 &&
         ((ip.low() ^ base.low()) & ~host.low) == 0;
}

Ip Network::last() const {
  Halves host = host_bits(length);
  return Ip::from_halves(base.high() | host.high, base.low() | host.low);
}

namespace ip {

Result<Ip> parse(std::string_view text) {
  std::uint32_t v4 = 0;
  if (parse_v4(text, v4) && v4 != 0) return Ip::from_v4(v4);
  if (text.contains(':') && text.size() < INET6_ADDRSTRLEN && !text.contains('\0')) {
    std::array<char, INET6_ADDRSTRLEN + 1> copy{};
    std::memcpy(copy.data(), text.data(), text.size());
    Ip ip;
    if (inet_pton(AF_INET6, copy.data(), ip.bytes.data()) == 1 && !ip.empty() &&
        ip != Ip::from_v4(0)) {
      return ip;
    }
  }
  return invalid("not an IP address: " + text::quote(text));
}

void append(std::string& out, const Ip& ip) {
  if (ip.is_v4()) return append_v4(out, ip.v4());
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(AF_INET6, ip.bytes.data(), buffer.data(), buffer.size());
  out += buffer.data();
}

std::string format(const Ip& ip) {
  std::string out;
  append(out, ip);
  return out;
}

Result<Network> parse_network(std::string_view text, bool strict) {
  std::size_t slash = text.find('/');
  std::string_view host = text.substr(0, slash);
  Ip base;
  if (host == "0.0.0.0") {
    base = Ip::from_v4(0);
  } else if (host != "::") {
    auto parsed = parse(host);
    if (!parsed) return invalid("not an IP network: " + text::quote(text));
    base = *parsed;
  }
  bool v4 = base.is_v4();
  std::uint8_t length = 128;
  if (slash != std::string_view::npos) {
    auto bits = text::number(text.substr(slash + 1));
    unsigned before = v4 && !host.contains(':') ? 96 : 0;  // a mapped one counts them itself
    if (!bits || *bits > 128 - before || (v4 && *bits + before < 96))
      return invalid("not an IP network: " + text::quote(text));
    length = static_cast<std::uint8_t>(*bits + before);
  } else if (base.empty() || base == Ip::from_v4(0)) {
    return invalid("not an IP network: " + text::quote(text));
  }
  Halves out = host_bits(length);
  Ip cleared = Ip::from_halves(base.high() & ~out.high, base.low() & ~out.low);
  if (strict && cleared != base) return invalid("bits set beyond the prefix: " + text::quote(text));
  return Network{cleared, length};
}

std::string format(const Network& network) {
  bool v4 = network.base.is_v4() && network.length >= 96;
  std::string out = network.base.empty() ? "::" : format(network.base);
  return out + "/" + std::to_string(network.length - (v4 ? 96 : 0));
}

Result<Range> parse_range(std::string_view text) {
  std::string_view rest = text;
  auto first = parse(text::trim(text::cut(rest, '-'))), last = parse(text::trim(rest));
  if (!first || !last || *last < *first || first->is_v4() != last->is_v4())
    return invalid("not a range of addresses: " + text::quote(text));
  return Range{*first, *last};
}

Result<std::string> canonical(std::string_view text) {
  return format(TRY(parse(text)));
}

}  // namespace ip
}  // namespace tocsin
