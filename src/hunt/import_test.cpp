#include "hunt/import.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/mapped_file.h"
#include "temporary_folder.h"
#include "test.h"
#include "wire/stix_event.h"
#include "wire/stix_marking.h"
#include "wire/stix_object.h"

namespace tocsin::hunt {
namespace {

const TimeUs noon = *times::parse("2026-11-23T12:00:00Z");

struct Desk {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<Indicators> all =
      *Indicators::open({.journal = *journal, .now = [] { return noon; }});
  ImportWish wish{.usual = {.source = {SourceKind::feed, "file"}, .tlp = Tlp::green}};

  Imported take(std::string_view bytes) {
    auto done = import_indicators(bytes, wish, *all);
    REQUIRE_MESSAGE(done, done.error().what);
    return *done;
  }
  Indicator find(std::string_view value) {
    auto found = *all->find(*guess_observable(value));
    REQUIRE_MESSAGE(found, value);
    return *found;
  }
  Claim claim(std::string_view value) {
    auto found = find(value);
    REQUIRE(found.claims.size() == 1);
    return found.claims[0];
  }
};

}  // namespace

TEST_CASE("a plain list is read, whatever its lines name, and wrong lines are told") {
  Desk desk;
  auto done = desk.take(
      "\xef\xbb\xbf# a list\n192.0.2.7 # seen\n198.51.100.0/24\nevil[.]example.org\n"
      "hxxp://example.net/a#b\nd41d8cd98f00b204e9800998ecf8427e empty.exe\nnot an indicator\n"
      "0.0.0.0 bad.example.org worse.example.org\n127.0.0.1 localhost\n||ads.example.org^\n"
      "[ipv4-addr:value IN ('192.0.2.8', '192.0.2.9')]\n[file:size > 3 AND file:name = 'a']\n\n");
  CHECK(done.format == ImportFormat::list);
  CHECK(done.read == 10);
  CHECK(done.observables == 11);
  CHECK(done.patterns == 1);
  CHECK(done.added.fresh == 11);
  REQUIRE(done.first_rejected.size() == 1);
  CHECK(done.first_rejected[0].line == 7);
  CHECK(desk.claim("192.0.2.7").type == Type::blacklist);
  CHECK(desk.claim("d41d8cd98f00b204e9800998ecf8427e").type == Type::malware);
  CHECK(desk.claim("worse.example.org").tlp == Tlp::green);
  CHECK(desk.take("192.0.2.7\n192.0.2.7\n").added.same == 2);
}

TEST_CASE("a CSV file says by its columns what it claims") {
  Desk desk;
  auto done = desk.take(
      "# made by hand\n"
      "Indicator;type;malware;techniques;confidence;severity;tlp;pap;valid_from;valid_until;"
      "description;colour\n"
      "192.0.2.7;c2-server;Mirai;T1071 T1095;70;high;amber;green;2026-11-01;1798761600;"
      "\"a; b\";red\n"
      "d41d8cd98f00b204e9800998ecf8427e;md5;;;;;;;;;;\n"
      "192.0.2.8;c2-server;;;101;;;;;;;\n"
      ";;;;;;;;;;;\n");
  CHECK(done.format == ImportFormat::csv);
  CHECK(done.read == 4);
  CHECK(done.added.fresh == 2);
  CHECK(done.rejected == 2);
  CHECK(done.unknown_columns == std::vector<std::string>{"colour"});
  Claim claim = desk.claim("192.0.2.7");
  CHECK(claim.type == Type::c2_server);
  CHECK(claim.family == "mirai");
  CHECK(claim.techniques == std::vector<std::string>{"T1071", "T1095"});
  CHECK(claim.confidence == 70);
  CHECK(claim.severity == Severity::high);
  CHECK(claim.tlp == Tlp::amber);
  CHECK(claim.pap == Pap::green);
  CHECK(claim.from == *times::parse("2026-11-01"));
  CHECK(claim.until == *times::parse("2027-01-01"));
  CHECK(claim.text == "a; b");
  CHECK(desk.find("d41d8cd98f00b204e9800998ecf8427e").observable.kind == Kind::md5);
  desk.wish.format = ImportFormat::csv;
  CHECK(!import_indicators("192.0.2.7\n", desk.wish, *desk.all));
}

TEST_CASE("STIX indicators come with malware, techniques, markings and their own ids") {
  Desk desk;
  std::string head = R"("spec_version":"2.1","created":"2026-11-01T00:00:00.000Z",)"
                     R"("modified":"2026-11-01T00:00:00.000Z")";
  auto id = [](std::string_view type, int n) {
    return fmt::format("{}--00000000-0000-4000-8000-{:012}", type, n);
  };
  auto indicator = [&](int n, std::string_view pattern, std::string_view more) {
    return fmt::format(R"({{"type":"indicator","id":"{}",{},"pattern":"{}","pattern_type":"stix",)"
                       R"("valid_from":"2026-11-01T00:00:00Z"{}}})",
                       id("indicator", n), head, pattern, more);
  };
  std::string amber = fmt::format(
      R"(,"object_marking_refs":["{}"],"confidence":85,"labels":["c2-server"],"name":"x",)"
      R"("valid_until":"2026-12-01T00:00:00Z")",
      wire::stix_marking_id(Tlp::amber));
  std::string unknown =
      fmt::format(R"(,"object_marking_refs":["{}"])", id("marking-definition", 9));
  auto relation = [&](int n, std::string_view target) {
    return fmt::format(
        R"({{"type":"relationship","id":"{}",{},"relationship_type":"indicates","source_ref":"{}",)"
        R"("target_ref":"{}"}})",
        id("relationship", n), head, id("indicator", 1), target);
  };
  std::vector<std::string> objects = {
      indicator(1, "[ipv4-addr:value = '192.0.2.7'] OR [domain-name:value = 'evil.example.org']",
                amber),
      indicator(2, "[file:size = 3 AND file:name = 'a']", unknown),
      indicator(3, "[url:value = 'http://example.org/']", R"(,"revoked":true)"),
      indicator(4, "[ipv4-addr:value = '192.0.2.8'", ""),
      indicator(5, "[ipv4-addr:value = '192.0.2.9']", R"(,"indicator_types":["benign"])"),
      fmt::format(R"({{"type":"malware","id":"{}",{},"name":"Mirai","is_family":true}})",
                  id("malware", 1), head),
      fmt::format(R"({{"type":"attack-pattern","id":"{}",{},"name":"a","external_references":[)"
                  R"({{"source_name":"mitre-attack","external_id":"T1071"}}]}})",
                  id("attack-pattern", 1), head),
      relation(1, id("malware", 1)),
      relation(2, id("attack-pattern", 1))};
  auto done = desk.take(wire::stix_bundle(id("bundle", 1), objects));
  CHECK(done.format == ImportFormat::stix);
  CHECK(done.read == 5);
  CHECK(done.added.fresh == 4);
  CHECK(done.skipped == 1);
  REQUIRE(done.first_rejected.size() == 1);
  CHECK(done.first_rejected[0].line == 4);
  Claim claim = desk.claim("evil.example.org");
  CHECK(claim.object == id("indicator", 1));
  CHECK(claim.tlp == Tlp::amber);
  CHECK(claim.confidence == 85);
  CHECK(claim.type == Type::c2_server);
  CHECK(claim.family == "mirai");
  CHECK(claim.techniques == std::vector<std::string>{"T1071"});
  CHECK(claim.until == *times::parse("2026-12-01"));
  CHECK(desk.claim("[file:size = 3 AND file:name = 'a']").tlp == Tlp::red);
  CHECK(desk.find("http://example.org/").state(noon) == State::expired);

  // One object alone, and our own.
  CHECK(desk.take(indicator(6, "[ipv4-addr:value = '192.0.2.10']", "")).added.fresh == 1);
  wire::StixIndicator ours{.pattern = "[ipv4-addr:value = '192.0.2.11']",
                           .types = {"malicious-activity"},
                           .family = "emotet",
                           .technique = "T0859",
                           .from = noon,
                           .tlp = Tlp::clear};
  desk.take(wire::stix_bundle(id("bundle", 2), wire::stix_of_indicator(ours, {})));
  CHECK(desk.claim("192.0.2.11").family == "emotet");
  CHECK(desk.claim("192.0.2.11").techniques == std::vector<std::string>{"T0859"});
  CHECK(!import_indicators(R"({"type":"bundle"})", {.usual = {}}, *desk.all));
}

TEST_CASE("attributes of MISP that are meant for detection become indicators") {
  Desk desk;
  auto done = desk.take(R"({"response":[{"Event":{"info":"a campaign","Tag":[{"name":"tlp:green"},
    {"name":"tlp:amber"},{"name":"PAP:GREEN"},{"name":"rsit:malicious-code=\"c2-server\""},
    {"name":"misp-galaxy:malpedia=\"Mirai\""},
    {"name":"misp-galaxy:mitre-attack-pattern=\"Web Protocols - T1071.001\""}],
    "Attribute":[
     {"type":"ip-dst","value":"192.0.2.7","to_ids":true,"comment":"first","uuid":"u1"},
     {"type":"domain","value":"good.example.org","to_ids":false},
     {"type":"sha256","value":"zz","to_ids":true},
     {"type":"ip-dst|port","value":"192.0.2.8|443","to_ids":"1"}],
    "Object":[{"Attribute":[{"type":"url","value":"http://example.org/x","to_ids":true,
      "first_seen":"2026-11-01T00:00:00Z","Tag":[{"name":"tlp:strange"}]}]}]}}]})");
  CHECK(done.format == ImportFormat::misp);
  CHECK(done.read == 5);
  CHECK(done.skipped == 1);
  CHECK(done.rejected == 1);
  CHECK(done.patterns == 1);
  Claim claim = desk.claim("192.0.2.7");
  CHECK(claim.tlp == Tlp::amber);
  CHECK(claim.pap == Pap::green);
  CHECK(claim.type == Type::c2_server);
  CHECK(claim.family == "mirai");
  CHECK(claim.techniques == std::vector<std::string>{"T1071.001"});
  CHECK(claim.object == "u1");
  CHECK(claim.text == "a campaign: first");
  CHECK(desk.claim("http://example.org/x").tlp == Tlp::red);
  CHECK(desk.claim("http://example.org/x").from == *times::parse("2026-11-01"));
  CHECK(!import_indicators(R"({"Event":{}})", desk.wish, *desk.all));
}

TEST_CASE("what real bundles and events hold is imported, or said why not") {
  std::filesystem::path shared = std::filesystem::path(TOCSIN_SOURCE_DIR) / "../shared/data";
  std::size_t files = 0;
  for (const char* folder : {"stix21-bundles", "misp-events"}) {
    std::error_code none;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(shared / folder, none)) {
      if (entry.path().extension() != ".json" || entry.file_size() > (16u << 20)) continue;
      auto file = MappedFile::open(entry.path().string());
      REQUIRE(file.has_value());
      Desk desk;
      auto done = import_indicators(file->bytes(), desk.wish, *desk.all);
      if (!done) continue;  // no bundle and no event: a list of either
      CAPTURE(entry.path().string());
      ++files;
      CHECK(done->added.fresh + done->added.claims + done->added.same >= done->added.fresh);
      CHECK(done->rejected <= done->read);
      CHECK(done->added.claims + done->added.same + done->added.full == done->observables);
      if (files == 200) return;
    }
  }
  if (files == 0) MESSAGE("../shared/data is not there: nothing was read of it");
}

TEST_CASE("a large file is kept in many transactions and adds nothing twice") {
  Desk desk;
  std::string lines;
  constexpr std::size_t count = 2 * add_rows_max + 7;
  for (std::size_t i = 0; i < count; ++i) lines += fmt::format("h{}.example.org\n", i);
  CHECK(desk.take(lines).added.fresh == count);
  auto again = desk.take(lines);
  CHECK(again.added.fresh == 0);
  CHECK(again.added.same == count);
  CHECK(desk.all->changes(count, 1)->empty());
}

}  // namespace tocsin::hunt
