// cidr_list: one network, address or range of addresses per line; `#` and `;` start a comment.
// Source: no standard; Spamhaus' DROP, Team Cymru's bogons, FireHOL's netsets.
#include "base/ip.h"
#include "base/text.h"
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
Result<void> range(std::string_view entry, std::size_t dash, std::size_t line, Sink& sink) {
  Ip first = TRY(ip::parse(text::trim(entry.substr(0, dash))));
  Ip last = TRY(ip::parse(text::trim(entry.substr(dash + 1))));
  if (last < first || first.is_v4() != last.is_v4()) {
    return invalid("not a range of addresses: " + text::quote(entry));
  }
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
    if (at == last) return {};
  }
}

Result<void> take(std::string_view entry, std::size_t line, Sink& sink) {
  if (auto dash = entry.find('-'); dash != std::string_view::npos) {
    return range(entry, dash, line, sink);
  }
  Network network = TRY(ip::parse_network(entry));
  network_event(network, line, sink);
  return {};
}

}  // namespace

Format cidr_list() {
  return {
      .summary = "one network, address or range per line, # and ; comments",
      .read = [](const Report& report, Sink& sink) { return read_list(report, sink, true, take); }};
}

}  // namespace tocsin::ingest
