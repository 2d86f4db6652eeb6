#include "share/identity.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/durable_file.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/transfer.h"

namespace tocsin::share {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view key_name = "identity.key", next_name = "identity.next.key",
                           recovery_name = "recovery.key";

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

std::string path_of(const std::string& home, std::string_view name) {
  return fmt::format("{}/secrets/{}", home, name);
}

// Only for its owner.
Result<void> write_key(const std::string& home, std::string_view name, const SigningKey& key) {
  std::error_code failed;
  fs::create_directories(home + "/secrets", failed);
  fs::permissions(home + "/secrets", fs::perms::owner_all, failed);
  std::string text = hex(key.seed()) + "\n";
  auto written = DurableFile::replace(path_of(home, name), text);
  sodium_memzero(text.data(), text.size());
  return written;
}

void remove_key(const std::string& home, std::string_view name) {
  std::error_code failed;
  fs::remove(path_of(home, name), failed);
}

// nullopt: there is none.
Result<std::optional<SigningKey>> read_key(const std::string& home, std::string_view name) {
  auto text = secret::read(name, home);
  if (!text && text.error().fault == Fault::missing) return std::nullopt;
  std::string digits = TRY(std::move(text));
  auto key = from_paper(digits);
  sodium_memzero(digits.data(), digits.size());
  if (!key) return invalid(fmt::format("{} holds no key", path_of(home, name)));
  return *std::move(key);
}

std::string proof_text(std::string_view member, const PublicKey& by, const PublicKey& fresh) {
  return fmt::format("tocsin key proof 1\n{}\n{}\n{}\n", member, by.text(), fresh.text());
}

Said introducing(std::string_view member, const SigningKey& by, const SigningKey& fresh,
                 std::string_view to) {
  return {{"new_key", fresh.public_key().text()},
          {"proof", hex(fresh.sign(proof_text(member, by.public_key(), fresh.public_key())))},
          {"to", std::string(to)}};
}

// The key that a statement introduces, which its owner has signed with too.
Result<PublicKey> introduced(const Statement& s) {
  PublicKey fresh = TRY(PublicKey::parse(s["new_key"]));
  std::string proof(signature_size, '\0');
  std::size_t size = 0;
  std::string_view digits = s["proof"];
  if (sodium_hex2bin(reinterpret_cast<unsigned char*>(proof.data()), proof.size(), digits.data(),
                     digits.size(), nullptr, &size, nullptr) != 0 ||
      size != proof.size() || !fresh.verifies(proof_text(s.member, s.key, fresh), proof))
    return denied("the new key has not signed that it is " + s.member + "'s");
  return fresh;
}

}  // namespace

Result<Profile> checked(Profile profile) {
  if (!is_member(profile.member))
    return invalid("a member's id has small letters, digits, '.', '_', '-', 64 at most, not " +
                   text::quote(profile.member));
  profile.name = std::string(text::trim(profile.name));
  if (profile.name.empty() || profile.name.size() > profile_name_bytes_max ||
      !is_one_line(profile.name))
    return invalid(fmt::format("a member's name is one line of 1 to {} bytes, not {}",
                               profile_name_bytes_max, text::quote(profile.name)));
  if (profile.country.empty()) return invalid("a member says its country");
  while (profile.url.ends_with('/')) profile.url.pop_back();
  if (profile.url.size() > profile_url_bytes_max ||
      profile.url.find_first_of("?#") != std::string::npos)
    return invalid("a member's URL has no query, and " + std::to_string(profile_url_bytes_max) +
                   " bytes at most");
  auto url = Url::parse(profile.url, "https,http");
  if (!url) return invalid("a member's URL: " + url.error().what);
  if (url->scheme == "http" && !is_loopback(url->host))
    return invalid("a member's URL begins with https, not " + text::quote(profile.url));
  profile.url = url->text;
  while (profile.url.ends_with('/')) profile.url.pop_back();
  return profile;
}

const KeySpan* KeyRing::head() const {
  if (spans.empty() || spans.back().revoked != time_none) return nullptr;
  return &spans.back();
}

bool KeyRing::holds(const PublicKey& key, TimeUs at) const {
  return std::ranges::any_of(spans, [&](const KeySpan& span) {
    return span.key == key && span.revoked == time_none && span.from <= at &&
           (span.until == time_none || at < span.until);
  });
}

Result<KeyRing::Taken> KeyRing::take(const Statement& s, TimeUs now) {
  if (s.member != member) return denied("that is " + text::quote(s.member) + "'s, not " + member);
  bool recovers = s.kind == "key-recovery";
  if (!recovers && s.kind != "key-change") return invalid("no statement about keys: " + s.kind);
  PublicKey fresh = TRY(introduced(s));
  if (head() != nullptr && head()->key == fresh) return Taken::known;
  bool was_here = std::ranges::find(spans, fresh, &KeySpan::key) != spans.end();
  if (was_here || fresh == recovery)
    return denied("the key " + fresh.text() + " was one of " + member + "'s before");
  TRY(check_clock(s, now));
  if (recovers) {
    if (s.key != recovery) return denied("this is not signed by the recovery key of " + member);
    PublicKey next = TRY(PublicKey::parse(s["new_recovery"]));
    if (next == recovery || next == fresh) return invalid("a recovery names a new recovery key");
    for (KeySpan& span : spans) {
      if (span.revoked != time_none) continue;
      span.revoked = now;
      span.why = "recovered";
    }
    recovery = next;
  } else {
    if (head() == nullptr || s.key != head()->key)
      return denied("only the newest key of " + member + " introduces another");
    TimeUs until = TRY(times::parse(s["until"]));
    if (until < s.at || until > s.at + key_overlap_max)
      return invalid("a key goes on for at most 90 days beside the next");
    spans.back().until = until;
  }
  if (spans.size() >= spans_max) spans.erase(spans.begin());
  spans.push_back({.key = fresh, .from = now});
  return recovers ? Taken::recovered : Taken::changed;
}

Result<void> KeyRing::revoke(const PublicKey& key, TimeUs now, std::string_view why) {
  auto found = std::ranges::find(spans, key, &KeySpan::key);
  if (found == spans.end()) return missing(member + " has no key " + key.text());
  if (found->revoked != time_none) return {};
  found->revoked = now;
  found->why = std::string(why);
  return {};
}

Statement key_change(std::string_view member, const SigningKey& old, const SigningKey& fresh,
                     TimeUs at, TimeUs until, std::string_view to) {
  Said said = introducing(member, old, fresh, to);
  said["until"] = times::format(until / us_per_s * us_per_s);
  return signed_statement("key-change", member, at, std::move(said), old);
}

Statement key_recovery(std::string_view member, const SigningKey& recovery, const SigningKey& fresh,
                       const PublicKey& next_recovery, TimeUs at, std::string_view to) {
  Said said = introducing(member, recovery, fresh, to);
  said["new_recovery"] = next_recovery.text();
  return signed_statement("key-recovery", member, at, std::move(said), recovery);
}

std::string paper(const SigningKey& key) {
  std::string digits = hex(key.seed()), out;
  for (std::size_t i = 0; i < digits.size(); i += 4)
    out += (i > 0 ? " " : "") + digits.substr(i, 4);
  return out;
}

Result<SigningKey> from_paper(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') digits += c;
  }
  auto seed = PublicKey::parse(digits);  // 32 octets in hexadecimal, as a seed is
  if (!seed) return invalid("a private key is 64 hexadecimal digits");
  return SigningKey::from_seed(
      {reinterpret_cast<const char*>(seed->bytes.data()), seed->bytes.size()});
}

Result<Identity> Identity::open(const std::string& home, const std::optional<PublicKey>& known) {
  auto key = TRY(read_key(home, key_name));
  if (known && (!key || key->public_key() != *known)) {
    auto next = TRY(read_key(home, next_name));
    if (next && next->public_key() == *known) return adopt(home, *std::move(next));
    if (!key)
      return missing(fmt::format(
          "{} is gone: put it back (backups do not hold it), or make another with the recovery "
          "key: tocsin partner keys revoke",
          path_of(home, key_name)));
    return invalid(fmt::format("{} is not the key that partners know ({}): put that one back",
                               path_of(home, key_name), known->fingerprint()));
  }
  if (key) return Identity(home, *std::move(key));
  SigningKey fresh = SigningKey::make();
  SigningKey recovery = SigningKey::make();
  TRY(write_key(home, recovery_name, recovery));
  TRY(write_key(home, key_name, fresh));
  return Identity(home, std::move(fresh));
}

Result<void> Identity::prepare(const std::string& home, const SigningKey& fresh) {
  std::error_code failed;
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder != nullptr && fs::exists(fmt::format("{}/{}", folder, key_name), failed))
    return denied("the key comes from the credentials of the service; take it out of them first");
  return write_key(home, next_name, fresh);
}

Result<Identity> Identity::adopt(const std::string& home, SigningKey fresh) {
  TRY(write_key(home, key_name, fresh));
  remove_key(home, next_name);
  return Identity(home, std::move(fresh));
}

Result<SigningKey> Identity::recovery() const {
  auto key = TRY(read_key(home_, recovery_name));
  if (!key) return missing("the recovery key was taken away; it is on somebody's paper");
  return *std::move(key);
}

Result<void> Identity::forget_recovery() const {
  remove_key(home_, recovery_name);
  return sync(home_ + "/secrets", Sync::entry);
}

}  // namespace tocsin::share
