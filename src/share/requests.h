// Requests: what a member asks another to do: take something down, preserve it, confirm it, tell
// its owner; and to those who are no members, by mail. Each act is said to the other side under the
// node's key and heard there; what it tells goes under an agreement, judged at both doors.
//
// The asker withdraws, the asked accepts, refuses with a reason, and says that it is done; where a
// withdrawal and an answer cross, what the asked did counts. docs/requests.md has the walk.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/letter.h"
#include "share/agreements.h"
#include "share/partners.h"
#include "store/tables.h"

namespace tocsin::share {

// Numbers are stored: append only.
enum class RequestKind : std::uint8_t { take_down, preserve, confirm, tell_owner };
enum class RequestState : std::uint8_t { open, accepted, refused, done, withdrawn };
enum class Refusal : std::uint8_t {
  none,
  no_mandate,
  not_illegal_here,
  not_ours,
  not_found,
  not_enough_evidence,
  too_late,
  other,
  no_agreement,  // said by the node itself: no agreement lets the request in
};
std::string_view name(RequestKind kind);    // "take-down"
std::string_view name(RequestState state);  // "open"
std::string_view name(Refusal refusal);     // "no-mandate"; "" for none
std::optional<RequestKind> request_kind_named(std::string_view text);
std::optional<RequestState> request_state_named(std::string_view text);
std::optional<Refusal> refusal_named(std::string_view text);

// What is asked.
struct RequestAsk {
  RequestKind kind = RequestKind::take_down;
  std::string finding{};  // of ours, "f_…": never told; what it is about is then the finding's
  std::string item{};     // STIX id of an item that both have
  // ip, name, url or account; as it was heard also "network". "": it names an item alone.
  std::string sort{}, subject{};
  std::optional<Type> type{};
  Country country{};
  std::string sector{};
  Tlp tlp = Tlp::unmarked;
  Pap pap = Pap::unmarked;
  std::string words{}, legal_basis{};  // a line each
  TimeUs deadline = time_none;
};

// Where a request to somebody who is no member stands on its way. Stored: append only.
enum class MailState : std::uint8_t { none, queued, sent, failed };
std::string_view name(MailState state);

struct Request {
  std::string id{};
  bool ours = false;         // asked by this node
  std::string member{};      // the other side; "": no member
  std::string mail_to{};     // ... its mail address, and what it is to the subject
  bool to_affected = false;  // else a provider
  RequestAsk ask{};          // as we have it; of what was refused at the door nothing
  std::string told{};        // ours, to a member: what of the subject went; "": nothing
  std::string agreement{};   // content address of what it went or came under
  RequestState state = RequestState::open;
  Refusal refusal = Refusal::none;
  std::string by{};             // who asked: a person here, or the member
  TimeUs at = 0;                // when it was said, in whole seconds
  TimeUs answered = time_none;  // when a person of the other side first answered, by its statement
  TimeUs changed = 0;
  std::uint64_t said = 0, heard = 0;  // numbers of the last acts
  MailState mail = MailState::none;
  std::string message_id{}, mail_error{};
  unsigned mail_tries = 0;
  TimeUs mail_next = 0;

  bool is_over() const { return state > RequestState::accepted; }
  bool is_late(TimeUs now) const {
    return !is_over() && ask.deadline != time_none && ask.deadline < now;
  }
};

struct RequestAct {
  TimeUs at = 0;
  std::string by{}, act{}, refusal{}, words{};
};

// Of one partner: the same figures on both sides, mirrored, once all was heard. Seconds from a
// request to its first answer by a person, least first.
struct RequestTimes {
  struct Side {
    std::uint64_t asked = 0, open = 0, late = 0;
    std::vector<std::uint64_t> answers_s{};
  };
  std::string member{};
  Side ours{}, theirs{};  // by who asked
};

class Requests {
 public:
  static constexpr std::size_t words_bytes_max = 2000, basis_bytes_max = 500,
                               open_of_one_max = 1000, requests_max = 100'000, acts_max = 1000;

  // What a finding of ours is, as a request about it may tell.
  struct About {
    std::string sort{}, subject{}, sector{};
    Type type = Type::undetermined;
    Country country{};
    Tlp tlp = Tlp::unmarked;
    policy::FeedTerms feed{};
  };
  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    Agreements& agreements;
    std::function<TimeUs()> now;
    std::vector<Network> sensors{};  // our own
    // Errors: missing; denied: nobody is asked about it (an exercise).
    std::function<Result<About>(std::string_view finding)> about{};
    // Writes down what was turned away at the door.
    std::function<Result<void>(std::string_view member, std::string_view what)> refused{};
    // By mail: errors: invalid, denied: this could not be sent as it is.
    std::function<Result<void>(const Request& request)> may_mail{};
    std::string mail_domain{};  // for Message-Ids
  };
  // Hears what partners say of requests, from now on.
  static Result<std::unique_ptr<Requests>> open(Parts parts);

  // --- what persons here do; `by`: a user. Each gives the request as it then is.

  // Errors: invalid; missing (no such partner or finding); denied: no agreement lets it go.
  Result<Request> ask(std::string_view member, RequestAsk ask, std::string_view by);
  // By mail, to an address of a provider or of those affected; needs a subject. Sent by whoever
  // calls due_mail().
  Result<Request> ask_by_mail(std::string_view address, bool affected, RequestAsk ask,
                              std::string_view by);
  struct Act {
    std::string_view act;  // accept, refuse, done, withdraw, comment
    Refusal refusal = Refusal::none;
    std::string_view words{};
  };
  // By a member the asked side answers, here for our part; what those without a node answered is
  // noted by a person here. Errors: denied: not this side's to do, or not in this state; no
  // agreement lets the words go.
  Result<Request> act(std::string_view id, const Act& act, std::string_view by);

  // --- reading

  struct Filter {
    std::string member{};
    std::optional<RequestState> state{};
    bool open = false, late = false;  // not over; past its deadline
    std::optional<bool> ours{};
    std::size_t limit = 1000;
  };
  Result<std::vector<Request>> list(const Filter& filter) const;  // newest first
  Result<Request> find(std::string_view id) const;  // or its first digits. Errors: missing, invalid
  Result<std::vector<RequestAct>> acts(std::string_view id) const;  // oldest first
  Result<std::vector<RequestTimes>> times() const;

  // --- mail

  Result<std::vector<Request>> due_mail() const;
  struct Mailed {
    MailState state = MailState::sent;
    std::string error{};
    TimeUs next = 0;  // if it stays queued
  };
  Result<void> settle_mail(const std::string& id, const Mailed& mailed);

 private:
  Requests(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}

  struct Note {
    std::string_view by, act, words{};
    Refusal refusal = Refusal::none;
    TimeUs at = 0;
  };
  Result<policy::Letter> letter_of(RequestAsk& ask) const;
  Result<policy::LetterDoor> door(std::string_view member, bool out) const;
  Result<std::string> checked_words(const Request& request, std::string_view words) const;
  Result<void> keep(const Request& request, const Note& note);
  Result<void> say(const Request& request, std::string_view kind, const Said& said,
                   const Note& note);
  Result<void> hear(const Partner& from, const Statement& statement);
  Result<void> hear_request(const Partner& from, const Statement& statement);
  Result<void> turn_away(const Request& request, std::string_view code);
  Result<void> hear_act(const Partner& from, const Statement& statement);
  Result<std::optional<Request>> known(std::string_view id) const;
  Result<bool> is_full(std::string_view member) const;

  Parts parts_;
  store::Tables tables_;
  mutable std::mutex one_;  // act at a time
};

}  // namespace tocsin::share
