// domain_list: one domain name per line, also as a hosts file, with a wildcard, or as an ad
// blocker's rule.
// Source: no standard; hosts(5); Adblock Plus filters "||name^".
#include "base/text.h"
#include "ingest/list.h"

namespace tocsin::ingest {
namespace {

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  for (std::string_view host : {"0.0.0.0", "127.0.0.1", "::1", "::"}) {
    if (entry.starts_with(host) && entry.size() > host.size() &&
        (entry[host.size()] == ' ' || entry[host.size()] == '\t')) {
      entry = text::trim(entry.substr(host.size()));
      break;
    }
  }
  if (entry.starts_with("||") && entry.ends_with('^')) entry = entry.substr(2, entry.size() - 3);
  if (entry.starts_with("*.")) entry.remove_prefix(2);
  sink.event(line).type(Type::blacklist);
  return sink.set(Field::source_fqdn, entry);
}

}  // namespace

Format domain_list() {
  return {
      .summary = "one domain name per line (hosts files and ||name^ too), # comments",
      .read = [](const Report& report, Sink& sink) { return read_list(report, sink, true, take); }};
}

}  // namespace tocsin::ingest
