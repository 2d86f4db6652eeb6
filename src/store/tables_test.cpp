#include "store/tables.h"

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

constexpr const char* first = "CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT NOT NULL)";
constexpr const char* second = "ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'old'";

Result<void> add(Tables& tables, std::string_view text) {
  return tables.write([&](Sqlite& db) -> Result<void> {
    auto insert = TRY(db.prepare("INSERT INTO notes(text) VALUES(?)"));
    return insert.bind(1, text).run();
  });
}

std::string all(const Tables& tables, std::string_view column) {
  std::string found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT " + std::string(column) + " FROM notes ORDER BY id"));
    while (TRY(select.step())) (found += select.text(0)) += ' ';
    return {};
  };
  auto done = tables.read(look);
  return done ? found : "error: " + done.error().what;
}

TEST_CASE("a room's tables are made once, and raised step by step") {
  TemporaryFolder folder;
  Dictionary words;
  const char* const both[] = {first, second};
  {
    auto journal = Journal::open(folder.file("journal.db"), words);
    REQUIRE(journal);
    auto tables = Tables::open(**journal, "notes", std::span(both, 1));
    REQUIRE(tables);
    CHECK(add(*tables, "a"));
    CHECK(all(*tables, "text") == "a ");
  }
  Dictionary again;
  auto journal = Journal::open(folder.file("journal.db"), again);
  REQUIRE(journal);
  auto tables = Tables::open(**journal, "notes", both);
  REQUIRE(tables);
  CHECK(add(*tables, "b"));
  CHECK(all(*tables, "text || author") == "aold bold ");
  CHECK(Tables::open(**journal, "notes", both));
  auto older = Tables::open(**journal, "notes", std::span(both, 1));
  REQUIRE(!older);
  CHECK(
      older.error().what.contains("the tables of notes have schema 2; this program knows up to 1"));
}

TEST_CASE("an error in the body undoes the transaction") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = Journal::open(folder.file("journal.db"), words);
  REQUIRE(journal);
  const char* const steps[] = {first};
  auto tables = Tables::open(**journal, "notes", steps);
  REQUIRE(tables);
  auto half = tables->write([&](Sqlite& db) -> Result<void> {
    TRY(db.run("INSERT INTO notes(text) VALUES('x')"));
    return invalid("no");
  });
  CHECK(!half);
  CHECK(all(*tables, "text") == "");
}

}  // namespace
}  // namespace tocsin::store
