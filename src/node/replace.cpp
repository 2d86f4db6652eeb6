#include "node/replace.h"

#include <fmt/format.h>

namespace tocsin::node {

Result<Replaced> replace(Node& node, Replace ask) {
  auto row = TRY(node.journal().report(ask.report));
  std::string name = fmt::format("r_{}", ask.report);
  if (!row) return missing("no report " + name);
  TRY(node.corrections().may_withdraw(*row));
  if (ask.tlp && *ask.tlp < row->tlp && !ask.may_widen)
    return denied(name + " has a stricter marking; who may change agreements may give a laxer one");
  ingest::Feed feed = node.feeds().named(row->feed);
  feed.tlp = ask.tlp.value_or(row->tlp);
  bool says_none = feed.format.empty() || feed.format == "auto";
  if (says_none && !row->format.empty()) feed.format = row->format;
  if (!ask.format.empty()) feed.format = ask.format;
  ingest::Delivery delivery{.name = ask.name.empty() ? row->name : ask.name, .url = row->url};
  delivery.cursor = TRY(node.journal().cursor(feed.name));
  delivery.again = true;
  delivery.replaces = ask.report;
  delivery.received = row->received;  // an event without a time keeps its day
  if (ask.bytes.empty() && ask.path.empty()) {
    delivery.path = node.intake().spool_path();
    if (auto kept = node.raw().unpack(row->sha256, delivery.path); !kept) {
      return std::unexpected(Error{kept.error().fault, name + ": " + kept.error().what});
    }
  } else {
    delivery.bytes = std::move(ask.bytes);
    delivery.path = std::move(ask.path);
  }
  auto receipt = TRY(node.intake().deliver(feed, std::move(delivery)));
  Replaced done{.report = receipt.report};
  done.withdrawal = TRY(node.corrections().withdraw({.report = ask.report,
                                                     .reason = std::move(ask.reason),
                                                     .by = std::move(ask.by),
                                                     .replaced_by = receipt.report}));
  return done;
}

}  // namespace tocsin::node
