#include "store/triage.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace tocsin::store {
namespace {

// `before`: as the finding was handled before the act; "" if it was not.
constexpr const char* schema[] = {
    "CREATE TABLE triage_findings(key BLOB PRIMARY KEY, handling TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE triage_acts(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    " user TEXT NOT NULL, change TEXT NOT NULL, filter TEXT NOT NULL, findings INTEGER NOT NULL,"
    " undone_at INTEGER NOT NULL DEFAULT 0, undone_by TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX triage_acts_user ON triage_acts(user, id);"
    "CREATE TABLE triage_steps(key BLOB NOT NULL, act INTEGER NOT NULL, version INTEGER NOT NULL,"
    " before TEXT NOT NULL, PRIMARY KEY(key, act)) WITHOUT ROWID;"
    "CREATE INDEX triage_steps_act ON triage_steps(act);"
    "CREATE TABLE mutes(id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL,"
    " type TEXT NOT NULL, feed TEXT NOT NULL, until INTEGER NOT NULL, reason TEXT NOT NULL,"
    " user TEXT NOT NULL, at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,"
    " ended_by TEXT NOT NULL DEFAULT '');"};

// Findings of one transaction: few enough that live commits need not wait for a whole act.
constexpr std::size_t steps_at_once = 4096;

std::string blob_of(const Hash128& key) {
  std::string bytes(16, '\0');
  __builtin_memcpy(bytes.data(), &key.high, 8);
  __builtin_memcpy(bytes.data() + 8, &key.low, 8);
  return bytes;
}

Hash128 key_of(std::string_view blob) {
  Hash128 key;
  if (blob.size() != 16) return key;
  __builtin_memcpy(&key.high, blob.data(), 8);
  __builtin_memcpy(&key.low, blob.data() + 8, 8);
  return key;
}

std::uint32_t seconds(TimeUs time) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time / us_per_s, 0, UINT32_MAX));
}

TimeUs micros(std::uint32_t s) {
  return TimeUs{s} * us_per_s;
}

}  // namespace

std::uint32_t Triage::Texts::id(const std::string& text) {
  auto [at, is_new] = ids_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
  if (is_new) texts_.push_back(text);
  return at->second;
}

template <class T>
std::uint32_t Triage::Sets<T>::id(const std::vector<T>& set) {
  auto [at, is_new] = ids_.try_emplace(set, static_cast<std::uint32_t>(sets_.size()));
  if (is_new) sets_.push_back(set);
  return at->second;
}

Result<std::unique_ptr<Triage>> Triage::open(Journal& journal, std::function<TimeUs()> now) {
  auto tables = TRY(Tables::open(journal, "triage", schema));
  auto triage = std::unique_ptr<Triage>(new Triage(tables, std::move(now)));
  TRY(triage->load());
  return triage;
}

Result<void> Triage::load() {
  auto look = [&](Sqlite& db) -> Result<void> {
    auto rows = TRY(db.prepare("SELECT key, handling FROM triage_findings"));
    while (TRY(rows.step())) {
      Hash128 key = key_of(rows.blob(0));
      Handling handling = TRY(decode_handling(rows.text(1)));
      rows_[key] = row_of(key, handling);
    }
    auto rules = TRY(db.prepare(
        "SELECT id, subject, type, feed, until, reason, user, at, ended_at, ended_by FROM mutes"));
    while (TRY(rules.step())) {
      Mute mute{.id = static_cast<std::uint64_t>(rules.number(0)),
                .subject = std::string(rules.text(1)),
                .type = type_named(rules.text(2)),
                .feed = std::string(rules.text(3)),
                .until = rules.number(4),
                .at = rules.number(7),
                .ended_at = rules.number(8),
                .reason = std::string(rules.text(5)),
                .user = std::string(rules.text(6)),
                .ended_by = std::string(rules.text(9))};
      if (auto network = ip::parse_network(mute.subject)) mute.network = *network;
      mutes_[mute.id] = std::move(mute);
    }
    return {};
  };
  return tables_.read(look);
}

Result<void> Triage::reload_after(const std::function<Result<void>()>& work) {
  std::lock_guard guard(writer_);
  TRY(work());
  std::unique_lock lock(mutex_);
  rows_.clear();
  duplicates_.clear();
  mutes_.clear();
  texts_ = {};
  text_sets_ = {};
  case_sets_ = {};
  return load();
}

Triage::Row Triage::row_of(const Hash128& key, const Handling& h) {
  if (h.verdict == Verdict::duplicate) {
    duplicates_[key] = h.duplicate_of;
  } else {
    duplicates_.erase(key);
  }
  return {.version = h.version,
          .assigned = texts_.id(h.assigned),
          .tags = text_sets_.id(h.tags),
          .followers = text_sets_.id(h.followers),
          .cases = case_sets_.id(h.cases),
          .judged_by = texts_.id(h.judged_by),
          .judged_s = seconds(h.judged_at),
          .muted_s = seconds(h.muted_until),
          .mute_reason = texts_.id(h.mute_reason),
          .muted_by = texts_.id(h.muted_by),
          .changed_by = texts_.id(h.changed_by),
          .changed_s = seconds(h.changed_at),
          .verdict = h.verdict};
}

Handling Triage::handling_of(const Hash128& key, const Row& row) const {
  Handling h{.version = row.version,
             .verdict = row.verdict,
             .judged_by = texts_.text(row.judged_by),
             .assigned = texts_.text(row.assigned),
             .mute_reason = texts_.text(row.mute_reason),
             .muted_by = texts_.text(row.muted_by),
             .changed_by = texts_.text(row.changed_by),
             .judged_at = micros(row.judged_s),
             .muted_until = micros(row.muted_s),
             .changed_at = micros(row.changed_s),
             .tags = text_sets_.set(row.tags),
             .followers = text_sets_.set(row.followers),
             .cases = case_sets_.set(row.cases)};
  if (auto at = duplicates_.find(key); at != duplicates_.end()) h.duplicate_of = at->second;
  return h;
}

Handling Triage::handling(const Hash128& finding) const {
  std::shared_lock lock(mutex_);
  auto at = rows_.find(finding);
  return at == rows_.end() ? Handling() : handling_of(finding, at->second);
}

std::optional<Judged> Triage::judged(const Finding& finding) const {
  TimeUs now = now_();
  std::shared_lock lock(mutex_);
  Judged judged;
  auto at = rows_.find(finding.key);
  if (at != rows_.end()) judged.handling = handling_of(finding.key, at->second);
  const Handling& h = judged.handling;
  judged.returned = h.verdict != Verdict::none && finding.reopened > h.judged_at;
  judged.muted = h.muted_until > now;
  for (const auto& [id, mute] : mutes_) {
    if (!mute.holds(now) || !mute.covers(finding)) continue;
    judged.by_rule = mute;
    judged.muted = true;
    break;
  }
  if (at == rows_.end() && !judged.by_rule) return std::nullopt;
  return judged;
}

// Acts.

Result<void> Triage::keep_steps(std::uint64_t act, const std::vector<Step>& steps, bool undoes) {
  auto body = [&](Sqlite& db) -> Result<void> {
    auto upsert = TRY(db.prepare("INSERT OR REPLACE INTO triage_findings VALUES(?, ?)"));
    auto insert =
        TRY(db.prepare("INSERT INTO triage_steps(key, act, version, before) VALUES(?, ?, ?, ?)"));
    for (const Step& step : steps) {
      std::string key = blob_of(step.key), after = encode(step.after);
      TRY(upsert.bind_blob(1, key).bind(2, after).run());
      if (undoes) continue;
      std::string before = step.before.version == 0 ? std::string() : encode(step.before);
      insert.bind_blob(1, key).bind(2, act).bind(3, step.after.version).bind(4, before);
      TRY(insert.run());
    }
    if (undoes) return {};
    auto count = TRY(db.prepare("UPDATE triage_acts SET findings = findings + ? WHERE id = ?"));
    return count.bind(1, static_cast<std::uint64_t>(steps.size())).bind(2, act).run();
  };
  TRY(tables_.write(body, steps.size() == 1));
  take_over(steps);
  return {};
}

void Triage::take_over(const std::vector<Step>& steps) {
  std::unique_lock lock(mutex_);
  for (const Step& step : steps) rows_[step.key] = row_of(step.key, step.after);
}

Result<Triage::Done> Triage::act(Wish wish) {
  TimeUs now = now_();
  wish.change = TRY(checked(std::move(wish.change), now));
  if (wish.findings.empty()) return invalid("no finding is named");
  if (wish.findings.size() > act_findings_max) {
    return invalid(
        fmt::format("{} findings at once; the most is {}", wish.findings.size(), act_findings_max));
  }
  std::lock_guard guard(writer_);
  if (wish.version) {
    Handling stands = handling(wish.findings[0]);
    if (stands.version != *wish.version) {
      std::uint32_t seen = *wish.version;
      auto since = TRY(read_acts(
          "SELECT a.id, a.at, a.user, a.change, a.filter, a.findings, a.undone_at, a.undone_by "
          "FROM triage_steps s JOIN triage_acts a ON a.id = s.act WHERE s.key = ? AND s.version > "
          "? ORDER BY a.id DESC LIMIT 20",
          [key = blob_of(wish.findings[0]), seen](Statement& select) mutable {
            select.bind_blob(1, key).bind(2, seen);
          }));
      return Done{.conflict = std::move(stands), .since = std::move(since)};
    }
  }
  // Judged before anything is written: one that cannot be changed stops the act.
  std::vector<Step> steps;
  steps.reserve(wish.findings.size());
  for (const Hash128& key : wish.findings) {
    Step step{.key = key, .before = handling(key), .after = {}};
    step.after = TRY(changed(step.before, wish.change, wish.user, now));
    steps.push_back(std::move(step));
  }
  Done done;
  auto begin = [&](Sqlite& db) -> Result<void> {
    auto insert = TRY(db.prepare(
        "INSERT INTO triage_acts(at, user, change, filter, findings) VALUES(?, ?, ?, ?, 0)"));
    std::string change = encode(wish.change);
    insert.bind(1, now / us_per_s * us_per_s).bind(2, wish.user).bind(3, change);
    TRY(insert.bind(4, wish.filter).run());
    done.act = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(begin));
  for (std::size_t from = 0; from < steps.size(); from += steps_at_once) {
    auto first = steps.begin() + static_cast<std::ptrdiff_t>(from);
    auto last =
        steps.begin() + static_cast<std::ptrdiff_t>(std::min(steps.size(), from + steps_at_once));
    TRY(keep_steps(done.act, {first, last}, false));
  }
  done.findings = steps.size();
  return done;
}

Result<Triage::Undone> Triage::undo(std::uint64_t id, const std::string& user) {
  TimeUs now = now_() / us_per_s * us_per_s;
  std::lock_guard guard(writer_);
  Act act = TRY(this->act(id));
  if (act.undone_at != 0) {
    return invalid(fmt::format("act {} was undone by {} at {}", id, text::quote(act.undone_by),
                               times::format(act.undone_at)));
  }
  std::vector<std::pair<Hash128, std::string>> befores;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT key, before FROM triage_steps WHERE act = ?"));
    select.bind(1, id);
    while (TRY(select.step())) befores.emplace_back(key_of(select.blob(0)), select.text(1));
    return {};
  };
  TRY(tables_.read(look));
  Undone undone;
  std::vector<Step> steps;
  auto keep = [&]() -> Result<void> {
    if (!steps.empty()) TRY(keep_steps(id, steps, true));
    steps.clear();
    return {};
  };
  for (const auto& [key, text] : befores) {
    Handling before = TRY(decode_handling(text)), stands = handling(key);
    auto back = store::undone(before, stands, act.change, act.user, act.at);
    if (!back) {
      ++undone.kept;
      continue;
    }
    back->version = stands.version + 1;
    back->changed_by = user;
    back->changed_at = now;
    steps.push_back({.key = key, .before = {}, .after = *std::move(back)});
    ++undone.findings;
    if (steps.size() == steps_at_once) TRY(keep());
  }
  TRY(keep());
  if (undone.findings == 0 && undone.kept > 0) return undone;  // later acts stand on it
  auto mark = [&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE triage_acts SET undone_at = ?, undone_by = ? WHERE id = ?"));
    return update.bind(1, now).bind(2, user).bind(3, id).run();
  };
  TRY(tables_.write(mark));
  return undone;
}

Result<std::vector<Act>> Triage::read_acts(std::string_view sql,
                                           const std::function<void(Statement&)>& bind) const {
  std::vector<Act> acts;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(sql));
    bind(select);
    while (TRY(select.step())) {
      acts.push_back({.id = static_cast<std::uint64_t>(select.number(0)),
                      .at = select.number(1),
                      .undone_at = select.number(6),
                      .user = std::string(select.text(2)),
                      .undone_by = std::string(select.text(7)),
                      .change = TRY(decode_change(select.text(3))),
                      .filter = std::string(select.text(4)),
                      .findings = static_cast<std::uint64_t>(select.number(5))});
    }
    return {};
  };
  TRY(tables_.read(look));
  return acts;
}

Result<std::vector<Act>> Triage::acts(const ActsAsk& ask) const {
  std::uint64_t before = ask.before == 0 ? INT64_MAX : ask.before;
  bool all = ask.user.empty();
  return read_acts(
      fmt::format("SELECT id, at, user, change, filter, findings, undone_at, undone_by FROM "
                  "triage_acts WHERE id < ? {} ORDER BY id DESC LIMIT ?",
                  all ? "" : "AND user = ?"),
      [&](Statement& select) {
        select.bind(1, before);
        if (!all) select.bind(2, ask.user);
        select.bind(all ? 2 : 3, static_cast<std::uint64_t>(ask.limit));
      });
}

Result<Act> Triage::act(std::uint64_t id) const {
  auto found = TRY(read_acts(
      "SELECT id, at, user, change, filter, findings, undone_at, undone_by FROM triage_acts WHERE "
      "id = ?",
      [&](Statement& select) { select.bind(1, id); }));
  if (found.empty()) return missing(fmt::format("no act {}", id));
  return std::move(found[0]);
}

Result<std::vector<Act>> Triage::history(const Hash128& finding, std::size_t limit) const {
  std::string key = blob_of(finding);
  return read_acts(
      "SELECT a.id, a.at, a.user, a.change, a.filter, a.findings, a.undone_at, a.undone_by FROM "
      "triage_steps s JOIN triage_acts a ON a.id = s.act WHERE s.key = ? ORDER BY a.id DESC LIMIT "
      "?",
      [&](Statement& select) {
        select.bind_blob(1, key).bind(2, static_cast<std::uint64_t>(limit));
      });
}

// Mutes.

Result<Mute> Triage::mute(const MuteWish& wish, const std::string& user) {
  Mute mute = TRY(mute_of(wish, now_()));
  mute.user = user;
  std::lock_guard guard(writer_);
  if (rules().size() >= mutes_max) {
    return invalid(fmt::format("there are {} mutes already; end some", mutes_max));
  }
  auto body = [&](Sqlite& db) -> Result<void> {
    auto insert = TRY(db.prepare(
        "INSERT INTO mutes(subject, type, feed, until, reason, user, at) VALUES(?,?,?,?,?,?,?)"));
    std::string_view type = mute.type ? name(*mute.type) : "";
    insert.bind(1, mute.subject).bind(2, type).bind(3, mute.feed).bind(4, mute.until);
    TRY(insert.bind(5, mute.reason).bind(6, mute.user).bind(7, mute.at).run());
    mute.id = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(body));
  std::unique_lock lock(mutex_);
  mutes_[mute.id] = mute;
  return mute;
}

Result<Mute> Triage::end_mute(std::uint64_t id, const std::string& user) {
  std::lock_guard guard(writer_);
  TimeUs now = now_() / us_per_s * us_per_s;
  Mute mute;
  {
    std::shared_lock lock(mutex_);
    auto at = mutes_.find(id);
    if (at == mutes_.end()) return missing(fmt::format("no mute {}", id));
    mute = at->second;
  }
  if (!mute.holds(now)) return invalid(fmt::format("mute {} has ended already", id));
  mute.ended_at = now;
  mute.ended_by = user;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto update = TRY(db.prepare("UPDATE mutes SET ended_at = ?, ended_by = ? WHERE id = ?"));
    return update.bind(1, now).bind(2, user).bind(3, id).run();
  };
  TRY(tables_.write(body));
  std::unique_lock lock(mutex_);
  mutes_[id] = mute;
  return mute;
}

std::vector<Mute> Triage::mutes(bool also_ended) const {
  TimeUs now = now_();
  std::shared_lock lock(mutex_);
  std::vector<Mute> list;
  for (const auto& [id, mute] : mutes_) {
    if (also_ended || mute.holds(now)) list.push_back(mute);
  }
  std::ranges::reverse(list);
  return list;
}

std::vector<Mute> Triage::rules() const {
  return mutes(false);
}

// Filters.

bool Triage::keeps(FilterField field) {
  using enum FilterField;
  return field == verdict || field == assigned || field == tag || field == in_case ||
         field == followed;
}

bool Triage::holds(const Condition& condition, const Row& row) const {
  auto any = [&](const auto& set) {
    Condition plain = condition;
    plain.negated = false;
    bool hit = set.empty() ? store::holds(plain, std::string_view()) : false;
    for (const auto& one : set) hit = hit || store::holds(plain, text::lower(one));
    return hit != condition.negated;
  };
  switch (condition.field) {
    case FilterField::verdict:
      return store::holds(condition, row.verdict == Verdict::none
                                         ? none_number
                                         : static_cast<std::int64_t>(row.verdict));
    case FilterField::assigned:
      return store::holds(condition, text::lower(texts_.text(row.assigned)));
    case FilterField::tag:
      return any(text_sets_.set(row.tags));
    case FilterField::followed:
      return any(text_sets_.set(row.followers));
    case FilterField::in_case: {
      Condition plain = condition;
      plain.negated = false;
      const auto& cases = case_sets_.set(row.cases);
      bool hit = cases.empty() && store::holds(plain, none_number);
      for (auto id : cases) hit = hit || store::holds(plain, static_cast<std::int64_t>(id));
      return hit != condition.negated;
    }
    default:
      return false;
  }
}

Triage::Fitting Triage::fitting(const Condition& condition) const {
  std::shared_lock lock(mutex_);
  Fitting fitting{.keys = {}, .all_others = holds(condition, Row())};
  for (const auto& [key, row] : rows_) {
    if (holds(condition, row) != fitting.all_others) fitting.keys.push_back(key);
  }
  return fitting;
}

std::vector<std::pair<Hash128, std::uint32_t>> Triage::judged_at() const {
  std::shared_lock lock(mutex_);
  std::vector<std::pair<Hash128, std::uint32_t>> judged;
  for (const auto& [key, row] : rows_) {
    if (row.verdict != Verdict::none) judged.emplace_back(key, row.judged_s);
  }
  return judged;
}

std::vector<std::pair<Hash128, Verdict>> Triage::verdicts() const {
  std::shared_lock lock(mutex_);
  std::vector<std::pair<Hash128, Verdict>> verdicts;
  for (const auto& [key, row] : rows_) {
    if (row.verdict != Verdict::none) verdicts.emplace_back(key, row.verdict);
  }
  return verdicts;
}

std::vector<Hash128> Triage::muted() const {
  std::uint32_t now = seconds(now_());
  std::shared_lock lock(mutex_);
  std::vector<Hash128> muted;
  for (const auto& [key, row] : rows_) {
    if (row.muted_s > now) muted.push_back(key);
  }
  return muted;
}

std::vector<std::string> Triage::tags() const {
  std::shared_lock lock(mutex_);
  std::set<std::string> tags;
  std::vector<bool> seen(text_sets_.size());
  for (const auto& [key, row] : rows_) {
    if (seen[row.tags]) continue;
    seen[row.tags] = true;
    tags.insert(text_sets_.set(row.tags).begin(), text_sets_.set(row.tags).end());
  }
  return {tags.begin(), tags.end()};
}

std::vector<std::string> Triage::people() const {
  std::shared_lock lock(mutex_);
  std::set<std::string> people;
  for (const auto& [key, row] : rows_) {
    if (row.assigned != 0) people.insert(texts_.text(row.assigned));
  }
  return {people.begin(), people.end()};
}

std::size_t Triage::size() const {
  std::shared_lock lock(mutex_);
  return rows_.size();
}

std::size_t Triage::memory_bytes() const {
  std::shared_lock lock(mutex_);
  constexpr std::size_t node_bytes = sizeof(Hash128) + sizeof(Row) + 24;
  return rows_.size() * node_bytes + rows_.bucket_count() * sizeof(void*);
}

}  // namespace tocsin::store
