#include "quiet_series.h"
#include "warn/tail.h"

namespace tocsin::warn {

TEST_CASE("scan: of quiet series 0.7 to 1.3 % of the ticks are at or below 1 %") {
  double rate = realised("scan", 0.01, 3000);
  CHECK(rate > 0.007);
  CHECK(rate < 0.013);
}

TEST_CASE(
    "scan: a burst that no tick shows alone is found over three, and forgotten after twelve") {
  const Detector& detector = *find_detector("scan");
  std::vector<float> state(detector.floats);
  double p = 1;
  for (int i = 0; i < 12; ++i) p = detector.judge({10, {10, 1}, 0, {}}, state);
  CHECK(p > 0.3);
  for (int i = 0; i < 3; ++i) p = detector.judge({18, {10, 1}, 0, {}}, state);
  CHECK(upper_tail(18, {10, 1}) > 0.005);
  CHECK(p < 1e-4);
  for (int i = 0; i < 12; ++i) p = detector.judge({10, {10, 1}, 0, {}}, state);
  CHECK(p > 0.3);
}

TEST_CASE("scan: an error of the level, the same in all ticks of a window, is not a burst") {
  const Detector& detector = *find_detector("scan");
  std::vector<float> sure(detector.floats), unsure(detector.floats);
  double p_sure = 1, p_unsure = 1;
  for (int i = 0; i < 12; ++i) {
    p_sure = detector.judge({115, {100, 1}, 0, {}}, sure);
    p_unsure = detector.judge({115, {100, 2}, 1, {}}, unsure);  // the mean is known to 10 %
  }
  CHECK(p_sure < 1e-5);
  CHECK(p_unsure > 0.03);
}

}  // namespace tocsin::warn
