// People: the users of a node: their roles, passwords and second factors.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/role.h"
#include "base/password.h"
#include "base/result.h"
#include "base/time.h"
#include "store/tables.h"

namespace tocsin::api {

struct User {
  std::string id{}, name{}, key{};  // key: the name as names are compared (base/user_name.h)
  std::string origin = "local";     // local, oidc or proxy: who says that it is this person
  std::string subject{};            // what the provider calls the person
  Role role = Role::viewer;
  bool disabled = false;
  bool must_change = false;             // the password was given by somebody else
  std::string password{};               // argon2id; "": none, so none fits
  std::string totp{};                   // the secret, sealed with the people's key; "": none
  bool totp_on = false;                 // it was confirmed by a code
  std::uint64_t totp_step = 0;          // of the last code that served
  std::vector<std::string> recovery{};  // SHA-256 of the codes left, in hexadecimal
  TimeUs created = 0, signed_in = time_none;
  std::uint64_t epoch = 0;  // sessions that began in an earlier one are over
};

// Any thread. Reading waits for no store, so that the network's threads may ask.
class People {
 public:
  static constexpr std::size_t users_max = 10'000, recovery_codes = 10;

  // `key`: 32 bytes that seal second factors. `cost` of passwords; cheap ones are for tests.
  // Errors: those of Tables::open().
  static Result<std::unique_ptr<People>> open(store::Journal& journal, std::string key,
                                              password::Cost cost = {});

  std::vector<User> list() const;  // by name
  std::optional<User> named(std::string_view name) const;
  std::optional<User> find(std::string_view id) const;
  std::string name_of(std::string_view id) const;  // of whoever is no user here, the id
  // What a call must know of its user.
  struct Standing {
    Role role = Role::nobody;
    std::string name{};
    bool must_change = false;
    std::uint64_t epoch = 0;
  };
  std::optional<Standing> standing(std::string_view id) const;  // nullopt: gone or disabled

  // Errors of all that follow: missing (no such user); invalid; unavailable.

  // With a start password of ours, which must be changed at first sign-in, if `password` is "".
  // Gives that password.
  Result<std::string> add(std::string_view name, Role role, std::string_view password, TimeUs now);
  // Who a provider says this is: made or brought up to date. `role`: as the provider's claims map;
  // none: the role stays. Errors: denied: a user of this name is not the provider's; no role;
  // disabled.
  Result<User> external(std::string_view origin, std::string_view subject, std::string_view name,
                        std::optional<Role> role, TimeUs now);
  // An enabled administrator stays: errors: invalid, for the last one.
  Result<void> set_role(std::string_view name, Role role);
  Result<void> set_disabled(std::string_view name, bool disabled);
  Result<void> remove(std::string_view name);
  // A new start password, as in add(). All sessions end.
  Result<std::string> reset_password(std::string_view name);
  Result<void> reset_totp(std::string_view name);
  Result<void> end_sessions(std::string_view name);  // a new epoch
  Result<void> was_here(std::string_view id, TimeUs now);

  // The owner's own. Errors: denied, where the password does not fit.
  Result<void> change_password(std::string_view id, std::string_view old, std::string_view fresh);
  Result<std::string> begin_totp(std::string_view id, std::string_view password);  // the secret
  // With the first code; gives the recovery codes, shown this once.
  Result<std::vector<std::string>> confirm_totp(std::string_view id, std::string_view code,
                                                TimeUs now);
  Result<void> end_totp(std::string_view id, std::string_view password);

  // Name, password and, for who has one, the second factor: an app's code or a recovery code. All
  // wrong things take the same time and say the same. `needs_code`: the rest was right.
  struct Checked {
    std::string id{};
    bool needs_code = false, with_code = false;
  };
  Result<Checked> check(std::string_view name, std::string_view password, std::string_view code,
                        TimeUs now);

  People(store::Tables tables, std::string key, password::Cost cost)
      : tables_(std::move(tables)), key_(std::move(key)), cost_(cost) {}  // open() loads it

 private:
  using Change = std::function<Result<void>(User&)>;
  Result<void> change(std::string_view id, const Change& change);
  Result<void> change_named(std::string_view name, const Change& change);
  Result<void> keep(const User& user);
  Result<void> load();
  Result<void> expect_other_administrator(const User& user) const;
  const std::string& nobodys_hash();
  std::string seal(std::string_view secret) const;
  std::optional<std::string> unseal(std::string_view sealed) const;

  std::mutex writing_;        // one change at a time, while ...
  mutable std::mutex mutex_;  // ... this is held for the memory alone
  store::Tables tables_;
  std::string key_;
  password::Cost cost_;
  std::map<std::string, User, std::less<>> by_id_;
  std::map<std::string, std::string, std::less<>> ids_;  // by key
  std::mutex nobody_mutex_;
  std::string nobodys_hash_;  // of no password: what unknown names are compared with
};

// The key of HOME/secrets/people-key, made where it is missing. Errors: those of secret::read().
Result<std::string> people_key(const std::string& home);

}  // namespace tocsin::api
