#include "node/accounts.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/sink.h"

namespace tocsin::node {
namespace {

// Exactly as masked_account() makes it: reports may hold what only looks like it.
bool is_masked(std::string_view account) {
  constexpr std::size_t digits = 16;
  std::size_t at = account.rfind('#');
  return at != account.npos && account.size() - at - 1 == digits &&
         account.find_first_not_of("0123456789abcdef", at + 1) == account.npos &&
         ingest::masked_text(account.substr(0, at)) == account.substr(0, at);
}

}  // namespace

std::string masked_account(std::string_view account, const store::Counts::Key& key) {
  if (account.empty() || is_masked(account)) return std::string(account);
  std::size_t at = account.find('@');
  if (at != account.npos) account = account.substr(0, account.find(':', at));
  std::string same = text::lower(account);
  std::array<unsigned char, 8> hash{};
  std::string salted = "account\n" + same;
  crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(salted.data()),
                   salted.size(), key.data());
  return ingest::masked_text(account) + '#' +
         hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

void mask_accounts(EventBatch& b, const store::Counts::Key& key) {
  bool any = false;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (b.account[i].empty()) continue;
    b.account[i] = b.keep(masked_account(b.text(b.account[i]), key));
    any = true;
  }
  if (any) b.compact();
}

}  // namespace tocsin::node
