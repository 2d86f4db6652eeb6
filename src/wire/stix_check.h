// Stix check: does an object or bundle keep STIX 2.1? What breaks a MUST is a breach, and the
// object is refused; what a SHOULD advises against is a warning. Source: OASIS STIX Version 2.1; S1
// to S11.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::wire {

inline constexpr std::size_t stix_object_bytes_max = 16 << 20;
inline constexpr std::size_t stix_depth_max = 64;
inline constexpr std::size_t stix_values_max = 500'000;  // in one object
inline constexpr std::size_t stix_bundle_objects_max = 2'000'000;

struct StixRemark {
  std::string check;  // of a warning: "hash-algo"; "" for a breach
  std::string id;     // of the object; "" where it has none
  std::string path;   // "kill_chain_phases[0].phase_name"; "" for the object as a whole
  std::string what;

  std::string text() const;  // "indicator--...: valid_until: not after valid_from"
};

struct StixVerdict {
  std::vector<StixRemark> breaches, warnings;
  bool valid() const { return breaches.empty(); }
};

// Warnings by their check; each can be passed over by its name:
//   custom-prefix, custom-prefix-lax  names of what is custom begin with x_ or x-, and whose it is
//   extensions-use                    what is custom has an extension that tells of it
//   empty-values                      nothing empty and no null deep inside of what is custom
//   countries, deprecated-properties, duplicate-ids, extref-hashes, hash-algo, hash-length,
//   http-request-headers, indicator-properties, ipfix, kill-chain-names, malware-analysis-product,
//   marking-definition-type, mime-type, network-traffic-ports, observable-dictionary-keys,
//   pdf-doc-info, protocols, relationship-types, socket-options, uuid-check,
//   windows-process-priority-format, and each open vocabulary by its name: attack-motivation ...
//
// A bundle is checked with all its objects; paths begin with "objects[3]." then. STIX 2.0's objects
// (a bundle with spec_version 2.0, and none in its objects) need only what both versions require.
// `old`: the object stands in a bundle of STIX 2.0.
StixVerdict check_stix(simdjson::dom::element object, bool old = false);
// Errors: none; a text that is no JSON is a breach too.
StixVerdict check_stix(std::string_view json);

}  // namespace tocsin::wire
