#include "warn/cell.h"

#include <cmath>
#include <cstring>
#include <map>

#include "base/hash.h"
#include "test.h"
#include "warn/draws.h"

namespace tocsin::warn {
namespace {

std::uint64_t key_of(std::uint64_t n) {
  return hash64({reinterpret_cast<const char*>(&n), sizeof n}) | 1;
}

std::size_t swept(Cells& cells, std::uint32_t tick, std::uint32_t idle_ticks_max = 1'000'000) {
  return cells.sweep(tick, {}, idle_ticks_max, [](const Candidate&) {});
}

}  // namespace

TEST_CASE("events are counted exactly, whatever was added and let go before") {
  Cells cells(2000);
  std::map<std::uint64_t, std::uint32_t> wanted;
  Draws draws(1);
  for (std::uint32_t tick = 0; tick < 300; ++tick) {
    for (int i = 0; i < 300; ++i) {
      std::uint64_t key = key_of(draws.below(1000) + 3 * tick);
      if (!cells.find(key) && !cells.add(key, 0)) continue;
      CHECK(cells.count(key, 2));
      wanted[key] += 2;
    }
    for (const auto& [key, count] : wanted) {
      const Cell* cell = cells.find(key);
      REQUIRE(cell);
      REQUIRE(cell->count == count);
    }
    swept(cells, tick, 5);
    wanted.clear();
  }
  CHECK(cells.size() < 2000);  // keys of old ticks were let go
}

TEST_CASE("a full table takes no more series and loses none") {
  Cells cells(100);
  for (std::uint64_t n = 0; n < 100; ++n) REQUIRE(cells.add(key_of(n), 0));
  CHECK(!cells.add(key_of(100), 0));
  CHECK(cells.add(key_of(7), 0));  // it is there
  CHECK(cells.size() == 100);
  std::vector<std::uint64_t> keys = {key_of(5), key_of(100), key_of(5)}, unknown;
  cells.count(keys, &unknown);
  CHECK(cells.find(key_of(5))->count == 2);
  CHECK(unknown == std::vector{key_of(100)});
}

TEST_CASE("a count stops at its largest") {
  Cells cells(10);
  cells.add(1, 0);
  cells.count(1, UINT32_MAX - 1);
  cells.count(1, 5);
  CHECK(cells.find(1)->count == UINT32_MAX);
}

TEST_CASE("a surge and a slow rise are candidates, quiet series rarely") {
  Cells cells(1000);
  Draws draws(2);
  for (std::uint64_t n = 1; n <= 1000; ++n) cells.add(key_of(n), 0);
  std::size_t quiet = 0;
  bool surge = false, rise = false;
  for (std::uint32_t tick = 0; tick < 400; ++tick) {
    for (std::uint64_t n = 1; n <= 1000; ++n) {
      double mean = n == 2 && tick > 300 ? 14 : 10;
      auto events = static_cast<std::uint32_t>(draws.poisson(mean));
      if (n == 1 && tick == 350) events = 60;
      if (events > 0) cells.count(key_of(n), events);
    }
    quiet += cells.sweep(tick, {}, 1000, [&](const Candidate& candidate) {
      surge |= candidate.cell.key == key_of(1) && tick == 350 && candidate.cell.count == 60;
      rise |= candidate.cell.key == key_of(2) && tick > 300 && tick < 340;
    });
  }
  CHECK(surge);
  CHECK(rise);
  CHECK(quiet < 400);  // of 400,000
}

TEST_CASE("series without events are calm, and so is a sweep of what never was") {
  Cells cells(10);
  cells.add(1, 0);
  for (std::uint32_t tick = 0; tick < 2000; ++tick) CHECK(swept(cells, tick) == 0);
  CHECK(std::isfinite(cells.find(1)->level));
  CHECK(cells.find(1)->level >= 0);
}

TEST_CASE("a kind whose feeds are late is left as it is, with its counts") {
  Cells cells(10);
  cells.add(1, 0);
  cells.add(2, 1);
  for (std::uint32_t tick = 0; tick < 50; ++tick) {
    cells.count(1, 5);
    cells.count(2, 5);
    swept(cells, tick);
  }
  Cell before = *cells.find(2);
  cells.count(1, 5);
  cells.count(2, 5);
  std::vector<float> factors = {1, -1};
  cells.sweep(50, factors, 1000, [](const Candidate&) {});
  CHECK(cells.find(1)->count == 0);
  CHECK(cells.find(2)->count == 5);
  CHECK(cells.find(2)->level == before.level);
  CHECK(cells.find(2)->age == before.age);
}

TEST_CASE("a saved table is the table; a damaged one is refused") {
  Cells cells(500);
  Draws draws(3);
  for (std::uint64_t n = 1; n <= 400; ++n) cells.add(key_of(n), static_cast<std::uint16_t>(n % 5));
  for (std::uint32_t tick = 0; tick < 40; ++tick) {
    for (int i = 0; i < 3000; ++i) cells.count(key_of(1 + draws.below(400)));
    swept(cells, tick);
  }
  std::string bytes = cells.save();
  auto restored = Cells::restore(bytes, 500);
  REQUIRE(restored);
  CHECK(restored->size() == cells.size());
  for (std::uint64_t n = 1; n <= 400; ++n) {
    const Cell *a = cells.find(key_of(n)), *b = restored->find(key_of(n));
    REQUIRE(b);
    CHECK(std::memcmp(a, b, sizeof *a) == 0);
  }
  CHECK(!Cells::restore(bytes, 399));
  for (std::size_t cut : {std::size_t{0}, std::size_t{5}, std::size_t{16}, bytes.size() - 1})
    CHECK(!Cells::restore(bytes.substr(0, cut), 500));
  std::string damaged = bytes;
  float nan = std::nanf("");
  std::memcpy(damaged.data() + 16 + 8, &nan, 4);
  CHECK(!Cells::restore(damaged, 500));
}

}  // namespace tocsin::warn
