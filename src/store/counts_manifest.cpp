// The manifest of the counts: which files count, and up to which seq. One text file, replaced
// whole.
#include <fmt/format.h>

#include <filesystem>

#include "base/durable_file.h"
#include "base/hash.h"
#include "base/text.h"
#include "store/counts.h"

namespace tocsin::store {
namespace {

constexpr std::string_view title = "tocsin-counts 1";

// A bulk load leaves hundreds of files: then one call for the whole file system is quicker.
Result<void> sync_files(const std::string& folder, const std::vector<std::string>& paths) {
  constexpr std::size_t single_max = 24;
  if (paths.size() > single_max) return sync(folder, Sync::file_system);
  for (const std::string& path : paths) TRY(sync(path, Sync::data));
  return sync(folder, Sync::entry);
}

// One line of the manifest: a day, a number, a size, and for a month the files merged in it.
struct Row {
  Day day = 0;
  std::uint64_t number = 0, size = 0;
  std::set<std::uint64_t> covers;
};

std::optional<Row> parse_row(std::string_view rest) {
  Row row;
  auto day = times::parse_day(text::cut(rest, ' '));
  auto number = text::number(text::cut(rest, ' '));
  auto size = text::number(text::cut(rest, ' '));
  if (!day || !number || !size) return std::nullopt;
  row.day = *day, row.number = *number, row.size = *size;
  while (!rest.empty()) {
    auto covered = text::number(text::cut(rest, ','));
    if (!covered) return std::nullopt;
    row.covers.insert(*covered);
  }
  return row;
}

}  // namespace

Result<std::unique_ptr<Counts>> Counts::open(const std::string& folder, const Key& key,
                                             const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return unavailable(fmt::format("cannot make '{}': {}", folder, error.message()));
  std::unique_ptr<Counts> counts(std::make_unique<Counts>(Token{}, folder, key, options));
  TRY(counts->read_manifest());
  counts->remove_strangers();
  return counts;
}

Result<void> Counts::write_manifest() {
  std::string out =
      fmt::format("{}\nwatermark {}\nnext {}\n", title, applied_.load(), next_number_);
  auto line = [&](std::string_view kind, Day day, const StoredPtr& file) {
    out += fmt::format("{} {} {} {}", kind, times::format_day(day), file->number(), file->size());
  };
  for (const auto& [day, files] : days_) {
    for (const StoredPtr& file : files) line("day", day, file), out += '\n';
  }
  for (const auto& [day, month] : months_) {
    line("month", day, month.file);
    char separator = ' ';
    for (std::uint64_t number : month.covers) {
      out += separator + std::to_string(number);
      separator = ',';
    }
    out += '\n';
  }
  for (const auto& [day, file] : frozen_) line("frozen", day, file), out += '\n';
  for (auto [month, arrived] : arrived_) {
    out += fmt::format("arrived {} {}\n", times::format_day(month), times::format_day(arrived));
  }
  for (const Damage& damage : damaged_) {
    out += fmt::format("{} {} {}\n", damage.lost ? "lost" : "damaged",
                       times::format_day(damage.day), damage.what);
  }
  out += fmt::format("sum {:016x}\n", hash64(out));
  std::vector<std::string> fresh;
  for (const StoredPtr& file : unsynced_) fresh.push_back(file->path());
  TRY(sync_files(folder_, fresh));
  TRY(DurableFile::replace(folder_ + "/manifest", out));
  watermark_ = applied_.load();
  changed_ = false;
  for (const StoredPtr& file : doomed_) file->doom();
  doomed_.clear();
  unsynced_.clear();
  return {};
}

Result<void> Counts::read_manifest() {
  std::string path = folder_ + "/manifest";
  auto file = MappedFile::open(path);
  if (!file && file.error().fault == Fault::missing) return {};
  if (!file) return std::unexpected(file.error());
  std::string_view bytes = file->bytes();
  auto damaged = [&](std::string_view what) {
    return invalid(
        fmt::format("damaged manifest '{}': {}; remove its folder to count anew from the "
                    "events",
                    path, what));
  };
  if (bytes.starts_with("tocsin-counts ") && !bytes.starts_with(fmt::format("{}\n", title))) {
    return invalid(fmt::format("'{}' was written by a newer version", path));
  }
  std::size_t end = bytes.rfind("sum ");
  if (end == bytes.npos ||
      bytes.substr(end) != fmt::format("sum {:016x}\n", hash64(bytes.substr(0, end)))) {
    return damaged("its checksum");
  }
  for (auto [number, line] : text::numbered_lines(bytes.substr(0, end))) {
    if (number == 1) continue;
    std::string_view rest = line, kind = text::cut(rest, ' ');
    if (kind == "watermark" || kind == "next") {
      auto value = text::number(rest);
      if (!value) return damaged(line);
      kind == "next" ? void(next_number_ = *value) : void(watermark_ = *value);
      continue;
    }
    if (kind == "damaged" || kind == "lost") {
      auto day = times::parse_day(text::cut(rest, ' '));
      if (!day) return damaged(line);
      damaged_.push_back({*day, std::string(rest), kind == "lost"});
      continue;
    }
    if (kind == "arrived") {
      auto month = times::parse_day(text::cut(rest, ' ')), arrived = times::parse_day(rest);
      if (!month || !arrived) return damaged(line);
      arrived_[*month] = *arrived;
      continue;
    }
    auto row = parse_row(rest);
    if (!row || (kind != "day" && kind != "month" && kind != "frozen")) return damaged(line);
    StoredPtr stored = add_file(std::string(kind), row->day, row->number, row->size);
    std::error_code error;
    auto size = std::filesystem::file_size(stored->path(), error);
    bool there = !error && size == row->size;
    if (kind == "month") {  // can be merged again
      if (there) months_[row->day] = {stored, std::move(row->covers)};
    } else if (!there) {
      Day until = kind == "day" ? row->day + 1 : times::next_month(row->day);
      for (Day day = row->day; day < until; ++day) {
        damaged_.push_back(
            {day, fmt::format("count file '{}' is {}", stored->path(), error ? "absent" : "cut")});
      }
    } else if (kind == "day") {
      days_[row->day].push_back(stored);
    } else {
      frozen_[row->day] = stored;
    }
  }
  applied_ = watermark_.load();
  changed_ = false;
  return {};
}

// Files that no manifest names: those of a crash between two snapshots.
void Counts::remove_strangers() {
  std::set<std::string> known{folder_ + "/manifest"};
  for (const auto& [day, files] : days_) {
    for (const StoredPtr& file : files) known.insert(file->path());
  }
  for (const auto& [day, month] : months_) known.insert(month.file->path());
  for (const auto& [day, file] : frozen_) known.insert(file->path());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    std::string path = entry.path().string(), suffix = entry.path().extension().string();
    bool ours = suffix == ".day" || suffix == ".month" || suffix == ".frozen" || suffix == ".new";
    if (ours && !known.contains(folder_ + "/" + entry.path().filename().string())) {
      std::filesystem::remove(path, error);
    }
  }
}

Counts::Files Counts::files() const {
  std::shared_lock lock(mutex_);
  Files out;
  out.paths.push_back(folder_ + "/manifest");
  auto add = [&](const StoredPtr& file) {
    out.paths.push_back(file->path());
    out.held.push_back(file);
  };
  for (const auto& [day, files] : days_) {
    for (const StoredPtr& file : files) add(file);
  }
  for (const auto& [day, month] : months_) add(month.file);
  for (const auto& [day, file] : frozen_) add(file);
  return out;
}

}  // namespace tocsin::store
