#include "hunt/observable.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ip.h"
#include "base/text.h"
#include "model/normal.h"
#include "wire/stix_pattern.h"

namespace tocsin::hunt {
namespace {

using StixKind = wire::StixObservable::Kind;

Kind kind_of(StixKind kind) {
  constexpr std::array<Kind, 14> kinds = {
      Kind::ip,        Kind::network, Kind::domain,       Kind::url,    Kind::mail,
      Kind::asn,       Kind::md5,     Kind::sha1,         Kind::sha256, Kind::sha512,
      Kind::file_name, Kind::mutex,   Kind::registry_key, Kind::mac};
  static_assert(static_cast<std::size_t>(StixKind::mac) + 1 == kinds.size());
  return kinds.at(static_cast<std::size_t>(kind));
}

// "evil[.]example(.)org": so that nobody follows it by accident.
std::string refanged(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view rest = text.substr(i, 3);
    if (rest == "[.]" || rest == "(.)" || rest == "{.}") {
      out += '.', i += 2;
    } else if (rest == "[@]" || rest == "[:]") {
      out += rest[1], i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::size_t octets_of(Kind kind) {
  switch (kind) {
    case Kind::md5:
      return 16;
    case Kind::sha1:
      return 20;
    case Kind::sha256:
      return 32;
    default:
      return 64;
  }
}

Result<Observable> of_network(std::string_view text) {
  Network network = TRY(ip::parse_network(text));
  if (network.length == 128) return Observable{Kind::ip, ip::format(network.base)};
  return Observable{Kind::network, ip::format(network)};
}

Result<Observable> of_asn(std::string_view text) {
  if (text::equal_fold(text.substr(0, 2), "as")) text.remove_prefix(2);
  auto number = text::number(text);
  if (!number || *number > UINT32_MAX) return invalid("not an AS number: " + text::quote(text));
  return Observable{Kind::asn, std::to_string(*number)};
}

// aa:bb:cc:dd:ee:ff, as STIX 2.1 section 6.8 writes it.
Result<Observable> of_mac(std::string_view text) {
  std::string low = text::lower(text);
  std::ranges::replace(low, '-', ':');
  bool right = low.size() == 17;
  for (std::size_t i = 0; right && i < low.size(); ++i) {
    bool digit = (low[i] >= '0' && low[i] <= '9') || (low[i] >= 'a' && low[i] <= 'f');
    right = i % 3 == 2 ? low[i] == ':' : digit;
  }
  if (!right) return invalid("not a MAC address: " + text::quote(text));
  return Observable{Kind::mac, std::move(low)};
}

Result<Observable> of_text(Kind kind, std::string_view text) {
  bool control = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text.empty() || control || !text::is_utf8(text))
    return invalid(fmt::format("not a {}: {}", name(kind), text::quote(text)));
  return Observable{kind, std::string(text)};
}

Result<Observable> of_pattern(std::string_view text) {
  if (text.size() > pattern_bytes_max)
    return invalid(fmt::format("a pattern of more than {} octets", pattern_bytes_max));
  TRY(wire::parse_stix_pattern(text));
  return Observable{Kind::pattern, std::string(text)};
}

Observable single(std::vector<Observable> all, std::string_view pattern) {
  if (all.size() == 1) return std::move(all.front());
  return {Kind::pattern, std::string(pattern)};
}

}  // namespace

std::optional<Kind> kind_named(std::string_view text) {
  std::string wanted = text::lower(text::trim(text));
  std::ranges::replace(wanted, '_', '-');
  auto found = std::ranges::find(kind_names, wanted);
  if (found == kind_names.end()) return std::nullopt;
  return static_cast<Kind>(found - kind_names.begin());
}

Result<Observable> observable_of(Kind kind, std::string_view text) {
  text = text::trim(text);
  if (kind == Kind::pattern) return of_pattern(text);
  if (text.size() > value_bytes_max)
    return invalid(fmt::format("a value of more than {} octets", value_bytes_max));
  switch (kind) {
    case Kind::ip:
    case Kind::network:
      return of_network(refanged(text));
    case Kind::domain:
      return Observable{kind, TRY(normal::name(refanged(text)))};
    case Kind::url:
      return Observable{kind, TRY(normal::url(text))};
    case Kind::mail:
      return Observable{kind, TRY(normal::email(refanged(text)))};
    case Kind::md5:
    case Kind::sha1:
    case Kind::sha256:
    case Kind::sha512:
      return Observable{kind, TRY(normal::hash(text, octets_of(kind)))};
    case Kind::asn:
      return of_asn(text);
    case Kind::mac:
      return of_mac(text);
    default:
      return of_text(kind, text);
  }
}

Result<Observable> guess_observable(std::string_view text) {
  text = text::trim(text);
  if (text.starts_with('[') && text.ends_with(']') && text.contains('='))
    return single(TRY(observables_of_pattern(text)), text);
  if (text.contains("://")) return observable_of(Kind::url, text);
  std::string plain = refanged(text);
  if (auto network = of_network(plain)) return network;
  for (Kind kind : {Kind::md5, Kind::sha1, Kind::sha256, Kind::sha512}) {
    if (plain.size() != 2 * octets_of(kind)) continue;
    if (auto hash = observable_of(kind, plain)) return hash;
  }
  if (plain.contains('@')) return observable_of(Kind::mail, plain);
  if (auto asn = of_asn(plain); asn && text::equal_fold(plain.substr(0, 2), "as")) return asn;
  if (auto mac = of_mac(plain)) return mac;
  if (auto name = normal::name(plain)) return Observable{Kind::domain, *std::move(name)};
  return invalid("no address, network, name, URL, hash, e-mail address or pattern: " +
                 text::quote(text));
}

Result<std::vector<Observable>> observables_of_pattern(std::string_view pattern) {
  constexpr std::size_t plain_max = 10'000;
  pattern = text::trim(pattern);
  auto parsed = TRY(wire::parse_stix_pattern(pattern));
  auto plain = wire::plain_observables(parsed);
  std::vector<Observable> out;
  if (!plain.empty() && plain.size() <= plain_max) {
    for (auto& one : plain) out.push_back({kind_of(one.kind), std::move(one.value)});
    bool fits = std::ranges::all_of(
        out, [](const Observable& one) { return one.value.size() <= value_bytes_max; });
    if (fits) return out;
  }
  if (pattern.size() > pattern_bytes_max)
    return invalid(fmt::format("a pattern of more than {} octets", pattern_bytes_max));
  return std::vector<Observable>{{Kind::pattern, std::string(pattern)}};
}

std::string stix_pattern(const Observable& observable) {
  if (observable.kind == Kind::pattern) return observable.value;
  return wire::stix_pattern_of(
      {static_cast<StixKind>(static_cast<std::uint8_t>(observable.kind)), observable.value});
}

}  // namespace tocsin::hunt
