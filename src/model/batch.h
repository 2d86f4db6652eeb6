// EventBatch: up to 8,192 events of one report as columns over one arena. Everything between a
// format and the stores moves these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "model/country.h"
#include "model/dictionary.h"
#include "model/taxonomy.h"

namespace tocsin {

inline constexpr std::size_t batch_events_max = 8192;
inline constexpr unsigned batch_events_bits = 13;

// Names one event for ever: the journal's seq of its batch and its place there.
using EventId = std::uint64_t;
inline EventId event_id(std::uint64_t seq, std::size_t row) {
  return seq << batch_events_bits | row;
}
inline std::uint64_t seq_of(EventId id) {
  return id >> batch_events_bits;
}

// A piece of a batch's arena.
struct Text {
  std::uint32_t offset = 0, size = 0;
  bool empty() const { return size == 0; }
};

// One end of the events, a column each.
struct EndColumns {
  std::vector<Ip> ip;               // empty(): none
  std::vector<std::uint16_t> port;  // 0: none
  std::vector<std::uint32_t> asn;   // 0: none; the report's, else the node's own
  std::vector<Country> country;     // the report's, else the node's own
  std::vector<Text> name;           // fqdn, canonical
  std::vector<Text> url;
};

struct EventBatch {
  // The same for the whole batch.
  std::uint64_t seq = 0;     // given at the commit
  std::uint64_t report = 0;  // the store's id of the report
  WordId feed = 0;
  WordId report_type = 0;  // e.g. Shadowserver's "event4_sinkhole"; 0: the format has no types
  TimeUs received = 0;

  std::vector<TimeUs>
      time;  // when it happened; time_none is replaced by `observed` before the commit
  std::vector<TimeUs> observed;  // when the reporter or we saw it
  std::vector<Type> type;
  std::vector<Severity> severity;
  std::vector<Tlp> tlp;
  std::vector<Transport> transport;
  std::vector<Roles> roles;
  std::vector<ControllerReason> controller_reason;
  std::vector<WordId> family;           // canonical malware family (malware.name)
  std::vector<WordId> identifier;       // classification.identifier
  std::vector<WordId> sector;           // the affected end's, as the report says; lower case
  std::vector<WordId> joined;           // address or name of the controller that a join found
  std::vector<Country> joined_country;  // ... and its country; set where the reason is `join`
  EndColumns source, destination;
  std::vector<Text> account;        // source.account
  std::vector<Text> extra;          // every other field: the members of a JSON object, flat names:
                                    // `"source.registry":"RIPE","extra.tag":"x"`
  std::vector<std::uint32_t> line;  // where in the report, from 1
  std::vector<Hash128> hash;        // equal hash = exact duplicate; filled by the intake

  std::string arena;

  std::size_t size() const { return time.size(); }
  std::string_view text(Text t) const { return std::string_view(arena).substr(t.offset, t.size); }
  // Adds members to the `extra` of a row: `"node.source.asn":64496`, without a comma around.
  void add_members(std::size_t row, std::string_view members);
  Text keep(std::string_view bytes);  // copies into the arena
  void clear();                       // keeps the memory
  void add_row();                     // every column grows by a default value
  void remove_last_row();
  void keep_rows(const std::vector<bool>& keep);  // drops the others; the arena stays
};

// The batch as bytes for the journal, and back. Layout: magic with the version, counts, columns,
// arena, XXH3 of all of it; little endian. decode() trusts nothing: it checks every length and
// every Text; it reads older versions too, whose missing columns are empty. Errors: invalid.
std::string encode(const EventBatch& batch);
Result<EventBatch> decode(std::string_view bytes);

// Which end of row `i` is the affected one: what a count or a finding is about.
// c2-server and dga-domain: the source itself (the controller is the subject).
inline bool has_address(const EventBatch& b, std::size_t i) {
  return !b.source.ip[i].empty();
}

}  // namespace tocsin
