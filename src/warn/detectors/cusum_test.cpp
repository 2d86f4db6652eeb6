#include "quiet_series.h"
#include "warn/tail.h"

namespace tocsin::warn {

TEST_CASE("cusum: of quiet series at most 1.3 % of the ticks are at or below 1 %") {
  double rate = realised("cusum", 0.01, 4000);
  CHECK(rate > 0.002);
  CHECK(rate < 0.013);
}

TEST_CASE("cusum: a small lasting rise adds up, one large tick does not") {
  const Detector& detector = *find_detector("cusum");
  std::vector<float> state(detector.floats);
  CHECK(detector.judge({1000, {10, 1}, 0, {}}, state) > 0.01);
  state[0] = 0;
  double p = 1;
  for (int i = 0; i < 24; ++i) p = detector.judge({13, {10, 1}, 0, {}}, state);
  CHECK(upper_tail(13, {10, 1}) > 0.1);
  CHECK(p < 1e-3);
}

TEST_CASE("cusum: whatever came, it is calm again within 80 calm ticks") {
  const Detector& detector = *find_detector("cusum");
  std::vector<float> state(detector.floats);
  for (int i = 0; i < 1000; ++i) detector.judge({1e9, {10, 1}, 0, {}}, state);
  double p = 0;
  for (int i = 0; i < 80; ++i) p = detector.judge({10, {10, 1}, 0, {}}, state);
  CHECK(p == 1);
}

}  // namespace tocsin::warn
