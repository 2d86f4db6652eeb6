#include "policy/gate.h"

#include <fmt/format.h>

#include <random>

#include "test.h"

namespace tocsin::policy {
namespace {

constexpr TimeUs now = 1'000 * us_per_day;

Agreement agreement(std::string_view id) {
  Agreement a;
  a.id = id;
  a.parties = {{.id = "a.example", .name = "A", .as = "left"},
               {.id = "b.example", .name = "B", .as = "right"}};
  a.from = now - us_per_day, a.until = now + us_per_day;
  a.purposes = {Purpose::defence};
  a.allow = {{.kinds = {ItemKind::event}, .max_tlp = Tlp::green, .max_pap = Pap::red}};
  a.attribution = Attribution::named;
  return a;
}

struct World {
  Dictionary words;
  EventBatch batch;
  FeedSays says{.terms = {.may_pass_on = true}};

  void event(Tlp tlp, Type type = Type::scanner, const char* country = "BR",
             const char* sector = "", const char* extra = "") {
    std::size_t i = batch.size();
    batch.add_row();
    batch.source.ip[i] = Ip::from_v4(static_cast<std::uint32_t>(0xc0000200 + i));
    batch.tlp[i] = tlp;
    batch.type[i] = type;
    batch.source.country[i] = Country::parse(country).value_or(Country{});
    batch.sector[i] = words.id(sector);
    batch.extra[i] = batch.keep(extra);
    batch.time[i] = batch.observed[i] = now;
  }
  Gate gate(std::vector<Agreement> agreements, std::uint64_t quota_left = 0) {
    batch.seq = 7;
    batch.feed = words.id("honeypots");
    Gate::Parts parts{.words = words,
                      .from = "a.example",
                      .to = "b.example",
                      .feed = [this](std::string_view) { return says; },
                      .epoch = 5};
    for (Agreement& a : agreements) {
      parts.passes.push_back({.agreement = std::move(a),
                              .standing = Standing::active,
                              .key = pseudonym_key("secret of the node, 32 octets...", "x"),
                              .quota_left = quota_left});
    }
    return Gate(std::move(parts));
  }
};

std::string rows(const Gate::Selected& selected) {
  std::string out;
  for (Gate::Row r : selected.rows) out += fmt::format("{}:{} ", r.row, r.pass);
  return out;
}

std::uint64_t withheld(const Gate::Selected& selected, Reason reason) {
  return selected.withheld.at(static_cast<std::size_t>(reason));
}

}  // namespace

TEST_CASE("an event goes under the first agreement that releases it") {
  World world;
  world.event(Tlp::clear);
  world.event(Tlp::red);
  world.event(Tlp::amber);
  world.event(Tlp::unmarked);
  world.event(Tlp::green);
  Agreement narrow = agreement("narrow"), wide = agreement("wide");
  narrow.allow[0].max_tlp = Tlp::clear;
  wide.allow[0].max_tlp = Tlp::amber;
  auto got = world.gate({narrow, wide}).select(world.batch, traits_of(world.batch), now);
  CHECK(rows(got) == "0:0 2:1 4:1 ");
  CHECK(withheld(got, Reason::tlp_red) == 1);
  CHECK(withheld(got, Reason::tlp_unmarked) == 1);
  CHECK(rows(world.gate({}).select(world.batch, traits_of(world.batch), now)).empty());
  CHECK(
      rows(world.gate({narrow}).select(world.batch, traits_of(world.batch), narrow.until)).empty());
}

TEST_CASE("an event of MISP goes no further than its distribution") {
  World world;
  for (const char* distribution : {"organisation", "community", "all", "sharing-group", "what"}) {
    world.event(Tlp::clear, Type::scanner, "BR", "",
                fmt::format(R"("extra.misp_distribution":"{}")", distribution).c_str());
  }
  world.event(Tlp::clear);
  auto gate = world.gate({agreement("x")});
  auto selected = gate.select(world.batch, traits_of(world.batch), now);
  CHECK(rows(selected) == "1:0 2:0 5:0 ");
  CHECK(withheld(selected, Reason::distribution_too_narrow) == 2);
}

TEST_CASE("neither exercises go nor what the member itself sent, and a quota holds") {
  World world;
  for (int i = 0; i < 5; ++i) world.event(Tlp::green);
  world.event(Tlp::green, Type::test);
  world.batch.flags[1] = flag_exercise;
  CHECK(rows(world.gate({agreement("a")}).select(world.batch, traits_of(world.batch), now)) ==
        "0:0 2:0 3:0 4:0 ");
  Agreement limited = agreement("a");
  limited.quota_per_day = 10;
  auto got = world.gate({limited}, 2).select(world.batch, traits_of(world.batch), now);
  CHECK(rows(got) == "0:0 2:0 ");
  CHECK(withheld(got, Reason::quota_used_up) == 2);
  world.says.member = "b.example";
  CHECK(
      rows(world.gate({agreement("a")}).select(world.batch, traits_of(world.batch), now)).empty());
  world.says.member = "c.example";
  got = world.gate({agreement("a")}).select(world.batch, traits_of(world.batch), now);
  CHECK(rows(got).empty());
  CHECK(withheld(got, Reason::onward_none) == 4);
  world.says.onward = Onward::anonymised;
  CHECK(rows(world.gate({agreement("a")}).select(world.batch, traits_of(world.batch), now)) ==
        "0:0 2:0 3:0 4:0 ");
  EventBatch act;
  act.correction.kind = Correction::Kind::withdraw;
  CHECK(rows(world.gate({agreement("a")}).select(act, traits_of(act), now)).empty());
}

TEST_CASE("what goes is the event after its treatments, with a handle of its own for each member") {
  World world;
  world.event(Tlp::green);
  world.event(Tlp::green);
  Agreement a = agreement("a");
  a.transforms = {{.field = "address", .action = Action::generalise}};
  Gate gate = world.gate({a});
  auto told = [&](std::uint16_t row) {
    std::string ip = fmt::format("\"{}\"", ip::format(world.batch.source.ip[row]));
    std::vector<Member> members = {{"feed.name", "\"honeypots\""}, {"source.ip", ip}};
    auto cleared = gate.clear(world.batch, {row, 0}, members);
    REQUIRE(cleared);
    return *cleared;
  };
  Cleared<ToldEvent> first = told(0), second = told(1);
  CHECK(first.recipient().id == "b.example");
  CHECK(first.recipient().relation == Relation::member);
  CHECK(first.tlp() == Tlp::green);
  CHECK(first.epoch() == 5);
  CHECK(first.item().agreement == content_address(a));
  CHECK(first.item().members == second.item().members);  // one network
  CHECK(first.item().handle != second.item().handle);
  CHECK(first.item().handle == told(0).item().handle);
  std::string all;
  for (const auto& m : first.item().members) all += m.name + "=" + m.json + "\n";
  CHECK(all.contains("source.network=\"192.0.2.0/24\"\n"));
  CHECK(!all.contains("source.ip"));
  // An anonymised relay of a third member's names nobody, whatever the transforms.
  world.says = {
      .terms = {.may_pass_on = true}, .member = "c.example", .onward = Onward::anonymised};
  CHECK(std::ranges::none_of(told(0).item().members, [](const TreatedMember& m) {
    return m.name == "source.network" || m.name == "feed.name";
  }));
}

TEST_CASE("a sensor of ours is nobody's to know") {
  World world;
  world.event(Tlp::clear);
  Gate gate({.words = world.words,
             .from = "a.example",
             .to = "b.example",
             .passes = {{.agreement = agreement("a"), .standing = Standing::active}},
             .feed = [](std::string_view) { return FeedSays{.terms = {.may_pass_on = true}}; },
             .sensors = {*ip::parse_network("192.0.2.0/24")}});
  CHECK(gate.select(world.batch, traits_of(world.batch), now).rows.size() == 1);
  CHECK(gate.clear(world.batch, {0, 0}, {}).error().fault == Fault::denied);
}

// decide() is asked about each event by itself, as an item made here.
TEST_CASE("what is selected is what decide() releases, over random events and agreements") {
  std::mt19937_64 random(3);
  auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::array<const char*, 3> countries = {"BR", "PT", ""}, sectors = {"energy", "health", ""};
  const std::array<Type, 3> types = {Type::scanner, Type::phishing, Type::infected_system};
  std::size_t released = 0, kept = 0;
  for (int round = 0; round < 1000; ++round) {
    World world;
    std::vector<Item> items;
    world.says = {.terms = {.may_pass_on = pick(3) == 0 ? std::optional<bool>() : pick(2) == 0}};
    for (int i = 0; i < 60; ++i) {
      Item item{.type = types[pick(3)],
                .sector = sectors[pick(3)],
                .tlp = static_cast<Tlp>(pick(6)),
                .feed = world.says.terms};
      const char* country = countries[pick(3)];
      item.country = Country::parse(country).value_or(Country{});
      if (pick(2) == 0) item.confidence = static_cast<std::uint8_t>(pick(101));
      std::string extra =
          item.confidence ? fmt::format("\"feed.accuracy\":{}.0", *item.confidence) : "";
      world.event(item.tlp, *item.type, country, item.sector.c_str(), extra.c_str());
      items.push_back(item);
    }
    std::vector<Agreement> agreements;
    for (std::size_t i = pick(4); i > 0; --i) {
      Agreement a = agreement(fmt::format("a{}", i));
      a.allow[0].max_tlp = static_cast<Tlp>(pick(4));
      a.allow[0].min_confidence = static_cast<std::uint8_t>(pick(3) * 40);
      if (pick(2) == 0) a.allow[0].types = {types[pick(3)]};
      if (pick(2) == 0) a.allow[0].sectors = {sectors[pick(2)]};
      if (pick(2) == 0) a.allow[0].countries = {*Country::parse(countries[pick(2)])};
      if (pick(3) == 0) a.allow[0].max_pap = static_cast<Pap>(pick(4));
      a.unsaid_feeds_pass = pick(2) == 0;
      agreements.push_back(a);
    }
    std::string wanted;
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t a = 0; a < agreements.size(); ++a) {
        Context context{
            .now = now, .from = "a.example", .to = "b.example", .standing = Standing::active};
        if (!decide(items[i], agreements[a], context).released) continue;
        wanted += fmt::format("{}:{} ", i, a);
        ++released;
        break;
      }
    }
    auto got = world.gate(agreements).select(world.batch, traits_of(world.batch), now);
    CHECK(rows(got) == wanted);
    std::uint64_t all = got.rows.size();
    for (std::uint64_t count : got.withheld) all += count, kept += count;
    CHECK(all == (agreements.empty() ? 0 : items.size()));
  }
  CHECK(released > 1000);
  CHECK(kept > 1000);
}

TEST_CASE("an object of others goes on only as its agreement lets, and never back") {
  World w;
  Agreement goes = agreement("ab"), came = agreement("ca");
  came.parties[1] = {.id = "c.example", .name = "C", .as = "third"};
  came.parties[0].as = "left";
  goes.allow[0].kinds = {ItemKind::indicator};
  for (Agreement* one : {&goes, &came}) {
    one->onward = Onward::same_terms;
    one->retention_days = 30;
  }
  w.says = {.member = "c.example", .onward = Onward::none};  // of all that it brought; not asked
  std::shared_ptr<const Agreement> under = std::make_shared<Agreement>(came);
  Gate::Parts parts{.words = w.words,
                    .from = "a.example",
                    .to = "b.example",
                    .passes = {{.agreement = goes, .standing = Standing::active}},
                    .feed = [&](std::string_view) { return w.says; },
                    .sensors = {*ip::parse_network("198.51.100.0/24")},
                    .came_under =
                        [&](std::string_view member, std::string_view address) {
                          CHECK(member == "c.example");
                          if (address != "ca" || under == nullptr) return CameUnder();
                          return CameUnder{content_address(*under), under};
                        },
                    .to_identity = "identity--b"};
  auto gate = std::make_unique<Gate>(parts);
  Item item{.kind = ItemKind::indicator, .tlp = Tlp::green};
  Gate::Foreign what{.feed = "partner.c.example",
                     .under = "ca",
                     .creator = "identity--c",
                     .object =
                         R"({"id":"malware--1b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f3a11",)"
                         R"("created":"2026-01-02T00:00:00.000Z",)"
                         R"("created_by_ref":"identity--2b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f3a11"})",
                     .with = {}};
  auto reason = [&](const Gate::Foreign& one) { return gate->judge(item, one, now).reason; };
  auto said = [&](const Gate::Foreign& one) {
    std::uint64_t left[] = {UINT64_MAX};
    return gate->decisions(item, one, left, now).at(0);
  };
  CHECK(reason(what) == Reason::released);
  CHECK(said(what).released);
  REQUIRE(gate->clear_foreign(item, what, 0).has_value());
  CHECK(gate->clear_foreign(item, what, 0)->item() == what.object);
  SUBCASE("to who made it") {
    what.creator = "identity--b";
    CHECK(gate->is_senders(what));
    CHECK(reason(what) != Reason::released);
    CHECK_FALSE(gate->clear_foreign(item, what, 0).has_value());
  }
  SUBCASE("to who sent it") {
    w.says.member = "b.example";
    CHECK(gate->is_senders(what));
    CHECK(reason(what) != Reason::released);
  }
  SUBCASE("from AMBER on its author must consent") {
    item.tlp = Tlp::amber;
    parts.passes[0].agreement.allow[0].max_tlp = Tlp::amber;
    gate = std::make_unique<Gate>(parts);
    CHECK(reason(what) == Reason::onward_without_consent);
  }
  SUBCASE("what it came under holds no longer, or is another") {
    what.under = "cx";
    CHECK(reason(what) == Reason::onward_none);
    what.under = "ca";
    under = nullptr;
    CHECK(reason(what) == Reason::onward_none);
  }
  SUBCASE("its next version lets it go no further") {
    came.onward = Onward::none;
    under = std::make_shared<Agreement>(came);
    CHECK(reason(what) == Reason::onward_none);
    CHECK(said(what).sentence.contains("clause 13 (onward)"));
  }
  SUBCASE("its next version keeps things for less") {
    came.retention_days = 29;
    under = std::make_shared<Agreement>(came);
    CHECK(reason(what) == Reason::onward_other_terms);
    CHECK(said(what).counterfactual.contains("no wider"));
  }
  SUBCASE("anonymised nothing stays of it") {
    came.onward = Onward::anonymised;
    under = std::make_shared<Agreement>(came);
    CHECK(reason(what) == Reason::would_be_changed);
  }
  SUBCASE("something of it would be changed") {
    parts.passes[0].agreement.transforms = {{.field = "address"}};
    gate = std::make_unique<Gate>(parts);
    CHECK(reason(what) == Reason::released);
    what.object = R"({"id":"x","name":"192.0.2.7"})";
    CHECK(reason(what) == Reason::would_be_changed);
    CHECK(clause_of(Reason::would_be_changed) == Clause::fields);
    CHECK_FALSE(gate->clear_foreign(item, what, 0).has_value());
  }
  SUBCASE("it names its author, and the agreement names nobody") {
    parts.passes[0].agreement.attribution = Attribution::anonymous;
    gate = std::make_unique<Gate>(parts);
    CHECK(reason(what) == Reason::originator_named);
    CHECK(said(what).sentence.contains("clause 14 (attribution)"));
    what.object = R"({"id":"x"})";
    CHECK(reason(what) == Reason::released);
    what.with =
        R"({"objects":[{"created_by_ref":"identity--2b1a7e4c-2f0a-4c55-9d8e-0a8d2f6f3a11"}]})";
    CHECK(reason(what) == Reason::originator_named);
    CHECK_FALSE(gate->clear_foreign(item, what, 0).has_value());
  }
  SUBCASE("a sensor of ours stands in it") {
    what.object = R"({"id":"x","name":"198.51.100.7"})";
    CHECK(reason(what) == Reason::would_be_changed);
  }
}

}  // namespace tocsin::policy
