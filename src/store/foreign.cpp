#include "store/foreign.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/canonical_json.h"

namespace tocsin::store {
namespace {

constexpr std::array steps = {
    "CREATE TABLE foreign_objects (row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
    " at INTEGER NOT NULL, version TEXT NOT NULL, creator TEXT NOT NULL, member TEXT NOT NULL,"
    " agreement TEXT NOT NULL, came INTEGER NOT NULL, tlp INTEGER NOT NULL, pap INTEGER NOT NULL,"
    " revoked INTEGER NOT NULL, own INTEGER NOT NULL, report INTEGER NOT NULL, bytes BLOB NOT "
    "NULL) STRICT;"
    "CREATE UNIQUE INDEX foreign_by_id ON foreign_objects (id, at, member);"
    "CREATE INDEX foreign_by_age ON foreign_objects (member, came);"
    "CREATE TABLE foreign_use (member TEXT PRIMARY KEY, objects INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL) STRICT;"};
constexpr std::string_view columns =
    "row, id, at, version, creator, member, agreement, came, tlp, pap, revoked, own, report, "
    "bytes";

ForeignObject read(const Statement& row) {
  ForeignObject out{.row = static_cast<std::uint64_t>(row.number(0)),
                    .id = std::string(row.text(1)),
                    .version = std::string(row.text(3)),
                    .at = row.number(2),
                    .creator = std::string(row.text(4)),
                    .member = std::string(row.text(5)),
                    .agreement = std::string(row.text(6)),
                    .came = row.number(7),
                    .tlp = static_cast<Tlp>(row.number(8)),
                    .pap = static_cast<Pap>(row.number(9)),
                    .revoked = row.number(10) != 0,
                    .own = row.number(11) != 0,
                    .report = static_cast<std::uint64_t>(row.number(12))};
  out.json = row.blob(13);
  return out;
}

// Relays may spell an object anew: what it says counts.
bool says_the_same(std::string_view a, std::string_view b) {
  if (a == b) return true;
  auto one = canonical_json(a), other = canonical_json(b);
  return one && other && *one == *other;
}

// One transaction's statements.
class Taking {
 public:
  static Result<Taking> begin(Sqlite& db) {
    Taking out(db);
    out.versions_ = TRY(db.prepare(
        "SELECT at, creator, member, revoked, own, CASE WHEN at = ?2 THEN bytes END FROM "
        "foreign_objects WHERE id = ?1 LIMIT 1000"));
    out.insert_ = TRY(
        db.prepare(fmt::format("INSERT INTO foreign_objects ({}) VALUES (NULL, ?, ?, ?, ?, ?, ?, "
                               "?, ?, ?, ?, ?, ?, ?)",
                               columns)));
    return out;
  }

  Result<ForeignFate> take(const ForeignObject& object) {
    auto fate = TRY(look(object));
    if (fate != ForeignFate::fresh) return fate;
    Foreign::Use& use = TRY(use_of(object.member)).get();
    if (use.objects >= Foreign::member_objects_max ||
        use.bytes + object.json.size() > Foreign::member_bytes_max)
      return ForeignFate::full;
    ++use.objects, use.bytes += object.json.size();
    insert_.bind(1, object.id).bind(2, object.at).bind(3, object.version).bind(4, object.creator);
    insert_.bind(5, object.member).bind(6, object.agreement).bind(7, object.came);
    insert_.bind(8, static_cast<int>(object.tlp)).bind(9, static_cast<int>(object.pap));
    insert_.bind(10, object.revoked ? 1 : 0).bind(11, object.own ? 1 : 0);
    TRY(insert_.bind(12, object.report).bind_blob(13, object.json).run());
    return fate;
  }

  Result<void> end() {
    auto keep = TRY(db_.prepare("INSERT OR REPLACE INTO foreign_use VALUES (?, ?, ?)"));
    for (const auto& [member, use] : use_)
      TRY(keep.bind(1, member).bind(2, use.objects).bind(3, use.bytes).run());
    return {};
  }

 private:
  explicit Taking(Sqlite& db) : db_(db) {}

  Result<ForeignFate> look(const ForeignObject& object) {
    versions_.bind(1, object.id).bind(2, object.at);
    bool same = false, contradicts = false, others = false, ended = false, had = false;
    while (TRY(versions_.step())) {
      bool theirs = versions_.text(2) == object.member;
      // Its author takes back what others passed on, too.
      had = had || theirs || (object.own && versions_.text(1) == object.creator);
      // Only its creator is heard against what another said in its name.
      bool yields = !theirs && object.own && versions_.number(4) == 0;
      if (versions_.number(0) == object.at) {
        // An observable has no version: what else one says of it than another is no contradiction.
        bool equal = object.at == 0 || says_the_same(versions_.blob(5), object.json);
        same = same || equal;
        contradicts = contradicts || (!equal && !yields);
      } else {
        others = others || (versions_.text(1) != object.creator && !yields);
        ended = ended || ((theirs || versions_.number(4) != 0) && versions_.number(3) != 0);
      }
    }
    versions_.reset();
    if (same) return ForeignFate::same;
    if (contradicts) return ForeignFate::other_content;
    if (others) return ForeignFate::other_creator;
    if (ended) return ForeignFate::was_revoked;
    return object.revoked && !had ? ForeignFate::not_here : ForeignFate::fresh;
  }

  Result<std::reference_wrapper<Foreign::Use>> use_of(const std::string& member) {
    auto [at, is_new] = use_.try_emplace(member);
    if (is_new) {
      auto select = TRY(db_.prepare("SELECT objects, bytes FROM foreign_use WHERE member = ?"));
      if (TRY(select.bind(1, member).step())) {
        at->second = {static_cast<std::uint64_t>(select.number(0)),
                      static_cast<std::uint64_t>(select.number(1))};
      }
    }
    return std::ref(at->second);
  }

  Sqlite& db_;
  Statement versions_, insert_;
  std::map<std::string, Foreign::Use> use_;
};

}  // namespace

Result<std::unique_ptr<Foreign>> Foreign::open(Journal& journal) {
  return std::unique_ptr<Foreign>(new Foreign(TRY(Tables::open(journal, "foreign", steps))));
}

Result<std::vector<ForeignFate>> Foreign::take(std::span<const ForeignObject> objects) {
  std::vector<ForeignFate> fates;
  auto body = [&](Sqlite& db) -> Result<void> {
    fates.clear();
    auto taking = TRY(Taking::begin(db));
    for (const ForeignObject& object : objects) fates.push_back(TRY(taking.take(object)));
    return taking.end();
  };
  TRY(tables_.write(body, false));
  return fates;
}

Result<std::vector<ForeignObject>> Foreign::after(std::uint64_t row, std::size_t limit) const {
  std::vector<ForeignObject> out;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {} FROM foreign_objects WHERE row > ? ORDER BY row LIMIT ?", columns)));
    select.bind(1, row).bind(2, static_cast<std::uint64_t>(limit));
    while (TRY(select.step())) out.push_back(read(select));
    return {};
  };
  TRY(tables_.read(body));
  return out;
}

Result<std::vector<ForeignObject>> Foreign::versions_of(std::string_view id) const {
  std::vector<ForeignObject> out;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {} FROM foreign_objects WHERE id = ? ORDER BY row", columns)));
    select.bind(1, id);
    while (TRY(select.step())) out.push_back(read(select));
    return {};
  };
  TRY(tables_.read(body));
  return out;
}

Result<void> Foreign::each_of(std::string_view type,
                              const std::function<void(const ForeignObject&)>& take) const {
  auto body = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT {} FROM foreign_objects WHERE id >= ? AND id < ? ORDER BY row", columns)));
    std::string from = fmt::format("{}--", type), until = fmt::format("{}-.", type);
    select.bind(1, from).bind(2, until);
    while (TRY(select.step())) take(read(select));
    return {};
  };
  return tables_.read(body);
}

Result<std::map<std::string, Foreign::Use>> Foreign::use() const {
  std::map<std::string, Use> out;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT member, objects, bytes FROM foreign_use"));
    while (TRY(select.step())) {
      out.emplace(select.text(0), Use{static_cast<std::uint64_t>(select.number(1)),
                                      static_cast<std::uint64_t>(select.number(2))});
    }
    return {};
  };
  TRY(tables_.read(body));
  return out;
}

Result<std::size_t> Foreign::remove(const std::vector<std::uint64_t>& rows) {
  std::size_t gone = 0;
  if (rows.empty()) return gone;
  auto body = [&](Sqlite& db) -> Result<void> {
    std::string these = fmt::format("row IN ({})", fmt::join(rows, ","));
    TRY(db.run(
        fmt::format("UPDATE foreign_use SET objects = objects - g.n, bytes = bytes - g.b FROM "
                    "(SELECT member, count(*) n, sum(length(bytes)) b FROM foreign_objects WHERE "
                    "{} GROUP BY member) g WHERE foreign_use.member = g.member;",
                    these)));
    auto drop = TRY(db.prepare("DELETE FROM foreign_objects WHERE " + these));
    TRY(drop.run());
    gone = static_cast<std::size_t>(db.changes());
    return {};
  };
  TRY(tables_.write(body, false));
  return gone;
}

// In the order of `foreign_by_age`.
Result<std::size_t> Foreign::forget_of(std::string_view member, TimeUs from, TimeUs until,
                                       const Choose& goes) {
  std::size_t all = 0;
  TimeUs came = from;
  for (std::uint64_t row = 0;;) {
    std::vector<std::uint64_t> named;
    std::size_t read_now = 0;
    auto look = [&](Sqlite& db) -> Result<void> {
      auto select = TRY(db.prepare(
          fmt::format("SELECT {} FROM foreign_objects WHERE member = ?1 AND came >= ?2 AND"
                      " (came, row) > (?2, ?3) AND came < ?4 ORDER BY came, row LIMIT ?5",
                      columns)));
      select.bind(1, member).bind(2, came).bind(3, row).bind(4, until);
      select.bind(5, std::uint64_t{take_max});
      for (; TRY(select.step()); ++read_now) {
        ForeignObject object = read(select);
        came = object.came, row = object.row;
        if (goes(object)) named.push_back(object.row);
      }
      return {};
    };
    TRY(tables_.read(look));
    if (read_now == 0) return all;
    all += TRY(remove(named));
  }
}

Result<std::size_t> Foreign::forget_before(std::string_view member, TimeUs before,
                                           const Choose& stays) {
  return forget_of(member, 0, before,
                   [&](const ForeignObject& object) { return !stays || !stays(object); });
}

Result<std::size_t> Foreign::forget_since(std::string_view member, TimeUs since,
                                          const Choose& goes) {
  return forget_of(member, since, INT64_MAX, goes);
}

Result<std::size_t> Foreign::forget(const Choose& goes) {
  std::size_t all = 0;
  for (std::uint64_t row = 0;;) {
    auto some = TRY(after(row, take_max));
    if (some.empty()) return all;
    row = some.back().row;
    std::vector<std::uint64_t> named;
    for (const ForeignObject& object : some) {
      if (goes(object)) named.push_back(object.row);
    }
    all += TRY(remove(named));
  }
}

}  // namespace tocsin::store
