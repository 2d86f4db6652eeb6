#include "node/corrections.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <thread>

#include "base/text.h"
#include "model/finding.h"
#include "store/replay.h"

namespace tocsin::node {
namespace {

constexpr auto intake_within = std::chrono::minutes(2);
constexpr auto columns_within = std::chrono::minutes(10);
constexpr auto visible_within = std::chrono::minutes(1);
constexpr std::string_view relearn_key = "corrections.relearn";

constexpr const char* steps[] = {
    R"(CREATE TABLE withdrawals(
         report INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
         reason TEXT NOT NULL, events INTEGER NOT NULL, days INTEGER NOT NULL,
         others TEXT NOT NULL, replaced_by INTEGER NOT NULL))",
    R"(CREATE TABLE withdrawals_told(
         report INTEGER NOT NULL, what TEXT NOT NULL, whom TEXT NOT NULL, place TEXT NOT NULL,
         at INTEGER NOT NULL))",
};

std::string report_name(std::uint64_t id) {
  return fmt::format("r_{}", id);
}

Result<void> keep(store::Sqlite& db, const Withdrawal& w) {
  auto insert = TRY(db.prepare("INSERT INTO withdrawals VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  std::string others = fmt::format("{}", fmt::join(w.others, ","));
  insert.bind(1, w.report).bind(2, w.seq).bind(3, w.at).bind(4, w.by).bind(5, w.reason);
  insert.bind(6, w.events).bind(7, w.days).bind(8, others).bind(9, w.replaced_by);
  TRY(insert.run());
  auto tell = TRY(db.prepare("INSERT INTO withdrawals_told VALUES(?, ?, ?, ?, ?)"));
  for (const Told& one : w.told) {
    tell.bind(1, w.report).bind(2, one.what).bind(3, one.whom).bind(4, one.where);
    TRY(tell.bind(5, one.at).run());
  }
  return {};
}

// What else of a report lies in the journal's file.
Result<void> drop_report(store::Sqlite& db, std::uint64_t report) {
  for (const char* sql :
       {"UPDATE reports SET state = 4 WHERE id = ?", "DELETE FROM rejects WHERE report = ?",
        "DELETE FROM state WHERE key = 'head.' || ?"}) {
    auto statement = TRY(db.prepare(sql));
    statement.bind(1, report);
    TRY(statement.run());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Corrections>> Corrections::open(const Parts& parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "corrections", steps));
  return std::unique_ptr<Corrections>(new Corrections(parts, std::move(tables)));
}

// ---- what the followers do

// Findings and counts are made anew from the columns, which come first.
Result<void> Corrections::await_columns(std::uint64_t seq) const {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (parts_.columns.watermark() < seq) {
    if (std::chrono::steady_clock::now() > until)
      return unavailable("a correction waits for the columns");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {};
}

Result<void> Corrections::in_columns(const EventBatch& act) {
  if (act.seq <= parts_.columns.watermark()) return {};
  TRY(parts_.columns.flush());
  TRY(parts_.columns.take_out(act.correction));
  TRY(rejoin(act.correction));
  auto echoes = TRY(parts_.columns.echoes(act.correction.others));
  auto tell = [&](store::Sqlite& db) -> Result<void> {
    auto update = TRY(db.prepare("UPDATE reports SET duplicates = ? WHERE id = ?"));
    for (auto [report, count] : echoes) TRY(update.bind(1, count).bind(2, report).run());
    return {};
  };
  if (!echoes.empty()) TRY(tables_.write(tell));
  return parts_.columns.pass(act.seq, act.received);
}

Result<void> Corrections::in_findings(const EventBatch& act) {
  TRY(await_columns(act.seq));
  std::vector<unsigned> types;
  for (Type type : act.correction.types) types.push_back(static_cast<unsigned>(type));
  auto events = [&](const std::function<Result<void>(EventBatch&)>& take) -> Result<void> {
    if (types.empty()) return {};
    return store::replay(
        parts_.columns,
        {.where = fmt::format("type IN ({})", fmt::join(types, ",")), .up_to = act.seq}, take);
  };
  return parts_.findings.correct(act, events);
}

Result<void> Corrections::in_counts(const EventBatch& act) {
  TRY(await_columns(act.seq));
  auto events = [&](store::Period days,
                    const std::function<Result<void>(const EventBatch&)>& take) -> Result<void> {
    return store::replay(
        parts_.columns,
        {.where = fmt::format("time >= {} AND time < {}", times::start_of(days.since),
                              times::start_of(days.until)),
         .up_to = act.seq},
        [&](EventBatch& batch) { return take(batch); });
  };
  return parts_.counts.correct(act, TRY(parts_.columns.whole_from()), events);
}

Result<void> Corrections::in_series(const EventBatch& act,
                                    const warn::Series::Constituents& constituents) {
  TRY(await_columns(act.seq));
  auto events = [&](Day since, Day until, const warn::Series::Take& take) -> Result<void> {
    return store::replay(parts_.columns,
                         {.where = fmt::format("time >= {} AND time < {}", times::start_of(since),
                                               times::start_of(until)),
                          .up_to = act.seq},
                         [&](EventBatch& batch) { return take(batch); });
  };
  return parts_.series.correct(act, events, constituents);
}

// An event keeps the controller that was known when it came. Those that came after a report that
// named controllers, and those that take the place of what goes, are joined again in their order.
Result<void> Corrections::rejoin(const Correction& act) {
  std::string targets = act.controllers ? fmt::format("id > {}", act.first) : "FALSE";
  if (!act.others.empty()) targets += fmt::format(" OR report IN ({})", fmt::join(act.others, ","));
  if (targets == "FALSE") return {};
  int c2 = static_cast<int>(Type::c2_server);
  std::string learned = fmt::format("type = {}", c2);
  for (auto [end, role] : {std::pair{"source", "roles // 16"}, {"destination", "roles % 16"}}) {
    learned += fmt::format(
        " OR ({0} IN ({1}, {2}) AND ({3}_high, {3}_low) IN (SELECT (source_high, source_low) FROM "
        "events WHERE type = {4}))",
        role, static_cast<int>(Role::sinkhole), static_cast<int>(Role::sensor), end, c2);
  }
  enrich::KnownControllers known(parts_.words);
  if (TRY(parts_.columns.whole_from()) != INT32_MIN) {
    auto sinks = TRY(parts_.journal.values(enrich::sinks_key));
    for (const auto& [key, lines] : sinks) known.know_sinks(lines);
  }
  std::vector<store::Columns::Joined> joins;
  auto join = [&](EventBatch& b) -> Result<void> {
    auto reason = b.controller_reason;
    auto word = b.joined;
    auto country = b.joined_country;
    bool is_target = (act.controllers && b.id(b.size() - 1) > act.first) ||
                     std::ranges::binary_search(act.others, b.report);
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (reason[i] != ControllerReason::join) continue;
      b.controller_reason[i] = ControllerReason::unknown;
      b.joined[i] = 0;
      b.joined_country[i] = {};
    }
    known.apply(b);
    for (std::size_t i = 0; is_target && i < b.size(); ++i) {
      if (b.controller_reason[i] == reason[i] && b.joined[i] == word[i] &&
          b.joined_country[i] == country[i])
        continue;
      joins.push_back({b.id(i), b.controller_reason[i], b.joined[i], b.joined_country[i]});
    }
    return {};
  };
  TRY(store::replay(
      parts_.columns,
      {.where = fmt::format("({}) OR (controller IN (0, 3) AND ({}))", learned, targets)}, join));
  if (joins.empty()) return {};
  TRY(tables_.write([](store::Sqlite&) { return Result<void>{}; }));  // their words first
  return parts_.columns.rejoin(joins);
}

// ---- what the intake knows

// Sinkholes and controllers as the events that are left name them. Where retention has dropped
// events, nobody could say which addresses they named: then those stay.
Result<void> Corrections::learn_anew() {
  enrich::KnownControllers known(parts_.words);
  if (TRY(parts_.columns.whole_from()) == INT32_MIN) {
    std::string lines;
    auto sinks = TRY(parts_.columns.sinks());
    for (const Ip& ip : sinks) lines += ip::format(ip) + "\n";
    auto rewrite = [&](store::Sqlite& db) -> Result<void> {
      auto erase = TRY(db.prepare("DELETE FROM state WHERE substr(key, 1, length(?1)) = ?1"));
      TRY(erase.bind(1, enrich::sinks_key).run());
      if (lines.empty()) return {};
      auto insert = TRY(db.prepare("INSERT INTO state VALUES(?, ?)"));
      std::string key = fmt::format("{}{}", enrich::sinks_key, lines.substr(0, lines.find('\n')));
      return insert.bind(1, key).bind(2, lines).run();
    };
    TRY(tables_.write(rewrite));
    known.know_sinks(lines);
  } else {
    auto sinks = TRY(parts_.journal.values(enrich::sinks_key));
    for (const auto& [key, lines] : sinks) known.know_sinks(lines);
  }
  auto seen = TRY(parts_.columns.seen_controllers(enrich::KnownControllers::controllers_max));
  for (const auto& c : seen) {
    known.learn({.family = c.family,
                 .ip = c.ip,
                 .name = c.name,
                 .country = c.country,
                 .first = c.first,
                 .last = c.last});
  }
  parts_.controllers.swap(known);
  return parts_.journal.forget_value(relearn_key);
}

Result<void> Corrections::start(Followers& followers, store::Duplicates& duplicates) {
  followers_ = &followers;
  duplicates_ = &duplicates;
  if (!TRY(parts_.journal.value(relearn_key)).empty()) {
    if (!followers.wait_visible(parts_.journal.last_seq(), columns_within, "columns"))
      return unavailable("a correction is not carried out: the columns do not catch up");
    TRY(learn_anew());
  }
  return {};
}

Result<void> Corrections::end_replacements() {
  auto half = TRY(parts_.journal.half_replaced());
  for (const auto& row : half) {
    auto done = withdraw({.report = row.replaces,
                          .reason = "replaced by " + report_name(row.id),
                          .by = "node",
                          .replaced_by = row.id});
    if (!done) spdlog::error("{} is not replaced: {}", row.replaces, done.error().what);
  }
  return {};
}

// ---- what people ask for

Result<std::optional<Withdrawal>> Corrections::withdrawal(std::uint64_t report) const {
  std::optional<Withdrawal> found;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT seq, at, by, reason, events, days, others, replaced_by FROM withdrawals "
                   "WHERE report = ?"));
    select.bind(1, report);
    if (!TRY(select.step())) return {};
    auto number = [&](int at) { return static_cast<std::uint64_t>(select.number(at)); };
    found = Withdrawal{.report = report, .seq = number(0), .replaced_by = number(7)};
    found->at = select.number(1);
    found->by = select.text(2);
    found->reason = select.text(3);
    found->events = number(4);
    found->days = number(5);
    std::string_view others = select.text(6);
    while (!others.empty()) found->others.push_back(*text::number(text::cut(others, ',')));
    auto tell =
        TRY(db.prepare("SELECT what, whom, place, at FROM withdrawals_told WHERE report = ? "
                       "ORDER BY at, whom, place"));
    tell.bind(1, report);
    while (TRY(tell.step())) {
      found->told.push_back({std::string(tell.text(0)), std::string(tell.text(1)),
                             std::string(tell.text(2)), tell.number(3)});
    }
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<std::vector<Told>> Corrections::told_of(std::uint64_t report) const {
  if (!told) return std::vector<Told>{};
  std::unordered_set<Hash128, Hash128::Hasher> findings;
  TRY(store::replay(parts_.columns, {.where = fmt::format("report = {}", report)},
                    [&](EventBatch& b) -> Result<void> {
                      for (std::size_t i = 0; i < b.size(); ++i)
                        findings.insert(finding_key(b, i, subject_of(b, i)));
                      return {};
                    }));
  return told(findings);
}

// The act, in one transaction with everything that the journal's file says of the report.
Result<std::vector<Day>> Corrections::commit(const Withdraw& ask,
                                             const store::Columns::Scope& scope, EventBatch& act) {
  act.correction = scope.correction;
  act.correction.kind = Correction::Kind::withdraw;
  act.correction.report = ask.report;
  act.received = parts_.now();
  const Correction& c = act.correction;
  bool relearn = c.controllers || c.sinks;
  Withdrawal record{.report = ask.report, .replaced_by = ask.replaced_by, .at = act.received};
  record.by = ask.by;
  record.reason = ask.reason;
  record.events = scope.events;
  record.days = c.days.size();
  record.others = c.others;
  record.told = TRY(told_of(ask.report));
  auto also = [&](store::Sqlite& db) -> Result<void> {
    record.seq = parts_.journal.last_seq() + 1;
    TRY(keep(db, record));
    TRY(drop_report(db, ask.report));
    if (!relearn) return {};
    auto mark = TRY(db.prepare("INSERT OR REPLACE INTO state VALUES(?, '1')"));
    return mark.bind(1, relearn_key).run();
  };
  TRY(parts_.journal.correct(act, also));
  BatchPointer handed[] = {std::make_shared<const EventBatch>(act)};
  followers_->committed(handed, true);
  if (relearn) {
    if (!followers_->wait_visible(act.seq, columns_within, "columns")) {
      spdlog::error(
          "the columns do not carry out a correction: controllers are learned anew at the next "
          "start");
      return c.days;
    }
    if (auto learned = learn_anew(); !learned) {
      spdlog::error("controllers are learned anew at the next start: {}", learned.error().what);
    }
  }
  return c.days;
}

Result<EventBatch> Corrections::erase(const std::function<Result<Correction>()>& gather) {
  std::lock_guard one(one_);
  EventBatch act;
  auto work = [&]() -> Result<std::vector<Day>> {
    if (!followers_->wait_visible(parts_.journal.last_seq(), columns_within, "columns"))
      return unavailable("the columns do not catch up; try again later");
    act.correction = TRY(gather());
    act.correction.kind = Correction::Kind::erase;
    act.received = parts_.now();
    TRY(parts_.journal.correct(act, [](store::Sqlite&) { return Result<void>{}; }));
    BatchPointer handed[] = {std::make_shared<const EventBatch>(act)};
    followers_->committed(handed, true);
    if (!followers_->wait_visible(act.seq, columns_within, "columns"))
      return unavailable("the columns do not catch up; it goes on at the next start");
    TRY(learn_anew());
    return act.correction.days;
  };
  TRY(duplicates_->held(work, intake_within));
  if (!followers_->wait_visible(act.seq, columns_within))
    return unavailable("the followers do not catch up; it goes on at the next start");
  return act;
}

Result<void> Corrections::forget_files(std::uint64_t report) const {
  std::error_code failed;
  std::filesystem::remove(fmt::format("{}/quarantine/{}", parts_.home, report), failed);
  if (failed) return unavailable("cannot remove the kept report: " + failed.message());
  return {};
}

Result<void> Corrections::may_withdraw(const store::ReportRow& row) const {
  std::string name = report_name(row.id);
  switch (row.state) {
    case store::ReportState::reading:
      return denied(name + " is still being read; withdraw it when it is in");
    case store::ReportState::repeat:
      return denied(name + " is a repeat and brought nothing; withdraw the report it repeats");
    case store::ReportState::withdrawn:
      return denied(name + " was withdrawn already");
    default:
      break;
  }
  auto hold = held ? TRY(held(row)) : std::nullopt;
  if (hold) return denied(name + " must stay: " + *hold);
  return {};
}

Result<Withdrawal> Corrections::withdraw(const Withdraw& ask) {
  std::lock_guard one(one_);
  auto row = TRY(parts_.journal.report(ask.report));
  std::string name = report_name(ask.report);
  if (!row) return missing("no report " + name);
  if (auto before = TRY(withdrawal(ask.report))) {
    before->already = true;
    return *before;
  }
  TRY(may_withdraw(*row));
  if (take_out && ask.replaced_by == 0) TRY(take_out(*row));
  EventBatch act;
  auto work = [&]() -> Result<std::vector<Day>> {
    // Its last events must be in the columns, where it is seen what it said.
    if (!followers_->wait_visible(parts_.journal.last_seq(), columns_within, "columns"))
      return unavailable("the columns do not catch up; try again later");
    auto scope = TRY(parts_.columns.scope(ask.report));
    return commit(ask, scope, act);
  };
  TRY(duplicates_->held(work, intake_within));
  TRY(forget_files(ask.report));
  bool visible = followers_->wait_visible(act.seq, visible_within);
  auto done = TRY(withdrawal(ask.report));
  if (!done) return missing("no withdrawal of " + name);
  done->visible = visible;
  spdlog::info("report {} withdrawn by {}: {} events, {} day(s) counted anew", name, ask.by,
               done->events, done->days);
  return *done;
}

}  // namespace tocsin::node
