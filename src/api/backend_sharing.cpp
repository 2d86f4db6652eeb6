// What partners would see of this node.
#include <algorithm>

#include "api/backend_node.h"
#include "base/text.h"
#include "share/pushes.h"

namespace tocsin::api {
namespace {

constexpr std::size_t looked_at_max = 2000;  // events whose decisions are counted

// By the clause of the agreement that comes first, as the ledger counts denials.
void count_in(PartnerView& view, const share::Sight& sight) {
  if (sight.goes) {
    ++view.goes;
  } else if (!sight.hindrance.empty() || sight.under.empty()) {
    ++view.hindered;
  } else {
    ++view.withheld[sight.under.front().decision.clause];
  }
}

}  // namespace

Result<PartnerView> NodeBackend::partner_view(const std::string& member, const EventsAsk& ask,
                                              const Patience& patience) {
  if (node_.sharing() == nullptr)
    return missing("this node is a member of no network: set member and url in [share]");
  auto book = node_.sharing()->partners().book();
  if (book->find(member) == nullptr) return missing("no partner " + text::quote(member));
  if (ask.at_least > 0 &&
      !node_.followers().wait_visible(ask.at_least, std::chrono::milliseconds(left_ms(patience)),
                                      "columns")) {
    return unavailable(fmt::format("events up to {} are not visible yet", ask.at_least));
  }
  store::EventQuery query{.filter = ask.filter,
                          .since = ask.span.since,
                          .until = ask.span.until,
                          .oldest_first = ask.oldest_first};
  query.limit = std::max(looked_at_max, ask.limit + 1);
  if (!ask.cursor.empty()) {
    auto after = text::number(ask.cursor);
    if (!after) return invalid("not a cursor: " + text::quote(ask.cursor));
    query.after = *after;
  }
  auto found = TRY(node_.columns().events(query, left_ms(patience)));
  std::uint64_t offered = TRY(node_.offers().first_seq());
  PartnerView view{.looked_at = found.ids.size()};
  for (std::size_t i = 0; i < found.ids.size(); ++i) {
    found.events.feed = found.feeds[i];
    auto sight = TRY(node_.sharing()->shelves().look(member, {&found.events, i}));
    if (seq_of(found.ids[i]) < offered && sight.hindrance.empty()) {
      sight.hindrance = "it came in too long ago: nobody is offered it any more";
      sight.goes.reset();
      sight.told.clear();
    }
    count_in(view, sight);
    if (i >= ask.limit) continue;
    view.items.push_back({.tlp = found.events.tlp[i], .sight = std::move(sight)});
    view.items.back().event = native(found, i);
  }
  if (found.ids.size() > ask.limit) view.next = std::to_string(found.ids[ask.limit - 1]);
  return view;
}

Result<std::vector<share::PushState>> NodeBackend::pushes() {
  const auto* all = node_.sharing() == nullptr ? nullptr : node_.sharing()->pushes();
  return all == nullptr ? std::vector<share::PushState>() : all->states();
}

}  // namespace tocsin::api
