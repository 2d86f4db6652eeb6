// Bounce: what a mail server says of a mail that it could not deliver. Source: RFC 3464 (delivery
// status notifications), RFC 6522 (multipart/report).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::alert {

struct Bounce {
  std::string message_id;  // of the mail that came back, without brackets
  struct Recipient {
    std::string address, action, status, diagnostic;  // "failed", "5.1.1", "550 no such user"
  };
  std::vector<Recipient> recipients;
  bool failed() const;  // somebody did not and will not get it
};

// Errors: invalid (no delivery report, or none that names the mail it is about).
Result<Bounce> read_bounce(std::string_view mail);

}  // namespace tocsin::alert
