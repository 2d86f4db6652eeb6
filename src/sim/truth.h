// Truth: what a right count of the world's reports gives, kept while the world is made and never
// read from the files. Exact sets: IPv4 addresses as bitmaps, IPv6 by /64, names by 64-bit hashes.
// Memory: the sets of each figure for the running day and month, and for each period.
#pragma once

#include <roaring/roaring.hh>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "sim/deliveries.h"
#include "sim/sim.h"
#include "sim/world.h"

namespace tocsin::sim {

// One event, once.
struct Counted {
  Country country{};
  Kind kind{};
  std::uint16_t family = 0;
  FeedId feed{};
  std::uint32_t address4 = 0;  // 0: none
  std::uint64_t network6 = 0;  // the upper half; 0: none
  std::uint64_t name = 0;      // hash of a host name; 0: none
  std::uint32_t host = 0;      // the true host behind it; 0: not told
  Country controller{};        // as the feed says; empty: unknown
  Country joined{};            // ... or else by the listed controllers of the family
};

// 64-bit values, each once.
class Numbers {
 public:
  void add(std::uint64_t value) { values_.push_back(value); }
  void merge(const Numbers& other);  // both tidy
  void tidy();                       // sorts, drops doubles
  void clear() { values_.clear(); }
  std::size_t size() const { return values_.size(); }

 private:
  std::vector<std::uint64_t> values_;
};

// The subjects and events of one cut in one stretch of time.
struct Figures {
  Roaring addresses4, hosts;
  Numbers networks6, names;
  std::uint64_t events = 0;
  std::uint64_t daily = 0;  // the sum of the distinct of each day

  void merge(const Figures& day, bool with_names);
  void tidy();
  void clear() { *this = {}; }
};

class Truth {
 public:
  explicit Truth(const World& world) : world_(world), periods_(world.periods.size()) {}

  void count(const Counted& event);  // on the day that is running
  void end_day();
  void end_month(Day any_day_of_it);
  void end_period(std::size_t period);

  std::uint64_t events() const { return events_; }
  // The whole of truth.json, and the figures of the summary. After the last end_period().
  std::string text(const Options& options, std::span<const Delivered> files, Summary& summary);

 private:
  // In the order in which a day is folded: families into types, types into countries.
  enum class Cut : std::uint8_t { family, controller, joined, feed, type, country };
  struct Key {
    Cut cut;
    Country country;
    Kind kind;
    std::uint16_t part;  // family, controller's country code, feed
    auto operator<=>(const Key&) const = default;
  };
  struct Cell {
    Figures day, month, period;
  };
  // What is kept of a period to compare it with the next.
  struct Past {
    std::map<Key, Figures> feeds;
    std::map<Key, std::uint64_t> distinct, abroad, abroad_named;
  };
  struct Reach {
    std::uint64_t abroad = 0, home = 0, unknown = 0;
  };

  static std::uint64_t distinct(const Key& key, const Figures& figures);
  Reach reach(Cut cut, const Key& type, Figures Cell::* figures) const;
  void write(std::string_view stretch, Figures Cell::* figures, int days);
  void write_row(json::Writer& w, const Key& key, const Figures& figures) const;
  void write_comparison(json::Writer& w) const;
  void write_head(json::Writer& w, const Options& options) const;
  static void write_files(json::Writer& w, std::span<const Delivered> files);

  const World& world_;
  std::map<Key, Cell> cells_;
  std::map<Cut, std::string> rows_;  // JSON objects with commas between
  std::vector<Past> periods_;
  std::uint64_t events_ = 0;
};

// Writes truth.json and feeds.toml beside the reports and sums up. Errors: unavailable.
Result<Summary> write_summary(const Options& options, const World& world,
                              const Deliveries& deliveries, Truth& truth);

}  // namespace tocsin::sim
