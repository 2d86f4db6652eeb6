#include "policy/decision.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "policy/counterfactual.h"

namespace tocsin::policy {
namespace {

struct ReasonRow {
  std::string_view name;
  Clause clause;
};

constexpr std::array<ReasonRow, reasons_count> reasons = {{
    {"released", Clause::marking},
    {"unknown-party", Clause::parties},
    {"unsigned", Clause::parties},
    {"not-yet-valid", Clause::validity},
    {"expired", Clause::validity},
    {"suspended", Clause::validity},
    {"ended", Clause::validity},
    {"other-purpose", Clause::purposes},
    {"tlp-red", Clause::marking},
    {"tlp-unmarked", Clause::marking},
    {"no-rule-this-way", Clause::parties},
    {"tlp-too-strict", Clause::marking},
    {"pap-too-strict", Clause::pap},
    {"other-kind", Clause::kinds},
    {"other-type", Clause::types},
    {"other-sector", Clause::sectors},
    {"other-country", Clause::countries},
    {"low-confidence", Clause::confidence},
    {"affected-not-told", Clause::affected},
    {"field-not-wanted", Clause::fields},
    {"onward-none", Clause::onward},
    {"onward-without-consent", Clause::onward},
    {"onward-other-terms", Clause::onward},
    {"quota-used-up", Clause::quota},
    {"feed-forbids", Clause::feed_terms},
    {"feed-does-not-say", Clause::feed_terms},
    {"feed-other-purpose", Clause::feed_terms},
    {"distribution-too-narrow", Clause::distribution},
    {"not-in-sharing-group", Clause::distribution},
    {"would-be-changed", Clause::fields},
    {"originator-named", Clause::attribution},
}};

constexpr auto rule_reasons = std::to_array<Reason>(
    {Reason::tlp_too_strict, Reason::pap_too_strict, Reason::other_kind, Reason::other_type,
     Reason::other_sector, Reason::other_country, Reason::low_confidence});

template <class List, class T>
bool has(const List& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

Pap strictest_if_none(Pap pap) {
  return pap <= Pap::red ? pap : Pap::red;
}

bool breaks(const Allow& rule, const Item& item, Reason reason) {
  switch (reason) {
    case Reason::tlp_too_strict:
      return item.tlp > rule.max_tlp;
    case Reason::pap_too_strict:
      return rule.max_pap > Pap::red || strictest_if_none(item.pap) > rule.max_pap;
    case Reason::other_kind:
      return !has(rule.kinds, item.kind);
    case Reason::other_type:
      return !rule.types.empty() && (!item.type || !has(rule.types, *item.type));
    case Reason::other_sector:
      return !rule.sectors.empty() && !has(rule.sectors, item.sector);
    case Reason::other_country:
      return !rule.countries.empty() && !has(rule.countries, item.country);
    case Reason::low_confidence:
      return rule.min_confidence > 0 && item.confidence.value_or(0) < rule.min_confidence;
    default:
      return true;
  }
}

// What stands between an item and each rule; of several rules the one with the least.
struct Nearest {
  int rule = -1;
  std::size_t broken = rule_reasons.size() + 1;
};

Nearest nearest_rule(const Item& item, const Agreement& a, const Context& c) {
  const Party *from = a.party(c.from), *to = a.party(c.to);
  Nearest best;
  for (std::size_t i = 0; i < a.allow.size(); ++i) {
    if (from == nullptr || to == nullptr || !leads(a.allow[i].way, from->as, to->as)) continue;
    auto broken = static_cast<std::size_t>(std::ranges::count_if(
        rule_reasons, [&](Reason reason) { return breaks(a.allow[i], item, reason); }));
    if (broken < best.broken) best = {static_cast<int>(i), broken};
  }
  return best;
}

bool is_affected(PartyRole role) {
  return role != PartyRole::third && role != PartyRole::originator;
}

// At ingress: does it have what the sender was to drop?
bool has_unwanted_field(const Item& item, const Agreement& a, const Context& c) {
  const Party *from = a.party(c.from), *to = a.party(c.to);
  if (c.direction != Direction::ingress || from == nullptr || to == nullptr) return false;
  for (const std::string& field : item.fields) {
    Part part = part_of(field);
    if ((part == Part::raw || part == Part::extra) && !has(a.include, part)) return true;
    for (const Transform& t : a.transforms) {
      if (t.action == Action::drop && covers(t.field, field) && leads(t.way, from->as, to->as))
        return true;
    }
  }
  return false;
}

// What the originator lets be done, of what is passed on. At ingress the sender holds the consent:
// only what is plainly forbidden shows.
Reason relaying(const Item& item, const Context& c) {
  if (!item.relayed || item.role == PartyRole::originator) return Reason::released;
  bool says_none = item.onward && *item.onward == Onward::none;
  if (c.direction == Direction::ingress) return says_none ? Reason::onward_none : Reason::released;
  switch (item.onward.value_or(Onward::none)) {
    case Onward::with_consent:
      return item.has_consent ? Reason::released : Reason::onward_without_consent;
    case Onward::same_terms:
      if (!item.same_terms) return Reason::onward_other_terms;
      break;
    case Onward::anonymised:
      break;
    default:
      return Reason::onward_none;
  }
  // The label itself keeps it with the organisation, or that and its clients.
  bool needs_consent = item.tlp > Tlp::green;
  return needs_consent && !item.has_consent ? Reason::onward_without_consent : Reason::released;
}

Reason feeds(const Item& item, const Agreement& a, const Context& c) {
  if (c.direction == Direction::ingress) return Reason::released;
  if (item.feed.may_pass_on == false) return Reason::feed_forbids;
  if (!item.feed.may_pass_on && !item.relayed && !a.unsaid_feeds_pass)
    return Reason::feed_does_not_say;
  if (!item.feed.purposes.empty() && !has(item.feed.purposes, c.purpose))
    return Reason::feed_other_purpose;
  return Reason::released;
}

Reason affected(const Item& item, const Agreement& a, const Context& c) {
  if (!is_affected(item.role)) return Reason::released;
  bool told = a.tell_affected;
  if (c.direction != Direction::ingress) {
    told = told && item.feed.tell_affected != false;
    if (item.tlp > Tlp::green) told = told && item.feed.tell_affected == true;
  }
  return told ? Reason::released : Reason::affected_not_told;
}

Reason distribution(const Item& item) {
  if (!item.distribution) return Reason::released;
  switch (*item.distribution) {
    case Distribution::community:
    case Distribution::connected:
    case Distribution::all:
      return Reason::released;
    case Distribution::sharing_group:
      return item.in_sharing_group ? Reason::released : Reason::not_in_sharing_group;
    default:
      return Reason::distribution_too_narrow;
  }
}

Reason standing(const Agreement& a, const Context& c) {
  switch (c.standing) {
    case Standing::active:
      break;
    case Standing::suspended:
      return Reason::suspended;
    case Standing::ended:
      return Reason::ended;
    default:
      return Reason::released;  // unsigned: told before
  }
  if (c.now < a.from) return Reason::not_yet_valid;
  if (c.now >= a.until) return Reason::expired;
  return Reason::released;
}

// Tells each reason against it, in the order of the clauses, until `tell` wants no more. The
// nearest rule, or the one that allows it.
template <class Tell>
int examine(const Item& item, const Agreement& a, const Context& c, Tell tell) {
  int rule = -1;
  auto stands = [&](bool against, Reason reason) { return !against || tell(reason); };
  auto next = [&](Reason reason) { return stands(reason != Reason::released, reason); };
  bool known = a.party(c.from) != nullptr && a.party(c.to) != nullptr && c.from != c.to;
  bool is_signed = c.standing == Standing::active || c.standing == Standing::suspended ||
                   c.standing == Standing::ended;
  Nearest nearest = nearest_rule(item, a, c);
  rule = nearest.rule;
  if (!stands(!known, Reason::unknown_party) || !stands(!is_signed, Reason::unsigned_agreement) ||
      !stands(known && rule < 0, Reason::no_rule_this_way) || !next(standing(a, c)) ||
      !stands(!has(a.purposes, c.purpose), Reason::other_purpose) ||
      !stands(item.tlp == Tlp::unmarked, Reason::tlp_unmarked) ||
      !stands(item.tlp >= Tlp::red && item.tlp != Tlp::unmarked, Reason::tlp_red))
    return rule;
  for (Reason reason : rule_reasons) {
    bool told_before = reason == Reason::tlp_too_strict && item.tlp >= Tlp::red;
    if (rule < 0 || told_before) continue;
    if (!stands(breaks(a.allow[static_cast<std::size_t>(rule)], item, reason), reason)) return rule;
  }
  bool counted_out = a.quota_per_day > 0 && c.quota_left.value_or(0) == 0;
  bool goes = c.direction != Direction::ingress;
  bool unnamed = a.attribution != Attribution::named;
  (void)(next(affected(item, a, c)) &&
         stands(has_unwanted_field(item, a, c), Reason::field_not_wanted) &&
         stands(goes && item.would_be_changed, Reason::would_be_changed) &&
         next(relaying(item, c)) &&
         stands(goes && unnamed && item.names_originator, Reason::originator_named) &&
         stands(counted_out, Reason::quota_used_up) && next(feeds(item, a, c)) &&
         next(distribution(item)));
  return rule;
}

Onward stricter(Onward a, Onward b) {
  if (a == b) return a;
  if (a > Onward::anonymised || b > Onward::anonymised) return Onward::none;
  if (a == Onward::none || b == Onward::none) return Onward::none;
  return Onward::with_consent;  // also of same_terms and anonymised, which do not compare
}

Onward onward_of(const Item& item, const Agreement& a, std::optional<Distribution> left) {
  Onward out = a.onward;
  if (item.relayed) out = stricter(out, item.onward.value_or(Onward::none));
  if (item.tlp > Tlp::green) out = stricter(out, Onward::with_consent);
  if (item.tlp > Tlp::amber || left == Distribution::organisation) out = Onward::none;
  return out;
}

}  // namespace

std::string_view name(Reason reason) {
  auto i = static_cast<std::size_t>(reason);
  return i < reasons_count ? reasons[i].name : std::string_view();
}

Clause clause_of(Reason reason) {
  auto i = static_cast<std::size_t>(reason);
  return i < reasons_count ? reasons[i].clause : Clause::parties;
}

std::string_view name(Standing standing) {
  constexpr std::array<std::string_view, 4> names = {"proposed", "active", "suspended", "ended"};
  auto i = static_cast<std::size_t>(standing);
  return i < names.size() ? names[i] : std::string_view();
}

Verdict judge(const Item& item, const Agreement& agreement, const Context& context) {
  Verdict verdict{.reason = Reason::released};
  verdict.rule = examine(item, agreement, context, [&](Reason reason) {
    verdict.reason = reason;
    return false;
  });
  return verdict;
}

Decision decide(const Item& item, const Agreement& agreement, const Context& context) {
  Decision d;
  d.rule = examine(item, agreement, context, [&](Reason reason) {
    d.also.push_back(reason);
    return true;
  });
  d.released = d.also.empty();
  d.reason = d.released ? Reason::released : d.also.front();
  d.clause = clause_of(d.reason);
  d.sentence = sentence(d.reason, d.rule, item, agreement, context);
  if (!d.released) {
    d.also.erase(d.also.begin());
    d.counterfactual = counterfactual(item, agreement, context);
    return d;
  }
  if (context.direction != Direction::ingress) d.treatments = treatments(item, agreement, context);
  if (is_affected(item.role)) d.facts = agreement.affected_facts & item.feed.facts;
  if (item.distribution) d.distribution = after_hop(*item.distribution);
  d.onward = onward_of(item, agreement, d.distribution);
  d.may_tell_affected = agreement.tell_affected && item.feed.tell_affected != false &&
                        (item.tlp <= Tlp::green || item.feed.tell_affected == true);
  d.retention_days = agreement.retention_days;
  return d;
}

}  // namespace tocsin::policy
