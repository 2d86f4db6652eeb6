// Sight: what one member would get of an event now, and why not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/batch.h"
#include "policy/decision.h"

namespace tocsin::share {

// An event of this node that its own people look at; nothing of it is sent. `batch->feed` is that
// of the row.
struct Looked {
  const EventBatch* batch = nullptr;
  std::size_t row = 0;
};

struct Sight {
  struct Under {
    std::string agreement{};  // content address
    policy::Decision decision{};
  };
  std::vector<Under> under{};         // each agreement in force
  std::string hindrance{};            // why it stays whatever these say; "": nothing does
  std::optional<std::size_t> goes{};  // under which of them
  std::string told{};                 // as native JSON, docs/event.md
};

}  // namespace tocsin::share
