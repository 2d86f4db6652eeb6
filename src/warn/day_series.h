// DaySeries: the counts of one day of event time: for each series its events by the quarter of an
// hour and its distinct subjects by the hour. Rows are sparse: quarters without events cost
// nothing. It is what lies in a file of history.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "warn/series_key.h"
#include "warn/subject_sketch.h"

namespace tocsin::warn {

inline constexpr unsigned quarters_of_day = 96;

// The events of one series in one day.
class QuarterCounts {
 public:
  void add(unsigned quarter, std::uint32_t events) {
    if (counts_.size() == quarters_of_day) {
      counts_[quarter] += events;
    } else {
      add_sparse(quarter, events);
    }
  }
  std::uint64_t sum(unsigned from, unsigned to) const;  // quarters [from, to)
  std::uint32_t at(unsigned quarter) const;
  std::size_t size_bytes() const { return counts_.capacity() * sizeof(std::uint32_t); }

  // As they are kept: quarter << 25 | events, or 96 counts.
  std::span<const std::uint32_t> words() const { return counts_; }
  bool load(std::span<const std::uint32_t> words);

 private:
  void add_sparse(unsigned quarter, std::uint32_t events);
  std::vector<std::uint32_t> counts_;
};

class DaySeries {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::size_t subjects_bytes_max = 64u << 20;

  struct HourSubjects {
    std::uint8_t hour = 0;
    std::uint32_t count = 0;  // where the sketch is gone
    SubjectSketch sketch;
  };
  struct Subjects {
    std::vector<HourSubjects> hours;
    SubjectSketch day;  // of hours whose sketch is gone
  };
  struct Row {
    SeriesKey key;
    QuarterCounts events;
    std::unique_ptr<Subjects> subjects;  // nullptr: not counted, the day's memory was used up
  };

  std::uint32_t find(const SeriesKey& key) const;
  std::uint32_t add(const SeriesKey& key);  // there is none yet
  void add_events(std::uint32_t row, unsigned quarter, std::uint32_t events) {
    rows_[row].events.add(quarter, events);
  }
  void add_subject(std::uint32_t row, unsigned hour, std::uint32_t hash);
  // The sketch to which add_subject() would add, until the row gets another hour; nullptr: none.
  SubjectSketch* sketch_for(std::uint32_t row, unsigned hour);
  void add_to(SubjectSketch& sketch, std::uint32_t hash) {
    std::size_t before = sketch.size_bytes();
    sketch.add(hash);
    subjects_bytes_ += sketch.size_bytes() - before;
  }
  const std::vector<Row>& rows() const { return rows_; }
  const Row* row(const SeriesKey& key) const {
    std::uint32_t at = find(key);
    return at == none ? nullptr : &rows_[at];
  }
  std::size_t size_bytes() const;  // about

  // Distinct subjects of a row; nullopt: not counted.
  static std::optional<std::uint64_t> subjects_of_hour(const Row& row, unsigned hour);
  static std::optional<SubjectSketch> subjects_of_day(const Row& row);
  // nullopt: not counted, or only its number is left.
  static std::optional<SubjectSketch> sketch_of_hour(const Row& row, unsigned hour);
  // Hours keep their numbers and the day its sketch: for days to which little comes any more.
  void seal();

  // Packed, without the rows of which `keep` says no. Errors of decode(): invalid.
  std::string encode(const std::function<bool(const Row&)>& keep) const;
  static Result<DaySeries> decode(std::string_view bytes);

 private:
  void grow();

  std::vector<Row> rows_;
  std::vector<std::uint32_t> slots_;  // index + 1; open addressing, a power of two
  std::size_t subjects_bytes_ = 0;
};

}  // namespace tocsin::warn
