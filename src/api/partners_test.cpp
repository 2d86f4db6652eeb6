// Partners, agreements, requests and opinions over the API: two members, one of them behind it.
#include "api/api.h"
#include "api/fake_backend.h"
#include "api/openapi.h"
#include "base/json.h"
#include "policy/templates.h"
#include "share/certificates.h"
#include "share/shelf.h"
#include "share_member.h"
#include "test.h"

namespace tocsin::api {
namespace {

constexpr password::Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};

struct Table {
  Table() {
    of_near = *share::Agreements::open(
        {*near.journal, *near.partners, [this] { return net.now.load(); }});
    of_far =
        *share::Agreements::open({*far.journal, *far.partners, [this] { return net.now.load(); }});
    near_requests = *share::Requests::open(parts(near, *of_near));
    far_requests = *share::Requests::open(parts(far, *of_far));
    auto now = [this] { return net.now.load(); };
    near_opinions = *share::Opinions::open({*near.journal, *near.partners, *of_near, now});
    far_opinions = *share::Opinions::open({*far.journal, *far.partners, *of_far, now});
    backend.known_requests = near_requests.get();
    backend.known_opinions = near_opinions.get();
    backend.known_partners = near.partners.get();
    backend.known_agreements = of_near.get();
    auto people = *People::open(*near.journal, std::string(32, 'k'), cheap);
    auto store = *Tokens::open(token_store_in_memory());
    for (Role role : {Role::viewer, Role::analyst, Role::agreement_editor, Role::administrator}) {
      REQUIRE(people->add(name(role), role, "a password for a test", net.now).has_value());
      ids[role] = people->named(name(role))->id;
      TokenRow wish{.name = std::string(name(role)), .owner = ids[role]};
      wish.role = role;
      tokens[role] = store->create(wish, net.now)->token;
    }
    Door door{.tokens = std::move(store),
              .people = std::move(people),
              .audit = *audit,
              .settings = {.requests_per_s = 100'000}};
    api = std::make_unique<Api>(backend, std::move(door), metrics, std::span<const ConsoleFile>(),
                                [this] { return net.now.load(); });
  }

  share::Requests::Parts parts(share::TestMember& member, share::Agreements& agreements) {
    return {.journal = *member.journal,
            .partners = *member.partners,
            .agreements = agreements,
            .now = [this] { return net.now.load(); },
            .may_mail = [](const share::Request&) { return Result<void>(); },
            .mail_domain = "near.example.org"};
  }
  // An agreement between the two, in force.
  void agree() {
    share::befriend(near, far);
    auto party = [](const share::TestMember& m) {
      policy::Party p{.id = m.member, .name = "CERT", .country = *Country::parse("BR")};
      p.keys = {m.self().key};
      return p;
    };
    auto terms = policy::from_template("cert-cert", "near.far", {party(near), party(far)}, net.now,
                                       net.now + 365 * us_per_day);
    REQUIRE(terms.has_value());
    auto proposed = of_near->propose(policy::agreement_json(*terms, true), "ana");
    REQUIRE(proposed.has_value());
    REQUIRE(of_near->sign(proposed->address, "alex").has_value());
    REQUIRE(near.partners->deliver() == 0);
    REQUIRE(of_far->sign(proposed->address, "bo").has_value());
    REQUIRE(of_far->sign(proposed->address, "eva").has_value());
    REQUIRE(far.partners->deliver() == 0);
  }

  http::Response ask(std::string_view method, std::string_view target, std::string body = {},
                     Role role = Role::agreement_editor) {
    http::Request request;
    request.method = method;
    REQUIRE(http::read_target(target, request).has_value());
    request.peer.ip = "192.0.2.1";
    if (role != Role::nobody)
      request.headers.emplace_back("authorization", "Bearer " + tokens[role]);
    http::Admission admission = api->admit(request);
    if (admission.refusal) return *admission.refusal;
    request.body = std::move(body);
    auto response = admission.handle(request);
    return response ? *response : http::problem(response.error());
  }
  // A member of the answer, of the form /items/0/state; "" if it is not there.
  std::string told(const http::Response& response, const char* pointer) {
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    std::string_view text;
    REQUIRE(!parser.parse(response.body).get(answer));
    return answer.at_pointer(pointer).get(text) ? std::string() : std::string(text);
  }

  share::TestNet net;
  share::TestMember near{"near.example.org", net}, far{"far.example.org", net};
  std::unique_ptr<share::Agreements> of_near, of_far;
  std::unique_ptr<share::Requests> near_requests, far_requests;
  std::unique_ptr<share::Opinions> near_opinions, far_opinions;
  FakeBackend backend;
  Metrics metrics;
  std::map<Role, std::string> tokens, ids;  // ids: of their users
  std::unique_ptr<store::Audit> audit = *store::Audit::open(*near.journal);
  std::unique_ptr<Api> api;
};

}  // namespace

TEST_CASE("a partner is invited, compared and stopped over the API") {
  Table t;
  CHECK(t.ask("POST", "/api/v1/partners/invitations", R"({"days":32})").status == 400);
  CHECK(t.ask("POST", "/api/v1/partners/invitations", R"({})", Role::viewer).status == 403);
  auto invited = t.ask("POST", "/api/v1/partners/invitations", R"({"note":"far"})");
  REQUIRE(invited.status == 200);
  REQUIRE(t.far.partners->join(t.told(invited, "/code"), "bo").has_value());
  auto list = t.ask("GET", "/api/v1/partners");
  CHECK(t.told(list, "/items/0/state") == "to-compare");
  CHECK(t.told(list, "/self/member") == "near.example.org");
  CHECK(t.told(t.ask("GET", "/api/v1/partners/invitations"), "/items/0/state") == "used");
  std::string path = "/api/v1/partners/far.example.org";
  CHECK(t.ask("POST", path + "/compare", R"({"fingerprint":"1 2 3 4 5"})").status == 403);
  std::string fingerprint = t.told(list, "/items/0/fingerprint");
  auto compared = t.ask("POST", path + "/compare", R"({"fingerprint":")" + fingerprint + "\"}");
  CHECK(t.told(compared, "/state") == "compared");
  CHECK(!t.told(t.ask("POST", path + "/tokens"), "/token").empty());
  CHECK(t.ask("POST", path + "/stop", "{}").status == 400);
  CHECK(t.told(t.ask("POST", path + "/stop", R"({"why":"they left"})"), "/state") == "stopped");
  auto shown = t.ask("GET", path);
  CHECK(t.told(shown, "/acts/0/words") == "they left");
  CHECK(t.told(shown, "/by") == "agreement-editor");
  CHECK(t.ask("GET", "/api/v1/partners/nobody.example.org").status == 404);
}

TEST_CASE("what is said without a key that fits is refused, counted and written down") {
  Table t;
  CHECK(t.ask("POST", "/api/v1/partners/statements", "{}", Role::nobody).status == 400);
  auto stranger = *SigningKey::from_seed(std::string(32, 's'));
  std::string said = share::statement_json(share::signed_statement(
      "key-change", "far.example.org", t.net.now, {{"to", "near.example.org"}}, stranger));
  int denied = 0;
  for (int i = 0; i < 30 && denied == 0; ++i) {
    int status = t.ask("POST", "/api/v1/partners/statements", said, Role::nobody).status;
    CHECK((status == 403 || status == 404 || status == 400 || status == 429));
    denied += status == 429;
  }
}

TEST_CASE("an agreement is proposed, signed by two persons, suspended and ended over the API") {
  Table t;
  share::befriend(t.near, t.far);
  auto party = [](const share::TestMember& m) {
    policy::Party p{.id = m.member, .name = "CERT", .country = *Country::parse("BR")};
    p.keys = {m.self().key};
    return p;
  };
  auto terms = policy::from_template("cert-cert", "near.far", {party(t.near), party(t.far)},
                                     t.net.now, t.net.now + 365 * us_per_day);
  REQUIRE(terms.has_value());
  auto draft = t.ask("POST", "/api/v1/agreements/draft",
                     R"({"template":"cert-cert","id":"drafted","partner":"far.example.org",)"
                     R"("until":"2027-11-23T00:00:00Z"})",
                     Role::viewer);
  REQUIRE_MESSAGE(draft.status == 200, draft.body);
  CHECK(t.told(draft, "/hindrance").empty());
  CHECK(t.told(draft, "/clauses/0/name") == "parties");
  CHECK(t.told(draft, "/toml").contains("far.example.org"));
  CHECK(t.told(t.ask("GET", "/api/v1/agreements"), "/items/0/id").empty());  // nothing is kept

  std::string body = R"({"agreement":)";
  json::append_string(body, policy::agreement_toml(*terms));
  auto proposed = t.ask("POST", "/api/v1/agreements", body + "}");
  REQUIRE_MESSAGE(proposed.status == 200, proposed.body);
  CHECK(t.told(proposed, "/standing") == "proposed");
  std::string path = "/api/v1/agreements/near.far";
  auto would = t.ask("POST", "/api/v1/agreements/explain",
                     R"({"partner":"far.example.org","item":"{\"tlp\":\"green\"}",)"
                     R"("feed_may_pass_on":true})");
  CHECK(t.told(would, "/items/0/decision/reason") == "released");  // as it would run
  CHECK(would.body.contains(R"("released":false,"took_ms")"));     // nobody has signed
  CHECK(t.ask("POST", path + "/sign").status == 200);
  CHECK(t.told(t.ask("POST", path + "/sign"), "/parties/0/signed").empty());  // the same person
  auto both = t.ask("POST", path + "/sign", "", Role::administrator);
  CHECK(!t.told(both, "/parties/0/signed").empty());
  REQUIRE(t.near.partners->deliver().has_value());
  std::string address = t.told(both, "/address");
  REQUIRE(t.of_far->sign(address, "bo").has_value());
  REQUIRE(t.of_far->sign(address, "eva").has_value());
  REQUIRE(t.far.partners->deliver().has_value());
  CHECK(t.told(t.ask("GET", path), "/standing") == "active");
  auto may = [&](const std::string& item, std::string_view more = "") {
    std::string asked = R"({"partner":"far.example.org","item":)";
    json::append_string(asked, item);
    return t.ask("POST", "/api/v1/agreements/explain", asked + std::string(more) + "}");
  };
  auto green = may(R"({"kind":"event","tlp":"green"})", R"(,"feed_may_pass_on":true)");
  REQUIRE_MESSAGE(green.status == 200, green.body);
  CHECK(green.body.contains(R"("released":true,"took_ms")"));
  CHECK(t.told(green, "/items/0/decision/reason") == "released");
  std::string event = R"({"classification":{"type":"scanner"},"tlp":"red",)"
                      R"("source":{"ip":"192.0.2.1","geolocation":{"cc":"BR"}}})";
  auto red = may(event);
  CHECK(red.body.contains(R"("released":false,"took_ms")"));
  CHECK(t.told(red, "/item/type") == "scanner");
  CHECK(t.told(red, "/item/country") == "BR");
  CHECK(t.told(red, "/items/0/decision/reason") == "tlp-red");
  std::string finding = finding_id(FakeBackend::row().finding.key);
  CHECK(t.told(may(finding), "/items/0/decision/reason") == "feed-does-not-say");
  CHECK(t.told(may(finding), "/item/kind") == "finding");
  CHECK(may("no id").status == 400);
  CHECK(may("{}").status == 200);
  CHECK(t.ask("POST", path + "/suspend", "{}").status == 400);
  auto suspended = t.ask("POST", path + "/suspend", R"({"why":"an incident"})");
  CHECK(t.told(suspended, "/standing") == "suspended");
  CHECK(t.told(t.ask("POST", path + "/resume"), "/standing") == "active");
  CHECK(t.ask("POST", path + "/renew", R"({"until":"no time"})").status == 400);
  CHECK(t.told(t.ask("POST", path + "/end", R"({"why":"over"})"), "/standing") == "ended");
  CHECK(t.told(t.ask("POST", path + "/deleted"), "/deleted/0/member") == "near.example.org");
  CHECK(t.ask("GET", "/api/v1/agreements/none").status == 404);
  REQUIRE(t.near.partners->stop("far.example.org", "ana", "for a test").has_value());
  CHECK(t.told(may("{}"), "/hindrance").contains("is stopped"));
}

TEST_CASE("what reaches nobody waits, and the list says so") {
  Table t;
  share::befriend(t.near, t.far);
  CHECK(!t.ask("GET", "/api/v1/partners").body.contains("waiting"));
  t.net.is_down = true;
  REQUIRE(t.ask("POST", "/api/v1/partners/key", R"({"days":1})", Role::administrator).status ==
          200);
  REQUIRE(t.near.partners->deliver().has_value());
  auto list = t.ask("GET", "/api/v1/partners");
  CHECK(list.body.contains(R"("waiting":1,"waiting_tries":1,)"));
  CHECK(t.told(list, "/items/0/waiting_why") == "the network is down");
}

TEST_CASE("templates stand in words, and a text that is none is refused") {
  Table t;
  auto list = t.ask("GET", "/api/v1/agreements/templates", "", Role::viewer);
  CHECK(t.told(list, "/items/1/name") == "cert-cert");
  CHECK(t.told(list, "/items/1/clauses/0/name") == "purposes");
  CHECK(t.ask("POST", "/api/v1/agreements/check", R"({"agreement":"no = agreement"})").status ==
        400);
  auto terms = R"({"template":"open","id":"x","partner":"nobody.example.org",)"
               R"("until":"2027-11-23T00:00:00Z"})";
  CHECK(t.ask("POST", "/api/v1/agreements/draft", terms).status == 400);
}

TEST_CASE("requests are made, answered and listed over the API") {
  Table t;
  t.agree();
  std::string wish =
      R"({"member":"far.example.org","kind":"take-down","subject":"HTTP://Bad.Example.org/a",)"
      R"("type":"phishing","words":"a bank's page","deadline":"2026-11-24T09:00:00Z"})";
  CHECK(t.ask("POST", "/api/v1/requests", wish, Role::viewer).status == 403);
  auto made = t.ask("POST", "/api/v1/requests", wish, Role::analyst);
  REQUIRE_MESSAGE(made.status == 200, made.body);
  CHECK(t.told(made, "/subject") == "http://bad.example.org/a");
  CHECK(t.told(made, "/sort") == "url");
  CHECK(t.told(made, "/tlp") == "amber");
  CHECK(t.told(made, "/by") == "analyst");
  std::string id = t.told(made, "/id"), path = "/api/v1/requests/" + id;
  CHECK(t.ask("POST", path + "/accept", "{}", Role::analyst).status == 403);
  REQUIRE(t.near.partners->deliver() == 0);
  t.net.now += 60 * us_per_s;
  REQUIRE(t.far_requests->act(id, {.act = "accept", .words = "soon"}, "bo").has_value());
  REQUIRE(t.far.partners->deliver() == 0);
  auto shown = t.ask("GET", path);
  CHECK(t.told(shown, "/state") == "accepted");
  CHECK(t.told(shown, "/acts/1/words") == "soon");
  CHECK(t.ask("POST", path + "/comment", R"({"words":"thanks"})", Role::analyst).status == 200);
  t.net.now += 2 * us_per_day;
  auto late = t.ask("GET", "/api/v1/requests?which=late");
  CHECK(late.body.contains(R"("late":true)"));
  CHECK(late.body.contains(R"("answer_p50_s":60)"));
  CHECK(t.told(t.ask("POST", path + "/withdraw", "{}"), "/state") == "withdrawn");
  CHECK(!t.ask("GET", "/api/v1/requests?which=late").body.contains(id));
  CHECK(t.ask("GET", "/api/v1/requests/ffff").status == 404);

  share::RequestAsk ours{.sort = "ip", .subject = "192.0.2.7", .tlp = Tlp::amber};
  REQUIRE(t.far_requests->ask("near.example.org", ours, "bo").has_value());
  REQUIRE(t.far.partners->deliver() == 0);
  std::string theirs =
      "/api/v1/requests/" + t.told(t.ask("GET", "/api/v1/requests?state=open"), "/items/0/id");
  CHECK(t.ask("POST", theirs + "/refuse", "{}").status == 400);
  CHECK(t.ask("POST", theirs + "/refuse", R"({"reason":"rain"})").status == 400);
  auto refused = t.ask("POST", theirs + "/refuse", R"({"reason":"no-mandate","words":"sorry"})");
  CHECK(t.told(refused, "/refusal") == "no-mandate");
}

TEST_CASE("who is no member is asked by mail, and wrong requests are refused") {
  Table t;
  t.agree();
  auto ask = [&](std::string body) { return t.ask("POST", "/api/v1/requests", std::move(body)); };
  auto mailed = ask(R"({"mail":"abuse@example.net","kind":"preserve","subject":"192.0.2.7"})");
  REQUIRE_MESSAGE(mailed.status == 200, mailed.body);
  CHECK(t.told(mailed, "/mail") == "queued");
  std::string path = "/api/v1/requests/" + t.told(mailed, "/id");
  CHECK(t.told(t.ask("POST", path + "/done", R"({"words":"they wrote"})"), "/state") == "done");
  CHECK(ask(R"({"kind":"preserve","subject":"192.0.2.7"})").status == 400);  // to nobody
  CHECK(ask(R"({"member":"far.example.org","mail":"a@example.net","kind":"confirm",)"
            R"("subject":"192.0.2.7"})")
            .status == 400);
  std::string to = R"({"member":"far.example.org",)";
  CHECK(ask(to + R"("kind":"arrest","subject":"192.0.2.7"})").status == 400);
  CHECK(ask(to + R"("kind":"confirm"})").status == 400);
  CHECK(ask(to + R"("kind":"confirm","subject":"192.0.2.7","tlp":"plaid"})").status == 400);
  CHECK(ask(to + R"("kind":"confirm","subject":"192.0.2.7","deadline":"soon"})").status == 400);
  CHECK(ask(to + R"("kind":"confirm","subject":"192.0.2.7","tlp":"red"})").status == 403);
  CHECK(ask(R"({"constituent":"c_999","kind":"confirm","subject":"192.0.2.7"})").status == 404);
}

TEST_CASE("opinions go and are listed over the API") {
  Table t;
  t.agree();
  std::string wish =
      R"({"member":"far.example.org","item":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",)"
      R"("opinion":"strongly-agree","words":"seen here too"})";
  CHECK(t.ask("POST", "/api/v1/opinions", wish, Role::viewer).status == 403);
  REQUIRE(t.ask("POST", "/api/v1/opinions", wish, Role::analyst).status == 200);
  CHECK(t.ask("POST", "/api/v1/opinions", R"({"member":"far.example.org","item":"x"})").status ==
        400);
  REQUIRE(t.near.partners->deliver() == 0);
  auto heard = t.far_opinions->list("", "near.example.org", 10);
  REQUIRE(heard.has_value());
  REQUIRE(heard->size() == 1);
  CHECK(heard->front().words == "seen here too");
  auto list = t.ask("GET", "/api/v1/opinions?partner=far.example.org");
  CHECK(t.told(list, "/items/0/opinion") == "strongly-agree");
}

TEST_CASE("a partner comes in by its certificate as by a token, also while it changes that") {
  Table t;
  t.agree();
  auto now = [&] { return t.net.now.load(); };
  auto offers = *store::Offers::open(t.near.home.file("offers.db"), now);
  auto shelves =
      *share::Shelves::open({.journal = *t.near.journal,
                             .partners = *t.near.partners,
                             .agreements = *t.of_near,
                             .offers = *offers,
                             .words = t.near.words,
                             .ledger = [] { return static_cast<share::Ledger*>(nullptr); },
                             .feed = [](auto) { return policy::FeedSays{}; },
                             .sensors = {},
                             .now = now,
                             .settings = {.title = "near"}});
  t.backend.known_shelves = shelves.get();
  auto ask = [&](const std::string& pin, const std::string& token = {}) {
    http::Request request{.method = "GET"};
    REQUIRE(http::read_target("/taxii2/tocsin/collections/", request).has_value());
    request.headers = {{"accept", "application/taxii+json;version=2.1"}};
    if (!pin.empty()) request.headers.emplace_back(http::client_pin, pin);
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    http::Admission admission = t.api->admit(request);
    return admission.refusal ? admission.refusal->status : admission.handle(request)->status;
  };
  std::string old = t.near.partner(t.far).pins.front(), fresh = hex(sha256("a new one"));
  CHECK(ask(old) == 200);
  CHECK(ask("") == 401);
  CHECK(ask(hex(sha256("a stranger's"))) == 401);
  CHECK(ask(old, "no token of its") == 401);  // what is said must be true

  auto near_hears = share::Certificates::open({*t.near.journal, *t.near.partners, now});
  auto far_tells = share::Certificates::open({*t.far.journal, *t.far.partners, now});
  CHECK(far_tells->work() == false);  // near knows it from the join
  REQUIRE(t.far.partners->introduce(t.far.self().profile, {fresh}).has_value());
  CHECK(ask(fresh) == 401);
  CHECK(far_tells->work() == true);
  CHECK(far_tells->work() == false);
  REQUIRE(t.far.partners->deliver() == 0);
  CHECK(ask(fresh) == 200);
  CHECK(ask(old) == 200);  // for a while both are its
  t.net.now += share::Certificates::overlap;
  CHECK(far_tells->work() == true);
  REQUIRE(t.far.partners->deliver() == 0);
  CHECK(ask(fresh) == 200);
  CHECK(ask(old) == 401);
  REQUIRE(t.near.partners->stop("far.example.org", "ana", "a test").has_value());
  CHECK(ask(fresh) == 401);
}

TEST_CASE("an emergency release takes a reason and two persons over the API") {
  Table t;
  t.agree();
  auto now = [&] { return t.net.now.load(); };
  auto offers = *store::Offers::open(t.near.home.file("offers.db"), now);
  std::unique_ptr<SigningKey> key;
  std::unique_ptr<share::Ledger> ledger;
  REQUIRE(t.near.partners
              ->with_key([&](const SigningKey& own) -> Result<void> {
                key = std::make_unique<SigningKey>(TRY(SigningKey::from_seed(own.seed())));
                ledger = TRY(share::Ledger::open(
                    {.journal = *t.near.journal, .node = t.near.member, .key = *key, .now = now}));
                return {};
              })
              .has_value());
  std::string item = "observed-data--00000000-0000-4000-8000-000000000001";
  auto exempt = [&](const std::string&, EventId event) -> Result<share::Emergencies::Exempt> {
    if (event != 31) return denied("no person may release it");
    return share::Emergencies::Exempt{.agreement = "near.far", .address = {}, .item = item};
  };
  auto emergencies = *share::Emergencies::open({.journal = *t.near.journal,
                                                .partners = *t.near.partners,
                                                .offers = *offers,
                                                .ledger = [&] { return ledger.get(); },
                                                .now = now,
                                                .exempt = exempt});
  CHECK(t.ask("GET", "/api/v1/emergencies").status == 404);  // a member of no network
  t.backend.known_emergencies = emergencies.get();
  const std::string path = "/api/v1/emergencies";
  auto body = [](std::string_view event, std::string_view why) {
    return fmt::format(R"({{"partner":"far.example.org","event":"{}","why":"{}"}})", event, why);
  };
  CHECK(t.ask("POST", path, body("1f", "it burns")).status == 400);
  CHECK(t.ask("POST", path, body("e_1f", "")).status == 400);
  CHECK(t.ask("POST", path, body("e_20", "it burns")).status == 403);
  CHECK(t.ask("POST", path, body("e_1f", "it burns"), Role::analyst).status == 403);
  auto made = t.ask("POST", path, body("e_1f", "it burns"));
  REQUIRE(made.status == 200);
  CHECK(t.told(made, "/state") == "open");
  CHECK(t.told(made, "/item") == item);
  CHECK(t.told(made, "/due") == times::format(t.net.now + us_per_day));
  CHECK(t.ask("POST", path + "/1/confirm").status == 403);  // the same person
  CHECK(t.ask("POST", path + "/2/confirm").status == 404);
  auto confirmed = t.ask("POST", path + "/1/confirm", "", Role::administrator);
  CHECK(t.told(confirmed, "/state") == "confirmed");
  CHECK(t.told(confirmed, "/confirmed_by") == "administrator");
  CHECK(t.ask("POST", path + "/1/recall", "{}").status == 400);
  CHECK(t.told(t.ask("POST", path + "/1/recall", R"({"why":"it was another"})"), "/state") ==
        "taken-back");
  auto list = t.ask("GET", path + "?partner=far.example.org");
  CHECK(t.told(list, "/items/0/why") == "it burns");
  CHECK(t.told(list, "/items/0/by") == "agreement-editor");
  CHECK(t.told(list, "/items/0/event") == "e_1f");

  auto statistics = *share::Statistics::open({.journal = *t.near.journal,
                                              .partners = *t.near.partners,
                                              .agreements = *t.of_near,
                                              .offers = *offers,
                                              .now = now});
  t.backend.known_statistics = statistics.get();
  Day day = times::day_of(t.net.now) - 1;
  REQUIRE(statistics->publish(day, {{"country.type", {{"BR", "scanner", 20}}}}).has_value());
  auto figures = t.ask("GET", "/api/v1/stats/partners?cut=country.type", "", Role::viewer);
  CHECK(t.told(figures, "/items/0/day") == times::format_day(day));
  CHECK(t.told(figures, "/items/0/group") == "BR");
  CHECK(t.told(figures, "/items/0/part") == "scanner");
}

}  // namespace tocsin::api
