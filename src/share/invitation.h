// Invitation: how two nodes come to know each other's keys.
//
// A code is copied from one person to the other by any means. It holds who invites, under that
// node's signature, and a secret of 128 bits which proves that the answer comes from whom the code
// was given to. Both sides then show the same fingerprint, for their persons to compare by voice:
// only that makes sure that nobody stood in between. It covers random numbers of both sides, so
// that nothing can be looked for beforehand: who stands in between has until the two persons call
// each other to find one answer of 2^83.
//
//   A invite() ─code─> B read_code(), ask_to_join() ─request─> A answer_join() ─answer─> B
//   finish_join()
//
// All pure: what is stored, and sent, is the caller's. Source: RFC 2104 (HMAC).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "share/identity.h"
#include "share/statement.h"

namespace tocsin::share {

// What a member says of itself to one that it wants to know.
struct Introduction {
  Profile profile{};
  PublicKey key{}, recovery{};
  std::vector<std::string> pins{};  // SHA-256 of its certificates' public keys, hexadecimal
  bool operator==(const Introduction&) const = default;
};

struct Self {
  const Introduction& says;
  const SigningKey& key;  // of says.key
};

inline constexpr TimeUs invitation_life_max = 31 * us_per_day;
inline constexpr std::size_t code_bytes_max = 8192, pins_max = 4;

struct Invitation {
  std::string id;      // 16 hexadecimal digits
  std::string secret;  // 16 octets
  Introduction from;
  TimeUs until = 0;
};

// `id`: of new_invitation_id(). The secret is derived from the key, so that nothing secret is kept;
// an invitation ends when the key changes. Errors: invalid (`until`).
Result<std::string> invite(const Self& self, std::string_view id, TimeUs at, TimeUs until);
std::string new_invitation_id();

// Blanks and line ends in a code do not count. Errors: invalid (cut short, no code, expired, clocks
// differ); denied (changed by somebody).
Result<Invitation> read_code(std::string_view code, TimeUs now);

// Errors: invalid, for one's own invitation.
Result<Statement> ask_to_join(const Self& self, const Invitation& invitation, TimeUs at);

struct Joined {
  Introduction who;        // the other side
  std::string transcript;  // of both messages, for join_fingerprint(); 64 hexadecimal digits
  // Tokens, 256 bits each, that both derive from the invitation's secret and the transcript, so
  // that neither goes over the wire.
  std::string they_call_with{}, we_call_with{};
};

// The inviting side's. Whether the invitation is still to be used is the caller's to know: `until`
// is what its code said. The same request must get the answer it got before, not a new one.
// Errors: denied (signature, proof, for somebody else), invalid (form, expired, clocks differ).
struct Answered {
  Statement answer;
  Joined joined;
};
Result<Answered> answer_join(const Self& self, const Statement& request, TimeUs until, TimeUs now);

// Errors: denied, if the answer is not this request's by who invited; invalid.
Result<Joined> finish_join(const Self& self, const Invitation& invitation, const Statement& request,
                           const Statement& answer, TimeUs now);

// "31270 98817 ...": five groups of five digits; the same whichever side asks.
std::string join_fingerprint(const PublicKey& one, const PublicKey& other,
                             std::string_view transcript);

// For statements that say it: name, country, url, pins, recovery. introduction_of() reads the
// speaker's and checks it. Errors: invalid.
Said said_of(const Introduction& introduction);
Result<Introduction> introduction_of(const Statement& statement);

// "HEX HEX": pins as a text. Errors: invalid.
std::string pins_text(const std::vector<std::string>& pins);
Result<std::vector<std::string>> pins_of(std::string_view text);

}  // namespace tocsin::share
