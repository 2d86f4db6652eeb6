#include "share/statement.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>

#include <algorithm>

#include "base/canonical_json.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::size_t said_max = 32, name_bytes_max = 32;

std::string canonical(const Statement& s, bool signed_too) {
  Said all = s.said;
  all["kind"] = s.kind;
  all["member"] = s.member;
  all["at"] = times::format(s.at);
  all["key"] = s.key.text();
  if (signed_too) all["signature"] = hex(s.signature);
  json::Writer w;
  w.object();
  for (const auto& [name, text] : all) w.member(name, text);
  w.end();
  auto text = canonical_json(w.text());
  check(text.has_value(), "statement: texts have a canonical form");
  return *std::move(text);
}

// Never the bytes of anything else that a key of the same node signs.
std::string signed_text(const Statement& s) {
  return "tocsin statement 1\n" + canonical(s, false);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

bool is_kind(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

Result<std::string> taken(Said& all, std::string_view name) {
  auto found = all.find(name);
  if (found == all.end()) return invalid("a statement without " + std::string(name));
  std::string text = std::move(found->second);
  all.erase(found);
  return text;
}

Result<Said> texts_of(std::string_view json) {
  if (json.size() > statement_bytes_max)
    return invalid(fmt::format("a statement of more than {} bytes", statement_bytes_max));
  std::string whole = TRY(canonical_json(json));  // refuses a name that stands twice
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(whole).get(object)) return invalid("a statement is a JSON object");
  if (object.size() > said_max) return invalid("a statement that says too much");
  Said all;
  for (auto [name, value] : object) {
    std::string_view text;
    if (!is_name(name)) return invalid("a statement cannot say " + text::quote(name));
    if (value.get(text) || text.empty() || !is_one_line(text))
      return invalid(fmt::format("a statement's {} is not a text on one line", name));
    all.emplace(name, text);
  }
  return all;
}

}  // namespace

std::string_view Statement::operator[](std::string_view name) const {
  auto found = said.find(name);
  return found == said.end() ? std::string_view() : std::string_view(found->second);
}

Statement signed_statement(std::string_view kind, std::string_view member, TimeUs at, Said said,
                           const SigningKey& key) {
  std::erase_if(said, [](const auto& one) { return one.second.empty(); });
  Statement s{.kind = std::string(kind),
              .member = std::string(member),
              .at = at / us_per_s * us_per_s,
              .said = std::move(said),
              .key = key.public_key()};
  s.signature = key.sign(signed_text(s));
  return s;
}

std::string statement_json(const Statement& statement) {
  return canonical(statement, true);
}

Result<Statement> read_statement(std::string_view json) {
  Said all = TRY(texts_of(json));
  Statement s;
  s.kind = TRY(taken(all, "kind"));
  s.member = TRY(taken(all, "member"));
  if (!is_kind(s.kind) || !is_member(s.member))
    return invalid("a statement's kind or member is no word");
  std::string at = TRY(taken(all, "at")), key = TRY(taken(all, "key"));
  std::string signature = TRY(taken(all, "signature"));
  s.at = TRY(times::parse(at));
  if (times::format(s.at) != at) return invalid("a statement's time is not in its one spelling");
  s.key = TRY(PublicKey::parse(key));
  if (s.key.text() != key) return invalid("a statement's key is not in small letters");
  std::size_t size = 0;
  s.signature.resize(signature_size);
  if (signature.size() != 2 * signature_size ||
      sodium_hex2bin(reinterpret_cast<unsigned char*>(s.signature.data()), signature_size,
                     signature.data(), signature.size(), nullptr, &size, nullptr) != 0 ||
      hex(s.signature) != signature)
    return invalid("a statement's signature is 128 small hexadecimal digits");
  s.said = std::move(all);
  if (!s.key.verifies(signed_text(s), s.signature))
    return denied("the signature does not fit: what was signed is something else");
  return s;
}

Result<void> check_clock(const Statement& statement, TimeUs now) {
  TimeUs ahead = statement.at - now;
  if (ahead <= clocks_differ_max) return {};
  return invalid(fmt::format(
      "{} says it at {}, {} from now: one of the two clocks is wrong; set both "
      "by NTP",
      statement.member, times::format(statement.at),
      text::count(static_cast<std::uint64_t>(ahead / us_per_s / 60), "minute", "minutes")));
}

bool is_member(std::string_view text) {
  auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 64 && alphanumeric(text[0]) &&
         std::ranges::all_of(
             text, [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_one_line(std::string_view text) {
  if (!text::is_utf8(text)) return false;
  auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned a = byte(i), b = byte(i + 1), c = byte(i + 2);
    if (a < 0x20 || a == 0x7f || (a == 0xc2 && b < 0xa0)) return false;  // C0, DEL, C1
    if (a == 0xe2 && b == 0x80 && c >= 0xa8 && c <= 0xae) return false;  // U+2028 to U+202E
    if (a == 0xe2 && b == 0x81 && c >= 0xa6 && c <= 0xa9) return false;  // U+2066 to U+2069
    if (a == 0xef && b == 0xbb && c == 0xbf) return false;               // a byte-order mark
  }
  return true;
}

}  // namespace tocsin::share
