// Zone: local times of named time zones, for reports that tell times without an offset.
// Source: RFC 8536 (TZif); the files of Debian's tzdata.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tocsin {

class Zone {
 public:
  // "UTC", "+02:00", or a name of the tz database ("Europe/Warsaw"). Errors: invalid.
  static Result<Zone> named(std::string_view name);

  // The instant of a local time, given as if it were UTC. A time that occurs twice (clocks going
  // back) is the later one. Errors: invalid, if clocks going forward jumped over it.
  Result<TimeUs> to_utc(TimeUs local) const;
  TimeUs to_local(TimeUs utc) const;
  // The instant at which a local day begins: midnight, or where clocks jumped over that, the first
  // moment after it.
  TimeUs start_of(Day day) const;

 private:
  struct Change {
    TimeUs at;              // UTC
    std::int32_t offset_s;  // east, from then on
  };
  std::int32_t first_offset_s_ = 0;
  std::vector<Change> changes_;
};

}  // namespace tocsin
