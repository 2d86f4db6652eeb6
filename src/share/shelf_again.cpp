// Shelves: what agreements withheld as a member's walk passed, and let go now, comes again.
//
// For each stretch of dates that the walk has passed it is kept which agreements were in force as
// it passed. What none of them releases and one that is in force now does comes again, with dates
// behind everything; the stretch then counts as passed under that one, too. So nothing comes twice,
// and nothing is copied: an entry names the rows of an offer. An agreement under other terms of
// feeds is another one here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "share/shelf.h"
#include "share/thing.h"

namespace tocsin::share {
namespace {

using Addresses = std::set<std::string, std::less<>>;

constexpr TimeUs room = store::Offers::room;

constexpr std::int64_t first_terms = 1;

// A line for each feed.
std::string written(const std::map<std::string, policy::FeedTerms>& terms) {
  std::string out;
  for (const auto& [feed, says] : terms) {
    std::string_view may = !says.may_pass_on ? "-" : *says.may_pass_on ? "yes" : "no";
    out += fmt::format("{} {}", may, feed);
    for (policy::Purpose purpose : says.purposes) out += fmt::format("\t{}", name(purpose));
    out += '\n';
  }
  return out;
}

std::map<std::string, policy::FeedTerms> terms_in(std::string_view text) {
  std::map<std::string, policy::FeedTerms> out;
  while (!text.empty()) {
    std::string_view line = text::cut(text, '\n'), may = text::cut(line, ' ');
    auto& says = out[std::string(text::cut(line, '\t'))];
    if (may != "-") says.may_pass_on = may == "yes";
    while (!line.empty()) {
      if (auto purpose = policy::purpose_named(text::cut(line, '\t')))
        says.purposes.push_back(*purpose);
    }
  }
  return out;
}

bool say_the_same(const policy::FeedTerms& a, const policy::FeedTerms& b) {
  return a.may_pass_on == b.may_pass_on && a.purposes == b.purposes;
}

bool has_all(const Addresses& of, const Addresses& these) {
  return std::ranges::includes(of, these);
}

}  // namespace

bool Shelves::Again::has(TimeUs date) const {
  if (date < was) return false;
  auto place = static_cast<std::size_t>((date - was) / room);
  return place / 8 < rows.size() && (static_cast<unsigned char>(rows[place / 8]) >> place % 8 & 1u);
}

void Shelves::Again::add(TimeUs date) {
  auto place = static_cast<std::size_t>((date - was) / room);
  if (place / 8 >= rows.size()) rows.resize(place / 8 + 1);
  rows[place / 8] =
      static_cast<char>(static_cast<unsigned char>(rows[place / 8]) | 1u << place % 8);
  stop = std::max(stop, base + (date - was) + room);
}

Result<void> Shelves::write_eras(store::Sqlite& db, const Door& door) {
  auto drop = TRY(db.prepare("DELETE FROM shelf_eras WHERE member = ?"));
  TRY(drop.bind(1, door.member).run());
  auto put = TRY(db.prepare("INSERT INTO shelf_eras VALUES (?, ?, ?)"));
  for (const Era& era : door.eras) {
    put.bind(1, door.member).bind(2, era.until);
    TRY(put.bind(3, fmt::format("{}", fmt::join(era.addresses, " "))).run());
  }
  return {};
}

// The era in which the walk is now is that of what is in force now.
Result<void> Shelves::keep_era(Door& door, const Addresses& now_in_force) {
  if (door.eras.empty()) {
    auto look = [&](store::Sqlite& db) -> Result<void> {
      auto eras = TRY(
          db.prepare("SELECT until, addresses FROM shelf_eras WHERE member = ? ORDER BY until"));
      eras.bind(1, door.member);
      while (TRY(eras.step())) {
        Era& era = door.eras.emplace_back(Era{.until = eras.number(0), .addresses = {}});
        for (std::string_view rest = eras.text(1); !rest.empty();)
          era.addresses.emplace(text::cut(rest, ' '));
      }
      auto walked = TRY(db.prepare("SELECT walked FROM shelf_walks WHERE member = ?"));
      walked.bind(1, door.member);
      if (TRY(walked.step())) door.walked = walked.number(0);
      auto again = TRY(db.prepare("SELECT 1 FROM shelf_again WHERE member = ? LIMIT 1"));
      again.bind(1, door.member);
      door.has_again = TRY(again.step());
      return {};
    };
    TRY(tables_.read(look));
  }
  if (!door.eras.empty() && door.eras.back().addresses == now_in_force) return {};
  auto before = door.eras;
  if (!door.eras.empty()) {
    TimeUs from = door.eras.size() > 1 ? door.eras[door.eras.size() - 2].until : 0;
    door.eras.back().until = door.walked;
    if (door.walked <= from) door.eras.pop_back();  // nothing was passed in it
  }
  door.eras.push_back({.until = INT64_MAX, .addresses = now_in_force});
  auto kept = tables_.write([&](store::Sqlite& db) { return write_eras(db, door); });
  if (!kept) door.eras = std::move(before);
  return kept;
}

Result<std::optional<Shelves::Again>> Shelves::again_after(const Door& door, TimeUs date) const {
  std::optional<Again> found;
  if (!door.has_again) return found;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT base, stop, was, rows FROM shelf_again WHERE member = ?1 AND base > ?2 AND"
        " stop - 1 > ?3 ORDER BY base LIMIT 1"));
    select.bind(1, door.member).bind(3, date);
    select.bind(2, date - static_cast<TimeUs>(batch_events_max) * room);
    if (TRY(select.step())) {
      found =
          Again{select.number(0), select.number(1), select.number(2), std::string(select.blob(3))};
    }
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<std::vector<Shelves::Again>> Shelves::again_of(const Door& door,
                                                      const store::Offer& offer) const {
  std::vector<Again> found;
  if (!door.has_again) return found;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT base, stop, was, rows FROM shelf_again WHERE member = ? AND was >= ? AND was < ?"));
    select.bind(1, door.member).bind(2, offer.base).bind(3, offer.end());
    while (TRY(select.step())) {
      found.push_back(
          {select.number(0), select.number(1), select.number(2), std::string(select.blob(3))});
    }
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

// As if they were still in force, and feeds said what they said then: what one of them released
// has gone.
std::vector<std::unique_ptr<policy::Gate>> Shelves::gates_of_old(const Door& door,
                                                                 const Era& era) const {
  std::map<std::int64_t, std::vector<policy::Pass>> passes;  // by terms of feeds
  auto book = parts_.agreements.book();
  for (std::string_view token : era.addresses) {
    std::string_view address = text::cut(token, '@');
    const AgreementState* state = book->find(std::string(address));
    if (state == nullptr) continue;
    auto terms = static_cast<std::int64_t>(text::number(token).value_or(first_terms));
    policy::Pass& pass = passes[terms].emplace_back(
        policy::Pass{.agreement = state->agreement,
                     .standing = policy::Standing::active,
                     .key = policy::pseudonym_key(secret_, state->agreement.id),
                     .quota_left = UINT64_MAX});
    pass.agreement.from = 0;
    pass.agreement.until = INT64_MAX;
  }
  std::vector<std::unique_ptr<policy::Gate>> out;
  for (auto& [number, under] : passes) {
    auto parts = gate_parts(door.member);
    parts.passes = std::move(under);
    std::shared_ptr<const Terms> then;
    {
      std::lock_guard guard(mutex_);
      if (auto known = terms_.find(number); known != terms_.end()) then = known->second;
    }
    parts.feed = [this, then](std::string_view feed) {
      policy::FeedSays says = parts_.feed(feed);
      if (then == nullptr || !says.member.empty()) return says;
      if (auto said = then->find(std::string(feed)); said != then->end()) says.terms = said->second;
      return says;
    };
    out.push_back(std::make_unique<policy::Gate>(std::move(parts)));
  }
  return out;
}

Result<void> Shelves::read_terms() {
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT number, terms FROM shelf_terms"));
    while (TRY(select.step()))
      terms_[select.number(0)] = std::make_shared<const Terms>(terms_in(select.text(1)));
    return {};
  };
  return tables_.read(look);
}

// Feeds that are new join the last terms: nothing of theirs was ever judged by others.
Result<void> Shelves::look_at_terms() {
  if (!parts_.terms) return {};
  Terms now = parts_.terms();
  std::lock_guard guard(mutex_);
  std::int64_t number = terms_.empty() ? first_terms : terms_.rbegin()->first;
  Terms fresh = terms_.empty() ? Terms() : *terms_.rbegin()->second;
  bool differs = false, grew = false;
  for (auto& [feed, says] : now) {
    auto [at, is_new] = fresh.try_emplace(feed, says);
    grew |= is_new;
    differs |= !say_the_same(at->second, says);
    at->second = std::move(says);
  }
  if (!differs && !grew) return {};
  if (differs) ++number;
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto put = TRY(db.prepare("INSERT OR REPLACE INTO shelf_terms VALUES (?, ?)"));
    return put.bind(1, number).bind(2, written(fresh)).run();
  };
  TRY(tables_.write(write));
  terms_[number] = std::make_shared<const Terms>(std::move(fresh));
  return {};
}

// What the walk goes under, as eras name it.
Addresses Shelves::named_now(const std::vector<std::string>& addresses) const {
  std::lock_guard guard(mutex_);
  std::int64_t number = terms_.empty() ? first_terms : terms_.rbegin()->first;
  Addresses out;
  for (const std::string& address : addresses)
    out.insert(number == first_terms ? address : fmt::format("{}@{}", address, number));
  return out;
}

Result<bool> Shelves::announce(const std::string& member) {
  TRY(introduce());
  auto door = door_of(member);
  std::lock_guard guard(door->mutex);  // a walk must not pass dates that are about to be used
  TRY(open_door(*door, member, parts_.now()));
  const Addresses in_force = door->eras.back().addresses;
  auto era = std::ranges::find_if(
      door->eras, [&](const Era& one) { return !has_all(one.addresses, in_force); });
  if (era == door->eras.end()) return false;
  TimeUs from = era == door->eras.begin() ? 0 : std::prev(era)->until;
  auto offer = TRY(parts_.offers.after(from));
  TimeUs until = era->until;
  std::vector<Again> fresh;
  if (offer && offer->base <= until) {
    until = std::min(until, offer->end() - 1);
    auto old = gates_of_old(*door, *era);
    std::vector<bool> went(offer->size());
    for (const auto& gate : old) {
      if (!offer->things.empty()) break;
      auto selected = gate->select(offer->batch, policy::traits_of(offer->batch), parts_.now());
      for (policy::Gate::Row row : selected.rows) went[row.row] = true;
    }
    auto elsewhere = TRY(again_of(*door, *offer));
    for (policy::Gate::Row row : select(*door, offer, INT64_MAX).rows) {
      TimeUs date = offer->date(row.row);
      if (date <= from || date > until || went[row.row]) continue;
      if (std::ranges::any_of(elsewhere, [&](const Again& one) { return one.has(date); })) continue;
      if (!offer->things.empty()) {
        auto released = [&](const auto& gate) {
          auto judged = judge(*gate, offer->things[row.row], parts_.now());
          return judged.reason == policy::Reason::released;
        };
        if (std::ranges::any_of(old, released)) continue;
      }
      // Things have dates far apart; the events of an offer stand one after the other.
      if (fresh.empty() || !offer->things.empty()) fresh.push_back({.was = date});
      fresh.back().add(date);
    }
    std::size_t rooms = 0;
    for (const Again& one : fresh) rooms += static_cast<std::size_t>((one.stop - one.base) / room);
    TimeUs base = fresh.empty() ? 0 : TRY(parts_.offers.reserve(rooms));
    for (Again& one : fresh) {
      one.stop += base;
      one.base = base;
      base = one.stop;
    }
  }
  auto before = door->eras;
  Era passed{.until = until, .addresses = era->addresses};
  passed.addresses.insert(in_force.begin(), in_force.end());
  if (until < era->until) {
    door->eras.insert(era, std::move(passed));
  } else {
    *era = std::move(passed);
  }
  // Neighbours under the same agreements are one.
  for (std::size_t i = 0; i + 1 < door->eras.size();) {
    bool same = door->eras[i].addresses == door->eras[i + 1].addresses;
    same ? void(door->eras.erase(door->eras.begin() + static_cast<std::ptrdiff_t>(i))) : void(++i);
  }
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto put = TRY(db.prepare("INSERT INTO shelf_again VALUES (?, ?, ?, ?, ?)"));
    for (const Again& one : fresh) {
      put.bind(1, member).bind(2, one.base).bind(3, one.stop).bind(4, one.was);
      TRY(put.bind_blob(5, one.rows).run());
    }
    return write_eras(db, *door);
  };
  if (auto kept = tables_.write(write); !kept) {
    door->eras = std::move(before);
    return std::unexpected(kept.error());
  }
  door->has_again = door->has_again || !fresh.empty();
  return true;
}

}  // namespace tocsin::share
