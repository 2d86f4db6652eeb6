// Templates: six agreements that are whole but for their parties and dates. catalogue/agreements/
// has them as people read them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/agreement.h"

namespace tocsin::policy {

struct Template {
  std::string_view name;           // "cert-cert"
  std::string_view summary;        // one line
  std::string_view first, second;  // what the two parties are in it; more are as the second
};
std::span<const Template> templates();

// The template's clauses, without id, parties and dates. Errors: missing, with the names there are.
Result<Agreement> template_terms(std::string_view name);

// With id, parties and dates; each party that has no word of its own gets the template's.
// Errors: missing; invalid, as read_agreement().
Result<Agreement> from_template(std::string_view name, std::string_view id,
                                std::vector<Party> parties, TimeUs from, TimeUs until);

}  // namespace tocsin::policy
