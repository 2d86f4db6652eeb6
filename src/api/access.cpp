#include "api/access.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::api {
namespace {

bool writes(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

bool is_in(const std::vector<Network>& networks, std::string_view ip) {
  auto parsed = ip::parse(ip);
  return parsed && std::any_of(networks.begin(), networks.end(),
                               [&](const Network& network) { return network.contains(*parsed); });
}

}  // namespace

std::optional<Role> RoleMap::of(const std::vector<std::string>& groups) const {
  std::optional<Role> best = otherwise;
  auto weight = [](Role role) { return names_of(rights_of(role)).size(); };
  for (const std::string& group : groups) {
    auto found = by_group.find(group);
    if (found == by_group.end()) continue;
    if (!best || weight(found->second) > weight(*best)) best = found->second;
  }
  return best;
}

bool ProxySettings::trusts(const http::Peer& peer) const {
  return !peer.uid && is_in(from, peer.ip);
}

Origin origin_of(const http::Request& request, const ProxySettings& proxy) {
  Origin origin{.ip = request.peer.ip, .secure = request.peer.secure};
  if (!proxy.trusts(request.peer)) return origin;
  // Each proxy adds whom it heard to the end: the last that is none of ours is the client. There
  // may be several such headers; only a trusted one's last word counts.
  std::string_view last;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-forwarded-for") last = value;
    if (name == "x-forwarded-proto") origin.secure = text::equal_fold(text::trim(value), "https");
  }
  while (!last.empty()) {
    std::size_t comma = last.rfind(',');
    std::string_view one = text::trim(comma == last.npos ? last : last.substr(comma + 1));
    last = comma == last.npos ? std::string_view() : last.substr(0, comma);
    if (!ip::parse(one)) break;
    origin.ip = std::string(one);
    if (!is_in(proxy.from, one)) break;
  }
  return origin;
}

std::optional<Present> present(Sessions& sessions, const People& people,
                               const http::Request& request, const ProxySettings& proxy,
                               TimeUs now) {
  auto session = sessions.find(request.cookie(session_cookie), now);
  if (!session) return std::nullopt;
  Present found{.session = *std::move(session)};
  if (found.session.user_id == local_user) {
    found.standing = {.role = found.session.role, .name = found.session.user};
    return found;
  }
  auto standing = people.standing(found.session.user_id);
  if (!standing || standing->epoch != found.session.epoch) return std::nullopt;
  // The proxy has somebody else now: then this browser's session is over.
  if (found.session.how == "proxy" && proxy.trusts(request.peer)) {
    std::string_view user = request.header(proxy.user_header);
    auto named = people.named(user);
    if (!named || named->id != found.session.user_id) return std::nullopt;
  }
  found.standing = *std::move(standing);
  return found;
}

Result<Caller> Access::by_token(const http::Request& request, const Origin& origin,
                                TimeUs now) const {
  std::string_view token = request.header("authorization");
  bool is_bearer = text::equal_fold(text::cut(token, ' '), "bearer");
  auto row = is_bearer ? tokens.find(text::trim(token), now) : std::nullopt;
  if (!row) {  // a right one is never held up by others' guesses: it has 256 bits
    if (auto wait = brake.wait_s(origin.ip, now))
      return unavailable("too many wrong attempts; wait " + std::to_string(wait) + " seconds");
    brake.failed(origin.ip, now);
    return denied("this token is not known");
  }
  Caller caller{.role = row->role,
                .by = Caller::By::token,
                .user = row->name,
                .user_id = row->owner,
                .principal = "token:" + row->id,
                .rights = rights_of(row->role) & row->rights,
                .expires = row->expires};
  if (row->owner == local_user) return caller;
  auto owner = people.standing(row->owner);
  if (!owner) return denied("this token's owner may no longer come in");
  caller.rights = caller.rights & rights_of(owner->role);
  caller.role = std::min(caller.role, owner->role, [](Role a, Role b) {
    return names_of(rights_of(a)).size() < names_of(rights_of(b)).size();
  });
  caller.user = owner->name;
  return caller;
}

Result<Caller> Access::caller(const http::Request& request, const Origin& origin,
                              TimeUs now) const {
  if (request.peer.uid) {
    return Caller{.role = Role::administrator,
                  .by = Caller::By::socket,
                  .user = std::string(local_user),
                  .user_id = std::string(local_user),
                  .principal = "socket",
                  .rights = every_right};
  }
  if (!request.header("authorization").empty()) return by_token(request, origin, now);
  if (request.cookie(session_cookie).empty()) return Caller{};
  auto found = present(sessions, people, request, proxy, now);
  if (!found) return Caller{};  // an old cookie: sign in again, no guess
  if (writes(request.method) &&
      !equal_in_constant_time(request.header("x-csrf-token"), found->session.csrf)) {
    return denied("the X-CSRF-Token header is missing or wrong");
  }
  return Caller{.role = found->standing.role,
                .by = Caller::By::session,
                .user = found->standing.name,
                .user_id = found->session.user_id,
                .principal = found->session.principal,
                .rights = rights_of(found->standing.role),
                .must_change = found->standing.must_change};
}

std::string set_cookie(std::string_view value, bool secure, TimeUs life_us) {
  std::string out = std::string(session_cookie) + '=' + std::string(value) +
                    "; Path=/; HttpOnly; SameSite=Strict";
  if (secure) out += "; Secure";
  out += value.empty() ? "; Max-Age=0" : "; Max-Age=" + std::to_string(life_us / us_per_s);
  return out;
}

}  // namespace tocsin::api
