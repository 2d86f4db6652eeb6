// Gate: which of our events go to one member, under which of the agreements with it, and as what.
// The only way events leave for members. Source: DESIGN D7; docs/agreements.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"
#include "policy/clearance.h"
#include "policy/decision.h"
#include "policy/treated.h"

namespace tocsin::policy {

// An agreement between us and a member.
struct Pass {
  Agreement agreement;
  Standing standing = Standing::proposed;
  PseudonymKey key{};
  std::uint64_t quota_left = 0;  // items that may still go today, where it has a quota
};

// What holds for all that a feed brings.
struct FeedSays {
  FeedTerms terms;
  std::string member;            // that sent it; "": it is our own
  std::optional<Onward> onward;  // what that member lets us do with it
  bool operator==(const FeedSays&) const = default;
};

// Under what something of others came in, as it holds now.
struct CameUnder {
  std::string address;
  std::shared_ptr<const Agreement> terms;
};

// An event as a member may have it.
struct ToldEvent {
  std::vector<TreatedMember> members;
  std::string handle;     // names the event to this member, and tells nothing else
  std::string agreement;  // content address of what it goes under
};

// What of an event a decision looks at and that differs within a batch; the same for all members.
struct Traits {
  Type type = Type::undetermined;
  Tlp tlp = Tlp::unmarked;
  Country country;  // of its subject
  std::uint8_t confidence = no_confidence;
  bool goes = true;  // false: an exercise, which nobody gets
  WordId sector = 0;
  std::optional<Distribution> distribution{};  // where it came from MISP
  static constexpr std::uint8_t no_confidence = 255;
  bool operator==(const Traits&) const = default;
};
Traits traits_of(const EventBatch& batch, std::size_t row);
std::vector<Traits> traits_of(const EventBatch& batch);  // of each event; of an act none

// One thread at a time.
class Gate {
 public:
  struct Parts {
    const Dictionary& words;  // outlives the gate
    std::string from, to;     // member ids
    std::vector<Pass> passes;
    Purpose purpose = Purpose::defence;
    std::function<FeedSays(std::string_view feed)> feed;
    std::vector<Network> sensors;  // our own
    std::uint64_t epoch = 0;       // changes with each of these
    // The agreement of this content address or, of a later version, the one of the same id that is
    // in force with that member now; neither: `terms` is nullptr.
    std::function<CameUnder(std::string_view member, std::string_view address)> came_under{};
    std::string to_identity{};  // how objects name `to` as who made them
  };
  explicit Gate(Parts parts);

  struct Row {
    std::uint16_t row = 0, pass = 0;
  };
  struct Selected {
    std::vector<Row> rows;  // in their order
    // How many stay, by the reason of the agreement that comes first; without exercises, which
    // nobody gets, and what the member itself sent.
    std::array<std::uint64_t, reasons_count> withheld{};
  };
  // `traits`: of the batch. Rows of an act are none. What goes counts against the quota of its pass
  // in here alone.
  Selected select(const EventBatch& batch, std::span<const Traits> traits, TimeUs now) const;

  // Why select() would take one event or leave it: what each pass says, in their order. `left`: of
  // the quota of each; those without one do not ask.
  std::vector<Decision> decisions(const EventBatch& batch, std::size_t row,
                                  std::span<const std::uint64_t> left, TimeUs now) const;
  // One event under one pass, whatever that pass says of it, for a person who releases it beyond
  // the agreement. Errors: denied, with the sentence: what may_be_exempted() does not let go; an
  // exercise; what the member itself sent.
  Result<Row> exempt(const EventBatch& batch, std::size_t row, std::size_t pass, TimeUs now) const;
  // Did the member itself send it? Nothing goes back.
  bool is_senders(const EventBatch& batch) const;
  // Something else than an event, by what a decision looks at; `feed` brought it, "": we say it
  // ourselves. Where nothing releases it, the reason of the agreement that comes first.
  struct Judged {
    Reason reason = Reason::unsigned_agreement;
    std::uint16_t pass = 0;
  };
  Judged judge(Item item, std::string_view feed, TimeUs now) const;
  // An object of others, which goes octet by octet or not at all. What may be done with it is what
  // the agreement says under which it came in, as long as that is in force.
  struct Foreign {
    std::string_view feed;     // that brought it
    std::string_view under;    // content address of the agreement that let it in
    std::string_view creator;  // the id of its author's identity; "": it names none
    std::string_view object;
    std::string_view with;  // definitions that go with it
  };
  Judged judge(Item item, const Foreign& what, TimeUs now) const;
  // The same in words: what each pass says, in their order. `left`: of the quota of each.
  std::vector<Decision> decisions(Item item, const Foreign& what,
                                  std::span<const std::uint64_t> left, TimeUs now) const;
  bool is_senders(const Foreign& what) const;  // sent by the member itself, or made by it
  // What names it to this member, where it goes under that pass.
  std::string handle_of(std::uint16_t pass, std::string_view kind, std::string_view key) const;
  // What was released under `pass`, as the member may have it. `members` are those of an event that
  // would say the same; `subject` is the one without which it says nothing.
  // Errors: denied: that one would change, or tells of a sensor.
  struct Released {
    const Item& item;
    std::string_view feed, key;
    std::uint16_t pass = 0;
  };
  Result<Cleared<ToldEvent>> clear(const Released& one, std::span<const Member> members,
                                   std::string_view subject) const;
  // The object, of which judge() says that it goes under this pass, is looked through once more.
  // Errors: denied: something of it would have to be changed or left out, or a sensor stands in it.
  Result<Cleared<std::string>> clear_foreign(Item item, const Foreign& what,
                                             std::uint16_t pass) const;

  // A selected row as the member may have it. `members`: of that event, as wire::Row has them.
  // Errors: denied: nothing of it may be told, for its subject is a sensor.
  Result<Cleared<ToldEvent>> clear(const EventBatch& batch, Row row,
                                   std::span<const Member> members) const;

 private:
  struct Seen {  // what was found for an event of these traits
    Traits traits;
    std::vector<Reason> reasons;  // of each pass
  };
  std::vector<Reason> reasons_of(Item& item, const Traits& traits, TimeUs now) const;
  void describe(Item& item, const Traits& traits) const;
  const Treating& treating(std::uint16_t pass, const Item& item) const;
  Item item_of(const EventBatch& batch) const;  // what is the same for all of its rows
  Item from(Item item, std::string_view feed) const;
  bool would_change(std::uint16_t pass, std::string_view said, bool whole) const;
  bool names_sensor(std::string_view said) const;
  const std::vector<bool>& describe(Item& item, const Foreign& what) const;
  void look_through(Item& item, const Foreign& what, std::uint16_t pass) const;
  Context context_of(std::uint16_t pass, TimeUs now) const;

  Parts parts_;
  std::vector<std::string> addresses_;  // of the passes
  mutable std::map<std::pair<std::uint16_t, bool>, std::unique_ptr<Treating>> treating_;
  // By the address of what something came under: is each pass no wider? Neither ever changes.
  mutable std::map<std::string, std::vector<bool>, std::less<>> kept_;
};

}  // namespace tocsin::policy
