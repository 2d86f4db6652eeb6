// Tokens: what programs sign in with. Each belongs to a user, has at most that user's rights, and
// ends with the user.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/role.h"
#include "api/sessions.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::api {

struct TokenRow {
  std::string id{}, name{}, hash{};   // hash: SHA-256 in hexadecimal
  std::string owner{}, owner_name{};  // a user's id, or `local`; the name as it was then
  Role role = Role::viewer;           // it has no right beyond this role's ...
  Rights rights = every_right;        // ... nor beyond these
  TimeUs created = 0, used = time_none, expires = time_none;
};

// Where tokens are kept over restarts.
struct TokenStore {
  std::function<Result<std::vector<TokenRow>>()> load;
  std::function<Result<void>(const TokenRow&)> keep;  // a new one, or one that was used again
  std::function<Result<void>(const std::string& id)> forget;
};
TokenStore token_store_in_memory();

// A token is "tcs_" and 256 random bits, so a plain SHA-256 of it is enough to keep. Any thread;
// reading waits for no store.
class Tokens {
 public:
  static constexpr std::size_t tokens_max = 1000, tokens_of_one_max = 100;
  static constexpr TimeUs keep_use_every = 60 * us_per_s;

  static Result<std::unique_ptr<Tokens>> open(TokenStore store);

  // The token itself, which is shown this once, and its id. `wish` has name, owner, role, rights
  // and expiry. Errors: invalid (name, expiry in the past, too many); unavailable.
  struct Made {
    std::string token, id;
  };
  Result<Made> create(TokenRow wish, TimeUs now);
  std::vector<TokenRow> list(std::string_view owner = {}) const;  // "": all; oldest first
  // Errors: missing, also where it is not this owner's ("": anybody's).
  Result<void> remove(std::string_view id, std::string_view owner = {});
  Result<void> remove_all(std::string_view owner);
  std::optional<TokenRow> find(std::string_view token, TimeUs now);  // touches no store
  std::optional<Owner> owner(std::string_view principal, TimeUs now) const;
  void keep_uses();  // writes down when tokens were last used; now and then, by one thread

  explicit Tokens(TokenStore store) : store_(std::move(store)) {}  // open() loads it

 private:
  std::mutex writing_;        // one change at a time, while ...
  mutable std::mutex mutex_;  // ... this is held for the memory alone
  TokenStore store_;
  std::map<std::string, TokenRow, std::less<>> by_hash_;
  std::set<std::string> used_;  // hashes of those whose use is not written down yet
};

}  // namespace tocsin::api
