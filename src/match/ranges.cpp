#include "match/ranges.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace tocsin::match {
namespace {

// Both ends belong to it: the end of the last one would not fit otherwise.
struct Span {
  std::uint64_t first, last;
  std::uint32_t value;
};

using Flat = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

// Nested spans to ranges (first, value) without gaps from 0 to `last_address`: a sweep with a stack
// of the spans that are open.
Flat flatten(std::vector<Span>& spans, std::uint64_t last_address) {
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  Flat out{{0, 0}};
  auto emit = [&](std::uint64_t first, std::uint32_t value) {
    if (out.back().first == first) {
      out.back().second = value;
    } else if (out.back().second != value) {
      out.emplace_back(first, value);
    }
  };
  std::vector<Span> open;
  auto close = [&] {
    std::uint64_t last = open.back().last;
    open.pop_back();
    if (last != last_address) emit(last + 1, open.empty() ? 0 : open.back().value);
  };
  for (const Span& span : spans) {
    while (!open.empty() && open.back().last < span.first) close();
    emit(span.first, span.value);
    open.push_back(span);
  }
  while (!open.empty()) close();
  return out;
}

std::uint32_t value_at(const Flat& ranges, std::uint64_t address) {
  auto after = std::upper_bound(ranges.begin(), ranges.end(), address,
                                [](std::uint64_t a, const auto& r) { return a < r.first; });
  return std::prev(after)->second;
}

bool is_v4(const Network& network) {
  return network.base.is_v4() && network.length >= 96;
}

}  // namespace

Ranges::Ranges() {
  lay_out_v4({{0, 0}});
  lay_out_v6({{0, 0}});
}

Ranges Ranges::build(std::vector<Prefix> prefixes) {
  std::vector<Span> four, six;
  std::map<std::uint64_t, std::vector<Span>> longer;  // by the upper half
  for (const Prefix& p : prefixes) {
    check(p.value <= value_max, "a value of Ranges fits into 31 bits");
    Ip last = p.network.last();
    if (is_v4(p.network)) {
      four.push_back({p.network.base.v4(), last.v4(), p.value});
    } else if (p.network.length <= 64) {
      six.push_back({p.network.base.high(), last.high(), p.value});
    } else {
      longer[p.network.base.high()].push_back({p.network.base.low(), last.low(), p.value});
    }
  }
  prefixes = {};
  Ranges built;
  built.lay_out_v4(flatten(four, 0xffff'ffff));

  Flat upper = flatten(six, UINT64_MAX);
  for (auto& [high, inside] : longer) {
    inside.insert(inside.begin(), {0, UINT64_MAX, value_at(upper, high)});
    Deep& deep = built.deep_.emplace_back();
    for (auto [start, value] : flatten(inside, UINT64_MAX)) {
      deep.start.push_back(start);
      deep.value.push_back(value);
    }
    six.push_back({high, high, deeper | static_cast<std::uint32_t>(built.deep_.size() - 1)});
  }
  built.lay_out_v6(longer.empty() ? upper : flatten(six, UINT64_MAX));
  return built;
}

void Ranges::lay_out_v4(const Flat& ranges) {
  root_.assign(65537, 0);
  start4_.clear(), value4_.clear();
  start4_.reserve(ranges.size() + 65536 + fan);
  value4_.reserve(ranges.size() + 65536 + fan);
  std::size_t next = 0;
  std::uint32_t in_force = 0;
  for (std::uint32_t bucket = 0; bucket < 65536; ++bucket) {
    root_[bucket] = static_cast<std::uint32_t>(start4_.size());
    if (next == ranges.size() || ranges[next].first != std::uint64_t{bucket} << 16) {
      start4_.push_back(0);
      value4_.push_back(in_force);
    }
    for (; next < ranges.size() && ranges[next].first >> 16 == bucket; ++next) {
      start4_.push_back(static_cast<std::uint16_t>(ranges[next].first));
      value4_.push_back(in_force = ranges[next].second);
    }
  }
  root_[65536] = static_cast<std::uint32_t>(start4_.size());
  start4_.insert(start4_.end(), fan, 0xffff);  // so that a block may be read past the last range
  start4_.shrink_to_fit(), value4_.shrink_to_fit();
}

void Ranges::lay_out_v6(const Flat& ranges) {
  auto padded = [](std::size_t n) { return (n + fan - 1) / fan * fan; };
  std::vector<std::vector<std::uint64_t>> levels(1);
  value6_.clear();
  for (auto [start, value] : ranges) {
    levels[0].push_back(start);
    value6_.push_back(value);
  }
  while (levels.back().size() > fan) {  // each level above holds the first key of every block
    std::vector<std::uint64_t> above;
    for (std::size_t i = 0; i < levels.back().size(); i += fan) above.push_back(levels.back()[i]);
    levels.push_back(std::move(above));
  }
  keys_.clear(), levels_.clear();
  for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
    levels_.push_back(keys_.size());
    level->resize(padded(level->size()), UINT64_MAX);
    keys_.insert(keys_.end(), level->begin(), level->end());
  }
  // A padding key equals the address ff…ff: its value must be that of the last range.
  value6_.resize(padded(value6_.size()), value6_.back());
  keys_.shrink_to_fit();
}

std::uint32_t Ranges::find4(std::uint32_t address) const {
  std::uint32_t bucket = address >> 16;
  auto low = static_cast<std::uint16_t>(address);
  std::uint32_t first = root_[bucket];
  std::uint32_t n = root_[bucket + 1] - first;
  const std::uint16_t* at = start4_.data() + first;
  while (n > fan) {  // without branches on the data
    std::uint32_t half = n / 2;
    at = at[half] <= low ? at + half : at;
    n -= half;
  }
  std::uint32_t below = 0;  // 16 at once: the compiler makes one or two vector compares of it
  for (std::uint32_t i = 0; i < fan; ++i) below += i < n && at[i] <= low;
  return value4_[static_cast<std::size_t>(at - start4_.data()) + below - 1];
}

std::uint32_t Ranges::in_deep(std::uint32_t value, std::uint64_t low) const {
  if ((value & deeper) == 0) return value;
  const Deep& deep = deep_[value & ~deeper];
  auto after = std::upper_bound(deep.start.begin(), deep.start.end(), low);
  return deep.value[static_cast<std::size_t>(after - deep.start.begin()) - 1];
}

std::uint32_t Ranges::find6(const Ip& ip) const {
  std::uint64_t high = ip.high();
  std::size_t block = 0;
  for (std::size_t level : levels_) {
    const std::uint64_t* keys = keys_.data() + level + block * fan;
    std::size_t below = 0;
    for (std::size_t i = 0; i < fan; ++i) below += keys[i] <= high;
    block = block * fan + below - 1;
  }
  return in_deep(value6_[block], ip.low());
}

std::uint32_t Ranges::find(const Ip& ip) const {
  if (ip.empty()) return 0;
  return ip.is_v4() ? find4(ip.v4()) : find6(ip);
}

void Ranges::find(std::span<const Ip> ips, std::span<std::uint32_t> values) const {
  constexpr std::size_t together = 32;
  for (std::size_t begin = 0; begin < ips.size(); begin += together) {
    std::size_t n = std::min(together, ips.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      if (ips[begin + i].is_v4()) __builtin_prefetch(&root_[ips[begin + i].v4() >> 16]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (!ips[begin + i].is_v4()) continue;
      std::uint32_t bucket = ips[begin + i].v4() >> 16;
      std::uint32_t first = root_[bucket], middle = (first + root_[bucket + 1]) / 2;
      __builtin_prefetch(&start4_[first]);
      __builtin_prefetch(&start4_[middle]);
      __builtin_prefetch(&value4_[middle]);
    }
    for (std::size_t i = 0; i < n; ++i) values[begin + i] = find(ips[begin + i]);
  }
}

std::size_t Ranges::size_bytes() const {
  std::size_t bytes = root_.size() * 4 + start4_.size() * 2 + value4_.size() * 4 +
                      keys_.size() * 8 + value6_.size() * 4;
  for (const Deep& deep : deep_) bytes += deep.start.size() * 12;
  return bytes;
}

}  // namespace tocsin::match
