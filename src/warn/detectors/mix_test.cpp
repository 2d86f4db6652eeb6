#include <cmath>
#include <vector>

#include "test.h"
#include "warn/detector.h"
#include "warn/draws.h"
#include "warn/filter.h"

namespace tocsin::warn {
namespace {

std::vector<float> drawn(Draws& draws, double whole, std::vector<double> shares) {
  std::vector<float> parts;
  for (double share : shares) parts.push_back(static_cast<float>(draws.poisson(whole * share)));
  return parts;
}

}  // namespace

TEST_CASE("mix: parts that keep their shares are calm, whatever the whole does") {
  const Detector& detector = *find_detector("mix");
  std::vector<float> state(detector.floats);
  Draws draws(7);
  int hits = 0;
  for (int i = 0; i < 5000; ++i) {
    double whole = i % 50 == 0 ? 2000 : 100;
    double p = detector.judge({whole, {}, 0, drawn(draws, whole, {0.5, 0.3, 0.15, 0.05})}, state);
    REQUIRE(p >= probability_min);
    hits += p <= 0.01;
  }
  CHECK(hits > 0);
  CHECK(hits < 65);  // 1.3 %
}

TEST_CASE("mix: a part that takes the place of another is found, though the whole stays") {
  const Detector& detector = *find_detector("mix");
  std::vector<float> state(detector.floats);
  Draws draws(8);
  double p = 1;
  for (int i = 0; i < 300; ++i)
    p = detector.judge({100, {}, 0, drawn(draws, 100, {0.6, 0.35, 0.05})}, state);
  CHECK(p > 0.001);
  p = detector.judge({100, {}, 0, drawn(draws, 100, {0.3, 0.35, 0.35})}, state);
  CHECK(p < 1e-4);
}

TEST_CASE("mix: nothing, one part, and parts with absurd counts are borne") {
  const Detector& detector = *find_detector("mix");
  std::vector<float> state(detector.floats);
  CHECK(detector.judge({0, {}, 0, {}}, state) == 1);
  std::vector<float> one = {5}, absurd = {1e30F, -4, NAN, 0};
  CHECK(detector.judge({5, {}, 0, one}, state) == 1);
  for (int i = 0; i < 100; ++i) {
    double p = detector.judge({5, {}, 0, absurd}, state);
    CHECK(p >= probability_min);
    CHECK(p <= 1);
  }
}

}  // namespace tocsin::warn
