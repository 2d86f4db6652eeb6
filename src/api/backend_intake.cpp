// Feeds, reports, quarantine and health of a node, for the API.
#include <fmt/format.h>

#include <algorithm>

#include "api/backend_node.h"
#include "base/text.h"
#include "ingest/catalogue.h"
#include "node/outlook.h"

namespace tocsin::api {
namespace {

constexpr auto visible_within = std::chrono::seconds(60);

std::string schedule_text(const ingest::Feed& feed) {
  if (feed.collector.empty()) return "by hand";
  std::uint32_t s = feed.interval_s;
  if (s % 86400 == 0) return s == 86400 ? "daily" : fmt::format("every {} days", s / 86400);
  if (s % 3600 == 0) return s == 3600 ? "hourly" : fmt::format("every {} h", s / 3600);
  if (s % 60 == 0) return fmt::format("every {} min", s / 60);
  return fmt::format("every {} s", s);
}

FeedRow feed_row(const node::Feeds::Row& row, TimeUs now, bool simulated,
                 const std::vector<Note>& notices) {
  const ingest::FeedHealth& h = row.health;
  FeedRow out{.name = row.feed.name,
              .title = row.feed.title.empty() ? row.feed.name : row.feed.title};
  out.collector = row.feed.collector;
  out.format = row.feed.format;
  out.state = ingest::name(row.state);
  out.schedule = schedule_text(row.feed);
  out.tlp = name(row.feed.tlp);
  out.enabled = row.feed.enabled && !row.feed.collector.empty();
  out.simulated = simulated || row.feed.simulated;
  if (row.feed.collector.empty()) {  // reports handed in: neither on nor late
    out.state = h.last_delivery == time_none ? "never" : "on time";
  }
  out.last_success = h.last_success == time_none ? h.last_delivery : h.last_success;
  out.next = row.next;
  out.error_at = h.error_at;
  out.error = h.error;
  out.recovered_at = h.recovered_at;
  if (auto lag = ingest::lag_s(h, now); lag >= 0) out.lag_s = static_cast<double>(lag);
  if (int hour = ingest::usual_hour(h); hour >= 0) out.usual_hour = hour;
  out.events_24h = h.events_hours.sum(now, 24);
  out.events_total = h.events;
  out.rejected_24h = h.rejected_hours.sum(now, 24);
  out.hours = h.events_hours.last(now, 24);
  if (h.delay.total() > 0) {
    FeedDelay delay{static_cast<double>(h.delay.quantile_s(0.5)),
                    static_cast<double>(h.delay.quantile_s(0.9)),
                    static_cast<double>(h.delay.quantile_s(0.99))};
    for (const auto& point : h.delay.points())
      delay.curve.emplace_back(static_cast<double>(point.s), point.share);
    out.delay = std::move(delay);
  }
  out.terms = row.feed.terms;
  for (const Note& notice : notices) {
    if (notice.feed == row.feed.name) out.notices.push_back(notice);
  }
  return out;
}

std::optional<std::uint64_t> id_of(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text::number(text.substr(prefix.size()));
}

// What the counts show of feeds now.
std::vector<Note> notices_of(const node::Node& node, const Dictionary& words) {
  std::vector<Note> out;
  for (const auto& notice : node.outlook().notices()) {
    if (notice.until != time_none) continue;
    out.push_back({.kind = std::string(name(notice.kind)),
                   .feed = std::string(words.word(notice.feed)),
                   .text = warn::text_of(notice),
                   .since = notice.since});
  }
  return out;
}

}  // namespace

ReportRow report_row(const store::ReportRow& row) {
  ReportRow out{.id = fmt::format("r_{}", row.id), .feed = row.feed, .name = row.name};
  out.state = name(row.state);
  out.error = row.error;
  out.type = row.type;
  if (row.format != "auto") out.format = row.format;
  out.sha256 = row.sha256;
  out.received = row.received;
  out.size_bytes = row.size_bytes;
  out.events = row.events;
  out.duplicates = row.duplicates;
  out.rejected = row.rejected;
  out.exercise = (row.flags & flag_exercise) != 0;
  out.history = (row.flags & flag_history) != 0;
  if (row.replaces != 0) out.replaces = fmt::format("r_{}", row.replaces);
  return out;
}

Result<std::uint64_t> report_id(std::string_view id) {
  auto number = id_of(id, "r_");
  if (!number) return missing("no report " + text::quote(id));
  return *number;
}

NodeInfo NodeBackend::info() {
  NodeInfo info{
      .name = node_.config().name, .host = node_.config().host, .country = home_country().text()};
  info.simulated = node_.is_simulated();
  if (TimeUs date = node_.enrichment().database_date(); date != time_none) {
    info.geo_date = times::format_day(times::day_of(date));
    info.geo_age_days = (node_.now() - date) / us_per_day;
  }
  return info;
}

Result<std::vector<FeedRow>> NodeBackend::feeds() {
  std::vector<FeedRow> rows;
  auto notices = notices_of(node_, node_.words());
  for (const auto& row : node_.feeds().list())
    rows.push_back(feed_row(row, node_.now(), node_.is_simulated(), notices));
  return rows;
}

Result<FeedRow> NodeBackend::feed(const std::string& wanted) {
  auto row = node_.feeds().row(wanted);
  if (!row) return missing("no feed " + text::quote(wanted));
  return feed_row(*row, node_.now(), node_.is_simulated(), notices_of(node_, node_.words()));
}

Result<void> NodeBackend::enable_feed(const std::string& wanted, const FeedTick& tick) {
  return node_.feeds().enable(
      wanted, {.terms_accepted = tick.accept_terms, .username = tick.username, .user = tick.user});
}
Result<void> NodeBackend::disable_feed(const std::string& wanted, const std::string& user) {
  return node_.feeds().disable(wanted, user);
}
Result<void> NodeBackend::run_feed(const std::string& wanted) {
  if (node_.paused())
    return unavailable("the node is paused after a restore; end that with `tocsin resume`");
  return node_.feeds().run_now(wanted);
}

Result<std::vector<CatalogueRow>> NodeBackend::catalogue() {
  std::vector<CatalogueRow> rows;
  for (const auto& entry : ingest::catalogue()) {
    CatalogueRow row{
        .name = entry.feed.name, .title = entry.feed.title, .provider = entry.provider};
    row.url = entry.url();
    row.format = entry.feed.format;
    row.key_name = entry.key_name;
    row.key_needed = entry.key_needed;
    row.username_needed = node::needs_username(entry.feed);
    row.state = entry.state + (entry.missing.empty() ? "" : "; " + entry.missing);
    row.state_date = entry.state_date;
    row.terms = entry.feed.terms;
    auto running = node_.feeds().row(entry.feed.name);
    row.enabled = running && running->feed.enabled && !running->feed.collector.empty();
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<ReportRow> NodeBackend::take_report(Upload upload) {
  const std::string by_hand = "by-hand";
  if (upload.feed.empty()) upload.feed = by_hand;
  bool feed_new = upload.feed != by_hand && !node_.feeds().row(upload.feed);
  ingest::Feed feed = node_.feeds().named(upload.feed);
  if (!upload.format.empty()) {
    TRY(ingest::check_format(upload.format));
    feed.format = upload.format;
  }
  if (feed.format.empty()) feed.format = "auto";
  if (!upload.tlp.empty()) {
    auto tlp = tlp_named(upload.tlp);
    if (!tlp) return invalid("not a TLP label: " + text::quote(upload.tlp));
    feed.tlp = *tlp;
  }
  ingest::Delivery delivery{
      .name = upload.name, .path = upload.path, .bytes = std::move(upload.bytes)};
  if (upload.exercise) delivery.flags |= flag_exercise;
  if (upload.history) delivery.flags |= flag_history;
  delivery.cursor = TRY(node_.journal().cursor(feed.name));
  delivery.again = upload.again;
  auto receipt = TRY(node_.intake().deliver(feed, std::move(delivery)));
  if (upload.visible) node_.wait_visible(std::chrono::milliseconds(visible_within));
  auto row = TRY(node_.journal().report(receipt.report));
  if (!row) return missing(fmt::format("report r_{} is gone", receipt.report));
  ReportRow answer = report_row(*row);
  answer.events = receipt.events;
  answer.duplicates = receipt.duplicates;
  answer.rejected = receipt.rejected;
  answer.seq = node_.journal().last_seq();
  if (receipt.repeat) answer.state = "repeat";
  if (!receipt.format.empty()) answer.format = receipt.format;
  if (!receipt.type.empty()) answer.type = receipt.type;
  answer.format_guessed = receipt.format_guessed;
  answer.type_guessed = receipt.type_guessed;
  answer.feed_new = feed_new;
  return answer;
}

Result<ReportsPage> NodeBackend::reports(const ListAsk& ask) {
  store::Journal::ReportFilter filter{.feed = ask.feed, .limit = ask.limit + 1};
  if (!ask.cursor.empty()) {
    auto before = text::number(ask.cursor);
    if (!before) return invalid("not a cursor: " + text::quote(ask.cursor));
    filter.before = *before;
  }
  auto rows = TRY(node_.journal().reports(filter));
  ReportsPage page;
  if (rows.size() > ask.limit) {
    rows.resize(ask.limit);
    page.next = std::to_string(rows.back().id);
  }
  for (const auto& row : rows) page.items.push_back(report_row(row));
  return page;
}

Result<ReportRow> NodeBackend::report(const std::string& id) {
  std::uint64_t number = TRY(report_id(id));
  auto row = TRY(node_.journal().report(number));
  if (!row) return missing("no report " + text::quote(id));
  ReportRow out = report_row(*row);
  out.raw = node_.raw().has(row->sha256);
  return out;
}

Result<QuarantinePage> NodeBackend::quarantine(const ListAsk& ask) {
  auto after = ask.cursor.empty() ? std::optional<std::uint64_t>(0) : text::number(ask.cursor);
  if (!after) return invalid("not a cursor: " + text::quote(ask.cursor));
  auto rows = TRY(node_.journal().rejects(ask.feed, ask.reason, *after, ask.limit + 1));
  QuarantinePage page;
  if (rows.size() > ask.limit) {
    rows.resize(ask.limit);
    page.next = std::to_string(rows.back().id);
  }
  constexpr std::size_t shown_max = 2000;
  for (const auto& row : rows) {
    page.items.push_back({.id = fmt::format("q_{}", row.id),
                          .feed = row.feed,
                          .report = fmt::format("r_{}", row.report),
                          .reason = row.reason,
                          .bytes = row.bytes.substr(0, shown_max),
                          .state = row.state,
                          .line = row.line,
                          .at = row.at});
  }
  return page;
}

Result<std::vector<QuarantineGroup>> NodeBackend::quarantine_groups() {
  std::vector<QuarantineGroup> groups;
  auto kept = TRY(node_.journal().reject_groups());
  for (auto& g : kept) {
    groups.push_back({std::move(g.feed), std::move(g.reason), g.count, g.first, g.last});
  }
  return groups;
}

namespace {
Result<std::vector<std::uint64_t>> ids_of(const QuarantinePick& pick) {
  std::vector<std::uint64_t> ids;
  for (const auto& id : pick.ids) {
    auto number = id_of(id, "q_");
    if (!number) return invalid("not a record of the quarantine: " + text::quote(id));
    ids.push_back(*number);
  }
  return ids;
}
}  // namespace

Result<ReplayOutcome> NodeBackend::replay(const QuarantinePick& pick) {
  auto ids = TRY(ids_of(pick));
  auto receipt = TRY(node_.intake().replay(node_.feeds().named(pick.feed), pick.reason, ids));
  node_.wait_visible(std::chrono::milliseconds(visible_within));
  return ReplayOutcome{receipt.events - receipt.duplicates, receipt.rejected};
}

Result<Count> NodeBackend::drop(const QuarantinePick& pick) {
  auto ids = TRY(ids_of(pick));
  if (ids.empty()) {
    std::uint64_t after = 0;
    while (true) {
      auto rows = TRY(node_.journal().rejects(pick.feed, pick.reason, after, 1000));
      if (rows.empty()) break;
      after = rows.back().id;
      for (const auto& row : rows) ids.push_back(row.id);
    }
  }
  TRY(node_.journal().settle_rejects(ids, "dropped"));
  return ids.size();
}

News NodeBackend::news(std::size_t samples_most, std::size_t changed_most) {
  News news;
  for (auto& sample : node_.live().samples(samples_most, news.one_of)) {
    news.samples.push_back({sample.at, std::move(sample.subject), std::move(sample.text)});
  }
  for (const auto& change : node_.live().changes(changed_most, news.skipped)) {
    auto finding = node_.findings().one(change.key);
    if (!finding) continue;
    news.changed.push_back(judged_row(*std::move(finding)));
  }
  return news;
}

LiveCounters NodeBackend::counters() {
  auto c = node_.live().counters();
  return {.events_per_s = c.events_per_s,
          .events_today = c.events_today,
          .findings_open = c.findings_open};
}

}  // namespace tocsin::api
