// Outbox: what is to be told, what was, and how it went; ids and states, never bytes. In the
// journal's file, so that what routing decides and how far it has come are one transaction.
//
// An item is one thing to tell one constituent: a finding that is new, came back, or got worse. A
// bundle is the items that go out together; an alert is one message of a bundle to one contact.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "model/taxonomy.h"
#include "store/tables.h"

namespace tocsin::alert {

// Numbers are stored: append only.
enum class Why : std::uint8_t { fresh, reopened, raised };
std::string_view name(Why why);  // "new", "reopened", "raised"

struct Item {
  std::uint64_t id = 0;
  Hash128 finding;
  std::uint32_t episode = 0;  // when it came back last, in seconds; 0: it never did
  Severity severity = Severity::none;
  Why why = Why::fresh;
  std::uint64_t constituent = 0;
  TimeUs at = 0;
  std::uint64_t bundle = 0;  // 0: waits
};

// Numbers are stored: append only. dead: given up; withheld: when it was to be sent nothing of it
// might be; bounced: it was taken and came back.
enum class AlertState : std::uint8_t { queued, sent, dead, withheld, bounced };
inline constexpr std::size_t alert_states_count = 5;
std::string_view name(AlertState state);
std::optional<AlertState> alert_state_named(std::string_view text);

struct AlertRow {
  std::uint64_t id = 0, bundle = 0, constituent = 0;
  std::string channel, contact;
  bool at_once = false;
  Day day = 0;
  std::string message_id;  // without brackets; the same however often it is sent
  AlertState state = AlertState::queued;
  unsigned tries = 0;
  TimeUs next = 0, made = 0, done = 0;
  TimeUs failing_since = 0;  // its first try that failed; 0: none did
  std::string error;
  std::uint64_t items = 0;  // findings in it
};

// Where a message is to go.
struct To {
  std::string channel, contact, message_id;
};

struct Outcome {
  AlertState state = AlertState::queued;
  TimeUs next = 0;  // if it stays queued
  std::string error;
  bool tried = true;
  // If it was sent or withheld: items that were not in it and may be told another time; if it was
  // withheld: who gets the message instead.
  std::vector<Item> left_out;
  std::vector<To> instead;
};

class Outbox {
 public:
  static std::span<const char* const> schema();  // of the whole room's tables
  explicit Outbox(store::Tables tables) : tables_(std::move(tables)) {}

  // Settings of this room: "on", "dry_run", "watermark" ...; "" if there is none.
  Result<std::string> value(std::string_view key) const;
  Result<void> keep_value(std::string_view key, std::string_view value);

  // Items and how far routing has come, together. An item that was there stays as it was.
  Result<void> add(const std::vector<Item>& items, std::uint64_t seq);
  Result<std::uint64_t> watermark() const;  // 0: routing has never run
  Result<void> each_item(const std::function<void(const Item&)>& take) const;
  Result<std::vector<Item>> items_of(const Hash128& finding) const;  // oldest first
  // Where some of these findings were sent, each contact once with the last time.
  struct Sent {
    std::uint64_t constituent = 0;
    std::string contact;
    TimeUs at = 0;
  };
  Result<std::vector<Sent>> sent(
      const std::unordered_set<Hash128, Hash128::Hasher>& findings) const;

  // Constituents for whom something at least so bad waits; those for whom something made before
  // then waits and who had no digest on `day` or later.
  struct Waits {
    std::uint64_t constituent = 0, newest = 0;  // newest: the id of the last such item
  };
  Result<std::vector<Waits>> urgent(Severity least) const;
  Result<std::vector<Waits>> without_digest(Day day, TimeUs before) const;
  // Worst first; those behind `after`, if there is one.
  Result<std::vector<Item>> waiting_of(std::uint64_t constituent, std::size_t most,
                                       const Item* after = nullptr) const;
  // What became of waiting items: another's by now, or nothing to tell.
  Result<void> reroute(const std::vector<Item>& items);
  Result<void> drop(const std::vector<Item>& items);

  // Bundles are made whole or not at all. Errors: unavailable.
  struct Bundle {
    std::uint64_t constituent = 0;
    bool at_once = false;
    Day day = 0;
    std::vector<std::uint64_t> items;
    std::vector<To> to;
  };
  Result<void> bundle(const std::vector<Bundle>& bundles, TimeUs now);
  // More alerts of a bundle that has items, each to a contact that had none of it. How many.
  Result<std::uint64_t> add_alerts(const AlertRow& like, const std::vector<To>& to, TimeUs now);
  Result<TimeUs> last_at_once(std::uint64_t constituent) const;  // time_none: never
  Result<std::vector<Item>> items_in(std::uint64_t bundle) const;

  // What is urgent first, but for what was tried often; then the longest due.
  Result<std::vector<AlertRow>> due(std::string_view channel, TimeUs now, std::size_t most) const;
  Result<void> hasten(TimeUs now);  // what waits to be tried again is due
  // What else is queued for that contact is not tried before then, and goes before the alert itself
  // if that waits until then too.
  Result<void> postpone(const AlertRow& alert, TimeUs until);
  // What became of a try, whole or not at all. What was left out of a message waits again, unless
  // another of its bundle was sent before; of what was withheld, unless another may still be.
  Result<void> settle(const AlertRow& alert, const Outcome& outcome, TimeUs now);
  struct Ask {
    std::optional<AlertState> state;
    std::uint64_t constituent = 0, bundle = 0, before = 0;  // 0: any; before: ids below
    std::size_t limit = 50;
  };
  Result<std::vector<AlertRow>> list(const Ask& ask) const;  // newest first
  Result<AlertRow> one(std::uint64_t id) const;              // missing
  Result<AlertRow> by_message(std::string_view message_id) const;
  struct Counts {
    std::uint64_t waiting = 0;
    std::array<std::uint64_t, alert_states_count> states{};
  };
  Result<Counts> counts() const;
  // Dead, withheld and bounced ones: which they are, all of them if `ids` is empty; these become
  // queued again.
  Result<std::vector<AlertRow>> failed(const std::vector<std::uint64_t>& ids) const;
  Result<std::uint64_t> replay(const std::vector<std::uint64_t>& ids, TimeUs now);
  // Forgets what was done before then. Items stay: what was told is not told again.
  Result<void> forget_before(TimeUs before);

 private:
  Result<std::vector<AlertRow>> rows(std::string_view where,
                                     const std::function<void(store::Statement&)>& bind) const;
  store::Tables tables_;
};

}  // namespace tocsin::alert
