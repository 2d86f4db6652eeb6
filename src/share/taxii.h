// Taxii: a TAXII 2.1 server's answers. What its collections hold, and what of it a caller may have,
// is behind TaxiiShelf. Source: OASIS TAXII 2.1.
//
//   /taxii2/                                               discovery
//   /taxii2/ROOT/                                          the API root
//   /taxii2/ROOT/status/ID/                                what became of a POST
//   /taxii2/ROOT/collections/[ID/[manifest/|objects/[ID/[versions/]]]]
// Each is served with and without its last slash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"
#include "base/result.h"
#include "base/time.h"
#include "share/taxii_query.h"

namespace tocsin::share {

inline constexpr std::string_view taxii_root = "tocsin";  // the one API root's name
inline constexpr std::size_t taxii_page_max = 1000;       // objects
inline constexpr std::size_t taxii_post_max = 100'000;    // objects of one POST

struct TaxiiCollection {
  std::string id;  // a UUID of version 4, or some clients refuse it
  std::string alias, title, description;
  bool can_read = false, can_write = false;
};

// One version of an object, as the caller may have it.
struct TaxiiObject {
  TimeUs added = 0;     // unique in its collection; later ones are larger
  std::string id;       // "indicator--..."
  std::string version;  // `modified`, else `created`, as the object writes it; else "": `added`
  std::string json;
};

enum class TaxiiListing : std::uint8_t { objects, manifest, versions };

// What an object is in a listing, as JSON: itself, its record of a manifest, its version.
std::string taxii_told(const TaxiiObject& object, TaxiiListing listing);

struct TaxiiScan {
  std::optional<TimeUs> after;  // exclusive
  TaxiiMatch match;
  std::size_t limit = taxii_page_max;  // of objects
  TaxiiListing listing = TaxiiListing::objects;
  bool leaves = true;  // false: nothing of the page is sent, as to HEAD
};

struct TaxiiPage {
  std::vector<TaxiiObject> objects;  // by `added`
  bool more = false;                 // there may be others behind
  TimeUs looked_at = 0;              // up to here: more begins behind it
  std::string members;  // more members of the envelope, as JSON: `"x_...":{...}`; "": none
};

// What became of the objects of one POST. Source: TAXII 2.1 section 4.3.
struct TaxiiStatus {
  struct Item {
    std::string id, version, message;
  };
  std::string id;  // a UUID of version 4
  TimeUs requested = 0;
  std::vector<Item> successes, failures, pendings;
};

// What a server's collections hold, seen by one caller: an object that it may not have is not
// there. Errors of all: denied, missing, unavailable.
class TaxiiShelf {
 public:
  virtual ~TaxiiShelf() = default;
  virtual Result<std::vector<TaxiiCollection>> collections() = 0;  // always in the same order
  virtual Result<TaxiiPage> objects(const std::string& collection, const TaxiiScan& scan) = 0;
  // Is any version of the object there?
  virtual Result<bool> has(const std::string& collection, const std::string& id) = 0;
  // Takes in what it can; each object for itself. One that is there already is a success.
  virtual Result<TaxiiStatus> add(const std::string& collection,
                                  const std::vector<std::string_view>& objects) = 0;
  virtual Result<TaxiiStatus> status(const std::string& id) = 0;  // of the caller's own
  // Takes away versions of an object. Errors: missing, if there are none.
  virtual Result<void> remove(const std::string& collection, const std::string& id,
                              const TaxiiMatch& versions) = 0;
};

struct TaxiiSettings {
  std::string title, description, contact;
  std::string base;       // "https://node.example.org", without a last slash; "": relative
  std::string token_key;  // of `next`
  std::uint64_t content_bytes_max = 64 << 20;  // of a POST, also unpacked
};

// Is it a path that serve_taxii() answers?
bool is_taxii_path(const http::Request& request);

// `principal`: whose request it is; `shelf` is theirs. Every answer, an error too, is of TAXII's
// media type and has a body.
http::Response serve_taxii(const http::Request& request, std::string_view principal,
                           TaxiiShelf& shelf, const TaxiiSettings& settings);
// The answer to a caller who is nobody, and to one who is refused before anything is looked up.
http::Response taxii_unauthenticated();
http::Response taxii_refusal(int status, std::string_view why);

}  // namespace tocsin::share
