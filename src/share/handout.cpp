#include "share/handout.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/text.h"
#include "wire/row.h"

namespace tocsin::share {
namespace {

constexpr std::size_t salt_size = 32;

std::optional<Sha256> address_of(std::string_view hexadecimal) {
  Sha256 out{};
  std::size_t size = 0;
  bool good = sodium_hex2bin(out.data(), out.size(), hexadecimal.data(), hexadecimal.size(),
                             nullptr, &size, nullptr) == 0;
  return good && size == out.size() ? std::optional(out) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Handout>> Handout::open(Shelves& all, const std::string& member) {
  TRY(all.introduce());
  if (all.parts_.partners.book()->speaking(member) == nullptr)
    return denied("this node and " + text::quote(member) + " are no partners now");
  auto made = std::unique_ptr<Handout>(new Handout(all, member, all.door_of(member)));
  TRY(all.open_door(*made->door_, member, all.parts_.now()));
  return made;
}

// Items that may still go today, by agreement.
Result<std::map<std::string, std::uint64_t>> Handout::quota_left() const {
  std::map<std::string, std::uint64_t> left;
  auto today = static_cast<std::int64_t>(now() / us_per_day);
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT items FROM shelf_quotas WHERE member = ? AND agreement = ?"
                       " AND day = ?"));
    for (std::size_t i = 0; i < door_->addresses.size(); ++i) {
      std::uint64_t quota = door_->agreements[i].quota_per_day;
      auto& room = left[door_->addresses[i]] = quota == 0 ? UINT64_MAX : quota;
      if (quota == 0) continue;
      select.bind(1, member_).bind(2, door_->addresses[i]).bind(3, today);
      if (TRY(select.step())) {
        auto used = static_cast<std::uint64_t>(select.number(0));
        room = used < quota ? quota - used : 0;
      }
      select.reset();
    }
    return {};
  };
  TRY(all_.tables_.read(look));
  return left;
}

Result<TimeUs> Handout::withheld_until() const {
  TimeUs until = 0;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT withheld_until FROM shelf_walks WHERE member = ?"));
    select.bind(1, member_);
    if (TRY(select.step())) until = select.number(0);
    return {};
  };
  TRY(all_.tables_.read(look));
  return until;
}

// Once for each offer and member, whichever door it was read at first.
void Handout::withhold(const store::Offer& offer, const policy::Gate::Selected& selected) {
  if (offer.end() <= withheld_until_) return;
  withheld_until_ = offer.end();
  if (offer.recall) return;
  std::map<std::uint32_t, std::uint64_t> by_clause;
  for (std::size_t i = 0; i < policy::reasons_count; ++i) {
    if (selected.withheld.at(i) == 0) continue;
    by_clause[static_cast<std::uint32_t>(policy::clause_of(static_cast<policy::Reason>(i)))] +=
        selected.withheld.at(i);
  }
  for (const auto& [clause, count] : by_clause) {
    denials_.push_back({.to = member_,
                        .agreement = address_of(door_->addresses.front()),
                        .epoch = door_->epoch,
                        .commit = offer.batch.seq,
                        .count = count,
                        .clause = clause});
  }
}

Result<TimeUs> Handout::walk(TimeUs after, TimeUs counted, const Each& each) {
  const auto& parts = all_.parts_;
  TimeUs at = std::max(after, parts.offers.opened());
  if (door_->addresses.empty() || parts.ledger() == nullptr) return at;
  if (withheld_until_ == time_none) withheld_until_ = TRY(withheld_until());
  auto left = TRY(quota_left());
  for (auto offer = TRY(parts.offers.after(at)); offer; offer = TRY(parts.offers.after(at))) {
    auto selected = door_->gate->select(offer->batch, policy::traits_of(offer->batch), now());
    for (policy::Gate::Row row : selected.rows) {
      Place place{offer, row};
      if (place.date() <= at) continue;
      bool is_new = place.date() > counted;
      std::uint64_t& used = used_[address(place)];
      if (is_new && used >= left.at(address(place))) return place.date() - 1;
      Took took = TRY(each(place));
      if (took == Took::full) return place.date() - 1;
      if (is_new && took == Took::taken) ++used;
    }
    withhold(*offer, selected);
    at = offer->end() - 1;
  }
  return at;
}

Result<void> Handout::look_at(TimeUs base, const Each& each) {
  const auto& parts = all_.parts_;
  if (door_->addresses.empty() || parts.ledger() == nullptr) return {};
  auto offer = TRY(parts.offers.after(base - 1));
  if (!offer || offer->base != base) return {};
  auto selected = door_->gate->select(offer->batch, policy::traits_of(offer->batch), now());
  for (policy::Gate::Row row : selected.rows) {
    if (TRY(each({offer, row})) == Took::full) break;
  }
  return {};
}

Result<policy::Cleared<policy::ToldEvent>> Handout::told(const Place& place) const {
  wire::Row members(place.offer->batch, place.row.row, all_.parts_.words, wire::Spelling::native);
  return door_->gate->clear(place.offer->batch, place.row, members.members());
}

Result<void> Handout::release(const Parcel& parcel,
                              const std::function<Result<void>(store::Sqlite&)>& also) {
  auto* ledger = all_.parts_.ledger();
  bool is_release = !parcel.items.empty();
  if (is_release && ledger == nullptr) return unavailable("this node has no ledger");
  std::string salt(salt_size, '\0');
  randombytes_buf(salt.data(), salt.size());
  ledger::Release release{.to = member_,
                          .epoch = door_->epoch,
                          .via = parcel.via,
                          .from = static_cast<std::uint64_t>(parcel.from),
                          .until = static_cast<std::uint64_t>(parcel.until) + 1,
                          .counts = parcel.counts};
  if (!parcel.agreement.empty()) release.agreement = address_of(parcel.agreement);
  std::vector<Sha256> items;
  for (std::size_t i = 0; i < parcel.items.size(); ++i)
    items.push_back(
        ledger::item_hash(ledger::item_salt(salt, std::to_string(i)), sha256(parcel.items[i])));
  std::string log = is_release ? hex(TRY(ledger->head()).log) : std::string();
  auto today = static_cast<std::int64_t>(now() / us_per_day);
  auto write = [&](store::Sqlite& db) -> Result<void> {
    if (is_release) {
      auto entry = TRY(ledger->release(db, release, items)).index;
      auto keep = TRY(db.prepare("INSERT INTO shelf_releases VALUES (?, ?, ?, ?, ?, ?)"));
      keep.bind(1, log).bind(2, entry).bind(3, member_);
      keep.bind(4, release.from).bind(5, release.until);
      TRY(keep.bind_blob(6, salt).run());
    }
    if (!denials_.empty())
      TRY(ledger->add(db, std::vector<ledger::Body>(denials_.begin(), denials_.end())));
    if (withheld_until_ != time_none) {
      auto mark = TRY(db.prepare("INSERT INTO shelf_walks (member, withheld_until) VALUES (?1, ?2)"
                                 " ON CONFLICT DO UPDATE SET withheld_until = ?2"));
      TRY(mark.bind(1, member_).bind(2, withheld_until_).run());
    }
    auto use =
        TRY(db.prepare("INSERT INTO shelf_quotas VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
                       " items = iif(day = ?3, items, 0) + ?4, day = ?3"));
    for (const auto& [agreement, count] : used_) {
      if (count == 0) continue;
      TRY(use.bind(1, member_).bind(2, agreement).bind(3, today).bind(4, count).run());
      use.reset();
    }
    return also ? also(db) : Result<void>();
  };
  TRY(all_.tables_.write(write));
  denials_.clear();
  used_.clear();
  return {};
}

}  // namespace tocsin::share
