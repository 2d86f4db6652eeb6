// Ledger: the node's log of what it released, received and decided, in the journal's file. A leaf
// is written in the transaction of what it tells of; a head is signed over it there and then.
//
// The order of a release: its leaf and its outbox row in one transaction; then the bytes, with
// shown(); then the outcome. kill -9 leaves at most a release without an outcome: pending().
// docs/ledger.md has it all. Source: DESIGN D3, D9.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/signing.h"
#include "ledger/account.h"
#include "ledger/comparison.h"
#include "ledger/log_check.h"
#include "ledger/reciprocity.h"
#include "store/tables.h"

namespace tocsin::share {

// A member whose log something comes from, and the keys that we hold to be its.
struct Peer {
  std::string id;
  std::vector<PublicKey> keys;
};

class Ledger {
 public:
  struct Parts {
    store::Journal& journal;
    std::string node;       // member id
    const SigningKey& key;  // outlives the ledger, or the call that changes it
    std::string restored;   // another for each restore from a backup; "": none since
    std::function<TimeUs()> now = times::now;
    std::function<ledger::Salt()> salt{};  // none: random
    store::Journal::Rewrite mask{};        // what details become as they are written, if anything
  };
  // Opens the log, or a new one that names the head of the one before it: after a restore, and for
  // another node or key than the log is of. Errors: those of Tables::open().
  static Result<std::unique_ptr<Ledger>> open(Parts parts);
  bool is_new() const { return is_new_; }  // open() opened a new log

  // ---- acts of this node; `db` is that of a transaction of the journal's file

  struct Added {
    std::uint64_t index = 0;
    std::string leaf;
    Sha256 hash{};
  };
  // Adds leaves, and a head over them. Errors: invalid: a leaf that is too large or names an entry
  // that it cannot; unavailable.
  Result<std::vector<Added>> add(store::Sqlite& db, std::span<const ledger::Body> bodies);
  Result<Added> add(store::Sqlite& db, const ledger::Body& body);
  Result<Added> add(const ledger::Body& body);  // in a transaction of its own
  // `items`: ledger::item_hash() of each, in the order in which they go. Sets `items` and `count`.
  Result<Added> release(store::Sqlite& db, ledger::Release release, std::span<const Sha256> items);
  // `details`: who did it and why; kept beside the leaf, masked when a subject in it is erased.
  Result<Added> act(store::Sqlite& db, ledger::PolicyAct act, std::string_view details);
  // From then on `fresh` signs.
  Result<void> change_key(const SigningKey& fresh);
  // Releases without an outcome, oldest first: logged, and it is not known whether they went.
  Result<std::vector<std::uint64_t>> pending() const;
  // Tells of each of them as unknown: before anything is sent. How many.
  Result<std::size_t> end_pending();

  // ---- with partners

  // Errors: missing.
  Result<ledger::Shown> shown(std::uint64_t index) const;
  // What a partner's release brought, in the transaction that takes its items in. The same again
  // gives the same answer. Errors: denied: not signed by the partner, not for us, another release
  // under the same number (both are kept as proof); invalid: these are not its items.
  struct Taken {
    ledger::Shown shown;
    std::vector<Sha256> items;                     // item_hash() of each, refused ones too
    std::map<std::string, std::uint64_t> refused;  // by clause
  };
  Result<ledger::Acknowledged> receive(store::Sqlite& db, const Taken& taken, const Peer& from);
  // A partner's answer. Errors: denied: not the partner's, or another than it gave before; missing.
  Result<void> acknowledge(store::Sqlite& db, const ledger::Acknowledged& answer, const Peer& from);

  enum class Seen : std::uint8_t {
    proved,    // it goes on from what was seen before
    unproved,  // ask its node for a consistency proof with `proved_size`
    split,     // two logs under one name
    went_back  // it is shorter than an older one
  };
  struct SeenHead {
    ledger::Head head;
    std::string via;  // the member that we have it from
    Seen seen = Seen::unproved;
    std::uint64_t proved_size = 0;
    std::string what;  // of split and went_back, in words that name both heads
  };
  // A head of another member's log. `proof`: that it and the largest proved one are of one log, the
  // smaller the beginning of the other; none: not given. Errors: denied, if it is not signed by one
  // of its node's keys, or the node shows log after log.
  Result<SeenHead> see(store::Sqlite& db, const ledger::Head& head, const Peer& of,
                       const std::string& via, std::span<const Sha256> proof = {});
  // Of one member, or of all if ""; the newest of each log and all that do not fit.
  Result<std::vector<SeenHead>> seen(std::string_view node = {}) const;
  // Our signature under a head that is proved. Errors: denied: it is not.
  Result<ledger::Signed> witness(const ledger::Head& head);
  // A partner's signature under one of ours. Errors: denied, missing.
  Result<void> add_witness(store::Sqlite& db, const ledger::Head& head,
                           const ledger::Signed& witness, const Peer& by);

  // ---- reading

  Result<ledger::Head> head() const;
  // Errors: missing: no head of that size; invalid.
  Result<std::vector<Sha256>> consistency(std::uint64_t first, std::uint64_t second) const;
  struct Row {
    ledger::Entry entry;  // without items
    ledger::Leaf leaf;
    std::string partner;
  };
  struct Filter {
    std::string partner, kind;
    std::optional<std::uint64_t> before;  // indices below
    std::size_t limit = 50;
  };
  Result<std::vector<Row>> list(const Filter& filter) const;  // newest first
  Result<Row> one(std::uint64_t index) const;                 // missing
  Result<std::vector<ledger::Signed>> witnesses(std::uint64_t size) const;
  // `first`: with a proof from our head of that size; 0: none. `heads_of`: members whose heads are
  // told too; those of `partner` always are.
  Result<ledger::Account> account(const std::string& partner, std::uint64_t first = 0,
                                  std::span<const std::string> heads_of = {}) const;
  Result<std::vector<std::string>> partners() const;
  // The log's file in pieces: appends to `out` from entry `next` on. False: it is whole. Errors:
  // unavailable, also if something was erased since it began: the file would not hold.
  struct Export {
    ledger::Head head;
    std::uint64_t next = 0;
  };
  Result<Export> begin_export() const;
  Result<bool> go_on(Export& all, std::string& out) const;

  struct Verified {
    std::vector<ledger::Verdict> logs;  // the oldest first; the last is the one in use
    std::uint64_t seen = 0;             // heads of others
    std::string wrong;                  // "entry 17: ..."; "": all is as it was written
  };
  // Reads everything. `known`: trees of the log in use that somebody noted elsewhere.
  Result<Verified> verify(std::span<const ledger::Tree> known = {}) const;

  // ---- what does not stay

  // Masks details that `rewrite` changes; a leaf tells of it. How many.
  Result<std::size_t> erase(const store::Journal::Rewrite& rewrite);
  // Drops the hashes of items of releases before `before`; a leaf tells of it. How many releases.
  Result<std::uint64_t> forget_items(TimeUs before);
  // Of each log, by its id in hexadecimal digits: no entry before this one has such hashes.
  Result<std::map<std::string, std::uint64_t>> items_from() const;

 private:
  Ledger(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<void> begin(store::Sqlite& db);
  Result<ledger::Verdict> verify_log(std::int64_t number, std::span<const ledger::Tree> known,
                                     const std::vector<ledger::Dropped>& told) const;

  Parts parts_;
  store::Tables tables_;
  const SigningKey* key_ = nullptr;  // the journal's lane guards it
  bool is_new_ = false;
  std::int64_t number_ = 0;  // of the log in use, in our tables
  Sha256 log_{};
};

}  // namespace tocsin::share
