// Is the ledger as it was written? All of its rows against what was signed.
#include <fmt/format.h>

#include <bit>

#include "base/text.h"
#include "share/ledger.h"
#include "share/ledger_rows.h"

namespace tocsin::share {

using namespace ledger;  // NOLINT: see ledger.cpp

namespace {

constexpr std::size_t entries_at_once = 200;

std::unexpected<Error> wrong_at(std::uint64_t index, std::string_view what) {
  return invalid(fmt::format("entry {}: {}", index, what));
}

Result<std::int64_t> number_of(store::Sqlite& db, std::string_view sql, std::int64_t log) {
  auto select = TRY(db.prepare(sql));
  select.bind(1, log);
  if (!TRY(select.step())) return 0;
  return select.number(0);
}

// One log: entries in pieces, then what must be true of all.
class Looking {
 public:
  Looking(std::int64_t log, std::span<const Tree> known) : log_(log), check_(known) {}
  void told(const Dropped& dropped) { check_.told(dropped); }

  // Errors: invalid: "entry 17: ..."; unavailable.
  Result<void> some(store::Sqlite& db) {
    auto rows = TRY(
        read_rows(db, {.log = log_, .from = next_, .with_items = true, .limit = entries_at_once}));
    auto nodes = nodes_in(db, log_);
    for (const LedgerRow& row : rows) {
      TRY(check_.add(row.entry));
      TRY(look_beside(db, row));
      TRY(look_above(row, nodes));
      next_ = row.entry.index + 1;
    }
    done_ = rows.size() < entries_at_once;
    return {};
  }
  bool done() const { return done_; }

  Result<Verdict> end(store::Sqlite& db) {
    auto last = TRY(head_in(db, log_));
    Verdict verdict = TRY(check_.end(last ? last->tree.size : 0));
    std::uint64_t size = verdict.tree.size, nodes = 0;
    for (std::uint64_t level = size / 2; level > 0; level /= 2) nodes += level;
    struct Count {
      std::string_view sql;
      std::uint64_t wanted;
      std::string_view what;
    };
    for (const Count& one :
         {Count{"SELECT count(*) FROM ledger_nodes WHERE log = ?", nodes, "nodes of another tree"},
          Count{"SELECT count(*) FROM ledger_heads WHERE log = ?", verdict.heads,
                "a head of nothing"},
          Count{"SELECT count(*) FROM ledger_received WHERE own_log = ?", verdict.receipts,
                "a release received without a receipt"},
          Count{"SELECT count(*) FROM ledger_beside b WHERE log = ? AND NOT EXISTS (SELECT 1 FROM"
                " ledger_leaves l WHERE l.log = b.log AND l.at = b.at)",
                0, "what belongs to no entry"}}) {
      if (static_cast<std::uint64_t>(TRY(number_of(db, one.sql, log_))) != one.wanted)
        return wrong_at(size - 1, fmt::format("up to here there is {}", one.what));
    }
    auto select = TRY(db.prepare("SELECT log, node, key FROM ledger_logs WHERE number = ?"));
    select.bind(1, log_);
    if (!TRY(select.step()) || stored_hash(select.blob(0)) != verdict.log ||
        select.text(1) != verdict.node || select.blob(2) != bytes_of(verdict.keys.back().bytes))
      return wrong_at(0, "it opens another log than this");
    return verdict;
  }

 private:
  // What finds an entry says what the entry says.
  Result<void> look_beside(store::Sqlite& db, const LedgerRow& row) {
    Leaf leaf = TRY(read_leaf(row.entry.leaf));
    const auto* outcome = std::get_if<Outcome>(&leaf.body);
    std::string partner(partner_of(leaf.body));
    if (outcome != nullptr) {
      auto of = TRY(read_rows(db, {.log = log_, .from = outcome->of, .until = outcome->of + 1}));
      if (!of.empty()) partner = of.front().partner;
    }
    bool same_of = row.of.has_value() == (outcome != nullptr) &&
                   (outcome == nullptr || row.of.value_or(0) == outcome->of);
    if (row.kind != kind_of(leaf.body) || row.partner != partner || !same_of || row.at != leaf.at)
      return wrong_at(row.entry.index, "it is filed as what it is not");
    const auto* receipt = std::get_if<Receipt>(&leaf.body);
    if (receipt == nullptr) return {};
    auto select =
        TRY(db.prepare("SELECT own FROM ledger_received WHERE log = ? AND at = ? AND own_log = ?"));
    select.bind_blob(1, bytes_of(receipt->release.log)).bind(2, receipt->release.index);
    select.bind(3, log_);
    if (!TRY(select.step()) || static_cast<std::uint64_t>(select.number(0)) != row.entry.index)
      return wrong_at(row.entry.index, "the release that it is for is not filed");
    return {};
  }

  // The nodes that it completes.
  Result<void> look_above(const LedgerRow& row, const Nodes& nodes) {
    std::vector<std::tuple<unsigned, std::uint64_t, Sha256>> made;
    tree_.add(row.entry.hash, [&](unsigned level, std::uint64_t at, const Sha256& hash) {
      made.emplace_back(level, at, hash);
    });
    for (const auto& [level, at, hash] : made) {
      auto kept = nodes(level, at);
      if (!kept && kept.error().fault != Fault::missing) return std::unexpected(kept.error());
      if (!kept || *kept != hash)
        return wrong_at(row.entry.index, fmt::format("the node of level {} over it is not the hash "
                                                     "of what is below",
                                                     level));
    }
    return {};
  }

  std::int64_t log_;
  LogCheck check_;
  Growing tree_;
  std::uint64_t next_ = 0;
  bool done_ = false;
};

Result<void> look_at_witnesses(store::Sqlite& db) {
  auto select = TRY(db.prepare("SELECT log, size, by, key, signature FROM ledger_witnesses"));
  while (TRY(select.step())) {
    auto size = static_cast<std::uint64_t>(select.number(1));
    Signed witness{.by = std::string(select.text(2)), .signature = std::string(select.blob(4))};
    witness.key.bytes = stored_hash(select.blob(3));
    auto head = TRY(head_in(db, select.number(0), size));
    if (!head || !holds(witness, witness_text(witness.by, *head)))
      return wrong_at(size - 1,
                      fmt::format("{} did not witness its head", text::quote(witness.by)));
  }
  return {};
}

}  // namespace

Result<Verdict> Ledger::verify_log(std::int64_t number, std::span<const Tree> known,
                                   const std::vector<Dropped>& told) const {
  auto look = [&](const auto& run) -> Result<Verdict> {
    Looking looking(number, known);
    for (const Dropped& dropped : told) looking.told(dropped);
    while (!looking.done()) TRY(run([&](store::Sqlite& db) { return looking.some(db); }));
    Verdict verdict;
    auto end = [&](store::Sqlite& db) -> Result<void> {
      verdict = TRY(looking.end(db));
      return {};
    };
    TRY(run(end));
    return verdict;
  };
  auto verdict = look([&](const auto& body) { return tables_.read(body); });
  if (verdict || verdict.error().fault != Fault::invalid) return verdict;
  // Something may have been added between two pieces: once more, as of one moment.
  auto at_once = [&](store::Sqlite& db) -> Result<void> {
    TRY(db.run("BEGIN"));
    verdict = look([&](const auto& body) -> Result<void> { return body(db); });
    return db.run("COMMIT");
  };
  TRY(tables_.read(at_once));
  return verdict;
}

// The newest log first: it may tell of what was dropped from those before it.
Result<Ledger::Verified> Ledger::verify(std::span<const Tree> known) const {
  Verified out;
  std::vector<std::pair<std::int64_t, Sha256>> logs;
  auto list = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT number, log FROM ledger_logs ORDER BY number DESC"));
    while (TRY(select.step())) logs.emplace_back(select.number(0), stored_hash(select.blob(1)));
    return {};
  };
  TRY(tables_.read(list));
  std::vector<Dropped> dropped;
  for (const auto& [number, log] : logs) {
    std::vector<Dropped> of_it;
    std::ranges::copy_if(dropped, std::back_inserter(of_it),
                         [&](const Dropped& one) { return one.log == log; });
    auto verdict = verify_log(number, number == number_ ? known : std::span<const Tree>(), of_it);
    if (!verdict && verdict.error().fault != Fault::invalid)
      return std::unexpected(verdict.error());
    if (!verdict) {
      out.wrong = number == number_
                      ? verdict.error().what
                      : fmt::format("log {}: {}", hex(log).substr(0, 16), verdict.error().what);
      return out;
    }
    std::ranges::copy(verdict->elsewhere, std::back_inserter(dropped));
    out.logs.insert(out.logs.begin(), *std::move(verdict));
  }
  auto witnesses = tables_.read(look_at_witnesses);
  if (!witnesses && witnesses.error().fault != Fault::invalid)
    return std::unexpected(witnesses.error());
  if (!witnesses) out.wrong = witnesses.error().what;
  for (const SeenHead& one : TRY(seen())) {
    ++out.seen;
    if (out.wrong.empty() && !is_signed(one.head))
      out.wrong = fmt::format("a head of {} entries of {} that was seen is not what was signed",
                              one.head.tree.size, text::quote(one.head.node));
  }
  return out;
}

}  // namespace tocsin::share
