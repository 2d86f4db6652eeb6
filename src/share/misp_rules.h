// Misp rules: attributes as what devices load, as MISP's searches give them: Snort and Suricata
// rules, and a DNS response policy zone.
// Source: MISP 2.5, NidsExport and RPZExport; draft-vixie-dnsop-dns-rpz-00 sections 4.1.1, 4.3.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "share/misp_event.h"

namespace tocsin::share {

enum class MispRules : std::uint8_t { snort, suricata, rpz };
std::optional<MispRules> misp_rules_named(std::string_view text);

// A rule with its line end; "": the attribute is not for devices (to_ids), or nothing they know.
// `sids`: of the rules before, so that each has its own.
std::string misp_rule(MispRules kind, const MispLine& line, const MispHead& event,
                      std::set<std::uint32_t>& sids);
// What stands before rules: the head of a zone, whose serial is `now` in seconds.
std::string misp_rules_head(MispRules kind, TimeUs now);

}  // namespace tocsin::share
