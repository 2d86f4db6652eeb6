// Whom alerts went to about what a report said, told when it is taken back.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "api/answers.h"
#include "api/backend_node.h"
#include "loopback.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

// A mail server that takes each letter but those to later@example.org.
struct Mailbox {
  test::Loopback loopback{[](test::Connection& c) {
    c.send("220 mx.example.org\r\n");
    for (std::string line = c.line(); !line.empty(); line = c.line()) {
      if (line.starts_with("DATA")) {
        c.send("354 go on\r\n");
        while (c.open() && c.line() != ".") {
        }
      }
      c.send(line.starts_with("RCPT TO:<later@") ? "450 4.2.1 greylisted\r\n" : "250 fine\r\n");
    }
  }};
};

struct World {
  TemporaryFolder folder;
  Mailbox mailbox;
  std::unique_ptr<node::Node> node;

  World() { open(); }
  void open() {
    node.reset();
    std::string home = folder.file("home");
    std::filesystem::create_directories(home);
    std::ofstream(home + "/tocsin.toml") << fmt::format(R"([enrich]
location_database = "off"
[alert.mail]
server = "smtp://127.0.0.1:{}"
from = "cert@example.org"
tls = "none"
)",
                                                        mailbox.loopback.port());
    auto opened = node::Node::open({.home = home, .now = [] { return noon; }});
    REQUIRE_MESSAGE(opened, opened.error().what);
    node = *std::move(opened);
  }
  std::string take(std::initializer_list<const char*> addresses) {
    std::string events;
    for (const char* address : addresses) {
      events += fmt::format(
          R"({{"classification.type":"infected-system","time.source":"2026-01-01T10:00:00Z",)"
          R"("source.ip":"{}","malware.name":"mirai"}})"
          "\n",
          address);
    }
    auto receipt =
        node->intake().deliver({.name = "events", .format = "intelmq", .tlp = Tlp::green},
                               {.name = "events.json", .bytes = std::move(events)});
    REQUIRE(receipt);
    REQUIRE(node->wait_visible(std::chrono::seconds(20)));
    return fmt::format("r_{}", receipt->report);
  }
};

}  // namespace

TEST_CASE("a withdrawal names whom alerts of it went to, and nobody to whom none went") {
  World world;
  REQUIRE(
      world.node->alerts().book().import("name,prefixes,contacts\n"
                                         "Bank,192.0.2.0/26,soc@bank.example.org\n"
                                         "Later,192.0.2.64/26,later@example.org\n"
                                         "Other,192.0.2.128/26,soc@other.example.org\n"
                                         "Quiet,192.0.2.192/26,soc@quiet.example.org\n",
                                         {}, noon));
  std::string wrong = world.take({"192.0.2.7", "192.0.2.8", "192.0.2.70"});
  std::string right = world.take({"192.0.2.130"});
  auto& alerts = world.node->alerts();
  REQUIRE(alerts.dry_run("ana"));
  REQUIRE(alerts.switch_on("ana"));
  auto run = alerts.run(true);
  REQUIRE(run);
  CHECK(run->sent == 2);
  CHECK(run->later == 1);
  std::string unsent = world.take({"192.0.2.200"});  // its constituent's mail is tomorrow's

  NodeBackend backend(*world.node);
  auto done = backend.withdraw(wrong, "the provider took it back", "ana");
  REQUIRE(done);
  REQUIRE(done->told.size() == 1);
  CHECK(done->told[0].what == "alert");
  CHECK(done->told[0].whom == "Bank");
  CHECK(done->told[0].where == "soc@bank.example.org");
  CHECK(done->told[0].at == noon);
  CHECK(object_of(*done).text().contains("soc@bank.example.org"));
  CHECK(!object_of(*done).text().contains("later@"));
  CHECK(backend.withdraw(unsent, "wrong", "ana")->told.empty());

  // What was told stays told, also when the mail is another's by now.
  REQUIRE(alerts.book().import("name,prefixes,contacts\nBank,192.0.2.0/26,noc@bank.example.org\n",
                               {}, noon));
  world.open();
  NodeBackend after(*world.node);
  auto kept = after.withdrawal(wrong);
  REQUIRE(kept);
  REQUIRE(*kept);
  REQUIRE((*kept)->told.size() == 1);
  CHECK((*kept)->told[0].where == "soc@bank.example.org");
  auto other = after.withdraw(right, "wrong", "ana");
  REQUIRE(other);
  REQUIRE(other->told.size() == 1);
  CHECK(other->told[0].where == "soc@other.example.org");
}

}  // namespace tocsin::api
