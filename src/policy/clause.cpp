#include "policy/clause.h"

#include <fmt/format.h>

namespace tocsin::policy {

std::string_view name(Clause clause) {
  constexpr std::array<std::string_view, clauses_count> names = {
      "heading",    "parties",      "validity",      "purposes",  "marking",     "PAP",
      "kinds",      "types",        "sectors",       "countries", "confidence",  "affected",
      "fields",     "onward",       "attribution",   "retention", "quota",       "reciprocity",
      "feed terms", "distribution", "personal data", "security",  "termination", "law"};
  auto i = static_cast<std::size_t>(clause);
  return i < clauses_count ? names[i] : std::string_view();
}

std::string numbered(Clause clause) {
  return fmt::format("clause {} ({})", static_cast<unsigned>(clause), name(clause));
}

}  // namespace tocsin::policy
