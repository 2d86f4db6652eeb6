// Letter: what one contact is told, as a mail with CSV and X-ARF attached, or as JSON for a
// webhook. Takes only what was cleared for that contact. Subject line and text are in the
// constituent's language, what programs read is not.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "alert/wording.h"
#include "base/time.h"
#include "policy/clearance.h"

namespace tocsin::alert {

using ClearedFinding = policy::Cleared<Finding>;
using ClearedFindings = std::span<const ClearedFinding>;

// Who writes, and to whom; what is the same for all findings of one letter.
struct Envelope {
  std::string node, from, reply_to;  // from: "CERT Example <cert@example.org>"
  std::string constituent;
  std::string message_id;  // without brackets
  TimeUs date = 0;         // when it was made, so that the same letter is the same bytes
  bool at_once = false;
  bool provider = false;  // the constituent is not the organisation itself
  // Of the constituent's language. shared_ptr: the files may be read anew meanwhile.
  std::shared_ptr<const Wording> wording = english();
};

// All take one finding at least, cleared for one recipient.
std::string subject_line(ClearedFindings findings, const Envelope& envelope);
std::string body_text(ClearedFindings findings, const Envelope& envelope);
std::string findings_csv(ClearedFindings findings);
std::string findings_xarf(ClearedFindings findings, const Envelope& envelope);  // a report a line

// Errors: invalid (an address that is none).
Result<policy::Outgoing> mail_letter(ClearedFindings findings, const Envelope& envelope);
Result<policy::Outgoing> hook_letter(ClearedFindings findings, const Envelope& envelope);
// The team's own: figures, at most ten lines.
Result<policy::Outgoing> team_letter(const policy::Cleared<policy::Figures>& figures,
                                     const Envelope& envelope);

// "TLP:AMBER+STRICT". Source: FIRST TLP 2.0, "Usage".
std::string tlp_label(Tlp tlp);

}  // namespace tocsin::alert
