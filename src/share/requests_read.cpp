// Requests: hearing new ones, reading what there is, times to answer, mail on its way.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "share/request_rows.h"
#include "share/request_words.h"
#include "share/requests.h"
#include "wire/stix_words.h"

namespace tocsin::share {
namespace {

constexpr std::size_t sector_bytes_max = 64;

// What somebody asks, as it was said: nothing of it is believed but its form.
Result<RequestAsk> read_ask(const Statement& s) {
  RequestAsk ask;
  auto kind = request_kind_named(s["request"]);
  if (!kind) return invalid("this node knows no request " + text::quote(s["request"]));
  ask.kind = *kind;
  ask.item = s["item"];
  if (!ask.item.empty() && !wire::is_stix_id(ask.item)) return invalid("an item that has no id");
  ask.sort = s["sort"];
  if (ask.sort == "network") {
    ask.subject = ip::format(TRY(ip::parse_network(s["subject"])));
  } else {
    ask.subject = TRY(letter_subject(ask.sort, s["subject"])).text;
  }
  if (ask.item.empty() && ask.subject.empty()) return invalid("a request about nothing");
  ask.words = TRY(line_of(s["words"], "words", Requests::words_bytes_max));
  ask.legal_basis = TRY(line_of(s["legal_basis"], "a legal basis", Requests::basis_bytes_max));
  ask.sector = TRY(line_of(s["sector"], "a sector", sector_bytes_max));
  if (!s["type"].empty()) {
    ask.type = type_named(s["type"]);
    if (!ask.type) return invalid("a type that this node does not know");
  }
  ask.country = Country::parse(s["country"]).value_or(Country{});
  ask.tlp = tlp_named(s["tlp"]).value_or(Tlp::unmarked);
  ask.pap = pap_named(s["pap"]).value_or(Pap::unmarked);
  if (!s["deadline"].empty()) ask.deadline = TRY(times::parse(s["deadline"]));
  return ask;
}

policy::Letter heard_letter(const RequestAsk& ask) {
  policy::Letter letter;
  letter.item = {.kind = policy::ItemKind::request,
                 .type = ask.type,
                 .sector = ask.sector,
                 .country = ask.country,
                 .tlp = ask.tlp,
                 .pap = ask.pap};
  if (ask.sort == "ip") letter.sort = SubjectKind::address;
  if (ask.sort == "name") letter.sort = SubjectKind::name;
  if (ask.sort == "url") letter.sort = SubjectKind::url;
  if (ask.sort == "account") letter.sort = SubjectKind::account;
  letter.words = ask.words;
  letter.legal_basis = ask.legal_basis;
  return letter;
}

}  // namespace

// ---- what the others say

Result<void> Requests::hear(const Partner& from, const Statement& s) {
  std::lock_guard act(one_);
  if (s.kind == "request") return hear_request(from, s);
  if (s.kind == "request-act") return hear_act(from, s);
  return invalid("this node does not know what " + text::quote(s.kind) + " is");
}

Result<void> Requests::hear_request(const Partner& from, const Statement& s) {
  const std::string& member = from.profile.member;
  std::string id(s["id"]);
  if (!is_letter_id(id)) return invalid("a request without an id");
  if (auto before = TRY(known(id))) {
    if (before->member == member && !before->ours) return {};  // heard before
    return denied("a request of another has this id");
  }
  auto asked = TRY(read_ask(s));
  Request r{.id = id, .member = member, .ask = std::move(asked), .by = member, .at = s.at};
  r.changed = parts_.now();
  if (TRY(is_full(member))) return turn_away(r, "too-many-open");
  auto verdict = policy::judge_heard(heard_letter(r.ask), TRY(door(member, false)));
  if (!verdict.released()) return turn_away(r, policy::name(verdict.reason));
  r.agreement = verdict.agreement;
  return keep(r, {.by = member, .act = "ask", .words = r.ask.words, .at = s.at});
}

// Nothing of what it tells is kept; whoever asked is told the code.
Result<void> Requests::turn_away(const Request& request, std::string_view code) {
  if (parts_.refused)
    TRY(parts_.refused(request.member, fmt::format("request {}: {}", request.id, code)));
  Request r{.id = request.id, .member = request.member, .by = request.by, .at = request.at};
  r.ask.kind = request.ask.kind;
  r.state = RequestState::refused;
  r.refusal = Refusal::no_agreement;
  r.changed = parts_.now() / us_per_s * us_per_s;
  r.said = 1;
  Said said{{"id", r.id},
            {"number", "1"},
            {"act", "refuse"},
            {"refusal", std::string(name(r.refusal))},
            {"words", std::string(code)}};
  return say(r, "request-act", said,
             {.by = "node", .act = "refuse", .words = code, .refusal = r.refusal, .at = r.changed});
}

// ---- reading

Result<std::optional<Request>> Requests::known(std::string_view id) const {
  std::vector<Request> found;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    found = TRY(rows::requests(db, "id = ?", [&](store::Statement& s) { s.bind(1, id); }));
    return {};
  };
  TRY(tables_.read(look));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<bool> Requests::is_full(std::string_view member) const {
  std::uint64_t open = 0, all = 0;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT (SELECT count(*) FROM requests WHERE member = ? AND state < 2), (SELECT count(*) "
        "FROM requests)"));
    select.bind(1, member);
    if (!TRY(select.step())) return {};
    open = static_cast<std::uint64_t>(select.number(0));
    all = static_cast<std::uint64_t>(select.number(1));
    return {};
  };
  TRY(tables_.read(look));
  if (all >= requests_max) return denied("this node has too many requests");
  return open >= open_of_one_max;
}

Result<Request> Requests::find(std::string_view id) const {
  bool is_one = !id.empty() && id.find_first_not_of("0123456789abcdef") == id.npos;
  std::vector<Request> found;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    found = TRY(rows::requests(db, "id >= ?1 AND id < ?1 || 'g' LIMIT 2",
                               [&](store::Statement& s) { s.bind(1, id); }));
    return {};
  };
  if (is_one) TRY(tables_.read(look));
  if (found.empty()) return missing("no request " + text::quote(id));
  if (found.size() > 1) return invalid("several requests begin so");
  return std::move(found.front());
}

Result<std::vector<Request>> Requests::list(const Filter& filter) const {
  std::vector<Request> all;
  TimeUs now = parts_.now();
  auto bind = [&](store::Statement& s) {
    s.bind(1, filter.member).bind(2, filter.state ? static_cast<int>(*filter.state) : -1);
    s.bind(3, filter.ours ? static_cast<int>(*filter.ours) : -1).bind(4, filter.open ? 1 : 0);
    s.bind(5, filter.late ? 1 : 0).bind(6, now).bind(7, time_none);
    s.bind(8, std::uint64_t{filter.limit});
  };
  auto look = [&](store::Sqlite& db) -> Result<void> {
    all = TRY(rows::requests(
        db,
        "(?1 = '' OR member = ?1) AND (?2 < 0 OR state = ?2) AND (?3 < 0 OR ours = ?3) AND (?4 = 0 "
        "OR state < 2) AND (?5 = 0 OR (state < 2 AND deadline != ?7 AND deadline < ?6)) ORDER BY "
        "at "
        "DESC, id LIMIT ?8",
        bind));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

Result<std::vector<RequestAct>> Requests::acts(std::string_view id) const {
  std::vector<RequestAct> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    all = TRY(rows::request_acts(db, id, acts_max));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

// What the node itself refused counts as asked, and as nobody's answer.
Result<std::vector<RequestTimes>> Requests::times() const {
  std::map<std::string, RequestTimes, std::less<>> by_member;
  TimeUs now = parts_.now();
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT member, ours, state, at, answered, deadline FROM requests WHERE member "
                   "!= ''"));
    while (TRY(select.step())) {
      RequestTimes& times = by_member[std::string(select.text(0))];
      RequestTimes::Side& side = select.number(1) != 0 ? times.ours : times.theirs;
      bool open = select.number(2) < 2;
      ++side.asked;
      side.open += open ? 1 : 0;
      side.late += open && select.number(5) != time_none && select.number(5) < now ? 1 : 0;
      if (TimeUs answered = select.number(4); answered != time_none)
        side.answers_s.push_back(
            static_cast<std::uint64_t>((answered - select.number(3)) / us_per_s));
    }
    return {};
  };
  TRY(tables_.read(look));
  std::vector<RequestTimes> all;
  for (auto& [member, times] : by_member) {
    times.member = member;
    std::ranges::sort(times.ours.answers_s);
    std::ranges::sort(times.theirs.answers_s);
    all.push_back(std::move(times));
  }
  return all;
}

// ---- mail

Result<std::vector<Request>> Requests::due_mail() const {
  constexpr std::uint64_t most = 100;
  std::vector<Request> due;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    due = TRY(rows::requests(db,
                             "mail = ? AND mail_next <= ? AND state < 2 ORDER BY mail_next LIMIT ?",
                             [&](store::Statement& s) {
                               s.bind(1, static_cast<int>(MailState::queued)).bind(2, parts_.now());
                               s.bind(3, most);
                             }));
    return {};
  };
  TRY(tables_.read(look));
  return due;
}

Result<void> Requests::settle_mail(const std::string& id, const Mailed& mailed) {
  std::lock_guard act(one_);
  Request r = TRY(find(id));
  r.mail = mailed.state;
  r.mail_error = mailed.error;
  r.mail_next = mailed.next;
  ++r.mail_tries;
  r.changed = parts_.now();
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(rows::keep(db, r));
    if (r.mail == MailState::queued) return {};
    return rows::note(
        db, r.id,
        {r.changed, "node", r.mail == MailState::sent ? "mailed" : "not mailed", {}, r.mail_error});
  };
  return tables_.write(write);
}

}  // namespace tocsin::share
