// Certificates: partners are told of a new certificate of this node by a statement of its key; for
// some weeks the one before it goes on beside it, also in the middle of a walk.
// Source: RFC 7469 section 2.4 for pins.
#pragma once

#include <memory>

#include "share/partners.h"
#include "store/journal.h"

namespace tocsin::share {

class Certificates {
 public:
  static constexpr TimeUs overlap = 30 * us_per_day;

  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    std::function<TimeUs()> now;
  };
  // Hears of the others' certificates, from now on.
  static std::unique_ptr<Certificates> open(Parts parts);

  // Tells of what the node shows now, if that is not what was told. Gives whether it did.
  Result<bool> work();

 private:
  explicit Certificates(Parts parts) : parts_(std::move(parts)) {}
  Result<void> hear(const Partner& from, const Statement& statement) const;

  Parts parts_;
};

}  // namespace tocsin::share
