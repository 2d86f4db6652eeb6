// Stix marking: the markings of STIX objects: TLP 2.0, TLP 1.0, PAP, statements. What is not known
// counts as TLP:RED. Source: OASIS STIX Version 2.1, section 7.2; OASIS cti-stix-common-objects,
// "TLP 2.0"; S3 to S5.
#pragma once

#include <simdjson.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/sharing.h"
#include "model/taxonomy.h"
#include "wire/stix_object.h"

namespace tocsin::wire {

struct StixMarking {
  Tlp tlp = Tlp::unmarked;
  Pap pap = Pap::unmarked;
  bool known = true;  // false: some of it is not, and `tlp` is red for that
  auto operator<=>(const StixMarking&) const = default;
};

// The marking of these ids, which everybody knows: TLP 2.0's and TLP 1.0's, and our PAP's.
std::optional<StixMarking> stix_marking_of(std::string_view id);
// What a marking-definition says: one of those, a PAP, or a statement that says neither. nullopt:
// nothing that we know; TLP under another id is not TLP.
std::optional<StixMarking> stix_marking_of(const simdjson::dom::object& definition);

// TLP 2.0's, for what we write; unmarked is red. There is no TLP 1.0 marking for AMBER+STRICT: it
// is never lowered for an old client.
std::string_view stix_marking_id(Tlp tlp);
std::string_view stix_marking_id(Pap pap);  // "" if unmarked
// The marking-definition itself, as JSON.
std::string stix_marking_json(Tlp tlp);
std::string stix_marking_json(Pap pap);

// The marking definitions that a node holds, beside those that everybody knows.
class StixMarkings {
 public:
  // Takes a marking-definition; other objects are passed over.
  void add(const simdjson::dom::object& object);
  // nullopt: not held, or of a kind that we do not know.
  std::optional<StixMarking> find(std::string_view id) const;
  // The strictest of all that mark the object or a part of it.
  StixMarking in_effect(const StixObject& object) const;
  // The same for what `selector` names: markings of the whole, of it, and of what it stands in or
  // holds. "aliases.[0]".
  StixMarking in_effect(const StixObject& object, std::string_view selector) const;

 private:
  void tighten(StixMarking& marking, std::string_view id) const;
  std::map<std::string, StixMarking, std::less<>> held_;
};

}  // namespace tocsin::wire
