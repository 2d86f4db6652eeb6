// Inbox: what partners post into the TAXII collection of that name: taken in as one report, each
// object for itself, and the status resource that says what became of each.
// Source: TAXII 2.1 sections 4.3 (status), 5.5 (add objects); docs/taxii.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "share/taxii.h"
#include "store/tables.h"

namespace tocsin::share {

class Inbox {
 public:
  static constexpr TimeUs status_age = 2 * us_per_day;  // from its completion; the standard: 1 day
  static constexpr std::uint64_t statuses_bytes_max = 256 << 20;  // of one member
  // What of a member's is refused in a day (UTC) before no more is looked at.
  static constexpr std::uint64_t refused_max = 200'000, refused_bytes_max = 512 << 20;

  using Refused = std::function<void(std::size_t line, std::string_view why)>;
  struct Parts {
    store::Journal& journal;  // outlives it
    std::function<TimeUs()> now;
    // May anything be taken from the member now? Errors: denied, unavailable.
    std::function<Result<void>(const std::string& member)> may_take;
    // Takes in an envelope as a report of the member's; all that is not refused is durable when it
    // returns. `refused` gets the first line of each object that is.
    std::function<Result<void>(const std::string& member, std::string envelope,
                               const Refused& refused)>
        take_in;
    // What a request brought is in; for the audit.
    std::function<Result<void>(const std::string& member, const TaxiiStatus& status)> taken{};
  };
  static Result<std::unique_ptr<Inbox>> open(Parts parts);

  // Complete, kept and on the disk when it returns. Errors: denied; unavailable: quota used up, too
  // much was refused today, or those of take_in: nothing may be in, and the same again is safe.
  Result<TaxiiStatus> take(const std::string& member, const std::vector<std::string_view>& objects);
  // Of the member's own. Errors: missing.
  Result<TaxiiStatus> status(const std::string& member, const std::string& id) const;

 private:
  struct Day {
    std::int64_t day = 0;
    std::uint64_t objects = 0, bytes = 0;
  };
  explicit Inbox(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<void> expect_room(const std::string& member);
  Result<void> keep(const std::string& member, const TaxiiStatus& status) const;

  Parts parts_;
  mutable store::Tables tables_;
  std::mutex mutex_;
  std::map<std::string, Day, std::less<>> refused_;  // by member
};

}  // namespace tocsin::share
