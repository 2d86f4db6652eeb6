#include "wire/stix_object.h"

#include <fmt/format.h>

#include "test.h"
#include "wire/stix_id.h"
#include "wire/stix_marking.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

constexpr std::string_view uuid = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

// With blanks, an escape, an order of its own, and what nobody knows.
const std::string odd = fmt::format(
    R"( {{ "name" : "A\u0042\/C", "x_org_a":1.50, "type":"tool","spec_version":"2.1",
  "id":"tool--{0}", "modified":"2026-01-02T03:04:06.000001Z","created":"2026-01-02T03:04:05.000Z",
  "created_by_ref":"identity--{0}","labels":["a","b"],"confidence":85,"revoked":true,
  "object_marking_refs":["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
  "granular_markings":[{{"marking_ref":"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
     "selectors":["labels.[1]"]}}],
  "extensions":{{"extension-definition--{0}":{{"extension_type":"property-extension","deep":
     {{"other_ref":"malware--{0}","Z":[1,{{"y":null}}]}}}}}} }} )",
    uuid);

StixObject read(std::string_view json) {
  StixReader reader;
  auto object = reader.read(json);
  REQUIRE_MESSAGE(object, (object ? "" : object.error().what));
  return *object;
}

std::string id(std::string_view json) {
  return stix_observable_id(json).value();
}

}  // namespace

TEST_CASE("an object is kept byte for byte, and what the node needs is pulled out") {
  StixObject object = read(odd);
  CHECK(object.json == std::string_view(odd).substr(1, odd.size() - 2));
  CHECK(object.id == fmt::format("tool--{}", uuid));
  CHECK(object.type == "tool");
  CHECK(object.version == "2026-01-02T03:04:06.000001Z");
  CHECK(times::format(object.modified) == "2026-01-02T03:04:06.000001Z");
  CHECK(times::format(object.created) == "2026-01-02T03:04:05Z");
  CHECK(object.revoked);
  CHECK(object.created_by == fmt::format("identity--{}", uuid));
  CHECK(object.labels == std::vector<std::string>{"a", "b"});
  CHECK(object.confidence == 85);
  CHECK(object.granular.at(0).selectors == std::vector<std::string>{"labels.[1]"});
  // Everything that it names, also in what nobody knows, but not itself.
  CHECK(object.refs == std::vector<std::string>{
                           fmt::format("extension-definition--{}", uuid),
                           fmt::format("identity--{}", uuid), fmt::format("malware--{}", uuid),
                           "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                           "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"});
}

TEST_CASE("an observable has no version, whatever its times") {
  StixObject object =
      read(R"({"type":"file","id":"file--ff26c055-6336-5bc5-b98d-13d6226742dd","name":"a",)"
           R"("ctime":"2026-01-02T03:04:05Z"})");
  CHECK(object.version.empty());
  CHECK(object.created == time_none);
}

TEST_CASE("what the standard forbids is not read, with a reason") {
  StixReader reader;
  auto wrong = reader.read(fmt::format(
      R"({{"type":"tool","spec_version":"2.1","id":"tool--{}","created":"x","modified":"y"}})",
      uuid));
  REQUIRE(!wrong);
  CHECK(wrong.error().what ==
        fmt::format("tool--{}: created: not a time in UTC with Z: 'x' (and 2 others)", uuid));
  CHECK(!reader.read("[]"));
  CHECK(
      reader.read(std::string(stix_object_bytes_max + 1, 'x')).error().what.contains("more than"));
  CHECK(reader.read(fmt::format(R"({{"type":"bundle","id":"bundle--{}"}})", uuid)).error().what ==
        "a bundle, where one object should be");
  std::vector<StixRemark> warnings;
  CHECK(reader.read(odd, &warnings));
  CHECK(!warnings.empty());
}

TEST_CASE("a bundle's objects come out as they stand in it") {
  std::string bundle = R"({"objects":[ {"a":[1, 2]} ,{"b":"}"}],"type":"bundle"})";
  auto objects = stix_objects_in(bundle);
  REQUIRE(objects);
  CHECK(*objects == std::vector<std::string_view>{R"({"a":[1, 2]})", R"({"b":"}"})"});
  auto odd = stix_objects_in(R"({"objects":[ [1,{}] , "a]" , 7,{"b":[]} ]})");
  REQUIRE(odd.has_value());
  CHECK(*odd == std::vector<std::string_view>{"[1,{}]", R"("a]")", "7", R"({"b":[]})"});
  CHECK(!stix_objects_in("{}"));
  CHECK(!stix_objects_in(R"({"objects":[]})"));
  CHECK(!stix_objects_in(R"({"objects":[{}], "x":)"));
  CHECK(stix_bundle("bundle--1", {"{}", "[]"}) ==
        R"({"type":"bundle","id":"bundle--1","objects":[{},[]]})");
}

// Source: python-stix2 3.0.2, measured.
TEST_CASE("observables have the ids that everybody gives them") {
  CHECK(id(R"({"type":"ipv4-addr","value":"198.51.100.3"})") ==
        "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
  CHECK(id(R"({"type":"domain-name","value":"example.com"})") ==
        "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7");
  CHECK(id(R"({"type":"url","value":"http://example.com/"})") ==
        "url--3013563b-9e18-5ef6-917a-204463f5f419");
  CHECK(id(R"({"type":"ipv6-addr","value":"2001:db8::1"})") ==
        "ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26");
  CHECK(id(R"({"type":"email-addr","value":"a@example.com"})") ==
        "email-addr--8f5f7fba-cc24-5e3f-aca4-f7194112e042");
  CHECK(id(R"({"number":64496,"type":"autonomous-system"})") ==
        "autonomous-system--9ad79ee3-2fde-5015-b0cc-7a96404effca");
  std::string sha256(64, 'b'), md5(32, 'a');
  CHECK(id(fmt::format(R"({{"type":"file","hashes":{{"SHA-256":"{}"}}}})", sha256)) ==
        "file--b188c565-67a9-5a0c-81a4-d9e57074246a");
  CHECK(id(fmt::format(R"({{"type":"file","name":"x","hashes":{{"SHA-256":"{}"}}}})", sha256)) ==
        "file--a35212f6-d21f-5c71-b5ec-8244201ed651");
  // Of two hashes the MD5 counts alone.
  CHECK(id(fmt::format(R"({{"type":"file","hashes":{{"SHA-256":"{}","MD5":"{}"}},"name":"x"}})",
                       sha256, md5)) == "file--9e32ecd4-b56d-55ab-adf1-c7d7c8a5a611");
  CHECK(id(R"({"type":"process","pid":1})").empty());
  CHECK(!stix_observable_id("[]"));
}

TEST_CASE("two nodes give one thing two ids, and one node always the same") {
  std::string a = stix_node_namespace("a"), b = stix_node_namespace("b");
  CHECK(a.size() == 16);
  CHECK(stix_own_id("indicator", a, "x") == stix_own_id("indicator", a, "x"));
  CHECK(stix_own_id("indicator", a, "x") != stix_own_id("indicator", b, "x"));
  CHECK(stix_own_id("indicator", a, "x") != stix_own_id("malware", a, "x"));
}

TEST_CASE("every marking that we write is one that the standard takes, and means the same") {
  simdjson::dom::parser parser;
  auto same = [&](const std::string& json, const StixMarking& wanted) {
    CAPTURE(json);
    auto verdict = check_stix(json);
    CHECK(verdict.breaches.empty());
    StixMarkings held;
    simdjson::dom::object object = parser.parse(json).get_object().value();
    CHECK(stix_marking_of(object) == wanted);
  };
  for (Tlp tlp : {Tlp::clear, Tlp::green, Tlp::amber, Tlp::amber_strict, Tlp::red})
    same(stix_marking_json(tlp), {.tlp = tlp});
  for (Pap pap : {Pap::clear, Pap::green, Pap::amber, Pap::red}) {
    same(stix_marking_json(pap), {.pap = pap});
    std::string label = "PAP:" + std::string(name(pap));
    for (char& c : label) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    CHECK(stix_marking_id(pap) == "marking-definition--" + uuid5(tocsin_namespace(), label));
  }
  CHECK(stix_marking_id(Tlp::unmarked) == stix_marking_id(Tlp::red));
  CHECK(stix_marking_id(Pap::unmarked).empty());
}

TEST_CASE("the strictest marking is in effect, and an unknown one is red") {
  auto marked = [](std::vector<std::string> whole, std::vector<StixGranular> parts) {
    StixObject object;
    object.markings = std::move(whole), object.granular = std::move(parts);
    return object;
  };
  StixMarkings held;
  simdjson::dom::parser parser;
  auto hold = [&](std::string_view json) {
    simdjson::dom::object object = parser.parse(simdjson::padded_string(json)).get_object().value();
    held.add(object);
  };
  hold(R"({"type":"marking-definition","id":"marking-definition--1","definition_type":"PAP",)"
       R"("definition":{"PAP":"PAP:AMBER"}})");
  hold(R"({"type":"marking-definition","id":"marking-definition--2","definition_type":"statement",)"
       R"("definition":{"statement":"Copyright 2026"}})");
  // TLP under an id that is not its own.
  hold(R"({"type":"marking-definition","id":"marking-definition--3","definition_type":"tlp",)"
       R"("definition":{"tlp":"white"}})");
  std::string green(stix_marking_id(Tlp::green)), amber(stix_marking_id(Tlp::amber));
  auto whole = [&](std::vector<std::string> ids) { return held.in_effect(marked(ids, {})); };
  CHECK(whole({}) == StixMarking{});
  CHECK(whole({green}) == StixMarking{.tlp = Tlp::green});
  CHECK(whole({amber, green}).tlp == Tlp::amber);
  CHECK(whole({green, "marking-definition--1"}) ==
        StixMarking{.tlp = Tlp::green, .pap = Pap::amber});
  CHECK(whole({green, "marking-definition--2"}) == StixMarking{.tlp = Tlp::green});
  CHECK(whole({green, "marking-definition--3"}) == StixMarking{.tlp = Tlp::red, .known = false});
  CHECK(whole({"marking-definition--4"}) == StixMarking{.tlp = Tlp::red, .known = false});
  // TLP 1.0's RED
  CHECK(whole({"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"}).tlp == Tlp::red);
  StixObject parts = marked({green}, {{amber, {"aliases.[0]", "description"}}, {"", {"name"}}});
  CHECK(held.in_effect(parts).tlp == Tlp::amber);
  CHECK(held.in_effect(parts, "name").tlp == Tlp::green);
  CHECK(held.in_effect(parts, "description").tlp == Tlp::amber);
  CHECK(held.in_effect(parts, "aliases.[1]").tlp == Tlp::green);
  CHECK(held.in_effect(parts, "aliases").tlp == Tlp::amber);
}

}  // namespace tocsin::wire
