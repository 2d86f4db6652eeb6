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

// One way under an agreement, from a member to a member.
struct Hop {
  const Agreement& under;
  std::string_view from, to;
};
// May nothing be done with what `goes` that could not be done with it as it `came`? Looks at
// purposes, those affected, fields, onward (where it came for passing on under the same terms),
// attribution, retention, third countries and what is kept at the end. What may go at all is not
// asked: each item is judged. docs/agreements.md, "What is passed on".
bool keeps_terms(const Hop& goes, const Hop& came);

}  // namespace tocsin::policy
