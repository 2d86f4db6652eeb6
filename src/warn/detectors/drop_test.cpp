#include "quiet_series.h"

namespace tocsin::warn {

TEST_CASE("drop: of quiet series at most 1.3 % of the ticks are at or below 1 %") {
  double rate = realised("drop", 0.01, 2000);
  CHECK(rate > 0.003);  // sparse series cannot drop
  CHECK(rate < 0.013);
}

TEST_CASE("drop: less than expected is rare, more is not") {
  const Detector& detector = *find_detector("drop");
  CHECK(detector.judge({0, {40, 2}, 0, {}}, {}) < 1e-6);
  CHECK(detector.judge({60, {40, 2}, 0, {}}, {}) > 0.9);
}

}  // namespace tocsin::warn
