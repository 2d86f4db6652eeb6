#include "wire/native.h"

#include "wire/row.h"

namespace tocsin::wire {

void append_native(std::string& out, const EventBatch& batch, std::size_t row,
                   const Dictionary& words) {
  append_nested(out, Row(batch, row, words, Spelling::native).members());
}

}  // namespace tocsin::wire
