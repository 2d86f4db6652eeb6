#include "warn/tail.h"

#include <cmath>
#include <vector>

#include "test.h"

namespace tocsin::warn {
namespace {

struct Known {
  double count, mean, dispersion, upper, lower, low, high;
};

// By R 4.2.2: ppois and pnbinom (size = mean / (dispersion - 1), prob = 1 / dispersion) with half
// of dpois or dnbinom; qpois and qnbinom of 0.025 and 0.975.
const std::vector<Known> known = {
    {1, 0.01, 1, 0.00499991708209, 0.995000082918, 0, 0},
    {3, 0.5, 1, 0.00806965026163, 0.991930349738, 0, 2},
    {12, 4, 1, 0.000594472985063, 0.999405527015, 1, 8},
    {4, 4, 1, 0.468846472227, 0.531153527773, 1, 8},
    {200, 100, 1, 6.98466477159e-19, 1, 81, 120},
    {2, 0.05, 1.5, 0.00479254098451, 0.995207459015, 0, 1},
    {9, 2, 3, 0.0216769123948, 0.978323087605, 0, 9},
    {25, 6, 1.6, 1.606397565e-05, 0.999983936024, 1, 13},
    {60, 100, 4, 0.987331046525, 0.012668953475, 64, 142},
    {180, 100, 4, 0.000360059687783, 0.999639940312, 64, 142},
    {1000, 400, 12, 1.07970007399e-10, 0.999999999892, 275, 546},
    {5, 300, 20, 1, 2.71509812431e-17, 167, 469},
    {1100, 1000, 1.01, 0.000965596662795, 0.999034403337, 938, 1063},
    {160000, 150000, 2.5, 2.87542992645e-58, 1, 148802, 151202},
    {3000, 1, 5000, 9.0894947162e-05, 0.999909105053, 0, 0},
    {1010000, 1000000, 1.1, 8.86543179928e-22, 1, 997945, 1002056},
    {1002000, 1000000, 1, 0.0227771274317, 0.977222872568, 998041, 1001960},
    {1004000, 1000000, 4, 0.0228445350463, 0.977155464954, 996083, 1003923},
    {1.0001e+12, 1e+12, 10000, 0.158655253528, 0.841344746472, 999804013073, 1000196005869},
    {40, 0.02, 1.3, 5.77187536345e-29, 1, 0, 0},
    {1000200, 1000000, 3, 0.453848163787, 0.546151836213, 996608, 1003397},
    {1005000, 1000000, 900, 0.429997568516, 0.570002431484, 942058, 1059646},
    {1001000000, 1000000000, 1000, 0.158655213672, 0.841344786328, 998040983, 1001960910},
    {3000000, 1000000, 1000000, 0.0497870652767, 0.950212934723, 25317, 3688879},
};

// The sum of the definition, term by term from 0, in long double.
long double summed_upper(unsigned count, double mean, double dispersion) {
  long double m = mean, f = dispersion, r = m / (f - 1);
  long double term = dispersion <= 1.001 ? std::exp(-m) : std::exp(-r * std::log(f));
  long double below = 0;
  for (unsigned k = 0; k < count; ++k) {
    below += term;
    auto n = static_cast<long double>(k);
    term *= dispersion <= 1.001 ? m / (n + 1) : (n + r) / (n + 1) * (1 - 1 / f);
  }
  return 1 - below - term / 2;
}

double off(double got, double wanted) {
  return std::abs(got / wanted - 1);
}

}  // namespace

TEST_CASE("tails and intervals are those that R gives") {
  for (const Known& k : known) {
    CAPTURE(k.count);
    CAPTURE(k.mean);
    CAPTURE(k.dispersion);
    Expected e{k.mean, k.dispersion};
    bool exact = e.variance() < 1e6;
    CHECK(off(upper_tail(k.count, e), k.upper) < (exact ? 1e-9 : 1e-4));
    CHECK(off(lower_tail(k.count, e), k.lower) < (exact ? 1e-9 : 1e-4));
    double step = exact ? 0 : 1e-3 * std::sqrt(e.variance());
    CHECK(std::abs(interval(0.95, e).low - k.low) <= step);
    CHECK(std::abs(interval(0.95, e).high - k.high) <= step);
  }
}

TEST_CASE("tails are the sums of their definition") {
  for (double mean : {0.003, 0.2, 1.0, 7.5, 40.0}) {
    for (double dispersion : {1.0, 1.2, 3.0, 17.0}) {
      for (unsigned count = 1; count < 4 * static_cast<unsigned>(mean) + 6; ++count) {
        CAPTURE(mean);
        CAPTURE(dispersion);
        CAPTURE(count);
        auto wanted = static_cast<double>(summed_upper(count, mean, dispersion));
        CHECK(std::abs(upper_tail(count, {mean, dispersion}) - wanted) < 1e-12);
        double both = upper_tail(count, {mean, dispersion}) + lower_tail(count, {mean, dispersion});
        CHECK(std::abs(both - 1) < 1e-12);
      }
    }
  }
}

TEST_CASE("tails stay in their bounds, whatever they are given") {
  double nan = std::nan("");
  for (double count : {nan, -5.0, 0.0, 1.0, 1e6, 1e300}) {
    for (double mean : {nan, -1.0, 0.0, 1e-9, 1.0, 1e12, 1e300}) {
      for (double dispersion : {nan, 0.0, 1.0, 1e5, 1e300}) {
        CAPTURE(count);
        CAPTURE(mean);
        CAPTURE(dispersion);
        for (double p : {upper_tail(count, {mean, dispersion}),
                         lower_tail(count, {mean, dispersion}), none_seen({mean, dispersion})}) {
          CHECK(p >= probability_min);
          CHECK(p <= 1);
        }
      }
    }
  }
  CHECK(upper_tail(0, {100, 2}) == 1);
}

TEST_CASE("a tail falls as the count grows, across the change of method too") {
  for (double deviation : {999.0, 1001.0}) {
    double before = 1;
    for (double z = -4; z < 30; z += 0.05) {
      double p = upper_tail(deviation * (deviation / 3 + z), {deviation * deviation / 3, 3});
      CHECK(p < before);
      before = p;
    }
  }
  Expected exact{333'000, 3}, approximate{333'400, 3};
  CHECK(exact.variance() < 1e6);
  CHECK(approximate.variance() > 1e6);
  for (double z : {-3.0, 0.5, 3.0, 6.0}) {
    double a = upper_tail(exact.mean + z * std::sqrt(exact.variance()), exact);
    double b = upper_tail(approximate.mean + z * std::sqrt(approximate.variance()), approximate);
    CHECK(off(a, b) < 0.01);
  }
}

TEST_CASE("none seen is the probability of 0") {
  CHECK(off(none_seen({2, 1}), std::exp(-2.0)) < 1e-12);
  CHECK(off(none_seen({6, 1.6}), std::pow(1.6, -10.0)) < 1e-12);
}

TEST_CASE("normal scores and tails undo each other") {
  CHECK(off(normal_score(0.001), 3.09023230616781) < 1e-12);  // R's qnorm
  CHECK(off(normal_score(1e-300), 37.0470962993612) < 1e-12);
  for (double z : {-5.0, -3.0, -0.1, 0.0, 0.5, 2.0, 8.0, 30.0})
    CHECK(std::abs(normal_score(normal_tail(z)) - z) < 1e-9);
}

}  // namespace tocsin::warn
