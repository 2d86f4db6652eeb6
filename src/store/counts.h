// Counts: how many events and distinct subjects, by a short list of cuts, exactly; a follower of
// the journal. Events an hour and exact sets a day are kept in immutable files of one day each;
// whole months are merged from them in idle time. Source: DESIGN D3, D5, D6; docs/statistics.md.
//
// A file is named by the manifest or it does not count: a crash between two snapshots leaves files
// that the next open() removes, and the journal is replayed from the manifest's watermark.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/batch.h"
#include "store/count_file.h"
#include "store/day_counts.h"
#include "store/stats.h"

namespace tocsin::store {

// A count file that the manifest names, opened when it is first asked. The last owner removes it if
// it is doomed, so that a question that is being answered keeps its files.
class StoredCounts {
 public:
  StoredCounts(std::string path, std::uint64_t number, Day day, std::uint64_t size)
      : path_(std::move(path)), number_(number), day_(day), size_(size) {}
  StoredCounts(const StoredCounts&) = delete;
  StoredCounts& operator=(const StoredCounts&) = delete;
  ~StoredCounts();

  // Any thread. Errors: those of CountFile::open().
  Result<const CountFile*> file() const;
  void doom() { doomed_ = true; }

  std::uint64_t number() const { return number_; }
  Day day() const { return day_; }  // or the first of its month
  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }
  bool is_month() const { return path_.ends_with(".month"); }
  // Gives the memory of what was read back to the system; what is asked again is mapped again.
  void relax() const;

 private:
  std::string path_;
  std::uint64_t number_;
  Day day_;
  std::uint64_t size_;
  std::atomic<bool> doomed_ = false;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const CountFile> file_;
};
using StoredPtr = std::shared_ptr<StoredCounts>;  // shared: the store and the questions that run

class Counts {
 public:
  struct Options {
    std::size_t memory_bytes = 256u << 20;  // of what is not yet written
    unsigned threads = 2;                   // a question uses at most
  };
  using Key = std::array<std::uint8_t, 16>;  // for the hashes of names: the node's secret

  // Errors: invalid, if the manifest is damaged or of a newer version; unavailable.
  // Damaged or absent files of single days do not stop it: see damaged().
  static Result<std::unique_ptr<Counts>> open(const std::string& folder, const Key& key,
                                              const Options& options);
  Counts(const Counts&) = delete;
  Counts& operator=(const Counts&) = delete;
  ~Counts();

  // The last seq whose effect is durable here.
  std::uint64_t watermark() const { return watermark_.load(); }
  // The last seq that apply() took.
  std::uint64_t applied() const { return applied_.load(); }

  // The following belong to one thread, the follower's; questions may run beside them.

  // Takes a batch, in the order of seq; one at or below applied() is ignored. Errors: unavailable,
  // if memory is full and cannot be written out; the batch counts as taken nevertheless.
  Result<void> apply(const EventBatch& batch);
  // Makes all that was applied durable and moves the watermark.
  Result<void> snapshot();
  // One piece of work that speeds later questions up: merges one finished month. False: nothing is
  // left to do. Durable with the next snapshot(). For idle time, and the end of bulk loads.
  Result<bool> tidy();
  // Retention: the exact sets of months whose last event arrived before `day` go; their figures
  // stay, frozen: what arrives for such a month later changes them no more. Gives the number of
  // months. Durable at its return.
  Result<std::size_t> drop_before(Day day);
  // Hands over every stored event of the days whose seq is at most applied().
  using Events = std::function<Result<void>(
      Period days, const std::function<Result<void>(const EventBatch&)>& take)>;
  // Counts the days of damaged files anew, and makes it durable. `whole_from`: the first day of
  // which all events are there; earlier ones stay marked as lost. Gives the number of days.
  // Errors: those of `events` and snapshot(): the days stay damaged, the next call begins again.
  Result<std::size_t> mend(Day whole_from, const Events& events);
  // Counts the act's days anew from what is left of their events, up to the act; not those before
  // `whole_from`, nor frozen ones: they stay as they are. Durable with the next snapshot(). Errors:
  // those of `events`; the same act once more begins again.
  Result<void> correct(const EventBatch& act, Day whole_from, const Events& events);
  // Takes a subject out of every exact set: an address, or the text of a name, URL or account. The
  // numbers of distinct subjects fall by one where it was; events stay. Gives the number of days;
  // durable with the next snapshot().
  Result<std::size_t> erase(const Ip& ip, std::string_view text);

  // Any thread.

  // Does some cut know all that is asked? Else ask the events: recount().
  static bool keeps(const StatsQuery& query);
  // Errors: invalid: no cut knows all that is asked; unavailable: a file is damaged, and mend()
  // will count its day anew; missing: retention has dropped what the answer needs.
  Result<StatsAnswer> query(const StatsQuery& query) const;
  // Events of each hour of the period, of the cells that fit: 24 a day. Errors: as query().
  Result<std::vector<std::uint64_t>> hourly(Period days, const StatsFilter& filter) const;
  // In how many days' exact sets a subject is: an address (of IPv6 its /64), or the text of a name,
  // URL or account. Errors: those of query().
  Result<std::size_t> days_with(const Ip& ip, std::string_view text) const;
  // Days that have events, first and last; nullopt: none.
  std::optional<Period> covered() const;
  // The first day whose exact sets are there.
  Day frozen_until() const;
  std::size_t memory_bytes() const { return memory_.load(); }
  // Days whose figures are not whole, because a file was absent or damaged.
  struct Damage {
    Day day;
    std::string what;   // names the file
    bool lost = false;  // counted anew, but not all of its events were there any more
  };
  std::vector<Damage> damaged() const;
  std::vector<Damage> verify() const;  // the same after reading every cell of every file
  bool is_damaged() const;  // mend() has work: also when a question has met a damaged file
  // The count files and the manifest that the last snapshot named, for a backup; they stay while
  // the result lives.
  struct Files {
    std::vector<std::string> paths;
    std::vector<StoredPtr> held;
  };
  Files files() const;

 private:
  friend class StatsRun;
  struct Token {};

 public:
  Counts(Token, std::string folder, const Key& key, const Options& options)
      : folder_(std::move(folder)), key_(key), options_(options) {}

 private:
  struct Month {
    StoredPtr file;
    std::set<std::uint64_t> covers;  // numbers of the day files merged in it
  };
  // What a question looks at; the files cannot vanish meanwhile.
  struct View {
    std::vector<StoredPtr> files;
    struct Open {
      Day day;
      CountKey key;
      std::uint64_t events;
      SubjectSet set;
      Hours hours;
    };
    std::vector<Open> open;
    std::vector<StoredPtr> frozen;  // figures of frozen months that overlap
  };

  Result<void> read_manifest();
  Result<void> write_manifest();
  void remove_strangers();
  void count_rows(const EventBatch& batch, std::optional<Period> only);
  Result<void> spill(std::size_t down_to);
  Result<void> write_day(Day day);
  Result<StoredPtr> write_merged(const std::string& suffix, Day day,
                                 const std::vector<StoredPtr>& inputs, const DayCounts* open);
  Result<void> merge_month(Day month);
  void take_out_damaged();
  Result<void> forget(Period days);
  Result<void> count_anew(Period days, const Events& events);
  Result<void> write_open();
  template <class T>
  Result<T> suspecting(Result<T> done) const;
  Result<void> freeze_month(Day month);
  StoredPtr add_file(const std::string& suffix, Day day, std::uint64_t number, std::uint64_t size);
  std::string path_of(const std::string& suffix, Day day, std::uint64_t number) const;
  void doom(const StoredPtr& file) { doomed_.push_back(file); }
  // Of the cells that `wanted` takes. Whole months come from their merged files if `months`.
  View view(Period period, bool months, const std::function<bool(const CountKey&)>& wanted) const;
  std::uint64_t name_hash(std::string_view text) const;

  const std::string folder_;
  const Key key_;
  const Options options_;
  mutable std::shared_mutex mutex_;  // unique: the follower changes what follows
  std::map<Day, DayCounts> open_;
  std::map<Day, std::vector<StoredPtr>> days_;
  std::map<Day, Month> months_;      // by the first of the month
  std::map<Day, StoredPtr> frozen_;  // ... whose sets are gone
  std::map<Day, Day> arrived_;       // by month: the last day on which an event of it arrived
  std::vector<StoredPtr> doomed_;    // removed once no manifest names them
  std::vector<StoredPtr> unsynced_;  // written since the last manifest
  std::vector<Damage> damaged_;
  mutable std::atomic<bool> suspect_ = false;  // a damaged file was met; which, mend() finds out
  std::uint64_t next_number_ = 1;
  bool changed_ = true;  // since the last manifest, or there is none
  std::atomic<std::uint64_t> watermark_ = 0, applied_ = 0;
  std::atomic<std::size_t> memory_ = 0;
};

// Of what reads files: the only `invalid` there is a damaged file.
template <class T>
Result<T> Counts::suspecting(Result<T> done) const {
  if (done || done.error().fault != Fault::invalid) return done;
  suspect_ = true;
  return unavailable(done.error().what +
                     "; its days are counted anew from the events: ask again soon");
}

}  // namespace tocsin::store
