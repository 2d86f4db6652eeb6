#include "store/audit.h"

#include "base/text.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

constexpr TimeUs start = 1'780'000'000 * us_per_s;

AuditAct act(std::string who, std::string call, TimeUs at = start) {
  return {.at = at,
          .who = std::move(who),
          .user = "u_1",
          .role = "analyst",
          .by = "session s_1",
          .address = "192.0.2.1",
          .call = std::move(call),
          .object = "n6",
          .details = R"({"tlp":"amber"})"};
}

struct Shelf {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<Journal> journal = *Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<Audit> audit = *Audit::open(*journal);

  Result<void> sql(std::string_view text) {
    auto tables = TRY(Tables::open(*journal, "test", {}));
    return tables.write([&](Sqlite& db) { return db.run(text); });
  }
  std::string wrong() { return audit->verify()->wrong; }
};

}  // namespace

TEST_CASE("an act is there before its outcome is, and both are one row to readers") {
  Shelf shelf;
  auto id = shelf.audit->begin(act("ana", "POST /api/v1/feeds/{name}/run"));
  REQUIRE(id.has_value());
  auto before = *shelf.audit->list({});
  REQUIRE(before.size() == 1);
  CHECK(before[0].act.who == "ana");
  CHECK(before[0].outcome == "");
  CHECK(before[0].ended == time_none);
  REQUIRE(shelf.audit->end(*id, "done", start + 5).has_value());
  auto after = *shelf.audit->list({});
  REQUIRE(after.size() == 1);
  CHECK(after[0].outcome == "done");
  CHECK(after[0].ended == start + 5);
  CHECK(after[0].act.details == R"({"tlp":"amber"})");
}

TEST_CASE("the audit is asked by who, what, outcome and time, page by page") {
  Shelf shelf;
  for (int i = 0; i < 5; ++i) {
    std::string who = i % 2 == 0 ? "ana" : "bo";
    REQUIRE(shelf.audit
                ->note(act(who, i == 3 ? "sign-in" : "DELETE /api/v1/tokens/{id}", start + i),
                       i == 3 ? "denied: wrong" : "done")
                .has_value());
  }
  auto ids = [&](const Audit::Filter& filter) {
    std::string out;
    auto rows = *shelf.audit->list(filter);
    for (const AuditRow& row : rows) out += std::to_string(row.id) + ' ';
    return out;
  };
  CHECK(ids({}) == "5 4 3 2 1 ");
  CHECK(ids({.who = "bo"}) == "4 2 ");
  CHECK(ids({.what = "tokens"}) == "5 3 2 1 ");
  CHECK(ids({.what = "n6"}) == "5 4 3 2 1 ");
  CHECK(ids({.outcome = "denied"}) == "4 ");
  CHECK(ids({.since = start + 1, .until = start + 3}) == "3 2 ");
  CHECK(ids({.before = 4, .limit = 2}) == "3 2 ");
}

TEST_CASE("a row that was changed, taken out or cut off is found") {
  Shelf shelf;
  for (int i = 0; i < 1100; ++i) REQUIRE(shelf.audit->note(act("ana", "x"), "done").has_value());
  auto good = *shelf.audit->verify();
  CHECK(good.wrong == "");
  CHECK(good.rows == 1100);
  CHECK(shelf.audit->verify(1100, hex(good.head))->wrong == "");
  CHECK(shelf.audit->verify(1100, std::string(64, '0'))->wrong.contains("row 1100 is not the one"));

  CHECK(
      shelf.sql("UPDATE audit SET who = 'bo' WHERE id = 7").error().what.contains("do not change"));
  REQUIRE(shelf.sql("DELETE FROM audit WHERE id = 1100").has_value());
  CHECK(shelf.wrong() == "");  // only a noted head tells this one
  CHECK(shelf.audit->verify(1100, hex(good.head))->wrong.contains("the end was cut off"));
  REQUIRE(shelf.sql("DROP TRIGGER audit_stays; UPDATE audit SET who = 'bo' WHERE id = 1050")
              .has_value());
  CHECK(shelf.wrong() == "row 1050 is not as it was written");
  REQUIRE(shelf.sql("DELETE FROM audit WHERE id = 9").has_value());
  CHECK(shelf.wrong() == "row 9 is missing");
  REQUIRE(shelf.sql("DELETE FROM audit WHERE id < 5").has_value());
  CHECK(shelf.wrong() == "row 1 is missing");
}

TEST_CASE("words that name somebody are masked, and the chain still holds") {
  Shelf shelf;
  auto named = act("ana", "x");
  named.details = R"({"q":"ip:192.0.2.7"})";
  auto begun = shelf.audit->begin(named);
  REQUIRE(begun.has_value());
  REQUIRE(shelf.audit->end(*begun, "refused: no 192.0.2.7", start).has_value());
  REQUIRE(shelf.audit->note(act("ana", "x"), "done").has_value());
  auto mask = [](std::string_view text) -> std::optional<std::string> {
    std::size_t at = text.find("192.0.2.7");
    if (at == text.npos) return std::nullopt;
    return std::string(text).replace(at, 9, "(erased)");
  };
  CHECK(*shelf.audit->erase(mask, start) == 2);
  CHECK(*shelf.audit->erase(mask, start) == 0);
  auto rows = *shelf.audit->list({});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].act.details == R"({"rows":[1,2]})");
  CHECK(rows[2].act.details == R"j({"q":"ip:(erased)"})j");
  CHECK(rows[2].outcome == "refused: no (erased)");
  CHECK(rows[2].masked);
  CHECK(shelf.audit->verify()->masked == 2);
  CHECK(shelf.wrong() == "");
  shelf.audit->mask_by(mask);
  REQUIRE(shelf.audit->note(named, "done").has_value());
  CHECK((*shelf.audit->list({}))[0].act.details == R"j({"q":"ip:(erased)"})j");
  CHECK(shelf.wrong() == "");
  CHECK(shelf.audit->verify()->masked == 2);

  CHECK(shelf.sql("UPDATE audit SET details = '', masked = 1 WHERE id = 3")
            .error()
            .what.contains("do not change"));  // its salt must go
  REQUIRE(
      shelf.sql("UPDATE audit SET details = '', salt = NULL, masked = 1 WHERE id = 3").has_value());
  CHECK(shelf.wrong() == "row 3 was masked, and no row tells of it");
}

TEST_CASE("what retention takes out is told in a row, and the chain still holds") {
  Shelf shelf;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(shelf.audit->note(act("ana", "x", start + i * us_per_day), "done").has_value());
  }
  CHECK(*shelf.audit->forget(start + 4 * us_per_day, start + 10 * us_per_day) == 4);
  auto rows = *shelf.audit->list({});
  REQUIRE(rows.size() == 7);
  CHECK(rows[0].act.call == "audit retention");
  CHECK(rows[0].act.object == "rows up to 4");
  CHECK(shelf.wrong() == "");
  CHECK(*shelf.audit->forget(start + 4 * us_per_day, start + 10 * us_per_day) == 0);
  CHECK(*shelf.audit->forget(start + 100 * us_per_day, start + 100 * us_per_day) == 7);
  CHECK(shelf.wrong() == "");
  REQUIRE(shelf.audit->note(act("ana", "y", start + 101 * us_per_day), "done").has_value());
  CHECK(shelf.wrong() == "");
  REQUIRE(shelf.sql("DELETE FROM audit WHERE id = (SELECT min(id) FROM audit)").has_value());
  CHECK(shelf.wrong() != "");
}

TEST_CASE("texts that are no UTF-8 are kept readable, and the chain holds over a restart") {
  Shelf shelf;
  REQUIRE(shelf.audit->note(act("a\xff\x01", "x\r\ny"), "done").has_value());
  CHECK(text::is_utf8((*shelf.audit->list({}))[0].act.who));
  shelf.audit.reset();
  shelf.journal.reset();
  Dictionary again;
  shelf.journal = *Journal::open(shelf.folder.file("journal.db"), again);
  shelf.audit = *Audit::open(*shelf.journal);
  REQUIRE(shelf.audit->note(act("ana", "x"), "done").has_value());
  CHECK(shelf.wrong() == "");
  CHECK(shelf.audit->verify()->rows == 2);
  shelf.audit.reset();
  shelf.journal.reset();
}

TEST_CASE("where nothing can be written, an act is refused before it happens") {
  Shelf shelf;
  REQUIRE(shelf.sql("DROP TABLE audit").has_value());
  auto id = shelf.audit->begin(act("ana", "x"));
  REQUIRE(!id.has_value());
  CHECK(id.error().fault == Fault::unavailable);
  CHECK(id.error().what.starts_with("the audit cannot be written: "));
}

}  // namespace tocsin::store
