// Observable: a typed value that may be seen: an address, a name, a hash; or a STIX pattern, which
// looks for more than one value.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::hunt {

// Numbers are stored: append only.
enum class Kind : std::uint8_t {
  ip,
  network,
  domain,
  url,
  mail,
  asn,
  md5,
  sha1,
  sha256,
  sha512,
  file_name,
  mutex,
  registry_key,
  mac,
  pattern,
};
inline constexpr std::array<std::string_view, 15> kind_names = {
    "ip",     "network", "domain",    "url",   "mail",         "asn", "md5",    "sha1",
    "sha256", "sha512",  "file-name", "mutex", "registry-key", "mac", "pattern"};
inline std::string_view name(Kind kind) {
  return kind_names.at(static_cast<std::size_t>(kind));
}
std::optional<Kind> kind_named(std::string_view text);

inline constexpr std::size_t value_bytes_max = 8192, pattern_bytes_max = 64 * 1024;

struct Observable {
  Kind kind = Kind::ip;
  std::string value;  // canonical; of a pattern as it was written, without blanks around it
  auto operator<=>(const Observable&) const = default;
};

// The observable of this kind. A network of one address is that address; "hxxp://", "[.]" and "(.)"
// are read as what they stand for. A pattern must be one. Errors: invalid.
Result<Observable> observable_of(Kind kind, std::string_view text);
// The same where nobody said the kind: an address, a network, a URL, a hash, an e-mail address,
// AS64496, a pattern in brackets, or a domain name with a dot.
Result<Observable> guess_observable(std::string_view text);
// What a STIX pattern looks for: its plain observables, or else itself. Errors: invalid.
Result<std::vector<Observable>> observables_of_pattern(std::string_view pattern);
// The pattern that looks for it.
std::string stix_pattern(const Observable& observable);

}  // namespace tocsin::hunt
