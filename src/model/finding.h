// Finding: the state of one problem at one subject. Its key and how long it may be unseen, per
// type. Source: DESIGN D5.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "model/batch.h"
#include "model/state.h"
#include "model/subject.h"

namespace tocsin {

// What makes two events of one type and subject the same problem. A client-side port is never part
// of it.
struct KeyParts {
  bool family = false;      // infected-system: each family is a problem of its own
  bool service = false;     // transport and the subject's port: each open service is one
  bool port = false;        // the subject's port: a controller's
  bool identifier = false;  // what is wrong there
};
KeyParts key_parts(Type type);

// Seconds without a sighting, while the feeds that saw it deliver, after which a finding is quiet;
// closed after four times that.
std::uint32_t quiet_after_s(Type type);

// The key of the finding that a row belongs to, {0,0} if the row has no subject.
Hash128 finding_key(const EventBatch& batch, std::size_t row, const Subject& subject);

// A finding as a row, for those who handle one at a time.
struct Finding {
  Hash128 key;
  State state = State::open;
  Severity severity = Severity::none;
  Type type = Type::undetermined;
  SubjectKind subject_kind = SubjectKind::none;
  Ip ip;
  std::string subject;  // as text, whatever the kind
  std::string family, identifier;
  std::uint16_t port = 0;
  Transport transport = Transport::none;
  std::uint32_t asn = 0;
  Country country, controller_country;
  std::string controller;  // an address or a name; "" if unknown
  ControllerReason controller_reason = ControllerReason::unknown;
  TimeUs first = 0, last = 0, reopened = 0;  // reopened: when it came back last; 0: never
  std::uint32_t times = 0;
  std::vector<std::string> feeds;
  Tlp tlp = Tlp::unmarked;  // the strictest of its events
  EventId last_event = 0;
  std::string sector;  // "" if no report told it
  bool exercise = false;
  bool history = false;  // only reports of old events told of it
};

// "f_" and 32 hexadecimal digits, and back. {0,0}: not one.
std::string finding_id(const Hash128& key);
Hash128 finding_key_of(std::string_view id);

}  // namespace tocsin
