// Raw: the bytes of reports as they came, packed and named by their SHA-256, for as long as their
// feed says: so that a report can be read anew. HOME/raw/ab/<sha256>.zst; what intake has just
// handed over waits unpacked in HOME/raw/waiting, a link to its spooled file.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "store/journal.h"

namespace tocsin::store {

class Raw {
 public:
  static Result<std::unique_ptr<Raw>> open(const Journal& journal, const std::string& folder);

  // Keeps the last `size_bytes` of a file on the same disk, whose SHA-256 is known. Costs a link.
  // Errors: unavailable. Any thread, as all that follows but pack_next().
  Result<void> keep(const std::string& file, std::string_view sha256, std::uint64_t size_bytes);
  bool has(std::string_view sha256) const;
  // Writes the bytes to a new file. Errors: missing: they are not kept; unavailable; invalid:
  // they are damaged.
  Result<void> unpack(std::string_view sha256, const std::string& to) const;
  Result<void> remove(std::string_view sha256);
  std::uint64_t bytes() const;  // on the disk

  // Packs one that waits. False: none does. One thread.
  Result<bool> pack_next();

  // Removes what none of its reports is to be kept for, and the oldest while all take more than
  // `bytes_max`. Gives how many went.
  struct Keep {
    std::uint64_t bytes_max = 0;
    std::function<bool(const ReportRow&)> wanted;  // is this report's time not over
    std::function<bool(const ReportRow&)> held;    // must it stay, whatever the room
  };
  Result<std::size_t> prune(const Keep& keep);
  // Calls with the SHA-256 of each.
  void each(const std::function<void(const std::string& sha256)>& call) const;

 private:
  Raw(const Journal& journal, std::string folder) : journal_(journal), folder_(std::move(folder)) {}
  std::string packed(std::string_view sha256) const;
  std::string waiting(std::string_view sha256) const;  // "": none

  const Journal& journal_;
  std::string folder_;
  mutable std::mutex mutex_;  // held while files come and go
};

}  // namespace tocsin::store
