// Ask letter: a request to somebody who is no member, as a mail with an X-ARF report of the one
// problem that it is about. English: a person writes it, and the other side reads it.
#pragma once

#include <string>

#include "alert/letter.h"
#include "policy/letter.h"

namespace tocsin::alert {

struct AskHead {
  std::string kind;  // "take-down", "preserve", "confirm", "tell-owner"
  std::string id;    // of the request; its first digits stand in the subject line
  TimeUs deadline = time_none;
};

// Errors: invalid (an address that is none, a kind that nobody knows).
Result<policy::Outgoing> ask_letter(const ClearedFinding& about,
                                    const policy::Cleared<policy::AskedWords>& words,
                                    const AskHead& head, const Envelope& envelope);

}  // namespace tocsin::alert
