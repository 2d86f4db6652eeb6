// The node as one partner would see it.
#include "api/answers.h"
#include "api/handlers.h"

namespace tocsin::api {
namespace {

Object object_of(const share::Sight::Under& under) {
  const policy::Decision& decision = under.decision;
  Object object;
  object.add("agreement", under.agreement)
      .add("released", decision.released)
      .add("reason", name(decision.reason))
      .add("clause", static_cast<unsigned>(decision.clause))
      .add("clause_name", name(decision.clause))
      .add("sentence", decision.sentence)
      .add("counterfactual", decision.counterfactual);
  return object;
}

Object object_of(const PartnerView::Item& item) {
  const share::Sight& sight = item.sight;
  std::vector<Object> under;
  for (const auto& one : sight.under) under.push_back(object_of(one));
  Object object;
  object.raw("event", item.event)
      .add("goes", sight.goes.has_value())
      .add("hindrance", sight.hindrance)
      .add("under", under);
  if (sight.goes) object.add("agreement", sight.under[*sight.goes].agreement);
  if (!sight.told.empty()) object.raw("told", sight.told);
  return object;
}

}  // namespace

Answer show_partner_view(Context& context, const Call& call) {
  EventsAsk ask = TRY(events_ask(call));
  const std::string& member = call.path.at("member");
  auto view = TRY(context.backend.partner_view(member, ask, call.patience()));
  std::vector<Object> items, withheld;
  for (const PartnerView::Item& item : view.items) {
    call.show(item.tlp);
    items.push_back(object_of(item));
  }
  for (const auto& [clause, count] : view.withheld) {
    withheld.emplace_back()
        .add("clause", static_cast<unsigned>(clause))
        .add("name", name(clause))
        .add("count", count);
  }
  Object object = list_of(items, view.next);
  object.add("partner", member)
      .add("looked_at", view.looked_at)
      .add("goes", view.goes)
      .add("hindered", view.hindered)
      .add("withheld", withheld);
  return answered(call, std::move(object));
}

}  // namespace tocsin::api
