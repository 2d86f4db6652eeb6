#include "warn/delay.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tocsin::warn {
namespace {

constexpr TimeUs quarter_us = us_per_hour / 4;
constexpr TimeUs future_us = us_per_hour;
constexpr std::size_t sampled_max = 64;  // events of a batch
constexpr float fade_a_day = 0.97F;      // half is forgotten in 23 days
constexpr double complete_share = 0.99;  // from here on a tick is judged
constexpr std::int64_t streaming_delay_s = 2 * 3600, streaming_gap_s = 2 * 3600;

// Bucket k ends at 2^(k/4) s.
std::size_t bucket_of(std::int64_t duration_s) {
  if (duration_s <= 1) return 0;
  auto bucket = static_cast<std::size_t>(std::ceil(4 * std::log2(static_cast<double>(duration_s))));
  return std::min(bucket, DurationCurve::buckets - 1);
}

double end_s(std::size_t bucket) {
  return std::exp2(static_cast<double>(bucket) / 4);
}

TimeUs floor_to(TimeUs time, TimeUs step) {
  TimeUs rest = time % step;
  return time - (rest < 0 ? rest + step : rest);
}

}  // namespace

void DurationCurve::add(std::int64_t duration_s, float weight) {
  if (duration_s > longest_s) return;
  weights_[bucket_of(duration_s)] += weight;
  total_ += weight;
}

void DurationCurve::fade(float factor) {
  total_ = 0;
  for (float& weight : weights_) total_ += weight *= factor;
}

std::int64_t DurationCurve::quantile_s(double share) const {
  if (empty()) return 0;
  double sum = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    if (weights_[i] <= 0) continue;
    sum += weights_[i];
    last = i;
    if (sum >= share * total_) break;
  }
  return static_cast<std::int64_t>(std::ceil(end_s(last)));
}

double DurationCurve::share_within(std::int64_t duration_s) const {
  if (empty()) return 1;
  if (duration_s < 0) return 0;
  double sum = 0, from = 0, at = static_cast<double>(duration_s);
  for (std::size_t i = 0; i < buckets; from = end_s(i), ++i) {
    if (end_s(i) > at)
      return std::min(1.0, (sum + weights_[i] * (at - from) / (end_s(i) - from)) / total_);
    sum += weights_[i];
  }
  return 1;
}

std::string DurationCurve::save() const {
  return {reinterpret_cast<const char*>(weights_.data()), sizeof weights_};
}

bool DurationCurve::load(std::string_view bytes) {
  if (bytes.size() != sizeof weights_) return false;
  std::memcpy(weights_.data(), bytes.data(), sizeof weights_);
  if (!std::ranges::all_of(weights_, [](float w) { return std::isfinite(w) && w >= 0; })) {
    *this = {};
    return false;
  }
  fade(1);
  return true;
}

std::string_view name(Cadence cadence) {
  constexpr std::array<std::string_view, 3> names = {"unknown", "streaming", "daily"};
  return names.at(static_cast<std::size_t>(cadence));
}

void FeedClock::take(const EventBatch& batch) {
  if (batch.size() == 0) return;
  TimeUs received = batch.received;
  if (first_received_ == time_none) first_received_ = received;
  if (last_received_ != time_none && times::day_of(received) > times::day_of(last_received_)) {
    auto days = std::min(365, times::day_of(received) - times::day_of(last_received_));
    float factor = std::pow(fade_a_day, static_cast<float>(days));
    for (DurationCurve* curve : {&delay_, &day_delay_, &gap_}) curve->fade(factor);
  }
  last_received_ = received;  // also where the clock went back
  // A clock that was ahead has left the newest event in the future.
  if (newest_ != time_none && newest_ > received + future_us) newest_ = received;
  TimeUs newest = time_none;
  std::size_t stride = (batch.size() + sampled_max - 1) / sampled_max;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TimeUs time = batch.time[i] != time_none ? batch.time[i] : batch.observed[i];
    if (time == time_none || is_exercise(batch, i)) continue;
    ++events_;
    if (time > received + future_us) {
      ++future_;
      continue;
    }
    newest = std::max(newest, std::min(time, received));
    if (oldest_ == time_none || time < oldest_) oldest_ = time;
    if ((received - time) / us_per_s > DurationCurve::longest_s && !delay_.empty()) ++old_;
    if (i % stride != 0 || is_history(batch, i)) continue;
    auto weight = static_cast<float>(stride);
    delay_.add((received - time) / us_per_s, weight);
    TimeUs day_end = times::start_of(times::day_of(time) + 1);
    day_delay_.add((received - day_end) / us_per_s, weight);
  }
  if (newest == time_none) return;
  if (newest_ != time_none && newest > newest_) gap_.add((newest - newest_) / us_per_s, 1);
  newest_ = std::max(newest_, newest);
}

Cadence FeedClock::cadence() const {
  if (delay_.empty() || gap_.empty()) return Cadence::unknown;
  bool soon = delay_.quantile_s(0.5) <= streaming_delay_s;
  return soon && gap_.quantile_s(0.9) <= streaming_gap_s ? Cadence::streaming : Cadence::daily;
}

// How long nothing newer may come before that says that something is missing.
std::int64_t FeedClock::gap_s() const {
  std::int64_t least = cadence() == Cadence::streaming ? 3600 : 86400;
  return std::max(least, 2 * gap_.quantile_s(0.99));
}

TimeUs FeedClock::watermark(TimeUs now) const {
  if (newest_ == time_none) return time_none;
  TimeUs trusted = newest_ + gap_s() * us_per_s;
  if (cadence() == Cadence::streaming) {
    TimeUs delay = delay_.quantile_s(complete_share) * us_per_s;
    return floor_to(std::min(now - delay, trusted), quarter_us);
  }
  TimeUs delay = day_delay_.quantile_s(complete_share) * us_per_s;
  // A day counts as told once something of it came, or of a later one.
  TimeUs told = times::start_of(times::day_of(newest_) + 1);
  return floor_to(std::min({now - delay, trusted, told}), us_per_day);
}

double FeedClock::complete(TimeUs end, TimeUs now) const {
  if (newest_ == time_none || now < end) return 0.01;
  auto since_s = (now - end) / us_per_s;
  const DurationCurve& curve = cadence() == Cadence::streaming ? delay_ : day_delay_;
  return std::clamp(curve.share_within(since_s), 0.01, 1.0);
}

std::string FeedClock::save() const {
  Moments moments{first_received_, last_received_, oldest_, newest_, events_, future_, old_};
  std::string out(reinterpret_cast<const char*>(&moments), sizeof moments);
  return out + delay_.save() + day_delay_.save() + gap_.save();
}

bool FeedClock::load(std::string_view bytes) {
  Moments moments{};
  constexpr std::size_t curve = DurationCurve::buckets * sizeof(float);
  if (bytes.size() != sizeof moments + 3 * curve) return false;
  std::memcpy(&moments, bytes.data(), sizeof moments);
  bytes.remove_prefix(sizeof moments);
  first_received_ = moments.first_received;
  last_received_ = moments.last_received;
  oldest_ = moments.oldest;
  newest_ = moments.newest;
  events_ = moments.events;
  future_ = moments.future;
  old_ = moments.old;
  return delay_.load(bytes.substr(0, curve)) && day_delay_.load(bytes.substr(curve, curve)) &&
         gap_.load(bytes.substr(2 * curve));
}

}  // namespace tocsin::warn
