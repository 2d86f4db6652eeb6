// Partners: who this node is to others, whom it knows, and what they say to it. Codes, paper keys
// and tokens stand in members of bodies whose names the audit leaves out.
#include <fmt/format.h>

#include "api/answers.h"
#include "api/audited.h"
#include "api/handlers.h"
#include "base/text.h"
#include "share/pushes.h"

namespace tocsin::api {
namespace {

constexpr std::uint64_t invitation_days_usual = 7;

std::string time_text(TimeUs time) {
  return time == time_none || time == 0 ? std::string() : times::format(time);
}

Result<share::Partners*> partners_of(Context& context) {
  if (auto* partners = context.backend.partners()) return partners;
  return missing("this node is a member of no network: set member and url in [share]");
}

std::string by(const Call& call) {
  return call.caller.user_id;
}

Object object_of(const Context& context, const share::Partner& partner) {
  std::vector<Object> keys;
  for (const share::KeySpan& span : partner.keys.spans) {
    keys.emplace_back()
        .add("key", span.key.text())
        .add("from", time_text(span.from))
        .add("until", time_text(span.until))
        .add("revoked", time_text(span.revoked))
        .add("why", span.why);
  }
  Object object;
  object.add("member", partner.profile.member)
      .add("name", partner.profile.name)
      .add("country", partner.profile.country.text())
      .add("url", partner.profile.url)
      .add("state",
           partner.state == share::PartnerState::to_compare ? "to-compare" : name(partner.state))
      .add("fingerprint", partner.fingerprint)
      .add("joined", time_text(partner.joined))
      .add("changed", time_text(partner.changed))
      .add("by", context.people.name_of(partner.by))
      .add("why", partner.why)
      .add("tokens", partner.tokens)
      .add("pins", partner.pins)
      .add("keys", keys);
  return object;
}

Object object_of(const Context& context, const share::GivenInvitation& given, TimeUs now) {
  std::string_view state = given.used != time_none        ? "used"
                           : given.withdrawn != time_none ? "withdrawn"
                           : given.until <= now           ? "expired"
                                                          : "open";
  Object object;
  object.add("id", given.id)
      .add("note", given.note)
      .add("by", context.people.name_of(given.by))
      .add("made", time_text(given.made))
      .add("until", time_text(given.until))
      .add("state", state)
      .add("member", given.member);
  return object;
}

// With what has not reached it yet.
Object with_unsaid(Object object, const std::map<std::string, share::Unsaid, std::less<>>& unsaid,
                   std::string_view member) {
  auto found = unsaid.find(member);
  if (found == unsaid.end()) return object;
  object.add("waiting", found->second.statements)
      .add("waiting_tries", found->second.tries)
      .add("waiting_why", found->second.why);
  return object;
}

// With what is pushed to it.
Object with_pushes(Object object, const std::vector<share::PushState>& all,
                   std::string_view member) {
  std::vector<Object> items;
  for (const auto& state : all) {
    if (state.push->member != member) continue;
    items.emplace_back()
        .add("name", state.push->name)
        .add("url", state.push->url)
        .add("dialect", name(state.push->dialect))
        .add("sent", time_text(state.sent))
        .flag("waits", state.waits)
        .add("failures", std::uint64_t{state.failures})
        .add("next", time_text(state.next))
        .add("error", state.error);
  }
  if (!items.empty()) object.add("pushes", items);
  return object;
}

// An act with a reason on one partner.
using PartnerWork = Result<share::Partner> (share::Partners::*)(std::string_view member,
                                                                std::string_view by,
                                                                std::string_view why);
Answer with_reason(Context& context, const Call& call, PartnerWork work) {
  auto* partners = TRY(partners_of(context));
  auto body = TRY(JsonBody::read(call.request, "why"));
  std::string why = TRY(body.text("why"));
  if (text::trim(why).empty()) return invalid("say why");
  auto partner = TRY((partners->*work)(call.path.at("member"), by(call), why));
  return answered(call, object_of(context, partner));
}

}  // namespace

// Nobody is signed in here: what is said is signed by a member's key, or proves an invitation.
Answer hear_statement(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  if (auto wait = context.brake.wait_s(call.origin.ip, call.now, ""); wait > 0) {
    http::Response response = http::problem(429, "too many statements that were refused");
    response.headers.emplace_back("Retry-After", std::to_string(wait));
    return response;
  }
  auto said = partners->hear(call.request.body);
  if (!said && said.error().fault == Fault::denied) {
    context.brake.failed(call.origin.ip, call.now, "");
    store::AuditAct act = act_of(call);
    act.who = "(unknown)";
    act.call = "statement of a member";
    TRY(context.audit.note(act, "denied: " + said.error().what));
  }
  if (!said) return std::unexpected(said.error());
  return http::json(*std::move(said));
}

Answer list_partners(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  std::vector<Object> items;
  auto book = partners->book();
  auto unsaid = TRY(partners->unsaid());
  auto pushes = TRY(context.backend.pushes());
  for (const auto& [member, partner] : book->all()) {
    Object one = with_unsaid(object_of(context, partner), unsaid, member);
    items.push_back(with_pushes(std::move(one), pushes, member));
  }
  Object list = list_of(items, "", items.size());
  if (auto self = partners->self()) {
    list.add("self", Object()
                         .add("member", self->profile.member)
                         .add("name", self->profile.name)
                         .add("country", self->profile.country.text())
                         .add("url", self->profile.url)
                         .add("key", self->key.text())
                         .add("pins", self->pins)
                         .flag("recovery_here", partners->recovery_paper().has_value()));
  }
  return answered(call, std::move(list));
}

Answer show_partner(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  auto book = partners->book();
  const share::Partner* partner = book->find(call.path.at("member"));
  if (partner == nullptr) return missing("no partner " + text::quote(call.path.at("member")));
  std::vector<Object> acts;
  auto rows = TRY(partners->acts(partner->profile.member));
  for (const share::PartnerAct& act : rows) {
    acts.emplace_back()
        .add("at", time_text(act.at))
        .add("by", context.people.name_of(act.by))
        .add("act", act.act)
        .add("words", act.words);
  }
  const std::string& member = partner->profile.member;
  auto unsaid = TRY(partners->unsaid());
  Object shown = with_unsaid(object_of(context, *partner), unsaid, member);
  auto pushes = TRY(context.backend.pushes());
  return answered(call, with_pushes(std::move(shown), pushes, member).add("acts", acts));
}

Answer list_invitations(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  std::vector<Object> items;
  auto rows = TRY(partners->invitations());
  for (const auto& row : rows) items.push_back(object_of(context, row, call.now));
  return answered(call, list_of(items, "", items.size()));
}

Answer invite_partner(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  auto body = TRY(JsonBody::read(call.request, "note|days"));
  std::string note = TRY(body.text("note"));
  std::uint64_t days = body.has("days") ? TRY(body.number("days")) : invitation_days_usual;
  if (days == 0 || days > static_cast<std::uint64_t>(share::invitation_life_max / us_per_day))
    return invalid("days: from 1 to 31");
  TimeUs until = call.now + static_cast<TimeUs>(days) * us_per_day;
  auto made = TRY(partners->invite(note, until, by(call)));
  return answered(
      call, Object().add("id", made.id).add("code", made.code).add("until", time_text(made.until)));
}

Answer withdraw_invitation(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  TRY(partners->withdraw(call.path.at("id"), by(call)));
  return http::Response{.status = 204};
}

Answer join_partner(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  auto body = TRY(JsonBody::read(call.request, "code"));
  std::string code = TRY(body.text("code"));
  auto partner = TRY(partners->join(code, by(call)));
  return answered(call, object_of(context, partner));
}

Answer compare_partner(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  auto body = TRY(JsonBody::read(call.request, "fingerprint"));
  std::string fingerprint = TRY(body.text("fingerprint"));
  auto partner = TRY(partners->compare(call.path.at("member"), fingerprint, by(call)));
  context.backend.tell_partners();
  return answered(call, object_of(context, partner));
}

Answer stop_partner(Context& context, const Call& call) {
  return with_reason(context, call, &share::Partners::stop);
}

Answer revoke_partner(Context& context, const Call& call) {
  return with_reason(context, call, &share::Partners::revoke);
}

Answer make_partner_token(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  std::string token = TRY(partners->make_token(call.path.at("member"), by(call)));
  return answered(call, Object().add("token", token));
}

Answer change_member_key(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  auto body = TRY(JsonBody::read(call.request, "days"));
  std::uint64_t days = TRY(body.number("days"));
  if (days > static_cast<std::uint64_t>(share::key_overlap_max / us_per_day))
    return invalid("days: the old key goes on for 0 to 90");
  auto key = TRY(partners->change_key(call.now + static_cast<TimeUs>(days) * us_per_day, by(call)));
  TRY(context.backend.member_key_changed());
  context.backend.tell_partners();
  return answered(call, Object().add("key", key.text()));
}

Answer recover_member_key(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  auto body = TRY(JsonBody::read(call.request, "recovery_key"));
  std::string paper = TRY(body.text("recovery_key"));
  std::string next = TRY(partners->recover_key(paper, by(call)));
  TRY(context.backend.member_key_changed());
  context.backend.tell_partners();
  return answered(call, Object().add("recovery_key", next));
}

Answer show_recovery_key(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  std::string paper = TRY(partners->recovery_paper());
  call.show(Tlp::red);
  return answered(call, Object().add("recovery_key", paper));
}

Answer forget_recovery_key(Context& context, const Call& call) {
  auto* partners = TRY(partners_of(context));
  TRY(partners->forget_recovery(by(call)));
  return http::Response{.status = 204};
}

}  // namespace tocsin::api
