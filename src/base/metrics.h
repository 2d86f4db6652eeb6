// Metrics: counters, gauges and histograms of one node, printed in the Prometheus text format.
// Source: Prometheus documentation, "Exposition formats", version 0.0.4.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);  // upper bounds, rising; +Inf is added
  void observe(double value);
  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t count(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::deque<std::atomic<std::uint64_t>> counts_;  // one more than bounds
  std::atomic<double> sum_{0};
};

// Names: [a-z_:][a-z0-9_:]*, with the unit last, counters ending in _total. The same name and
// labels give the same instrument; a name keeps its kind and help. Making one takes a lock, so keep
// the reference, which lives as long as the Metrics; counting takes none. Any thread.
class Metrics {
 public:
  // Beyond this many label sets a name's further ones are counted together under label "other".
  static constexpr std::size_t series_max = 1000;

  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       const Labels& labels = {});
  // A value that is asked for whenever the metrics are printed. `read` is called with no lock held.
  void gauge(std::string_view name, std::string_view help, const Labels& labels,
             std::function<double()> read);

  std::string text() const;

 private:
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  struct Family {
    Kind kind{};
    std::string help{};
    std::map<std::string, std::size_t> series{};  // by its labels as text: place in the deque
    std::map<std::string, std::function<double()>> reads{};
  };
  Family& family(std::string_view name, std::string_view help, Kind kind);
  template <class Store, class... Args>
  auto& instrument(Store& store, Family& family, const Labels& labels, Args&&... args);
  void print(std::string& out, const std::string& name, const Family& family) const;

  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
  std::deque<Counter> counters_;  // a deque never moves them
  std::deque<Gauge> gauges_;
  std::deque<Histogram> histograms_;
};

}  // namespace tocsin
