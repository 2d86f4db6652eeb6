// domain_list: one domain name per line, also as a hosts file, with a wildcard, or as an ad
// blocker's rule.
// Source: no standard; hosts(5); Adblock Plus filters.
#include "ingest/list.h"
#include "model/normal.h"

namespace tocsin::ingest {
namespace {

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  auto names = listed_names(entry);
  for (std::string_view name : names) TRY(normal::name(name));  // all of the line, or none
  for (std::string_view name : names) {
    sink.event(line).type(Type::blacklist);
    TRY(sink.set(Field::source_fqdn, name));
  }
  return {};
}

}  // namespace

Format domain_list() {
  return {
      .summary = "one domain name per line (hosts files and ||name^ too), # comments",
      .read = [](const Report& report, Sink& sink) { return read_list(report, sink, true, take); }};
}

}  // namespace tocsin::ingest
