// Settings: how this node alerts; [alert] of the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/taxonomy.h"

namespace tocsin::alert {

struct MailSettings {
  std::string server;      // "smtp://mail.example.org:587", "smtps://…"; "": no mail is sent
  std::string from;        // "CERT Example <cert@example.org>"
  std::string bounces_to;  // envelope sender; "": the address in `from`
  std::string reply_to;
  std::string username, password_secret;
  std::string ca_file;  // "": the system's
  bool without_tls = false;
  std::uint32_t timeout_s = 60;
};

struct HookSettings {
  std::string secret = "alert-webhook";  // the name of the key that signs
  std::string ca_file;
  bool allow_private = false;
};

struct Settings {
  MailSettings mail;
  HookSettings webhook;
  std::uint32_t digest_at_s = 7 * 3600;   // seconds after midnight, UTC
  Severity at_once = Severity::critical;  // from here on nobody waits; none: everybody does
  std::uint32_t at_once_pause_s = 900;    // between two mails at once to one constituent
  unsigned sure_least = 50;               // percent
  unsigned max_age_days = 7;              // what was last seen longer ago is no news
  std::string language = "en";            // of letters to constituents that name none
  std::vector<std::string> team;          // mail addresses
  std::uint32_t team_at_s = 6 * 3600 + 1800;
  std::uint32_t retry_first_s = 60, retry_most_s = 4 * 3600, give_up_days = 5;
};

}  // namespace tocsin::alert
