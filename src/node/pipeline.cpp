// The main path of a node.
//
// Intake, up to the commit (Intake::deliver in intake.cpp):
//   collector -> spool -> unpack -> format -> exact duplicates -> enrich -> join controllers ->
//   COMMIT (journal, SQLite)
// Followers, after it, each at its own pace (the list below):
//   columns (DuckDB) . route (alerts) . findings . counts . series . live view . offers (to
//   members)
#include "node/pipeline.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "model/field.h"
#include "model/members.h"
#include "node/outlook.h"
#include "store/replay.h"

namespace tocsin::node {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration settle_every = std::chrono::seconds(5);
constexpr Clock::duration relax_every = std::chrono::minutes(10);

// When a state in memory is due to be written: after many events, or some time; the longer it
// takes, the rarer: at most a tenth of the time.
class SnapshotRhythm {
 public:
  bool is_due(std::uint64_t events, bool flush) const {
    if (events_ + events == 0) return false;
    auto since = Clock::now() - last_;
    if (flush) return since > took_ * 4;
    return since > took_ * 10 && (events_ + events > 4'000'000 || since > std::chrono::seconds(60));
  }
  void count(std::size_t events) { events_ += events; }
  std::uint64_t events() const { return events_; }
  Result<void> run(const std::function<Result<void>()>& write) {
    auto begin = Clock::now();
    auto done = write();
    last_ = Clock::now();
    took_ = last_ - begin;
    if (done) events_ = 0;
    return done;
  }

 private:
  std::uint64_t events_ = 0;
  Clock::time_point last_ = Clock::now();
  Clock::duration took_{};
};

// When what is too old is looked for: at the start, and then every hour.
class Hourly {
 public:
  bool is_due() {
    auto now = Clock::now();
    if (last_ && now - *last_ < std::chrono::hours(1)) return false;
    last_ = now;
    return true;
  }

 private:
  std::optional<Clock::time_point> last_;
};

void tell_dropped(std::string_view what, const Result<std::size_t>& dropped) {
  if (!dropped) {
    spdlog::warn("retention of {}: {}", what, dropped.error().what);
  } else if (*dropped > 0) {
    spdlog::info("retention: dropped {} of {}", text::count(*dropped, "month", "months"), what);
  }
}

Follower columns_follower(store::Columns& columns, Corrections& corrections,
                          std::function<Result<std::size_t>()> drop_old) {
  struct Pace {
    std::optional<Clock::time_point> first_waiting;
    Clock::time_point came = Clock::now(), relaxed = came;
    Hourly hourly;
  };
  auto pace = std::make_shared<Pace>();
  return {.name = "columns",
          .watermark = [&] { return columns.watermark(); },
          .apply =
              [&columns, &corrections, pace](const BatchPointer& batch) {
                if (batch->is_act()) {
                  pace->first_waiting.reset();
                  return corrections.in_columns(*batch);
                }
                pace->came = Clock::now();
                if (!pace->first_waiting) pace->first_waiting = pace->came;
                auto done = columns.apply(batch);
                if (!columns.is_waiting()) pace->first_waiting.reset();
                return done;
              },
          .rest = [&columns, pace, drop_old](bool flush) -> Result<void> {
            if (pace->hourly.is_due()) tell_dropped("events", drop_old());
            auto now = Clock::now();
            if (!pace->first_waiting) {
              bool busy = now - pace->came < std::chrono::seconds(5);
              if (busy || now - pace->relaxed < relax_every) return {};
              pace->relaxed = now;
              return columns.relax();
            }
            bool old = now - *pace->first_waiting >
                       std::chrono::microseconds(store::columns_flush_after_us);
            if (!flush && !old) return {};
            TRY(columns.flush());
            pace->first_waiting.reset();
            return {};
          },
          .durable = [&] { return columns.watermark(); },
          .visible = [&] { return columns.watermark(); }};
}

// States are settled every few seconds while events come in, sooner where somebody waits to read,
// and before each snapshot. Node::open() has settled what the last snapshot holds.
Follower findings_follower(store::Findings& findings, Live& live, Corrections& corrections) {
  struct Settled {
    bool due = false;
    Clock::time_point last{};
    Clock::duration took{};
    std::atomic<std::uint64_t> seq;  // up to here
  };
  auto rhythm = std::make_shared<SnapshotRhythm>();
  auto settled = std::make_shared<Settled>();
  settled->seq = findings.watermark();
  return {.name = "findings",
          .watermark = [&] { return findings.watermark(); },
          .apply = [&findings, &live, &corrections, rhythm,
                    settled](const BatchPointer& batch) -> Result<void> {
            std::vector<store::FindingChange> changes;
            if (batch->is_act()) TRY(corrections.in_findings(*batch));
            if (!batch->is_act()) findings.apply(*batch, &changes);
            live.changed(*batch, changes);
            rhythm->count(std::max<std::size_t>(1, batch->size()));
            settled->due = true;
            return {};
          },
          .rest = [&findings, &live, rhythm, settled](bool flush) -> Result<void> {
            bool is_due = rhythm->is_due(0, flush);
            auto begin = Clock::now();
            auto pause = flush ? settled->took * 10 : settle_every;
            if (settled->due && (is_due || begin - settled->last > pause)) {
              findings.settle();
              live.open_findings(findings.open_count());
              settled->due = false;
              settled->last = Clock::now();
              settled->took = settled->last - begin;
              settled->seq = findings.watermark();
            }
            if (!is_due) return {};
            return rhythm->run([&] { return findings.snapshot(); });
          },
          .durable = [&] { return findings.durable_watermark(); },
          .visible = [settled] { return settled->seq.load(); }};
}

// Keys of the findings that the batch touched, each once; exercises and history are left out.
std::vector<Hash128> touched(const EventBatch& batch) {
  std::vector<Hash128> keys;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (is_exercise(batch, i) || is_history(batch, i)) continue;
    Hash128 key = finding_key(batch, i, subject_of(batch, i));
    if (key != Hash128{}) keys.push_back(key);
  }
  std::ranges::sort(keys);
  auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
  return keys;
}

// Asks the findings, so it waits until they show the batch. It stands before them in the list:
// Followers::paused() then holds it first, and it never waits for findings that stand still.
Follower route_follower(alert::Router& router, const store::Findings& findings,
                        std::function<bool(const EventBatch&)> is_news) {
  return {.name = "route",
          .watermark = [&] { return router.applied(); },
          .apply = [&router, &findings, is_news](const BatchPointer& batch) -> Result<void> {
            if (!router.has_constituents() || !is_news(*batch)) return router.pass(batch->seq);
            auto until = Clock::now() + std::chrono::seconds(5);
            while (findings.watermark() < batch->seq) {
              if (Clock::now() > until) return unavailable("the findings are behind");
              std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            return router.route(batch->seq, touched(*batch));
          },
          .rest = [&router](bool) { return router.flush(); },
          .durable = [&] { return router.durable(); },
          .visible = [&] { return router.durable(); }};
}

Follower counts_follower(store::Counts& counts, const store::Columns& columns,
                         Corrections& corrections, std::function<Day()> first_kept) {
  auto rhythm = std::make_shared<SnapshotRhythm>();
  auto hourly = std::make_shared<Hourly>();
  return {.name = "counts",
          .watermark = [&] { return counts.applied(); },
          .apply = [&counts, &corrections, rhythm](const BatchPointer& batch) -> Result<void> {
            rhythm->count(std::max<std::size_t>(1, batch->size()));
            if (batch->is_act()) return corrections.in_counts(*batch);
            return counts.apply(*batch);
          },
          .rest = [&counts, &columns, rhythm, hourly, first_kept](bool flush) -> Result<void> {
            TRY(mend_counts(counts, columns));
            if (!counts.is_damaged() && hourly->is_due())
              tell_dropped("exact counts", counts.drop_before(first_kept()));
            if (rhythm->is_due(0, flush)) return rhythm->run([&] { return counts.snapshot(); });
            if (rhythm->events() == 0) TRY(counts.tidy());
            return {};
          },
          .durable = [&] { return counts.watermark(); },
          .visible = [&] { return counts.applied(); }};
}

// Ticks are judged as they become complete: at most a tenth of the time while events come in.
constexpr std::chrono::milliseconds look_within(100);

Follower series_follower(warn::Series& series, Outlook& outlook, Corrections& corrections,
                         warn::Series::Constituents constituents, std::function<Day()> first_kept) {
  auto rhythm = std::make_shared<SnapshotRhythm>();
  auto hourly = std::make_shared<Hourly>();
  return {.name = "series",
          .watermark = [&] { return series.applied(); },
          .apply = [&series, &corrections, constituents,
                    rhythm](const BatchPointer& batch) -> Result<void> {
            rhythm->count(std::max<std::size_t>(1, batch->size()));
            if (batch->is_act()) return corrections.in_series(*batch, constituents);
            return series.apply(*batch, constituents(*batch));
          },
          .rest = [&series, &outlook, rhythm, hourly, first_kept](bool flush) -> Result<void> {
            if (hourly->is_due()) series.drop_before(first_kept());
            TRY(outlook.look(look_within));
            if (!rhythm->is_due(0, flush)) return {};
            return rhythm->run([&] { return series.snapshot(outlook.save()); });
          },
          .durable = [&] { return series.watermark(); },
          .visible = [&] { return series.applied(); }};
}

Follower live_follower(Live& live, std::uint64_t from) {
  return {.name = "live",
          .watermark = [from] { return from; },
          .apply = [&live](const BatchPointer& batch) -> Result<void> {
            live.arrived(*batch);
            return {};
          },
          .rest = {},
          .durable = [] { return UINT64_MAX; },
          .visible = {}};
}

// Members see what was flushed: at once while events come in one by one, in pieces while many do.
// DESIGN section 5 gives an event 250 ms from one member to the next.
constexpr std::chrono::milliseconds offers_idle(5), offers_most(50);

Follower offers_follower(store::Offers& offers, std::uint32_t days) {
  auto hourly = std::make_shared<Hourly>();
  return {.name = "offers",
          .watermark = [&] { return offers.watermark(); },
          .apply = [&](const BatchPointer& batch) -> Result<void> {
            TRY(offers.apply(*batch));
            return offers.is_due() ? offers.flush() : Result<void>();
          },
          .rest = [&, hourly, days](bool) -> Result<void> {
            TRY(offers.flush());
            if (!hourly->is_due()) return {};
            while (TRY(offers.forget(TimeUs{days} * us_per_day)) > 0) {
            }
            return {};
          },
          .durable = [&] { return offers.watermark(); },
          .visible = [&] { return offers.watermark(); },
          .applied = [&] { return offers.applied(); },
          .idle = offers_idle,
          .most = offers_most};
}

}  // namespace

Result<void> mend_counts(store::Counts& counts, const store::Columns& columns) {
  if (!counts.is_damaged() || columns.watermark() < counts.applied()) return {};
  auto events = [&](store::Period days,
                    const std::function<Result<void>(const EventBatch&)>& take) -> Result<void> {
    return store::replay(
        columns,
        {.where = fmt::format("time >= {} AND time < {}", times::start_of(days.since),
                              times::start_of(days.until)),
         .up_to = counts.applied()},
        [&](EventBatch& batch) { return take(batch); });
  };
  Day whole_from = TRY(columns.whole_from());
  std::size_t days = TRY(counts.mend(whole_from, events));
  if (days > 0)
    spdlog::warn("counts: {} of damaged files counted anew", text::count(days, "day", "days"));
  for (const auto& damage : counts.damaged()) {
    spdlog::error("counts: {} is not whole, events were dropped: {}", times::format_day(damage.day),
                  damage.what);
  }
  return {};
}

std::vector<Follower> followers(const Stores& stores) {
  std::vector<Follower> all = {
      columns_follower(stores.columns, stores.corrections, stores.drop_events),
      route_follower(stores.router, stores.findings, stores.is_news),
      findings_follower(stores.findings, stores.live, stores.corrections),
      counts_follower(stores.counts, stores.columns, stores.corrections, stores.first_counts),
      series_follower(stores.series, stores.outlook, stores.corrections, stores.constituents,
                      stores.first_counts),
      live_follower(stores.live, stores.last_seq)};
  if (stores.offers != nullptr) all.push_back(offers_follower(*stores.offers, stores.offered_days));
  return all;
}

}  // namespace tocsin::node
