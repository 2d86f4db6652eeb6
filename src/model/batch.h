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

// What sets an event apart from those that count: bits of EventBatch::flags.
inline constexpr std::uint8_t flag_exercise = 1;  // made up: never counted, exported, alerted
inline constexpr std::uint8_t flag_history = 2;   // told late on purpose: no alert, nothing new

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

// An exact duplicate as it is remembered: that its report told the event of this hash too, and what
// may differ from the event that was kept. So the report can tell it alone when the other goes.
struct Echo {
  Hash128 hash;
  TimeUs time = 0, observed = 0;
  std::uint32_t line = 0;
  WordId sector = 0;
  std::uint16_t place = 0;  // among the rows of its batch
};

// What a correction takes out, as the journal says it to the followers: an act in the order of seq,
// between the batches before it and those after. Source: DESIGN D3.
struct Correction {
  enum class Kind : std::uint8_t { none, withdraw, erase };
  Kind kind = Kind::none;
  std::uint64_t report = 0;           // withdraw: all of this one
  std::vector<EventId> events;        // erase: these
  std::vector<Day> days;              // days and types of what goes
  std::vector<Type> types;            // ...
  std::vector<std::uint64_t> others;  // reports that told some of it too
  EventId first = 0;                  // the first that goes
  bool controllers = false;           // it says who is a controller: joins are made anew
  bool sinks = false;                 // it says who is a sinkhole or sensor
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
  std::vector<std::uint8_t> flags;      // flag_exercise, flag_history
  EndColumns source, destination;
  std::vector<Text> account;         // source.account
  std::vector<Text> extra;           // every other field: the members of a JSON object, flat names:
                                     // `"source.registry":"RIPE","extra.tag":"x"`
  std::vector<std::uint32_t> line;   // where in the report, from 1
  std::vector<Hash128> hash;         // equal hash = exact duplicate; filled by the intake
  std::vector<std::uint16_t> place;  // among the rows that the format gave; empty: 0, 1, 2 …
  std::vector<Echo> echoes;          // exact duplicates that the intake took out, by place
  Correction correction;             // no events, but an act

  std::string arena;

  std::size_t size() const { return time.size(); }
  bool is_act() const { return correction.kind != Correction::Kind::none; }
  EventId id(std::size_t row) const {
    return event_id(seq, place.empty() ? row : std::size_t{place[row]});
  }
  std::string_view text(Text t) const { return std::string_view(arena).substr(t.offset, t.size); }
  // Adds members to the `extra` of a row: `"node.source.asn":64496`, without a comma around.
  void add_members(std::size_t row, std::string_view members);
  Text keep(std::string_view bytes);  // copies into the arena
  void clear();                       // keeps the memory
  void compact();                     // leaves in the arena only what some row holds
  void add_row();                     // every column grows by a default value
  void remove_last_row();
  void keep_rows(const std::vector<bool>& keep);  // drops the others; the arena stays
};

// The batch as bytes for the journal, and back. Layout: magic with the version, counts, columns,
// arena, XXH3 of all of it; little endian. decode() trusts nothing: it checks every length and
// every Text; it reads older versions too, whose missing columns are empty. Errors: invalid.
std::string encode(const EventBatch& batch);
Result<EventBatch> decode(std::string_view bytes);

// RSIT's type `test` is one too, whoever sent it.
inline bool is_exercise(const EventBatch& b, std::size_t i) {
  return (b.flags[i] & flag_exercise) != 0 || b.type[i] == Type::test;
}
inline bool is_history(const EventBatch& b, std::size_t i) {
  return (b.flags[i] & flag_history) != 0;
}

// Which end of row `i` is the affected one: what a count or a finding is about.
// c2-server and dga-domain: the source itself (the controller is the subject).
inline bool has_address(const EventBatch& b, std::size_t i) {
  return !b.source.ip[i].empty();
}

}  // namespace tocsin
