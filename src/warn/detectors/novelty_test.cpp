#include <cmath>
#include <vector>

#include "test.h"
#include "warn/detector.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace tocsin::warn {
namespace {

double realised_of_new_keys(double level) {
  const Detector& detector = *find_detector("novelty");
  double hits = 0, keys = 0;
  for (double mean : {0.3, 2.0, 20.0}) {
    for (double dispersion : {1.5, 4.0}) {
      std::vector<float> state(detector.floats);
      Draws draws(5000 + static_cast<std::uint64_t>(mean * 10 + dispersion));
      for (int i = 0; i < 3000; ++i) {
        double count = 1 + static_cast<double>(draws.negative_binomial(mean, dispersion));
        double p = detector.judge({count, {}, 0, {}}, state);
        if (i < 200) continue;
        hits += p <= level;
        ++keys;
      }
    }
  }
  return hits / keys;
}

}  // namespace

TEST_CASE("novelty: new keys that begin as new keys do are judged rare about as often as said") {
  double rate = realised_of_new_keys(0.01);
  CHECK(rate > 0.004);
  CHECK(rate < 0.013);
}

TEST_CASE("novelty: a new key that begins with much more than others is rare") {
  const Detector& detector = *find_detector("novelty");
  std::vector<float> state(detector.floats);
  Draws draws(6);
  for (int i = 0; i < 200; ++i) {
    detector.judge({1 + static_cast<double>(draws.negative_binomial(2, 3)), {}, 0, {}}, state);
  }
  CHECK(detector.judge({200, {}, 0, {}}, state) < 1e-6);
  CHECK(detector.judge({3, {}, 0, {}}, state) > 0.1);
}

TEST_CASE("novelty: before twenty new keys nothing is judged") {
  const Detector& detector = *find_detector("novelty");
  std::vector<float> state(detector.floats);
  for (int i = 0; i < 20; ++i) CHECK(detector.judge({1e6, {}, 0, {}}, state) == 1);
}

}  // namespace tocsin::warn
