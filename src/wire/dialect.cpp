#include "wire/dialect.h"

#include "wire/idea.h"
#include "wire/intelmq.h"
#include "wire/misp.h"
#include "wire/native.h"
#include "wire/stix.h"

namespace tocsin::wire {

Write dialect(std::string_view name) {
  if (name == "tocsin") return append_native;
  if (name == "intelmq") return append_intelmq;
  if (name == "idea") return append_idea;
  if (name == "stix") return append_stix;
  if (name == "misp") return append_misp;
  return nullptr;
}

}  // namespace tocsin::wire
