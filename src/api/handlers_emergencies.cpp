// Emergency releases: single events that a person released to a partner beyond the agreement.
#include <fmt/format.h>

#include <charconv>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "share/emergency.h"

namespace tocsin::api {
namespace {

std::string time_text(TimeUs time) {
  return time == time_none || time == 0 ? std::string() : times::format(time);
}

Result<share::Emergencies*> emergencies_of(Context& context) {
  if (auto* emergencies = context.backend.emergencies()) return emergencies;
  return missing("this node is a member of no network: set member and url in [share]");
}

// "e_1f", as events have it.
Result<EventId> event_of(std::string_view text) {
  EventId event = 0;
  std::string_view digits = text.starts_with("e_") ? text.substr(2) : std::string_view();
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), event, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return invalid("not an event's id: " + text::quote(text));
  return event;
}

Result<std::uint64_t> id_of(const Call& call) {
  const std::string& named = call.path.at("id");
  auto id = text::number(named);
  if (!id) return missing("no emergency release " + text::quote(named));
  return *id;
}

Object object_of(Context& context, const share::Emergencies& all, const share::Emergency& e) {
  Object object;
  object.add("id", e.id)
      .add("event", fmt::format("e_{:x}", e.event))
      .add("partner", e.member)
      .add("agreement", e.agreement)
      .add("item", e.item)
      .add("state", name(e.state()))
      .add("by", context.people.name_of(e.by))
      .add("at", time_text(e.at))
      .add("why", all.why(e))
      .add("confirmed_by", context.people.name_of(e.confirmed_by))
      .add("confirmed", time_text(e.confirmed))
      .add("ended_by", context.people.name_of(e.ended_by))
      .add("ended", time_text(e.ended));
  if (e.state() == share::EmergencyState::open) object.add("due", time_text(e.due()));
  return object;
}

Answer told(Context& context, const Call& call, const share::Emergencies& all,
            const share::Emergency& e) {
  context.backend.tell_partners();
  return answered(call, object_of(context, all, e));
}

}  // namespace

Answer list_emergencies(Context& context, const Call& call) {
  auto* all = TRY(emergencies_of(context));
  auto found = TRY(all->list(call.params.text("partner")));
  std::vector<Object> items;
  for (const share::Emergency& e : found) items.push_back(object_of(context, *all, e));
  return answered(call, list_of(items, "", items.size()));
}

Answer release_emergency(Context& context, const Call& call) {
  auto* all = TRY(emergencies_of(context));
  auto body = TRY(JsonBody::read(call.request, "partner|event|why"));
  std::string partner = TRY(body.text("partner")), named = TRY(body.text("event"));
  std::string why = TRY(body.text("why"));
  EventId event = TRY(event_of(named));
  auto made = TRY(all->release(partner, event, why, call.caller.user_id));
  return told(context, call, *all, made);
}

Answer confirm_emergency(Context& context, const Call& call) {
  auto* all = TRY(emergencies_of(context));
  std::uint64_t id = TRY(id_of(call));
  return told(context, call, *all, TRY(all->confirm(id, call.caller.user_id)));
}

Answer take_back_emergency(Context& context, const Call& call) {
  auto* all = TRY(emergencies_of(context));
  std::uint64_t id = TRY(id_of(call));
  auto body = TRY(JsonBody::read(call.request, "why"));
  std::string why = TRY(body.text("why"));
  return told(context, call, *all, TRY(all->take_back(id, why, call.caller.user_id)));
}

}  // namespace tocsin::api
