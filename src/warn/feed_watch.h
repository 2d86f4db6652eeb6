// FeedWatch: what the counts of a feed show of the feed itself: one notice for each fault while it
// lasts, told in Feeds and beside warnings, never a warning of a threat.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/dictionary.h"

namespace tocsin::warn {

// Numbers are stored: append only.
enum class FeedNoticeKind : std::uint8_t {
  fresh,    // it is new: its series are learned, not judged
  silent,   // nothing comes, though something should
  doubled,  // events of the same subjects come more than once: a subscription too many, maybe
  old,      // it told of long ago: counted, and not judged
  future,   // it told of what has not happened yet: a clock is wrong
  refused,  // more keys than are counted; feed 0: of all feeds together
};
inline constexpr std::size_t feed_notice_kinds = 6;
std::string_view name(FeedNoticeKind kind);  // "new", "silent", "doubled", "old", "future", "keys"

struct FeedNotice {
  WordId feed = 0;
  FeedNoticeKind kind = FeedNoticeKind::fresh;
  TimeUs since = 0;
  TimeUs until = time_none;  // time_none: it lasts
  double value = 0;          // doubled: by how much; old, future, refused: how many; else 0
  bool operator==(const FeedNotice&) const = default;
};
std::string text_of(const FeedNotice& notice);  // a sentence without its feed

class FeedWatch {
 public:
  static constexpr std::size_t ended_max = 500;

  // The fault is there: opens a notice, or raises the value of the one that is open.
  void tell(WordId feed, FeedNoticeKind kind, TimeUs since, double value = 0);
  void end(WordId feed, FeedNoticeKind kind, TimeUs at);
  bool lasts(WordId feed, FeedNoticeKind kind) const;
  const FeedNotice* open(WordId feed, FeedNoticeKind kind) const;
  std::vector<FeedNotice> all() const;  // open ones, then those that ended, the newest first

  std::string save() const;
  bool load(std::string_view bytes);

 private:
  std::map<std::pair<WordId, FeedNoticeKind>, FeedNotice> open_;
  std::vector<FeedNotice> ended_;  // the oldest first
};

}  // namespace tocsin::warn
