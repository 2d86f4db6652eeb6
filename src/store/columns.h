// Columns: every event, for any question. DuckDB, one file per month of arrival behind one view
// `events`. A follower of the journal. Source: DESIGN D3, D4.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "model/batch.h"
#include "store/duck.h"
#include "store/filter.h"

namespace tocsin::store {

inline constexpr int columns_schema = 3;                    // 3: flags, echoes
inline constexpr std::size_t columns_flush_rows = 122'880;  // one row group of DuckDB
inline constexpr TimeUs columns_flush_after_us = us_per_s;

struct EventQuery {
  Filter filter;
  TimeUs since = time_none, until = time_none;  // of the event's time
  EventId after = 0;  // a cursor: events that come after this one in the order asked for; 0: all
  bool oldest_first = false;
  std::size_t limit = 50;
  EventId id = 0;  // exactly this one
  std::uint64_t report = 0;
};

class Columns {
 public:
  // Takes what is about to go: an SQL condition over `events`.
  using Fold = std::function<Result<void>(const std::string& where)>;
  // Must events of this month of arrival ("2026_11") stay?
  using Held = std::function<Result<bool>(const std::string& month)>;
  struct Options {
    // With one thread DuckDB appends straight to its row groups; with more, each thread fills a
    // part that is copied again: intake then takes a third more CPU (tocsin bench ingest).
    unsigned memory_mb = 512, threads = 1;
  };
  // Brings files of older schemas up to date. Errors: unavailable; invalid, if a file's schema is
  // newer.
  static Result<std::unique_ptr<Columns>> open(const std::string& folder, const Options& options,
                                               const Dictionary& words);

  // The last seq whose effect is durable here.
  std::uint64_t watermark() const { return watermark_.load(); }
  // Takes a batch, in the order of seq; one at or below the last is not taken again. It is durable
  // and visible with the next flush(), which apply() calls when enough rows wait, and again with
  // the same batch after an error. One thread. Errors: those of flush().
  Result<void> apply(std::shared_ptr<const EventBatch> batch);
  Result<void> flush();
  bool is_waiting() const { return !waiting_.empty(); }  // for more rows, to be written with them

  // The rows of an answer, in its order. `events.extra` holds destination.fqdn, destination.url and
  // source.account too.
  struct Found {
    EventBatch events;
    std::vector<EventId> ids;
    std::vector<std::uint64_t> reports;
    std::vector<WordId> feeds, report_types;
  };
  // Any thread; a few at once. Errors: unavailable, also after `timeout_ms`.
  Result<Found> events(const EventQuery& query, unsigned timeout_ms = 10'000) const;
  Result<std::uint64_t> count(const EventQuery& query, unsigned timeout_ms = 10'000) const;
  // Any SELECT over the view `events`: for questions that no cut answers, and for tests.
  Result<void> select(const std::string& sql, const std::function<void(const DuckChunk&)>& chunk,
                      unsigned timeout_ms) const;
  std::string where(const EventQuery& query) const;
  // A SELECT that gives the events with a column `arrived` more: when their month of arrival began.
  std::string with_arrival() const;
  // The first day of which all events are there; retention has dropped what arrived before. The
  // smallest number where it has dropped nothing.
  Result<Day> whole_from() const;

  // For exact duplicates: the days (of event time) that hold events, and the hashes of one day.
  Result<std::vector<Day>> days() const;
  Result<std::vector<Hash128>> hashes(Day day) const;

  // What c2-server events say of controllers: the last seen first, `most` at most. Not those at
  // sinkholes and sensors, nor those without a country.
  struct SeenController {
    WordId family;
    Ip ip;
    std::string name;
    Country country;
    Day first, last;
  };
  Result<std::vector<SeenController>> seen_controllers(std::size_t most) const;
  // Every address that some event calls a sinkhole's or a sensor's.
  Result<std::vector<Ip>> sinks() const;

  // Corrections; the thread of apply(), but for scope(). After flush(): takes the act's events out,
  // and lets the first report that told one of them too tell it. What a stop leaves half done, the
  // same act once more does to its end; pass() makes the act's seq the watermark.
  Result<void> take_out(const Correction& act);
  struct Joined {
    EventId id;
    ControllerReason reason;
    WordId word;
    Country country;
  };
  Result<void> rejoin(const std::vector<Joined>& joins);
  Result<void> pass(std::uint64_t seq, TimeUs received);
  // What a report says, as a correction that withdraws it. Any thread, once the columns have it.
  struct Scope {
    Correction correction;
    std::uint64_t events = 0, echoes = 0;
  };
  Result<Scope> scope(std::uint64_t report) const;
  // How many echoes each of these reports has.
  Result<std::map<std::uint64_t, std::uint64_t>> echoes(
      const std::vector<std::uint64_t>& reports) const;

  // Erasing; while the thread of apply() rests. Months (as in scope) that hold the events; empty:
  // all. Writes their files anew without what was deleted.
  Result<void> rewrite(const std::vector<std::string>& months);
  Result<std::vector<std::string>> months_of(const std::vector<EventId>& events) const;

  // Retention of some events of a month of arrival before `day`'s: those that the SQL condition
  // picks. `fold` is handed them before they go. Gives how many went.
  struct Rule {
    std::string where;
    Day before;
  };
  Result<std::size_t> thin(const std::vector<Rule>& rules, const Fold& fold, const Held& held);

  // Writes what waits in logs to its place and gives memory back to the system: for when nothing
  // comes in. The thread of apply(). Errors: unavailable.
  Result<void> relax();

  // Retention: drops the files of months of arrival that are not `held` and lie before `day`'s
  // month, but never the newest. The thread of apply(). Gives how many went. Errors: unavailable;
  // the rest goes with the next.
  Result<std::size_t> drop_before(Day day, const Fold& fold = {}, const Held& held = {});
  // Copies every file, as it was when seq `up_to` (at most watermark()) was the last, into
  // `folder`, which must lie in the store's folder.
  Result<void> backup_to(const std::string& folder, std::uint64_t up_to) const;

 private:
  Columns(std::string folder, Duck duck, const Dictionary& words)
      : folder_(std::move(folder)), duck_(std::move(duck)), words_(words) {}
  Result<void> attach(const std::string& month);
  Result<void> prepare(const std::string& catalog);
  Result<void> migrate(const std::string& catalog, int schema);
  Result<void> make_view();
  Result<void> note_dropped();
  Result<void> in_transaction(const std::vector<std::string>& steps);
  std::string all_echoes() const;
  Result<void> write_month(const std::string& month, std::size_t from, std::size_t to);

  std::string folder_;
  unsigned memory_mb_ = 0;
  bool migrated_ = false;  // a file of before kept_from was opened
  Duck duck_;
  const Dictionary& words_;
  DuckConnection writer_;
  std::vector<std::string> months_;  // "2026_11", attached as m2026_11
  std::vector<std::shared_ptr<const EventBatch>> waiting_;
  std::size_t waiting_rows_ = 0, waiting_echoes_ = 0;
  std::uint64_t taken_ = 0;
  std::atomic<std::uint64_t> watermark_ = 0;
  mutable std::shared_mutex files_;  // shared: queries; unique: attaching and dropping files
};

}  // namespace tocsin::store
