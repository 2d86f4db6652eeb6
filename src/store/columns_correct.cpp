// Corrections of the columns. An event that another report told too is not lost with the report
// that told it first: of each exact duplicate an echo is kept, and the oldest echo becomes the
// event.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "base/text.h"
#include "store/columns.h"
#include "store/columns_row.h"

namespace tocsin::store {

using columns_row::first_of;

namespace {

constexpr unsigned scope_timeout_ms = 600'000;
constexpr std::size_t rows_a_statement = 2'000;

// The condition that picks what goes.
std::string gone(const Correction& act) {
  if (act.kind == Correction::Kind::withdraw) return fmt::format("report = {}", act.report);
  if (act.events.empty()) return "FALSE";
  return fmt::format("id IN ({})", fmt::join(act.events, ","));
}

// Events that came after the first of a report and that may be joined otherwise without it: those
// of a family that it names a controller of, or that has a controller at an address which it calls
// a sinkhole's; and, where such a controller has a name, all that have one.
std::string may_join_anew(EventId first, std::uint64_t report) {
  int c2 = static_cast<int>(Type::c2_server), sinkhole = static_cast<int>(Role::sinkhole),
      sensor = static_cast<int>(Role::sensor);
  std::string named = fmt::format(
      "SELECT * FROM events WHERE type = {0} AND (report = {1} OR (source_high, source_low) IN "
      "(SELECT (source_high, source_low) FROM events WHERE report = {1} AND (type = {0} OR roles "
      "// 16 IN ({2}, {3})) UNION ALL SELECT (destination_high, destination_low) FROM events WHERE "
      "report = {1} AND roles % 16 IN ({2}, {3})))",
      c2, report, sinkhole, sensor);
  std::string steered =
      fmt::format("(type = {0} OR (type <> {1} AND {2} IN (roles // 16, roles % 16)))",
                  static_cast<int>(Type::infected_system), c2, static_cast<int>(Role::controller));
  return fmt::format(
      "id > {0} AND report <> {1} AND controller IN (0, 3) AND {2} AND (family IN (SELECT "
      "family FROM ({3}) WHERE family <> 0) OR ((name <> '' OR url <> '') AND EXISTS (SELECT 1 "
      "FROM ({3}) WHERE name <> '')))",
      first, report, steered, named);
}

template <class T>
void sort_once(std::vector<T>& values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
}

}  // namespace

Result<void> Columns::in_transaction(const std::vector<std::string>& steps) {
  TRY(writer_.run("BEGIN"));
  for (const auto& step : steps) {
    if (auto done = writer_.run(step); !done) {
      (void)writer_.run("ROLLBACK");
      return done;
    }
  }
  auto done = writer_.run("COMMIT");
  if (!done) (void)writer_.run("ROLLBACK");  // fails where the commit has ended it
  return done;
}

std::string Columns::all_echoes() const {
  std::string sql;
  for (const auto& month : months_) {
    sql += fmt::format("{}SELECT *, '{}' AS month FROM m{}.echoes",
                       sql.empty() ? "" : " UNION ALL ", month, month);
  }
  return sql;
}

// The new rows are put in, and the echoes they come from taken out, month by month; the events that
// go are the last to go. So what was done before a stop is seen by what is there: no event is told
// anew that another report tells.
Result<void> Columns::take_out(const Correction& act) {
  if (months_.empty()) return {};
  std::string goes = gone(act);
  TRY(writer_.run("CREATE OR REPLACE TEMP TABLE gone AS SELECT * FROM events WHERE " + goes));
  std::vector<std::string> last, first;
  for (const auto& month : months_) {
    auto rows = TRY(writer_.number(
        fmt::format("SELECT count(*)::BIGINT FROM m{}.events WHERE {}", month, goes)));
    (rows > 0 ? last : first).push_back(month);
  }
  bool withdrawn = act.kind == Correction::Kind::withdraw;
  if (withdrawn) {
    auto range = [&](const char* of) {
      return fmt::format(
          "{0} BETWEEN (SELECT coalesce(min(time), 0) - {1} FROM gone) AND "
          "(SELECT coalesce(max(time), 0) + {1} FROM gone)",
          of, us_per_day);
    };
    TRY(writer_.run(fmt::format(
        "CREATE OR REPLACE TEMP TABLE told AS SELECT * EXCLUDE(place) FROM (SELECT *, row_number() "
        "OVER (PARTITION BY hash_high, hash_low ORDER BY id) AS place FROM ({}) AS e WHERE {} AND "
        "report <> {} AND (hash_high, hash_low) IN (SELECT (hash_high, hash_low) FROM gone)) "
        "WHERE place = 1 AND (hash_high, hash_low) NOT IN (SELECT (hash_high, hash_low) FROM "
        "events WHERE {} AND report <> {} AND (hash_high, hash_low) IN (SELECT (hash_high, "
        "hash_low) FROM gone))",
        all_echoes(), range("time"), act.report, range("time"), act.report)));
  }
  first.insert(first.end(), last.begin(), last.end());
  for (const auto& month : first) {
    std::vector<std::string> steps;
    if (withdrawn) {
      steps.push_back(
          fmt::format("INSERT INTO m{0}.events SELECT {1} FROM gone JOIN told AS echo ON "
                      "gone.hash_high = echo.hash_high AND gone.hash_low = echo.hash_low WHERE "
                      "echo.month = '{0}'",
                      month, columns_row::echoed_list()));
      steps.push_back(fmt::format(
          "DELETE FROM m{0}.echoes WHERE id IN (SELECT id FROM told WHERE month = '{0}')", month));
      steps.push_back(fmt::format("DELETE FROM m{}.echoes WHERE report = {}", month, act.report));
    } else {
      steps.push_back(fmt::format(
          "DELETE FROM m{}.echoes WHERE (hash_high, hash_low) IN (SELECT (hash_high, hash_low) "
          "FROM gone)",
          month));
    }
    steps.push_back(fmt::format("DELETE FROM m{}.events WHERE {}", month, goes));
    TRY(in_transaction(steps));
  }
  TRY(writer_.run("DROP TABLE IF EXISTS temp.told"));
  return writer_.run("DROP TABLE IF EXISTS temp.gone");
}

Result<void> Columns::rejoin(const std::vector<Joined>& joins) {
  if (joins.empty()) return {};
  TRY(writer_.run(
      "CREATE OR REPLACE TEMP TABLE joins(id UBIGINT, reason UTINYINT, controller UTINYINT, joined "
      "UINTEGER, joined_country USMALLINT)"));
  for (std::size_t from = 0; from < joins.size(); from += rows_a_statement) {
    std::string values;
    for (std::size_t i = from; i < std::min(joins.size(), from + rows_a_statement); ++i) {
      const Joined& j = joins[i];
      bool joined = j.reason == ControllerReason::join;
      values +=
          fmt::format("{}({},{},{},{},{})", values.empty() ? "" : ",", j.id,
                      static_cast<unsigned>(j.reason), joined ? 3 : 0, j.word, j.country.code);
    }
    TRY(writer_.run("INSERT INTO temp.joins VALUES " + values));
  }
  for (const auto& month : months_) {
    TRY(in_transaction({fmt::format(
        "UPDATE m{}.events AS e SET reason = j.reason, controller = j.controller, joined = "
        "j.joined, joined_country = j.joined_country FROM temp.joins AS j WHERE e.id = j.id",
        month)}));
  }
  return writer_.run("DROP TABLE IF EXISTS temp.joins");
}

// ---- erasing and retention: files written anew

Result<std::vector<std::string>> Columns::months_of(const std::vector<EventId>& events) const {
  std::vector<std::string> months;
  if (events.empty()) return months;
  std::vector<std::string> all;
  {
    std::shared_lock lock(files_);
    all = months_;
  }
  std::string ids = fmt::format("{}", fmt::join(events, ","));
  for (const auto& month : all) {
    std::int64_t count = 0;
    auto take = [&](const DuckChunk& chunk) { count = chunk.column<std::int64_t>(0)[0]; };
    TRY(select(fmt::format("SELECT count(*)::BIGINT FROM m{}.events WHERE id IN ({})", month, ids),
               take, scope_timeout_ms));
    if (count > 0) months.push_back(month);
  }
  return months;
}

// Deleted rows stay in a file's blocks, and their texts in its statistics; a copy has neither.
Result<void> Columns::rewrite(const std::vector<std::string>& months) {
  std::vector<std::string> all = months.empty() ? months_ : months;
  std::vector<std::filesystem::path> unfinished;  // what a stop left of an earlier time
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, none)) {
    if (entry.path().filename().string().starts_with("rewrite-"))
      unfinished.push_back(entry.path());
  }
  for (const auto& path : unfinished) std::filesystem::remove(path, none);
  for (const auto& month : all) {
    std::string path = fmt::format("{}/events-{}.duckdb", folder_, month);
    std::string fresh = fmt::format("{}/rewrite-{}.duckdb", folder_, month);
    std::error_code ignored;
    for (const char* end : {"", ".wal"}) std::filesystem::remove(fresh + end, ignored);
    TRY(writer_.run(fmt::format("ATTACH {} AS fresh", sql_quote(fresh))));
    auto copied = writer_.run(fmt::format("COPY FROM DATABASE m{} TO fresh", month));
    auto detached = writer_.run("DETACH fresh");
    if (copied) copied = detached;
    if (!copied) {
      for (const char* end : {"", ".wal"}) std::filesystem::remove(fresh + end, ignored);
      return copied;
    }
    std::unique_lock lock(files_);
    months_.erase(std::ranges::find(months_, month));
    TRY(make_view());
    TRY(writer_.run("DETACH m" + month));
    std::error_code failed;
    std::filesystem::rename(fresh, path, failed);
    if (!failed) std::filesystem::remove(path + ".wal", ignored);
    TRY(attach(month));
    if (failed) return unavailable("cannot rename " + text::quote(fresh) + ": " + failed.message());
  }
  return {};
}

Result<std::size_t> Columns::thin(const std::vector<Rule>& rules, const Fold& fold,
                                  const Held& held) {
  std::size_t gone = 0;
  std::vector<std::string> months = months_;
  if (!months.empty()) months.pop_back();  // the newest still grows
  for (const auto& month : months) {
    std::size_t here = 0;
    for (const Rule& rule : rules) {
      if (first_of(month) >= rule.before) continue;
      auto rows = TRY(writer_.number(
          fmt::format("SELECT count(*)::BIGINT FROM m{}.events WHERE {}", month, rule.where)));
      if (rows == 0 || TRY(held(month))) continue;
      TRY(fold(fmt::format("id IN (SELECT id FROM m{}.events WHERE {})", month, rule.where)));
      Day kept_from = times::next_month(first_of(month));
      TRY(in_transaction({fmt::format("INSERT INTO m{}.kept_from VALUES({})", month, kept_from),
                          fmt::format("DELETE FROM m{}.events WHERE {}", month, rule.where)}));
      here += static_cast<std::size_t>(rows);
    }
    if (here > 0) TRY(rewrite({month}));
    gone += here;
  }
  return gone;
}

Result<Columns::Scope> Columns::scope(std::uint64_t report) const {
  Scope out;
  Correction& c = out.correction;
  auto each = [&](const std::string& sql, auto take) -> Result<void> {
    return select(
        sql,
        [&](const DuckChunk& chunk) {
          for (std::size_t i = 0; i < chunk.rows(); ++i) take(chunk, i);
        },
        scope_timeout_ms);
  };
  std::string of = fmt::format("report = {}", report);
  TRY(each(fmt::format("SELECT (time // {})::BIGINT AS day, count(*)::BIGINT FROM events WHERE {} "
                       "GROUP BY day ORDER BY day",
                       us_per_day, of),
           [&](const DuckChunk& chunk, std::size_t i) {
             c.days.push_back(static_cast<Day>(chunk.column<std::int64_t>(0)[i]));
             out.events += static_cast<std::uint64_t>(chunk.column<std::int64_t>(1)[i]);
           }));
  TRY(each("SELECT DISTINCT type FROM events WHERE " + of,
           [&](const DuckChunk& chunk, std::size_t i) {
             c.types.push_back(static_cast<Type>(chunk.column<std::uint8_t>(0)[i]));
           }));
  TRY(each(
      "SELECT coalesce(min(id), 0)::UBIGINT FROM events WHERE " + of,
      [&](const DuckChunk& chunk, std::size_t i) { c.first = chunk.column<std::uint64_t>(0)[i]; }));
  // An address that it calls a sinkhole's matters for joins only where it is a controller's too.
  c.controllers = std::ranges::find(c.types, Type::c2_server) != c.types.end();
  for (auto [end, role] : {std::pair{"source", "roles // 16"}, {"destination", "roles % 16"}}) {
    TRY(each(fmt::format("SELECT count(*)::BIGINT, count(*) FILTER (WHERE ({0}_high, {0}_low) IN "
                         "(SELECT (source_high, source_low) FROM events WHERE type = {1}))::BIGINT "
                         "FROM (SELECT DISTINCT {0}_high, {0}_low FROM events WHERE {2} AND ({3}) "
                         "IN ({4}, {5}))",
                         end, static_cast<int>(Type::c2_server), of, role,
                         static_cast<int>(Role::sinkhole), static_cast<int>(Role::sensor)),
             [&](const DuckChunk& chunk, std::size_t i) {
               c.sinks = c.sinks || chunk.column<std::int64_t>(0)[i] > 0;
               c.controllers = c.controllers || chunk.column<std::int64_t>(1)[i] > 0;
             }));
  }
  if (c.controllers) {
    TRY(each(fmt::format("SELECT DISTINCT (time // {})::BIGINT, type FROM events WHERE {}",
                         us_per_day, may_join_anew(c.first, report)),
             [&](const DuckChunk& chunk, std::size_t i) {
               c.days.push_back(static_cast<Day>(chunk.column<std::int64_t>(0)[i]));
               c.types.push_back(static_cast<Type>(chunk.column<std::uint8_t>(1)[i]));
             }));
    sort_once(c.days), sort_once(c.types);
  }
  std::string echoes;
  {
    std::shared_lock lock(files_);
    echoes = all_echoes();
  }
  if (echoes.empty()) return out;
  TRY(each(fmt::format("SELECT count(*)::BIGINT FROM ({}) AS e WHERE {}", echoes, of),
           [&](const DuckChunk& chunk, std::size_t i) {
             out.echoes = static_cast<std::uint64_t>(chunk.column<std::int64_t>(0)[i]);
           }));
  TRY(each(fmt::format("SELECT DISTINCT report FROM ({}) AS e WHERE report <> {} AND (hash_high, "
                       "hash_low) IN (SELECT (hash_high, hash_low) FROM events WHERE {}) ORDER BY "
                       "report",
                       echoes, report, of),
           [&](const DuckChunk& chunk, std::size_t i) {
             c.others.push_back(chunk.column<std::uint64_t>(0)[i]);
           }));
  return out;
}

Result<std::map<std::uint64_t, std::uint64_t>> Columns::echoes(
    const std::vector<std::uint64_t>& reports) const {
  std::map<std::uint64_t, std::uint64_t> counts;
  for (std::uint64_t report : reports) counts[report] = 0;
  std::string echoes;
  {
    std::shared_lock lock(files_);
    echoes = all_echoes();
  }
  if (reports.empty() || echoes.empty()) return counts;
  auto take = [&](const DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      counts[chunk.column<std::uint64_t>(0)[i]] =
          static_cast<std::uint64_t>(chunk.column<std::int64_t>(1)[i]);
    }
  };
  TRY(select(fmt::format("SELECT report, count(*)::BIGINT FROM ({}) AS e WHERE report IN ({}) "
                         "GROUP BY report",
                         echoes, fmt::join(reports, ",")),
             take, scope_timeout_ms));
  return counts;
}

}  // namespace tocsin::store
