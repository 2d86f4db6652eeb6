#include "api/live.h"

#include "api/object.h"

namespace tocsin::api {
namespace {

constexpr std::size_t kept_max = 10'000;

}  // namespace

Result<std::shared_ptr<EventStream>> LiveHub::subscribe(std::string principal) {
  // Shared with the server, which sends, for as long as either has it.
  auto stream = std::make_shared<EventStream>();
  std::lock_guard lock(mutex_);
  if (all_.size() >= streams_max) return unavailable("too many live streams are open");
  stream->push(std::make_shared<const std::string>("retry: 2000\n\n" + counters_frame_));
  all_.push_back({std::move(principal), stream});
  watchers_.store(all_.size());
  return stream;
}

void LiveHub::counters(const LiveCounters& counters, TimeUs at, TimeUs now) {
  std::lock_guard lock(mutex_);
  if (counters == last_ || now - counted_at_ < counters_every) return;
  last_ = counters;
  counted_at_ = now;
  Object object;
  object.add("at", times::format(at))
      .add("events_per_s", counters.events_per_s)
      .add("events_today", counters.events_today)
      .add("findings_open", counters.findings_open);
  counters_frame_ = event_frame("counters", object.text());
  send_frame(counters_frame_);
}

void LiveHub::sample(SampleItem item, Count of) {
  if (!watched()) return;
  std::lock_guard lock(mutex_);
  sampled_of_ += of;
  if (samples_.size() < sample_items_max) samples_.push_back(std::move(item));
}

void LiveHub::finding(std::string json, TimeUs now) {
  if (!watched()) return;
  std::lock_guard lock(mutex_);
  if (now - second_ >= us_per_s) {
    if (findings_skipped_ > 0) send("finding", Object().add("skipped", findings_skipped_).text());
    second_ = now;
    findings_sent_ = findings_skipped_ = 0;
  }
  if (findings_sent_ >= findings_per_s) {
    ++findings_skipped_;
    return;
  }
  ++findings_sent_;
  send("finding", json);
}

void LiveHub::skipped(Count findings) {
  std::lock_guard lock(mutex_);
  findings_skipped_ += findings;
}

void LiveHub::keep(std::string_view event, const std::string& id, std::string json) {
  if (!watched()) return;
  std::lock_guard lock(mutex_);
  if (kept_.size() < kept_max) kept_.insert_or_assign({std::string(event), id}, std::move(json));
}

void LiveHub::tick(TimeUs now) {
  std::lock_guard lock(mutex_);
  if (now - sampled_at_ >= samples_every && !samples_.empty()) {
    std::vector<Object> items;
    for (const SampleItem& item : samples_) {
      items.push_back(Object()
                          .add("at", times::format(item.at))
                          .add("subject", item.subject)
                          .add("text", item.text));
    }
    Count share = std::max<Count>(1, sampled_of_ / samples_.size());
    send("sample", Object().add("items", items).add("share", share).text());
    samples_.clear();
    sampled_of_ = 0;
    sampled_at_ = now;
  }
  if (findings_skipped_ > 0 && now - second_ >= us_per_s) {
    send("finding", Object().add("skipped", findings_skipped_).text());
    second_ = now;
    findings_sent_ = findings_skipped_ = 0;
  }
  for (std::size_t i = 0; i < items_per_tick && !kept_.empty(); ++i) {
    auto first = kept_.begin();
    send(first->first.first, first->second);
    kept_.erase(first);
  }
  if (now - alive_at_ >= alive_every) {
    alive_at_ = now;
    send_frame(":\n\n");  // a comment: shows a lost connection to both sides
  }
  std::erase_if(all_, [](const Watcher& w) { return w.stream->ended(); });
  watchers_.store(all_.size());
}

void LiveHub::end_unless(const std::function<bool(std::string_view)>& alive) {
  std::vector<Watcher> all;
  {
    std::lock_guard lock(mutex_);
    all = all_;
  }
  for (const Watcher& watcher : all) {
    if (!alive(watcher.principal)) watcher.stream->close();
  }
}

void LiveHub::stop() {
  std::lock_guard lock(mutex_);
  for (const Watcher& watcher : all_) watcher.stream->close();
  all_.clear();
  watchers_.store(0);
}

void LiveHub::send(std::string_view event, std::string_view data) {
  send_frame(event_frame(event, data));
}

void LiveHub::send_frame(std::string frame) {
  if (all_.empty()) return;
  auto shared = std::make_shared<const std::string>(std::move(frame));  // by every queue
  for (const Watcher& watcher : all_) watcher.stream->push(shared);
}

}  // namespace tocsin::api
