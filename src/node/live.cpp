#include "node/live.h"

#include <fmt/format.h>

#include "model/subject.h"

namespace tocsin::node {
namespace {

// "infected, mirai"; "open-rdp"; "brute-force, ssh": what it is, in the few words of a line.
std::string words_of(const EventBatch& b, std::size_t i, const Dictionary& words) {
  std::string_view family = words.word(b.family[i]), identifier = words.word(b.identifier[i]);
  // These names say already that a service is open.
  for (std::string_view open : {"open-", "accessible-", "ics"}) {
    if (identifier.starts_with(open)) return std::string(identifier);
  }
  std::string_view type = name(b.type[i]);
  if (b.type[i] == Type::infected_system) type = "infected";
  std::string_view more = family.empty() ? identifier : family;
  return more.empty() ? std::string(type) : fmt::format("{}, {}", type, more);
}

}  // namespace

void Live::arrived(const EventBatch& b) {
  std::lock_guard guard(mutex_);
  TimeUs now = now_();
  std::int64_t second = now / us_per_s;
  auto& slot = per_second_[static_cast<std::size_t>(second) % seconds_kept];
  if (slot.first != second) slot = {second, 0};
  std::uint64_t today = 0;
  for (std::size_t i = 0; i < b.size(); ++i) today += !is_exercise(b, i) && !is_history(b, i);
  slot.second += b.size();
  if (Day day = times::day_of(now); day != today_) today_ = day, today_events_ = 0;
  today_events_ += today;
  since_sample_ += today;
  // One of a batch is enough: two a second are shown.
  if (b.size() == 0) return;
  std::size_t i = static_cast<std::size_t>(b.seq * 7919) % b.size();
  if (is_exercise(b, i) || is_history(b, i)) return;
  Subject subject = subject_of(b, i);
  if (subject.kind == SubjectKind::none) return;
  samples_.push_back(
      {now,
       subject.kind == SubjectKind::address ? ip::format(subject.ip) : std::string(subject.text),
       words_of(b, i, words_)});
  if (samples_.size() > samples_kept) samples_.pop_front();
}

void Live::changed(const EventBatch&, const std::vector<store::FindingChange>& changes) {
  std::lock_guard guard(mutex_);
  for (const auto& change : changes) {
    findings_open_ += 1;
    changes_.push_back(change);
    if (changes_.size() > changes_kept) {
      changes_.pop_front();
      ++skipped_;
    }
  }
}

void Live::open_findings(std::uint64_t count) {
  std::lock_guard guard(mutex_);
  findings_open_ = count;
}

Live::Counters Live::counters() const {
  std::lock_guard guard(mutex_);
  std::int64_t second = now_() / us_per_s;
  std::uint64_t events = 0;
  for (const auto& [at, count] : per_second_) {
    if (at < second && at > second - static_cast<std::int64_t>(seconds_kept)) events += count;
  }
  return {static_cast<double>(events) / (seconds_kept - 1), today_events_, findings_open_};
}

std::vector<Live::Sample> Live::samples(std::size_t most, std::uint64_t& one_of) {
  std::lock_guard guard(mutex_);
  std::vector<Sample> taken;
  while (!samples_.empty() && taken.size() < most) {
    taken.push_back(std::move(samples_.back()));
    samples_.pop_back();
  }
  samples_.clear();
  one_of = taken.empty() ? 0 : std::max<std::uint64_t>(1, since_sample_ / taken.size());
  if (!taken.empty()) since_sample_ = 0;
  return taken;
}

std::vector<store::FindingChange> Live::changes(std::size_t most, std::uint64_t& skipped) {
  std::lock_guard guard(mutex_);
  std::vector<store::FindingChange> taken;
  while (!changes_.empty() && taken.size() < most) {
    taken.push_back(changes_.front());
    changes_.pop_front();
  }
  skipped = skipped_ + changes_.size();
  skipped_ = 0;
  changes_.clear();
  return taken;
}

}  // namespace tocsin::node
