#include "policy/difference.h"

#include <fmt/format.h>

#include "test.h"

namespace tocsin::policy {
namespace {

Agreement agreement() {
  Agreement a;
  a.id = "a.b";
  a.parties = {{.id = "a.example", .name = "A", .as = "left", .keys = {PublicKey{}}},
               {.id = "b.example", .name = "B", .as = "right"}};
  a.from = us_per_day, a.until = 10 * us_per_day;
  a.purposes = {Purpose::defence};
  a.allow = {{.kinds = {ItemKind::event},
              .types = {Type::spam},
              .max_tlp = Tlp::green,
              .max_pap = Pap::amber,
              .min_confidence = 50}};
  a.transforms = {{.field = "account", .action = Action::hash}};
  a.onward = Onward::with_consent;
  a.attribution = Attribution::pseudonymous;
  a.retention_days = 30;
  a.quota_per_day = 100;
  a.tell_affected = true;
  a.affected_facts = {Fact::family};
  return a;
}

std::string told(const Agreement& old, const Agreement& fresh) {
  std::string out;
  for (const Difference& d : difference(old, fresh))
    out += fmt::format("{} {}: {}\n", name(d.effect), name(d.clause), d.words);
  return out;
}

}  // namespace

TEST_CASE("equal agreements do not differ") {
  CHECK(difference(agreement(), agreement()).empty());
  CHECK(!widens(agreement(), agreement()));
}

TEST_CASE("each change is one line, and the way back has the other mark") {
  struct Row {
    Effect effect;
    const char* words;
    void (*change)(Agreement&);
  };
  using A = Agreement&;
  const Row rows[] = {
      {Effect::neither, "id was 'a.b', is 'a.c'", [](A a) { a.id = "a.c"; }},
      {Effect::neither, "title", [](A a) { a.title = "x"; }},
      {Effect::neither, "version was '1', is '2'", [](A a) { a.version = 2; }},
      {Effect::neither, "replaces", [](A a) { a.replaces = "aa"; }},
      {Effect::widens, "c.example becomes a party, as party",
       [](A a) { a.parties.push_back({.id = "c.example"}); }},
      {Effect::widens, "may sign",
       [](A a) { a.parties[0].keys.push_back(SigningKey::make().public_key()); }},
      {Effect::neither, "a.example: name", [](A a) { a.parties[0].name = "AA"; }},
      {Effect::neither, "a.example: country",
       [](A a) { a.parties[0].country = *Country::parse("BR"); }},
      {Effect::neither, "other contacts", [](A a) { a.parties[0].contacts.push_back({}); }},
      {Effect::widens, "from was", [](A a) { a.from -= 1; }},
      {Effect::widens, "until was", [](A a) { a.until += 1; }},
      {Effect::neither, "review was never", [](A a) { a.review = 5; }},
      {Effect::widens, "purposes was defence, is defence, research",
       [](A a) { a.purposes.push_back(Purpose::research); }},
      {Effect::widens, "rule 1: max_tlp was TLP:GREEN, is TLP:AMBER",
       [](A a) { a.allow[0].max_tlp = Tlp::amber; }},
      {Effect::widens, "rule 1: max_pap", [](A a) { a.allow[0].max_pap = Pap::red; }},
      {Effect::widens, "rule 1: kinds was event, is event, note",
       [](A a) { a.allow[0].kinds.push_back(ItemKind::note); }},
      {Effect::widens, "rule 1: types was spam, is any", [](A a) { a.allow[0].types.clear(); }},
      {Effect::narrows, "rule 1: sectors was any, is energy",
       [](A a) { a.allow[0].sectors = {"energy"}; }},
      {Effect::narrows, "rule 1: countries was any, is BR",
       [](A a) { a.allow[0].countries = {*Country::parse("BR")}; }},
      {Effect::narrows, "rule 1: from was any, is left",
       [](A a) { a.allow[0].way.from = {"left"}; }},
      {Effect::narrows, "rule 1: to was any, is left", [](A a) { a.allow[0].way.to = {"left"}; }},
      {Effect::widens, "rule 1: min_confidence was 50, is 49",
       [](A a) { a.allow[0].min_confidence = 49; }},
      {Effect::widens, "rule 2 is added: note, up to TLP:CLEAR and PAP:CLEAR",
       [](A a) { a.allow.push_back({.kinds = {ItemKind::note}}); }},
      {Effect::widens, "those affected are now told: seen",
       [](A a) { a.affected_facts.add(Fact::seen); }},
      {Effect::narrows, "those affected may be told: was yes, is no",
       [](A a) { a.tell_affected = false; }},
      {Effect::widens, "no longer: account: hash", [](A a) { a.transforms.clear(); }},
      {Effect::narrows, "now: address: drop",
       [](A a) { a.transforms.push_back({.field = "address"}); }},
      {Effect::widens, "include was none, is raw", [](A a) { a.include = {Part::raw}; }},
      {Effect::widens, "onward was with-consent, is same-terms",
       [](A a) { a.onward = Onward::same_terms; }},
      {Effect::narrows, "onward was with-consent, is none", [](A a) { a.onward = Onward::none; }},
      {Effect::widens, "attribution was pseudonymous, is named",
       [](A a) { a.attribution = Attribution::named; }},
      {Effect::widens, "retention_days was 30, is 31", [](A a) { a.retention_days = 31; }},
      {Effect::widens, "quota_per_day was 100, is no limit", [](A a) { a.quota_per_day = 0; }},
      {Effect::narrows, "quota_per_day was 100, is 99", [](A a) { a.quota_per_day = 99; }},
      {Effect::neither, "counted", [](A a) { a.reciprocity_counted = true; }},
      {Effect::neither, "min_percent", [](A a) { a.reciprocity_min_percent = 5; }},
      {Effect::widens, "feeds that do not say", [](A a) { a.unsaid_feeds_pass = true; }},
      {Effect::neither, "legal_basis", [](A a) { a.legal_basis = "x"; }},
      {Effect::neither, "data_subjects", [](A a) { a.data_subjects = "x"; }},
      {Effect::widens, "third countries", [](A a) { a.third_countries = true; }},
      {Effect::neither, "measures", [](A a) { a.security = "x"; }},
      {Effect::neither, "breach_notice_h", [](A a) { a.breach_notice_h = 24; }},
      {Effect::neither, "notice_days", [](A a) { a.notice_days = 30; }},
      {Effect::widens, "may be kept at the end", [](A a) { a.delete_at_end = false; }},
      {Effect::neither, "applies", [](A a) { a.law = "x"; }},
      {Effect::neither, "courts", [](A a) { a.courts = "x"; }},
      {Effect::neither, "secrecy", [](A a) { a.secrecy = "x"; }},
      {Effect::neither, "language", [](A a) { a.language = "x"; }},
  };
  for (const Row& row : rows) {
    Agreement a = agreement();
    row.change(a);
    CAPTURE(std::string(row.words));
    auto there = difference(agreement(), a), back = difference(a, agreement());
    REQUIRE(there.size() == 1);
    REQUIRE(back.size() == 1);
    CHECK_MESSAGE(there[0].words.contains(row.words), there[0].words);
    CHECK(name(there[0].effect) == name(row.effect));
    CHECK(there[0].clause == back[0].clause);
    CHECK(static_cast<int>(back[0].effect) == 2 - static_cast<int>(row.effect));
    CHECK(widens(agreement(), a) == (row.effect == Effect::widens));
  }
}

TEST_CASE("what does not compare widens, both ways") {
  Agreement a = agreement(), b = agreement();
  a.onward = Onward::same_terms;
  b.onward = Onward::anonymised;
  CHECK(widens(a, b));
  CHECK(widens(b, a));
  b = a;
  b.parties[0].as = "right";
  CHECK(widens(a, b));
  CHECK(widens(b, a));
  b = a;
  b.allow[0].types = {Type::phishing};
  CHECK(widens(a, b));
  CHECK(widens(b, a));
  b = a;
  b.transforms[0].action = Action::drop;
  CHECK(!widens(a, b));
  CHECK(widens(b, a));
}

TEST_CASE("another order is told and changes nothing") {
  Agreement a = agreement(), b;
  a.allow.push_back({.kinds = {ItemKind::note}});
  b = a;
  std::swap(b.allow[0], b.allow[1]);
  CHECK(told(a, b) == "neither heading: the same clauses stand in another order\n");
  b.allow[1].max_tlp = Tlp::clear;
  CHECK(told(a, b) == "narrows marking: rule 2: max_tlp was TLP:GREEN, is TLP:CLEAR\n");
  b = a;
  b.allow.push_back({.kinds = {ItemKind::event},
                     .types = {Type::spam},
                     .max_tlp = Tlp::clear,
                     .max_pap = Pap::clear,
                     .min_confidence = 80});
  CHECK(told(a, b) ==
        "neither kinds: rule 3 is added: event, up to TLP:CLEAR and PAP:CLEAR; types spam; "
        "confidence 80 or more\n");
}

TEST_CASE("terms are kept where nothing may be done that might not be done before") {
  auto party = [](std::string id) { return Party{.id = id, .name = id, .as = id}; };
  Agreement in, out;
  in.parties = {party("a"), party("b")};
  out.parties = {party("b"), party("c")};
  for (Agreement* one : {&in, &out}) {
    one->purposes = {Purpose::defence};
    one->onward = Onward::same_terms;
    one->attribution = Attribution::named;
    one->retention_days = 90;
    one->affected_facts = facts_usual;
  }
  auto kept = [&] { return keeps_terms({out, "b", "c"}, {in, "a", "b"}); };
  CHECK(kept());
  struct Row {
    const char* what;
    void (*change)(Agreement& in, Agreement& out);
    bool kept;
  };
  using A = Agreement;
  const Row rows[] = {
      {"another purpose", [](A&, A& o) { o.purposes.push_back(Purpose::research); }, false},
      {"fewer purposes", [](A& i, A&) { i.purposes.push_back(Purpose::research); }, true},
      {"kept for longer", [](A&, A& o) { o.retention_days = 91; }, false},
      {"kept for less", [](A&, A& o) { o.retention_days = 9; }, true},
      {"only onward was said", [](A& i, A&) { i.onward = Onward::none; }, true},
      {"less onward", [](A&, A& o) { o.onward = Onward::none; }, true},
      {"what does not compare", [](A&, A& o) { o.onward = Onward::anonymised; }, false},
      {"more attribution", [](A& i, A&) { i.attribution = Attribution::pseudonymous; }, false},
      {"telling those affected", [](A&, A& o) { o.tell_affected = true; }, false},
      {"telling them, too", [](A& i, A& o) { i.tell_affected = o.tell_affected = true; }, true},
      {"telling them more",
       [](A& i, A& o) { i.tell_affected = o.tell_affected = true, i.affected_facts = {}; }, false},
      {"third countries", [](A&, A& o) { o.third_countries = true; }, false},
      {"keeping at the end", [](A&, A& o) { o.delete_at_end = false; }, false},
      {"raw records", [](A&, A& o) { o.include = {Part::raw}; }, false},
      {"a value that stays", [](A& i, A&) { i.transforms = {{.field = "address"}}; }, false},
      {"the other way's transforms",
       [](A& i, A&) { i.transforms = {{.field = "address", .way = {.from = {"b"}, .to = {}}}}; },
       true},
      {"dropped by both",
       [](A& i, A& o) {
         i.transforms = {{.field = "source.ip", .action = Action::hash}};
         o.transforms = {{.field = "address", .way = {.from = {}, .to = {"c"}}}};
       },
       true},
      {"dropped to others",
       [](A& i, A& o) {
         i.transforms = {{.field = "address"}};
         o.transforms = {{.field = "address", .way = {.from = {"c"}, .to = {}}}};
       },
       false},
  };
  for (const Row& row : rows) {
    Agreement in_before = in, out_before = out;
    row.change(in, out);
    CHECK_MESSAGE(kept() == row.kept, row.what);
    in = in_before, out = out_before;
  }
}

}  // namespace tocsin::policy
