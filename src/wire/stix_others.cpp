// Stix event, the others: see stix_event.h.
#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "wire/stix_event.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using Object = simdjson::dom::object;
using Ids = std::unordered_set<std::string_view>;

template <class Take>
void each_id(const Object& object, std::string_view name, Take take) {
  simdjson::dom::array list;
  if (object.at_key(name).get(list)) return;
  for (simdjson::dom::element item : list) {
    std::string_view id;
    if (!item.get(id)) take(id);
  }
}

bool is_revoked(const Object& object) {
  bool revoked = false;
  return !object.at_key("revoked").get(revoked) && revoked;
}

bool is_ours(const Object& observed) {
  Object extensions, ours;
  return !observed.at_key("extensions").get(extensions) &&
         !extensions.at_key(stix_extension_id()).get(ours);
}

// Ids of the objects that say what our extension is.
const std::set<std::string, std::less<>>& extension_ids() {
  static const auto ids = [] {
    std::set<std::string, std::less<>> out;
    simdjson::dom::parser parser;
    for (const std::string& json : stix_extension_objects()) {
      Object object;
      if (!parser.parse(json).get(object)) out.emplace(stix_text(object, "id"));
    }
    return out;
  }();
  return ids;
}

}  // namespace

std::vector<std::size_t> stix_others(std::span<const Object> objects,
                                     std::span<const std::size_t> opaque) {
  std::vector<std::string_view> types;
  types.reserve(objects.size());
  Ids part, ours;  // of events; observed-data with our extension
  std::size_t at_opaque = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Object& object = objects[i];
    types.push_back(stix_text(object, "type"));
    while (at_opaque < opaque.size() && opaque[at_opaque] < i) ++at_opaque;
    bool is_opaque = at_opaque < opaque.size() && opaque[at_opaque] == i;
    if (types[i] != "observed-data" || is_opaque) continue;
    part.insert(stix_text(object, "id"));
    each_id(object, "object_refs", [&](std::string_view id) { part.insert(id); });
    if (is_ours(object)) ours.insert(stix_text(object, "id"));
  }
  // What stands beside events of ours: indicators based on them, sightings in them, what both are
  // of. First what names the event, then what names that.
  std::vector<bool> beside(objects.size());
  Ids based, families;
  for (std::size_t i = 0; i < objects.size() && !ours.empty(); ++i) {
    const Object& object = objects[i];
    if (types[i] == "relationship" && stix_text(object, "relationship_type") == "based-on" &&
        ours.contains(stix_text(object, "target_ref"))) {
      based.insert(stix_text(object, "source_ref"));
      beside[i] = true;
    }
    bool in_ours = false;
    if (types[i] == "sighting")
      each_id(object, "observed_data_refs",
              [&](auto id) { in_ours = in_ours || ours.contains(id); });
    if (!in_ours) continue;
    beside[i] = true;
    families.insert(stix_text(object, "sighting_of_ref"));
  }
  for (std::size_t i = 0; i < objects.size() && !based.empty(); ++i) {
    const Object& object = objects[i];
    if (types[i] == "indicator" && based.contains(stix_text(object, "id"))) beside[i] = true;
    if (types[i] != "relationship" || stix_text(object, "relationship_type") != "indicates" ||
        !based.contains(stix_text(object, "source_ref")))
      continue;
    beside[i] = true;
    families.insert(stix_text(object, "target_ref"));
  }
  for (std::size_t i = 0; i < objects.size() && !families.empty(); ++i) {
    if (beside[i] || (types[i] != "relationship" && types[i] != "sighting")) continue;
    for (std::string_view name : {"source_ref", "target_ref", "sighting_of_ref"})
      families.erase(stix_text(objects[i], name));
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Object& object = objects[i];
    std::string_view id = stix_text(object, "id");
    bool known =
        (types[i] == "marking-definition" && stix_marking_of(id)) || extension_ids().contains(id);
    bool recall = types[i] == "observed-data" && is_revoked(object);
    if (!beside[i] && !known && !recall && !part.contains(id) && !families.contains(id))
      out.push_back(i);
  }
  return out;
}

}  // namespace tocsin::wire
