// ip_list: one IP address per line; `#` starts a comment.
// Source: no standard; the shape of most public blocklists.
#include "base/ip.h"
#include "ingest/list.h"

namespace tocsin::ingest {
namespace {

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  Ip ip = TRY(ip::parse(entry));
  sink.event(line).source_ip(ip).type(Type::blacklist);
  return {};
}

}  // namespace

Format ip_list() {
  return {
      .summary = "one IP address per line, # comments",
      .read = [](const Report& report, Sink& sink) { return read_list(report, sink, true, take); }};
}

}  // namespace tocsin::ingest
