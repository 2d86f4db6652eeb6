#include "policy/decision.h"

#include <algorithm>

#include "test.h"

namespace tocsin::policy {
namespace {

constexpr TimeUs start = 1'000 * us_per_day, end = 2'000 * us_per_day;

Agreement agreement() {
  Agreement a;
  a.id = "a.b";
  a.parties = {{.id = "a.example", .name = "A", .as = "left"},
               {.id = "b.example", .name = "B", .as = "right"}};
  a.from = start;
  a.until = end;
  a.purposes = {Purpose::defence};
  a.allow = {{.kinds = {ItemKind::event}, .max_tlp = Tlp::amber_strict, .max_pap = Pap::red}};
  a.attribution = Attribution::named;
  a.retention_days = 30;
  return a;
}

Item item() {
  Item i;
  i.type = Type::phishing;
  i.tlp = Tlp::green;
  i.pap = Pap::green;
  i.feed.may_pass_on = true;
  return i;
}

Context context() {
  return {.now = start, .from = "a.example", .to = "b.example", .standing = Standing::active};
}

// --- Written from the reference alone, as tables: does not look at how judge() works.

// Rows: the item's label, clear green amber amber+strict red unmarked; columns: the agreement's
// max_tlp, clear green amber amber+strict. "RED and unmarked never leave by machine."
constexpr const char* tlp_table[6] = {"yyyy", "-yyy", "--yy", "---y", "----", "----"};
// Rows: PAP clear green amber red none; columns: max_pap clear green amber red.
constexpr const char* pap_table[5] = {"yyyy", "-yyy", "--yy", "---y", "---y"};
// Organisation, community, connected, all, sharing group, inherit, not from MISP; columns: the
// recipient is in the sharing group, is not.
constexpr const char* distribution_table[7] = {"--", "yy", "yy", "yy", "y-", "--", "yy"};
// Of what is passed on. Rows: the originator said nothing, none, with consent, same terms,
// anonymised. Columns: consent and same terms, consent, same terms, neither. First table: up to
// green; second: amber and up, which the label keeps with the organisation without consent.
constexpr const char* onward_table[2][5] = {{"----", "----", "yy--", "y-y-", "yyyy"},
                                            {"----", "----", "yy--", "y---", "yy--"}};
// Who gets it; columns: the agreement tells those affected and the feed says yes, nothing, no; the
// agreement does not, and the feed says yes, nothing, no. First up to green, then amber and up.
constexpr const char* role_table[2][3] = {{"yyyyyy", "yy----", "yyyyyy"},
                                          {"yyyyyy", "y-----", "yyyyyy"}};
// When: before, at its first moment, within, at its end, after; for proposed, active, suspended,
// ended.
constexpr const char* validity_table[4] = {"-----", "-yy--", "-----", "-----"};

}  // namespace

TEST_CASE("who gets what is exactly the table, over every cell") {
  Agreement a = agreement();
  Context c = context();
  const std::optional<bool> says[3] = {true, std::nullopt, false};
  const std::optional<Onward> onwards[5] = {std::nullopt, Onward::none, Onward::with_consent,
                                            Onward::same_terms, Onward::anonymised};
  const TimeUs whens[5] = {start - 1, start, start + us_per_day, end, end + us_per_day};
  std::size_t cells = 0, released = 0, wrong = 0;
  auto cell = [&](const Item& i, bool others) {
    for (std::size_t max_tlp = 0; max_tlp < 4; ++max_tlp)
      for (std::size_t max_pap = 0; max_pap < 4; ++max_pap) {
        a.allow[0].max_tlp = static_cast<Tlp>(max_tlp);
        a.allow[0].max_pap = static_cast<Pap>(max_pap);
        bool wanted = others && tlp_table[static_cast<std::size_t>(i.tlp)][max_tlp] == 'y' &&
                      pap_table[static_cast<std::size_t>(i.pap)][max_pap] == 'y';
        bool got = judge(i, a, c).released();
        ++cells;
        released += got;
        wrong += got != wanted;
      }
  };
  for (int tlp = 0; tlp < 6; ++tlp)
    for (int pap = 0; pap < 5; ++pap)
      for (int dist = 0; dist < 7; ++dist)
        for (int group = 0; group < (dist == 4 ? 2 : 1); ++group)
          for (int relayed = 0; relayed < 2; ++relayed)
            for (int on = 0; on < (relayed == 1 ? 5 : 1); ++on)
              for (int bits = 0; bits < (relayed == 1 ? 4 : 1); ++bits)
                for (int role = 0; role < 3; ++role)
                  for (int told = 0; told < (role == 1 ? 6 : 1); ++told)
                    for (int when = 0; when < 20; ++when) {
                      Item i = item();
                      i.tlp = static_cast<Tlp>(tlp);
                      i.pap = static_cast<Pap>(pap);
                      if (dist < 6) i.distribution = static_cast<Distribution>(dist);
                      i.in_sharing_group = group == 0;
                      i.onward = onwards[on];
                      i.has_consent = bits < 2;
                      i.same_terms = bits % 2 == 0;
                      i.relayed = relayed == 1;
                      i.role = static_cast<PartyRole>(role);
                      a.tell_affected = told < 3;
                      i.feed.tell_affected = says[told % 3];
                      c.standing = static_cast<Standing>(when / 5);
                      c.now = whens[when % 5];
                      int strict = tlp >= 2;
                      bool passed_on = relayed == 1 && role != 0;
                      cell(i, distribution_table[dist][group] == 'y' &&
                                  role_table[strict][role][told] == 'y' &&
                                  validity_table[when / 5][when % 5] == 'y' &&
                                  (!passed_on || onward_table[strict][on][bits] == 'y'));
                    }
  MESSAGE(cells << " cells, " << released << " released");
  CHECK(wrong == 0);
  CHECK(cells > 10'000'000);
  CHECK(released > 40'000);
}

TEST_CASE("the clause that decides is named, with what would change it") {
  Agreement a = agreement();
  a.allow[0].max_tlp = Tlp::green;
  Item i = item();
  i.tlp = Tlp::amber;
  Decision d = decide(i, a, context());
  CHECK(!d.released);
  CHECK(d.clause == Clause::marking);
  CHECK(static_cast<int>(d.clause) == 4);
  CHECK(d.reason == Reason::tlp_too_strict);
  CHECK(d.sentence ==
        "withheld by clause 4 (marking): it is TLP:AMBER, and rule 1 allows up to TLP:GREEN");
  CHECK(d.counterfactual == "would pass if max_tlp of rule 1 were AMBER");
  i.country = *Country::parse("BR");
  a.allow[0].countries = {*Country::parse("PT")};
  d = decide(i, a, context());
  CHECK(d.also == std::vector{Reason::other_country});
  CHECK(d.counterfactual == "no single change would let it pass");
  i.tlp = Tlp::red;
  CHECK(decide(i, a, context()).counterfactual ==
        "no clause can let it pass: a named person releases what is red");
  CHECK(decide(i, a, context()).also ==
        std::vector{Reason::other_country});  // once for its marking
  i.tlp = Tlp::green;
  CHECK(decide(i, a, context()).counterfactual == "would pass if countries of rule 1 had BR");
  i = item();
  Context in = context();
  in.direction = Direction::ingress;
  i.tlp = Tlp::amber_strict;
  a.allow[0].countries.clear();
  CHECK(decide(i, a, in).sentence.starts_with("refused by clause 4 (marking)"));
}

TEST_CASE("each reason has its case, its clause and its counterfactual") {
  struct Row {
    Reason reason;
    const char* counterfactual;
    void (*change)(Item&, Agreement&, Context&);
  };
  using I = Item&;
  using A = Agreement&;
  using C = Context&;
  const Row rows[] = {
      {Reason::released, "", [](I, A, C) {}},
      {Reason::unknown_party, "no single", [](I, A, C c) { c.to = "c.example"; }},
      {Reason::unknown_party, "no single", [](I, A, C c) { c.to = c.from; }},
      {Reason::unsigned_agreement, "every party had signed",
       [](I, A, C c) { c.standing = Standing::proposed; }},
      {Reason::not_yet_valid, "it held from", [](I, A, C c) { c.now = start - 1; }},
      {Reason::expired, "it were renewed beyond", [](I, A, C c) { c.now = end; }},
      {Reason::suspended, "no longer suspended",
       [](I, A, C c) { c.standing = Standing::suspended; }},
      {Reason::ended, "no single", [](I, A, C c) { c.standing = Standing::ended; }},
      {Reason::other_purpose, "purposes had commercial",
       [](I, A, C c) { c.purpose = Purpose::commercial; }},
      {Reason::tlp_red, "no clause", [](I i, A, C) { i.tlp = Tlp::red; }},
      {Reason::tlp_unmarked, "its originator marked it TLP:AMBER+STRICT",
       [](I i, A, C) { i.tlp = Tlp::unmarked; }},
      {Reason::no_rule_this_way, "no single", [](I, A a, C) { a.allow.clear(); }},
      {Reason::no_rule_this_way, "from and to of rule 1",
       [](I, A a, C) { a.allow[0].way.from = {"right"}; }},
      {Reason::tlp_too_strict, "max_tlp of rule 1 were GREEN",
       [](I, A a, C) { a.allow[0].max_tlp = Tlp::clear; }},
      {Reason::pap_too_strict, "max_pap of rule 1 were GREEN",
       [](I, A a, C) { a.allow[0].max_pap = Pap::clear; }},
      {Reason::other_kind, "kinds of rule 1 had note", [](I i, A, C) { i.kind = ItemKind::note; }},
      {Reason::other_type, "types of rule 1 had phishing",
       [](I, A a, C) { a.allow[0].types = {Type::spam}; }},
      {Reason::other_type, "types of rule 1 were any",
       [](I i, A a, C) { a.allow[0].types = {Type::spam}, i.type.reset(); }},
      {Reason::other_sector, "sectors of rule 1 were any",
       [](I, A a, C) { a.allow[0].sectors = {"energy"}; }},
      {Reason::other_country, "countries of rule 1 were any",
       [](I, A a, C) { a.allow[0].countries = {*Country::parse("BR")}; }},
      {Reason::low_confidence, "min_confidence of rule 1 were 49",
       [](I i, A a, C) { a.allow[0].min_confidence = 50, i.confidence = 49; }},
      {Reason::low_confidence, "min_confidence of rule 1 were 0",
       [](I, A a, C) { a.allow[0].min_confidence = 1; }},
      {Reason::affected_not_told, "tell were true",
       [](I i, A, C) { i.role = PartyRole::affected; }},
      {Reason::affected_not_told, "its feed said",
       [](I i, A a, C) {
         i.role = PartyRole::affected;
         i.feed.tell_affected = false;
         a.tell_affected = true;
       }},
      {Reason::field_not_wanted, "without the fields",
       [](I i, A a, C c) {
         c.direction = Direction::ingress;
         a.transforms = {{.field = "address"}};
         i.fields = {"classification.type", "source.ip"};
       }},
      {Reason::field_not_wanted, "without the fields",
       [](I i, A, C c) {
         c.direction = Direction::ingress;
         i.fields = {"raw"};
       }},
      {Reason::onward_none, "passed on anonymised", [](I i, A, C) { i.relayed = true; }},
      {Reason::onward_none, "passed on under the same terms",
       [](I i, A, C) { i.relayed = i.same_terms = true; }},
      {Reason::onward_without_consent, "its originator consented",
       [](I i, A, C) {
         i.relayed = true;
         i.onward = Onward::with_consent;
       }},
      {Reason::onward_other_terms, "no wider than the one it came under",
       [](I i, A, C) {
         i.relayed = true;
         i.onward = Onward::same_terms;
       }},
      {Reason::quota_used_up, "the quota were not used up",
       [](I, A a, C) { a.quota_per_day = 10; }},
      {Reason::quota_used_up, "the quota were not used up",
       [](I, A a, C c) { a.quota_per_day = 10, c.quota_left = 0; }},
      {Reason::feed_forbids, "its feed let it be passed on",
       [](I i, A, C) { i.feed.may_pass_on = false; }},
      {Reason::feed_does_not_say, "unsaid of feed_terms were pass",
       [](I i, A, C) { i.feed.may_pass_on.reset(); }},
      {Reason::feed_other_purpose, "its feed allowed that purpose",
       [](I i, A, C) { i.feed.purposes = {Purpose::research}; }},
      {Reason::distribution_too_narrow, "its distribution were community",
       [](I i, A, C) { i.distribution = Distribution::organisation; }},
      {Reason::would_be_changed, "nothing of it were changed",
       [](I i, A, C) { i.would_be_changed = true; }},
      {Reason::originator_named, "attribution were named",
       [](I i, A a, C) { a.attribution = Attribution::pseudonymous, i.names_originator = true; }},
      {Reason::not_in_sharing_group, "its distribution were community",
       [](I i, A, C) { i.distribution = Distribution::sharing_group; }},
  };
  std::vector<bool> met(reasons_count);
  for (const Row& row : rows) {
    Item i = item();
    Agreement a = agreement();
    Context c = context();
    row.change(i, a, c);
    Decision d = decide(i, a, c);
    CAPTURE(name(row.reason));
    CHECK(name(d.reason) == name(row.reason));
    CHECK(d.released == (row.reason == Reason::released));
    CHECK_MESSAGE(d.counterfactual.contains(row.counterfactual), d.counterfactual);
    CHECK(d.sentence.contains(d.released ? "released: " : numbered(d.clause)));
    CHECK(judge(i, a, c).reason == d.reason);
    met[static_cast<std::size_t>(row.reason)] = true;
  }
  for (std::size_t i = 0; i < reasons_count; ++i)
    CHECK_MESSAGE(met[i], name(static_cast<Reason>(i)));
}

TEST_CASE("values that no enumeration has are answered, and release nothing") {
  Agreement a = agreement();
  for (int value : {6, 77, 255}) {
    CAPTURE(value);
    auto with = [&](auto change) {
      Item i = item();
      Agreement other = a;
      Context c = context();
      change(i, other, c);
      Decision d = decide(i, other, c);
      CHECK(!d.sentence.empty());
      return d.released;
    };
    CHECK(!with([&](Item& i, Agreement&, Context&) { i.tlp = static_cast<Tlp>(value); }));
    CHECK(!with([&](Item& i, Agreement& o, Context&) {
      i.pap = static_cast<Pap>(value);
      o.allow[0].max_pap = Pap::amber;
    }));
    CHECK(!with(
        [&](Item& i, Agreement&, Context&) { i.distribution = static_cast<Distribution>(value); }));
    CHECK(!with([&](Item& i, Agreement&, Context&) {
      i.relayed = true;
      i.onward = static_cast<Onward>(value);
    }));
    CHECK(!with([&](Item& i, Agreement&, Context&) { i.role = static_cast<PartyRole>(value); }));
    CHECK(
        !with([&](Item& i, Agreement&, Context&) { i.kind = static_cast<ItemKind>(value + 10); }));
    CHECK(!with([&](Item&, Agreement&, Context& c) { c.standing = static_cast<Standing>(value); }));
    CHECK(
        !with([&](Item&, Agreement&, Context& c) { c.purpose = static_cast<Purpose>(value + 7); }));
    CHECK(!with(
        [&](Item&, Agreement& o, Context&) { o.allow[0].max_pap = static_cast<Pap>(value); }));
    Item red = item();
    red.tlp = Tlp::red;
    Agreement wide = a;
    wide.allow[0].max_tlp = static_cast<Tlp>(value);
    CHECK(!judge(red, wide, context()).released());
  }
  CHECK(!decide({}, {}, {}).released);
  CHECK(!decide(item(), {}, context()).released);
  CHECK(!decide({}, a, context()).released);
  for (TimeUs now : {INT64_MIN, INT64_MAX}) {
    Context c = context();
    c.now = now;
    CHECK(!decide(item(), a, c).released);
  }
}

TEST_CASE("what follows from a transform leaves nothing that tells it") {
  Agreement a = agreement();
  a.include = {Part::raw, Part::extra};
  auto of = [&](const char* field) {
    return treatment_of(decide(item(), a, context()).treatments, field);
  };
  CHECK(decide(item(), a, context()).treatments.empty());
  a.transforms = {{.field = "address", .action = Action::pseudonymise}};
  CHECK(of("source.ip") == Treatment{.field = "source.ip", .pseudonymise = true});
  CHECK(of("destination.local_ip").pseudonymise);
  CHECK(of("source.network").pseudonymise);
  CHECK(of("controller").pseudonymise);
  for (const char* field : {"raw", "extra", "extra.banner", "comment", "event_hash",
                            "misp.event_uuid", "source.reverse_dns", "event_description.text"})
    CHECK_MESSAGE(of(field).drop, field);
  CHECK(of("source.asn") == Treatment{.field = "source.asn"});
  a.transforms.push_back({.field = "source.ip",
                          .action = Action::generalise,
                          .coarse = {.v4_bits = 16, .v6_bits = 48, .step_s = 1}});
  CHECK(of("source.ip").pseudonymise);
  CHECK(of("source.ip").coarse->v4_bits == 16);
  CHECK(!of("destination.ip").coarse);
  a.transforms.push_back({.field = "source.ip"});
  CHECK(of("source.ip") == Treatment{.field = "source.ip", .drop = true});
  a.transforms = {{.field = "account", .way = {.from = {"right"}, .to = {}}}};
  CHECK(of("source.account") == Treatment{.field = "source.account"});
  a.transforms[0].way.from = {"left"};
  CHECK(of("source.account").drop);
  a.transforms.clear();
  a.attribution = Attribution::pseudonymous;
  CHECK(of("feed.name").hash);
  a.attribution = Attribution::anonymous;
  CHECK(of("feed.name").drop);
  Item relayed = item();
  relayed.relayed = true;
  relayed.onward = Onward::anonymised;
  Decision d = decide(relayed, a, context());
  CHECK(d.released);
  for (const char* field : {"source.ip", "source.fqdn", "source.url", "source.account", "feed.code",
                            "source.abuse_contact", "controller", "source.network"})
    CHECK_MESSAGE(treatment_of(d.treatments, field).drop, field);
}

TEST_CASE("what the recipient may do with it is the strictest of all that bears on it") {
  Agreement a = agreement();
  a.onward = Onward::same_terms;
  a.tell_affected = true;
  a.affected_facts = {Fact::family, Fact::feeds};
  Item i = item();
  CHECK(decide(i, a, context()).onward == Onward::same_terms);
  CHECK(decide(i, a, context()).may_tell_affected);
  CHECK(!decide(i, a, context()).facts);
  CHECK(decide(i, a, context()).retention_days == 30);
  i.tlp = Tlp::amber;
  CHECK(decide(i, a, context()).onward == Onward::with_consent);
  CHECK(!decide(i, a, context()).may_tell_affected);
  i.tlp = Tlp::amber_strict;
  CHECK(decide(i, a, context()).onward == Onward::none);
  i = item();
  i.relayed = true;
  i.onward = Onward::anonymised;
  CHECK(decide(i, a, context()).onward == Onward::with_consent);
  i = item();
  i.distribution = Distribution::connected;
  CHECK(decide(i, a, context()).distribution == Distribution::community);
  CHECK(decide(i, a, context()).onward == Onward::same_terms);
  i.distribution = Distribution::community;
  CHECK(decide(i, a, context()).distribution == Distribution::organisation);
  CHECK(decide(i, a, context()).onward == Onward::none);
  i = item();
  i.role = PartyRole::affected;
  CHECK(decide(i, a, context()).facts == Facts{Fact::family});
}

TEST_CASE("of several rules one is enough, and the nearest says why") {
  Agreement a = agreement();
  a.allow = {{.kinds = {ItemKind::note}, .types = {Type::spam}, .max_tlp = Tlp::clear},
             {.kinds = {ItemKind::event},
              .types = {Type::spam},
              .max_tlp = Tlp::amber,
              .max_pap = Pap::red},
             {.kinds = {ItemKind::event}, .max_tlp = Tlp::clear, .max_pap = Pap::red}};
  Decision d = decide(item(), a, context());
  CHECK(!d.released);
  CHECK(d.rule == 1);
  CHECK(d.reason == Reason::other_type);
  CHECK(d.counterfactual == "would pass if types of rule 2 had phishing");
  a.allow[2].max_tlp = Tlp::green;
  d = decide(item(), a, context());
  CHECK(d.released);
  CHECK(d.rule == 2);
  CHECK(d.sentence == "released: rule 3 allows it");
}

TEST_CASE("an item and a decision have their JSON") {
  auto read = read_item(R"({"kind":"event","type":"phishing","tlp":"green","pap":"green",
    "country":"br","sector":"energy","confidence":70,"distribution":"connected","role":"third",
    "relayed":false,"onward":"same-terms","has_consent":true,"same_terms":true,
    "in_sharing_group":false,"feed_may_pass_on":true,"feed_tell_affected":false,
    "feed_purposes":["defence"],"fields":["source.ip"]})");
  REQUIRE(read);
  CHECK(read->country == *Country::parse("BR"));
  CHECK(read->confidence == 70);
  CHECK(decision_json(decide(*read, agreement(), context())) ==
        R"({"also":[],"clause":4,"clause_name":"marking","distribution":"community",)"
        R"("may_tell_affected":false,"onward":"none","reason":"released","released":true,)"
        R"("retention_days":30,"rule":1,"sentence":"released: rule 1 allows it",)"
        R"("treatments":[{"action":["drop"],"field":"extra"},{"action":["drop"],"field":"raw"}]})");
  CHECK(read_item(R"({"tlp":"ex:chr"})")->tlp == Tlp::red);
  CHECK(read_item(R"({"pap":"unclear"})")->pap == Pap::red);
  CHECK(read_item("{}")->tlp == Tlp::unmarked);
  for (const char* bad :
       {"", "[]", R"({"kind":"thing"})", R"({"country":"x"})", R"({"confidence":101})",
        R"({"confidence":-1})", R"({"relayed":1})", R"({"fields":[1]})", R"({"Tlp":"green"})",
        R"({"tlp":5})", R"({"feed_purposes":["fun"]})"}) {
    CAPTURE(bad);
    CHECK(!read_item(bad));
  }
}

}  // namespace tocsin::policy
