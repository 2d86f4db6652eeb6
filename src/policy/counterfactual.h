// Why an item is withheld, in a sentence, and what single change would let it pass.
#pragma once

#include <string>

#include "policy/decision.h"

namespace tocsin::policy {

// "withheld by clause 4 (marking): it is TLP:AMBER+STRICT, and rule 1 allows up to TLP:GREEN".
std::string sentence(Reason reason, int rule, const Item& item, const Agreement& agreement,
                     const Context& context);

// "would pass if max_tlp of rule 1 were AMBER+STRICT": the first single change of the agreement,
// the item's consent or the context, in the order of clauses, that judge() says is enough. Where
// none is: how many stand against it, or that none is possible.
std::string counterfactual(const Item& item, const Agreement& agreement, const Context& context);

}  // namespace tocsin::policy
