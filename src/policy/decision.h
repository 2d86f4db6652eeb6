// Decision: may this item go from this member to that one under this agreement, now?
//
// A pure function that always answers, where nothing is allowed unless a rule says so and where
// each further restriction releases less or the same. The same function stands at both doors: at
// ingress it says what a partner should not have sent. docs/agreements.md has the tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/agreement.h"

namespace tocsin::policy {

// What the recipient is to the item.
enum class PartyRole : std::uint8_t { originator, affected, third };

// What the provider of the feed that an item came from says of passing it on.
struct FeedTerms {
  std::optional<bool> may_pass_on;  // absent: not said
  std::vector<Purpose> purposes;    // empty: any
  std::optional<bool> tell_affected;
  Facts facts = facts_usual;
  bool operator==(const FeedTerms&) const = default;
};

// What a decision looks at. Nothing said is the strictest.
struct Item {
  ItemKind kind = ItemKind::event;
  std::optional<Type> type;
  std::string sector;       // "": unknown
  Country country;          // of its subject
  Tlp tlp = Tlp::unmarked;  // a marking that we do not know is red
  Pap pap = Pap::unmarked;
  std::optional<std::uint8_t> confidence;
  std::optional<Distribution> distribution;  // absent: it does not come from MISP
  bool in_sharing_group = false;  // the recipient is in the item's, and the group may travel
  PartyRole role = PartyRole::third;
  bool relayed = false;          // a third member's, not the sender's own
  std::optional<Onward> onward;  // what its originator lets the sender do; absent: nothing
  bool has_consent = false;      // the originator's, to pass it to this recipient
  bool same_terms = false;  // this agreement allows nothing that the one it came under does not
  // Of what goes as it is or not at all: would the agreement change it, does it name who made it?
  bool would_be_changed = false, names_originator = false;
  FeedTerms feed;
  std::vector<std::string> fields;  // parts or event fields that it has; looked at at ingress
};

enum class Direction : std::uint8_t { egress, ingress };

enum class Standing : std::uint8_t {
  proposed,  // not signed by every party
  active,
  suspended,
  ended,  // or revoked
};
std::string_view name(Standing standing);

struct Context {
  TimeUs now = 0;
  std::string from, to;  // member ids
  Direction direction = Direction::egress;
  Standing standing = Standing::proposed;
  Purpose purpose = Purpose::defence;
  std::optional<std::uint64_t> quota_left;  // of today; absent: not counted
};

// Codes are in the ledger and in answers to partners: append only.
enum class Reason : std::uint8_t {
  released,
  unknown_party,
  unsigned_agreement,
  not_yet_valid,
  expired,
  suspended,
  ended,
  other_purpose,
  tlp_red,
  tlp_unmarked,
  no_rule_this_way,
  tlp_too_strict,
  pap_too_strict,
  other_kind,
  other_type,
  other_sector,
  other_country,
  low_confidence,
  affected_not_told,
  field_not_wanted,
  onward_none,
  onward_without_consent,
  onward_other_terms,
  quota_used_up,
  feed_forbids,
  feed_does_not_say,
  feed_other_purpose,
  distribution_too_narrow,
  not_in_sharing_group,
  would_be_changed,
  originator_named,
};
inline constexpr std::size_t reasons_count = 31;
std::string_view name(Reason reason);  // "tlp-too-strict"
Clause clause_of(Reason reason);

// The bare answer, for each of many items: allocates nothing.
struct Verdict {
  Reason reason = Reason::no_rule_this_way;
  int rule = -1;  // the first that allows it, or that comes nearest; -1: none, or not asked
  bool released() const { return reason == Reason::released; }
};
Verdict judge(const Item& item, const Agreement& agreement, const Context& context);

// What becomes of one part or field; several are applied in the order generalise, pseudonymise,
// hash.
struct Treatment {
  std::string field;
  bool drop = false, pseudonymise = false, hash = false;
  std::optional<Coarse> coarse;  // generalise
  bool operator==(const Treatment&) const = default;
};

// What is to be done with whatever goes this way: all transforms that name a field, and what
// follows from them. Raw and extra are dropped unless the agreement includes them; the originator
// goes as attribution says; of what is relayed anonymised, whatever names somebody is dropped.
// Where anything that names somebody is changed, raw, extra, text, ids of others and reverse DNS
// are dropped, and networks and controllers are treated as addresses are. The text of opinions,
// notes and requests stays: it is the item. A name, URL or such text in which an address stands is
// an address: who applies this looks. In the order of the fields' names.
std::vector<Treatment> treatments(const Item& item, const Agreement& agreement,
                                  const Context& context);

// All that is said of one part or field, also under the name of its part.
Treatment treatment_of(const std::vector<Treatment>& treatments, std::string_view field);

struct Decision {
  bool released = false;
  Reason reason = Reason::no_rule_this_way;
  Clause clause = Clause::parties;  // that decided; if released, that of its rule's marking
  int rule = -1;                    // see Verdict
  std::vector<Reason> also;         // further reasons, in the order of clauses
  std::string sentence;             // "withheld by clause 4 (marking): ..."
  std::string counterfactual;       // "would pass if max_tlp were AMBER"; "" if released
  // If released:
  std::vector<Treatment> treatments;
  std::optional<Facts> facts;                // of what is told to those affected: nothing else
  std::optional<Distribution> distribution;  // lowered by the hop
  Onward onward = Onward::none;              // what the recipient may do with it
  bool may_tell_affected = false;
  std::uint32_t retention_days = 0;
};

// Total: answers for any values, also those no enumeration has. The counterfactual is the first
// single change, in the order of clauses, after which judge() releases the item.
Decision decide(const Item& item, const Agreement& agreement, const Context& context);

// {"clause":...,"released":...}: keys sorted.
std::string decision_json(const Decision& decision);

// Errors: invalid, with the key; see docs/agreements.md for the keys. Unknown keys are wrong.
Result<Item> read_item(std::string_view json);

}  // namespace tocsin::policy
