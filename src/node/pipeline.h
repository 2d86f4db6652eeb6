// The main path: what happens to a report, as two lists. Start reading at pipeline.cpp.
#pragma once

#include <functional>
#include <vector>

#include "alert/router.h"
#include "node/corrections.h"
#include "node/followers.h"
#include "node/live.h"
#include "store/columns.h"
#include "store/counts.h"
#include "store/findings.h"
#include "store/offers.h"
#include "warn/series.h"

namespace tocsin::node {

class Outlook;

struct Stores {
  store::Columns& columns;
  store::Findings& findings;
  store::Counts& counts;
  Live& live;
  Corrections& corrections;
  alert::Router& router;
  // Is what the batch holds neither made up nor old news? Only then is anybody alerted.
  std::function<bool(const EventBatch&)> is_news;
  std::uint64_t last_seq;  // at the start
  // Retention: drops events that are too old; the first month whose exact counts stay.
  std::function<Result<std::size_t>()> drop_events;
  std::function<Day()> first_counts;
  warn::Series& series;
  Outlook& outlook;
  warn::Series::Constituents constituents;  // of a batch's rows, by number
  store::Offers* offers;                    // null: the node is no member of a network
  std::uint32_t offered_days;
};

// Counts the days of damaged count files anew, as soon as the columns have all their events.
Result<void> mend_counts(store::Counts& counts, const store::Columns& columns);

// Everything that follows the journal, in the order in which it is started.
std::vector<Follower> followers(const Stores& stores);

}  // namespace tocsin::node
