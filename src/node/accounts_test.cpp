#include "node/accounts.h"

#include "test.h"

namespace tocsin::node {

TEST_CASE("an account that begins with @ is masked whole, and once") {
  store::Counts::Key key{7};
  std::string handle = masked_account("@handle", key);
  CHECK(handle.starts_with("@***#"));
  CHECK(handle == masked_account(handle, key));
  std::string jane = masked_account("@jane@example.org", key);
  CHECK(jane.starts_with("@***@example.org#"));
  CHECK(jane == masked_account(jane, key));
  const char* older = "@***@handle#0123456789abcdef";  // as it was stored once
  CHECK(masked_account(older, key) == older);
}

}  // namespace tocsin::node
