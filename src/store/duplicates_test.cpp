#include "store/duplicates.h"

#include <atomic>
#include <future>

#include "test.h"

namespace tocsin::store {
namespace {

EventBatch batch(std::initializer_list<std::pair<unsigned, Day>> rows,
                 const char* extra = "\"extra.a\":\"1\",\"extra.b\":[1,2]") {
  EventBatch b;
  for (auto [host, day] : rows) {
    b.add_row();
    b.source.ip.back() = Ip::from_v4(0xc0000200u + host);
    b.time.back() = times::start_of(day);
    b.extra.back() = b.keep(extra);
  }
  fill_hashes(b);
  return b;
}

}  // namespace

TEST_CASE("equal events are kept once, whatever the report and the order of the other fields") {
  Duplicates duplicates(1 << 20, {}, {});
  EventBatch first = batch({{1, 100}, {2, 100}, {1, 100}, {1, 101}});
  CHECK(duplicates.claim(first) == 1);
  CHECK(first.size() == 3);
  EventBatch again = batch({{1, 100}, {3, 100}}, "\"extra.b\":[1,2],\"extra.a\":\"1\"");
  again.observed[0] = 5;
  again.line[0] = 77;
  CHECK(duplicates.claim(again) == 1);
  EventBatch other = batch({{1, 100}}, "\"extra.a\":\"2\",\"extra.b\":[1,2]");
  CHECK(duplicates.claim(other) == 0);
}

TEST_CASE("what is dropped leaves an echo, with its place in the report") {
  Duplicates duplicates(1 << 20, {}, {});
  EventBatch first = batch({{1, 100}, {2, 100}, {1, 100}, {3, 100}});
  first.line = {4, 5, 6, 7};
  REQUIRE(duplicates.claim(first));
  CHECK(first.place == std::vector<std::uint16_t>{0, 1, 3});
  REQUIRE(first.echoes.size() == 1);
  CHECK(first.echoes[0].place == 2);
  CHECK(first.echoes[0].line == 6);
  CHECK(first.echoes[0].hash == first.hash[0]);
}

TEST_CASE("work is held until no batch is on its way, and forgets the days it gives") {
  std::vector<Hash128> stored;
  Duplicates duplicates(1 << 20, {}, [&](Day) -> Result<std::vector<Hash128>> { return stored; });
  EventBatch first = batch({{1, 100}});
  REQUIRE(duplicates.claim(first));
  auto forget = [] { return Result<std::vector<Day>>(std::vector<Day>{100}); };
  CHECK(duplicates.held(forget, std::chrono::milliseconds(1)).error().fault == Fault::unavailable);
  auto held = std::async(std::launch::async,
                         [&] { return duplicates.held(forget, std::chrono::seconds(20)); });
  duplicates.release(first);
  REQUIRE(held.get());
  EventBatch again = batch({{1, 100}});
  CHECK(duplicates.claim(again) == 0);  // the store no longer has it
}

TEST_CASE(
    "a day that was let go is loaded again, and one whose batch is not released is not let go") {
  std::vector<Hash128> committed;
  int loads = 0;
  Duplicates duplicates(0, {}, [&](Day) -> Result<std::vector<Hash128>> {
    ++loads;
    return committed;
  });
  EventBatch first = batch({{1, 100}});
  REQUIRE(duplicates.claim(first));
  EventBatch second = batch({{2, 101}});
  REQUIRE(duplicates.claim(second));
  EventBatch same = batch({{1, 100}});
  CHECK(duplicates.claim(same) == 1);
  CHECK(loads == 0);
  committed = first.hash;
  duplicates.release(first);
  duplicates.release(same);
  EventBatch third = batch({{2, 102}});
  REQUIRE(duplicates.claim(third));
  EventBatch fourth = batch({{1, 100}});
  CHECK(duplicates.claim(fourth) == 1);
  CHECK(loads == 1);
}

TEST_CASE("days that nobody asked for between two calls are forgotten and loaded again") {
  EventBatch first = batch({{1, 100}});
  int loads = 0;
  Duplicates duplicates(1 << 20, {}, [&](Day) -> Result<std::vector<Hash128>> {
    ++loads;
    return first.hash;
  });
  REQUIRE(duplicates.claim(first));
  duplicates.relax();
  duplicates.relax();
  CHECK(duplicates.bytes() > 0);  // not released
  duplicates.release(first);
  duplicates.relax();
  CHECK(duplicates.bytes() == 0);
  EventBatch again = batch({{1, 100}});
  CHECK(duplicates.claim(again) == 1);
  CHECK(loads == 1);
  duplicates.release(again);
  duplicates.relax();
  CHECK(duplicates.bytes() > 0);  // asked for since the call before
}

TEST_CASE("while one day is loaded others go on, and two who need it load it once") {
  std::atomic<int> loads = 0;
  std::promise<void> begun, may_end;
  auto wait = may_end.get_future().share();
  Duplicates duplicates(1 << 20, {100}, [&](Day) -> Result<std::vector<Hash128>> {
    if (++loads == 1) begun.set_value();
    wait.wait();
    return batch({{1, 100}}).hash;
  });
  EventBatch slow = batch({{1, 100}, {2, 100}}), also = batch({{1, 100}, {2, 100}});
  auto first = std::async(std::launch::async, [&] { return duplicates.claim(slow); });
  begun.get_future().wait();
  auto second = std::async(std::launch::async, [&] { return duplicates.claim(also); });
  EventBatch other = batch({{1, 101}});
  CHECK(duplicates.claim(other) == 0);
  duplicates.release(other);
  may_end.set_value();
  CHECK(*first.get() + *second.get() == 3);  // host 1 is known to both, host 2 to the later one
  CHECK(loads == 1);
}

TEST_CASE("a day that cannot be loaded is tried again") {
  bool fails = true;
  Duplicates duplicates(1 << 20, {100}, [&](Day) -> Result<std::vector<Hash128>> {
    if (std::exchange(fails, false)) return unavailable("not now");
    return batch({{1, 100}}).hash;
  });
  EventBatch one = batch({{1, 100}});
  CHECK(!duplicates.claim(one));
  CHECK(duplicates.claim(one) == 1);
}

TEST_CASE("days of the store are loaded before they are judged") {
  EventBatch stored = batch({{1, 100}});
  Duplicates duplicates(1 << 20, {100},
                        [&](Day) -> Result<std::vector<Hash128>> { return stored.hash; });
  EventBatch again = batch({{1, 100}, {2, 100}});
  CHECK(duplicates.claim(again) == 1);
}

}  // namespace tocsin::store
