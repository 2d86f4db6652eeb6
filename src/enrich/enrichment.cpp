#include "enrich/enrichment.h"

#include <algorithm>

namespace tocsin::enrich {

Result<Enrichment> Enrichment::open(const Settings& settings) {
  Enrichment all;
  for (const auto& [name, enricher] : enrichers()) {
    auto opened = enricher.open(settings);
    if (!opened) {
      return std::unexpected(
          Error{opened.error().fault, std::string(name) + ": " + opened.error().what});
    }
    if (*opened) all.steps_.push_back({name, enricher.order, std::move(*opened)});
  }
  std::ranges::stable_sort(all.steps_, {}, &Step::order);
  return all;
}

void Enrichment::apply(EventBatch& batch) const {
  for (const Step& step : steps_) step.opened->apply(batch);
}

Whereabouts Enrichment::locate(const Ip& ip) const {
  Whereabouts out;
  for (const Step& step : steps_) step.opened->locate(ip, out);
  out.as_name = as_name(out.asn);
  return out;
}

std::string Enrichment::as_name(std::uint32_t asn) const {
  if (asn == 0) return {};
  for (const Step& step : steps_) {
    if (auto name = step.opened->as_name(asn); !name.empty()) return name;
  }
  return {};
}

std::uint64_t Enrichment::announced_v4(Country country) const {
  for (const Step& step : steps_) {
    if (auto announced = step.opened->announced_v4(country)) return announced;
  }
  return 0;
}

TimeUs Enrichment::database_date() const {
  TimeUs oldest = time_none;
  for (const Step& step : steps_) {
    TimeUs date = step.opened->date();
    if (date != time_none && (oldest == time_none || date < oldest)) oldest = date;
  }
  return oldest;
}

std::vector<std::string> Enrichment::describe() const {
  std::vector<std::string> out;
  for (const Step& step : steps_) {
    out.push_back(std::string(step.name) + ": " + step.opened->describe());
  }
  return out;
}

}  // namespace tocsin::enrich
