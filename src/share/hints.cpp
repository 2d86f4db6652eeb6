#include "share/hints.h"

#include <map>

namespace tocsin::share {
namespace {

EventStream::Frame frame_of(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

Hints::Hints(Parts parts)
    : parts_(std::move(parts)),
      told_(parts_.last()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Hints::~Hints() {
  stop();
}

void Hints::stop() {
  thread_.request_stop();
  std::lock_guard guard(mutex_);
  stopped_ = true;
  for (Stream& one : all_) one.stream->close();
  all_.clear();
}

Result<std::shared_ptr<EventStream>> Hints::subscribe(std::string member) {
  auto stream = std::make_shared<EventStream>();
  std::lock_guard guard(mutex_);
  if (stopped_) return unavailable("stopping");
  if (all_.size() >= streams_max) return unavailable("too many streams of hints are open");
  stream->push(frame_of(event_frame("new", "")));
  all_.push_back({std::move(member), stream});
  return stream;
}

void Hints::look() {
  std::lock_guard guard(mutex_);
  due_now_ = true;
  due_.notify_one();
}

void Hints::call(std::string_view member) {
  std::lock_guard guard(mutex_);
  for (Stream& one : all_) {
    if (one.member == member) one.stream->push(frame_of(event_frame("new", "")));
  }
}

std::size_t Hints::streams() const {
  std::lock_guard guard(mutex_);
  return all_.size();
}

void Hints::run(const std::stop_token& stop) {
  auto alive = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      due_.wait_for(lock, stop, std::chrono::seconds(1), [this] { return due_now_; });
      due_now_ = false;
    }
    bool is_time = std::chrono::steady_clock::now() > alive + alive_every;
    if (is_time) alive = std::chrono::steady_clock::now();
    TimeUs last = parts_.last();
    tell(told_, is_time);
    told_ = last;
  }
}

// Streams of whoever is no partner any more end.
void Hints::tell(TimeUs after, bool alive) {
  bool moved = parts_.last() > after;
  std::vector<Stream> all;
  {
    std::lock_guard guard(mutex_);
    all = all_;
  }
  std::map<std::string, bool> news;  // each member is asked once
  for (Stream& one : all) {
    if (!parts_.is_partner(one.member)) {
      one.stream->close();
      continue;
    }
    auto [known, fresh] = news.try_emplace(one.member, false);
    if (fresh) known->second = moved && parts_.has_news(one.member, after);
    if (known->second) one.stream->push(frame_of(event_frame("new", "")));
    if (alive && !known->second) one.stream->push(frame_of(": alive\n\n"));
  }
  std::lock_guard guard(mutex_);
  std::erase_if(all_, [](const Stream& one) { return one.stream->ended(); });
}

}  // namespace tocsin::share
