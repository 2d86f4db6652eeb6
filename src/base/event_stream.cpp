#include "base/event_stream.h"

#include <utility>

namespace tocsin {

bool EventStream::push(const Frame& frame) {
  std::unique_lock lock(mutex_);
  if (ended_) return false;
  if (frames_.size() >= frames_max_ || bytes_ + frame->size() > bytes_max_) {
    frames_.clear();
    frames_.push_back(
        std::make_shared<const std::string>(event_frame("reconnect", R"({"reason":"too slow"})")));
    ended_ = true;
  } else {
    frames_.push_back(frame);
    bytes_ += frame->size();
  }
  bool alive = !ended_;
  wake(std::move(lock));
  return alive;
}

void EventStream::close(const Frame& last) {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  if (last) frames_.push_back(last);
  ended_ = true;
  wake(std::move(lock));
}

bool EventStream::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

void EventStream::on_ready(std::function<void()> ready) {
  std::unique_lock lock(mutex_);
  ready_ = std::move(ready);
  signalled_ = false;
  if (!frames_.empty() || ended_) wake(std::move(lock));
}

bool EventStream::take(std::vector<Frame>& frames) {
  std::lock_guard lock(mutex_);
  frames.assign(frames_.begin(), frames_.end());
  frames_.clear();
  bytes_ = 0;
  signalled_ = false;
  return !frames.empty() || !ended_;
}

void EventStream::detach() {
  std::function<void()> gone;  // destroyed without the lock
  std::lock_guard lock(mutex_);
  ended_ = true;
  frames_.clear();
  std::swap(gone, ready_);
}

void EventStream::wake(std::unique_lock<std::mutex> lock) {
  if (signalled_ || !ready_) return;
  signalled_ = true;
  auto ready = ready_;
  lock.unlock();
  ready();
}

std::string event_frame(std::string_view name, std::string_view data) {
  std::string frame = "event: ";
  frame += name;
  while (true) {
    std::size_t end = data.find('\n');
    frame += "\ndata: ";
    frame += data.substr(0, end);
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  return frame + "\n\n";
}

}  // namespace tocsin
