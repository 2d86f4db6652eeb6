// Stix event, writing: see stix_event.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <set>

#include "base/check.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/row.h"
#include "wire/stix_event.h"
#include "wire/stix_id.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using json::Writer;

constexpr std::string_view extension_seed = "extension event 1";
constexpr std::size_t nesting_max = 40;  // of a value; a reader takes stix_depth_max in all
constexpr std::string_view fixed_time = "2026-01-01T00:00:00.000Z";  // of what has no time

std::string text_of(std::span<const Member> members, std::string_view name) {
  for (const Member& member : members) {
    if (member.name == name) return json_text(member.json);
  }
  return {};
}

// Is it an integer that a double does not hold exactly?
bool is_large_integer(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos) return false;
  auto value = text::number(number.starts_with('-') ? number.substr(1) : number);
  return !value || *value > (std::uint64_t{1} << 53) - 1;
}

// STIX has no null, nothing empty, no name twice and no integer beyond 2^53 - 1: the first three
// go, and integers become texts, as does what is nested too deep. False: nothing is left.
bool append_clean(std::string& out, simdjson::dom::element value, std::size_t depth) {
  simdjson::dom::object object;
  simdjson::dom::array list;
  if (value.is_null()) return false;
  if ((value.is_object() || value.is_array()) && depth == nesting_max) {
    json::append_string(out, simdjson::minify(value));
    return true;
  }
  std::size_t start = out.size();
  bool any = false;
  auto part = [&](std::optional<std::string_view> key, simdjson::dom::element member) {
    std::size_t before = out.size();
    if (any) out += ',';
    if (key) json::append_string(out, *key);
    if (key) out += ':';
    bool kept = append_clean(out, member, depth + 1);
    if (!kept) out.resize(before);
    any = any || kept;
  };
  if (!value.get(object)) {
    std::set<std::string_view> names;
    out += '{';
    for (auto [key, member] : object) {
      if (names.insert(key).second) part(key, member);
    }
    out += '}';
  } else if (!value.get(list)) {
    out += '[';
    for (simdjson::dom::element item : list) part(std::nullopt, item);
    out += ']';
  } else {
    std::string spelled = simdjson::minify(value);
    bool quoted = value.is_number() && is_large_integer(spelled);
    out += quoted ? '"' + spelled + '"' : spelled;
    return true;
  }
  if (!any) out.resize(start);
  return any;
}

// The members of an event as one JSON object that STIX allows.
std::string clean_native(std::span<const Member> members) {
  simdjson::dom::parser parser;
  std::deque<std::string> owned;
  std::vector<Member> kept;
  for (const Member& one : members) {
    simdjson::dom::element root;
    char first = one.json.empty() ? 'n' : one.json[0];
    if (first == 'n') continue;
    if (first == '{' || first == '[') {
      std::string& json = owned.emplace_back();
      if (parser.parse(one.json.data(), one.json.size()).get(root) || !append_clean(json, root, 0))
        continue;
      kept.push_back({one.name, json});
    } else if ((first == '-' || (first >= '0' && first <= '9')) && is_large_integer(one.json)) {
      kept.push_back({one.name, owned.emplace_back(fmt::format("\"{}\"", one.json))});
    } else {
      kept.push_back(one);
    }
  }
  std::string out;
  append_nested(out, kept);
  return out;
}

// The objects of one item, each once.
class Objects {
 public:
  explicit Objects(const StixAs& as) : as_(as) {}

  // An observable by its properties; gives its id. Its type has such as make an id.
  std::string observable(std::string_view type, Writer& properties) {
    std::string inner = properties.end().take();
    std::string body = inner.substr(1);  // without "{"
    auto id = stix_observable_id(fmt::format(R"({{"type":"{}",{})", type, body));
    if (!id || id->empty()) return {};
    if (std::ranges::find(ids_, *id) == ids_.end()) {
      ids_.push_back(*id);
      out_.push_back(
          fmt::format(R"({{"type":"{}","spec_version":"2.1","id":"{}",{})", type, *id, body));
    }
    return *id;
  }
  std::string observable(std::string_view type, std::string_view value) {
    if (value.empty()) return {};
    Writer w;
    w.object().member("value", value);
    return observable(type, w);
  }

  // What all of ours begin with; the caller goes on and ends it.
  Writer start(std::string_view type, const std::string& id, TimeUs created, TimeUs modified,
               Tlp tlp) const {
    Writer w;
    w.object().member("type", type).member("spec_version", "2.1").member("id", id);
    w.member("created", created == time_none ? fixed_time : stix_stamp(created));
    w.member("modified", modified == time_none ? fixed_time : stix_stamp(modified));
    if (!as_.identity.empty()) w.member("created_by_ref", as_.identity);
    w.key("object_marking_refs").list().value(stix_marking_id(tlp));
    if (as_.pap != Pap::unmarked) w.value(stix_marking_id(as_.pap));
    w.end();
    return w;
  }
  void add(Writer& w) { out_.push_back(w.end().take()); }

  std::string own_id(std::string_view type, std::string_view seed) const {
    return stix_own_id(type, as_.node_namespace, seed);
  }
  // A family is the same object in whatever it stands, under each marking.
  std::string malware(std::string_view family, Tlp tlp) {
    std::string id = own_id("malware", fmt::format("{} {} {}", family, name(tlp), name(as_.pap)));
    Writer w = start("malware", id, time_none, time_none, tlp);
    w.member("name", family).member("is_family", true);
    add(w);
    return id;
  }

  const std::vector<std::string>& ids() const { return ids_; }
  std::vector<std::string> take() { return std::move(out_); }

 private:
  const StixAs& as_;
  std::vector<std::string> ids_;  // of observables
  std::vector<std::string> out_;
};

std::string_view address_type(std::string_view ip) {
  return ip.contains(':') ? "ipv6-addr" : "ipv4-addr";
}

// The observables of one end; gives the id of its address or name, "" if it has neither.
std::string end(Objects& objects, std::span<const Member> event, const std::string& prefix) {
  auto value = [&](std::string_view name) { return text_of(event, prefix + std::string(name)); };
  std::string ip = value(".ip"), network = value(".network"), account = value(".account");
  if (ip.empty()) ip = network;
  std::string id = ip.empty() ? "" : objects.observable(address_type(ip), ip);
  std::string name_id = objects.observable("domain-name", value(".fqdn"));
  if (id.empty()) id = name_id;
  objects.observable("url", value(".url"));
  if (account.contains('@') && !account.contains('*')) {
    objects.observable("email-addr", account);
  } else if (!account.empty()) {  // masked, or no mail address
    Writer w;
    w.object().member("account_login", account);
    objects.observable("user-account", w);
  }
  if (auto asn = text::number(value(".asn"))) {
    Writer w;
    w.object().member("number", *asn);
    objects.observable("autonomous-system", w);
  }
  return id;
}

// Source: RFC 6335, section 5.1.
bool is_service_name(std::string_view name) {
  return !name.empty() && name.size() <= 15 && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-';
  });
}

void traffic(Objects& objects, std::span<const Member> event, const std::string& source,
             const std::string& destination) {
  std::string transport = text_of(event, "protocol.transport");
  std::string application = text_of(event, "protocol.application");
  if (!is_service_name(application)) application.clear();
  auto source_port = text::number(text_of(event, "source.port"));
  auto port = text::number(text_of(event, "destination.port"));
  if (source.empty() && destination.empty()) return;
  if (transport.empty() && !source_port && !port && destination.empty()) return;
  auto is_address = [](std::string_view id) { return id.starts_with("ipv"); };
  bool v6 = source.starts_with("ipv6") || destination.starts_with("ipv6");
  // Traffic has a protocol, and of two names nobody knows any.
  if (transport.empty() && application.empty() && !is_address(source) && !is_address(destination))
    return;
  Writer w;
  w.object();
  if (port) w.member("dst_port", *port);
  if (!destination.empty()) w.member("dst_ref", destination);
  w.key("protocols").list();
  if (transport.empty() && application.empty()) w.value(v6 ? "ipv6" : "ipv4");
  if (!transport.empty()) w.value(transport);
  if (!application.empty()) w.value(application);
  w.end();
  if (source_port) w.member("src_port", *source_port);
  if (!source.empty()) w.member("src_ref", source);
  objects.observable("network-traffic", w);
}

constexpr auto hash_fields = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"MD5", "malware.hash.md5"},
     {"SHA-1", "malware.hash.sha1"},
     {"SHA-256", "malware.hash.sha256"}});

void file(Objects& objects, std::span<const Member> event) {
  Writer w;
  w.object().key("hashes").object();
  bool any = false;
  for (auto [algorithm, field] : hash_fields) {
    std::string value = text_of(event, field);
    if (value.empty()) continue;
    w.member(algorithm, value);
    any = true;
  }
  w.end();
  if (any) objects.observable("file", w);
}

bool is_malicious(Type type) {
  return type == Type::c2_server || type == Type::malware_distribution || type == Type::phishing ||
         type == Type::blacklist || type == Type::dga_domain || type == Type::malware;
}

// What an indicator of this event looks for: its most particular value.
std::string pattern_of(std::span<const Member> event) {
  using Kind = StixObservable::Kind;
  constexpr auto sources =
      std::to_array<std::pair<std::string_view, Kind>>({{"source.url", Kind::url},
                                                        {"source.fqdn", Kind::name},
                                                        {"source.ip", Kind::address},
                                                        {"source.network", Kind::network},
                                                        {"malware.hash.sha256", Kind::sha256},
                                                        {"malware.hash.sha1", Kind::sha1},
                                                        {"malware.hash.md5", Kind::md5}});
  for (auto [field, kind] : sources) {
    std::string value = text_of(event, field);
    if (!value.empty()) return stix_pattern_of({kind, value});
  }
  return {};
}

// How one of ours relates to another.
void add_link(Objects& objects, std::string_view type, const std::string& from,
              const std::string& to, const StixIndicator& one, const StixAs& as) {
  TimeUs modified = as.modified == time_none ? one.from : std::max(as.modified, one.from);
  Writer w = objects.start("relationship", objects.own_id("relationship", from + " " + to),
                           one.from, modified, one.tlp);
  w.member("relationship_type", type).member("source_ref", from).member("target_ref", to);
  objects.add(w);
}

std::string add_indicator(Objects& objects, const StixIndicator& one, const StixAs& as,
                          std::string_view seed) {
  std::string id = objects.own_id("indicator", seed);
  TimeUs modified = as.modified == time_none ? one.from : std::max(as.modified, one.from);
  Writer w = objects.start("indicator", id, one.from, modified, one.tlp);
  if (!one.labels.empty()) {
    w.key("labels").list();
    for (const auto& label : one.labels) w.value(label);
    w.end();
  }
  if (one.confidence) w.member("confidence", static_cast<std::uint32_t>(*one.confidence));
  if (!one.technique.empty()) {
    w.key("external_references").list().object();
    w.member("source_name", "mitre-attack").member("external_id", one.technique).end().end();
  }
  if (!one.name.empty()) w.member("name", one.name);
  if (!one.description.empty()) w.member("description", one.description);
  if (!one.types.empty()) {
    w.key("indicator_types").list();
    for (const auto& type : one.types) w.value(type);
    w.end();
  }
  w.member("pattern", one.pattern).member("pattern_type", "stix").member("pattern_version", "2.1");
  w.member("valid_from", stix_stamp(one.from));
  if (one.until != time_none && one.until > one.from)
    w.member("valid_until", stix_stamp(one.until));
  objects.add(w);
  if (!one.family.empty())
    add_link(objects, "indicates", id, objects.malware(one.family, one.tlp), one, as);
  return id;
}

std::string add_sighting(Objects& objects, const StixSighting& one, const StixAs& as) {
  TimeUs modified = as.modified == time_none ? one.last : as.modified;
  std::string seed = as.handle;
  if (seed.empty())
    seed = fmt::format("{} {} {}", one.of, fmt::join(one.observed_data, " "),
                       fmt::join(one.where, " "));
  std::string id = objects.own_id("sighting", seed);
  Writer w = objects.start("sighting", id, one.first, std::max(modified, one.first), one.tlp);
  w.member("first_seen", stix_stamp(one.first));
  w.member("last_seen", stix_stamp(std::max(one.first, one.last)));
  w.member("count", std::min<std::uint64_t>(one.count, 999'999'999));
  w.member("sighting_of_ref", one.of);
  auto list = [&](std::string_view name, const std::vector<std::string>& ids) {
    if (ids.empty()) return;
    w.key(name).list();
    for (const auto& ref : ids) w.value(ref);
    w.end();
  };
  list("observed_data_refs", one.observed_data);
  list("where_sighted_refs", one.where);
  objects.add(w);
  return id;
}

// When an item was seen, and how often.
struct Seen {
  TimeUs first = 0, last = 0;
  std::uint64_t times = 1;
  std::string finding;  // JSON; "" if it is an event
};

std::vector<std::string> item(std::span<const Member> members, const Seen& seen, const StixAs& as) {
  Objects objects(as);
  std::string native = clean_native(members);
  std::string source = end(objects, members, "source");
  std::string destination = end(objects, members, "destination");
  traffic(objects, members, source, destination);
  file(objects, members);

  std::string_view seed = as.handle.empty() ? native : as.handle;
  std::string word = text_of(members, "classification.type"),
              family = text_of(members, "malware.name");
  Type type = type_named(word).value_or(Type::undetermined);
  Tlp tlp = tlp_named(text_of(members, "tlp")).value_or(Tlp::red);
  std::string observed;
  if (!objects.ids().empty()) {
    observed = objects.own_id("observed-data", seed);
    TimeUs modified = as.modified == time_none ? seen.last : as.modified;
    Writer w =
        objects.start("observed-data", observed, seen.first, std::max(modified, seen.first), tlp);
    if (!word.empty()) w.key("labels").list().value(word).end();
    w.member("first_observed", stix_stamp(seen.first));
    w.member("last_observed", stix_stamp(seen.last));
    w.member("number_observed", std::clamp<std::uint64_t>(seen.times, 1, 999'999'999));
    w.key("object_refs").list();
    for (const auto& id : objects.ids()) w.value(id);
    w.end().key("extensions").object().key(stix_extension_id()).object();
    w.member("extension_type", "property-extension").key("event").raw(native);
    if (!seen.finding.empty()) w.key("finding").raw(seen.finding);
    w.end().end();
    objects.add(w);
  }
  std::string pattern = is_malicious(type) ? pattern_of(members) : std::string();
  if (!pattern.empty()) {
    StixIndicator one{.pattern = pattern,
                      .name = family.empty() ? word : word + ": " + family,
                      .description = "An event of type " + word + ".",
                      .types = {"malicious-activity"},
                      .labels = {word},
                      .family = family,
                      .from = seen.first,
                      .tlp = tlp};
    std::string id = add_indicator(objects, one, as, seed);
    if (!observed.empty()) add_link(objects, "based-on", id, observed, one, as);
  } else if (!family.empty() && !observed.empty() && type == Type::infected_system) {
    add_sighting(objects,
                 {.of = objects.malware(family, tlp),
                  .observed_data = {observed},
                  .first = seen.first,
                  .last = seen.last,
                  .count = seen.times,
                  .tlp = tlp},
                 as);
  }
  return objects.take();
}

// The members of a finding under an event's names; sorted as Row sorts them.
class FindingMembers {
 public:
  explicit FindingMembers(const Finding& f) {
    text("classification.identifier", f.identifier);
    text("classification.taxonomy", name(class_of(f.type)));
    text("classification.type", name(f.type));
    // The subject of a controller is the controller itself.
    bool self = f.type == Type::c2_server || f.type == Type::dga_domain;
    if (!f.controller.empty() && !self) {
      bool address = ip::parse(f.controller).has_value();
      text("destination.fqdn", address ? "" : f.controller);
      text("destination.geolocation.cc", f.controller_country.text());
      text("destination.ip", address ? f.controller : "");
    }
    text("malware.name", f.family);
    text("protocol.transport", name(f.transport));
    text("sector", f.sector);
    text("severity", name(f.severity));
    if (f.subject_kind == SubjectKind::account) text("source.account", f.subject);
    if (f.asn != 0) raw("source.asn", fmt::to_string(f.asn));
    if (f.subject_kind == SubjectKind::name) text("source.fqdn", f.subject);
    text("source.geolocation.cc", f.country.text());
    bool network = f.subject.contains('/');
    if (f.subject_kind == SubjectKind::address && !network) text("source.ip", f.subject);
    if (f.subject_kind == SubjectKind::address && network) text("source.network", f.subject);
    if (f.port != 0) raw("source.port", fmt::to_string(f.port));
    if (f.subject_kind == SubjectKind::url) text("source.url", f.subject);
    text("time.source", times::format(f.last));
    text("tlp", name(f.tlp));
  }
  std::span<const Member> all() {
    members_.clear();
    for (const auto& [name, json] : owned_) members_.push_back({name, json});
    return members_;
  }

 private:
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    std::string json;
    json::append_string(json, value);
    raw(name, std::move(json));
  }
  void raw(std::string_view name, std::string json) { owned_.emplace_back(name, std::move(json)); }

  std::vector<std::pair<std::string_view, std::string>> owned_;
  std::vector<Member> members_;
};

}  // namespace

namespace {

// A pattern must be there: it stands for the one that is gone.
void add_revoked_indicator(Objects& objects, TimeUs from, TimeUs modified, Tlp tlp,
                           std::string_view seed) {
  Writer w = objects.start("indicator", objects.own_id("indicator", seed), from, modified, tlp);
  w.member("revoked", true).member("pattern", "[software:name = 'withdrawn']");
  w.member("pattern_type", "stix").member("pattern_version", "2.1");
  w.member("valid_from", stix_stamp(from));
  objects.add(w);
}

TimeUs seen_of(std::span<const Member> members) {
  for (std::string_view name : {"time.source", "time.observation"}) {
    if (auto time = times::parse(text_of(members, name))) return *time;
  }
  return 0;
}

}  // namespace

std::vector<std::string> stix_of_event(std::span<const Member> members, const StixAs& as) {
  TimeUs seen = seen_of(members);
  return item(members, {.first = seen, .last = seen}, as);
}

std::vector<std::string> stix_of_recall(std::span<const Member> members, const StixAs& as) {
  check(!as.handle.empty() && as.modified != time_none, "stix: a recall of something, at a time");
  Objects objects(as);
  TimeUs seen = seen_of(members), modified = std::max(as.modified, seen + us_per_s);
  Type type = type_named(text_of(members, "classification.type")).value_or(Type::undetermined);
  Tlp tlp = tlp_named(text_of(members, "tlp")).value_or(Tlp::red);
  // STIX wants something that was observed, and a pattern: these stand for what is gone.
  Writer gone;
  gone.object().member("name", "withdrawn");
  objects.observable("software", gone);
  auto revoked = [&](std::string_view sort) {
    return objects.start(sort, objects.own_id(sort, as.handle), seen, modified, tlp);
  };
  Writer observed = revoked("observed-data");
  observed.member("revoked", true).member("first_observed", stix_stamp(seen));
  observed.member("last_observed", stix_stamp(seen)).member("number_observed", 1);
  observed.key("object_refs").list().value(objects.ids().front()).end();
  objects.add(observed);
  if (!is_malicious(type)) return objects.take();
  add_revoked_indicator(objects, seen, modified, tlp, as.handle);
  return objects.take();
}

std::string stix_of_indicator_recall(TimeUs from, Tlp tlp, const StixAs& as) {
  check(!as.handle.empty() && as.modified != time_none, "stix: a recall of something, at a time");
  Objects objects(as);
  add_revoked_indicator(objects, from, std::max(as.modified, from + us_per_s), tlp, as.handle);
  return objects.take().front();
}

std::vector<std::string> stix_of_finding(const Finding& finding, const StixAs& as) {
  FindingMembers members(finding);
  Writer w;
  w.object()
      .member("first", times::format(finding.first))
      .member("last", times::format(finding.last));
  w.member("state", name(finding.state)).member("times", finding.times).end();
  return item(members.all(),
              {.first = finding.first,
               .last = std::max(finding.first, finding.last),
               .times = finding.times,
               .finding = w.take()},
              as);
}

std::vector<std::string> stix_of_indicator(const StixIndicator& indicator, const StixAs& as) {
  Objects objects(as);
  add_indicator(objects, indicator, as, as.handle.empty() ? indicator.pattern : as.handle);
  return objects.take();
}

std::string stix_of_sighting(const StixSighting& sighting, const StixAs& as) {
  Objects objects(as);
  add_sighting(objects, sighting, as);
  return objects.take().front();
}

std::string_view stix_extension_id() {
  static const std::string id =
      stix_own_id("extension-definition", tocsin_namespace(), extension_seed);
  return id;
}

std::vector<std::string> stix_extension_objects() {
  std::string author = stix_own_id("identity", tocsin_namespace(), "authors");
  std::string clear(stix_marking_id(Tlp::clear));
  auto common = [&](std::string_view type, std::string_view id) {
    Writer w;
    w.object().member("type", type).member("spec_version", "2.1").member("id", id);
    w.member("created", fixed_time).member("modified", fixed_time);
    w.key("object_marking_refs").list().value(clear).end();
    return w;
  };
  Writer identity = common("identity", author);
  identity.member("name", "Tocsin").member("identity_class", "organization").end();
  Writer w = common("extension-definition", stix_extension_id());
  w.member("created_by_ref", author).member("name", "Tocsin event");
  w.member("description",
           "An observed-data's event in the fields of the IntelMQ Data Format (`event`), and the "
           "state of its finding (`finding`).");
  w.member("schema", "docs/stix.md and docs/event.md of Tocsin").member("version", "1.0.0");
  w.key("extension_types").list().value("property-extension").end().end();
  return {identity.take(), w.take()};
}

}  // namespace tocsin::wire
