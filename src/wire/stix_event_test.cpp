#include "wire/stix_event.h"

#include <fmt/format.h>

#include <set>

#include "test.h"
#include "wire/row.h"
#include "wire/stix_check.h"
#include "wire/stix_id.h"
#include "wire/stix_object.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

struct World {
  Dictionary words;
  EventBatch batch;

  World() {
    batch.add_row();
    batch.time.back() = 1'767'323'045'000'000;
    batch.type.back() = Type::infected_system;
    batch.tlp.back() = Tlp::amber_strict;
    batch.transport.back() = Transport::tcp;
    batch.family.back() = words.id("andromeda");
    batch.source.ip.back() = ip::parse("192.0.2.7").value();
    batch.source.port.back() = 49152;
    batch.source.asn.back() = 64496;
    batch.destination.ip.back() = ip::parse("2001:db8::1").value();
    batch.destination.port.back() = 80;
  }
  std::vector<std::string> write(const StixAs& as = {}) {
    Row row(batch, 0, words, Spelling::native);
    return stix_of_event(row.members(), as);
  }
};

// Objects of a text, and the parser that holds them.
struct Parsed {
  std::vector<std::unique_ptr<simdjson::dom::parser>> parsers;
  std::vector<simdjson::dom::object> objects;
  explicit Parsed(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      auto& parser = parsers.emplace_back(std::make_unique<simdjson::dom::parser>());
      objects.push_back(parser->parse(text).get_object().value());
    }
  }
  std::vector<StixEvent> events() const {
    std::vector<StixEvent> out;
    opaque = stix_events(objects, [&](const StixEvent& event) { out.push_back(event); });
    return out;
  }
  mutable std::vector<std::size_t> opaque;
  std::string types() const {
    std::string out;
    for (const auto& object : objects)
      out += (out.empty() ? "" : " ") + std::string(stix_text(object, "type"));
    return out;
  }
};

std::string text(const StixEvent& event) {
  std::string out(event.type ? name(*event.type) : "?");
  for (const auto& [field, value] : event.fields) out += fmt::format(" {}={}", name(field), value);
  return out;
}

std::string extra(const StixEvent& event, std::string_view name) {
  for (const auto& [key, json] : event.extra) {
    if (key == name) return json;
  }
  return {};
}

// What a foreign bundle tells.
std::string told(const std::vector<std::string>& objects) {
  std::string out;
  Parsed parsed(objects);
  for (const auto& event : parsed.events()) out += (out.empty() ? "" : "; ") + text(event);
  return out;
}

constexpr std::string_view common = R"("spec_version":"2.1","created":"2026-01-02T03:04:05.000Z",)"
                                    R"("modified":"2026-01-02T03:04:05.000Z")";

std::string indicator(std::string_view pattern, std::string_view more = "") {
  return fmt::format(R"({{"type":"indicator","id":"indicator--1",{},"pattern":"{}","pattern_type":)"
                     R"("stix","valid_from":"2026-01-02T03:04:05Z"{}}})",
                     common, pattern, more);
}
std::string observed(std::string_view refs, std::string_view more = "") {
  return fmt::format(
      R"({{"type":"observed-data","id":"observed-data--1",{},)"
      R"("first_observed":"2026-01-02T03:04:05Z",)"
      R"("last_observed":"2026-01-02T03:04:05Z","number_observed":1,"object_refs":[{}]{}}})",
      common, refs, more);
}
std::string observable(std::string_view type, std::string_view number, std::string_view members) {
  return fmt::format(R"({{"type":"{0}","id":"{0}--{1}",{2}}})", type, number, members);
}

}  // namespace

TEST_CASE("an event is observables, what was observed, and the sighting of its malware") {
  World w;
  Parsed parsed(w.write());
  CHECK(parsed.types() ==
        "ipv4-addr autonomous-system ipv6-addr network-traffic observed-data malware sighting");
  w.batch.type.back() = Type::c2_server;
  CHECK(Parsed(w.write()).types() ==
        "ipv4-addr autonomous-system ipv6-addr network-traffic observed-data indicator malware "
        "relationship relationship");
  CHECK(Parsed(w.write()).events().size() == 1);
}

TEST_CASE("every object that we write keeps the standard") {
  World w;
  // What STIX has no place for: null, empty, large numbers.
  w.batch.extra.back() = w.batch.keep(
      R"("extra.a":null,"extra.b":[],"extra.c":[1,{"d":{}},null],"extra.n":99999999999999999,)"
      R"("malware.hash.md5":"d41d8cd98f00b204e9800998ecf8427e",)"
      R"("source.account":"a***@example.org")");
  std::set<std::string> warnings;
  auto check = [&](const std::vector<std::string>& objects) {
    CHECK(!objects.empty());
    for (const auto& json : objects) {
      CAPTURE(json);
      auto verdict = check_stix(json);
      for (const auto& breach : verdict.breaches) FAIL_CHECK(breach.text());
      for (const auto& warning : verdict.warnings) warnings.insert(warning.check);
    }
  };
  StixAs as{.node_namespace = stix_node_namespace("a"),
            .identity = stix_own_id("identity", stix_node_namespace("a"), "me"),
            .handle = {},
            .pap = Pap::amber};
  for (Type type : {Type::infected_system, Type::c2_server, Type::phishing, Type::scanner}) {
    w.batch.type.back() = type;
    check(w.write());
    check(w.write(as));
  }
  Finding finding{.type = Type::vulnerable_system,
                  .subject_kind = SubjectKind::address,
                  .subject = "192.0.2.7",
                  .identifier = "open-rdp",
                  .port = 3389,
                  .transport = Transport::tcp,
                  .asn = 64496,
                  .first = 1'767'323'045'000'000,
                  .last = 1'767'409'445'000'000,
                  .times = 7};
  check(stix_of_finding(finding, as));
  finding.subject = "192.0.2.0/24";
  check(stix_of_finding(finding, as));
  check(stix_of_indicator({.pattern = "[url:value = 'http://example.org/']",
                           .name = "a",
                           .description = "b",
                           .types = {"malicious-activity"},
                           .labels = {"phishing"},
                           .family = "mirai",
                           .technique = "T0859",
                           .from = 1'767'323'045'000'000,
                           .until = 1'767'409'445'000'000,
                           .confidence = 80,
                           .tlp = Tlp::green},
                          as));
  check({stix_of_sighting({.of = stix_own_id("indicator", as.node_namespace, "x"),
                           .observed_data = {stix_own_id("observed-data", as.node_namespace, "x")},
                           .where = {as.identity},
                           .first = 1'767'323'045'000'000,
                           .last = 1'767'323'045'000'000,
                           .count = 3,
                           .tlp = Tlp::clear},
                          as)});
  check(stix_extension_objects());
  // Our ids follow from what they name, so they are of version 5; one end of traffic is known.
  CHECK(fmt::format("{}", fmt::join(warnings, " ")) == "network-traffic-ports uuid-check");
}

TEST_CASE("an object says its markings, whose it is, and no more than it was given") {
  World w;
  StixReader reader;
  StixAs as{.node_namespace = stix_node_namespace("a"),
            .identity = stix_own_id("identity", stix_node_namespace("a"), "me"),
            .handle = "f00",
            .pap = Pap::green};
  StixMarkings markings;
  for (const auto& json : w.write(as)) {
    auto object = reader.read(json);
    REQUIRE(object);
    if (object->created_by.empty()) continue;  // observables are nobody's
    CHECK(object->created_by == as.identity);
    CHECK(markings.in_effect(*object) == StixMarking{.tlp = Tlp::amber_strict, .pap = Pap::green});
  }
  // With a handle, ids of what was observed follow from it alone.
  auto id_of = [](const std::vector<std::string>& objects) {
    Parsed parsed(objects);
    for (const auto& object : parsed.objects) {
      if (stix_text(object, "type") == "observed-data") return std::string(stix_text(object, "id"));
    }
    return std::string();
  };
  CHECK(id_of(w.write(as)) == stix_own_id("observed-data", as.node_namespace, "f00"));
  std::string before = id_of(w.write());
  w.batch.source.port.back() = 1;
  CHECK(id_of(w.write()) != before);
}

TEST_CASE("what we write is read as the event that it was") {
  World w;
  Row row(w.batch, 0, w.words, Spelling::native);
  std::string native;
  append_nested(native, row.members());
  Parsed parsed(w.write());
  auto events = parsed.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].native == native);
  CHECK(native.contains(R"("port":80)"));
  CHECK(events[0].marking.tlp == Tlp::amber_strict);
  CHECK(parsed.opaque.empty());
}

TEST_CASE("a finding says how often and since when, and its state") {
  Finding finding{.state = State::reopened,
                  .type = Type::infected_system,
                  .subject_kind = SubjectKind::address,
                  .subject = "192.0.2.7",
                  .family = "mirai",
                  .controller = "c2.example.org",
                  .first = 1'767'323'045'000'000,
                  .last = 1'767'409'445'000'000,
                  .times = 7,
                  .tlp = Tlp::green};
  std::vector<std::string> objects = stix_of_finding(finding, {});
  std::string all = fmt::format("{}", fmt::join(objects, "\n"));
  CHECK(all.contains(R"("first_observed":"2026-01-02T03:04:05.000Z")"));
  CHECK(all.contains(R"("last_observed":"2026-01-03T03:04:05.000Z","number_observed":7)"));
  CHECK(all.contains(R"("state":"reopened","times":7)"));
  CHECK(all.contains(R"({"type":"domain-name","spec_version":"2.1","id":"domain-name--)"));
  CHECK(all.contains(R"("type":"sighting")"));
}

TEST_CASE("foreign indicators are events by their plain observables") {
  CHECK(
      told({indicator("[ipv4-addr:value = '192.0.2.7' OR url:value = 'http://example.org/a']")}) ==
      "blacklist time.source=2026-01-02T03:04:05Z source.ip=192.0.2.7; "
      "blacklist time.source=2026-01-02T03:04:05Z source.url=http://example.org/a");
  CHECK(told({indicator("[domain-name:value = 'c2.example.org']", R"(,"labels":["c2-server"])")}) ==
        "c2-server time.source=2026-01-02T03:04:05Z source.fqdn=c2.example.org");
  CHECK(told({indicator(
                 "[ipv4-addr:value = '192.0.2.0/24']",
                 R"(,"kill_chain_phases":[{"kill_chain_name":"lockheed-martin-cyber-kill-chain",)"
                 R"("phase_name":"command-and-control"}])")})
            .ends_with("c2-server time.source=2026-01-02T03:04:05Z source.network=192.0.2.0/24"));
  std::string malware = fmt::format(
      R"({{"type":"malware","id":"malware--1",{},"name":"mirai","is_family":true}})", common);
  std::string link = fmt::format(
      R"({{"type":"relationship","id":"relationship--1",{},"relationship_type":"indicates",)"
      R"("source_ref":"indicator--1","target_ref":"malware--1"}})",
      common);
  CHECK(told({link, indicator("[ipv4-addr:value = '192.0.2.7']"), malware})
            .starts_with("blacklist malware.name=mirai time.source="));
  // What is withdrawn or harmless is no event; what is more than plain is named.
  CHECK(told({indicator("[ipv4-addr:value = '192.0.2.7']", R"(,"revoked":true)")}).empty());
  CHECK(told({indicator("[ipv4-addr:value = '192.0.2.7']", R"(,"indicator_types":["benign"])")})
            .empty());
  Parsed opaque({indicator("[ipv4-addr:value != '192.0.2.7']"), indicator("[mutex:name = 'a']")});
  CHECK(opaque.events().empty());
  CHECK(opaque.opaque == std::vector<std::size_t>{0, 1});
}

TEST_CASE("foreign observed data are events by their observables") {
  std::string address = observable("ipv4-addr", "1", R"("value":"192.0.2.7")");
  std::string server = observable("ipv6-addr", "2", R"("value":"2001:DB8::1")");
  std::string name = observable("domain-name", "3", R"("value":"c2.example.org")");
  std::string traffic = observable(
      "network-traffic", "4",
      R"("src_ref":"ipv4-addr--1","dst_ref":"ipv6-addr--2","dst_port":80,"protocols":["ipv4",)"
      R"("tcp","http"])");
  CHECK(told({observed(R"("ipv4-addr--1","ipv6-addr--2","network-traffic--4")"), address, server,
              traffic}) ==
        "undetermined time.source=2026-01-02T03:04:05Z source.ip=192.0.2.7 "
        "destination.ip=2001:db8::1 destination.port=80 protocol.transport=tcp "
        "protocol.application=http");
  CHECK(told({observed(R"("ipv4-addr--1","domain-name--3")"), address, name}) ==
        "undetermined time.source=2026-01-02T03:04:05Z source.fqdn=c2.example.org "
        "source.ip=192.0.2.7");
  // Two addresses are two events.
  CHECK(told({observed(R"("ipv4-addr--1","ipv6-addr--2")", R"(,"labels":["scanner"])"), address,
              server}) ==
        "scanner time.source=2026-01-02T03:04:05Z source.ip=192.0.2.7; "
        "scanner time.source=2026-01-02T03:04:05Z source.ip=2001:db8::1");
  // References that lead nowhere are no subject.
  Parsed dangling({observed(R"("ipv4-addr--1")")});
  CHECK(dangling.events().empty());
  CHECK(dangling.opaque == std::vector<std::size_t>{0});
  std::string malware = fmt::format(
      R"({{"type":"malware","id":"malware--1",{},"name":"mirai","is_family":true}})", common);
  std::string sighting =
      fmt::format(R"({{"type":"sighting","id":"sighting--1",{},"sighting_of_ref":"malware--1",)"
                  R"("observed_data_refs":["observed-data--1"]}})",
                  common);
  CHECK(told({observed(R"("ipv4-addr--1")"), address, malware, sighting}) ==
        "infected-system malware.name=mirai time.source=2026-01-02T03:04:05Z source.ip=192.0.2.7");
}

TEST_CASE("a sighting of an indicator is an event, unless what was observed is there") {
  std::string what = indicator("[domain-name:value = 'c2.example.org']",
                               R"(,"name":"a","indicator_types":["malicious-activity"])");
  std::string sighting =
      fmt::format(R"({{"type":"sighting","id":"sighting--1",{},"sighting_of_ref":"indicator--1",)"
                  R"("first_seen":"2026-01-03T00:00:00Z","count":5}})",
                  common);
  Parsed parsed({what, sighting});
  auto events = parsed.events();
  REQUIRE(events.size() == 2);
  CHECK(text(events[1]) == "blacklist time.source=2026-01-03T00:00:00Z source.fqdn=c2.example.org");
  CHECK(extra(events[1], "stix_count") == "5");
  CHECK(extra(events[1], "stix_sighting_of") == R"("indicator--1")");
  // Of what we do not have, it tells nothing; where what was observed is there, that does.
  Parsed dangling({sighting});
  CHECK(dangling.events().empty());
  CHECK(dangling.opaque == std::vector<std::size_t>{0});
  std::string seen =
      fmt::format(R"({{"type":"sighting","id":"sighting--1",{},"sighting_of_ref":"indicator--1",)"
                  R"("observed_data_refs":["observed-data--1"]}})",
                  common);
  std::string address = observable("ipv4-addr", "1", R"("value":"192.0.2.7")");
  CHECK(told({seen, observed(R"("ipv4-addr--1")"), address}) ==
        "undetermined time.source=2026-01-02T03:04:05Z source.ip=192.0.2.7");
}

TEST_CASE("what no field holds is kept under its name, once") {
  Parsed parsed({indicator("[ipv4-addr:value IN ('192.0.2.7', '192.0.2.8')]",
                           R"(,"x_score":{"a":[1]},"labels":["c2-server","x"],"name":"n")")});
  auto events = parsed.events();
  REQUIRE(events.size() == 2);
  CHECK(extra(events[0], "stix_x_score") == R"({"a":[1]})");
  CHECK(extra(events[0], "stix_labels") == R"(["c2-server","x"])");
  CHECK(extra(events[0], "stix_pattern").empty());
  CHECK(extra(events[1], "stix_x_score").empty());
  CHECK(extra(events[1], "stix_name") == R"("n")");
  std::string certificate = observable("x509-certificate", "9", R"("issuer":"CN=a")");
  std::string address = observable("ipv4-addr", "1", R"("value":"192.0.2.7")");
  Parsed beside({observed(R"("ipv4-addr--1","x509-certificate--9")"), address, certificate});
  auto events_beside = beside.events();
  REQUIRE(events_beside.size() == 1);
  CHECK(extra(events_beside[0], "stix_observables") == "[" + certificate + "]");
  // Alone it is about nothing that an event could be about.
  Parsed alone({observed(R"("x509-certificate--9")"), certificate});
  CHECK(alone.events().empty());
  CHECK(alone.opaque == std::vector<std::size_t>{0});
}

TEST_CASE("an event is marked as strictly as anything that tells of it") {
  auto marked = [](Tlp tlp) {
    return fmt::format(R"(,"object_marking_refs":["{}"])", stix_marking_id(tlp));
  };
  auto marking = [](const std::vector<std::string>& objects) {
    Parsed parsed(objects);
    return parsed.events().at(0).marking.tlp;
  };
  std::string clear = observed(R"("ipv4-addr--1")", marked(Tlp::clear));
  std::string value = R"("value":"192.0.2.7")";
  CHECK(marking({clear, observable("ipv4-addr", "1", value)}) == Tlp::clear);
  CHECK(marking({clear, observable("ipv4-addr", "1", value + marked(Tlp::amber))}) == Tlp::amber);
  std::string granular =
      fmt::format(R"(,"granular_markings":[{{"marking_ref":"{}","selectors":["value"]}}])",
                  stix_marking_id(Tlp::red));
  CHECK(marking({clear, observable("ipv4-addr", "1", value + granular)}) == Tlp::red);
  // A marking that nobody knows is red.
  std::string unknown =
      R"(,"object_marking_refs":["marking-definition--00000000-0000-4000-8000-000000000000"])";
  CHECK(marking({observed(R"("ipv4-addr--1")", unknown), observable("ipv4-addr", "1", value)}) ==
        Tlp::red);
  // So is one that says of malware what another says of an address.
  std::string malware =
      fmt::format(R"({{"type":"malware","id":"malware--1",{},"name":"mirai","is_family":true{}}})",
                  common, marked(Tlp::amber_strict));
  std::string sighting =
      fmt::format(R"({{"type":"sighting","id":"sighting--1",{},"sighting_of_ref":"malware--1",)"
                  R"("observed_data_refs":["observed-data--1"]}})",
                  common);
  CHECK(marking({clear, observable("ipv4-addr", "1", value), malware, sighting}) ==
        Tlp::amber_strict);
}

}  // namespace tocsin::wire
