// A column's rule becomes one action with everything looked up; a row is one pass over the actions.
// Measured (bench/shadowserver_read.cpp): see docs/shadowserver.md.
#include "ingest/shadowserver_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "ingest/passwords.h"
#include "model/subject.h"

namespace tocsin::shadowserver {

namespace {

constexpr std::size_t name_bytes_max = 255;

// A family names the malware better than the variant that was seen, and both better than a tag.
int rank(std::string_view column) {
  return column == "family" ? 0 : column == "infection" ? 1 : 2;
}

bool is_subject(std::string_view target) {
  return is_among(
      target,
      "source.ip destination.ip source.fqdn destination.fqdn source.url destination.url "
      "source.account source.network source.asn source.reverse_dns malware.hash.md5 "
      "malware.hash.sha1 malware.hash.sha256");
}

}  // namespace

std::string_view Plan::key(std::string_view name) {
  std::string out;
  json::append_string(out, name.substr(0, name_bytes_max));
  out += ':';
  return keys_.emplace_back(std::move(out));
}

Plan::Plan(const Reading& reading, std::span<const std::string_view> header, bool name_feed)
    : header_(header), type_(reading.type), severity_(reading.severity), roles_(reading.roles) {
  std::vector<std::uint16_t> order;
  for (std::size_t i = 0; i < header.size() && i < no_column; ++i) {
    bool repeated = std::ranges::find(header.first(i), header[i]) !=
                    header.begin() + static_cast<std::ptrdiff_t>(i);
    if (header[i].empty() || repeated) continue;
    auto column = static_cast<std::uint16_t>(i);
    order.push_back(column);
    if (header[i] == "http_host" || (header[i] == "cc_dns" && host_ == no_column)) host_ = column;
    if (header[i] == "application") application_ = column;
    if (header[i] == "detail") detail_ = column;
  }
  std::ranges::stable_sort(order, {}, [&](std::uint16_t i) { return rank(header[i]); });
  for (std::uint16_t column : order) {
    for (const Mapping& mapping : mappings_for(reading, header[column])) add(column, mapping);
  }
  settle_keeps();
  add_constants(reading, name_feed);
  share_slots();
}

// The schema's mappings where it has some for the column; what our tables know better of families
// stays.
std::vector<Mapping> Plan::mappings_for(const Reading& reading, std::string_view column) const {
  std::vector<Mapping> found;
  for (const Mapping& mapping : reading.mappings) {
    if (mapping.column == column) found.push_back(mapping);
  }
  bool from_schema = !found.empty();
  for (const Rule* rule : rules_for(column, reading.type_name)) {
    bool names_it = rule->target == "malware.name" || rule->target == "classification.identifier";
    if (from_schema && !names_it) continue;
    if (std::ranges::any_of(found, [&](const Mapping& m) { return m.target == rule->target; }))
      continue;
    std::string target(rule->target);
    if (target == "extra.") target += column;
    found.push_back({std::string(column), target, rule->convert});
  }
  if (found.empty()) {
    Convert convert = is_known_column(column) ? Convert::some : Convert::text;
    found.push_back({std::string(column), "extra." + std::string(column), convert});
  }
  return found;
}

Plan::Op Plan::op_of(Convert convert) {
  switch (convert) {
    case Convert::text:
      return Op::text;
    case Convert::some:
      return Op::some;
    case Convert::integer:
      return Op::integer;
    case Convert::nonzero:
      return Op::nonzero;
    case Convert::decimal:
      return Op::decimal;
    case Convert::flag:
      return Op::flag;
    case Convert::time:
      return Op::when;
    case Convert::base64:
      return Op::base64;
    case Convert::address:
      return Op::address;
    case Convert::network:
      return Op::network;
    case Convert::name:
      return Op::field;
    case Convert::url:
      return Op::url;
    case Convert::category:
      return Op::category;
    case Convert::cve:
      return Op::cve;
    case Convert::exchange_class:
    case Convert::exchange_type:
    case Convert::exchange_identifier:
      return Op::exchange;
  }
  return Op::text;
}

// For a field with a column or a kind of its own.
Plan::Op Plan::op_of(Field field, Convert convert) {
  Op general = op_of(convert);
  if (general == Op::url || general == Op::category || general == Op::cve ||
      general == Op::exchange) {
    return general;
  }
  bool some = convert == Convert::some;
  switch (field) {
    case Field::time_source:
      return Op::time;
    case Field::source_ip:
      return Op::source_ip;
    case Field::destination_ip:
      return Op::destination_ip;
    case Field::source_port:
      return Op::source_port;
    case Field::destination_port:
      return Op::destination_port;
    case Field::source_asn:
      return Op::source_asn;
    case Field::destination_asn:
      return Op::destination_asn;
    case Field::source_geolocation_cc:
      return Op::source_country;
    case Field::destination_geolocation_cc:
      return Op::destination_country;
    case Field::protocol_transport:
      return Op::transport;
    case Field::severity:
      return Op::severity;
    case Field::malware_name:
      return Op::family;
    case Field::classification_identifier:
      return Op::identifier;
    case Field::source_reverse_dns:
    case Field::destination_reverse_dns:
      return Op::name;
    case Field::source_account:
      return some ? Op::field_some : Op::field;
    default:
      break;
  }
  Kind kind = kind_of(field);
  if (kind == Kind::text) return some ? Op::some : Op::text;
  if (kind == Kind::lower) return Op::lower;
  if (kind == Kind::network) return Op::network;
  return some ? Op::field_some : Op::field;
}

void Plan::add(std::uint16_t column, const Mapping& mapping) {
  if (ingest::is_password(header_[column])) return;  // never stored
  Field field = Field::extra;
  bool is_field = false;
  if (auto known = field_named(mapping.target); known && *known != Field::extra) {
    field = *known;
    is_field = true;
  }
  // A field that we do not know goes to extra. as well.
  std::string target = mapping.target;
  if (!is_field && !target.starts_with("extra.")) target = "extra." + target;
  has_subject_ |= is_subject(target);
  actions_.push_back({.column = column,
                      .op = is_field ? op_of(field, mapping.convert) : op_of(mapping.convert),
                      .slot = 0,
                      .field = field,
                      .key = key(target),
                      .keep = key(fmt::format("extra.{}", header_[column]))});
  if (!target.starts_with("extra.") || sector_ != no_column) return;
  ingest::SectorEnd wanted = subject_at_destination(type_, roles_) ? ingest::SectorEnd::destination
                                                                   : ingest::SectorEnd::source;
  if (ingest::says_sector(std::string_view(target).substr(6)) == wanted) sector_ = column;
}

// Where a value goes that its field does not take: under extra.<column>, if it is not there
// already.
void Plan::settle_keeps() {
  for (Action& action : actions_) {
    if (action.key.starts_with("\"extra.")) {
      action.keep = action.key;
      continue;
    }
    bool kept = std::ranges::any_of(actions_, [&](const Action& other) {
      return other.column == action.column && other.key.starts_with("\"extra.");
    });
    if (kept) action.keep = {};
  }
}

void Plan::add_constants(const Reading& reading, bool name_feed) {
  auto constant = [&](Field field, std::string_view text) {
    Constant made{.slot = 0, .field = field, .member = {}, .text = std::string(text)};
    Kind kind = kind_of(field);
    bool typed = field == Field::classification_identifier || field == Field::source_account ||
                 field == Field::malware_name;
    if (!typed && (kind == Kind::text || kind == Kind::lower)) {
      made.member = std::string(key(name(field)));
      json::append_string(made.member, kind == Kind::lower ? text::lower(text) : made.text);
    }
    constants_.push_back(std::move(made));
  };
  for (const auto& [field, text] : reading.constants) constant(field, text);
  if (name_feed && !reading.feed_name.empty()) constant(Field::feed_name, reading.feed_name);
  if (reading.guessed) {
    constants_.push_back({.slot = 0,
                          .field = Field::extra,
                          .member = "\"extra.report_type_guessed\":true",
                          .text = {}});
  }
}

// Fields that several columns or a constant may fill get a slot each; the time of a row has none.
void Plan::share_slots() {
  std::map<std::string_view, unsigned> writers;
  std::vector<std::string_view> names(constants_.size());
  for (const Action& action : actions_) ++writers[action.key];
  for (std::size_t i = 0; i < constants_.size(); ++i) {
    if (constants_[i].field == Field::extra) continue;
    names[i] = key(name(constants_[i].field));
    ++writers[names[i]];
  }
  std::map<std::string_view, std::uint8_t> slots;
  auto slot = [&](std::string_view name) -> std::uint8_t {
    if (name.empty() || writers[name] < 2) return 0;
    if (auto known = slots.find(name); known != slots.end()) return known->second;
    if (slots.size() == 255) return 255;
    return slots[name] = static_cast<std::uint8_t>(slots.size() + 1);
  };
  for (Action& action : actions_) action.slot = slot(action.key);
  for (std::size_t i = 0; i < constants_.size(); ++i) constants_[i].slot = slot(names[i]);
}

}  // namespace tocsin::shadowserver
