// Members for tests of sharing: each with a home, a journal and partners, that hear each other
// without a network; what goes over it is kept.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/dictionary.h"
#include "share/partners.h"
#include "store/journal.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::share {

struct TestNet;

struct TestMember {
  TestMember(std::string member, TestNet& net);

  void open();  // also again, as after a restart
  Introduction self() const { return partners->self().value(); }
  const Partner& partner(const TestMember& other) const {
    held = partners->book();
    const Partner* found = held->find(other.member);
    REQUIRE(found != nullptr);
    return *found;
  }

  std::string member;
  TestNet& net;
  TemporaryFolder home;
  Dictionary words;
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<Partners> partners;
  mutable std::shared_ptr<const PartnerBook> held;
};

struct TestNet {
  std::atomic<TimeUs> now = *times::parse("2026-11-23T09:00:00Z");  // servers' threads read it
  std::map<std::string, TestMember*> by_url;
  std::vector<std::string> seen;  // each statement and each answer that went over the wire
  int answers_lost = 0;           // so many of the next ones
  bool is_down = false;

  Result<std::string> post(const Profile& to, const std::string& statement) {
    if (is_down) return unavailable("the network is down");
    auto found = by_url.find(to.url);
    if (found == by_url.end()) return unavailable("nobody listens at " + to.url);
    seen.push_back(statement);
    auto answer = found->second->partners->hear(statement);
    if (answer) seen.push_back(*answer);
    if (answer && answers_lost > 0) {
      --answers_lost;
      return unavailable("the answer was lost");
    }
    return answer;
  }
};

inline TestMember::TestMember(std::string id, TestNet& in) : member(std::move(id)), net(in) {
  net.by_url["https://" + member] = this;
  open();
}

inline void TestMember::open() {
  partners.reset();
  journal.reset();
  journal = store::Journal::open(home.file("journal.db"), words).value();
  partners = Partners::open(
                 {.journal = *journal,
                  .home = home.path(),
                  .now = [this] { return net.now.load(); },
                  .post = [this](const Profile& to, const std::vector<std::string>&,
                                 const std::string& statement) { return net.post(to, statement); }})
                 .value();
  auto known = partners->introduce({.member = member,
                                    .name = "CERT " + member,
                                    .country = *Country::parse("BR"),
                                    .url = "https://" + member},
                                   {hex(sha256("certificate of " + member))});
  REQUIRE_MESSAGE(known.has_value(), (known ? "" : known.error().what));
}

inline std::string invite(TestMember& by) {
  return by.partners->invite("for a test", by.net.now + 7 * us_per_day, "ana").value().code;
}

// Both join and compare.
inline void befriend(TestMember& a, TestMember& b) {
  auto joined = b.partners->join(invite(a), "bo");
  REQUIRE_MESSAGE(joined.has_value(), (joined ? "" : joined.error().what));
  std::string fingerprint = joined->fingerprint;
  REQUIRE(a.partners->compare(b.member, fingerprint, "ana").has_value());
  REQUIRE(b.partners->compare(a.member, a.partner(b).fingerprint, "bo").has_value());
}

}  // namespace tocsin::share
