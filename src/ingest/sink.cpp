#include "ingest/sink.h"

#include <sodium.h>

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "ingest/passwords.h"
#include "model/family.h"
#include "model/members.h"
#include "model/normal.h"
#include "model/subject.h"
#include "wire/stix_object.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t text_bytes_max = 64 * 1024;    // one value
constexpr std::size_t extra_bytes_max = 256 * 1024;  // all of an event's other fields
constexpr std::size_t name_bytes_max = 255;
constexpr Day earliest_day = 7305;  // 1990-01-01
constexpr std::size_t arena_bytes_max =
    64 << 20;  // a batch is passed on before its arena outgrows this

std::unexpected<Error> not_a(std::string_view what, std::string_view text) {
  return invalid(fmt::format("not {}: {}", what, text::quote(text)));
}

Result<std::uint32_t> as_number(std::string_view text) {
  if (text.starts_with("AS") || text.starts_with("as")) text.remove_prefix(2);
  auto value = text::number(text);
  if (!value || *value > UINT32_MAX) return not_a("an AS number", text);
  return static_cast<std::uint32_t>(*value);
}

Result<bool> flag(std::string_view text) {
  for (std::string_view yes : {"true", "t", "yes", "y", "1", "enabled"}) {
    if (text::equal_fold(text, yes)) return true;
  }
  for (std::string_view no : {"false", "f", "no", "n", "0", "disabled"}) {
    if (text::equal_fold(text, no)) return false;
  }
  return not_a("a truth value", text);
}

bool is_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  for (char c : text) {
    bool known = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                 c == '+' || c == '/';
    if (!known) return false;
  }
  return true;
}

bool is_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  auto error = parser.parse(text.data(), text.size()).error();
  return error == simdjson::SUCCESS;
}

// The value as JSON, canonical for `kind`. For the kinds that have no column of their own.
Result<std::string> json_of(Kind kind, std::string_view text) {
  std::string out;
  auto quoted = [&](std::string_view value) {
    json::append_string(out, value);
    return out;
  };
  switch (kind) {
    case Kind::text:
      return quoted(text);
    case Kind::lower:
      return quoted(text::lower(text));
    case Kind::upper:
      return quoted(text::upper(text));
    case Kind::base64:
      if (!is_base64(text)) return not_a("base64", text);
      return quoted(text);
    case Kind::uuid:
      if (text.size() != 36) return not_a("a UUID", text);
      return quoted(text::lower(text));
    case Kind::md5:
      return quoted(TRY(normal::hash(text, 16)));
    case Kind::sha1:
      return quoted(TRY(normal::hash(text, 20)));
    case Kind::sha256:
      return quoted(TRY(normal::hash(text, 32)));
    case Kind::fqdn:
      return quoted(TRY(normal::name(text, true)));
    case Kind::url:
      return quoted(TRY(normal::url(text)));
    case Kind::ip:
      return quoted(TRY(ip::canonical(text)));
    case Kind::network:
      return quoted(ip::format(TRY(ip::parse_network(text))));
    case Kind::time:
      return quoted(times::format(TRY(times::parse(text))));
    case Kind::boolean:
      return std::string(TRY(flag(text)) ? "true" : "false");
    case Kind::cc: {
      auto country = Country::parse(text);
      if (!country) return not_a("a country code", text);
      return quoted(country->text());
    }
    case Kind::registry: {
      std::string upper = text::upper(text);
      for (std::string_view known : {"AFRINIC", "APNIC", "ARIN", "LACNIC", "RIPE"}) {
        if (upper == known || (known == "RIPE" && upper == "RIPENCC")) return quoted(known);
      }
      return not_a("a registry", text);
    }
    case Kind::integer: {
      auto value = text::signed_number(text);
      if (!value) return not_a("a whole number", text);
      return std::to_string(*value);
    }
    case Kind::asn:
      return std::to_string(TRY(as_number(text)));
    case Kind::accuracy:
    case Kind::number: {
      auto value = text::decimal(text);
      if (!value || (kind == Kind::accuracy && (*value < 0 || *value > 100)))
        return not_a("a number", text);
      json::append_number(out, *value);
      return out;
    }
    case Kind::json:
      if (!is_json(text)) return not_a("JSON", text);
      return std::string(text);
    default:
      return quoted(text);
  }
}

bool is_absent(std::string_view text) {
  return text.empty();
}

}  // namespace

SectorEnd says_sector(std::string_view name) {
  if (!name.ends_with("sector")) return SectorEnd::none;
  for (std::string_view known : {"sector", "source.sector", "source_sector", "src_sector"}) {
    if (name == known) return SectorEnd::source;
  }
  for (std::string_view known : {"destination.sector", "destination_sector", "dst_sector"}) {
    if (name == known) return SectorEnd::destination;
  }
  return SectorEnd::none;
}

std::string sector_of(std::string_view text) {
  constexpr std::size_t sector_bytes_max = 120;
  std::string sector;
  for (std::string_view rest = text::trim(text); !rest.empty();) {
    std::string_view word = text::trim(text::cut(rest, ' '));
    if (word.empty()) continue;
    if (!sector.empty()) sector += ' ';
    sector += text::lower(word);
  }
  for (std::string_view nothing : {"-", "0", "none", "null", "n/a", "unknown", "unspecified"}) {
    if (sector == nothing) return {};
  }
  if (sector.size() > sector_bytes_max) return {};
  return sector;
}

Sink::Sink(Dictionary& words, const Defaults& defaults, Batches batches, Rejects rejects)
    : words_(words),
      defaults_(defaults),
      batches_(std::move(batches)),
      rejects_(std::move(rejects)) {}

Sink& Sink::event(std::size_t line) {
  if (open_) close();
  if (batch_.size() >= batch_events_max || batch_.arena.size() > arena_bytes_max) flush();
  batch_.add_row();
  batch_.line.back() = static_cast<std::uint32_t>(line);
  open_ = true;
  roles_set_ = false;
  type_set_ = false;
  line_ = line;
  class_ = {};
  source_sector_ = destination_sector_ = 0;
  members_.clear();
  seen_names_.clear();
  seen_bytes_ = 0;
  members_cut_ = 0;
  record_ = {};
  return *this;
}

void Sink::other(std::size_t line, wire::StixObject object) {
  if (others_) others_(line, std::move(object));
}

void Sink::drop() {
  if (!open_) return;
  batch_.remove_last_row();
  open_ = false;
}

void Sink::reject(std::size_t line, Error why, std::string_view bytes) {
  if (open_ && (line == line_ || line == 0)) {
    if (bytes.empty()) bytes = record_;
    drop();
  }
  ++rejected_;
  if (rejects_) rejects_({line, std::move(why), bytes.substr(0, text_bytes_max)});
}

Result<void> Sink::finish() {
  if (open_) close();
  flush();
  return status_;
}

Sink& Sink::report_type(std::string_view type, bool guessed) {
  report_type_ = words_.id(type);
  report_type_guessed_ = guessed;
  return *this;
}

// No report is older than the networks it speaks of; clocks and zones may be wrong by a day.
bool Sink::is_plausible(TimeUs time) const {
  return time >= times::start_of(earliest_day) &&
         (defaults_.received <= 0 || time <= defaults_.received + us_per_day);
}

// An event must say where something is: an address, a name, a URL, an account, or a network or hash
// among its other fields.
void Sink::close() {
  std::size_t i = batch_.size() - 1;
  auto named = [&](const EndColumns& end) {
    return !end.ip[i].empty() || !end.name[i].empty() || !end.url[i].empty() || end.asn[i] != 0;
  };
  auto given = [&](std::string_view key) { return members_.find(key) != std::string::npos; };
  bool subject = named(batch_.source) || named(batch_.destination) || !batch_.account[i].empty() ||
                 given("\"malware.hash.") || given("source.network\"") ||
                 given("source.reverse_dns\"") || given("source.local_");
  if (!subject) {
    reject(
        line_,
        Error{Fault::invalid,
              "no subject: neither an address, a name, a URL, an account, a network nor a hash"});
    return;
  }
  for (TimeUs time : {batch_.time[i], batch_.observed[i]}) {
    if (time == time_none || is_plausible(time)) continue;
    reject(line_, Error{Fault::invalid,
                        fmt::format("impossible time {}: not from {} to a day after the report's "
                                    "arrival",
                                    times::format(time), times::format_day(earliest_day))});
    return;
  }
  if (class_ && *class_ != class_of(batch_.type[i])) {
    member("classification.taxonomy", fmt::format("\"{}\"", name(*class_)), false);
  }
  if (members_cut_ > 0) {
    members_ +=
        fmt::format("{}\"extra.members_cut\":{}", members_.empty() ? "" : ",", members_cut_);
  }
  batch_.extra[i] = batch_.keep(members_);
  if (!roles_set_) batch_.roles[i] = usual_roles(batch_.type[i]);
  settle_controller(i);
  if (batch_.sector[i] == 0) {
    batch_.sector[i] = subject_at_destination(batch_.type[i], batch_.roles[i]) ? destination_sector_
                                                                               : source_sector_;
  }
  if (judge_) {
    if (auto may = judge_(batch_, i); !may) return reject(line_, std::move(may).error());
  }
  if (batch_.severity[i] == Severity::none) batch_.severity[i] = usual_severity(batch_.type[i]);
  if (batch_.tlp[i] == Tlp::unmarked) batch_.tlp[i] = defaults_.tlp;
  if (batch_.observed[i] == time_none) batch_.observed[i] = defaults_.received;
  batch_.flags[i] |= defaults_.flags;
  if (batch_.type[i] == Type::test) batch_.flags[i] |= flag_exercise;
  open_ = false;
  ++events_;
}

// An end is the controller of another only where the report itself says so and names it: what ends
// of such a type usually are is no saying. Source: ARCHITECTURE.md D5.
void Sink::settle_controller(std::size_t i) {
  ControllerReason& reason = batch_.controller_reason[i];
  bool said = roles_set_ || reason == ControllerReason::feed;
  reason = ControllerReason::unknown;
  Type type = batch_.type[i];
  if (type == Type::c2_server || type == Type::dga_domain) return;  // it is the subject
  Roles& roles = batch_.roles[i];
  for (auto [end, role] :
       {std::pair{&batch_.source, &roles.source}, {&batch_.destination, &roles.destination}}) {
    if (*role != Role::controller) continue;
    bool named = !end->ip[i].empty() || !end->name[i].empty() || !end->url[i].empty() ||
                 end->asn[i] != 0 || !end->country[i].empty();
    if (said && named) {
      reason = ControllerReason::feed;
    } else {
      *role = Role::unknown;
    }
  }
}

void Sink::flush() {
  if (batch_.size() == 0) return;
  batch_.feed = defaults_.feed;
  batch_.report = defaults_.report;
  batch_.received = defaults_.received;
  batch_.report_type = report_type_;
  if (status_) {
    if (auto done = batches_(batch_); !done) status_ = std::unexpected(done.error());
  }
  batch_.clear();
}

WordId Sink::word(std::string_view text) {
  constexpr std::size_t cached_max = 65536;
  auto known = seen_words_.find(text);
  if (known != seen_words_.end()) return known->second;
  WordId id = words_.id(text);
  if (seen_words_.size() < cached_max) seen_words_.emplace(text, id);
  return id;
}

// Whether the name that stands at the end of members_ from `key` on is new; the other members end
// at `start`.
SeenNames::Is Sink::see(std::size_t start, std::size_t key) {
  std::string_view written = members_;
  if (start > seen_bytes_) {  // what members() has put there
    std::string_view unseen = written.substr(seen_bytes_, start - seen_bytes_);
    if (unseen.starts_with(',')) unseen.remove_prefix(1);
    for (const Member& m : Members(unseen)) seen_names_.add(m.name);
  }
  return seen_names_.add(written.substr(key + 1, written.size() - key - 2));
}

// An account as a reader may see it: "j***@example.org". What follows the domain may be a password,
// and what follows an @ at its begin is no domain but the name.
std::string masked_text(std::string_view account) {
  constexpr std::size_t character_bytes_max = 4;
  std::size_t end = std::min<std::size_t>(1, account.size());
  while (end < std::min(account.size(), character_bytes_max) &&
         (static_cast<unsigned char>(account[end]) & 0xc0) == 0x80)
    ++end;
  std::string_view domain = account.substr(std::min(account.find('@', 1), account.size()));
  std::size_t length = std::min<std::size_t>(1, domain.size());
  auto is_of_domain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80 || std::string_view(".-_").contains(c);
  };
  while (length < domain.size() && is_of_domain(domain[length])) ++length;
  return fmt::format("{}***{}", account.substr(0, end), domain.substr(0, length));
}

// Also one in the record as it was.
bool Sink::says_password(std::string_view name, std::string_view json, bool is_extra) {
  if (!is_extra) {
    if (name != "raw" || json.size() < 3) return false;
    std::string record(json.size(), '\0');
    std::size_t size = 0;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(record.data()), record.size(),
                          json.data() + 1, json.size() - 2, " \n\r", &size, nullptr,
                          sodium_base64_VARIANT_ORIGINAL) != 0) {
      return true;  // who knows what it holds
    }
    return names_password(std::string_view(record).substr(0, size));
  }
  std::uint64_t hash = hash64(name);
  Judged& judged = judged_[hash % judged_.size()];
  if (judged.name_hash != hash) judged = {hash, is_password(name)};
  return judged.is_password;
}

void Sink::member(std::string_view name, std::string_view json, bool is_extra) {
  if (says_password(name, json, is_extra)) {
    ++passwords_;
    return;
  }
  std::string masked;
  bool nested = json.starts_with('{') || json.starts_with('[');
  if (nested && names_password(json)) {
    masked = without_passwords(json, passwords_);
    if (masked.empty()) return;
    json = masked;
  }
  if (!is_extra && name == "destination.account") {  // whose it is, is nobody's business
    json::append_string(masked, masked_text(json_text(json)));
    json = masked;
  }
  if (members_.size() + name.size() + json.size() > extra_bytes_max) {
    ++members_cut_;
    return;
  }
  std::size_t start = members_.size();
  if (start > 0) members_ += ',';
  std::size_t key = members_.size();
  if (is_extra) {
    json::append_string(members_, name);
    members_.insert(key + 1, "extra.");
  } else {
    members_ += '"';
    members_ += name;
    members_ += '"';
  }
  SeenNames::Is is = see(start, key);
  if (is != SeenNames::Is::added) {
    members_.resize(start);  // the first value stays
    seen_bytes_ = start;
    if (is == SeenNames::Is::too_many) ++members_cut_;
    return;
  }
  members_ += ':';
  members_ += json;
  seen_bytes_ = members_.size();
  if (is_extra && name.ends_with("sector")) note_sector(name, json);
}

void Sink::note_sector(std::string_view name, std::string_view json) {
  SectorEnd end = says_sector(name);
  if (end == SectorEnd::none || !json.starts_with('"')) return;
  WordId& sector = end == SectorEnd::source ? source_sector_ : destination_sector_;
  if (sector == 0) sector = word(sector_of(json_text(json)));
}

void Sink::members(std::string_view json) {
  if (json.empty()) return;
  if (members_.size() + json.size() + 1 > extra_bytes_max) {
    for ([[maybe_unused]] const Member& m : Members(json)) ++members_cut_;
    return;
  }
  if (!members_.empty()) members_ += ',';
  members_ += json;
}

void Sink::extra(std::string_view name, std::string_view text) {
  if (text.empty()) return;
  thread_local std::string json;
  json.clear();
  json::append_string(json, text.substr(0, text_bytes_max));
  member(name.substr(0, name_bytes_max), json, true);
}

void Sink::extra_number(std::string_view name, std::int64_t value) {
  fmt::format_int json(value);
  member(name.substr(0, name_bytes_max), {json.data(), json.size()}, true);
}

void Sink::extra_decimal(std::string_view name, double value) {
  std::string json;
  json::append_number(json, value);
  member(name.substr(0, name_bytes_max), json, true);
}

void Sink::extra_flag(std::string_view name, bool value) {
  member(name.substr(0, name_bytes_max), value ? "true" : "false", true);
}

void Sink::extra_json(std::string_view name, std::string_view json) {
  member(name.substr(0, name_bytes_max), json, true);
}

void Sink::set_or_keep(Field field, std::string_view text) {
  if (!set(field, text)) extra(name(field), text);
}

Result<void> Sink::set_end(bool source, Kind kind, std::string_view text) {
  EndColumns& end = source ? batch_.source : batch_.destination;
  switch (kind) {
    case Kind::ip:
      end.ip.back() = TRY(ip::parse(text));
      return {};
    case Kind::asn:
      end.asn.back() = TRY(as_number(text));
      return {};
    case Kind::port: {
      auto value = text::number(text);
      if (!value || *value > 65535) return not_a("a port", text);
      end.port.back() = static_cast<std::uint16_t>(*value);
      return {};
    }
    case Kind::cc: {
      auto country = Country::parse(text);
      if (!country) return not_a("a country code", text);
      end.country.back() = *country;
      return {};
    }
    case Kind::url:
      end.url.back() = batch_.keep(TRY(normal::url(text)));
      return {};
    default:
      break;
  }
  end.name.back() = batch_.keep(TRY(normal::name(text)));
  return {};
}

Result<void> Sink::set(Field field, std::string_view text) {
  if (is_absent(text)) return {};
  if (text.size() > text_bytes_max)
    return invalid(fmt::format("longer than {} bytes: {}", text_bytes_max, text::quote(text)));
  switch (field) {
    case Field::source_ip:
    case Field::source_port:
    case Field::source_asn:
    case Field::source_geolocation_cc:
    case Field::source_fqdn:
    case Field::source_url:
      return set_end(true, kind_of(field), text);
    case Field::destination_ip:
    case Field::destination_port:
    case Field::destination_asn:
    case Field::destination_geolocation_cc:
    case Field::destination_fqdn:
    case Field::destination_url:
      return set_end(false, kind_of(field), text);
    case Field::time_source:
      batch_.time.back() = TRY(times::parse(text));
      return {};
    case Field::time_observation:
      batch_.observed.back() = TRY(times::parse(text));
      return {};
    case Field::source_account:
      batch_.account.back() = batch_.keep(text);
      return {};
    case Field::malware_name:
      batch_.family.back() = word(canonical_family(text));
      return {};
    case Field::classification_identifier:
      batch_.identifier.back() = word(text);
      return {};
    case Field::classification_type: {
      auto type = type_named(text);
      if (!type) return not_a("an event type", text);
      batch_.type.back() = *type;
      type_set_ = true;
      return {};
    }
    case Field::classification_taxonomy: {  // the type decides; a report that says otherwise is
                                            // kept
      class_ = class_named(text);
      if (!class_) return not_a("an event class", text);
      return {};
    }
    case Field::severity: {
      auto severity = severity_named(text);
      if (!severity) return not_a("a severity", text);
      batch_.severity.back() = *severity;
      return {};
    }
    case Field::tlp: {
      auto tlp = tlp_named(text);
      if (!tlp) return not_a("a TLP label", text);
      batch_.tlp.back() = *tlp;
      return {};
    }
    case Field::protocol_transport: {
      auto transport = transport_named(text);
      if (!transport) return not_a("a transport protocol", text);
      batch_.transport.back() = *transport;
      return {};
    }
    default:
      break;
  }
  member(name(field), TRY(json_of(kind_of(field), text)), false);
  return {};
}

bool Sink::has(Field field) const {
  if (!open_) return false;
  const EventBatch& b = batch_;
  auto end = [&](const EndColumns& e, Kind kind) {
    switch (kind) {
      case Kind::ip:
        return !e.ip.back().empty();
      case Kind::asn:
        return e.asn.back() != 0;
      case Kind::port:
        return e.port.back() != 0;
      case Kind::cc:
        return !e.country.back().empty();
      case Kind::url:
        return !e.url.back().empty();
      default:
        return !e.name.back().empty();
    }
  };
  switch (field) {
    case Field::source_ip:
    case Field::source_port:
    case Field::source_asn:
    case Field::source_geolocation_cc:
    case Field::source_fqdn:
    case Field::source_url:
      return end(b.source, kind_of(field));
    case Field::destination_ip:
    case Field::destination_port:
    case Field::destination_asn:
    case Field::destination_geolocation_cc:
    case Field::destination_fqdn:
    case Field::destination_url:
      return end(b.destination, kind_of(field));
    case Field::time_source:
      return b.time.back() != time_none;
    case Field::time_observation:
      return b.observed.back() != time_none;
    case Field::source_account:
      return !b.account.back().empty();
    case Field::malware_name:
      return b.family.back() != 0;
    case Field::classification_identifier:
      return b.identifier.back() != 0;
    case Field::classification_type:
      return type_set_ || b.type.back() != Type::undetermined;
    case Field::severity:
      return b.severity.back() != Severity::none;
    case Field::tlp:
      return b.tlp.back() != Tlp::unmarked;
    case Field::protocol_transport:
      return b.transport.back() != Transport::none;
    default:
      return members_.contains(fmt::format("\"{}\":", name(field)));
  }
}

}  // namespace tocsin::ingest
