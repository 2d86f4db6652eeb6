#include "api/sessions.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/check.h"

namespace tocsin::api {
namespace {

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

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

std::string random_text(std::size_t bytes) {
  std::string random(bytes, '\0');
  check(RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(bytes)) == 1,
        "the system gives random bytes");
  return base64url(random);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string Sessions::new_code(Role role, TimeUs now) {
  std::string code = random_text(16);
  std::lock_guard lock(mutex_);
  expire(now);
  if (codes_.size() >= codes_max) codes_.pop_front();
  codes_.push_back({sha256(code), role, now});
  return code;
}

Result<Role> Sessions::use_code(std::string_view code, TimeUs now) {
  Sha256 hash = sha256(code);
  std::lock_guard lock(mutex_);
  expire(now);
  auto found = codes_.end();
  for (auto at = codes_.begin(); at != codes_.end(); ++at) {  // all of them: the time tells nothing
    if (equal_in_constant_time(bytes_of(at->hash), bytes_of(hash))) found = at;
  }
  if (found == codes_.end()) return denied("this sign-in code is wrong, was used, or is too old");
  Role role = found->role;
  codes_.erase(found);
  return role;
}

// The one that was used longest ago goes: of this user, and of all.
void Sessions::make_room(std::string_view user_id) {
  auto longest_unused = [&](std::string_view of) {
    auto oldest = sessions_.end();
    std::size_t count = 0;
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
      if (!of.empty() && at->second.user_id != of) continue;
      ++count;
      if (oldest == sessions_.end() || at->second.used < oldest->second.used) oldest = at;
    }
    return std::pair(count, oldest);
  };
  auto [own, own_oldest] = longest_unused(user_id);
  if (own >= sessions_of_one_max && user_id != local_user) {
    sessions_.erase(own_oldest);
  } else if (sessions_.size() >= sessions_max) {
    sessions_.erase(longest_unused("").second);
  }
}

Sessions::SignedIn Sessions::begin(Session session, std::string_view old_cookie, TimeUs now) {
  std::string cookie = random_text();
  session.id = "s_" + random_text(9);
  session.principal = "session:" + session.id;
  session.csrf = random_text(16);
  session.since = session.used = now;
  SignedIn signed_in{.cookie = cookie, .principal = session.principal};
  std::lock_guard lock(mutex_);
  expire(now);
  if (!old_cookie.empty()) sessions_.erase(sha256(old_cookie));
  make_room(session.user_id);
  sessions_[sha256(cookie)] = std::move(session);
  return signed_in;
}

std::optional<Session> Sessions::find(std::string_view cookie, TimeUs now) {
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

void Sessions::renew(std::string_view principal, std::uint64_t epoch) {
  std::lock_guard lock(mutex_);
  for (auto& [hash, session] : sessions_) {
    if (session.principal == principal) session.epoch = epoch;
  }
}

std::optional<Owner> Sessions::owner(std::string_view principal, TimeUs now) {
  std::lock_guard lock(mutex_);
  expire(now);
  for (auto& [hash, session] : sessions_) {
    if (session.principal != principal) continue;
    session.used = now;
    return Owner{.user_id = session.user_id, .epoch = session.epoch};
  }
  return std::nullopt;
}

std::vector<Session> Sessions::list(std::string_view user_id, TimeUs now) {
  std::vector<Session> all;
  {
    std::lock_guard lock(mutex_);
    expire(now);
    for (const auto& [hash, session] : sessions_) {
      if (user_id.empty() || session.user_id == user_id) all.push_back(session);
    }
  }
  std::sort(all.begin(), all.end(), [](const Session& a, const Session& b) {
    return std::tie(b.since, b.id) < std::tie(a.since, a.id);
  });
  return all;
}

bool Sessions::end(std::string_view id, std::string_view user_id) {
  std::lock_guard lock(mutex_);
  return std::erase_if(sessions_, [&](const auto& entry) {
           return entry.second.id == id && (user_id.empty() || entry.second.user_id == user_id);
         }) > 0;
}

std::size_t Sessions::end_all(std::string_view user_id, std::string_view but_principal) {
  std::lock_guard lock(mutex_);
  return std::erase_if(sessions_, [&](const auto& entry) {
    return entry.second.user_id == user_id && entry.second.principal != but_principal;
  });
}

std::size_t Sessions::size() const {
  std::lock_guard lock(mutex_);
  return sessions_.size();
}

void Sessions::expire(TimeUs now) {
  std::erase_if(codes_, [&](const Code& code) { return now - code.made > code_life; });
  std::erase_if(sessions_, [&](const auto& entry) {
    return now - entry.second.used > lives_.idle || now - entry.second.since > lives_.whole;
  });
}

}  // namespace tocsin::api
