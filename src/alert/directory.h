// Directory: whose a problem is, by the most particular asset of any constituent.
//
// A name goes before an address, an address before an AS, an AS before a country: the name with
// most labels, the longest prefix. Where two claim the same asset, the surer one has it, then the
// one whose name comes first, so that the answer never depends on the order of an import.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alert/constituent.h"
#include "base/hash.h"
#include "match/ranges.h"

namespace tocsin::alert {

// Where a problem sits, as far as it is known.
struct Place {
  Ip ip;                  // empty(): none
  std::string_view name;  // canonical; "": none
  std::uint32_t asn = 0;
  Country country;
};

enum class AssetKind : std::uint8_t { none, name, prefix, asn, country };
std::string_view name(AssetKind kind);

struct Decision {
  std::uint32_t constituent = 0;  // place in Directory::all() plus 1; 0: nobody's
  AssetKind kind = AssetKind::none;
  std::uint32_t asset = 0;  // which of it; for Directory::asset()
  bool operator==(const Decision&) const = default;
};

// Immutable once built; any thread may ask.
class Directory {
 public:
  Directory() = default;
  explicit Directory(std::vector<Constituent> constituents);

  Decision decide(const Place& place) const;  // allocates nothing
  const std::vector<Constituent>& all() const { return all_; }
  const Constituent* of(const Decision& decision) const {
    return decision.constituent == 0 ? nullptr : &all_[decision.constituent - 1];
  }
  // The asset as its constituent names it: "192.0.2.0/24", "example.org", "AS64496", "BR". `place`
  // is what was decided on.
  std::string asset(const Decision& decision, const Place& place) const;
  bool empty() const { return all_.empty(); }

  // Assets that several claim, for a person to look at: "192.0.2.0/24: A, B"; at most 1,000.
  const std::vector<std::string>& disputed() const { return disputed_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash64(text); }
  };
  struct Owned {
    Network network;
    std::uint32_t constituent;
  };
  bool goes_before(std::uint32_t a, std::uint32_t b) const;
  template <class Map, class Key>
  void claim(Map& map, const Key& key, std::uint32_t constituent);

  std::vector<Constituent> all_;
  std::vector<Owned> prefixes_;  // by network; the value in ranges_ is the place here plus 1
  match::Ranges ranges_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> names_;
  std::unordered_map<std::uint32_t, std::uint32_t> asns_;
  std::unordered_map<std::uint32_t, std::uint32_t> countries_;
  std::vector<std::string> disputed_;
};

}  // namespace tocsin::alert
