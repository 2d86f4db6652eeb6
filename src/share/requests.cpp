#include "share/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "share/request_rows.h"
#include "share/request_words.h"
#include "wire/stix_words.h"

namespace tocsin::share {
namespace {

constexpr std::size_t sector_bytes_max = 64, quoted_bytes_max = 64;

// What an act of the asker or the asked makes of a state; nullopt: it has no effect on it.
std::optional<RequestState> after(RequestState state, std::string_view act) {
  bool open = state == RequestState::open || state == RequestState::accepted;
  if (act == "accept" && state == RequestState::open) return RequestState::accepted;
  if (act == "refuse" && open) return RequestState::refused;
  if (act == "done" && open) return RequestState::done;
  if (act == "withdraw" && open) return RequestState::withdrawn;
  if (act == "comment") return state;
  return std::nullopt;
}

bool is_answer(std::string_view act) {
  return act == "accept" || act == "refuse" || act == "done";
}

std::string time_text(TimeUs time) {
  return time == time_none ? std::string() : times::format(time);
}

}  // namespace

// ---- opening

Result<std::unique_ptr<Requests>> Requests::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "requests", rows::request_steps()));
  auto requests = std::unique_ptr<Requests>(new Requests(std::move(parts), std::move(tables)));
  auto hear = [self = requests.get()](const Partner& from, const Statement& s) {
    return self->hear(from, s);
  };
  requests->parts_.partners.hears("request", std::move(hear));
  return requests;
}

// ---- checks

// Sets right what is asked, from the finding where it is about one, and what a decision looks at.
Result<policy::Letter> Requests::letter_of(RequestAsk& ask) const {
  policy::Letter letter;
  letter.item.kind = policy::ItemKind::request;
  letter.item.feed.may_pass_on = true;  // what a person here says
  if (!ask.finding.empty()) {
    if (!parts_.about) return missing("no finding " + text::quote(ask.finding));
    About about = TRY(parts_.about(ask.finding));
    ask.sort = about.sort;
    ask.subject = about.subject;
    ask.sector = about.sector;
    ask.type = about.type;
    ask.country = about.country;
    ask.tlp = ask.tlp == Tlp::unmarked ? about.tlp : std::max(ask.tlp, about.tlp);
    letter.item.feed = about.feed;
  }
  auto subject = TRY(letter_subject(ask.sort, ask.subject));
  ask.subject = subject.text;
  if (!ask.item.empty() && !wire::is_stix_id(ask.item))
    return invalid("not a STIX id: " + text::quote(ask.item));
  if (ask.item.empty() && ask.subject.empty())
    return invalid("say what it is about: a finding, a subject, or an item that both have");
  ask.words = TRY(line_of(ask.words, "words", words_bytes_max));
  ask.legal_basis = TRY(line_of(ask.legal_basis, "a legal basis", basis_bytes_max));
  ask.sector = TRY(line_of(ask.sector, "a sector", sector_bytes_max));
  if (ask.deadline != time_none) ask.deadline = ask.deadline / us_per_s * us_per_s;
  letter.item.type = ask.type;
  letter.item.country = ask.country;
  letter.item.sector = ask.sector;
  letter.item.tlp = ask.tlp;
  letter.item.pap = ask.pap;
  letter.sort = subject.kind;
  letter.subject = subject.text;
  letter.names_item = !ask.item.empty();
  letter.words = ask.words;
  letter.legal_basis = ask.legal_basis;
  return letter;
}

Result<policy::LetterDoor> Requests::door(std::string_view member, bool out) const {
  auto us = TRY(parts_.partners.self());
  TimeUs now = parts_.now();
  auto used = [&](std::string_view agreement) -> Result<std::uint64_t> {
    std::uint64_t count = 0;
    auto look = [&](store::Sqlite& db) -> Result<void> {
      auto select = TRY(db.prepare(
          "SELECT count(*) FROM requests WHERE member = ? AND agreement = ? AND ours = ? AND at >= "
          "?"));
      select.bind(1, member).bind(2, agreement).bind(3, out ? 1 : 0);
      select.bind(4, now / us_per_day * us_per_day);
      if (TRY(select.step())) count = static_cast<std::uint64_t>(select.number(0));
      return {};
    };
    TRY(tables_.read(look));
    return count;
  };
  return letter_door(parts_.agreements, us.profile.member, member, out, parts_.sensors, now, used);
}

// Words of an act as they may go to the other side. Errors: invalid, denied.
Result<std::string> Requests::checked_words(const Request& request, std::string_view words) const {
  std::string line = TRY(line_of(words, "words", words_bytes_max));
  if (line.empty() || request.member.empty()) return line;
  policy::Letter letter;
  letter.item = {.kind = policy::ItemKind::request,
                 .type = request.ask.type,
                 .sector = request.ask.sector,
                 .country = request.ask.country,
                 .tlp = request.ask.tlp,
                 .pap = request.ask.pap};
  letter.item.feed.may_pass_on = true;
  letter.names_item = true;
  letter.words = line;
  auto open = TRY(door(request.member, true));
  return TRY(policy::clear(letter, open)).item().words;
}

// ---- acts

Result<void> Requests::keep(const Request& request, const Note& note) {
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(rows::keep(db, request));
    return rows::note(db, request.id,
                      {note.at, std::string(note.by), std::string(note.act),
                       std::string(name(note.refusal)), std::string(note.words)});
  };
  return tables_.write(write);
}

Result<void> Requests::say(const Request& request, std::string_view kind, const Said& said,
                           const Note& note) {
  auto partners = parts_.partners.book();
  if (partners->speaking(request.member) == nullptr)
    return denied(text::quote(request.member) + " is no compared partner of this node");
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(rows::keep(db, request));
    return rows::note(db, request.id,
                      {note.at, std::string(note.by), std::string(note.act),
                       std::string(name(note.refusal)), std::string(note.words)});
  };
  return parts_.partners.say({request.member}, kind, said, write, note.at);
}

Result<Request> Requests::ask(std::string_view member, RequestAsk ask, std::string_view by) {
  std::lock_guard act(one_);
  auto partners = parts_.partners.book();
  if (partners->find(member) == nullptr) return missing("no partner " + text::quote(member));
  policy::Letter letter = TRY(letter_of(ask));
  auto open = TRY(door(member, true));
  auto cleared = TRY(policy::clear(letter, open));
  const policy::ToldLetter& told = cleared.item();
  if (TRY(is_full(member))) return denied("too many requests to this partner are open");
  Request r{.id = letter_id(), .ours = true, .member = std::string(member), .by = std::string(by)};
  r.ask = std::move(ask);
  r.told = told.subject;
  r.agreement = told.agreement;
  r.at = r.changed = parts_.now() / us_per_s * us_per_s;
  Said said{{"id", r.id},
            {"request", std::string(name(r.ask.kind))},
            {"item", r.ask.item},
            {"sort", told.sort},
            {"subject", told.subject},
            {"type", r.ask.type ? std::string(name(*r.ask.type)) : std::string()},
            {"country", told.country},
            {"sector", told.sector},
            {"tlp", std::string(name(r.ask.tlp))},
            {"pap", std::string(name(r.ask.pap))},
            {"words", told.words},
            {"legal_basis", told.legal_basis},
            {"deadline", time_text(r.ask.deadline)},
            {"agreement", told.agreement}};
  TRY(say(r, "request", said, {.by = by, .act = "ask", .words = r.ask.words, .at = r.at}));
  return r;
}

Result<Request> Requests::ask_by_mail(std::string_view address, bool affected, RequestAsk ask,
                                      std::string_view by) {
  std::lock_guard act(one_);
  if (!ask.item.empty()) return invalid("who is no member has none of our items");
  TRY(letter_of(ask));
  if (ask.subject.empty()) return invalid("say what it is about: a finding or a subject");
  if (!parts_.may_mail) return unavailable("this node sends no mail");
  if (TRY(is_full(""))) return denied("too many requests by mail are open");
  Request r{
      .id = letter_id(), .ours = true, .mail_to = std::string(address), .by = std::string(by)};
  r.to_affected = affected;
  r.told = ask.subject;
  r.ask = std::move(ask);
  r.at = r.changed = parts_.now() / us_per_s * us_per_s;
  r.mail = MailState::queued;
  r.message_id = fmt::format("tocsin.request.{}@{}", r.id, parts_.mail_domain);
  TRY(parts_.may_mail(r));
  TRY(keep(r, {.by = by, .act = "ask", .words = r.ask.words, .at = r.at}));
  return r;
}

Result<Request> Requests::act(std::string_view id, const Act& wish, std::string_view by) {
  std::lock_guard act(one_);
  Request r = TRY(find(id));
  bool by_hand = r.member.empty();  // the other side's answer is noted by us
  bool is_mine = wish.act == "comment" || (wish.act == "withdraw" && r.ours) ||
                 (is_answer(wish.act) && (!r.ours || by_hand));
  if (!is_mine)
    return denied(wish.act == "withdraw" ? "only who asked withdraws a request"
                                         : "only who was asked answers a request");
  auto next = after(r.state, wish.act);
  if (!next) return denied(fmt::format("the request is {}", name(r.state)));
  bool has_reason = wish.refusal != Refusal::none && wish.refusal != Refusal::no_agreement;
  if ((wish.act == "refuse") != has_reason) return invalid("a refusal has a reason, nothing else");
  std::string words = TRY(checked_words(r, wish.words));
  if (wish.act == "comment" && words.empty()) return invalid("a comment says something");
  TimeUs now = parts_.now() / us_per_s * us_per_s;
  r.state = *next;
  if (wish.act == "refuse") r.refusal = wish.refusal;
  if (is_answer(wish.act) && r.answered == time_none) r.answered = std::max(now, r.at);
  r.changed = now;
  Note note{.by = by, .act = wish.act, .words = words, .refusal = wish.refusal, .at = now};
  if (by_hand) {
    TRY(keep(r, note));
    return r;
  }
  ++r.said;
  Said said{{"id", r.id},
            {"number", std::to_string(r.said)},
            {"act", std::string(wish.act)},
            {"refusal", std::string(name(wish.refusal))},
            {"words", words}};
  TRY(say(r, "request-act", said, note));
  return r;
}

// ---- what the others say

// An act on a request between us. What comes twice, or of before what was heard last, is nothing.
// Nor is what is said of a request that there is not, but no error either: it would be said again
// for ever, and nothing after it, by a node whose partner was restored from a backup.
Result<void> Requests::hear_act(const Partner& from, const Statement& s) {
  const std::string& member = from.profile.member;
  auto found = TRY(known(s["id"]));
  if (!found || found->member != member) {
    if (!parts_.refused) return {};
    return parts_.refused(member, "an act on a request that is not between us: " +
                                      text::quote(s["id"].substr(0, quoted_bytes_max)));
  }
  Request& r = *found;
  auto number = text::number(s["number"]);
  if (!number || *number == 0 || *number > INT64_MAX) return invalid("no number of this act");
  std::string_view act = s["act"];
  bool is_theirs = act == "comment" || (act == "withdraw" && !r.ours) || (is_answer(act) && r.ours);
  if (!is_theirs) return denied("that is not for " + member + " to say of this request");
  auto refusal = refusal_named(s["refusal"]);
  if ((act == "refuse") != refusal.has_value() || (refusal.has_value() == s["refusal"].empty()))
    return invalid("a refusal has a reason that this node knows, nothing else");
  std::string words = TRY(line_of(s["words"], "words", words_bytes_max));
  if (*number <= r.heard) return {};
  r.heard = *number;
  bool by_itself = refusal == Refusal::no_agreement;  // said by their node: words are a code
  if (!words.empty() && !by_itself) {
    policy::Letter letter;
    letter.item = {.kind = policy::ItemKind::request,
                   .type = r.ask.type,
                   .sector = r.ask.sector,
                   .country = r.ask.country,
                   .tlp = r.ask.tlp,
                   .pap = r.ask.pap};
    letter.words = words;
    auto verdict = policy::judge_heard(letter, TRY(door(member, false)));
    if (!verdict.released()) {
      if (parts_.refused)
        TRY(parts_.refused(
            member, fmt::format("words of request {}: {}", r.id, policy::name(verdict.reason))));
      words.clear();
    }
  }
  // Where it crossed our withdrawal, what they had done by then counts, as it does for them.
  bool crossed = r.ours && r.state == RequestState::withdrawn;
  auto next = after(crossed && act != "accept" ? RequestState::open : r.state, act);
  if (act == "comment") next = r.state;
  if (next) r.state = *next;
  if (next && refusal) r.refusal = *refusal;
  if (is_answer(act) && !by_itself && r.answered == time_none) r.answered = std::max(s.at, r.at);
  r.changed = parts_.now();
  return keep(r, {.by = member,
                  .act = act,
                  .words = words,
                  .refusal = refusal.value_or(Refusal::none),
                  .at = s.at});
}

}  // namespace tocsin::share
