// Stix statistics: counts of subjects of one day and cut as an object of our STIX extension, which
// readers that do not know it pass over. docs/stix.md, "Statistics".
// Source: OASIS STIX 2.1 section 7.3 (extension definitions, new-sdo).
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/taxonomy.h"

namespace tocsin::wire {

inline constexpr std::string_view stix_statistics_type = "x-tocsin-statistics";

struct StixStatistics {
  struct Figure {
    std::string group, part;  // as the cut names them; part "": the group's total
    std::uint64_t subjects = 0;
    bool operator==(const Figure&) const = default;
  };
  static constexpr std::size_t figures_max = 20'000;

  Day day = 0;
  std::string cut;  // "country.type", "sector.type"
  std::uint64_t k = 0;
  std::vector<Figure> figures;
  bool operator==(const StixStatistics&) const = default;
};

// `node_namespace`, `identity`: as of StixAs. One object for a day and cut: made once, at `made`.
std::string stix_of_statistics(const StixStatistics& one, const std::string& node_namespace,
                               const std::string& identity, TimeUs made, Tlp tlp);
// The extension-definition that such objects name.
std::string stix_statistics_extension();

// Errors: invalid: another type, a member that is missing or beyond its bounds, too many figures.
Result<StixStatistics> read_stix_statistics(const simdjson::dom::element& object);

}  // namespace tocsin::wire
