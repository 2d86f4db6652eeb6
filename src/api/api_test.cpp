#include "api/api.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "alert/wording.h"
#include "api/fake_backend.h"
#include "api/openapi.h"
#include "api/schemas.h"
#include "base/gzip.h"
#include "base/http_client.h"
#include "base/text.h"
#include "ledger/log_file.h"
#include "model/explanations.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");

constexpr password::Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};
constexpr std::string_view password = "correct horse battery";

const std::string packed = gzip::pack("<html>console</html>");
const ConsoleFile files[] = {{"assets/a-1.js", "text/javascript", "js", "\"1\"", false},
                             {"index.html", "text/html", packed, "\"2\"", true}};

struct Desk {
  FakeBackend backend;
  Metrics metrics;
  std::map<Role, std::string> tokens;
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<store::Audit> audit = *store::Audit::open(*journal);
  People* people = nullptr;
  TimeUs at = now;
  std::unique_ptr<Api> api;

  Desk() {
    auto store = *Tokens::open(token_store_in_memory());
    for (Role role : roles_all) {
      if (role == Role::nobody) continue;
      TokenRow wish{.name = std::string(name(role)), .owner = std::string(local_user)};
      wish.role = role;
      tokens[role] = store->create(wish, now)->token;
    }
    Door door{.tokens = std::move(store),
              .people = *People::open(*journal, std::string(32, 'k'), cheap),
              .audit = *audit,
              .settings = {.requests_per_s = 100'000}};
    people = door.people.get();
    REQUIRE(people->add("n6", Role::viewer, password, now).has_value());
    api = std::make_unique<Api>(backend, std::move(door), metrics, files, [this] { return at; });
  }

  http::Response ask(std::string_view method, std::string_view target, Role role,
                     std::string body = {}, http::Fields headers = {}) {
    http::Request request;
    request.method = method;
    REQUIRE(http::read_target(target, request).has_value());
    request.headers = std::move(headers);
    request.peer.ip = "192.0.2.1";
    if (role != Role::nobody) {
      request.headers.emplace_back("authorization", "Bearer " + tokens[role]);
    }
    http::Admission admission = api->admit(request);
    if (admission.refusal) return *admission.refusal;
    if (body.size() > admission.body_max) return http::problem(413, "");
    request.body = std::move(body);
    auto response = admission.handle(request);
    return response ? *response : http::problem(response.error());
  }
  http::Response get(std::string_view target) { return ask("GET", target, Role::administrator); }
};

// A target that a route takes.
constexpr std::string_view bytes_sent = "192.0.2.1\n";

std::string target_of(const Route& route) {
  std::string target(route.pattern == "/*" ? "/findings" : route.pattern);
  std::string id =
      route.pattern.contains("/findings/") ? finding_id(FakeBackend::row().finding.key) : "n6";
  if (route.pattern.contains("/constituents/")) id = "c_12";
  if (route.pattern.contains("/alerts/{")) id = "a_7";
  bool numbered = false;  // what the bodies before it have made is number 1
  for (std::string_view kind : {"/mutes/", "/views/", "/cases/", "/acts/"}) {
    numbered = numbered || route.pattern.contains(kind);
  }
  if (numbered) id = "1";
  if (route.pattern.contains("/indicators/")) id = "i_1";
  if (auto at = target.find("{file}"); at != target.npos) {
    target.replace(at, 6, hex(sha256(bytes_sent)));
  }
  if (auto at = target.find("{index}"); at != target.npos) target.replace(at, 7, "1");
  for (std::string_view hole : {"{id}", "{name}"}) {
    if (auto at = target.find(hole); at != target.npos) target.replace(at, hole.size(), id);
  }
  if (route.pattern.ends_with("/search") && route.method == "GET") target += "?q=x";
  if (route.id == "attachCaseFile") target += "?name=list.txt";
  if (route.id == "replaceReport") target += "?reason=x";
  if (route.id == "proveLedger") target += "?first=1&second=2";
  if (route.id == "exportAccount") target += "?partner=b.example.org";
  if (route.id == "showStats") target += "?cut=country&per=month";
  return target;
}

// What b says of its exchange with the backend's member: nothing was got.
std::string account_sent() {
  auto key = *SigningKey::from_seed(std::string(32, 'b'));
  ledger::Leaf leaf{.at = FakeBackend::day_one,
                    .body = ledger::Opening{.node = "b.example.org", .key = key.public_key()}};
  ledger::Account account{.to = "a.example.org"};
  Sha256 hash = ledger::leaf_hash(ledger::leaf_text(leaf));
  account.head = ledger::signed_head("b.example.org", hash, {1, hash}, leaf.at + us_per_day, key);
  account.entries = {{.index = 0, .leaf = leaf, .hash = hash}};
  return ledger::account_text(account);
}

std::string body_of(const Route& route) {
  if (route.id == "compareLedgers") return account_sent();
  if (route.body == "LedgerKnown") return "{}";
  if (route.body == "ExpireAsk") return R"({"why":"over"})";
  if (route.body == "SightingAsk") return R"({"count":2,"text":"seen"})";
  if (route.body == "FalsePositiveAsk") return R"({"text":"our scanner"})";
  if (route.body == "bytes") return std::string(bytes_sent);
  if (route.body == "AcceptTerms") return R"({"accept_terms":true})";
  if (route.body == "SearchLines") return R"({"lines":["192.0.2.1"]})";
  if (route.body == "QuarantinePick") return R"({"feed":"n6"})";
  if (route.body == "SwitchWish") return R"({"on":true})";
  if (route.body == "AlertPick") return R"({"all":true})";
  if (route.body == "TriageChange") return R"({"verdict":"not-ours","tag":["a"],"note":"n"})";
  if (route.body == "TriageMany") return R"({"q":"","mute_until":"2d","mute_reason":"x"})";
  if (route.body == "MuteWish") return R"({"subject":"192.0.2.41","until":"2d","reason":"x"})";
  if (route.body == "ViewWish") return R"({"name":"mine","query":"q=a"})";
  if (route.body == "CaseWish") return R"({"title":"bank"})";
  if (route.body == "WithdrawAsk" || route.body == "ReplayAsk") return R"({"reason":"x"})";
  if (route.body == "SubjectAsk") return R"({"subject":"192.0.2.7"})";
  if (route.body == "EraseAsk") return R"({"subject":"192.0.2.7","reason":"x"})";
  if (route.body == "HoldAsk") return R"({"subject":"192.0.2.7","reason":"x"})";
  if (route.body == "SituationWish") return R"({"period":"2026-10"})";
  if (route.body == "NoteWish") return R"({"text":"called them"})";
  if (route.body == "TokenWish") return R"({"name":"x","role":"viewer"})";
  if (route.body == "SignIn") {
    return R"({"user":"n6","password":")" + std::string(password) + "\"}";
  }
  if (route.body == "UserWish") return R"({"name":"eva","role":"viewer"})";
  if (route.body == "RoleWish") return R"({"role":"analyst"})";
  if (route.body == "PasswordAgain") return R"({"password":"x"})";
  if (route.body == "TotpCode") return R"({"totp":"123456"})";
  if (route.body == "PasswordChange") return R"({"old_password":"x","new_password":"y"})";
  return {};
}

std::string field_of(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

// The first thing in `value` that its schema does not allow, with its path; "" if all is well.
// Members that the schema does not name are wrong too.
std::string misfit(simdjson::dom::element value, simdjson::dom::element schema,
                   simdjson::dom::element document, const std::string& path) {
  std::string_view ref, type;
  if (schema["$ref"].get(ref) == simdjson::SUCCESS) {
    return misfit(value, document.at_pointer(ref.substr(1)).value(), document, path);
  }
  if (schema["type"].get(type) != simdjson::SUCCESS) return {};
  if (type == "array") {
    if (!value.is_array()) return path + ": not a list";
    for (auto item : simdjson::dom::array(value)) {
      if (auto wrong = misfit(item, schema["items"], document, path + "[]"); !wrong.empty())
        return wrong;
    }
    return {};
  }
  if (type == "integer" && !value.is_int64() && !value.is_uint64()) return path + ": no integer";
  if (type == "number" && !value.is_number()) return path + ": no number";
  if (type == "boolean" && !value.is_bool()) return path + ": no boolean";
  if (type == "string") {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return path + ": no string";
    simdjson::dom::array choices;
    if (schema["enum"].get(choices) != simdjson::SUCCESS) return {};
    for (auto choice : choices) {
      if (std::string_view(choice) == text) return {};
    }
    return path + ": not among its choices: " + std::string(text);
  }
  if (type != "object") return {};
  if (!value.is_object()) return path + ": no object";
  simdjson::dom::element properties, others;
  bool is_map = schema["additionalProperties"].get(others) == simdjson::SUCCESS;
  if (schema["properties"].get(properties) != simdjson::SUCCESS && !is_map) return {};
  std::string last;
  for (auto member : simdjson::dom::object(value)) {
    std::string where = path + "." + std::string(member.key);
    if (last >= member.key) return where + ": keys are not sorted";
    last = member.key;
    simdjson::dom::element known;
    if (is_map) {
      known = others;
    } else if (properties[member.key].get(known) != simdjson::SUCCESS) {
      return where + ": not in the schema";
    }
    if (auto wrong = misfit(member.value, known, document, where); !wrong.empty()) return wrong;
  }
  simdjson::dom::array required;
  if (schema["required"].get(required) != simdjson::SUCCESS) return {};
  for (auto name : required) {
    simdjson::dom::element there;
    if (value[std::string_view(name)].get(there) != simdjson::SUCCESS) {
      return path + ": lacks " + std::string(std::string_view(name));
    }
  }
  return {};
}

// Compares a file of the repository with what it must be; TOCSIN_UPDATE=1 writes it instead.
void check_copy(const std::string& path, const std::string& wanted) {
  std::string file = std::string(TOCSIN_SOURCE_DIR) + "/" + path;
  if (std::getenv("TOCSIN_UPDATE")) std::ofstream(file, std::ios::binary) << wanted;
  std::ifstream in(file, std::ios::binary);
  std::string found{std::istreambuf_iterator<char>(in), {}};
  CHECK_MESSAGE(found == wanted,
                path << " is old: run TOCSIN_UPDATE=1 build/dev/unit_tests -tc='*copy*'");
}

}  // namespace

TEST_CASE("a page may ask whether somebody is signed in") {
  Desk desk;
  CHECK(desk.ask("GET", "/api/v1/session?optional=true", Role::nobody, "").status == 204);
  CHECK(desk.ask("GET", "/api/v1/session?optional=true", Role::viewer, "").status == 200);
  CHECK(desk.ask("GET", "/api/v1/session", Role::nobody, "").status == 401);
}

TEST_CASE("each role may call exactly what the table allows") {
  Desk desk;
  for (const Route& route : routes()) {
    for (Role role : roles_all) {
      CAPTURE(route.id);
      CAPTURE(name(role));
      auto response = desk.ask(route.method, target_of(route), role, body_of(route));
      bool refused = response.status == 401 || response.status == 403;
      bool is_sign_in = route.id == "signIn" || route.id.starts_with("signInBy");
      if (is_sign_in) continue;  // these refuse for want of a code
      // The desk's callers have tokens, which make and end none unless an administrator's.
      bool persons =
          route.id == "createToken" || route.id == "removeToken" || route.id == "endSession";
      CHECK(refused == !may(role, persons ? Right::administer : route.right));
      if (refused) CHECK(response.status == (role == Role::nobody ? 401 : 403));
    }
  }
}

TEST_CASE("what is marked above AMBER is written down when it is read, and nothing else") {
  Desk desk;
  std::string finding = "/api/v1/findings/" + finding_id(FakeBackend::row().finding.key);
  for (Tlp tlp : {Tlp::clear, Tlp::amber, Tlp::amber_strict, Tlp::red, Tlp::unmarked}) {
    desk.backend.tlp = tlp;
    for (const std::string& target :
         {std::string("/api/v1/findings"), finding, finding + "/why",
          std::string("/api/v1/situations/S-1"), std::string("/api/v1/search?q=192.0.2.1")}) {
      CAPTURE(name(tlp));
      CAPTURE(target);
      auto before = desk.audit->list({.limit = 1000})->size();
      CHECK(desk.ask("GET", target, Role::viewer).status == 200);
      auto rows = *desk.audit->list({.limit = 1000});
      REQUIRE(rows.size() == before + (tlp > Tlp::amber ? 1 : 0));
      if (tlp > Tlp::amber) CHECK(rows.front().act.details.contains("above_amber"));
    }
  }
}

TEST_CASE("the table of roles has its copy in the documents") {
  std::string text =
      "# Who may call what\n\n"
      "Made from the table of routes by the unit tests. What a right is for is told in "
      "src/api/access.h. The owner at the node's own socket is administrator. A token makes and "
      "removes no tokens and ends no sessions, unless it is an administrator's.\n\n"
      "| call | right |";
  std::string line = "\n|---|---|";
  for (Role role : roles_all) {
    text += " " + std::string(name(role)) + " |";
    line += "---|";
  }
  text += line + "\n";
  for (const Route& route : routes()) {
    text += "| " + std::string(route.method) + " " + std::string(route.pattern) + " | " +
            std::string(name(route.right)) + " |";
    for (Role role : roles_all) text += may(role, route.right) ? " yes |" : " |";
    text += "\n";
  }
  check_copy("docs/roles.md", text);
}

TEST_CASE("the OpenAPI document has its copy in the documents, and names each route once") {
  std::string document = openapi();
  check_copy("docs/openapi.json", document);
  simdjson::dom::parser parser;
  auto root = parser.parse(document);
  CHECK(std::string_view(root["openapi"]) == "3.1.0");
  std::set<std::string_view> ids;
  for (const Route& route : routes()) {
    CHECK(ids.insert(route.id).second);
    CHECK_FALSE(route.summary.empty());
    if (route.pattern == "/*") continue;
    simdjson::dom::element operation;
    CHECK(root["paths"][route.pattern][text::lower(route.method)].get(operation) ==
          simdjson::SUCCESS);
    bool known = route.answer.empty() || route.answer == "text" || route.answer == "bytes";
    bool body_known = route.body.empty() || route.body == "bytes";
    for (const Schema& schema : schemas()) {
      known |= schema.name == route.answer;
      body_known |= schema.name == route.body;
    }
    CHECK_MESSAGE(known, route.answer);
    CHECK_MESSAGE(body_known, route.body);
  }
}

TEST_CASE("every answer has the shape that the OpenAPI document says") {
  Desk desk;
  simdjson::dom::parser parser, answers;
  std::string text = openapi();
  auto document = parser.parse(text).value();
  for (const Route& route : routes()) {
    bool is_json = route.media == "application/json" && !route.answer.empty();
    if (!is_json || route.answer == "Any") continue;
    // Of two members; told in the tests of partners.
    if (route.pattern.starts_with("/api/v1/partners") ||
        route.pattern.starts_with("/api/v1/agreements") ||
        route.pattern.starts_with("/api/v1/requests") ||
        route.pattern.starts_with("/api/v1/opinions") ||
        route.pattern.starts_with("/api/v1/emergencies") ||
        route.pattern.starts_with("/api/v1/stats/partners"))
      continue;
    // Of one's own second factor; told in the tests of people.
    if (route.id == "beginTotp" || route.id == "confirmTotp") continue;
    CAPTURE(route.id);
    auto response = desk.ask(route.method, target_of(route), Role::administrator, body_of(route));
    CHECK(response.status == route.status);
    simdjson::dom::element answer;
    REQUIRE(answers.parse(response.body).get(answer) == simdjson::SUCCESS);
    auto schema = document["components"]["schemas"][route.answer].value();
    CHECK_MESSAGE(misfit(answer, schema, document, "").empty(), misfit(answer, schema, document, "")
                                                                    << " in " << response.body);
  }
}

TEST_CASE("what is not listed cannot be called") {
  Desk desk;
  CHECK(desk.get("/api/v1/nothing").status == 404);
  CHECK(desk.get("/api/v1").status == 404);
  CHECK(desk.ask("DELETE", "/api/v1/findings", Role::administrator).status == 405);
  CHECK(field_of(desk.ask("PUT", "/api/v1/session", Role::administrator), "Allow") ==
        "GET, POST, DELETE");
  CHECK(desk.ask("POST", "/anything", Role::administrator).status == 405);
  CHECK(desk.get("/api/v1/findings/").status == 404);
}

TEST_CASE("feeds and the catalogue come in pages, each of them once") {
  Desk desk;
  desk.backend.feeds_count = 5;
  for (std::string path : {"/api/v1/feeds", "/api/v1/catalogue"}) {
    CAPTURE(path);
    std::vector<std::string> names, sizes;
    std::string_view next;
    simdjson::dom::parser parser;
    do {
      auto response = desk.get(path + "?limit=2&cursor=" + std::string(next));
      REQUIRE(response.status == 200);
      simdjson::dom::element page = parser.parse(response.body).value();
      CHECK(std::uint64_t(page["total"]) == 5);
      for (auto item : simdjson::dom::array(page["items"]))
        names.emplace_back(std::string_view(item["name"]));
      sizes.push_back(std::to_string(simdjson::dom::array(page["items"]).size()));
      if (page["next"].get(next) != simdjson::SUCCESS) next = {};
    } while (!next.empty());
    CHECK(names == std::vector<std::string>{"n6", "n61", "n62", "n63", "n64"});
    CHECK(sizes == std::vector<std::string>{"2", "2", "1"});
    CHECK(desk.get(path + "?limit=0").status == 400);
    CHECK(desk.get(path + "?limit=1001").status == 400);
    desk.backend.feeds_count = 60;
    CHECK(simdjson::dom::array(parser.parse(desk.get(path).body)["items"]).size() == 50);
    desk.backend.feeds_count = 5;
  }
}

TEST_CASE("wrong parameters are named") {
  Desk desk;
  auto detail = [&](std::string_view target) { return desk.get(target).body; };
  CHECK(detail("/api/v1/findings?colour=red").contains("no parameter 'colour' here"));
  CHECK(detail("/api/v1/findings?limit=many").contains("parameter 'limit' must be a number"));
  CHECK(detail("/api/v1/findings?limit=1001").contains("from 1 to 1000"));
  CHECK(detail("/api/v1/findings?limit=5&limit=6").contains("stands twice"));
  CHECK(detail("/api/v1/findings?sort=colour").contains("must be one of last|first"));
  CHECK(detail("/api/v1/findings?q=sevrity:high").contains("did you mean 'severity'?"));
  CHECK(detail("/api/v1/events?since=yesterday").contains("must be a time"));
  CHECK(detail("/api/v1/events?since=2026-02-01&until=2026-01-01").contains("must be before"));
  CHECK(detail("/api/v1/stats").contains("parameter 'cut' is missing"));
  CHECK(detail("/api/v1/stats?cut=shoe-size").contains("must be one of country|"));
  CHECK(detail("/api/v1/stats?cut=country&country=Brazil").contains("two letters"));
  CHECK(detail("/api/v1/stats?cut=country&type=flu").contains("no type 'flu'"));
  CHECK(desk.get("/api/v1/findings/f_1").status == 404);
  CHECK(desk.get("/api/v1/feeds/other").status == 404);
  CHECK(desk.get("/api/v1/findings?q=type:spam&sort=times&order=asc&limit=7&offset=3").status ==
        200);
  CHECK(desk.backend.last_findings.limit == 7);
  CHECK(desk.backend.last_findings.offset == 3);
  CHECK(desk.backend.last_findings.ascending);
  CHECK(store::format(desk.backend.last_findings.filter) == "type:spam");
}

TEST_CASE("wrong bodies are named") {
  Desk desk;
  auto post = [&](std::string_view target, std::string body) {
    return desk.ask("POST", target, Role::administrator, std::move(body)).body;
  };
  CHECK(post("/api/v1/tokens", "").contains("a JSON object is needed"));
  CHECK(post("/api/v1/tokens", "[1]").contains("not a JSON object"));
  CHECK(post("/api/v1/tokens", R"({"nome":"x"})").contains("no member 'nome' here"));
  CHECK(post("/api/v1/tokens", R"({"name":"x","role":"king"})").contains("no role 'king'"));
  CHECK(post("/api/v1/tokens", R"({"name":1,"role":"viewer"})").contains("must be a string"));
  CHECK(post("/api/v1/search", R"({"lines":"x"})").contains("must be a list of at most 500"));
  CHECK(post("/api/v1/feeds/n6/enable", "{}").contains("its terms must be accepted"));
  CHECK(post("/api/v1/quarantine/drop", "{}").contains("name a feed"));
  CHECK(post("/api/v1/reports", "").contains("the report is empty"));
  for (std::string_view call : {"reports?feed=x&", "preview?", "reports/r_1/replace?reason=x&"}) {
    for (std::string_view path : {"/etc/shadow", "../x", "own.toml"}) {
      std::string target = fmt::format("/api/v1/{}format={}", call, http::percent_encode(path));
      CHECK_MESSAGE(post(target, "x").contains("'format' takes the name of a format"), target);
    }
  }
  CHECK(post("/api/v1/reports/r_1/replay", R"({"reason":"x","format":"/etc/shadow"})")
            .contains("'format' takes the name of a format"));
  CHECK(post("/api/v1/reports?tlp=pink", "x").contains("no TLP label 'pink'"));
}

TEST_CASE("whoever accepts a feed's terms or turns it off is kept by name") {
  Desk desk;
  CHECK(desk.ask("POST", "/api/v1/feeds/n6/enable", Role::administrator, R"({"accept_terms":true})")
            .status == 200);
  CHECK(desk.backend.enabled == "n6 by administrator");
  CHECK(desk.ask("POST", "/api/v1/feeds/n6/enable", Role::administrator,
                 R"({"accept_terms":true,"username":"cert"})")
            .status == 200);
  CHECK(desk.backend.enabled == "n6 by administrator as cert");
  CHECK(desk.ask("POST", "/api/v1/feeds/n6/disable", Role::administrator, "{}").status == 200);
  CHECK(desk.backend.enabled == "off by administrator");
}

TEST_CASE("a browser signs in by the link, writes with its CSRF token, and signs out") {
  Desk desk;
  std::string code = desk.api->new_code(Role::administrator);
  CHECK(desk.ask("HEAD", "/signin?code=" + code, Role::nobody).status == 405);
  auto link = desk.ask("GET", "/signin?code=" + code, Role::nobody);
  CHECK(link.status == 303);
  CHECK(field_of(link, "Location") == "/");
  std::string cookie = field_of(link, "Set-Cookie");
  cookie = cookie.substr(0, cookie.find(';'));
  CHECK(desk.ask("GET", "/signin?code=" + code, Role::nobody).status == 403);

  auto session = desk.ask("GET", "/api/v1/session", Role::nobody, "", {{"cookie", cookie}});
  CHECK(session.status == 200);
  CHECK_FALSE(session.compress);
  CHECK(
      session.body.contains("\"geo_database\":{\"age_days\":1485,\"date\":\"2022-10-29\","
                            "\"old\":true}"));
  simdjson::dom::parser parser;
  std::string csrf(std::string_view(parser.parse(session.body)["csrf"]));
  auto run = [&](http::Fields headers) {
    return desk.ask("POST", "/api/v1/feeds/n6/run", Role::nobody, "", std::move(headers)).status;
  };
  CHECK(run({{"cookie", cookie}}) == 403);
  CHECK(run({{"cookie", cookie}, {"x-csrf-token", csrf}}) == 200);
  auto stream = desk.ask("GET", "/api/v1/stream", Role::nobody, "", {{"cookie", cookie}});
  REQUIRE(stream.events);
  auto out = desk.ask("DELETE", "/api/v1/session", Role::nobody, "",
                      {{"cookie", cookie}, {"x-csrf-token", csrf}});
  CHECK(out.status == 204);
  CHECK(stream.events->ended());
  CHECK(desk.ask("GET", "/api/v1/session", Role::nobody, "", {{"cookie", cookie}}).status == 401);
}

TEST_CASE("guessing codes ends in 429") {
  Desk desk;
  for (std::size_t i = 0; i < Brake::failures_max; ++i) {
    CHECK(desk.ask("POST", "/api/v1/session", Role::nobody, R"({"code":"guess"})").status == 403);
  }
  auto braked = desk.ask("POST", "/api/v1/session", Role::nobody, R"({"code":"guess"})");
  CHECK(braked.status == 429);
  CHECK_FALSE(field_of(braked, "Retry-After").empty());
  auto token = desk.ask("GET", "/api/v1/feeds", Role::viewer);
  CHECK(token.status == 200);  // a right one is not kept out
  auto page =
      desk.ask("GET", "/api/v1/session", Role::nobody, "", {{"authorization", "Bearer wrong"}});
  CHECK(page.status == 429);
}

TEST_CASE("downloads hold every page, and no cell that a spreadsheet runs") {
  Desk desk;
  auto read = [](http::Response response) {
    std::string all, piece;
    bool more = true;
    while (more) {
      piece.clear();
      more = *response.pieces(piece);
      all += piece;
    }
    return all;
  };
  auto csv = desk.get("/api/v1/findings.csv");
  CHECK(field_of(csv, "Content-Disposition") == "attachment; filename=\"findings-2026-11-22.csv\"");
  std::string text = read(csv);
  CHECK(text.starts_with("id,state,severity,subject,subject_kind,type,class,family"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  CHECK(read(desk.get("/api/v1/findings.jsonl")).contains("\"subject\":\"192.0.2.41\""));
  CHECK(read(desk.get("/api/v1/events.csv")).contains(",\"'=cmd\","));
  CHECK(read(desk.get("/api/v1/events.jsonl")).contains("\"id\":\"e_1\""));
}

TEST_CASE("the ledger comes with its proofs, and words of people to whom they are for") {
  Desk desk;
  simdjson::dom::parser parser;
  auto asked = [&](std::string_view method, std::string_view target, Role role,
                   std::string body = {}) {
    auto response = desk.ask(method, target, role, std::move(body));
    CAPTURE(response.body);
    CHECK(response.status == 200);
    return parser.parse(response.body).value();
  };
  auto page = asked("GET", "/api/v1/ledger?limit=3", Role::viewer);
  CHECK(std::string_view(page["items"].at(0)["kind"]) == "policy");
  CHECK(std::string_view(page["items"].at(2)["leaf"]["to"]) == "b.example.org");
  CHECK(std::string_view(page["next"]) == "1");
  page = asked("GET", "/api/v1/ledger?limit=3&cursor=1", Role::viewer);
  CHECK(page["items"].get_array().size() == 1);
  CHECK(asked("GET", "/api/v1/ledger?kind=release", Role::viewer)["items"].get_array().size() == 1);

  auto before = desk.audit->list({.limit = 1000})->size();
  auto entry = asked("GET", "/api/v1/ledger/3", Role::viewer);
  CHECK(entry["details"].error() == simdjson::NO_SUCH_FIELD);
  CHECK(desk.audit->list({.limit = 1000})->size() == before);
  entry = asked("GET", "/api/v1/ledger/3", Role::auditor);
  CHECK(std::string_view(entry["details"]) == "Ana Silva");
  CHECK(desk.audit->list({.limit = 1000})->size() == before + 1);
  auto head = *ledger::read_head(entry["head"].value());
  CHECK(ledger::is_signed(head));
  auto leaf = ledger::leaf_hash(simdjson::minify(entry["leaf"]));
  auto proof = *ledger::read_hashes(entry["proof"].value(), ledger::proof_max);
  CHECK(ledger::is_in(leaf, 3, head.tree, proof));
  CHECK(desk.ask("GET", "/api/v1/ledger/4", Role::viewer).status == 404);

  auto between = asked("GET", "/api/v1/ledger/proof?first=2", Role::viewer);
  auto path = *ledger::read_hashes(between["proof"].value(), ledger::proof_max);
  auto first = *ledger::read_head(asked("GET", "/api/v1/ledger/1", Role::viewer)["head"].value());
  CHECK(first.tree == head.tree);  // the newest one, always
  CHECK(path.size() == 1);

  std::string known = fmt::format(R"({{"known":["{}:{}"]}})", head.tree.size, hex(head.tree.root));
  CHECK(bool(asked("POST", "/api/v1/ledger/verify", Role::auditor, known)["good"]));
  known = fmt::format(R"({{"known":["9:{}"]}})", hex(head.tree.root));
  auto verdict = asked("POST", "/api/v1/ledger/verify", Role::auditor, known);
  CHECK(std::string_view(verdict["wrong"]) == "entry 4: it is missing: 9 entries were noted");
  CHECK(desk.ask("POST", "/api/v1/ledger/verify", Role::auditor, R"({"known":["x"]})").status ==
        400);

  auto file = desk.ask("GET", "/api/v1/ledger/export", Role::auditor);
  std::string log;
  while (*file.pieces(log)) {
  }
  CHECK(ledger::check_log(log)->tree == head.tree);
  auto account =
      desk.ask("GET", "/api/v1/ledger/account?partner=b.example.org&first=2", Role::administrator);
  CHECK(ledger::read_account(account.body)->since->tree.size == 2);

  auto compared = asked("POST", "/api/v1/ledger/compare", Role::administrator, account_sent());
  CHECK(!bool(compared["good"]));
  CHECK(std::string_view(compared["differences"].at(0)["what"]) ==
        "b.example.org has no receipt for it");
  CHECK(desk.ask("POST", "/api/v1/ledger/compare", Role::administrator, account.body).status ==
        400);
}

TEST_CASE("the console's files come as they are stored, and its own paths all lead to its page") {
  Desk desk;
  auto script = desk.ask("GET", "/assets/a-1.js", Role::nobody);
  CHECK(script.body == "js");
  CHECK(field_of(script, "Cache-Control").contains("immutable"));
  auto page = desk.ask("GET", "/findings/f_1", Role::nobody, "", {{"accept-encoding", "gzip"}});
  CHECK(field_of(page, "Content-Type") == "text/html");
  CHECK(field_of(page, "Content-Encoding") == "gzip");
  CHECK(field_of(page, "Cache-Control") == "no-cache");
  CHECK(page.body == packed);
  CHECK(desk.ask("GET", "/", Role::nobody).body == "<html>console</html>");
  CHECK(desk.ask("GET", "/", Role::nobody, "", {{"if-none-match", "\"2\""}}).status == 304);
  CHECK(desk.ask("GET", "/feeds/list.csv", Role::nobody).body == "<html>console</html>");
  CHECK(desk.ask("GET", "/assets/b-2.js", Role::nobody).status == 404);
  CHECK(desk.ask("GET", "/favicon.png", Role::nobody).status == 404);
  CHECK(desk.ask("GET", "/api/v2/feeds", Role::nobody).status == 404);
}

TEST_CASE("the live stream and the metrics work over a real connection") {
  Desk desk;
  http::ServerOptions options;
  options.done = [&](const http::Request&, int status, std::chrono::microseconds took) {
    desk.api->observe(status, took);
  };
  auto server = http::HttpServer::start(
      options, [&](const http::Request& head) { return desk.api->admit(head); });
  REQUIRE(server.has_value());
  auto client = http::HttpClient::tcp("127.0.0.1", (*server)->port());
  REQUIRE(client.has_value());
  http::Fields headers = {{"Authorization", "Bearer " + desk.tokens[Role::viewer]}};
  CHECK(client->call({.target = "/api/v1/session", .headers = headers})->status == 200);
  CHECK(client->call({.target = "/api/v1/session"})->status == 401);
  CHECK(client->call({.target = "/healthz"})->body == "ok\n");
  desk.backend.ready = false;
  CHECK(client->call({.target = "/readyz"})->status == 503);
  auto metrics = client->call({.target = "/metrics", .headers = headers});
  CHECK(metrics->body.contains("tocsin_http_requests_total{status=\"401\"} 1\n"));
  CHECK(client->call({.method = "POST", .target = "/api/v1/reports", .body = "x"})->status == 401);

  auto watcher = http::HttpClient::tcp("127.0.0.1", (*server)->port());
  std::string heard;
  auto ended = watcher->call(
      {.target = "/api/v1/stream", .headers = headers, .sink = [&](std::string_view piece) {
         heard += piece;
         if (heard.contains("event: counters")) return Result<void>(denied("enough"));
         return Result<void>();
       }});
  CHECK(ended.error().what == "enough");
  CHECK(heard.starts_with("retry: 2000\n\n"));
  desk.api->stop();
  (*server)->stop(std::chrono::seconds(2));
}

TEST_CASE("every type is explained in three lines, and open services by what they are") {
  auto english = alert::english();
  for (const std::string& key : explanation_keys()) {
    for (const char* line : {".what", ".meaning", ".first_step"})
      CHECK(english->say(key + line).ends_with('.'));
  }
  auto what = [&](Type type, std::string_view id) {
    return english->say(explanation_keys()[explanation_of(type, id)] + ".what");
  };
  CHECK(what(Type::potentially_unwanted_accessible, "open-rdp").contains("remote desktop"));
  CHECK(what(Type::scanner, "honeypot-rdp-scan") == what(Type::scanner, ""));
  CHECK(what(Type::vulnerable_system, "accessible-cisco-smart-install").contains("Cisco"));
  CHECK(what(Type::potentially_unwanted_accessible, "rdpx") ==
        what(Type::potentially_unwanted_accessible, ""));
  CHECK(what(Type::ddos, "amplification-ddos-victim").contains("target of a flood"));
}

}  // namespace tocsin::api
