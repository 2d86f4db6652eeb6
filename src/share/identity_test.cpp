#include "share/identity.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::share {
namespace {

const TimeUs now = *times::parse("2026-11-23T09:00:00Z");
constexpr std::string_view member = "a.example.org", us = "b.example.org";

SigningKey key(char octet) {
  return SigningKey::from_seed(std::string(32, octet)).value();
}

KeyRing ring() {
  return {.member = std::string(member),
          .recovery = key('r').public_key(),
          .spans = {{.key = key('a').public_key(), .from = now}}};
}

Profile profile() {
  return {std::string(member), "CERT A", *Country::parse("BR"), "https://a.example.org"};
}

Fault fault_of(const Result<KeyRing::Taken>& taken) {
  REQUIRE(!taken.has_value());
  return taken.error().fault;
}

}  // namespace

TEST_CASE("a changed key and its follower both speak until the old one's end") {
  KeyRing keys = ring();
  auto change = key_change(member, key('a'), key('b'), now, now + us_per_day, us);
  REQUIRE(keys.take(change, now + us_per_s) == KeyRing::Taken::changed);
  CHECK(keys.head()->key == key('b').public_key());
  CHECK(keys.holds(key('a').public_key(), now + us_per_day - 1));
  CHECK(!keys.holds(key('a').public_key(), now + us_per_day));
  CHECK(keys.holds(key('b').public_key(), now + us_per_day));
  CHECK(!keys.holds(key('b').public_key(), now));  // it was not known then

  KeyRing before = keys;
  CHECK(keys.take(change, now + 2 * us_per_day) == KeyRing::Taken::known);
  CHECK(keys == before);
}

TEST_CASE("only the newest key introduces another, and only one that signs too") {
  KeyRing keys = ring();
  CHECK(fault_of(keys.take(key_change(member, key('x'), key('b'), now, now, us), now)) ==
        Fault::denied);
  REQUIRE(keys.take(key_change(member, key('a'), key('b'), now, now + us_per_day, us), now)
              .has_value());
  KeyRing before = keys;
  // A thief of the old key, while that one still speaks.
  CHECK(fault_of(keys.take(key_change(member, key('a'), key('x'), now, now + us_per_day, us),
                           now)) == Fault::denied);
  // Back to the old one.
  CHECK(fault_of(keys.take(key_change(member, key('b'), key('a'), now, now, us), now)) ==
        Fault::denied);
  CHECK(fault_of(keys.take(key_change("c.example.org", key('b'), key('c'), now, now, us), now)) ==
        Fault::denied);
  auto unproven = key_change(member, key('b'), key('c'), now, now, us);
  unproven = signed_statement("key-change", member, now,
                              {{"new_key", key('d').public_key().text()},
                               {"proof", std::string(unproven["proof"])},
                               {"until", std::string(unproven["until"])}},
                              key('b'));
  CHECK(fault_of(keys.take(unproven, now)) == Fault::denied);
  // A clock ten years ahead, an overlap of a year, one that ends before it begins.
  TimeUs far = now + 3650 * us_per_day;
  CHECK(fault_of(keys.take(key_change(member, key('b'), key('c'), far, far, us), now)) ==
        Fault::invalid);
  CHECK(fault_of(keys.take(key_change(member, key('b'), key('c'), now, now + 365 * us_per_day, us),
                           now)) == Fault::invalid);
  CHECK(fault_of(keys.take(key_change(member, key('b'), key('c'), now, now - us_per_s, us), now)) ==
        Fault::invalid);
  CHECK(fault_of(keys.take(signed_statement("note", member, now, {}, key('b')), now)) ==
        Fault::invalid);
  CHECK(keys == before);
}

TEST_CASE("a recovery ends every earlier key, whatever a thief did with them, and serves once") {
  KeyRing keys = ring();
  // The thief is first, and has a key of his own in place.
  REQUIRE(keys.take(key_change(member, key('a'), key('x'), now, now + us_per_day, us), now)
              .has_value());
  auto recovery = key_recovery(member, key('r'), key('b'), key('s').public_key(), now, us);
  CHECK(fault_of(keys.take(key_recovery(member, key('x'), key('y'), key('z').public_key(), now, us),
                           now)) == Fault::denied);
  REQUIRE(keys.take(recovery, now) == KeyRing::Taken::recovered);
  CHECK(keys.head()->key == key('b').public_key());
  for (char stolen : {'a', 'x'}) CHECK(!keys.holds(key(stolen).public_key(), now));
  CHECK(keys.recovery == key('s').public_key());

  CHECK(keys.take(recovery, now) == KeyRing::Taken::known);  // told twice
  REQUIRE(keys.take(key_change(member, key('b'), key('c'), now, now, us), now).has_value());
  CHECK(fault_of(keys.take(recovery, now)) == Fault::denied);  // replayed later
  CHECK(fault_of(keys.take(key_change(member, key('x'), key('y'), now, now, us), now)) ==
        Fault::denied);
  CHECK(fault_of(keys.take(key_recovery(member, key('s'), key('d'), key('s').public_key(), now, us),
                           now)) == Fault::invalid);  // names no new recovery key
}

TEST_CASE("a person who was told revokes a key, and then nothing speaks for the member") {
  KeyRing keys = ring();
  REQUIRE(keys.revoke(key('a').public_key(), now, "told by telephone").has_value());
  CHECK(!keys.holds(key('a').public_key(), now));
  CHECK(keys.head() == nullptr);
  CHECK(fault_of(keys.take(key_change(member, key('a'), key('b'), now, now, us), now)) ==
        Fault::denied);
  CHECK(keys.revoke(key('b').public_key(), now, "").error().fault == Fault::missing);
}

TEST_CASE("keys are made at first use, for their owner alone, and are there again") {
  TemporaryFolder home;
  auto first = Identity::open(home.path(), std::nullopt);
  REQUIRE(first.has_value());
  PublicKey made = first->key().public_key();
  for (const char* name : {"secrets/identity.key", "secrets/recovery.key"}) {
    struct stat is{};
    REQUIRE(stat(home.file(name).c_str(), &is) == 0);
    CHECK((is.st_mode & 0777) == 0600);
  }
  auto again = Identity::open(home.path(), made);
  REQUIRE(again.has_value());
  CHECK(again->key().public_key() == made);
  CHECK(again->recovery()->public_key() != made);

  auto words = paper(*again->recovery());
  CHECK(from_paper(words + "\n")->seed() == again->recovery()->seed());
  REQUIRE(again->forget_recovery().has_value());
  CHECK(again->recovery().error().fault == Fault::missing);
  CHECK(from_paper("12 34").error().fault == Fault::invalid);
}

TEST_CASE("a key that is gone, another's, or open to others is not made anew") {
  TemporaryFolder home;
  PublicKey known = Identity::open(home.path(), std::nullopt)->key().public_key();
  CHECK(Identity::open(home.path(), key('x').public_key()).error().fault == Fault::invalid);
  std::filesystem::permissions(home.file("secrets/identity.key"),
                               std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  CHECK(Identity::open(home.path(), known).error().fault == Fault::denied);
  std::filesystem::remove(home.file("secrets/identity.key"));
  auto gone = Identity::open(home.path(), known);
  REQUIRE(!gone.has_value());
  CHECK(gone.error().fault == Fault::missing);
  CHECK(gone.error().what.contains("backups do not hold it"));
  CHECK(!std::filesystem::exists(home.file("secrets/identity.key")));
}

TEST_CASE("a change of key that a crash cut short is finished, or never was") {
  TemporaryFolder home;
  PublicKey old = Identity::open(home.path(), std::nullopt)->key().public_key();
  SigningKey fresh = key('n');
  REQUIRE(Identity::prepare(home.path(), fresh).has_value());
  CHECK(Identity::open(home.path(), old)->key().public_key() == old);  // it was not committed
  auto open = Identity::open(home.path(), fresh.public_key());         // it was
  REQUIRE(open.has_value());
  CHECK(open->key().public_key() == fresh.public_key());
  CHECK(!std::filesystem::exists(home.file("secrets/identity.next.key")));
}

TEST_CASE("what a member says of itself is checked") {
  CHECK(checked(profile()) == profile());
  Profile slash = profile();
  slash.url += "//";
  CHECK(checked(slash) == profile());
  auto refused = [](auto change) {
    Profile bad = profile();
    change(bad);
    auto result = checked(bad);
    return !result && result.error().fault == Fault::invalid;
  };
  CHECK(refused([](Profile& p) { p.member = "A B"; }));
  CHECK(refused([](Profile& p) { p.name = "CERT\r\nBcc: x@example.org"; }));
  CHECK(refused([](Profile& p) { p.name = " "; }));
  CHECK(refused([](Profile& p) { p.name = std::string(101, 'a'); }));
  CHECK(refused([](Profile& p) { p.country = {}; }));
  for (const char* url : {"", "http://a.example.org", "ftp://a.example.org", "https://u:p@a.org",
                          "https://a.example.org/?x=1", "https://a.example.org/#x",
                          "file:///etc/passwd", "https://a.example.org/\r\nX: y"}) {
    CAPTURE(url);
    CHECK(refused([&](Profile& p) { p.url = url; }));
  }
  Profile near = profile();
  near.url = "http://127.0.0.1:8420";
  CHECK(checked(near).has_value());
}

}  // namespace tocsin::share
