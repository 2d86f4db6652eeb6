// Replay: stored events come back as the batches that were committed, in their order: for what is
// counted or folded anew. Source: DESIGN D3, D6.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "store/columns.h"

namespace tocsin::store {

struct Replay {
  std::string where = "TRUE";  // SQL over the columns of `events`
  std::uint64_t after = 0;     // seqs above this one
  std::uint64_t up_to = (UINT64_MAX >> batch_events_bits) - 1;
  unsigned timeout_ms = 600'000;  // of each query; there is one for some 130,000 events
};

// Hands over what `where` keeps of each batch, with its seq, feed and report; `received` is the
// first moment of the month in which it arrived. Events have their ids, and no echoes. Ends with
// the first error of `take`. Errors: that one; those of Columns::select().
Result<void> replay(const Columns& columns, const Replay& ask,
                    const std::function<Result<void>(EventBatch&)>& take);

}  // namespace tocsin::store
