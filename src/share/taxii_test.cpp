#include "share/taxii.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/gzip.h"
#include "share/taxii_token.h"

namespace tocsin::share {
namespace {

constexpr std::string_view readable = "365fed99-08fa-4fdc-a1b3-fb247eb41d01";
constexpr std::string_view writable = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
constexpr std::string_view hidden = "52892447-4d7e-4f70-b94d-d7f22742ff63";
constexpr TimeUs begin = 1'700'000'000 * us_per_s;

// A shelf in memory. Versions of an object have the years of their `modified`.
class Memory : public TaxiiShelf {
 public:
  std::vector<TaxiiCollection> known = {
      {std::string(readable), "reading", "To read", "", true, false},
      {std::string(writable), "", "Both", "", true, true},
      {std::string(hidden), "", "Neither", "", false, false}};
  std::map<std::string, std::vector<TaxiiObject>> kept;

  void put(std::string_view collection, std::string id, const std::string& modified = {}) {
    auto& list = kept[std::string(collection)];
    TaxiiObject object{.added = list.empty() ? begin : list.back().added + 1, .id = std::move(id)};
    object.version = modified;
    object.json = fmt::format(R"({{"id":"{}","modified":"{}"}})", object.id, modified);
    list.push_back(object);
  }

  Result<std::vector<TaxiiCollection>> collections() override { return known; }
  Result<TaxiiPage> objects(const std::string& collection, const TaxiiScan& scan) override {
    TaxiiPage page;
    const auto& all = kept[collection];
    auto of = [&](const std::string& id) {
      std::vector<const TaxiiObject*> same;
      for (const auto& one : all) {
        if (one.id == id) same.push_back(&one);
      }
      return same;
    };
    for (const auto& one : all) {
      const TaxiiMatch& m = scan.match;
      auto same = of(one.id);
      bool version = m.all || (m.last && same.back() == &one) ||
                     (m.first && same.front() == &one) ||
                     (!one.version.empty() && m.versions.contains(*times::parse(one.version)));
      bool wanted = version && (!scan.after || one.added > *scan.after) &&
                    (m.ids.empty() || m.ids.contains(one.id)) &&
                    (m.types.empty() || m.types.contains(one.id.substr(0, one.id.find("--"))));
      if (!wanted) continue;
      if (page.objects.size() == scan.limit) {
        page.more = true;
        break;
      }
      page.objects.push_back(one);
      page.looked_at = one.added;
    }
    return page;
  }
  Result<bool> has(const std::string& collection, const std::string& id) override {
    return std::ranges::any_of(kept[collection], [&](const auto& one) { return one.id == id; });
  }
  Result<TaxiiStatus> add(const std::string& collection,
                          const std::vector<std::string_view>& objects) override {
    TaxiiStatus status{.id = "2d086da7-4bdc-4f91-900e-d77486753710", .requested = begin};
    for (std::string_view object : objects) {
      simdjson::dom::parser parser;
      simdjson::dom::element root;
      std::string_view id;
      if (parser.parse(simdjson::padded_string(object)).get(root) || root["id"].get(id)) {
        status.failures.push_back({"", "", "no id"});
        continue;
      }
      put(collection, std::string(id), "2026-01-01T00:00:00Z");
      status.successes.push_back({std::string(id), "2026-01-01T00:00:00Z", ""});
    }
    last = status;
    return status;
  }
  Result<TaxiiStatus> status(const std::string& id) override {
    if (last.id != id) return missing("no status");
    return last;
  }
  Result<void> remove(const std::string& collection, const std::string& id,
                      const TaxiiMatch& versions) override {
    auto gone = std::erase_if(kept[collection], [&](const auto& one) {
      return one.id == id &&
             (versions.all || versions.versions.contains(*times::parse(one.version)));
    });
    if (gone == 0) return missing("no such object");
    return {};
  }
  TaxiiStatus last;
};

struct World {
  Memory shelf;
  TaxiiSettings settings{.title = "A node",
                         .base = "https://node.example.org",
                         .token_key = "key",
                         .content_bytes_max = 1000};
  std::string principal = "p_1";

  http::Response ask(const std::string& method, const std::string& target,
                     const http::Fields& headers = {}, const std::string& body = {}) {
    http::Request request{.method = method};
    REQUIRE(http::read_target(target, request));
    request.headers = headers;
    request.body = body;
    request.body_size = body.size();
    return serve_taxii(request, principal, shelf, settings);
  }
  http::Response get(const std::string& target) { return ask("GET", target); }
  std::string objects(std::string_view collection, std::string_view query = {}) {
    return fmt::format("/taxii2/tocsin/collections/{}/objects/{}", collection, query);
  }
};

struct Parsed {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::vector<std::string> ids;
  bool more = false;
  std::string next;
};

std::unique_ptr<Parsed> parsed(const http::Response& response) {
  auto out = std::make_unique<Parsed>();
  REQUIRE(!out->parser.parse(simdjson::padded_string(response.body)).get(out->root));
  simdjson::dom::array list;
  if (!out->root["objects"].get(list)) {
    for (auto item : list) out->ids.emplace_back(item["id"].get_string().value());
  }
  std::string_view next;
  if (!out->root["next"].get(next)) out->next = next;
  std::ignore = out->root["more"].get(out->more);
  return out;
}

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

TEST_CASE("every answer of TAXII has its media type, errors too, and no null") {
  World world;
  world.shelf.put(readable, "indicator--1", "2026-01-01T00:00:00Z");
  for (const char* path :
       {"/taxii2/", "/taxii2", "/taxii2/tocsin/", "/taxii2/tocsin/collections/", "/taxii2/none/",
        "/taxii2/tocsin/none", "/taxii2/tocsin/status/none/", "/taxii2/tocsin/collections/none/",
        "/taxii2/tocsin/collections/365fed99-08fa-4fdc-a1b3-fb247eb41d01/",
        "/taxii2/tocsin/collections/reading/objects/?limit=0",
        "/taxii2/tocsin/collections/reading/manifest/"}) {
    for (const char* method : {"GET", "PUT"}) {
      CAPTURE(path);
      auto out = world.ask(method, path);
      CHECK(header(out, "Content-Type") == "application/taxii+json;version=2.1");
      CHECK(!out.body.empty());
      CHECK(!out.body.contains("null"));
      auto body = parsed(out);
      if (out.status < 400) continue;
      CHECK(std::string_view(body->root["http_status"]) == std::to_string(out.status));
      CHECK(!std::string_view(body->root["title"]).empty());
    }
  }
}

TEST_CASE("discovery, root and collections say what there is, with and without the last slash") {
  World world;
  for (const char* path : {"/taxii2/", "/taxii2"}) {
    auto body = parsed(world.get(path));
    CHECK(std::string_view(body->root["default"]) == "https://node.example.org/taxii2/tocsin/");
    CHECK(std::string_view(body->root["api_roots"].at(0)) ==
          std::string_view(body->root["default"]));
  }
  CHECK(std::uint64_t(parsed(world.get("/taxii2/tocsin"))->root["max_content_length"]) == 1000);
  auto list = parsed(world.get("/taxii2/tocsin/collections/"));
  CHECK(list->root["collections"].get_array().size() == 3);
  CHECK(bool(list->root["collections"].at(0)["can_read"]));
  CHECK(!bool(list->root["collections"].at(0)["can_write"]));
  world.shelf.known.clear();
  CHECK(world.get("/taxii2/tocsin/collections").body == "{}");
}

TEST_CASE("Accept is read as HTTP says, and only what is none of ours is refused") {
  for (const char* good :
       {"", "*/*", "application/*", "application/taxii+json", "application/taxii+json;version=2.1",
        "application/taxii+json; version=2.1", "application/taxii+json;version=\"2.1\"",
        "APPLICATION/TAXII+JSON;VERSION=2.1", "text/html, application/taxii+json;q=0.1",
        "application/taxii+json;version=2.1,application/stix+json;version=2.1",
        "application/taxii+json;version=2.0, */*;q=0.1"})
    CHECK_MESSAGE(accepts_taxii(good), good);
  for (const char* wrong : {"application/json", "text/html", "application/taxii+json;version=2.0",
                            "application/taxii+json;q=0", "nonsense", "application/taxii"})
    CHECK_MESSAGE(!accepts_taxii(wrong), wrong);
  World world;
  CHECK(world.ask("GET", "/taxii2/", {{"accept", "application/json"}}).status == 406);
  CHECK(is_taxii_content("application/taxii+json;version=2.1"));
  CHECK(is_taxii_content("application/taxii+json"));
  for (const char* wrong : {"", "*/*", "application/json", "application/stix+json;version=2.1"})
    CHECK_MESSAGE(!is_taxii_content(wrong), wrong);
}

TEST_CASE("malformed or doubled parameters are refused, unknown ones are not") {
  World world;
  world.shelf.put(readable, "indicator--1", "2026-01-01T00:00:00Z");
  for (const char* bad :
       {"limit=0", "limit=-1", "limit=1.5", "limit=x", "limit=", "limit=1&limit=1", "limit=%2B1",
        "added_after=yesterday", "added_after=2026-01-01", "added_after=2026-01-01T00:00:00",
        "added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z", "next=x",
        "next=", "match[version]=all,last", "match[version]=soon", "match[type]=", "match[type]=a,",
        "match[id]=a&match[id]=b", "match%5Btype%5D=a&match[type]=b"})
    CHECK_MESSAGE(world.get(world.objects(readable, "?" + std::string(bad))).status == 400, bad);
  for (const char* good :
       {"limit=1", "limit=99999999999999999999999", "x_other=1", "match[other]=1",
        "match%5Btype%5D=indicator", "added_after=2020-01-01T00:00:00Z",
        "added_after=2020-01-01T00:00:00.123456789Z",
        "match[version]=last,first,2026-01-01T00:00:00Z"}) {
    auto out = world.get(world.objects(readable, "?" + std::string(good)));
    CHECK_MESSAGE(out.status == 200, good);
    CHECK_MESSAGE(parsed(out)->ids.size() == 1, good);
  }
}

TEST_CASE("dates of the page stand in its headers; an empty page echoes what was asked") {
  World world;
  CHECK(header(world.get(world.objects(readable)), "X-TAXII-Date-Added-First").empty());
  CHECK(world.get(world.objects(readable)).body == "{}");
  for (int i = 0; i < 3; ++i) world.shelf.put(readable, fmt::format("indicator--{}", i));
  auto out = world.get(world.objects(readable));
  CHECK(header(out, "X-TAXII-Date-Added-First") == "2023-11-14T22:13:20.000000Z");
  CHECK(header(out, "X-TAXII-Date-Added-Last") == "2023-11-14T22:13:20.000002Z");
  auto empty = world.get(world.objects(readable, "?added_after=2023-11-14T22:13:20.000002Z"));
  CHECK(empty.body == "{}");
  CHECK(header(empty, "X-TAXII-Date-Added-Last") == "2023-11-14T22:13:20.000002Z");
  CHECK(parsed(world.get(world.objects(readable, "?added_after=2023-11-14T22:13:20.000001Z")))
            ->ids.size() == 1);
}

TEST_CASE("all kinds of clients walk through everything once, while more is added") {
  std::mt19937 random(20261123);
  for (std::string filters : {"", "match[type]=indicator", "match[version]=all"}) {
    for (int client = 0; client < 4; ++client) {
      World world;
      for (int i = 0; i < 500; ++i) {
        world.shelf.put(readable, fmt::format("{}--{}", i % 3 == 0 ? "malware" : "indicator", i),
                        "2026-01-01T00:00:00Z");
      }
      std::vector<std::string> seen;
      std::string first = "added_after=2020-01-01T00:00:00Z", query = first, last;
      for (int pages = 0; pages < 1000; ++pages) {
        std::size_t limit = 1 + random() % 40;
        auto out = world.get(world.objects(
            readable, fmt::format("?limit={}&{}{}{}", limit, query,
                                  filters.empty() || (client == 3 && pages > 0) ? "" : "&",
                                  client == 3 && pages > 0 ? "" : filters)));
        REQUIRE(out.status == 200);
        auto page = parsed(out);
        CHECK(page->more == !page->next.empty());
        CHECK(page->ids.size() <= limit);
        CHECK((!page->more || page->ids.size() == limit));  // a short page slows some clients down
        seen.insert(seen.end(), page->ids.begin(), page->ids.end());
        last = header(out, "X-TAXII-Date-Added-Last");
        if (!page->more) break;
        if (pages == 5) world.shelf.put(readable, "indicator--late", "2026-01-01T00:00:00Z");
        std::string next = "next=" + page->next;
        if (client == 0) query = next;                                // leaves added_after out
        if (client == 1) query = "added_after=" + last + "&" + next;  // the last page's time
        if (client == 2) query = first + "&" + next;                  // repeats all
        if (client == 3) query = next;                                // nothing but next
      }
      std::vector<std::string> wanted;
      for (const auto& one : world.shelf.kept[std::string(readable)]) {
        if (filters != "match[type]=indicator" || one.id.starts_with("indicator"))
          wanted.push_back(one.id);
      }
      CHECK(seen == wanted);
    }
  }
}

TEST_CASE("a next of another collection, listing, caller or key is refused, as is a changed one") {
  World world;
  for (int i = 0; i < 9; ++i) {
    world.shelf.put(readable, fmt::format("indicator--{}", i));
    world.shelf.put(writable, fmt::format("indicator--{}", i));
  }
  std::string next = parsed(world.get(world.objects(readable, "?limit=2")))->next;
  auto status = [&](std::string_view collection, const std::string& what,
                    const std::string& token) {
    return world
        .get(fmt::format("/taxii2/tocsin/collections/{}/{}?next={}", collection, what, token))
        .status;
  };
  CHECK(status(readable, "objects/", next) == 200);
  CHECK(status("reading", "objects", next) == 200);
  CHECK(status(writable, "objects/", next) == 400);
  CHECK(status(readable, "manifest/", next) == 400);
  CHECK(status(readable, "objects/", next + "&match[type]=malware") == 400);
  for (std::size_t i = 0; i < next.size(); ++i) {
    std::string changed = next;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK(status(readable, "objects/", changed) == 400);
    CHECK(status(readable, "objects/", next.substr(0, i + 1) + (i + 1 == next.size() ? "A" : "")) ==
          400);
  }
  world.principal = "p_2";
  CHECK(status(readable, "objects/", next) == 400);
  world.principal = "p_1";
  world.settings.token_key = "another";
  CHECK(status(readable, "objects/", next) == 400);
}

TEST_CASE("a token keeps every filter") {
  TaxiiMatch match{.ids = {"a", "b"}, .types = {"t"}, .spec_versions = {"2.1"}, .first = true};
  match.last = false;
  match.versions = {5, 7};
  for (const TaxiiMatch& one : {match, TaxiiMatch{}, TaxiiMatch{.last = false, .all = true}}) {
    auto back = TaxiiToken::read(TaxiiToken{-3, one}.text("k", "w"), "k", "w");
    REQUIRE(back);
    CHECK(back->after == -3);
    CHECK(back->match == one);
  }
  CHECK(!TaxiiToken::read("", "k", "w"));
  CHECK(!TaxiiToken::read(std::string(1 << 17, 'A'), "k", "w"));
}

TEST_CASE("one object has its versions, and only filters of versions apply to it") {
  World world;
  for (const char* modified : {"2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"})
    world.shelf.put(readable, "indicator--1", modified);
  world.shelf.put(readable, "ipv4-addr--2");
  auto object = [&](const std::string& query) {
    return world.get(world.objects(readable, "indicator--1/" + query));
  };
  CHECK(object("").body.contains("2025-01-01"));
  CHECK(!object("").body.contains("2024-01-01"));
  CHECK(object("?match[version]=first").body.contains("2024-01-01"));
  CHECK(parsed(object("?match[version]=all"))->ids.size() == 2);
  CHECK(parsed(object("?match[type]=malware"))->ids.size() == 1);
  CHECK(object("?match[version]=2000-01-01T00:00:00Z").body == "{}");
  CHECK(world.get(world.objects(readable, "indicator--9/")).status == 404);
  CHECK(object("versions/").body ==
        R"({"versions":["2024-01-01T00:00:00Z","2025-01-01T00:00:00Z"]})");
  CHECK(object("versions/?limit=1").body.contains("\"more\":true,\"next\":"));
  // What has no version of its own has the time when it was added.
  CHECK(world.get(world.objects(readable, "ipv4-addr--2/versions/")).body ==
        R"({"versions":["2023-11-14T22:13:20.000002Z"]})");
  auto manifest = world.get("/taxii2/tocsin/collections/reading/manifest/?match[type]=ipv4-addr");
  CHECK(manifest.body ==
        R"({"objects":[{"date_added":"2023-11-14T22:13:20.000002Z","id":"ipv4-addr--2",)"
        R"("media_type":"application/stix+json;version=2.1",)"
        R"("version":"2023-11-14T22:13:20.000002Z"}]})");
}

TEST_CASE("rights: what may not be read, written or taken away") {
  World world;
  http::Fields headers = {{"content-type", "application/taxii+json;version=2.1"}};
  const std::string envelope = R"({"objects":[{"id":"indicator--5"}]})";
  world.shelf.put(readable, "indicator--1", "2026-01-01T00:00:00Z");
  world.shelf.put(writable, "indicator--1", "2026-01-01T00:00:00Z");
  CHECK(world.get(world.objects(hidden)).status == 403);
  CHECK(world.ask("POST", world.objects(readable), headers, envelope).status == 403);
  CHECK(world.ask("DELETE", world.objects(readable, "indicator--1/")).status == 403);
  CHECK(world.ask("DELETE", world.objects(hidden, "indicator--1/")).status == 404);
  world.shelf.known[2].can_write = true;
  CHECK(world.ask("DELETE", world.objects(hidden, "indicator--1/")).status == 403);
  auto gone = world.ask("DELETE", world.objects(writable, "indicator--1/"));
  CHECK(gone.status == 200);
  CHECK(gone.body == "{}");
  CHECK(world.get(world.objects(writable, "indicator--1/")).status == 404);
  CHECK(world.ask("DELETE", world.objects(writable, "indicator--1/")).status == 404);
  CHECK(taxii_unauthenticated().status == 401);
  CHECK(header(taxii_unauthenticated(), "WWW-Authenticate").starts_with("Basic"));
}

TEST_CASE("a POST is an envelope of TAXII, each object for itself") {
  World world;
  auto post = [&](const std::string& body, const std::string& type = std::string(taxii_media)) {
    return world.ask("POST", world.objects(writable), {{"content-type", type}}, body);
  };
  auto out = post(R"( {"more":false, "objects" : [ {"id":"indicator--5", "a":[1,{"b":"]"}]} , )"
                  R"({"x":1}, 7 ] } )");
  CHECK(out.status == 202);
  auto body = parsed(out);
  CHECK(std::string_view(body->root["status"]) == "complete");
  CHECK(std::uint64_t(body->root["total_count"]) == 3);
  CHECK(std::uint64_t(body->root["success_count"]) == 1);
  CHECK(body->root["successes"].get_array().size() == 1);
  CHECK(body->root["failures"].get_array().size() == 2);
  CHECK(std::uint64_t(body->root["pending_count"]) == 0);
  CHECK(body->root["pendings"].error() == simdjson::NO_SUCH_FIELD);
  std::string id(std::string_view(body->root["id"]));
  CHECK(world.get("/taxii2/tocsin/status/" + id + "/").body == out.body);
  CHECK(post("{\"objects\":[{}]}", "application/json").status == 415);
  CHECK(post("{\"objects\":[{}]}", "").status == 415);
  for (const char* wrong :
       {"", "[]", "{}", "{\"objects\":[]}", "{\"objects\":{}}", "{\"objects\":[{}",
        "{\"objects\":[{}]} x", R"({"type":"bundle","objects2":[]})"})
    CHECK_MESSAGE(post(wrong).status == 422, wrong);
  CHECK(post(R"({"objects":[{"id":"a","x":")" + std::string(1000, 'x') + "\"}]}").status == 413);
}

TEST_CASE("a POST may be packed, and its limit holds for what comes out") {
  World world;
  auto post = [&](const std::string& body, const std::string& coding = "gzip") {
    http::Fields headers = {{"content-type", std::string(taxii_media)},
                            {"content-encoding", coding}};
    return world.ask("POST", world.objects(writable), headers, body).status;
  };
  std::string small = R"({"objects":[{"id":"indicator--5"}]})";
  std::string bomb = small + std::string(100'000, ' ');
  CHECK(post(gzip::pack(small)) == 202);
  CHECK(post(gzip::pack(small), "X-GZip") == 202);
  CHECK(post(gzip::pack(bomb)) == 413);
  CHECK(gzip::pack(bomb).size() < 1000);
  CHECK(post(gzip::pack(small).substr(0, 20)) == 422);
  CHECK(post(small) == 422);
  CHECK(post(small, "identity") == 202);
  CHECK(post(small, "br") == 415);
}

TEST_CASE("a request of too many objects is to be divided") {
  TaxiiSettings settings;
  CHECK(settings.content_bytes_max > 3 * taxii_post_max);  // so that it can be reached at all
  World world;
  world.settings.content_bytes_max = settings.content_bytes_max;
  std::string body = "{\"objects\":[7";
  for (std::size_t i = 0; i < taxii_post_max; ++i) body += ",7";
  http::Fields headers = {{"content-type", std::string(taxii_media)}};
  CHECK(world.ask("POST", world.objects(writable), headers, body + "]}").status == 422);
}

TEST_CASE("a bundle is taken as an envelope; other methods are told what there is") {
  World world;
  http::Fields headers = {{"content-type", std::string(taxii_media)}};
  auto out = world.ask("POST", world.objects(writable), headers,
                       R"({"type":"bundle","id":"bundle--1","objects":[{"id":"indicator--5"}]})");
  CHECK(out.status == 202);
  out = world.ask("PUT", world.objects(writable), headers, "{}");
  CHECK(out.status == 405);
  CHECK(header(out, "Allow") == "GET, POST");
}

}  // namespace tocsin::share
