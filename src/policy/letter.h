// Letter: what a person here writes to somebody about something: a request, an opinion, a note. To
// a member it goes as one item under an agreement, judged at both doors; to others as alerts do.
// Source: DESIGN D7; docs/requests.md.
#pragma once

#include <string>
#include <vector>

#include "model/subject.h"
#include "policy/clearance.h"
#include "policy/decision.h"
#include "policy/gate.h"

namespace tocsin::policy {

// What is written to a member. What it is about: a subject in its canonical spelling, or nothing,
// where `names_item` says that it names an item both have.
struct Letter {
  Item item;  // its kind: request, opinion or note
  SubjectKind sort = SubjectKind::none;
  std::string subject;
  bool names_item = false;
  std::string words, legal_basis;  // a line each
};

// As the member may have it. `sort`: "ip", "network", "name", "url" or "account"; "": the agreement
// leaves nothing of the subject that anybody could act on.
struct ToldLetter {
  std::string sort, subject, country, sector, words, legal_basis;
  std::string agreement;  // content address
};

struct LetterDoor {
  std::string from, to;  // member ids; one of them is ours
  std::vector<Pass> passes;
  std::vector<Network> sensors;  // our own
  TimeUs now = 0;
};

// Under the first agreement that lets it go. Errors: denied, in one sentence: none does; the words
// name a sensor, what the agreement takes away, or any address where it changes addresses; nothing
// is left that says what it is about.
Result<Cleared<ToldLetter>> clear(const Letter& letter, const LetterDoor& door);

// What came: under which agreement it might, or the reason of the first against it.
struct LetterVerdict {
  Reason reason = Reason::no_rule_this_way;
  std::string agreement;  // content address; "" if none lets it in
  bool released() const { return reason == Reason::released; }
};
LetterVerdict judge_heard(const Letter& letter, const LetterDoor& door);

// What a person here writes beside a finding to somebody who is no member; a line each.
struct AskedWords {
  std::string words, legal_basis;
};

// `marking`: of the finding. Errors: those of permit(); denied, if they name one of our sensors.
Result<Cleared<AskedWords>> clear(AskedWords words, const Marking& marking, const Recipient& to,
                                  const Rules& rules);

}  // namespace tocsin::policy
