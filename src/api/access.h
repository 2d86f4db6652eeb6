// Access: who calls, and what they may do: roles, sessions, API tokens, and a brake on guessing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/http.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::api {

// What a person or program is here. `nobody` is who has not said who they are.
enum class Role : std::uint8_t {
  nobody,
  viewer,
  analyst,
  agreement_editor,
  administrator,
  auditor
};
inline constexpr Role roles_all[] = {Role::nobody,           Role::viewer,        Role::analyst,
                                     Role::agreement_editor, Role::administrator, Role::auditor};
std::string_view name(Role role);  // "agreement-editor"
std::optional<Role> role_named(std::string_view text);

// What a call needs. read: see; work: take in, judge, alert; agree: constituents, agreements, what
// leaves; administer: people, feeds, the node; audit: who did what.
enum class Right : std::uint8_t { nobody, read, work, agree, administer, audit };
std::string_view name(Right right);
bool may(Role role, Right right);

struct Caller {
  enum class By : std::uint8_t { nothing, socket, session, token };
  Role role = Role::nobody;
  By by = By::nothing;
  std::string user{};
  std::string principal{};  // names this session or token: live streams end with it
};

// 256 random bits, or `bytes` of them, as text for URLs and headers (base64url).
std::string random_text(std::size_t bytes = 32);
bool equal_in_constant_time(std::string_view a, std::string_view b);

// People in a browser. Only hashes of codes and cookies are kept, in memory: a restart signs out.
// Any thread.
class Sessions {
 public:
  static constexpr TimeUs code_life = 15 * 60 * us_per_s;
  static constexpr TimeUs idle_life = 12 * us_per_hour;
  static constexpr TimeUs whole_life = 7 * us_per_day;
  static constexpr std::size_t codes_max = 16, sessions_max = 1000;

  // A code to sign in with once. The oldest goes when there are too many.
  std::string new_code(std::string user, Role role, TimeUs now);

  struct SignedIn {
    std::string cookie, principal;
  };
  // Errors: denied, if the code is none, was used, or is too old.
  Result<SignedIn> sign_in(std::string_view code, TimeUs now);

  struct Session {
    std::string user{}, csrf{}, principal{};
    Role role = Role::nobody;
    TimeUs since = 0, used = 0;
  };
  // The session of a cookie, which counts as used now.
  std::optional<Session> find(std::string_view cookie, TimeUs now);
  void sign_out(std::string_view cookie);
  bool alive(std::string_view principal, TimeUs now);  // also counts as used: an open page is use
  std::size_t size() const;

 private:
  struct Code {
    Sha256 hash;
    std::string user;
    Role role;
    TimeUs made;
  };
  void expire(TimeUs now);

  mutable std::mutex mutex_;
  std::deque<Code> codes_;
  std::map<Sha256, Session> sessions_;
};

struct TokenRow {
  std::string id{}, name{}, hash{};  // hash: SHA-256 in hexadecimal
  Role role = Role::viewer;
  TimeUs created = 0, used = time_none;
};

// Where tokens are kept over restarts.
struct TokenStore {
  std::function<Result<std::vector<TokenRow>>()> load;
  std::function<Result<void>(const TokenRow&)> keep;  // a new one, or one that was used again
  std::function<Result<void>(const std::string& id)> forget;
};
TokenStore token_store_in_memory();

// Programs. A token is "tcs_" and 256 random bits, so a plain SHA-256 of it is enough to keep. Any
// thread.
class Tokens {
 public:
  static constexpr std::size_t tokens_max = 1000;
  static constexpr TimeUs keep_use_every = 60 * us_per_s;

  static Result<std::unique_ptr<Tokens>> open(TokenStore store);

  // The token itself, which is shown this once. Errors: invalid (name); unavailable.
  Result<std::string> create(std::string_view name, Role role, TimeUs now);
  std::vector<TokenRow> list() const;                                // oldest first
  Result<void> remove(std::string_view id);                          // errors: missing
  std::optional<TokenRow> find(std::string_view token, TimeUs now);  // touches no store
  bool alive(std::string_view principal) const;
  void keep_uses();  // writes down when tokens were last used; now and then, by one thread

  explicit Tokens(TokenStore store) : store_(std::move(store)) {}  // open() loads it

 private:
  mutable std::mutex mutex_;
  TokenStore store_;
  std::map<std::string, TokenRow, std::less<>> by_hash_;
  std::set<std::string> used_;  // hashes of those whose use is not written down yet
};

// Wrong codes, cookies and tokens are counted per address (IPv6: per /64) and over all. Any thread.
class Brake {
 public:
  static constexpr std::size_t failures_max = 10, all_failures_max = 300, addresses_max = 10'000;
  static constexpr TimeUs window = 60 * us_per_s;

  // Seconds to wait before another try may be looked at; 0: go on.
  std::uint32_t wait_s(std::string_view ip, TimeUs now);
  void failed(std::string_view ip, TimeUs now);

 private:
  struct Count {
    TimeUs start = 0;
    std::size_t failures = 0;
  };
  static std::uint32_t wait_of(const Count& count, std::size_t most, TimeUs now);
  std::mutex mutex_;
  std::unordered_map<std::string, Count> by_address_;
  Count all_;
};

// Who sends this request. Errors: denied, with wrong or expired credentials, or a write by cookie
// without its CSRF token; unavailable, if there were too many wrong ones.
struct Access {
  Sessions& sessions;
  Tokens& tokens;
  Brake& brake;
  Result<Caller> caller(const http::Request& request, TimeUs now) const;
};

inline constexpr std::string_view session_cookie = "tocsin_session";
std::string set_cookie(std::string_view value, bool secure);  // "" signs out

}  // namespace tocsin::api
