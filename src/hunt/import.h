// Import: files of indicators, read piece by piece into the store: plain lists, CSV with a head,
// STIX bundles, MISP events. docs/indicators.md says what of each is read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hunt/indicators.h"

namespace tocsin::hunt {

inline constexpr std::size_t import_json_bytes_max = 256 << 20;  // of STIX and MISP
inline constexpr std::size_t rejected_shown_max = 20;

enum class ImportFormat : std::uint8_t { list, csv, stix, misp };
inline constexpr std::array<std::string_view, 4> import_format_names = {"list", "csv", "stix",
                                                                        "misp"};
inline std::string_view name(ImportFormat format) {
  return import_format_names.at(static_cast<std::size_t>(format));
}
std::optional<ImportFormat> import_format_named(std::string_view text);
// By the first bytes of a file.
ImportFormat guess_import_format(std::string_view bytes);

struct ImportWish {
  // Source, and what holds where the file says nothing of it.
  Claim usual{};
  std::optional<Type> type{};  // where the file says none; else malware for a hash, or blacklist
  std::optional<ImportFormat> format{};
  // May it be kept? Errors: denied, with why not.
  std::function<Result<void>(const Observable&, const Claim&)> admit{};
};

struct Rejected {
  std::size_t line = 0;  // from 1; of STIX and MISP the place of the object or attribute
  std::string why{};
};

struct Imported {
  ImportFormat format = ImportFormat::list;
  std::uint64_t read = 0;         // entries, attributes, indicator objects
  std::uint64_t observables = 0;  // that they name; patterns among them
  std::uint64_t patterns = 0;
  std::uint64_t skipped = 0;   // attributes that are not meant for detection, benign indicators
  std::uint64_t rejected = 0;  // entries that say no indicator
  std::vector<Rejected> first_rejected{};      // at most rejected_shown_max
  std::vector<std::string> unknown_columns{};  // of CSV; not read
  Added added{};
};

// Transactions of at most add_rows_max claims, one after the other: what was kept before an error
// stays, and the same file once more adds nothing twice. Errors: invalid: no such file of the
// format at all, a wrong `usual`; unavailable.
Result<Imported> import_indicators(std::string_view bytes, const ImportWish& wish,
                                   Indicators& into);

}  // namespace tocsin::hunt
