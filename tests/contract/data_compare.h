// Comparing what a format reads with what another project makes of the same input.
#pragma once

#include <simdjson.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format.h"
#include "ingest/formats.h"

namespace tocsin::data {

// The folder of a data set, or "" where it is not there (then a message says so).
std::string folder(const std::string& set);
std::string file(const std::string& path);

// An event as flat IntelMQ names and canonical values: spelled as the model spells them, so that
// 2 spellings of one value are equal; a value that means nothing ("ZZ") is left out.
using Flat = std::map<std::string, std::string>;

struct Read {
  std::vector<Flat> events;
  std::vector<std::string> rejects;
  std::string error;
};

Read read(const ingest::Reader& reader, ingest::Report report, const std::string& feed);
Flat flat(simdjson::dom::element object);
std::string canonical(const std::string& key, simdjson::dom::element value);

// "" if every member of `wanted` stands in `got`, else the first that does not.
std::string difference(const Flat& wanted, const Flat& got);

// Finds another event for each of `wanted`; "" if that works, else what the first without one lacks
// in the nearest.
std::string unmatched(const std::vector<Flat>& wanted, const std::vector<Flat>& got);

}  // namespace tocsin::data
