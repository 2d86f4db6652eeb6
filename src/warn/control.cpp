#include "warn/control.h"

#include <algorithm>

#include "base/check.h"
#include "warn/saved.h"

namespace tocsin::warn {
namespace {

constexpr std::int64_t week_s = 7 * 24 * 3600;
constexpr char version = 1;

// Tests of a week: each series at each tick.
double tests(const Sweep& sweep) {
  double ticks =
      static_cast<double>(week_s) / static_cast<double>(std::max<std::int64_t>(1, sweep.tick_s));
  return std::max(1.0, static_cast<double>(sweep.series)) * std::max(1.0, ticks);
}

}  // namespace

Control::Control(Settings settings) : settings_(settings) {
  check(settings.false_a_week > 0 && settings.false_share > 0, "a budget of false warnings");
}

double Control::false_a_week(const Sweep& sweep, double p) {
  return p * tests(sweep);
}

// Of the `number`-th warning of this tick. Of those found in the week and before it in this tick
// the share may be false; alone, a warning may be false with that probability.
double Control::level_at(const Sweep& sweep, std::size_t number) const {
  double allowed = settings_.false_a_week;
  if (settings_.false_share < 1) {
    auto before = static_cast<double>(found_.size() + number - 1);
    allowed = std::min(allowed, settings_.false_share * std::max(1.0, before));
  }
  return sweep.share * allowed / tests(sweep);
}

std::vector<std::size_t> Control::discover(const Sweep& sweep, std::span<const double> p) {
  auto last = std::ranges::find(last_, sweep.tick_s, &Last::tick_s);
  if (last == last_.end()) {
    check(last_.size() < resolutions_max, "at most 16 resolutions");
    last_.push_back({sweep.tick_s, sweep.at_s});
  } else {
    if (sweep.at_s <= last->at_s) return {};
    last->at_s = sweep.at_s;
  }
  std::erase_if(found_, [&](auto at) { return at <= sweep.at_s - week_s; });

  double most = sweep.share * settings_.false_a_week / tests(sweep);
  std::vector<std::size_t> low;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] >= 0 && p[i] <= most) low.push_back(i);
  }
  std::ranges::stable_sort(low, {}, [&](std::size_t i) { return p[i]; });
  // Step up: the more there are at one tick, the less each needs.
  std::size_t take = low.size();
  while (take > 0 && p[low[take - 1]] > level_at(sweep, take)) --take;
  low.resize(take);
  for (std::size_t i = 0; i < take && found_.size() < found_max; ++i) found_.push_back(sweep.at_s);
  return low;
}

std::string Control::save() const {
  Saver out;
  out.put(version);
  out.put(static_cast<std::uint32_t>(found_.size()));
  for (auto at : found_) out.put(at);
  out.put(static_cast<std::uint32_t>(last_.size()));
  for (const Last& last : last_) {
    out.put(last.tick_s);
    out.put(last.at_s);
  }
  return out.take();
}

Result<void> Control::restore(std::string_view bytes) {
  Loader in(bytes);
  char read_version = 0;
  in.get(read_version);
  Control read(settings_);
  read.found_.resize(std::min(in.number(sizeof(std::int64_t)), found_max + 1));
  for (auto& at : read.found_) in.get(at);
  read.last_.resize(std::min(in.number(2 * sizeof(std::int64_t)), resolutions_max + 1));
  for (Last& last : read.last_) {
    in.get(last.tick_s);
    in.get(last.at_s);
  }
  if (!in.is_done() || read_version != version || read.found_.size() > found_max ||
      read.last_.size() > resolutions_max)
    return invalid("not a control's state of this version");
  *this = std::move(read);
  return {};
}

}  // namespace tocsin::warn
