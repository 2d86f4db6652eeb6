#include <algorithm>
#include <map>
#include <set>

#include "ingest/shadowserver_json.h"
#include "ingest/shadowserver_plan.h"
#include "ingest/shadowserver_schema.h"
#include "ingest/shadowserver_values.h"
#include "model/field.h"
#include "test.h"

namespace tocsin::shadowserver {
namespace {

std::vector<std::string> objects_in(std::string_view bytes) {
  std::vector<std::string> out;
  Objects objects(bytes);
  for (csv::Step step; (step = objects.next()) != csv::Step::end;) {
    std::string line = std::to_string(objects.line()) + ": ";
    out.push_back(line +
                  (step == csv::Step::wrong ? objects.error().what : std::string(objects.bytes())));
  }
  return out;
}

struct Read {
  EventBatch batch;
  std::vector<std::string> rejects;
};

Read read_row(const Reading& reading, const std::vector<std::string_view>& header,
              const std::vector<std::string_view>& values, Dictionary& words) {
  Read out;
  Sink sink(
      words, {.received = 1},
      [&](EventBatch& batch) -> Result<void> {
        out.batch = batch;
        return {};
      },
      [&](const ingest::Reject& reject) { out.rejects.push_back(reject.why.what); });
  Plan plan(reading, header, false);
  plan.row(sink, 2, "", values);
  REQUIRE(sink.finish());
  return out;
}

}  // namespace

TEST_CASE("there are 170 report types and one that is no longer sent") {
  CHECK(report_types().size() == 171);
  CHECK(std::ranges::is_sorted(report_types(), {}, &ReportType::name));
  for (const ReportType& type : report_types()) {
    INFO(type.name);
    CHECK(report_type(type.name) == &type);
    CHECK(!type.feed_name.empty());
    CHECK(columns_of(type.name).size() >= 11);
  }
}

TEST_CASE("a sinkhole, honeypot or darknet address is never a controller") {
  for (const ReportType& type : report_types()) {
    INFO(type.name);
    bool listens = type.name.contains("sinkhole") || type.name.contains("honeypot");
    CHECK(type.roles.destination != Role::controller);
    if (listens) CHECK(type.roles.destination != Role::affected);
    if (type.name.contains("sinkhole")) CHECK(type.roles == Roles{Role::affected, Role::sinkhole});
    bool orders =
        type.name.starts_with("event4_honeypot_ddos") && type.name != "event4_honeypot_ddos_amp";
    CHECK((type.roles.source == Role::controller) == orders);
  }
}

TEST_CASE("older names of report types are known") {
  for (auto [before, now] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"dns_openresolver", "scan_dns"},
           {"botnet_drone", "event4_sinkhole"},
           {"event_sinkhole_http", "event4_sinkhole_http"},
           {"hp_ics_scan", "event4_honeypot_ics_scan"},
           {"SCAN_FTP", "scan_ftp"}}) {
    INFO(before);
    REQUIRE(report_type(before) != nullptr);
    CHECK(report_type(before)->name == now);
  }
  CHECK(report_type("scan_tomorrow") == nullptr);
  CHECK(report_type("") == nullptr);
}

TEST_CASE("every rule leads to a field or to extra., and speaks of types and columns that exist") {
  for (const Rule& rule : rules()) {
    INFO(rule.columns, " -> ", rule.target);
    CHECK((rule.target.starts_with("extra.") || field_named(rule.target)));
    std::string_view types = rule.types;
    while (!types.empty()) {
      std::string_view type = types.substr(0, types.find(' '));
      types.remove_prefix(std::min(type.size() + 1, types.size()));
      CHECK(report_type(type) != nullptr);
    }
    std::string_view columns = rule.columns;
    while (!columns.empty()) {
      std::string_view column = columns.substr(0, columns.find(' '));
      columns.remove_prefix(std::min(column.size() + 1, columns.size()));
      bool known = is_known_column(column) || column.starts_with("bytes_");
      CHECK_MESSAGE(known, column);
    }
  }
}

TEST_CASE("a full header is read as its own report type or as none") {
  std::size_t certain = 0;
  for (const ReportType& type : report_types()) {
    INFO(type.name);
    auto header = columns_of(type.name);
    bool v6 = type.name.contains('6');
    Guess guessed = guess(header, v6);
    if (guessed.type == nullptr) continue;
    CHECK(guessed.type->type == type.type);
    CHECK(guessed.type->roles == type.roles);
    if (!guessed.sure) continue;
    CHECK(guessed.type->identifier == type.identifier);
    ++certain;
  }
  CHECK(certain > 80);
  std::vector<std::string_view> nothing = {"timestamp", "ip", "port"};
  CHECK(guess(nothing, false).type == nullptr);
}

TEST_CASE("a report keeps the classification of its day") {
  Day before = *times::parse_day("2025-09-14"), after = *times::parse_day("2025-09-15");
  CHECK(type_on(before, "scan_ssl_freak", Type::weak_crypto) == Type::vulnerable_system);
  CHECK(type_on(after, "scan_ssl_freak", Type::weak_crypto) == Type::weak_crypto);
  CHECK(type_on(*times::parse_day("2024-02-05"), "scan_mysql", Type::vulnerable_system) ==
        Type::other);
  CHECK(type_on(*times::parse_day("2024-02-06"), "scan_mysql", Type::vulnerable_system) ==
        Type::vulnerable_system);
  CHECK(type_on(before, "scan_ftp", Type::other) == Type::other);
}

TEST_CASE("values are read in the spellings that reports use") {
  CHECK(time_of("2018-08-01T00:00:00+00").value_or(0) == *times::parse("2018-08-01"));
  CHECK(time_of("Mon, 23 Apr 2018 13:25:26 GMT").value_or(0) ==
        *times::parse("2018-04-23 13:25:26"));
  CHECK(!time_of("2026-02-30 00:00:00"));
  CHECK(flag_of("Enabled") == true);
  CHECK(flag_of("N") == false);
  CHECK(!flag_of("perhaps"));
  CHECK(is_base64("aGVsbG8="));
  CHECK(!is_base64("hello"));
  CHECK(base64_of("") == "");
  CHECK(base64_of("f") == "Zg==");
  CHECK(base64_of("fo") == "Zm8=");
  CHECK(base64_of("foobar") == "Zm9vYmFy");
  CHECK(cve_numbers("ssl;cve-2026-1;CVE-2026-22;cve-2026-1;cve-x;cve-26-1") ==
        "CVE-2026-1;CVE-2026-22");
  CHECK(cve_numbers("exchange") == "");
  CHECK(severity_of("Critical") == Severity::critical);
  CHECK(severity_of("worst") == Severity::none);
}

TEST_CASE("text that needs no escape in JSON is told from text that does") {
  for (std::size_t at = 0; at < 20; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(byte);
      bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
      REQUIRE(needs_no_escape(text) == plain);
    }
  }
}

TEST_CASE("JSON objects are found in arrays, lines and ruins") {
  CHECK(objects_in("") == std::vector<std::string>{});
  CHECK(objects_in("[]") == std::vector<std::string>{});
  CHECK(objects_in("[{\"a\":1},\n{\"b\":{\"c\":[1,{}]}}]") ==
        std::vector<std::string>{"1: {\"a\":1}", "2: {\"b\":{\"c\":[1,{}]}}"});
  CHECK(objects_in("{\"a\":\"}\\\"{\"}\n{}") ==
        std::vector<std::string>{"1: {\"a\":\"}\\\"{\"}", "2: {}"});
  CHECK(objects_in("{\"a\":1\n{\"b\":2}") ==
        std::vector<std::string>{"1: a JSON object is cut off", "2: {\"b\":2}"});
  CHECK(objects_in("{\"a\":\"x\n{\"b\":2}") ==
        std::vector<std::string>{"1: a JSON string is never closed", "2: {\"b\":2}"});
  CHECK(objects_in("nonsense\n{\"b\":2}") ==
        std::vector<std::string>{"1: not a JSON object", "2: {\"b\":2}"});
  CHECK(objects_in("{\"a\":") == std::vector<std::string>{"1: a JSON object is cut off"});
  CHECK(objects_in("{\"a\":" + std::string(100, '[')).front() == "1: JSON nested over 64 deep");
}

TEST_CASE("the family names the malware, whatever the order of the columns") {
  Dictionary words;
  Reading reading;
  reading.type_name = "event4_sinkhole";
  for (bool turned : {false, true}) {
    std::vector<std::string_view> header = {"src_ip", "infection", "family", "tag"};
    std::vector<std::string_view> values = {"192.0.2.1", "variant-7", "Mirai", "x"};
    if (turned) {
      std::ranges::reverse(header);
      std::ranges::reverse(values);
    }
    Read read = read_row(reading, header, values, words);
    REQUIRE(read.batch.size() == 1);
    CHECK(words.word(read.batch.family[0]) == "mirai");
    CHECK(words.word(read.batch.identifier[0]) == "variant-7");
  }
}

TEST_CASE("a value over 64 KiB is cut, and the event says so") {
  Dictionary words;
  std::string banner(100'000, 'x');
  Read read = read_row({}, {"ip", "banner"}, {"192.0.2.1", banner}, words);
  REQUIRE(read.batch.size() == 1);
  std::string_view extra = read.batch.text(read.batch.extra[0]);
  CHECK(extra.size() < 70'000);
  CHECK(extra.contains(R"("extra.values_cut":true)"));
  std::string control(60'000, '\x01');
  read = read_row({}, {"ip", "a", "b"}, {"192.0.2.1", control, "kept"}, words);
  REQUIRE(read.batch.size() == 1);
  CHECK(read.batch.text(read.batch.extra[0]) == R"("extra.b":"kept","extra.values_cut":true)");
}

TEST_CASE("a repeated column is read once") {
  Dictionary words;
  Read read = read_row({}, {"ip", "ip", "x", "x"}, {"192.0.2.1", "192.0.2.2", "1", "2"}, words);
  REQUIRE(read.batch.size() == 1);
  CHECK(read.batch.source.ip[0] == *ip::parse("192.0.2.1"));
  CHECK(read.batch.text(read.batch.extra[0]) == R"("extra.x":"1")");
}

TEST_CASE("what only the columns told is of no high severity") {
  auto columns = columns_of("event4_sinkhole");
  auto known = reading_of({.name = "2026-03-01-event4_sinkhole.csv"}, columns, false);
  auto unknown = reading_of({.name = "2026-03-01-event4_tomorrow.csv"}, columns, false);
  REQUIRE(known);
  REQUIRE(unknown);
  CHECK(known->type == Type::infected_system);
  CHECK(unknown->type == Type::infected_system);
  CHECK(usual_severity(known->type) > Severity::medium);
  CHECK(known->severity != Severity::medium);
  CHECK(!known->guessed);
  CHECK(unknown->guessed);
  CHECK(unknown->severity == Severity::medium);
}

TEST_CASE("a wrong schema file is refused by what is wrong in it") {
  Reading reading;
  reading.type_name = "scan_x";
  CHECK(!read_schema("{}", reading).value_or(true));
  CHECK(read_schema("[1]", reading).error().what == "the schema file is not a JSON object");
  auto wrong = read_schema(R"({"scan_x":{"optional_fields":[["a"]]}})", reading);
  REQUIRE(!wrong);
  CHECK(wrong.error().what.contains("scan_x"));
  wrong = read_schema(R"({"scan_x":{"constant_fields":{"classification.type":"bad"}}})", reading);
  REQUIRE(!wrong);
  CHECK(wrong.error().what.contains("bad"));
}

}  // namespace tocsin::shadowserver
