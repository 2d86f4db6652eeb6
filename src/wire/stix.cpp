#include "wire/stix.h"

#include "wire/row.h"
#include "wire/stix_event.h"
#include "wire/stix_id.h"
#include "wire/stix_object.h"

namespace tocsin::wire {

void append_stix(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words) {
  Row event(batch, row, words, Spelling::native);
  std::string native;
  append_nested(native, event.members());
  out += stix_bundle(stix_own_id("bundle", tocsin_namespace(), native),
                     stix_of_event(event.members(), {}));
}

}  // namespace tocsin::wire
