#include "share/pushes.h"

#include <simdjson.h>

#include <set>

#include "base/text.h"
#include "handout_world.h"

namespace tocsin::share {
namespace {

struct World : HandoutWorld {
  void open(std::vector<Push> all, std::size_t events_max = 500) {
    pushes = good(Pushes::open({.journal = *a.journal,
                                .shelves = *shelves,
                                .all = std::move(all),
                                .post =
                                    [this](const Push&, const Pushes::Letter& letter) {
                                      releases_before.push_back(releases());
                                      tried.push_back(letter.body);
                                      deliveries.insert(letter.delivery);
                                      if (is_down) return Result<void>(unavailable("down"));
                                      arrived += letter.body;
                                      return Result<void>();
                                    },
                                .events_max = events_max}));
  }
  Push push(PushDialect dialect = PushDialect::tocsin) const {
    return {.name = "to-b",
            .member = b.member,
            .url = "https://b.example.org/in",
            .secret = "s",
            .agreement = {},
            .dialect = dialect};
  }
  void run() {
    while (good(pushes->send_due({}))) {
    }
  }
  std::size_t lines() const { return static_cast<std::size_t>(std::ranges::count(arrived, '\n')); }

  std::unique_ptr<Pushes> pushes;
  std::vector<std::string> tried;
  std::vector<std::size_t> releases_before;
  std::set<std::string> deliveries;
  std::string arrived;
  bool is_down = false;
};

}  // namespace

TEST_CASE("a push brings what the agreement releases, once, each letter in the ledger before") {
  World w;
  w.open({w.push()}, 4);
  w.take_in(5);
  w.run();
  CHECK(w.tried.empty());
  w.agree();
  w.take_in(3, Tlp::red);
  w.run();
  CHECK(w.lines() == 5);
  CHECK(w.tried.size() == 2);
  CHECK(w.releases_before == std::vector<std::size_t>{1, 2});
  CHECK(w.arrived.find("CANARY") == std::string::npos);
  w.run();
  w.open({w.push()}, 4);  // as after a restart
  w.run();
  CHECK(w.lines() == 5);
  w.take_in(2);
  w.run();
  CHECK(w.lines() == 7);
  simdjson::dom::parser parser;
  std::set<std::string> ids;
  for (auto [number, line] : text::numbered_lines(w.arrived)) {
    simdjson::dom::element event = parser.parse(simdjson::padded_string(line)).value();
    ids.emplace(event["id"].get_string().value());
    CHECK(event["classification"]["type"].get_string().value() == "c2-server");
  }
  CHECK(ids.size() == 7);
}

TEST_CASE("a push that does not arrive is tried again, later and later, with the same letter") {
  World w;
  w.agree();
  w.open({w.push()});
  w.take_in(3);
  w.is_down = true;
  w.run();
  w.run();  // not at once
  CHECK(w.tried.size() == 1);
  auto down = good(w.pushes->states()).at(0);
  CHECK(down.error == "down");
  CHECK(down.failures == 1);
  CHECK(down.waits);
  CHECK(down.sent == 0);
  CHECK(down.next > w.net.now);
  w.take_in(2);
  w.net.now = w.net.now + us_per_hour;
  w.run();
  REQUIRE(w.tried.size() == 2);
  CHECK(w.tried[0] == w.tried[1]);
  CHECK(w.deliveries.size() == 1);
  CHECK(w.releases() == 1);
  w.is_down = false;
  w.net.now = w.net.now + us_per_hour;
  w.run();
  CHECK(w.lines() == 5);
  CHECK(w.releases() == 2);
  auto up = good(w.pushes->states()).at(0);
  CHECK(up.failures == 0);
  CHECK_FALSE(up.waits);
  CHECK(up.sent == w.net.now);
}

TEST_CASE("what is withdrawn before it arrived does not go, and what had arrived is taken back") {
  World w;
  w.agree();
  w.open({w.push()});
  w.take_in(1);
  w.run();
  w.take_in(2);
  w.is_down = true;
  w.run();
  w.withdraw(1);
  w.withdraw(2);
  w.is_down = false;
  w.net.now = w.net.now + us_per_hour;
  w.run();
  CHECK(w.arrived.find("203.0.113.1") == std::string::npos);
  CHECK(w.arrived.find("withdrawn") != std::string::npos);
}

TEST_CASE("IDEA and IntelMQ go by push as their readers want them") {
  for (PushDialect dialect : {PushDialect::idea, PushDialect::intelmq}) {
    World w;
    w.agree();
    w.open({w.push(dialect)});
    w.take_in(1);
    w.withdraw(1);
    w.take_in(1);
    w.run();
    CHECK(w.lines() == 1);
    simdjson::dom::parser parser;
    simdjson::dom::element event =
        parser.parse(simdjson::padded_string(std::string_view(w.arrived))).value();
    if (dialect == PushDialect::idea) {
      CHECK(event["Format"].get_string().value() == "IDEA0");
      CHECK(event["Source"].at(0)["IP4"].at(0).get_string().value() == "203.0.113.1");
    } else {
      CHECK(event["source.ip"].get_string().value() == "203.0.113.1");
      CHECK(event["tlp"].get_string().value() == "GREEN");
      CHECK(event["time.source"].get_string().value().ends_with("+00:00"));
    }
  }
}

}  // namespace tocsin::share
