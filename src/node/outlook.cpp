#include "node/outlook.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "alert/constituent.h"
#include "base/text.h"

namespace tocsin::node {
namespace {

constexpr std::uint32_t version = 1;
constexpr double one_resolution = 0.5;  // of the budget: quarters of an hour, and days
constexpr double told_p = 0.001;        // above that no series is looked at closer

std::int64_t tick_s(warn::Step step) {
  return step == warn::Step::quarter ? 900 : 86'400;
}

void put(std::string& out, std::string_view part) {
  std::uint64_t size = part.size();
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += part;
}

bool take_part(std::string_view& rest, std::string_view& part) {
  std::uint64_t size = 0;
  if (rest.size() < sizeof size) return false;
  std::memcpy(&size, rest.data(), sizeof size);
  rest.remove_prefix(sizeof size);
  if (size > rest.size()) return false;
  part = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

template <class T>
bool take_value(std::string_view& rest, T& value) {
  std::string_view part;
  if (!take_part(rest, part) || part.size() != sizeof value) return false;
  std::memcpy(&value, part.data(), sizeof value);
  return true;
}

double excess_of(const warn::JudgedSeries& one) {
  return one.count - one.expected.mean;
}

// Is what rises in `other` the same development as in `head`: a part of it, or of which it is a
// good part? Two families, ports or places of one kind are not.
bool explains(const warn::JudgedSeries& head, const warn::JudgedSeries& other) {
  const warn::SeriesKey &a = head.key, &b = other.key;
  bool same_what = a.what() != b.what() || a.detail() == b.detail();
  bool same_where = a.where() != b.where() || a.place() == b.place();
  return a.type() == b.type() && same_what && same_where && excess_of(other) <= 2 * excess_of(head);
}

template <class T>
void put_value(std::string& out, const T& value) {
  put(out, {reinterpret_cast<const char*>(&value), sizeof value});
}

}  // namespace

std::unique_ptr<Outlook> Outlook::open(const Parts& parts) {
  auto outlook = std::unique_ptr<Outlook>(new Outlook(parts));
  const std::string& kept = parts.series.kept();
  if (kept.empty()) return outlook;
  if (auto loaded = outlook->load(kept); !loaded) {
    spdlog::error("warnings: {}: series are learned anew", loaded.error().what);
    outlook = std::unique_ptr<Outlook>(new Outlook(parts));
  }
  outlook->show();
  return outlook;
}

std::string Outlook::save() const {
  std::string out;
  put_value(out, version);
  put_value(out, swept_at_s_);
  put(out, judging_.save());
  put(out, control_.save());
  put_value(out, static_cast<std::uint64_t>(feeds_.size()));
  for (const auto& [feed, of] : feeds_) {
    put_value(out, feed);
    put_value(out, of.step);
    put(out, of.warnings.save());
  }
  return out;
}

Result<void> Outlook::load(std::string_view bytes) {
  std::uint32_t found = 0;
  std::uint64_t feeds = 0;
  std::string_view judging, control;
  auto damaged = [] { return invalid("damaged state of warnings"); };
  if (!take_value(bytes, found) || found != version || !take_value(bytes, swept_at_s_) ||
      !take_part(bytes, judging) || !take_part(bytes, control) || !take_value(bytes, feeds)) {
    return damaged();
  }
  TRY(judging_.load(judging));
  TRY(control_.restore(control));
  for (std::uint64_t i = 0; i < feeds; ++i) {
    WordId feed = 0;
    std::string_view warnings;
    warn::Step step{};
    if (!take_value(bytes, feed) || !take_value(bytes, step) || !take_part(bytes, warnings))
      return damaged();
    OfFeed& of = feeds_[feed];
    of.step = step;
    TRY(of.warnings.restore(warnings));
  }
  return {};
}

// "infected-system mirai country=BR feed=n6": words that stay.
std::string Outlook::key_of(const warn::SeriesKey& key) const {
  std::string out(name(key.type()));
  if (key.what() == warn::What::family) out += fmt::format(" {}", parts_.words.word(key.detail()));
  if (key.what() == warn::What::port)
    out += fmt::format(" {}/{}", key.detail() & 0xffff,
                       name(static_cast<Transport>(key.detail() >> 16 & 7)));
  std::uint32_t place = key.place();
  switch (key.where()) {
    case warn::Where::all:
      break;
    case warn::Where::country:
      out += " country=" + Country{static_cast<std::uint16_t>(place)}.text();
      break;
    case warn::Where::network:
      out += fmt::format(" asn={}", place);
      break;
    case warn::Where::sector:
      out += fmt::format(" sector={}", parts_.words.word(place));
      break;
    case warn::Where::constituent:
      out += " constituent=" + alert::constituent_id(place);
      break;
  }
  return out + fmt::format(" feed={}", parts_.words.word(key.feed()));
}

// The places and families within it that have most more than was expected.
std::vector<std::string> Outlook::contributors(const warn::JudgedTick& tick,
                                               const warn::JudgedSeries& one) const {
  std::vector<std::pair<double, const warn::JudgedSeries*>> parts;
  const warn::SeriesKey& key = one.key;
  for (const auto& other : tick.series) {
    if (other.key.type() != key.type() || other.key == key) continue;
    bool narrower_place = key.where() == warn::Where::all && other.key.what() == key.what() &&
                          other.key.detail() == key.detail() &&
                          other.key.where() != warn::Where::all;
    bool narrower_what = key.what() == warn::What::type && other.key.what() != warn::What::type &&
                         other.key.where() == key.where() && other.key.place() == key.place();
    double excess = other.count - other.expected.mean;
    if ((narrower_place || narrower_what) && excess > 1) parts.emplace_back(excess, &other);
  }
  std::ranges::sort(parts, std::greater{});
  if (parts.size() > warn::Warning::contributors_max) parts.resize(warn::Warning::contributors_max);
  std::vector<std::string> out;
  for (const auto& [excess, other] : parts) out.push_back(key_of(other->key));
  return out;
}

void Outlook::take(const warn::JudgedTick& tick) {
  if (!tick.is_news) return;
  OfFeed& of = feeds_[tick.feed];
  if (of.step != tick.step) of = {.step = tick.step, .warnings = {}, .last = {}};
  double all = std::max<double>(1, static_cast<double>(judging_.series_count()));
  swept_at_s_ = std::max(swept_at_s_ + 1, tick.start / us_per_s);
  warn::Sweep sweep{
      .at_s = swept_at_s_,
      .tick_s = tick_s(tick.step),
      .series = tick.series.size(),
      .share = std::min(1.0, static_cast<double>(tick.series.size()) / all) * one_resolution};
  // Few are looked at closer: those that are warned of, and those that stand out by themselves.
  std::vector<const warn::JudgedSeries*> heads, candidates;
  std::vector<std::string> keys;
  bool any_open = std::ranges::any_of(of.warnings.all(), &warn::Warning::is_open);
  for (const auto& one : tick.series) {
    if (!any_open) break;
    std::string key = key_of(one.key);
    if (of.warnings.open_for(key) == nullptr) continue;
    heads.push_back(&one);
    keys.push_back(std::move(key));
  }
  std::size_t open = heads.size();
  auto is_explained = [&](const warn::JudgedSeries& one) {
    return std::ranges::any_of(heads, [&](const auto* head) { return explains(*head, one); });
  };
  std::vector<double> p;
  for (const auto& one : tick.series) {
    if (one.p >= told_p || is_explained(one) || std::ranges::count(heads, &one) > 0) continue;
    candidates.push_back(&one);
    p.push_back(one.p);
  }
  // The smallest p first, so that the whole goes before its parts.
  for (std::size_t place : control_.discover(sweep, p)) {
    if (is_explained(*candidates[place])) continue;
    heads.push_back(candidates[place]);
    keys.push_back(key_of(candidates[place]->key));
  }
  std::vector<warn::Evidence> evidence;
  bool doubtful = judging_.feeds().lasts(tick.feed, warn::FeedNoticeKind::doubled) ||
                  judging_.feeds().lasts(tick.feed, warn::FeedNoticeKind::silent) ||
                  judging_.feeds().lasts(tick.feed, warn::FeedNoticeKind::future);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const warn::JudgedSeries& one = *heads[i];
    warn::Verdict verdict;
    verdict.p = one.p;
    verdict.recent_p = warn::upper_tail(one.count, one.expected);
    verdict.level = warn::Level::member;
    verdict.count = one.count;
    verdict.expected = one.expected;
    verdict.members = verdict.hit = 1;
    verdict.extreme = doubtful ? 1 : 0;
    evidence.push_back({.key = keys[i],
                        .discovered = i >= open,
                        .verdict = verdict,
                        .false_a_week = warn::Control::false_a_week(sweep, one.p),
                        .ours = true,
                        .criticality = 0,
                        .contributors = contributors(tick, one)});
  }
  of.last.clear();
  for (std::size_t i = 0; i < heads.size(); ++i) of.last.emplace(keys[i], *heads[i]);
  for (const warn::Change& change : of.warnings.tick(tick.tick, evidence)) {
    const warn::Warning* warning = of.warnings.find(change.id);
    if (warning == nullptr || warning->keys.empty()) continue;
    spdlog::info("warning {:016x} {}: {}", change.id, name_of(change.life), warning->keys.front());
  }
}

Result<bool> Outlook::look(std::chrono::milliseconds within) {
  auto until = std::chrono::steady_clock::now() + within;
  bool more = true;
  while (more && std::chrono::steady_clock::now() < until)
    more = TRY(judging_.run(parts_.series, parts_.now(),
                            [this](const warn::JudgedTick& tick) { take(tick); }));
  judged_series_ = judging_.series_count();
  show();
  return more;
}

void Outlook::show() {
  std::vector<Row> rows;
  auto notices = judging_.feeds().all();
  for (const auto& [feed, of] : feeds_) {
    for (const warn::Warning& warning : of.warnings.all()) {
      Row row{.feed = feed, .step = of.step, .warning = warning, .expected = {}, .notices = {}};
      if (auto last = of.last.find(warning.keys.front()); last != of.last.end()) {
        row.expected = last->second.expected;
        row.observed = last->second.count;
      }
      for (const auto& notice : notices) {
        if (notice.feed == feed && notice.until == time_none) row.notices.push_back(notice);
      }
      rows.push_back(std::move(row));
    }
  }
  auto opened = [](const Row& row) { return warn::start_of_tick(row.step, row.warning.opened); };
  std::ranges::sort(rows, [&](const Row& a, const Row& b) {
    if (a.warning.is_open() != b.warning.is_open()) return a.warning.is_open();
    return opened(a) > opened(b);
  });
  std::lock_guard lock(mutex_);
  shown_ = std::move(rows);
  notices_ = std::move(notices);
}

std::vector<Outlook::Row> Outlook::warnings() const {
  std::lock_guard lock(mutex_);
  return shown_;
}

std::vector<warn::FeedNotice> Outlook::notices() const {
  std::lock_guard lock(mutex_);
  return notices_;
}

}  // namespace tocsin::node
