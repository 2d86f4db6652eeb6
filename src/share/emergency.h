// Emergencies: single events that a person released to one partner beyond the agreement.
//
// The first person's word lets the event go at once; a second one confirms it within a day, or it
// is taken back. What goes is cleared as always, under an agreement in force with the partner,
// whose transforms hold; never what policy::may_be_exempted() refuses. Each step is an act in the
// ledger, and the release names the first one. The partner is told by a statement, so that its door
// lets the event in. docs/agreements.md, "Emergencies".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"
#include "share/ledger.h"
#include "share/partners.h"
#include "store/offers.h"
#include "store/tables.h"

namespace tocsin::share {

enum class EmergencyState : std::uint8_t { open, confirmed, taken_back };
std::string_view name(EmergencyState state);  // "taken-back"

struct Emergency {
  std::uint64_t id = 0;
  EventId event = 0;
  std::string member{}, agreement{}, item{};     // item: the id of what the partner gets
  std::string by{}, confirmed_by{}, ended_by{};  // users; ended_by "": nobody confirmed it
  TimeUs at = 0, confirmed = time_none, ended = time_none;
  TimeUs date = 0, end_date = 0;  // of its objects, and of their recall, in their collection
  std::string log{};              // in which ...
  std::uint64_t entry = 0;        // ... the first act stands, with by whom and why

  EmergencyState state() const;
  TimeUs due() const;  // until then somebody must confirm it
};

class Emergencies {
 public:
  static constexpr TimeUs confirm_within = us_per_day;
  static constexpr std::size_t open_max = 100, heard_max = 1000;  // of one partner
  static constexpr std::size_t why_bytes_max = 500;

  // What an event would be to a partner, if it may go at all.
  struct Exempt {
    std::string agreement{}, address{}, item{};  // agreement: its id
    std::uint64_t epoch = 0;
  };
  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    store::Offers& offers;
    std::function<Ledger*()> ledger;
    std::function<TimeUs()> now;
    // Errors: denied, with the reason; missing.
    std::function<Result<Exempt>(const std::string& member, EventId event)> exempt{};
    std::function<void(const Emergency& emergency)> lapsed{};  // taken back: nobody confirmed it
    // A partner has released something to us.
    std::function<void(const std::string& member, const std::string& item)> announced{};
  };
  static Result<std::unique_ptr<Emergencies>> open(Parts parts);

  // --- what persons here do; `by`: a user

  // Errors: denied (see above; it goes anyway), missing, invalid (no reason).
  Result<Emergency> release(const std::string& member, EventId event, std::string_view why,
                            std::string_view by);
  // Errors: missing; denied: by the same person, too late, taken back.
  Result<Emergency> confirm(std::uint64_t id, std::string_view by);
  Result<Emergency> take_back(std::uint64_t id, std::string_view why, std::string_view by);
  Result<std::vector<Emergency>> list(std::string_view member) const;  // newest first; "": of all
  std::string why(const Emergency& emergency) const;  // as it stands in the ledger; "": erased

  // --- by itself

  // Takes back what nobody confirmed in time, and what was withdrawn. How many.
  Result<std::size_t> work();
  // What the partner's collection has behind this date: releases, and recalls.
  struct Step {
    TimeUs date = 0;
    bool recall = false;
    Emergency of{};
  };
  Result<std::vector<Step>> steps(const std::string& member, TimeUs after) const;
  // Members who may read a step now that they could not at the call before; of one thread.
  Result<std::vector<std::string>> fresh();
  // Did this partner say that it released this item to us?
  bool was_announced(const std::string& member, const std::string& item) const;

 private:
  Emergencies(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<void> hear(const Partner& from, const Statement& statement);
  Result<Emergency> one(std::uint64_t id) const;
  Result<Emergency> end(Emergency emergency, std::string_view why, std::string_view by);
  Result<TimeUs> next_date(store::Sqlite& db) const;

  Parts parts_;
  store::Tables tables_;
  std::mutex one_;                          // act at a time
  std::map<std::string, TimeUs> readable_;  // up to where, by member; of fresh()
};

}  // namespace tocsin::share
