#include "warn/day_series.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <numeric>

#include "base/zstd.h"

namespace tocsin::warn {
namespace {

constexpr std::size_t sparse_max = 24;
constexpr unsigned events_bits = 25;
constexpr std::uint32_t events_most = (1U << events_bits) - 1;
constexpr std::size_t day_bytes_max = std::size_t{4} << 30;

}  // namespace

void QuarterCounts::add_sparse(unsigned quarter, std::uint32_t events) {
  for (auto at = counts_.rbegin(); at != counts_.rend(); ++at) {
    if (*at >> events_bits == quarter && events <= events_most - (*at & events_most)) {
      *at += events;
      return;
    }
  }
  if (counts_.size() < sparse_max && events <= events_most) {
    counts_.push_back(quarter << events_bits | events);
    return;
  }
  std::vector<std::uint32_t> all(quarters_of_day);
  for (std::uint32_t word : counts_) all[word >> events_bits] += word & events_most;
  all[quarter] += events;
  counts_ = std::move(all);
}

std::uint64_t QuarterCounts::sum(unsigned from, unsigned to) const {
  std::uint64_t sum = 0;
  if (counts_.size() == quarters_of_day) {
    for (unsigned i = from; i < to; ++i) sum += counts_[i];
    return sum;
  }
  for (std::uint32_t word : counts_) {
    if (word >> events_bits >= from && word >> events_bits < to) sum += word & events_most;
  }
  return sum;
}

std::uint32_t QuarterCounts::at(unsigned quarter) const {
  return static_cast<std::uint32_t>(sum(quarter, quarter + 1));
}

bool QuarterCounts::load(std::span<const std::uint32_t> words) {
  bool fits = words.size() == quarters_of_day ||
              (words.size() <= sparse_max && std::ranges::all_of(words, [](std::uint32_t word) {
                 return word >> events_bits < quarters_of_day;
               }));
  if (fits) counts_.assign(words.begin(), words.end());
  return fits;
}

std::uint32_t DaySeries::find(const SeriesKey& key) const {
  if (slots_.empty()) return none;
  std::size_t mask = slots_.size() - 1;
  for (std::size_t at = key.hash() & mask; slots_[at] != 0; at = (at + 1) & mask) {
    if (rows_[slots_[at] - 1].key == key) return slots_[at] - 1;
  }
  return none;
}

void DaySeries::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
  std::size_t mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    std::size_t at = rows_[i].key.hash() & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
}

std::uint32_t DaySeries::add(const SeriesKey& key) {
  if (rows_.size() * 2 >= slots_.size()) grow();
  std::size_t mask = slots_.size() - 1, at = key.hash() & mask;
  while (slots_[at] != 0) at = (at + 1) & mask;
  rows_.push_back({.key = key, .events = {}, .subjects = {}});
  slots_[at] = static_cast<std::uint32_t>(rows_.size());
  return static_cast<std::uint32_t>(rows_.size() - 1);
}

SubjectSketch* DaySeries::sketch_for(std::uint32_t at, unsigned hour) {
  Row& row = rows_[at];
  if (!row.subjects) {
    if (subjects_bytes_ > subjects_bytes_max) return nullptr;
    row.subjects = std::make_unique<Subjects>();
    subjects_bytes_ += sizeof(Subjects);
  }
  std::vector<HourSubjects>& hours = row.subjects->hours;
  auto found = std::ranges::find(hours.rbegin(), hours.rend(), hour, &HourSubjects::hour);
  if (found != hours.rend())  // of a sealed hour the number stays
    return found->count > 0 ? &row.subjects->day : &found->sketch;
  HourSubjects& one = hours.emplace_back();
  one.hour = static_cast<std::uint8_t>(hour);
  subjects_bytes_ += sizeof(HourSubjects);
  return &one.sketch;
}

void DaySeries::add_subject(std::uint32_t row, unsigned hour, std::uint32_t hash) {
  if (SubjectSketch* sketch = sketch_for(row, hour)) add_to(*sketch, hash);
}

std::optional<std::uint64_t> DaySeries::subjects_of_hour(const Row& row, unsigned hour) {
  if (!row.subjects) return std::nullopt;
  auto found = std::ranges::find(row.subjects->hours, hour, &HourSubjects::hour);
  if (found == row.subjects->hours.end()) return 0;
  return found->count > 0 ? found->count : found->sketch.count();
}

std::optional<SubjectSketch> DaySeries::subjects_of_day(const Row& row) {
  if (!row.subjects) return std::nullopt;
  SubjectSketch all = row.subjects->day;
  for (const HourSubjects& one : row.subjects->hours) all.unite(one.sketch);
  return all;
}

std::optional<SubjectSketch> DaySeries::sketch_of_hour(const Row& row, unsigned hour) {
  if (!row.subjects) return std::nullopt;
  auto found = std::ranges::find(row.subjects->hours, hour, &HourSubjects::hour);
  if (found == row.subjects->hours.end()) return SubjectSketch();
  return found->count > 0 ? std::nullopt : std::optional(found->sketch);
}

void DaySeries::seal() {
  for (Row& row : rows_) {
    if (!row.subjects) continue;
    for (HourSubjects& one : row.subjects->hours) {
      if (one.count > 0) continue;
      one.count = static_cast<std::uint32_t>(one.sketch.count());
      row.subjects->day.unite(one.sketch);
      one.sketch = {};
    }
  }
}

std::size_t DaySeries::size_bytes() const {
  std::size_t bytes = rows_.capacity() * sizeof(Row) + slots_.size() * sizeof(std::uint32_t);
  return bytes + rows_.size() * 48 + subjects_bytes_;
}

// ---- as bytes: one stream of words, packed

namespace {

class Words {
 public:
  explicit Words(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  bool value(T& out) {
    if (rest_.size() < sizeof out) return false;
    std::memcpy(&out, rest_.data(), sizeof out);
    rest_.remove_prefix(sizeof out);
    return true;
  }
  bool words(std::size_t count, std::vector<std::uint32_t>& out) {
    if (count > rest_.size() / sizeof(std::uint32_t)) return false;
    out.resize(count);
    if (count > 0) std::memcpy(out.data(), rest_.data(), count * sizeof(std::uint32_t));
    rest_.remove_prefix(count * sizeof(std::uint32_t));
    return true;
  }
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_words(std::string& out, std::span<const std::uint32_t> words) {
  out.append(reinterpret_cast<const char*>(words.data()), words.size_bytes());
}

void put_sketch(std::string& out, const SubjectSketch& sketch) {
  put(out, static_cast<std::uint16_t>(sketch.words().size()));
  put(out, static_cast<std::uint8_t>(sketch.is_exact() ? 0 : 1));
  put(out, static_cast<std::uint8_t>(sketch.held()));
  put_words(out, sketch.words());
}

bool take_sketch(Words& in, SubjectSketch& out) {
  std::uint16_t size = 0;
  std::uint8_t dense = 0, held = 0;
  std::vector<std::uint32_t> words;
  return in.value(size) && in.value(dense) && in.value(held) && in.words(size, words) &&
         out.load(dense != 0, held, words);
}

bool take_subjects(Words& in, DaySeries::Subjects& out) {
  std::uint8_t hours = 0;
  if (!in.value(hours) || hours > 24 || !take_sketch(in, out.day)) return false;
  for (unsigned i = 0; i < hours; ++i) {
    DaySeries::HourSubjects& one = out.hours.emplace_back();
    if (!in.value(one.hour) || one.hour > 23 || !in.value(one.count) ||
        !take_sketch(in, one.sketch)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string DaySeries::encode(const std::function<bool(const Row&)>& keep) const {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    if (keep(rows_[i])) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return rows_[i].key; });
  std::string out;
  put(out, static_cast<std::uint32_t>(order.size()));
  for (std::uint32_t i : order) {
    const Row& row = rows_[i];
    put(out, row.key);
    put(out, static_cast<std::uint8_t>(row.events.words().size()));
    put(out, static_cast<std::uint8_t>(row.subjects ? 1 : 0));
    put_words(out, row.events.words());
    if (!row.subjects) continue;
    put(out, static_cast<std::uint8_t>(row.subjects->hours.size()));
    put_sketch(out, row.subjects->day);
    for (const HourSubjects& one : row.subjects->hours) {
      put(out, one.hour);
      put(out, one.count);
      put_sketch(out, one.sketch);
    }
  }
  return zstd::pack(out);
}

Result<DaySeries> DaySeries::decode(std::string_view bytes) {
  std::string plain = TRY(zstd::unpack(bytes, day_bytes_max));
  Words in(plain);
  auto damaged = [] { return invalid("damaged counts of a day's series"); };
  DaySeries out;
  std::uint32_t rows = 0;
  if (!in.value(rows) || rows > in.left() / sizeof(SeriesKey)) return damaged();
  for (std::uint32_t i = 0; i < rows; ++i) {
    SeriesKey key;
    std::uint8_t counts = 0, has_subjects = 0;
    std::vector<std::uint32_t> words;
    if (!in.value(key) || !key.sound() || out.find(key) != none || !in.value(counts) ||
        !in.value(has_subjects) || !in.words(counts, words)) {
      return damaged();
    }
    Row& row = out.rows_[out.add(key)];
    if (!row.events.load(words)) return damaged();
    if (has_subjects == 0) continue;
    row.subjects = std::make_unique<Subjects>();
    if (!take_subjects(in, *row.subjects)) return damaged();
    out.subjects_bytes_ += sizeof(Subjects) + row.subjects->day.size_bytes();
    for (const HourSubjects& one : row.subjects->hours)
      out.subjects_bytes_ += sizeof one + one.sketch.size_bytes();
  }
  if (!in.at_end()) return damaged();
  return out;
}

}  // namespace tocsin::warn
