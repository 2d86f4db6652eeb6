// Secrets: keys and passwords from files, never from the configuration.
//
// A secret has a name. Its text is looked for in $CREDENTIALS_DIRECTORY/NAME (systemd
// LoadCredential) and then in HOME/secrets/NAME, a file that only its owner may read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::secret {

// The text without a last line end; at most 64 KiB.
// Errors: invalid (a bad name, empty, too large), denied (others may read the file, or it is
// another user's), missing (with the two places that were looked at).
Result<std::string> read(std::string_view name, const std::string& home);

// [A-Za-z0-9._-]{1,64}, no dot in front.
bool is_name(std::string_view name);

// Why `value` under `key` of a configuration must be a secret by its look: a private key, a
// password in a URL, a key or password by the key's name, a long random token. nullopt: it does not
// look like one.
std::optional<std::string_view> looks_like_one(std::string_view key, std::string_view value);

// What to do instead, for a message: the command that makes the file.
std::string how_to_store(std::string_view name);

}  // namespace tocsin::secret
