#include "share/misp.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <set>

#include "base/text.h"
#include "handout_world.h"

namespace tocsin::share {
namespace {

// b reads what a gives, as MISP.
struct World : HandoutWorld {
  explicit World(MispFeeds::Settings settings = {}) { open(settings); }
  void open(MispFeeds::Settings settings = {}) {
    feeds = good(MispFeeds::open(*a.journal, *shelves, settings));
  }
  http::Response ask(const std::string& path, const std::string& method = "GET",
                     const std::string& body = "", const http::Fields& headers = {}) {
    http::Request request{.method = method, .headers = headers, .body = body};
    REQUIRE(http::read_target("/misp" + path, request));
    return serve_misp(request, b.member, *feeds);
  }
  std::string got(const std::string& path, const std::string& method = "GET",
                  const std::string& body = "") {
    auto response = ask(path, method, body);
    CHECK_MESSAGE(response.status == 200, response.body);
    return response.body;
  }

  std::unique_ptr<MispFeeds> feeds;
};

struct Json {
  explicit Json(const std::string& text) {
    REQUIRE_MESSAGE(!parser.parse(simdjson::padded_string(text)).get(root), text);
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
};

simdjson::dom::array list_in(simdjson::dom::element holder) {
  return holder.get_array().value();
}
simdjson::dom::array attributes_of(const Json& file) {
  return list_in(file.root["Event"]["Attribute"].value());
}

struct Entry {
  std::string uuid, timestamp, sha256, info;
};
std::vector<Entry> manifest(World& w, const std::string& feed = "") {
  Json json(w.got(feed + "/manifest.json"));
  std::vector<Entry> out;
  simdjson::dom::object all = json.root.get_object().value();
  for (auto [uuid, of] : all) {
    out.push_back({std::string(uuid), std::string(of["timestamp"].get_string().value()),
                   std::string(of["integrity:sha256"].get_string().value()),
                   std::string(of["info"].get_string().value())});
  }
  return out;
}

std::string md5(std::string_view text) {
  unsigned char out[16];
  EVP_Digest(text.data(), text.size(), out, nullptr, EVP_md5(), nullptr);
  return hex({reinterpret_cast<const char*>(out), sizeof out});
}

std::string header(const http::Response& response, std::string_view wanted) {
  for (const auto& [name, value] : response.headers) {
    if (name == wanted) return value;
  }
  return {};
}

}  // namespace

TEST_CASE(
    "a MISP feed holds what the agreement releases, and its files are what the manifest says") {
  World w;
  w.take_in(3);
  CHECK(manifest(w).empty());
  CHECK(w.releases() == 0);
  w.agree();
  w.take_in(4, Tlp::green, Type::phishing);
  auto events = manifest(w);
  REQUIRE(events.size() == 2);
  CHECK(w.releases() == 1);
  auto listed = good(w.ledger->list({.partner = w.b.member, .kind = "release"})).at(0);
  const auto& names = std::get<ledger::Release>(listed.leaf.body);
  CHECK(names.via == "misp-manifest");
  CHECK(names.counts == std::map<std::string, std::uint64_t>{{"name", 2}});
  for (const char* path : {"/manifest.json", "/hashes.csv", "/events/index"})
    CHECK(w.ask(path, "HEAD").status == 200);
  CHECK(w.releases() == 1);
  for (const Entry& entry : events) {
    std::string file = w.got("/" + entry.uuid + ".json");
    CHECK(hex(sha256(file)) == entry.sha256);
    Json json(file);
    simdjson::dom::element event = json.root["Event"].value();
    CHECK(event["timestamp"].get_string().value() == entry.timestamp);
    CHECK(event["uuid"].get_string().value() == entry.uuid);
    CHECK(event["distribution"].get_string().value() == "1");
    CHECK(file.find("SharingGroup") == std::string::npos);
    CHECK(file.find("tlp:green") != std::string::npos);
    std::set<std::string_view> uuids;
    for (auto attribute : attributes_of(json)) {
      CHECK(attribute["type"].get_string().value() == "ip-src");
      CHECK(attribute["to_ids"].get_bool().value());
      CHECK(uuids.insert(attribute["uuid"].get_string().value()).second);
    }
    CHECK(uuids.size() == (entry.info.starts_with("phishing") ? 4 : 3));
  }
  CHECK(w.releases() == 3);
  std::string hashes = w.got("/hashes.csv");
  CHECK(std::ranges::count(hashes, '\n') == 7);
  CHECK(hashes.find(md5("203.0.113.0") + "," + events[0].uuid) != std::string::npos);
  CHECK(w.releases() == 4);
  CHECK(manifest(w, "/ab").size() == 2);
  CHECK(manifest(w, "/another").empty());
  CHECK(w.ask("/another/" + events[0].uuid + ".json").status == 404);
}

TEST_CASE("a MISP feed that did not change is 304, and a timestamp grows with any change") {
  World w;
  w.agree();
  w.take_in(2);
  auto first = w.ask("/manifest.json");
  std::string tag = header(first, "ETag");
  CHECK(w.ask("/manifest.json", "GET", "", {{"if-none-match", tag}}).status == 304);
  CHECK(w.releases() == 1);
  auto before = manifest(w);
  w.take_in(1);
  CHECK(w.ask("/manifest.json", "GET", "", {{"if-none-match", tag}}).status == 200);
  auto after = manifest(w);
  REQUIRE(after.size() == 1);
  CHECK(after[0].uuid == before[0].uuid);
  CHECK(text::number(after[0].timestamp) > text::number(before[0].timestamp));
  w.open();  // as after a restart
  CHECK(manifest(w)[0].timestamp == after[0].timestamp);
  CHECK(manifest(w)[0].sha256 == after[0].sha256);
}

TEST_CASE("what may not go is in no octet of MISP, and is counted by clause once") {
  World w;
  w.agree();
  w.take_in(2);
  w.take_in(3, Tlp::red);
  w.take_in(1, Tlp::unmarked);
  std::string all =
      w.got("/manifest.json") + w.got("/hashes.csv") + w.got("/events/restSearch", "POST", "{}") +
      w.got("/attributes/restSearch", "POST", "{}") + w.got("/events/index", "POST", "{}");
  CHECK(all.find("CANARY") == std::string::npos);
  for (int address = 2; address < 6; ++address) {
    std::string hidden = fmt::format("203.0.113.{}", address);
    CHECK(all.find(hidden) == std::string::npos);
    CHECK(all.find(md5(hidden)) == std::string::npos);
  }
  CHECK(all.find("203.0.113.1") != std::string::npos);
  std::uint64_t counted = 0;
  for (const auto& row : good(w.ledger->list({.partner = w.b.member, .kind = "denial"})))
    counted += std::get<ledger::Denial>(row.leaf.body).count;
  CHECK(counted == 4);
}

TEST_CASE("what was withdrawn is in no file of MISP any more, and its attributes are deleted") {
  World w;
  w.agree();
  w.take_in(1);
  w.take_in(2);
  auto before = manifest(w);
  std::string file = w.got("/" + before.at(0).uuid + ".json");
  CHECK(file.find("203.0.113.1") != std::string::npos);
  Json was(file);
  std::set<std::string> gone;
  for (auto attribute : attributes_of(was)) {
    if (attribute["value"].get_string().value() != "203.0.113.0")
      gone.emplace(attribute["uuid"].get_string().value());
  }
  w.withdraw(2);
  // By the old manifest, too.
  file = w.got("/" + before[0].uuid + ".json");
  CHECK(file.find("203.0.113.1") == std::string::npos);
  CHECK(file.find("203.0.113.0") != std::string::npos);
  auto after = manifest(w);
  CHECK(text::number(after.at(0).timestamp) > text::number(before[0].timestamp));
  CHECK(hex(sha256(w.got("/" + after[0].uuid + ".json"))) == after[0].sha256);
  Json json(file);
  for (auto attribute : attributes_of(json)) {
    if (attribute["deleted"].get_bool().value())
      gone.erase(std::string(attribute["uuid"].get_string().value()));
  }
  CHECK(gone.empty());
  CHECK(w.got("/attributes/restSearch", "POST", "{}").find("withdrawn") == std::string::npos);
}

TEST_CASE("parts of a MISP event keep their events when more come") {
  World w({.part_events_max = 5});
  w.agree();
  w.take_in(12);
  auto before = manifest(w);
  CHECK(before.size() == 3);
  w.take_in(1);
  auto after = manifest(w);
  REQUIRE(after.size() == 3);
  CHECK(after[0].sha256 == before[0].sha256);
  CHECK(after[1].sha256 == before[1].sha256);
  CHECK(after[2].sha256 != before[2].sha256);
}

TEST_CASE("a quota ends a MISP feed for the day, and what was given stays") {
  World w;
  w.terms.quota_per_day = 5;
  w.agree();
  w.take_in(4);
  CHECK(manifest(w).size() == 1);
  w.take_in(4, Tlp::green, Type::phishing);
  auto lines = [&] { return std::ranges::count(w.got("/hashes.csv"), '\n'); };
  CHECK(lines() == 5);
  CHECK(lines() == 5);  // read again: costs nothing
  w.net.now = w.net.now + us_per_day;
  CHECK(lines() == 8);
}

TEST_CASE("MISP's searches page to an empty list, and filter") {
  World w;
  w.agree();
  w.take_in(7);
  w.take_in(2, Tlp::green, Type::infected_system);
  auto attributes = [&](const std::string& body) {
    Json json(w.got("/attributes/restSearch", "POST", body));
    return json.root["response"]["Attribute"].get_array().value().size();
  };
  CHECK(attributes("") == 9);
  CHECK(attributes(R"({"to_ids":1})") == 7);
  CHECK(attributes(R"({"type":"ip-src","limit":5,"page":2})") == 4);
  CHECK(attributes(R"({"limit":5,"page":3})") == 0);
  CHECK(attributes(R"({"page":2})") == 0);
  CHECK(attributes(R"({"type":["domain","!ip-src"]})") == 0);
  CHECK(attributes(R"({"value":"203.0.113.3"})") == 1);
  CHECK(attributes(R"({"tags":["rsit:malicious-code=\"c2-server\""]})") == 7);
  CHECK(attributes(R"({"published":false})") == 0);
  CHECK(attributes(R"({"timestamp":"1d"})") == 9);
  CHECK(attributes(R"({"timestamp":4000000000})") == 0);
  auto events = [&](const std::string& body) {
    Json json(w.got("/events/restSearch", "POST", body));
    return json.root["response"].get_array().value().size();
  };
  CHECK(events(R"({"limit":1,"page":1})") == 1);
  CHECK(events(R"({"limit":1,"page":3})") == 0);
  CHECK(events(R"({"to_ids":true})") == 1);
  Json index(w.got("/events/index", "POST", R"({"minimal":1,"published":1})"));
  CHECK(index.root.get_array().value().size() == 2);
  Json bundle(w.got("/events/restSearch", "POST", R"({"returnFormat":"stix2","to_ids":1})"));
  CHECK(bundle.root["objects"].get_array().value().size() >= 14);
  CHECK(std::ranges::count(w.got("/attributes/restSearch", "POST", R"({"returnFormat":"text"})"),
                           '\n') == 9);
  CHECK(w.got("/attributes/restSearch", "POST", R"({"returnFormat":"hashes"})").empty());
  auto lines = [&](const std::string& body) {
    return std::ranges::count(w.got("/attributes/restSearch", "POST", body), '\n');
  };
  for (const char* rules : {"snort", "suricata"})  // of what is malicious alone
    CHECK(lines(fmt::format(R"({{"returnFormat":"{}"}})", rules)) == 7);
  CHECK(lines(R"({"returnFormat":"rpz"})") == 7 + 3);
  // Whatever the order, each page is what it is.
  std::set<std::string> walked;
  for (int page : {1, 2, 3, 4, 5, 6, 3, 2})
    walked.insert(w.got("/attributes/restSearch", "POST",
                        fmt::format(R"({{"returnFormat":"text","limit":2,"page":{}}})", page)));
  CHECK(walked.size() == 6);
  CHECK(walked.contains(""));
  for (int page : {1, 2, 3})
    CHECK(events(fmt::format(R"({{"type":"ip-src","limit":1,"page":{}}})", page)) ==
          (page < 3 ? 1 : 0));
  CHECK(w.got("/attributes/restSearch", "POST", R"({"returnFormat":"csv","limit":1})")
            .find("203.0.113.0") != std::string::npos);
  CHECK(w.ask("/events/restSearch", "POST", R"({"returnFormat":"yara"})").status == 400);
  CHECK(w.ask("/events/restSearch", "POST", "[").status == 400);
}

TEST_CASE(
    "MISP's calls: what a client needs at its start, an event by CakePHP's path, no writing") {
  World w;
  w.agree();
  w.take_in(1);
  Json version(w.got("/servers/getVersion"));
  CHECK(version.root["version"].get_string().value().starts_with("2.5."));
  CHECK(version.root["pymisp_recommended_version"].is_string());
  Json me(w.got("/users/view/me.json"));
  CHECK(me.root["User"]["email"].get_string().value() == "b.example.org");
  Json types(w.got("/attributes/describeTypes.json"));
  CHECK(types.root["result"]["types"].get_array().value().size() > 5);
  std::string uuid = manifest(w).at(0).uuid;
  std::size_t before = w.releases();
  CHECK(w.ask("/events/view/" + uuid, "HEAD").status == 200);
  CHECK(w.releases() == before);
  Json event(w.got("/events/view/" + uuid +
                   "/deleted[]:0/deleted[]:1/excludeGalaxy:1/includeFeedCorrelations:0"));
  CHECK(event.root["Event"]["uuid"].get_string().value() == uuid);
  CHECK(w.releases() == before + 1);
  CHECK(w.ask("/events/view/5f6e2b1a-0000-4000-8000-000000000000", "HEAD").status == 404);
  for (const char* path :
       {"/events/add", "/events/edit/1", "/sightings/add", "/events/publish/1"}) {
    auto refused = w.ask(path, "POST", "{}");
    CHECK(refused.status == 403);
    Json error(refused.body);
    CHECK(error.root["message"].is_string());
  }
  good(w.of_a->end(w.of_a->in_force(w.b.member, w.net.now).agreements[0]->address, "over", "ana"));
  CHECK(manifest(w).empty());
  CHECK(w.ask("/events/view/" + uuid).status == 404);
}

}  // namespace tocsin::share
