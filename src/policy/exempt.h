// Exempt: what a person may release to a partner beyond the agreement, in an emergency.
#pragma once

#include "policy/decision.h"

namespace tocsin::policy {

// Every reason against it is one that the parties agreed on between themselves. Never TLP:RED or
// unmarked; nor what a feed, an originator or MISP's distribution does not let us pass on; nor
// without an agreement in force, under which it then goes. Pure.
bool may_be_exempted(const Decision& decision);

}  // namespace tocsin::policy
