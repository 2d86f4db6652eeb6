// LogCheck: looks through a log, entry by entry: is every one as it was when it was signed?
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/head.h"

namespace tocsin::ledger {

// A leaf with what is kept beside it.
struct Entry {
  std::uint64_t index = 0;
  std::string leaf;
  Sha256 hash{};
  std::optional<std::vector<Sha256>> items;  // of a release: item_hash() of each
  struct Details {                           // of a policy act
    std::string salt, text;
    bool operator==(const Details&) const = default;
  };
  std::optional<Details> details;
  std::string shown;         // of a receipt: the release as it was shown, json_of(Shown)
  std::string acknowledged;  // of a release: the recipient's answer, json_of(Acknowledged)
  std::optional<Head> head;  // of the log that ends here
  bool operator==(const Entry&) const = default;
};

struct Verdict {
  std::string node;
  Sha256 log{};
  Tree tree;                    // of all leaves
  std::vector<PublicKey> keys;  // that signed its heads, the first one first
  std::uint64_t heads = 0, releases = 0, acknowledged = 0, receipts = 0;
  std::uint64_t unknown = 0;       // releases without an outcome: logged, perhaps not sent
  std::uint64_t masked = 0;        // details that an erasure masked
  std::vector<Dropped> elsewhere;  // what it tells of logs before it
  bool operator==(const Verdict&) const = default;
};

class LogCheck {
 public:
  // `known`: trees of this log that somebody noted before, in any order. A log that was put back to
  // an earlier state is found by them alone.
  explicit LogCheck(std::span<const Tree> known = {});

  // What a later log tells of this one. Before the first entry.
  void told(const Dropped& dropped) { later_.push_back(dropped); }
  // The next one. Errors: invalid: "entry 17: ..."; nothing more can be told then.
  Result<void> add(const Entry& entry);
  // After the last. Errors: as of add(); `size`: how many entries there should be.
  Result<Verdict> end(std::uint64_t size);

 private:
  Result<void> check_leaf(const Entry& entry);
  Result<void> check_body(const Entry& entry);
  Result<void> check_release(const Entry& entry, const Release& release);
  Result<void> check_outcome(const Outcome& outcome);
  Result<void> check_receipt(const Entry& entry, const Receipt& receipt);
  Result<void> check_details(const Entry& entry);
  void drop(const Dropped& dropped);
  Result<void> check_head(const Entry& entry);

  std::map<std::uint64_t, Sha256> known_;
  std::vector<Dropped> later_;
  Verdict verdict_;
  Growing tree_;
  Leaf leaf_;                                // the one that is looked at
  TimeUs last_ = 0;                          // its time, or that of the one before
  PublicKey key_;                            // that signs the next head
  std::optional<PublicKey> next_key_;        // after that head
  std::uint64_t here_ = 0;                   // the entry that an error is about
  std::uint64_t covered_ = 0;                // entries under a head
  std::vector<std::uint8_t> kinds_;          // of each entry
  std::map<std::uint64_t, Sha256> masked_;   // details of which no entry has told yet
  std::set<std::uint64_t> bare_;             // releases without hashes of items, not told of
  std::set<std::uint64_t> open_;             // releases without an outcome
  std::map<std::uint64_t, Sha256> answers_;  // to releases, of which no outcome tells yet
};

}  // namespace tocsin::ledger
