#include "wire/intelmq.h"

namespace tocsin::wire {

void append_intelmq(std::string& out, const EventBatch& batch, std::size_t row,
                    const Dictionary& words) {
  append_intelmq(out, Row(batch, row, words, Spelling::intelmq));
}

void append_intelmq(std::string& out, const Row& flat) {
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
