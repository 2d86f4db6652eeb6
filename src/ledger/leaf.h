// Leaf: one act in a node's log: what it is, and the one spelling of it that is hashed.
//
// A leaf names members, agreements and numbers; of items it holds the root over their salted
// hashes, and of what people wrote a salted hash. So nothing in it names a subject, and erasing a
// subject changes no leaf. Each leaf has a salt of its own: its hash, which stands in proofs for
// other members, cannot be guessed. docs/ledger.md has the members.
// Source: DESIGN D9; RFC 8785 for the spelling.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/signing.h"
#include "base/time.h"
#include "ledger/merkle.h"

namespace tocsin::ledger {

// A leaf somewhere: the log's id is the hash of its first leaf.
struct Place {
  Sha256 log{};
  std::uint64_t index = 0;
  auto operator<=>(const Place&) const = default;
};

// The log that another one takes the place of, as a restored backup has it.
struct Predecessor {
  Sha256 log{};
  Tree tree;
  bool operator==(const Predecessor&) const = default;
};

// The first leaf of a log.
struct Opening {
  std::string node;  // member id
  PublicKey key;     // that signs the log's heads
  std::optional<Predecessor> before;
  bool operator==(const Opening&) const = default;
};

inline constexpr std::string_view name_count = "name";

// Items for one recipient. Durable before their bytes leave.
struct Release {
  std::string to;                     // member id
  std::optional<Sha256> agreement;    // absent: under none, by a person
  std::uint64_t epoch = 0;            // of the policy
  std::string via;                    // the exchange: "taxii"
  std::uint64_t from = 0, until = 0;  // in the node's own order of items: from, before `until`
  Sha256 items{};                     // root over item_hash() of each
  std::uint64_t count = 0;
  // By kind, and type or verdict where there is one: "event infected-system", "opinion false";
  // name_count alone where ids and versions went, and no content.
  std::map<std::string, std::uint64_t> counts;
  std::vector<Place> answers;          // releases to us whose requests this answers
  std::optional<std::uint64_t> under;  // the policy act that allowed it, of an emergency release
  bool operator==(const Release&) const = default;
};

// What did not go: one for each commit, recipient and clause.
struct Denial {
  std::string to;
  std::optional<Sha256> agreement;
  std::uint64_t epoch = 0, commit = 0, count = 0;
  std::uint32_t clause = 0;  // docs/agreements.md
  bool operator==(const Denial&) const = default;
};

// What became of a release. A release may have several: sent, then received.
struct Outcome {
  std::uint64_t of = 0;
  std::string outcome;            // sent, received, failed, unknown (the node ended in between)
  std::optional<Sha256> receipt;  // evidence() of the recipient's answer
  bool operator==(const Outcome&) const = default;
};

// What a partner's release brought.
struct Receipt {
  std::string from;
  Place release;  // in the partner's log
  Sha256 leaf{};  // its hash there
  Sha256 items{};
  Sha256 shown{};  // evidence() of how it was shown: with its head and proof
  std::uint64_t taken = 0;
  std::map<std::string, std::uint64_t> refused;  // by clause, "4"; "" is never a key
  bool operator==(const Receipt&) const = default;
};

// A change of what may go: "signed", "suspended", "ended", "stopped", "emergency" ...
struct PolicyAct {
  std::string what, with;  // with: a member id
  std::optional<Sha256> agreement;
  std::uint64_t epoch = 0;        // from here on
  std::optional<Sha256> details;  // commitment() to who did it and why
  bool operator==(const PolicyAct&) const = default;
};

// The head over this leaf is the last that the key before signs; then this one does.
struct KeyChange {
  PublicKey key;
  bool operator==(const KeyChange&) const = default;
};

// What was kept beside leaves and is no more: words of details that an erasure masked, hashes of
// items whose time is over.
struct Dropped {
  struct Masked {
    std::uint64_t of = 0;
    Sha256 details{};  // commitment() to what is left of them
    bool operator==(const Masked&) const = default;
  };
  std::optional<Sha256> log;  // absent: this one; else one before it
  std::vector<Masked> details;
  std::uint64_t items_below = 0;  // of the releases below this index; 0: of none
  bool operator==(const Dropped&) const = default;
};

using Body =
    std::variant<Opening, Release, Denial, Outcome, Receipt, PolicyAct, KeyChange, Dropped>;
using Salt = std::array<std::uint8_t, 16>;

struct Leaf {
  TimeUs at = 0;
  Salt salt{};
  Body body;
  bool operator==(const Leaf&) const = default;
};

inline constexpr std::size_t leaf_bytes_max = 64 << 10, items_max = 1 << 16;

std::string_view kind_of(const Body& body);  // "release"
// The member that a leaf is about, other than the node itself; "": none.
std::string_view partner_of(const Body& body);

// Canonical JSON. Texts that are no UTF-8 and numbers beyond 2^53 - 1 are bugs.
std::string leaf_text(const Leaf& leaf);
// Errors: invalid: larger than leaf_bytes_max, an unknown kind or member, any other spelling than
// leaf_text()'s.
Result<Leaf> read_leaf(std::string_view text);

// An item as it went: the SHA-256 of its bytes, which both sides have, under a salt of 16 octets at
// least that goes with it. The salt lies where the item does and is erased with it.
Sha256 item_hash(std::string_view salt, const Sha256& item);
Sha256 items_root(std::span<const Sha256> items);
// Of an item's secret, a salt for one recipient: two partners cannot tell by their salts that they
// got the same.
std::string item_salt(std::string_view secret, std::string_view recipient);
// To a text that people wrote. `salt`: 16 octets, kept beside the text and dropped with it.
Sha256 commitment(std::string_view salt, std::string_view text);
// Of a JSON text that somebody signed, kept beside the leaf that holds this.
Sha256 evidence(std::string_view json);

}  // namespace tocsin::ledger
