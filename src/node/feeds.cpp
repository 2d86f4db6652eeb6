#include "node/feeds.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "ingest/catalogue.h"

namespace tocsin::node {
namespace {

constexpr std::size_t username_max = 255;

TimeUs monotonic() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

const ingest::Collector* collector_named(std::string_view name) {
  for (const auto& entry : ingest::collectors()) {
    if (entry.name == name) return &entry.plugin;
  }
  return nullptr;
}

// Every node takes what somebody drops into its folder; a [feed.drop] of the configuration replaces
// this one.
ingest::Feed drop_feed(const std::string& home) {
  return {.name = "drop",
          .title = "Files dropped into the node's folder",
          .collector = "directory",
          .format = "auto",
          .interval_s = 2,
          .tlp = Tlp::red,
          .options = {{"path", home + "/drop"}}};
}

// The user name that somebody gave when ticking the feed.
std::string username_in(const std::string& ticked) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view name;
  if (parser.parse(ticked).get(root) || root["username"].get(name)) return {};
  return std::string(name);
}

// What a collector may use of this node.
class Context final : public ingest::CollectorContext {
 public:
  using MayTake = std::function<Result<void>(const ingest::Feed&)>;
  Context(Intake& intake, store::Journal& journal, std::string home, ingest::Feed feed,
          const MayTake& may_take, std::stop_token stop)
      : intake_(intake),
        journal_(journal),
        home_(std::move(home)),
        feed_(std::move(feed)),
        may_take_(may_take),
        stop_(std::move(stop)) {}
  Result<ingest::Receipt> deliver(ingest::Delivery delivery) override {
    if (may_take_) TRY(may_take_(feed_));
    if (Feeds::is_partners(feed_.name)) delivery.live = true;
    return intake_.deliver(feed_, std::move(delivery));
  }
  std::string cursor() override { return journal_.cursor(feed_.name).value_or(std::string()); }
  Result<void> keep_cursor(std::string cursor) override {
    return journal_.keep_cursor(feed_.name, cursor);
  }
  Result<std::string> secret(std::string_view name) override { return secret::read(name, home_); }
  std::string spool_path() override { return intake_.spool_path(); }
  std::stop_token stop() override { return stop_; }

 private:
  Intake& intake_;
  store::Journal& journal_;
  std::string home_;
  ingest::Feed feed_;
  const MayTake& may_take_;
  std::stop_token stop_;
};

std::unexpected<Error> of_a_partner(const std::string& name) {
  return denied(text::quote(name) +
                " is a partner's: it runs while an agreement with the partner is in force");
}

}  // namespace

bool needs_username(const ingest::Feed& feed) {
  return !feed.option("password_secret").empty() && feed.option("username").empty();
}

Result<std::unique_ptr<Feeds>> Feeds::open(const Config& config, store::Journal& journal,
                                           std::string home, std::function<TimeUs()> now) {
  auto feeds = std::unique_ptr<Feeds>(new Feeds(journal, std::move(home), std::move(now)));
  for (const auto& feed : config.feeds) feeds->feeds_.emplace(feed.name, feed);
  feeds->feeds_.emplace("drop", drop_feed(feeds->home_));
  auto ticked = TRY(journal.values("ticked."));
  for (const auto& [key, json] : ticked) {
    const auto* entry = ingest::in_catalogue(std::string_view(key).substr(7));
    if (entry == nullptr) continue;
    auto feed = ingest::ticked(*entry, true);
    if (!feed) continue;
    if (std::string name = username_in(json); !name.empty()) feed->options["username"] = name;
    feeds->feeds_.emplace(feed->name, *std::move(feed));
  }
  auto off = TRY(journal.values("off."));
  for (const auto& [key, json] : off) {
    auto found = feeds->feeds_.find(std::string_view(key).substr(4));
    if (found != feeds->feeds_.end()) found->second.enabled = false;
  }
  auto healths = TRY(journal.values("health."));
  for (const auto& [key, json] : healths) {
    std::string name = key.substr(7);
    if (auto health = ingest::health_from_json(json)) feeds->health_[name] = *health;
    if (!feeds->feeds_.contains(name)) feeds->feeds_.emplace(name, ingest::Feed{.name = name});
  }
  for (auto& [name, feed] : feeds->feeds_) TRY(feeds->remember_terms(feed));
  return feeds;
}

// Events outlive the table and the tick of their feed: what was said last of passing them on stays,
// and stands where nothing says it any more.
Result<void> Feeds::remember_terms(ingest::Feed& feed) {
  std::string key = fmt::format("redistribution.{}", feed.name);
  std::string kept = TRY(journal_.value(key));
  auto& permission = feed.terms.redistribution;
  if (permission == ingest::Permission::unknown) {
    for (auto one : {ingest::Permission::yes, ingest::Permission::no, ingest::Permission::ask}) {
      if (kept == ingest::name(one)) permission = one;
    }
    return {};
  }
  if (kept == ingest::name(permission)) return {};
  return journal_.keep_value(key, ingest::name(permission));
}

Result<void> Feeds::plan(const ingest::Feed& feed) {
  const auto* collector = collector_named(feed.collector);
  if (collector == nullptr) return invalid("no collector " + text::quote(feed.collector));
  ingest::Before before;
  {
    std::lock_guard guard(mutex_);
    if (auto health = health_.find(feed.name); health != health_.end()) {
      before = {.last_attempt = health->second.last_attempt,
                .last_success = health->second.last_success};
    }
  }
  TimeUs wall_now = now_(), now = monotonic();
  scheduler_->set(feed, *collector,
                  ingest::first_run(feed, before, wall_now, now, std::random_device{}()),
                  ingest::attempt_before(before, wall_now, now));
  return {};
}

// Before the provider hears of it: also what a crash cuts short counts for the terms.
void Feeds::attempted(const ingest::Feed& feed) {
  if (feed.terms.interval_least_s == 0) return;
  ingest::FeedHealth health;
  {
    std::lock_guard guard(mutex_);
    ingest::FeedHealth& kept = health_[feed.name];
    kept.last_attempt = now_();
    health = kept;
  }
  keep(feed.name, health);
}

void Feeds::start(Intake& intake) {
  intake_ = &intake;
  ingest::Scheduler::Setup setup;
  setup.clock = monotonic;
  setup.random = [engine = std::make_shared<std::mt19937_64>(std::random_device{}())] {
    return (*engine)();
  };
  setup.context = [this](const ingest::Feed& feed, std::stop_token stop) {
    attempted(feed);
    return std::make_unique<Context>(*intake_, journal_, home_, feed, may_take, std::move(stop));
  };
  setup.ended = [this](const ingest::Feed& feed, const ingest::Scheduler::Outcome& outcome) {
    ingest::FeedHealth health;
    {
      std::lock_guard guard(mutex_);
      ingest::FeedHealth& kept = health_[feed.name];
      if (outcome.done) {
        ingest::note_success(kept, now_());
      } else {
        ingest::note_failure(kept, now_(), outcome.done.error().what);
        hide(kept);
        spdlog::warn("feed {}: {}", feed.name, outcome.done.error().what);
      }
      health = kept;
    }
    keep(feed.name, health);
  };
  std::vector<ingest::Feed> all;
  {
    std::lock_guard guard(mutex_);
    scheduler_ = std::make_unique<ingest::Scheduler>(std::move(setup));
    for (const auto& [name, feed] : feeds_) {
      if (feed.enabled && !feed.collector.empty()) all.push_back(feed);
    }
  }
  for (const auto& feed : all) {
    if (auto planned = plan(feed); !planned)
      spdlog::error("feed {}: {}", feed.name, planned.error().what);
  }
  scheduler_->start();
}

void Feeds::stop() {
  if (scheduler_) scheduler_->stop();
}

Feeds::Row Feeds::row_of(const ingest::Feed& feed) const {
  auto health = health_.find(feed.name);
  Row row{.feed = feed,
          .health = health == health_.end() ? ingest::FeedHealth{} : health->second,
          .state = {},
          .next = time_none};
  row.state = ingest::state(feed, row.health, now_());
  if (scheduler_) {
    if (auto planned = scheduler_->state(feed.name))
      row.next = now_() + std::max<TimeUs>(0, planned->next - monotonic());
  }
  return row;
}

std::vector<Feeds::Row> Feeds::list() const {
  std::lock_guard guard(mutex_);
  std::vector<Row> rows;
  for (const auto& [name, feed] : feeds_) rows.push_back(row_of(feed));
  return rows;
}

std::optional<Feeds::Row> Feeds::row(const std::string& name) const {
  std::lock_guard guard(mutex_);
  auto found = feeds_.find(name);
  return found == feeds_.end() ? std::nullopt : std::optional(row_of(found->second));
}

ingest::Feed Feeds::named(const std::string& name) const {
  std::lock_guard guard(mutex_);
  auto found = feeds_.find(name);
  return found == feeds_.end() ? ingest::Feed{.name = name} : found->second;
}

Result<void> Feeds::enable(const std::string& name, const Tick& tick) {
  if (is_partners(name)) return of_a_partner(name);
  ingest::Feed feed = named(name);
  if (feed.collector.empty()) {
    const auto* entry = ingest::in_catalogue(name);
    if (entry == nullptr) return missing("no feed " + text::quote(name));
    feed = TRY(ingest::ticked(*entry, tick.terms_accepted));
    json::Writer w;
    w.object()
        .member("at", times::format(now_()))
        .member("terms", ingest::terms_line(feed.terms))
        .member("user", tick.user);
    if (needs_username(feed)) {
      bool is_name = tick.username.size() <= username_max &&
                     std::ranges::none_of(tick.username, [](unsigned char c) {
                       return c < ' ' || c == 127 || c == ':';  // RFC 7617
                     });
      if (!is_name) return invalid("no user name for a provider: " + text::quote(tick.username));
      if (tick.username.empty()) {
        return invalid(fmt::format(
            "the provider of {} asks for a user name and a password: give the user name; the "
            "password is the secret {}",
            text::quote(name), text::quote(entry->key_name)));
      }
      feed.options["username"] = tick.username;
      w.member("username", tick.username);
    } else if (!tick.username.empty()) {
      return invalid("the provider of " + text::quote(name) + " asks for no user name");
    }
    w.end();
    TRY(journal_.keep_value("ticked." + name, w.text()));
    TRY(remember_terms(feed));
  }
  TRY(journal_.forget_value("off." + name));
  feed.enabled = true;
  {
    std::lock_guard guard(mutex_);
    feeds_[name] = feed;
  }
  if (scheduler_) TRY(plan(feed));
  if (changed) changed(name);
  return {};
}

Result<void> Feeds::disable(const std::string& name, std::string_view user) {
  if (is_partners(name)) return of_a_partner(name);
  {
    std::lock_guard guard(mutex_);
    auto found = feeds_.find(name);
    if (found == feeds_.end()) return missing("no feed " + text::quote(name));
    found->second.enabled = false;
  }
  json::Writer w;
  w.object().member("at", times::format(now_())).member("user", user).end();
  TRY(journal_.keep_value("off." + name, w.text()));
  if (scheduler_) scheduler_->remove(name);
  if (changed) changed(name);
  return {};
}

void Feeds::set_partners(std::vector<ingest::Feed> feeds) {
  std::vector<std::string> gone;
  std::vector<ingest::Feed> fresh;
  {
    std::lock_guard guard(mutex_);
    for (auto& [name, feed] : feeds_) {
      if (!is_partners(name) || feed.collector.empty()) continue;
      if (std::ranges::find(feeds, name, &ingest::Feed::name) != feeds.end()) continue;
      feed.enabled = false;
      feed.collector.clear();
      gone.push_back(name);
    }
    for (ingest::Feed& feed : feeds) {
      ingest::Feed& known = feeds_[feed.name];
      bool same =
          !known.collector.empty() && known.options == feed.options && known.title == feed.title;
      if (same) continue;
      known = feed;
      fresh.push_back(std::move(feed));
    }
  }
  for (const std::string& name : gone) {
    if (scheduler_) scheduler_->remove(name);
    if (changed) changed(name);
  }
  for (const ingest::Feed& feed : fresh) {
    if (scheduler_) {
      if (auto planned = plan(feed); !planned)
        spdlog::error("feed {}: {}", feed.name, planned.error().what);
    }
    if (changed) changed(feed.name);
  }
}

void Feeds::hurry(std::string_view name) {
  if (scheduler_) scheduler_->hurry(name);
}

Result<void> Feeds::run_now(const std::string& name) {
  if (!scheduler_)
    return unavailable("feeds collect in a running node only: start it with `tocsin run`");
  TRY(scheduler_->run_now(name));
  return {};
}

void Feeds::reword() {
  std::lock_guard guard(mutex_);
  for (auto& [name, health] : health_) hide(health);
}

void Feeds::hide(ingest::FeedHealth& health) const {
  auto fresh = hidden ? hidden(health.error) : std::nullopt;
  if (fresh) health.error = *fresh;
}

void Feeds::keep(const std::string& name, ingest::FeedHealth health) {
  hide(health);  // once more: somebody may have been erased since it was copied
  if (auto kept = journal_.keep_value("health." + name, ingest::to_json(health)); !kept) {
    spdlog::warn("feed {}: {}", name, kept.error().what);
  }
  if (changed) changed(name);
}

void Feeds::committed(const ingest::Feed& feed, const EventBatch& b) {
  constexpr std::size_t looked_at_max = 256;  // the delay of every event is more than a curve needs
  std::size_t step = std::max<std::size_t>(1, b.size() / looked_at_max);
  std::lock_guard guard(mutex_);
  ingest::FeedHealth& health = health_[feed.name];
  for (std::size_t i = 0; i < b.size(); i += step) {
    if (is_history(b, i)) continue;
    health.delay.add((b.received - b.time[i]) / us_per_s, step);
    health.newest_event = std::max(health.newest_event, b.time[i]);
  }
}

void Feeds::ended(const store::ReportRow& row) {
  ingest::FeedHealth health;
  {
    std::lock_guard guard(mutex_);
    feeds_.try_emplace(row.feed, ingest::Feed{.name = row.feed});
    ingest::FeedHealth& kept = health_[row.feed];
    bool played = (row.flags & flag_exercise) != 0 && !feeds_[row.feed].exercise;
    if (row.state == store::ReportState::done) {
      ingest::note_arrival(kept, {.at = row.received,
                                  .events = played ? 0 : row.events - row.duplicates,
                                  .duplicates = row.duplicates,
                                  .rejected = row.rejected,
                                  .newest_event = kept.newest_event});
    } else if (row.state == store::ReportState::failed) {
      ingest::note_failure(kept, row.received, row.name + ": " + row.error);
      hide(kept);
    }
    health = kept;
  }
  keep(row.feed, health);
}

}  // namespace tocsin::node
