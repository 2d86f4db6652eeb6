#include "api/brake.h"

#include <algorithm>

#include "base/ip.h"

namespace tocsin::api {
namespace {

// IPv4: the address; IPv6: its /64, which one subscriber holds whole.
std::string brake_key(std::string_view ip) {
  auto parsed = ip::parse(ip);
  if (!parsed || parsed->is_v4()) return std::string(ip);
  return ip::format(Network{.base = Ip::from_halves(parsed->high(), 0), .length = 64});
}

}  // namespace

std::uint32_t Brake::wait_of(const Count& count, std::size_t most, TimeUs within, TimeUs now) {
  if (count.failures < most || now - count.start >= within || now < count.start) return 0;
  return static_cast<std::uint32_t>((count.start + within - now) / us_per_s + 1);
}

void Brake::count(Count& count, TimeUs within, TimeUs now) {
  if (now - count.start >= within || now < count.start) count = {.start = now, .failures = 0};
  ++count.failures;
}

Brake::Count& Brake::kept(Counts& counts, const std::string& key, TimeUs within, TimeUs now) {
  if (counts.size() >= kept_max) {
    std::erase_if(counts, [&](const auto& e) { return now - e.second.start >= within; });
    if (counts.size() >= kept_max) counts.clear();  // `all_` still brakes
  }
  return counts[key];
}

std::uint32_t Brake::wait_s(std::string_view ip, TimeUs now, std::string_view account) {
  std::lock_guard lock(mutex_);
  auto found = by_address_.find(brake_key(ip));
  bool has_failed = found != by_address_.end() && now - found->second.start < window;
  // Many addresses that guess: whoever has not failed just now is held up late, since each wrong
  // password costs a hash.
  std::uint32_t wait =
      wait_of(all_, has_failed ? all_failures_max : strangers_failures_max, window, now);
  if (has_failed) wait = std::max(wait, wait_of(found->second, failures_max, window, now));
  if (auto at = by_account_.find(std::string(account)); at != by_account_.end()) {
    wait = std::max(wait, wait_of(at->second, failures_max, account_window, now));
  }
  return wait;
}

void Brake::failed(std::string_view ip, TimeUs now, std::string_view account) {
  std::lock_guard lock(mutex_);
  count(kept(by_address_, brake_key(ip), window, now), window, now);
  count(all_, window, now);
  if (account.empty()) return;
  count(kept(by_account_, std::string(account), account_window, now), account_window, now);
}

void Brake::succeeded(std::string_view account) {
  std::lock_guard lock(mutex_);
  by_account_.erase(std::string(account));
}

std::uint32_t Pace::take(const std::string& principal, TimeUs now) {
  constexpr double burst_s = 5;
  std::lock_guard lock(mutex_);
  if (buckets_.size() >= principals_max && !buckets_.contains(principal)) {
    std::erase_if(buckets_,
                  [&](const auto& e) { return now - e.second.at > 2 * TimeUs{5} * us_per_s; });
    if (buckets_.size() >= principals_max) buckets_.clear();
  }
  auto [at, is_new] = buckets_.try_emplace(principal, Bucket{per_s_ * burst_s, now});
  Bucket& bucket = at->second;
  double passed_s = static_cast<double>(std::max<TimeUs>(0, now - bucket.at)) / us_per_s;
  bucket.calls = std::min(per_s_ * burst_s, bucket.calls + passed_s * per_s_);
  bucket.at = now;
  if (bucket.calls < 1) return 1;
  bucket.calls -= 1;
  return 0;
}

}  // namespace tocsin::api
