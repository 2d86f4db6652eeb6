#include "ingest/list.h"

#include "base/text.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t entry_bytes_max = 16 * 1024;

}  // namespace

Result<void> read_list(const Report& report, Sink& sink, bool inline_comments, TakeEntry take) {
  std::string_view bytes = report.bytes;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  for (auto [number, line] : text::numbered_lines(bytes)) {
    if (sink.stopped()) break;
    std::string_view entry = list_entry(line, inline_comments);
    if (entry.empty()) continue;
    if (entry.size() > entry_bytes_max) {
      sink.reject(number, Error{Fault::invalid, "an entry of more than 16384 bytes"}, line);
      continue;
    }
    if (auto taken = take(entry, number, sink); !taken) {
      sink.reject(number, taken.error(), line);
    }
  }
  return {};
}

}  // namespace tocsin::ingest
