// Handout: events as one member may have them, for the doors that give events and no STIX objects:
// MISP, and what is pushed. The same gate, quotas and ledger as the member's shelf (shelf.h).
// Source: DESIGN D7, D9.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "share/shelf.h"

namespace tocsin::share {

// For one request or delivery of one member: as long as it lives, nobody else reads for that
// member.
class Handout {
 public:
  // Errors: denied, if it is no partner that was compared.
  static Result<std::unique_ptr<Handout>> open(Shelves& all, const std::string& member);

  // An event that may go.
  struct Place {
    std::shared_ptr<const store::Offer> offer;
    policy::Gate::Row row;
    TimeUs date() const { return offer->date(row.row); }
    Type type() const { return offer->batch.type[row.row]; }
    Tlp tlp() const { return offer->batch.tlp[row.row]; }
  };
  const policy::Agreement& agreement(const Place& place) const {
    return door_->agreements.at(place.row.pass);
  }
  const std::string& address(const Place& place) const {
    return door_->addresses.at(place.row.pass);
  }
  const std::vector<std::string>& addresses() const { return door_->addresses; }  // in force
  std::uint64_t epoch() const { return door_->epoch; }
  const std::string& us() const { return all_.us_; }  // member id
  const std::string& node_namespace() const { return all_.namespace_; }
  const std::string& member() const { return member_; }
  TimeUs now() const { return all_.parts_.now(); }
  const store::Offers& offers() const { return all_.parts_.offers; }
  const store::Tables& tables() const { return all_.tables_; }

  // Calls `each` with what may go of dates after `after`, in their order, until it says full. What
  // it takes of dates after `counted` was not told before: it counts against its agreement's quota,
  // and where that has no room the walk ends. Gives the date behind which there may be more.
  enum class Took : std::uint8_t { taken, passed, full };
  using Each = std::function<Result<Took>(const Place&)>;
  Result<TimeUs> walk(TimeUs after, TimeUs counted, const Each& each);
  // The same of one offer's events, without counting. Nothing, if the offer is no more.
  Result<void> look_at(TimeUs base, const Each& each);

  // As the member may have it. Errors: denied: nothing of it may be told.
  Result<policy::Cleared<policy::ToldEvent>> told(const Place& place) const;

  // What leaves. Counts: by kind and type, "event infected-system".
  struct Parcel {
    std::string via;
    std::string agreement;       // address; "": of several
    TimeUs from = 0, until = 0;  // dates, until included
    std::map<std::string, std::uint64_t> counts;
    std::vector<std::string_view> items;  // octets, in the order in which they go
  };
  // In one transaction: the release, unless no item goes; what the walk withheld and used of the
  // quotas; and what `also` writes. Before any of the octets leaves.
  Result<void> release(const Parcel& parcel,
                       const std::function<Result<void>(store::Sqlite&)>& also);

 private:
  Handout(Shelves& all, std::string member, std::shared_ptr<Shelves::Door> door)
      : all_(all), member_(std::move(member)), door_(std::move(door)), lock_(door_->mutex) {}
  Result<std::map<std::string, std::uint64_t>> quota_left() const;
  Result<TimeUs> withheld_until() const;
  void withhold(const store::Offer& offer, const policy::Gate::Selected& selected);

  Shelves& all_;
  std::string member_;
  std::shared_ptr<Shelves::Door> door_;
  std::unique_lock<std::mutex> lock_;
  std::map<std::string, std::uint64_t> used_;  // by agreement
  std::vector<ledger::Denial> denials_;
  TimeUs withheld_until_ = time_none;
};

}  // namespace tocsin::share
