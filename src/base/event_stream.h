// EventStream: server-sent events on their way to one browser, in a bounded queue.
// Source: HTML Living Standard, section 9.2.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// A reader that does not keep up is told to reconnect, and its stream ends: memory stays bounded,
// and what it shows after the reconnect is whole again. Any thread.
class EventStream {
 public:
  using Frame = std::shared_ptr<const std::string>;  // shared by all who get the same event

  explicit EventStream(std::size_t frames_max = 512, std::size_t bytes_max = 1 << 20)
      : frames_max_(frames_max), bytes_max_(bytes_max) {}

  // False: the stream has ended; the writer may forget it.
  bool push(const Frame& frame);
  // What is queued is still sent. `last` is sent after it.
  void close(const Frame& last = nullptr);
  bool ended() const;

  // The sending side. `ready` is called, by any thread and never twice before a take(), when there
  // is something to take or the stream has ended; at once if so already.
  void on_ready(std::function<void()> ready);
  // Moves out what is queued. False: nothing, and nothing will come.
  bool take(std::vector<Frame>& frames);
  void detach();  // the reader has gone

 private:
  void wake(std::unique_lock<std::mutex> lock);

  const std::size_t frames_max_, bytes_max_;
  mutable std::mutex mutex_;
  std::deque<Frame> frames_;
  std::size_t bytes_ = 0;
  bool ended_ = false, signalled_ = false;
  std::function<void()> ready_;
};

// "event: name\ndata: …\n\n"; a line break in `data` becomes another data line.
std::string event_frame(std::string_view name, std::string_view data);

}  // namespace tocsin
