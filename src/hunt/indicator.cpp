#include "hunt/indicator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "model/family.h"
#include "store/handling.h"

namespace tocsin::hunt {
namespace {

template <class Enum, std::size_t N>
std::optional<Enum> named(const std::array<std::string_view, N>& names, std::string_view text) {
  auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

// "T1566", "T1566.001".
bool is_technique(std::string_view text) {
  auto digits = [](std::string_view part, std::size_t count) {
    return part.size() == count &&
           std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!text.starts_with('T')) return false;
  std::string_view rest = text.substr(1), number = text::cut(rest, '.');
  return digits(number, 4) && (text.size() == 5 || digits(rest, 3));
}

}  // namespace

std::optional<SourceKind> source_kind_named(std::string_view text) {
  return named<SourceKind>(source_kind_names, text);
}

std::optional<State> state_named(std::string_view text) {
  return named<State>(state_names, text);
}

bool Claim::says_the_same(const Claim& other) const {
  return source == other.source && object == other.object && type == other.type &&
         family == other.family && techniques == other.techniques &&
         confidence == other.confidence && severity == other.severity && tlp == other.tlp &&
         pap == other.pap && from == other.from && until == other.until &&
         revoked == other.revoked && text == other.text;
}

Result<Claim> checked(Claim claim) {
  claim.source.name =
      TRY(store::one_line(claim.source.name, source_bytes_max, "the source's name"));
  if (claim.source.name.empty() != (claim.source.kind == SourceKind::node))
    return invalid("a claim needs a source");
  claim.object = TRY(store::one_line(claim.object, object_bytes_max, "the object's id"));
  std::string family = TRY(store::one_line(claim.family, family_bytes_max, "the family"));
  claim.family = canonical_family(family);
  claim.text = TRY(store::many_lines(claim.text, text_bytes_max, "the text"));
  if (claim.confidence && *claim.confidence > 100)
    return invalid(fmt::format("a confidence of {}: it is 0 to 100", *claim.confidence));
  if (claim.techniques.size() > techniques_max)
    return invalid(fmt::format("more than {} techniques", techniques_max));
  for (std::string& technique : claim.techniques) {
    technique = text::upper(text::trim(technique));
    if (!is_technique(technique))
      return invalid("not a technique of ATT&CK: " + text::quote(technique));
  }
  std::ranges::sort(claim.techniques);
  auto repeated = std::ranges::unique(claim.techniques);
  claim.techniques.erase(repeated.begin(), repeated.end());
  if (claim.until != time_none && claim.until <= claim.from)
    return invalid("valid until a time that is not after its begin");
  return claim;
}

State Indicator::state(TimeUs now) const {
  if (until != time_none && until <= now) return State::expired;
  return since <= now ? State::active : State::upcoming;
}

Tlp Indicator::tlp() const {
  Tlp strictest = claims.empty() ? Tlp::unmarked : Tlp::clear;
  for (const Claim& claim : claims) strictest = std::max(strictest, claim.tlp);
  return strictest;
}

std::size_t corroboration(const Indicator& indicator, TimeUs now) {
  std::vector<const Claim*> held;
  for (const Claim& claim : indicator.claims) {
    bool ended = indicator.expired != time_none && claim.told <= indicator.expired;
    if (claim.holds(now) && !ended) held.push_back(&claim);
  }
  // Each begins as its own; claims of one source, or of one object, are joined.
  std::vector<std::size_t> parent(held.size());
  for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = i;
  auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i];
    return i;
  };
  std::map<Source, std::size_t> by_source;
  std::map<std::string_view, std::size_t> by_object;
  std::size_t groups = held.size();
  auto join = [&](std::size_t a, std::size_t b) {
    a = root(a), b = root(b);
    if (a == b) return;
    parent[a] = b;
    --groups;
  };
  for (std::size_t i = 0; i < held.size(); ++i) {
    join(i, by_source.try_emplace(held[i]->source, i).first->second);
    if (!held[i]->object.empty()) join(i, by_object.try_emplace(held[i]->object, i).first->second);
  }
  return groups;
}

std::string indicator_id(std::uint64_t id) {
  return fmt::format("i_{}", id);
}

std::uint64_t indicator_id_of(std::string_view text) {
  return text.starts_with("i_") ? text::number(text.substr(2)).value_or(0) : 0;
}

}  // namespace tocsin::hunt
