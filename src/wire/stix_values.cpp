// Stix values: one value of a STIX object, by the kind that the standard gives its property.
// Source: OASIS STIX Version 2.1, section 2.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "wire/stix_checker.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t key_max = 250, hash_key_min = 3, hash_key_usual = 30;

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= key_max &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

// RFC 5646, by its form: "en", "zh-Hant", "de-CH-1996".
bool is_language(std::string_view text) {
  bool first = true;
  while (!text.empty()) {
    if (text.ends_with('-')) return false;
    std::string_view part = text::cut(text, '-');
    bool letters = std::ranges::all_of(part, [](char c) { return is_alnum(c) && c > '9'; });
    if (part.empty() || part.size() > 8 || !std::ranges::all_of(part, is_alnum)) return false;
    if (first && (!letters || (part.size() < 2 && part != "x" && part != "i"))) return false;
    first = false;
  }
  return !first;
}

// RFC 3986, as far as what is seen in the wild lets one: a scheme, and nothing that needs escaping
// to be told from what stands around it.
bool is_url(std::string_view text) {
  std::size_t colon = text.find(':');
  if (colon == 0 || colon == text.npos || colon + 1 == text.size()) return false;
  for (char c : text.substr(0, colon)) {
    if (!is_alnum(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return text[0] > '9' && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
         });
}

// "x-org-name-ext", "ntfs-ext". Source: the OASIS schemas, core.json.
bool is_extension_key(std::string_view key) {
  return key.ends_with("-ext") && is_stix_type_name(key) && key.size() > 4;
}

bool is_extension_type(std::string_view text) {
  return is_stix_word("extension-type", text);
}

std::string_view kind_name(StixKind kind) {
  switch (kind) {
    case StixKind::boolean:
      return "not true or false";
    case StixKind::integer:
      return "not an integer";
    case StixKind::number:
      return "not a number";
    case StixKind::hashes:
    case StixKind::dictionary:
    case StixKind::extensions:
    case StixKind::observables:
    case StixKind::translations:
    case StixKind::options:
    case StixKind::part:
      return "not a dictionary";
    default:
      return "not a text";
  }
}

}  // namespace

void StixChecker::value(const StixProperty& property, Element value, const StixAt& at) {
  if (!property.list) return one(property, value, at);
  simdjson::dom::array list;
  if (value.get(list)) return breach(at, "not a list");
  std::size_t index = 0;
  for (Element item : list) one(property, item, at.at(index++));
}

void StixChecker::one(const StixProperty& property, Element value, const StixAt& at) {
  using Kind = StixKind;
  if (value.is_null() || property.kind == Kind::any) return;  // null was told already
  auto wrong = [&] { breach(at, std::string(kind_name(property.kind))); };
  if (property.kind == Kind::boolean) {
    if (!value.is_bool()) wrong();
    return;
  }
  if (property.kind == Kind::integer || property.kind == Kind::number)
    return number(property, value, at);
  Object object;
  switch (property.kind) {
    case Kind::hashes:
      return value.get(object) ? wrong() : hashes(object, at);
    case Kind::dictionary:
      return value.get(object) ? wrong() : dictionary(object, at);
    case Kind::extensions:
      return value.get(object) ? wrong() : extensions(object, at);
    case Kind::observables:
      return value.get(object) ? wrong() : observables(object, at);
    case Kind::translations:
      return value.get(object) ? wrong() : translations(object, at);
    case Kind::options:
      return value.get(object) ? wrong() : options(object, at);
    case Kind::part:
      return value.get(object) ? wrong() : shape(*property.part, object, at, false);
    default:
      break;
  }
  std::string_view text;
  if (value.get(text)) return wrong();
  this->text(property, text, at);
}

void StixChecker::text(const StixProperty& property, std::string_view text, const StixAt& at) {
  switch (property.kind) {
    case StixKind::time:
    case StixKind::stamp: {
      auto time = stix_time(text);
      if (!time) return breach(at, "not a time in UTC with Z: " + text::quote(text));
      if (property.kind == StixKind::stamp && time->digits < 3)
        breach(at, "a time without milliseconds: " + text::quote(text));
      return;
    }
    case StixKind::ref:
    case StixKind::sco:
      return reference(property, text, at);
    case StixKind::binary:
      if (!from_base64(text)) breach(at, "not base64");
      return;
    case StixKind::hex:
      if (text.empty() || !from_hex(text)) breach(at, "not hexadecimal");
      return;
    case StixKind::url:
      if (!is_url(text)) breach(at, "not a URL: " + text::quote(text));
      return;
    case StixKind::language:
      if (!is_language(text)) breach(at, "not a language code: " + text::quote(text));
      return;
    case StixKind::one_of:
      if (!is_stix_word(property.vocabulary, text))
        breach(at, fmt::format("not one of {}: {}", fmt::join(property.words, ", "),
                               text::quote(text)));
      return;
    case StixKind::open:
      if (!is_stix_word(property.vocabulary, text))
        warn(property.vocabulary, at, "not in the vocabulary: " + text::quote(text));
      return;
    default:
      return;
  }
}

void StixChecker::number(const StixProperty& property, Element value, const StixAt& at) {
  double number = 0;
  if (!value.is_number() || value.get(number) ||
      (property.kind == StixKind::integer && number != std::floor(number)))
    return breach(at, std::string(kind_name(property.kind)));
  if (property.low == property.high) return;
  if (number < property.low || number > property.high)
    breach(at, fmt::format("{} is not from {} to {}", number, property.low, property.high));
}

void StixChecker::reference(const StixProperty& property, std::string_view id, const StixAt& at) {
  std::string_view type = stix_type_of(id);
  bool loose = property.kind == StixKind::sco;
  if (!loose && !is_stix_id(id)) return breach(at, "not an identifier: " + text::quote(id));
  if (property.words.empty() || (loose && type.empty())) return;
  bool named = std::ranges::find(property.words, type) != property.words.end();
  if (named != property.negated) return;
  if (property.negated) return breach(at, "may not name that type: " + text::quote(id));
  breach(at, fmt::format("may only name {}: {}", fmt::join(property.words, ", "), text::quote(id)));
}

void StixChecker::hashes(const Object& hashes, const StixAt& at) {
  for (auto [algorithm, value] : hashes) {
    StixAt here = at.at(algorithm);
    std::string_view text;
    if (value.get(text)) {
      if (!value.is_null()) breach(here, "not a text");
      continue;
    }
    if (!is_key(algorithm) || algorithm.size() < hash_key_min) {
      breach(here, "not the name of a hash");
      continue;
    }
    if (algorithm.size() > hash_key_usual)
      warn("hash-length", here, fmt::format("a name of more than {} octets", hash_key_usual));
    if (!is_stix_word("hash-algo", algorithm) && !algorithm.starts_with("x_"))
      warn("hash-algo", here, "a hash that the vocabulary does not have");
    hash(algorithm, text, here);
  }
}

void StixChecker::hash(std::string_view algorithm, std::string_view hash, const StixAt& at) {
  constexpr std::size_t ssdeep_max = 148, tlsh = 70;
  std::size_t octets = stix_hash_octets(algorithm);
  if (octets > 0 && (hash.size() != 2 * octets || !from_hex(hash)))
    return breach(at, fmt::format("not {} hexadecimal digits", 2 * octets));
  if (algorithm == "SSDEEP" &&
      (hash.empty() || hash.size() > ssdeep_max || std::ranges::count(hash, ':') != 2))
    return breach(at, "not an SSDEEP hash");
  bool versioned = hash.size() == tlsh + 2 && hash.starts_with("T1");
  if (algorithm == "TLSH" &&
      ((hash.size() != tlsh && !versioned) || !std::ranges::all_of(hash, is_alnum)))
    return breach(at, "not a TLSH hash");
}

void StixChecker::dictionary(const Object& dictionary, const StixAt& at) {
  for (auto [key, value] : dictionary) {
    if (!is_key(key)) breach(at.at(key), "not a key of letters, digits, - and _");
  }
}

void StixChecker::options(const Object& options, const StixAt& at) {
  constexpr auto prefixes = std::to_array<std::string_view>(
      {"SO_", "ICMP_", "ICMP6_", "IP_", "IPV6_", "MCAST_", "TCP_", "IRLMP_"});
  for (auto [key, value] : options) {
    StixAt here = at.at(key);
    if (!std::ranges::any_of(prefixes, [&](auto prefix) { return key.starts_with(prefix); }) ||
        !is_key(key)) {
      breach(here, "not the name of a socket option");
    } else if (!is_stix_word("socket-options", key)) {
      warn("socket-options", here, "a socket option that is not known");
    }
    if (!value.is_int64() && !value.is_uint64() && !value.is_null()) breach(here, "not an integer");
  }
}

void StixChecker::extensions(const Object& extensions, const StixAt& at) {
  for (auto [key, value] : extensions) {
    Object extension;
    if (!value.get(extension)) {
      this->extension(key, extension, at.at(key));
    } else if (!value.is_null()) {
      breach(at.at(key), "not a dictionary");
    }
  }
}

void StixChecker::extension(std::string_view key, const Object& extension, const StixAt& at) {
  if (const StixShape* known = stix_extension(type_, key))
    return shape(*known, extension, at, false);
  bool defined = is_stix_id(key) && stix_type_of(key) == "extension-definition";
  if (defined) {
    std::string_view type = stix_text(extension, "extension_type");
    if (!is_extension_type(type))
      breach(at.at("extension_type"), type.empty()
                                          ? "missing, or not a text"
                                          : "not a kind of extension: " + text::quote(type));
  } else if (!is_extension_key(key)) {
    return breach(at, "neither the id of an extension definition nor a name that ends in -ext");
  } else {
    warn("extensions-use", at, "an extension without a definition");
    std::string_view whose = key.substr(0, key.size() - 4);
    if (!key.starts_with("x-"))
      warn("custom-prefix-lax", at, "a custom extension does not begin with x-");
    if (!key.starts_with("x-") || whose.size() < 3 || whose.find('-', 3) == whose.npos)
      warn("custom-prefix", at, "a custom extension without x- and whose it is");
  }
  for (auto [name, value] : extension) name_of(name, value, at.at(name));
}

void StixChecker::observables(const Object& observables, const StixAt& at) {
  warn("deprecated-properties", at, "observables in an object; object_refs is what names them");
  std::string outer = type_;
  for (auto [key, value] : observables) {
    StixAt here = at.at(key);
    Object observable;
    if (value.get(observable)) {
      if (!value.is_null()) breach(here, "not a dictionary");
      continue;
    }
    std::string_view type = stix_text(observable, "type");
    const StixShape* known = stix_shape(type);
    if (type.empty()) {
      breach(here.at("type"), "missing, or not a text");
    } else if (known && known->sort != StixShape::Sort::observable) {
      breach(here.at("type"), "not a type of observables: " + text::quote(type));
    } else if (known) {
      type_ = type;
      object(observable, here, old_, true);
    }
  }
  type_ = outer;
}

void StixChecker::translations(const Object& contents, const StixAt& at) {
  for (auto [language, value] : contents) {
    StixAt here = at.at(language);
    if (!is_language(language)) breach(here, "not a language code");
    Object fields;
    if (value.get(fields)) {
      if (!value.is_null()) breach(here, "not a dictionary");
      continue;
    }
    for (auto [name, text] : fields) {
      if (!is_stix_property_name(name)) breach(here.at(name), "not the name of a property");
    }
  }
}

}  // namespace tocsin::wire
