// The decision against a naive oracle that reads the agreement's JSON, and under added
// restrictions. TOCSIN_POLICIES sets how many random policies are tried.
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "base/text.h"
#include "policy/decision.h"
#include "policy/difference.h"
#include "test.h"

namespace tocsin::policy {
namespace {

std::size_t policies() {
  const char* said = std::getenv("TOCSIN_POLICIES");
  return said == nullptr ? 100'000 : text::number(said).value_or(100'000);
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return random_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  T value(std::size_t n) {
    return static_cast<T>(below(n));
  }
  template <class T>
  std::vector<T> some(const std::vector<T>& of) {
    std::vector<T> out;
    for (const T& one : of) {
      if (one_in(2)) out.push_back(one);
    }
    return out;
  }

 private:
  std::mt19937_64 random_;
};

const std::vector<Type> types = {Type::phishing, Type::spam, Type::infected_system};
const std::vector<std::string> sectors = {"energy", "health"};
const std::vector<Country> countries = {*Country::parse("BR"), *Country::parse("PT")};
const std::vector<std::string> fields = {"address", "source.ip", "time",
                                         "account", "network",   "url"};

Agreement draw_agreement(Draw& draw) {
  Agreement a;
  a.id = "a";
  for (const char* id : {"a.example", "b.example", "c.example"}) {
    if (a.parties.size() < 2 || draw.one_in(2))
      a.parties.push_back({.id = id, .name = id, .as = draw.one_in(2) ? "left" : "right"});
  }
  a.from = 100, a.until = 100 + static_cast<TimeUs>(draw.one_in(8) ? draw.below(50) : 100);
  a.purposes = draw.some<Purpose>({Purpose::defence, Purpose::research});
  if (!draw.one_in(4)) a.purposes.push_back(Purpose::defence);
  for (std::size_t i = draw.one_in(8) ? 0 : 1 + draw.below(4); i > 0; --i) {
    Allow rule{.max_tlp = draw.value<Tlp>(4), .max_pap = draw.value<Pap>(4)};
    if (draw.one_in(6)) rule.way.from = {draw.one_in(2) ? "left" : "right"};
    if (draw.one_in(6)) rule.way.to = {draw.one_in(2) ? "left" : "right"};
    rule.kinds = draw.some<ItemKind>({ItemKind::event, ItemKind::finding, ItemKind::note});
    if (!draw.one_in(3)) rule.kinds.push_back(ItemKind::event);
    if (draw.one_in(5)) rule.types = draw.some(types);
    if (draw.one_in(5)) rule.sectors = draw.some(sectors);
    if (draw.one_in(5)) rule.countries = draw.some(countries);
    if (draw.one_in(5)) rule.min_confidence = static_cast<std::uint8_t>(draw.below(101));
    a.allow.push_back(rule);
  }
  while (draw.one_in(2)) {
    Transform t{.field = fields[draw.below(fields.size())]};
    t.action = draw.value<Action>(4);
    if (!can(t.action, part_of(t.field))) t.action = Action::drop;
    if (draw.one_in(3)) t.way.from = {"left"};
    a.transforms.push_back(t);
  }
  a.include = draw.some<Part>({Part::raw, Part::extra});
  a.attribution = draw.value<Attribution>(3);
  a.onward = draw.value<Onward>(4);
  a.tell_affected = draw.one_in(2);
  for (std::size_t i = 0; i < facts_count; ++i) {
    if (draw.one_in(2)) a.affected_facts.add(static_cast<Fact>(i));
  }
  a.quota_per_day = draw.one_in(4) ? 5 : 0;
  a.unsaid_feeds_pass = draw.one_in(2);
  a.retention_days = 1 + static_cast<std::uint32_t>(draw.below(9));
  return a;
}

std::optional<bool> maybe(Draw& draw) {
  if (draw.one_in(3)) return std::nullopt;
  return draw.one_in(2);
}

Item draw_item(Draw& draw) {
  Item i;
  i.kind = !draw.one_in(4) ? ItemKind::event : draw.value<ItemKind>(item_kinds_count);
  if (!draw.one_in(4)) i.type = types[draw.below(types.size())];
  if (!draw.one_in(4)) i.sector = sectors[draw.below(2)];
  if (!draw.one_in(4)) i.country = countries[draw.below(2)];
  i.tlp = draw.one_in(2) ? Tlp::clear : draw.value<Tlp>(6);
  i.pap = draw.one_in(2) ? Pap::clear : draw.value<Pap>(5);
  if (!draw.one_in(4)) i.confidence = static_cast<std::uint8_t>(draw.below(101));
  if (draw.one_in(4)) i.distribution = draw.value<Distribution>(6);
  i.in_sharing_group = draw.one_in(2);
  i.role = draw.one_in(2) ? PartyRole::third : draw.value<PartyRole>(3);
  i.relayed = draw.one_in(3);
  if (!draw.one_in(4)) i.onward = draw.value<Onward>(4);
  i.has_consent = draw.one_in(2);
  i.same_terms = draw.one_in(2);
  i.feed.may_pass_on = !draw.one_in(4) ? std::optional(true) : maybe(draw);
  i.feed.tell_affected = maybe(draw);
  if (draw.one_in(8)) i.feed.purposes = {Purpose::research};
  if (draw.one_in(4)) i.fields = {fields[draw.below(fields.size())], "raw"};
  return i;
}

Context draw_context(Draw& draw) {
  const char* ids[] = {"a.example", "b.example", "c.example", "d.example"};
  Context c{.now = draw.one_in(8) ? 90 + static_cast<TimeUs>(draw.below(60)) : 120,
            .from = ids[0],
            .to = ids[1],
            .direction = draw.value<Direction>(2),
            .standing = Standing::active,
            .purpose = draw.one_in(8) ? Purpose::research : Purpose::defence,
            .quota_left = std::nullopt};
  if (draw.one_in(8)) c.from = ids[draw.below(4)], c.to = ids[draw.below(4)];
  if (draw.one_in(8)) c.standing = draw.value<Standing>(4);
  if (!draw.one_in(4)) c.quota_left = draw.below(3);
  return c;
}

// --- The oracle: words and lists only. It reads the agreement as a partner would, from its JSON.

using Json = simdjson::dom::element;

// Is the list absent, or has it the word?
bool open_or_has(const Json& table, std::string_view key, std::string_view word) {
  simdjson::dom::array list;
  if (table[key].get(list)) return true;
  return std::ranges::any_of(list, [&](Json one) { return std::string_view(one) == word; });
}

std::string text_at(const Json& table, std::string_view pointer, std::string otherwise = "") {
  std::string_view text;
  return table.at_pointer(pointer).get(text) ? otherwise : std::string(text);
}

std::string_view labels_up_to(const std::string& most) {
  static const std::map<std::string, std::string_view> up_to = {
      {"clear", "/clear/"},
      {"green", "/clear/green/"},
      {"amber", "/clear/green/amber/"},
      {"amber+strict", "/clear/green/amber/amber+strict/"},
      {"red", "/clear/green/amber/red//"}};
  return up_to.at(most);
}

bool has_label(std::string_view labels, std::string_view label) {
  return labels.contains("/" + std::string(label) + "/");
}

bool rule_passes(const Json& rule, const Item& i, const std::string& from, const std::string& to) {
  std::int64_t least = 0;
  if (rule["min_confidence"].get(least)) least = 0;
  return open_or_has(rule, "from", from) && open_or_has(rule, "to", to) && !rule["kinds"].error() &&
         open_or_has(rule, "kinds", name(i.kind)) &&
         open_or_has(rule, "types", i.type ? name(*i.type) : "?") &&
         open_or_has(rule, "sectors", i.sector) &&
         open_or_has(rule, "countries", i.country.text()) &&
         (i.tlp != Tlp::red && i.tlp != Tlp::unmarked &&
          has_label(labels_up_to(text_at(rule, "/max_tlp")), name(i.tlp))) &&
         has_label(labels_up_to(text_at(rule, "/max_pap")), name(i.pap)) &&
         (least == 0 || (i.confidence && *i.confidence >= least));
}

bool oracle(const Json& root, const Agreement& a, const Item& i, const Context& c) {
  std::string from, to;
  for (Json party : root["party"].get_array()) {
    if (text_at(party, "/id") == c.from) from = text_at(party, "/as");
    if (text_at(party, "/id") == c.to) to = text_at(party, "/as");
  }
  if (from.empty() || to.empty() || c.from == c.to) return false;
  if (name(c.standing) != "active") return false;
  if (!(a.from <= c.now && c.now < a.until)) return false;  // too small for the JSON's seconds
  if (root["purposes"].error() || !open_or_has(root, "purposes", name(c.purpose))) return false;
  bool any = false;
  simdjson::dom::array rules;
  if (root["allow"].get(rules)) return false;
  for (Json rule : rules) any |= rule_passes(rule, i, from, to);
  if (!any) return false;
  bool out = c.direction == Direction::egress, private_label = name(i.tlp).starts_with("amber");
  bool tell = !root.at_pointer("/affected/tell").error();
  if (i.role == PartyRole::affected) {
    if (!tell) return false;
    if (out && i.feed.tell_affected == std::optional(false)) return false;
    if (out && private_label && i.feed.tell_affected != std::optional(true)) return false;
  }
  if (i.relayed && i.role != PartyRole::originator) {
    std::string let = i.onward ? std::string(name(*i.onward)) : "unsaid";
    if (let == "none") return false;
    if (out && let == "unsaid") return false;
    if (out && let == "same-terms" && !i.same_terms) return false;
    if (out && !i.has_consent && (let == "with-consent" || private_label)) return false;
  }
  std::int64_t quota = 0;
  if (!root["quota_per_day"].get(quota) && c.quota_left.value_or(0) == 0) return false;
  if (out) {
    bool lax = text_at(root, "/feed_terms/unsaid", "withhold") == "pass" || i.relayed;
    if (!(i.feed.may_pass_on.has_value() ? *i.feed.may_pass_on : lax)) return false;
    bool fits = i.feed.purposes.empty();
    for (Purpose purpose : i.feed.purposes) fits |= purpose == c.purpose;
    if (!fits) return false;
  } else {
    simdjson::dom::array list;
    for (const std::string& field : i.fields) {
      if (field == "raw" && (root["include"].error() || !open_or_has(root, "include", "raw")))
        return false;
      if (root["transform"].get(list)) continue;
      for (Json t : list) {
        std::string named = text_at(t, "/field");
        bool meant = named == field || (named == "address" && field == "source.ip");
        if (meant && text_at(t, "/action") == "drop" && open_or_has(t, "from", from)) return false;
      }
    }
  }
  if (!i.distribution) return true;
  std::string_view how = name(*i.distribution);
  if (how == "sharing-group") return i.in_sharing_group;
  return how == "community" || how == "connected" || how == "all";
}

// Does `after` tell no more than `before`?
bool no_finer(const Treatment& after, const Treatment& before) {
  if (after.drop) return true;
  if (before.drop || (before.pseudonymise && !after.pseudonymise) || (before.hash && !after.hash))
    return false;
  if (!before.coarse) return true;
  return after.coarse && after.coarse->v4_bits <= before.coarse->v4_bits &&
         after.coarse->v6_bits <= before.coarse->v6_bits &&
         after.coarse->step_s % before.coarse->step_s == 0;
}

bool no_wider(Onward after, Onward before) {
  if (after == before || after == Onward::none) return true;
  return after == Onward::with_consent && before != Onward::none;
}

// One restriction more. A list that is empty means any: the last value is never taken away.
void restrict_agreement(Draw& draw, Agreement& a) {
  auto shorter = [&](auto& list, bool also_last) {
    if (list.size() > (also_last ? 0u : 1u)) list.erase(list.begin() + draw.below(list.size()));
  };
  Allow none;
  Allow& rule = a.allow.empty() ? none : a.allow[draw.below(a.allow.size())];
  switch (draw.below(20)) {
    case 0:
      shorter(a.allow, true);
      break;
    case 1:
      shorter(a.purposes, true);
      break;
    case 2:
      rule.max_tlp = std::min(rule.max_tlp, draw.value<Tlp>(4));
      break;
    case 3:
      rule.max_pap = std::min(rule.max_pap, draw.value<Pap>(4));
      break;
    case 4:
      shorter(rule.kinds, true);
      break;
    case 5:
      rule.types.empty() ? void(rule.types = {types[0]}) : shorter(rule.types, false);
      break;
    case 6:
      rule.sectors.empty() ? void(rule.sectors = {"energy"}) : shorter(rule.sectors, false);
      break;
    case 7:
      rule.countries.empty() ? void(rule.countries = {countries[0]})
                             : shorter(rule.countries, false);
      break;
    case 8:
      rule.min_confidence = std::max<std::uint8_t>(rule.min_confidence, 60);
      break;
    case 9:
      rule.way.from.empty() ? void(rule.way.from = {"left"}) : void();
      break;
    case 10:
      rule.way.to.empty() ? void(rule.way.to = {"right"}) : void();
      break;
    case 11:
      a.from += 10;
      break;
    case 12:
      a.until -= 10;
      break;
    case 13:
      a.tell_affected = false;
      break;
    case 14: {
      Transform t{.field = fields[draw.below(fields.size())], .action = draw.value<Action>(4)};
      if (can(t.action, part_of(t.field))) a.transforms.push_back(t);
      break;
    }
    case 15:
      shorter(a.include, true);
      break;
    case 16:
      a.attribution = std::min(a.attribution, draw.value<Attribution>(3));
      break;
    case 17:
      a.onward = draw.one_in(2) ? Onward::none : std::min(a.onward, Onward::with_consent);
      break;
    case 18:
      a.quota_per_day = 5;
      break;
    case 19:
      a.unsaid_feeds_pass = false, a.affected_facts = {};
      break;
  }
}

void restrict_item(Draw& draw, Item& i, Context& c) {
  auto stricter = [](std::optional<bool>& said) {
    said = said == true ? std::optional<bool>() : false;
  };
  switch (draw.below(14)) {
    case 0:
      i.tlp = std::max(i.tlp, draw.value<Tlp>(6));
      break;
    case 1:
      i.pap = std::max(i.pap, draw.value<Pap>(5));
      break;
    case 2:
      i.has_consent = false;
      break;
    case 3:
      i.same_terms = false;
      break;
    case 4:
      i.onward = Onward::none;
      break;  // saying nothing is the same only at egress
    case 5:
      i.in_sharing_group = false;
      break;
    case 6:
      i.distribution = draw.one_in(2) ? Distribution::organisation : Distribution::inherit;
      break;
    case 7:
      stricter(i.feed.tell_affected);
      break;
    case 8:
      stricter(i.feed.may_pass_on);
      break;
    case 9:
      i.feed.purposes.empty() ? void(i.feed.purposes = {Purpose::defence}) : void();
      break;
    case 10:
      c.standing = draw.one_in(2) ? Standing::suspended : Standing::ended;
      break;
    case 11:
      c.quota_left = std::min<std::uint64_t>(c.quota_left.value_or(0), draw.below(2));
      break;
    case 12:
      i.confidence.reset();
      break;
    case 13:
      i.feed.facts = {};
      break;
  }
}

}  // namespace

TEST_CASE("random policies are decided as the naive oracle decides them") {
  Draw draw(20'26);
  simdjson::dom::parser parser;
  std::size_t released = 0, wrong = 0, asked = 0;
  for (std::size_t n = policies(); n > 0; --n) {
    Agreement a = draw_agreement(draw);
    Json root = parser.parse(agreement_json(a, false)).value();
    for (int k = 0; k < 4; ++k) {
      Item i = draw_item(draw);
      Context c = draw_context(draw);
      bool got = judge(i, a, c).released(), wanted = oracle(root, a, i, c);
      ++asked;
      released += got;
      if (got == wanted) continue;
      if (++wrong > 3) continue;
      FAIL_CHECK("wanted " << wanted << ": " << decide(i, a, c).sentence << "\n"
                           << agreement_json(a, false));
    }
  }
  MESSAGE(asked << " asked, " << released << " released");
  CHECK(wrong == 0);
  CHECK(released > asked / 50);
}

TEST_CASE("a restriction more never releases more") {
  Draw draw(7);
  std::size_t both = 0, fewer = 0;
  for (std::size_t n = policies() * 2; n > 0; --n) {
    Agreement a = draw_agreement(draw);
    Item i = draw_item(draw);
    Context c = draw_context(draw);
    Agreement a2 = a;
    Item i2 = i;
    Context c2 = c;
    for (int more = 0; more < 2; ++more)
      draw.one_in(2) ? restrict_agreement(draw, a2) : restrict_item(draw, i2, c2);
    if (!judge(i, a, c).released()) {
      REQUIRE_MESSAGE(!judge(i2, a2, c2).released(), decide(i, a, c).sentence
                                                         << agreement_json(a, false)
                                                         << agreement_json(a2, false));
      continue;
    }
    if (!judge(i2, a2, c2).released()) {
      ++fewer;
      continue;
    }
    ++both;
    Decision before = decide(i, a, c), after = decide(i2, a2, c2);
    for (std::size_t f = 0; f < fields.size() + parts_count - 1; ++f) {
      std::string field = f < fields.size()
                              ? fields[f]
                              : std::string(name(static_cast<Part>(f - fields.size() + 1)));
      // What passes on anonymised without the bit is no more than nothing.
      REQUIRE_MESSAGE(
          no_finer(treatment_of(after.treatments, field), treatment_of(before.treatments, field)),
          field);
    }
    REQUIRE(no_wider(after.onward, before.onward));
    REQUIRE((!after.may_tell_affected || before.may_tell_affected));
    if (before.facts) REQUIRE((*after.facts & *before.facts) == *after.facts);
    if (after.distribution && before.distribution)
      REQUIRE((*after.distribution == *before.distribution ||
               *after.distribution == Distribution::organisation));
  }
  MESSAGE(both << " released before and after, " << fewer << " only before");
  CHECK(both > policies() / 50);
  CHECK(fewer > policies() / 50);
}

TEST_CASE("an agreement that does not widen another releases nothing that it does not") {
  Draw draw(13);
  std::size_t narrow = 0, wide = 0;
  for (std::size_t n = policies() / 5; n > 0; --n) {
    Agreement old = draw_agreement(draw), fresh = old;
    for (std::size_t i = draw.below(4); i > 0; --i) restrict_agreement(draw, fresh);
    if (draw.one_in(3)) std::swap(old, fresh);
    if (draw.one_in(16)) fresh = draw_agreement(draw);
    auto changes = difference(old, fresh);
    REQUIRE(changes.empty() == (content_address(old) == content_address(fresh)));
    if (widens(old, fresh)) {
      ++wide;
      continue;
    }
    ++narrow;
    for (int k = 0; k < 4; ++k) {
      Item i = draw_item(draw);
      Context c = draw_context(draw);
      if (!judge(i, fresh, c).released()) continue;
      REQUIRE_MESSAGE(judge(i, old, c).released(), agreement_json(old, false)
                                                       << agreement_json(fresh, false));
      Decision before = decide(i, old, c), after = decide(i, fresh, c);
      for (const std::string& field : fields)
        REQUIRE(no_finer(treatment_of(after.treatments, field),
                         treatment_of(before.treatments, field)));
      REQUIRE(no_wider(after.onward, before.onward));
      REQUIRE(after.retention_days <= before.retention_days);
    }
  }
  MESSAGE(narrow << " narrower, " << wide << " wider");
  CHECK(narrow > policies() / 20);
  CHECK(wide > policies() / 20);
}

TEST_CASE("a counterfactual is true: with that change, the item passes") {
  Draw draw(11);
  std::size_t possible = 0;
  for (std::size_t n = policies() / 20; n > 0; --n) {
    Agreement a = draw_agreement(draw);
    Item i = draw_item(draw);
    Context c = draw_context(draw);
    Decision d = decide(i, a, c);
    REQUIRE(d.released == d.counterfactual.empty());
    REQUIRE(d.released == (d.reason == Reason::released));
    if (d.released) continue;
    // Where more than one thing stands against it, only another rule can help, or a marking where
    // there is none: that may end the need for consent as well.
    if (!d.also.empty() && a.allow.size() < 2 && i.tlp != Tlp::unmarked)
      REQUIRE_MESSAGE(!d.counterfactual.starts_with("would"), d.counterfactual);
    possible += d.counterfactual.starts_with("would pass if ");
    std::string_view of_rule = d.counterfactual;
    if (std::size_t at = of_rule.find("max_tlp of rule "); at != of_rule.npos) {
      Agreement b = a;
      b.allow[*text::number(of_rule.substr(at + 16, 1)) - 1].max_tlp = i.tlp;
      REQUIRE(judge(i, b, c).released());
      for (auto tlp = std::size_t{0}; tlp < static_cast<std::size_t>(i.tlp); ++tlp) {
        b.allow[*text::number(of_rule.substr(at + 16, 1)) - 1].max_tlp = static_cast<Tlp>(tlp);
        REQUIRE(!judge(i, b, c).released());
      }
    }
  }
  CHECK(possible > policies() / 200);
}

}  // namespace tocsin::policy
