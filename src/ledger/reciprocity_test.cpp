#include "ledger/reciprocity.h"

#include "made_log.h"
#include "test.h"

namespace tocsin::ledger {

TEST_CASE("both sides count the same from what both signed") {
  auto [a, b] = made_pair();
  TimeUs end = MadeLog::begin + us_per_day;
  auto ours = reciprocity_of(account_of(a, b.node), 0, end);
  auto theirs = reciprocity_of(account_of(b, a.node), 0, end);
  CHECK(ours.given == theirs.received);
  CHECK(ours.received == theirs.given);
  CHECK(ours.open == 1);
  CHECK(theirs.open == 0);
  CHECK(ours.given.acts == 3);
  CHECK(ours.given.items == 7);
  CHECK(ours.given.counts == std::map<std::string, std::uint64_t>{
                                 {"event infected-system", 5}, {"finding", 1}, {"request", 1}});
  CHECK(ours.received.items == 6);
  CHECK(ours.received.taken == 5);
  CHECK(ours.received.refused == std::map<std::string, std::uint64_t>{{"4", 1}});
  CHECK(ours.received.sightings == 3);
  CHECK(ours.received.confirmed == 1);
  CHECK(ours.received.refuted == 0);
  REQUIRE(ours.received.answers_s.size() == 1);
  CHECK(ours.received.answers_s[0] < 3600);
  CHECK(*ours.percent() == 116);
  CHECK(*theirs.percent() == 85);
  auto none = reciprocity_of(account_of(a, b.node), end, end + us_per_day);
  CHECK(none.given == Side{});
  CHECK(!none.percent());
}

TEST_CASE("names that were listed are nothing that was given") {
  auto [a, b] = made_pair();
  TimeUs end = MadeLog::begin + us_per_day;
  auto before = reciprocity_of(account_of(a, b.node), 0, end);
  a.release(b.node, 9, std::string(name_count));
  auto after = reciprocity_of(account_of(a, b.node), 0, end);
  CHECK(after.given == before.given);
  CHECK(after.open == before.open);
}

}  // namespace tocsin::ledger
