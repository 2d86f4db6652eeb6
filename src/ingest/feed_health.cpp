#include "ingest/feed_health.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t error_bytes_max = 500;
constexpr double gap_weight = 0.2;  // of the newest gap in the running mean

std::int64_t hour_of(TimeUs time) {
  std::int64_t hour = time / us_per_hour;
  return time % us_per_hour < 0 ? hour - 1 : hour;
}

}  // namespace

// 1, 1.5, 2, 3, 4, 6, 8 ...
std::uint64_t DelayCurve::upper_s(std::size_t bucket) {
  std::uint64_t power = std::uint64_t{1} << (bucket / 2);
  return bucket % 2 == 0 ? power : power + power / 2;
}

void DelayCurve::add(std::int64_t delay_s, std::uint64_t count) {
  std::size_t bucket = 0;
  while (bucket + 1 < buckets && static_cast<std::int64_t>(upper_s(bucket)) < delay_s) ++bucket;
  counts_[bucket] += count;
}

std::uint64_t DelayCurve::total() const {
  std::uint64_t sum = 0;
  for (std::uint64_t count : counts_) sum += count;
  return sum;
}

std::uint64_t DelayCurve::quantile_s(double share) const {
  std::uint64_t all = total(), sum = 0;
  if (all == 0) return 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    sum += counts_[i];
    if (static_cast<double>(sum) >= share * static_cast<double>(all)) return upper_s(i);
  }
  return upper_s(buckets - 1);
}

std::vector<DelayCurve::Point> DelayCurve::points() const {
  std::vector<Point> out;
  std::uint64_t all = total(), sum = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    if (counts_[i] == 0) continue;
    sum += counts_[i];
    out.push_back({upper_s(i), static_cast<double>(sum) / static_cast<double>(all)});
  }
  return out;
}

void HourRing::add(TimeUs at, std::uint64_t count) {
  std::int64_t hour = hour_of(at);
  if (hour < 0 || hour <= newest_ - hours) return;
  for (; newest_ < hour; ++newest_) {
    if (newest_ < hour - hours) newest_ = hour - hours;
    counts_[static_cast<std::size_t>((newest_ + 1) % hours)] = 0;
  }
  counts_[static_cast<std::size_t>(hour % hours)] += count;
}

std::uint64_t HourRing::at_hour(std::int64_t hour) const {
  if (hour < 0 || hour > newest_ || hour <= newest_ - hours) return 0;
  return counts_[static_cast<std::size_t>(hour % hours)];
}

std::vector<std::uint64_t> HourRing::last(TimeUs now, std::int64_t last_hours) const {
  std::vector<std::uint64_t> out;
  for (std::int64_t hour = hour_of(now) - last_hours + 1; hour <= hour_of(now); ++hour) {
    out.push_back(at_hour(hour));
  }
  return out;
}

std::uint64_t HourRing::sum(TimeUs now, std::int64_t last_hours) const {
  std::uint64_t out = 0;
  for (std::uint64_t count : last(now, last_hours)) out += count;
  return out;
}

namespace {

void note_recovery(FeedHealth& health, TimeUs now) {
  if (health.error_at != time_none && health.recovered_at == time_none && now >= health.error_at)
    health.recovered_at = now;
}

}  // namespace

void note_success(FeedHealth& health, TimeUs now) {
  health.last_attempt = now;
  health.last_success = now;
  health.failures = 0;
  note_recovery(health, now);
}

void note_failure(FeedHealth& health, TimeUs now, std::string_view error) {
  health.last_attempt = now;
  ++health.failures;
  health.error_at = now;
  health.recovered_at = time_none;
  health.error = error.substr(0, error_bytes_max);
}

void note_arrival(FeedHealth& health, const Arrival& arrival) {
  if (health.last_delivery != time_none && arrival.at > health.last_delivery) {
    double gap = static_cast<double>(arrival.at - health.last_delivery) / us_per_s;
    health.gap_s = health.gap_s == 0 ? gap : health.gap_s + gap_weight * (gap - health.gap_s);
  }
  health.last_delivery = std::max(health.last_delivery, arrival.at);
  ++health.reports;
  health.events += arrival.events;
  health.duplicates += arrival.duplicates;
  health.rejected += arrival.rejected;
  health.events_hours.add(arrival.at, arrival.events);
  health.rejected_hours.add(arrival.at, arrival.rejected);
  health.newest_event = std::max(health.newest_event, arrival.newest_event);
  note_recovery(health, arrival.at);
}

std::string_view name(FeedState state) {
  switch (state) {
    case FeedState::never:
      return "never";
    case FeedState::on_time:
      return "on time";
    case FeedState::late:
      return "late";
    case FeedState::failed:
      return "failed";
    case FeedState::off:
      break;
  }
  return "off";
}

FeedState state(const Feed& feed, const FeedHealth& health, TimeUs now) {
  if (!feed.enabled) return FeedState::off;
  auto interval = static_cast<double>(std::max(feed.interval_s, feed.terms.interval_least_s));
  auto since_s = [now](TimeUs time) {
    return time == time_none ? INFINITY : static_cast<double>(now - time) / us_per_s;
  };
  if (health.failures > 1 ||
      (health.failures == 1 && since_s(health.last_success) > 2 * interval)) {
    return FeedState::failed;
  }
  if (health.last_success == time_none && health.last_delivery == time_none) {
    return FeedState::never;
  }
  double limit = INFINITY;
  if (feed.usual_delay_s > 0) {
    limit = interval + feed.usual_delay_s;
  } else if (health.gap_s > 0) {
    // A folder or mailbox is looked at often, but filled by somebody's morning run.
    constexpr double day_and_two_hours_s = 26 * 3600;
    bool filled_by_others =
        feed.collector == "directory" || feed.collector == "file" || feed.collector == "imap";
    limit = std::max(3 * health.gap_s + interval, filled_by_others ? day_and_two_hours_s : 0.0);
  }
  double quiet = since_s(health.last_delivery != time_none ? health.last_delivery : now);
  return quiet > limit ? FeedState::late : FeedState::on_time;
}

std::int64_t lag_s(const FeedHealth& health, TimeUs now) {
  if (health.newest_event == time_none) return -1;
  return std::max<std::int64_t>(0, (now - health.newest_event) / us_per_s);
}

int usual_hour(const FeedHealth& health) {
  std::array<std::uint64_t, 24> by_hour{};
  std::int64_t newest = health.events_hours.newest();
  for (std::int64_t hour = newest; hour >= 0 && hour > newest - HourRing::hours; --hour) {
    by_hour[static_cast<std::size_t>(hour % 24)] += health.events_hours.at_hour(hour);
  }
  const auto* most = std::max_element(by_hour.begin(), by_hour.end());
  return *most == 0 ? -1 : static_cast<int>(most - by_hour.begin());
}

namespace {

void write_time(json::Writer& out, std::string_view key, TimeUs time) {
  if (time != time_none) out.member(key, time);
}

void write_ring(json::Writer& out, std::string_view key, const HourRing& ring) {
  out.key(key).object().key("counts").list();
  // Newest first, up to the last that is not 0.
  std::int64_t length = HourRing::hours;
  while (length > 0 && ring.at_hour(ring.newest() - length + 1) == 0) --length;
  for (std::int64_t i = 0; i < length; ++i) out.value(ring.at_hour(ring.newest() - i));
  out.end().member("newest", ring.newest()).end();
}

using Object = simdjson::dom::object;

template <class T>
void read(const Object& object, std::string_view key, T& value) {
  if (T found; object[key].get(found) == simdjson::SUCCESS) value = found;
}

void read_text(const Object& object, std::string_view key, std::string& value) {
  if (std::string_view found; object[key].get(found) == simdjson::SUCCESS) value = found;
}

void read_ring(const Object& object, std::string_view key, HourRing& ring) {
  Object found;
  simdjson::dom::array counts;
  std::int64_t newest = -1;
  if (object[key].get(found) != simdjson::SUCCESS) return;
  if (found["counts"].get(counts) != simdjson::SUCCESS) return;
  read(found, "newest", newest);
  if (newest < 0 || newest > INT64_MAX / us_per_hour - 1) return;
  ring.add(newest * us_per_hour, 0);
  for (std::int64_t hour = newest; simdjson::dom::element element : counts) {
    std::uint64_t count = 0;
    if (hour < 0 || element.get(count) != simdjson::SUCCESS) return;
    ring.add(hour-- * us_per_hour, count);
  }
}

}  // namespace

std::string to_json(const FeedHealth& health) {
  json::Writer out;
  out.object().key("delay").object();
  for (std::size_t i = 0; i < DelayCurve::buckets; ++i) {
    if (std::uint64_t count = health.delay.counts()[i]; count > 0) {
      out.member(std::to_string(i), count);
    }
  }
  out.end().member("duplicates", health.duplicates);
  if (!health.error.empty()) out.member("error", health.error);
  write_time(out, "error_at", health.error_at);
  out.member("events", health.events);
  write_ring(out, "events_hours", health.events_hours);
  out.member("failures", health.failures).member("gap_s", health.gap_s);
  write_time(out, "last_attempt", health.last_attempt);
  write_time(out, "last_delivery", health.last_delivery);
  write_time(out, "last_success", health.last_success);
  write_time(out, "newest_event", health.newest_event);
  write_time(out, "recovered_at", health.recovered_at);
  out.member("rejected", health.rejected);
  write_ring(out, "rejected_hours", health.rejected_hours);
  return out.member("reports", health.reports).end().take();
}

Result<FeedHealth> health_from_json(std::string_view text) {
  simdjson::dom::parser parser;
  Object object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) {
    return invalid("a feed's health is no JSON object");
  }
  FeedHealth out;
  read(object, "last_attempt", out.last_attempt);
  read(object, "last_success", out.last_success);
  read(object, "last_delivery", out.last_delivery);
  read(object, "newest_event", out.newest_event);
  read(object, "error_at", out.error_at);
  read(object, "recovered_at", out.recovered_at);
  read_text(object, "error", out.error);
  std::uint64_t failures = 0;
  read(object, "failures", failures);
  out.failures = static_cast<std::uint32_t>(std::min<std::uint64_t>(failures, UINT32_MAX));
  read(object, "reports", out.reports);
  read(object, "events", out.events);
  read(object, "duplicates", out.duplicates);
  read(object, "rejected", out.rejected);
  read(object, "gap_s", out.gap_s);
  if (!std::isfinite(out.gap_s) || out.gap_s < 0) out.gap_s = 0;
  read_ring(object, "events_hours", out.events_hours);
  read_ring(object, "rejected_hours", out.rejected_hours);
  Object delay;
  if (object["delay"].get(delay) == simdjson::SUCCESS) {
    for (std::size_t i = 0; i < DelayCurve::buckets; ++i) {
      std::uint64_t count = 0;
      read(delay, std::to_string(i), count);
      out.delay.set(i, count);
    }
  }
  return out;
}

}  // namespace tocsin::ingest
