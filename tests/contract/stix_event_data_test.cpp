// Events as STIX and back: those of the data set shadowserver, and what stix21-bundles tells.
#include <fmt/format.h>
#include <simdjson.h>

#include <filesystem>
#include <map>

#include "base/decoders.h"
#include "contract/data_compare.h"
#include "ingest/format.h"
#include "test.h"
#include "wire/dialect.h"
#include "wire/stix_check.h"
#include "wire/stix_object.h"

namespace tocsin::data {
namespace {

namespace fs = std::filesystem;

struct Printed {
  std::vector<std::string> native, stix;  // of each event
  std::vector<std::string> rejects;
};

Printed print(std::string_view format, const std::string& bytes, const std::string& name,
              Tlp tlp = Tlp::unmarked) {
  Printed out;
  Dictionary words;
  auto take = [&](EventBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      wire::dialect("tocsin")(out.native.emplace_back(), batch, i, words);
      wire::dialect("stix")(out.stix.emplace_back(), batch, i, words);
    }
    return {};
  };
  auto reject = [&](const ingest::Reject& one) { out.rejects.push_back(one.why.what); };
  ingest::Sink sink(words, {.received = time_none, .tlp = tlp}, take, reject);
  for (const auto& entry : ingest::formats()) {
    if (entry.name != format) continue;
    CHECK(entry.plugin.read({.bytes = bytes,
                             .name = name,
                             .feed = {},
                             .url = {},
                             .mapping = {},
                             .schema = {},
                             .received = 0},
                            sink));
  }
  CHECK(sink.finish());
  return out;
}

std::vector<fs::path> files(const std::string& folder, std::string_view name) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && (name.empty() || entry.path().filename() == name))
      out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

TEST_CASE("shadowserver: every event is STIX that nothing is wrong with, and reads back the same") {
  std::string root = folder("shadowserver");
  if (root.empty()) return;
  std::size_t events = 0, objects = 0, equal = 0;
  std::map<std::string, std::size_t> warnings;
  simdjson::dom::parser parser;
  for (const auto& path : files(root, "case.json")) {
    CAPTURE(path.string());
    simdjson::dom::element json = parser.load(path.string()).value();
    std::string name(std::string_view(json["report_file_name"].get_string().value()));
    std::string bytes = file(path.parent_path() / "report.csv");
    if (bytes.empty()) bytes = file(path.parent_path() / "report.json");
    Printed report = print("shadowserver", bytes, name, Tlp::amber);
    for (std::size_t i = 0; i < report.stix.size(); ++i) {
      CAPTURE(report.stix[i]);
      ++events;
      auto verdict = wire::check_stix(report.stix[i]);
      for (const auto& breach : verdict.breaches) FAIL_CHECK(breach.text());
      for (const auto& warning : verdict.warnings) ++warnings[warning.check];
      auto list = wire::stix_objects_in(report.stix[i]);
      objects += list ? list->size() : 0;
      Printed again = print("stix", report.stix[i], "");
      for (const auto& reject : again.rejects) FAIL_CHECK(reject);
      REQUIRE(again.native.size() == 1);
      CHECK(again.native[0] == report.native[i]);
      equal += again.native[0] == report.native[i];
    }
  }
  // What our own objects are called follows from what they name, and who scans a port says of one
  // end only: docs/stix.md.
  for (const auto& [check, count] : warnings) {
    CAPTURE(count);
    CHECK_MESSAGE((check == "uuid-check" || check == "network-traffic-ports"), check);
  }
  CHECK(events > 0);
  MESSAGE(fmt::format("shadowserver: {} of {} events come back from STIX as they were; {} objects",
                      equal, events, objects));
}

TEST_CASE("stix21-bundles: whatever could be an event is one, or is kept with the reason") {
  std::string root = folder("stix21-bundles");
  if (root.empty()) return;
  std::size_t candidates = 0, events = 0, rejects = 0;
  simdjson::dom::parser parser;
  for (const auto& path : files(root, "")) {
    if (path.string().contains("/json-schemas/") || path.extension() != ".json") continue;
    CAPTURE(path.string());
    std::string text = file(path);
    simdjson::dom::element whole = parser.parse(text).value();
    std::size_t here = 0;
    auto count = [&](simdjson::dom::element object) {
      std::string_view type = object["type"].get_string().value();
      here += type == "indicator" || type == "observed-data" || type == "sighting";
    };
    simdjson::dom::array list;
    if (whole["objects"].get(list)) {
      count(whole);
    } else {
      for (simdjson::dom::element object : list) count(object);
    }
    Printed told = print("stix", text, "");
    for (const auto& reject : told.rejects) {
      bool kept = reject.ends_with("nothing that an event could be of");
      CHECK_MESSAGE(kept, reject);
    }
    // One object may tell several events; none tells nothing unsaid, but what is harmless, and
    // sightings whose observed data tell it.
    CHECK((here == 0) == (told.native.empty() && told.rejects.empty()));
    candidates += here, events += told.native.size(), rejects += told.rejects.size();
  }
  CHECK(events > 0);
  MESSAGE(
      fmt::format("stix21-bundles: {} events, {} kept as they are, of {} indicators, observed "
                  "data and sightings",
                  events, rejects, candidates));
}

}  // namespace tocsin::data
