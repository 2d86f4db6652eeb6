// Sink: where a format writes what it reads: straight into the columns of a batch, checked and
// canonical.
//
//   sink.event(line).source_ip(ip).type(Type::infected_system);     // closes the event before it
//   sink.set(Field::source_fqdn, text)                              // any field by its text,
//   checked by its kind sink.reject(line, error, bytes)                                 // also
//   drops the open event, if `line` is its line
//
// One thread. Nothing is allocated for an event beyond the columns, the arena and new words of the
// dictionary.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "base/result.h"
#include "ingest/seen_names.h"
#include "model/batch.h"
#include "model/field.h"

namespace tocsin::wire {
struct StixObject;
}

namespace tocsin::ingest {

struct Reject {
  std::size_t line;  // from 1; of its first line where a record spans several
  Error why;
  std::string_view bytes;  // the record as found, at most 64 KiB of it; valid during the call
};

// Sectors (industries) in reports: which names under `extra.` say one of which end, and the
// canonical text: lower case, blanks trimmed and single, at most 120 octets; "" if it says nothing.
enum class SectorEnd : std::uint8_t { none, source, destination };
SectorEnd says_sector(std::string_view extra_name);  // "sector", "source.sector", "src_sector" ...
std::string sector_of(std::string_view text);

// An account without whose it is: "j***@example.org".
std::string masked_text(std::string_view account);

class Sink final {
 public:
  using Batches = std::function<Result<void>(EventBatch&)>;  // takes a full batch; it is cleared
                                                             // afterwards. An error stops the read
  using Rejects = std::function<void(const Reject&)>;
  // May this event come in? Asked once, of each that is whole, before what it does not say is
  // filled in. An error rejects it.
  using Judge = std::function<Result<void>(const EventBatch&, std::size_t row)>;

  struct Defaults {
    WordId feed = 0;
    std::uint64_t report = 0;
    TimeUs received = 0;
    Tlp tlp = Tlp::unmarked;
    std::uint8_t flags = 0;  // of every event: flag_exercise, flag_history
  };

  Sink(Dictionary& words, const Defaults& defaults, Batches batches, Rejects rejects);
  void judge_by(Judge judge) { judge_ = std::move(judge); }
  // What takes the names of events that the report takes back; else that is passed over.
  void recalls_to(std::function<void(std::string_view id)> recalls) {
    recalls_ = std::move(recalls);
  }
  bool takes_recalls() const { return bool(recalls_); }
  // What takes objects of the report that are no events, as they stand in it; else they are passed
  // over or, where an event might have been made of them, rejected.
  using Others = std::function<void(std::size_t line, wire::StixObject object)>;
  void others_to(Others others) { others_ = std::move(others); }
  bool takes_others() const { return bool(others_); }

  // Opens an event that stands at `line`; the one before is closed: completed, checked for a
  // subject, counted.
  Sink& event(std::size_t line = 0);
  void drop();  // forgets the open event
  void other(std::size_t line, wire::StixObject object);
  // An earlier event of this feed, by the id that its sender gave it, is taken back.
  void recall(std::string_view id) {
    if (recalls_) recalls_(id);
  }
  void reject(std::size_t line, Error why, std::string_view bytes = {});
  // Closes the last event and passes on the last batch. Errors: the first that Batches gave.
  Result<void> finish();
  // True when Batches has failed: the format may stop reading.
  bool stopped() const { return !status_.has_value(); }

  // Where the open record's bytes stand, for the quarantine if closing rejects it. Optional.
  void record(std::string_view bytes) { record_ = bytes; }

  // Typed setters: values that are already canonical. Hot path.
  Sink& source_ip(const Ip& ip) { return batch_.source.ip.back() = ip, *this; }
  Sink& destination_ip(const Ip& ip) { return batch_.destination.ip.back() = ip, *this; }
  Sink& source_port(std::uint16_t port) { return batch_.source.port.back() = port, *this; }
  Sink& destination_port(std::uint16_t port) {
    return batch_.destination.port.back() = port, *this;
  }
  Sink& type(Type type) { return batch_.type.back() = type, *this; }
  Sink& severity(Severity severity) { return batch_.severity.back() = severity, *this; }
  Sink& time(TimeUs time) { return batch_.time.back() = time, *this; }
  Sink& transport(Transport transport) { return batch_.transport.back() = transport, *this; }
  Sink& tlp(Tlp tlp) { return batch_.tlp.back() = tlp, *this; }
  Sink& roles(Roles roles) { return roles_set_ = true, batch_.roles.back() = roles, *this; }
  // The report says it of the end whose usual role that is. Roles that are set say it by
  // themselves.
  Sink& controller_known() {
    return batch_.controller_reason.back() = ControllerReason::feed, *this;
  }
  Sink& exercise() { return batch_.flags.back() |= flag_exercise, *this; }
  Sink& history() { return batch_.flags.back() |= flag_history, *this; }
  Sink& source_asn(std::uint32_t asn) { return batch_.source.asn.back() = asn, *this; }
  Sink& destination_asn(std::uint32_t asn) { return batch_.destination.asn.back() = asn, *this; }
  Sink& source_country(Country country) { return batch_.source.country.back() = country, *this; }
  Sink& destination_country(Country country) {
    return batch_.destination.country.back() = country, *this;
  }
  Sink& family(WordId family) { return batch_.family.back() = family, *this; }
  Sink& identifier(WordId identifier) { return batch_.identifier.back() = identifier, *this; }
  // The affected end's sector, as sector_of() gives it; else an extra of a name that
  // says_sector() fills it.
  Sink& sector(WordId sector) { return batch_.sector.back() = sector, *this; }
  WordId word(std::string_view text);  // for identifier(); for family() only canonical names
  // Holds until the next call. `guessed`: by the columns, for nothing names it.
  Sink& report_type(std::string_view type, bool guessed = false);
  WordId report_type() const { return report_type_; }
  bool report_type_guessed() const { return report_type_guessed_; }

  // Other fields as EventBatch::extra holds them: `"source.registry":"RIPE","extra.tag":"x"`. The
  // caller vouches for names, kinds and valid JSON, and that none was set before. At most 256 KiB.
  void members(std::string_view json);

  // Any field by its text. "" is no value and is fine. Errors: invalid, if the text is not of the
  // field's kind: the event stays open and unchanged; the caller rejects, or goes on without the
  // value.
  Result<void> set(Field field, std::string_view text);
  // Sets it, or keeps what is wrong under extra.<name>.
  void set_or_keep(Field field, std::string_view text);
  bool has(Field field) const;  // typed fields and those set since event()

  // `extra.<name>`: what has no field of its own. Never what stands for a password (is_password()):
  // it is left out, and counted in passwords(). Names as in the report, UTF-8, at most 255
  // octets. A repeated name wins last-less: the first value stays. What is beyond 1,000 other
  // fields or 256 KiB of one event is left out, and counted in its `extra.members_cut`.
  void extra(std::string_view name, std::string_view text);
  void extra_number(std::string_view name, std::int64_t value);
  void extra_decimal(std::string_view name, double value);
  void extra_flag(std::string_view name, bool value);
  void extra_json(std::string_view name, std::string_view json);  // valid JSON

  const EventBatch& batch() const { return batch_; }
  std::uint64_t events() const { return events_; }  // closed and kept
  std::uint64_t rejected() const { return rejected_; }
  std::uint64_t passwords() const { return passwords_; }

 private:
  void close();
  void settle_controller(std::size_t i);
  bool is_plausible(TimeUs time) const;
  void flush();
  void member(std::string_view name, std::string_view json, bool is_extra);
  SeenNames::Is see(std::size_t start, std::size_t key);
  bool says_password(std::string_view name, std::string_view json, bool is_extra);
  void note_sector(std::string_view name, std::string_view json);
  Result<void> set_end(bool source, Kind kind, std::string_view text);

  Dictionary& words_;
  Defaults defaults_;
  Batches batches_;
  Rejects rejects_;
  EventBatch batch_;
  std::string members_;   // extra of the open event
  SeenNames seen_names_;  // of members_, up to there:
  std::size_t seen_bytes_ = 0;
  std::uint64_t members_cut_ = 0;  // that found no place in it
  std::string_view record_;
  std::size_t line_ = 0;
  bool open_ = false, roles_set_ = false, type_set_ = false, report_type_guessed_ = false;
  std::optional<Class> class_;  // what the report calls it
  WordId report_type_ = 0;
  WordId source_sector_ = 0, destination_sector_ = 0;  // as extras of the open event say
  Result<void> status_;
  std::uint64_t events_ = 0, rejected_ = 0, passwords_ = 0;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash64(text); }
  };
  struct Judged {
    std::uint64_t name_hash = 0;
    bool is_password = false;
  };
  std::array<Judged, 64> judged_{};  // names seen lately
  // Saves the dictionary's lock.
  std::unordered_map<std::string, WordId, TextHash, std::equal_to<>> seen_words_;
  Judge judge_;
  std::function<void(std::string_view)> recalls_;
  Others others_;
};

}  // namespace tocsin::ingest
