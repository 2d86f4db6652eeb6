#include "share/ledger_rows.h"

#include <fmt/format.h>

#include <memory>

namespace tocsin::share {

using ledger::Entry;
using ledger::Head;

Sha256 stored_hash(std::string_view blob) {
  return ledger::hash_of(blob).value_or(Sha256{});
}

namespace {

PublicKey stored_key(std::string_view blob) {
  PublicKey key;
  key.bytes = stored_hash(blob);
  return key;
}

std::vector<Sha256> hashes_of(std::string_view blob) {
  std::vector<Sha256> out;
  for (; !blob.empty(); blob.remove_prefix(std::min<std::size_t>(blob.size(), 32)))
    out.push_back(stored_hash(blob.substr(0, 32)));
  return out;
}

// From column `at` on: size, root, time, key, signature, node, log.
Head head_of(const store::Statement& row, int at) {
  Head head{.node = std::string(row.text(at + 5)), .log = stored_hash(row.blob(at + 6))};
  head.tree = {static_cast<std::uint64_t>(row.number(at)), stored_hash(row.blob(at + 1))};
  head.at = row.number(at + 2);
  head.key = stored_key(row.blob(at + 3));
  head.signature = row.blob(at + 4);
  return head;
}
constexpr std::string_view head_columns = "h.size, h.root, h.at, h.key, h.signature, g.node, g.log";

LedgerRow row_of(const store::Statement& row) {
  LedgerRow out{.kind = std::string(row.text(3)), .partner = std::string(row.text(4))};
  out.entry.index = static_cast<std::uint64_t>(row.number(0));
  out.entry.leaf = row.text(1);
  out.entry.hash = stored_hash(row.blob(2));
  if (!row.is_null(5)) out.of = static_cast<std::uint64_t>(row.number(5));
  out.at = row.number(6);
  if (!row.is_null(7)) out.entry.items = hashes_of(row.blob(7));
  if (!row.is_null(8)) out.entry.details = {std::string(row.blob(8)), std::string(row.text(9))};
  bool is_receipt = out.kind == "receipt";
  if (!row.is_null(10)) (is_receipt ? out.entry.shown : out.entry.acknowledged) = row.text(10);
  if (!row.is_null(11)) out.entry.head = head_of(row, 11);
  return out;
}

}  // namespace

Result<std::vector<LedgerRow>> read_rows(store::Sqlite& db, const RowsAsk& ask) {
  std::string paper = ask.as_of == UINT64_MAX
                          ? "b.paper"
                          : "CASE WHEN l.kind = 'receipt' OR EXISTS (SELECT 1 FROM ledger_leaves o"
                            " WHERE o.log = l.log AND o.of = l.at AND o.at < ?7"
                            " AND instr(o.leaf, '\"receipt\":') > 0) THEN b.paper END";
  auto select = TRY(db.prepare(fmt::format(
      "SELECT l.at, l.leaf, l.hash, l.kind, l.partner, l.of, l.time, {}, b.salt, b.text, {}, {}"
      " FROM ledger_leaves l JOIN ledger_logs g ON g.number = l.log"
      " LEFT JOIN ledger_beside b ON b.log = l.log AND b.at = l.at"
      " LEFT JOIN ledger_heads h ON h.log = l.log AND h.size = l.at + 1"
      " WHERE l.log = ?1 AND l.at >= ?2 AND l.at < ?3{}{} ORDER BY l.at {} LIMIT ?6",
      ask.with_items ? "b.items" : "NULL", paper, head_columns,
      ask.partner.empty() ? "" : " AND l.partner = ?4", ask.kind.empty() ? "" : " AND l.kind = ?5",
      ask.newest_first ? "DESC" : "ASC")));
  auto most = static_cast<std::uint64_t>(INT64_MAX);
  select.bind(1, ask.log).bind(2, std::min(ask.from, most)).bind(3, std::min(ask.until, most));
  if (!ask.partner.empty()) select.bind(4, ask.partner);
  if (!ask.kind.empty()) select.bind(5, ask.kind);
  select.bind(6, std::uint64_t{ask.limit});
  if (ask.as_of != UINT64_MAX) select.bind(7, ask.as_of);
  std::vector<LedgerRow> out;
  while (TRY(select.step())) out.push_back(row_of(select));
  return out;
}

ledger::Nodes nodes_in(store::Sqlite& db, std::int64_t log) {
  struct Selects {
    std::optional<store::Statement> leaf, node;
  };
  auto selects = std::make_shared<Selects>();  // the function is copied
  return [&db, log, selects](unsigned level, std::uint64_t at) -> Result<Sha256> {
    auto& select = level == 0 ? selects->leaf : selects->node;
    if (!select) {
      select = TRY(db.prepare(
          level == 0 ? "SELECT hash FROM ledger_leaves WHERE log = ? AND at = ?"
                     : "SELECT hash FROM ledger_nodes WHERE log = ? AND at = ? AND level = ?"));
    }
    select->reset();
    select->bind(1, log).bind(2, at);
    if (level > 0) select->bind(3, level);
    if (!TRY(select->step()))
      return missing(fmt::format("the ledger has no node {} of level {}", at, level));
    Sha256 hash = stored_hash(select->blob(0));
    select->reset();
    return hash;
  };
}

Result<std::optional<Head>> head_in(store::Sqlite& db, std::int64_t log,
                                    std::optional<std::uint64_t> size) {
  auto select = TRY(db.prepare(fmt::format(
      "SELECT {} FROM ledger_heads h JOIN ledger_logs g ON g.number = h.log WHERE h.log = ?1{}"
      " ORDER BY h.size DESC LIMIT 1",
      head_columns, size ? " AND h.size = ?2" : "")));
  select.bind(1, log);
  if (size) select.bind(2, *size);
  if (!TRY(select.step())) return std::nullopt;
  return head_of(select, 0);
}

}  // namespace tocsin::share
