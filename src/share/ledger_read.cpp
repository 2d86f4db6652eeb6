// What is asked of the ledger: entries, proofs, accounts, the log as a file.
#include <fmt/format.h>

#include <set>

#include "base/text.h"
#include "ledger/log_file.h"
#include "share/ledger.h"
#include "share/ledger_rows.h"

namespace tocsin::share {

using namespace ledger;  // NOLINT: see ledger.cpp

namespace {

constexpr std::size_t entries_at_once = 100, keys_max = 10'000;

Result<Ledger::Row> row_of(LedgerRow row) {
  Ledger::Row out;
  out.leaf = TRY(read_leaf(row.entry.leaf));
  out.entry = std::move(row.entry);
  out.partner = std::move(row.partner);
  return out;
}

// An entry as an account tells it, of a log of so many; nullopt: it is not the partner's business.
Result<std::optional<AccountEntry>> account_entry(const LedgerRow& row, std::uint64_t size,
                                                  const Nodes& nodes) {
  if (row.kind == "denial" || row.kind == "policy" || row.kind == "dropped") return std::nullopt;
  AccountEntry entry{.index = row.entry.index};
  entry.leaf = TRY(read_leaf(row.entry.leaf));
  entry.hash = row.entry.hash;
  entry.proof = TRY(inclusion_proof(entry.index, size, nodes));
  if (!row.entry.shown.empty()) entry.shown = TRY(read_shown(std::string_view(row.entry.shown)));
  if (!row.entry.acknowledged.empty())
    entry.acknowledged = TRY(read_acknowledged(std::string_view(row.entry.acknowledged)));
  return entry;
}

}  // namespace

Result<Head> Ledger::head() const {
  std::optional<Head> head;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    head = TRY(head_in(db, number_));
    return {};
  };
  TRY(tables_.read(look));
  if (!head) return unavailable("the ledger has no head");
  return *std::move(head);
}

Result<std::vector<Sha256>> Ledger::consistency(std::uint64_t first, std::uint64_t second) const {
  std::vector<Sha256> proof;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    for (std::uint64_t size : {first, second}) {
      if (!TRY(head_in(db, number_, size)))
        return missing(fmt::format("the ledger has no head of {} entries", size));
    }
    proof = TRY(consistency_proof(first, second, nodes_in(db, number_)));
    return {};
  };
  TRY(tables_.read(look));
  return proof;
}

Result<std::vector<Ledger::Row>> Ledger::list(const Filter& filter) const {
  std::vector<Row> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto rows = TRY(read_rows(db, {.log = number_,
                                   .until = filter.before.value_or(UINT64_MAX),
                                   .partner = filter.partner,
                                   .kind = filter.kind,
                                   .newest_first = true,
                                   .limit = filter.limit}));
    for (LedgerRow& row : rows) out.push_back(TRY(row_of(std::move(row))));
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

Result<Ledger::Row> Ledger::one(std::uint64_t index) const {
  std::optional<Row> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto rows = TRY(read_rows(db, {.log = number_, .from = index, .until = index + 1}));
    if (!rows.empty()) out = TRY(row_of(std::move(rows.front())));
    return {};
  };
  TRY(tables_.read(look));
  if (!out) return missing(fmt::format("the ledger has no entry {}", index));
  return *std::move(out);
}

Result<std::vector<Signed>> Ledger::witnesses(std::uint64_t size) const {
  std::vector<Signed> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT by, key, signature FROM ledger_witnesses WHERE log = ? AND size = ? ORDER BY by"));
    select.bind(1, number_).bind(2, size);
    while (TRY(select.step())) {
      Signed& one = out.emplace_back();
      one.by = select.text(0);
      one.key.bytes = stored_hash(select.blob(1));
      one.signature = select.blob(2);
    }
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

Result<std::vector<std::string>> Ledger::partners() const {
  std::vector<std::string> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT DISTINCT partner FROM ledger_leaves WHERE log = ? AND"
                       " partner <> '' ORDER BY partner"));
    select.bind(1, number_);
    while (TRY(select.step())) out.emplace_back(select.text(0));
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

Result<Account> Ledger::account(const std::string& partner, std::uint64_t first,
                                std::span<const std::string> heads_of) const {
  Account account{.to = partner};
  account.head = TRY(head());
  std::uint64_t size = account.head.tree.size;
  if (first != 0) {
    auto& since = account.since.emplace();
    since.proof = TRY(consistency(first, size));
    auto look = [&](store::Sqlite& db) -> Result<void> {
      auto then = TRY(head_in(db, number_, first));
      if (then) since.tree = then->tree;
      return {};
    };
    TRY(tables_.read(look));
  }
  std::set<std::string> told(heads_of.begin(), heads_of.end());
  told.insert(partner);
  for (const std::string& member : told) {
    auto all = TRY(seen(member));
    for (SeenHead& one : all) account.seen.push_back(std::move(one.head));
  }
  // The opening and changes of the key stand for nobody; those of the partner in pieces.
  std::uint64_t next = 0;
  bool more = true;
  std::vector<AccountEntry> general;
  auto keys = [&](store::Sqlite& db) -> Result<void> {
    auto nodes = nodes_in(db, number_);
    for (const char* kind : {"opening", "key"}) {
      auto rows =
          TRY(read_rows(db, {.log = number_, .until = size, .kind = kind, .limit = keys_max}));
      for (const LedgerRow& row : rows) {
        auto entry = TRY(account_entry(row, size, nodes));
        if (entry) general.push_back(*std::move(entry));
      }
    }
    return {};
  };
  TRY(tables_.read(keys));
  auto some = [&](store::Sqlite& db) -> Result<void> {
    auto nodes = nodes_in(db, number_);
    auto rows = TRY(read_rows(db, {.log = number_,
                                   .from = next,
                                   .until = size,
                                   .partner = partner,
                                   .limit = entries_at_once}));
    for (const LedgerRow& row : rows) {
      next = row.entry.index + 1;
      auto entry = TRY(account_entry(row, size, nodes));
      if (entry) account.entries.push_back(*std::move(entry));
    }
    more = rows.size() == entries_at_once;
    return {};
  };
  while (more) TRY(tables_.read(some));
  std::ranges::move(general, std::back_inserter(account.entries));
  std::ranges::sort(account.entries, {}, &AccountEntry::index);
  return account;
}

Result<Ledger::Export> Ledger::begin_export() const {
  Export all;
  all.head = TRY(head());
  return all;
}

Result<bool> Ledger::go_on(Export& all, std::string& out) const {
  if (all.next == 0) out += log_heading(all.head);
  auto some = [&](store::Sqlite& db) -> Result<void> {
    if (!TRY(read_rows(db,
                       {.log = number_, .from = all.head.tree.size, .kind = "dropped", .limit = 1}))
             .empty())
      return unavailable("something was erased from the ledger while it was written out");
    auto rows = TRY(read_rows(db, {.log = number_,
                                   .from = all.next,
                                   .until = all.head.tree.size,
                                   .with_items = true,
                                   .as_of = all.head.tree.size,
                                   .limit = entries_at_once}));
    for (const LedgerRow& row : rows) {
      out += entry_line(row.entry);
      all.next = row.entry.index + 1;
    }
    if (rows.empty()) all.next = all.head.tree.size;
    return {};
  };
  TRY(tables_.read(some));
  return all.next < all.head.tree.size;
}

}  // namespace tocsin::share
