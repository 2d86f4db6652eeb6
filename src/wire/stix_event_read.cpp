// Stix event, reading: see stix_event.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "base/ip.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/stix_event.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

constexpr std::size_t observables_max = 10'000;  // of one observed-data or pattern
constexpr std::size_t text_max = 4000;           // of a description

std::vector<std::string_view> texts(const Object& object, std::string_view name) {
  std::vector<std::string_view> out;
  simdjson::dom::array list;
  if (object.at_key(name).get(list)) return out;
  for (Element item : list) {
    std::string_view text;
    if (!item.get(text)) out.push_back(text);
  }
  return out;
}

std::optional<std::uint64_t> number(const Object& object, std::string_view name) {
  std::uint64_t value = 0;
  if (object.at_key(name).get(value)) return std::nullopt;
  return value;
}

bool has_item(const std::vector<std::string_view>& list, std::string_view item) {
  return std::ranges::find(list, item) != list.end();
}

std::string json_of(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

// At most `bytes`, and no half of a character.
std::string_view shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// Properties of objects of which an event has its own, or that are nothing but STIX's form.
constexpr auto read_properties = std::to_array<std::string_view>({"type",
                                                                  "spec_version",
                                                                  "id",
                                                                  "created",
                                                                  "modified",
                                                                  "created_by_ref",
                                                                  "revoked",
                                                                  "labels",
                                                                  "confidence",
                                                                  "object_marking_refs",
                                                                  "granular_markings",
                                                                  "pattern",
                                                                  "pattern_type",
                                                                  "pattern_version",
                                                                  "valid_from",
                                                                  "valid_until",
                                                                  "name",
                                                                  "description",
                                                                  "first_observed",
                                                                  "last_observed",
                                                                  "number_observed",
                                                                  "object_refs",
                                                                  "objects",
                                                                  "first_seen",
                                                                  "last_seen",
                                                                  "count",
                                                                  "sighting_of_ref"});
// The same of observables, beside what place() and ends() take.
constexpr auto read_of_observables = std::to_array<std::string_view>(
    {"type", "spec_version", "id", "object_marking_refs", "granular_markings", "value", "number",
     "name", "hashes", "account_login", "src_ref", "dst_ref", "src_port", "dst_port", "protocols"});

bool says_more(const Object& observable) {
  for (auto [name, value] : observable) {
    if (std::ranges::find(read_of_observables, name) == read_of_observables.end()) return true;
  }
  Object hashes;
  if (observable.at_key("hashes").get(hashes)) return false;
  for (auto [name, value] : hashes) {
    if (name != "MD5" && name != "SHA-1" && name != "SHA-256") return true;
  }
  return false;
}

// Fields of either end.
struct EndFields {
  Field ip, network, port, name, url, account, asn, as_name;
};
constexpr EndFields source = {Field::source_ip,   Field::source_network, Field::source_port,
                              Field::source_fqdn, Field::source_url,     Field::source_account,
                              Field::source_asn,  Field::source_as_name};
constexpr EndFields destination = {Field::destination_ip,   Field::destination_network,
                                   Field::destination_port, Field::destination_fqdn,
                                   Field::destination_url,  Field::destination_account,
                                   Field::destination_asn,  Field::destination_as_name};

void keep_json(StixEvent& event, std::string name, std::string json) {
  event.extra.emplace_back(std::move(name), std::move(json));
}
void keep(StixEvent& event, std::string name, std::string_view text) {
  if (!text.empty()) keep_json(event, std::move(name), json_of(text));
}
void keep(StixEvent& event, std::string name, std::optional<std::uint64_t> value) {
  if (value) keep_json(event, std::move(name), fmt::to_string(*value));
}
void set(StixEvent& event, Field field, std::string_view text) {
  if (!text.empty()) event.fields.emplace_back(field, text);
}
void set(StixEvent& event, Field field, std::optional<std::uint64_t> value) {
  if (value) event.fields.emplace_back(field, fmt::to_string(*value));
}

void place_file(StixEvent& event, const Object& one) {
  Object hashes;
  if (!one.at_key("hashes").get(hashes)) {
    set(event, Field::malware_hash_md5, stix_text(hashes, "MD5"));
    set(event, Field::malware_hash_sha1, stix_text(hashes, "SHA-1"));
    set(event, Field::malware_hash_sha256, stix_text(hashes, "SHA-256"));
  }
  keep(event, "file_name", stix_text(one, "name"));
}

// The fields of one observable at one end.
void place(StixEvent& event, const Object& one, const EndFields& fields) {
  std::string_view type = stix_text(one, "type"), value = stix_text(one, "value");
  if (type == "ipv4-addr" || type == "ipv6-addr") {
    auto network = ip::parse_network(value.substr(0, value.find('%')));
    bool host = network && network->length == 128;
    if (host) set(event, fields.ip, ip::format(network->base));
    if (network && !host) set(event, fields.network, ip::format(*network));
  } else if (type == "domain-name") {
    set(event, fields.name, value);
  } else if (type == "url") {
    set(event, fields.url, value);
  } else if (type == "email-addr") {
    set(event, fields.account, value);
  } else if (type == "user-account") {
    std::string_view login = stix_text(one, "account_login");
    set(event, fields.account, login.empty() ? stix_text(one, "user_id") : login);
  } else if (type == "autonomous-system") {
    set(event, fields.asn, number(one, "number"));
    set(event, fields.as_name, stix_text(one, "name"));
  } else if (type == "file") {
    place_file(event, one);
  }
}

// What one observed-data refers to.
struct Observed {
  std::map<std::string_view, Object> all, placed;  // placed: those with fields of an event
  std::vector<Object> traffic;
  std::string others;  // as a JSON list: what fields cannot hold, or not wholly; "" if nothing

  void sort_out() {
    for (const auto& [id, one] : all) {
      StixEvent alone;
      bool is_traffic = stix_text(one, "type") == "network-traffic";
      place(alone, one, source);
      if (is_traffic) traffic.push_back(one);
      if (!alone.fields.empty()) placed.try_emplace(id, one);
      if ((alone.fields.empty() && !is_traffic) || says_more(one)) {
        others += (others.empty() ? "[" : ",") + simdjson::minify(one);
      }
    }
    if (!others.empty()) others += ']';
  }
  // Of everything that can stand at one end at most one.
  bool is_one_thing() const {
    std::map<std::string_view, int> counts;
    for (const auto& [id, one] : placed) {
      std::string_view type = stix_text(one, "type");
      ++counts[type == "ipv6-addr" ? "ipv4-addr" : type == "user-account" ? "email-addr" : type];
    }
    return std::ranges::all_of(counts, [](const auto& count) { return count.second <= 1; });
  }
};

// Both ends of traffic, and its protocols.
void ends(StixEvent& event, const Object& traffic, const Observed& seen) {
  for (auto [ref, port, fields] : {std::tuple{"src_ref", "src_port", &source},
                                   std::tuple{"dst_ref", "dst_port", &destination}}) {
    if (auto found = seen.all.find(stix_text(traffic, ref)); found != seen.all.end())
      place(event, found->second, *fields);
    set(event, fields->port, number(traffic, port));
  }
  std::string application;
  for (std::string_view protocol : texts(traffic, "protocols")) {
    std::string lower = text::lower(protocol);
    if (auto transport = transport_named(lower); transport && *transport != Transport::other) {
      set(event, Field::protocol_transport, name(*transport));
    } else if (lower != "ipv4" && lower != "ipv6") {
      application = lower;  // the last is the innermost
    }
  }
  set(event, Field::protocol_application, application);
}

// What is no end of traffic stands at the source, but what is there already.
void beside(StixEvent& event, const Observed& seen, bool of_traffic) {
  auto taken = event.fields;
  for (const auto& [id, one] : seen.placed) {
    StixEvent alone;
    place(alone, one, source);
    for (auto& [field, text] : alone.fields) {
      bool is_taken = std::ranges::any_of(taken, [&](const auto& other) {
        return other.second == text || (of_traffic && other.first == field);
      });
      if (!is_taken) event.fields.emplace_back(field, std::move(text));
    }
    std::ranges::move(alone.extra, std::back_inserter(event.extra));
  }
}

// Only what names a subject is an event.
bool has_subject(const StixEvent& event) {
  return std::ranges::any_of(event.fields, [](const auto& field) {
    switch (field.first) {
      case Field::source_ip:
      case Field::source_network:
      case Field::source_fqdn:
      case Field::source_url:
      case Field::source_account:
      case Field::source_asn:
      case Field::destination_ip:
      case Field::destination_network:
      case Field::destination_fqdn:
      case Field::malware_hash_md5:
      case Field::malware_hash_sha1:
      case Field::malware_hash_sha256:
        return true;
      default:
        return false;
    }
  });
}

std::optional<Field> field_of(StixObservable::Kind kind) {
  using Kind = StixObservable::Kind;
  switch (kind) {
    case Kind::address:
      return Field::source_ip;
    case Kind::network:
      return Field::source_network;
    case Kind::name:
      return Field::source_fqdn;
    case Kind::url:
      return Field::source_url;
    case Kind::mail:
      return Field::source_account;
    case Kind::asn:
      return Field::source_asn;
    case Kind::md5:
      return Field::malware_hash_md5;
    case Kind::sha1:
      return Field::malware_hash_sha1;
    case Kind::sha256:
      return Field::malware_hash_sha256;
    default:
      return std::nullopt;  // a file's name, a mutex: no field of an event
  }
}

bool is_hash(Field field) {
  return field == Field::malware_hash_md5 || field == Field::malware_hash_sha1 ||
         field == Field::malware_hash_sha256;
}

// An IntelMQ or RSIT type among labels: "c2-server", "infected-system".
std::optional<Type> type_in(const std::vector<std::string_view>& labels) {
  for (std::string_view label : labels) {
    if (auto type = type_named(label)) return type;
  }
  return std::nullopt;
}

Type usual_type(const Object& indicator, bool hash) {
  if (hash) return Type::malware;
  simdjson::dom::array phases;
  if (!indicator.at_key("kill_chain_phases").get(phases)) {
    for (Element item : phases) {
      Object phase;
      if (!item.get(phase) && stix_text(phase, "phase_name") == "command-and-control")
        return Type::c2_server;
    }
  }
  auto types = texts(indicator, "indicator_types");
  if (has_item(types, "malicious-activity")) return Type::blacklist;
  if (has_item(types, "anonymization")) return Type::proxy;
  if (has_item(types, "compromised")) return Type::system_compromise;
  return Type::blacklist;
}

// Says it of nothing harmful?
bool is_benign(const Object& indicator) {
  auto types = texts(indicator, "indicator_types");
  return !types.empty() &&
         std::ranges::all_of(types, [](std::string_view type) { return type == "benign"; });
}

// What it looks for; nothing where that is more than plain observables.
std::vector<StixObservable> looked_for(const Object& indicator) {
  std::string_view language = stix_text(indicator, "pattern_type");
  if (!language.empty() && language != "stix") return {};
  auto version = language.empty() ? StixPatternVersion::v20 : StixPatternVersion::v21;
  auto parsed = parse_stix_pattern(stix_text(indicator, "pattern"), version);
  if (!parsed) return {};
  auto observables = plain_observables(*parsed);
  if (observables.size() > observables_max) observables.clear();
  return observables;
}

// An event of ours.
std::optional<Object> native_of(const Object& object) {
  Object extensions, ours, event;
  if (stix_text(object, "type") != "observed-data" || object.at_key("extensions").get(extensions) ||
      extensions.at_key(stix_extension_id()).get(ours) || ours.at_key("event").get(event))
    return std::nullopt;
  return event;
}

class Reading {
 public:
  Reading(std::span<const Object> objects, const EachStixEvent& each)
      : objects_(objects), each_(each) {
    for (const Object& object : objects_) {
      by_id_.try_emplace(stix_text(object, "id"), object);
      markings_.add(object);
    }
    for (const Object& object : objects_) {
      note_family(object);
      note_basis(object);
    }
  }

  // The places of what could be an event and is none.
  std::vector<std::size_t> run() {
    std::vector<std::size_t> opaque;
    for (place_ = 0; place_ < objects_.size(); ++place_) {
      const Object& object = objects_[place_];
      std::string_view type = stix_text(object, "type");
      bool revoked = false;
      if (!object.at_key("revoked").get(revoked) && revoked) continue;
      std::size_t before = told_;
      if (type == "observed-data") {
        observed(object);
      } else if (type == "indicator") {
        if (is_benign(object) || told_by_ours_.contains(stix_text(object, "id"))) continue;
        indicator(object);
      } else if (type != "sighting" || !sighting(object)) {
        continue;
      }
      if (told_ == before) opaque.push_back(place_);
    }
    return opaque;
  }

 private:
  struct Family {
    std::string_view name;
    std::vector<Object> said_by;
  };

  const Object* find(std::string_view id) const {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }

  // What relationships and sightings say of malware, by the id that they say it of.
  void note_family(const Object& object) {
    std::string_view type = stix_text(object, "type");
    bool link = type == "relationship" && stix_text(object, "relationship_type") == "indicates";
    if (!link && type != "sighting") return;
    std::string_view malware = stix_text(object, link ? "target_ref" : "sighting_of_ref");
    const Object* found = stix_type_of(malware) == "malware" ? find(malware) : nullptr;
    if (found == nullptr || stix_text(*found, "name").empty()) return;
    Family family{stix_text(*found, "name"), {object, *found}};
    if (link) {
      families_.try_emplace(stix_text(object, "source_ref"), family);
    } else {
      for (std::string_view id : texts(object, "observed_data_refs"))
        families_.try_emplace(id, family);
    }
  }

  // An indicator that is based on an event of ours says nothing more than that.
  void note_basis(const Object& object) {
    if (stix_text(object, "relationship_type") != "based-on") return;
    const Object* observed = find(stix_text(object, "target_ref"));
    if (observed != nullptr && native_of(*observed))
      told_by_ours_.insert(stix_text(object, "source_ref"));
  }

  // What marks any of the objects, wherever the marking-definitions stand.
  StixMarking marking(std::span<const Object> objects) const {
    StixObject view;
    for (const Object& object : objects) {
      for (std::string_view id : texts(object, "object_marking_refs"))
        view.markings.emplace_back(id);
      simdjson::dom::array list;
      if (object.at_key("granular_markings").get(list)) continue;
      for (Element item : list) {
        Object part;
        if (!item.get(part))
          view.granular.push_back({std::string(stix_text(part, "marking_ref")), {}});
      }
    }
    return markings_.in_effect(view);
  }

  // `about`: what else tells of it.
  StixEvent start(const Object& object, const std::vector<Object>& about = {}) {
    StixEvent out{.id = std::string(stix_text(object, "id")), .place = place_};
    std::vector<Object> marked = about;
    marked.push_back(object);
    auto family = families_.find(stix_text(object, "id"));
    if (family != families_.end()) {
      set(out, Field::malware_name, family->second.name);
      std::ranges::copy(family->second.said_by, std::back_inserter(marked));
    }
    out.marking = marking(marked);
    out.type = type_in(texts(object, "labels"));
    keep(out, "stix_id", out.id);
    keep(out, "stix_created_by", stix_text(object, "created_by_ref"));
    keep(out, "stix_confidence", number(object, "confidence"));
    return out;
  }
  // What else the object says; of several events that it tells the first has it.
  static void add_rest(StixEvent& event, const Object& object) {
    auto labels = texts(object, "labels");
    for (auto [name, value] : object) {
      bool is_told = name == "labels"
                         ? labels.size() == 1 && type_in(labels)
                         : std::ranges::find(read_properties, name) != read_properties.end();
      if (!is_told) keep_json(event, fmt::format("stix_{}", name), simdjson::minify(value));
    }
  }
  void tell(const StixEvent& event) {
    if (!has_subject(event)) return;
    ++told_;
    each_(event);
  }

  void indicator(const Object& object) {
    StixEvent event = start(object);
    set(event, Field::time_source, stix_text(object, "valid_from"));
    keep(event, "stix_valid_until", stix_text(object, "valid_until"));
    each_looked_for(event, object, object);
  }

  // Of an indicator: that what it looks for was there. False: what was observed says it better.
  bool sighting(const Object& object) {
    for (std::string_view id : texts(object, "observed_data_refs")) {
      if (find(id) != nullptr) return false;
    }
    std::string_view of = stix_text(object, "sighting_of_ref");
    const Object* indicator = stix_type_of(of) == "indicator" ? find(of) : nullptr;
    if (indicator == nullptr) return true;
    std::vector<Object> about = {*indicator};
    if (auto family = families_.find(of); family != families_.end())
      std::ranges::copy(family->second.said_by, std::back_inserter(about));
    StixEvent event = start(object, about);
    if (about.size() > 1) set(event, Field::malware_name, families_.find(of)->second.name);
    if (!event.type) event.type = type_in(texts(*indicator, "labels"));
    std::string_view first = stix_text(object, "first_seen"), last = stix_text(object, "last_seen");
    if (first.empty()) first = last.empty() ? stix_text(object, "created") : last;
    set(event, Field::time_source, first);
    if (last != first) keep(event, "stix_last_seen", last);
    keep(event, "stix_sighting_of", of);
    keep(event, "stix_count", number(object, "count"));
    each_looked_for(event, object, *indicator);
    return true;
  }

  // `event` for each observable that the indicator looks for, as `object` tells it.
  void each_looked_for(StixEvent event, const Object& object, const Object& indicator) {
    std::string_view description = stix_text(object, "description");
    set(event, Field::event_description_text, shortened(description, text_max));
    keep(event, "stix_name", shortened(stix_text(indicator, "name"), text_max));
    std::size_t before = told_;
    for (const StixObservable& one : looked_for(indicator)) {
      auto field = field_of(one.kind);
      if (!field) continue;
      StixEvent each = event;
      if (told_ == before) add_rest(each, object);
      set(each, *field, one.value);
      if (!each.type) each.type = usual_type(indicator, is_hash(*field));
      tell(each);
    }
  }

  void observed(const Object& object) {
    if (native(object)) return;
    Observed seen;
    Object inner;
    if (!object.at_key("objects").get(inner)) {  // of STIX 2.0
      for (auto [key, value] : inner) {
        Object one;
        if (!value.get(one)) seen.all.try_emplace(key, one);
      }
    }
    for (std::string_view id : texts(object, "object_refs")) {
      if (const Object* found = find(id)) seen.all.try_emplace(id, *found);
    }
    if (seen.all.size() > observables_max) return;
    seen.sort_out();
    StixEvent plain = observed_start(object, seen), first = plain;
    add_rest(first, object);
    if (!seen.others.empty()) keep_json(first, "stix_observables", seen.others);
    if (seen.traffic.empty() && seen.is_one_thing()) {
      beside(first, seen, false);
      return tell(first);
    }
    for (const Object& traffic : seen.traffic) {
      bool is_first = &traffic == &seen.traffic.front();
      StixEvent event = is_first ? first : plain;
      ends(event, traffic, seen);
      if (is_first) beside(event, seen, true);
      tell(event);
    }
    if (!seen.traffic.empty()) return;
    std::size_t before = told_;
    for (const auto& [id, one] : seen.placed) {
      if (stix_text(one, "type") == "autonomous-system") continue;
      StixEvent event = told_ == before ? first : plain;
      place(event, one, source);
      tell(event);
    }
  }

  bool native(const Object& object) {
    auto event = native_of(object);
    if (!event) return false;
    StixEvent out = start(object);
    out.native = simdjson::minify(*event);
    out.extra.clear();
    ++told_;
    each_(out);
    return true;
  }

  StixEvent observed_start(const Object& object, const Observed& seen) {
    std::vector<Object> observables;
    for (const auto& [id, one] : seen.all) observables.push_back(one);
    StixEvent event = start(object, observables);
    std::string_view first = stix_text(object, "first_observed");
    std::string_view last = stix_text(object, "last_observed");
    set(event, Field::time_source, first);
    if (last != first) keep(event, "stix_last_observed", last);
    auto times = number(object, "number_observed");
    if (times && *times > 1) keep(event, "stix_number_observed", times);
    bool sighted = families_.contains(stix_text(object, "id"));
    if (!event.type) event.type = sighted ? Type::infected_system : Type::undetermined;
    return event;
  }

  std::span<const Object> objects_;
  std::unordered_map<std::string_view, Object> by_id_;
  std::unordered_map<std::string_view, Family> families_;
  std::set<std::string_view> told_by_ours_;  // indicators
  StixMarkings markings_;
  const EachStixEvent& each_;
  std::size_t place_ = 0, told_ = 0;
};

}  // namespace

std::vector<std::size_t> stix_events(std::span<const Object> objects, const EachStixEvent& each) {
  return Reading(objects, each).run();
}

}  // namespace tocsin::wire
