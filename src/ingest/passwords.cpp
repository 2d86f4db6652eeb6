#include "ingest/passwords.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <simdjson.h>

#include "base/json.h"

namespace tocsin::ingest {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) {
  return is_lower(c) || is_upper(c) || static_cast<unsigned char>(c) >= 0x80;
}
bool is_of_name(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 9> secrets = {
    "pass", "pw", "senha", "contrasena", "psw", "parol", "userpass", "dbpass", "adminpass"};
// Also within a word: "userpassword", "passwordhash".
constexpr std::array<std::string_view, 8> secret_parts = {
    "password", "passwd", "pwd", "passphrase", "passwort", "passcode", "kennwort", "motdepasse"};
// Names of fields that hold secrets, but in a text just words.
constexpr std::array<std::string_view, 6> soft_secrets = {"credential", "credentials", "cred",
                                                          "creds",      "secret",      "secrets"};
// After "password": still the password.
constexpr std::array<std::string_view, 17> forms = {
    "hash", "plain",  "plaintext", "cleartext", "clear", "text", "value", "md5",   "sha1",
    "s",    "sha256", "ntlm",      "salt",      "raw",   "word", "words", "phrase"};
// Before it: a property of the service.
constexpr std::array<std::string_view, 9> properties = {
    "has", "is", "no", "long", "needs", "requires", "weak", "without", "expired"};

enum class Kind : std::uint8_t { none, soft, sure };

Kind kind_of_word(std::string_view word) {
  std::string_view bare = word;
  while (!bare.empty() && bare.back() >= '0' && bare.back() <= '9') bare.remove_suffix(1);
  if (is_one_of(bare, secrets)) return Kind::sure;
  if (is_one_of(bare, soft_secrets)) return Kind::soft;
  for (std::string_view part : secret_parts) {
    std::size_t at = word.find(part);
    if (at == word.npos || is_one_of(word.substr(0, at), properties)) continue;
    std::string_view rest = word.substr(at + part.size());
    bool is_number = rest.find_first_not_of("0123456789") == rest.npos;
    if (is_number || is_one_of(rest, forms)) return Kind::sure;
  }
  return Kind::none;
}

// The next word of a name: "user_pass", "userPass" and "user.pass" have two.
std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && !is_letter(rest.front())) rest.remove_prefix(1);
  std::size_t end = 0;
  while (end < rest.size() && is_letter(rest[end]) &&
         (end == 0 || !is_upper(rest[end]) || !is_lower(rest[end - 1]))) {
    ++end;
  }
  while (end < rest.size() && rest[end] >= '0' && rest[end] <= '9') ++end;  // "md5"
  std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

void append_kept(std::string& out, simdjson::dom::element value, std::uint64_t& dropped) {
  if (value.is_object()) {
    out += '{';
    for (auto member : simdjson::dom::object(value)) {
      if (is_password(member.key)) {
        ++dropped;
        continue;
      }
      if (out.back() != '{') out += ',';
      json::append_string(out, member.key);
      out += ':';
      append_kept(out, member.value, dropped);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (auto item : simdjson::dom::array(value)) {
      if (out.back() != '[') out += ',';
      append_kept(out, item, dropped);
    }
    out += ']';
  } else {
    out += simdjson::minify(value);
  }
}

Kind kind_of(std::string_view name) {
  constexpr std::size_t word_bytes_max = 40;  // the secrets are shorter
  if (name.starts_with("extra.")) name.remove_prefix(6);
  Kind found = Kind::none;
  bool property = false;
  for (std::string_view rest = name, raw; !(raw = next_word(rest)).empty();) {
    std::array<char, word_bytes_max> lower{};
    raw = raw.substr(0, word_bytes_max);
    std::ranges::transform(raw, lower.begin(), [](char c) {
      return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    });
    std::string_view word(lower.data(), raw.size());
    bool domain = word == "pw" && raw.data() != name.data() && raw.data()[-1] == '.';  // of Palau
    if (Kind kind = domain ? Kind::none : kind_of_word(word); kind != Kind::none) {
      found = property ? Kind::none : kind;
    } else if (!is_one_of(word, forms)) {
      found = Kind::none;
    }
    property = property || is_one_of(word, properties);
  }
  return found;
}

// Does a name of a field stand there, not a word of a text?
bool is_field(std::string_view bytes, std::size_t begin, std::size_t end) {
  constexpr std::string_view before = "\"'{,;|\t\n", after = "\"':=,;|\t\r\n";
  return (begin == 0 || before.contains(bytes[begin - 1])) &&
         (end == bytes.size() || after.contains(bytes[end]));
}

}  // namespace

bool is_password(std::string_view name) {
  return kind_of(name) != Kind::none;
}

bool names_password(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    if (!is_of_name(bytes[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < bytes.size() && is_of_name(bytes[end])) ++end;
    Kind kind = kind_of(bytes.substr(at, end - at));
    if (kind == Kind::sure || (kind == Kind::soft && is_field(bytes, at, end))) return true;
    at = end;
  }
  return false;
}

std::string without_passwords(std::string_view json, std::uint64_t& dropped) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(json.data(), json.size()).get(value) != simdjson::SUCCESS) {
    ++dropped;
    return {};
  }
  std::string out;
  append_kept(out, value, dropped);
  return out;
}

}  // namespace tocsin::ingest
