#include "base/time.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace tocsin::times {
namespace {

Day days_from_civil(int year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int>(doe) - 719468;
}

unsigned days_in_month(int year, unsigned month) {
  constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[month - 1];
}

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size()) return false;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  out = value;
  return true;
}

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<TimeUs> assemble(const Parts& p) {
  if (p.year < 1970 || p.month < 1 || p.month > 12 || p.day < 1) return std::nullopt;
  if (static_cast<unsigned>(p.day) > days_in_month(p.year, static_cast<unsigned>(p.month)))
    return std::nullopt;
  if (p.hour > 23 || p.minute > 59 || p.second > 60) return std::nullopt;
  TimeUs day =
      days_from_civil(p.year, static_cast<unsigned>(p.month), static_cast<unsigned>(p.day));
  return day * us_per_day + (p.hour * 3600LL + p.minute * 60LL + p.second) * us_per_s;
}

std::unexpected<Error> not_a_time(std::string_view text) {
  return invalid("not a time: " + text::quote(text));
}

// "+hh:mm", "+hhmm", "+hh", "Z", "UTC", "GMT", "": seconds east.
std::optional<int> zone(std::string_view text) {
  text = text::trim(text);
  if (text.empty() || text == "Z" || text == "z" || text == "UTC" || text == "GMT") return 0;
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  int hours = 0, minutes = 0;
  if (!digits(text, 1, 2, hours)) return std::nullopt;
  std::string_view rest = text.substr(3);
  if (rest.starts_with(':')) rest.remove_prefix(1);
  if (!rest.empty() && (rest.size() != 2 || !digits(rest, 0, 2, minutes))) return std::nullopt;
  if (hours > 15 || minutes > 59) return std::nullopt;
  int offset = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -offset : offset;
}

// A zone may move a time out of the years there are.
Result<TimeUs> within_years(TimeUs time, std::string_view text) {
  static const TimeUs end = days_from_civil(10'000, 1, 1) * us_per_day;
  if (time < 0 || time >= end) return not_a_time(text);
  return time;
}

// Digits after a point as microseconds; removes them from `rest`.
TimeUs fraction(std::string_view& rest) {
  TimeUs value = 0, unit = us_per_s;
  std::size_t used = 0;
  while (used < rest.size() && rest[used] >= '0' && rest[used] <= '9') {
    unit /= 10;
    value += (rest[used++] - '0') * unit;
  }
  rest.remove_prefix(used);
  return value;
}

}  // namespace

std::optional<TimeUs> parse_plain(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.ends_with("+00:00")) text.remove_suffix(6);
  if (text.size() != 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if (text[10] != ' ' && text[10] != 'T') return std::nullopt;
  Parts p;
  if (!digits(text, 0, 4, p.year) || !digits(text, 5, 2, p.month) || !digits(text, 8, 2, p.day) ||
      !digits(text, 11, 2, p.hour) || !digits(text, 14, 2, p.minute) ||
      !digits(text, 17, 2, p.second)) {
    return std::nullopt;
  }
  return assemble(p);
}

Result<TimeUs> parse(std::string_view text) {
  if (auto plain = parse_plain(text)) return *plain;
  std::string_view t = text::trim(text);
  Parts p;
  if (!digits(t, 0, 4, p.year) || t.size() < 10 || t[4] != '-' || t[7] != '-' ||
      !digits(t, 5, 2, p.month) || !digits(t, 8, 2, p.day)) {
    return not_a_time(text);
  }
  TimeUs part = 0;
  std::string_view rest = t.substr(10);
  if (!rest.empty() && (rest[0] == 'T' || rest[0] == 't' || rest[0] == ' ')) {
    rest.remove_prefix(1);
    if (!digits(rest, 0, 2, p.hour) || rest.size() < 5 || rest[2] != ':' ||
        !digits(rest, 3, 2, p.minute)) {
      return not_a_time(text);
    }
    rest.remove_prefix(5);
    if (rest.starts_with(':')) {
      if (!digits(rest, 1, 2, p.second)) return not_a_time(text);
      rest.remove_prefix(3);
    }
    if (rest.size() > 1 && (rest[0] == '.' || rest[0] == ',')) {
      rest.remove_prefix(1);
      part = fraction(rest);
    }
  }
  auto offset = zone(rest);
  auto time = assemble(p);
  if (!offset || !time) return not_a_time(text);
  return within_years(*time + part - *offset * us_per_s, text);
}

Result<TimeUs> parse_as(std::string_view text, std::string_view pattern,
                        std::int32_t zone_offset_s) {
  std::string subject(text::trim(text)), left;
  if (subject.contains('\0')) return not_a_time(text);
  TimeUs part = 0;
  std::string before(pattern);
  if (std::size_t at = before.find("%f"); at != std::string::npos) {
    left = before.substr(at + 2);
    before.resize(at);
  }
  std::tm tm{};
  tm.tm_mday = 1;
  const char* end = strptime(subject.c_str(), before.c_str(), &tm);
  if (end == nullptr) return not_a_time(text);
  if (before.size() + left.size() < pattern.size()) {
    std::string_view rest(end);
    part = fraction(rest);
    end = strptime(rest.data(), left.c_str(), &tm);
    if (end == nullptr) return not_a_time(text);
  }
  if (*end != '\0') return not_a_time(text);
  Parts p{tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec};
  auto time = assemble(p);
  if (!time) return not_a_time(text);
  bool own_zone = pattern.contains("%z") || pattern.contains("%s");
  if (pattern.contains("%s")) {  // strptime fills local time, which the program runs in UTC
    std::tm copy = tm;
    time = static_cast<TimeUs>(timegm(&copy)) * us_per_s;
  }
  auto offset_s = own_zone ? (pattern.contains("%z") ? tm.tm_gmtoff : 0) : zone_offset_s;
  return within_years(*time + part - offset_s * us_per_s, text);
}

void append(std::string& out, TimeUs time) {
  Day day = day_of(time);
  Civil c = civil(day);
  TimeUs left = time % us_per_day;
  if (left < 0) left += us_per_day;
  auto part = left % us_per_s;
  auto s = left / us_per_s;
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month,
                 c.day, s / 3600, s / 60 % 60, s % 60);
  if (part != 0) fmt::format_to(std::back_inserter(out), ".{:06}", part);
  out += 'Z';
}

std::string format(TimeUs time) {
  std::string out;
  append(out, time);
  return out;
}

std::string format_day(Day day) {
  Civil c = civil(day);
  return fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}

Result<Day> parse_day(std::string_view text) {
  if (text.size() != 10) return not_a_time(text);
  return day_of(TRY(parse(text)));
}

Day day_of(TimeUs time) {
  TimeUs day = time / us_per_day;
  return static_cast<Day>(time % us_per_day < 0 ? day - 1 : day);
}

TimeUs start_of(Day day) {
  return day * us_per_day;
}

Civil civil(Day day) {
  const int z = day + 719468;
  const int era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<unsigned>(z - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int>(yoe) + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

Day day_from(Civil date) {
  return days_from_civil(date.year, date.month, date.day);
}

Day month_start(Day day) {
  Civil c = civil(day);
  return day_from({c.year, c.month, 1});
}

Day next_month(Day day) {
  Civil c = civil(day);
  return c.month == 12 ? day_from({c.year + 1, 1, 1}) : day_from({c.year, c.month + 1, 1});
}

Day year_before(Day day) {
  Civil c = civil(day);
  return day_from({c.year - 1, c.month, std::min(c.day, days_in_month(c.year - 1, c.month))});
}

TimeUs now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace tocsin::times
