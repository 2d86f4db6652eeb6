// Malware families: one spelling each.
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

// The canonical name of a family: lower case, blanks as hyphens, aliases resolved ("andromeda" for
// "Gamarue"). Unknown names stay. Idempotent. Source: Malpedia's and vendors' alias lists, as
// facts.
std::string canonical_family(std::string_view text);

}  // namespace tocsin
