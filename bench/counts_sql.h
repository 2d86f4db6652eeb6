// PlainSql: the events of bench_counts in a DuckDB table, and what plain SQL says of them.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "counts_world.h"
#include "store/duck.h"
#include "store/stats.h"

namespace tocsin {

class PlainSql {
 public:
  // Makes the table in `folder` unless a whole one of as many events is there.
  static Result<PlainSql> open(const std::string& folder, std::uint64_t total) {
    std::filesystem::create_directories(folder + "/tmp");
    auto duck = TRY(store::Duck::open({.memory_mb = 6000,
                                       .threads = 2,
                                       .temporary_folder = folder + "/tmp",
                                       .allowed_folder = folder}));
    auto connection = TRY(duck.connect());
    TRY(connection.run("ATTACH " + store::sql_quote(folder + "/plain.duckdb") + " AS plain"));
    PlainSql out(std::move(duck), std::move(connection));
    TRY(out.connection_.run(
        "CREATE TABLE IF NOT EXISTS plain.events (day INTEGER, feed UINTEGER, family UINTEGER, "
        "sector UINTEGER, asn UINTEGER, country USMALLINT, type UTINYINT, class UTINYINT, "
        "steered BOOLEAN, controller USMALLINT, name BOOLEAN, subject UINTEGER)"));
    auto rows = TRY(out.connection_.number("SELECT count(*) FROM plain.events"));
    if (static_cast<std::uint64_t>(rows) != total) {
      TRY(out.connection_.run("DELETE FROM plain.events"));
      TRY(out.fill(total));
    }
    return out;
  }

  // How many rows of the answer, or of what SQL says, are not the same in both.
  Result<std::size_t> differences(const store::StatsAnswer& answer) const {
    auto now = TRY(ask(answer.query, answer.query.period));
    auto before = TRY(ask(answer.query, *answer.before));
    std::size_t wrong = answer.rows.size() == answer.groups ? 0 : 1;
    for (const store::StatsRow& row : answer.rows) {
      bool same = same_as(row.now, now[row.key]) && same_as(*row.before, before[row.key]);
      if (!same) ++wrong;
      now.erase(row.key), before.erase(row.key);
    }
    return wrong + now.size() + before.size();
  }

 private:
  struct Plainly {
    std::uint64_t events = 0, addresses = 0, names = 0;
  };

  PlainSql(store::Duck duck, store::DuckConnection connection)
      : duck_(std::move(duck)), connection_(std::move(connection)) {}

  static bool same_as(const store::Figure& figure, const Plainly& plain) {
    return figure.events == plain.events && figure.distinct->addresses4 == plain.addresses &&
           figure.distinct->addresses6 == 0 && figure.distinct->names == plain.names;
  }

  Result<void> fill(std::uint64_t total) {
    duckdb_appender to = nullptr;
    duckdb_appender_create_ext(connection_.handle(), "plain", nullptr, "events", &to);
    World world;
    EventBatch batch;
    std::vector<Plain> events;
    bool good = to != nullptr;
    for (std::uint64_t n = 0; good && n < total; n += batch_events_max) {
      events.clear();
      world.fill(batch, n, total, &events);
      for (const Plain& p : events) {
        duckdb_append_int32(to, p.day);
        duckdb_append_uint32(to, p.feed);
        duckdb_append_uint32(to, p.family);
        duckdb_append_uint32(to, p.sector);
        duckdb_append_uint32(to, p.asn);
        duckdb_append_uint16(to, p.country.code);
        duckdb_append_uint8(to, static_cast<std::uint8_t>(p.type));
        duckdb_append_uint8(to, static_cast<std::uint8_t>(class_of(p.type)));
        duckdb_append_bool(to, p.steered);
        duckdb_append_uint16(to, p.controller.code);
        duckdb_append_bool(to, p.name);
        duckdb_append_uint32(to, p.subject);
        good = duckdb_appender_end_row(to) == DuckDBSuccess && good;
      }
    }
    good = to != nullptr && duckdb_appender_close(to) == DuckDBSuccess && good;
    duckdb_appender_destroy(&to);
    if (!good) return unavailable("the table of plain SQL could not be written");
    return {};
  }

  Result<std::map<store::StatsKey, Plainly>> ask(const store::StatsQuery& q,
                                                 store::Period period) const {
    std::string_view cut = store::name(q.cut);
    std::string keys, where = fmt::format("day >= {} AND day < {}", period.since, period.until);
    for (std::string_view part :
         {"country", "type", "class", "family", "asn", "controller", "sector"}) {
      keys +=
          fmt::format("{}{}::UINTEGER", keys.empty() ? "" : ", ", cut.contains(part) ? part : "0");
    }
    if (cut.contains("controller")) where += " AND steered";
    if (cut.contains("sector")) where += " AND sector <> 0";
    if (cut.contains("asn")) where += " AND asn <> 0";
    if (!q.filter.country.empty()) where += fmt::format(" AND country = {}", q.filter.country.code);
    if (q.filter.type) where += fmt::format(" AND type = {}", static_cast<int>(*q.filter.type));
    if (q.filter.family != 0) where += fmt::format(" AND family = {}", q.filter.family);
    std::map<store::StatsKey, Plainly> out;
    auto sql = fmt::format(
        "SELECT {}, count(*)::UBIGINT, count(DISTINCT subject) FILTER (NOT name)::UBIGINT, "
        "count(DISTINCT subject) FILTER (name)::UBIGINT FROM plain.events WHERE {} "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7",
        keys, where);
    TRY(connection_.query(sql, [&](const store::DuckChunk& chunk) {
      auto key = [&](std::size_t at, std::size_t row) {
        return chunk.column<std::uint32_t>(at)[row];
      };
      auto figure = [&](std::size_t at, std::size_t row) {
        return chunk.column<std::uint64_t>(at)[row];
      };
      for (std::size_t row = 0; row < chunk.rows(); ++row) {
        store::StatsKey k;
        k.country.code = static_cast<std::uint16_t>(key(0, row));
        if (cut.contains("type")) k.type = static_cast<Type>(key(1, row));
        if (cut.contains("class")) k.klass = static_cast<Class>(key(2, row));
        k.family = key(3, row);
        k.asn = key(4, row);
        k.controller.code = static_cast<std::uint16_t>(key(5, row));
        k.sector = key(6, row);
        out[k] = {.events = figure(7, row), .addresses = figure(8, row), .names = figure(9, row)};
      }
    }));
    return out;
  }

  store::Duck duck_;
  store::DuckConnection connection_;
};

}  // namespace tocsin
