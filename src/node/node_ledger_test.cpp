#include <filesystem>
#include <fstream>

#include "node/node.h"
#include "node/pause.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

struct Member {
  TemporaryFolder folder;
  SigningKey key = *SigningKey::from_seed(std::string(32, 'k'));
  std::unique_ptr<Node> node;

  Member() {
    std::filesystem::create_directories(home());
    std::ofstream(home() + "/tocsin.toml") << "[enrich]\nlocation_database = \"off\"\n";
    open();
  }
  std::string home() const { return folder.file("home"); }
  void open() {
    node.reset();
    node = *Node::open({.home = home()});
    REQUIRE(node->ledger() == nullptr);
    auto done = node->open_ledger("a.example.org", key);
    REQUIRE_MESSAGE(done.has_value(), done.error().what);
  }
  void act(std::string_view details) {
    constexpr const char* none[] = {"CREATE TABLE node_ledger_test(x INTEGER)"};
    auto tables = *store::Tables::open(node->journal(), "node_ledger_test", none);
    REQUIRE(
        tables
            .write([&](store::Sqlite& db) -> Result<void> {
              TRY(node->ledger()->act(db, {.what = "emergency", .with = "b.example.org"}, details));
              return {};
            })
            .has_value());
  }
  std::size_t opened() const { return node->audit().list({.what = "ledger opened"})->size(); }
};

}  // namespace

TEST_CASE("a node goes on with its ledger, and tells what its end cut short") {
  Member a;
  CHECK(a.opened() == 1);
  auto log = a.node->ledger()->head()->log;
  REQUIRE(a.node->ledger()->add(ledger::Release{.to = "b.example.org"}).has_value());
  a.open();
  CHECK(a.opened() == 1);
  CHECK(a.node->ledger()->head()->log == log);
  CHECK(a.node->ledger()->pending()->empty());
  auto last = a.node->ledger()->list({.limit = 1})->front();
  CHECK(std::get<ledger::Outcome>(last.leaf.body) == ledger::Outcome{1, "unknown", {}});
}

TEST_CASE("a new key signs the same log from then on, also after a restart") {
  Member a;
  auto log = a.node->ledger()->head()->log;
  auto fresh = *SigningKey::from_seed(std::string(32, 'f'));
  REQUIRE(a.node->change_ledger_key(fresh).has_value());
  a.key = std::move(fresh);
  a.act("Ana Silva");
  CHECK(a.node->ledger()->head()->key == a.key.public_key());
  a.open();
  CHECK(a.node->ledger()->head()->log == log);
  CHECK(a.opened() == 1);
  auto verified = *a.node->ledger()->verify();
  CHECK(verified.wrong == "");
  CHECK(verified.logs.back().keys.size() == 2);
}

TEST_CASE("a restored home opens a new log once, which names the one before") {
  Member a;
  auto before = *a.node->ledger()->head();
  a.node->stop();
  REQUIRE(begin_pause(a.home(), before.at, "restored").has_value());
  for (int start = 0; start < 2; ++start) {
    a.open();
    auto opening = std::get<ledger::Opening>(a.node->ledger()->one(0)->leaf.body);
    REQUIRE(opening.before.has_value());
    CHECK(*opening.before == ledger::Predecessor{before.log, before.tree});
  }
  REQUIRE(a.node->resume().has_value());
  a.open();
  CHECK(a.node->ledger()->head()->tree.size == 1);
  CHECK(a.opened() == 2);
  CHECK(a.node->ledger()->verify()->logs.size() == 2);
}

TEST_CASE("erasing a subject masks what people wrote of it in the ledger, and what they will") {
  Member a;
  a.act("Ana Silva: the plant at 192.0.2.7 is attacked");
  REQUIRE(a.node->law().erase("192.0.2.7", "request", "x").has_value());
  a.act("Ana Silva: 192.0.2.7 again");
  for (std::uint64_t index : {1, 3}) {
    auto text = a.node->ledger()->one(index)->entry.details->text;
    CHECK(text.starts_with("Ana Silva: "));
    CHECK(!text.contains("192.0.2.7"));
  }
  CHECK(a.node->ledger()->verify()->wrong == "");
}

}  // namespace tocsin::node
