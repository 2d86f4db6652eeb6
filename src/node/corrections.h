// Corrections: reports that are taken back. A withdrawal is an act in the journal, between the
// batches before it and those after; each follower carries it out once, in its turn: so intake goes
// on, and a stop anywhere means that it is carried out at the next start. docs/corrections.md says
// the same for its users. Source: DESIGN D3, D4.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "enrich/known_controllers.h"
#include "node/followers.h"
#include "store/columns.h"
#include "store/counts.h"
#include "store/duplicates.h"
#include "store/findings.h"
#include "store/journal.h"
#include "store/tables.h"
#include "warn/series.h"

namespace tocsin::node {

// Somebody who was told of what a report said.
struct Told {
  std::string what, whom, where;  // "alert", a constituent, the channel's address
  TimeUs at = time_none;
};

struct Withdrawal {
  std::uint64_t report = 0, seq = 0, replaced_by = 0;  // replaced_by 0: by none
  TimeUs at = time_none;
  std::string by, reason;
  std::uint64_t events = 0;           // that went with it
  std::uint64_t days = 0;             // of event time that were counted anew
  std::vector<std::uint64_t> others;  // reports that had told some of its events too
  std::vector<Told> told;             // of its findings, until then
  bool already = false;               // it was withdrawn before: nothing was done now
  bool visible = true;                // every question sees it gone
};

class Corrections {
 public:
  struct Parts {
    store::Journal& journal;
    store::Columns& columns;
    store::Findings& findings;
    store::Counts& counts;
    warn::Series& series;
    enrich::KnownControllers& controllers;
    Dictionary& words;
    std::string home;
    std::function<TimeUs()> now;
  };
  static Result<std::unique_ptr<Corrections>> open(const Parts& parts);

  // The followers' parts of an act. Errors: unavailable: the same act comes again.
  Result<void> in_columns(const EventBatch& act);
  Result<void> in_findings(const EventBatch& act);
  Result<void> in_counts(const EventBatch& act);
  Result<void> in_series(const EventBatch& act, const warn::Series::Constituents& constituents);

  // From here on there are duplicates to hold; before the intake begins.
  Result<void> start(Followers& followers, store::Duplicates& duplicates);
  // Withdraws reports whose replacement is in: after the intake has read on what a stop cut short.
  Result<void> end_replacements();

  // Takes a report's events out of columns, findings, counts and the sets of duplicates. An event
  // that a later report told too is from then on what that report told. Returns when questions see
  // it, or after a minute. Errors: missing (no such report); denied (it is still being read, is a
  // repeat of another, or under a hold); unavailable: nothing was done.
  struct Withdraw {
    std::uint64_t report = 0;
    std::string reason, by;
    std::uint64_t replaced_by = 0;
  };
  Result<Withdrawal> withdraw(const Withdraw& ask);
  Result<std::optional<Withdrawal>> withdrawal(std::uint64_t report) const;
  // Errors: denied: it is still being read, a repeat, withdrawn, or under a hold.
  Result<void> may_withdraw(const store::ReportRow& report) const;

  // Takes out the events that `gather` names, while nothing comes in, and makes the followers
  // carry it out. Gives the act. Errors: those of `gather`; unavailable.
  Result<EventBatch> erase(const std::function<Result<Correction>()>& gather);

  // Why a report must stay; nullopt: it need not. Set by whoever keeps holds.
  std::function<Result<std::optional<std::string>>(const store::ReportRow& report)> held;
  // Takes out what a report brought beside events, before its events go; safe once more. Not
  // called where another report takes its place, which may have brought the same. Set by whoever
  // keeps such things.
  std::function<Result<void>(const store::ReportRow& report)> take_out;
  // Who was told of some of these findings; set by whoever tells.
  std::function<Result<std::vector<Told>>(const std::unordered_set<Hash128, Hash128::Hasher>&)>
      told;

 private:
  Corrections(const Parts& parts, store::Tables tables)
      : parts_(parts), tables_(std::move(tables)) {}
  Result<void> await_columns(std::uint64_t seq) const;
  Result<void> rejoin(const Correction& act);
  Result<void> learn_anew();
  Result<std::vector<Day>> commit(const Withdraw& ask, const store::Columns::Scope& scope,
                                  EventBatch& act);
  Result<void> forget_files(std::uint64_t report) const;
  Result<std::vector<Told>> told_of(std::uint64_t report) const;

  Parts parts_;
  store::Tables tables_;
  Followers* followers_ = nullptr;
  store::Duplicates* duplicates_ = nullptr;
  std::mutex one_;  // correction at a time
};

}  // namespace tocsin::node
