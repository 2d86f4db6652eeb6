// Recount: answers a question of the counts from the events, for days of another zone than UTC and
// for filters that no cut keeps. The events go through the same counting, into a folder of their
// own. Costs a microsecond or two for each event of the period. Source: DESIGN D6.
#pragma once

#include <string>

#include "base/result.h"
#include "base/zone.h"
#include "store/columns.h"
#include "store/findings.h"
#include "store/stats.h"

namespace tocsin::store {

struct Recount {
  StatsQuery query;    // its days are days of `zone`
  Zone zone;           // UTC, if not said
  std::string folder;  // must not exist; removed at the end
  unsigned timeout_ms = 600'000;
  const Findings::Chosen* of_findings = nullptr;  // only events of these
};

// The answer's feeds, rows and series are those of the events that are kept: what retention has
// dropped is not in it. Errors: those of Counts::query() and Columns::select().
Result<StatsAnswer> recount(const Columns& columns, const Recount& ask);

// Does an event pass? What Counts does by its keys.
bool fits(const EventBatch& batch, std::size_t row, const StatsFilter& filter);

}  // namespace tocsin::store
