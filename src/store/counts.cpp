#include "store/counts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "model/subject.h"

namespace tocsin::store {
namespace {

constexpr std::size_t files_of_a_day_max = 6;

constexpr std::string_view day_file = "day", month_file = "month";

}  // namespace

StoredCounts::~StoredCounts() {
  if (doomed_) unlink(path_.c_str());
}

Result<const CountFile*> StoredCounts::file() const {
  std::lock_guard lock(mutex_);
  if (file_) return file_.get();
  auto opened = CountFile::open(path_, size_);
  if (!opened && opened.error().fault == Fault::missing) {
    return invalid(fmt::format("count file '{}' is absent", path_));
  }
  file_ = std::make_unique<CountFile>(TRY(std::move(opened)));
  return file_.get();
}

void StoredCounts::relax() const {
  std::lock_guard lock(mutex_);
  if (file_) file_->relax();
}

Counts::~Counts() = default;

std::uint64_t Counts::name_hash(std::string_view text) const {
  static_assert(crypto_shorthash_KEYBYTES == sizeof(Key) && crypto_shorthash_BYTES == 8);
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash),
                   reinterpret_cast<const unsigned char*>(text.data()), text.size(), key_.data());
  return hash;
}

std::string Counts::path_of(const std::string& suffix, Day day, std::uint64_t number) const {
  return fmt::format("{}/{}.{}.{}", folder_, times::format_day(day), number, suffix);
}

StoredPtr Counts::add_file(const std::string& suffix, Day day, std::uint64_t number,
                           std::uint64_t size) {
  return std::make_shared<StoredCounts>(path_of(suffix, day, number), number, day, size);
}

// ---- taking events

Result<void> Counts::apply(const EventBatch& batch) {
  if (batch.seq <= applied_) return {};
  {
    std::unique_lock lock(mutex_);
    count_rows(batch, std::nullopt);
    applied_ = batch.seq;
  }
  return memory_ > options_.memory_bytes ? spill(options_.memory_bytes / 2) : Result<void>{};
}

// Rows of one report are alike: the cell of the row before is tried first.
void Counts::count_rows(const EventBatch& batch, std::optional<Period> only) {
  struct Last {
    CountKey key;
    std::uint32_t cell = 0;
  };
  std::array<Last, 4> last;
  DayCounts* counts = nullptr;
  Day counts_day = INT32_MIN;
  bool is_frozen = false;
  std::array<std::uint32_t, 4> cells{};
  auto find = [&](std::size_t which, const CountKey& key) {
    if (last[which].key != key) last[which] = {key, counts->cell(key)};
    return last[which].cell;
  };
  for (std::size_t i = 0; i < batch.size(); ++i) {
    TimeUs time = batch.time[i] != time_none ? batch.time[i] : batch.observed[i];
    if (is_exercise(batch, i)) continue;
    if (time == time_none) time = batch.received;
    Day day = times::day_of(time);
    if (only && (day < only->since || day >= only->until)) continue;
    if (day != counts_day) {
      Day month = times::month_start(day);
      is_frozen = frozen_.contains(month);
      counts_day = day;
      last = {};
      if (!is_frozen) {
        counts = &open_[day];
        Day& arrived = arrived_.try_emplace(month, INT32_MIN).first->second;
        arrived = std::max(arrived, times::day_of(batch.received));
      }
    }
    if (is_frozen) continue;
    auto hour = static_cast<std::uint32_t>((time - times::start_of(day)) / us_per_hour);
    Type type = batch.type[i];
    SubjectPlace place = place_of(batch, i);
    std::size_t n = 0;
    cells[n++] =
        find(0, count_key(CellKind::family, place.country, type, batch.family[i], batch.feed));
    if (place.asn != 0) {
      cells[n++] = find(1, count_key(CellKind::network, place.country, type, place.asn, 0));
    }
    if (is_steered(type, batch.roles[i])) {
      std::uint32_t controller = controller_of(batch, i).country.code;
      cells[n++] =
          find(2, count_key(CellKind::controller, place.country, type, controller, batch.feed));
    }
    if (batch.sector[i] != 0) {
      cells[n++] =
          find(3, count_key(CellKind::sector, place.country, type, batch.sector[i], batch.feed));
    }
    Subject subject = subject_of(batch, i);
    bool four = subject.kind == SubjectKind::address && subject.ip.is_v4();
    bool six = subject.kind == SubjectKind::address && !four;
    bool text = !four && !six && subject.kind != SubjectKind::none;
    std::uint64_t wide = six ? subject.ip.high() : text ? name_hash(subject.text) : 0;
    for (std::size_t k = 0; k < n; ++k) {
      counts->add_event(cells[k], hour);
      if (four) counts->add_four(cells[k], subject.ip.v4());
      if (six) counts->add_six(cells[k], wide);
      if (text) counts->add_name(cells[k], wide);
    }
  }
  std::size_t memory = 0;
  for (const auto& [day, open] : open_) memory += open.size_bytes();
  memory_ = memory;
}

// ---- writing

Result<void> Counts::spill(std::size_t down_to) {
  while (memory_ > down_to && !open_.empty()) {
    auto largest = std::ranges::max_element(
        open_, {}, [](const auto& day) { return day.second.size_bytes(); });
    TRY(write_day(largest->first));
  }
  return {};
}

// What is open of a day becomes one more file of it; many files that no merged month holds yet are
// taken together.
Result<void> Counts::write_day(Day day) {
  std::vector<StoredPtr> inputs;
  auto month = months_.find(times::month_start(day));
  auto stored = days_.find(day);
  if (stored != days_.end()) {
    for (const StoredPtr& file : stored->second) {
      if (month == months_.end() || !month->second.covers.contains(file->number())) {
        inputs.push_back(file);
      }
    }
  }
  if (inputs.size() < files_of_a_day_max) inputs.clear();
  StoredPtr written = TRY(write_merged(std::string(day_file), day, inputs, &open_[day]));
  std::unique_lock lock(mutex_);
  auto& files = days_[day];
  for (const StoredPtr& input : inputs) {
    std::erase(files, input);
    doom(input);
  }
  files.push_back(std::move(written));
  memory_ -= std::min(memory_.load(), open_[day].size_bytes());
  open_.erase(day);
  changed_ = true;
  return {};
}

// Cells of the same key are united. Reads only: questions may run beside it.
Result<StoredPtr> Counts::write_merged(const std::string& suffix, Day day,
                                       const std::vector<StoredPtr>& inputs,
                                       const DayCounts* open) {
  struct Item {
    CountKey key;
    std::uint32_t file, entry;
  };
  constexpr std::uint32_t is_open = UINT32_MAX;
  bool keep_hours = suffix == day_file;
  std::vector<const CountFile*> files;
  std::vector<Item> items;
  for (const StoredPtr& input : inputs) {
    const CountFile* file = TRY(input->file());
    auto number = static_cast<std::uint32_t>(files.size());
    for (std::uint32_t i = 0; i < file->entries().size(); ++i) {
      const CountKey& key = file->entries()[i].key;
      items.push_back({key, number, i});
      if (suffix != month_file) continue;
      auto add_total = [&](CellKind total) { items.push_back({total_key(key, total), number, i}); };
      if (key.kind() == CellKind::family) add_total(CellKind::type_total);
      if (key.kind() == CellKind::family) add_total(CellKind::family_total);
      if (key.kind() == CellKind::controller) add_total(CellKind::controller_total);
    }
    files.push_back(file);
  }
  for (std::uint32_t i = 0; open != nullptr && i < open->cells().size(); ++i) {
    items.push_back({open->cells()[i].key, is_open, i});
  }
  std::ranges::sort(items, {}, &Item::key);

  std::uint64_t number = next_number_++;
  auto writer = TRY(CountFileWriter::create(path_of(suffix, day, number), day));
  SetUnion unions;
  std::vector<CellSet> held;
  std::vector<SetView> sets;
  for (std::size_t begin = 0, end = 0; begin < items.size(); begin = end) {
    held.clear(), sets.clear();
    SubjectSet fresh;
    std::uint64_t events = 0;
    Hours hours{};
    for (; end < items.size() && items[end].key == items[begin].key; ++end) {
      if (items[end].file == is_open) {
        const OpenCell& cell = open->cells()[items[end].entry];
        events += cell.events;
        fresh = cell.copy();
        fresh.tidy();
        sets.push_back(fresh.view());
        const Hours* more = open->hours(cell);
        for (std::size_t h = 0; more != nullptr && h < 24; ++h) hours[h] += (*more)[h];
      } else {
        const CountFile& file = *files[items[end].file];
        const CountEntry& entry = file.entries()[items[end].entry];
        events += entry.events;
        held.push_back(TRY(file.set(entry)));
        sets.push_back(held.back().view);
        if (!keep_hours) continue;
        Hours more = TRY(file.hours(entry));
        for (std::size_t h = 0; h < 24; ++h) hours[h] += more[h];
      }
    }
    SubjectSet merged;
    if (sets.size() > 1) merged = unions.merge(sets);
    TRY(writer.add(items[begin].key, events, keep_hours ? &hours : nullptr,
                   sets.size() > 1 ? merged.view() : sets[0]));
  }
  std::uint64_t size = TRY(writer.finish());
  for (const StoredPtr& input : inputs) input->relax();
  unsynced_.push_back(add_file(suffix, day, number, size));
  return unsynced_.back();
}

Result<void> Counts::snapshot() {
  if (open_.empty() && !changed_ && applied_ == watermark_) return {};
  return suspecting(write_open());
}

Result<void> Counts::write_open() {
  while (!open_.empty()) TRY(write_day(open_.begin()->first));
  memory_ = 0;
  return write_manifest();
}

// ---- months

Result<bool> Counts::tidy() {
  if (days_.empty()) return false;
  Day newest = std::max(days_.rbegin()->first, open_.empty() ? 0 : open_.rbegin()->first);
  for (auto day = days_.begin(); day != days_.end();) {
    Day month = times::month_start(day->first), next = times::next_month(day->first);
    if (next > newest) break;  // still growing
    auto merged = months_.find(month);
    std::uint64_t loose = 0, files = 0;
    for (; day != days_.end() && day->first < next; ++day) {
      for (const StoredPtr& file : day->second) {
        if (merged != months_.end() && merged->second.covers.contains(file->number())) continue;
        loose += file->size();
        ++files;
      }
    }
    if (merged != months_.end() && files <= 20 && loose < merged->second.file->size() / 10)
      continue;
    if (files == 0) continue;
    TRY(suspecting(merge_month(month)));
    return true;
  }
  return false;
}

Result<void> Counts::merge_month(Day month) {
  Day next = times::next_month(month);
  std::vector<StoredPtr> inputs;
  for (auto day = days_.lower_bound(month); day != days_.end() && day->first < next; ++day) {
    if (day->second.size() > 1) {  // one file a day is quicker to ask
      auto old = day->second;
      StoredPtr one = TRY(write_merged(std::string(day_file), day->first, old, nullptr));
      std::unique_lock lock(mutex_);
      for (const StoredPtr& file : old) doom(file);
      day->second = {one};
      if (auto merged = months_.find(month); merged != months_.end()) {
        doom(merged->second.file);  // it covers what is now one with what it does not cover
        months_.erase(merged);
      }
      changed_ = true;
    }
    inputs.push_back(day->second.front());
  }
  StoredPtr merged = TRY(write_merged(std::string(month_file), month, inputs, nullptr));
  std::unique_lock lock(mutex_);
  if (auto old = months_.find(month); old != months_.end()) doom(old->second.file);
  Month& fresh = months_[month];
  fresh = {std::move(merged), {}};
  for (const StoredPtr& input : inputs) fresh.covers.insert(input->number());
  changed_ = true;
  return {};
}

Result<std::size_t> Counts::drop_before(Day day) {
  std::vector<Day> old;
  for (auto [month, arrived] : arrived_) {
    if (arrived < day) old.push_back(month);
  }
  for (Day month : old) TRY(freeze_month(month));
  if (!old.empty()) TRY(snapshot());
  return old.size();
}

// ---- what a question looks at

Counts::View Counts::view(Period period, bool months,
                          const std::function<bool(const CountKey&)>& wanted) const {
  std::shared_lock lock(mutex_);
  View out;
  for (const auto& [month, file] : frozen_) {
    if (month < period.until && times::next_month(month) > period.since) out.frozen.push_back(file);
  }
  for (auto day = days_.lower_bound(period.since); day != days_.end() && day->first < period.until;
       ++day) {
    Day month = times::month_start(day->first);
    auto merged = months_.find(month);
    bool whole = months && merged != months_.end() && month >= period.since &&
                 times::next_month(month) <= period.until;
    if (whole && (out.files.empty() || times::month_start(out.files.back()->day()) != month)) {
      out.files.push_back(merged->second.file);
    }
    for (const StoredPtr& file : day->second) {
      if (!whole || !merged->second.covers.contains(file->number())) out.files.push_back(file);
    }
  }
  for (auto day = open_.lower_bound(period.since); day != open_.end() && day->first < period.until;
       ++day) {
    for (const OpenCell& cell : day->second.cells()) {
      if (!wanted(cell.key)) continue;
      const Hours* hours = day->second.hours(cell);
      out.open.push_back(
          {day->first, cell.key, cell.events, cell.copy(), hours ? *hours : Hours{}});
    }
  }
  return out;
}

std::optional<Period> Counts::covered() const {
  std::shared_lock lock(mutex_);
  Day first = INT32_MAX, last = INT32_MIN;
  auto take = [&](Day from, Day to) { first = std::min(first, from), last = std::max(last, to); };
  if (!days_.empty()) take(days_.begin()->first, days_.rbegin()->first + 1);
  if (!open_.empty()) take(open_.begin()->first, open_.rbegin()->first + 1);
  if (!frozen_.empty()) take(frozen_.begin()->first, times::next_month(frozen_.rbegin()->first));
  return first == INT32_MAX ? std::nullopt : std::optional(Period{first, last});
}

Day Counts::frozen_until() const {
  std::shared_lock lock(mutex_);
  return frozen_.empty() ? 0 : times::next_month(frozen_.rbegin()->first);
}

}  // namespace tocsin::store
