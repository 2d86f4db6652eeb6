// Tables: what one room keeps in the journal's SQLite file: its schema, its reads, its
// transactions. All small state that changes lies there, so that one backup and one commit hold it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/journal.h"
#include "store/sqlite.h"

namespace tocsin::store {

class Tables {
 public:
  // `steps`: SQL that brings the room's tables from one version to the next, oldest first; never
  // changed once released, only added to. Those that this file has not seen run now, each in a
  // transaction of its own. `journal` outlives it. Errors: unavailable; invalid, if the file has
  // seen more steps than this program knows.
  static Result<Tables> open(Journal& journal, std::string_view room,
                             std::span<const char* const> steps);

  // One transaction of the one writer; an error of `body` undoes it. `live`: before bulk work.
  using Body = std::function<Result<void>(Sqlite& db)>;
  Result<void> write(const Body& body, bool live = true);
  // Reads what was committed. Any thread, one at a time over all rooms: keep it short. Statements
  // must not outlive `body`.
  Result<void> read(const Body& body) const;

 private:
  explicit Tables(Journal& journal) : journal_(&journal) {}
  Journal* journal_;
};

}  // namespace tocsin::store
