#include "node/morning.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "base/check.h"
#include "node/node.h"

namespace tocsin::node {
namespace {

constexpr std::size_t types_shown = 4, feeds_shown = 5;

// "infected-system 12, phishing 3"; "none".
std::string top_types(const store::FindingSummary& summary) {
  std::vector<std::pair<std::uint64_t, Type>> types;
  for (std::size_t i = 0; i < summary.types.size(); ++i) {
    if (summary.types[i] > 0) types.emplace_back(summary.types[i], static_cast<Type>(i));
  }
  std::ranges::sort(types, std::greater());
  std::string text;
  for (std::size_t i = 0; i < std::min(types.size(), types_shown); ++i)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(types[i].second), types[i].first);
  return text.empty() ? "none" : text;
}

std::string feeds_in(const std::vector<Feeds::Row>& feeds, ingest::FeedState state) {
  std::string text;
  std::size_t count = 0;
  for (const auto& row : feeds) {
    if (row.state != state || ++count > feeds_shown) continue;
    text += (text.empty() ? "" : ", ") + row.feed.name;
  }
  if (count > feeds_shown) text += fmt::format(" and {} more", count - feeds_shown);
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<std::string> morning_lines(Node& node) {
  TimeUs now = node.now(), since = now - us_per_day;
  auto count = [&](std::string_view text) {
    auto filter = store::parse_filter(text, now);
    check(filter.has_value(), "morning: a filter that is read");
    return filter ? node.findings().summary(*filter, since, times::day_of(since), 2)
                  : store::FindingSummary{};
  };
  auto fresh = count("first>=24h"), grave = count("first>=24h severity:critical,high");
  auto kept = count("first>=24h -tlp:clear,green,amber,amber+strict");
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{}: the 24 hours until {}.", node.config().name,
                              times::format(now - now % (60 * us_per_s))));
  lines.push_back(fmt::format("New findings: {}, of them critical or high {}. Open in all: {}.",
                              fresh.total, grave.total, node.findings().open_count()));
  lines.push_back(fmt::format("Most of the new ones: {}.", top_types(fresh)));
  lines.push_back(fmt::format(
      "Marked RED or not at all, so told to nobody by this node: {} of the new ones.", kept.total));
  auto feeds = node.feeds().list();
  std::uint64_t events = 0, rejected = 0;
  for (const auto& row : feeds) {
    if (row.feed.exercise || row.feed.simulated) continue;
    events += row.health.events_hours.sum(now, 24);
    rejected += row.health.rejected_hours.sum(now, 24);
  }
  lines.push_back(
      fmt::format("Events taken in: {}. Records in quarantine: {} new.", events, rejected));
  lines.push_back(
      fmt::format("Feeds that failed: {}.", feeds_in(feeds, ingest::FeedState::failed)));
  lines.push_back(
      fmt::format("Feeds that are late: {}.", feeds_in(feeds, ingest::FeedState::late)));
  if (auto state = node.alerts().state()) {
    auto of = [&](alert::AlertState s) { return state->states[static_cast<std::size_t>(s)]; };
    lines.push_back(fmt::format("Alerts: {} findings wait to be told, {} messages on their way.",
                                state->waiting, of(alert::AlertState::queued)));
    lines.push_back(fmt::format("Alerts that need a hand: {} given up, {} came back.",
                                of(alert::AlertState::dead), of(alert::AlertState::bounced)));
  }
  struct statvfs disk{};
  if (statvfs(node.home().c_str(), &disk) == 0) {
    lines.push_back(
        fmt::format("Free on disk: {} GB.", disk.f_bavail * disk.f_frsize / 1'000'000'000));
  }
  return lines;
}

}  // namespace tocsin::node
