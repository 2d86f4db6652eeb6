// The door of partners' programs that speak MISP.
#include <sodium.h>

#include "api/api.h"
#include "api/fake_backend.h"
#include "handout_world.h"
#include "share/misp_feeds.h"
#include "test.h"

namespace tocsin::api {
namespace {

constexpr password::Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};

struct Table : share::HandoutWorld {
  Table() {
    agree();
    take_in(2);
    feeds = *share::MispFeeds::open(*a.journal, *shelves, {});
    backend.known_partners = a.partners.get();
    backend.known_shelves = shelves.get();
    backend.known_misp = feeds.get();
    Door door{.tokens = *Tokens::open(token_store_in_memory()),
              .people = *People::open(*a.journal, std::string(32, 'k'), cheap),
              .audit = *audit,
              .settings = {.requests_per_s = 100'000}};
    api = std::make_unique<Api>(backend, std::move(door), metrics, std::span<const ConsoleFile>(),
                                clock());
    token = *a.partners->make_token(b.member, "ana");
  }
  http::Response ask(const std::string& authorization, std::string_view target,
                     const std::string& method = "GET") {
    http::Request request{.method = method};
    REQUIRE(http::read_target(target, request).has_value());
    request.peer.ip = "192.0.2.1";
    if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
    http::Admission admission = api->admit(request);
    if (admission.refusal) return *admission.refusal;
    CHECK(admission.body_max == 1 << 20);
    auto response = admission.handle(request);
    return response ? *response : http::problem(response.error());
  }
  static std::string basic(const std::string& of) {
    std::string out(sodium_base64_ENCODED_LEN(of.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(of.data()),
                      of.size(), sodium_base64_VARIANT_ORIGINAL);
    out.resize(out.find('\0'));
    return "Basic " + out;
  }

  std::unique_ptr<share::MispFeeds> feeds;
  FakeBackend backend;
  Metrics metrics;
  std::unique_ptr<store::Audit> audit = *store::Audit::open(*a.journal);
  std::unique_ptr<Api> api;
  std::string token;
};

}  // namespace

TEST_CASE("a partner's token opens MISP: bare, as a bearer and by Basic; nothing else does") {
  Table t;
  for (const std::string& right : {t.token, "Bearer " + t.token, Table::basic("x:" + t.token)}) {
    auto answer = t.ask(right, "/misp/manifest.json");
    CAPTURE(answer.body);
    CHECK(answer.status == 200);
    CHECK(answer.body.contains("integrity:sha256"));
  }
  for (const std::string& wrong : {std::string(), std::string("x"), t.token + "x",
                                   Table::basic(t.token), "Bearer" + t.token}) {
    auto answer = t.ask(wrong, "/misp/manifest.json");
    CHECK(answer.status == 401);
    CHECK(answer.body.contains("\"message\""));
  }
  CHECK(t.ask(t.token, "/taxii2/").status == 401);  // there it has a scheme
  CHECK(t.ask(t.token, "/misp/events/add", "POST").status == 403);
  REQUIRE(t.a.partners->stop(t.b.member, "ana", "over").has_value());
  CHECK(t.ask(t.token, "/misp/manifest.json").status == 401);
}

TEST_CASE("a node that is no member has no MISP") {
  Table t;
  t.backend.known_misp = nullptr;
  CHECK(t.ask(t.token, "/misp/manifest.json").status == 404);
}

}  // namespace tocsin::api
