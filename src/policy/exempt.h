// Exempt: what a person may release to a partner beyond the agreement, in an emergency.
#pragma once

#include <optional>

#include "policy/decision.h"

namespace tocsin::policy {

// Every reason against it is one that the parties agreed on between themselves. Never TLP:RED or
// unmarked; nor what a feed, an originator or MISP's distribution does not let us pass on; nor
// without an agreement in force, under which it then goes. Pure.
// The first reason that is not; none: a person may.
std::optional<Reason> bar_to_exempt(const Decision& decision);
inline bool may_be_exempted(const Decision& decision) {
  return !bar_to_exempt(decision);
}

}  // namespace tocsin::policy
