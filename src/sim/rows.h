// Rows: what the reports of the field look like, one made-up observation at a time. Written from
// the published column lists, not from the parsers.
// Source: Shadowserver report schema of 2026-03-24 (columns); n6 event format; IntelMQ Data Format;
// Zone-H's CSV by mail.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/world.h"

namespace tocsin::sim {

// One observation.
struct Sight {
  std::string_view day;  // "2026-01-02"
  std::uint32_t second;  // of the day
  Address4 host;
  Address6 host6;  // Way::sinkhole6 alone
  Country country;
  std::uint64_t key;     // of the host: what stays the same from row to row
  std::uint64_t chance;  // of the row
  std::string_view family;
  Address4 far;  // controller, sinkhole or sensor
  Country far_country;
  std::uint16_t far_port;
};

// The host name of a web site, in a domain that nobody can own.
std::string site_name(std::uint64_t site);

// "" for formats without a header.
std::string_view header(Way way);

// Appends one row without its line end.
void append_row(std::string& out, Way way, const Sight& sight);

// A row of Zone-H: `page` of the site, which stood at `host`.
void append_defacement(std::string& out, const Sight& sight, std::string_view site,
                       std::uint64_t page);

void append_address(std::string& out, std::uint32_t address);

// A row that no reader may take for an event, by one of the faults that reports really have:
// addresses that are none, dates that are none, NUL bytes, missing columns, broken JSON.
void append_dirty(std::string& out, Way way, std::string_view day, std::uint64_t drawn);

}  // namespace tocsin::sim
