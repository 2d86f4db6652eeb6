// What is known of Shadowserver's reports, as compact tables of facts: report types, columns, and
// which column is which field. Source: https://interchange.shadowserver.org (schema of 2026-03-24),
// https://www.shadowserver.org/what-we-do/network-reporting/
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/taxonomy.h"

namespace tocsin::shadowserver {

struct ReportType {
  std::string_view name;       // "event4_sinkhole"
  std::string_view feed_name;  // Shadowserver's title of it
  Type type;
  std::string_view identifier;   // classification.identifier, if it is the same for all rows
  std::string_view application;  // protocol.application, likewise
  Transport transport;
  Severity severity;  // where the row says none; none: Shadowserver names no level
  Roles roles;
};

// How a column's text becomes a field's value. "" is never a value.
enum class Convert : std::uint8_t {
  text,  // as it is
  some,  // as it is, but "0" and "unknown" say nothing
  integer,
  nonzero,  // a whole number; 0 says nothing
  decimal,
  flag,      // Y, yes, true, enabled, 1; N, no, false, disabled, 0; anything else says nothing
  time,      // UTC unless it names a zone
  base64,    // text that is not base64 is encoded
  address,   // an address; 0.0.0.0 and networks say nothing
  network,   // a network in CIDR; a lone address says nothing
  name,      // a host name; anything else says nothing
  url,       // a URL, or a path that belongs to the row's http_host or cc_dns
  category,  // as it is; where the row has none, its `detail`
  cve,       // the CVE numbers among tags
  exchange_class,
  exchange_type,
  exchange_identifier  // what the tags of an Exchange server mean
};

// Some columns of some report types.
struct Rule {
  std::string_view columns;  // divided by blanks
  std::string_view
      target;  // a field's flat name, "extra.NAME", or "extra." for the column's own name
  Convert convert;
  std::string_view types;  // report types divided by blanks; "": all that have no rule of their own
                           // for the column
};

std::span<const ReportType> report_types();  // sorted by name
// By today's name, by one that was used before ("dns_openresolver", "botnet_drone"), in any case.
// nullptr: unknown.
const ReportType* report_type(std::string_view name);

std::span<const Rule> rules();
// The rules for one column of a report type, general ones only where there is no special one.
// Empty: nothing is known.
std::vector<const Rule*> rules_for(std::string_view column, std::string_view report_type);

// True if any report type has this column.
bool is_known_column(std::string_view column);
// The columns of a report type; empty if unknown.
std::vector<std::string_view> columns_of(std::string_view report_type);

// The report type that a header fits best. `v6`: the rows hold IPv6 addresses.
struct Guess {
  const ReportType* type = nullptr;  // nullptr: none fits, or several that mean different things
  bool sure = true;  // false: others fit nearly as well that differ in more than name
};
Guess guess(std::span<const std::string_view> header, bool v6);

// Shadowserver has changed how it classifies some report types. The type of a report of `day` if
// that was another than today's; else `today`.
Type type_on(Day day, std::string_view report_type, Type today);

// Whether `word` is one of those in `list`, divided by blanks.
bool is_among(std::string_view word, std::string_view list);

}  // namespace tocsin::shadowserver
