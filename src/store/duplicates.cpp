#include "store/duplicates.h"

#include <algorithm>
#include <cstring>

#include "base/huge_pages.h"

namespace tocsin::store {
namespace {

// The members of a JSON object, each hashed alone and added up, so that their order counts not.
Hash128 members_hash(std::string_view members) {
  Hash128 sum;
  std::size_t from = 0;
  int depth = 0;
  bool quoted = false;
  auto add = [&](std::size_t to) {
    Hash128 one = hash128(members.substr(from, to - from));
    sum.high += one.high;
    sum.low += one.low;
    from = to + 1;
  };
  for (std::size_t i = 0; i < members.size(); ++i) {
    char c = members[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      add(i);
    }
  }
  if (!members.empty()) add(members.size());
  return sum;
}

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

Day duplicate_day(const EventBatch& b, std::size_t i) {
  return times::day_of(b.time[i] == time_none ? b.observed[i] : b.time[i]);
}

void fill_hashes(EventBatch& b) {
  std::string bytes;
  for (std::size_t i = 0; i < b.size(); ++i) {
    bytes.clear();
    put(bytes, b.feed), put(bytes, b.report_type), put(bytes, b.time[i]);
    if (b.time[i] == time_none) put(bytes, duplicate_day(b, i));
    put(bytes, b.type[i]), put(bytes, b.severity[i]), put(bytes, b.tlp[i]),
        put(bytes, b.transport[i]);
    put(bytes, b.roles[i]), put(bytes, b.controller_reason[i]), put(bytes, b.family[i]),
        put(bytes, b.identifier[i]);
    for (const EndColumns* end : {&b.source, &b.destination}) {
      put(bytes, end->ip[i]), put(bytes, end->port[i]), put(bytes, end->asn[i]),
          put(bytes, end->country[i]);
      for (Text text : {end->name[i], end->url[i]}) {
        put(bytes, text.size);
        bytes += b.text(text);
      }
    }
    put(bytes, b.account[i].size);
    bytes += b.text(b.account[i]);
    put(bytes, members_hash(b.text(b.extra[i])));
    if (is_exercise(b, i)) put(bytes, flag_exercise);  // a played event hides no real one
    b.hash[i] = hash128(bytes);
    if (b.hash[i] == Hash128{}) b.hash[i].low = 1;
  }
}

bool Duplicates::Set::insert(const Hash128& hash) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash.low & mask;
  while (slots_[slot] != Hash128{}) {
    if (slots_[slot] == hash) return false;
    slot = (slot + 1) & mask;
  }
  slots_[slot] = hash;
  ++size_;
  return true;
}

void Duplicates::Set::grow() {
  std::vector<Hash128> old = std::move(slots_);
  slots_ = huge_vector<Hash128>(std::max<std::size_t>(256, old.size() * 2));
  for (const Hash128& hash : old) {
    if (hash == Hash128{}) continue;
    std::size_t slot = hash.low & (slots_.size() - 1);
    while (slots_[slot] != Hash128{}) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = hash;
  }
}

Duplicates::Duplicates(std::size_t bytes_max, std::vector<Day> stored_days, Load load)
    : bytes_max_(bytes_max),
      load_(std::move(load)),
      stored_(stored_days.begin(), stored_days.end()) {}

// Makes a pinned day ready. Whoever comes first loads it; the others wait for that.
Result<void> Duplicates::load(Day day, std::unique_lock<std::mutex>& lock) {
  DaySet& at = days_.at(day);
  loaded_.wait(lock, [&] { return !at.loading; });
  if (at.ready) return {};
  if (stored_.contains(day)) {
    at.loading = true;
    lock.unlock();
    auto hashes = load_(day);
    lock.lock();
    at.loading = false;
    loaded_.notify_all();
    if (!hashes) return std::unexpected(hashes.error());
    for (const Hash128& hash : *hashes) at.set.insert(hash);
  }
  stored_.insert(day);
  at.ready = true;
  return {};
}

void Duplicates::unpin(const std::vector<Day>& days) {
  for (Day day : days) {
    auto at = days_.find(day);
    if (--at->second.pins == 0 && !at->second.ready) days_.erase(at);
  }
}

void Duplicates::let_go() {
  auto total = [&] {
    std::size_t bytes = 0;
    for (const auto& [day, set] : days_) bytes += set.set.bytes();
    return bytes;
  };
  while (days_.size() > 1 && total() > bytes_max_) {
    auto oldest = days_.end();
    for (auto at = days_.begin(); at != days_.end(); ++at) {
      bool free = at->second.pins == 0;
      if (free && (oldest == days_.end() || at->second.used < oldest->second.used)) oldest = at;
    }
    if (oldest == days_.end()) return;
    days_.erase(oldest);
  }
}

Result<std::size_t> Duplicates::claim(EventBatch& b,
                                      const std::function<Result<void>()>& before_waiting) {
  std::unique_lock lock(mutex_);
  if (held_ && before_waiting) {
    lock.unlock();
    TRY(before_waiting());
    lock.lock();
  }
  free_.wait(lock, [&] { return !held_; });
  ++clock_;
  std::vector<Day> used;
  for (std::size_t i = 0; i < b.size(); ++i) used.push_back(duplicate_day(b, i));
  std::ranges::sort(used);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  for (Day day : used) {
    DaySet& at = days_[day];
    ++at.pins;
    at.used = clock_;
  }
  // Load every day first: after the first insert nothing may fail.
  for (Day day : used) {
    if (auto done = load(day, lock); !done) {
      unpin(used);
      free_.notify_all();
      return std::unexpected(done.error());
    }
  }
  std::vector<bool> keep(b.size());
  std::size_t dropped = 0;
  constexpr std::size_t ahead = 16;
  Day last_day = INT32_MIN;
  DaySet* set = nullptr;
  for (std::size_t i = 0; i < b.size(); ++i) {
    Day of = duplicate_day(b, i);
    if (of != last_day) set = &days_.at(last_day = of);
    if (i + ahead < b.size()) set->set.prefetch(b.hash[i + ahead]);  // most are of one day
    keep[i] = set->set.insert(b.hash[i]);
    if (keep[i]) continue;
    ++dropped;
    b.echoes.push_back({b.hash[i], b.time[i] == time_none ? b.observed[i] : b.time[i],
                        b.observed[i], b.line[i], b.sector[i],
                        b.place.empty() ? static_cast<std::uint16_t>(i) : b.place[i]});
  }
  pinned_[&b] = std::move(used);
  if (dropped > 0) b.keep_rows(keep);
  let_go();
  return dropped;
}

void Duplicates::release(const EventBatch& b) {
  std::lock_guard guard(mutex_);
  auto at = pinned_.find(&b);
  if (at == pinned_.end()) return;
  unpin(at->second);
  pinned_.erase(at);
  if (pinned_.empty()) free_.notify_all();
}

Result<void> Duplicates::held(const std::function<Result<std::vector<Day>>()>& work,
                              std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [&] { return !held_; });
  held_ = true;
  auto idle = [&] {
    return pinned_.empty() &&
           std::ranges::none_of(days_, [](const auto& day) { return day.second.pins > 0; });
  };
  Result<void> done;
  if (!free_.wait_for(lock, timeout, idle)) {
    done = unavailable("what is being taken in does not get in; try again later");
  } else {
    lock.unlock();
    auto days = work();
    lock.lock();
    if (!days) done = std::unexpected(days.error());
    for (Day day : days ? *days : std::vector<Day>{}) {
      days_.erase(day);
      stored_.insert(day);
    }
  }
  held_ = false;
  free_.notify_all();
  return done;
}

void Duplicates::relax() {
  std::lock_guard lock(mutex_);
  std::erase_if(
      days_, [&](const auto& day) { return day.second.pins == 0 && day.second.used <= relaxed_; });
  relaxed_ = clock_;
}

std::size_t Duplicates::bytes() const {
  std::lock_guard guard(mutex_);
  std::size_t bytes = 0;
  for (const auto& [day, set] : days_) bytes += set.set.bytes();
  return bytes;
}

}  // namespace tocsin::store
