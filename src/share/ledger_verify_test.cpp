// Somebody writes in the ledger's tables: what was changed is found.
#include "ledger_member.h"
#include "share/ledger.h"

namespace tocsin::share {
namespace {

using namespace ledger;

// Entries of every kind in a's log, which stays as it is.
struct Made {
  LedgerMember a{"a.example.org"}, b{"b.example.org"};
  Made() {
    a.act("signed", b.name, "Ana Silva: the yearly renewal");
    a.give(b, 2, "event infected-system");
    b.give(a, 2, "indicator", {{"4", 1}});
    a.write([&](store::Sqlite& db) -> Result<void> {
      TRY(a.ledger->add(db, Body(Denial{.to = b.name, .commit = 9, .count = 3, .clause = 4})));
      return {};
    });
    a.release(b.name, 3, "event");
    for (const char* table : {"leaves", "heads"})
      REQUIRE(a.sql(fmt::format("DROP TRIGGER ledger_{}_stay", table)).has_value());
    REQUIRE(a.wrong() == "");
  }
  // What is found when `change` was made, which is undone then.
  std::string after(const std::string& change, const std::string& table) {
    REQUIRE(a.sql(fmt::format("CREATE TABLE before AS SELECT * FROM {}", table)).has_value());
    auto done = a.sql(change);
    CHECK_MESSAGE(done.has_value(), change);
    std::string found = a.wrong();
    REQUIRE(a.sql(fmt::format("DELETE FROM {0}; INSERT INTO {0} SELECT * FROM before;"
                              "DROP TABLE before",
                              table))
                .has_value());
    return found;
  }
  std::vector<std::string> texts(const std::string& sql) {
    std::vector<std::string> out;
    a.write([&](store::Sqlite& db) -> Result<void> {
      auto select = TRY(db.prepare(sql));
      while (TRY(select.step())) out.emplace_back(select.text(0));
      return {};
    });
    return out;
  }
};

}  // namespace

TEST_CASE("a value that was changed in any row of a log is found, and its entry named") {
  Made m;
  std::size_t changes = 0;
  for (std::string table : {"leaves", "nodes", "heads", "beside"}) {
    std::string index = table == "heads" ? "size" : "at";
    table = "ledger_" + table;
    for (const std::string& column :
         m.texts(fmt::format("SELECT name FROM pragma_table_info('{}')", table))) {
      // A head that is gone is no lie: the next one stands over the same entries.
      if (table == "ledger_heads" && column == "log") continue;
      for (const std::string& at : m.texts(fmt::format(
               "SELECT DISTINCT {} FROM {} WHERE {} IS NOT NULL", index, table, column))) {
        // A text or blob gets another last octet, a number one more.
        std::string change = fmt::format(
            "UPDATE {0} SET {1} = CASE typeof({1}) WHEN 'integer' THEN {1} + 1000 WHEN 'blob' THEN"
            " CAST(substr({1}, 1, length({1}) - 1) || CASE WHEN substr({1}, -1) = x'00' THEN x'01'"
            " ELSE x'00' END AS BLOB) ELSE substr({1}, 1, length({1}) - 1) || '~' END"
            " WHERE {2} = {3}",
            table, column, index, at);
        std::string found = m.after(change, table);
        CHECK_MESSAGE(found.starts_with("entry "), change, ": ", found);
        ++changes;
      }
    }
  }
  CHECK(changes > 100);
}

TEST_CASE("a row that is gone, doubled or swapped is found") {
  Made m;
  struct Change {
    std::string sql, table, found;
  };
  for (const Change& one : {
           Change{"DELETE FROM ledger_leaves WHERE at = 2", "ledger_leaves",
                  "entry 2: here stands entry 3"},
           Change{"DELETE FROM ledger_leaves WHERE at = (SELECT max(at) FROM ledger_leaves)",
                  "ledger_leaves", "entry 7: it and what came after it are missing"},
           Change{"UPDATE ledger_leaves SET at = CASE at WHEN 3 THEN 1001 WHEN 4 THEN 3 ELSE at"
                  " END; UPDATE ledger_leaves SET at = 4 WHERE at = 1001",
                  "ledger_leaves", "entry 3: its head is older than it"},
           Change{"DELETE FROM ledger_heads WHERE size = 8", "ledger_heads",
                  "entry 7: no head is signed over it"},
           Change{"DELETE FROM ledger_nodes WHERE level = 1 AND at = 1", "ledger_nodes",
                  "entry 3: the node of level 1 over it is not the hash of what is below"},
           Change{"INSERT INTO ledger_nodes VALUES(1, 7, 7, x'00')", "ledger_nodes",
                  "entry 7: up to here there is nodes of another tree"},
           Change{"UPDATE ledger_beside SET items = NULL WHERE at = 2", "ledger_beside",
                  "entry 2: the hashes of its items are missing"},
           Change{"UPDATE ledger_beside SET paper = NULL WHERE at = 2", "ledger_beside",
                  "entry 2: its answer is missing, or not the one that entry 4 tells of"},
           Change{"DELETE FROM ledger_beside WHERE at = 1", "ledger_beside",
                  "entry 1: its details are missing"},
           Change{"INSERT INTO ledger_beside(log, at, paper) VALUES(1, 99, 'x')", "ledger_beside",
                  "entry 7: up to here there is what belongs to no entry"},
           Change{"DELETE FROM ledger_received", "ledger_received",
                  "entry 5: the release that it is for is not filed"},
           Change{"UPDATE ledger_logs SET node = 'c.example.org'", "ledger_logs",
                  "entry 0: its head is of another log or place"},
       }) {
    CHECK_MESSAGE(m.after(one.sql, one.table) == one.found, one.sql);
  }
  CHECK(m.a.wrong() == "");
}

TEST_CASE("a log that was put back to an earlier state is found by what was noted of it") {
  LedgerMember a("a.example.org");
  a.release("b.example.org", 1, "event");
  auto noted = a.ledger->head()->tree;
  a.release("b.example.org", 1, "event");
  CHECK(a.wrong(std::vector{noted}) == "");
  LedgerMember twin("a.example.org");  // the same key, another past
  twin.release("c.example.org", 1, "event");
  CHECK(twin.wrong(std::vector{noted}) == "entry 1: up to here it is not the log that was noted");
  LedgerMember early("a.example.org");
  CHECK(early.wrong(std::vector{noted}) == "entry 1: it is missing: 2 entries were noted");
}

}  // namespace tocsin::share
