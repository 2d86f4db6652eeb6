// The difference of two agreements in plain words, and which way each change goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/agreement.h"

namespace tocsin::policy {

enum class Effect : std::uint8_t {
  narrows,  // less may go or be done
  neither,  // what may go stays: texts, names, duties
  widens,   // something may go or be done that could not before; two persons must want it
};
std::string_view name(Effect effect);

struct Difference {
  Clause clause = Clause::heading;
  Effect effect = Effect::neither;
  std::string words;  // "rule 1: max_tlp was GREEN, is AMBER"
  bool operator==(const Difference&) const = default;
};

// In the order of the clauses; empty if and only if both have the same content address. Rules and
// transforms that were changed beyond pairing are told as taken away and added. Where it is hard
// to say, a change widens.
std::vector<Difference> difference(const Agreement& old, const Agreement& fresh);

// Does `fresh` release anything, or let be done, what `old` does not? May say yes where no item
// shows it, never no where one does.
bool widens(const Agreement& old, const Agreement& fresh);

}  // namespace tocsin::policy
