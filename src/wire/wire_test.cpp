#include <fmt/format.h>
#include <simdjson.h>

#include "base/json.h"
#include "model/field.h"
#include "test.h"
#include "wire/dialect.h"
#include "wire/idea.h"
#include "wire/row.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

struct World {
  Dictionary words;
  EventBatch batch;

  World() {
    batch.feed = words.id("alpha");
    batch.report_type = words.id("event4_sinkhole");
    batch.add_row();
    batch.time.back() = 1'767'323'045'000'000;
    batch.observed.back() = 1'767'326'645'500'000;
    batch.type.back() = Type::infected_system;
    batch.severity.back() = Severity::critical;
    batch.tlp.back() = Tlp::amber_strict;
    batch.transport.back() = Transport::tcp;
    batch.roles.back() = {Role::affected, Role::sinkhole};
    batch.family.back() = words.id("andromeda");
    batch.source.ip.back() = ip::parse("192.0.2.7").value();
    batch.source.port.back() = 49152;
    batch.source.asn.back() = 64496;
    batch.source.country.back() = *Country::parse("BR");
    batch.destination.ip.back() = ip::parse("2001:db8::1").value();
    batch.destination.port.back() = 80;
    batch.destination.name.back() = batch.keep("c2.example.org");
    batch.extra.back() = batch.keep(
        R"("source.registry":"LACNIC","extra.tag":"a \"b\"","extra.tag.more":[1,{"x":"}"}],)"
        R"("extra.n":1.50,"node.source.asn":64497)");
  }
  std::string print(std::string_view to) {
    std::string out;
    dialect(to)(out, batch, 0, words);
    return out;
  }
};

}  // namespace

TEST_CASE("the native JSON is nested, sorted, and keeps what the report says") {
  CHECK(World().print("tocsin") ==
        R"({"classification":{"taxonomy":"malicious-code","type":"infected-system"},)"
        R"("destination":{"fqdn":"c2.example.org","ip":"2001:db8::1","port":80},)"
        R"("extra":{"n":1.50,"tag":"a \"b\"","tag.more":[1,{"x":"}"}]},)"
        R"("feed":{"code":"event4_sinkhole","name":"alpha"},"malware":{"name":"andromeda"},)"
        R"("node":{"source":{"asn":64497}},"protocol":{"transport":"tcp"},)"
        R"("roles":{"destination":"sinkhole","source":"affected"},"severity":"critical",)"
        R"("source":{"asn":64496,"geolocation":{"cc":"BR"},"ip":"192.0.2.7","port":49152,)"
        R"("registry":"LACNIC"},"time":{"observation":"2026-01-02T04:04:05.500000Z",)"
        R"("source":"2026-01-02T03:04:05Z"},"tlp":"amber+strict"})");
}

TEST_CASE("a joined controller is ours, with its reason") {
  World w;
  w.batch.controller_reason.back() = ControllerReason::join;
  w.batch.joined.back() = w.words.id("203.0.113.7");
  w.batch.joined_country.back() = *Country::parse("NL");
  w.batch.sector.back() = w.words.id("health care");
  std::string native = w.print("tocsin");
  CHECK(native.contains(R"("controller_reason":"join")"));
  CHECK(native.contains(
      R"("node":{"controller":{"geolocation":{"cc":"NL"},"ip":"203.0.113.7"},"source":{)"));
  CHECK(native.contains(R"("sector":"health care")"));
  std::string intelmq = w.print("intelmq");
  CHECK(intelmq.contains(R"("extra.node.controller.ip":"203.0.113.7")"));
  CHECK(intelmq.contains(R"("extra.node.controller.geolocation.cc":"NL")"));
  w.batch.joined.back() = w.words.id("c2.example.org");
  CHECK(w.print("tocsin").contains(R"("controller":{"fqdn":"c2.example.org","geo)"));
  w.batch.joined.back() = 0;
  CHECK(w.print("tocsin").contains(R"("controller":{"geolocation":{"cc":"NL"}},"source")"));
}

TEST_CASE("IntelMQ's JSON is flat and knows only its own names") {
  std::string out = World().print("intelmq");
  CHECK(out.contains(R"("source.ip":"192.0.2.7")"));
  CHECK(out.contains(R"("extra.node.source.asn":64497)"));
  CHECK(out.contains(R"("time.source":"2026-01-02T03:04:05+00:00")"));
  CHECK(out.contains(R"("tlp":"AMBER")"));
  CHECK(!out.contains("roles"));
}

TEST_CASE("every time of IntelMQ's JSON has its zone as IntelMQ writes it") {
  World w;
  std::string members, wanted;
  for (const FieldRow& field : fields()) {
    if (field.kind != Kind::time || field.name.starts_with("time.")) continue;
    members += fmt::format(R"("{}":"2011-03-22T00:00:00Z",)", field.name);
    members += fmt::format(R"("extra.{}":"2011-03-22T00:00:00Z",)", field.name);
  }
  members += R"("extra.n":1)";
  w.batch.extra.back() = w.batch.keep(members);
  std::string out = w.print("intelmq");
  for (std::string_view name : {"source.allocated", "destination.allocated"}) {
    CAPTURE(name);
    CHECK(out.contains(fmt::format(R"(,"{}":"2011-03-22T00:00:00+00:00")", name)));
    CHECK(out.contains(fmt::format(R"("extra.{}":"2011-03-22T00:00:00Z")", name)));
  }
  CHECK(out.contains(R"("time.observation":"2026-01-02T04:04:05.500000+00:00")"));
  for (const FieldRow& field : fields()) {
    if (field.kind == Kind::time) CHECK(out.contains(fmt::format(R"("{}":"20)", field.name)));
  }
  CHECK(w.print("tocsin").contains(R"("allocated":"2011-03-22T00:00:00Z")"));
}

TEST_CASE("every dialect prints one JSON object, the same each time") {
  simdjson::dom::parser parser;
  for (std::string_view to : {"tocsin", "intelmq", "idea", "stix", "misp"}) {
    CAPTURE(to);
    std::string out = World().print(to);
    CHECK(parser.parse(out).is_object());
    CHECK(!out.contains('\n'));
    CHECK(out == World().print(to));
  }
  CHECK(!dialect("cef"));
}

TEST_CASE("an event is a STIX bundle of observables and what was observed") {
  std::string out = World().print("stix");
  // The id of an address is the same wherever it is made: STIX 2.1 section 2.9.
  CHECK(out.contains("\"id\":\"ipv4-addr--" + uuid5(stix_namespace(), R"({"value":"192.0.2.7"})") +
                     "\""));
  CHECK(out.contains(R"("first_observed":"2026-01-02T03:04:05.000Z")"));
  CHECK(out.contains("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"));
  CHECK(!out.contains("\"type\":\"indicator\""));
  World controller;
  controller.batch.type.back() = Type::c2_server;
  CHECK(controller.print("stix").contains(R"("pattern":"[ipv4-addr:value = '192.0.2.7']")"));
}

TEST_CASE("UUIDs of version 5 are those of RFC 9562") {
  // appendix A.4: www.example.com in the namespace of DNS names
  std::string dns = "\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4";
  dns += std::string("\x00\xc0\x4f\xd4\x30\xc8", 6);
  CHECK(uuid5(dns, "www.example.com") == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST_CASE("IDEA categories and types") {
  CHECK(type_of_idea("attempt.login") == Type::brute_force);
  CHECK(type_of_idea("Availibility.DDoS") == Type::ddos);
  CHECK(type_of_idea("Recon.Something") == Type::scanner);
  CHECK(type_of_idea("Nonsense") == Type::undetermined);
  for (std::size_t i = 0; i < types_count; ++i) {
    CHECK(!idea_category(static_cast<Type>(i)).empty());
  }
}

TEST_CASE("names nest at their dots, with a rule where they conflict") {
  auto nested = [](std::string_view fragment) {
    std::vector<Member> members;
    for (const Member& m : Members(fragment)) members.push_back(m);
    std::string out;
    append_nested(out, members);
    return out;
  };
  CHECK(nested(R"("a":1,"a.b":2,"a.c.d":3,"a-b":4)") == R"({"a":1,"a-b":4,"a.b":2,"a.c.d":3})");
  CHECK(nested(R"("a.b.c":1,"a.b.d":2,"a.e":3)") == R"({"a":{"b":{"c":1,"d":2},"e":3}})");
  CHECK(nested(R"("a..b":1,"a.":2)") == R"({"a":{"":2,".b":1}})");
  CHECK(nested(R"("a":1,"b)") == R"({"a":1})");
}

TEST_CASE("a member's text is what was written into it") {
  for (std::string text : {"", "a", "\"\\\n\t\x01", "\u00fc\U0001f514", "{\"a\":[1]}"}) {
    std::string json;
    json::append_string(json, text);
    CHECK(json_text(json) == text);
    std::string fragment = "\"k\":" + json + ",\"z\":1";
    CHECK(json_text(member(fragment, "k")) == text);
    CHECK(member(fragment, "z") == "1");
  }
  CHECK(json_text(R"("\ud83d\udd14\u00FC\/")") == "\U0001f514\u00fc/");
}

}  // namespace tocsin::wire
