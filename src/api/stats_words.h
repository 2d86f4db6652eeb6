// What statistics share between the API's calls: the question for the counts, and countries by
// name.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "api/backend.h"
#include "model/dictionary.h"
#include "store/stats.h"

namespace tocsin::api {

// A cut with its filter and period; without a period: this year up to today.
// Errors: invalid, with what is known.
Result<store::StatsQuery> stats_query(const StatsAsk& ask, const Dictionary& words, TimeUs now);

// Codes with their English short names, sorted by code. Source: ISO 3166-1.
std::span<const std::pair<std::string_view, std::string_view>> country_names();

// The name, or the code where it has none.
std::string_view country_name(std::string_view code);

}  // namespace tocsin::api
