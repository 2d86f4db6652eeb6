// The pause after a restore and what exercises brought, for the API.
#include <fmt/format.h>

#include "api/backend_node.h"
#include "base/text.h"

namespace tocsin::api {
namespace {
constexpr std::size_t exercises_max = 1000;
constexpr unsigned state_within_ms = 2000;  // every browser asks twice a minute

// The feeds that told events of exercises, by a mark of their own or as tests, since then.
Result<std::vector<std::string>> feeds_that_played(node::Node& node, TimeUs since) {
  std::vector<std::string> feeds;
  std::uint64_t first = TRY(node.journal().first_report_since(since));
  if (first == 0) return feeds;
  auto take = [&](const store::DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i)
      feeds.emplace_back(node.words().word(chunk.column<std::uint32_t>(0)[i]));
  };
  auto where = node.columns().where({.filter = *store::parse_filter("is:exercise", 0)});
  TRY(node.columns().select(
      fmt::format("SELECT DISTINCT feed FROM events WHERE report >= {} AND {}", first, where), take,
      state_within_ms));
  return feeds;
}
}  // namespace

NodeState NodeBackend::state() {
  NodeState state;
  if (auto paused = node_.paused()) {
    state.paused_since = paused->since;
    state.paused_why = paused->why;
  }
  for (const auto& row : node_.feeds().list()) {
    if (row.feed.exercise && row.feed.enabled) state.exercises.push_back(row.feed.name);
  }
  TimeUs since = node_.now() - us_per_day;
  for (const auto& recent :
       {node_.journal().exercises_since(since), feeds_that_played(node_, since)}) {
    if (!recent) continue;  // the banner tells what can be known
    for (const auto& name : *recent) {
      if (std::ranges::find(state.exercises, name) == state.exercises.end())
        state.exercises.push_back(name);
    }
  }
  return state;
}

Result<std::vector<ExerciseRow>> NodeBackend::exercises(const Patience& patience) {
  std::vector<ExerciseRow> rows;
  auto take = [&](const store::DuckChunk& chunk) {
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      std::uint8_t type = chunk.column<std::uint8_t>(2)[i];
      rows.push_back({.feed = std::string(node_.words().word(chunk.column<std::uint32_t>(0)[i])),
                      .report = fmt::format("r_{}", chunk.column<std::uint64_t>(1)[i]),
                      .type = std::string(tocsin::name(static_cast<Type>(type))),
                      .events = static_cast<Count>(chunk.column<std::int64_t>(3)[i]),
                      .subjects = static_cast<Count>(chunk.column<std::int64_t>(4)[i]),
                      .first = chunk.column<std::int64_t>(5)[i],
                      .last = chunk.column<std::int64_t>(6)[i]});
    }
  };
  std::string sql = fmt::format(
      "SELECT feed, report, type, count(*)::BIGINT, count(DISTINCT (CASE subject WHEN 1 THEN "
      "destination_high ELSE source_high END, CASE subject WHEN 1 THEN destination_low ELSE "
      "source_low END, name, url))::BIGINT, min(time), max(time) FROM events WHERE {} GROUP BY "
      "feed, report, type ORDER BY report DESC, type LIMIT {}",
      node_.columns().where({.filter = *store::parse_filter("is:exercise", 0)}), exercises_max);
  TRY(node_.columns().select(sql, take, left_ms(patience)));
  for (auto& row : rows) {
    auto known = node_.journal().report(*text::number(std::string_view(row.report).substr(2)));
    if (known && *known) row.name = (*known)->name;
  }
  return rows;
}

}  // namespace tocsin::api
