#include "warn/feed_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace tocsin::warn {

std::string_view name(FeedNoticeKind kind) {
  constexpr std::array<std::string_view, feed_notice_kinds> names = {"new", "silent", "doubled",
                                                                     "old", "future", "keys"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string text_of(const FeedNotice& n) {
  auto count = static_cast<std::uint64_t>(std::llround(n.value));
  switch (n.kind) {
    case FeedNoticeKind::fresh:
      return "is new: its series are learned, and raise no warnings yet";
    case FeedNoticeKind::silent:
      return "is silent: events should have come, and none did";
    case FeedNoticeKind::doubled:
      return fmt::format(
          "tells {:.1f} times as many events of the same subjects as it did: is it subscribed "
          "twice?",
          n.value);
    case FeedNoticeKind::old:
      return fmt::format("told {} of long ago: counted where they belong, and raising no warnings",
                         text::count(count, "event", "events"));
    case FeedNoticeKind::future:
      return fmt::format("told {} of the future: a clock is wrong",
                         text::count(count, "event", "events"));
    case FeedNoticeKind::refused:
      return fmt::format(
          "{} of events came that are too many and too rare to be series of their own",
          text::count(count, "key", "keys"));
  }
  return "";
}

void FeedWatch::tell(WordId feed, FeedNoticeKind kind, TimeUs since, double value) {
  auto [at, is_new] =
      open_.try_emplace({feed, kind}, FeedNotice{feed, kind, since, time_none, value});
  at->second.value = std::max(at->second.value, value);
}

void FeedWatch::end(WordId feed, FeedNoticeKind kind, TimeUs when) {
  auto at = open_.find({feed, kind});
  if (at == open_.end()) return;
  at->second.until = when;
  ended_.push_back(at->second);
  open_.erase(at);
  if (ended_.size() > ended_max) ended_.erase(ended_.begin());
}

bool FeedWatch::lasts(WordId feed, FeedNoticeKind kind) const {
  return open_.contains({feed, kind});
}

const FeedNotice* FeedWatch::open(WordId feed, FeedNoticeKind kind) const {
  auto at = open_.find({feed, kind});
  return at == open_.end() ? nullptr : &at->second;
}

std::vector<FeedNotice> FeedWatch::all() const {
  std::vector<FeedNotice> all;
  for (const auto& [key, notice] : open_) all.push_back(notice);
  std::ranges::sort(all, std::greater{}, &FeedNotice::since);
  all.insert(all.end(), ended_.rbegin(), ended_.rend());
  return all;
}

std::string FeedWatch::save() const {
  std::string out;
  auto put = [&](const FeedNotice& n) {
    std::array<std::int64_t, 5> words = {n.feed, static_cast<std::int64_t>(n.kind), n.since,
                                         n.until, std::llround(n.value * 1000)};
    out.append(reinterpret_cast<const char*>(words.data()), sizeof words);
  };
  for (const FeedNotice& notice : ended_) put(notice);
  for (const auto& [key, notice] : open_) put(notice);
  return out;
}

bool FeedWatch::load(std::string_view bytes) {
  *this = {};
  std::array<std::int64_t, 5> words{};
  for (; bytes.size() >= sizeof words; bytes.remove_prefix(sizeof words)) {
    std::memcpy(words.data(), bytes.data(), sizeof words);
    if (words[1] < 0 || words[1] >= static_cast<std::int64_t>(feed_notice_kinds)) return false;
    FeedNotice n{static_cast<WordId>(words[0]), static_cast<FeedNoticeKind>(words[1]), words[2],
                 words[3], static_cast<double>(words[4]) / 1000};
    if (n.until == time_none) {
      open_.insert_or_assign({n.feed, n.kind}, n);
    } else {
      ended_.push_back(n);
    }
  }
  return bytes.empty() && ended_.size() <= ended_max;
}

}  // namespace tocsin::warn
