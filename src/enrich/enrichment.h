// Enrichment: all enrichers that the settings switch on, in their order, and what their tables
// answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "enrich/enricher.h"

namespace tocsin::enrich {

// Any thread may ask.
class Enrichment {
 public:
  // Errors: those of the enrichers, the enricher's name before them.
  static Result<Enrichment> open(const Settings& settings);

  void apply(EventBatch& batch) const;
  Whereabouts locate(const Ip& ip) const;
  std::string as_name(std::uint32_t asn) const;       // "" if unknown
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
