// Hints: tells members that hold a stream open that there is something new for them, and nothing
// more. One is told only of what it may have: others' events are not to be counted by their hints.
// Source: DESIGN D8.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/event_stream.h"
#include "base/result.h"
#include "base/time.h"

namespace tocsin::share {

class Hints {
 public:
  static constexpr std::size_t streams_max = 4000;
  static constexpr auto alive_every = std::chrono::seconds(15);

  struct Parts {
    std::function<TimeUs()> last;  // date of the newest offer
    // Is there anything for this member behind this date?
    std::function<bool(const std::string& member, TimeUs after)> has_news;
    std::function<bool(const std::string& member)> is_partner;
  };
  explicit Hints(Parts parts);
  ~Hints();

  // The first event comes at once: the member asks for what it missed.
  // Errors: unavailable, if there are too many streams.
  Result<std::shared_ptr<EventStream>> subscribe(std::string member);
  void look();                         // there may be news; any thread
  void call(std::string_view member);  // there is news for this one; any thread
  std::size_t streams() const;
  void stop();  // ends all streams; there are no new ones

 private:
  struct Stream {
    std::string member;
    std::shared_ptr<EventStream> stream;
  };
  void run(const std::stop_token& stop);
  void tell(TimeUs after, bool alive);

  Parts parts_;
  mutable std::mutex mutex_;
  std::condition_variable_any due_;
  bool due_now_ = false, stopped_ = false;
  std::vector<Stream> all_;
  TimeUs told_;  // all were told of what is up to here; the thread's
  std::jthread thread_;
};

}  // namespace tocsin::share
