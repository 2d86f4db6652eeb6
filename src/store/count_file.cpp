#include "store/count_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"

namespace tocsin::store {
namespace {

constexpr std::size_t align = 32;        // of cells; Roaring's frozen form needs it
constexpr std::size_t plain_max = 1024;  // more IPv4 addresses than this are kept as a bitmap
constexpr std::size_t buffer_bytes = 1 << 20;
constexpr std::uint32_t version = 1;
constexpr std::uint32_t hours_mask = 0xff'ffff, is_bitmap = 0x8000'0000;

struct Head {
  std::array<char, 8> magic{'T', 'S', 'C', 'O', 'U', 'N', 'T', '\n'};
  std::uint32_t version = store::version;
  std::int32_t day = 0;
  std::uint64_t entries = 0;
  std::uint64_t directory = 0;  // offset
  std::uint64_t directory_sum = 0;
  std::uint64_t size = 0;  // of the file
  std::uint64_t reserved = 0;
  std::uint64_t sum = 0;  // of what stands before it
};
static_assert(sizeof(Head) == 64 && sizeof(CountEntry) == 56);

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
template <class T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

void pad(std::string& out, std::size_t to) {
  out.resize((out.size() + to - 1) / to * to);
}

std::uint64_t head_sum(const Head& head) {
  return hash64(bytes_of(head).substr(0, sizeof head - sizeof head.sum));
}

std::uint32_t cell_sum(std::string_view bytes) {
  return static_cast<std::uint32_t>(hash64(bytes));
}

std::size_t hours_bytes(std::uint32_t mask) {
  return static_cast<std::size_t>(__builtin_popcount(mask & hours_mask)) * 4;
}

std::unexpected<Error> disk(const std::string& path, const char* what) {
  return unavailable(fmt::format("cannot {} '{}': {}", what, path, std::strerror(errno)));
}

}  // namespace

Result<CountFileWriter> CountFileWriter::create(const std::string& path, Day day) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return disk(path, "create");
  CountFileWriter writer(path, fd, day);
  TRY(writer.write(bytes_of(Head{})));
  return writer;
}

CountFileWriter::CountFileWriter(CountFileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      day_(other.day_),
      buffer_(std::move(other.buffer_)),
      written_(other.written_),
      entries_(std::move(other.entries_)) {}

CountFileWriter::~CountFileWriter() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(path_.c_str());
}

Result<void> CountFileWriter::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return disk(path_, "write");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  buffer_.clear();
  return {};
}

Result<void> CountFileWriter::write(std::string_view bytes) {
  buffer_ += bytes;
  written_ += bytes.size();
  return buffer_.size() < buffer_bytes ? Result<void>{} : flush();
}

Result<void> CountFileWriter::add(const CountKey& key, std::uint64_t events, const Hours* hours,
                                  const SetView& set) {
  check(entries_.empty() || entries_.back().key < key, "the keys of a count file ascend");
  cell_.clear();
  CountEntry entry{.key = key, .events = events};
  for (std::uint32_t hour = 0; hours != nullptr && hour < 24; ++hour) {
    if ((*hours)[hour] == 0) continue;
    entry.hours |= 1u << hour;
    cell_ += bytes_of((*hours)[hour]);
  }
  Bitmap made;
  const roaring_bitmap_t* bitmap = set.bitmap;
  if (bitmap == nullptr && set.four.size() > plain_max) {
    roaring_bitmap_t* fresh = roaring_bitmap_of_ptr(set.four.size(), set.four.data());
    roaring_bitmap_run_optimize(fresh);
    made.reset(fresh);
    bitmap = fresh;
  }
  std::string gap;
  if (bitmap != nullptr) gap.resize((align - written_ % align) % align);
  TRY(write(gap));
  entry.offset = written_;
  pad(cell_, 8);
  cell_ += bytes_of(set.six);
  cell_ += bytes_of(set.names);
  if (bitmap != nullptr) {
    entry.four = static_cast<std::uint32_t>(roaring_bitmap_get_cardinality(bitmap));
    entry.hours |= is_bitmap;
    pad(cell_, align);
    std::size_t at = cell_.size();
    cell_.resize(at + roaring_bitmap_frozen_size_in_bytes(bitmap));
    roaring_bitmap_frozen_serialize(bitmap, cell_.data() + at);
  } else {
    entry.four = static_cast<std::uint32_t>(set.four.size());
    cell_ += bytes_of(set.four);
  }
  if (cell_.size() > UINT32_MAX) return invalid("a cell of the counts grew beyond 4 GiB");
  entry.six = static_cast<std::uint32_t>(set.six.size());
  entry.names = static_cast<std::uint32_t>(set.names.size());
  entry.size = static_cast<std::uint32_t>(cell_.size());
  entry.sum = cell_sum(cell_);
  entries_.push_back(entry);
  pad(cell_, 8);
  return write(cell_);
}

Result<void> CountFileWriter::add_figure(const CountKey& key, std::uint64_t events,
                                         const Distinct& distinct, std::uint64_t daily_sum) {
  check(entries_.empty() || entries_.back().key < key, "the keys of a count file ascend");
  entries_.push_back({.key = key,
                      .events = events,
                      .offset = daily_sum,
                      .four = static_cast<std::uint32_t>(distinct.addresses4),
                      .six = static_cast<std::uint32_t>(distinct.addresses6),
                      .names = static_cast<std::uint32_t>(distinct.names)});
  return {};
}

Result<std::uint64_t> CountFileWriter::finish() {
  Head head;
  head.day = day_;
  head.entries = entries_.size();
  head.directory = written_;
  std::string_view directory = bytes_of(std::span<const CountEntry>(entries_));
  head.directory_sum = hash64(directory);
  TRY(write(directory));
  TRY(flush());
  head.size = written_;
  head.sum = head_sum(head);
  if (pwrite(fd_, &head, sizeof head, 0) != sizeof head) return disk(path_, "write");
  if (close(std::exchange(fd_, -1)) != 0) return disk(path_, "close");
  return written_;
}

Result<CountFile> CountFile::open(const std::string& path, std::uint64_t size) {
  CountFile out(TRY(MappedFile::open(path)), path);
  std::string_view bytes = out.file_.bytes();
  auto damaged = [&](const char* what) {
    return invalid(fmt::format("damaged count file '{}': {}", path, what));
  };
  if (bytes.size() != size) return damaged("its size is not the one it was written with");
  Head head;
  if (bytes.size() < sizeof head) return damaged("cut");
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  if (head.magic != Head{}.magic) return damaged("no count file");
  if (head.sum != head_sum(head)) return damaged("the checksum of its head");
  if (head.version > version) {
    return invalid(
        fmt::format("'{}' is of version {}; this build reads {}", path, head.version, version));
  }
  if (head.size != bytes.size() || head.directory % 8 != 0 || head.directory > bytes.size() ||
      head.entries != (bytes.size() - head.directory) / sizeof(CountEntry)) {
    return damaged("its directory");
  }
  if (hash64(bytes.substr(head.directory)) != head.directory_sum) {
    return damaged("the checksum of its directory");
  }
  out.entries_ = {reinterpret_cast<const CountEntry*>(bytes.data() + head.directory), head.entries};
  return out;
}

void CountFile::relax() const {
  std::string_view bytes = file_.bytes();
  if (!bytes.empty()) madvise(const_cast<char*>(bytes.data()), bytes.size(), MADV_DONTNEED);
}

std::span<const CountEntry> CountFile::range(const CountKey& from, const CountKey& to) const {
  auto first = std::ranges::lower_bound(entries_, from, {}, &CountEntry::key);
  auto last = std::ranges::lower_bound(first, entries_.end(), to, {}, &CountEntry::key);
  return {first, last};
}

void CountFile::expect(std::span<const CountEntry> entries) const {
  constexpr std::uint64_t page = 4096, worth_it = 64 << 10;
  if (entries.empty()) return;
  std::string_view bytes = file_.bytes();
  std::uint64_t begin = entries.front().offset / page * page;
  std::uint64_t end = entries.back().offset + entries.back().size;
  if (begin >= end || end > bytes.size() || end - begin < worth_it) return;
  madvise(const_cast<char*>(bytes.data() + begin), end - begin, MADV_WILLNEED);
}

Result<std::string_view> CountFile::data(const CountEntry& entry) const {
  std::string_view bytes = file_.bytes();
  auto damaged = [&](const char* what) {
    return invalid(fmt::format("damaged count file '{}': {}", path_, what));
  };
  if (entry.offset > bytes.size() || bytes.size() - entry.offset < entry.size) {
    return damaged("a cell beyond its end");
  }
  std::string_view cell = bytes.substr(entry.offset, entry.size);
  if (cell_sum(cell) != entry.sum) return damaged("the checksum of a cell");
  return cell;
}

Result<CellSet> CountFile::set(const CountEntry& entry) const {
  std::string_view cell = TRY(data(entry));
  auto damaged = [&] { return invalid(fmt::format("damaged count file '{}': a cell", path_)); };
  std::size_t at = (hours_bytes(entry.hours) + 7) / 8 * 8;
  std::size_t wide = (std::size_t{entry.six} + entry.names) * 8;
  if (cell.size() < at + wide || entry.offset % 8 != 0) return damaged();
  CellSet out;
  auto* words = reinterpret_cast<const std::uint64_t*>(cell.data() + at);
  out.view.six = {words, entry.six};
  out.view.names = {words + entry.six, entry.names};
  at += wide;
  if ((entry.hours & is_bitmap) == 0) {
    if (cell.size() - at != entry.four * std::size_t{4}) return damaged();
    out.view.four = {reinterpret_cast<const std::uint32_t*>(cell.data() + at), entry.four};
    return out;
  }
  at = (at + align - 1) / align * align;
  if (at > cell.size() || entry.offset % align != 0) return damaged();
  out.bitmap.reset(roaring_bitmap_frozen_view(cell.data() + at, cell.size() - at));
  if (!out.bitmap) return damaged();
  out.view.bitmap = out.bitmap.get();
  return out;
}

Result<Hours> CountFile::hours(const CountEntry& entry) const {
  std::string_view cell = TRY(data(entry));
  Hours out{};
  std::size_t at = 0;
  for (std::uint32_t hour = 0; hour < 24 && cell.size() >= at + 4; ++hour) {
    if ((entry.hours >> hour & 1) == 0) continue;
    std::memcpy(&out[hour], cell.data() + at, 4);
    at += 4;
  }
  return out;
}

}  // namespace tocsin::store
