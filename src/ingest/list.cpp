#include "ingest/list.h"

#include "base/text.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t entry_bytes_max = 16 * 1024;

bool is_comment(std::string_view text) {
  return text.starts_with('#') || text.starts_with(';') || text.starts_with("//");
}

}  // namespace

std::string_view list_entry(std::string_view line, bool inline_comments) {
  std::string_view entry = text::trim(line);
  if (is_comment(entry) || entry.starts_with('!')) return {};
  if (inline_comments) entry = text::trim(entry.substr(0, entry.find_first_of("#;")));
  std::size_t end = entry.find_first_of(" \t");
  if (end != entry.npos && is_comment(text::trim(entry.substr(end)))) entry = entry.substr(0, end);
  return entry;
}

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
