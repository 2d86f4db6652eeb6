#include "api/people.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "api/sessions.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/totp.h"
#include "base/user_name.h"

namespace tocsin::api {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE people(id TEXT PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE,"
    " role TEXT NOT NULL, origin TEXT NOT NULL, subject TEXT NOT NULL, disabled INTEGER NOT NULL,"
    " must_change INTEGER NOT NULL, password TEXT NOT NULL, totp BLOB NOT NULL,"
    " totp_on INTEGER NOT NULL, totp_step INTEGER NOT NULL, recovery TEXT NOT NULL,"
    " created INTEGER NOT NULL, signed_in INTEGER, epoch INTEGER NOT NULL);"};
constexpr std::string_view wrong_pair = "the name, the password or the code is wrong";
constexpr std::string_view reserved[] = {"local", "nobody", "node", "system"};

// A recovery code is 16 letters, 80 bits: enough that a plain SHA-256 keeps it.
std::string recovery_hash(std::string_view code) {
  std::string plain;
  for (char c : code) {
    if (c != '-' && c != ' ') plain += c;
  }
  return hex(sha256(text::upper(plain)));
}

std::string new_recovery_code() {
  std::string bytes(10, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  std::string code = text::lower(totp::base32(bytes));
  return fmt::format("{}-{}-{}-{}", code.substr(0, 4), code.substr(4, 4), code.substr(8, 4),
                     code.substr(12, 4));
}

std::string new_start_password() {
  return new_recovery_code() + "-" + new_recovery_code().substr(0, 4);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) words.emplace_back(text::cut(text, ' '));
  return words;
}

Result<UserName> free_name(std::string_view name) {
  UserName wanted = TRY(user_name(name));
  for (std::string_view word : reserved) {
    if (wanted.key == word) return invalid("no user may be called " + text::quote(name));
  }
  return wanted;
}

}  // namespace

Result<std::string> people_key(const std::string& home) {
  constexpr const char* name = "people-key";
  std::string folder = home + "/secrets", path = folder + "/" + name;
  auto found = secret::read(name, home);
  if (!found && found.error().fault == Fault::missing) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    std::string random(32, '\0');
    randombytes_buf(random.data(), random.size());
    std::string text = hex(random);
    int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = file >= 0 &&
                   ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                   ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!written) return unavailable("cannot write " + text::quote(path));
    found = std::move(text);
  }
  std::string hash = TRY(std::move(found));
  Sha256 key = sha256("tocsin people " + hash);
  return std::string(reinterpret_cast<const char*>(key.data()), key.size());
}

Result<std::unique_ptr<People>> People::open(store::Journal& journal, std::string key,
                                             password::Cost cost) {
  tocsin::check(sodium_init() >= 0, "libsodium starts");
  tocsin::check(key.size() == crypto_secretbox_KEYBYTES, "a key of 32 bytes");
  auto people = std::make_unique<People>(TRY(store::Tables::open(journal, "people", steps)),
                                         std::move(key), cost);
  TRY(people->load());
  return people;
}

Result<void> People::load() {
  return tables_.read([&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT id, name, key, role, origin, subject, disabled, must_change, password, totp,"
        " totp_on, totp_step, recovery, created, signed_in, epoch FROM people"));
    while (TRY(select.step())) {
      auto text = [&](int at) { return std::string(select.text(at)); };
      auto role = role_named(select.text(3));
      if (select.text(3) == name(Role::nobody)) role = Role::nobody;  // its provider let it go
      if (!role) return invalid("a user has no known role: " + text::quote(select.text(3)));
      User user{.id = text(0),
                .name = text(1),
                .key = text(2),
                .origin = text(4),
                .subject = text(5),
                .role = *role,
                .disabled = select.number(6) != 0,
                .must_change = select.number(7) != 0,
                .password = text(8),
                .totp = std::string(select.blob(9)),
                .totp_on = select.number(10) != 0,
                .totp_step = static_cast<std::uint64_t>(select.number(11)),
                .recovery = words_of(select.text(12)),
                .created = select.number(13),
                .signed_in = select.is_null(14) ? time_none : select.number(14),
                .epoch = static_cast<std::uint64_t>(select.number(15))};
      ids_[user.key] = user.id;
      by_id_[user.id] = std::move(user);
    }
    return {};
  });
}

Result<void> People::keep(const User& user) {
  return tables_.write([&](store::Sqlite& db) -> Result<void> {
    auto insert =
        TRY(db.prepare("INSERT OR REPLACE INTO people VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    std::string recovery = fmt::format("{}", fmt::join(user.recovery, " "));
    insert.bind(1, user.id).bind(2, user.name).bind(3, user.key).bind(4, name(user.role));
    insert.bind(5, user.origin).bind(6, user.subject).bind(7, user.disabled ? 1 : 0);
    insert.bind(8, user.must_change ? 1 : 0).bind(9, user.password).bind_blob(10, user.totp);
    insert.bind(11, user.totp_on ? 1 : 0).bind(12, user.totp_step).bind(13, recovery);
    insert.bind(14, user.created).bind(16, user.epoch);
    if (user.signed_in != time_none) insert.bind(15, user.signed_in);
    return insert.run();
  });
}

std::vector<User> People::list() const {
  std::lock_guard lock(mutex_);
  std::vector<User> all;
  for (const auto& [key, id] : ids_) all.push_back(by_id_.find(id)->second);
  return all;
}

std::optional<User> People::named(std::string_view name) const {
  auto wanted = user_name(name);
  if (!wanted) return std::nullopt;
  std::lock_guard lock(mutex_);
  auto id = ids_.find(wanted->key);
  if (id == ids_.end()) return std::nullopt;
  return by_id_.find(id->second)->second;
}

std::optional<User> People::find(std::string_view id) const {
  std::lock_guard lock(mutex_);
  auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::string People::name_of(std::string_view id) const {
  auto user = find(id);
  return user ? user->name : std::string(id);
}

std::optional<People::Standing> People::standing(std::string_view id) const {
  std::lock_guard lock(mutex_);
  auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second.disabled) return std::nullopt;
  const User& user = found->second;
  return Standing{
      .role = user.role, .name = user.name, .must_change = user.must_change, .epoch = user.epoch};
}

// Writes the changed user down, then lets everybody see it.
Result<void> People::change(std::string_view id, const Change& apply) {
  std::lock_guard writing(writing_);
  auto user = find(id);
  if (!user) return missing("there is no such user");
  TRY(apply(*user));
  TRY(keep(*user));
  std::lock_guard lock(mutex_);
  by_id_[user->id] = *std::move(user);
  return {};
}

Result<void> People::change_named(std::string_view name, const Change& apply) {
  auto user = named(name);
  if (!user) return missing("no user " + text::quote(name));
  return change(user->id, apply);
}

Result<std::string> People::add(std::string_view name, Role role, std::string_view password,
                                TimeUs now) {
  UserName wanted = TRY(free_name(name));
  if (role == Role::nobody) return invalid("a user needs a role");
  bool given = !password.empty();
  if (given) TRY(password::judge(password, wanted.key));
  std::string start = given ? std::string(password) : new_start_password();
  User user{.id = "u_" + random_text(9),
            .name = wanted.shown,
            .key = wanted.key,
            .role = role,
            .must_change = !given,
            .password = TRY(password::hash(start, cost_)),
            .created = now};
  std::lock_guard writing(writing_);
  {
    std::lock_guard lock(mutex_);
    if (ids_.contains(user.key))
      return invalid("there is a user " + text::quote(name) + " already");
    if (by_id_.size() >= users_max) return invalid("too many users; remove one first");
  }
  TRY(keep(user));
  std::lock_guard lock(mutex_);
  ids_[user.key] = user.id;
  by_id_[user.id] = std::move(user);
  return given ? std::string() : start;
}

Result<User> People::external(std::string_view origin, std::string_view subject,
                              std::string_view name, std::optional<Role> role, TimeUs now) {
  std::optional<User> known;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, user] : by_id_) {
      if (user.origin == origin && user.subject == subject) known = user;
    }
  }
  if (known) {
    if (known->disabled) return denied("this user is disabled");
    // A provider that names no role any more has let go of this person: all sessions are over, and
    // its tokens may nothing.
    TRY(change(known->id, [&](User& user) -> Result<void> {
      user.role = role.value_or(Role::nobody);
      if (!role) ++user.epoch;
      return {};
    }));
    if (!role) return denied("no role is meant for this person any more");
    return *find(known->id);
  }
  UserName wanted = TRY(free_name(name));
  if (named(name)) {
    return denied("there is a user " + text::quote(name) +
                  " already, whom this provider does not answer for");
  }
  if (!role) return denied("no role is meant for this person");
  User user{.id = "u_" + random_text(9),
            .name = wanted.shown,
            .key = wanted.key,
            .origin = std::string(origin),
            .subject = std::string(subject),
            .role = *role,
            .created = now};
  std::lock_guard writing(writing_);
  {
    std::lock_guard lock(mutex_);
    if (by_id_.size() >= users_max || ids_.contains(user.key)) {
      return invalid("this user cannot be added");
    }
  }
  TRY(keep(user));
  std::lock_guard lock(mutex_);
  ids_[user.key] = user.id;
  by_id_[user.id] = user;
  return user;
}

// While writing_ is held.
Result<void> People::expect_other_administrator(const User& user) const {
  if (user.role != Role::administrator || user.disabled) return {};
  std::lock_guard lock(mutex_);
  for (const auto& [id, other] : by_id_) {
    if (id != user.id && other.role == Role::administrator && !other.disabled) return {};
  }
  return invalid(text::quote(user.name) + " is the last administrator; make another one first");
}

Result<void> People::set_role(std::string_view name, Role role) {
  if (role == Role::nobody) return invalid("a user needs a role");
  return change_named(name, [&](User& user) -> Result<void> {
    if (role != Role::administrator) TRY(expect_other_administrator(user));
    user.role = role;
    return {};
  });
}

Result<void> People::set_disabled(std::string_view name, bool disabled) {
  return change_named(name, [&](User& user) -> Result<void> {
    if (disabled) TRY(expect_other_administrator(user));
    user.disabled = disabled;
    ++user.epoch;
    return {};
  });
}

Result<void> People::remove(std::string_view name) {
  auto user = named(name);
  if (!user) return missing("no user " + text::quote(name));
  std::lock_guard writing(writing_);
  TRY(expect_other_administrator(*user));
  auto forget = [&](store::Sqlite& db) -> Result<void> {
    auto remove = TRY(db.prepare("DELETE FROM people WHERE id = ?"));
    return remove.bind(1, user->id).run();
  };
  TRY(tables_.write(forget));
  std::lock_guard lock(mutex_);
  ids_.erase(user->key);
  by_id_.erase(user->id);
  return {};
}

Result<std::string> People::reset_password(std::string_view name) {
  std::string start = new_start_password();
  std::string hash = TRY(password::hash(start, cost_));
  TRY(change_named(name, [&](User& user) -> Result<void> {
    if (user.origin != "local") return invalid("this user's password is kept by the provider");
    user.password = hash;
    user.must_change = true;
    ++user.epoch;
    return {};
  }));
  return start;
}

Result<void> People::reset_totp(std::string_view name) {
  return change_named(name, [](User& user) -> Result<void> {
    user.totp.clear();
    user.totp_on = false;
    user.recovery.clear();
    return {};
  });
}

Result<void> People::end_sessions(std::string_view name) {
  return change_named(name, [](User& user) -> Result<void> {
    ++user.epoch;
    return {};
  });
}

Result<void> People::was_here(std::string_view id, TimeUs now) {
  return change(id, [&](User& user) -> Result<void> {
    user.signed_in = now;
    return {};
  });
}

Result<void> People::change_password(std::string_view id, std::string_view old,
                                     std::string_view fresh) {
  auto user = find(id);
  if (!user) return missing("there is no such user");
  if (user->origin != "local") return invalid("your password is kept by the provider");
  TRY(password::judge(fresh, user->key));
  if (!password::verify(user->password, old)) return denied("the present password is wrong");
  if (old == fresh) return invalid("the new password is the old one");
  std::string hash = TRY(password::hash(fresh, cost_));
  return change(id, [&](User& now) -> Result<void> {
    now.password = hash;
    now.must_change = false;
    ++now.epoch;
    return {};
  });
}

Result<std::string> People::begin_totp(std::string_view id, std::string_view password) {
  auto user = find(id);
  if (!user) return missing("there is no such user");
  if (user->origin != "local") return invalid("your second factor is kept by the provider");
  if (user->totp_on) return invalid("there is a second factor already; end it first");
  if (!password::verify(user->password, password)) return denied("the password is wrong");
  std::string secret = totp::new_secret();
  TRY(change(id, [&](User& now) -> Result<void> {
    now.totp = seal(secret);
    now.totp_on = false;
    now.totp_step = 0;
    return {};
  }));
  return secret;
}

Result<std::vector<std::string>> People::confirm_totp(std::string_view id, std::string_view code,
                                                      TimeUs now) {
  std::vector<std::string> codes;
  TRY(change(id, [&](User& user) -> Result<void> {
    auto secret = unseal(user.totp);
    if (user.totp_on || !secret) return invalid("begin with a new secret");
    auto step = totp::match(*secret, code, now, user.totp_step);
    if (!step) return denied("this code is wrong; is the clock of your device right?");
    user.totp_on = true;
    user.totp_step = *step;
    user.recovery.clear();
    for (std::size_t i = 0; i < recovery_codes; ++i) {
      codes.push_back(new_recovery_code());
      user.recovery.push_back(recovery_hash(codes.back()));
    }
    return {};
  }));
  return codes;
}

Result<void> People::end_totp(std::string_view id, std::string_view password) {
  auto user = find(id);
  if (!user) return missing("there is no such user");
  if (!password::verify(user->password, password)) return denied("the password is wrong");
  return reset_totp(user->name);
}

Result<People::Checked> People::check(std::string_view name, std::string_view password,
                                      std::string_view code, TimeUs now) {
  if (password.size() > password::most) return invalid("a password has at most 1024 bytes");
  auto user = named(name);
  bool has_one = user && !user->password.empty();
  const std::string& nobodys = nobodys_hash();  // made for whoever comes first, known or not
  bool fits = password::verify(has_one ? user->password : nobodys, password);
  if (!has_one || !fits || user->disabled) return denied(std::string(wrong_pair));
  if (password::is_dated(user->password, cost_)) {
    std::string hash = TRY(password::hash(password, cost_));
    TRY(change(user->id, [&](User& kept) -> Result<void> {
      if (kept.password == user->password) kept.password = hash;
      return {};
    }));
  }
  Checked checked{.id = user->id};
  if (!user->totp_on) return checked;
  if (code.empty()) return Checked{.id = user->id, .needs_code = true};
  TRY(change(user->id, [&](User& kept) -> Result<void> {
    auto secret = unseal(kept.totp);
    if (auto step = secret ? totp::match(*secret, code, now, kept.totp_step) : std::nullopt) {
      kept.totp_step = *step;
      return {};
    }
    if (std::erase(kept.recovery, recovery_hash(code)) > 0) return {};
    return denied(std::string(wrong_pair));
  }));
  checked.with_code = true;
  return checked;
}

const std::string& People::nobodys_hash() {
  std::lock_guard lock(nobody_mutex_);
  if (nobodys_hash_.empty()) {
    auto hash = password::hash(random_text(), cost_);
    if (hash) nobodys_hash_ = *std::move(hash);
  }
  return nobodys_hash_;
}

std::string People::seal(std::string_view secret) const {
  std::string out(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + secret.size(), '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  randombytes_buf(bytes, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(bytes + crypto_secretbox_NONCEBYTES,
                        reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), bytes,
                        reinterpret_cast<const unsigned char*>(key_.data()));
  return out;
}

std::optional<std::string> People::unseal(std::string_view sealed) const {
  constexpr std::size_t head = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (sealed.size() <= head) return std::nullopt;
  std::string out(sealed.size() - head, '\0');
  const auto* bytes = reinterpret_cast<const unsigned char*>(sealed.data());
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(out.data()),
                                 bytes + crypto_secretbox_NONCEBYTES,
                                 sealed.size() - crypto_secretbox_NONCEBYTES, bytes,
                                 reinterpret_cast<const unsigned char*>(key_.data())) != 0) {
    return std::nullopt;
  }
  return out;
}

}  // namespace tocsin::api
