#include "share/shelf_member.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::size_t salt_size = 32;
constexpr std::size_t recent_max = 20'000;  // ids that a member may ask for again at once

// Of a name, in the form of version 4, which some clients insist on: it only has to stay the same.
std::string collection_id(std::string_view member, std::string_view alias) {
  Sha256 hash = sha256(fmt::format("taxii collection\n{}\n{}", member, alias));
  std::array<std::uint8_t, 16> octets{};
  std::copy_n(hash.begin(), octets.size(), octets.begin());
  octets[6] = static_cast<std::uint8_t>((octets[6] & 0x0fu) | 0x40u);
  octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3fu) | 0x80u);
  std::string text = hex({reinterpret_cast<const char*>(octets.data()), octets.size()});
  for (int at : {20, 16, 12, 8}) text.insert(static_cast<std::size_t>(at), "-");
  return text;
}

}  // namespace

// Of an agreement, as the ledger names it.
std::optional<Sha256> address_of(std::string_view address) {
  Sha256 out{};
  std::size_t size = 0;
  if (sodium_hex2bin(out.data(), out.size(), address.data(), address.size(), nullptr, &size,
                     nullptr) != 0 ||
      size != out.size()) {
    return std::nullopt;
  }
  return out;
}

Result<void> MemberShelf::expect_partner() const {
  TRY(all_.introduce());
  if (all_.parts_.partners.book()->speaking(member_) != nullptr) return {};
  return denied("this node and " + text::quote(member_) + " are no partners now");
}

Result<std::vector<TaxiiCollection>> MemberShelf::collections() {
  TRY(expect_partner());
  std::string us = all_.us_;
  std::vector<TaxiiCollection> all{
      {.id = collection_id(us, "shared"),
       .alias = "shared",
       .title = "What " + us + " shares with you",
       .description = "Events under the agreements between the two of you, in the order in which "
                      "they came in; what is withdrawn comes again, revoked.",
       .can_read = true,
       .can_write = false},
      {.id = collection_id(us, "inbox"),
       .alias = "inbox",
       .title = "For " + us,
       .description = "What you send; each object is judged under the agreements.",
       .can_read = false,
       .can_write = all_.inbox_ != nullptr}};
  if (all_.parts_.statistics != nullptr) {
    all.push_back({.id = collection_id(us, "statistics"),
                   .alias = "statistics",
                   .title = "Statistics of " + us,
                   .description = "Counts of each day without addresses, none of few.",
                   .can_read = true,
                   .can_write = false});
  }
  if (all_.parts_.emergencies != nullptr) {
    all.push_back({.id = collection_id(us, "emergency"),
                   .alias = "emergency",
                   .title = "What persons of " + us + " released to you",
                   .description = "Single events beyond the agreements, and their recalls.",
                   .can_read = true,
                   .can_write = false});
  }
  return all;
}

std::string MemberShelf::alias_of(const std::string& collection) const {
  if (collection == collection_id(all_.us_, "shared")) return "shared";
  for (std::string alias : {"emergency", "statistics"}) {
    bool is_there = alias == "emergency" ? all_.parts_.emergencies != nullptr
                                         : all_.parts_.statistics != nullptr;
    if (is_there && collection == collection_id(all_.us_, alias)) return alias;
  }
  return {};
}

Result<MemberShelf::Walk> MemberShelf::walk_of(const std::string& alias, Shelves::Door& door,
                                               const TaxiiScan& scan) {
  if (alias == "emergency") return walk_emergencies(door, scan);
  return alias == "statistics" ? walk_statistics(door, scan) : walk(door, scan);
}

Result<TaxiiPage> MemberShelf::objects(const std::string& collection, const TaxiiScan& scan) {
  TRY(expect_partner());
  std::string alias = alias_of(collection);
  if (alias.empty()) return denied("this collection is not yours to read");
  auto door = all_.door_of(member_);
  std::lock_guard guard(door->mutex);
  TRY(all_.open_door(*door, member_, all_.parts_.now()));
  TaxiiScan whole = scan;
  // What was asked for by its id and went lately is found at once.
  if (alias == "shared" && scan.match.ids.size() == 1 && !scan.after) {
    auto known = door->recent.find(hash64(*scan.match.ids.begin()));
    if (known != door->recent.end()) whole.after = known->second - 1;
  }
  Walk found = TRY(walk_of(alias, *door, whole));
  found.page.more = found.full;
  if (scan.leaves) TRY(log(found, *door));
  return std::move(found.page);
}

Result<bool> MemberShelf::has(const std::string& collection, const std::string& id) {
  TRY(expect_partner());
  std::string alias = alias_of(collection);
  if (alias.empty()) return false;
  auto door = all_.door_of(member_);
  std::lock_guard guard(door->mutex);
  TRY(all_.open_door(*door, member_, all_.parts_.now()));
  if (alias == "shared" && door->recent.contains(hash64(id))) return true;
  TaxiiScan scan{.after = {}, .match = {}, .limit = 1};
  scan.match.ids = {id};
  for (;;) {
    Walk found = TRY(walk_of(alias, *door, scan));
    if (!found.page.objects.empty()) {
      if (alias == "shared") door->recent.emplace(hash64(id), found.page.objects.front().added);
      return true;
    }
    if (!found.full) return false;
    scan.after = found.page.looked_at;
  }
}

// Items that may still go today, by agreement.
Result<std::map<std::string, std::uint64_t>> MemberShelf::quota_left(
    const Shelves::Door& door) const {
  std::map<std::string, std::uint64_t> left;
  std::int64_t today = all_.parts_.now() / us_per_day;
  auto used_today = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT day, items FROM shelf_quotas WHERE member = ? AND agreement = ?"));
    for (std::size_t i = 0; i < door.addresses.size(); ++i) {
      std::uint64_t quota = door.agreements[i].quota_per_day;
      left[door.addresses[i]] = quota == 0 ? UINT64_MAX : quota;
      if (quota == 0) continue;
      select.bind(1, member_).bind(2, door.addresses[i]);
      if (TRY(select.step()) && select.number(0) == today) {
        auto used = static_cast<std::uint64_t>(select.number(1));
        left[door.addresses[i]] = used < quota ? quota - used : 0;
      }
      select.reset();
    }
    return {};
  };
  TRY(all_.tables_.read(used_today));
  return left;
}

// In one transaction, before anything of the page leaves: the release, what was withheld on the
// way, and what is used of the quotas.
Result<void> MemberShelf::log(Walk& walk, Shelves::Door& door) {
  auto& page = walk.page;
  ledger::Release release{.to = member_,
                          .epoch = door.epoch,
                          .via = "taxii",
                          .count = page.objects.size(),
                          .counts = walk.counts};
  release.under = walk.under;
  // Of a manifest ids and versions leave, and no object.
  TaxiiListing listing = walk.scan.listing;
  bool is_names = listing != TaxiiListing::objects;
  if (is_names) {
    release.via = listing == TaxiiListing::manifest ? "taxii-manifest" : "taxii-versions";
    release.counts = {{std::string(ledger::name_count), page.objects.size()}};
  }
  if (walk.used.size() == 1) release.agreement = address_of(walk.used.begin()->first);
  auto* ledger = all_.parts_.ledger();
  // Objects that say nothing of anybody are no release.
  bool is_release = !walk.counts.empty() && ledger != nullptr;
  if (!is_release && walk.denials.empty()) return {};
  std::string salt = random_octets(salt_size);
  std::vector<Sha256> items;
  for (std::size_t i = 0; i < page.objects.size(); ++i) {
    const TaxiiObject& object = page.objects[i];
    items.push_back(ledger::item_hash(ledger::item_salt(salt, std::to_string(i)),
                                      sha256(taxii_told(object, listing))));
    if (!walk.is_shared) continue;
    if (door.recent.size() >= recent_max) door.recent.clear();
    door.recent[hash64(object.id)] = object.added;
  }
  std::uint64_t entry = 0;
  std::string log = is_release ? hex(TRY(ledger->head()).log) : std::string();
  std::int64_t today = all_.parts_.now() / us_per_day;
  // A reader goes on behind what it got, or behind where a page says that there is more.
  const TaxiiMatch& match = walk.scan.match;
  bool is_all = match.ids.empty() && match.types.empty() && match.spec_versions.empty();
  TimeUs walked = door.walked;
  if (walk.is_shared && is_all && !page.objects.empty())
    walked = std::max(walked, page.more ? page.looked_at : page.objects.back().added);
  auto write = [&](store::Sqlite& db) -> Result<void> {
    if (is_release) {
      release.from = static_cast<std::uint64_t>(page.objects.front().added);
      release.until = static_cast<std::uint64_t>(page.objects.back().added) + 1;
      entry = TRY(ledger->release(db, release, items)).index;
      auto keep = TRY(db.prepare("INSERT INTO shelf_releases VALUES (?, ?, ?, ?, ?, ?)"));
      keep.bind(1, log).bind(2, entry).bind(3, member_);
      keep.bind(4, release.from).bind(5, release.until);
      TRY(keep.bind_blob(6, salt).run());
    }
    std::vector<ledger::Body> denials(walk.denials.begin(), walk.denials.end());
    if (!denials.empty()) TRY(ledger->add(db, denials));
    if (walk.is_shared) {
      auto mark = TRY(db.prepare("INSERT OR REPLACE INTO shelf_walks VALUES (?, ?, ?)"));
      TRY(mark.bind(1, member_).bind(2, walk.withheld_until).bind(3, walked).run());
    }
    auto use =
        TRY(db.prepare("INSERT INTO shelf_quotas VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
                       " items = iif(day = ?3, items, 0) + ?4, day = ?3"));
    for (const auto& [agreement, count] : walk.used) {
      if (count == 0 || is_names) continue;
      use.bind(1, member_).bind(2, agreement).bind(3, today).bind(4, count);
      TRY(use.run());
    }
    return {};
  };
  TRY(all_.tables_.write(write));
  door.walked = walked;
  if (!is_release) return {};
  page.members = fmt::format(R"("x_tocsin_release":{{"salt":"{}","shown":{}}})", hex(salt),
                             ledger::json_of(TRY(ledger->shown(entry))));
  return {};
}

Result<TaxiiStatus> MemberShelf::add(const std::string& collection,
                                     const std::vector<std::string_view>& objects) {
  TRY(expect_partner());
  if (collection != collection_id(all_.us_, "inbox") || all_.inbox_ == nullptr)
    return denied("this collection is not yours to write to");
  return all_.inbox_->take(member_, objects);
}

Result<TaxiiStatus> MemberShelf::status(const std::string& id) {
  TRY(expect_partner());
  if (all_.inbox_ == nullptr) return missing("no status " + text::quote(id));
  return all_.inbox_->status(member_, id);
}

Result<void> MemberShelf::remove(const std::string&, const std::string&, const TaxiiMatch&) {
  return denied("what is shared is taken back by who shares it");
}

}  // namespace tocsin::share
