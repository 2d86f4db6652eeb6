// Enricher: adds what else is known about the ends of events, offline. One file in
// enrich/enrichers/ each; enrichment.h applies them in the order of their `order`.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/entry.h"
#include "base/result.h"
#include "enrich/places.h"
#include "model/batch.h"

namespace tocsin::enrich {

// Paths and switches from the configuration's [enrich] table ("location_database", "mmdb_asn",
// "warninglists" …). docs/enrichers.md lists them.
using Settings = std::map<std::string, std::string, std::less<>>;

// The value of a setting; "" if it is not there.
inline std::string_view setting(const Settings& settings, std::string_view name) {
  auto found = settings.find(name);
  return found == settings.end() ? std::string_view{} : std::string_view(found->second);
}

// An opened enricher. apply() is called for whole batches from several threads at once: it only
// reads its tables.
class Opened {
 public:
  virtual ~Opened() = default;
  virtual void apply(EventBatch& batch) const = 0;
  virtual std::string describe() const = 0;  // "libloc of 2022-10-29, 1,290,000 networks"

  // What its tables of networks answer; most enrichers have none.
  virtual void locate(const Ip&, Whereabouts&) const {}  // adds what is not known yet
  virtual std::string as_name(std::uint32_t) const { return {}; }
  virtual std::uint64_t announced_v4(Country) const { return 0; }
  virtual TimeUs date() const { return time_none; }  // of the oldest table
};

struct Enricher {
  std::string_view summary;
  int order;  // lower ones are applied first: those that later ones build upon
  // nullptr: switched off by the settings. Errors: invalid, missing: a file is damaged or absent.
  Result<std::unique_ptr<Opened>> (*open)(const Settings& settings);
};

std::span<const Entry<Enricher>> enrichers();

}  // namespace tocsin::enrich
