#include "share/invitation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/hmac.h"
#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::string_view code_prefix = "tocsin1-";
constexpr std::size_t id_bytes = 8, secret_bytes = 16, nonce_bytes = 16, sum_digits = 8;
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

std::string random_hex(std::size_t bytes) {
  check(sodium_init() >= 0, "invitation: libsodium");
  std::string random(bytes, '\0');
  randombytes_buf(random.data(), random.size());
  return hex(random);
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string octets_of(std::string_view digits) {
  std::string out(digits.size() / 2, '\0');
  std::size_t size = 0;
  sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), digits.data(),
                 digits.size(), nullptr, &size, nullptr);
  out.resize(size);
  return out;
}

// Of the node's key and what the code says: nobody need keep it.
std::string secret_of(const SigningKey& key, std::string_view id, TimeUs until) {
  std::string text = fmt::format("tocsin invitation secret 1\n{}\n{}\n", id, times::format(until));
  Sha256 mac = hmac_sha256(key.seed(), text);
  return {reinterpret_cast<const char*>(mac.data()), secret_bytes};
}

// `word` "asks" or "answers": neither message's proof serves for the other.
std::string proof_of(std::string_view secret, std::string_view word, std::string_view id,
                     const PublicKey& inviter, const PublicKey& joiner, std::string_view nonces) {
  return hex(hmac_sha256(secret, fmt::format("tocsin join {} 1\n{}\n{}\n{}\n{}\n", word, id,
                                             inviter.text(), joiner.text(), nonces)));
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string transcript_of(const Statement& request, const Statement& answer) {
  return hex(sha256(fmt::format("tocsin join transcript 1\n{}\n{}\n", statement_json(request),
                                statement_json(answer))));
}

// With which `caller` calls `called` from this join on.
std::string token_of(std::string_view secret, std::string_view transcript, std::string_view caller,
                     std::string_view called) {
  return "tcp_" + hex(hmac_sha256(secret, fmt::format("tocsin join token 1\n{}\n{}\n{}\n", caller,
                                                      called, transcript)));
}

Joined joined_with(Introduction who, std::string transcript, std::string_view secret,
                   std::string_view us) {
  Joined out{.who = std::move(who), .transcript = std::move(transcript)};
  out.they_call_with = token_of(secret, out.transcript, out.who.profile.member, us);
  out.we_call_with = token_of(secret, out.transcript, us, out.who.profile.member);
  return out;
}

Result<void> expect_for(const Statement& s, const Introduction& us) {
  if (s["to"] == us.profile.member && s["to_key"] == us.key.text()) return {};
  return denied(fmt::format("this is meant for {}, or for a key that is no longer ours",
                            text::quote(s["to"])));
}

// Said within ten minutes of now: an old one that somebody kept is none.
Result<void> expect_now(const Statement& s, TimeUs now) {
  TRY(check_clock(s, now));
  if (now - s.at <= clocks_differ_max) return {};
  return invalid(fmt::format(
      "{} says it at {}, which is past: ask again, or one of the two clocks is wrong; set both by "
      "NTP",
      s.member, times::format(s.at)));
}

Result<std::string> payload_of(std::string_view code) {
  if (code.size() > code_bytes_max) return invalid("this is no invitation: it is too long");
  std::string plain;
  for (char c : code) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') plain += c;
  }
  if (!plain.starts_with(code_prefix))
    return invalid("this is no invitation: one begins with " + std::string(code_prefix));
  std::string body = plain.substr(code_prefix.size());
  auto cut_short = [] { return invalid("this invitation is cut short: copy all of it"); };
  if (body.size() <= sum_digits + 1 || body[body.size() - sum_digits - 1] != '.')
    return cut_short();
  std::string sum = body.substr(body.size() - sum_digits);
  body.resize(body.size() - sum_digits - 1);
  if (hex(sha256(body)).substr(0, sum_digits) != sum)
    return invalid("this invitation was not copied letter by letter: copy it again");
  std::string json(body.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(json.data()), json.size(), body.data(),
                        body.size(), nullptr, &size, nullptr, variant) != 0)
    return cut_short();
  json.resize(size);
  return json;
}

}  // namespace

std::string pins_text(const std::vector<std::string>& pins) {
  return fmt::format("{}", fmt::join(pins, " "));
}

Result<std::vector<std::string>> pins_of(std::string_view text) {
  std::vector<std::string> pins;
  while (!text.empty()) {
    std::string_view pin = text::cut(text, ' ');
    if (!is_hex(pin, 64)) return invalid("a pin is 64 small hexadecimal digits");
    if (pins.size() == pins_max) return invalid(fmt::format("more than {} pins", pins_max));
    pins.emplace_back(pin);
  }
  return pins;
}

Said said_of(const Introduction& introduction) {
  return {{"name", introduction.profile.name},
          {"country", introduction.profile.country.text()},
          {"url", introduction.profile.url},
          {"pins", pins_text(introduction.pins)},
          {"recovery", introduction.recovery.text()}};
}

Result<Introduction> introduction_of(const Statement& s) {
  Introduction out{.key = s.key};
  out.recovery = TRY(PublicKey::parse(s["recovery"]));
  if (out.recovery == s.key) return invalid("a recovery key is another key");
  out.pins = TRY(pins_of(s["pins"]));
  auto country = Country::parse(s["country"]);
  if (!country) return invalid("no country: " + text::quote(s["country"]));
  out.profile = TRY(checked({.member = s.member,
                             .name = std::string(s["name"]),
                             .country = *country,
                             .url = std::string(s["url"])}));
  return out;
}

std::string new_invitation_id() {
  return random_hex(id_bytes);
}

Result<std::string> invite(const Self& self, std::string_view id, TimeUs at, TimeUs until) {
  until = until / us_per_s * us_per_s;
  if (until <= at || until > at + invitation_life_max)
    return invalid("an invitation ends within 31 days");
  Said said = said_of(self.says);
  said["id"] = id;
  said["secret"] = hex(secret_of(self.key, id, until));
  said["until"] = times::format(until);
  std::string json = statement_json(
      signed_statement("invitation", self.says.profile.member, at, std::move(said), self.key));
  std::string body(sodium_base64_encoded_len(json.size(), variant), '\0');
  sodium_bin2base64(body.data(), body.size(), reinterpret_cast<const unsigned char*>(json.data()),
                    json.size(), variant);
  body.pop_back();  // the final NUL
  return fmt::format("{}{}.{}", code_prefix, body, hex(sha256(body)).substr(0, sum_digits));
}

Result<Invitation> read_code(std::string_view code, TimeUs now) {
  std::string json = TRY(payload_of(code));
  Statement s = TRY(read_statement(json));
  if (s.kind != "invitation" || !is_hex(s["id"], 2 * id_bytes) ||
      !is_hex(s["secret"], 2 * secret_bytes))
    return invalid("this is no invitation");
  Invitation out{.id = std::string(s["id"]), .secret = octets_of(s["secret"])};
  out.from = TRY(introduction_of(s));
  out.until = TRY(times::parse(s["until"]));
  TRY(check_clock(s, now));
  if (now >= out.until)
    return invalid(fmt::format("this invitation ended at {}: ask {} for another",
                               times::format(out.until), s.member));
  return out;
}

Result<Statement> ask_to_join(const Self& self, const Invitation& invitation, TimeUs at) {
  const Introduction& from = invitation.from;
  if (from.profile.member == self.says.profile.member || from.key == self.says.key)
    return invalid("this invitation is this node's own: give it to the other side");
  std::string nonce = random_hex(nonce_bytes);
  Said said = said_of(self.says);
  said["id"] = invitation.id;
  said["to"] = from.profile.member;
  said["to_key"] = from.key.text();
  said["nonce"] = nonce;
  said["proof"] =
      proof_of(invitation.secret, "asks", invitation.id, from.key, self.says.key, nonce);
  return signed_statement("join", self.says.profile.member, at, std::move(said), self.key);
}

Result<Answered> answer_join(const Self& self, const Statement& request, TimeUs until, TimeUs now) {
  const Introduction& us = self.says;
  if (request.kind != "join") return invalid("this is no request to join");
  TRY(expect_for(request, us));
  TRY(expect_now(request, now));
  if (now >= until) return invalid("the invitation has ended");
  if (!is_hex(request["nonce"], 2 * nonce_bytes)) return invalid("a request without its number");
  std::string id(request["id"]), secret = secret_of(self.key, id, until);
  std::string nonce(request["nonce"]);
  if (!same(request["proof"], proof_of(secret, "asks", id, us.key, request.key, nonce)))
    return denied("whoever asks does not know the invitation's secret");
  Introduction who = TRY(introduction_of(request));
  if (who.profile.member == us.profile.member || who.key == us.key || who.recovery == us.recovery)
    return denied("whoever asks says that it is this node");
  std::string ours = random_hex(nonce_bytes);
  Statement answer = signed_statement(
      "joined", us.profile.member, now,
      {{"id", id},
       {"to", who.profile.member},
       {"to_key", who.key.text()},
       {"nonce", ours},
       {"proof", proof_of(secret, "answers", id, us.key, who.key, nonce + " " + ours)}},
      self.key);
  std::string transcript = transcript_of(request, answer);
  return Answered{std::move(answer),
                  joined_with(std::move(who), std::move(transcript), secret, us.profile.member)};
}

Result<Joined> finish_join(const Self& self, const Invitation& invitation, const Statement& request,
                           const Statement& answer, TimeUs now) {
  const Introduction& from = invitation.from;
  if (answer.kind != "joined" || answer.member != from.profile.member || answer.key != from.key)
    return denied("the answer is not " + from.profile.member + "'s");
  TRY(expect_for(answer, self.says));
  TRY(check_clock(answer,
                  now));  // old is well: it is bound to the request, which may be sent again
  std::string nonces = fmt::format("{} {}", request["nonce"], answer["nonce"]);
  std::string proof =
      proof_of(invitation.secret, "answers", invitation.id, from.key, self.says.key, nonces);
  if (!is_hex(answer["nonce"], 2 * nonce_bytes) || !same(answer["proof"], proof))
    return denied("the answer is not to this request");
  return joined_with(from, transcript_of(request, answer), invitation.secret,
                     self.says.profile.member);
}

std::string join_fingerprint(const PublicKey& one, const PublicKey& other,
                             std::string_view transcript) {
  const PublicKey &first = std::min(one, other), &second = std::max(one, other);
  Sha256 hash = sha256(
      fmt::format("tocsin fingerprint 1\n{}\n{}\n{}\n", first.text(), second.text(), transcript));
  std::string out;
  for (std::size_t group = 0; group < 5; ++group) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 6; ++i)  // 48 bits: no digit is likelier than another
      number = number << 8 | hash[group * 6 + i];
    out += fmt::format("{}{:05}", group > 0 ? " " : "", number % 100'000);
  }
  return out;
}

}  // namespace tocsin::share
