#include "store/stats.h"

#include <array>

#include "base/text.h"

namespace tocsin::store {
namespace {

constexpr std::array<std::string_view, cuts_count> cut_names = {"country",
                                                                "country.class",
                                                                "country.type",
                                                                "country.type.family",
                                                                "country.type.controller",
                                                                "asn.type",
                                                                "sector.type",
                                                                "family",
                                                                "asn",
                                                                "controller",
                                                                "type",
                                                                "class"};

}  // namespace

std::string_view name(Cut cut) {
  return cut_names[static_cast<std::size_t>(cut) % cuts_count];
}

std::optional<Cut> cut_named(std::string_view text) {
  for (std::size_t i = 0; i < cuts_count; ++i) {
    if (text::equal_fold(cut_names[i], text)) return static_cast<Cut>(i);
  }
  return std::nullopt;
}

std::optional<Period> compared_with(Period period, Against compare) {
  switch (compare) {
    case Against::year:
      return Period{times::year_before(period.since), times::year_before(period.until)};
    case Against::previous:
      return Period{period.since - (period.until - period.since), period.since};
    case Against::none:
      break;
  }
  return std::nullopt;
}

}  // namespace tocsin::store
