// Real Shadowserver reports with the events that another system makes of them, where ../shared/data
// is present.
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "ingest/format.h"
#include "ingest/shadowserver_tables.h"
#include "test.h"
#include "wire/row.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;
namespace dom = simdjson::dom;
using Flat = std::map<std::string, std::string>;  // flat names and JSON values

fs::path data_folder() {
  const char* given = std::getenv("TOCSIN_SHARED_DATA");
  fs::path shared =
      given ? fs::path(given) : fs::path(TOCSIN_SOURCE_DIR) / ".." / "shared" / "data";
  return shared / "shadowserver";
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Outcome {
  std::vector<Flat> events;
  std::size_t controllers = 0;
};

Outcome read(const ingest::Report& report) {
  Outcome out;
  Dictionary words;
  auto take = [&](EventBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Flat& event = out.events.emplace_back();
      wire::Row row(batch, i, words, wire::Spelling::intelmq);
      for (const Member& member : row.members()) event.emplace(member.name, member.json);
      bool controller = batch.roles[i].source == Role::controller ||
                        batch.roles[i].destination == Role::controller ||
                        batch.controller_reason[i] != ControllerReason::unknown;
      out.controllers += controller;
    }
    return {};
  };
  ingest::Sink sink(words, {.feed = words.id(report.feed)}, take, {});
  for (const auto& format : ingest::formats()) {
    if (format.name == "shadowserver") CHECK(format.plugin.read(report, sink));
  }
  CHECK(sink.finish());
  return out;
}

bool equal(dom::element wanted, std::string_view json) {
  dom::parser parser;
  dom::element got;
  if (parser.parse(json.data(), json.size()).get(got) != simdjson::SUCCESS) return false;
  double a = 0, b = 0;
  if (wanted.get(a) == simdjson::SUCCESS && got.get(b) == simdjson::SUCCESS) return a == b;
  return simdjson::minify(wanted) == simdjson::minify(got);
}

struct Tally {
  std::size_t cases = 0, events = 0, wanted_events = 0, named = 0, named_equal = 0, extra = 0,
              extra_equal = 0, sinkhole_controllers = 0;
};

struct Case {
  fs::path folder;
  std::string name, feed;
  std::uint64_t events = 0;
};

std::vector<Case> cases() {
  std::vector<Case> found;
  for (const auto& entry : fs::recursive_directory_iterator(data_folder())) {
    if (entry.path().filename() != "case.json") continue;
    dom::parser parser;
    dom::element json = parser.load(entry.path().string());
    Case one{.folder = entry.path().parent_path(),
             .name = std::string(std::string_view(json["report_file_name"])),
             .feed = {},
             .events = json["upstream_events"]};
    bool overwrite = false;
    if (json["parameters"]["overwrite"].get(overwrite) != simdjson::SUCCESS) overwrite = false;
    std::string_view feed;
    if (!overwrite && json["feed.name"].get(feed) == simdjson::SUCCESS) one.feed = feed;
    found.push_back(one);
  }
  return found;
}

void compare(const Case& one, const Outcome& outcome, Tally& tally) {
  std::ifstream lines(one.folder / "expected.jsonl");
  std::size_t i = 0;
  for (std::string line; std::getline(lines, line); ++i) {
    if (i >= outcome.events.size()) break;
    dom::parser parser;
    dom::object wanted = parser.parse(line);
    for (auto [key, value] : wanted) {
      if (key == "time.observation") continue;
      bool is_extra = key.starts_with("extra.");
      auto got = outcome.events[i].find(std::string(key));
      bool same = got != outcome.events[i].end() && equal(value, got->second);
      ++(is_extra ? tally.extra : tally.named);
      (is_extra ? tally.extra_equal : tally.named_equal) += same;
      if (!is_extra && !same) {
        MESSAGE(one.name, " event ", i, ": ", std::string(key), " is ",
                got == outcome.events[i].end() ? "absent" : got->second, ", wanted ",
                std::string(simdjson::minify(value)));
      }
    }
  }
}

Tally run(std::string_view schema) {
  Tally tally;
  for (const Case& one : cases()) {
    INFO(one.folder.string());
    std::string bytes = text_of(one.folder / "report.csv");
    if (bytes.empty()) bytes = text_of(one.folder / "report.json");
    Outcome outcome = read({.bytes = bytes,
                            .name = one.name,
                            .feed = one.feed,
                            .url = {},
                            .mapping = {},
                            .schema = schema});
    CHECK(outcome.events.size() == one.events);
    ++tally.cases;
    tally.events += outcome.events.size();
    tally.wanted_events += one.events;
    if (one.name.contains("sinkhole")) tally.sinkhole_controllers += outcome.controllers;
    compare(one, outcome, tally);
  }
  return tally;
}

bool skip() {
  if (fs::exists(data_folder() / "schema" / "intelmq.json")) return false;
  MESSAGE("skipped: ../shared/data/shadowserver not found");
  return true;
}

// A text that a column of this target can hold.
std::string sample(std::string_view target, std::string_view converter) {
  if (converter == "extract_cve_from_tag") return "cve-2026-0001";
  if (converter.starts_with("scan_exchange")) return "exchange;webshell";
  if (converter == "convert_http_host_and_url") return "https://www.example.org/x";
  auto field = field_named(target);
  switch (field ? kind_of(*field) : Kind::text) {
    case Kind::ip:
      return "192.0.2.7";
    case Kind::network:
      return "192.0.2.0/24";
    case Kind::fqdn:
      return "host.example.org";
    case Kind::cc:
      return "BR";
    case Kind::severity:
      return "low";
    case Kind::transport:
      return "udp";
    case Kind::md5:
      return std::string(32, 'a');
    case Kind::sha1:
      return std::string(40, 'a');
    case Kind::sha256:
      return std::string(64, 'a');
    case Kind::time:
      return "2026-01-02 03:04:05";
    case Kind::asn:
    case Kind::port:
      return "4711";
    default:
      return "sample";
  }
}

}  // namespace

TEST_CASE("real Shadowserver reports give the events that IntelMQ makes of them") {
  if (skip()) return;
  std::string published = text_of(data_folder() / "schema" / "intelmq.json");
  for (std::string_view schema : {std::string_view{}, std::string_view(published)}) {
    Tally tally = run(schema);
    std::string mode = schema.empty() ? "tables alone" : "published schema";
    MESSAGE(mode, ": ", tally.cases, " reports, ", tally.events, " of ", tally.wanted_events,
            " events; named fields ", tally.named_equal, " of ", tally.named,
            " equal; extra fields ", tally.extra_equal, " of ", tally.extra);
    CHECK(tally.named > 0);
    CHECK(tally.named_equal == tally.named);
    CHECK(tally.extra_equal * 100 >= tally.extra * 95);
    CHECK(tally.sinkhole_controllers == 0);
  }
}

TEST_CASE("columns of types without a sample reach their named field with our tables alone") {
  if (skip()) return;
  std::string schema = text_of(data_folder() / "schema" / "intelmq.json");
  std::set<std::string, std::less<>> sampled;
  for (const Case& one : cases()) {
    std::string_view name = one.name;
    if (name.size() > 11 && name[10] == '-') name.remove_prefix(11);
    sampled.emplace(name.substr(0, name.find_first_of("-.")));
  }
  dom::parser parser;
  dom::object types = parser.load((data_folder() / "schema" / "intelmq.json").string());
  std::size_t total = 0, reached = 0, without_sample = 0;
  for (auto [key, record] : types) {
    std::string_view type;
    if (record["file_name"].get(type) != simdjson::SUCCESS || sampled.contains(type)) continue;
    ++without_sample;
    std::string name = std::string(type) + ".csv";
    for (const char* list : {"required_fields", "optional_fields"}) {
      for (dom::array field : dom::array(record[list])) {
        std::string_view target = field.at(0), column = field.at(1), converter;
        if (field.size() > 2) converter = field.at(2);
        if (target.starts_with("extra.")) continue;
        std::string subject = column == "dst_ip" ? "cc_ip" : "dst_ip";
        std::string bytes =
            fmt::format("{},{}\n198.51.100.1,{}\n", subject, column, sample(target, converter));
        ingest::Report report{
            .bytes = bytes, .name = name, .feed = "f", .url = {}, .mapping = {}, .schema = {}};
        Outcome ours = read(report);
        report.schema = schema;
        Outcome theirs = read(report);
        ++total;
        bool same = ours.events.size() == 1 && theirs.events.size() == 1 &&
                    theirs.events[0].contains(std::string(target)) &&
                    ours.events[0][std::string(target)] == theirs.events[0][std::string(target)];
        reached += same;
        if (!same)
          MESSAGE(std::string(type), ": ", std::string(column), " -> ", std::string(target));
      }
    }
  }
  MESSAGE(without_sample, " types without a sample: ", reached, " of ", total,
          " mapped columns reach their named field");
  CHECK(total > 1000);
  CHECK(reached * 100 >= total * 90);
}

}  // namespace tocsin
