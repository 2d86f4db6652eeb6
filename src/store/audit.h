// Audit: who did what. Rows are only ever added, each chained to the one before by SHA-256, so that
// one that was changed or taken out is seen.
//
// What a row says in words (object, details, outcome) is chained by a seal, a SHA-256 with salt. So
// the words of a row that named an erased subject can be masked and its salt dropped: the seal, of
// which nobody can then guess the words, keeps the chain whole, and a later row tells which rows
// were masked and by what.
//
// An act is written before it takes effect and its outcome after, as a row of its own. What became
// of an act without an outcome is not known: the node ended in between.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "store/tables.h"

namespace tocsin::store {

struct AuditAct {
  TimeUs at = 0;
  std::string who{}, user{};  // name as shown, and id
  std::string role{};
  std::string by{};       // socket, session, token or nothing; with its id
  std::string address{};  // "" at the node's own socket
  std::string call{};     // "POST /api/v1/feeds/{name}/run", or what it was in words
  std::string object{};   // what it was done to: "n6"
  std::string details{};  // a JSON object without secrets, or ""
};

struct AuditRow {
  std::uint64_t id = 0;
  AuditAct act{};
  std::string outcome{};  // "done", "denied: why", …; "": not known
  TimeUs ended = time_none;
  Sha256 hash{};  // of this row and all before it
  bool masked = false;
};

class Audit {
 public:
  // `journal` outlives it. Errors: those of Tables::open().
  static Result<std::unique_ptr<Audit>> open(Journal& journal);

  // An act that is about to happen; it is on the disk when this returns. Errors: unavailable: then
  // the act must not happen.
  Result<std::uint64_t> begin(const AuditAct& act);
  Result<void> end(std::uint64_t id, std::string_view outcome, TimeUs at);
  // Acts whose outcome is known already, in one transaction.
  struct Done {
    AuditAct act{};
    std::string outcome{};
  };
  Result<void> note(const std::vector<Done>& all);
  Result<void> note(const AuditAct& act, std::string_view outcome);

  struct Filter {
    std::string who{};      // a name, as it stands there
    std::string what{};     // stands in the call or the object
    std::string outcome{};  // begins so: "denied"
    TimeUs since = time_none, until = time_none;
    std::uint64_t before = 0;  // ids below; 0: from the newest
    std::size_t limit = 50;
  };
  // Newest first.
  Result<std::vector<AuditRow>> list(const Filter& filter) const;

  struct Verdict {
    std::uint64_t rows = 0, first = 0, last = 0;
    Sha256 head{};             // of the last row: note it elsewhere, and a cut end shows too
    std::uint64_t masked = 0;  // rows that an erasure has masked, and a later row tells of
    std::string wrong{};       // "": every row is as it was written
  };
  // Reads all rows. `known`: an id and hash that somebody noted before; id 0: none.
  Result<Verdict> verify(std::uint64_t known_id = 0, std::string_view known_hash = {}) const;

  // Erasing. Masks the words of rows that `rewrite` changes, and writes that down. How many.
  Result<std::size_t> erase(const Journal::Rewrite& rewrite, TimeUs now);
  // What words become as they are written, if anything; called within the transaction.
  void mask_by(Journal::Rewrite rewrite);

  // Takes out rows of before `before`, the oldest ones on end, and writes that down. How many went.
  Result<std::uint64_t> forget(TimeUs before, TimeUs now);

  explicit Audit(Tables tables) : tables_(std::move(tables)) {}  // open() makes its tables

 private:
  void mask(AuditAct& act, std::string& outcome);
  Tables tables_;
  std::mutex mutex_;
  Journal::Rewrite mask_;  // under mutex_
};

}  // namespace tocsin::store
