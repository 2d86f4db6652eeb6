#include "store/journal.h"

#include <filesystem>

#include "base/text.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

using Batches = std::vector<std::shared_ptr<EventBatch>>;

Batches events(Dictionary& words, int count) {
  Batches batches = {std::make_shared<EventBatch>()};
  EventBatch& b = *batches.front();
  b.feed = words.id("sinkhole");
  for (int i = 0; i < count; ++i) {
    b.add_row();
    b.source.ip.back() = Ip::from_v4(0xc0000200u + static_cast<unsigned>(i));
    b.family.back() = words.id("mirai");
    b.time.back() = i;
  }
  return batches;
}

}  // namespace

TEST_CASE("what a transaction took in is there after opening again, with its words and cursor") {
  TemporaryFolder folder;
  std::uint64_t report = 0;
  {
    Dictionary words;
    auto journal = Journal::open(folder.file("journal.db"), words);
    REQUIRE(journal);
    auto begun = (*journal)->begin_report({.feed = "sinkhole", .name = "a.csv", .sha256 = "aa"});
    REQUIRE(begun);
    CHECK(!begun->repeat);
    report = begun->id;
    Batches b = events(words, 3);
    REQUIRE((*journal)->commit(
        b, {.report = report, .events_read = 3, .finished = ReportState::done, .cursor = "c1"}));
    CHECK(b.front()->seq == 1);
  }
  Dictionary words;
  auto journal = Journal::open(folder.file("journal.db"), words);
  REQUIRE(journal);
  CHECK((*journal)->last_seq() == 1);
  CHECK((*journal)->cursor("sinkhole") == "c1");
  auto batch = (*journal)->batch(1);
  REQUIRE(batch);
  REQUIRE(batch->has_value());
  CHECK((*batch)->size() == 3);
  CHECK(words.word((*batch)->family[0]) == "mirai");
  auto again = (*journal)->begin_report({.feed = "sinkhole", .name = "b.csv", .sha256 = "aa"});
  REQUIRE(again);
  CHECK(again->repeat);
}

TEST_CASE("one commit takes several batches in, in their order") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *Journal::open(folder.file("journal.db"), words);
  auto report = journal->begin_report({.feed = "f"})->id;
  Batches all = events(words, 3);
  all.push_back(events(words, 2).front());
  REQUIRE(journal->commit(all, {.report = report, .events_read = 5}));
  CHECK(all[0]->seq == 1);
  CHECK(all[1]->seq == 2);
  CHECK(journal->last_seq() == 2);
  REQUIRE(*journal->batch(2));
  CHECK((*journal->batch(2))->size() == 2);
  CHECK(journal->report(report)->value().events == 5);
}

TEST_CASE("a seq is never used again, even after everything was pruned") {
  TemporaryFolder folder;
  {
    Dictionary words;
    auto journal = *Journal::open(folder.file("journal.db"), words);
    auto report = journal->begin_report({.feed = "f"})->id;
    for (int i = 0; i < 3; ++i) {
      Batches b = events(words, 1);
      REQUIRE(journal->commit(b, {.report = report}));
    }
    REQUIRE(journal->prune(3));
    CHECK(journal->rows() == 0);
  }
  Dictionary words;
  auto journal = *Journal::open(folder.file("journal.db"), words);
  Batches b = events(words, 1);
  REQUIRE(journal->commit(b, {.report = 1}));
  CHECK(b.front()->seq == 4);
}

TEST_CASE("reasons that differ in their values alone are of one kind") {
  CHECK(reason_kind("not a time: '2026-08-31 10:02:03'") == "not a time: …");
  CHECK(reason_kind("a value that does not end in line 1030") ==
        "a value that does not end in line …");
  CHECK(reason_kind("'it's' is none") == "… is none");
  CHECK(reason_kind("a lone ' stays") == "a lone ' stays");
  CHECK(reason_kind("").empty());
}

TEST_CASE("rejects are grouped by reason, and settled once") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *Journal::open(folder.file("journal.db"), words);
  auto report = journal->begin_report({.feed = "f"})->id;
  Journal::Step step{.report = report};
  for (std::uint64_t line = 1; line <= 3; ++line) {
    step.rejects.push_back({.feed = "f",
                            .reason = "not an IP address",
                            .bytes = std::string("x\0y", 3),
                            .line = line,
                            .at = 5});
  }
  REQUIRE(journal->commit({}, step));
  auto groups = journal->reject_groups();
  REQUIRE(groups);
  REQUIRE(groups->size() == 1);
  CHECK(groups->front().count == 3);
  auto rows = journal->rejects("f", "", 0, 10);
  REQUIRE(rows->size() == 3);
  CHECK(rows->front().bytes == std::string("x\0y", 3));
  REQUIRE(journal->settle_rejects({rows->front().id}, "replayed"));
  CHECK(journal->rejects("f", "", 0, 10)->size() == 2);
}

TEST_CASE("old reports are forgotten with their rejects, live ones sooner; unfinished ones stay") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *Journal::open(folder.file("journal.db"), words);
  auto add = [&](TimeUs received, bool live, bool finished, std::uint64_t rejected) {
    auto id = journal->begin_report({.feed = "f", .received = received, .live = live})->id;
    Journal::Step step{.report = id, .rejected = rejected};
    if (finished) step.finished = ReportState::done;
    if (rejected > 0) step.rejects.push_back({.feed = "f", .reason = "r", .bytes = "b"});
    REQUIRE(journal->commit({}, step));
    if (rejected > 0) REQUIRE(journal->keep_value("head." + std::to_string(id), "head"));
    return id;
  };
  auto old = add(10, false, true, 1), old_live = add(60, true, true, 0);
  auto reading = add(10, false, false, 0), bad_live = add(60, true, true, 1);
  auto fresh = add(60, false, true, 0);
  CHECK(journal->forget_reports(50, 70, std::vector{old, old_live}) == 0);  // a hold keeps them
  CHECK(journal->forget_reports(50, 70) == 2);
  for (auto id : {reading, bad_live, fresh}) CHECK(journal->report(id)->has_value());
  for (auto id : {old, old_live}) CHECK(!journal->report(id)->has_value());
  CHECK(journal->rejects("f", "", 0, 10)->size() == 1);
  CHECK(journal->value("head." + std::to_string(old)) == "");
  CHECK(journal->forget_reports(50, 70) == 0);
}

TEST_CASE("a journal of schema 1, whose batches are not packed, is read and raised") {
  TemporaryFolder folder;
  std::string path = folder.file("journal.db");
  EventBatch batch;
  {
    Dictionary words;
    REQUIRE(Journal::open(path, words));
    batch = *events(words, 2).front();
    auto old = Sqlite::open(path);
    REQUIRE(old);
    auto insert = old->prepare("INSERT INTO journal VALUES(7, 1, 2, ?)");
    std::string bytes = encode(batch);
    REQUIRE(insert->bind_blob(1, bytes).run());
    for (std::string column : {"flags", "replaces", "tlp"}) {
      REQUIRE(old->run("ALTER TABLE reports DROP COLUMN " + column));
    }
    REQUIRE(old->run("UPDATE meta SET value = '1' WHERE key = 'schema'"));
  }
  Dictionary words;
  auto journal = Journal::open(path, words);
  REQUIRE(journal);
  auto read = (*journal)->batch(7);
  REQUIRE(read);
  REQUIRE(read->has_value());
  CHECK((*read)->size() == batch.size());
  CHECK((*read)->time == batch.time);
  auto schema = Sqlite::open(path)->prepare("SELECT value FROM meta WHERE key = 'schema'");
  REQUIRE(schema->step());
  CHECK(schema->text(0) == std::to_string(journal_schema));
}

TEST_CASE("many batches are pruned in steps, and none too many") {
  TemporaryFolder folder;
  Dictionary words;
  auto opened = Journal::open(folder.file("journal.db"), words);
  REQUIRE(opened);
  Journal& journal = **opened;
  auto report = journal.begin_report({.feed = "f", .name = "n"});
  for (int i = 0; i < 350; ++i) {
    Batches batch = events(words, 1);
    REQUIRE(journal.commit(batch, {.report = report->id}));
  }
  REQUIRE(journal.prune(345));
  CHECK(journal.rows() == 5);
  CHECK(!journal.batch(345)->has_value());
  CHECK(journal.batch(346)->has_value());
  REQUIRE(journal.prune(1000));
  CHECK(journal.rows() == 0);
  CHECK(journal.last_seq() == 350);
}

TEST_CASE("a journal of a newer program is refused by name") {
  TemporaryFolder folder;
  Dictionary words;
  {
    auto journal = Journal::open(folder.file("journal.db"), words);
  }
  REQUIRE(Sqlite::open(folder.file("journal.db"))
              ->run("UPDATE meta SET value = '99' WHERE key = 'schema'"));
  auto opened = Journal::open(folder.file("journal.db"), words);
  REQUIRE(!opened);
  CHECK(opened.error().what.contains("schema 99"));
}

}  // namespace tocsin::store
