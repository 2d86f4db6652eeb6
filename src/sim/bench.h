// The `bench` world: rows of event4_sinkhole alone, as many as wanted, a given share of them exact
// repeats of any earlier row. For measuring an intake.
#pragma once

#include "base/result.h"
#include "sim/sim.h"

namespace tocsin::sim {

// Errors: as run().
Result<Summary> run_bench(const Options& options, const Progress& progress);

}  // namespace tocsin::sim
