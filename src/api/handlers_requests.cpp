// Requests to partners and to who is no member; opinions and notes on a partner's item.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "alert/constituent.h"
#include "api/answers.h"
#include "api/handlers.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t list_max = 1000, finding_events_max = 100, finding_opinions_max = 100;

std::string time_text(TimeUs time) {
  return time == time_none || time == 0 ? std::string() : times::format(time);
}

Result<share::Requests*> requests_of(Context& context) {
  if (auto* requests = context.backend.requests()) return requests;
  return missing("this node is a member of no network: set member and url in [share]");
}

Result<share::Opinions*> opinions_of(Context& context) {
  if (auto* opinions = context.backend.opinions()) return opinions;
  return missing("this node is a member of no network: set member and url in [share]");
}

Object object_of(const Context& context, const Call& call, const share::Request& request) {
  call.show(request.ask.tlp);
  const share::RequestAsk& ask = request.ask;
  Object object;
  object.add("id", request.id)
      .flag("ours", request.ours)
      .add("member", request.member)
      .add("mail_to", request.mail_to)
      .add("kind", name(ask.kind))
      .add("state", name(request.state))
      .add("refusal", name(request.refusal))
      .flag("late", request.is_late(call.now))
      .add("finding", ask.finding)
      .add("item", ask.item)
      .add("sort", ask.sort)
      .add("subject", ask.subject)
      .add("type", ask.type ? name(*ask.type) : std::string_view())
      .add("country", ask.country.text())
      .add("sector", ask.sector)
      .add("tlp", name(ask.tlp))
      .add("pap", name(ask.pap))
      .add("words", ask.words)
      .add("legal_basis", ask.legal_basis)
      .add("deadline", time_text(ask.deadline))
      .add("told", request.told)
      .add("agreement", request.agreement)
      .add("by", context.people.name_of(request.by))
      .add("at", time_text(request.at))
      .add("answered", time_text(request.answered))
      .add("changed", time_text(request.changed))
      .add("mail", name(request.mail))
      .add("mail_error", request.mail_error);
  return object;
}

Object object_of(const share::RequestTimes::Side& side) {
  Object object;
  object.add("asked", side.asked)
      .add("open", side.open)
      .add("late", side.late)
      .add("answers", side.answers_s.size());
  if (!side.answers_s.empty())
    object.add("answer_p50_s", side.answers_s[side.answers_s.size() / 2]);
  return object;
}

Object object_of(const Context& context, const Call& call, const share::Opinion& opinion) {
  call.show(opinion.tlp);
  Object object;
  object.add("id", opinion.id)
      .flag("ours", opinion.ours)
      .add("member", opinion.member)
      .add("by", context.people.name_of(opinion.by))
      .add("item", opinion.item)
      .add("opinion", name(opinion.stance))
      .add("words", opinion.words)
      .add("type", opinion.type ? name(*opinion.type) : std::string_view())
      .add("tlp", name(opinion.tlp))
      .add("pap", name(opinion.pap))
      .add("agreement", opinion.agreement)
      .add("at", time_text(opinion.at));
  return object;
}

template <class T>
Result<T> named(const JsonBody& body, std::string_view key,
                std::optional<T> (*read)(std::string_view), T otherwise) {
  std::string text = TRY(body.text(key));
  if (text.empty()) return otherwise;
  auto value = read(text);
  if (!value) return invalid(fmt::format("{}: unknown: {}", key, text::quote(text)));
  return *value;
}

// "ip", "name", "url" or "account", as it is written.
std::string sort_of(std::string_view subject) {
  if (subject.empty()) return {};
  if (ip::parse(subject)) return "ip";
  if (subject.contains("://")) return "url";
  return subject.contains('@') ? "account" : "name";
}

Result<share::RequestAsk> ask_of(const JsonBody& body) {
  share::RequestAsk ask;
  auto kind = share::request_kind_named(TRY(body.text("kind")));
  if (!kind) return invalid("kind: one of take-down, preserve, confirm, tell-owner");
  ask.kind = *kind;
  ask.finding = TRY(body.text("finding"));
  ask.item = TRY(body.text("item"));
  ask.subject = TRY(body.text("subject"));
  if (!ask.finding.empty() && !ask.subject.empty())
    return invalid("a finding says itself what it is about: no subject beside it");
  ask.sort = TRY(body.text("sort"));
  if (ask.sort.empty()) ask.sort = sort_of(ask.subject);
  if (std::string type = TRY(body.text("type")); !type.empty()) {
    ask.type = type_named(type);
    if (!ask.type) return invalid("type: unknown: " + text::quote(type));
  }
  ask.country = TRY(named(body, "country", &Country::parse, Country{}));
  ask.sector = TRY(body.text("sector"));
  // A finding has its marking, which nobody lowers here.
  ask.tlp = TRY(named(body, "tlp", &tlp_named, ask.finding.empty() ? Tlp::amber : Tlp::unmarked));
  ask.pap = TRY(named(body, "pap", &pap_named, Pap::unmarked));
  ask.words = TRY(body.text("words"));
  ask.legal_basis = TRY(body.text("legal_basis"));
  if (std::string text = TRY(body.text("deadline")); !text.empty()) {
    auto deadline = times::parse(text);
    if (!deadline) return invalid("deadline: not a time: " + text::quote(text));
    ask.deadline = *deadline;
  }
  return ask;
}

struct MailTo {
  std::string address;
  bool affected = false;
};

// The address as it was given, or the first one of a constituent.
Result<MailTo> mail_to(Context& context, const JsonBody& body) {
  MailTo to{.address = TRY(body.text("mail"))};
  to.affected = TRY(body.flag("affected"));
  std::string constituent = TRY(body.text("constituent"));
  if (constituent.empty()) return to;
  if (!to.address.empty()) return invalid("a mail address, or a constituent: not both");
  auto directory = context.backend.constituents();
  std::uint64_t id = alert::constituent_id_of(constituent);
  auto found = std::ranges::find_if(directory->all(), [&](const alert::Constituent& one) {
    return one.id == id || text::equal_fold(one.name, constituent);
  });
  if (found == directory->all().end()) return missing("no constituent " + text::quote(constituent));
  auto contact = std::ranges::find_if(found->contacts, alert::is_mail_address);
  if (contact == found->contacts.end())
    return invalid(text::quote(found->name) + " has no mail address");
  return MailTo{*contact, !found->provider};
}

Answer told(Context& context, const Call& call, const share::Request& request) {
  context.backend.tell_partners();
  return answered(call, object_of(context, call, request));
}

Answer act_on(Context& context, const Call& call, std::string_view act) {
  auto* requests = TRY(requests_of(context));
  auto body = TRY(JsonBody::read(call.request, act == "refuse" ? "reason|words" : "words"));
  auto reason = share::Refusal::none;
  if (act == "refuse") reason = TRY(named(body, "reason", &share::refusal_named, reason));
  std::string words = TRY(body.text("words"));
  auto request = TRY(requests->act(
      call.path.at("id"), {.act = act, .refusal = reason, .words = words}, call.caller.user_id));
  return told(context, call, request);
}

}  // namespace

Answer list_requests(Context& context, const Call& call) {
  auto* requests = TRY(requests_of(context));
  share::Requests::Filter filter{.member = call.params.text("partner"), .limit = list_max};
  if (call.params.has("state"))
    filter.state = share::request_state_named(call.params.text("state"));
  std::string which = call.params.text("which");
  filter.open = which == "open";
  filter.late = which == "late";
  auto rows = TRY(requests->list(filter));
  std::vector<Object> items, partners;
  for (const auto& row : rows) items.push_back(object_of(context, call, row));
  auto times = TRY(requests->times());
  for (const share::RequestTimes& one : times) {
    if (!filter.member.empty() && one.member != filter.member) continue;
    partners.emplace_back()
        .add("member", one.member)
        .add("ours", object_of(one.ours))
        .add("theirs", object_of(one.theirs));
  }
  return answered(call, list_of(items, "", items.size()).add("partners", partners));
}

Answer show_request(Context& context, const Call& call) {
  auto* requests = TRY(requests_of(context));
  auto request = TRY(requests->find(call.path.at("id")));
  std::vector<Object> acts;
  auto rows = TRY(requests->acts(request.id));
  for (const share::RequestAct& act : rows) {
    acts.emplace_back()
        .add("at", time_text(act.at))
        .add("by", context.people.name_of(act.by))
        .add("act", act.act)
        .add("refusal", act.refusal)
        .add("words", act.words);
  }
  return answered(call, object_of(context, call, request).add("acts", acts));
}

Answer make_request(Context& context, const Call& call) {
  auto* requests = TRY(requests_of(context));
  auto body = TRY(JsonBody::read(call.request,
                                 "member|mail|affected|constituent|kind|finding|item|subject|sort|"
                                 "type|country|sector|tlp|pap|words|legal_basis|deadline"));
  auto ask = TRY(ask_of(body));
  std::string member = TRY(body.text("member"));
  auto to = TRY(mail_to(context, body));
  if (member.empty() == to.address.empty())
    return invalid("whom to ask: a member, a mail address or a constituent; one of them");
  const std::string& by = call.caller.user_id;
  auto request =
      TRY(member.empty() ? requests->ask_by_mail(to.address, to.affected, std::move(ask), by)
                         : requests->ask(member, std::move(ask), by));
  return told(context, call, request);
}

Answer accept_request(Context& context, const Call& call) {
  return act_on(context, call, "accept");
}

Answer refuse_request(Context& context, const Call& call) {
  return act_on(context, call, "refuse");
}

Answer end_request(Context& context, const Call& call) {
  return act_on(context, call, "done");
}

Answer withdraw_request(Context& context, const Call& call) {
  return act_on(context, call, "withdraw");
}

Answer comment_request(Context& context, const Call& call) {
  return act_on(context, call, "comment");
}

Answer list_opinions(Context& context, const Call& call) {
  auto* opinions = TRY(opinions_of(context));
  auto rows = TRY(opinions->list(call.params.text("item"), call.params.text("partner"), list_max));
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(context, call, row));
  return answered(call, list_of(items, "", items.size()));
}

Answer say_opinion(Context& context, const Call& call) {
  auto* opinions = TRY(opinions_of(context));
  auto body = TRY(JsonBody::read(call.request, "member|item|opinion|words|type|tlp|pap"));
  share::Opinion opinion{.item = TRY(body.text("item"))};
  opinion.stance = TRY(named(body, "opinion", &share::stance_named, share::Stance::note));
  opinion.words = TRY(body.text("words"));
  if (std::string type = TRY(body.text("type")); !type.empty()) {
    opinion.type = type_named(type);
    if (!opinion.type) return invalid("type: unknown: " + text::quote(type));
  }
  opinion.tlp = TRY(named(body, "tlp", &tlp_named, Tlp::amber));
  opinion.pap = TRY(named(body, "pap", &pap_named, Pap::unmarked));
  std::string member = TRY(body.text("member"));
  auto said = TRY(opinions->say(member, std::move(opinion), call.caller.user_id));
  context.backend.tell_partners();
  return answered(call, object_of(context, call, said));
}

Result<std::vector<Object>> opinions_on(Context& context, const Call& call, const Hash128& key) {
  std::vector<Object> out;
  auto* opinions = context.backend.opinions();
  if (opinions == nullptr || TRY(opinions->list("", "", 1)).empty()) return out;
  auto page =
      TRY(context.backend.finding_events(key, {.limit = finding_events_max}, call.patience()));
  std::set<std::string> ids;
  simdjson::dom::parser parser;
  for (const std::string& event : page.items) {
    simdjson::dom::element root;
    std::string_view id;
    if (!parser.parse(event).get(root) && !root.at_pointer("/extra/stix_id").get(id))
      ids.emplace(id);
  }
  for (const std::string& id : ids) {
    auto rows = TRY(opinions->list(id, "", finding_opinions_max));
    for (const auto& row : rows) out.push_back(object_of(context, call, row));
  }
  return out;
}

}  // namespace tocsin::api
