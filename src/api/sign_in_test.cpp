// Signing in and one's own things, through the whole API.
#include "api/api.h"

#include <atomic>

#include "api/fake_backend.h"
#include "base/json.h"
#include "base/text.h"
#include "base/totp.h"
#include "oidc_provider.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs start = *times::parse("2026-11-22T07:00:00Z");
constexpr password::Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};
constexpr std::string_view good = "correct horse battery";

struct House {
  FakeBackend backend;
  Metrics metrics;
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<store::Audit> audit = *store::Audit::open(*journal);
  std::atomic<TimeUs> now = start;  // threads of the API read it
  People* people = nullptr;
  std::unique_ptr<Api> api;

  explicit House(SignInSettings settings = {.requests_per_s = 100'000}) {
    Door door{.tokens = *Tokens::open(token_store_in_memory()),
              .people = *People::open(*journal, std::string(32, 'k'), cheap),
              .audit = *audit,
              .settings = std::move(settings)};
    people = door.people.get();
    for (auto [name, role] : {std::pair("ana", Role::administrator), std::pair("bo", Role::analyst),
                              std::pair("cy", Role::viewer)}) {
      REQUIRE(people->add(name, role, good, start).has_value());
    }
    api = std::make_unique<Api>(backend, std::move(door), metrics, std::span<const ConsoleFile>(),
                                [this] { return now.load(); });
  }
  http::Response ask(std::string_view method, std::string_view target, http::Fields headers = {},
                     std::string body = {}, std::string ip = "192.0.2.1") {
    http::Request request;
    request.method = method;
    REQUIRE(http::read_target(target, request).has_value());
    request.headers = std::move(headers);
    request.peer.ip = std::move(ip);
    http::Admission admission = api->admit(request);
    if (admission.refusal) return *admission.refusal;
    request.body = std::move(body);
    request.body_size = request.body.size();
    auto response = admission.handle(request);
    return response ? *response : http::problem(response.error());
  }
  http::Response sign_in(std::string_view user, std::string_view password,
                         std::string_view code = {}, http::Fields headers = {}) {
    json::Writer w;
    w.object().member("user", user).member("password", password);
    if (!code.empty()) w.member("totp", code);
    w.end();
    return ask("POST", "/api/v1/session", std::move(headers), w.text());
  }
  // The headers of a browser that is signed in as `user`.
  http::Fields browser(std::string_view user) {
    http::Response answer = sign_in(user, good);
    REQUIRE(answer.status == 200);
    return with_csrf(cookie_of(answer));
  }
  http::Fields with_csrf(const std::string& cookie) {
    auto session = ask("GET", "/api/v1/session", {{"cookie", cookie}});
    return {{"cookie", cookie}, {"x-csrf-token", member(session.body, "csrf")}};
  }
  static std::string cookie_of(const http::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value.substr(0, value.find(';'));
    }
    return {};
  }
  static std::string member(const std::string& json, std::string_view name) {
    simdjson::dom::parser parser;
    std::string_view text;
    auto root = parser.parse(json);
    return root[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
  }
  std::string told() {  // who: call object = outcome, oldest first
    std::string all;
    auto rows = *audit->list({.limit = 1000});
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      all +=
          row->act.who + ": " + row->act.call + ' ' + row->act.object + " = " + row->outcome + '\n';
    }
    return all;
  }
};

// Ids of a list answer.
std::vector<std::string> ids_of(const std::string& json) {
  simdjson::dom::parser parser;
  std::vector<std::string> ids;
  simdjson::dom::array items;
  if (parser.parse(json)["items"].get(items) != simdjson::SUCCESS) return ids;
  for (auto item : items) ids.emplace_back(std::string_view(item["id"]));
  return ids;
}

}  // namespace

TEST_CASE("a password signs in, and every try is in the audit without what was typed") {
  House house;
  CHECK(house.sign_in("ana", "wrong wrong wrong").status == 403);
  CHECK(house.sign_in("hunter2 hunter2", good).status == 403);
  auto answer = house.sign_in("ANA", good);
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"signed_in":true})");
  CHECK(house.told() ==
        "ana: sign-in password = denied: the name, the password or the code is wrong\n"
        "(unknown): sign-in password = denied: the name, the password or the code is wrong\n"
        "ana: sign-in password = done\n");
  auto session = house.ask("GET", "/api/v1/session", {{"cookie", House::cookie_of(answer)}});
  CHECK(House::member(session.body, "user") == "ana");
  CHECK(House::member(session.body, "how") == "password");
}

TEST_CASE(
    "a cookie that was set before signing in is not adopted, and another site cannot sign in") {
  House house;
  auto answer = house.sign_in("ana", good, "", {{"cookie", "tocsin_session=planted"}});
  CHECK(answer.status == 200);
  CHECK(House::cookie_of(answer) != "tocsin_session=planted");
  CHECK(house.ask("GET", "/api/v1/session", {{"cookie", "tocsin_session=planted"}}).status == 401);
  CHECK(house.sign_in("ana", good, "", {{"sec-fetch-site", "cross-site"}}).status == 403);
  // The next sign-in of the same browser ends the session before.
  std::string first = House::cookie_of(answer);
  CHECK(house.sign_in("bo", good, "", {{"cookie", first}}).status == 200);
  CHECK(house.ask("GET", "/api/v1/session", {{"cookie", first}}).status == 401);
}

TEST_CASE("guessing at an account from many addresses, or from one, ends in 429") {
  House house;
  auto guess = [&](int i, std::string_view user) {
    json::Writer w;
    w.object().member("user", user).member("password", "wrong wrong wrong").end();
    return house.ask("POST", "/api/v1/session", {}, w.text(), "198.51.100." + std::to_string(i));
  };
  for (int i = 0; i < 10; ++i) CHECK(guess(i, "ana").status == 403);
  CHECK(guess(50, "ANA").status == 429);
  CHECK(guess(51, "nobody-here").status == 403);
  CHECK(guess(52, "bo").status == 403);
  for (int i = 0; i < 9; ++i) guess(52, "u" + std::to_string(i));
  auto held = guess(52, "x");
  CHECK(held.status == 429);
  CHECK(held.headers.back().first == "Retry-After");
  // An unknown name is held like a known one: nothing tells which there are.
  for (int i = 100; i < 109; ++i) CHECK(guess(i, "nobody-here").status == 403);
  CHECK(guess(110, "nobody-here").status == 429);
}

TEST_CASE("a second factor is set up, asked for, and cannot be used twice") {
  House house;
  auto ana = house.browser("ana");
  CHECK(house.ask("POST", "/api/v1/profile/totp", ana, R"({"password":"wrong"})").status == 403);
  auto begun = house.ask("POST", "/api/v1/profile/totp", ana,
                         R"({"password":")" + std::string(good) + "\"}");
  CHECK(begun.status == 200);
  CHECK(House::member(begun.body, "uri").starts_with("otpauth://totp/Tocsin%20CERT%20Alfa:ana?"));
  CHECK_FALSE(begun.compress);
  std::string secret;  // back from base32
  unsigned bits = 0, kept = 0;
  for (char c : House::member(begun.body, "secret")) {
    bits = bits << 5 | static_cast<unsigned>(c >= 'A' ? c - 'A' : c - '2' + 26);
    if ((kept += 5) >= 8) secret += static_cast<char>(bits >> (kept -= 8) & 255);
  }
  auto code = [&] {
    return totp::code(secret, static_cast<std::uint64_t>(house.now / totp::step_us));
  };
  CHECK(house.ask("POST", "/api/v1/profile/totp/confirm", ana, R"({"totp":"000000"})").status ==
        403);
  auto on = house.ask("POST", "/api/v1/profile/totp/confirm", ana, R"({"totp":")" + code() + "\"}");
  CHECK(on.status == 200);
  house.now += 60 * us_per_s;
  auto half = house.sign_in("ana", good);
  CHECK(half.body == R"({"next":"totp","signed_in":false})");
  CHECK(House::cookie_of(half) == "");
  CHECK(house.sign_in("ana", good, "123456").status == 403);
  std::string once = code();
  CHECK(house.sign_in("ana", good, once).status == 200);
  CHECK(house.sign_in("ana", good, once).status == 403);
  CHECK_FALSE(house.told().contains(once));
  CHECK_FALSE(house.told().contains(House::member(begun.body, "secret")));
}

TEST_CASE("with a start password nothing is open but changing it") {
  House house;
  auto ana = house.browser("ana");
  auto made = house.ask("POST", "/api/v1/users", ana, R"({"name":"eva","role":"viewer"})");
  CHECK(made.status == 201);
  std::string first = House::member(made.body, "start_password");
  auto eva = house.with_csrf(House::cookie_of(house.sign_in("eva", first)));
  CHECK(house.ask("GET", "/api/v1/findings", eva).status == 403);
  CHECK(house.ask("GET", "/api/v1/profile", eva).status == 200);
  auto change =
      R"({"old_password":")" + first + R"(","new_password":")" + std::string(good) + "\"}";
  CHECK(house.ask("POST", "/api/v1/profile/password", eva, change).status == 204);
  CHECK(house.ask("GET", "/api/v1/findings", eva).status == 200);
  CHECK_FALSE(house.told().contains(first));
}

TEST_CASE("another's sessions and tokens are as if they were not there, whatever id is asked for") {
  House house;
  auto ana = house.browser("ana"), bo = house.browser("bo"), cy = house.browser("cy");
  CHECK(house.ask("POST", "/api/v1/tokens", bo, R"({"name":"of bo"})").status == 201);
  CHECK(house.ask("POST", "/api/v1/tokens", cy, R"({"name":"of cy"})").status == 201);
  for (const char* list : {"/api/v1/sessions", "/api/v1/tokens"}) {
    auto of_bo = ids_of(house.ask("GET", list, bo).body);
    auto of_cy = ids_of(house.ask("GET", list, cy).body);
    REQUIRE(of_bo.size() == 1);
    REQUIRE(of_cy.size() == 1);
    CHECK(house.ask("GET", std::string(list) + "?all=true", cy).status == 403);
    CHECK(ids_of(house.ask("GET", std::string(list) + "?all=true", ana).body).size() >= 2);
    std::string nowhere = house.ask("DELETE", std::string(list) + "/x", cy).body;
    auto swapped = house.ask("DELETE", std::string(list) + '/' + of_bo[0], cy);
    CHECK(swapped.status == 404);
    CHECK(swapped.body.size() - of_bo[0].size() == nowhere.size() - 1);  // the same words
    CHECK(house.ask("DELETE", std::string(list) + '/' + of_cy[0], bo).status == 404);
    CHECK(ids_of(house.ask("GET", list, bo).body) == of_bo);
  }
  // The administrator may, and at once.
  auto session = ids_of(house.ask("GET", "/api/v1/sessions", bo).body)[0];
  auto stream = house.ask("GET", "/api/v1/stream", bo);
  REQUIRE(stream.events);
  CHECK(house.ask("DELETE", "/api/v1/sessions/" + session, ana).status == 204);
  CHECK(house.ask("GET", "/api/v1/session", bo).status == 401);
  CHECK(stream.events->ended());
}

TEST_CASE("a token has at most its maker's rights and end") {
  House house;
  auto bo = house.browser("bo"), ana = house.browser("ana");
  auto post = [&](const http::Fields& who, const std::string& body) {
    return house.ask("POST", "/api/v1/tokens", who, body);
  };
  CHECK(post(bo, R"({"name":"x","role":"administrator"})").status == 403);
  CHECK(post(bo, R"({"name":"x","role":"auditor"})").status == 403);
  CHECK(post(bo, R"({"name":"x","rights":["fly"]})").body.contains("no right 'fly'"));
  CHECK(post(bo, R"({"name":"x","user":"cy"})").status == 403);
  CHECK(post(ana, R"({"name":"x","role":"analyst","user":"cy"})").status == 403);
  auto made = post(bo, R"({"name":"x","rights":["read"],"expires":"2026-11-23"})");
  REQUIRE(made.status == 201);
  http::Fields token = {{"authorization", "Bearer " + House::member(made.body, "token")}};
  CHECK(house.ask("GET", "/api/v1/findings", token).status == 200);
  CHECK(house.ask("POST", "/api/v1/search", token, R"({"lines":["x"]})").status ==
        house.ask("POST", "/api/v1/search", bo, R"({"lines":["x"]})").status);
  CHECK(house.ask("POST", "/api/v1/reports?feed=x", token, "192.0.2.1").status == 403);
  // Nor does it make others: who has stolen it shall not outlive it.
  CHECK(post(token, R"({"name":"child","role":"viewer"})").status == 403);
  house.now = start + 2 * us_per_day;
  CHECK(house.ask("GET", "/api/v1/findings", token).status == 401);
}

TEST_CASE("whose role changes or who is disabled feels it at once") {
  House house;
  auto ana = house.browser("ana"), bo = house.browser("bo");
  CHECK(house.ask("POST", "/api/v1/users/ana/role", ana, R"({"role":"viewer"})")
            .body.contains("last administrator"));
  CHECK(house.ask("POST", "/api/v1/users/bo/role", ana, R"({"role":"administrator"})").status ==
        204);
  CHECK(house.ask("GET", "/api/v1/users", bo).status == 200);
  CHECK(house.ask("POST", "/api/v1/users/bo/role", ana, R"({"role":"viewer"})").status == 204);
  CHECK(house.ask("GET", "/api/v1/users", bo).status == 403);
  auto stream = house.ask("GET", "/api/v1/stream", bo);
  CHECK(house.ask("POST", "/api/v1/users/bo/disable", ana).status == 204);
  CHECK(stream.events->ended());
  CHECK(house.ask("GET", "/api/v1/session", bo).status == 401);
  CHECK(house.sign_in("bo", good).status == 403);
  CHECK(house.ask("DELETE", "/api/v1/users/ana", ana).body.contains("last administrator"));
}

TEST_CASE("a proxy's header signs in from the proxy's address and from nowhere else") {
  House house({.requests_per_s = 100'000,
               .proxy = {.from = {*ip::parse_network("192.0.2.1")},
                         .user_header = "x-remote-user",
                         .groups_header = "x-remote-groups",
                         .roles = {.by_group = {{"cert", Role::analyst}}}}});
  http::Fields eva = {{"x-remote-user", "eva"},
                      {"x-remote-groups", "staff, cert"},
                      {"x-forwarded-for", "203.0.113.9"}};
  CHECK(house.ask("GET", "/api/v1/signin/ways", eva).body.contains(R"("proxy":true)"));
  CHECK(house.ask("GET", "/api/v1/signin/ways", eva, "", "192.0.2.2")
            .body.contains(R"("proxy":false)"));
  CHECK(house.ask("GET", "/api/v1/signin/proxy", eva, "", "192.0.2.2").status == 403);
  CHECK(house.ask("GET", "/api/v1/session", eva).status == 401);  // the header alone is no session
  auto in = house.ask("GET", "/api/v1/signin/proxy", eva);
  CHECK(in.status == 303);
  auto asked = eva;
  asked.emplace_back("cookie", House::cookie_of(in));
  CHECK(House::member(house.ask("GET", "/api/v1/session", asked).body, "role") == "analyst");
  CHECK(house.told().contains("eva: sign-in proxy = done"));
  // Who calls himself as one of ours is not that one; who is in no group has no role.
  CHECK(house.ask("GET", "/api/v1/signin/proxy", {{"x-remote-user", "ana"}}).status == 403);
  CHECK(house.ask("GET", "/api/v1/signin/proxy", {{"x-remote-user", "gil"}}).status == 403);
  CHECK(house.ask("GET", "/api/v1/signin/proxy", {}).status == 403);
}

TEST_CASE("a provider signs in who began in this browser, with the role that his groups give") {
  test::OidcProvider provider;
  House house({.requests_per_s = 100'000, .oidc = provider.settings()});
  CHECK(House().ask("GET", "/api/v1/signin/oidc").status == 404);
  auto header = [](const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  auto begin = [&] {
    auto begun = house.ask("GET", "/api/v1/signin/oidc");
    REQUIRE(begun.status == 303);
    std::string url = header(begun, "Location");
    provider.claims_text =
        test::id_claims(provider.issuer, test::part_of(url, "nonce"), start + us_per_hour);
    CHECK(header(begun, "Set-Cookie").contains("; HttpOnly; SameSite=Lax"));
    return std::pair("/api/v1/signin/oidc/answer?code=right&state=" + test::part_of(url, "state"),
                     House::cookie_of(begun));
  };
  auto [answer, cookie] = begin();
  auto in = house.ask("GET", answer, {{"cookie", cookie}});
  CHECK(in.status == 303);
  CHECK(header(in, "Location") == "/");
  auto session = house.ask("GET", "/api/v1/session", {{"cookie", House::cookie_of(in)}});
  CHECK(House::member(session.body, "user") == "eva");
  CHECK(House::member(session.body, "role") == "analyst");
  CHECK(house.told().ends_with("eva: sign-in oidc = done\n"));
  CHECK(house.ask("GET", answer, {{"cookie", cookie}}).status == 403);  // once
  auto [stolen, of_another] = begin();
  CHECK(house.ask("GET", stolen).status == 403);
  auto page = house.ask("GET", stolen, {{"accept", "text/html"}});
  CHECK(header(page, "Location") == "/?signin=refused");
  REQUIRE(house.people->set_disabled("eva", true).has_value());
  auto [late, own] = begin();
  CHECK(house.ask("GET", late, {{"cookie", own}}).status == 403);
}

TEST_CASE("each change is written down before it happens; where that fails nothing happens") {
  House house;
  auto ana = house.browser("ana");
  auto stop = [&] {
    auto tables = *store::Tables::open(*house.journal, "test", {});
    return tables.write(
        [](store::Sqlite& db) { return db.run("ALTER TABLE audit RENAME TO gone"); });
  };
  CHECK(house.ask("POST", "/api/v1/feeds/n6/disable", ana).status == 200);
  CHECK(house.told().ends_with("ana: POST /api/v1/feeds/{name}/disable n6 = done\n"));
  REQUIRE(stop().has_value());
  house.backend.enabled = "";
  auto refused = house.ask("POST", "/api/v1/feeds/n6/disable", ana);
  CHECK(refused.status == 503);
  CHECK(refused.body.contains("the audit cannot be written"));
  CHECK(house.backend.enabled == "");
  CHECK(house.sign_in("bo", good).status == 503);
  CHECK(house.sign_in("bo", "wrong wrong wrong").status == 503);
  CHECK(house.ask("GET", "/api/v1/findings.csv", ana).status == 503);
  CHECK(house.ask("POST", "/api/v1/users", ana, R"({"name":"eva","role":"viewer"})").status == 503);
  CHECK_FALSE(house.people->named("eva").has_value());
  // Reading what is not marked above AMBER goes on.
  CHECK(house.ask("GET", "/api/v1/findings", ana).status == 200);
}

TEST_CASE("reads are written down only where they show something above AMBER") {
  House house;
  auto ana = house.browser("ana");
  std::string before = house.told();
  for (const char* target : {"/api/v1/feeds", "/api/v1/findings", "/api/v1/stats?cut=country"}) {
    CHECK(house.ask("GET", target, ana).status == 200);
  }
  CHECK(house.told() == before);  // the made-up findings are AMBER
  house.backend.tlp = Tlp::amber_strict;
  CHECK(house.ask("GET", "/api/v1/findings?q=type:spam", ana).status == 200);
  auto last = (*house.audit->list({.limit = 1}))[0];
  CHECK(last.act.call == "GET /api/v1/findings");
  CHECK(last.act.details == R"({"q":"type:spam","above_amber":2})");
  house.backend.tlp = Tlp::unmarked;
  before = house.told();
  CHECK(house.ask("GET", "/api/v1/findings", ana).status == 200);
  CHECK(house.told() != before);
}

TEST_CASE("refusals are written down, and those of nobody counted together") {
  House house;
  auto cy = house.browser("cy");
  for (int i = 0; i < 3; ++i) CHECK(house.ask("GET", "/api/v1/users", cy).status == 403);
  for (int i = 0; i < 500; ++i) house.ask("GET", "/api/v1/feeds");
  house.api->stop();
  std::string told = house.told();
  CHECK(told.contains("cy: GET /api/v1/users  = denied: 403\n"));
  auto rows = *house.audit->list({.outcome = "denied: 401"});
  REQUIRE(rows.size() <= 2);  // one a minute
  CHECK(rows[0].act.address == "192.0.2.1");
}

TEST_CASE("who asks faster than the configured pace is told when to come again") {
  House house({.requests_per_s = 2});
  auto ana = house.browser("ana");
  int held = 0;
  for (int i = 0; i < 20; ++i) held += house.ask("GET", "/api/v1/feeds", ana).status == 429 ? 1 : 0;
  CHECK(held >= 5);
}

}  // namespace tocsin::api
