// History: the files of past days of the series in a folder: one file a day, written anew when late
// events change it, under a new number. A file that the state does not name does not count: so a
// crash between two snapshots leaves files that open() removes. Source: DESIGN D3.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "warn/day_series.h"

namespace tocsin::warn {

class History {
 public:
  struct Named {
    std::uint64_t number = 0, size = 0;
  };
  using Files = std::map<Day, Named>;

  explicit History(std::string folder) : folder_(std::move(folder)) {}

  // Writes a file that nothing names yet. Errors: unavailable.
  Result<Named> write(Day day, std::string_view bytes);
  // Errors: missing; invalid: damaged; unavailable.
  Result<DaySeries> read(Day day, const Named& named) const;
  // Whatever `files` does not name.
  void remove_others(const Files& files) const;
  void next_number(std::uint64_t number) { next_ = number; }
  std::string path(Day day, std::uint64_t number) const;

 private:
  std::string folder_;
  std::uint64_t next_ = 1;
};

}  // namespace tocsin::warn
