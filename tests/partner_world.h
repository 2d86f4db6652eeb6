// Node a, and its partner b, for tests of what comes in at a.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "loopback.h"
#include "node/node.h"
#include "policy/templates.h"
#include "temporary_folder.h"
#include "test.h"
#include "wire/row.h"
#include "wire/stix_event.h"
#include "wire/stix_object.h"

namespace tocsin::node {

using test::answer;
using test::HttpRequest;

inline constexpr std::string_view feed_name = "partner.b.example.org";
inline constexpr std::string_view collection = "8b2f1a44-5f0e-4c7e-9a3a-0d6b7a8c9d10";

template <class T>
T good(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().what));
  return *std::move(result);
}

// Node a, and its partner b: a member without a node, that hears what it is told and has one
// collection.
struct World {
  TemporaryFolder folder;
  std::atomic<TimeUs> now = *times::parse("2026-11-23T09:00:00Z");  // threads of the node read it
  std::string page = "{}";                                          // of b's collection
  test::HttpServer server{[this](const HttpRequest& r) { return reply(r); }};
  Dictionary words;
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<share::Partners> b;
  std::unique_ptr<share::Agreements> of_b;
  std::unique_ptr<Node> a;

  World() {
    std::filesystem::create_directories(folder.file("home"));
    std::ofstream(folder.file("home") + "/tocsin.toml")
        << "[node]\nname = \"CERT A\"\ncountry = \"BR\"\n[enrich]\nlocation_database = "
           "\"off\"\n[share]\nmember = \"a.example.org\"\n"
           "url = \"http://127.0.0.1:9\"\n";
    journal = good(store::Journal::open(folder.file("b.db"), words));
    b = good(
        share::Partners::open({.journal = *journal,
                               .home = folder.file("b"),
                               .now = [this] { return now.load(); },
                               .post =
                                   [this](const auto&, const auto&, const std::string& statement) {
                                     return a->sharing()->partners().hear(statement);
                                   }}));
    REQUIRE(b->introduce({.member = "b.example.org",
                          .name = "CERT B",
                          .country = *Country::parse("PT"),
                          .url = server.url("")},
                         {})
                .has_value());
    of_b = good(share::Agreements::open({*journal, *b, [this] { return now.load(); }}));
    open();
    auto joined =
        good(b->join(good(partners().invite("a test", now + us_per_day, "ana")).code, "bo"));
    good(partners().compare("b.example.org", joined.fingerprint, "ana"));
    good(b->compare("a.example.org", joined.fingerprint, "bo"));
  }
  void open() {
    a.reset();
    a = good(Node::open({.home = folder.file("home"), .now = [this] { return now.load(); }}));
  }
  share::Partners& partners() { return a->sharing()->partners(); }

  std::string reply(const HttpRequest& r) {
    if (r.method == "POST") {  // what it does not understand it refuses
      auto heard = b->hear(r.body);
      return heard ? answer(200, *heard) : answer(400, heard.error().what);
    }
    if (!r.target.contains("/objects/")) {
      return answer(
          200, fmt::format(R"({{"collections":[{{"can_read":true,"id":"{}"}}]}})", collection));
    }
    if (r.target.contains("added_after")) return answer(200, "{}");
    return answer(200, page, "X-TAXII-Date-Added-Last: 2026-11-23T08:00:00.000000Z\r\n");
  }

  // Events of infected systems go from b to a up to `max_tlp`.
  policy::Agreement terms(Tlp max_tlp, std::uint64_t quota = 0) {
    auto party = [](const share::Introduction& says) {
      policy::Party p{.id = says.profile.member, .name = says.profile.name};
      p.country = says.profile.country;
      p.keys = {says.key};
      return p;
    };
    auto agreement = good(policy::from_template(
        "cert-cert", "ab", {party(good(partners().self())), party(good(b->self()))}, now,
        now + 365 * us_per_day));
    agreement.allow = {{.kinds = {policy::ItemKind::event},
                        .types = {Type::infected_system},
                        .max_tlp = max_tlp,
                        .max_pap = Pap::red}};
    agreement.transforms.clear();
    agreement.quota_per_day = quota;
    agreement.onward = policy::Onward::same_terms;
    agreement.tell_affected = true;
    return agreement;
  }
  void agree(const policy::Agreement& agreement) {
    auto& of_a = a->sharing()->agreements();
    std::string address =
        good(of_a.propose(policy::agreement_json(agreement, true), "ana")).address;
    good(of_a.sign(address, "alex"));
    CHECK(good(partners().deliver()) == 0);
    good(of_b->sign(address, "bo"));
    good(of_b->sign(address, "bea"));
    CHECK(good(b->deliver()) == 0);
    REQUIRE(of_a.in_force("b.example.org", now).agreements.size() == 1);
  }

  // What b's node makes of an event of its own.
  std::vector<std::string> stix(int host, Tlp tlp = Tlp::green, Type type = Type::infected_system) {
    EventBatch batch;
    batch.add_row();
    batch.time.back() = now - us_per_hour;
    batch.type.back() = type;
    batch.tlp.back() = tlp;
    batch.source.ip.back() = good(ip::parse(fmt::format("192.0.2.{}", host)));
    wire::Row row(batch, 0, words, wire::Spelling::native);
    return wire::stix_of_event(row.members(), {.handle = fmt::format("handle of {}", host)});
  }
  Result<ingest::Receipt> take(const std::vector<std::string>& objects) {
    ingest::Feed feed{.name = std::string(feed_name), .format = "stix", .tlp = Tlp::red};
    auto receipt =
        a->intake().deliver(feed, {.name = "page.json", .bytes = envelope(objects), .live = true});
    REQUIRE(a->wait_visible(std::chrono::seconds(20)));
    return receipt;
  }
  static std::string envelope(const std::vector<std::string>& objects) {
    return fmt::format("{{\"objects\":[{}]}}", fmt::join(objects, ","));
  }
  std::uint64_t stored() {
    return *a->columns().count(
        {.filter = *store::parse_filter("feed=" + std::string(feed_name), now)});
  }
  std::vector<std::string> refusals() {
    std::vector<std::string> out;
    for (const auto& row : good(a->journal().rejects(feed_name, "", 0, 100)))
      out.push_back(row.reason);
    return out;
  }
};

}  // namespace tocsin::node
