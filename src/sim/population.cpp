#include "sim/population.h"

#include <algorithm>

namespace tocsin::sim {
namespace {

constexpr Day weekly_days = 5;

// Monday is 0. 1970-01-01 was a Thursday.
int weekday(Day day) {
  return static_cast<int>((day + 3) % 7);
}

// How many leases of one host are seen in the window.
std::size_t leases_shown(const Habits& habits, const Host& host, const Window& window,
                         std::span<const Window> out) {
  std::size_t shown = 0;
  std::uint64_t before = 0;
  Day last = std::min<Day>(window.last, host.start + host.stay_days);
  for (Day day = std::max(host.start, window.first); day < last; ++day) {
    bool is_out = std::ranges::any_of(out, [&](const Window& w) { return w.contains(day); });
    if (is_out || !is_seen(habits, host, day)) continue;
    std::uint64_t now = lease(host, day);
    if (shown == 0 || before != now) ++shown;
    before = now;
  }
  return shown;
}

}  // namespace

Host make_host(const Habits& habits, std::uint64_t key, std::uint32_t id, Day start, double u_stay,
               double u_lease) {
  double stay = 1 - habits.stay_days * std::log(1 - u_stay);
  Host host{.key = key, .id = id, .start = start, .stay_days = 0, .lease_days = 1, .family = 0};
  host.stay_days = static_cast<std::uint16_t>(std::min<double>(stay, stay_days_max));
  if (u_lease < habits.fixed) {
    host.lease_days = 0;
  } else if (u_lease < habits.fixed + habits.weekly) {
    host.lease_days = weekly_days;
  }
  return host;
}

bool is_seen(const Habits& habits, const Host& host, Day day) {
  double chance = habits.seen * (weekday(day) >= 5 ? habits.weekend : 1);
  return unit(draw(host.key, 5, static_cast<std::uint64_t>(day))) < chance;
}

double trend(const Window& window, Day day) {
  double part = static_cast<double>(day - window.first) / std::max(1, window.days());
  return 0.95 + 0.1 * std::clamp(part, 0.0, 1.0);
}

double leases_expected(const Habits& habits, const Window& window, std::span<const Window> out) {
  constexpr int tries = 24;  // of each kind of lease
  constexpr std::uint64_t seed = 0x746f6373696e;
  struct Kind {
    double share, u_lease;
  };
  double changing = habits.fixed + habits.weekly;
  const Kind kinds[] = {{habits.fixed, 0}, {habits.weekly, habits.fixed}, {1 - changing, changing}};
  double leases = 0;
  std::uint64_t tried = 0;
  for (Day start = window.first - stay_days_max; start < window.last; ++start) {
    for (const Kind& kind : kinds) {
      if (kind.share <= 0) continue;
      std::size_t shown = 0;
      for (int k = 0; k < tries; ++k) {
        std::uint64_t key = draw(seed, ++tried);
        double u_stay = (k + unit(draw(key, 2))) / tries;
        Host host = make_host(habits, key, 0, start, u_stay, kind.u_lease);
        shown += leases_shown(habits, host, window, out);
      }
      leases += trend(window, start) * kind.share * static_cast<double>(shown) / tries;
    }
  }
  return leases;
}

}  // namespace tocsin::sim
