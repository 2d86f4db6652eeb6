#include "policy/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/canonical_json.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::policy {
namespace {

constexpr std::array<std::string_view, item_kinds_count> kind_names = {
    "event",      "finding", "indicator", "sighting", "warning",
    "statistics", "opinion", "note",      "request",  "recall"};
constexpr std::array<std::string_view, 7> purpose_names = {
    "defence", "warning", "statistics", "research", "training", "law-enforcement", "commercial"};
constexpr std::array<std::string_view, 4> onward_names = {"none", "with-consent", "same-terms",
                                                          "anonymised"};
constexpr std::array<std::string_view, 3> attribution_names = {"anonymous", "pseudonymous",
                                                               "named"};
constexpr std::array<std::string_view, 4> action_names = {"generalise", "pseudonymise", "hash",
                                                          "drop"};

template <class Enum, std::size_t n>
std::string_view at(const std::array<std::string_view, n>& names, Enum value) {
  auto i = static_cast<std::size_t>(value);
  return i < n ? names[i] : std::string_view();
}

template <class Enum, std::size_t n>
std::optional<Enum> find(const std::array<std::string_view, n>& names, std::string_view text) {
  auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

// What is signed: never the bytes of anything else that a key of the same node signs.
std::string signed_text(std::string_view address, std::string_view party, TimeUs at) {
  return fmt::format("tocsin agreement signature 1\n{}\n{}\n{}\n", address, party,
                     times::format(at));
}

}  // namespace

std::string_view name(ItemKind kind) {
  return at(kind_names, kind);
}
std::string_view name(Purpose purpose) {
  return at(purpose_names, purpose);
}
std::string_view name(Onward onward) {
  return at(onward_names, onward);
}
std::string_view name(Attribution attribution) {
  return at(attribution_names, attribution);
}
std::string_view name(Action action) {
  return at(action_names, action);
}
std::optional<ItemKind> item_kind_named(std::string_view text) {
  return find<ItemKind>(kind_names, text);
}
std::optional<Purpose> purpose_named(std::string_view text) {
  return find<Purpose>(purpose_names, text);
}
std::optional<Onward> onward_named(std::string_view text) {
  return find<Onward>(onward_names, text);
}

bool can(Action action, Part part) {
  using enum Part;
  switch (action) {
    case Action::drop:
      return part != none;
    case Action::hash:
      return part == account || part == address || part == contact || part == file_hash ||
             part == id || part == name || part == network || part == originator || part == url;
    case Action::pseudonymise:
      return part == address || part == network;
    case Action::generalise:
      return part == address || part == network || part == name || part == url || part == time ||
             part == place;
  }
  return false;
}

const Party* Agreement::party(std::string_view member_id) const {
  auto found = std::ranges::find(parties, member_id, &Party::id);
  return found == parties.end() ? nullptr : &*found;
}

bool leads(const Way& way, std::string_view from, std::string_view to) {
  auto fits = [](const std::vector<std::string>& words, std::string_view word) {
    return words.empty() || std::ranges::find(words, word) != words.end();
  };
  return fits(way.from, from) && fits(way.to, to);
}

std::string content_address(const Agreement& agreement) {
  return hex(sha256(agreement_json(agreement, false)));
}

Result<void> sign(Agreement& agreement, const SigningKey& key, TimeUs at) {
  auto owner = std::ranges::find_if(agreement.parties, [&](const Party& party) {
    return std::ranges::find(party.keys, key.public_key()) != party.keys.end();
  });
  if (owner == agreement.parties.end())
    return denied("the key " + key.public_key().text() + " is no key of a party");
  std::erase_if(agreement.signatures, [&](const Signature& s) { return s.party == owner->id; });
  std::string text = signed_text(content_address(agreement), owner->id, at);
  agreement.signatures.push_back({owner->id, key.public_key(), at, key.sign(text)});
  return {};
}

std::vector<Signed> signatures_of(const Agreement& agreement) {
  std::vector<Signed> out;
  std::string address = content_address(agreement);
  for (const Party& party : agreement.parties) {
    Signed one{.party = party.id, .why = "has not signed"};
    for (const Signature& s : agreement.signatures) {
      if (s.party != party.id || one.why.empty()) continue;
      one.at = s.at;
      if (std::ranges::find(party.keys, s.key) == party.keys.end()) {
        one.why = "signed with a key that is not its own";
      } else if (!s.key.verifies(signed_text(address, s.party, s.at), s.bytes)) {
        one.why = "signed something else: the signature does not fit";
      } else {
        one.why.clear();
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

bool is_signed_by_all(const Agreement& agreement) {
  return agreement.parties.size() >= 2 &&
         std::ranges::all_of(signatures_of(agreement),
                             [](const Signed& one) { return one.why.empty(); });
}

}  // namespace tocsin::policy
