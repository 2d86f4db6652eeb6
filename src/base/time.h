// Time: microseconds since 1970-01-01 UTC, and the spellings that reports use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin {

// Microseconds since 1970-01-01T00:00:00Z, without leap seconds. time_none: not known.
using TimeUs = std::int64_t;
inline constexpr TimeUs time_none = INT64_MIN;
inline constexpr TimeUs us_per_s = 1'000'000;
inline constexpr TimeUs us_per_hour = 3600 * us_per_s;
inline constexpr TimeUs us_per_day = 24 * us_per_hour;

// Days since 1970-01-01, UTC.
using Day = std::int32_t;

namespace times {

// RFC 3339 and its common relatives, all of the text: date, `T` or blank, time to seconds or with a
// fraction, then `Z`, `+hh:mm`,
// `+hhmm`, " UTC", " GMT" or nothing (UTC). A date alone is its midnight. Seconds may be missing.
// Years 1970 to 9999 in UTC. Errors: invalid, also for 30 February.
Result<TimeUs> parse(std::string_view text);

// The fast path of parse(): "YYYY-MM-DD hh:mm:ss" or with T, optional Z or +00:00. nullopt: ask
// parse().
std::optional<TimeUs> parse_plain(std::string_view text);

// By a strptime(3) pattern with %Y %m %d %H %M %S %y %b %B %a %A %e %j %z %Z %s %f (fraction) %p %I
// %T %D %F; UTC unless the text carries a zone or `zone_offset_s` is given (seconds east). Errors:
// invalid.
Result<TimeUs> parse_as(std::string_view text, std::string_view pattern,
                        std::int32_t zone_offset_s = 0);

std::string format(
    TimeUs time);  // "2026-01-02T03:04:05Z", with ".ffffff" only where it has a fraction
void append(std::string& out, TimeUs time);
std::string format_day(Day day);  // "2026-01-02"
Result<Day> parse_day(std::string_view text);

Day day_of(TimeUs time);  // floor
TimeUs start_of(Day day);
// year, month 1-12, day 1-31 and back. Source: Hinnant, "chrono-Compatible Low-Level Date
// Algorithms".
struct Civil {
  int year;
  unsigned month, day;
};
Civil civil(Day day);
Day day_from(Civil date);
Day month_start(Day day);  // the first of its month
Day next_month(Day day);   // the first of the next month
Day year_before(Day day);  // the same date a year earlier; 29 February becomes 28

TimeUs now();  // the system clock

}  // namespace times
}  // namespace tocsin
