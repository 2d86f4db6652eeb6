// Enrichment: all enrichers that the settings switch on, in their order, and what their tables
// answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "enrich/enricher.h"

namespace tocsin::enrich {

// What is known about one address.
struct Whereabouts {
  std::uint32_t asn = 0;
  std::string_view as_name;
  Country country;
  std::optional<Network>
      network;             // the announced one that the AS number comes from, else the country
  std::uint8_t flags = 0;  // NetworkFlag
};

// Any thread may ask.
class Enrichment {
 public:
  // Errors: those of the enrichers, the enricher's name before them.
  static Result<Enrichment> open(const Settings& settings);

  void apply(EventBatch& batch) const;
  Whereabouts locate(const Ip& ip) const;
  std::string_view as_name(std::uint32_t asn) const;  // "" if unknown; valid as long as this
  std::uint64_t announced_v4(Country country) const;  // 0: not known
  TimeUs database_date() const;               // the oldest table's; time_none: there is none
  std::vector<std::string> describe() const;  // "location: libloc of 2022-10-29, …"

 private:
  struct Step {
    std::string_view name;
    int order;
    std::unique_ptr<Opened> opened;
  };
  std::vector<Step> steps_;
};

}  // namespace tocsin::enrich
