// SeriesKey: what one series counts: events of a type, or of one family or port in it, everywhere
// or at one place, as one feed tells them. An event belongs to 15 series at most.
// docs/series.md has the table in words. Source: DESIGN D3, D5.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/batch.h"

namespace tocsin::warn {

// What besides its type an event must share. Numbers are stored: append only.
enum class What : std::uint8_t { type, family, port };
// Where the subject is. Numbers are stored: append only.
enum class Where : std::uint8_t { all, country, network, sector, constituent };
std::string_view name(What what);    // "type", "family", "port"
std::string_view name(Where where);  // "all", "country", "asn", "sector", "constituent"
std::optional<What> what_named(std::string_view text);
std::optional<Where> where_named(std::string_view text);

struct SeriesKey {
  std::uint64_t high = 0;  // what 8, where 8, type 16, detail 32
  std::uint64_t low = 0;   // place 32, feed 32

  auto operator<=>(const SeriesKey&) const = default;
  What what() const { return static_cast<What>(high >> 56); }
  Where where() const { return static_cast<Where>(high >> 48 & 255); }
  Type type() const { return static_cast<Type>(high >> 32 & 0xffff); }
  // The family's word; or the transport << 16 | port; 0 for What::type.
  std::uint32_t detail() const { return static_cast<std::uint32_t>(high); }
  // The country's code, the AS number, the sector's word, the constituent's number; 0 for all.
  std::uint32_t place() const { return static_cast<std::uint32_t>(low >> 32); }
  WordId feed() const { return static_cast<WordId>(low); }
  // Of another build or a damaged file it may be none.
  bool sound() const {
    return high >> 56 <= 2 && (high >> 48 & 255) <= 4 && (high >> 32 & 0xffff) < types_count;
  }
  std::uint64_t hash() const {
    std::uint64_t h = (high ^ (low + 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd) * 0xc4ceb9fe1a85ec53;
    return h ^ h >> 29;
  }
  struct Hasher {
    std::size_t operator()(const SeriesKey& k) const { return k.hash(); }
  };
};

SeriesKey series_key(What what, std::uint32_t detail, Where where, std::uint32_t place, Type type,
                     WordId feed);

// Are its distinct subjects counted? Those of ports and ASes are many and small, and take nine
// tenths of the time of a count (bench_series); store/counts has those of ASes by the day.
inline bool has_subjects(const SeriesKey& key) {
  return key.what() != What::port && key.where() != Where::network;
}

// The series of a row, in `keys`; gives how many. `constituent` 0: nobody's. An exercise has none.
// The port is the service's at which the event happened, never a client's: the subject's own where
// its findings are kept by port, else that of the other end, or of the target.
inline constexpr std::size_t keys_max = 15;
std::size_t keys_of(const EventBatch& batch, std::size_t row, WordId constituent,
                    std::array<SeriesKey, keys_max>& keys);

}  // namespace tocsin::warn
