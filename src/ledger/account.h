// Account: what a member's log says of its exchange with one other, with a proof for each entry.
// Two members compare their accounts of each other; a third can do it for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/head.h"

namespace tocsin::ledger {

struct AccountEntry {
  std::uint64_t index = 0;
  Leaf leaf;
  Sha256 hash{};
  std::vector<Sha256> proof;                 // that it is in the account's head
  std::optional<Shown> shown;                // of a receipt
  std::optional<Acknowledged> acknowledged;  // of a release
};

struct Account {
  std::string to;          // whom it is about, and for
  Head head;               // head.node: whose it is
  std::vector<Head> seen;  // heads of others that the owner holds
  struct Since {           // that an earlier head of the log is the beginning of this one
    Tree tree;
    std::vector<Sha256> proof;
  };
  std::optional<Since> since;
  // In the order of the log: its opening, changes of its key, and all releases to, outcomes of them
  // and receipts from the other.
  std::vector<AccountEntry> entries;
};

// A line for the account, then one for each entry. Canonical.
std::string account_text(const Account& account);
// Reads and checks it: signatures, proofs, what belongs together. Whose keys they are, is the
// caller's to know: keys_of(). Errors: invalid: "entry 17: ..." or "the heading: ...".
Result<Account> read_account(std::string_view file);
// Those that the log says sign its heads, the first one first.
std::vector<PublicKey> keys_of(const Account& account);

}  // namespace tocsin::ledger
