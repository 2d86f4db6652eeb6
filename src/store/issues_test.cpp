#include "store/issues.h"

#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {

TEST_CASE("an issue supersedes one of its own k only") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *Journal::open(folder.file("journal.db"), words);
  auto issues = *Issues::open(*journal, folder.file("situation"));
  Issue issue{.id = "S-1", .period = "2026-10", .country = "BR", .audience = "public", .k = 5};
  REQUIRE(issues.add(issue, "a page"));
  CHECK((*issues.last(issue, true))->id == "S-1");
  issue.k = 20;
  CHECK(!*issues.last(issue, true));
  CHECK((*issues.last(issue, false))->id == "S-1");
  CHECK(*issues.page("S-1") == "a page");
}

}  // namespace tocsin::store
