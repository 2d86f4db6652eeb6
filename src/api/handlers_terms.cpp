// What agreements say before they are any: templates, drafts, texts that somebody has; and whether
// an item may go under those that there are. Nothing is kept here.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "policy/decision.h"
#include "policy/templates.h"
#include "share/shelf.h"
#include "share/thing.h"
#include "wire/stix_words.h"

namespace tocsin::api {
namespace {

struct Network {
  share::Partners& partners;
  share::Agreements& agreements;
};
Result<Network> network_of(Context& context) {
  auto* partners = context.backend.partners();
  auto* agreements = context.backend.agreements();
  if (partners == nullptr || agreements == nullptr)
    return missing("this node is a member of no network: set member and url in [share]");
  return Network{*partners, *agreements};
}

policy::Party party_of(const share::Profile& profile, const PublicKey& key) {
  policy::Party party{.id = profile.member, .name = profile.name, .country = profile.country};
  party.keys = {key};
  return party;
}

Answer looked_at(Context& context, const Call& call, const share::Agreements& agreements,
                 std::string_view text) {
  auto draft = TRY(agreements.look_at(text));
  Object object = object_of(draft.state, context.people);
  object.add("changes", objects_of(draft.differences))
      .add("clauses", objects_of(policy::clauses_in_words(draft.state.agreement)))
      .add("hindrance", draft.hindrance)
      .add("toml", policy::agreement_toml(draft.state.agreement));
  return answered(call, std::move(object));
}

// --- may they have this?

using Element = simdjson::dom::element;

// Of a member that stands nested or under its full name; "" if it is no text.
std::string text_at(const Element& event, std::string_view group, std::string_view name) {
  std::string_view text;
  if (event[fmt::format("{}.{}", group, name)].get(text) != simdjson::SUCCESS &&
      event[group][name].get(text) != simdjson::SUCCESS)
    return {};
  return std::string(text);
}

// The affected end's country, else the other's, as for a subject.
Country country_of(const Element& event) {
  for (std::string_view end : {"source", "destination"}) {
    std::string_view code;
    if (event[fmt::format("{}.geolocation.cc", end)].get(code) != simdjson::SUCCESS &&
        event[end]["geolocation"]["cc"].get(code) != simdjson::SUCCESS)
      continue;
    if (auto country = Country::parse(code)) return *country;
  }
  return {};
}

policy::Item item_of_event(const Element& event) {
  policy::Item item{.kind = policy::ItemKind::event};
  item.type = type_named(text_at(event, "classification", "type"));
  item.country = country_of(event);
  item.sector = text_at(event, "extra", "sector");
  std::string_view tlp;
  if (event["tlp"].get(tlp) == simdjson::SUCCESS) item.tlp = tlp_named(tlp).value_or(Tlp::red);
  double accuracy = -1;
  if (event["feed"]["accuracy"].get(accuracy) != simdjson::SUCCESS)
    std::ignore = event["feed.accuracy"].get(accuracy);
  if (accuracy >= 0 && accuracy <= 100) item.confidence = static_cast<std::uint8_t>(accuracy);
  return item;
}

policy::Item item_of(const Finding& finding) {
  policy::Item item{.kind = policy::ItemKind::finding};
  item.type = finding.type;
  item.country = finding.country;
  item.sector = finding.sector;
  item.tlp = finding.tlp;
  return item;
}

Result<policy::Item> item_named(Context& context, const Call& call, std::string_view text) {
  if (text.starts_with('{')) {
    simdjson::dom::parser parser;
    Element event;
    if (parser.parse(simdjson::padded_string(text)).get(event) == simdjson::SUCCESS &&
        !text_at(event, "classification", "type").empty())
      return item_of_event(event);
    return policy::read_item(text);
  }
  Hash128 key = finding_key_of(text);
  if (key == Hash128{})
    return invalid(
        "name a finding or a STIX object by its id, or give an event or an item as JSON");
  auto detail = TRY(context.backend.finding(key, call.patience()));
  call.show(detail.row.finding.tlp);
  return item_of(detail.row.finding);
}

Object object_of(const policy::Item& item) {
  Object object;
  object.add("kind", name(item.kind))
      .add("sector", item.sector)
      .add("country", item.country.text())
      .add("tlp", name(item.tlp));
  if (item.type) object.add("type", name(*item.type));
  if (item.confidence) object.add("confidence", *item.confidence);
  return object;
}

// Those that hold, then what is proposed.
std::vector<const share::AgreementState*> asked_of(const share::AgreementBook& book,
                                                   std::string_view partner, TimeUs now) {
  auto all = book.signed_with(partner, now);
  for (const auto& [address, state] : book.all()) {
    if (state.is_party(partner) && state.standing() == policy::Standing::proposed)
      all.push_back(&state);
  }
  return all;
}

struct Ask {
  policy::Item item;
  policy::Context context;
  std::optional<policy::Purpose> purpose;  // none: the first of the agreement's
};

// As `ask` is under this agreement, of whose quota nothing is used yet today. What is proposed
// answers as it would run.
policy::Context context_of(const share::AgreementState& state, const Ask& ask) {
  const auto& purposes = state.agreement.purposes;
  policy::Context context = ask.context;
  context.standing = state.standing();
  if (context.standing == policy::Standing::proposed) {
    context.standing = policy::Standing::active;
    context.now = std::max(context.now, state.agreement.from);
  }
  context.quota_left = std::max<std::uint64_t>(state.agreement.quota_per_day, 1);
  context.purpose =
      ask.purpose.value_or(purposes.empty() ? policy::Purpose::defence : purposes.front());
  return context;
}

Object object_of(const share::AgreementState& state, const policy::Context& context,
                 const policy::Decision& decision) {
  const policy::Agreement& agreement = state.agreement;
  Object object;
  object.add("address", state.address)
      .add("id", agreement.id)
      .add("title", agreement.title)
      .add("version", agreement.version)
      .add("standing", name(state.standing()))
      .add("purpose", name(context.purpose))
      .raw("decision", policy::decision_json(decision));
  if (decision.rule >= 0)
    object.add("rule", policy::in_words(agreement.allow[static_cast<std::size_t>(decision.rule)]));
  return object;
}

// An object of others that is passed on, or not: what the shelf would say of it now.
Answer explain_object(Context& context, const Call& call, const Network& network,
                      const std::string& partner, std::string_view id) {
  auto* shelves = context.backend.shelves();
  if (shelves == nullptr) return missing("this node is a member of no network");
  auto object = TRY(shelves->object_of_others(id));
  call.show(object.tlp);
  auto sight = TRY(shelves->look(partner, object));
  auto agreements = network.agreements.book();
  policy::Context as{.purpose = policy::Purpose::defence};
  std::vector<Object> items;
  for (const share::Sight::Under& under : sight.under) {
    const share::AgreementState* state = agreements->find(under.agreement);
    if (state != nullptr) items.push_back(object_of(*state, as, under.decision));
  }
  Object out;
  out.add("released", sight.goes.has_value())
      .add("hindrance", sight.hindrance)
      .add("item", object_of(share::item_of(object)))
      .raw("items", to_json(items));
  return answered(call, std::move(out));
}

Result<Ask> ask_of(Context& context, const Call& call, const JsonBody& body,
                   const std::string& us) {
  std::string partner = TRY(body.text("partner")), said = TRY(body.text("item"));
  std::string purpose = TRY(body.text("purpose"));
  Ask ask{.item = TRY(item_named(context, call, text::trim(said))),
          .context = {.now = call.now, .from = us, .to = partner},
          .purpose = policy::purpose_named(purpose)};
  if (!purpose.empty() && !ask.purpose) return invalid("no purpose " + text::quote(purpose));
  if (TRY(body.flag("coming"))) {
    std::swap(ask.context.from, ask.context.to);
    ask.context.direction = policy::Direction::ingress;
  }
  if (body.has("feed_may_pass_on") && !ask.item.feed.may_pass_on)
    ask.item.feed.may_pass_on = TRY(body.flag("feed_may_pass_on"));
  return ask;
}

}  // namespace

Answer list_templates(Context&, const Call& call) {
  std::vector<Object> items;
  for (const policy::Template& one : policy::templates()) {
    auto terms = TRY(policy::template_terms(one.name));
    auto clauses = policy::clauses_in_words(terms);
    std::erase_if(clauses, [](const policy::ClauseWords& words) {
      return words.clause <= policy::Clause::validity;  // which a template leaves open
    });
    items.emplace_back()
        .add("name", one.name)
        .add("summary", one.summary)
        .add("first", one.first)
        .add("second", one.second)
        .add("clauses", objects_of(clauses));
  }
  return answered(call, list_of(items, "", items.size()));
}

Answer draft_agreement(Context& context, const Call& call) {
  auto network = TRY(network_of(context));
  auto body = TRY(JsonBody::read(call.request, "template|id|partner|from|until|they_first"));
  std::string member = TRY(body.text("partner")), id = TRY(body.text("id"));
  std::string from = TRY(body.text("from")), until = TRY(body.text("until"));
  std::string name = TRY(body.text("template"));
  auto self = TRY(network.partners.self());
  auto book = network.partners.book();
  const share::Partner* partner = book->speaking(member);
  if (partner == nullptr || partner->keys.head() == nullptr)
    return invalid(text::quote(member) + " is no compared partner of this node");
  std::vector<policy::Party> parties = {party_of(self.profile, self.key),
                                        party_of(partner->profile, partner->keys.head()->key)};
  if (TRY(body.flag("they_first"))) std::swap(parties[0], parties[1]);
  TimeUs begins = from.empty() ? times::start_of(times::day_of(call.now)) : TRY(times::parse(from));
  TimeUs ends = TRY(times::parse(until));
  auto made = TRY(policy::from_template(name, id, std::move(parties), begins, ends));
  auto agreements = network.agreements.book();
  if (const share::AgreementState* before = agreements->held(id)) {
    made.version = before->agreement.version + 1;
    made.replaces = before->address;
  }
  return looked_at(context, call, network.agreements, policy::agreement_toml(made));
}

Answer check_agreement(Context& context, const Call& call) {
  auto network = TRY(network_of(context));
  auto body = TRY(JsonBody::read(call.request, "agreement"));
  std::string text = TRY(body.text("agreement"));
  return looked_at(context, call, network.agreements, text);
}

Answer explain_agreements(Context& context, const Call& call) {
  auto network = TRY(network_of(context));
  auto body =
      TRY(JsonBody::read(call.request, "item|partner|agreement|purpose|coming|feed_may_pass_on"));
  auto self = TRY(network.partners.self());
  std::string partner = TRY(body.text("partner")), named = TRY(body.text("agreement"));
  std::string said = TRY(body.text("item"));
  if (wire::is_stix_id(text::trim(said)))
    return explain_object(context, call, network, partner, text::trim(said));
  Ask ask = TRY(ask_of(context, call, body, self.profile.member));
  auto partners = network.partners.book();
  auto agreements = network.agreements.book();
  auto states = asked_of(*agreements, partner, call.now);
  std::optional<share::AgreementState> one;
  if (!named.empty()) {
    one = TRY(network.agreements.find(named));
    states = {&*one};
  }
  std::vector<Object> items;
  bool released = false;
  for (const share::AgreementState* state : states) {
    auto under = context_of(*state, ask);
    auto decision = policy::decide(ask.item, state->agreement, under);
    items.push_back(object_of(*state, under, decision));
    released |= decision.released && state->standing() == policy::Standing::active;
  }
  std::string hindrance;
  const share::Partner* known = partners->find(partner);
  if (known == nullptr) {
    hindrance = text::quote(partner) + " is no partner of this node";
  } else if (known->state != share::PartnerState::compared) {
    hindrance =
        fmt::format("{} is {}: nothing goes to it or comes from it", partner, name(known->state));
  } else if (states.empty()) {
    hindrance = "there is no agreement with " + partner;
  }
  Object object;
  object.add("released", released && hindrance.empty())
      .add("hindrance", hindrance)
      .add("item", object_of(ask.item))
      .raw("items", to_json(items));
  return answered(call, std::move(object));
}

}  // namespace tocsin::api
