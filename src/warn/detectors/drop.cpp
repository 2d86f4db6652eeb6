// drop: this tick has less than it should.
#include "warn/detector.h"

namespace tocsin::warn {
namespace {

double judge(const Observed& observed, std::span<float>) {
  return lower_tail(observed.count, observed.expected);
}

}  // namespace

Detector drop() {
  return {.summary = "a tick with less than it should have", .floats = 0, .judge = judge};
}

}  // namespace tocsin::warn
