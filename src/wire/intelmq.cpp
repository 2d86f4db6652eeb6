#include "wire/intelmq.h"

#include "wire/row.h"

namespace tocsin::wire {

void append_intelmq(std::string& out, const EventBatch& batch, std::size_t row,
                    const Dictionary& words) {
  Row flat(batch, row, words, Spelling::intelmq);
  out += '{';
  bool first = true;
  auto print = [&](std::string_view before, const Member& m) {
    if (!first) out += ',';
    first = false;
    out.append("\"").append(before).append(m.name).append("\":").append(m.json);
  };
  // `extra.node.…` stands out of order, which IntelMQ does not mind: it reads objects.
  for (const Member& m : flat.members()) print(m.name.starts_with("node.") ? "extra." : "", m);
  out += '}';
}

}  // namespace tocsin::wire
