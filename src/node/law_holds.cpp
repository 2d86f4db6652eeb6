// law_holds: what keeps a report, a subject or a case from being dropped or erased.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "node/law.h"
#include "node/law_scan.h"
#include "store/replay.h"

namespace tocsin::node {
namespace {

Hold hold_row(const store::Statement& s) {
  Hold out{.id = static_cast<std::uint64_t>(s.number(0))};
  out.kind = s.text(1);
  out.what = s.text(2);
  out.reason = s.text(3);
  out.by = s.text(4);
  out.at = s.number(5);
  out.lifted = s.is_null(6) ? time_none : s.number(6);
  out.lifted_by = s.text(7);
  return out;
}

}  // namespace

Result<std::vector<Hold>> Law::holds() const {
  std::vector<Hold> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT id, kind, what, reason, by, at, lifted, lifted_by FROM holds ORDER BY id"));
    while (TRY(select.step())) all.push_back(hold_row(select));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

Result<Hold> Law::hold(Hold hold) {
  if (hold.kind == "subject") {
    TRY(SubjectValue::parse(hold.what, parts_.key));
  } else if (hold.kind == "report") {
    auto id = hold.what.starts_with("r_") ? text::number(std::string_view(hold.what).substr(2))
                                          : std::nullopt;
    auto row = id ? TRY(parts_.journal.report(*id)) : std::nullopt;
    if (!row) return missing("no report " + text::quote(hold.what));
  } else if (hold.kind == "case") {
    if (!case_subjects) return invalid("this node keeps no cases");
    TRY(case_subjects(hold.what));
  } else {
    return invalid("a hold is of a report, a subject or a case, not of " + text::quote(hold.kind));
  }
  if (text::trim(hold.reason).empty()) return invalid("say the reason: it is kept with the hold");
  hold.at = parts_.now();
  auto insert = [&](store::Sqlite& db) -> Result<void> {
    auto add =
        TRY(db.prepare("INSERT INTO holds(kind, what, reason, by, at) VALUES(?, ?, ?, ?, ?)"));
    add.bind(1, hold.kind).bind(2, hold.what).bind(3, hold.reason).bind(4, hold.by);
    TRY(add.bind(5, hold.at).run());
    hold.id = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(insert));
  return hold;
}

Result<Hold> Law::lift(std::uint64_t id, std::string_view by) {
  auto update = [&](store::Sqlite& db) -> Result<void> {
    auto set = TRY(
        db.prepare("UPDATE holds SET lifted = ?, lifted_by = ? WHERE id = ? AND lifted IS NULL"));
    return set.bind(1, parts_.now()).bind(2, by).bind(3, id).run();
  };
  TRY(tables_.write(update));
  auto all = TRY(holds());
  for (const Hold& hold : all) {
    if (hold.id == id) return hold;
  }
  return missing(fmt::format("no hold h_{}", id));
}

Result<std::vector<SubjectValue>> Law::subjects_of(const Hold& hold) const {
  std::vector<SubjectValue> values;
  if (hold.lifted != time_none || hold.kind == "report") return values;
  std::vector<std::string> texts{hold.what};
  if (hold.kind == "case") {
    if (!case_subjects) return values;
    texts = TRY(case_subjects(hold.what));
  }
  for (const auto& text : texts) {
    if (auto value = SubjectValue::parse(text, parts_.key)) values.push_back(*std::move(value));
  }
  return values;
}

Result<std::vector<SubjectValue>> Law::held_subjects() const {
  std::vector<SubjectValue> values;
  auto all = TRY(holds());
  for (const Hold& hold : all)
    std::ranges::move(TRY(subjects_of(hold)), std::back_inserter(values));
  return values;
}

Result<std::vector<std::uint64_t>> Law::held_reports() const {
  std::vector<std::uint64_t> ids;
  auto all = TRY(holds());
  for (const Hold& hold : all) {
    if (hold.lifted != time_none || hold.kind != "report") continue;
    if (auto id = text::number(std::string_view(hold.what).substr(2))) ids.push_back(*id);
  }
  return ids;
}

// An event goes with every subject it names, so one that a hold keeps keeps the others too.
Result<std::optional<Hold>> Law::hold_against(const SubjectValue& value) const {
  auto all = TRY(holds());
  for (const Hold& hold : all) {
    if (hold.lifted != time_none) continue;
    std::vector<SubjectValue> subjects = TRY(subjects_of(hold));
    std::string kept = hold.kind == "report" ? "report = " + hold.what.substr(2) : "FALSE";
    for (const SubjectValue& held : subjects) {
      if (held.text == value.text || value.is_in(held.text)) return std::optional(hold);
      kept += fmt::format(" OR ({})", where(held));
    }
    bool found = false;
    auto look = [&](EventBatch& b) -> Result<void> {
      for (std::size_t i = 0; i < b.size() && !found; ++i) {
        found =
            is_named(value, b, i) &&
            (hold.kind == "report" || std::ranges::any_of(subjects, [&](const SubjectValue& held) {
               return is_named(held, b, i);
             }));
      }
      return {};
    };
    TRY(store::replay(parts_.columns,
                      {.where = fmt::format("({}) AND ({})", may_name(value), kept)}, look));
    auto names_both = [&](std::uint64_t report, std::string_view text) {
      bool held = hold.kind == "report"
                      ? hold.what == fmt::format("r_{}", report)
                      : std::ranges::any_of(
                            subjects, [&](const SubjectValue& one) { return one.is_in(text); });
      return held && value.is_in(text);
    };
    if (!found && parts_.told_by_others) found = TRY(parts_.told_by_others(names_both));
    if (found || TRY(keeps_bytes_of(hold, value))) return std::optional(hold);
  }
  return std::optional<Hold>();
}

Result<std::optional<Hold>> Law::hold_of(const store::ReportRow& report) const {
  auto all = TRY(holds());
  std::string name = fmt::format("r_{}", report.id);
  for (const Hold& hold : all) {
    if (hold.lifted != time_none) continue;
    if (hold.kind == "report" && hold.what == name) return std::optional(hold);
  }
  auto subjects = TRY(held_subjects());
  for (const SubjectValue& value : subjects) {
    Gathered found;
    TRY(gather(parts_.columns, value, fmt::format("report = {} AND ({})", report.id, where(value)),
               0, found));
    if (found.correction.events.empty()) continue;
    return std::optional(Hold{.kind = "subject", .what = value.text, .reason = "a subject in it"});
  }
  return std::optional<Hold>();
}

Result<std::function<bool(std::uint64_t, std::string_view)>> Law::kept_by_holds() const {
  auto reports = TRY(held_reports());
  auto subjects = TRY(held_subjects());
  return [reports = std::move(reports), subjects = std::move(subjects)](std::uint64_t report,
                                                                        std::string_view text) {
    return std::ranges::find(reports, report) != reports.end() ||
           std::ranges::any_of(subjects, [&](const SubjectValue& one) { return one.is_in(text); });
  };
}

Result<bool> Law::holds_month(const std::string& month) const {
  std::string condition;
  auto add = [&](const std::string& sql) {
    condition += fmt::format("{}({})", condition.empty() ? "" : " OR ", sql);
  };
  auto reports = TRY(held_reports());
  for (std::uint64_t id : reports) add(fmt::format("report = {}", id));
  auto subjects = TRY(held_subjects());
  for (const SubjectValue& value : subjects) add(where(value));
  if (condition.empty()) return false;
  std::int64_t count = 0;
  auto take = [&](const store::DuckChunk& chunk) { count = chunk.column<std::int64_t>(0)[0]; };
  TRY(parts_.columns.select(
      fmt::format("SELECT count(*)::BIGINT FROM m{}.events WHERE {}", month, condition), take,
      600'000));
  return count > 0;
}

}  // namespace tocsin::node
