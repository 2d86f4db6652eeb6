// Statistics: counts of subjects by day, without addresses, given to partners whose agreements
// allow statistics, and those that partners gave.
//
// What may be told of a day is decided once (policy/publication.h), kept, and never changed: each
// partner gets the same figures or fewer. docs/statistics.md, "For partners".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/publication.h"
#include "share/agreements.h"
#include "share/partners.h"
#include "store/offers.h"
#include "store/tables.h"
#include "wire/stix_statistics.h"

namespace tocsin::share {

struct SharedFigure {
  std::string member{};  // who counted; "": this node
  Day day = 0;
  std::string cut{}, group{}, part{};
  std::uint64_t subjects = 0;
};

class Statistics {
 public:
  static constexpr Tlp marking = Tlp::green;
  static constexpr std::size_t list_max = 10'000;

  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    Agreements& agreements;
    store::Offers& offers;
    std::function<TimeUs()> now;
  };
  static Result<std::unique_ptr<Statistics>> open(Parts parts);

  // Publishes what may be told of a day; `counts` by cut. Once: later ones change nothing.
  Result<void> publish(Day day, const std::map<std::string, std::vector<policy::CountOf>>& counts);
  Result<bool> is_published(Day day) const;

  // What a member may have of each published day behind a date: our objects are made of it.
  struct Due {
    TimeUs date = 0, made = 0;
    std::vector<wire::StixStatistics> tables;  // one for each cut
    std::string agreement;                     // content address of what it goes under
  };
  Result<std::vector<Due>> due(const std::string& member, TimeUs after) const;

  // What a partner gave. Figures that no agreement allows it to give are left out. How many were
  // taken; of a day and cut the first publication stays.
  Result<std::size_t> take(const std::string& member, const wire::StixStatistics& given);

  struct Ask {
    std::string partner, cut;  // partner "": all, and our own
    std::optional<Day> since, until;
  };
  Result<std::vector<SharedFigure>> list(const Ask& ask) const;  // the newest days first

 private:
  Statistics(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  bool may_go(const SharedFigure& figure, const policy::Agreement& agreement,
              policy::Context context) const;

  Parts parts_;
  store::Tables tables_;
};

}  // namespace tocsin::share
