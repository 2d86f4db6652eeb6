// Population: the affected hosts of one stream in one country: when each comes and goes, at which
// address it sits, on which days it is seen. Nothing is kept but the hosts that are there now.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "sim/draw.h"

namespace tocsin::sim {

// How the hosts of a stream live.
struct Habits {
  double stay_days;  // mean time until a host is clean
  double seen;       // chance to be seen on a working day
  double weekend;    // factor for Saturday and Sunday
  double fixed;      // share that keeps its address
  double weekly;     // share that gets a new one every 5 days; the rest: every day
  int rows_max;      // rows a day on which it is seen: 1 to so many
};

struct Host {
  std::uint64_t key;
  std::uint32_t id;
  Day start;
  std::uint16_t stay_days;
  std::uint16_t lease_days;  // 0: for ever
  std::uint16_t family;      // an index of the stream's families
};

inline constexpr int stay_days_max = 120;

// `u_stay` and `u_lease` choose from the habits, each 0 to below 1.
Host make_host(const Habits& habits, std::uint64_t key, std::uint32_t id, Day start, double u_stay,
               double u_lease);

inline bool is_there(const Host& host, Day day) {
  return day >= host.start && day < host.start + host.stay_days;
}

bool is_seen(const Habits& habits, const Host& host, Day day);

// What names the address that the host has on that day: the same number, the same address.
inline std::uint64_t lease(const Host& host, Day day) {
  if (host.lease_days == 0) return draw(host.key, 1);
  auto phase = static_cast<Day>(host.key % host.lease_days);
  return draw(host.key, 1, static_cast<std::uint64_t>((day + phase) / host.lease_days));
}

// A part of the calendar that is made as one: days first to below last.
struct Window {
  Day first, last;
  bool contains(Day day) const { return day >= first && day < last; }
  int days() const { return last - first; }
};

// Slow growth over a window: 0.95 at its first day, 1.05 at its last.
double trend(const Window& window, Day day);

// How many distinct leases a stream shows in the window if hosts come at a rate of `trend` a day,
// without the days in `out`. By trying hosts that come on each day: within about 1 %.
double leases_expected(const Habits& habits, const Window& window, std::span<const Window> out);

// The hosts that are there. One thread.
class Population {
 public:
  // `rate`: hosts a day at trend 1. Ids start at `first_id`.
  Population(const Habits& habits, const Window& window, double rate, std::uint64_t seed,
             std::uint32_t first_id)
      : habits_(habits), window_(window), rate_(rate), seed_(seed), next_id_(first_id) {}

  // Days must follow each other. Those who have left are forgotten; new ones come. `family` gives
  // the family of a host that comes on that day, for a number of 0 to below 1.
  template <class Family>
  void begin(Day day, Family family) {
    std::erase_if(hosts_, [&](const Host& h) { return day >= h.start + h.stay_days; });
    for (owed_ += rate_ * trend(window_, day); owed_ >= 1; owed_ -= 1) {
      std::uint64_t key = draw(seed_, next_id_);
      hosts_.push_back(
          make_host(habits_, key, next_id_++, day, unit(draw(key, 2)), unit(draw(key, 3))));
      hosts_.back().family = family(day, unit(draw(key, 4)));
    }
  }

  std::span<const Host> hosts() const { return hosts_; }
  const Habits& habits() const { return habits_; }
  std::uint32_t next_id() const { return next_id_; }

 private:
  Habits habits_;
  Window window_;
  double rate_, owed_ = 0.5;
  std::uint64_t seed_;
  std::uint32_t next_id_;
  std::vector<Host> hosts_;
};

}  // namespace tocsin::sim
