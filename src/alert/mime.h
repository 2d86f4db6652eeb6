// Mime: a mail as bytes, made by GMime: headers that cannot be broken out of, a text, attachments.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::alert {

struct MimeMail {
  std::string from, to, reply_to;   // "Name <mail@example.org>", or the address alone
  std::string subject, message_id;  // message_id without brackets
  TimeUs date = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones, ASCII
  std::string text;                                          // UTF-8
  struct Part {
    std::string file, type, bytes;  // type: "text/csv"
  };
  std::vector<Part> attachments;
};

// The message with CR LF at each line's end. Control characters in headers become blanks.
// Errors: invalid, for an address that is none.
Result<std::string> mime_bytes(const MimeMail& mail);

// "CERT Example <cert@example.org>" to "cert@example.org". Errors: invalid.
Result<std::string> plain_address(const std::string& text);

}  // namespace tocsin::alert
