#include "policy/agreement.h"

#include <simdjson.h>

#include "base/canonical_json.h"
#include "base/hash.h"
#include "test.h"

namespace tocsin::policy {
namespace {

SigningKey key(char octet) {
  return SigningKey::from_seed(std::string(32, octet)).value();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != text.npos, std::string(from));
  return text.replace(at, from.size(), to);
}

const std::string& whole_text() {
  static const std::string text = R"toml(
id = "cert-a.cert-b"
title = "Between A and B"
version = 2
replaces = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
purposes = ["warning", "defence"]
include = ["extra"]
onward = "same-terms"
attribution = "named"
retention_days = 180
quota_per_day = 100_000

[[party]]
id = "a.example.org"
name = "CERT A"
as = "left"
country = "BR"
keys = ["KEY_A"]
[[party.contact]]
name = "Duty desk"
mail = "soc@a.example.org"
pgp = "0123 4567"

[[party]]
id = "b.example.org"
name = "CERT \"B\" \\ é"
as = "right"
keys = ["KEY_B"]

[valid]
from = 2026-12-01
until = 2027-12-01T12:00:00Z
review = "2027-06-01"

[[allow]]
kinds = ["finding", "event", "event"]
types = ["phishing", "blocklist", "c2-server"]
sectors = ["health", "energy"]
countries = ["pt", "br"]
max_tlp = "amber"
max_pap = "green"
min_confidence = 50

[[allow]]
from = ["left"]
to = ["right"]
kinds = ["note"]
max_tlp = "amber+strict"
max_pap = "red"

[affected]
tell = true
facts = ["family", "seen"]

[[transform]]
field = "source.account"
action = "hash"
from = ["left"]

[[transform]]
field = "address"
action = "generalise"
v4_bits = 16
v6_bits = 32

[reciprocity]
counted = true
min_percent = 50

[feed_terms]
unsaid = "pass"

[personal_data]
legal_basis = "GDPR Art. 6(1)(f)"
data_subjects = "privacy@a.example.org"
third_countries = true

[security]
measures = "as agreed"
breach_notice_h = 24

[termination]
notice_days = 30
at_end = "keep"

[law]
applies = "of A"
courts = "of A"
secrecy = "no official secrets"
language = "en"
)toml";
  static const std::string filled = replaced(replaced(text, "KEY_A", key('a').public_key().text()),
                                             "KEY_B", key('b').public_key().text());
  return filled;
}

Agreement whole_agreement() {
  auto read = read_agreement_toml(whole_text(), "a.toml");
  REQUIRE_MESSAGE(read, read.error().what);
  return *read;
}

std::string said(const std::string& text) {
  auto read = read_agreement(text, "a.toml");
  return read ? "" : read.error().what;
}

}  // namespace

TEST_CASE("an agreement is read clause by clause") {
  Agreement a = whole_agreement();
  CHECK(a.id == "cert-a.cert-b");
  CHECK(a.version == 2);
  CHECK(a.parties.at(0).contacts.at(0).mail == "soc@a.example.org");
  CHECK(a.parties.at(1).name == "CERT \"B\" \\ é");
  CHECK(a.party("b.example.org") == &a.parties[1]);
  CHECK(a.party("c.example.org") == nullptr);
  CHECK(times::format(a.from) == "2026-12-01T00:00:00Z");
  CHECK(times::format(a.until) == "2027-12-01T12:00:00Z");
  CHECK(a.purposes == std::vector{Purpose::defence, Purpose::warning});
  REQUIRE(a.allow.size() == 2);
  CHECK(a.allow[0].kinds == std::vector{ItemKind::event, ItemKind::finding});
  CHECK(a.allow[0].types == std::vector{Type::c2_server, Type::phishing, Type::blacklist});
  CHECK(a.allow[0].sectors == std::vector<std::string>{"energy", "health"});
  CHECK(a.allow[0].max_pap == Pap::green);
  CHECK(a.allow[1].way == Way{{"left"}, {"right"}});
  CHECK(a.affected_facts == Facts{Fact::family, Fact::seen});
  CHECK(a.transforms.at(1).coarse.v4_bits == 16);
  CHECK(a.onward == Onward::same_terms);
  CHECK(a.quota_per_day == 100'000);
  CHECK(!a.delete_at_end);
  CHECK(a.unsaid_feeds_pass);
}

TEST_CASE("TOML and JSON of one agreement are the same agreement") {
  Agreement a = whole_agreement();
  REQUIRE(sign(a, key('a'), 5'000'000));
  REQUIRE(sign(a, key('b'), 6'000'000));
  std::string toml = agreement_toml(a);
  auto from_toml = read_agreement(toml, "a.toml");
  REQUIRE_MESSAGE(from_toml, from_toml.error().what << toml);
  CHECK(*from_toml == a);
  CHECK(agreement_toml(*from_toml) == toml);
  std::string json = agreement_json(a, true);
  auto from_json = read_agreement(json, "a.json");
  REQUIRE_MESSAGE(from_json, from_json.error().what << json);
  CHECK(*from_json == a);
  CHECK(canonical_json(json) == json);
  CHECK(agreement_json(a, false).find("signature") == std::string::npos);
}

TEST_CASE("the content address is that of the terms, however they are spelled") {
  Agreement a = whole_agreement();
  std::string address = content_address(a);
  CHECK(address == hex(sha256(agreement_json(a, false))));
  CHECK(address.size() == 64);
  std::string text = replaced(whole_text(), "kinds = [\"finding\", \"event\", \"event\"]",
                              "kinds = [\"event\", \"finding\"]  # in words");
  CHECK(content_address(*read_agreement(text, "a")) == address);
  CHECK(content_address(*read_agreement(replaced(text, "v6_bits = 32", "v6_bits = 33"), "a")) !=
        address);
  REQUIRE(sign(a, key('a'), 1));
  CHECK(content_address(a) == address);
}

TEST_CASE("each party signs with its own key, and what was signed cannot change") {
  Agreement a = whole_agreement();
  CHECK(!is_signed_by_all(a));
  CHECK(signatures_of(a).at(0).why == "has not signed");
  CHECK(sign(a, key('c'), 1).error().fault == Fault::denied);
  REQUIRE(sign(a, key('a'), 1'000'000));
  CHECK(!is_signed_by_all(a));
  CHECK(signatures_of(a).at(0).why.empty());
  CHECK(signatures_of(a).at(1).why == "has not signed");
  REQUIRE(sign(a, key('b'), 2'000'000));
  CHECK(is_signed_by_all(a));
  REQUIRE(sign(a, key('a'), 3'000'000));
  CHECK(a.signatures.size() == 2);
  CHECK(is_signed_by_all(a));

  auto broken = [&](auto change) {
    Agreement b = a;
    change(b);
    return !is_signed_by_all(b);
  };
  CHECK(broken([](Agreement& b) { b.retention_days += 1; }));
  CHECK(broken([](Agreement& b) { b.signatures[0].at += us_per_s; }));
  CHECK(broken([](Agreement& b) { b.signatures[0].bytes[5] ^= 1; }));
  CHECK(broken([](Agreement& b) { std::swap(b.signatures[0].party, b.signatures[1].party); }));
  CHECK(broken([](Agreement& b) { b.signatures[1] = b.signatures[0]; }));
  CHECK(broken([](Agreement& b) { b.parties.pop_back(); }));
  CHECK(broken([](Agreement& b) {
    b.signatures[1].key = key('c').public_key();
    CHECK(signatures_of(b).at(0).why == "signed with a key that is not its own");
  }));
  Agreement none = a;
  none.parties.clear();
  CHECK(!is_signed_by_all(none));
}

TEST_CASE("a party that changes its key may sign with either while both stand there") {
  Agreement a = whole_agreement();
  a.parties[0].keys.push_back(key('n').public_key());
  REQUIRE(sign(a, key('b'), 1));
  REQUIRE(sign(a, key('n'), 1));
  CHECK(is_signed_by_all(a));
}

TEST_CASE("what is wrong is told with its line, its key and what is valid") {
  auto with = [&](std::string_view from, std::string_view to) {
    return said(replaced(whole_text(), from, to));
  };
  CHECK(with("max_tlp = \"amber\"", "max_tlp = \"red\"") ==
        "a.toml:40: allow[1].max_tlp: must be one of clear, green, amber, amber+strict: red never "
        "leaves by machine");
  CHECK(with("onward = \"same-terms\"", "onward = \"any\"") ==
        "a.toml:8: onward: unknown value 'any'; valid: none, with-consent, same-terms, anonymised");
  CHECK(with("[affected]\ntell", "[affected]\ntel") ==
        "a.toml:52: affected.tel: unknown key; valid: facts, tell");
  CHECK(
      with("id = \"cert-a.cert-b\"\n", "id = \"A B\"\n").starts_with("a.toml:2: id: 'A B': must"));
  std::string key_a = key('a').public_key().text(), key_b = key('b').public_key().text();
  const std::pair<std::string_view, std::string_view> wrong[] = {
      {"replaces = \"a", "replaces = \"A"},
      {"version = 2\n", ""},
      {"version = 2", "version = 0"},
      {"until = 2027", "until = 2025"},
      {"from = 2026-12-01\n", ""},
      {"from = 2026-12-01", "from = \"tomorrow\""},
      {"retention_days = 180\n", ""},
      {"retention_days = 180", "retention_days = 0"},
      {"purposes = [\"warning\", \"defence\"]\n", ""},
      {"\"warning\"", "\"revenge\""},
      {"include = [\"extra\"]", "include = [\"address\"]"},
      {"id = \"b.example.org\"", "id = \"a.example.org\""},
      {key_b, key_a},
      {"keys = [\"", "keys = [\"0"},
      {"country = \"BR\"", "country = \"Brazil\""},
      {"mail = \"soc@a.example.org\"\n", ""},
      {"name = \"CERT A\"\n", ""},
      {"name = \"CERT A\"", "name = \"CERT\\u001b A\""},
      {"as = \"left\"", "as = \"other\""},
      {"kinds = [\"note\"]", "kinds = []"},
      {"kinds = [\"note\"]\n", ""},
      {"kinds = [\"note\"]", "kinds = [\"thing\"]"},
      {"max_pap = \"red\"\n", ""},
      {"min_confidence = 50", "min_confidence = 101"},
      {"\"phishing\"", "\"fishing\""},
      {"countries = [\"pt\"", "countries = [\"ptt\""},
      {"field = \"address\"", "field = \"addresses\""},
      {"field = \"address\"", "field = \"port\""},
      {"field = \"address\"", "field = \"tlp\""},
      {"action = \"hash\"", "action = \"pseudonymise\""},
      {"action = \"hash\"", "action = \"hash\"\nv4_bits = 8"},
      {"v4_bits = 16", "v4_bits = 33"},
      {"v4_bits = 16", "step_s = 60"},
      {"unsaid = \"pass\"", "unsaid = \"maybe\""},
      {"at_end = \"keep\"", "at_end = \"sell\""},
      {"facts = [\"family\"", "facts = [\"families\""},
      {"[law]", "[laws]"},
      {"[[allow]]", "[allow]"},
  };
  for (auto [from, to] : wrong) {
    CHECK_MESSAGE(with(from, to).starts_with("a.toml"), std::string(to));
  }
  CHECK(said("id = \"a\"").contains("an agreement has two parties or more"));
  CHECK(said(std::string(agreement_bytes_max + 1, ' ')).contains("larger than"));
}

TEST_CASE("wrong JSON is told with its path") {
  std::string json = agreement_json(whole_agreement(), false);
  CHECK(said(replaced(json, "\"max_tlp\":\"amber\"", "\"max_tlp\":\"red\"")) ==
        "a.toml: allow[1].max_tlp: must be one of clear, green, amber, amber+strict: red never "
        "leaves by machine");
  CHECK(said(replaced(json, "\"id\"", "\"id\":\"x\",\"id\"")).contains("stands twice"));
  CHECK(said(replaced(json, "\"version\":2", "\"version\":2.5")).contains("version: must be"));
  CHECK(said(replaced(json, "\"version\":2", "\"version\":null"))
            .contains("version: must not be null"));
  CHECK(said(replaced(json, "\"version\":2", "\"versions\":2")).contains("versions: unknown key"));
  for (const char* bad : {"{", "{}", "{\"party\":[1]}", "{\"party\":{}}", "{\"allow\":[[]]}"})
    CHECK(said(bad).starts_with("a.toml: "));
}

TEST_CASE("every field of an event is one part, and parts cover their fields") {
  CHECK(part_of("source.ip") == Part::address);
  CHECK(part_of("destination.local_ip") == Part::address);
  CHECK(part_of("node.source.network") == Part::network);
  CHECK(part_of("source.network") == Part::network);
  CHECK(part_of("node.source.network_flags") == Part::asn);
  CHECK(part_of("source.geolocation.cc") == Part::country);
  CHECK(part_of("source.geolocation.cymru_cc") == Part::country);
  CHECK(part_of("source.reverse_dns") == Part::name);
  CHECK(part_of("classification.type") == Part::none);
  CHECK(part_of("extra.banner") == Part::extra);
  CHECK(part_of("nonsense") == Part::none);
  CHECK(covers("address", "source.ip"));
  CHECK(covers("source.ip", "source.ip"));
  CHECK(!covers("source.ip", "destination.ip"));
  CHECK(!covers("source.ip", "address"));
  CHECK(!covers("none", "classification.type"));
  for (const FieldRow& row : fields()) {
    CAPTURE(row.name);
    Part part = part_of(row.name);
    bool is_core = row.name == "tlp" || row.name == "classification.type" ||
                   row.name == "classification.taxonomy" || row.name == "node.exercise";
    CHECK((part == Part::none) == is_core);
    CHECK((part == Part::extra) == (row.name == "extra"));
    if (row.kind == Kind::ip) CHECK(part == Part::address);
    if (row.kind == Kind::fqdn) CHECK(part == Part::name);
    if (row.kind == Kind::url && !row.name.starts_with("feed.") &&
        !row.name.starts_with("event_description."))
      CHECK(part == Part::url);
  }
}

}  // namespace tocsin::policy
