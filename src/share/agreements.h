// Agreements: the life of what members agreed: proposed, signed by each, renewed, suspended, ended.
//
// A party signs when the persons it needs here want it: one, or two where it widens what may go or
// be done. Each act is said to the other parties under the node's key, and what they say is heard.
// What is in force is a book that changes as a whole, for policy::decide(). The agreement itself,
// its address, signatures and differences: policy/agreement.h. docs/partners.md has the walk.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/agreement.h"
#include "policy/decision.h"
#include "policy/difference.h"
#include "share/partners.h"
#include "store/tables.h"

namespace tocsin::share {

// What a party said last of suspending. `number` only rises, so that nothing old is heard again.
struct Suspension {
  std::uint64_t number = 0;
  bool holds = false;
  std::string why{};
};

struct AgreementState {
  policy::Agreement agreement{};
  std::string address{};
  bool is_signed = false;             // by all; checked when it comes into the book
  std::string from{};                 // the user or member who proposed it
  TimeUs at = 0;                      // when it came
  bool widens = false;                // what is in force without it; then two persons must want it
  std::vector<std::string> wanted{};  // by these persons here
  std::map<std::string, Suspension, std::less<>> suspensions{};  // by member
  TimeUs ended = time_none;
  std::string ended_by{}, why{};                         // a member, or a user here
  std::map<std::string, TimeUs, std::less<>> deleted{};  // who says it deleted, and when: a claim

  policy::Standing standing() const;
  bool is_party(std::string_view member) const { return agreement.party(member) != nullptr; }
};

// What holds at one moment. Immutable.
class AgreementBook {
 public:
  std::uint64_t epoch() const { return epoch_; }
  const std::map<std::string, AgreementState, std::less<>>& all() const { return all_; }
  const AgreementState* find(std::string_view address) const;
  // The newest version of the id that all have signed and that is not ended; nullptr: none.
  const AgreementState* held(std::string_view id) const;
  // Signed by all, not ended, and not replaced by `now`; suspended ones too.
  std::vector<const AgreementState*> signed_with(std::string_view member, TimeUs now) const;

 private:
  friend class Agreements;
  std::uint64_t epoch_ = 0;
  std::map<std::string, AgreementState, std::less<>> all_;  // by address
};

struct AgreementAct {
  TimeUs at = 0;
  std::string by{}, act{}, words{};
};

class Agreements {
 public:
  static constexpr std::size_t agreements_max = 10'000, proposals_of_one_max = 100;

  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    std::function<TimeUs()> now;
  };
  // Hears what partners say of agreements, from now on.
  static Result<std::unique_ptr<Agreements>> open(const Parts& parts);

  // --- what persons here do; `by`: a user. Each gives the agreement as it then is.

  // TOML or JSON; signatures in it do not count. Errors: invalid (form, versions), denied (a party
  // is no compared partner, or has other keys).
  Result<AgreementState> propose(std::string_view text, std::string_view by);
  // The same terms until another time, as the next version.
  Result<AgreementState> renew(std::string_view address, TimeUs until, std::string_view by);
  // Wants it; signs and sends it once enough do. Errors: missing, denied (ended, expired, a party
  // is no compared partner).
  Result<AgreementState> sign(std::string_view address, std::string_view by);
  Result<AgreementState> suspend(std::string_view address, std::string_view why,
                                 std::string_view by);
  // Only what this side has suspended.
  Result<AgreementState> resume(std::string_view address, std::string_view by);
  Result<AgreementState> end(std::string_view address, std::string_view why, std::string_view by);
  // Says to the others that what came under it was deleted here. Errors: denied, while it holds.
  Result<AgreementState> say_deleted(std::string_view address, std::string_view by);

  // What propose() would keep, which is not kept; `hindrance`: why it would refuse, "" if it would
  // not. Errors: invalid, for what is no agreement.
  struct Draft {
    AgreementState state{};
    std::vector<policy::Difference> differences{};
    std::string hindrance{};
  };
  Result<Draft> look_at(std::string_view text) const;

  // What it changes against what it replaces; of a first version, against nothing at all.
  Result<std::vector<policy::Difference>> differences(std::string_view address) const;

  std::shared_ptr<const AgreementBook> book() const;
  // An address, its first digits, or an agreement's id: then its newest version. Errors: missing,
  // invalid (several).
  Result<AgreementState> find(std::string_view named) const;
  Result<std::vector<AgreementAct>> acts(std::string_view address) const;  // newest first

  // Under what something may go to a compared partner, or come from it, at this time: signed by
  // all, within its dates, neither suspended nor ended. Any thread; a stop is seen at once.
  struct InForce {
    std::shared_ptr<const AgreementBook> book;  // holds what is pointed to
    std::vector<const AgreementState*> agreements;
  };
  InForce in_force(std::string_view member, TimeUs now) const;

 private:
  Agreements(const Parts& parts, store::Tables tables)
      : parts_(parts), tables_(std::move(tables)) {}

  struct Act {
    std::string_view by, act, words;
  };
  Result<void> load();
  Result<AgreementState> known(std::string_view address) const;
  Result<std::string> check_parties(const policy::Agreement& agreement) const;
  Result<const AgreementState*> replaced_by(const policy::Agreement& agreement,
                                            const AgreementBook& book) const;
  Result<AgreementState> new_state(policy::Agreement agreement, std::string_view from) const;
  Result<AgreementState> want(AgreementState state, std::string_view by);
  Result<AgreementState> keep(AgreementState state, const Act& act, std::string_view kind,
                              const Said& said);
  Result<AgreementState> set_suspended(std::string_view address, bool holds, std::string_view why,
                                       std::string_view by);
  Result<void> hear(const Partner& from, const Statement& statement);
  Result<void> hear_agreement(const Partner& from, const Statement& statement);

  Parts parts_;
  store::Tables tables_;
  mutable std::mutex one_;    // act at a time
  mutable std::mutex mutex_;  // of the book, for moments
  std::shared_ptr<const AgreementBook> book_ = std::make_shared<AgreementBook>();
};

}  // namespace tocsin::share
