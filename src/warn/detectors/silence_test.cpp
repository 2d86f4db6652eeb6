#include <cmath>
#include <vector>

#include "test.h"
#include "warn/detector.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace tocsin::warn {
namespace {

// Of hourly ticks with that mean: until the run is as rare as 1e-6.
double days_until(double mean) {
  std::vector<float> state(1);
  int hours = 0;
  while (find_detector("silence")->judge({0, {mean, 1.5}, 0, {}}, state) > 1e-6) ++hours;
  return hours / 24.0;
}

}  // namespace

TEST_CASE("silence: empty ticks multiply, and one event ends the run") {
  const Detector& detector = *find_detector("silence");
  std::vector<float> state(detector.floats);
  CHECK(detector.judge({0, {2, 1}, 0, {}}, state) == doctest::Approx(std::exp(-2)));
  CHECK(detector.judge({0, {3, 1}, 0, {}}, state) == doctest::Approx(std::exp(-5)));
  CHECK(detector.judge({1, {3, 1}, 0, {}}, state) == 1);
  CHECK(detector.judge({0, {2, 1}, 0, {}}, state) == doctest::Approx(std::exp(-2)));
}

TEST_CASE("silence: a sparse series may be empty for days, a busy one not for an hour") {
  CHECK(days_until(0.01) > 2);
  CHECK(days_until(20) < 0.1);
}

}  // namespace tocsin::warn
