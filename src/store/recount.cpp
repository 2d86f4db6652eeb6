#include "store/recount.h"

#include <fmt/format.h>

#include <filesystem>

#include "model/finding.h"
#include "model/subject.h"
#include "store/counts.h"
#include "store/replay.h"

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

// The conditions that the stored columns tell without a look at the roles.
std::string where(const StatsFilter& filter, TimeUs since, TimeUs until) {
  std::string sql = fmt::format("time >= {} AND time < {}", since, until);
  if (filter.type) sql += fmt::format(" AND type = {}", static_cast<unsigned>(*filter.type));
  if (filter.family != 0) sql += fmt::format(" AND family = {}", filter.family);
  if (filter.feed != 0) sql += fmt::format(" AND feed = {}", filter.feed);
  return sql;
}

Result<void> count_period(const Columns& columns, const Recount& ask, Counts& counts, Period days) {
  TimeUs since = ask.zone.start_of(days.since), until = ask.zone.start_of(days.until);
  auto take = [&](EventBatch& batch) -> Result<void> {
    batch.seq = counts.applied() + 1;
    std::vector<bool> keep(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      keep[i] = fits(batch, i, ask.query.filter) &&
                (ask.of_findings == nullptr ||
                 !ask.of_findings->leaves_out(finding_key(batch, i, subject_of(batch, i))));
      batch.time[i] = ask.zone.to_local(batch.time[i]);
    }
    batch.keep_rows(keep);
    return counts.apply(batch);
  };
  return replay(columns,
                {.where = where(ask.query.filter, since, until), .timeout_ms = ask.timeout_ms},
                take);
}

}  // namespace

bool fits(const EventBatch& b, std::size_t i, const StatsFilter& f) {
  if (f.type && b.type[i] != *f.type) return false;
  if (f.klass && class_of(b.type[i]) != *f.klass) return false;
  if (f.family != 0 && b.family[i] != f.family) return false;
  if (f.feed != 0 && b.feed != f.feed) return false;
  SubjectPlace place = place_of(b, i);
  if (!f.country.empty() && place.country != f.country) return false;
  if (f.asn != 0 && place.asn != f.asn) return false;
  if (!f.controller && !f.abroad) return true;
  if (!is_steered(b.type[i], b.roles[i])) return false;
  Country country = controller_of(b, i).country;
  if (f.abroad && (country.empty() || country == place.country)) return false;
  return !f.controller || country == *f.controller;
}

Result<StatsAnswer> recount(const Columns& columns, const Recount& ask) {
  Scratch scratch{ask.folder};
  auto counts = TRY(Counts::open(ask.folder, {}, {}));
  TRY(count_period(columns, ask, *counts, ask.query.period));
  if (auto before = compared_with(ask.query.period, ask.query.compare)) {
    TRY(count_period(columns, ask, *counts, *before));
  }
  StatsQuery asked = ask.query;
  asked.filter = {};  // only what fits was counted
  StatsAnswer answer = TRY(counts->query(asked));
  answer.query = ask.query;
  return answer;
}

}  // namespace tocsin::store
