// Accounts: whose account was stolen is stored only as masked text with a keyed hash, so that one
// account can be told from another and be found again by who knows it, and by nobody else.
// `jane.doe@example.org` becomes `j***@example.org#8a6f1c20e5d3b974`. Source: DESIGN D5, D7.
#pragma once

#include <string>
#include <string_view>

#include "model/batch.h"
#include "store/counts.h"

namespace tocsin::node {

// Under the node's key. A password after it, as in `jane@example.org:hunter2`, is left out. What is
// masked already stays as it is.
std::string masked_account(std::string_view account, const store::Counts::Key& key);

// All of a batch; its arena holds none of them afterwards.
void mask_accounts(EventBatch& batch, const store::Counts::Key& key);

}  // namespace tocsin::node
