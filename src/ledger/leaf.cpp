#include "ledger/leaf.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include "base/canonical_json.h"
#include "base/check.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::ledger {
namespace {

using Numbers = std::map<std::string, std::uint64_t>;

// The members of each kind, for writing and for reading: `each` takes a name and a value. What is
// empty or absent is not written; numbers always are.
template <class Each>
void members(Each& each, auto& b) {
  using T = std::remove_cvref_t<decltype(b)>;
  if constexpr (std::is_same_v<T, Opening>) {
    each("node", b.node);
    each("key", b.key);
    each("before", b.before);
  } else if constexpr (std::is_same_v<T, Release>) {
    each("to", b.to);
    each("agreement", b.agreement);
    each.digits("epoch", b.epoch);
    each("via", b.via);
    each("from", b.from);
    each("until", b.until);
    each("items", b.items);
    each("count", b.count);
    each("counts", b.counts);
    each("answers", b.answers);
    each("under", b.under);
  } else if constexpr (std::is_same_v<T, Denial>) {
    each("to", b.to);
    each("agreement", b.agreement);
    each.digits("epoch", b.epoch);
    each("commit", b.commit);
    each("count", b.count);
    each("clause", b.clause);
  } else if constexpr (std::is_same_v<T, Outcome>) {
    each("of", b.of);
    each("outcome", b.outcome);
    each("receipt", b.receipt);
  } else if constexpr (std::is_same_v<T, Receipt>) {
    each("from", b.from);
    each("release", b.release);
    each("leaf", b.leaf);
    each("items", b.items);
    each("shown", b.shown);
    each("taken", b.taken);
    each("refused", b.refused);
  } else if constexpr (std::is_same_v<T, PolicyAct>) {
    each("what", b.what);
    each("with", b.with);
    each("agreement", b.agreement);
    each.digits("epoch", b.epoch);
    each("details", b.details);
  } else if constexpr (std::is_same_v<T, KeyChange>) {
    each("key", b.key);
  } else if constexpr (std::is_same_v<T, Dropped>) {
    each("log", b.log);
    each("details", b.details);
    each("items_below", b.items_below);
  }
}

std::string json_of(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}
std::string json_of(const std::string& text) {
  return json_of(std::string_view(text));
}
std::string json_of(std::uint64_t number) {
  return std::to_string(number);
}
std::string json_of(std::uint32_t number) {
  return std::to_string(number);
}
std::string json_of(const Sha256& hash) {
  return json_of(hex(hash));
}
std::string json_of(const PublicKey& key) {
  return json_of(key.text());
}
std::string json_of(const Place& place) {
  return fmt::format(R"({{"index":{},"log":"{}"}})", place.index, hex(place.log));
}
std::string json_of(const Dropped::Masked& masked) {
  return fmt::format(R"({{"details":"{}","of":{}}})", hex(masked.details), masked.of);
}
std::string json_of(const Predecessor& before) {
  return fmt::format(R"({{"log":"{}","root":"{}","size":{}}})", hex(before.log),
                     hex(before.tree.root), before.tree.size);
}
std::string json_of(const Numbers& numbers) {
  json::Writer w;
  w.object();
  for (const auto& [name, number] : numbers) w.member(name, number);
  w.end();
  return w.take();
}
template <class T>
std::string json_of(const std::vector<T>& list) {
  std::string out = "[";
  for (const T& value : list) out += (out.size() > 1 ? "," : "") + json_of(value);
  return out + "]";
}

struct Writing {
  std::map<std::string_view, std::string> members;

  template <class T>
  void operator()(std::string_view name, const T& value) {
    if constexpr (requires { value.empty(); }) {
      if (value.empty()) return;
    }
    members.emplace(name, json_of(value));
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }
  void digits(std::string_view name, std::uint64_t value) {
    (*this)(name, fmt::format("{:016x}", value));
  }
};

using Element = simdjson::dom::element;

bool read(const Element& from, std::string& text) {
  std::string_view view;
  if (from.get(view)) return false;
  text = view;
  return true;
}
bool read(const Element& from, std::uint64_t& number) {
  return !from.get(number);
}
bool read(const Element& from, std::uint32_t& number) {
  std::uint64_t wide = 0;
  if (from.get(wide) || wide > UINT32_MAX) return false;
  number = static_cast<std::uint32_t>(wide);
  return true;
}
bool read(const Element& from, Sha256& hash) {
  std::string_view text;
  if (from.get(text)) return false;
  auto parsed = parse_hash(text);
  if (parsed) hash = *parsed;
  return parsed.has_value();
}
bool read(const Element& from, PublicKey& key) {
  std::string_view text;
  if (from.get(text)) return false;
  auto parsed = PublicKey::parse(text);
  if (parsed) key = *parsed;
  return parsed.has_value();
}
template <class T>
bool read_member(const Element& from, const char* name, T& value) {
  Element member;
  return !from[name].get(member) && read(member, value);
}
bool read(const Element& from, Place& place) {
  return read_member(from, "index", place.index) && read_member(from, "log", place.log);
}
bool read(const Element& from, Dropped::Masked& masked) {
  return read_member(from, "details", masked.details) && read_member(from, "of", masked.of);
}
bool read(const Element& from, Predecessor& before) {
  return read_member(from, "log", before.log) && read_member(from, "root", before.tree.root) &&
         read_member(from, "size", before.tree.size);
}
bool read(const Element& from, Numbers& numbers) {
  simdjson::dom::object object;
  if (from.get(object)) return false;
  for (const auto& [name, value] : object) {
    if (!read(value, numbers[std::string(name)])) return false;
  }
  return true;
}
template <class T>
bool read(const Element& from, std::vector<T>& list) {
  simdjson::dom::array array;
  if (from.get(array)) return false;
  for (const Element& value : array) {
    if (!read(value, list.emplace_back())) return false;
  }
  return true;
}

// What is missing keeps its default: whoever calls compares what that is written as.
struct Reading {
  const Element& from;
  std::string wrong{};

  template <class T>
  void operator()(const char* name, T& value) {
    Element member;
    if (!from[name].get(member) && !read(member, value)) wrong = name;
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) {
    Element member;
    if (!from[name].get(member) && !read(member, value.emplace())) wrong = name;
  }
  void digits(const char* name, std::uint64_t& value) {
    std::string text;
    (*this)(name, text);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) wrong = name;
  }
};

constexpr std::string_view kinds[] = {"opening", "release", "denial", "outcome",
                                      "receipt", "policy",  "key",    "dropped"};

// The body whose kind is named; nullopt: none is.
template <std::size_t at = 0>
std::optional<Body> body_named(std::string_view kind) {
  if constexpr (at == std::variant_size_v<Body>) {
    return std::nullopt;
  } else {
    return kind == kinds[at] ? Body(std::in_place_index<at>) : body_named<at + 1>(kind);
  }
}

std::string_view view_of(const Salt& salt) {
  return {reinterpret_cast<const char*>(salt.data()), salt.size()};
}

bool read_salt(std::string_view text, Salt& salt) {
  auto whole = parse_hash(std::string(text) + std::string(32, '0'));
  if (!whole) return false;
  std::copy_n(whole->begin(), salt.size(), salt.begin());
  return true;
}

}  // namespace

std::string_view kind_of(const Body& body) {
  static_assert(std::size(kinds) == std::variant_size_v<Body>);
  return kinds[body.index()];
}

std::string_view partner_of(const Body& body) {
  if (const auto* release = std::get_if<Release>(&body)) return release->to;
  if (const auto* denial = std::get_if<Denial>(&body)) return denial->to;
  if (const auto* receipt = std::get_if<Receipt>(&body)) return receipt->from;
  if (const auto* act = std::get_if<PolicyAct>(&body)) return act->with;
  return {};
}

namespace {
Result<std::string> spelled(const Leaf& leaf) {
  Writing writing;
  writing("at", times::format(leaf.at));
  writing("kind", kind_of(leaf.body));
  writing("salt", hex(view_of(leaf.salt)));
  std::visit([&](const auto& body) { members(writing, body); }, leaf.body);
  json::Writer w;
  w.object();
  for (const auto& [name, value] : writing.members) w.key(name).raw(value);
  w.end();
  return canonical_json(w.text());
}
}  // namespace

std::string leaf_text(const Leaf& leaf) {
  auto text = spelled(leaf);
  check(text.has_value(), "ledger: a leaf that has no canonical spelling");
  return *std::move(text);
}

Result<Leaf> read_leaf(std::string_view text) {
  if (text.size() > leaf_bytes_max) return invalid("a leaf larger than 64 KiB");
  simdjson::dom::parser parser;
  Element root;
  std::string kind, at, salt;
  if (parser.parse(simdjson::padded_string(text)).get(root) || !root.is_object())
    return invalid("a leaf that is no JSON object");
  if (!read_member(root, "kind", kind)) return invalid("a leaf without a kind");
  auto body = body_named(kind);
  if (!body) return invalid("a leaf of a kind that we do not know: " + text::quote(kind));
  Leaf leaf{.body = *std::move(body)};
  if (!read_member(root, "at", at) || !read_member(root, "salt", salt) ||
      !read_salt(salt, leaf.salt))
    return invalid("a leaf without time or salt");
  leaf.at = TRY(times::parse(at));
  Reading reading{root};
  std::visit([&](auto& b) { members(reading, b); }, leaf.body);
  if (!reading.wrong.empty())
    return invalid(fmt::format("a {} leaf whose `{}` is damaged", kind, reading.wrong));
  if (auto again = spelled(leaf); !again || *again != text)
    return invalid(fmt::format("a {} leaf that is not in its one spelling", kind));
  return leaf;
}

Sha256 item_hash(std::string_view salt, const Sha256& item) {
  return leaf_hash(std::string(salt).append(bytes_of(item)));
}

Sha256 items_root(std::span<const Sha256> items) {
  Growing tree;
  for (const Sha256& item : items) tree.add(item);
  return tree.tree().root;
}

std::string item_salt(std::string_view secret, std::string_view recipient) {
  return std::string(bytes_of(hmac_sha256(secret, recipient)).substr(0, 16));
}

Sha256 commitment(std::string_view salt, std::string_view text) {
  return leaf_hash(std::string(salt).append(text));
}

Sha256 evidence(std::string_view json) {
  return leaf_hash(json);
}

}  // namespace tocsin::ledger
