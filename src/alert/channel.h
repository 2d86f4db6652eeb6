// Channel: how a letter reaches a contact. A plug-in is one file in channels/; its name is the
// file's.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "alert/settings.h"
#include "base/entry.h"
#include "policy/clearance.h"

namespace tocsin::alert {

// What became of one delivery. later: may work another time. never: the other side refused for
// good. closed: the way itself does not work (server down, password refused), for whomever.
struct Delivery {
  enum class Result : std::uint8_t { done, later, never, closed };
  Result result = Result::done;
  std::string what;  // the answer, or what is wrong; one line
};

struct ChannelSetup {
  Settings settings;
  std::string home;  // where secrets are
  std::stop_token stop;
};

// One thread. Blocks at most the configured time. Keeps its connection between two calls.
class Sending {
 public:
  virtual ~Sending() = default;
  virtual Delivery send(const policy::Outgoing& letter) = 0;
};

struct Channel {
  std::string_view summary;
  bool way_each = false;  // each contact is a way of its own, down or not
  bool (*takes)(std::string_view contact);
  // Why it cannot send as it is set up; "": it can.
  std::string (*unready)(const Settings& settings);
  std::unique_ptr<Sending> (*open)(const ChannelSetup& setup);
};

// All channels by name; the table is made by CMake from channels/.
std::span<const Entry<Channel>> channels();
const Entry<Channel>* channel_for(std::string_view contact);  // nullptr: none takes it

}  // namespace tocsin::alert
