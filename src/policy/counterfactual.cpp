#include "policy/counterfactual.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::policy {
namespace {

std::string label(Tlp tlp) {
  if (tlp == Tlp::unmarked) return "unmarked";
  std::string_view word = name(tlp);
  return word.empty() ? "a marking that is not known, which is TLP:RED"
                      : "TLP:" + text::upper(word);
}

std::string label(Pap pap) {
  std::string_view word = name(pap);
  return word.empty() ? "without PAP, which counts as PAP:RED" : "PAP:" + text::upper(word);
}

std::string or_unknown(std::string_view text) {
  return text.empty() ? "unknown" : text::quote(text);
}

std::string type_of(const Item& item) {
  return item.type ? std::string(name(*item.type)) : "without type";
}

// The grounds alone.
std::string grounds(Reason reason, int at, const Item& item, const Agreement& a, const Context& c) {
  static const Allow none;
  bool known = at >= 0 && static_cast<std::size_t>(at) < a.allow.size();
  const Allow& rule = known ? a.allow[static_cast<std::size_t>(at)] : none;
  int number = at + 1;
  switch (reason) {
    case Reason::released:
      return fmt::format("rule {} allows it", number);
    case Reason::unknown_party:
      return fmt::format("{} and {} are not two parties of it", text::quote(c.from),
                         text::quote(c.to));
    case Reason::unsigned_agreement:
      return "not every party has signed it";
    case Reason::no_rule_this_way:
      return "no rule lets anything go this way";
    case Reason::not_yet_valid:
      return "it holds from " + times::format(a.from) + " on";
    case Reason::expired:
      return "it ended at " + times::format(a.until);
    case Reason::suspended:
      return "it is suspended";
    case Reason::ended:
      return "it was ended";
    case Reason::other_purpose:
      return fmt::format("{} is none of its purposes", or_unknown(name(c.purpose)));
    case Reason::tlp_red:
      return fmt::format("it is {}: red never leaves by machine", label(item.tlp));
    case Reason::tlp_unmarked:
      return "it carries no marking, which counts as TLP:RED";
    case Reason::tlp_too_strict:
      return fmt::format("it is {}, and rule {} allows up to {}", label(item.tlp), number,
                         label(rule.max_tlp));
    case Reason::pap_too_strict:
      return fmt::format("it is {}, and rule {} allows up to {}", label(item.pap), number,
                         label(rule.max_pap));
    case Reason::other_kind:
      return fmt::format("rule {} does not name the kind {}", number, or_unknown(name(item.kind)));
    case Reason::other_type:
      return fmt::format("it is {}, which rule {} does not name", type_of(item), number);
    case Reason::other_sector:
      return fmt::format("its sector is {}, which rule {} does not name", or_unknown(item.sector),
                         number);
    case Reason::other_country:
      return fmt::format("its country is {}, which rule {} does not name",
                         or_unknown(item.country.text()), number);
    case Reason::low_confidence:
      return fmt::format("its confidence is {}, and rule {} asks for {}",
                         item.confidence ? std::to_string(*item.confidence) : "unknown", number,
                         rule.min_confidence);
    case Reason::affected_not_told:
      return a.tell_affected ? "the feed does not let those affected be told"
                             : "those affected are not told";
    case Reason::field_not_wanted:
      return "it has a field that was to be dropped";
    case Reason::onward_none:
      return "its originator does not let it be passed on";
    case Reason::onward_without_consent:
      return "its originator has not consented to pass it on";
    case Reason::onward_other_terms:
      return "it came under terms that are stricter than these";
    case Reason::quota_used_up:
      return fmt::format("today's {} items are used up", a.quota_per_day);
    case Reason::feed_forbids:
      return "its feed does not let it be passed on";
    case Reason::feed_does_not_say:
      return "its feed does not say that it may be passed on";
    case Reason::feed_other_purpose:
      return fmt::format("its feed does not allow the purpose {}", or_unknown(name(c.purpose)));
    case Reason::distribution_too_narrow:
      return fmt::format("its distribution is {}",
                         or_unknown(item.distribution ? name(*item.distribution) : ""));
    case Reason::not_in_sharing_group:
      return "the recipient is not in its sharing group";
    case Reason::would_be_changed:
      return "something of it would be changed, and it goes as it is or not at all";
    case Reason::originator_named:
      return "it names who made it, and the agreement names nobody";
  }
  return "for a reason that is not known";
}

// One change at a time, on a copy.
class Search {
 public:
  Search(const Item& item, const Agreement& a, const Context& c) : item_(item), a_(a), c_(c) {}

  std::string first() {
    parties_and_validity();
    for (std::size_t i = 0; i < a_.allow.size() && found_.empty(); ++i) rule(i);
    rest();
    return found_;
  }

 private:
  template <class Change>
  void attempt(Change change, std::string words) {
    if (!found_.empty()) return;
    Item item = item_;
    Agreement a = a_;
    Context c = c_;
    change(item, a, c);
    if (judge(item, a, c).released()) found_ = std::move(words);
  }
  template <class Change>
  void in_rule(std::size_t i, Change change, std::string words) {
    attempt([&](Item&, Agreement& a, Context&) { change(a.allow[i]); }, std::move(words));
  }

  void parties_and_validity() {
    if (c_.standing != Standing::ended) {
      attempt([](Item&, Agreement&, Context& c) { c.standing = Standing::active; },
              c_.standing == Standing::suspended ? "it were no longer suspended"
                                                 : "every party had signed");
    }
    attempt([&](Item&, Agreement& a, Context&) { a.from = c_.now; },
            "it held from " + times::format(std::max<TimeUs>(c_.now, 0)) + " on");
    if (c_.now < INT64_MAX) {
      attempt([&](Item&, Agreement& a, Context&) { a.until = c_.now + 1; },
              "it were renewed beyond " + times::format(std::max<TimeUs>(c_.now, 0)));
    }
    attempt([&](Item&, Agreement& a, Context&) { a.purposes.push_back(c_.purpose); },
            fmt::format("purposes had {}", name(c_.purpose)));
    if (item_.tlp == Tlp::unmarked) {
      for (Tlp tlp : {Tlp::amber_strict, Tlp::amber, Tlp::green, Tlp::clear})
        attempt([&](Item& item, Agreement&, Context&) { item.tlp = tlp; },
                fmt::format("its originator marked it {}", label(tlp)));
    }
  }

  void rule(std::size_t i) {
    std::string of = fmt::format("of rule {}", i + 1);
    in_rule(i, [](Allow& r) { r.way = {}; }, fmt::format("from and to {} named this way", of));
    in_rule(
        i, [&](Allow& r) { r.max_tlp = item_.tlp; },
        fmt::format("max_tlp {} were {}", of, text::upper(name(item_.tlp))));
    Pap pap = item_.pap <= Pap::red ? item_.pap : Pap::red;
    in_rule(
        i, [&](Allow& r) { r.max_pap = pap; },
        fmt::format("max_pap {} were {}", of, text::upper(name(pap))));
    in_rule(
        i, [&](Allow& r) { r.kinds.push_back(item_.kind); },
        fmt::format("kinds {} had {}", of, name(item_.kind)));
    if (item_.type) {
      in_rule(
          i, [&](Allow& r) { r.types.push_back(*item_.type); },
          fmt::format("types {} had {}", of, name(*item_.type)));
    }
    if (!item_.sector.empty()) {
      in_rule(
          i, [&](Allow& r) { r.sectors.push_back(item_.sector); },
          fmt::format("sectors {} had {}", of, text::quote(item_.sector)));
    }
    if (!item_.country.empty()) {
      in_rule(
          i, [&](Allow& r) { r.countries.push_back(item_.country); },
          fmt::format("countries {} had {}", of, item_.country.text()));
    }
    in_rule(i, [](Allow& r) { r.types.clear(); }, fmt::format("types {} were any", of));
    in_rule(i, [](Allow& r) { r.sectors.clear(); }, fmt::format("sectors {} were any", of));
    in_rule(i, [](Allow& r) { r.countries.clear(); }, fmt::format("countries {} were any", of));
    std::uint8_t confidence = item_.confidence.value_or(0);
    in_rule(
        i, [&](Allow& r) { r.min_confidence = confidence; },
        fmt::format("min_confidence {} were {}", of, confidence));
  }

  void rest() {
    attempt([](Item&, Agreement& a, Context&) { a.tell_affected = true; }, "tell were true");
    attempt([](Item& item, Agreement&, Context&) { item.feed.tell_affected = true; },
            "its feed said that those affected may be told");
    attempt([](Item& item, Agreement&, Context&) { item.fields.clear(); },
            "it came without the fields that are to be dropped");
    attempt([](Item& item, Agreement&, Context&) { item.would_be_changed = false; },
            "nothing of it were changed under this agreement");
    attempt([](Item& item, Agreement&, Context&) { item.has_consent = true; },
            "its originator consented");
    attempt([](Item& item, Agreement&, Context&) { item.same_terms = true; },
            "this agreement were no wider than the one it came under");
    attempt([](Item& item, Agreement&, Context&) { item.onward = Onward::same_terms; },
            "its originator let it be passed on under the same terms");
    attempt([](Item& item, Agreement&, Context&) { item.onward = Onward::anonymised; },
            "its originator let it be passed on anonymised");
    attempt([](Item&, Agreement& a, Context&) { a.attribution = Attribution::named; },
            "attribution were named");
    attempt([](Item&, Agreement&, Context& c) { c.quota_left = 1; }, "the quota were not used up");
    attempt([](Item&, Agreement& a, Context&) { a.unsaid_feeds_pass = true; },
            "unsaid of feed_terms were pass");
    attempt([](Item& item, Agreement&, Context&) { item.feed.may_pass_on = true; },
            "its feed let it be passed on");
    attempt([](Item& item, Agreement&, Context&) { item.feed.purposes.clear(); },
            "its feed allowed that purpose");
    attempt([](Item& item, Agreement&, Context&) { item.distribution = Distribution::community; },
            "its distribution were community");
    attempt([](Item& item, Agreement&, Context&) { item.in_sharing_group = true; },
            "the recipient were in its sharing group");
  }

  const Item& item_;
  const Agreement& a_;
  const Context& c_;
  std::string found_;
};

}  // namespace

std::string sentence(Reason reason, int rule, const Item& item, const Agreement& agreement,
                     const Context& context) {
  std::string why = grounds(reason, rule, item, agreement, context);
  if (reason == Reason::released) return "released: " + why;
  std::string_view verb = context.direction == Direction::ingress ? "refused" : "withheld";
  return fmt::format("{} by {}: {}", verb, numbered(clause_of(reason)), why);
}

std::string counterfactual(const Item& item, const Agreement& agreement, const Context& context) {
  if (item.tlp >= Tlp::red && item.tlp != Tlp::unmarked)
    return "no clause can let it pass: a named person releases what is red";
  if (std::string found = Search(item, agreement, context).first(); !found.empty())
    return "would pass if " + found;
  return "no single change would let it pass";
}

}  // namespace tocsin::policy
