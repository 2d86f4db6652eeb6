// Items and decisions as JSON: what `tocsin agreement explain` reads and prints.
#include <fmt/format.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/decision.h"

namespace tocsin::policy {
namespace {

using Element = simdjson::dom::element;

Result<std::string> text_of(std::string_view key, const Element& value) {
  std::string_view text;
  if (value.get(text)) return invalid(fmt::format("{}: must be a text", key));
  return std::string(text);
}

Result<bool> yes_no(std::string_view key, const Element& value) {
  bool yes = false;
  if (value.get(yes)) return invalid(fmt::format("{}: must be true or false", key));
  return yes;
}

template <class Named>
auto word(std::string_view key, const Element& value, Named named, std::string_view valid)
    -> Result<typename decltype(named(std::string_view()))::value_type> {
  std::string text = TRY(text_of(key, value));
  if (auto found = named(std::string_view(text))) return *found;
  return invalid(fmt::format("{}: unknown value {}; valid: {}", key, text::quote(text), valid));
}

Result<std::vector<std::string>> texts_of(std::string_view key, const Element& value) {
  simdjson::dom::array list;
  if (value.get(list)) return invalid(fmt::format("{}: must be a list of texts", key));
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(TRY(text_of(key, item)));
  return out;
}

std::optional<PartyRole> role_named(std::string_view text) {
  if (text == "originator") return PartyRole::originator;
  if (text == "affected") return PartyRole::affected;
  if (text == "third") return PartyRole::third;
  return std::nullopt;
}

// What the feed says. Nothing, if the key is none of these.
Result<bool> read_feed(FeedTerms& feed, std::string_view key, const Element& value) {
  if (key == "feed_may_pass_on") {
    feed.may_pass_on = TRY(yes_no(key, value));
  } else if (key == "feed_tell_affected") {
    feed.tell_affected = TRY(yes_no(key, value));
  } else if (key == "feed_purposes") {
    auto texts = TRY(texts_of(key, value));
    for (const std::string& text : texts) {
      auto purpose = purpose_named(text);
      if (!purpose) return invalid("feed_purposes: unknown value " + text::quote(text));
      feed.purposes.push_back(*purpose);
    }
  } else {
    return false;
  }
  return true;
}

Result<void> read_marking(Item& item, std::string_view key, const Element& value) {
  // A marking that is not known is red, as everywhere; it is no error.
  if (key == "tlp") {
    std::string text = TRY(text_of(key, value));
    item.tlp = tlp_named(text).value_or(Tlp::red);
  } else {
    std::string text = TRY(text_of(key, value));
    item.pap = pap_named(text).value_or(Pap::red);
  }
  return {};
}

constexpr std::string_view keys =
    "confidence, country, distribution, feed_may_pass_on, feed_purposes, feed_tell_affected, "
    "fields, has_consent, in_sharing_group, kind, onward, pap, relayed, role, same_terms, sector, "
    "tlp, type";

Result<void> read_member(Item& item, std::string_view key, const Element& value) {
  if (key == "tlp" || key == "pap") return read_marking(item, key, value);
  if (key == "kind") {
    item.kind = TRY(word(key, value, item_kind_named,
                         "event, finding, indicator, sighting, warning, statistics, opinion, note, "
                         "request, recall"));
  } else if (key == "type") {
    item.type = TRY(word(key, value, type_named, "the types of RSIT"));
  } else if (key == "sector") {
    item.sector = TRY(text_of(key, value));
  } else if (key == "country") {
    item.country = TRY(word(
        key, value, [](std::string_view text) { return Country::parse(text); }, "two letters"));
  } else if (key == "confidence") {
    std::uint64_t number = 0;
    if (value.get(number) || number > 100)
      return invalid("confidence: must be a number from 0 to 100");
    item.confidence = static_cast<std::uint8_t>(number);
  } else if (key == "distribution") {
    item.distribution =
        TRY(word(key, value, distribution_named,
                 "organisation, community, connected, all, sharing-group, inherit"));
  } else if (key == "role") {
    item.role = TRY(word(key, value, role_named, "originator, affected, third"));
  } else if (key == "onward") {
    item.onward = TRY(word(key, value, onward_named, "none, with-consent, same-terms, anonymised"));
  } else if (key == "in_sharing_group") {
    item.in_sharing_group = TRY(yes_no(key, value));
  } else if (key == "relayed") {
    item.relayed = TRY(yes_no(key, value));
  } else if (key == "has_consent") {
    item.has_consent = TRY(yes_no(key, value));
  } else if (key == "same_terms") {
    item.same_terms = TRY(yes_no(key, value));
  } else if (key == "fields") {
    item.fields = TRY(texts_of(key, value));
  } else if (!TRY(read_feed(item.feed, key, value))) {
    return invalid(fmt::format("{}: unknown key; valid: {}", text::quote(key), keys));
  }
  return {};
}

void write(json::Writer& w, const Treatment& t) {
  w.object().key("action").list();
  if (t.drop) w.value("drop");
  if (t.coarse) w.value("generalise");
  if (t.pseudonymise) w.value("pseudonymise");
  if (t.hash) w.value("hash");
  w.end().member("field", t.field);
  if (t.coarse) {
    w.member("step_s", t.coarse->step_s);
    w.member("v4_bits", static_cast<std::uint32_t>(t.coarse->v4_bits));
    w.member("v6_bits", static_cast<std::uint32_t>(t.coarse->v6_bits));
  }
  w.end();
}

}  // namespace

Result<Item> read_item(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  simdjson::padded_string padded(json);
  if (auto failed = parser.parse(padded).get(object))
    return invalid(fmt::format("the item is no JSON object: {}", simdjson::error_message(failed)));
  Item item;
  for (auto [key, value] : object) TRY(read_member(item, key, value));
  return item;
}

std::string decision_json(const Decision& d) {
  json::Writer w;
  w.object().key("also").list();
  for (Reason reason : d.also) w.value(name(reason));
  w.end().member("clause", static_cast<std::uint32_t>(d.clause));
  w.member("clause_name", name(d.clause));
  if (!d.counterfactual.empty()) w.member("counterfactual", d.counterfactual);
  if (d.distribution) w.member("distribution", name(*d.distribution));
  if (d.facts) {
    w.key("facts").list();
    for (std::size_t i = 0; i < facts_count; ++i) {
      if (d.facts->has(static_cast<Fact>(i))) w.value(name(static_cast<Fact>(i)));
    }
    w.end();
  }
  if (d.released) w.member("may_tell_affected", d.may_tell_affected);
  if (d.released) w.member("onward", name(d.onward));
  w.member("reason", name(d.reason)).member("released", d.released);
  if (d.released) w.member("retention_days", d.retention_days);
  if (d.rule >= 0) w.member("rule", static_cast<std::uint32_t>(d.rule + 1));
  w.member("sentence", d.sentence);
  if (d.released) {
    w.key("treatments").list();
    for (const Treatment& t : d.treatments) write(w, t);
    w.end();
  }
  w.end();
  return w.take();
}

}  // namespace tocsin::policy
