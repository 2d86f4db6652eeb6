#include "warn/clipping.h"

#include <cmath>
#include <initializer_list>

#include "test.h"
#include "warn/draws.h"

namespace tocsin::warn {

TEST_CASE("what clipping takes is what the table says, also between its entries") {
  Draws draws(1);
  for (double mean : {0.07, 0.6, 3.1, 33.0, 150.0}) {
    for (double dispersion : {1.0, 1.7, 5.0, 40.0}) {
      double deviation = std::sqrt(mean * dispersion), first = 0, second = 0;
      constexpr int n = 200'000;
      for (int i = 0; i < n; ++i) {
        auto count = static_cast<double>(draws.negative_binomial(mean, dispersion));
        double off = (clipped(count, mean, deviation) - mean) / deviation;
        first += off / n;
        second += off * off / n;
      }
      Clipped table = clipped_moments(mean, dispersion);
      CAPTURE(mean);
      CAPTURE(dispersion);
      CHECK(std::abs(table.mean - first) < 0.02);
      CHECK(std::abs(table.variance - second) < 0.08);
    }
  }
}

TEST_CASE("a count below the bound stays what it is") {
  CHECK(clipped(12, 10, 2) == 12);
  CHECK(clipped(1000, 10, 2) == 16.5);
  CHECK(clipped(0, 10, 2) == 0);
}

}  // namespace tocsin::warn
