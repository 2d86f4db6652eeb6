// Statistics without addresses: what this node and its partners published.
#include "api/answers.h"
#include "api/handlers.h"
#include "share/statistics.h"

namespace tocsin::api {

Answer list_partner_stats(Context& context, const Call& call) {
  auto* statistics = context.backend.statistics();
  if (statistics == nullptr)
    return missing("this node is a member of no network: set member and url in [share]");
  share::Statistics::Ask ask{.partner = call.params.text("partner"),
                             .cut = call.params.text("cut")};
  if (call.params.has("since")) ask.since = times::day_of(call.params.time("since"));
  if (call.params.has("until")) ask.until = times::day_of(call.params.time("until") - 1) + 1;
  auto found = TRY(statistics->list(ask));
  std::vector<Object> items;
  for (const share::SharedFigure& f : found) {
    items.emplace_back()
        .add("member", f.member)
        .add("day", times::format_day(f.day))
        .add("cut", f.cut)
        .add("group", f.group)
        .add("part", f.part)
        .add("subjects", f.subjects);
  }
  return answered(call, list_of(items, ""));
}

}  // namespace tocsin::api
