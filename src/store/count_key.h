// CountKey: the cells that are counted: what each kind of cell knows, packed so that cells of one
// kind and country stand together.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "store/stats.h"

namespace tocsin::store {

// Numbers are stored: append only.
enum class CellKind : std::uint8_t {
  family = 1,      // country, type, family, feed
  controller = 2,  // country, type, country of the controller, feed
  network = 3,     // country, type, AS
  sector = 4,      // country, type, sector, feed: events whose sector is known
  // In merged months only: the same over all feeds, so that a long period unites few large sets.
  type_total = 5,        // country, type
  family_total = 6,      // country, type, family
  controller_total = 7,  // country, type, country of the controller
};
inline constexpr std::uint64_t cell_kinds_last = 7;

struct CountKey {
  std::uint64_t high = 0;  // kind 8, country 16, type 8, part 32
  std::uint64_t low = 0;   // feed

  auto operator<=>(const CountKey&) const = default;
  CellKind kind() const { return static_cast<CellKind>(high >> 56); }
  Country country() const { return {static_cast<std::uint16_t>(high >> 40)}; }
  Type type() const { return static_cast<Type>(high >> 32 & 255); }
  std::uint32_t part() const { return static_cast<std::uint32_t>(high); }
  WordId feed() const { return static_cast<WordId>(low); }
  // A key of another build may hold a type that this one does not know.
  bool sound() const {
    return high >> 56 >= 1 && high >> 56 <= cell_kinds_last && (high >> 32 & 255) < types_count;
  }

  struct Hasher {
    std::size_t operator()(const CountKey& k) const {
      std::uint64_t h = (k.high ^ k.low * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
      return h ^ h >> 32;
    }
  };
};

inline CountKey count_key(CellKind kind, Country country, Type type, std::uint32_t part,
                          WordId feed) {
  return {std::uint64_t{static_cast<std::uint8_t>(kind)} << 56 | std::uint64_t{country.code} << 40 |
              std::uint64_t{static_cast<std::uint8_t>(type)} << 32 | part,
          feed};
}

// The kind of cell that knows everything that a cut and a filter name; nullopt: none does, and the
// question is one for the events.
std::optional<CellKind> kind_for(Cut cut, const StatsFilter& filter);

// The totals that answer a cut and filter for which kind_for() gave `kind`; nullopt: there are
// none.
std::optional<CellKind> total_for(CellKind kind, Cut cut, const StatsFilter& filter);

// The key of the total to which a cell adds.
CountKey total_key(const CountKey& key, CellKind total);

// Does a cell fit the filter?
bool fits(const CountKey& key, const StatsFilter& filter);

// The row of a cut to which a cell belongs, as a number: country, type or class, and part stand
// where they stand in a key's upper half.
std::uint64_t row_of(const CountKey& key, Cut cut);
StatsKey stats_key(std::uint64_t row, Cut cut);
std::uint64_t row_number(const StatsKey& key);  // back

// Figures of frozen months: kind is frozen_kind + cut, the rest of the upper half is the row, the
// lower half the period.
inline constexpr std::uint64_t frozen_kind = 64;
inline CountKey frozen_key(Cut cut, std::uint64_t row, Period period) {
  return {(frozen_kind + static_cast<std::uint64_t>(cut)) << 56 | row,
          std::uint64_t{static_cast<std::uint32_t>(period.since)} << 32 |
              static_cast<std::uint32_t>(period.until)};
}

}  // namespace tocsin::store
