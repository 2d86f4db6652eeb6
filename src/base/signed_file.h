// Signed files: one file that carries an Ed25519 signature over every byte of itself, and the key
// files that make and check it.
//
// Layout: "TSSIGN01", 8 bytes that name the key, 64 bytes of signature, the payload. The signature
// is Ed25519ph (RFC 8032 section 5.1) over the first 16 bytes and the payload, so that files larger
// than memory can be checked; any changed byte makes the file another, unsigned one.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tocsin::signing {

inline constexpr std::size_t head_bytes = 8 + 8 + 64;

// Writes PATH.key (mode 0600) and PATH.pub. Errors: invalid (one is there already), unavailable.
Result<void> make_keys(const std::string& path);

struct PublicKey {
  std::array<std::uint8_t, 8> id{};
  std::array<std::uint8_t, 32> key{};
};
// Errors: missing; invalid, if the file is no such key.
Result<PublicKey> read_public(const std::string& path);

// Writes the signed form of the file `payload` to `out`. Errors: missing, invalid (no key),
// unavailable.
Result<void> sign(const std::string& payload, const std::string& secret_key,
                  const std::string& out);

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

// The file, open, its payload from head_bytes on; only if `key` has signed all of it.
// Errors: missing; denied, if it is not so signed; nothing of it may then be used.
Result<OpenFile> open_verified(const std::string& path, const PublicKey& key);

}  // namespace tocsin::signing
