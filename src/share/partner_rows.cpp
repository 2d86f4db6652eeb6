#include "share/partner_rows.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/backoff.h"
#include "base/durable_file.h"
#include "base/hash.h"
#include "base/secret.h"

namespace tocsin::share::rows {
namespace {

constexpr std::uint64_t pause_first_ms = 60'000, pause_max_ms = 3'600'000;
constexpr std::size_t due_max = 100;

constexpr const char* all_steps[] = {
    R"(CREATE TABLE partner_own(
         one INTEGER PRIMARY KEY CHECK(one = 1), member TEXT NOT NULL, key TEXT NOT NULL,
         recovery TEXT NOT NULL))",
    R"(CREATE TABLE partners(
         member TEXT PRIMARY KEY, state INTEGER NOT NULL, name TEXT NOT NULL, country TEXT NOT NULL,
         url TEXT NOT NULL, pins TEXT NOT NULL, recovery TEXT NOT NULL, transcript TEXT NOT NULL,
         joined INTEGER NOT NULL, changed INTEGER NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL))",
    R"(CREATE TABLE partner_keys(
         member TEXT NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, since INTEGER NOT NULL,
         until INTEGER NOT NULL, revoked INTEGER NOT NULL, why TEXT NOT NULL,
         PRIMARY KEY(member, position)) WITHOUT ROWID)",
    R"(CREATE TABLE partner_tokens(
         hash TEXT PRIMARY KEY, member TEXT NOT NULL, made INTEGER NOT NULL))",
    R"(CREATE TABLE partner_invitations(
         id TEXT PRIMARY KEY, note TEXT NOT NULL, by TEXT NOT NULL, made INTEGER NOT NULL,
         until INTEGER NOT NULL, withdrawn INTEGER NOT NULL, used INTEGER NOT NULL,
         member TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL))",
    R"(CREATE TABLE partner_asked(
         id TEXT PRIMARY KEY, request TEXT NOT NULL, at INTEGER NOT NULL))",
    R"(CREATE TABLE partner_waiting(
         id INTEGER PRIMARY KEY, member TEXT NOT NULL, statement TEXT NOT NULL,
         tries INTEGER NOT NULL, due INTEGER NOT NULL, why TEXT NOT NULL))",
    R"(CREATE TABLE partner_acts(
         id INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, member TEXT NOT NULL,
         act TEXT NOT NULL, words TEXT NOT NULL))",
    "ALTER TABLE partner_waiting ADD COLUMN refused INTEGER NOT NULL DEFAULT 0",
};

// Of one member.
Result<void> run_for(store::Sqlite& db, std::string_view sql, std::string_view member) {
  auto statement = TRY(db.prepare(sql));
  return statement.bind(1, member).run();
}

Result<void> keep_keys(store::Sqlite& db, const KeyRing& keys) {
  TRY(run_for(db, "DELETE FROM partner_keys WHERE member = ?", keys.member));
  auto insert = TRY(db.prepare("INSERT INTO partner_keys VALUES(?, ?, ?, ?, ?, ?, ?)"));
  std::uint64_t position = 0;
  for (const KeySpan& span : keys.spans) {
    std::string key = span.key.text();
    insert.bind(1, keys.member).bind(2, position++).bind(3, key).bind(4, span.from);
    TRY(insert.bind(5, span.until).bind(6, span.revoked).bind(7, span.why).run());
  }
  return {};
}

GivenInvitation given_of(const store::Statement& row) {
  return {.id = std::string(row.text(0)),
          .note = std::string(row.text(1)),
          .by = std::string(row.text(2)),
          .made = row.number(3),
          .until = row.number(4),
          .withdrawn = row.number(5),
          .used = row.number(6),
          .member = std::string(row.text(7))};
}

}  // namespace

std::string secret_name(std::string_view member) {
  return "partner-" + hex(sha256(member)).substr(0, 16);
}

std::span<const char* const> steps() {
  return all_steps;
}

Result<std::optional<Own>> own(store::Sqlite& db) {
  auto select = TRY(db.prepare("SELECT member, key, recovery FROM partner_own"));
  if (!TRY(select.step())) return std::optional<Own>();
  Own own{.member = std::string(select.text(0)), .key = {}, .recovery = {}};
  own.key = TRY(PublicKey::parse(select.text(1)));
  own.recovery = TRY(PublicKey::parse(select.text(2)));
  return std::optional(std::move(own));
}

Result<void> keep(store::Sqlite& db, const Own& own) {
  auto insert = TRY(db.prepare("INSERT OR REPLACE INTO partner_own VALUES(1, ?, ?, ?)"));
  std::string key = own.key.text(), recovery = own.recovery.text();
  return insert.bind(1, own.member).bind(2, key).bind(3, recovery).run();
}

Result<std::map<std::string, Partner, std::less<>>> partners(store::Sqlite& db) {
  std::map<std::string, Partner, std::less<>> all;
  auto select = TRY(
      db.prepare("SELECT member, state, name, country, url, pins, recovery, transcript, joined, "
                 "changed, by, why FROM partners"));
  while (TRY(select.step())) {
    Partner p;
    p.profile.member = p.keys.member = select.text(0);
    auto state = select.number(1);
    if (state < 0 || state > static_cast<int>(PartnerState::stopped))
      return invalid("a partner in a state that this program does not know");
    p.state = static_cast<PartnerState>(state);
    p.profile.name = select.text(2);
    p.profile.country = Country::parse(select.text(3)).value_or(Country());
    p.profile.url = select.text(4);
    p.pins = TRY(pins_of(select.text(5)));
    p.keys.recovery = TRY(PublicKey::parse(select.text(6)));
    p.transcript = select.text(7);
    p.joined = select.number(8);
    p.changed = select.number(9);
    p.by = select.text(10);
    p.why = select.text(11);
    all[p.profile.member] = std::move(p);
  }
  auto keys =
      TRY(db.prepare("SELECT member, key, since, until, revoked, why FROM partner_keys ORDER BY "
                     "member, position"));
  while (TRY(keys.step())) {
    auto found = all.find(keys.text(0));
    if (found == all.end()) continue;
    KeySpan span{.key = TRY(PublicKey::parse(keys.text(1))), .from = keys.number(2)};
    span.until = keys.number(3);
    span.revoked = keys.number(4);
    span.why = keys.text(5);
    found->second.keys.spans.push_back(std::move(span));
  }
  return all;
}

Result<void> keep(store::Sqlite& db, const Partner& p) {
  auto insert =
      TRY(db.prepare("INSERT OR REPLACE INTO partners VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  std::string pins = pins_text(p.pins), recovery = p.keys.recovery.text();
  std::string country = p.profile.country.text();
  insert.bind(1, p.profile.member).bind(2, static_cast<int>(p.state)).bind(3, p.profile.name);
  insert.bind(4, country).bind(5, p.profile.url).bind(6, pins).bind(7, recovery);
  insert.bind(8, p.transcript).bind(9, p.joined).bind(10, p.changed).bind(11, p.by);
  TRY(insert.bind(12, p.why).run());
  return keep_keys(db, p.keys);
}

Result<std::map<std::string, std::string, std::less<>>> tokens(store::Sqlite& db) {
  std::map<std::string, std::string, std::less<>> all;
  auto select = TRY(db.prepare("SELECT hash, member FROM partner_tokens"));
  while (TRY(select.step())) all[std::string(select.text(0))] = select.text(1);
  return all;
}

Result<void> keep_token(store::Sqlite& db, std::string_view hash, std::string_view member,
                        TimeUs now) {
  auto insert = TRY(db.prepare("INSERT INTO partner_tokens VALUES(?, ?, ?)"));
  return insert.bind(1, hash).bind(2, member).bind(3, now).run();
}

Result<void> drop_tokens(store::Sqlite& db, std::string_view member) {
  return run_for(db, "DELETE FROM partner_tokens WHERE member = ?", member);
}

Result<void> keep(store::Sqlite& db, const GivenInvitation& given) {
  auto insert =
      TRY(db.prepare("INSERT INTO partner_invitations VALUES(?, ?, ?, ?, ?, ?, ?, '', '', '')"));
  insert.bind(1, given.id).bind(2, given.note).bind(3, given.by).bind(4, given.made);
  return insert.bind(5, given.until).bind(6, given.withdrawn).bind(7, given.used).run();
}

Result<std::optional<InvitationRow>> invitation(store::Sqlite& db, std::string_view id) {
  auto select = TRY(
      db.prepare("SELECT id, note, by, made, until, withdrawn, used, member, request, answer FROM "
                 "partner_invitations WHERE id = ?"));
  select.bind(1, id);
  if (!TRY(select.step())) return std::optional<InvitationRow>();
  return std::optional(
      InvitationRow{given_of(select), std::string(select.text(8)), std::string(select.text(9))});
}

Result<std::vector<GivenInvitation>> invitations(store::Sqlite& db) {
  std::vector<GivenInvitation> all;
  auto select =
      TRY(db.prepare("SELECT id, note, by, made, until, withdrawn, used, member FROM "
                     "partner_invitations ORDER BY made DESC, id LIMIT 1000"));
  while (TRY(select.step())) all.push_back(given_of(select));
  return all;
}

Result<std::size_t> open_invitations(store::Sqlite& db, TimeUs now) {
  auto select = TRY(
      db.prepare("SELECT count(*) FROM partner_invitations WHERE used = ?1 AND withdrawn = ?1 AND "
                 "until > ?2"));
  select.bind(1, time_none).bind(2, now);
  TRY(select.step());
  return static_cast<std::size_t>(select.number(0));
}

Result<void> withdraw(store::Sqlite& db, std::string_view id, TimeUs now) {
  auto update = TRY(db.prepare("UPDATE partner_invitations SET withdrawn = ? WHERE id = ?"));
  return update.bind(1, now).bind(2, id).run();
}

Result<void> end_invitations(store::Sqlite& db, TimeUs now) {
  auto update = TRY(
      db.prepare("UPDATE partner_invitations SET withdrawn = ?1 WHERE used = ?2 AND withdrawn = "
                 "?2"));
  return update.bind(1, now).bind(2, time_none).run();
}

Result<void> use(store::Sqlite& db, std::string_view id, const Use& use) {
  auto update =
      TRY(db.prepare("UPDATE partner_invitations SET used = ?, member = ?, request = ?, answer = ? "
                     "WHERE id = ?"));
  update.bind(1, use.at).bind(2, use.member).bind(3, use.request).bind(4, use.answer);
  return update.bind(5, id).run();
}

Result<std::string> asked(store::Sqlite& db, std::string_view id) {
  auto select = TRY(db.prepare("SELECT request FROM partner_asked WHERE id = ?"));
  select.bind(1, id);
  if (!TRY(select.step())) return std::string();
  return std::string(select.text(0));
}

Result<void> ask(store::Sqlite& db, std::string_view id, const std::string& request, TimeUs now) {
  auto forget = TRY(db.prepare("DELETE FROM partner_asked WHERE at < ?"));
  TRY(forget.bind(1, now - invitation_life_max).run());
  auto insert = TRY(db.prepare("INSERT OR REPLACE INTO partner_asked VALUES(?, ?, ?)"));
  return insert.bind(1, id).bind(2, request).bind(3, now).run();
}

Result<void> forget_asked(store::Sqlite& db, std::string_view id) {
  return run_for(db, "DELETE FROM partner_asked WHERE id = ?", id);
}

Result<void> wait(store::Sqlite& db, std::string_view member, const std::string& statement,
                  TimeUs now) {
  auto insert =
      TRY(db.prepare("INSERT INTO partner_waiting(member, statement, tries, due, why) "
                     "VALUES(?, ?, 0, ?, '')"));
  return insert.bind(1, member).bind(2, statement).bind(3, now).run();
}

Result<std::size_t> waiting(store::Sqlite& db, std::string_view member) {
  auto select = TRY(db.prepare("SELECT count(*) FROM partner_waiting WHERE member = ?"));
  select.bind(1, member);
  TRY(select.step());
  return static_cast<std::size_t>(select.number(0));
}

bool is_refused(const Error& why) {
  return why.fault != Fault::unavailable;
}

Result<std::vector<Waiting>> due(store::Sqlite& db, std::string_view member, TimeUs now) {
  // One that did not arrive holds back those behind it; one that was refused does not.
  auto select = TRY(db.prepare(
      "SELECT id, member, statement, tries FROM partner_waiting AS w WHERE (?1 = '' OR "
      "member = ?1) AND due <= ?2 AND NOT EXISTS (SELECT 1 FROM partner_waiting AS b WHERE "
      "b.member = w.member AND b.id < w.id AND b.due > ?2 AND b.refused = 0) ORDER BY id LIMIT "
      "?3"));
  select.bind(1, member).bind(2, now).bind(3, std::uint64_t{due_max});
  std::vector<Waiting> all;
  while (TRY(select.step())) {
    all.push_back({.id = select.number(0),
                   .member = std::string(select.text(1)),
                   .statement = std::string(select.text(2)),
                   .tries = static_cast<unsigned>(select.number(3))});
  }
  return all;
}

Result<void> sent(store::Sqlite& db, std::int64_t id) {
  auto remove = TRY(db.prepare("DELETE FROM partner_waiting WHERE id = ?"));
  return remove.bind(1, id).run();
}

Result<void> not_sent(store::Sqlite& db, const Waiting& w, TimeUs now, const Error& why) {
  auto update = TRY(db.prepare(
      "UPDATE partner_waiting SET tries = ?, due = ?, why = ?, refused = ? WHERE id = ?"));
  auto pause_ms = backoff_ms(w.tries + 1, pause_first_ms, pause_max_ms, random_bits());
  TimeUs due = now + static_cast<TimeUs>(pause_ms) * 1000;
  update.bind(1, w.tries + 1).bind(2, due).bind(3, why.what);
  return update.bind(4, is_refused(why) ? 1 : 0).bind(5, w.id).run();
}

Result<std::map<std::string, Unsaid, std::less<>>> unsaid(store::Sqlite& db) {
  auto select = TRY(db.prepare("SELECT member, tries, why FROM partner_waiting ORDER BY id"));
  std::map<std::string, Unsaid, std::less<>> all;
  while (TRY(select.step())) {
    Unsaid& one = all[std::string(select.text(0))];
    if (one.statements++ > 0) continue;  // of the first
    one.tries = static_cast<std::size_t>(select.number(1));
    one.why = select.text(2);
  }
  return all;
}

Result<void> drop_waiting(store::Sqlite& db, std::string_view member) {
  return run_for(db, "DELETE FROM partner_waiting WHERE member = ?", member);
}

Result<void> note(store::Sqlite& db, const PartnerAct& act) {
  auto insert =
      TRY(db.prepare("INSERT INTO partner_acts(at, by, member, act, words) VALUES(?, ?, ?, ?, ?)"));
  insert.bind(1, act.at).bind(2, act.by).bind(3, act.member).bind(4, act.act);
  return insert.bind(5, act.words).run();
}

Result<std::vector<PartnerAct>> acts(store::Sqlite& db, std::string_view member, std::size_t most) {
  auto select = TRY(
      db.prepare("SELECT at, by, member, act, words FROM partner_acts WHERE member = ? ORDER BY id "
                 "DESC LIMIT ?"));
  select.bind(1, member).bind(2, std::uint64_t{most});
  std::vector<PartnerAct> all;
  while (TRY(select.step())) {
    all.push_back({.at = select.number(0),
                   .by = std::string(select.text(1)),
                   .member = std::string(select.text(2)),
                   .act = std::string(select.text(3)),
                   .words = std::string(select.text(4))});
  }
  return all;
}

Result<void> keep_secret(const std::string& home, std::string_view member,
                         const std::string& token) {
  std::error_code failed;
  std::filesystem::create_directories(home + "/secrets", failed);
  std::filesystem::permissions(home + "/secrets", std::filesystem::perms::owner_all, failed);
  return DurableFile::replace(fmt::format("{}/secrets/{}", home, secret_name(member)),
                              token + "\n");
}

Result<std::string> secret(const std::string& home, std::string_view member) {
  return secret::read(secret_name(member), home);
}

}  // namespace tocsin::share::rows
