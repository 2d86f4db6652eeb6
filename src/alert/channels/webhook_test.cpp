#include <filesystem>
#include <fstream>

#include "alert/channel.h"
#include "alert/letter.h"
#include "base/hmac.h"
#include "base/time.h"
#include "loopback.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::alert {
namespace {

policy::Outgoing letter(const std::string& url) {
  Finding f;
  f.key = {1, 2};
  f.type = Type::infected_system;
  f.subject_kind = SubjectKind::address;
  f.subject = "192.0.2.7";
  f.tlp = Tlp::green;
  auto cleared = *policy::clear(f, {"c_1", policy::Relation::affected, url}, {});
  return *hook_letter(std::span(&cleared, 1),
                      {.node = "Node", .message_id = "tocsin.1@example.org"});
}

struct Home {
  TemporaryFolder folder;
  Home() {
    std::filesystem::create_directory(folder.file("secrets"));
    std::string path = folder.file("secrets/alert-webhook");
    std::ofstream(path) << "a key of our own\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  }
};

Delivery sent(const Home& home, const std::string& url, bool allow_private = true) {
  Settings settings;
  settings.webhook.allow_private = allow_private;
  const auto* channel = channel_for("https://hooks.example.org/");
  REQUIRE(channel != nullptr);
  return channel->plugin.open({.settings = settings, .home = home.folder.path()})
      ->send(letter(url));
}

}  // namespace

TEST_CASE("a webhook's letter is signed with its time") {
  Home home;
  test::HttpServer server([](const test::HttpRequest&) { return test::answer(204, ""); });
  CHECK(sent(home, server.url("/hook")).result == Delivery::Result::done);
  auto request = server.requests().at(0);
  std::string at = request.header("x-tocsin-timestamp");
  CHECK(std::abs(*text::signed_number(at) - times::now() / us_per_s) < 60);
  CHECK(request.header("x-tocsin-delivery") == "tocsin.1@example.org");
  CHECK(request.header("x-tocsin-signature") ==
        "sha256=" + hex(hmac_sha256("a key of our own", at + "." + request.body)));
  CHECK(request.body.contains("\"subject\":\"192.0.2.7\""));
}

TEST_CASE("what a webhook answers decides whether it is tried again") {
  using enum Delivery::Result;
  Home home;
  for (auto [status, wanted] : {std::pair{200, done},
                                {503, later},
                                {429, later},
                                {404, never},
                                {401, never},
                                {302, never}}) {
    int answer = status;
    test::HttpServer server([answer](const test::HttpRequest&) {
      return test::answer(answer, "", answer == 302 ? "Location: /other\r\n" : "");
    });
    CAPTURE(status);
    CHECK(sent(home, server.url("/hook")).result == wanted);
    CHECK(server.requests().size() == 1);  // no redirect is followed
  }
}

TEST_CASE("a webhook into a private network is refused unless that is meant") {
  Home home;
  test::HttpServer server([](const test::HttpRequest&) { return test::answer(200, ""); });
  CHECK(sent(home, server.url("/hook"), false).result == Delivery::Result::never);
  CHECK(server.requests().empty());
}

TEST_CASE("the HMAC is that of RFC 4231, test case 2") {
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace tocsin::alert
