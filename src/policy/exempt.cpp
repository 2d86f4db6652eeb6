#include "policy/exempt.h"

#include <algorithm>

namespace tocsin::policy {
namespace {

bool is_between_the_parties(Reason reason) {
  switch (reason) {
    case Reason::released:
    case Reason::other_purpose:
    case Reason::no_rule_this_way:
    case Reason::tlp_too_strict:
    case Reason::pap_too_strict:
    case Reason::other_kind:
    case Reason::other_type:
    case Reason::other_sector:
    case Reason::other_country:
    case Reason::low_confidence:
    case Reason::affected_not_told:
    case Reason::field_not_wanted:
    case Reason::quota_used_up:
    case Reason::feed_does_not_say:
      return true;
    default:  // also what is added later
      return false;
  }
}

}  // namespace

std::optional<Reason> bar_to_exempt(const Decision& decision) {
  if (!is_between_the_parties(decision.reason)) return decision.reason;
  auto bar = std::ranges::find_if_not(decision.also, is_between_the_parties);
  return bar == decision.also.end() ? std::nullopt : std::optional(*bar);
}

}  // namespace tocsin::policy
