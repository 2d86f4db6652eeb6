#include "share/ledger.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/text.h"
#include "share/ledger_rows.h"

namespace tocsin::share {

using namespace ledger;  // NOLINT: the leaves and heads that this keeps

namespace {

// `kind`, `partner`, `of` and `time` say what the leaf says, to find it by.
constexpr const char* steps[] = {
    "CREATE TABLE ledger_logs(number INTEGER PRIMARY KEY, log BLOB NOT NULL UNIQUE,"
    " node TEXT NOT NULL, key BLOB NOT NULL, restored TEXT NOT NULL);"
    "CREATE TABLE ledger_leaves(log INTEGER NOT NULL, at INTEGER NOT NULL, leaf TEXT NOT NULL,"
    " hash BLOB NOT NULL, kind TEXT NOT NULL, partner TEXT NOT NULL, of INTEGER,"
    " time INTEGER NOT NULL, PRIMARY KEY(log, at)) WITHOUT ROWID;"
    "CREATE INDEX ledger_partner ON ledger_leaves(log, partner, at);"
    "CREATE INDEX ledger_kind ON ledger_leaves(log, kind, at);"
    "CREATE INDEX ledger_of ON ledger_leaves(log, of) WHERE of IS NOT NULL;"
    "CREATE TABLE ledger_nodes(log INTEGER NOT NULL, level INTEGER NOT NULL, at INTEGER NOT NULL,"
    " hash BLOB NOT NULL, PRIMARY KEY(log, level, at)) WITHOUT ROWID;"
    "CREATE TABLE ledger_heads(log INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,"
    " at INTEGER NOT NULL, key BLOB NOT NULL, signature BLOB NOT NULL,"
    " PRIMARY KEY(log, size)) WITHOUT ROWID;"
    // What leaves hold hashes of: of items, of details (salt, text), of what a partner signed.
    "CREATE TABLE ledger_beside(log INTEGER NOT NULL, at INTEGER NOT NULL, items BLOB, salt BLOB,"
    " text TEXT, paper TEXT, PRIMARY KEY(log, at)) WITHOUT ROWID;"
    // Partners' releases that we have, and where our receipt is.
    "CREATE TABLE ledger_received(log BLOB NOT NULL, at INTEGER NOT NULL, own_log INTEGER NOT NULL,"
    " own INTEGER NOT NULL, PRIMARY KEY(log, at)) WITHOUT ROWID;"
    "CREATE TABLE ledger_seen(node TEXT NOT NULL, log BLOB NOT NULL, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, at INTEGER NOT NULL, key BLOB NOT NULL, signature BLOB NOT NULL,"
    " via TEXT NOT NULL, seen INTEGER NOT NULL, what TEXT NOT NULL,"
    " PRIMARY KEY(node, log, size, root)) WITHOUT ROWID;"
    "CREATE TABLE ledger_witnesses(log INTEGER NOT NULL, size INTEGER NOT NULL, by TEXT NOT NULL,"
    " key BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY(log, size, by)) WITHOUT ROWID;"
    "CREATE TRIGGER ledger_leaves_stay BEFORE UPDATE ON ledger_leaves"
    " BEGIN SELECT RAISE(ABORT, 'leaves do not change'); END;"
    "CREATE TRIGGER ledger_heads_stay BEFORE UPDATE ON ledger_heads"
    " BEGIN SELECT RAISE(ABORT, 'heads do not change'); END;"};

Salt random_salt() {
  Salt salt;
  randombytes_buf(salt.data(), salt.size());
  return salt;
}

// The member that an entry is found by: an outcome by its release's.
Result<std::string> partner_in(store::Sqlite& db, std::int64_t log, const Body& body) {
  const auto* outcome = std::get_if<Outcome>(&body);
  if (outcome == nullptr) return std::string(partner_of(body));
  auto select = TRY(db.prepare("SELECT partner, kind FROM ledger_leaves WHERE log = ? AND at = ?"));
  select.bind(1, log).bind(2, outcome->of);
  if (!TRY(select.step()) || select.text(1) != "release")
    return invalid(fmt::format("entry {} of the ledger is no release", outcome->of));
  return std::string(select.text(0));
}

struct Node {
  unsigned level = 0;
  std::uint64_t at = 0;
  Sha256 hash{};
};

Result<void> insert_nodes(store::Sqlite& db, std::int64_t log, const std::vector<Node>& nodes) {
  auto insert = TRY(db.prepare("INSERT INTO ledger_nodes VALUES(?, ?, ?, ?)"));
  for (const Node& node : nodes) {
    insert.bind(1, log).bind(2, node.level).bind(3, node.at).bind_blob(4, bytes_of(node.hash));
    TRY(insert.run());
  }
  return {};
}

Result<void> insert_leaf(store::Sqlite& db, std::int64_t log, const Ledger::Added& added,
                         const Leaf& leaf) {
  auto insert = TRY(db.prepare("INSERT INTO ledger_leaves VALUES(?, ?, ?, ?, ?, ?, ?, ?)"));
  std::string partner = TRY(partner_in(db, log, leaf.body));
  insert.bind(1, log).bind(2, added.index).bind(3, added.leaf).bind_blob(4, bytes_of(added.hash));
  insert.bind(5, kind_of(leaf.body)).bind(6, partner).bind(8, leaf.at);
  if (const auto* outcome = std::get_if<Outcome>(&leaf.body)) insert.bind(7, outcome->of);
  return insert.run();
}

Result<void> insert_head(store::Sqlite& db, std::int64_t log, const Head& head) {
  auto insert = TRY(db.prepare("INSERT INTO ledger_heads VALUES(?, ?, ?, ?, ?, ?)"));
  insert.bind(1, log).bind(2, head.tree.size).bind_blob(3, bytes_of(head.tree.root));
  insert.bind(4, head.at).bind_blob(5, bytes_of(head.key.bytes)).bind_blob(6, head.signature);
  return insert.run();
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(Parts parts) {
  if (!parts.salt) parts.salt = random_salt;
  auto tables = TRY(store::Tables::open(parts.journal, "ledger", steps));
  auto all = std::unique_ptr<Ledger>(new Ledger(std::move(parts), std::move(tables)));
  all->key_ = &all->parts_.key;
  TRY(all->tables_.write([&](store::Sqlite& db) { return all->begin(db); }));
  return all;
}

// Goes on with the last log, or opens one.
Result<void> Ledger::begin(store::Sqlite& db) {
  auto select = TRY(db.prepare(
      "SELECT number, log, node, key, restored FROM ledger_logs ORDER BY number DESC LIMIT 1"));
  Opening opening{.node = parts_.node, .key = key_->public_key(), .before = {}};
  std::string key(bytes_of(opening.key.bytes));
  if (TRY(select.step())) {
    number_ = select.number(0);
    log_ = stored_hash(select.blob(1));
    bool same = parts_.restored.empty() || select.text(4) == parts_.restored;
    if (same && select.text(2) == parts_.node && select.blob(3) == key) return {};
    auto last = TRY(head_in(db, number_));
    if (last) opening.before = Predecessor{log_, last->tree};
  }
  select.reset();
  is_new_ = true;
  Leaf leaf{.at = parts_.now(), .salt = parts_.salt(), .body = opening};
  Added added{.leaf = leaf_text(leaf)};
  added.hash = log_ = leaf_hash(added.leaf);
  ++number_;
  auto insert = TRY(db.prepare("INSERT INTO ledger_logs VALUES(?, ?, ?, ?, ?)"));
  insert.bind(1, number_).bind_blob(2, bytes_of(log_)).bind(3, parts_.node);
  TRY(insert.bind_blob(4, key).bind(5, parts_.restored).run());
  TRY(insert_leaf(db, number_, added, leaf));
  return insert_head(db, number_, signed_head(parts_.node, log_, {1, log_}, leaf.at, *key_));
}

Result<std::vector<Ledger::Added>> Ledger::add(store::Sqlite& db, std::span<const Body> bodies) {
  auto last = TRY(head_in(db, number_));
  if (!last) return unavailable("the ledger has no head");
  Growing tree = TRY(Growing::of(last->tree.size, nodes_in(db, number_)));
  TimeUs at = std::max(parts_.now(), last->at);  // a clock that went back does not show
  std::vector<Node> nodes;
  std::vector<Added> all;
  for (const Body& body : bodies) {
    Leaf leaf{.at = at, .salt = parts_.salt(), .body = body};
    Added added{.index = tree.size(), .leaf = leaf_text(leaf)};
    if (added.leaf.size() > leaf_bytes_max) return invalid("a leaf larger than 64 KiB");
    added.hash = leaf_hash(added.leaf);
    TRY(insert_leaf(db, number_, added, leaf));
    tree.add(added.hash, [&](unsigned level, std::uint64_t where, const Sha256& hash) {
      nodes.push_back({level, where, hash});
    });
    all.push_back(std::move(added));
  }
  TRY(insert_nodes(db, number_, nodes));
  TRY(insert_head(db, number_, signed_head(parts_.node, log_, tree.tree(), at, *key_)));
  return all;
}

Result<Ledger::Added> Ledger::add(store::Sqlite& db, const Body& body) {
  auto all = TRY(add(db, std::span(&body, 1)));
  return std::move(all.front());
}

Result<Ledger::Added> Ledger::add(const Body& body) {
  Added added;
  auto work = [&](store::Sqlite& db) -> Result<void> {
    added = TRY(add(db, body));
    return {};
  };
  TRY(tables_.write(work));
  return added;
}

Result<Ledger::Added> Ledger::release(store::Sqlite& db, Release release,
                                      std::span<const Sha256> items) {
  if (items.size() > items_max)
    return invalid(fmt::format("a release of more than {} items", items_max));
  release.items = items_root(items);
  release.count = items.size();
  Added added = TRY(add(db, Body(std::move(release))));
  if (items.empty()) return added;
  std::string blob;
  for (const Sha256& item : items) blob += bytes_of(item);
  auto insert = TRY(db.prepare("INSERT INTO ledger_beside(log, at, items) VALUES(?, ?, ?)"));
  TRY(insert.bind(1, number_).bind(2, added.index).bind_blob(3, blob).run());
  return added;
}

Result<Ledger::Added> Ledger::act(store::Sqlite& db, PolicyAct act, std::string_view details) {
  Salt bytes = parts_.salt();
  std::string salt(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string text = text::is_utf8(details) ? std::string(details) : text::printable(details);
  if (auto masked = parts_.mask ? parts_.mask(text) : std::nullopt) text = *std::move(masked);
  if (!text::is_utf8(text)) return invalid("details that are no UTF-8");
  act.details = commitment(salt, text);
  Added added = TRY(add(db, Body(std::move(act))));
  auto insert =
      TRY(db.prepare("INSERT INTO ledger_beside(log, at, salt, text) VALUES(?, ?, ?, ?)"));
  TRY(insert.bind(1, number_).bind(2, added.index).bind_blob(3, salt).bind(4, text).run());
  return added;
}

Result<void> Ledger::change_key(const SigningKey& fresh) {
  auto work = [&](store::Sqlite& db) -> Result<void> {
    TRY(add(db, Body(KeyChange{.key = fresh.public_key()})));
    auto update = TRY(db.prepare("UPDATE ledger_logs SET key = ? WHERE number = ?"));
    std::string key(bytes_of(fresh.public_key().bytes));
    return update.bind_blob(1, key).bind(2, number_).run();
  };
  TRY(tables_.write(work));
  return tables_.write([&](store::Sqlite&) -> Result<void> {
    key_ = &fresh;
    return {};
  });
}

Result<std::vector<std::uint64_t>> Ledger::pending() const {
  std::vector<std::uint64_t> out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT at FROM ledger_leaves r WHERE log = ?1 AND kind = 'release' AND NOT EXISTS"
        " (SELECT 1 FROM ledger_leaves o WHERE o.log = ?1 AND o.of = r.at) ORDER BY at"));
    select.bind(1, number_);
    while (TRY(select.step())) out.push_back(static_cast<std::uint64_t>(select.number(0)));
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

Result<std::size_t> Ledger::end_pending() {
  std::vector<Body> bodies;
  auto left = TRY(pending());
  for (std::uint64_t index : left) bodies.push_back(Outcome{index, "unknown", {}});
  if (bodies.empty()) return 0;
  auto work = [&](store::Sqlite& db) -> Result<void> {
    TRY(add(db, bodies));
    return {};
  };
  TRY(tables_.write(work));
  return bodies.size();
}

}  // namespace tocsin::share
