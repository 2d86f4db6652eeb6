// Deliveries: the report files of a world, with the faults that deliveries have: rows that repeat
// others, broken rows, rows that stand in the next day's report, reports that come late or twice.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "sim/world.h"

namespace tocsin::sim {

// One file, and what a right intake of all files in the order of `delivered` makes of it.
struct Delivered {
  std::string path;  // below OUT
  FeedId feed;
  TimeUs delivered = 0;
  std::uint64_t rows = 0;        // without the header
  std::uint64_t events = 0;      // taken in
  std::uint64_t duplicates = 0;  // of events taken in before
  std::uint64_t rejected = 0;
  bool repeat = false;  // the same bytes as an earlier file: nothing of it is taken in
};

// Which report: one a day.
struct Report {
  Way way;  // whose header and faults it has
  FeedId feed;
  std::string_view name;  // "event4_sinkhole"
  Country country;        // empty: of all members
};

class Deliveries {
 public:
  // Makes the folder `out` if need be. Errors: invalid (it is not empty), unavailable.
  // Nothing is delivered after `now`.
  static Result<Deliveries> into(const std::string& out, const Faults& faults, std::uint64_t seed,
                                 TimeUs now = INT64_MAX);

  // Begins the report of `day`, unless one is open. `holds_back`: rows may wait for the next day.
  void open(const Report& report, Day day, bool holds_back);
  void row(std::string_view text);     // an event that no row said before, without line end
  void repeat(std::string_view text);  // a row that was said before, as it was
  // Ends the report; one without a row leaves no file. Errors: unavailable (disk).
  Result<void> close();

  const std::vector<Delivered>& files() const { return files_; }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  struct Carried {
    std::vector<std::string> late;       // rows for the next report
    std::vector<std::string> yesterday;  // some rows of the report before
  };
  void begin_file();
  void line(std::string_view text);
  void repeat_one(std::uint64_t drawn);
  void flush();
  Result<void> deliver_again(const Delivered& first, std::string_view extra_row);
  Carried& carried();

  std::string out_;
  Faults faults_;
  TimeUs now_us_ = INT64_MAX;
  std::uint64_t seed_ = 0, key_ = 0;  // of the world; of the open report
  Report report_{};
  Day day_ = 0;
  std::string day_text_, scratch_;
  bool holds_back_ = false;
  std::unique_ptr<std::FILE, Close> file_;
  bool wrong_ = false;
  std::string buffer_;
  Delivered now_;
  std::vector<std::string> recent_;  // rows of the open report that may be repeated
  std::uint64_t row_number_ = 0;
  std::map<std::string, Carried, std::less<>> carried_;
  std::vector<Delivered> files_;
  std::uint64_t rows_ = 0, bytes_ = 0;
};

// A whole file at once. Errors: unavailable.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace tocsin::sim
