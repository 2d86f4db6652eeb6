// Clause: the numbered parts of every agreement, by which a decision says why. Numbers are in
// letters, ledgers and people's heads: append only. docs/agreements.md has them in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::policy {

enum class Clause : std::uint8_t {
  heading,  // id, title, version: no clause, but part of what is signed
  parties,
  validity,
  purposes,
  marking,
  pap,
  kinds,
  types,
  sectors,
  countries,
  confidence,
  affected,
  fields,
  onward,
  attribution,
  retention,
  quota,
  reciprocity,
  feed_terms,
  distribution,  // the item's own, where it comes from MISP
  personal_data,
  security,
  termination,
  law,
};
inline constexpr std::size_t clauses_count = 24;

std::string_view name(Clause clause);  // "feed terms"
std::string numbered(Clause clause);   // "clause 4 (marking)"

}  // namespace tocsin::policy
