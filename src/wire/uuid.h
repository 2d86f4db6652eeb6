// UUIDs made from what they name, so that the same event gets the same id each time.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::wire {

// A version 5 UUID of `name` in the namespace with these 16 octets. Source: RFC 9562 section 5.5.
std::string uuid5(std::string_view namespace_octets, std::string_view name);

// The namespace of Tocsin's own objects, and that of STIX observables (STIX 2.1 section 2.9).
std::string_view tocsin_namespace();
std::string_view stix_namespace();

}  // namespace tocsin::wire
