// surge: this tick has more than it should.
#include "warn/detector.h"

namespace tocsin::warn {
namespace {

double judge(const Observed& observed, std::span<float>) {
  return upper_tail(observed.count, observed.expected);
}

}  // namespace

Detector surge() {
  return {.summary = "a tick with more than it should have", .floats = 0, .judge = judge};
}

}  // namespace tocsin::warn
