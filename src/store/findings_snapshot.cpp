// The findings on disk: one file, written beside the old one and renamed over it.
// Layout: magic, schema, watermark, sizes, dictionaries, chunks column by column, XXH3 of all of
// it. Little endian; names and columns are packed.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <mutex>
#include <type_traits>

#include "base/durable_file.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/zstd.h"
#include "store/findings.h"

namespace tocsin::store {
namespace {

constexpr std::string_view magic = "TSFIND\x01\n";

// The columns that schema 3 has, then those that 4 has more.
template <class Chunk, class F>
void each_column_3(Chunk& c, F f) {
  auto older = [&](auto& column) {
    if (static_cast<const void*>(&column) != &c.flags) f(column);
  };
  std::apply([&](auto&... column) { (older(column), ...); }, columns_of(c));
}

template <class Chunk, class F>
void each_column(Chunk& c, F f) {
  std::apply([&](auto&... column) { (f(column), ...); }, columns_of(c));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  bool value(T& out) {
    return bytes(&out, sizeof out);
  }
  template <class List>
  bool list(List& out) {
    std::uint64_t count = 0;
    if (!value(count) || count > rest_.size() / sizeof(out[0])) return false;
    out.resize(count);
    return bytes(out.data(), count * sizeof(out[0]));
  }
  // As put_packed() wrote it: at most `count_max` values.
  template <class List>
  bool packed(List& out, std::size_t count_max) {
    std::uint64_t size = 0;
    if (!value(size) || size > rest_.size()) return false;
    auto bytes = zstd::unpack(rest_.substr(0, size), count_max * sizeof(out[0]));
    if (!bytes || bytes->size() % sizeof(out[0]) != 0) return false;
    rest_.remove_prefix(size);
    out.resize(bytes->size() / sizeof(out[0]));
    if (!bytes->empty()) std::memcpy(static_cast<void*>(out.data()), bytes->data(), bytes->size());
    return true;
  }
  bool bytes(void* out, std::size_t size) {
    if (rest_.size() < size) return false;
    if (size > 0) std::memcpy(out, rest_.data(), size);
    rest_.remove_prefix(size);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

template <class T>
void put_list(DurableFile& file, const std::vector<T>& list) {
  file.value<std::uint64_t>(list.size());
  file.bytes({reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T)});
}

template <class List>
void put_packed(DurableFile& file, const List& list) {
  std::string packed =
      zstd::pack({reinterpret_cast<const char*>(list.data()), list.size() * sizeof(list[0])});
  file.value<std::uint64_t>(packed.size());
  file.bytes(packed);
}

}  // namespace

Result<void> Findings::snapshot() {
  // The thread that changes the findings is the one that is here: readers need not wait.
  auto file = TRY(DurableFile::create(folder_ + "/findings.snapshot"));
  file.bytes(magic);
  file.value<std::uint32_t>(findings_schema);
  file.value(watermark_);
  file.value(size_);
  put_packed(file, names_.bytes());
  put_packed(file, names_.ends());
  file.value<std::uint64_t>(feed_sets_.size());
  for (const auto& set : feed_sets_) put_list(file, set);
  file.value<std::uint64_t>(coverage_.size());
  for (const auto& [key, until] : coverage_) {
    file.value(key);
    file.value(until);
  }
  for (const auto& chunk : chunks_)
    each_column(*chunk, [&](const auto& column) { put_packed(file, column); });
  TRY(file.commit());
  std::unique_lock lock(mutex_);
  durable_ = watermark_;
  return {};
}

Result<void> Findings::load(std::string_view bytes) {
  auto damaged = [](const char* what) {
    return invalid(std::string("damaged findings snapshot: ") + what);
  };
  bytes = TRY(DurableFile::checked(bytes));
  if (!bytes.starts_with(magic)) return damaged("not a snapshot");
  Reader in(bytes.substr(magic.size()));
  std::uint32_t schema = 0, size = 0;
  if (!in.value(schema)) return damaged("head");
  if (schema > findings_schema) {
    return denied("findings snapshot has schema " + std::to_string(schema) +
                  "; use the newer program");
  }
  // From before 0.1.0: made anew from the stored events.
  if (schema < 3) return damaged("of an older schema");
  constexpr std::size_t names_bytes_max = std::size_t{1} << 40;
  std::string names;
  std::vector<std::uint64_t> ends;
  std::uint64_t sets = 0, coverages = 0;
  if (!in.value(watermark_) || !in.value(size) || !in.packed(names, names_bytes_max) ||
      !in.packed(ends, UINT32_MAX) || !names_.load(std::move(names), std::move(ends))) {
    return damaged("names");
  }
  if (!in.value(sets)) return damaged("feeds");
  for (std::uint64_t i = 0; i < sets; ++i) {
    std::vector<WordId> set;
    if (!in.list(set)) return damaged("feeds");
    feed_set_ids_.emplace(set, static_cast<std::uint32_t>(i));
    feed_sets_.push_back(std::move(set));
  }
  if (!in.value(coverages)) return damaged("coverage");
  for (std::uint64_t i = 0; i < coverages; ++i) {
    std::uint64_t key = 0;
    std::uint32_t until = 0;
    if (!in.value(key) || !in.value(until)) return damaged("coverage");
    coverage_.emplace(key, until);
  }
  for (std::uint32_t left = size; left > 0;) {
    auto chunk = std::make_unique<FindingChunk>();
    std::size_t rows = std::min<std::size_t>(left, FindingChunk::rows_max);
    bool whole = true;
    auto read = [&](auto& column) {
      whole = whole && in.packed(column, rows) && column.size() == rows;
    };
    if (schema == 3) {
      each_column_3(*chunk, read);
      chunk->flags.assign(rows, 0);
      for (std::size_t i = 0; whole && i < rows; ++i) {
        if (chunk->type[i] == Type::test) chunk->flags[i] = flag_exercise;
      }
    } else {
      each_column(*chunk, read);
    }
    if (!whole) return damaged("columns");
    chunk->changed.assign(rows, watermark_);
    for (std::size_t i = 0; i < rows; ++i) {
      whole =
          whole && chunk->feeds[i] < sets && static_cast<std::size_t>(chunk->type[i]) < types_count;
    }
    if (!whole) return damaged("values");
    left -= static_cast<std::uint32_t>(rows);
    chunks_.push_back(std::move(chunk));
  }
  if (!in.at_end()) return damaged("more than its head says");
  size_ = size;
  durable_ = watermark_;
  grow_index();
  return {};
}

Result<std::unique_ptr<Findings>> Findings::open(const std::string& folder,
                                                 const Dictionary& words) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return unavailable("cannot make " + text::quote(folder) + ": " + failed.message());
  auto findings = std::unique_ptr<Findings>(new Findings(folder, words));
  std::string path = folder + "/findings.snapshot";
  if (std::filesystem::exists(path, failed)) {
    auto file = TRY(MappedFile::open(path));
    auto loaded = findings->load(file.bytes());
    if (!loaded && loaded.error().fault == Fault::denied) return std::unexpected(loaded.error());
    if (!loaded) {
      std::filesystem::rename(path, path + ".damaged", failed);
      if (failed) return std::unexpected(loaded.error());
      findings = std::unique_ptr<Findings>(new Findings(folder, words));
      findings->damage_ = loaded.error().what;
    }
  }
  if (findings->feed_sets_.empty()) findings->feed_sets_.emplace_back();
  if (findings->index_.empty()) findings->grow_index();
  return findings;
}

}  // namespace tocsin::store
