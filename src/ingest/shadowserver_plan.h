// Plan: what to do with each column of one Shadowserver report, decided once from its header; then
// rows go straight into the sink.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "ingest/shadowserver_reading.h"
#include "ingest/sink.h"
#include "model/field.h"

namespace tocsin::shadowserver {

using ingest::Sink;

class Plan {
 public:
  // `header`: the columns' names, as found. Not copied: it must outlive the plan.
  Plan(const Reading& reading, std::span<const std::string_view> header, bool name_feed);

  // True if some column says where something is: without one no row can be read.
  bool has_subject() const { return has_subject_; }

  // One row; missing columns at its end are empty. Rejects it if its time or its address is none.
  void row(Sink& sink, std::size_t line, std::string_view bytes,
           std::span<const std::string_view> values);

 private:
  enum class Op : std::uint8_t {
    // In the columns of the batch.
    time,
    source_ip,
    destination_ip,
    source_port,
    destination_port,
    source_asn,
    destination_asn,
    source_country,
    destination_country,
    transport,
    severity,
    family,
    identifier,
    // Among the members, written here.
    text,
    some,
    lower,
    name,
    integer,
    nonzero,
    decimal,
    flag,
    when,
    base64,
    address,
    network,
    // Seldom: through Sink::set().
    field,
    field_some,
    url,
    category,
    cve,
    exchange
  };
  struct Action {
    std::uint16_t column;
    Op op;
    std::uint8_t slot;  // actions with the same slot write the same field: the first value stays;
                        // 0: it writes alone
    Field field;
    std::string_view key;   // `"source.reverse_dns":`
    std::string_view keep;  // `"extra.hostname":`, for a value that is not of the field's kind; "":
                            // it is kept already
  };
  struct Constant {
    std::uint8_t slot;
    Field field;
    std::string member;  // `"protocol.application":"dns"`; "": set by text
    std::string text;
  };
  struct KnownWord {
    std::string text;
    WordId id = 0;
  };

  std::vector<Mapping> mappings_for(const Reading& reading, std::string_view column) const;
  static Op op_of(Convert convert);
  static Op op_of(Field field, Convert convert);
  void add(std::uint16_t column, const Mapping& mapping);
  void settle_keeps();
  void share_slots();
  void add_constants(const Reading& reading, bool name_feed);
  std::string_view key(std::string_view name);

  bool apply(Sink& sink, const Action& action,
             std::string_view value);  // false: no value came of it
  bool names_another_host(const Sink& sink);
  bool apply_end(Sink& sink, const Action& action, std::string_view value);
  bool apply_member(const Action& action, std::string_view value);
  bool apply_seldom(Sink& sink, const Action& action, std::string_view value);
  bool apply_exchange(Sink& sink, const Action& action, std::string_view value);
  void keep(const Action& action, std::string_view value);
  bool member(std::string_view key, std::string_view text);
  bool member_json(std::string_view key, std::string_view json);
  std::string url(std::string_view value) const;
  std::string_view value_at(std::uint16_t column) const;
  WordId family(Sink& sink, std::string_view text);
  WordId sector(Sink& sink, std::string_view text);

  std::span<const std::string_view> header_;
  std::deque<std::string> keys_;
  std::vector<Action> actions_;
  std::vector<Constant> constants_;
  Type type_;
  Severity severity_;
  Roles roles_;
  bool has_subject_ = false;
  static constexpr std::uint16_t no_column = 0xffff;
  std::uint16_t host_ = no_column, application_ = no_column, detail_ = no_column,
                sector_ = no_column;

  // Of the row at hand.
  std::span<const std::string_view> values_;
  std::array<std::uint64_t, 4> taken_{};  // slots
  std::string members_;
  bool cut_ = false;
  std::array<KnownWord, 256> families_;  // by hash of the text as found
  std::array<KnownWord, 64> sectors_;    // the same
};

}  // namespace tocsin::shadowserver
