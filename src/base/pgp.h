// OpenPGP: decrypting what was sent to us, by GnuPG through gpgme.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::pgp {

// `home`: the GNUPGHOME that holds the secret keys; its own, never the user's. `passphrase`: of the
// key, "" if it has none. GnuPG asks nobody else. Blocks. Errors: denied (no fitting key, wrong
// passphrase), invalid (no OpenPGP message, broken, larger than `bytes_max`), unavailable (no
// GnuPG).
Result<std::string> decrypt(std::string_view message, const std::string& home,
                            const std::string& passphrase, std::size_t bytes_max);

// Does it begin as an armoured message?
bool is_armoured(std::string_view text);

}  // namespace tocsin::pgp
