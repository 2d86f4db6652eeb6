// One row of a Shadowserver report by its plan: a pass over the actions, without a look-up or an
// allocation for most.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "ingest/shadowserver_plan.h"
#include "ingest/shadowserver_values.h"
#include "model/family.h"
#include "model/normal.h"
#include "model/subject.h"

namespace tocsin::shadowserver {
namespace {

constexpr std::size_t value_bytes_max = 64 * 1024;
constexpr std::size_t members_bytes_max = 224 * 1024;
constexpr std::size_t name_bytes_max = 255;

}  // namespace

void Plan::row(Sink& sink, std::size_t line, std::string_view bytes,
               std::span<const std::string_view> values) {
  sink.event(line).type(type_).severity(severity_).roles(roles_);
  sink.record(bytes);
  values_ = values;
  taken_ = {};
  members_.clear();
  cut_ = false;
  std::string_view wrong;  // where an address should stand
  for (const Action& action : actions_) {
    if (action.column >= values.size()) continue;
    std::string_view value = values[action.column];
    if (value.empty()) continue;
    if (action.slot != 0 && (taken_[action.slot / 64] >> action.slot % 64 & 1)) {
      if (action.keep != action.key) keep(action, value);
      continue;
    }
    if (!apply(sink, action, value)) {
      if (action.op == Op::time) {
        return sink.reject(
            line,
            {Fault::invalid,
             fmt::format("{}: not a time: {}", header_[action.column], text::quote(value))},
            bytes);
      }
      if (action.op == Op::source_ip && wrong.empty() && !names_no_host(value)) wrong = value;
    } else if (action.slot != 0) {
      taken_[action.slot / 64] |= std::uint64_t{1} << action.slot % 64;
    }
  }
  if (!wrong.empty() && !names_another_host(sink)) {
    return sink.reject(line, {Fault::invalid, "not an IP address: " + text::quote(wrong)}, bytes);
  }
  for (const Constant& constant : constants_) {
    if (constant.slot != 0 && (taken_[constant.slot / 64] >> constant.slot % 64 & 1)) continue;
    if (!constant.member.empty()) {
      if (!members_.empty()) members_ += ',';
      members_ += constant.member;
    } else if (constant.field == Field::classification_identifier) {
      sink.identifier(sink.word(constant.text));
    } else {
      sink.set_or_keep(constant.field, constant.text);
    }
  }
  if (cut_) member_json("\"extra.values_cut\":", "true");
  sink.members(members_);
  if (std::string_view text = value_at(sector_); !text.empty()) sink.sector(sector(sink, text));
}

// A row whose source is no address is still worth something if it names a host in another way.
bool Plan::names_another_host(const Sink& sink) {
  for (Field field : {Field::source_ip, Field::source_fqdn, Field::source_url}) {
    if (sink.has(field)) return true;
  }
  if (subject_at_destination(type_, roles_)) {
    for (Field field : {Field::destination_ip, Field::destination_fqdn, Field::destination_url}) {
      if (sink.has(field)) return true;
    }
  }
  return members_.contains(R"("source.reverse_dns":)");
}

bool Plan::apply(Sink& sink, const Action& action, std::string_view value) {
  switch (action.op) {
    case Op::time: {
      auto time = time_of(value);
      if (!time) return false;
      sink.time(*time);
      return true;
    }
    case Op::severity: {
      Severity severity = severity_of(value);
      if (severity == Severity::none) break;
      sink.severity(severity);
      return true;
    }
    case Op::transport: {
      Transport transport = transport_of(value);
      if (transport == Transport::none) break;
      sink.transport(transport);
      return true;
    }
    case Op::family:
      if (says_nothing(value)) return false;
      sink.family(family(sink, value));
      return true;
    case Op::identifier:
      if (says_nothing(value)) return false;
      sink.identifier(sink.word(value.substr(0, name_bytes_max)));
      return true;
    case Op::source_ip:
    case Op::destination_ip:
    case Op::source_port:
    case Op::destination_port:
    case Op::source_asn:
    case Op::destination_asn:
    case Op::source_country:
    case Op::destination_country:
      if (apply_end(sink, action, value)) return true;
      break;
    case Op::field_some:
    case Op::field:
    case Op::url:
    case Op::category:
    case Op::cve:
    case Op::exchange:
      return apply_seldom(sink, action, value);
    default:
      if (apply_member(action, value)) return true;
      return false;
  }
  keep(action, value);
  return false;
}

bool Plan::apply_end(Sink& sink, const Action& action, std::string_view value) {
  bool is_source = action.op == Op::source_ip || action.op == Op::source_country;
  if (action.op == Op::source_ip || action.op == Op::destination_ip) {
    if (names_no_host(value)) return true;
    auto ip = ip::parse(value);
    if (!ip) return false;
    is_source ? sink.source_ip(*ip) : sink.destination_ip(*ip);
    return true;
  }
  if (action.op == Op::source_country || action.op == Op::destination_country) {
    if (auto country = Country::parse(value)) {
      is_source ? sink.source_country(*country) : sink.destination_country(*country);
      return true;
    }
    if (value.size() != 2 || !needs_no_escape(value)) return false;
    member(action.key, text::upper(value));  // ZZ: the report's word stays, though it is no country
    return true;
  }
  bool is_asn = action.op == Op::source_asn || action.op == Op::destination_asn;
  if (is_asn && (value.starts_with("AS") || value.starts_with("as"))) value.remove_prefix(2);
  auto number = whole_number(value);
  if (!number || *number < 0 || *number > (is_asn ? UINT32_MAX : 65535)) return false;
  auto asn = static_cast<std::uint32_t>(*number);
  auto port = static_cast<std::uint16_t>(*number);
  if (action.op == Op::source_port) sink.source_port(port);
  if (action.op == Op::destination_port) sink.destination_port(port);
  if (action.op == Op::source_asn) sink.source_asn(asn);
  if (action.op == Op::destination_asn) sink.destination_asn(asn);
  return true;
}

bool Plan::apply_member(const Action& action, std::string_view value) {
  switch (action.op) {
    case Op::text:
      return member(action.key, value);
    case Op::some:
      if (says_nothing(value)) return false;
      return member(action.key, value);
    case Op::lower:
      if (says_nothing(value)) return false;
      return member(action.key, text::lower(value));
    case Op::name: {
      if (says_nothing(value)) return false;
      if (normal::is_plain_name(value, true)) {
        return member_json(action.key, fmt::format("\"{}\"", value));
      }
      auto name = normal::name(value, true);
      if (!name) break;
      return member(action.key, *name);
    }
    case Op::integer:
    case Op::nonzero: {
      auto number = whole_number(value);
      if (!number) break;
      if (*number == 0 && action.op == Op::nonzero) return false;
      fmt::format_int digits(*number);
      return member_json(action.key, {digits.data(), digits.size()});
    }
    case Op::decimal: {
      auto number = text::decimal(value);
      if (!number) break;
      std::string json;
      json::append_number(json, *number);
      return member_json(action.key, json);
    }
    case Op::flag: {
      auto yes = flag_of(value);
      if (!yes) return false;
      return member_json(action.key, *yes ? "true" : "false");
    }
    case Op::when: {
      auto time = time_of(value);
      if (!time) break;
      return member(action.key, times::format(*time));
    }
    case Op::base64:
      return member(action.key, is_base64(value)
                                    ? std::string(value)
                                    : base64_of(value.substr(0, value_bytes_max / 4 * 3)));
    case Op::address: {
      if (names_no_host(value)) return false;
      auto ip = ip::parse(value);
      if (!ip) break;
      return member(action.key, ip::format(*ip));
    }
    case Op::network: {
      if (value.find('/') == std::string_view::npos) return false;
      auto network = ip::parse_network(value);
      if (!network) break;
      return member(action.key, ip::format(*network));
    }
    default:
      return false;
  }
  keep(action, value);
  return false;
}

bool Plan::apply_seldom(Sink& sink, const Action& action, std::string_view value) {
  switch (action.op) {
    case Op::field_some:
    case Op::field: {
      if (action.op == Op::field_some && says_nothing(value)) return false;
      if (sink.set(action.field, value)) return true;
      break;
    }
    case Op::url:
      if (says_nothing(value)) return false;
      if (sink.set(action.field, url(value))) return true;
      break;
    case Op::category:
      return member(action.key, value);
    case Op::cve: {
      std::string numbers = cve_numbers(value);
      if (numbers.empty()) return false;
      return member(action.key, numbers);
    }
    case Op::exchange:
      return apply_exchange(sink, action, value);
    default:
      break;
  }
  keep(action, value);
  return false;
}

// An Exchange server with a web shell is compromised; any other tag says that it is vulnerable,
// which Shadowserver's mapping calls an infected system of class vulnerable. Source: the converters
// scan_exchange_* of Shadowserver's schema.
bool Plan::apply_exchange(Sink& sink, const Action& action, std::string_view value) {
  bool shell = is_tagged(value, "webshell");
  if (action.field == Field::classification_identifier) {
    sink.identifier(sink.word(shell ? "exchange-server-webshell" : "vulnerable-exchange-server"));
    return true;
  }
  if (action.field == Field::classification_type) {
    sink.type(shell ? Type::system_compromise : Type::infected_system);
    return true;
  }
  return sink.set(Field::classification_taxonomy, shell ? "intrusions" : "vulnerable").has_value();
}

// A value that its field did not take.
void Plan::keep(const Action& action, std::string_view value) {
  if (action.keep.empty() || says_nothing(value)) return;
  member(action.keep, value);
}

bool Plan::member(std::string_view key, std::string_view text) {
  if (text.size() > value_bytes_max) {
    text = text.substr(0, value_bytes_max);
    cut_ = true;
  }
  if (members_.size() + key.size() + text.size() > members_bytes_max) {
    cut_ = true;
    return true;
  }
  std::size_t before = members_.size();
  if (before != 0) members_ += ',';
  members_ += key;
  if (needs_no_escape(text)) {
    members_ += '"';
    members_ += text;
    members_ += '"';
  } else {
    json::append_string(members_, text);
    if (members_.size() > members_bytes_max) {  // escaping made it longer
      members_.resize(before);
      cut_ = true;
    }
  }
  return true;
}

bool Plan::member_json(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += key;
  members_ += json;
  return true;
}

std::string_view Plan::value_at(std::uint16_t column) const {
  return column < values_.size() ? values_[column] : std::string_view{};
}

// A path, or a whole request line, becomes a URL with the row's host.
std::string Plan::url(std::string_view value) const {
  std::string_view host = value_at(host_);
  std::size_t scheme = value.find("://");
  bool whole = scheme != std::string_view::npos && scheme < value.find_first_of(" /?");
  if (host.empty() || whole) return std::string(value);
  std::string_view path = value.substr(std::min(value.find('/'), value.size()));
  path = path.substr(0, path.find_first_of(" \t\r\n"));
  std::string_view application = value_at(application_);
  return fmt::format("{}://{}{}", application == "https" ? "https" : "http", host, path);
}

WordId Plan::family(Sink& sink, std::string_view text) {
  KnownWord& known = families_[hash64(text) % families_.size()];
  if (known.id == 0 || known.text != text) {
    known.text = text;
    known.id = sink.word(canonical_family(text.substr(0, name_bytes_max)));
  }
  return known.id;
}

WordId Plan::sector(Sink& sink, std::string_view text) {
  KnownWord& known = sectors_[hash64(text) % sectors_.size()];
  if (known.text != text) {
    known.text = text;
    known.id = sink.word(ingest::sector_of(text));
  }
  return known.id;
}

}  // namespace tocsin::shadowserver
