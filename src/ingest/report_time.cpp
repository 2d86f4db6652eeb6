#include "ingest/report_time.h"

#include <cmath>

#include "base/text.h"

namespace tocsin::ingest {
namespace {

constexpr TimeUs last_time = 253'402'300'800LL * us_per_s;  // the year 10000

std::unexpected<Error> not_a_time(std::string_view text) {
  return invalid("not a time: " + text::quote(text));
}

// "1590360328.48742" in units of `unit_us`; every digit counts.
Result<TimeUs> epoch(std::string_view text, std::string_view unit) {
  std::string_view rest = text, whole_text = text::cut(rest, '.');
  auto whole = text::number(whole_text);
  if (!whole || *whole > UINT64_MAX / 4) return not_a_time(text);
  TimeUs unit_us = unit == "epoch_ms" ? 1000 : unit == "epoch_us" ? 1 : us_per_s;
  if (unit == "epoch_any") {
    unit_us = *whole > 100'000'000'000'000 ? 1 : *whole > 100'000'000'000 ? 1000 : us_per_s;
  }
  if (*whole > static_cast<std::uint64_t>(last_time / unit_us)) return not_a_time(text);
  TimeUs time = static_cast<TimeUs>(*whole) * unit_us, digit_us = unit_us;
  for (char c : rest) {
    if (c < '0' || c > '9') return not_a_time(text);
    digit_us /= 10;
    time += (c - '0') * digit_us;
  }
  return time;
}

Result<TimeUs> filetime(std::string_view text) {
  constexpr std::uint64_t unix_epoch = 116'444'736'000'000'000ULL;  // in 100 ns since 1601
  auto value = text::number(text);
  if (!value || *value < unix_epoch ||
      (*value - unix_epoch) / 10 >= static_cast<std::uint64_t>(last_time)) {
    return not_a_time(text);
  }
  return static_cast<TimeUs>((*value - unix_epoch) / 10);
}

// True if the text of an ISO time tells its zone.
bool tells_zone(std::string_view text) {
  if (text.size() < 11) return false;
  if (text.ends_with('Z') || text.ends_with('z') || text.ends_with("UTC") || text.ends_with("GMT"))
    return true;
  return text.find_first_of("+-", 11) != std::string_view::npos;
}

bool tells_year(std::string_view format) {
  for (std::string_view one : {"%Y", "%y", "%D", "%F", "%s", "%c", "%x"}) {
    if (format.contains(one)) return true;
  }
  return false;
}

Result<TimeUs> without_year(std::string_view text, std::string_view format, TimeUs received) {
  if (received <= 0) return invalid("a time without a year: " + text::quote(text));
  int year = times::civil(times::day_of(received)).year;
  for (int back = 0; back < 5; ++back) {  // 29 February may be four years ago
    std::string dated = std::to_string(year - back) + " ";
    auto time = times::parse_as(dated.append(text), std::string("%Y ").append(format));
    if (time && *time <= received + us_per_day) return time;
  }
  return not_a_time(text);
}

}  // namespace

Result<TimeUs> report_time(std::string_view text, std::string_view format, const Zone* zone,
                           TimeUs received) {
  text = text::trim(text);
  if (format.starts_with("epoch")) return epoch(text, format);
  if (format == "filetime") return filetime(text);
  bool iso = format.empty() || format == "iso" || format == "iso-with-zone";
  auto parsed = iso                  ? times::parse(text)
                : tells_year(format) ? times::parse_as(text, format)
                                     : without_year(text, format, received);
  if (!parsed) return parsed;
  TimeUs time = *parsed;
  if (time < 0 || time >= last_time) return not_a_time(text);
  if (iso ? tells_zone(text) : format.contains("%z") || format.contains("%s")) return time;
  if (zone == nullptr || format == "iso-with-zone") {
    return invalid("a time without a zone: " + text::quote(text));
  }
  return zone->to_utc(time);
}

}  // namespace tocsin::ingest
