// cidr_list: one network, address or range of addresses per line; `#` and `;` start a comment.
// Source: no standard; Spamhaus' DROP, Team Cymru's bogons, FireHOL's netsets.
#include "base/ip.h"
#include "ingest/list.h"

namespace tocsin::ingest {
namespace {

void network_event(const Network& network, std::size_t line, Sink& sink) {
  sink.event(line).type(Type::blacklist);
  if (network.length == 128) {
    sink.source_ip(network.base);
  } else {
    (void)sink.set(Field::source_network, ip::format(network));
  }
}

Ip next(const Ip& ip) {
  std::uint64_t low = ip.low() + 1;
  return Ip::from_halves(ip.high() + (low == 0), low);
}

// The fewest networks that together are exactly first to last.
void range_events(const ip::Range& range, std::size_t line, Sink& sink) {
  auto [first, last] = range;
  std::uint8_t shortest = first.is_v4() ? 96 : 0;
  for (Ip at = first;; at = next(at)) {
    Network network{at, 128};
    while (network.length > shortest) {
      Network wider{at, static_cast<std::uint8_t>(network.length - 1)};
      auto aligned = ip::parse_network(ip::format(wider), true);
      if (!aligned || wider.last() > last) break;
      network = wider;
    }
    network_event(network, line, sink);
    at = network.last();
    if (at == last) return;
  }
}

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  if (entry.contains('-')) {
    range_events(TRY(ip::parse_range(entry)), line, sink);
  } else {
    network_event(TRY(ip::parse_network(entry)), line, sink);
  }
  return {};
}

}  // namespace

Format cidr_list() {
  return {
      .summary = "one network, address or range per line, # and ; comments",
      .read = [](const Report& report, Sink& sink) { return read_list(report, sink, true, take); }};
}

}  // namespace tocsin::ingest
