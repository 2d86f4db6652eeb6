#include "share/request_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tocsin::share {
namespace {

constexpr std::array<std::string_view, 4> kinds = {"take-down", "preserve", "confirm",
                                                   "tell-owner"};
constexpr std::array<std::string_view, 5> states = {"open", "accepted", "refused", "done",
                                                    "withdrawn"};
constexpr std::array<std::string_view, 9> refusals = {
    "",         "no-mandate", "not-illegal-here", "not-ours", "not-found", "not-enough-evidence",
    "too-late", "other",      "no-agreement"};
constexpr std::array<std::string_view, 4> mails = {"", "queued", "sent", "failed"};

template <class Word, std::size_t n>
std::optional<Word> named(const std::array<std::string_view, n>& words, std::string_view text) {
  auto found = std::ranges::find(words, text);
  if (found == words.end() || text.empty()) return std::nullopt;
  return static_cast<Word>(found - words.begin());
}

// A number that this program does not know is the first: nobody stored it.
template <class Word, std::size_t n>
Word stored(const std::array<std::string_view, n>&, std::int64_t number) {
  bool known = number >= 0 && static_cast<std::size_t>(number) < n;
  return static_cast<Word>(known ? number : 0);
}

}  // namespace

std::string_view name(RequestKind kind) {
  return kinds.at(static_cast<std::size_t>(kind));
}
std::string_view name(RequestState state) {
  return states.at(static_cast<std::size_t>(state));
}
std::string_view name(Refusal refusal) {
  return refusals.at(static_cast<std::size_t>(refusal));
}
std::string_view name(MailState state) {
  return mails.at(static_cast<std::size_t>(state));
}
std::optional<RequestKind> request_kind_named(std::string_view text) {
  return named<RequestKind>(kinds, text);
}
std::optional<RequestState> request_state_named(std::string_view text) {
  return named<RequestState>(states, text);
}
std::optional<Refusal> refusal_named(std::string_view text) {
  return named<Refusal>(refusals, text);
}

namespace rows {
namespace {

constexpr const char* steps[] = {
    R"(CREATE TABLE requests(
         id TEXT PRIMARY KEY, ours INTEGER NOT NULL, member TEXT NOT NULL, mail_to TEXT NOT NULL,
         to_affected INTEGER NOT NULL, kind INTEGER NOT NULL, finding TEXT NOT NULL,
         item TEXT NOT NULL, sort TEXT NOT NULL, subject TEXT NOT NULL, type TEXT NOT NULL,
         country TEXT NOT NULL, sector TEXT NOT NULL, tlp TEXT NOT NULL, pap TEXT NOT NULL,
         words TEXT NOT NULL, legal_basis TEXT NOT NULL, deadline INTEGER NOT NULL,
         told TEXT NOT NULL,
         agreement TEXT NOT NULL, state INTEGER NOT NULL, refusal INTEGER NOT NULL,
         by TEXT NOT NULL, at INTEGER NOT NULL, answered INTEGER NOT NULL,
         changed INTEGER NOT NULL, said INTEGER NOT NULL, heard INTEGER NOT NULL,
         mail INTEGER NOT NULL, message_id TEXT NOT NULL, mail_error TEXT NOT NULL,
         mail_tries INTEGER NOT NULL, mail_next INTEGER NOT NULL))",
    R"(CREATE INDEX requests_of ON requests(member, at);
       CREATE INDEX requests_mail ON requests(mail, mail_next))",
    R"(CREATE TABLE request_acts(
         id INTEGER PRIMARY KEY, request TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
         act TEXT NOT NULL, refusal TEXT NOT NULL, words TEXT NOT NULL);
       CREATE INDEX request_acts_of ON request_acts(request))",
};

constexpr std::string_view columns =
    "id, ours, member, mail_to, to_affected, kind, finding, item, sort, subject, type, country, "
    "sector, tlp, pap, words, legal_basis, deadline, told, agreement, state, refusal, by, at, "
    "answered, "
    "changed, said, heard, mail, message_id, mail_error, mail_tries, mail_next";

Request read(const store::Statement& s) {
  auto text = [&](int at) { return std::string(s.text(at)); };
  Request r;
  r.id = text(0);
  r.ours = s.number(1) != 0;
  r.member = text(2);
  r.mail_to = text(3);
  r.to_affected = s.number(4) != 0;
  r.ask.kind = stored<RequestKind>(kinds, s.number(5));
  r.ask.finding = text(6);
  r.ask.item = text(7);
  r.ask.sort = text(8);
  r.ask.subject = text(9);
  r.ask.type = type_named(s.text(10));
  r.ask.country = Country::parse(s.text(11)).value_or(Country{});
  r.ask.sector = text(12);
  r.ask.tlp = tlp_named(s.text(13)).value_or(Tlp::unmarked);
  r.ask.pap = pap_named(s.text(14)).value_or(Pap::unmarked);
  r.ask.words = text(15);
  r.ask.legal_basis = text(16);
  r.ask.deadline = s.number(17);
  r.told = text(18);
  r.agreement = text(19);
  r.state = stored<RequestState>(states, s.number(20));
  r.refusal = stored<Refusal>(refusals, s.number(21));
  r.by = text(22);
  r.at = s.number(23);
  r.answered = s.number(24);
  r.changed = s.number(25);
  r.said = static_cast<std::uint64_t>(s.number(26));
  r.heard = static_cast<std::uint64_t>(s.number(27));
  r.mail = stored<MailState>(mails, s.number(28));
  r.message_id = text(29);
  r.mail_error = text(30);
  r.mail_tries = static_cast<unsigned>(s.number(31));
  r.mail_next = s.number(32);
  return r;
}

}  // namespace

std::span<const char* const> request_steps() {
  return steps;
}

Result<void> keep(store::Sqlite& db, const Request& r) {
  std::string places = "?";
  for (int i = 1; i < 33; ++i) places += ", ?";
  auto insert = TRY(
      db.prepare(fmt::format("INSERT OR REPLACE INTO requests({}) VALUES({})", columns, places)));
  std::string country = r.ask.country.text();
  insert.bind(1, r.id).bind(2, r.ours ? 1 : 0).bind(3, r.member).bind(4, r.mail_to);
  insert.bind(5, r.to_affected ? 1 : 0).bind(6, static_cast<int>(r.ask.kind));
  insert.bind(7, r.ask.finding).bind(8, r.ask.item).bind(9, r.ask.sort).bind(10, r.ask.subject);
  insert.bind(11, r.ask.type ? name(*r.ask.type) : std::string_view()).bind(12, country);
  insert.bind(13, r.ask.sector);
  insert.bind(14, name(r.ask.tlp)).bind(15, name(r.ask.pap)).bind(16, r.ask.words);
  insert.bind(17, r.ask.legal_basis).bind(18, r.ask.deadline).bind(19, r.told);
  insert.bind(20, r.agreement).bind(21, static_cast<int>(r.state));
  insert.bind(22, static_cast<int>(r.refusal)).bind(23, r.by).bind(24, r.at).bind(25, r.answered);
  insert.bind(26, r.changed).bind(27, r.said).bind(28, r.heard);
  insert.bind(29, static_cast<int>(r.mail)).bind(30, r.message_id).bind(31, r.mail_error);
  return insert.bind(32, std::uint32_t{r.mail_tries}).bind(33, r.mail_next).run();
}

Result<std::vector<Request>> requests(store::Sqlite& db, std::string_view where,
                                      const std::function<void(store::Statement&)>& bind) {
  auto select = TRY(db.prepare(fmt::format("SELECT {} FROM requests WHERE {}", columns, where)));
  if (bind) bind(select);
  std::vector<Request> all;
  while (TRY(select.step())) all.push_back(read(select));
  return all;
}

Result<void> note(store::Sqlite& db, std::string_view id, const RequestAct& act) {
  auto insert = TRY(db.prepare(
      "INSERT INTO request_acts(request, at, by, act, refusal, words) VALUES(?, ?, ?, ?, ?, ?)"));
  insert.bind(1, id).bind(2, act.at).bind(3, act.by).bind(4, act.act);
  return insert.bind(5, act.refusal).bind(6, act.words).run();
}

Result<std::vector<RequestAct>> request_acts(store::Sqlite& db, std::string_view id,
                                             std::size_t most) {
  auto select = TRY(
      db.prepare("SELECT at, by, act, refusal, words FROM request_acts WHERE request = ? ORDER BY "
                 "id LIMIT ?"));
  select.bind(1, id).bind(2, std::uint64_t{most});
  std::vector<RequestAct> all;
  while (TRY(select.step())) {
    all.push_back({.at = select.number(0),
                   .by = std::string(select.text(1)),
                   .act = std::string(select.text(2)),
                   .refusal = std::string(select.text(3)),
                   .words = std::string(select.text(4))});
  }
  return all;
}

}  // namespace rows
}  // namespace tocsin::share
