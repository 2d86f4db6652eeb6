#include "share/invitation.h"

#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "test.h"

namespace tocsin::share {
namespace {

const TimeUs now = *times::parse("2026-11-23T09:00:00Z");
const TimeUs until = now + 7 * us_per_day;

SigningKey key(char octet) {
  return SigningKey::from_seed(std::string(32, octet)).value();
}

struct Member {
  explicit Member(char letter)
      : own(key(letter)),
        says{.profile = {std::string(1, letter) + ".example.org", "CERT " + std::string(1, letter),
                         *Country::parse("BR"),
                         "https://" + std::string(1, letter) + ".example.org"},
             .key = own.public_key(),
             .recovery = key(static_cast<char>(letter - 32)).public_key(),
             .pins = {std::string(64, 'a')}} {}
  Self self() const { return {says, own}; }
  SigningKey own;
  Introduction says;
};

const std::string id = "0123456789abcdef";

Statement changed(const Statement& s, const SigningKey& by, std::string_view name,
                  std::string_view value) {
  Said said = s.said;
  said[std::string(name)] = value;
  return signed_statement(s.kind, s.member, s.at, said, by);
}

template <class T>
Fault fault_of(const Result<T>& result) {
  REQUIRE(!result.has_value());
  return result.error().fault;
}

}  // namespace

TEST_CASE("after a join both sides know each other, and show the same fingerprint") {
  Member a('a'), b('b');
  auto code = invite(a.self(), id, now, until);
  REQUIRE(code.has_value());
  auto invitation = read_code(*code, now);
  REQUIRE(invitation.has_value());
  CHECK(invitation->from == a.says);
  CHECK(invitation->until == until);
  CHECK(invitation->secret.size() == 16);

  auto request = ask_to_join(b.self(), *invitation, now);
  REQUIRE(request.has_value());
  auto answered = answer_join(a.self(), *request, until, now);
  REQUIRE(answered.has_value());
  CHECK(answered->joined.who == b.says);
  auto joined = finish_join(b.self(), *invitation, *request, answered->answer, now);
  REQUIRE(joined.has_value());
  CHECK(joined->who == a.says);
  CHECK(joined->transcript == answered->joined.transcript);

  CHECK(joined->we_call_with == answered->joined.they_call_with);
  CHECK(joined->they_call_with == answered->joined.we_call_with);
  CHECK(joined->they_call_with != joined->we_call_with);
  CHECK(joined->we_call_with.size() == 68);

  std::string fingerprint = join_fingerprint(a.says.key, b.says.key, joined->transcript);
  CHECK(fingerprint == join_fingerprint(b.says.key, a.says.key, joined->transcript));
  CHECK(fingerprint.size() == 29);
  CHECK(fingerprint.find_first_not_of("0123456789 ") == fingerprint.npos);

  auto again = answer_join(a.self(), *request, until, now);  // numbers of its own each time
  CHECK(again->joined.transcript != joined->transcript);
  CHECK(again->joined.they_call_with != joined->we_call_with);
}

TEST_CASE("the secret of an invitation is its own, and no request or answer shows it") {
  Member a('a'), b('b');
  std::set<std::string> secrets;
  for (std::string one : {id, std::string("0123456789abcdee")}) {
    for (TimeUs end : {until, until - us_per_s})
      secrets.insert(read_code(*invite(a.self(), one, now, end), now)->secret);
  }
  CHECK(secrets.size() == 4);
  auto invitation = *read_code(*invite(a.self(), id, now, until), now);
  auto request = *ask_to_join(b.self(), invitation, now);
  auto answer = answer_join(a.self(), request, until, now)->answer;
  for (const auto& message : {statement_json(request), statement_json(answer)}) {
    CHECK(!message.contains(hex(invitation.secret)));
    CHECK(!message.contains(invitation.secret));
  }
}

TEST_CASE("a code may be broken into lines, and nothing else") {
  Member a('a');
  std::string code = *invite(a.self(), id, now, until), lines;
  for (std::size_t i = 0; i < code.size(); i += 60) lines += "  " + code.substr(i, 60) + "\r\n";
  CHECK(read_code(lines, now)->id == id);
  for (std::size_t size = 0; size < code.size(); ++size) {
    CAPTURE(size);
    CHECK(fault_of(read_code(code.substr(0, size), now)) == Fault::invalid);
  }
  CHECK(read_code(code.substr(0, code.size() / 2), now).error().what.contains("cut short"));
  for (std::size_t at = 0; at < code.size(); ++at) {
    CAPTURE(at);
    std::string other = code;
    other[at] = other[at] == 'A' ? 'B' : 'A';
    CHECK(!read_code(other, now).has_value());
  }
  CHECK(!read_code(std::string(code_bytes_max + 1, 'a'), now).has_value());
}

TEST_CASE("a code of somebody else's making, expired or ahead of the clock is refused") {
  Member a('a');
  std::string code = *invite(a.self(), id, now, until);
  CHECK(fault_of(read_code(code, until)) == Fault::invalid);
  CHECK(read_code(code, until - us_per_s).has_value());
  CHECK(read_code(code, now - us_per_hour).error().what.contains("NTP"));
  CHECK(fault_of(invite(a.self(), id, now, now)) == Fault::invalid);
  CHECK(fault_of(invite(a.self(), id, now, now + 32 * us_per_day)) == Fault::invalid);

  Member split('s');
  split.says.profile.name = "CERT S\r\nSubject: x";
  CHECK(fault_of(read_code(*invite(split.self(), id, now, until), now)) == Fault::invalid);
  Member inside('i');
  inside.says.profile.url = "http://10.0.0.1";
  CHECK(fault_of(read_code(*invite(inside.self(), id, now, until), now)) == Fault::invalid);
  Member pinned('p');
  pinned.says.pins = {"AA"};
  CHECK(fault_of(read_code(*invite(pinned.self(), id, now, until), now)) == Fault::invalid);
}

TEST_CASE("a request is refused that was not made for this invitation by who holds it") {
  Member a('a'), b('b'), c('c');
  auto invitation = *read_code(*invite(a.self(), id, now, until), now);
  auto request = *ask_to_join(b.self(), invitation, now);
  auto ask = [&](const Statement& s, TimeUs at) {
    return fault_of(answer_join(a.self(), s, until, at));
  };
  CHECK(fault_of(ask_to_join(a.self(), invitation, now)) == Fault::invalid);
  // Somebody who saw the request puts his own key in its place.
  CHECK(ask(signed_statement("join", "c.example.org", now, request.said, c.own), now) ==
        Fault::denied);
  CHECK(ask(changed(request, b.own, "id", "ffffffffffffffff"), now) == Fault::denied);
  CHECK(ask(changed(request, b.own, "nonce", std::string(32, '0')), now) == Fault::denied);
  CHECK(ask(changed(request, b.own, "nonce", "0"), now) == Fault::invalid);
  CHECK(ask(changed(request, b.own, "proof", ""), now) == Fault::denied);
  CHECK(ask(changed(request, b.own, "to", "c.example.org"), now) == Fault::denied);
  CHECK(ask(changed(request, b.own, "to_key", c.says.key.text()), now) == Fault::denied);
  CHECK(ask(changed(request, b.own, "recovery", b.says.key.text()), now) == Fault::invalid);
  CHECK(ask(signed_statement("joined", b.says.profile.member, now, request.said, b.own), now) ==
        Fault::invalid);
  // Kept for later, from a clock that is off, after the end.
  CHECK(ask(request, now + us_per_hour) == Fault::invalid);
  CHECK(ask(request, now - us_per_hour) == Fault::invalid);
  CHECK(fault_of(answer_join(a.self(), request, now, now)) == Fault::invalid);
  // Another end than its code said, or another node's key: another secret.
  CHECK(fault_of(answer_join(a.self(), request, until + us_per_s, now)) == Fault::denied);
  CHECK(fault_of(answer_join(c.self(), request, until, now)) == Fault::denied);
  // With the right secret, but as the inviting node itself.
  Member twin('a');
  twin.says.profile.member = "twin.example.org";
  CHECK(fault_of(ask_to_join(twin.self(), invitation, now)) == Fault::invalid);
  CHECK(answer_join(a.self(), request, until, now).has_value());
}

TEST_CASE("an answer is refused that is not to this request by who invited") {
  Member a('a'), b('b'), c('c');
  auto invitation = *read_code(*invite(a.self(), id, now, until), now);
  auto request = *ask_to_join(b.self(), invitation, now);
  auto answer = answer_join(a.self(), request, until, now)->answer;
  auto finish = [&](const Statement& s) {
    return fault_of(finish_join(b.self(), invitation, request, s, now));
  };
  auto other = *ask_to_join(b.self(), invitation, now);
  CHECK(finish(answer_join(a.self(), other, until, now)->answer) == Fault::denied);
  CHECK(finish(changed(answer, a.own, "proof", "00")) == Fault::denied);
  CHECK(finish(changed(answer, a.own, "to", "c.example.org")) == Fault::denied);
  CHECK(finish(signed_statement("joined", a.says.profile.member, now, answer.said, c.own)) ==
        Fault::denied);
  CHECK(finish(signed_statement("join", a.says.profile.member, now, answer.said, a.own)) ==
        Fault::denied);
  CHECK(fault_of(finish_join(b.self(), invitation, request, answer, now - us_per_hour)) ==
        Fault::invalid);
  CHECK(finish_join(b.self(), invitation, request, answer, now + us_per_day).has_value());
}

TEST_CASE("who stands between two nodes gives them different fingerprints") {
  Member a('a'), b('b'), m('m');
  auto from_a = *read_code(*invite(a.self(), id, now, until), now);
  auto from_m = *read_code(*invite(m.self(), id, now, until), now);
  auto b_asks = *ask_to_join(b.self(), from_m, now);
  auto m_asks = *ask_to_join(m.self(), from_a, now);
  auto at_a = answer_join(a.self(), m_asks, until, now)->joined;
  auto at_b =
      finish_join(b.self(), from_m, b_asks, answer_join(m.self(), b_asks, until, now)->answer, now);
  CHECK(join_fingerprint(a.says.key, at_a.who.key, at_a.transcript) !=
        join_fingerprint(b.says.key, at_b->who.key, at_b->transcript));
}

}  // namespace tocsin::share
