// The series on disk: series.snapshot, which names the files of the days. Layout: magic, schema,
// watermark, files, feeds, what was refused, the gate, what others keep; XXH3 of all of it. Little
// endian.
#include <spdlog/spdlog.h>

#include <cstring>
#include <filesystem>
#include <mutex>

#include "base/durable_file.h"
#include "base/mapped_file.h"
#include "base/zstd.h"
#include "warn/series.h"

namespace tocsin::warn {
namespace {

constexpr std::string_view magic = "TSSERI\x01\n";
constexpr std::string_view file_name = "/series.snapshot";
constexpr std::size_t kept_max = std::size_t{4} << 30;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  bool value(T& out) {
    if (rest_.size() < sizeof out) return false;
    std::memcpy(&out, rest_.data(), sizeof out);
    rest_.remove_prefix(sizeof out);
    return true;
  }
  bool text(std::string_view& out) {
    std::uint64_t size = 0;
    if (!value(size) || size > rest_.size()) return false;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

void put(DurableFile& file, std::string_view text) {
  file.value<std::uint64_t>(text.size());
  file.bytes(text);
}

}  // namespace

Result<void> Series::snapshot(std::string_view kept) {
  TRY(write_days());
  auto file = TRY(DurableFile::create(folder_ + std::string(file_name)));
  file.bytes(magic);
  file.value(series_schema);
  std::uint64_t applied = applied_;
  file.value(applied);
  file.value<std::uint64_t>(files_.size());
  for (const auto& [day, named] : files_) {
    file.value(day);
    file.value(named);
  }
  file.value<std::uint64_t>(clocks_.size());
  for (const auto& [feed, clock] : clocks_) {
    file.value(feed);
    put(file, clock.save());
  }
  file.value<std::uint64_t>(refused_.size());
  for (const auto& [day, refused] : refused_) {
    file.value(day);
    file.value(refused);
  }
  file.value(gate_day_);
  put(file, zstd::pack(gate_.bytes()));
  put(file, zstd::pack(kept));
  TRY(file.commit());
  {
    std::unique_lock lock(mutex_);
    history_.remove_others(files_);
    watermark_ = applied;
  }
  let_days_go();
  return {};
}

Result<std::unique_ptr<Series>> Series::open(std::string folder, const Options& options) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return unavailable("cannot make " + folder + ": " + failed.message());
  auto series = std::unique_ptr<Series>(new Series(std::move(folder), options));
  TRY(series->load());
  series->history_.remove_others(series->files_);
  return series;
}

Result<void> Series::load() {
  auto file = MappedFile::open(folder_ + std::string(file_name));
  if (!file && file.error().fault == Fault::missing) return {};
  if (!file) return std::unexpected(file.error());
  auto damaged = [](const char* what) {
    return invalid(std::string("damaged series snapshot: ") + what);
  };
  std::string_view bytes = TRY(DurableFile::checked(file->bytes()));
  if (!bytes.starts_with(magic)) return damaged("not a snapshot");
  Reader in(bytes.substr(magic.size()));
  std::uint32_t schema = 0;
  std::uint64_t applied = 0, files = 0, clocks = 0, refused = 0, last_number = 0;
  if (!in.value(schema)) return damaged("head");
  if (schema > series_schema) {
    return denied("series snapshot has schema " + std::to_string(schema) +
                  "; use the newer program");
  }
  if (!in.value(applied) || !in.value(files)) return damaged("head");
  for (std::uint64_t i = 0; i < files; ++i) {
    Day day = 0;
    History::Named named;
    if (!in.value(day) || !in.value(named)) return damaged("files");
    files_[day] = named;
    last_number = std::max(last_number, named.number);
  }
  history_.next_number(last_number + 1);
  if (!in.value(clocks)) return damaged("feeds");
  for (std::uint64_t i = 0; i < clocks; ++i) {
    WordId feed = 0;
    std::string_view clock;
    if (!in.value(feed) || !in.text(clock) || !clocks_[feed].load(clock)) return damaged("feeds");
  }
  if (!in.value(refused)) return damaged("days");
  for (std::uint64_t i = 0; i < refused; ++i) {
    Day day = 0;
    Refused one;
    if (!in.value(day) || !in.value(one)) return damaged("days");
    refused_[day] = one;
  }
  std::string_view gate, kept;
  if (!in.value(gate_day_) || !in.text(gate) || !in.text(kept) || !in.at_end())
    return damaged("gate");
  if (!gate_.load(TRY(zstd::unpack(gate, KeyGate::size_max)))) return damaged("gate");
  kept_ = TRY(zstd::unpack(kept, kept_max));
  applied_ = watermark_ = applied;
  return {};
}

}  // namespace tocsin::warn
