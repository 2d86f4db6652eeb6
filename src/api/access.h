// Access: who calls: told by the node's socket, a session's cookie, or a token.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/brake.h"
#include "api/people.h"
#include "api/role.h"
#include "api/sessions.h"
#include "api/tokens.h"
#include "base/http.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::api {

struct Caller {
  enum class By : std::uint8_t { nothing, socket, session, token };
  Role role = Role::nobody;
  By by = By::nothing;
  std::string user{};          // the name as shown
  std::string user_id{};       // what belongs to whom is told by this; `local`: the node's owner
  std::string principal{};     // names this session or token: live streams end with it
  Rights rights{};             // those of the role, or fewer
  bool must_change = false;    // the password, before anything else
  TimeUs expires = time_none;  // of a token
  bool may(Right right) const { return rights.has(right); }
};

// Which role a provider's groups mean.
struct RoleMap {
  std::map<std::string, Role, std::less<>> by_group{};
  std::optional<Role> otherwise{};
  // The most that one of them gives; of equals the first in Role's order.
  std::optional<Role> of(const std::vector<std::string>& groups) const;
};

// A proxy in front of the node that people have signed in to.
struct ProxySettings {
  std::vector<Network> from{};                 // where it is; headers of others mean nothing
  std::string user_header{}, groups_header{};  // in lower case; user_header "": no sign-in by it
  RoleMap roles{};
  bool trusts(const http::Peer& peer) const;
};

// Where a request comes from, seen through the proxy. Source: X-Forwarded-For, -Proto.
struct Origin {
  std::string ip{};
  bool secure = false;
};
Origin origin_of(const http::Request& request, const ProxySettings& proxy);

// The session of a browser whose user still is who he was, and in which role. Errors: none:
// nullopt.
struct Present {
  Session session{};
  People::Standing standing{};
};
std::optional<Present> present(Sessions& sessions, const People& people,
                               const http::Request& request, const ProxySettings& proxy,
                               TimeUs now);

// Who sends this request. Errors: denied, with wrong or expired credentials, or a write by cookie
// without its CSRF token; unavailable, if there were too many wrong ones.
struct Access {
  Sessions& sessions;
  Tokens& tokens;
  People& people;
  Brake& brake;
  const ProxySettings& proxy;
  Result<Caller> caller(const http::Request& request, const Origin& origin, TimeUs now) const;

 private:
  Result<Caller> by_token(const http::Request& request, const Origin& origin, TimeUs now) const;
};

inline constexpr std::string_view session_cookie = "tocsin_session";
// "" signs out. `life_s`: how long the browser keeps it.
std::string set_cookie(std::string_view value, bool secure, TimeUs life_us);

}  // namespace tocsin::api
