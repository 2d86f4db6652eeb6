// Rows of the ledger's tables, for the files that read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/log_check.h"
#include "store/sqlite.h"

namespace tocsin::share {

// A hash that is stored; another length gives zeros, which no hash is.
Sha256 stored_hash(std::string_view blob);

// What finds leaves stands beside them; it says what the leaf says.
struct LedgerRow {
  ledger::Entry entry;
  std::string kind, partner;
  std::optional<std::uint64_t> of;
  TimeUs at = 0;
};

struct RowsAsk {
  std::int64_t log = 0;
  std::uint64_t from = 0, until = UINT64_MAX;  // indices
  std::string partner{}, kind{};               // "": any
  bool newest_first = false, with_items = false;
  std::uint64_t as_of = UINT64_MAX;  // answers to releases of which entries below this tell
  std::size_t limit = 200;
};
Result<std::vector<LedgerRow>> read_rows(store::Sqlite& db, const RowsAsk& ask);

// The nodes of a log. `db` outlives it.
ledger::Nodes nodes_in(store::Sqlite& db, std::int64_t log);

// The head of a log that has this many entries, or the last one; nullopt: none.
Result<std::optional<ledger::Head>> head_in(store::Sqlite& db, std::int64_t log,
                                            std::optional<std::uint64_t> size = {});

}  // namespace tocsin::share
