// hash_list: one MD5, SHA-1 or SHA-256 of malware per line, told apart by their length; what
// follows the hash on its line (as md5sum(1) prints) is the file's name.
// Source: no standard; MalwareBazaar's exports.
#include "base/text.h"
#include "ingest/list.h"

namespace tocsin::ingest {
namespace {

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  std::size_t end = std::min(entry.find_first_of(" \t,"), entry.size());
  std::string_view hash = entry.substr(0, end);
  if (hash.size() > 1 && hash.front() == '"' && hash.back() == '"') {
    hash = hash.substr(1, hash.size() - 2);
  }
  sink.event(line).type(Type::malware);
  switch (hash.size()) {
    case 32:
      TRY(sink.set(Field::malware_hash_md5, hash));
      break;
    case 40:
      TRY(sink.set(Field::malware_hash_sha1, hash));
      break;
    case 64:
      TRY(sink.set(Field::malware_hash_sha256, hash));
      break;
    default:
      return invalid("not an MD5, SHA-1 or SHA-256: " + text::quote(hash));
  }
  std::size_t name = entry.find_first_not_of(" \t,*", end);
  if (name != std::string_view::npos) sink.extra("filename", entry.substr(name));
  return {};
}

}  // namespace

Format hash_list() {
  return {.summary = "one MD5, SHA-1 or SHA-256 per line, # comments",
          .read = [](const Report& report, Sink& sink) {
            return read_list(report, sink, false, take);
          }};
}

}  // namespace tocsin::ingest
