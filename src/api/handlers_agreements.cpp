// Agreements with partners: proposed, signed by each side, suspended, ended.
#include <fmt/format.h>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"
#include "policy/words.h"

namespace tocsin::api {
namespace {

std::string time_text(TimeUs time) {
  return time == time_none || time == 0 ? std::string() : times::format(time);
}

Result<share::Agreements*> agreements_of(Context& context) {
  if (auto* agreements = context.backend.agreements()) return agreements;
  return missing("this node is a member of no network: set member and url in [share]");
}

std::string by(const Call& call) {
  return call.caller.user_id;
}

// `named`: of the path.
Result<std::string> address_of(const share::Agreements& agreements, const Call& call) {
  return TRY(agreements.find(call.path.at("address"))).address;
}

Answer told(Context& context, const Call& call, const share::AgreementState& state) {
  context.backend.tell_partners();
  return answered(call, object_of(state, context.people));
}

using Reasoned = Result<share::AgreementState> (share::Agreements::*)(std::string_view address,
                                                                      std::string_view why,
                                                                      std::string_view by);
Answer with_reason(Context& context, const Call& call, Reasoned work) {
  auto* agreements = TRY(agreements_of(context));
  std::string address = TRY(address_of(*agreements, call));
  auto body = TRY(JsonBody::read(call.request, "why"));
  std::string why = TRY(body.text("why"));
  if (text::trim(why).empty()) return invalid("say why");
  return told(context, call, TRY((agreements->*work)(address, why, by(call))));
}

using Plain = Result<share::AgreementState> (share::Agreements::*)(std::string_view address,
                                                                   std::string_view by);
Answer plainly(Context& context, const Call& call, Plain work) {
  auto* agreements = TRY(agreements_of(context));
  std::string address = TRY(address_of(*agreements, call));
  return told(context, call, TRY((agreements->*work)(address, by(call))));
}

}  // namespace

Object object_of(const share::AgreementState& state, const People& people) {
  std::vector<Object> parties, suspended;
  std::vector<std::string> wanted;
  for (const std::string& person : state.wanted) wanted.push_back(people.name_of(person));
  for (const auto& one : policy::signatures_of(state.agreement)) {
    parties.emplace_back()
        .add("member", one.party)
        .add("signed", time_text(one.why.empty() ? one.at : time_none))
        .add("why", one.why);
  }
  for (const auto& [member, said] : state.suspensions) {
    if (said.holds) suspended.emplace_back().add("member", member).add("why", said.why);
  }
  std::vector<Object> deleted;
  for (const auto& [member, at] : state.deleted)
    deleted.emplace_back().add("member", member).add("at", time_text(at));
  Object object;
  object.add("address", state.address)
      .add("id", state.agreement.id)
      .add("title", state.agreement.title)
      .add("version", state.agreement.version)
      .add("replaces", state.agreement.replaces)
      .add("standing", name(state.standing()))
      .add("from", time_text(state.agreement.from))
      .add("until", time_text(state.agreement.until))
      .add("proposed_by", people.name_of(state.from))
      .add("proposed", time_text(state.at))
      .flag("widens", state.widens)
      .add("wanted_by", wanted)
      .add("parties", parties)
      .add("suspended", suspended)
      .add("ended", time_text(state.ended))
      .add("ended_by", people.name_of(state.ended_by))
      .add("why", state.why)
      .add("deleted", deleted);
  return object;
}

std::vector<Object> objects_of(const std::vector<policy::ClauseWords>& clauses) {
  std::vector<Object> out;
  for (const policy::ClauseWords& one : clauses) {
    out.emplace_back()
        .add("clause", static_cast<unsigned>(one.clause))
        .add("name", name(one.clause))
        .add("words", one.lines);
  }
  return out;
}

std::vector<Object> objects_of(const std::vector<policy::Difference>& differences) {
  std::vector<Object> out;
  for (const policy::Difference& one : differences) {
    out.emplace_back()
        .add("clause", policy::numbered(one.clause))
        .flag("widens", one.effect == policy::Effect::widens)
        .add("words", one.words);
  }
  return out;
}

Answer list_agreements(Context& context, const Call& call) {
  auto* agreements = TRY(agreements_of(context));
  std::vector<Object> items;
  auto book = agreements->book();
  std::string partner = call.params.text("partner");
  for (const auto& [address, state] : book->all()) {
    if (partner.empty() || state.is_party(partner))
      items.push_back(object_of(state, context.people));
  }
  return answered(call, list_of(items, "", items.size()));
}

Answer show_agreement(Context& context, const Call& call) {
  auto* agreements = TRY(agreements_of(context));
  auto state = TRY(agreements->find(call.path.at("address")));
  std::vector<Object> acts;
  auto differences = TRY(agreements->differences(state.address));
  auto rows = TRY(agreements->acts(state.address));
  for (const share::AgreementAct& act : rows) {
    acts.emplace_back()
        .add("at", time_text(act.at))
        .add("by", context.people.name_of(act.by))
        .add("act", act.act)
        .add("words", act.words);
  }
  Object object = object_of(state, context.people);
  object.add("changes", objects_of(differences))
      .add("clauses", objects_of(policy::clauses_in_words(state.agreement)))
      .add("acts", acts)
      .add("toml", policy::agreement_toml(state.agreement));
  return answered(call, std::move(object));
}

Answer propose_agreement(Context& context, const Call& call) {
  auto* agreements = TRY(agreements_of(context));
  auto body = TRY(JsonBody::read(call.request, "agreement"));
  std::string text = TRY(body.text("agreement"));
  return told(context, call, TRY(agreements->propose(text, by(call))));
}

Answer sign_agreement(Context& context, const Call& call) {
  return plainly(context, call, &share::Agreements::sign);
}

Answer renew_agreement(Context& context, const Call& call) {
  auto* agreements = TRY(agreements_of(context));
  std::string address = TRY(address_of(*agreements, call));
  auto body = TRY(JsonBody::read(call.request, "until"));
  std::string said = TRY(body.text("until"));
  auto until = times::parse(said);
  if (!until) return invalid("until: not a time: " + text::quote(said));
  return told(context, call, TRY(agreements->renew(address, *until, by(call))));
}

Answer suspend_agreement(Context& context, const Call& call) {
  return with_reason(context, call, &share::Agreements::suspend);
}

Answer resume_agreement(Context& context, const Call& call) {
  return plainly(context, call, &share::Agreements::resume);
}

Answer end_agreement(Context& context, const Call& call) {
  return with_reason(context, call, &share::Agreements::end);
}

Answer say_agreement_deleted(Context& context, const Call& call) {
  return plainly(context, call, &share::Agreements::say_deleted);
}

}  // namespace tocsin::api
