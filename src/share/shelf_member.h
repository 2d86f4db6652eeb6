// Member shelf: the shelves as one member reads them. Of shelf.cpp and its neighbours alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "share/shelf.h"
#include "wire/stix_event.h"
#include "wire/stix_object.h"

namespace tocsin::share {

std::string random_octets(std::size_t size);

// Of an agreement, as the ledger names it.
std::optional<Sha256> address_of(std::string_view address);

class MemberShelf : public TaxiiShelf {
 public:
  MemberShelf(Shelves& all, std::string member) : all_(all), member_(std::move(member)) {}

  Result<std::vector<TaxiiCollection>> collections() override;
  Result<TaxiiPage> objects(const std::string& collection, const TaxiiScan& scan) override;
  Result<bool> has(const std::string& collection, const std::string& id) override;
  Result<TaxiiStatus> add(const std::string& collection,
                          const std::vector<std::string_view>& objects) override;
  Result<TaxiiStatus> status(const std::string& id) override;
  Result<void> remove(const std::string& collection, const std::string& id,
                      const TaxiiMatch& versions) override;

 private:
  // What a walk found, and what is to be written of it.
  struct Walk {
    const TaxiiScan& scan;
    TaxiiPage page{};
    std::size_t events = 0;                                 // that were looked at
    std::unordered_set<std::string> in{};                   // ids with their versions
    std::map<std::string, std::uint64_t> counts{}, used{};  // by kind and type; by agreement
    std::vector<ledger::Denial> denials{};
    TimeUs withheld_until = 0;
    TimeUs shift = 0;                      // of what comes again, from its date then
    bool full = false, ended = false;      // ended: no room is left today
    bool is_shared = false;                // of the collection of events
    std::optional<std::uint64_t> under{};  // of an emergency: the act that allowed it
  };
  Result<void> expect_partner() const;
  Result<void> walk_again(Walk& walk, Shelves::Door& door, const Shelves::Again& again, TimeUs at,
                          std::map<std::string, std::uint64_t>& left);
  Result<Walk> walk(Shelves::Door& door, const TaxiiScan& scan);
  Result<Walk> walk_emergencies(Shelves::Door& door, const TaxiiScan& scan);
  Result<void> take_emergency(Walk& walk, const Shelves::Door& door,
                              const Emergencies::Step& step) const;
  Result<Walk> walk_statistics(const Shelves::Door& door, const TaxiiScan& scan);
  // The alias of a collection that may be read; "": there is none of this id.
  std::string alias_of(const std::string& collection) const;
  Result<Walk> walk_of(const std::string& alias, Shelves::Door& door, const TaxiiScan& scan);
  bool take(Walk& walk, TaxiiObject object) const;
  struct Sort {
    std::string agreement, name;                  // as releases count it
    std::span<const wire::StixObject> foreign{};  // whose octets they are; empty: ours
  };
  void take_all(Walk& walk, const store::Offer& offer, policy::Gate::Row row,
                std::vector<std::string> objects, const Sort& sort) const;
  wire::StixAs as_of(const Shelves::Door& door, std::uint16_t pass, std::string handle) const;
  Result<void> take_event(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                          policy::Gate::Row row) const;
  Result<void> take_thing(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                          policy::Gate::Row row) const;
  Result<void> take_foreign(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                            policy::Gate::Row row, Sort& sort) const;
  void withhold(Walk& walk, const Shelves::Door& door, const store::Offer& offer,
                const policy::Gate::Selected& selected) const;
  Result<void> log(Walk& walk, Shelves::Door& door);
  Result<std::map<std::string, std::uint64_t>> quota_left(const Shelves::Door& door) const;

  Shelves& all_;
  std::string member_;
};

}  // namespace tocsin::share
