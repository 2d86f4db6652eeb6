// Enricher: adds what else is known about the ends of events, offline. One file in
// enrich/enrichers/ each; applied in the order of names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/entry.h"
#include "base/result.h"
#include "model/batch.h"

namespace tocsin::enrich {

// Paths and switches from the configuration's [enrich] table ("location_database", "mmdb_asn",
// "warninglists" …).
using Settings = std::map<std::string, std::string, std::less<>>;

// An opened enricher. apply() is called for whole batches from several threads at once: it only
// reads its tables.
class Opened {
 public:
  virtual ~Opened() = default;
  virtual void apply(EventBatch& batch) const = 0;
  virtual std::string describe() const = 0;  // "libloc of 2022-10-29, 1,290,000 networks"
};

struct Enricher {
  std::string_view summary;
  // nullptr: switched off by the settings. Errors: invalid, missing: a file is damaged or absent.
  Result<std::unique_ptr<Opened>> (*open)(const Settings& settings);
};

std::span<const Entry<Enricher>> enrichers();

}  // namespace tocsin::enrich
