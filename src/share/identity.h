// Identity: who a node is to others: what it says of itself, its Ed25519 keys, and which keys speak
// for a member over time.
//
// Keys change in two ways. A *change* is signed by the newest key and lets the old one go on until
// a date. A *recovery* is for a key that was lost or stolen: it is signed by the recovery key, ends
// every earlier key at once, and names the next recovery key, so that it serves once. The recovery
// key lies on paper, not on the node: who breaks into the node can neither use nor change it, and
// the partners keep what they know of the member. After a recovery a person must compare the
// fingerprint again before anything goes, so that a stolen paper alone opens nothing. Where both
// keys are gone, the partner's person is told by voice and revokes the key there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/signing.h"
#include "base/time.h"
#include "model/country.h"
#include "share/statement.h"

namespace tocsin::share {

// What a node says of itself.
struct Profile {
  std::string member;  // its id in the network: "cert.example.org"
  std::string name;    // of the organisation
  Country country;
  std::string url;  // where its node is reached: "https://tocsin.example.org"; no last slash
  bool operator==(const Profile&) const = default;
};
inline constexpr std::size_t profile_name_bytes_max = 100, profile_url_bytes_max = 300;

// In its one spelling. http is for loopback alone. Errors: invalid.
Result<Profile> checked(Profile profile);

struct KeySpan {
  PublicKey key;
  TimeUs from = 0, until = time_none;  // until: none: no end
  TimeUs revoked = time_none;
  std::string why{};  // it was revoked
  bool operator==(const KeySpan&) const = default;
};

// The keys of one member, as far as we know.
struct KeyRing {
  static constexpr std::size_t spans_max = 100;

  std::string member{};
  PublicKey recovery{};
  std::vector<KeySpan> spans{};  // oldest first

  // The newest, which alone may introduce another; none, if it was revoked.
  const KeySpan* head() const;
  bool holds(const PublicKey& key, TimeUs at) const;

  enum class Taken : std::uint8_t { known, changed, recovered };
  // A statement "key-change" or "key-recovery" of this member. The same one again changes nothing.
  // Errors: denied, for one that no key may make, or that names a key that was revoked; invalid.
  Result<Taken> take(const Statement& statement, TimeUs now);
  // By a person who was told. Errors: missing.
  Result<void> revoke(const PublicKey& key, TimeUs now, std::string_view why);

  bool operator==(const KeyRing&) const = default;
};

inline constexpr TimeUs key_overlap_max = 90 * us_per_day;

// `until`: of the old key; at most key_overlap_max from `at`. `to`: who is told.
Statement key_change(std::string_view member, const SigningKey& old, const SigningKey& fresh,
                     TimeUs at, TimeUs until, std::string_view to);
Statement key_recovery(std::string_view member, const SigningKey& recovery, const SigningKey& fresh,
                       const PublicKey& next_recovery, TimeUs at, std::string_view to);

// A private key as people keep it on paper: 64 hexadecimal digits in groups of four; blanks and
// line ends do not count. Errors: invalid.
std::string paper(const SigningKey& key);
Result<SigningKey> from_paper(std::string_view text);

// The node's own keys: HOME/secrets/identity.key and, until somebody takes it away, recovery.key.
class Identity {
 public:
  // `known`: the public key that partners know; none at first use: then both keys are made. A
  // change that a crash cut short is finished. Errors: missing (the file is gone: backups do not
  // hold it), denied (others may read it), invalid (another key), unavailable.
  static Result<Identity> open(const std::string& home, const std::optional<PublicKey>& known);

  const SigningKey& key() const { return key_; }

  // Two steps around the commit that makes a new key known: its file is there before, and takes
  // the old one's place after. Errors: unavailable; denied, if the key comes from elsewhere.
  static Result<void> prepare(const std::string& home, const SigningKey& fresh);
  static Result<Identity> adopt(const std::string& home, SigningKey fresh);

  Result<SigningKey> recovery() const;  // errors: missing, if it was taken away
  Result<void> forget_recovery() const;

 private:
  Identity(std::string home, SigningKey key) : home_(std::move(home)), key_(std::move(key)) {}
  std::string home_;
  SigningKey key_;
};

}  // namespace tocsin::share
