#include "api/access.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/check.h"
#include "base/ip.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::array<std::string_view, 6> role_names = {
    "nobody", "viewer", "analyst", "agreement-editor", "administrator", "auditor"};
constexpr std::array<std::string_view, 6> right_names = {"nobody", "read",       "work",
                                                         "agree",  "administer", "audit"};

constexpr unsigned bit(Right right) {
  return 1u << static_cast<unsigned>(right);
}
using enum Right;
// By Role.
constexpr std::array<unsigned, 6> rights = {
    bit(Right::nobody),
    bit(Right::nobody) | bit(read),
    bit(Right::nobody) | bit(read) | bit(work),
    bit(Right::nobody) | bit(read) | bit(work) | bit(agree),
    bit(Right::nobody) | bit(read) | bit(work) | bit(agree) | bit(administer) | bit(audit),
    bit(Right::nobody) | bit(read) | bit(audit)};
constexpr std::string_view token_prefix = "tcs_";
constexpr std::size_t token_name_max = 100;

std::string base64url(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0, kept = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (kept += 8; kept >= 6; kept -= 6) out += letters[bits >> (kept - 6) & 63];
    bits &= (1u << kept) - 1;
  }
  if (kept > 0) out += letters[bits << (6 - kept) & 63];
  return out;
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

bool writes(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

// IPv4: the address; IPv6: its /64, which one subscriber holds whole.
std::string brake_key(std::string_view ip) {
  auto parsed = ip::parse(ip);
  if (!parsed || parsed->is_v4()) return std::string(ip);
  return ip::format(Network{.base = Ip::from_halves(parsed->high(), 0), .length = 64});
}

}  // namespace

std::string_view name(Role role) {
  return role_names.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_named(std::string_view text) {
  for (std::size_t i = 1; i < role_names.size(); ++i) {
    if (role_names[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::string_view name(Right right) {
  return right_names.at(static_cast<std::size_t>(right));
}

bool may(Role role, Right right) {
  return (rights.at(static_cast<std::size_t>(role)) & bit(right)) != 0;
}

std::string random_text(std::size_t bytes) {
  std::string random(bytes, '\0');
  check(RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(bytes)) == 1,
        "the system gives random bytes");
  return base64url(random);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Sessions::new_code(std::string user, Role role, TimeUs now) {
  std::string code = random_text(16);
  std::lock_guard lock(mutex_);
  expire(now);
  if (codes_.size() >= codes_max) codes_.pop_front();
  codes_.push_back({sha256(code), std::move(user), role, now});
  return code;
}

Result<Sessions::SignedIn> Sessions::sign_in(std::string_view code, TimeUs now) {
  Sha256 hash = sha256(code);
  std::lock_guard lock(mutex_);
  expire(now);
  auto found = codes_.end();
  for (auto at = codes_.begin(); at != codes_.end(); ++at) {  // all of them: the time tells nothing
    if (equal_in_constant_time(bytes_of(at->hash), bytes_of(hash))) found = at;
  }
  if (found == codes_.end()) return denied("this sign-in code is wrong, was used, or is too old");
  if (sessions_.size() >= sessions_max) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), [](auto& a, auto& b) {
      return a.second.used < b.second.used;
    }));
  }
  SignedIn signed_in{.cookie = random_text(), .principal = "session:" + random_text(9)};
  sessions_[sha256(signed_in.cookie)] = {.user = found->user,
                                         .csrf = random_text(16),
                                         .principal = signed_in.principal,
                                         .role = found->role,
                                         .since = now,
                                         .used = now};
  codes_.erase(found);
  return signed_in;
}

std::optional<Sessions::Session> Sessions::find(std::string_view cookie, TimeUs now) {
  Sha256 hash = sha256(cookie);
  std::lock_guard lock(mutex_);
  expire(now);
  auto found = sessions_.find(hash);
  if (found == sessions_.end()) return std::nullopt;
  found->second.used = now;
  return found->second;
}

void Sessions::sign_out(std::string_view cookie) {
  std::lock_guard lock(mutex_);
  sessions_.erase(sha256(cookie));
}

bool Sessions::alive(std::string_view principal, TimeUs now) {
  std::lock_guard lock(mutex_);
  expire(now);
  for (auto& [hash, session] : sessions_) {
    if (session.principal != principal) continue;
    session.used = now;
    return true;
  }
  return false;
}

std::size_t Sessions::size() const {
  std::lock_guard lock(mutex_);
  return sessions_.size();
}

void Sessions::expire(TimeUs now) {
  std::erase_if(codes_, [&](const Code& code) { return now - code.made > code_life; });
  std::erase_if(sessions_, [&](const auto& entry) {
    return now - entry.second.used > idle_life || now - entry.second.since > whole_life;
  });
}

TokenStore token_store_in_memory() {
  auto rows = std::make_shared<std::map<std::string, TokenRow>>();  // shared by the three functions
  return {.load =
              [rows] {
                std::vector<TokenRow> all;
                for (const auto& [id, row] : *rows) all.push_back(row);
                return Result<std::vector<TokenRow>>(std::move(all));
              },
          .keep =
              [rows](const TokenRow& row) {
                (*rows)[row.id] = row;
                return Result<void>();
              },
          .forget =
              [rows](const std::string& id) {
                rows->erase(id);
                return Result<void>();
              }};
}

Result<std::unique_ptr<Tokens>> Tokens::open(TokenStore store) {
  auto tokens = std::make_unique<Tokens>(std::move(store));
  for (TokenRow& row : TRY(tokens->store_.load())) tokens->by_hash_[row.hash] = std::move(row);
  return tokens;
}

Result<std::string> Tokens::create(std::string_view name, Role role, TimeUs now) {
  name = text::trim(name);
  if (name.empty() || name.size() > token_name_max || !text::is_utf8(name)) {
    return invalid("a token needs a name of 1 to 100 characters");
  }
  if (role == Role::nobody) return invalid("a token needs a role");
  std::string token = std::string(token_prefix) + random_text();
  TokenRow row{.id = "t_" + random_text(9),
               .name = std::string(name),
               .hash = hex(sha256(token)),
               .role = role,
               .created = now};
  std::lock_guard lock(mutex_);
  if (by_hash_.size() >= tokens_max) return invalid("too many tokens; remove one first");
  TRY(store_.keep(row));
  by_hash_[row.hash] = std::move(row);
  return token;
}

std::vector<TokenRow> Tokens::list() const {
  std::lock_guard lock(mutex_);
  std::vector<TokenRow> all;
  for (const auto& [hash, row] : by_hash_) all.push_back(row);
  std::sort(all.begin(), all.end(), [](const TokenRow& a, const TokenRow& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return all;
}

Result<void> Tokens::remove(std::string_view id) {
  std::lock_guard lock(mutex_);
  auto found = std::find_if(by_hash_.begin(), by_hash_.end(),
                            [&](const auto& entry) { return entry.second.id == id; });
  if (found == by_hash_.end()) return missing("no token " + text::quote(id));
  TRY(store_.forget(found->second.id));
  by_hash_.erase(found);
  return {};
}

std::optional<TokenRow> Tokens::find(std::string_view token, TimeUs now) {
  if (!token.starts_with(token_prefix)) return std::nullopt;
  std::string hash = hex(sha256(token));
  std::lock_guard lock(mutex_);
  auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return std::nullopt;
  TokenRow& row = found->second;
  if (row.used == time_none || now - row.used >= keep_use_every) {
    row.used = now;
    used_.insert(hash);
  }
  return row;
}

void Tokens::keep_uses() {
  std::lock_guard lock(mutex_);
  for (const std::string& hash : used_) {
    auto found = by_hash_.find(hash);
    if (found != by_hash_.end()) (void)store_.keep(found->second);  // the next use tries again
  }
  used_.clear();
}

bool Tokens::alive(std::string_view principal) const {
  std::lock_guard lock(mutex_);
  return std::any_of(by_hash_.begin(), by_hash_.end(),
                     [&](const auto& entry) { return principal == "token:" + entry.second.id; });
}

std::uint32_t Brake::wait_of(const Count& count, std::size_t most, TimeUs now) {
  if (count.failures < most || now - count.start >= window || now < count.start) return 0;
  return static_cast<std::uint32_t>((count.start + window - now) / us_per_s + 1);
}

std::uint32_t Brake::wait_s(std::string_view ip, TimeUs now) {
  std::lock_guard lock(mutex_);
  auto found = by_address_.find(brake_key(ip));
  std::uint32_t own = found == by_address_.end() ? 0 : wait_of(found->second, failures_max, now);
  return std::max(own, wait_of(all_, all_failures_max, now));
}

void Brake::failed(std::string_view ip, TimeUs now) {
  std::lock_guard lock(mutex_);
  if (by_address_.size() >= addresses_max) {
    std::erase_if(by_address_, [&](const auto& e) { return now - e.second.start >= window; });
    if (by_address_.size() >= addresses_max) by_address_.clear();  // `all_` still brakes
  }
  for (Count* count : {&by_address_[brake_key(ip)], &all_}) {
    if (now - count->start >= window || now < count->start) *count = {.start = now, .failures = 0};
    ++count->failures;
  }
}

Result<Caller> Access::caller(const http::Request& request, TimeUs now) const {
  if (request.peer.uid) {
    return Caller{.role = Role::administrator,
                  .by = Caller::By::socket,
                  .user = "local",
                  .principal = "socket"};
  }
  std::string_view authorization = request.header("authorization");
  std::string_view cookie = request.cookie(session_cookie);
  if (authorization.empty() && cookie.empty()) return Caller{};
  if (auto wait = brake.wait_s(request.peer.ip, now)) {
    return unavailable("too many wrong attempts; wait " + std::to_string(wait) + " seconds");
  }
  if (!authorization.empty()) {
    std::string_view token = authorization;
    bool is_bearer = text::equal_fold(text::cut(token, ' '), "bearer");
    auto row = is_bearer ? tokens.find(text::trim(token), now) : std::nullopt;
    if (row) {
      return Caller{.role = row->role,
                    .by = Caller::By::token,
                    .user = row->name,
                    .principal = "token:" + row->id};
    }
    brake.failed(request.peer.ip, now);
    return denied("this token is not known");
  }
  auto session = sessions.find(cookie, now);
  if (!session) return Caller{};  // an old cookie: sign in again, no guess
  if (writes(request.method) &&
      !equal_in_constant_time(request.header("x-csrf-token"), session->csrf)) {
    return denied("the X-CSRF-Token header is missing or wrong");
  }
  return Caller{.role = session->role,
                .by = Caller::By::session,
                .user = session->user,
                .principal = session->principal};
}

std::string set_cookie(std::string_view value, bool secure) {
  std::string out = std::string(session_cookie) + '=' + std::string(value) +
                    "; Path=/; HttpOnly; SameSite=Strict";
  if (secure) out += "; Secure";
  out += value.empty() ? "; Max-Age=0"
                       : "; Max-Age=" + std::to_string(Sessions::whole_life / us_per_s);
  return out;
}

}  // namespace tocsin::api
