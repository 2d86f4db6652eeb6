// What people say of findings, the worth of feeds, and a look at a report before it is taken in: of
// a node, for the API.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "api/backend_node.h"
#include "base/text.h"
#include "base/unpack.h"
#include "ingest/formats.h"
#include "node/reading.h"
#include "wire/native.h"

namespace tocsin::api {
namespace {

constexpr std::size_t overlaps_shown = 5;
constexpr Count judged_enough = 20;  // verdicts before their shares say something
constexpr double false_much = 0.3, unique_little = 0.01;

// A preview reads all that is inside, to count it: enough for the 32 MiB that may be handed in.
constexpr UnpackLimits preview_limits{.bytes_max = 512ULL << 20};

// For what is unpacked to be looked at; gone with it.
struct Scratch {
  std::string path;
  std::error_code failed;
  ~Scratch() { std::filesystem::remove_all(path, failed); }
};

double share(Count part, Count of) {
  return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
}

// One sentence; "" where nothing speaks against the feed.
std::string advice_of(const FeedScore& s) {
  if (s.findings == 0) return "it has delivered no findings";
  if (s.judged >= judged_enough && share(s.false_positive, s.judged) > false_much) {
    return fmt::format("{:.0f} % of what was judged is false: tell its provider, or drop it",
                       100 * share(s.false_positive, s.judged));
  }
  if (share(s.unique, s.findings) < unique_little && !s.overlaps.empty()) {
    return fmt::format("{} of its {} findings come from no other feed: without it little is lost",
                       s.unique, s.findings);
  }
  return "";
}

}  // namespace

FindingRow NodeBackend::judged_row(Finding finding) const {
  std::string as = as_name(finding.asn);
  auto judged = node_.triage().judged(finding);
  return {std::move(finding), std::move(as), std::move(judged)};
}

Result<std::vector<HistoryEntry>> NodeBackend::acts_on(const Finding& f) const {
  std::vector<HistoryEntry> entries;
  auto until = [](TimeUs time) { return times::format(time); };
  for (const store::Act& act : TRY(node_.triage().history(f.key))) {
    entries.push_back({.at = act.at,
                       .what = "triage",
                       .detail = fmt::format("{}", fmt::join(store::told(act.change), "; ")),
                       .user = act.user,
                       .act = act.id});
    if (act.undone_at != 0) {
      entries.push_back({.at = act.undone_at,
                         .what = "undone",
                         .detail = entries.back().detail,
                         .user = act.undone_by,
                         .act = act.id});
    }
  }
  TimeUs now = node_.now();
  store::Handling h = node_.triage().handling(f.key);
  if (h.muted_until != 0 && h.muted_until <= now) {
    entries.push_back({.at = h.muted_until, .what = "mute over", .detail = h.mute_reason});
  }
  for (const store::Mute& mute : node_.triage().mutes(true)) {
    if (!mute.covers(f)) continue;
    entries.push_back(
        {.at = mute.at,
         .what = "muted",
         .detail = fmt::format("until {} by mute {}: {}", until(mute.until), mute.id, mute.reason),
         .user = mute.user});
    if (mute.holds(now)) continue;
    bool ended = mute.ended_at != 0;
    entries.push_back({.at = ended ? mute.ended_at : mute.until,
                       .what = "mute over",
                       .detail = mute.reason,
                       .user = mute.ended_by});
  }
  return entries;
}

Result<FindingRow> NodeBackend::finding_row(const Hash128& key) {
  return judged_row(TRY(node_.findings().one(key)));
}

Result<std::vector<Hash128>> NodeBackend::finding_keys(const store::Filter& filter,
                                                       std::size_t most) {
  return node_.findings().keys(filter, most);
}

std::vector<FeedScore> NodeBackend::feed_scores() {
  std::map<std::string, FeedScore> by_feed;
  for (const auto& row : node_.feeds().list()) {
    FeedScore& score = by_feed[row.feed.name];
    score.title = row.feed.title;
    if (row.health.delay.total() > 0) {
      score.delay_p50_s = static_cast<double>(row.health.delay.quantile_s(0.5));
    }
  }
  std::map<std::string, std::map<std::string, Count>> both;
  for (const auto& set : node_.findings().shared()) {
    for (const auto& feed : set.feeds) {
      FeedScore& score = by_feed[feed];
      score.findings += set.findings;
      score.open += set.open;
      score.judged += set.judged;
      score.false_positive += set.false_positive;
      if (set.feeds.size() == 1) {
        score.unique += set.findings;
        score.unique_false += set.false_positive;
      }
      for (const auto& other : set.feeds) {
        if (other != feed) both[feed][other] += set.findings;
      }
    }
  }
  std::vector<FeedScore> scores;
  for (auto& [feed, score] : by_feed) {
    score.feed = feed;
    for (const auto& [other, count] : both[feed]) score.overlaps.push_back({other, count});
    std::ranges::sort(score.overlaps, std::greater{}, &FeedOverlap::findings);
    if (score.overlaps.size() > overlaps_shown) score.overlaps.resize(overlaps_shown);
    score.advice = advice_of(score);
    scores.push_back(std::move(score));
  }
  // What would be missed least stands first.
  std::ranges::stable_sort(scores, std::less{}, [](const FeedScore& s) {
    return share(s.unique - s.unique_false, s.findings);
  });
  return scores;
}

Result<Preview> NodeBackend::preview(const Upload& upload, std::size_t rows_most) {
  ingest::Feed feed = node_.feeds().named(upload.feed);
  if (!upload.format.empty()) feed.format = upload.format;
  Preview preview{.format = feed.format};
  Scratch scratch{node_.scratch()};
  std::filesystem::create_directories(scratch.path, scratch.failed);
  std::string_view rest = upload.bytes;
  auto once = [&]() -> Result<std::string_view> { return std::exchange(rest, {}); };
  auto content = upload.path.empty() ? map_text(once, preview_limits, scratch.path)
                                     : map_text(upload.path, preview_limits, scratch.path);
  if (!content && content.error().fault == Fault::unavailable)
    return std::unexpected(content.error());
  if (!content) {
    preview.error = content.error().what;
    return preview;
  }
  Dictionary words;  // its own: what is only looked at leaves no word in the node's
  auto take = [&](EventBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.size() && preview.events.size() < rows_most; ++i) {
      preview.events.emplace_back();
      wire::append_native(preview.events.back(), batch, i, words);
    }
    preview.events_total += batch.size();
    return {};
  };
  auto reject = [&](const ingest::Reject& rejected) {
    ++preview.rejected;
    if (preview.rejects.size() < rows_most) {
      preview.rejects.emplace_back(rejected.line, rejected.why.what);
    }
  };
  ingest::Sink sink(words,
                    {.feed = words.id(upload.feed),
                     .received = node_.now(),
                     .tlp = tlp_named(upload.tlp).value_or(feed.tlp)},
                    take, reject);
  node::Read read = node::read_report(feed,
                                      {.bytes = content->bytes(),
                                       .name = upload.name,
                                       .feed = upload.feed,
                                       .url = {},
                                       .mapping = {},
                                       .schema = {},
                                       .received = node_.now()},
                                      node_.home(), sink);
  auto finished = sink.finish();
  preview.format = read.format;
  preview.detected = read.guessed && !read.format.empty();
  if (!read.done) preview.error = read.done.error().what;
  if (read.done && !finished) preview.error = finished.error().what;
  return preview;
}

std::vector<FormatRow> NodeBackend::formats() {
  std::vector<FormatRow> rows;
  for (const auto& [name, summary] : ingest::known_formats()) {
    rows.push_back({std::string(name), std::string(summary)});
  }
  return rows;
}

}  // namespace tocsin::api
