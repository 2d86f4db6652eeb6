// ImapClient: the few IMAP commands that collecting mail needs, over libcurl.
// Source: RFC 3501; RFC 6851 (MOVE).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/transfer.h"

namespace tocsin::ingest {

class ImapClient {
 public:
  struct Setup {
    std::string url;     // imaps://host[:port]/ or imap:// (STARTTLS)
    std::string folder;  // "INBOX"
    std::string username, password;
    bool without_tls = false;
    Route route;
  };
  ImapClient(Setup setup, Url url);
  // Errors: those of Url::parse.
  static Result<std::unique_ptr<ImapClient>> make(Setup setup);

  // All give errors of Transfer; denied, if the server refuses user name or password.
  struct Status {
    std::uint64_t uid_validity = 0, uid_next = 0;
  };
  Result<Status> status();
  // The same out of the server's answer. Errors: invalid; what is no number of 32 bits, too.
  static Result<Status> status_in(std::string_view answer);
  // UIDs, ascending. libcurl takes an answer of at most 64 KB: search windows of some thousand
  // UIDs.
  Result<std::vector<std::uint64_t>> search(std::string_view criteria);
  static std::vector<std::uint64_t> uids_in(std::string_view answer);
  Result<std::string> message(std::uint64_t uid);  // sets \Seen
  Result<void> set_seen(std::uint64_t uid, bool seen);
  Result<void> move(std::uint64_t uid, std::string_view folder);

  // "text" as an IMAP quoted string. Errors: invalid for control bytes.
  static Result<std::string> quoted(std::string_view text);

 private:
  Result<std::string> command(std::string_view text, bool in_folder);
  Result<void> perform(const std::string& path);
  Setup setup_;
  Url url_;
  std::string folder_path_;
  Transfer transfer_;
};

}  // namespace tocsin::ingest
