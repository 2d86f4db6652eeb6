// Mail: what a message carries: attachments, bodies, forwarded messages, encrypted parts opened.
// Source: RFC 2045-2049 (MIME), RFC 3156 (PGP/MIME); parsed by GMime.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::ingest {

struct MailPart {
  std::string name;  // the attachment's file name, without folders; may be ""
  std::string bytes;
};

struct Mail {
  std::string subject, from;
  std::vector<MailPart> attachments;
  std::vector<std::string> bodies;  // text/plain and text/html, in UTF-8
  std::vector<Error> problems;      // parts that could not be opened
};

struct MailLimits {
  std::size_t depth_max = 12, parts_max = 1'000;
  std::size_t bytes_max = std::size_t{256} << 20;  // of all parts together, decoded
};

using Decrypt = std::function<Result<std::string>(std::string_view)>;

// `decrypt` may be empty: then encrypted parts are attachments as they are.
// Errors: invalid (no message, or over a limit).
Result<Mail> read_mail(std::string_view bytes, const MailLimits& limits, const Decrypt& decrypt);

// The entries of a zip archive with encrypted entries. Empty: it is no zip, or none is encrypted.
// Errors: denied (wrong password), invalid (broken, over the limits).
Result<std::vector<MailPart>> open_locked_zip(std::string_view bytes, const std::string& password,
                                              const MailLimits& limits);

}  // namespace tocsin::ingest
