// Sharing: the markings beside TLP that an item carries: PAP, and MISP's distribution.
// Source: MISP taxonomy "PAP"; misp-core-format Internet-Draft (November 2025), "distribution".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

// What may be done with an item, in order of strictness; unmarked counts as red.
enum class Pap : std::uint8_t { clear, green, amber, red, unmarked };
inline constexpr std::size_t paps_count = 5;
std::string_view name(Pap pap);  // "clear"; "" for unmarked
// WHITE is clear; case folded; an optional "PAP:" before it. nullopt: unknown, to be taken as red.
std::optional<Pap> pap_named(std::string_view text);

// How far an item of MISP may go. The numbers are MISP's. Each hop lowers connected to community
// and community to organisation.
enum class Distribution : std::uint8_t {
  organisation,
  community,
  connected,
  all,
  sharing_group,
  inherit,  // as what it stands in; not resolved: goes nowhere
};
inline constexpr std::size_t distributions_count = 6;
std::string_view name(Distribution distribution);                       // "sharing-group"
std::optional<Distribution> distribution_named(std::string_view text);  // MISP's number too
Distribution after_hop(Distribution distribution);

}  // namespace tocsin
