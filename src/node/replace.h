// Replacing a report: another is taken in, or its own bytes anew, and the old one is withdrawn: one
// act. The new one comes first, so that nothing is lost if it cannot be read or the node is killed;
// a start withdraws what a finished replacement stands for.
#pragma once

#include <optional>
#include <string>

#include "node/node.h"

namespace tocsin::node {

struct Replace {
  std::uint64_t report = 0;
  std::string reason, by;
  std::string format;             // "": as the feed is configured, else as the old one was read
  std::optional<Tlp> tlp;         // as the old one's, if not said
  bool may_widen = false;         // may it be laxer than the old one's
  std::string name, bytes, path;  // neither bytes nor path: the old one's own, as they were kept
};

struct Replaced {
  std::uint64_t report = 0;  // the new one
  Withdrawal withdrawal;     // of the old one
};

// Errors: missing: no such report, or its bytes are not kept; denied: it is being read, a repeat,
// withdrawn or held, or its marking would be laxer; invalid: what takes its place cannot be read:
// the old one stays.
Result<Replaced> replace(Node& node, Replace ask);

}  // namespace tocsin::node
