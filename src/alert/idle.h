// Idle: for which constituents something waits of which nothing may be told, so that it is not all
// looked at again and again: it may be told later (a mute ends, a feed's consent changes), or
// never.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/time.h"

namespace tocsin::alert {

// One thread. Forgets after five minutes, and when something newer waits.
class Idle {
 public:
  // Nothing of what waits, `newest` the last of it, may be told: at once, or in a digest.
  void keep(std::uint64_t constituent, bool at_once, std::uint64_t newest, TimeUs now) {
    known_[{constituent, at_once}] = {newest, now + holds};
  }
  bool has(std::uint64_t constituent, bool at_once, std::uint64_t newest, TimeUs now) const {
    auto known = known_.find({constituent, at_once});
    return known != known_.end() && known->second.newest == newest && now < known->second.until;
  }
  void clear() { known_.clear(); }

 private:
  static constexpr TimeUs holds = 300 * us_per_s;
  struct Known {
    std::uint64_t newest = 0;
    TimeUs until = 0;
  };
  std::map<std::pair<std::uint64_t, bool>, Known> known_;
};

}  // namespace tocsin::alert
