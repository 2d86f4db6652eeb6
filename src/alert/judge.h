// Judge: is anybody told of a finding, who, and if not, why not. The one place that decides:
// routing, sending and `tocsin alert explain` all ask here.
#pragma once

#include <string>
#include <string_view>

#include "alert/directory.h"
#include "alert/settings.h"
#include "base/time.h"
#include "model/state.h"
#include "model/subject.h"
#include "model/verdict.h"
#include "policy/clearance.h"

namespace tocsin::alert {

// What is looked at of a finding. Views and pointers hold within the call.
struct Sight {
  SubjectKind kind = SubjectKind::none;
  Ip ip;
  std::string_view subject;  // where it is no address
  std::uint32_t asn = 0;
  Country country;
  Type type = Type::undetermined;
  Severity severity = Severity::none;
  State state = State::open;
  Tlp tlp = Tlp::unmarked;
  TimeUs last = 0;
  const policy::Consent* consent = nullptr;        // of all its feeds
  tocsin::Verdict judged = tocsin::Verdict::none;  // a person's, while it holds
  bool muted = false;
  bool exercise = false, history = false;
  bool made_up = false;  // only feeds that are exercises or simulated told of it
};

enum class Verdict : std::uint8_t {
  tell,
  test,        // of type `test`: somebody tries out whether reports arrive
  exercise,    // it is played
  history,     // told as something old alone
  simulated,   // made up, in a node that is not
  closed,      // it is over
  old,         // last seen too long ago
  nobodys,     // no constituent has it
  marking,     // policy forbids it
  unsure,      // it is not sure enough whose it is
  no_contact,  // its constituent has none
  judged,      // a person said that nobody need act on it
  muted,       // by a person, for a time
};
std::string_view name(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::nobodys;
  Decision decision;
  policy::Relation relation = policy::Relation::provider;
};

// Where its subject sits: the host of a URL, the domain of an account.
Place place_of(const Sight& sight);
// The report's, or what is usual for the type.
Severity severity_of(const Sight& sight);

// What a constituent is to a subject that a decision gave to it.
policy::Relation relation_of(const Decision& decision, const Constituent& whose);

Judgement judge(const Sight& sight, const Directory& directory, const Settings& settings,
                TimeUs now);
// The judgement as a sentence.
std::string sentence(const Judgement& judgement, const Sight& sight, const Directory& directory,
                     const Settings& settings);

}  // namespace tocsin::alert
