// Taxii answer: what the answers of a TAXII 2.1 server say to a client, tolerant of what servers
// leave out. No I/O. Source: OASIS TAXII Version 2.1, sections 3 to 5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::ingest {

// Exactly this: servers refuse others. Source: TAXII 2.1, section 3.1.
inline constexpr std::string_view taxii_accept = "application/taxii+json;version=2.1";

// A page of a collection's objects.
struct TaxiiEnvelope {
  std::size_t objects = 0;
  bool more = false;          // also where only `next` says it
  std::string next;           // "" if there is none, or one that is no text or beyond 8 KiB
  std::string last_id;        // of the last object; "" if it has none
  std::uint64_t content = 0;  // a hash of which versions of which objects it has, in their order
};
// An empty body is an empty page. A bundle is one too. Errors: invalid: no JSON object.
Result<TaxiiEnvelope> read_taxii_envelope(std::string_view json);

struct TaxiiCollectionSaid {
  std::string id, alias, title;
  bool can_read = false;
};

// What lies at a URL, by what it says of itself.
struct TaxiiPlace {
  enum class Kind : std::uint8_t { discovery, root, collections, collection };
  Kind kind = Kind::collections;
  std::vector<std::string> roots;  // of a discovery: the default first; relative or absolute
  std::vector<TaxiiCollectionSaid> collections;  // one, of a collection
};
// At most 16 roots and 1,000 collections; those without an id that can stand in a URL are left out.
// Errors: invalid: none of these.
Result<TaxiiPlace> read_taxii_place(std::string_view json);

// The newest date that a manifest names, as it stands there; "" if it names none.
std::string newest_in_manifest(std::string_view json);

// "2026-01-02T03:04:05.000000Z". Source: TAXII 2.1, section 2 (timestamp).
std::string taxii_stamp(TimeUs time);

}  // namespace tocsin::ingest
