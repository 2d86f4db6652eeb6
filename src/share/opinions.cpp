#include "share/opinions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "share/request_words.h"
#include "wire/stix_words.h"

namespace tocsin::share {
namespace {

constexpr const char* steps[] = {
    R"(CREATE TABLE opinions(
         id TEXT PRIMARY KEY, ours INTEGER NOT NULL, member TEXT NOT NULL, by TEXT NOT NULL,
         item TEXT NOT NULL, stance INTEGER NOT NULL, words TEXT NOT NULL, type TEXT NOT NULL,
         tlp TEXT NOT NULL, pap TEXT NOT NULL, agreement TEXT NOT NULL, at INTEGER NOT NULL);
       CREATE INDEX opinions_on ON opinions(item, at);
       CREATE INDEX opinions_of ON opinions(member, at))",
};

constexpr std::array<std::string_view, 6> stances = {
    "note", "strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"};

Result<void> keep(store::Sqlite& db, const Opinion& o) {
  auto insert = TRY(db.prepare("INSERT INTO opinions VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, o.id).bind(2, o.ours ? 1 : 0).bind(3, o.member).bind(4, o.by).bind(5, o.item);
  insert.bind(6, static_cast<int>(o.stance)).bind(7, o.words);
  insert.bind(8, o.type ? name(*o.type) : std::string_view()).bind(9, name(o.tlp));
  return insert.bind(10, name(o.pap)).bind(11, o.agreement).bind(12, o.at).run();
}

policy::Letter letter_of(const Opinion& o) {
  policy::Letter letter;
  bool is_note = o.stance == Stance::note;
  letter.item = {.kind = is_note ? policy::ItemKind::note : policy::ItemKind::opinion,
                 .type = o.type,
                 .tlp = o.tlp,
                 .pap = o.pap};
  letter.item.feed.may_pass_on = true;  // what a person here says
  letter.names_item = true;
  letter.words = o.words;
  return letter;
}

Result<void> check(Opinion& o) {
  if (!wire::is_stix_id(o.item)) return invalid("not a STIX id: " + text::quote(o.item));
  o.words = TRY(line_of(o.words, "words", Opinions::words_bytes_max));
  if (o.stance == Stance::note && o.words.empty()) return invalid("a note says something");
  return {};
}

}  // namespace

std::string_view name(Stance stance) {
  return stances.at(static_cast<std::size_t>(stance));
}

std::optional<Stance> stance_named(std::string_view text) {
  auto found = std::ranges::find(stances, text);
  if (found == stances.end()) return std::nullopt;
  return static_cast<Stance>(found - stances.begin());
}

Result<std::unique_ptr<Opinions>> Opinions::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "opinions", steps));
  auto opinions = std::unique_ptr<Opinions>(new Opinions(std::move(parts), std::move(tables)));
  for (const char* kind : {"opinion", "note"}) {
    auto hear = [self = opinions.get()](const Partner& from, const Statement& s) {
      return self->hear(from, s);
    };
    opinions->parts_.partners.hears(kind, std::move(hear));
  }
  return opinions;
}

Result<policy::LetterDoor> Opinions::door(std::string_view member, bool out) const {
  auto us = TRY(parts_.partners.self());
  TimeUs now = parts_.now();
  auto used = [&](std::string_view agreement) -> Result<std::uint64_t> {
    std::uint64_t count = 0;
    auto look = [&](store::Sqlite& db) -> Result<void> {
      auto select = TRY(db.prepare(
          "SELECT count(*) FROM opinions WHERE member = ? AND agreement = ? AND ours = ? AND at >= "
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

Result<bool> Opinions::is_full(std::string_view member) const {
  bool full = false;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT (SELECT count(*) FROM opinions WHERE member = ?) >= ? OR (SELECT "
                       "count(*) FROM opinions) >= ?"));
    select.bind(1, member).bind(2, std::uint64_t{of_one_max}).bind(3, std::uint64_t{opinions_max});
    full = TRY(select.step()) && select.number(0) != 0;
    return {};
  };
  TRY(tables_.read(look));
  return full;
}

Result<Opinion> Opinions::say(std::string_view member, Opinion o, std::string_view by) {
  std::lock_guard act(one_);
  auto partners = parts_.partners.book();
  if (partners->find(member) == nullptr) return missing("no partner " + text::quote(member));
  TRY(check(o));
  policy::LetterDoor open = TRY(door(member, true));
  auto cleared = TRY(policy::clear(letter_of(o), open));
  if (partners->speaking(member) == nullptr)
    return denied(text::quote(member) + " is no compared partner of this node");
  if (TRY(is_full(member))) return denied("too many opinions and notes with this partner");
  o.id = letter_id();
  o.ours = true;
  o.member = member;
  o.by = by;
  o.agreement = cleared.item().agreement;
  o.at = parts_.now() / us_per_s * us_per_s;
  bool is_note = o.stance == Stance::note;
  Said said{{"id", o.id},
            {"item", o.item},
            {"opinion", is_note ? std::string() : std::string(name(o.stance))},
            {"words", cleared.item().words},
            {"type", o.type ? std::string(name(*o.type)) : std::string()},
            {"tlp", std::string(name(o.tlp))},
            {"pap", std::string(name(o.pap))}};
  auto write = [&](store::Sqlite& db) { return keep(db, o); };
  TRY(parts_.partners.say({o.member}, is_note ? "note" : "opinion", said, write, o.at));
  return o;
}

Result<void> Opinions::hear(const Partner& from, const Statement& s) {
  std::lock_guard act(one_);
  const std::string& member = from.profile.member;
  Opinion o{.id = std::string(s["id"]), .member = member, .by = member};
  if (!is_letter_id(o.id)) return invalid("an opinion without an id");
  o.item = s["item"];
  o.words = s["words"];
  o.at = s.at;
  if (s.kind == "opinion") {
    auto stance = stance_named(s["opinion"]);
    if (!stance || *stance == Stance::note) return invalid("an opinion that STIX does not know");
    o.stance = *stance;
  } else if (s.kind != "note") {
    return invalid("this node does not know what " + text::quote(s.kind) + " is");
  }
  TRY(check(o));
  if (!s["type"].empty()) o.type = type_named(s["type"]);
  o.tlp = tlp_named(s["tlp"]).value_or(Tlp::unmarked);
  o.pap = pap_named(s["pap"]).value_or(Pap::unmarked);
  auto turned_away = [&](std::string_view why) -> Result<void> {
    if (!parts_.refused) return {};
    return parts_.refused(member, fmt::format("{} on {}: {}", s.kind, text::quote(o.item), why));
  };
  bool is_known = false;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT 1 FROM opinions WHERE id = ?"));
    select.bind(1, o.id);
    is_known = TRY(select.step());
    return {};
  };
  TRY(tables_.read(look));
  if (is_known) return {};  // heard before, or of another: stays as it is
  if (TRY(is_full(member))) return turned_away("too many");
  policy::LetterDoor in = TRY(door(member, false));
  auto verdict = policy::judge_heard(letter_of(o), in);
  if (!verdict.released()) return turned_away(policy::name(verdict.reason));
  o.agreement = verdict.agreement;
  return tables_.write([&](store::Sqlite& db) { return keep(db, o); });
}

Result<std::vector<Opinion>> Opinions::list(std::string_view item, std::string_view member,
                                            std::size_t limit) const {
  std::vector<Opinion> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT id, ours, member, by, item, stance, words, type, tlp, pap, agreement, at FROM "
        "opinions WHERE (?1 = '' OR item = ?1) AND (?2 = '' OR member = ?2) ORDER BY at DESC, id "
        "LIMIT ?3"));
    select.bind(1, item).bind(2, member).bind(3, std::uint64_t{limit});
    while (TRY(select.step())) {
      Opinion& o = all.emplace_back();
      o.id = select.text(0);
      o.ours = select.number(1) != 0;
      o.member = select.text(2);
      o.by = select.text(3);
      o.item = select.text(4);
      auto stance = select.number(5);
      if (stance > 0 && stance < static_cast<std::int64_t>(stances.size()))
        o.stance = static_cast<Stance>(stance);
      o.words = select.text(6);
      o.type = type_named(select.text(7));
      o.tlp = tlp_named(select.text(8)).value_or(Tlp::unmarked);
      o.pap = pap_named(select.text(9)).value_or(Pap::unmarked);
      o.agreement = select.text(10);
      o.at = select.number(11);
    }
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

}  // namespace tocsin::share
