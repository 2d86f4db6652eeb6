// X-ARF 4: one problem as an abuse report in JSON. Source: xarf.org, "XARF v4 specification" 4.2.0;
// github.com/xarf/xarf-spec, a schema per type.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "model/taxonomy.h"

namespace tocsin::wire {

// What a report says; empty members are left out.
struct XarfReport {
  std::string report_id;                      // a UUID
  std::string organisation, contact, domain;  // who reports
  std::string subject;                        // address, name, URL or account
  bool is_url = false, is_address = false;
  Type type = Type::undetermined;
  std::string identifier, family, controller;
  std::uint16_t port = 0;
  Transport transport = Transport::none;
  TimeUs first = 0, last = 0;
  std::string description;
  Tlp tlp = Tlp::unmarked;
};

void append_xarf(std::string& out, const XarfReport& report);

}  // namespace tocsin::wire
