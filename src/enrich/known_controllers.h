// KnownControllers: the controllers that c2-server events name, by family and by host name, and the
// dated join of events whose own report names none. Source: DESIGN D6; docs/statistics.md has the
// rule in words.
// What it costs stands in known_controllers.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "model/batch.h"
#include "model/country.h"
#include "model/dictionary.h"

namespace tocsin::enrich {

// Under which the store keeps what keep_sinks() writes: this and the first of the addresses.
inline constexpr std::string_view sinks_key = "controllers.sinks.";

class KnownControllers {
 public:
  // A controller counts as one so long before it was first and after it was last seen.
  static constexpr Day slack_days = 30;
  // Controllers kept of one family or name, the newest; over all of them; families, and names.
  // About 128 bytes a controller: 64 MB at most.
  static constexpr std::size_t of_one_max = 64, controllers_max = 500'000, keys_max = 100'000;
  // Addresses of sinkholes, honeypots and darknets, remembered for ever: 40 MB at most. When one
  // more comes, no address is learned as a controller any more: it could be a sinkhole's.
  static constexpr std::size_t sinks_max = 1'000'000;

  // A controller as an event or a store says it: at an address, or without one by its name.
  struct Sight {
    WordId family = 0;
    Ip ip;
    std::string_view name;
    Country country;
    Day first = 0, last = 0;
  };

  explicit KnownControllers(Dictionary& words, std::size_t most_sinks = sinks_max)
      : words_(words), most_sinks_(most_sinks) {}

  // Any thread, as all that follows. A sight without a country, or with neither family nor name,
  // is none.
  void learn(const Sight& sight);
  void learn(const EventBatch& batch);
  // Learns what the batch says, then joins its events. What a feed calls a controller at the
  // address of a sinkhole becomes a sinkhole.
  void apply(EventBatch& batch);

  // An address that once was a sinkhole's is never a controller, also after a restart: so what is
  // new of them goes to `write`, one a line, before the events that named it are committed. On
  // return all that apply() saw before is written, by this thread or another. Errors: those of
  // `write`; it gets the same again with the next call.
  using Write = std::function<Result<void>(std::string_view lines)>;
  Result<void> keep_sinks(const Write& write);
  // What was written.
  void know_sinks(std::string_view lines);
  std::string sinks() const;           // all of them, one a line, sorted
  void swap(KnownControllers& other);  // what is known, and what is yet to be written
  std::size_t size() const;            // controllers, one in several families as often

 private:
  struct Controller {
    Ip ip;
    std::string name;  // only where there is no address
    Country country;
    Day first, last;
    WordId word = 0;  // of the address or name; 0: not asked for yet
  };
  // All of a family or name. Where more were known than are kept, nothing is said of the time of
  // those that had to go.
  struct Known {
    std::vector<Controller> controllers;
    Day gone_first = INT32_MAX, gone_last = INT32_MIN;
    WordId word = 0;  // of a name, as Controller::word
  };
  struct Answer {
    bool known = false;
    Country country;
    WordId word = 0;  // 0: several, all in that country
  };
  struct IpHash {
    std::size_t operator()(const Ip& ip) const {
      return (ip.high() ^ ip.low() * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
    }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return hash64(text); }
  };

  void take(const Sight& sight);
  void take(const EventBatch& batch);
  void add(Known& to, const Sight& sight, bool by_name);
  void drop(Known& from, std::size_t index);
  void drop_oldest();
  void see_sink(const Ip& ip);
  bool remember_sink(const Ip& ip);
  void forget(const Ip& ip);
  void doubt(EventBatch& batch);
  void join(EventBatch& batch);
  Answer answer(Known& known, Day day);
  Answer by_name(std::string_view name, Day day);
  Answer by_family(WordId family, Day day);

  Dictionary& words_;
  std::size_t most_sinks_;
  std::mutex keeping_;  // before mutex_
  mutable std::mutex mutex_;
  std::unordered_map<WordId, Known> families_;
  std::unordered_map<std::string, Known, TextHash, std::equal_to<>> names_;
  std::set<std::pair<Ip, Known*>> places_;  // where an address is a controller
  std::unordered_set<Ip, IpHash> sinks_;
  std::vector<Ip> unkept_sinks_;
  bool sinks_full_ = false;
  std::vector<Ip> recent_sinks_ = std::vector<Ip>(256);  // by hash: saves the look-up
  std::size_t size_ = 0;
};

}  // namespace tocsin::enrich
