// Shelf: what one member may have of the offers, as the TAXII collection that it reads, and each
// page of it in the ledger before its bytes leave.
//
// A page is a walk over the offers from a date on; the gate of the member says of each event
// whether it goes and as what. docs/taxii.md has the collections and what they hold.
// Source: TAXII 2.1 section 5; DESIGN D7, D8, D9.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/gate.h"
#include "share/agreements.h"
#include "share/emergency.h"
#include "share/inbox.h"
#include "share/ledger.h"
#include "share/partners.h"
#include "share/sight.h"
#include "share/statistics.h"
#include "share/taxii.h"
#include "store/offers.h"
#include "store/tables.h"

namespace tocsin::share {

// The walks of all members.
class Shelves {
 public:
  struct Parts {
    store::Journal& journal;  // outlive it, as do the next ones
    Partners& partners;
    Agreements& agreements;
    store::Offers& offers;
    const Dictionary& words;
    std::function<Ledger*()> ledger;  // nullptr: nothing goes
    std::function<policy::FeedSays(std::string_view feed)> feed;
    std::vector<Network> sensors;
    std::function<TimeUs()> now;
    TaxiiSettings settings;              // its token_key is made here
    Emergencies* emergencies = nullptr;  // none: there is no such collection
    Statistics* statistics = nullptr;    // the same
    // Of all feeds of our own, by their names, what their providers say; none: it never changes.
    std::function<std::map<std::string, policy::FeedTerms>()> terms{};
  };
  static Result<std::unique_ptr<Shelves>> open(Parts parts);

  // As this member sees it, for one request. Whether it is a partner that was compared is asked at
  // each call.
  std::unique_ptr<TaxiiShelf> of(const std::string& member);

  const TaxiiSettings& settings() const { return parts_.settings; }

  // One step of announcing again what agreements withheld from a member as its walk passed, and
  // what those in force let go: it comes once, behind everything. A step looks at one offer. True:
  // there is more to do.
  Result<bool> announce(const std::string& member);
  // Looks whether what feeds' providers say of passing on has changed; what they withheld is then
  // announced again, too. Before announce().
  Result<void> look_at_terms();
  // What takes in what members send, and knows what became of it. Before anything is served;
  // without it nothing is taken.
  void receive_by(Inbox& inbox) { inbox_ = &inbox; }

  // Is there anything for a member behind this date? Writes nothing.
  bool has_news(const std::string& member, TimeUs after);

  // What a member would get of an event now, and why not: shelf_view.cpp. Writes nothing.
  // Errors: missing: there is no such partner.
  Result<Sight> look(const std::string& member, Looked event);
  // An object of others that is offered. Errors: missing.
  Result<store::Thing> object_of_others(std::string_view id) const;
  // The same of it; `told`: its octets.
  Result<Sight> look(const std::string& member, const store::Thing& object);
  // What an event would be to a member, if a person released it beyond the agreement. Errors:
  // denied: no person may, it goes anyway, nothing is agreed; missing.
  Result<Emergencies::Exempt> exempt(const std::string& member, EventId event);

  // Of what was erased: what proves that it was among the items of a release goes, with all that
  // proves items of those releases. True: there may be more to do.
  Result<bool> forget_erased();
  // Drops what proves items whose hashes the ledger no longer has, and what was to come again and
  // is offered no more. After Ledger::forget_items().
  Result<void> prune();
  // With which `release`'s items were salted: its secret. Errors: missing.
  Result<std::string> salt_of(std::uint64_t release) const;

 private:
  friend class MemberShelf;
  friend class Handout;
  using Terms = std::map<std::string, policy::FeedTerms>;  // by feed
  // Up to a date the walk went while one of these agreements let things go, or they were announced
  // under it since. "ADDRESS@N": with the N-th terms of feeds; without: the first.
  struct Era {
    TimeUs until = 0;
    std::set<std::string, std::less<>> addresses;
  };
  // Rows of an offer that come again, with dates of their own in place of those they had.
  struct Again {
    TimeUs base = 0, stop = 0, was = 0;  // of the first row's room, now and then
    std::string rows;                    // a bit for each place
    bool has(TimeUs date) const;         // that a row had
    void add(TimeUs date);
  };
  // What a member may have as long as nothing changes of agreements.
  struct Door {
    std::mutex mutex;
    std::string member;
    std::vector<policy::Agreement> agreements;  // in force
    std::vector<std::string> addresses;         // theirs
    std::uint64_t epoch = 0;
    std::unique_ptr<policy::Gate> gate;
    std::unordered_map<std::uint64_t, TimeUs> recent;  // hashes of ids that went lately, and when
    // What was decided of an offer holds as long as that is the same and nothing changes of its
    // feed; 4 octets a row. A walk asks for the same one, page after page.
    struct Chosen {
      std::weak_ptr<const store::Offer> offer;
      policy::FeedSays says;
      policy::Gate::Selected selected;
    };
    std::array<Chosen, 2> chosen;  // the last used first: a walk and the hints
    std::vector<Era> eras;         // empty: not read yet; the last has no end
    TimeUs walked = 0;             // up to here a reader of all has gone
    bool has_again = false;
  };
  explicit Shelves(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<void> introduce();  // who we are, at first use
  std::shared_ptr<Door> door_of(const std::string& member);
  Result<void> open_door(Door& door, const std::string& member, TimeUs now);
  // Of things, those that are withheld are counted from a date on: there may be more of them later.
  Result<void> keep_era(Door& door, const std::set<std::string, std::less<>>& now_in_force);
  static Result<void> write_eras(store::Sqlite& db, const Door& door);
  std::vector<std::unique_ptr<policy::Gate>> gates_of_old(const Door& door, const Era& era) const;
  Result<void> read_terms();
  std::set<std::string, std::less<>> named_now(const std::vector<std::string>& addresses) const;
  // The first that comes again with a date after this one; those of an offer's dates.
  Result<std::optional<Again>> again_after(const Door& door, TimeUs date) const;
  Result<std::vector<Again>> again_of(const Door& door, const store::Offer& offer) const;
  static Result<void> forget_salts(store::Sqlite& db, TimeUs from, TimeUs until);
  policy::CameUnder came_under(std::string_view member, std::string_view address) const;
  policy::Gate::Parts gate_parts(const std::string& member) const;  // but for its passes
  static policy::Gate::Judged judge(const policy::Gate& gate, const store::Thing& thing,
                                    TimeUs now);
  static bool is_members_own(const policy::Gate& gate, const store::Thing& thing, const Door& door);
  const policy::Gate::Selected& select(Door& door, const std::shared_ptr<const store::Offer>& offer,
                                       TimeUs counted_from) const;

  Parts parts_;
  store::Tables tables_;
  std::string us_, namespace_, identity_, secret_;
  std::vector<std::string> standing_;  // objects that all others refer to
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Door>, std::less<>> doors_;
  Inbox* inbox_ = nullptr;
  std::map<std::int64_t, std::shared_ptr<const Terms>> terms_;  // by number; under mutex_
};

}  // namespace tocsin::share
