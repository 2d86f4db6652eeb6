#include "share/shelf.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "share/shelf_member.h"
#include "share/thing.h"
#include "wire/stix_event.h"
#include "wire/stix_id.h"
#include "wire/stix_marking.h"

namespace tocsin::share {
namespace {

constexpr std::string_view secret_name = "share.secret";
constexpr std::size_t secret_size = 32;

constexpr std::array steps = {
    "CREATE TABLE shelf_releases (log TEXT NOT NULL, entry INTEGER NOT NULL, member TEXT NOT NULL,"
    " start INTEGER NOT NULL, stop INTEGER NOT NULL, salt BLOB, PRIMARY KEY (log, entry)) STRICT;"
    "CREATE INDEX shelf_releases_by_stop ON shelf_releases (stop);"
    "CREATE TABLE shelf_walks (member TEXT PRIMARY KEY, withheld_until INTEGER NOT NULL) STRICT;"
    "CREATE TABLE shelf_quotas (member TEXT NOT NULL, agreement TEXT NOT NULL,"
    " day INTEGER NOT NULL, items INTEGER NOT NULL, PRIMARY KEY (member, agreement)) STRICT;",
    "ALTER TABLE shelf_walks ADD COLUMN walked INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE shelf_eras (member TEXT NOT NULL, until INTEGER NOT NULL,"
    " addresses TEXT NOT NULL, PRIMARY KEY (member, until)) STRICT;"
    "CREATE TABLE shelf_again (member TEXT NOT NULL, base INTEGER NOT NULL, stop INTEGER NOT NULL,"
    " was INTEGER NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (member, base)) STRICT;"
    "CREATE INDEX shelf_again_by_was ON shelf_again (member, was);",
    "CREATE TABLE shelf_terms (number INTEGER PRIMARY KEY, terms TEXT NOT NULL) STRICT;"};

}  // namespace

std::string random_octets(std::size_t size) {
  std::string out(size, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

Result<std::unique_ptr<Shelves>> Shelves::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "shelf", steps));
  auto& journal = parts.journal;
  auto made = std::unique_ptr<Shelves>(new Shelves(std::move(parts), std::move(tables)));
  // Pseudonyms and the names of what was told follow from it: another one would make all new.
  made->secret_ = TRY(journal.value(secret_name));
  if (made->secret_.size() != secret_size * 2) {
    made->secret_ = hex(random_octets(secret_size));
    TRY(journal.keep_value(secret_name, made->secret_));
  }
  TRY(made->read_terms());
  TRY(made->look_at_terms());
  made->parts_.settings.token_key = hex(sha256("taxii next\n" + made->secret_));
  return made;
}

Result<void> Shelves::introduce() {
  std::lock_guard guard(mutex_);
  if (!us_.empty()) return {};
  auto self = TRY(parts_.partners.self());
  us_ = self.profile.member;
  namespace_ = wire::stix_node_namespace(us_);
  identity_ = wire::stix_own_id("identity", namespace_, us_);
  std::string opened = times::format(parts_.offers.opened() / 1000 * 1000);
  json::Writer w;
  w.object().member("type", "identity").member("spec_version", "2.1").member("id", identity_);
  w.member("created", opened).member("modified", opened).member("created_by_ref", identity_);
  w.key("object_marking_refs").list().value(wire::stix_marking_id(Tlp::clear)).end();
  w.member("name", self.profile.name.empty() ? us_ : self.profile.name);
  w.member("identity_class", "organization").end();
  standing_ = {w.take()};
  for (Tlp tlp : {Tlp::clear, Tlp::green, Tlp::amber, Tlp::amber_strict})
    standing_.push_back(wire::stix_marking_json(tlp));
  for (std::string& object : wire::stix_extension_objects()) standing_.push_back(std::move(object));
  return {};
}

std::unique_ptr<TaxiiShelf> Shelves::of(const std::string& member) {
  return std::make_unique<MemberShelf>(*this, member);
}

std::shared_ptr<Shelves::Door> Shelves::door_of(const std::string& member) {
  std::lock_guard guard(mutex_);
  auto& door = doors_[member];
  if (!door) door = std::make_shared<Door>();
  return door;
}

Result<void> Shelves::open_door(Door& door, const std::string& member, TimeUs now) {
  auto in_force = parts_.agreements.in_force(member, now);
  std::vector<std::string> addresses;
  for (const AgreementState* state : in_force.agreements) addresses.push_back(state->address);
  door.member = member;
  TRY(keep_era(door, named_now(addresses)));
  if (door.gate && addresses == door.addresses) return {};
  std::vector<policy::Pass> passes;
  door.agreements.clear();
  std::string all;
  for (const AgreementState* state : in_force.agreements) {
    passes.push_back({.agreement = state->agreement,
                      .standing = state->standing(),
                      .key = policy::pseudonym_key(secret_, state->agreement.id),
                      .quota_left = UINT64_MAX});  // counted here
    door.agreements.push_back(state->agreement);
    all += state->address;
  }
  for (const Network& sensor : parts_.sensors) all += ip::format(sensor);
  door.epoch = hash64(all) >> 11;  // fits a JSON number
  door.addresses = std::move(addresses);
  door.recent.clear();  // some of it may not go any more
  door.chosen = {};
  auto parts = gate_parts(member);
  parts.passes = std::move(passes);
  parts.sensors = parts_.sensors;
  parts.epoch = door.epoch;
  door.gate = std::make_unique<policy::Gate>(std::move(parts));
  return {};
}

policy::Gate::Judged Shelves::judge(const policy::Gate& gate, const store::Thing& thing,
                                    TimeUs now) {
  return thing.foreign ? gate.judge(item_of(thing), foreign_of(thing), now)
                       : gate.judge(item_of(thing), thing.feed, now);
}

// It has it: nothing is withheld.
bool Shelves::is_members_own(const policy::Gate& gate, const store::Thing& thing,
                             const Door& door) {
  if (thing.foreign) return gate.is_senders(foreign_of(thing));
  return thing.feed == "partner." + door.member;
}

// In its present version.
policy::CameUnder Shelves::came_under(std::string_view member, std::string_view address) const {
  auto all = parts_.agreements.in_force(member, parts_.now());
  const AgreementState *was = all.book->find(address), *now = nullptr;
  for (const AgreementState* one : all.agreements) {
    if (one->address == address) now = one;
    if (now == nullptr && was != nullptr && one->agreement.id == was->agreement.id) now = one;
  }
  if (now == nullptr) return {};
  return {now->address, {all.book, &now->agreement}};
}

policy::Gate::Parts Shelves::gate_parts(const std::string& member) const {
  return {.words = parts_.words,
          .from = us_,
          .to = member,
          .passes = {},
          .feed = parts_.feed,
          .sensors = {},
          .came_under = [this](auto of, auto address) { return came_under(of, address); },
          .to_identity = wire::stix_own_id("identity", wire::stix_node_namespace(member), member)};
}

const policy::Gate::Selected& Shelves::select(Door& door,
                                              const std::shared_ptr<const store::Offer>& offer,
                                              TimeUs counted_from) const {
  TimeUs now = parts_.now();
  if (!offer->things.empty()) {
    auto& last = door.chosen.back() = {};
    for (std::size_t i = 0; i < offer->things.size(); ++i) {
      const store::Thing& thing = offer->things[i];
      auto judged = judge(*door.gate, thing, now);
      if (judged.reason == policy::Reason::released) {
        last.selected.rows.push_back({static_cast<std::uint16_t>(i), judged.pass});
      } else if (offer->dates[i] >= counted_from && !is_members_own(*door.gate, thing, door)) {
        ++last.selected.withheld.at(static_cast<std::size_t>(judged.reason));
      }
    }
    return last.selected;
  }
  policy::FeedSays says = parts_.feed(parts_.words.word(offer->batch.feed));
  auto holds = [&](const Door::Chosen& one) {
    return one.offer.lock() == offer && one.says == says;
  };
  auto known = std::ranges::find_if(door.chosen, holds);
  if (known == door.chosen.end()) {
    known = std::prev(known);
    *known = {.offer = offer,
              .says = std::move(says),
              .selected = door.gate->select(offer->batch, policy::traits_of(offer->batch), now)};
  }
  std::rotate(door.chosen.begin(), known, std::next(known));
  return door.chosen.front().selected;
}

bool Shelves::has_news(const std::string& member, TimeUs after) {
  if (!introduce() || parts_.ledger() == nullptr) return false;
  auto door = door_of(member);
  std::lock_guard guard(door->mutex);
  if (!open_door(*door, member, parts_.now())) return false;
  auto again = again_after(*door, after);
  if (again && again->has_value() && !door->addresses.empty()) return true;
  while (auto offer = parts_.offers.after(after)) {
    if (!*offer) return false;
    const auto& rows = select(*door, *offer, 0).rows;
    if (!rows.empty() && (*offer)->date(rows.back().row) > after) return true;
    after = (*offer)->end() - 1;
  }
  return false;
}

Result<std::string> Shelves::salt_of(std::uint64_t release) const {
  auto* ledger = parts_.ledger();
  if (ledger == nullptr) return missing("this node has no ledger");
  std::string log = hex(TRY(ledger->head()).log);
  std::string salt;
  auto find = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT salt FROM shelf_releases WHERE log = ? AND entry = ?"));
    select.bind(1, log).bind(2, release);
    if (TRY(select.step())) salt = select.blob(0);
    return {};
  };
  TRY(tables_.read(find));
  if (salt.empty()) return missing(fmt::format("no salt of release {}", release));
  return salt;
}

}  // namespace tocsin::share