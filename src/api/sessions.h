// Sessions: people in a browser. Only hashes of codes and cookies are kept, in memory: a restart
// signs out.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/role.h"
#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::api {

// 256 random bits, or `bytes` of them, as text for URLs and headers (base64url).
std::string random_text(std::size_t bytes = 32);
std::string base64url(std::string_view bytes);
bool equal_in_constant_time(std::string_view a, std::string_view b);

// The owner of the node, who comes by its socket or by the link that it prints: no user of ours.
inline constexpr std::string_view local_user = "local";

// Whose a session or token is, as its principal tells.
struct Owner {
  std::string user_id{};
  std::uint64_t epoch = 0;
};
inline constexpr std::uint64_t epoch_any = UINT64_MAX;  // tokens outlive a password

struct Session {
  std::string id{}, user_id{}, user{}, csrf{}, principal{};
  std::string how{};               // password, password+totp, oidc, proxy, link
  std::string address{}, agent{};  // where the browser is, and what it says it is
  Role role = Role::nobody;        // of `local`; users have theirs in People
  std::uint64_t epoch = 0;         // the user's when it began
  TimeUs since = 0, used = 0;
};

// Any thread.
class Sessions {
 public:
  static constexpr TimeUs code_life = 15 * 60 * us_per_s;
  static constexpr std::size_t codes_max = 16, sessions_max = 1000, sessions_of_one_max = 50;
  struct Lives {
    TimeUs idle = 12 * us_per_hour, whole = 7 * us_per_day;
  };

  Sessions() = default;
  explicit Sessions(Lives lives) : lives_(lives) {}

  // A code to sign in with once, as the owner of the node. The oldest goes when there are too many.
  std::string new_code(Role role, TimeUs now);
  // Uses it up. Errors: denied, if the code is none, was used, or is too old.
  Result<Role> use_code(std::string_view code, TimeUs now);

  struct SignedIn {
    std::string cookie, principal;
  };
  // Begins a session with a new cookie, whatever cookie the browser had: that one's session ends.
  // `session` says who, how and where from.
  SignedIn begin(Session session, std::string_view old_cookie, TimeUs now);

  // The session of a cookie, which counts as used now.
  std::optional<Session> find(std::string_view cookie, TimeUs now);
  void sign_out(std::string_view cookie);
  // Also counts as used: an open page is use. nullopt: it has ended.
  std::optional<Owner> owner(std::string_view principal, TimeUs now);
  bool alive(std::string_view principal, TimeUs now) { return owner(principal, now).has_value(); }
  void renew(std::string_view principal,
             std::uint64_t epoch);  // it goes on in the user's new epoch
  std::vector<Session> list(std::string_view user_id, TimeUs now);  // "": all; newest first
  // Ends one of this user's ("": anybody's). False: there is none.
  bool end(std::string_view id, std::string_view user_id);
  // Ends all of a user's but one. How many.
  std::size_t end_all(std::string_view user_id, std::string_view but_principal = {});
  std::size_t size() const;
  const Lives& lives() const { return lives_; }

 private:
  struct Code {
    Sha256 hash;
    Role role;
    TimeUs made;
  };
  void expire(TimeUs now);
  void make_room(std::string_view user_id);

  Lives lives_;
  mutable std::mutex mutex_;
  std::deque<Code> codes_;
  std::map<Sha256, Session> sessions_;
};

}  // namespace tocsin::api
