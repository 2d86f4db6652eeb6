#include "warn/warning.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "warn/saved.h"

namespace tocsin::warn {
namespace {

constexpr char version = 1;
constexpr double lone_p = 1e-4;  // no liar gets there by chance, not in years
constexpr double medium_score = 25, high_score = 50, critical_score = 75;

// With one more of each, so that a single event where none was expected is no surge.
double ratio_of(const Verdict& verdict) {
  return (verdict.count + 1) / (verdict.expected.mean + 1);
}

bool has(const std::vector<std::string>& list, std::string_view one) {
  return std::ranges::find(list, one) != list.end();
}

// The shared part of what is in either.
double overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::size_t both = 0;
  for (const auto& one : a) both += has(b, one);
  std::size_t either = a.size() + b.size() - both;
  return either == 0 ? 0 : static_cast<double>(both) / static_cast<double>(either);
}

std::vector<std::string> top(const std::vector<std::string>& contributors) {
  return {contributors.begin(),
          contributors.begin() + static_cast<std::ptrdiff_t>(
                                     std::min(contributors.size(), Warning::contributors_max))};
}

}  // namespace

std::string_view name_of(Life life) {
  constexpr std::array<std::string_view, 4> names = {"opened", "updated", "peaked", "closed"};
  return names[static_cast<std::size_t>(life)];
}

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 4> names = {"low", "medium", "high", "critical"};
  return names[static_cast<std::size_t>(severity)];
}

double Weight::score() const {
  return 30 * significance + 30 * excess + 20 * spread + 20 * velocity;
}

Weight weigh(const Warning& warning, const Evidence& evidence) {
  const Verdict& v = evidence.verdict;
  double ratio = std::max(1.0, std::max(ratio_of(v), warning.highest_ratio));
  // One false in a million weeks, eightfold, all members, doubling within a day: 1 each.
  double rare = -std::log10(std::max(evidence.false_a_week, 1e-300)) / 6;
  double much = std::log2(ratio) / 3 * (0.5 + 0.5 * std::clamp(evidence.criticality, 0.0, 1.0));
  double wide = v.members > 1 ? static_cast<double>(v.hit) / v.members : 0;
  double days = static_cast<double>(warning.seen - warning.opened + 1) / 24;
  double rise =
      std::log2(std::max(ratio / std::max(warning.first_ratio, 1.0), 1.0)) / std::max(days, 1.0);
  auto part = [](double value) { return std::clamp(value, 0.0, 1.0); };
  return {part(rare), part(much), part(wide), part(rise)};
}

Severity severity_of(double score, const Evidence& evidence) {
  const Verdict& v = evidence.verdict;
  Severity severity = score >= critical_score ? Severity::critical
                      : score >= high_score   ? Severity::high
                      : score >= medium_score ? Severity::medium
                                              : Severity::low;
  bool borne = v.level == Level::member ? evidence.ours : v.without_one_p < lone_p;
  return borne ? severity : std::min(severity, Severity::medium);
}

const Warning* Warnings::find(std::uint64_t id) const {
  auto found = std::ranges::find(warnings_, id, &Warning::id);
  return found == warnings_.end() ? nullptr : &*found;
}

Warning* Warnings::of(std::string_view key) {
  Warning* last = nullptr;  // the newest: an older one of the same key was merged or is closed
  for (Warning& w : warnings_) {
    if (w.merged_into == 0 && has(w.keys, key)) last = &w;
  }
  return last;
}

const Warning* Warnings::open_for(std::string_view key) const {
  for (const Warning& w : warnings_) {
    if (w.is_open() && has(w.keys, key)) return &w;
  }
  return nullptr;
}

Warning* Warnings::overlapping(const Evidence& evidence) {
  auto contributors = top(evidence.contributors);
  for (Warning& w : warnings_) {
    if (w.is_open() && overlap(w.contributors, contributors) >= overlap_min) return &w;
  }
  return nullptr;
}

std::vector<Change> Warnings::tick(std::int64_t tick, std::span<const Evidence> evidence) {
  std::vector<Change> changes;
  if (tick <= tick_) return changes;
  tick_ = tick;
  std::erase_if(warnings_, [&](const Warning& w) {
    return !w.is_open() && tick - w.closed > static_cast<std::int64_t>(again_ticks);
  });
  for (const Evidence& e : evidence) {
    Warning* warning = of(e.key);
    if (warning != nullptr && (warning->is_open() || e.discovered)) {
      feed(*warning, e, changes);
    } else if (e.discovered) {
      open(e, changes);
    }
  }
  for (Warning& w : warnings_) {
    if (w.is_open()) rest(w, changes);
  }
  merge(changes);
  return changes;
}

void Warnings::open(const Evidence& evidence, std::vector<Change>& changes) {
  if (Warning* same = overlapping(evidence);
      same != nullptr && same->keys.size() < Warning::keys_max) {
    same->keys.push_back(evidence.key);
    return feed(*same, evidence, changes);
  }
  auto open = std::ranges::count_if(warnings_, &Warning::is_open);
  full_ = static_cast<std::size_t>(open) >= open_max;
  if (full_) return;
  Warning w{.id = hash64(evidence.key, static_cast<std::uint64_t>(tick_)), .keys = {evidence.key}};
  w.opened = w.updated = w.seen = tick_;
  w.first_ratio = ratio_of(evidence.verdict);
  warnings_.push_back(std::move(w));
  feed(warnings_.back(), evidence, changes);
  changes.push_back({warnings_.back().id, Life::opened, 0});
}

// The refractory rule: only a new height says something new; all else feeds the same warning.
void Warnings::feed(Warning& w, const Evidence& evidence, std::vector<Change>& changes) {
  const Verdict& v = evidence.verdict;
  bool returned = !w.is_open(), opening = w.opened == tick_ && w.seen == tick_ && w.expected == 0;
  bool first_of_tick = w.seen != tick_ || opening;
  if (returned) w.closed = 0;
  w.seen = tick_;
  if (evidence.key == w.keys.front()) {
    w.count += v.count;
    w.expected += v.expected.mean;
    w.ratio = ratio_of(v);
    w.highest_ratio = std::max(w.highest_ratio, w.ratio);
  }
  if (v.recent_p <= quiet_p) {
    w.quiet = 0;
  } else if (first_of_tick) {
    ++w.quiet;
  }
  w.doubtful = w.doubtful || v.absurd > 0 || v.extreme > 0;
  double score = weigh(w, evidence).score();
  Severity severity = severity_of(score, evidence);
  bool higher = v.p * record_times <= w.lowest_p || severity > w.severity;
  if (v.p < w.lowest_p) {
    w.lowest_p = v.p;
    w.lowest_false_a_week = evidence.false_a_week;
    w.level = v.level;
    w.which = v.which;
  }
  w.score = std::max(w.score, score);
  w.severity = std::max(w.severity, severity);
  w.members = std::max(w.members, v.members);
  w.hit = std::max(w.hit, v.hit);
  if (!evidence.contributors.empty() && evidence.key == w.keys.front())
    w.contributors = top(evidence.contributors);
  if (opening || !(higher || returned)) return;
  bool told = w.life == Life::updated && w.updated == tick_;
  w.life = Life::updated;
  w.updated = tick_;
  w.peaked = 0;
  if (!told) changes.push_back({w.id, Life::updated, 0});
}

void Warnings::rest(Warning& w, std::vector<Change>& changes) {
  if (w.quiet >= quiet_ticks || tick_ - w.seen >= static_cast<std::int64_t>(unseen_ticks)) {
    w.life = Life::closed;
    w.closed = tick_;
    w.quiet = 0;
    changes.push_back({w.id, Life::closed, 0});
  } else if (w.life != Life::peaked && tick_ - w.updated >= static_cast<std::int64_t>(peak_ticks)) {
    w.life = Life::peaked;
    w.peaked = tick_;
    changes.push_back({w.id, Life::peaked, 0});
  }
}

// Two that were opened for different things and turn out to be the same: the younger goes into the
// older.
void Warnings::merge(std::vector<Change>& changes) {
  for (std::size_t i = 0; i < warnings_.size(); ++i) {
    for (std::size_t j = i + 1; j < warnings_.size(); ++j) {
      Warning &older = warnings_[i], &younger = warnings_[j];
      if (!older.is_open() || !younger.is_open()) continue;
      if (older.keys.size() + younger.keys.size() > Warning::keys_max) continue;
      if (overlap(older.contributors, younger.contributors) < overlap_min) continue;
      older.keys.insert(older.keys.end(), younger.keys.begin(), younger.keys.end());
      older.severity = std::max(older.severity, younger.severity);
      older.score = std::max(older.score, younger.score);
      younger.life = Life::closed;
      younger.closed = tick_;
      younger.merged_into = older.id;
      changes.push_back({younger.id, Life::closed, older.id});
    }
  }
}

namespace {

// One list of members for both ways.
template <class Out, class W, class Texts>
void each(Out&& out, W& w, Texts&& texts) {
  out(w.id), out(w.life), out(w.severity), out(w.score), out(w.level), out(w.which);
  out(w.opened), out(w.updated), out(w.peaked), out(w.closed), out(w.seen);
  out(w.lowest_p), out(w.lowest_false_a_week), out(w.count), out(w.expected);
  out(w.first_ratio), out(w.ratio), out(w.highest_ratio);
  out(w.members), out(w.hit), out(w.quiet), out(w.doubtful), out(w.merged_into);
  texts(w.keys), texts(w.contributors);
}

bool is_sane(const Warning& w) {
  return !w.keys.empty() && w.keys.size() <= Warning::keys_max && w.life <= Life::closed &&
         w.severity <= Severity::critical && w.level <= Level::pool &&
         w.contributors.size() <= Warning::contributors_max && std::isfinite(w.score) &&
         w.lowest_p >= 0 && w.lowest_p <= 1;
}

}  // namespace

std::string Warnings::save() const {
  Saver out;
  out.put(version);
  out.put(tick_);
  out.put(full_);
  out.put(static_cast<std::uint32_t>(warnings_.size()));
  for (const Warning& w : warnings_) {
    each([&](const auto& value) { out.put(value); }, w,
         [&](const std::vector<std::string>& texts) {
           out.put(static_cast<std::uint32_t>(texts.size()));
           for (const auto& text : texts) out.put(text);
         });
  }
  return out.take();
}

Result<void> Warnings::restore(std::string_view bytes) {
  Loader in(bytes);
  Warnings read;
  char read_version = 0;
  in.get(read_version);
  in.get(read.tick_);
  in.get(read.full_);
  read.warnings_.resize(in.number(100));
  bool sane = true;
  for (Warning& w : read.warnings_) {
    each([&](auto& value) { in.get(value); }, w,
         [&](std::vector<std::string>& texts) {
           texts.resize(in.number(sizeof(std::uint32_t)));
           for (auto& text : texts) in.get(text);
         });
    sane = sane && is_sane(w);
  }
  if (!in.is_done() || !sane || read_version != version)
    return invalid("not the warnings of this version");
  *this = std::move(read);
  return {};
}

}  // namespace tocsin::warn
