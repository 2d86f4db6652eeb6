// Partners: the members that this node knows: whom it invited, whose keys and certificates it has
// pinned, and with whom it speaks.
//
// Who joined is *to compare* until a person here has compared the fingerprint with a person there;
// only a *compared* partner is anybody: its tokens and certificates let it in, its statements are
// heard. A *stopped* one is nobody from that moment on. Readers look at a book, which changes as a
// whole. All is kept in the journal's SQLite file, the node's own keys and tokens in HOME/secrets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "share/identity.h"
#include "share/invitation.h"
#include "share/statement.h"
#include "store/tables.h"

namespace tocsin::share {

enum class PartnerState : std::uint8_t { to_compare, compared, stopped };  // stored: append only
std::string_view name(PartnerState state);                                 // "to compare"

struct Partner {
  Profile profile{};
  KeyRing keys{};
  std::vector<std::string> pins{};
  std::string transcript{};  // of the join
  PartnerState state = PartnerState::to_compare;
  TimeUs joined = 0, changed = 0;  // changed: when the state did
  std::string by{}, why{};         // who changed it, and why
  std::string fingerprint{};       // to compare; "" while no key speaks for it or for us
  std::size_t tokens = 0;          // with which it may call
};

// What holds at one moment. Immutable.
class PartnerBook {
 public:
  std::uint64_t epoch() const { return epoch_; }
  const std::map<std::string, Partner, std::less<>>& all() const { return partners_; }
  const Partner* find(std::string_view member) const;  // in any state; nullptr: there is none
  // Only one that was compared.
  const Partner* speaking(std::string_view member) const;
  const Partner* by_token(std::string_view token) const;
  const Partner* by_pin(std::string_view pin) const;  // of a certificate's public key

 private:
  friend class Partners;
  std::uint64_t epoch_ = 0;
  std::map<std::string, Partner, std::less<>> partners_;
  std::map<std::string, std::string, std::less<>> tokens_;  // SHA-256 in hexadecimal -> member
};

struct GivenInvitation {
  std::string id{}, note{}, by{};
  TimeUs made = 0, until = 0, withdrawn = time_none, used = time_none;
  std::string member{};  // who used it
};

// What is to be said to a member and has not reached it; `why`: what the last try met with.
struct Unsaid {
  std::size_t statements = 0, tries = 0;
  std::string why{};
};

struct PartnerAct {
  TimeUs at = 0;
  std::string by{}, member{}, act{}, words{};  // by: a user, or the member itself
};

class Partners {
 public:
  static constexpr std::size_t partners_max = 1000, invitations_max = 1000, tokens_max = 10,
                               waiting_max = 1000, acts_max = 100;

  struct Parts {
    store::Journal& journal;  // outlives it
    std::string home;
    std::function<TimeUs()> now;
    // Posts a statement to a member's node, whose certificate has one of the pins, and gives what
    // it answers. Errors: denied, invalid, missing: it refuses; unavailable.
    std::function<Result<std::string>(const Profile& to, const std::vector<std::string>& pins,
                                      const std::string& statement)>
        post;
  };
  static Result<std::unique_ptr<Partners>> open(Parts parts);

  // Who we are; makes the keys at first use. Errors: invalid, also if partners know us by another
  // id; those of Identity::open().
  Result<void> introduce(Profile profile, std::vector<std::string> pins);
  Result<Introduction> self() const;  // errors: missing, until introduce() was called

  // --- what persons here do

  struct Invited {
    std::string id, code;
    TimeUs until = 0;
  };
  // `note`: for whom. Errors: invalid; missing (we are nobody yet).
  Result<Invited> invite(std::string_view note, TimeUs until, std::string_view by);
  Result<void> withdraw(std::string_view invitation, std::string_view by);
  Result<std::vector<GivenInvitation>> invitations() const;  // newest first

  // Asks whoever gave the code. What a lost answer left open is asked again. Errors: those of
  // read_code(), post and finish_join().
  Result<Partner> join(std::string_view code, std::string_view by);
  // `fingerprint`: as the other side's person said it; blanks do not count. Errors: denied, if it
  // is another; missing.
  Result<Partner> compare(std::string_view member, std::string_view fingerprint,
                          std::string_view by);
  // At once, even where the disk fails: then until the node ends, and the error says so.
  Result<Partner> stop(std::string_view member, std::string_view by, std::string_view why);
  // Its keys and tokens were lost or stolen, as somebody there told us: nothing speaks for it until
  // it recovers or is invited anew, and is compared.
  Result<Partner> revoke(std::string_view member, std::string_view by, std::string_view why);
  // One more token for programs of a partner; shown this once.
  Result<std::string> make_token(std::string_view member, std::string_view by);
  // With which we call a partner. Errors: missing; those of secret::read().
  Result<std::string> token_for(std::string_view member) const;

  static std::string token_secret(std::string_view member);  // the name of that secret

  // A new key of ours; the old one goes on until `until`. Partners are told. Open invitations end.
  Result<PublicKey> change_key(TimeUs until, std::string_view by);
  // After a loss: `paper` has the recovery key. Gives the next one's paper, which is nowhere else.
  Result<std::string> recover_key(std::string_view paper, std::string_view by);
  Result<std::string> recovery_paper() const;  // errors: missing, if it was taken away
  Result<void> forget_recovery(std::string_view by);

  // --- what other nodes say

  // A statement that came in; what to answer. Errors: denied, invalid, missing.
  Result<std::string> hear(std::string_view statement);
  // Statements of other kinds by a compared partner's key, to us. Whoever knows "request" also
  // hears what begins with "request-". Before the first statement comes.
  using Hears = std::function<Result<void>(const Partner& from, const Statement& statement)>;
  void hears(std::string_view kind, Hears hear);

  // Signs as this node and keeps it for sending to those of the members that are compared partners;
  // `kept` is part of the same transaction. `at`: when; time_none is now. Errors: missing; invalid
  // (too long); unavailable.
  Result<void> say(const std::vector<std::string>& members, std::string_view kind, const Said& said,
                   const store::Tables::Body& kept, TimeUs at = time_none);
  // Sends what is due, of one member or all. Gives how many are left waiting.
  Result<std::size_t> deliver(std::string_view member = {});
  // A compared partner's certificates from here on, as it said. Errors: denied: one of another.
  Result<void> take_pins(const std::string& member, std::vector<std::string> pins);
  // Signs with the node's key, as for an agreement. Errors: missing.
  Result<void> with_key(const std::function<Result<void>(const SigningKey&)>& work) const;

  std::shared_ptr<const PartnerBook> book() const;
  Result<std::vector<PartnerAct>> acts(std::string_view member) const;  // newest first
  Result<std::map<std::string, Unsaid, std::less<>>> unsaid() const;    // by member

 private:
  Partners(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}

  struct Act {
    std::string_view by, act, words;
  };
  struct Us {
    std::shared_ptr<const Introduction> says;
    std::shared_ptr<const Identity> identity;
    Self self() const { return {*says, identity->key()}; }
  };
  Result<void> load();
  Result<Us> us() const;
  Result<Partner> known(std::string_view member) const;
  Result<void> may_join(const Introduction& who) const;
  Result<Partner> keep_joined(const Joined& joined, const Act& act,
                              const store::Tables::Body& also);
  Result<Partner> keep(Partner partner, const Act& act, const std::string& token, bool drops_tokens,
                       const store::Tables::Body& also);
  Result<std::string> answer(const Statement& request);
  Result<std::string> take_key(const Statement& statement);
  Result<Joined> ask(const Us& us, const Invitation& invitation);
  Result<void> take_up(SigningKey fresh, const PublicKey& recovery, const Act& act,
                       const std::function<Statement(const std::string& to)>& tell);
  void publish(PartnerBook book);
  void publish_locked(PartnerBook book);

  Parts parts_;
  store::Tables tables_;
  std::map<std::string, Hears, std::less<>> hearers_;  // by the first word of the kind
  mutable std::mutex one_;                             // act at a time
  mutable std::mutex sending_;                         // delivery at a time
  mutable std::mutex mutex_;                           // of what follows, for moments
  std::set<std::string, std::less<>> stopping_;        // nobody, whatever a book says
  std::shared_ptr<const PartnerBook> book_ = std::make_shared<PartnerBook>();
  std::shared_ptr<const Identity> identity_;
  std::shared_ptr<const Introduction> self_;
  Profile profile_;  // as it was introduced; also while its key is missing
  std::vector<std::string> pins_;
};

}  // namespace tocsin::share
