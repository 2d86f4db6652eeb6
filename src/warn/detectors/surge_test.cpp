#include "quiet_series.h"

namespace tocsin::warn {

TEST_CASE("surge: of quiet series 0.7 to 1.3 % of the ticks are at or below 1 %") {
  double rate = realised("surge", 0.01, 1000);
  CHECK(rate > 0.007);
  CHECK(rate < 0.013);
}

TEST_CASE("surge: more than expected is rare, less is not") {
  const Detector& detector = *find_detector("surge");
  CHECK(detector.judge({40, {10, 2}, 0, {}}, {}) < 1e-5);
  CHECK(detector.judge({2, {10, 2}, 0, {}}, {}) > 0.9);
}

}  // namespace tocsin::warn
