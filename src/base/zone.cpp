#include "base/zone.h"

#include <array>
#include <cstdlib>

#include "base/mapped_file.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr int last_year = 2100;  // rules are written out until then

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return size == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

// The counts of a TZif header.
struct Counts {
  std::size_t utc_flags, wall_flags, leaps, times, types, letters;

  static Counts read(std::string_view bytes) {
    std::array<std::size_t, 6> n{};
    for (std::size_t i = 0; i < 6; ++i) {
      n[i] = static_cast<std::size_t>(big_endian(bytes, 20 + i * 4, 4)) & 0xffff;
    }
    return {n[0], n[1], n[2], n[3], n[4], n[5]};
  }
  std::size_t size(std::size_t time_octets) const {
    return times * (time_octets + 1) + types * 6 + letters + leaps * (time_octets + 4) + utc_flags +
           wall_flags;
  }
};

// A reader of the footer's rule: "CET-1CEST,M3.5.0,M10.5.0/3". Source: POSIX TZ.
class Rule {
 public:
  explicit Rule(std::string_view text) : rest_(text) {}

  struct Date {
    unsigned month = 0, week = 0, weekday = 0;
    std::int32_t time_s = 7200;
  };

  bool read() {
    letters();
    standard_s = -time();
    if (rest_.empty()) return false;
    letters();
    summer_s = rest_.starts_with(',') ? standard_s + 3600 : -time();
    return date(begin) && date(end);
  }

  std::int32_t standard_s = 0, summer_s = 0;
  Date begin, end;

 private:
  void letters() {
    bool quoted = rest_.starts_with('<');
    std::size_t end_at = quoted ? rest_.find('>') + 1 : rest_.find_first_of("+-0123456789,");
    rest_.remove_prefix(std::min(end_at, rest_.size()));
  }
  std::int32_t number() {
    std::int32_t value = 0;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9' && value < 100'000) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::int32_t time() {
    bool negative = skip('-');
    if (!negative) skip('+');
    std::int32_t value = number() * 3600;
    if (skip(':')) value += number() * 60;
    if (skip(':')) value += number();
    return negative ? -value : value;
  }
  bool date(Date& d) {
    if (!skip(',') || !skip('M')) return false;
    d.month = static_cast<unsigned>(number());
    if (!skip('.')) return false;
    d.week = static_cast<unsigned>(number());
    if (!skip('.')) return false;
    d.weekday = static_cast<unsigned>(number());
    if (skip('/')) d.time_s = time();
    return d.month >= 1 && d.month <= 12 && d.week >= 1 && d.week <= 5 && d.weekday < 7;
  }
  std::string_view rest_;
};

// The local time, as if UTC, of a rule's date in `year`.
TimeUs local_time(const Rule::Date& d, int year) {
  Day first = times::day_from({year, d.month, 1});
  auto weekday = static_cast<unsigned>(((first % 7) + 7 + 4) % 7);  // 1970-01-01 was a Thursday
  Day day = first + static_cast<Day>((d.weekday + 7 - weekday) % 7 + (d.week - 1) * 7);
  while (day >= times::next_month(first)) day -= 7;
  return times::start_of(day) + d.time_s * us_per_s;
}

Result<std::int32_t> offset(std::string_view text) {
  auto probe = times::parse(std::string("1970-01-02T00:00:00") += text);
  if (!probe) return invalid("no time zone: " + text::quote(text));
  return static_cast<std::int32_t>((us_per_day - *probe) / us_per_s);
}

}  // namespace

Result<Zone> Zone::named(std::string_view name) {
  Zone zone;
  if (name == "UTC" || name == "Z" || name == "GMT") return zone;
  auto unknown = [&] { return invalid("no time zone " + text::quote(name)); };
  if (name.starts_with('+') || name.starts_with('-')) {
    zone.first_offset_s_ = TRY(offset(name));
    return zone;
  }
  bool plain = !name.empty() && name.size() < 64 && !name.contains("..") && !name.starts_with('/');
  for (char c : name) {
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' ||
                      c == '-' || c == '+');
  }
  if (!plain) return unknown();
  auto file = MappedFile::open("/usr/share/zoneinfo/" + std::string(name));
  if (!file) return unknown();
  std::string_view bytes = file->bytes();
  constexpr std::size_t header = 44;
  if (bytes.size() < header || !bytes.starts_with("TZif") || bytes[4] < '2') return unknown();
  std::size_t skip = header + Counts::read(bytes).size(4);  // the 32-bit part
  if (bytes.size() < skip + header) return unknown();
  bytes.remove_prefix(skip);
  Counts n = Counts::read(bytes);
  bytes.remove_prefix(header);
  if (bytes.size() < n.size(8) || n.types == 0) return unknown();
  auto type_offset = [&](std::size_t type) {
    std::size_t at = n.times * 9 + std::min(type, n.types - 1) * 6;
    return static_cast<std::int32_t>(big_endian(bytes, at, 4));
  };
  zone.first_offset_s_ = type_offset(0);
  for (std::size_t i = 0; i < n.times; ++i) {
    std::int64_t at_s = big_endian(bytes, i * 8, 8);
    if (at_s < -9'000'000'000 || at_s > 9'000'000'000) continue;
    zone.changes_.push_back(
        {at_s * us_per_s, type_offset(static_cast<unsigned char>(bytes[n.times * 8 + i]))});
  }
  Rule rule(text::trim(bytes.substr(n.size(8))));
  if (!rule.read()) return zone;
  TimeUs last = zone.changes_.empty() ? 0 : zone.changes_.back().at;
  for (int year = std::max(1970, times::civil(times::day_of(last)).year); year <= last_year;
       ++year) {
    Change begin{local_time(rule.begin, year) - rule.standard_s * us_per_s, rule.summer_s};
    Change end{local_time(rule.end, year) - rule.summer_s * us_per_s, rule.standard_s};
    if (end.at < begin.at) std::swap(begin, end);
    for (const Change& change : {begin, end}) {
      if (change.at > last) zone.changes_.push_back(change);
    }
  }
  return zone;
}

Result<TimeUs> Zone::to_utc(TimeUs local) const {
  // The last change that has happened by then, by its own new offset; at most two come into
  // question.
  auto after = std::ranges::upper_bound(changes_, local + us_per_day, {}, &Change::at);
  auto begin = changes_.begin();
  while (after != begin) {
    const Change& change = *(after - 1);
    std::int32_t before_s = after - 1 == begin ? first_offset_s_ : (after - 2)->offset_s;
    if (local - change.offset_s * us_per_s >= change.at) return local - change.offset_s * us_per_s;
    if (local - before_s * us_per_s >= change.at) {
      return invalid("no such local time: " + times::format(local));
    }
    --after;
  }
  return local - first_offset_s_ * us_per_s;
}

TimeUs Zone::to_local(TimeUs utc) const {
  auto after = std::ranges::upper_bound(changes_, utc, {}, &Change::at);
  std::int32_t offset_s = after == changes_.begin() ? first_offset_s_ : std::prev(after)->offset_s;
  return utc + offset_s * us_per_s;
}

TimeUs Zone::start_of(Day day) const {
  TimeUs local = times::start_of(day), first = INT64_MAX;
  auto consider = [&](TimeUs utc) {
    if (times::day_of(to_local(utc)) >= day) first = std::min(first, utc);
  };
  // Midnight by the offsets of the days around, or a change that jumps over it.
  for (TimeUs near : {local - us_per_day, local + us_per_day})
    consider(local + near - to_local(near));
  auto change = std::ranges::lower_bound(changes_, local - us_per_day, {}, &Change::at);
  for (; change != changes_.end() && change->at < local + us_per_day; ++change)
    consider(change->at);
  return first;
}

}  // namespace tocsin
