// Which addresses the node may connect to when a name or address comes from outside.
//
// The guard against server-side request forgery: everything that is not plainly global unicast is
// refused, and the IPv4 address inside a mapped, NAT64, 6to4 or ISATAP address is judged as well.
// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "base/ip.h"

namespace tocsin::ip {

// Why `ip` is not an address of the public Internet: "loopback", "private", "link-local" ...; "" if
// it is one.
std::string_view special(const Ip& ip);

// The address in an AF_INET or AF_INET6 socket address. nullopt: another family or too short.
std::optional<Ip> from_socket(const sockaddr* address, std::size_t size_bytes);

}  // namespace tocsin::ip
