#include "store/subject_sets.h"

#include <roaring/containers/containers.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace tocsin::store {
namespace {

constexpr std::size_t bucket_words = 1024;
constexpr std::uint8_t numbers = 0;  // beside CRoaring's 1 bits, 2 array, 3 runs

// Three passes of 11 bits; 8 ns a value where std::sort takes 75.
void radix_sort(std::vector<std::uint32_t>& values) {
  constexpr unsigned digits = 2048;
  std::vector<std::uint32_t> other(values.size());
  std::array<std::array<std::uint32_t, digits>, 3> begin{};
  for (std::uint32_t v : values) {
    ++begin[0][v & 2047], ++begin[1][v >> 11 & 2047], ++begin[2][v >> 22];
  }
  for (auto& pass : begin) {
    std::uint32_t sum = 0;
    for (auto& n : pass) sum += std::exchange(n, sum);
  }
  for (unsigned pass = 0; pass < 3; ++pass) {
    for (std::uint32_t v : values) other[begin[pass][v >> pass * 11 & 2047]++] = v;
    values.swap(other);
  }
}

// Not under ThreadSanitizer: it instruments the resolver, which runs before its own start.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("default", "popcnt")))
#endif
std::uint64_t
count_bits(const std::uint64_t* words) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < bucket_words; ++i) {
    n += static_cast<std::uint64_t>(__builtin_popcountll(words[i]));
  }
  return n;
}

}  // namespace

void sort_unique(std::vector<std::uint32_t>& values) {
  if (!std::ranges::is_sorted(values)) {
    values.size() < 512 ? std::ranges::sort(values), void() : radix_sort(values);
  }
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

void sort_unique(std::vector<std::uint64_t>& values) {
  if (!std::ranges::is_sorted(values)) std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

void SubjectSet::tidy() {
  sort_unique(four);
  sort_unique(six);
  sort_unique(names);
}

Distinct SetUnion::count(std::span<const SetView> sets) {
  return {four(sets, nullptr), wide(sets, &SetView::six).size(),
          wide(sets, &SetView::names).size()};
}

SubjectSet SetUnion::merge(std::span<const SetView> sets) {
  SubjectSet out;
  four(sets, &out.four);
  out.six = wide(sets, &SetView::six);
  out.names = wide(sets, &SetView::names);
  return out;
}

std::uint64_t SetUnion::four(std::span<const SetView> sets, std::vector<std::uint32_t>* values) {
  std::uint64_t plain = 0, filled = 0;
  bool bitmaps = false;
  for (const SetView& set : sets) {
    plain += set.four.size();
    filled += !set.four.empty() || set.bitmap != nullptr;
    bitmaps = bitmaps || set.bitmap != nullptr;
  }
  if (filled == 0) return 0;
  if (filled == 1 && values == nullptr) {
    for (const SetView& set : sets) {
      if (set.bitmap != nullptr) return roaring_bitmap_get_cardinality(set.bitmap);
    }
    return plain;
  }
  if (!bitmaps && plain <= 4096) return few(sets, values);
  runs_.clear();
  // Many short lists have about one value in each upper half: they are sorted into one list first.
  SetView lists;
  if (filled > 1) {
    values_.clear();
    for (const SetView& set : sets) {
      values_.insert(values_.end(), set.four.begin(), set.four.end());
    }
    sort_unique(values_);
    lists.four = values_;
    add_runs(lists);
  }
  for (const SetView& set : sets) {
    add_runs(filled > 1 ? SetView{{}, set.bitmap, {}, {}} : set);
  }
  sort_runs();
  bits_.resize(bucket_words);
  std::uint64_t n = 0;
  for (std::size_t begin = 0, end = 0; begin < runs_.size(); begin = end) {
    while (end < runs_.size() && runs_[end].high == runs_[begin].high) ++end;
    n += bucket(std::span(runs_).subspan(begin, end - begin), values);
  }
  return n;
}

std::uint64_t SetUnion::few(std::span<const SetView> sets, std::vector<std::uint32_t>* values) {
  values_.clear();
  for (const SetView& set : sets) values_.insert(values_.end(), set.four.begin(), set.four.end());
  sort_unique(values_);
  if (values != nullptr) *values = values_;
  return values_.size();
}

void SetUnion::add_runs(const SetView& set) {
  for (std::size_t i = 0; i < set.four.size();) {
    auto high = static_cast<std::uint16_t>(set.four[i] >> 16);
    std::size_t end = i + 1;
    while (end < set.four.size() && set.four[end] >> 16 == high) ++end;
    runs_.push_back({high, numbers, static_cast<std::uint32_t>(end - i), &set.four[i]});
    i = end;
  }
  if (set.bitmap == nullptr) return;
  const roaring_array_t& array = set.bitmap->high_low_container;
  for (std::int32_t i = 0; i < array.size; ++i) {
    std::uint8_t kind = array.typecodes[i];
    const void* container = container_unwrap_shared(array.containers[i], &kind);
    Run run{array.keys[i], kind, 0, nullptr};
    if (kind == ARRAY_CONTAINER_TYPE_CODE) {
      auto* c = static_cast<const array_container_t*>(container);
      run.size = static_cast<std::uint32_t>(c->cardinality);
      run.at = c->array;
    } else if (kind == RUN_CONTAINER_TYPE_CODE) {
      auto* c = static_cast<const run_container_t*>(container);
      run.size = static_cast<std::uint32_t>(c->n_runs);
      run.at = c->runs;
    } else {
      auto* c = static_cast<const bitset_container_t*>(container);
      run.size = static_cast<std::uint32_t>(c->cardinality);
      run.at = c->array;
    }
    runs_.push_back(run);
  }
}

void SetUnion::sort_runs() {
  auto by_high = [](const Run& a, const Run& b) { return a.high < b.high; };
  if (std::ranges::is_sorted(runs_, by_high)) return;
  if (runs_.size() < 20'000) return std::sort(runs_.begin(), runs_.end(), by_high);
  std::vector<std::uint32_t> begin(65537);
  for (const Run& run : runs_) ++begin[run.high + 1u];
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  sorted_.resize(runs_.size());
  for (const Run& run : runs_) sorted_[begin[run.high]++] = run;
  runs_.swap(sorted_);
}

// Sets the run's bits. True if `fresh` does not say how many were new, so that all must be counted.
bool SetUnion::fill(const Run& run, std::uint64_t& fresh) {
  auto set = [&](std::uint32_t low) {
    std::uint64_t& word = bits_[low >> 6];
    std::uint64_t more = word | std::uint64_t{1} << (low & 63);
    fresh += more != word;
    word = more;
  };
  if (run.kind == numbers) {
    auto* at = static_cast<const std::uint32_t*>(run.at);
    for (std::uint32_t i = 0; i < run.size; ++i) set(at[i] & 0xffff);
  } else if (run.kind == ARRAY_CONTAINER_TYPE_CODE) {
    auto* at = static_cast<const std::uint16_t*>(run.at);
    for (std::uint32_t i = 0; i < run.size; ++i) set(at[i]);
  } else if (run.kind == RUN_CONTAINER_TYPE_CODE) {
    auto* at = static_cast<const rle16_t*>(run.at);
    for (std::uint32_t i = 0; i < run.size; ++i) {
      for (std::uint32_t n = 0; n <= at[i].length; ++n) set(at[i].value + n);
    }
  } else {
    auto* at = static_cast<const std::uint64_t*>(run.at);
    for (std::size_t i = 0; i < bucket_words; ++i) bits_[i] |= at[i];
    return true;
  }
  return false;
}

std::uint64_t SetUnion::bucket(std::span<const Run> runs, std::vector<std::uint32_t>* values) {
  std::uint64_t sum = 0;
  bool listed = true;  // every run lists its values
  for (const Run& run : runs) {
    sum += run.size;
    listed = listed && (run.kind == numbers || run.kind == ARRAY_CONTAINER_TYPE_CODE);
  }
  if (runs.size() == 1 && values == nullptr && runs[0].kind != RUN_CONTAINER_TYPE_CODE) return sum;
  if (listed && sum <= 64) return small_bucket(runs, values);
  std::uint64_t fresh = 0;
  bool recount = false;
  for (const Run& run : runs) recount = fill(run, fresh) || recount;
  if (recount) fresh = count_bits(bits_.data());
  if (values != nullptr) {
    std::uint32_t high = std::uint32_t{runs[0].high} << 16;
    for (std::uint32_t i = 0; i < bucket_words; ++i) {
      for (std::uint64_t word = bits_[i]; word != 0; word &= word - 1) {
        values->push_back(high | i << 6 | static_cast<std::uint32_t>(__builtin_ctzll(word)));
      }
    }
  }
  std::memset(bits_.data(), 0, bucket_words * sizeof bits_[0]);
  return fresh;
}

std::uint64_t SetUnion::small_bucket(std::span<const Run> runs,
                                     std::vector<std::uint32_t>* values) {
  std::array<std::uint32_t, 64> low;
  std::size_t n = 0;
  for (const Run& run : runs) {
    for (std::uint32_t i = 0; i < run.size; ++i) {
      low[n++] = run.kind == numbers ? static_cast<const std::uint32_t*>(run.at)[i] & 0xffff
                                     : static_cast<const std::uint16_t*>(run.at)[i];
    }
  }
  std::sort(low.begin(), low.begin() + n);
  n = static_cast<std::size_t>(std::unique(low.begin(), low.begin() + n) - low.begin());
  if (values != nullptr) {
    for (std::size_t i = 0; i < n; ++i)
      values->push_back(std::uint32_t{runs[0].high} << 16 | low[i]);
  }
  return n;
}

// Pairs of lists are merged until one is left.
std::vector<std::uint64_t> SetUnion::wide(std::span<const SetView> sets,
                                          std::span<const std::uint64_t> SetView::* member) {
  std::vector<std::uint64_t> all;
  std::vector<std::vector<std::uint64_t>> large;
  for (const SetView& set : sets) {
    std::span<const std::uint64_t> more = set.*member;
    if (more.size() < 4096) {
      all.insert(all.end(), more.begin(), more.end());
    } else {
      large.emplace_back(more.begin(), more.end());
    }
  }
  sort_unique(all);
  if (!all.empty()) large.push_back(std::move(all));
  while (large.size() > 1) {
    std::vector<std::vector<std::uint64_t>> next;
    for (std::size_t i = 0; i + 1 < large.size(); i += 2) {
      auto& merged = next.emplace_back();
      merged.reserve(large[i].size() + large[i + 1].size());
      std::ranges::set_union(large[i], large[i + 1], std::back_inserter(merged));
    }
    if (large.size() % 2 == 1) next.push_back(std::move(large.back()));
    large = std::move(next);
  }
  return large.empty() ? std::vector<std::uint64_t>{} : std::move(large[0]);
}

}  // namespace tocsin::store
