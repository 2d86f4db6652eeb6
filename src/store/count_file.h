// CountFile: the cells of one day or month in one immutable file: sets first, then a sorted
// directory, mapped on demand. Layout, little endian: 64 octets of head; the cells' data, each at a
// multiple of 32; the directory of Entry. The head and the directory have a checksum that open()
// checks; each cell has its own, checked when it is read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "base/time.h"
#include "store/count_key.h"
#include "store/subject_sets.h"

namespace tocsin::store {

using Hours = std::array<std::uint32_t, 24>;  // events of each hour, UTC

// One cell in the directory.
struct CountEntry {
  CountKey key;
  std::uint64_t events = 0;
  std::uint64_t offset = 0;  // of its data; of frozen figures: the sum of the daily distinct
  std::uint32_t size = 0;    // of its data; 0: frozen figures, which have none
  std::uint32_t four = 0, six = 0, names = 0;
  std::uint32_t hours = 0;  // the hours that have events, as bits 0 to 23; their counts stand first
                            // in the data; bit 31: bitmap
  std::uint32_t sum = 0;    // checksum of its data

  Distinct distinct() const { return {four, six, names}; }
};

class CountFileWriter {
 public:
  // Errors: unavailable.
  static Result<CountFileWriter> create(const std::string& path, Day day);
  CountFileWriter(CountFileWriter&& other) noexcept;
  CountFileWriter& operator=(CountFileWriter&&) = delete;
  ~CountFileWriter();  // removes the file if it was not finished

  // Keys ascend. `hours` may be nullptr.
  Result<void> add(const CountKey& key, std::uint64_t events, const Hours* hours,
                   const SetView& set);
  // A figure without its set.
  Result<void> add_figure(const CountKey& key, std::uint64_t events, const Distinct& distinct,
                          std::uint64_t daily_sum);
  // Complete afterwards, but only the caller's sync puts it on the disk. Gives the file's size.
  Result<std::uint64_t> finish();

 private:
  CountFileWriter(std::string path, int fd, Day day) : path_(std::move(path)), fd_(fd), day_(day) {}
  Result<void> write(std::string_view bytes);
  Result<void> flush();

  std::string path_;
  int fd_ = -1;
  Day day_;
  std::string buffer_, cell_;
  std::uint64_t written_ = 0;  // with what waits in buffer_
  std::vector<CountEntry> entries_;
};

// A cell's set, and what keeps it readable: the file must outlive it.
struct CellSet {
  SetView view;
  Bitmap bitmap;
};

class CountFile {
 public:
  // Errors: missing; invalid, if it is damaged or of a newer version; unavailable.
  static Result<CountFile> open(const std::string& path, std::uint64_t size);

  std::span<const CountEntry> entries() const { return entries_; }
  // The entries whose keys are in [from, to).
  std::span<const CountEntry> range(const CountKey& from, const CountKey& to) const;
  // These neighbours are going to be read: the disk may begin now.
  void expect(std::span<const CountEntry> entries) const;
  // Errors: invalid, if its data are damaged.
  Result<CellSet> set(const CountEntry& entry) const;
  Result<Hours> hours(const CountEntry& entry) const;
  const std::string& path() const { return path_; }
  void relax()
      const;  // the pages that were read leave the process's memory until they are asked again

 private:
  CountFile(MappedFile file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<std::string_view> data(const CountEntry& entry) const;

  MappedFile file_;
  std::string path_;
  std::span<const CountEntry> entries_;
};

}  // namespace tocsin::store
