// Constituent: an organisation that this node looks after, its assets and its contacts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "model/country.h"

namespace tocsin::alert {

struct Constituent {
  std::uint64_t id = 0;          // "c_12" outside; 0: not kept yet
  std::string name;              // names it; unique whatever the case
  std::string sector, language;  // language: "pt", "pt-BR"
  Country country;
  bool provider = false;       // others' machines are in its networks: it is told as their provider
  bool whole_country = false;  // whatever of its country nobody more particular has
  unsigned sure = 100;         // percent: how sure it is that the assets are its own
  std::vector<Network> prefixes;
  std::vector<std::uint32_t> asns;
  std::vector<std::string> names;     // each with all below it; canonical
  std::vector<std::string> contacts;  // mail addresses and https URLs
  bool operator==(const Constituent&) const = default;
};

// Bounds of one constituent. One over them is refused.
inline constexpr std::size_t name_bytes_max = 200, prefixes_max = 20'000, asns_max = 10'000,
                             names_max = 50'000, contacts_max = 20;
inline constexpr std::size_t constituents_max = 200'000;

std::string constituent_id(std::uint64_t id);            // "c_12"
std::uint64_t constituent_id_of(std::string_view text);  // 0: not one

// One plain address as it stands in a mail's envelope: printable ASCII without quotes, blanks or
// comments, with a dot in its domain. Source: RFC 5321 section 4.1.2, of which it is a part.
bool is_mail_address(std::string_view text);

// A language's tag as BCP 47 writes it, or nothing. Whether there is such a language is not asked.
bool is_language(std::string_view text);

// Sorts and folds what may stand in any order. Errors: invalid, all that is wrong in one text.
Result<void> settle(Constituent& constituent);

// As JSON, keys sorted, absent when empty; `id` only where `with_id`.
std::string to_json(const Constituent& constituent, bool with_id = true);

}  // namespace tocsin::alert
