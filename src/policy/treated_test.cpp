#include "policy/treated.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <random>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "policy/mention.h"
#include "test.h"

namespace tocsin::policy {
namespace {

constexpr std::string_view text = R"({
  "classification.identifier": "open-rdp",
  "classification.type": "vulnerable-system",
  "comment": "seen by the sensor in hall 3",
  "controller_reason": "feed",
  "destination.ip": "198.51.100.9",
  "destination.port": 4444,
  "extra.tag": "rdp",
  "feed.code": "scan_rdp",
  "feed.name": "shadowserver",
  "id": "e_8193",
  "malware.name": "andromeda",
  "node.source.domain": "example.org",
  "roles.destination": "controller",
  "roles.source": "affected",
  "source.account": "ana@example.org",
  "source.asn": 64496,
  "source.fqdn": "www.example.org",
  "source.geolocation.cc": "BR",
  "source.geolocation.city": "Recife",
  "source.ip": "192.0.2.77",
  "source.network": "192.0.2.0/25",
  "source.reverse_dns": "host-192-0-2-77.isp.example",
  "source.url": "https://www.example.org/a?session=abc",
  "time.source": "2026-01-02T03:04:05Z",
  "tlp": "amber"
})";

// Members with the text they stand in.
struct Given {
  std::string json;
  std::vector<std::pair<std::string, std::string>> owned;
  std::vector<Member> members;

  explicit Given(std::string_view object) : json(object) {
    simdjson::dom::parser parser;
    simdjson::dom::object all;
    REQUIRE(!parser.parse(json).get(all));
    for (auto member : all)
      owned.emplace_back(std::string(member.key), simdjson::minify(member.value));
    for (const auto& [name, value] : owned) members.push_back({name, value});
  }
};

PseudonymKey key_of_test() {
  return pseudonym_key("a secret of thirty-two octets....", "agreement");
}

// "NAME=VALUE" lines.
std::string treated(std::vector<Treatment> how, std::string_view event = text,
                    std::vector<Network> sensors = {}) {
  Given given(event);
  std::string out;
  for (const auto& m :
       Treating(std::move(how), key_of_test(), std::move(sensors)).event(given.members))
    out += fmt::format("{}={}\n", m.name, json_text(m.json));
  return out;
}

// Adds what decide() adds: all that follows from the transforms of an agreement.
std::vector<Treatment> following(std::vector<Transform> transforms, std::vector<Part> include = {},
                                 Attribution attribution = Attribution::named) {
  Agreement a{.transforms = std::move(transforms),
              .include = std::move(include),
              .attribution = attribution};
  a.parties = {{.id = "one.example"}, {.id = "two.example"}};
  return treatments({}, a, {.from = "one.example", .to = "two.example"});
}

}  // namespace

TEST_CASE("without treatments an event goes as it is, but for ids of ours and secrets in URLs") {
  CHECK(treated({}) == R"(classification.identifier=open-rdp
classification.type=vulnerable-system
comment=seen by the sensor in hall 3
controller_reason=feed
destination.ip=198.51.100.9
destination.port=4444
extra.tag=rdp
feed.code=scan_rdp
feed.name=shadowserver
malware.name=andromeda
node.source.domain=example.org
roles.destination=controller
roles.source=affected
source.account=ana@example.org
source.asn=64496
source.fqdn=www.example.org
source.geolocation.cc=BR
source.geolocation.city=Recife
source.ip=192.0.2.77
source.network=192.0.2.0/25
source.reverse_dns=host-192-0-2-77.isp.example
source.url=https://www.example.org/a?session=***
time.source=2026-01-02T03:04:05Z
tlp=amber
)");
}

TEST_CASE("a generalised address goes as its network, and nothing that tells it stays") {
  std::string out =
      treated(following({{.field = "address", .action = Action::generalise}}, {Part::extra}));
  CHECK(out == R"(classification.identifier=open-rdp
classification.type=vulnerable-system
controller_reason=feed
destination.network=198.51.100.0/24
destination.port=4444
feed.code=scan_rdp
feed.name=shadowserver
malware.name=andromeda
node.source.domain=example.org
roles.destination=controller
roles.source=affected
source.account=ana@example.org
source.asn=64496
source.fqdn=www.example.org
source.geolocation.cc=BR
source.geolocation.city=Recife
source.network=192.0.2.0/24
source.url=https://www.example.org/a?session=***
time.source=2026-01-02T03:04:05Z
tlp=amber
)");
}

TEST_CASE("pseudonyms keep their form and say that they are some") {
  std::string out = treated(following({{.field = "address", .action = Action::pseudonymise}}));
  CryptoPan pan(key_of_test());
  auto pseudonym = [&](const char* ip) { return ip::format(pan.pseudonym(*ip::parse(ip))); };
  CHECK(out.contains("source.ip=" + pseudonym("192.0.2.77") + "\n"));
  CHECK(out.contains("destination.ip=" + pseudonym("198.51.100.9") + "\n"));
  CHECK(out.contains("extra.pseudonyms=destination.ip,source.ip,source.network\n"));
  CHECK(!out.contains("192.0.2"));
  CHECK(!out.contains("192-0-2"));
}

TEST_CASE("hashes stand for names, accounts and addresses, the same for the same value") {
  auto how = following({{.field = "name", .action = Action::hash},
                        {.field = "account", .action = Action::hash},
                        {.field = "originator", .action = Action::hash}});
  std::string out = treated(how);
  PseudonymKey key = key_of_test();
  CHECK(out.contains("source.fqdn=" + keyed_hash(key, "name", "www.example.org") + ".invalid\n"));
  CHECK(out.contains("source.account=" + keyed_hash(key, "account", "ana@example.org") + "\n"));
  CHECK(out.contains("feed.name=" + keyed_hash(key, "originator", "shadowserver") + "\n"));
  CHECK(!out.contains("feed.code"));
  CHECK(!out.contains("source.url"));  // it names the host
  CHECK(!out.contains("example.org"));
  CHECK(out == treated(how));
  std::string lone = treated(following({{.field = "address", .action = Action::hash}}),
                             R"({"source.ip":"192.0.2.77"})");
  std::string digits = keyed_hash(key, "address", "192.0.2.77");
  CHECK(lone == "extra.hashed.source.ip=" + digits + "\nsource.fqdn=" + digits + ".invalid\n");
}

TEST_CASE(
    "names become their registered domain, URLs their host, times their day, places nothing") {
  std::string out = treated(following({{.field = "name", .action = Action::generalise},
                                       {.field = "time", .action = Action::generalise},
                                       {.field = "place", .action = Action::generalise}}));
  CHECK(out.contains("source.fqdn=example.org\n"));
  CHECK(out.contains("time.source=2026-01-02T00:00:00Z\n"));
  CHECK(!out.contains("Recife"));
  CHECK(!out.contains("www."));
  std::string hosts = treated(following({{.field = "url", .action = Action::generalise}}));
  CHECK(hosts.contains("source.url=https://www.example.org/\n"));
  // Nobody knows its registered domain here.
  CHECK(treated(following({{.field = "name", .action = Action::generalise}}),
                R"({"source.fqdn":"www.example.net","node.source.domain":"example.org"})") ==
        "node.source.domain=example.org\n");
}

TEST_CASE("sensors, sinkholes and joined controllers are never told") {
  CHECK(treated({}, R"({"source.ip":"192.0.2.7","roles.destination":"sinkhole",
      "destination.ip":"198.51.100.3","destination.asn":64496,"destination.port":80,
      "destination.fqdn":"sink.example","node.destination.domain":"sink.example",
      "extra.seen":"GET http://198.51.100.3/"})") ==
        "destination.port=80\nroles.destination=sinkhole\nsource.ip=192.0.2.7\n");
  std::vector<Network> ours = {*ip::parse_network("203.0.113.0/24")};
  CHECK(treated({}, R"({"source.ip":"192.0.2.7","destination.ip":"203.0.113.5",
      "malware.name":"via-203-0-113-5","comment":"hit on 203.0.113.77","extra.x":["203.0.113.1"]})",
                ours) == "source.ip=192.0.2.7\n");
  CHECK(treated({}, R"({"source.ip":"192.0.2.7","controller_reason":"join",
      "node.controller.ip":"198.51.100.9","node.controller.geolocation.cc":"NL"})") ==
        "source.ip=192.0.2.7\n");
}

TEST_CASE("an address goes however a name, URL or text writes it") {
  auto how = following({{.field = "address", .action = Action::drop}}, {Part::extra});
  auto left = [&](std::string_view field, std::string_view value) {
    std::string object = R"({"source.ip":"192.0.2.77",)";
    json::append_string(object, field);
    object += ':';
    json::append_string(object, value);
    object += '}';
    return treated(how, object);
  };
  for (const char* value : {"192.0.2.77", "host-192-0-2-77.example", "77.2.0.192.in-addr.arpa",
                            "c000024d.example", "3221226061.example", "192000002077.example",
                            "host77-2-0-192.example", "192_0_2_77.example"}) {
    CAPTURE(value);
    CHECK(left("source.fqdn", value).empty());
    CHECK(left("product.name", value).empty());
    CHECK(left("source.url", fmt::format("http://{}/", value)).empty());
    CHECK(left("source.url", fmt::format("http://example.org/?at={}", value)).empty());
  }
  CHECK(left("source.fqdn", "www.example.org") == "source.fqdn=www.example.org\n");
  CHECK(left("destination.url", "http://198.51.100.7/x").empty());
}

TEST_CASE("numbers go too, and the host of a URL where names do") {
  CHECK(treated(following({{.field = "asn"}}), R"({"source.asn":64496,"source.port":80})") ==
        "source.port=80\n");
  CHECK(
      treated(following({{.field = "name"}}),
              R"({"source.url":"http://www.example.org/x","product.name":"www.example.org shop"})")
          .empty());
  CHECK(treated(following({{.field = "name"}}), R"({"source.account":"ana@example.org"})").empty());
  CHECK(treated(following({{.field = "name"}}), R"({"source.account":"ana"})") ==
        "source.account=ana\n");
}

// Every value is one that stands nowhere else; whatever treatment is drawn, what it takes away
// stands in no member, however it is written.
TEST_CASE("words out of our own lists stay, also where what is hidden reads the same") {
  CHECK(treated(
            following({{.field = "account", .action = Action::drop}}),
            R"({"classification.type": "scanner", "comment": "scanner", "protocol.transport": "tcp",
                    "severity": "high", "source.account": "scanner"})") ==
        "classification.type=scanner\nprotocol.transport=tcp\nseverity=high\n");
  for (const char* word : {"high", "tcp", "amber"}) {
    CAPTURE(word);
    CHECK(treated(following({{.field = "account", .action = Action::drop}}),
                  fmt::format(R"({{"protocol.transport": "tcp", "severity": "high",
                    "source.account": "{}", "tlp": "amber"}})",
                              word)) == "protocol.transport=tcp\nseverity=high\ntlp=amber\n");
  }
}

TEST_CASE("what a treatment takes away is told by nothing that is left") {
  std::mt19937_64 random(41);
  auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::array<std::string_view, 8> parts = {"address", "name",    "url",  "account",
                                                     "contact", "network", "time", "originator"};
  std::size_t taken = 0, told = 0;
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    Ip ip = Ip::from_v4(static_cast<std::uint32_t>(0xc000'0000 + pick(0x00ff'ffff)));
    Ip other = Ip::from_halves(0x2001'0db8'0000'0000 + pick(0xffff'ffff), random());
    std::string name = fmt::format("canary{}.example.org", random());
    std::string account = fmt::format("user{}@mail{}.example", random(), random());
    std::string v4 = ip::format(ip), v6 = ip::format(other);
    std::string dashed = v4;
    std::ranges::replace(dashed, '.', '-');
    std::vector<std::pair<std::string, std::string>> all = {
        {"comment", fmt::format("{} and {} at {}", v4, name, v6)},
        {"destination.fqdn", fmt::format("x{}.{}", round, disguises(other).front().substr(0, 32))},
        {"destination.ip", v6},
        {"event_hash", fmt::format("{:X}", random())},
        {"extra.whole", fmt::format("{{\"a\":\"{}\",\"b\":[\"{}\"]}}", v4, account)},
        {"feed.name", fmt::format("feed{}", random())},
        {"malware.name", pick(2) == 0 ? "zeus" : "on-" + dashed},
        {"node.source.domain", "example.org"},
        {"product.name", pick(2) == 0 ? "a camera" : name},
        {"source.abuse_contact", fmt::format("abuse{}@{}", random(), name)},
        {"source.account", account},
        {"source.fqdn", name},
        {"source.ip", v4},
        {"source.reverse_dns", fmt::format("p{}.isp.example", dashed)},
        {"source.url",
         fmt::format("http://{}/{}?u={}", pick(2) == 0 ? name : v4, random(), account)},
        {"time.source", "2026-05-06T07:08:09Z"},
        {"tlp", "green"}};
    std::string object = "{";
    for (const auto& [field, value] : all) {
      object += object.size() > 1 ? "," : "";
      json::append_string(object, field);
      object += ':';
      if (value.starts_with('{'))
        object += value;
      else
        json::append_string(object, value);
    }
    object += '}';
    std::vector<Transform> transforms;
    std::set<std::string_view> touched;
    for (std::string_view part : parts) {
      auto action = static_cast<Action>(pick(4));
      if (pick(3) != 0 || !can(action, *part_named(part))) continue;
      transforms.push_back({.field = std::string(part), .action = action});
      touched.insert(part);
    }
    auto how = following(
        transforms, pick(2) == 0 ? std::vector<Part>{Part::extra, Part::raw} : std::vector<Part>{});
    std::string out = text::lower(treated(how, object));
    told += static_cast<std::size_t>(std::ranges::count(out, '\n'));
    auto gone = [&](std::string_view value) {
      ++taken;
      CAPTURE(out);
      CAPTURE(value);
      CHECK(!out.contains(text::lower(value)));
    };
    if (touched.contains("address")) {
      for (const Ip& one : {ip, other}) {
        gone("=" + ip::format(one) + "\n");
        for (const std::string& form : disguises(one)) gone(form);
      }
      gone(dashed);
      gone(v6);
    }
    if (touched.contains("name")) gone(name);
    if (touched.contains("account")) gone(account);
    if (touched.contains("url")) gone(fmt::format("?u={}", account));
    if (touched.contains("originator")) gone(all[5].second);
    if (touched.contains("time")) gone("07:08:09");
  }
  CHECK(taken > 10'000);
  CHECK(told > 10'000);
}

}  // namespace tocsin::policy
