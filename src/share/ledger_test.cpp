#include "share/ledger.h"

#include "ledger/log_file.h"
#include "ledger_member.h"

namespace tocsin::share {
namespace {

using namespace ledger;

std::string file_of(const Ledger& ledger) {
  std::string out;
  auto all = *ledger.begin_export();
  while (*ledger.go_on(all, out)) {
  }
  return out;
}

// Two members who have exchanged this and that.
struct Pair {
  LedgerMember a{"a.example.org"}, b{"b.example.org"};
  Pair() {
    a.act("signed", b.name, "Ana Silva: the yearly renewal");
    a.give(b, 5, "event infected-system");
    b.give(a, 2, "indicator");
    b.give(a, 3, "sighting", {{"4", 1}});
    Body denials[] = {Denial{.to = b.name, .commit = 9, .count = 3, .clause = 4},
                      Denial{.to = b.name, .commit = 9, .count = 1, .clause = 9}};
    a.write([&](store::Sqlite& db) -> Result<void> {
      TRY(a.ledger->add(db, denials));
      return {};
    });
    auto asked = a.give(b, 1, "request");
    Sha256 log = a.ledger->head()->log;
    b.give(a, 1, "opinion false", {}, {.answers = {{log, asked}}});
  }
};

}  // namespace

TEST_CASE("the log begins with its opening, and goes on after a restart") {
  LedgerMember a("a.example.org");
  auto first = *a.ledger->head();
  CHECK(first.node == "a.example.org");
  CHECK(first.tree.size == 1);
  CHECK(first.log == first.tree.root);
  a.release("b.example.org", 3, "event");
  a.open();
  CHECK(a.ledger->head()->log == first.log);
  CHECK(a.ledger->head()->tree.size == 2);
  CHECK(*a.ledger->pending() == std::vector<std::uint64_t>{1});
  a.release("b.example.org", 0, "event");
  CHECK(*a.ledger->end_pending() == 2);
  CHECK(*a.ledger->end_pending() == 0);
  CHECK(a.ledger->pending()->empty());
  CHECK(std::get<Outcome>(a.ledger->one(4)->leaf.body) == Outcome{2, "unknown", {}});
  CHECK(!a.ledger->add(Outcome{.of = 0, .outcome = "sent"}));
  CHECK(!a.ledger->add(Outcome{.of = 77, .outcome = "sent"}));
  CHECK(a.wrong() == "");
}

TEST_CASE("an exchange is proved on both sides, and counted alike") {
  Pair p;
  CHECK(p.a.wrong() == "");
  CHECK(p.b.wrong() == "");
  auto verdict = p.a.ledger->verify()->logs.back();
  CHECK(verdict.releases == 2);
  CHECK(verdict.acknowledged == 2);
  CHECK(verdict.receipts == 3);
  CHECK(verdict.unknown == 0);

  auto one = *p.a.ledger->account(p.b.name), other = *p.b.ledger->account(p.a.name);
  for (const Account* account : {&one, &other}) {
    auto read = read_account(account_text(*account));
    CHECK_MESSAGE(read.has_value(), read.error().what);
  }
  auto found = *compare(one, other);
  for (const auto& difference : found.differences) FAIL(difference.text());
  CHECK(found.agreed == 5);
  CHECK(found.open == 0);
  auto ours = reciprocity_of(one, 0, INT64_MAX), theirs = reciprocity_of(other, 0, INT64_MAX);
  CHECK(ours.given == theirs.received);
  CHECK(ours.received == theirs.given);
  CHECK(ours.received.items == 6);
  CHECK(ours.received.taken == 5);
  CHECK(ours.received.answers_s.size() == 1);

  auto checked = check_log(file_of(*p.a.ledger));
  REQUIRE_MESSAGE(checked.has_value(), checked.error().what);
  CHECK(*checked == verdict);
}

TEST_CASE("the same release again gives the same receipt; another one is a split view") {
  LedgerMember a("a.example.org"), b("b.example.org"), c("c.example.org");
  auto index = a.release(b.name, 2, "event");
  auto shown = *a.ledger->shown(index);
  auto answer = *b.receive(a, shown, 2, "event");
  auto size = b.ledger->head()->tree.size;
  auto again = *b.receive(a, shown, 2, "event");
  CHECK(json_of(again) == json_of(answer));
  CHECK(b.ledger->head()->tree.size == size);
  REQUIRE(a.acknowledge(b, answer).has_value());
  REQUIRE(a.acknowledge(b, answer).has_value());
  CHECK(a.ledger->head()->tree.size == 3);

  // The same key makes another log of the same opening.
  LedgerMember twin("a.example.org");
  CHECK(twin.ledger->head()->log == a.ledger->head()->log);
  auto other = twin.release(b.name, 3, "event");
  auto split = b.receive(twin, *twin.ledger->shown(other), 3, "event");
  REQUIRE(!split.has_value());
  CHECK(split.error().fault == Fault::denied);
  CHECK(split.error().what.starts_with("split view: 'a.example.org' shows another release"));
  CHECK(b.wrong() == "");
}

TEST_CASE("a receipt outlives the log that it stands in, and the recipient's key") {
  LedgerMember a("a.example.org"), b("b.example.org");
  auto index = a.release(b.name, 2, "event");
  auto shown = *a.ledger->shown(index);
  auto answer = *b.receive(a, shown, 2, "event");
  b.open("2026-02-01");  // from a backup that has the receipt
  auto size = b.ledger->head()->tree.size;
  auto again = *b.receive(a, shown, 2, "event");
  CHECK(json_of(again) == json_of(answer));
  CHECK(again.place.log != b.ledger->head()->log);
  CHECK(b.ledger->head()->tree.size == size);
  CHECK(b.wrong() == "");

  REQUIRE(a.acknowledge(b, answer).has_value());
  auto fresh = LedgerMember::key_for("fresh");
  again.by = sign_as(b.name, receipt_text(b.name, again.place, leaf_hash(again.leaf)), fresh);
  auto given = a.try_write([&](store::Sqlite& db) {
    return a.ledger->acknowledge(db, again, {b.name, {fresh.public_key()}});
  });
  CHECK(given.has_value());
  CHECK(a.wrong() == "");

  b.now = a.now;
  auto found = *compare(*a.ledger->account(b.name, 2), *b.ledger->account(a.name));
  CHECK(found.differences.empty());
  CHECK(found.notes.empty());  // b's opening names the log before, which has it
}

TEST_CASE("a log is not written out across an erasure") {
  LedgerMember a("a.example.org");
  for (int i = 0; i < 120; ++i) a.act("signed", "b.example.org", "Ana Silva");
  std::string out;
  auto all = *a.ledger->begin_export();
  REQUIRE(*a.ledger->go_on(all, out));
  auto mask = [](std::string_view) { return std::optional<std::string>("(erased)"); };
  REQUIRE(*a.ledger->erase(mask) == 120);
  CHECK(a.ledger->go_on(all, out).error().fault == Fault::unavailable);
  CHECK(check_log(file_of(*a.ledger)).has_value());
}

TEST_CASE("a leaf costs its rows and, on average, one node") {
  LedgerMember a("a.example.org");
  auto total = [&] {
    std::int64_t rows = 0;
    a.write([&](store::Sqlite& db) -> Result<void> {
      auto select = TRY(db.prepare("SELECT total_changes()"));
      TRY(select.step());
      rows = select.number(0);
      return {};
    });
    return rows;
  };
  auto before = total();
  std::vector<Body> bodies(100, Denial{.to = "b.example.org", .count = 1, .clause = 4});
  for (int i = 0; i < 20; ++i) {
    a.write([&](store::Sqlite& db) -> Result<void> {
      TRY(a.ledger->add(db, bodies));
      return {};
    });
  }
  CHECK(total() - before == 2000 + 20 + 1994);  // leaves, heads, nodes over 2,001 leaves
  CHECK(a.wrong() == "");
}

TEST_CASE("what is not the partner's, not for us or not these items is refused") {
  LedgerMember a("a.example.org"), b("b.example.org"), c("c.example.org");
  auto shown = *a.ledger->shown(a.release(b.name, 2, "event"));
  auto fault = [](const auto& result) {
    return result ? std::optional<Fault>() : result.error().fault;
  };
  CHECK(fault(c.receive(a, shown, 2, "event")) == Fault::denied);  // not for c
  CHECK(fault(b.receive(c, shown, 2, "event")) == Fault::denied);  // not c's
  CHECK(fault(b.receive(a, shown, 3, "event")) == Fault::invalid);
  CHECK(fault(b.receive(a, shown, 2, "other")) == Fault::invalid);
  CHECK(fault(b.receive(a, shown, 2, "event", {{"4", 3}})) == Fault::invalid);
  auto wrong = shown;
  wrong.index = 0;
  CHECK(fault(b.receive(a, wrong, 2, "event")) == Fault::denied);
  CHECK(b.ledger->head()->tree.size == 1);  // nothing of it is in

  auto answer = *b.receive(a, shown, 2, "event");
  CHECK(fault(a.acknowledge(c, answer)) == Fault::denied);
  auto forged = answer;
  forged.by.signature[0] ^= 1;
  CHECK(fault(a.acknowledge(b, forged)) == Fault::denied);
  CHECK(fault(c.acknowledge(b, answer)) == Fault::missing);
  LedgerMember b_twin("b.example.org");
  auto second = *b_twin.receive(a, shown, 2, "event", {{"4", 1}});
  REQUIRE(a.acknowledge(b, answer).has_value());
  CHECK(fault(a.acknowledge(b, second)) == Fault::denied);  // another receipt than before
}

TEST_CASE("after a restore, and with a lost key, a new log names the one before") {
  LedgerMember a("a.example.org"), b("b.example.org");
  a.give(b, 2, "event");
  auto before = *a.ledger->head();
  a.act("emergency", b.name, "Ana Silva: the plant at 198.51.100.7");
  before = *a.ledger->head();
  a.open("2026-02-01");
  auto opened = *a.ledger->head();
  CHECK(opened.log != before.log);
  CHECK(opened.tree.size == 1);
  auto opening = std::get<Opening>(a.ledger->one(0)->leaf.body);
  CHECK(*opening.before == Predecessor{before.log, before.tree});
  CHECK(a.ledger->is_new());
  for (const char* again : {"2026-02-01", ""}) {  // once more while it is paused; resumed
    a.open(again);
    CHECK(a.ledger->head()->log == opened.log);
    CHECK(!a.ledger->is_new());
  }
  a.give(b, 1, "event");
  auto mask = [](std::string_view text) -> std::optional<std::string> {
    std::size_t at = text.find("198.51.100.7");
    if (at == text.npos) return std::nullopt;
    return std::string(text).replace(at, 12, "(erased)");
  };
  CHECK(*a.ledger->erase(mask) == 1);  // of the log before; the new one tells of it
  auto verified = *a.ledger->verify();
  CHECK(verified.wrong == "");
  REQUIRE(verified.logs.size() == 2);
  CHECK(verified.logs[0].log == before.log);
  CHECK(verified.logs[0].masked == 1);

  LedgerMember moved("a.example.org");
  auto fresh = LedgerMember::key_for("fresh");
  auto other = Ledger::open({.journal = *moved.journal, .node = moved.name, .key = fresh});
  REQUIRE(other.has_value());
  CHECK((*other)->head()->key == fresh.public_key());
  CHECK((*other)->verify()->wrong == "");
}

TEST_CASE("a key changes under the one before it") {
  LedgerMember a("a.example.org"), b("b.example.org");
  a.give(b, 1, "event");
  auto fresh = LedgerMember::key_for("fresh");
  REQUIRE(a.ledger->change_key(fresh).has_value());
  CHECK(a.ledger->head()->key == a.key().public_key());
  a.release(b.name, 1, "event");
  CHECK(a.ledger->head()->key == fresh.public_key());
  auto verified = *a.ledger->verify();
  CHECK(verified.wrong == "");
  CHECK(verified.logs.back().keys == std::vector{a.key().public_key(), fresh.public_key()});
  auto account = read_account(account_text(*a.ledger->account(b.name)));
  REQUIRE_MESSAGE(account.has_value(), account.error().what);
  CHECK(keys_of(*account).size() == 2);
  a.ledger = *Ledger::open({.journal = *a.journal, .node = a.name, .key = fresh});
  CHECK(a.ledger->head()->tree.size == 6);  // the same log
}

TEST_CASE("an erased subject is in no leaf and no details, and the log still holds") {
  LedgerMember a("a.example.org");
  a.act("emergency", "b.example.org", "Ana Silva: the plant at 198.51.100.7 is attacked");
  a.act("signed", "b.example.org", "Bo Berg");
  a.release("b.example.org", 3, "event");
  auto mask = [](std::string_view text) -> std::optional<std::string> {
    std::size_t at = text.find("198.51.100.7");
    if (at == text.npos) return std::nullopt;
    return std::string(text).replace(at, 12, "(erased)");
  };
  CHECK(*a.ledger->erase(mask) == 1);
  CHECK(*a.ledger->erase(mask) == 0);
  CHECK(a.ledger->one(1)->entry.details->text == "Ana Silva: the plant at (erased) is attacked");
  CHECK(!file_of(*a.ledger).contains("198.51.100.7"));
  CHECK(a.wrong() == "");
  CHECK(a.ledger->verify()->logs.back().masked == 1);
  REQUIRE(a.sql("UPDATE ledger_beside SET text = 'Bo Berg: (erased)' WHERE at = 2").has_value());
  CHECK(a.wrong() == "entry 2: its details are not those that it holds");
}

TEST_CASE("hashes of items go when their time is over, and a leaf tells") {
  LedgerMember a("a.example.org");
  a.release("b.example.org", 3, "event");
  TimeUs between = a.now + 1;
  a.release("b.example.org", 2, "event");
  CHECK(*a.ledger->forget_items(between) == 1);
  CHECK(*a.ledger->forget_items(between) == 0);
  CHECK(a.wrong() == "");
  REQUIRE(a.sql("UPDATE ledger_beside SET items = NULL WHERE at = 2").has_value());
  CHECK(a.wrong() == "entry 2: the hashes of its items are missing");
}

TEST_CASE("entries are listed, by partner and kind, a page at a time") {
  Pair p;
  auto indices = [&](Ledger::Filter filter) {
    std::vector<std::uint64_t> out;
    auto rows = *p.a.ledger->list(filter);
    for (const auto& row : rows) out.push_back(row.entry.index);
    return out;
  };
  using Indices = std::vector<std::uint64_t>;
  CHECK(indices({.kind = "denial"}) == Indices{8, 7});
  CHECK(indices({.kind = "release"}) == Indices{9, 2});
  CHECK(indices({.kind = "outcome"}) == Indices{11, 10, 4, 3});
  CHECK(indices({.limit = 2}) == Indices{12, 11});
  CHECK(indices({.before = 11, .limit = 2}) == Indices{10, 9});
  CHECK(indices({.partner = "c.example.org"}) == Indices{});
  CHECK(*p.a.ledger->partners() == std::vector<std::string>{"b.example.org"});
  CHECK(p.a.ledger->one(99).error().fault == Fault::missing);
  CHECK(p.a.ledger->one(1)->entry.details->text == "Ana Silva: the yearly renewal");
}

}  // namespace tocsin::share
