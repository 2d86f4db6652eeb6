#include "api/people.h"

#include <filesystem>

#include "base/totp.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {
namespace {

const TimeUs now = *times::parse("2026-11-22T07:00:00Z");
constexpr password::Cost cheap{.passes = 1, .memory_bytes = 8192 << 1};
constexpr std::string_view good = "correct horse battery";

struct Town {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<People> people = *People::open(*journal, std::string(32, 'k'), cheap);

  Town() {
    REQUIRE(people->add("Ana", Role::administrator, good, now).has_value());
    REQUIRE(people->add("bo", Role::analyst, good, now).has_value());
  }
  std::string id(std::string_view name) { return people->named(name)->id; }
  void again(password::Cost cost = cheap) {
    people = *People::open(*journal, std::string(32, 'k'), cost);
  }
  // Switches the second factor on; gives the secret and the recovery codes.
  std::pair<std::string, std::vector<std::string>> with_totp(std::string_view name) {
    std::string secret = *people->begin_totp(id(name), good);
    auto codes = people->confirm_totp(id(name), totp::code(secret, step()), now);
    REQUIRE(codes.has_value());
    return {secret, *codes};
  }
  static std::uint64_t step(TimeUs at = now) {
    return static_cast<std::uint64_t>(at / totp::step_us);
  }
};

std::string why(const auto& result) {
  return result ? std::string() : result.error().what;
}

}  // namespace

TEST_CASE("two names that differ in case are one user, kept over a restart") {
  Town town;
  CHECK(why(town.people->add("ANA", Role::viewer, good, now)) == "there is a user 'ANA' already");
  CHECK(why(town.people->add("local", Role::viewer, good, now)).contains("no user may be called"));
  CHECK(why(town.people->add("a b", Role::viewer, good, now)).contains("letters, digits"));
  CHECK(why(town.people->add("eva", Role::viewer, "short", now)).contains("at least 12"));
  town.again();
  REQUIRE(town.people->list().size() == 2);
  CHECK(town.people->named("aNa")->name == "Ana");
  CHECK(town.people->named("aNa")->role == Role::administrator);
  CHECK(town.people->check("ana", good, "", now).has_value());
}

TEST_CASE("an unknown user, a wrong password and a disabled user are told the same") {
  Town town;
  REQUIRE(town.people->set_disabled("bo", true).has_value());
  std::string wrong = why(town.people->check("ana", "correct horse batterz", "", now));
  CHECK(wrong == "the name, the password or the code is wrong");
  CHECK(why(town.people->check("eva", good, "", now)) == wrong);
  CHECK(why(town.people->check("e v a", good, "", now)) == wrong);
  CHECK(why(town.people->check("bo", good, "", now)) == wrong);
  CHECK(why(town.people->check("ana", "", "", now)) == wrong);
  CHECK(why(town.people->check("ana", std::string(1 << 20, 'x'), "", now)).contains("1024 bytes"));
}

TEST_CASE("a start password must be changed, and the change ends what was before") {
  Town town;
  std::string start = *town.people->add("eva", Role::viewer, "", now);
  CHECK(start.size() == 24);
  CHECK(town.people->named("eva")->must_change);
  CHECK(town.people->check("eva", start, "", now).has_value());
  auto epoch = town.people->standing(town.id("eva"))->epoch;
  CHECK(why(town.people->change_password(town.id("eva"), "wrong", good)).contains("is wrong"));
  CHECK(why(town.people->change_password(town.id("eva"), start, "eva")).contains("at least 12"));
  CHECK(town.people->change_password(town.id("eva"), start, good).has_value());
  CHECK_FALSE(town.people->named("eva")->must_change);
  CHECK(town.people->standing(town.id("eva"))->epoch > epoch);
  CHECK_FALSE(town.people->check("eva", start, "", now).has_value());
  CHECK(town.people->check("eva", good, "", now).has_value());
  std::string reset = *town.people->reset_password("eva");
  CHECK_FALSE(town.people->check("eva", good, "", now).has_value());
  CHECK(town.people->check("eva", reset, "", now).has_value());
}

TEST_CASE("a password of lower cost is hashed again at sign-in") {
  Town town;
  std::string before = town.people->named("ana")->password;
  town.again({.passes = 2, .memory_bytes = 8192 << 1});
  CHECK(town.people->check("ana", good, "", now).has_value());
  std::string after = town.people->named("ana")->password;
  CHECK(after != before);
  CHECK(after.contains("t=2"));
  CHECK(town.people->check("ana", good, "", now).has_value());
  CHECK(town.people->named("ana")->password == after);
}

TEST_CASE("with a second factor no password is enough, and no code serves twice") {
  Town town;
  auto [secret, codes] = town.with_totp("ana");
  CHECK(codes.size() == People::recovery_codes);
  CHECK(town.people->check("ana", good, "", now)->needs_code);
  TimeUs later = now + 2 * totp::step_us;
  std::string code = totp::code(secret, Town::step(later));
  CHECK_FALSE(town.people->check("ana", "correct horse batterz", code, later).has_value());
  CHECK_FALSE(town.people->check("ana", good, "000000", later).has_value());
  // The code that confirmed it does not serve again.
  CHECK_FALSE(town.people->check("ana", good, totp::code(secret, Town::step()), now).has_value());
  auto checked = town.people->check("ana", good, code, later);
  REQUIRE(checked.has_value());
  CHECK(checked->with_code);
  CHECK_FALSE(town.people->check("ana", good, code, later).has_value());
  town.again();
  CHECK_FALSE(town.people->check("ana", good, code, later).has_value());
  CHECK(town.people->check("ana", good, totp::code(secret, Town::step(later) + 1), later)
            .has_value());

  CHECK(town.people->check("ana", good, codes[3], later).has_value());
  CHECK_FALSE(town.people->check("ana", good, codes[3], later).has_value());
  CHECK(town.people->named("ana")->recovery.size() == People::recovery_codes - 1);

  CHECK(why(town.people->end_totp(town.id("ana"), "wrong")).contains("is wrong"));
  REQUIRE(town.people->reset_totp("ana").has_value());
  CHECK_FALSE(town.people->check("ana", good, "", later)->needs_code);
  CHECK_FALSE(town.people->check("ana", good, codes[4], later)->with_code);
}

TEST_CASE("neither the secret of a second factor nor a recovery code lies readable in the file") {
  Town town;
  auto [secret, codes] = town.with_totp("ana");
  User kept = *town.people->named("ana");
  CHECK_FALSE(kept.totp.contains(secret));
  for (const std::string& hash : kept.recovery) CHECK(hash.size() == 64);
  auto other = *People::open(*town.journal, std::string(32, 'x'), cheap);
  auto later = now + 4 * totp::step_us;
  CHECK_FALSE(other->check("ana", good, totp::code(secret, Town::step(later)), later).has_value());
}

TEST_CASE("the last administrator who may come in stays") {
  Town town;
  CHECK(why(town.people->remove("ana")).contains("is the last administrator"));
  CHECK(why(town.people->set_disabled("ana", true)).contains("is the last administrator"));
  CHECK(why(town.people->set_role("ana", Role::viewer)).contains("is the last administrator"));
  REQUIRE(town.people->set_role("bo", Role::administrator).has_value());
  REQUIRE(town.people->set_disabled("bo", true).has_value());
  CHECK(why(town.people->remove("ana")).contains("is the last administrator"));
  REQUIRE(town.people->set_disabled("bo", false).has_value());
  CHECK(town.people->remove("ana").has_value());
  CHECK(why(town.people->remove("ana")) == "no user 'ana'");
}

TEST_CASE("a provider's user is his alone, and has the role that the provider says") {
  Town town;
  auto eva = town.people->external("oidc", "iss|1", "eva", Role::viewer, now);
  REQUIRE(eva.has_value());
  CHECK(town.people->external("oidc", "iss|1", "eva", Role::analyst, now)->role == Role::analyst);
  CHECK(town.people->external("oidc", "iss|1", "renamed", Role::viewer, now)->id == eva->id);
  auto epoch = town.people->standing(eva->id)->epoch;
  CHECK(why(town.people->external("oidc", "iss|1", "eva", {}, now)).contains("any more"));
  CHECK(town.people->standing(eva->id)->role == Role::nobody);  // and so nothing by a token
  CHECK(town.people->standing(eva->id)->epoch > epoch);         // sessions from before are over
  // Nobody becomes one of ours by calling himself so.
  CHECK(why(town.people->external("oidc", "iss|2", "ANA", Role::viewer, now))
            .contains("does not answer for"));
  CHECK(why(town.people->external("proxy", "eva", "eva", Role::viewer, now))
            .contains("does not answer for"));
  CHECK(why(town.people->external("oidc", "iss|3", "new", {}, now)).contains("no role"));
  CHECK_FALSE(town.people->check("eva", "", "", now).has_value());
  CHECK_FALSE(town.people->check("eva", good, "", now).has_value());
  CHECK(why(town.people->reset_password("eva")).contains("kept by the provider"));
  REQUIRE(town.people->set_disabled("eva", true).has_value());
  CHECK(why(town.people->external("oidc", "iss|1", "eva", Role::viewer, now)).contains("disabled"));
}

TEST_CASE("the people's key is made once, for its owner alone") {
  TemporaryFolder folder;
  std::string key = *people_key(folder.file("home"));
  CHECK(key.size() == 32);
  CHECK(*people_key(folder.file("home")) == key);
  auto mode = std::filesystem::status(folder.file("home/secrets/people-key")).permissions();
  CHECK((mode & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

}  // namespace tocsin::api
