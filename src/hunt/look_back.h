// Look back: new indicators are looked up in the events that were stored before them, a part of
// them and a part of the events at a time; what is found becomes a sighting of this node.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hunt/indicators.h"
#include "store/columns.h"

namespace tocsin::hunt {

inline constexpr std::size_t look_back_indicators_max = 10'000;  // looked for at once

// Looked for are addresses and networks at either end, AS numbers, names, also as hosts of URLs,
// URLs, hashes, and accounts by e-mail addresses. Nothing else stands in events. Exercises are
// passed over; each event counts once for an indicator. One thread.
class LookBack {
 public:
  struct Parts {
    Indicators& indicators;
    const store::Columns& columns;
    std::function<std::uint64_t()> last_seq;  // of what was taken in
    // As an account is stored.
    std::function<std::string(std::string_view account)> account{};
  };
  explicit LookBack(Parts parts);
  ~LookBack();

  // A bounded part of the work; what it found and how far it came is one transaction. False:
  // nothing is left to do for now. Errors: unavailable; the same part again then.
  Result<bool> step();

 private:
  class Targets;
  Parts parts_;
  std::unique_ptr<Targets> targets_;
  std::uint64_t targets_after_ = 0, targets_up_to_ = 0;  // the indicators that they are of
  std::uint64_t window_ = 1024;  // seqs in one part; grows while parts are quick
};

}  // namespace tocsin::hunt
