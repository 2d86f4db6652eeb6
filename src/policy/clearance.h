// Clearance: the only way anything leaves the node.
//
// Whoever serialises for others takes a Cleared<T>, never a T, and only clear() makes one, for one
// recipient; what that recipient may not know is no longer in it. Default deny: no marking is
// TLP:RED, and RED never leaves by machine. Source: DESIGN D7; FIRST TLP 2.0.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "model/batch.h"
#include "model/finding.h"
#include "model/taxonomy.h"

namespace tocsin::policy {

// What a recipient is to the subject of what it is told.
enum class Relation : std::uint8_t {
  affected,  // the organisation whose own address, name or account it is
  provider,  // one through whom it is reached: its provider, or who looks after the country
  team,      // the people who run this node
  member,    // another member of the network: what an agreement with it allows, by Gate alone
};
std::string_view name(Relation relation);

struct Recipient {
  std::string id;  // "c_12"; "team"
  Relation relation = Relation::provider;
  std::string address;  // where a channel delivers to: a mail address or URL
};

// What of a finding can be told. Its type and subject always are, or there is nothing to tell.
enum class Fact : std::uint8_t {
  identifier,  // what is wrong there
  family,
  service,  // transport and port
  seen,     // first and last time
  times,    // how often
  network,  // AS and country
  severity,
  controller,
  feeds,  // who reported it
  sector,
};
inline constexpr std::size_t facts_count = 10;
std::string_view name(Fact fact);
std::optional<Fact> fact_named(std::string_view text);

class Facts {
 public:
  constexpr Facts() = default;
  constexpr Facts(std::initializer_list<Fact> facts) {
    for (Fact fact : facts) add(fact);
  }
  constexpr void add(Fact fact) {
    bits_ = static_cast<std::uint16_t>(bits_ | 1u << static_cast<unsigned>(fact));
  }
  constexpr bool has(Fact fact) const { return (bits_ >> static_cast<unsigned>(fact) & 1) != 0; }
  constexpr Facts operator&(Facts other) const {
    Facts both;
    both.bits_ = bits_ & other.bits_;
    return both;
  }
  constexpr std::uint16_t bits() const { return bits_; }
  bool operator==(const Facts&) const = default;

 private:
  std::uint16_t bits_ = 0;
};
// Who reported it is not told unless a feed says so.
inline constexpr Facts facts_usual = {Fact::identifier, Fact::family,     Fact::service,
                                      Fact::seen,       Fact::times,      Fact::network,
                                      Fact::severity,   Fact::controller, Fact::sector};

// What a feed's provider says of those affected by what it reports.
struct Consent {
  std::optional<bool> tell_affected;  // absent: as the TLP label says
  Facts facts = facts_usual;
};

// Of one item: the strictest marking of all that is in it, and what all who reported it allow.
struct Marking {
  Tlp tlp = Tlp::unmarked;
  Consent consent;
};

// Nothing, or why not, in one sentence. Total, pure; the table is in docs/alerts.md.
// Errors: denied.
Result<void> permit(const Marking& marking, Relation relation);

// What holds on a node at a time.
struct Rules {
  std::function<Consent(std::string_view feed)> consent;  // of a feed by its name
  std::vector<Network> sensors;  // our own: never told to anybody, wherever they stand
  std::uint64_t epoch = 0;       // changes with each of them
};

// What all of the feeds allow.
Consent consent_of(std::span<const std::string> feeds, const Rules& rules);

// Counts and sentences of our own making, without a subject in them.
struct Figures {
  std::string title;
  std::vector<std::string> lines;
  Tlp tlp = Tlp::amber_strict;
};

class Gate;
struct AskedWords;
struct Letter;
struct LetterDoor;
struct ToldLetter;

template <class T>
class Cleared {
 public:
  const T& item() const { return item_; }
  const Recipient& recipient() const { return recipient_; }
  Tlp tlp() const { return tlp_; }
  std::uint64_t epoch() const { return epoch_; }

 private:
  friend Result<Cleared<Finding>> clear(Finding item, const Recipient& to, const Rules& rules);
  friend Result<Cleared<Figures>> clear(Figures item, const Recipient& to, const Rules& rules);
  friend Result<Cleared<AskedWords>> clear(AskedWords words, const Marking& marking,
                                           const Recipient& to, const Rules& rules);
  friend Result<Cleared<ToldLetter>> clear(const Letter& letter, const LetterDoor& door);
  friend class Gate;
  Cleared(T item, Recipient recipient, Tlp tlp, std::uint64_t epoch)
      : item_(std::move(item)), recipient_(std::move(recipient)), tlp_(tlp), epoch_(epoch) {}

  T item_;
  Recipient recipient_;
  Tlp tlp_;
  std::uint64_t epoch_;
};

// Clears for `to` and for nobody else. A finding keeps only the facts that are allowed; passwords
// and keys in URLs are blotted out in each of its texts; a controller that a join found is left out
// (other feeds say so, whose consent is not asked), as is each text that names a sensor of ours.
// Errors: those of permit(); denied, if the subject is or names one of our sensors.
Result<Cleared<Finding>> clear(Finding item, const Recipient& to, const Rules& rules);
// The same for an event in a batch: the row keeps only what may be told of it. What it tells about
// its time, feed and report stays, for the caller to heed `facts`.
// Errors: those of permit(); denied, if its subject is or names one of our sensors, in which case,
// as in every other, the row is as it was.
Result<void> clear_row(EventBatch& batch, std::size_t row, const Consent& consent,
                       Relation relation, const Dictionary& words, const Rules& rules);
// Figures go to the team alone. Errors: denied.
Result<Cleared<Figures>> clear(Figures item, const Recipient& to, const Rules& rules);

// Bytes that may leave, for one recipient. Made from what was cleared; channels take nothing else.
class Outgoing {
 public:
  // `cleared` is not empty and of one recipient; anything else is a bug. `id`: the same for the
  // same thing however often it is sent.
  template <class T>
  static Outgoing pack(std::span<const Cleared<T>> cleared, std::string id, std::string bytes) {
    Outgoing out;
    for (const auto& item : cleared) out.add(item.recipient(), item.tlp());
    out.finish(std::move(id), std::move(bytes));
    return out;
  }
  const Recipient& recipient() const { return recipient_; }
  const std::string& id() const { return id_; }
  const std::string& bytes() const { return bytes_; }
  Tlp tlp() const { return tlp_; }  // the strictest of what is in it

 private:
  Outgoing() = default;
  void add(const Recipient& recipient, Tlp tlp);
  void finish(std::string id, std::string bytes);
  Recipient recipient_;
  std::string id_, bytes_;
  Tlp tlp_ = Tlp::clear;
  bool any_ = false;
};

// A URL with user name and password, and the values of parameters that look like a secret, replaced
// by "***".
std::string without_secrets(std::string_view url);

}  // namespace tocsin::policy
