// Stix event: events and findings as STIX objects, and STIX objects as events. docs/stix.md says
// which becomes which. Source: OASIS STIX Version 2.1, sections 4.3, 4.7, 4.14, 5.2, 6.
#pragma once

#include <simdjson.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/field.h"
#include "model/finding.h"
#include "model/members.h"
#include "model/sharing.h"
#include "wire/stix_marking.h"
#include "wire/stix_pattern.h"
#include "wire/uuid.h"

namespace tocsin::wire {

// How our objects are made. Nothing in them follows from anything but what is given here.
struct StixAs {
  std::string node_namespace = std::string(tocsin_namespace());  // stix_node_namespace()
  std::string identity;  // id of whose objects they are; "": they name nobody
  // What names the item to its readers and tells nothing else, as a keyed hash. "": its content.
  std::string handle;
  Pap pap = Pap::unmarked;
  TimeUs modified = time_none;  // of this version; time_none: the item's own last time
};

// An event by its members, names sorted as Row has them: its observables, an observed-data with our
// extension, an indicator where it tells what is malicious, its malware. Each object is valid.
std::vector<std::string> stix_of_event(std::span<const Member> members, const StixAs& as);
std::vector<std::string> stix_of_finding(const Finding& finding, const StixAs& as);

// That an event which was told is withdrawn: newer versions, revoked, of its observed-data and of
// the indicator that it may have had, without anything of what they said. Of `members` only type,
// times and marking count. `as.handle` must be what it was, `as.modified` is when it was withdrawn.
std::vector<std::string> stix_of_recall(std::span<const Member> members, const StixAs& as);

struct StixIndicator {
  std::string pattern;  // of STIX
  std::string name, description;
  std::vector<std::string> types;   // "malicious-activity"
  std::vector<std::string> labels;  // "c2-server"
  std::string family, technique;    // ATT&CK's "T0859"
  TimeUs from = 0, until = time_none;
  std::optional<std::uint8_t> confidence;
  Tlp tlp = Tlp::unmarked;
};
// The indicator, then its malware and how it points there. `as.handle`: as above; "" the pattern.
std::vector<std::string> stix_of_indicator(const StixIndicator& indicator, const StixAs& as);

// That an indicator which was told holds no more: a newer version, revoked, without what it said.
// `as` as in stix_of_recall(); `from`: as it was told.
std::string stix_of_indicator_recall(TimeUs from, Tlp tlp, const StixAs& as);

struct StixSighting {
  std::string of;                          // an id
  std::vector<std::string> observed_data;  // ids
  std::vector<std::string> where;          // ids of identities and locations
  TimeUs first = 0, last = 0;
  std::uint64_t count = 1;
  Tlp tlp = Tlp::unmarked;
};
std::string stix_of_sighting(const StixSighting& sighting, const StixAs& as);

// What our extension is, as an extension-definition and the identity of its authors.
std::string_view stix_extension_id();
std::vector<std::string> stix_extension_objects();

// What one object of a bundle tells as an event: fields as their texts, or our own JSON. What no
// field holds is kept as `extra`: "stix_" and its name.
struct StixEvent {
  std::string id;         // of the observed-data, indicator or sighting
  std::size_t place = 0;  // of that among the objects
  std::string native;     // our extension's event, nested; "": `fields` hold it
  std::vector<std::pair<Field, std::string>> fields;
  std::vector<std::pair<std::string, std::string>> extra;  // names and JSON
  std::optional<Type> type;
  StixMarking marking;  // the strictest of whatever told something of it
};

using EachStixEvent = std::function<void(const StixEvent& event)>;

// Calls `each` for the events that objects tell together; each object has been checked. What says
// nothing as an event is passed over. Gives the places of what could be an event and is none: an
// indicator whose pattern is more than plain observables, an observed-data without a subject, a
// sighting of neither.
std::vector<std::size_t> stix_events(std::span<const simdjson::dom::object> objects,
                                     const EachStixEvent& each);

// The places of objects that belong to no event that observed-data tell: threat intelligence, as
// whoever keeps it takes it. `opaque`: as stix_events() gave it. Not among them: observables of
// those observed-data, what stix_of_event() writes beside an event of ours, revoked observed-data,
// and the markings and extensions that everybody knows.
std::vector<std::size_t> stix_others(std::span<const simdjson::dom::object> objects,
                                     std::span<const std::size_t> opaque);

}  // namespace tocsin::wire
