#include "node/law_scan.h"

#include <algorithm>
#include <initializer_list>

#include "store/replay.h"

namespace tocsin::node {

bool is_named(const SubjectValue& value, const EventBatch& b, std::size_t i) {
  if (value.kind == ValueKind::address &&
      (b.source.ip[i] == value.ip || b.destination.ip[i] == value.ip))
    return true;
  return std::ranges::any_of(
      std::initializer_list<Text>{b.source.name[i], b.source.url[i], b.destination.name[i],
                                  b.destination.url[i], b.account[i], b.extra[i]},
      [&](Text text) { return !text.empty() && value.is_in(b.text(text)); });
}

Result<void> gather(const store::Columns& columns, const SubjectValue& value,
                    const std::string& where, EventId after, Gathered& into) {
  return store::replay(columns, {.where = where, .after = seq_of(after)},
                       [&](EventBatch& b) -> Result<void> {
                         for (std::size_t i = 0; i < b.size(); ++i) {
                           if (is_named(value, b, i)) into.add(b, i);
                         }
                         return {};
                       });
}

}  // namespace tocsin::node
