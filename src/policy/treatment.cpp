// Treatments: what is done to the fields of what goes, and what follows from it for other fields.
#include <algorithm>
#include <map>
#include <numeric>

#include "policy/decision.h"

namespace tocsin::policy {
namespace {

using Treatments = std::map<std::string, Treatment, std::less<>>;

// Rounding down to both.
std::uint32_t common_step(std::uint32_t a, std::uint32_t b) {
  std::uint64_t both = std::lcm<std::uint64_t>(std::max(a, 1u), std::max(b, 1u));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(both, UINT32_MAX));
}

void add(Treatment& into, const Treatment& more) {
  into.drop |= more.drop;
  into.pseudonymise |= more.pseudonymise;
  into.hash |= more.hash;
  if (!more.coarse) return;
  if (!into.coarse) {
    into.coarse = more.coarse;
  } else {
    into.coarse->v4_bits = std::min(into.coarse->v4_bits, more.coarse->v4_bits);
    into.coarse->v6_bits = std::min(into.coarse->v6_bits, more.coarse->v6_bits);
    into.coarse->step_s = common_step(into.coarse->step_s, more.coarse->step_s);
  }
}

void add(Treatments& all, std::string_view field, const Treatment& more) {
  auto at = all.try_emplace(std::string(field), Treatment{.field = std::string(field)}).first;
  add(at->second, more);
}

void drop(Treatments& all, std::initializer_list<Part> parts) {
  for (Part part : parts) add(all, name(part), {.drop = true});
}

bool names_somebody(Part part) {
  using enum Part;
  return part == account || part == address || part == contact || part == controller ||
         part == name || part == network || part == url;
}

// Text that a person wrote for others is the item itself.
bool is_letter(ItemKind kind) {
  return kind == ItemKind::opinion || kind == ItemKind::note || kind == ItemKind::request;
}

// What would tell what was changed.
void add_what_follows(Treatments& all, ItemKind kind) {
  Treatment addresses, names;
  bool any = false, any_address = false;
  for (const auto& [field, treatment] : all) {
    Part part = part_of(field);
    any |= names_somebody(part);
    any_address |= part == Part::address;
    if (part == Part::address) add(addresses, treatment);
    if (part == Part::name) add(names, treatment);
  }
  if (any) drop(all, {Part::raw, Part::extra, Part::id});
  if (any && !is_letter(kind)) drop(all, {Part::text});
  if (any_address) {
    add(all, name(Part::network), addresses);
    add(all, name(Part::controller), addresses);
    for (const char* field : {"source.reverse_dns", "destination.reverse_dns"})
      add(all, field, {.drop = true});
  }
  if (names != Treatment{}) add(all, name(Part::controller), names);
}

}  // namespace

std::vector<Treatment> treatments(const Item& item, const Agreement& a, const Context& c) {
  Treatments all;
  const Party *from = a.party(c.from), *to = a.party(c.to);
  for (const Transform& t : a.transforms) {
    if (from != nullptr && to != nullptr && !leads(t.way, from->as, to->as)) continue;
    Treatment one{.pseudonymise = t.action == Action::pseudonymise,
                  .hash = t.action == Action::hash};
    if (t.action == Action::generalise) one.coarse = t.coarse;
    one.drop = !one.pseudonymise && !one.hash && !one.coarse;
    add(all, t.field, one);
  }
  bool anonymised = item.relayed && item.onward.value_or(Onward::none) == Onward::anonymised;
  if (anonymised && item.role != PartyRole::originator)
    drop(all, {Part::account, Part::address, Part::contact, Part::controller, Part::name,
               Part::network, Part::originator, Part::url});
  if (a.attribution == Attribution::pseudonymous) {
    add(all, name(Part::originator), {.hash = true});
  } else if (a.attribution != Attribution::named) {
    drop(all, {Part::originator});
  }
  for (Part part : {Part::raw, Part::extra}) {
    if (std::ranges::find(a.include, part) == a.include.end()) drop(all, {part});
  }
  if (a.attribution != Attribution::named) drop(all, {Part::raw});  // it names who wrote it
  add_what_follows(all, item.kind);
  std::vector<Treatment> out;
  for (auto& [field, treatment] : all) {
    if (treatment.drop) treatment = {.field = field, .drop = true};
    out.push_back(std::move(treatment));
  }
  return out;
}

Treatment treatment_of(const std::vector<Treatment>& treatments, std::string_view field) {
  Treatment out{.field = std::string(field)};
  for (const Treatment& one : treatments) {
    if (covers(one.field, field)) add(out, one);
  }
  if (out.drop) out = {.field = out.field, .drop = true};
  return out;
}

}  // namespace tocsin::policy
