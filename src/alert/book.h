// Book: the constituents of this node, kept in the journal's file, and the directory made of them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alert/constituents_file.h"
#include "alert/directory.h"
#include "base/time.h"
#include "store/tables.h"

namespace tocsin::alert {

// What an import changes, or would change.
struct ImportPlan {
  struct Change {
    std::string name, what;  // what: added, changed, removed
    std::string detail;      // "prefixes +192.0.2.0/24 -198.51.100.0/24; sector energy"
  };
  std::size_t read = 0, added = 0, changed = 0, unchanged = 0, removed = 0;
  std::vector<Change> changes;                   // 1,000 at most
  std::vector<FileError> errors;                 // by line
  std::vector<std::string> disputed;             // assets that several would claim
  std::map<std::string, std::size_t> languages;  // of those read, in lower case; how many
  std::vector<std::string> without_letters;      // "de: 3 constituents", who get English
  bool done = false;                             // it is in; else nothing was changed
};

struct ImportWish {
  bool dry = false;
  bool replace = false;     // who is not in the file goes
  bool skip_wrong = false;  // take the good ones although others are wrong
};

class Book {
 public:
  // `tables` has the table `constituents`. Errors: unavailable, invalid (damaged).
  static Result<std::unique_ptr<Book>> open(store::Tables tables);

  // Never empty; the same object until something changes.
  std::shared_ptr<const Directory> directory() const;

  // All or nothing. Without `dry`, wrong rows stop it unless they are to be skipped: then
  // plan.done is false. Errors: invalid, unavailable.
  Result<ImportPlan> import(std::string_view bytes, const ImportWish& wish, TimeUs now);
  Result<Constituent> one(std::uint64_t id) const;  // missing
  Result<void> remove(std::uint64_t id);            // missing, unavailable

 private:
  explicit Book(store::Tables tables) : tables_(std::move(tables)) {}
  Result<void> load();
  Result<void> keep(const std::vector<Constituent>& changed,
                    const std::vector<std::uint64_t>& removed, TimeUs now);

  store::Tables tables_;
  std::mutex changing_;  // one import at a time
  mutable std::mutex mutex_;
  std::shared_ptr<const Directory> directory_ = std::make_shared<Directory>();
};

}  // namespace tocsin::alert
