// Relay: what partners brought that is no event goes among the offers, object by object as it came,
// for those whose agreements let it go on. docs/taxii.md, "Passing on".
//
// Of an id one version is offered: its author's own word, else the newest. What names no author is
// passed on by nobody, but for observables, which have none: it could come back to who made it.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "node/others.h"
#include "store/foreign.h"
#include "store/offers.h"

namespace tocsin::node {

class Relay {
 public:
  struct Parts {
    store::Foreign& foreign;  // outlive it
    store::Offers& offers;
    Others& others;
  };
  explicit Relay(const Parts& parts) : parts_(parts) {}

  // Offers what came since the last time, at most 1,000 objects; after a crash it goes on where it
  // was. True: there may be more. Any thread, as the next ones.
  Result<bool> step();

  // What is forgotten is neither kept nor offered any more; those who have it are not told, for
  // only its author takes an object back. How many were kept. Errors: unavailable; again then.
  using Choose = store::Foreign::Choose;
  Result<std::size_t> forget(const Choose& goes);
  // What that report brought; `each` sees it before.
  Result<void> forget(const store::ReportRow& report,
                      const std::function<Result<void>(const store::ForeignObject&)>& each);
  // What a partner's feed brought before that; what `stays` is kept, and not offered.
  Result<std::size_t> forget_before(const std::string& feed, TimeUs before, const Choose& stays);

 private:
  Result<std::optional<store::Thing>> thing_of(const store::ForeignObject& object) const;
  Result<std::optional<store::Thing>> taken_back(const store::ForeignObject& object) const;

  Parts parts_;
  std::mutex mutex_;  // nothing is offered that was read before it was forgotten
};

}  // namespace tocsin::node
