#include "store/columns.h"

#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "store/columns_row.h"

namespace tocsin::store {

using columns_row::first_of;
using columns_row::month_of;

namespace {

namespace fs = std::filesystem;

constexpr unsigned maintenance_timeout_ms = 600'000;

// Ends a query that runs longer than its time.
class Watchdog {
 public:
  Watchdog(const DuckConnection& connection, unsigned timeout_ms)
      : thread_([this, &connection, timeout_ms](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          done_.wait_for(lock, stop, std::chrono::milliseconds(timeout_ms), [] { return false; });
          if (!stop.stop_requested()) connection.interrupt();
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any done_;
  std::jthread thread_;
};

}  // namespace

std::string columns_row::month_of(TimeUs received) {
  auto c = times::civil(times::day_of(received));
  return fmt::format("{:04}_{:02}", c.year, c.month);
}

// The first day of "2026_11".
Day columns_row::first_of(std::string month) {
  month[4] = '-';
  return times::parse_day(month + "-01").value_or(0);
}

Result<std::unique_ptr<Columns>> Columns::open(const std::string& folder, const Options& options,
                                               const Dictionary& words) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return unavailable("cannot make " + text::quote(folder) + ": " + failed.message());
  auto duck = TRY(Duck::open({.memory_mb = options.memory_mb,
                              .threads = options.threads,
                              .temporary_folder = folder + "/tmp",
                              .allowed_folder = folder + "/"}));
  auto columns = std::unique_ptr<Columns>(new Columns(folder, std::move(duck), words));
  columns->memory_mb_ = options.memory_mb;
  columns->writer_ = TRY(columns->duck_.connect());
  std::vector<std::string> months;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with("events-") && name.ends_with(".duckdb") && name.size() == 21) {
      months.push_back(name.substr(7, 7));
    }
  }
  std::ranges::sort(months);
  for (const auto& month : months) {
    TRY(columns->attach(month));
    auto seq =
        TRY(columns->writer_.number(fmt::format("SELECT seq::BIGINT FROM m{}.applied", month)));
    columns->watermark_ = std::max(columns->watermark_.load(), static_cast<std::uint64_t>(seq));
  }
  columns->taken_ = columns->watermark_;
  if (months.empty()) TRY(columns->make_view());
  TRY(columns->note_dropped());
  return columns;
}

// All of it or nothing: what fails leaves no catalog behind, so that it can be tried again.
Result<void> Columns::attach(const std::string& month) {
  std::string path = fmt::format("{}/events-{}.duckdb", folder_, month);
  std::string catalog = "m" + month;
  TRY(writer_.run(fmt::format("ATTACH {} AS {}", sql_quote(path), catalog)));
  auto ready = prepare(catalog);
  auto at = months_.insert(std::ranges::lower_bound(months_, month), month);
  if (ready) ready = make_view();
  if (ready) return {};
  (void)writer_.run("ROLLBACK");  // fails where nothing was begun
  months_.erase(at);
  (void)make_view();
  (void)writer_.run("DETACH " + catalog);
  return std::unexpected(
      Error{ready.error().fault, fmt::format("{}: {}", text::quote(path), ready.error().what)});
}

// Makes the tables of a new file; brings those of an older schema up to date.
Result<void> Columns::prepare(const std::string& catalog) {
  auto known = TRY(writer_.number(fmt::format(
      "SELECT count(*) FROM duckdb_tables() WHERE database_name = '{}' AND table_name = 'applied'",
      catalog)));
  if (known == 0) {
    TRY(writer_.run("BEGIN"));
    TRY(writer_.run(columns_row::create_table(catalog + ".events")));
    TRY(writer_.run(columns_row::create_echoes(catalog + ".echoes")));
    TRY(writer_.run(fmt::format("CREATE TABLE {}.kept_from(day BIGINT)", catalog)));
    TRY(writer_.run(fmt::format("CREATE TABLE {}.applied(seq UBIGINT, schema INTEGER)", catalog)));
    TRY(writer_.run(fmt::format("INSERT INTO {}.applied VALUES({}, {})", catalog, watermark_.load(),
                                columns_schema)));
    TRY(writer_.run("COMMIT"));
  }
  auto schema = TRY(writer_.number(fmt::format("SELECT schema::BIGINT FROM {}.applied", catalog)));
  if (schema > columns_schema) {
    return invalid(
        fmt::format("it has schema {}; this program knows up to {}: use the newer "
                    "program",
                    schema, columns_schema));
  }
  return migrate(catalog, static_cast<int>(schema));
}

// Adds what newer schemas have, all of it or nothing.
Result<void> Columns::migrate(const std::string& catalog, int schema) {
  if (schema >= columns_schema) return {};
  TRY(writer_.run("BEGIN"));
  for (const auto& step : columns_row::migrate_table(catalog + ".events", schema)) {
    TRY(writer_.run(step));
  }
  if (schema < 3) {
    TRY(writer_.run(columns_row::create_echoes(catalog + ".echoes")));
    TRY(writer_.run(fmt::format("CREATE TABLE {}.kept_from(day BIGINT)", catalog)));
    migrated_ = true;
  }
  TRY(writer_.run(fmt::format("UPDATE {}.applied SET schema = {}", catalog, columns_schema)));
  return writer_.run("COMMIT");
}

// Of files from before kept_from: where the first events are gone, retention has dropped them.
Result<void> Columns::note_dropped() {
  if (!migrated_ || months_.empty()) return {};
  auto first = TRY(writer_.number("SELECT coalesce(min(id), 0)::BIGINT FROM events"));
  if (seq_of(static_cast<EventId>(first)) <= 1) return {};
  return writer_.run(fmt::format("INSERT INTO m{}.kept_from VALUES({})", months_.back(),
                                 first_of(months_.front())));
}

Result<void> Columns::make_view() {
  std::string sql = "CREATE OR REPLACE VIEW events AS ";
  if (months_.empty()) {
    TRY(writer_.run("DROP TABLE IF EXISTS none"));
    TRY(writer_.run(columns_row::create_table("none")));
    return writer_.run(sql + "SELECT * FROM none");
  }
  for (std::size_t i = 0; i < months_.size(); ++i) {
    sql += fmt::format("{}SELECT * FROM m{}.events", i > 0 ? " UNION ALL " : "", months_[i]);
  }
  return writer_.run(sql);
}

Result<void> Columns::apply(std::shared_ptr<const EventBatch> batch) {
  if (batch->seq > taken_) {
    taken_ = batch->seq;
    waiting_rows_ += batch->size();
    waiting_echoes_ += batch->echoes.size();
    waiting_.push_back(std::move(batch));
  }
  // DuckDB packs whole row groups into the file at once; the rest goes through its log as well, at
  // six times the octets.
  bool is_full = std::max(waiting_rows_, waiting_echoes_) >= columns_flush_rows;
  return is_full ? flush() : Result<void>{};
}

Result<void> Columns::flush() {
  // Batches stand in the order of arrival, so a month is a stretch of them; DuckDB writes to one
  // file in a transaction.
  while (!waiting_.empty()) {
    std::string month = month_of(waiting_.front()->received);
    std::size_t to = 1;
    while (to < waiting_.size() && month_of(waiting_[to]->received) == month) ++to;
    if (auto written = write_month(month, 0, to); !written) {
      (void)writer_.run("ROLLBACK");
      return written;
    }
    watermark_ = waiting_[to - 1]->seq;
    for (std::size_t i = 0; i < to; ++i) {
      waiting_rows_ -= waiting_[i]->size();
      waiting_echoes_ -= waiting_[i]->echoes.size();
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(to));
  }
  return {};
}

Result<void> Columns::pass(std::uint64_t seq, TimeUs received) {
  if (months_.empty()) {
    std::unique_lock lock(files_);
    TRY(attach(month_of(received)));
  }
  TRY(writer_.run(fmt::format("UPDATE m{}.applied SET seq = {}", months_.back(), seq)));
  watermark_ = taken_ = seq;
  return {};
}

Result<void> Columns::relax() {
  // Both may fail while somebody reads; there is a next time. A lower limit makes DuckDB let go of
  // the blocks that it keeps.
  if (!months_.empty()) (void)writer_.run("CHECKPOINT m" + months_.back());
  (void)writer_.run(fmt::format("SET memory_limit = '{}MB'", std::min(memory_mb_, 32u)));
  return writer_.run(fmt::format("SET memory_limit = '{}MB'", memory_mb_));
}

Result<void> Columns::write_month(const std::string& month, std::size_t from, std::size_t to) {
  if (std::ranges::find(months_, month) == months_.end()) {
    std::unique_lock lock(files_);
    TRY(attach(month));
  }
  TRY(writer_.run("BEGIN"));
  columns_row::Appender appender;
  TRY(appender.open(writer_, "m" + month));
  for (std::size_t i = from; i < to; ++i) TRY(appender.append(*waiting_[i]));
  TRY(appender.close());
  TRY(writer_.run(fmt::format("UPDATE m{}.applied SET seq = {}", month, waiting_[to - 1]->seq)));
  return writer_.run("COMMIT");
}

Result<void> Columns::select(const std::string& sql,
                             const std::function<void(const DuckChunk&)>& chunk,
                             unsigned timeout_ms) const {
  std::shared_lock lock(files_);
  auto connection = TRY(duck_.connect());
  Watchdog watchdog(connection, timeout_ms);
  return connection.query(sql, chunk);
}

std::string Columns::where(const EventQuery& query) const {
  std::string sql = columns_row::where(query.filter, words_);
  if (query.since != time_none) sql += fmt::format(" AND time >= {}", query.since);
  if (query.until != time_none) sql += fmt::format(" AND time < {}", query.until);
  if (query.after != 0)
    sql += fmt::format(" AND id {} {}", query.oldest_first ? '>' : '<', query.after);
  if (query.id != 0) sql += fmt::format(" AND id = {}", query.id);
  if (query.report != 0) sql += fmt::format(" AND report = {}", query.report);
  return sql;
}

std::string Columns::with_arrival() const {
  std::shared_lock lock(files_);
  std::string sql;
  for (const auto& month : months_) {
    sql += fmt::format("{}SELECT *, {}::BIGINT AS arrived FROM m{}.events",
                       sql.empty() ? "" : " UNION ALL ", times::start_of(first_of(month)), month);
  }
  return sql.empty() ? "SELECT *, 0::BIGINT AS arrived FROM events" : sql;
}

Result<Day> Columns::whole_from() const {
  std::string sql;
  {
    std::shared_lock lock(files_);
    for (const auto& month : months_) {
      sql +=
          fmt::format("{}SELECT day FROM m{}.kept_from", sql.empty() ? "" : " UNION ALL ", month);
    }
  }
  std::int64_t from = INT32_MIN;
  auto take = [&](const DuckChunk& chunk) { from = chunk.column<std::int64_t>(0)[0]; };
  if (!sql.empty()) {
    TRY(select(fmt::format("SELECT coalesce(max(day), {})::BIGINT FROM ({})", INT32_MIN, sql), take,
               maintenance_timeout_ms));
  }
  return static_cast<Day>(from);
}

Result<Columns::Found> Columns::events(const EventQuery& query, unsigned timeout_ms) const {
  Found found;
  std::string sql = fmt::format(
      "SELECT {} FROM events WHERE {} ORDER BY id {} LIMIT {}", columns_row::select_list(),
      where(query), query.oldest_first ? "ASC" : "DESC", std::min(query.limit, batch_events_max));
  auto take = [&](const DuckChunk& chunk) {
    for (std::size_t row = 0; row < chunk.rows(); ++row) columns_row::read(chunk, row, found);
  };
  TRY(select(sql, take, timeout_ms));
  return found;
}

Result<std::uint64_t> Columns::count(const EventQuery& query, unsigned timeout_ms) const {
  std::int64_t count = 0;
  auto take = [&](const DuckChunk& chunk) { count = chunk.column<std::int64_t>(0)[0]; };
  TRY(select("SELECT count(*)::BIGINT FROM events WHERE " + where(query), take, timeout_ms));
  return static_cast<std::uint64_t>(count);
}

Result<std::vector<Day>> Columns::days() const {
  std::vector<Day> days;
  auto take = [&](const DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      days.push_back(static_cast<Day>(chunk.column<std::int64_t>(0)[i]));
    }
  };
  std::string sql = fmt::format("SELECT DISTINCT (time // {})::BIGINT FROM events", us_per_day);
  TRY(select(sql, take, maintenance_timeout_ms));
  return days;
}

Result<std::vector<Hash128>> Columns::hashes(Day day) const {
  std::vector<Hash128> hashes;
  auto take = [&](const DuckChunk& chunk) {
    const auto* high = chunk.column<std::uint64_t>(0);
    const auto* low = chunk.column<std::uint64_t>(1);
    for (std::size_t i = 0; i < chunk.rows(); ++i) hashes.push_back({high[i], low[i]});
  };
  std::string sql =
      fmt::format("SELECT hash_high, hash_low FROM events WHERE time >= {} AND time < {}",
                  times::start_of(day), times::start_of(day + 1));
  TRY(select(sql, take, maintenance_timeout_ms));
  return hashes;
}

Result<std::vector<Columns::SeenController>> Columns::seen_controllers(std::size_t most) const {
  std::vector<SeenController> found;
  auto take = [&](const DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      found.push_back(
          {chunk.column<std::uint32_t>(0)[i],
           Ip::from_halves(chunk.column<std::uint64_t>(1)[i], chunk.column<std::uint64_t>(2)[i]),
           std::string(chunk.text(3, i)), Country{chunk.column<std::uint16_t>(4)[i]},
           static_cast<Day>(chunk.column<std::int64_t>(5)[i]),
           static_cast<Day>(chunk.column<std::int64_t>(6)[i])});
    }
  };
  std::string sql = fmt::format(
      "SELECT family, source_high, source_low, name, source_country, (min(time) // {0})::BIGINT, "
      "(max(time) // {0})::BIGINT AS last FROM events WHERE type = {1} AND source_country <> 0 AND "
      "roles // 16 NOT IN ({2}, {3}) AND flags & {5} = 0 GROUP BY ALL ORDER BY last DESC LIMIT {4}",
      us_per_day, static_cast<int>(Type::c2_server), static_cast<int>(Role::sensor),
      static_cast<int>(Role::sinkhole), most, flag_exercise);
  TRY(select(sql, take, maintenance_timeout_ms));
  return found;
}

Result<std::vector<Ip>> Columns::sinks() const {
  std::vector<Ip> found;
  auto take = [&](const DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      found.push_back(
          Ip::from_halves(chunk.column<std::uint64_t>(0)[i], chunk.column<std::uint64_t>(1)[i]));
    }
  };
  std::string sql;
  for (auto [end, role] : {std::pair{"source", "roles // 16"}, {"destination", "roles % 16"}}) {
    sql += fmt::format(
        "{0}SELECT {1}_high, {1}_low FROM events WHERE {2} IN ({3}, {4}) AND "
        "({1}_high <> 0 OR {1}_low <> 0) AND flags & {5} = 0 AND type <> {6}",
        sql.empty() ? "" : " UNION ", end, role, static_cast<int>(Role::sinkhole),
        static_cast<int>(Role::sensor), flag_exercise, static_cast<int>(Type::test));
  }
  TRY(select(sql, take, maintenance_timeout_ms));
  return found;
}

Result<std::size_t> Columns::drop_before(Day day, const Fold& fold, const Held& held) {
  std::string keep_from = month_of(times::start_of(day));
  std::size_t dropped = 0;
  if (months_.size() < 2 || months_.front() >= keep_from) return dropped;
  // The newest stays and carries the watermark, also where the clock once went back a month.
  TRY(writer_.run(fmt::format("UPDATE m{0}.applied SET seq = greatest(seq, {1})", months_.back(),
                              watermark_.load())));
  std::vector<std::string> old = months_;
  old.pop_back();
  for (const auto& month : old) {
    if (month >= keep_from) break;
    if (held && TRY(held(month))) continue;
    if (fold) TRY(fold(fmt::format("id IN (SELECT id FROM m{}.events)", month)));
    TRY(writer_.run(fmt::format("INSERT INTO m{}.kept_from VALUES({})", months_.back(),
                                times::next_month(first_of(month)))));
    std::unique_lock lock(files_);
    months_.erase(std::ranges::find(months_, month));
    TRY(make_view());
    TRY(writer_.run("DETACH m" + month));
    std::error_code failed;
    std::string path = fmt::format("{}/events-{}.duckdb", folder_, month);
    fs::remove(path, failed);
    if (failed) return unavailable("cannot remove " + text::quote(path) + ": " + failed.message());
    fs::remove(path + ".wal", failed);
    ++dropped;
  }
  return dropped;
}

// The files are copied one after the other while more comes in: what came after `up_to` is taken
// out of the copies again, so that all of them end there.
Result<void> Columns::backup_to(const std::string& folder, std::uint64_t up_to) const {
  std::shared_lock lock(files_);
  auto connection = TRY(duck_.connect());
  for (const auto& month : months_) {
    std::string path = fmt::format("{}/events-{}.duckdb", folder, month);
    TRY(connection.run(fmt::format("ATTACH {} AS copy_{}", sql_quote(path), month)));
    TRY(connection.run(fmt::format("COPY FROM DATABASE m{0} TO copy_{0}", month)));
    for (const char* table : {"events", "echoes"}) {
      TRY(connection.run(fmt::format("DELETE FROM copy_{}.{} WHERE id >= {}", month, table,
                                     event_id(up_to + 1, 0))));
    }
    TRY(connection.run(
        fmt::format("UPDATE copy_{0}.applied SET seq = least(seq, {1})", month, up_to)));
    TRY(connection.run("DETACH copy_" + month));
  }
  return {};
}

}  // namespace tocsin::store
