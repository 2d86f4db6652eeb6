#include "store/replay.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "model/members.h"
#include "store/columns_row.h"

namespace tocsin::store {
namespace {

// DuckDB keeps a whole answer in memory: events are asked for in windows of some such number.
constexpr std::uint64_t window_rows = 131'072;
constexpr unsigned group_bits = batch_events_bits + 4;  // 16 seqs are counted together

// Texts that the columns keep in `extra`, back where the subject is looked for.
void restore_texts(EventBatch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch.extra[i].empty()) continue;
    auto restore = [&](std::string_view name, Text& to) {
      std::string_view json = member(batch.text(batch.extra[i]), name);
      if (!json.empty()) to = batch.keep(json_text(json));
    };
    restore("source.account", batch.account[i]);
    restore("destination.fqdn", batch.destination.name[i]);
    restore("destination.url", batch.destination.url[i]);
  }
}

// Puts rows together to the batches they were.
class Batches {
 public:
  explicit Batches(const std::function<Result<void>(EventBatch&)>& take) : take_(take) {}

  void add(const DuckChunk& chunk) {
    const auto* ids = chunk.column<EventId>(0);
    const auto* arrived = chunk.column<TimeUs>(columns_row::size());
    for (std::size_t row = 0; row < chunk.rows() && status_; ++row) {
      if (!found_.ids.empty() && seq_of(found_.ids.back()) != seq_of(ids[row])) end_batch();
      columns_row::read(chunk, row, found_);
      found_.events.place.push_back(static_cast<std::uint16_t>(ids[row] & (batch_events_max - 1)));
      found_.events.received = arrived[row];
    }
  }
  Result<void> finish() {
    if (!found_.ids.empty()) end_batch();
    return status_;
  }
  const Result<void>& status() const { return status_; }

 private:
  void end_batch() {
    EventBatch& batch = found_.events;
    batch.seq = seq_of(found_.ids.back());
    batch.feed = found_.feeds.back();
    batch.report = found_.reports.back();
    batch.report_type = found_.report_types.back();
    restore_texts(batch);
    if (status_) status_ = take_(batch);
    found_ = {};
  }

  const std::function<Result<void>(EventBatch&)>& take_;
  Columns::Found found_;
  Result<void> status_;
};

}  // namespace

Result<void> replay(const Columns& columns, const Replay& ask,
                    const std::function<Result<void>(EventBatch&)>& take) {
  std::string where = fmt::format("id >= {} AND id < {} AND ({})", event_id(ask.after + 1, 0),
                                  event_id(ask.up_to + 1, 0), ask.where);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> groups;  // of seqs, and their events
  auto count = [&](const DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      groups.emplace_back(chunk.column<std::uint64_t>(0)[i], chunk.column<std::int64_t>(1)[i]);
    }
  };
  TRY(columns.select(fmt::format("SELECT (id >> {})::UBIGINT AS part, count(*)::BIGINT FROM events "
                                 "WHERE {} GROUP BY part ORDER BY part",
                                 group_bits, where),
                     count, ask.timeout_ms));
  Batches batches(take);
  for (std::size_t begin = 0, end = 0; begin < groups.size(); begin = end) {
    std::uint64_t rows = 0;
    while (end < groups.size() && (rows == 0 || rows + groups[end].second <= window_rows)) {
      rows += groups[end++].second;
    }
    std::string sql = fmt::format(
        "SELECT {}, arrived FROM ({}) WHERE id >= {} AND id < {} AND {} ORDER BY id",
        columns_row::select_list(), columns.with_arrival(), groups[begin].first << group_bits,
        (groups[end - 1].first + 1) << group_bits, where);
    TRY(columns.select(sql, [&](const DuckChunk& chunk) { batches.add(chunk); }, ask.timeout_ms));
    TRY(batches.status());
  }
  return batches.finish();
}

}  // namespace tocsin::store
