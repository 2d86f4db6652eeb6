#include "store/recount.h"

#include <fmt/format.h>

#include <filesystem>

#include "model/members.h"
#include "model/subject.h"
#include "store/columns_row.h"
#include "store/counts.h"

namespace tocsin::store {
namespace {

// Removes its folder.
struct Scratch {
  std::string folder;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
};

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

// The conditions that the stored columns tell without a look at the roles.
std::string where(const StatsFilter& filter, TimeUs since, TimeUs until) {
  std::string sql = fmt::format("time >= {} AND time < {}", since, until);
  if (filter.type) sql += fmt::format(" AND type = {}", static_cast<unsigned>(*filter.type));
  if (filter.family != 0) sql += fmt::format(" AND family = {}", filter.family);
  if (filter.feed != 0) sql += fmt::format(" AND feed = {}", filter.feed);
  return sql;
}

class Run {
 public:
  Run(const Columns& columns, const Recount& ask, Counts& counts)
      : columns_(columns), ask_(ask), counts_(counts) {}

  Result<void> period(Period days) {
    TimeUs since = ask_.zone.start_of(days.since), until = ask_.zone.start_of(days.until);
    std::string condition = where(ask_.query.filter, since, until);
    std::vector<WordId> feeds;
    auto take_feeds = [&](const DuckChunk& chunk) {
      for (std::size_t i = 0; i < chunk.rows(); ++i)
        feeds.push_back(chunk.column<std::uint32_t>(0)[i]);
    };
    TRY(columns_.select("SELECT DISTINCT feed FROM events WHERE " + condition, take_feeds,
                        ask_.timeout_ms));
    for (WordId feed : feeds) {
      TRY(columns_.select(
          fmt::format("SELECT {} FROM events WHERE {} AND feed = {}", columns_row::select_list(),
                      condition, feed),
          [&](const DuckChunk& chunk) { take(chunk, feed); }, ask_.timeout_ms));
      TRY(failed_);
    }
    return {};
  }

 private:
  void take(const DuckChunk& chunk, WordId feed) {
    if (!failed_) return;
    Columns::Found found;
    for (std::size_t row = 0; row < chunk.rows(); ++row) columns_row::read(chunk, row, found);
    EventBatch& batch = found.events;
    batch.feed = feed;
    batch.seq = counts_.applied() + 1;
    restore_texts(batch);
    std::vector<bool> keep(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      keep[i] = fits(batch, i, ask_.query.filter);
      batch.time[i] = ask_.zone.to_local(batch.time[i]);
    }
    batch.keep_rows(keep);
    failed_ = counts_.apply(batch);
  }

  const Columns& columns_;
  const Recount& ask_;
  Counts& counts_;
  Result<void> failed_;
};

}  // namespace

bool fits(const EventBatch& b, std::size_t i, const StatsFilter& f) {
  if (f.type && b.type[i] != *f.type) return false;
  if (f.klass && class_of(b.type[i]) != *f.klass) return false;
  if (f.family != 0 && b.family[i] != f.family) return false;
  if (f.feed != 0 && b.feed != f.feed) return false;
  SubjectPlace place = place_of(b, i);
  if (!f.country.empty() && place.country != f.country) return false;
  if (f.asn != 0 && place.asn != f.asn) return false;
  return !f.controller ||
         (is_steered(b.type[i], b.roles[i]) && controller_of(b, i).country == *f.controller);
}

Result<StatsAnswer> recount(const Columns& columns, const Recount& ask) {
  Scratch scratch{ask.folder};
  auto counts = TRY(Counts::open(ask.folder, {}, {}));
  Run run(columns, ask, *counts);
  TRY(run.period(ask.query.period));
  if (auto before = compared_with(ask.query.period, ask.query.compare)) TRY(run.period(*before));
  StatsQuery asked = ask.query;
  asked.filter = {};  // only what fits was counted
  StatsAnswer answer = TRY(counts->query(asked));
  answer.query = ask.query;
  return answer;
}

}  // namespace tocsin::store
