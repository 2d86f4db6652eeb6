#include "policy/letter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "policy/mention.h"

namespace tocsin::policy {
namespace {

constexpr std::string_view words_field = "event_description.text", basis_field = "comment",
                           country_field = "source.geolocation.cc", sector_field = "sector";

std::string_view field_of(SubjectKind sort) {
  switch (sort) {
    case SubjectKind::address:
      return "source.ip";
    case SubjectKind::name:
      return "source.fqdn";
    case SubjectKind::url:
      return "source.url";
    case SubjectKind::account:
      return "source.account";
    default:
      return {};
  }
}

Context context_of(const LetterDoor& door, const Pass& pass, Direction direction) {
  return {.now = door.now,
          .from = door.from,
          .to = door.to,
          .direction = direction,
          .standing = pass.standing,
          .purpose = Purpose::defence,
          .quota_left = pass.quota_left};
}

bool changes(const Treatment& t) {
  return t.drop || t.pseudonymise || t.hash || t.coarse;
}

std::vector<TreatedMember> treated(const Letter& letter, const Decision& decision,
                                   const LetterDoor& door) {
  std::vector<std::string> json;
  std::vector<Member> members;
  json.reserve(5);
  auto add = [&](std::string_view field, const std::string& text) {
    if (field.empty() || text.empty()) return;
    json::append_string(json.emplace_back(), text);
    members.push_back({field, json.back()});
  };
  add(field_of(letter.sort), letter.subject);
  add(country_field, letter.item.country.text());
  add(sector_field, letter.item.sector);
  add(basis_field, letter.legal_basis);
  add(words_field, letter.words);
  // What would go as a pseudonym or hash does not go: no key is needed.
  return Treating(decision.treatments, PseudonymKey{}, door.sensors).event(members);
}

std::string text_of(const std::vector<TreatedMember>& members, std::string_view field) {
  auto found = std::ranges::find(members, field, &TreatedMember::name);
  return found == members.end() ? std::string() : json_text(found->json);
}

// The subject as it may be told; a pseudonym or hash is none: nobody could act on it, or on
// somebody else.
void tell_subject(const Letter& letter, const Decision& decision,
                  const std::vector<TreatedMember>& members, ToldLetter& told) {
  std::string_view field = field_of(letter.sort);
  if (field.empty()) return;
  Treatment how = treatment_of(decision.treatments, field);
  if (how.pseudonymise || how.hash) return;
  told.subject = text_of(members, field);
  if (!told.subject.empty()) {
    told.sort = name(letter.sort);
  } else if (letter.sort == SubjectKind::address && how.coarse) {
    told.subject = text_of(members, "source.network");
    if (!told.subject.empty()) told.sort = "network";
  }
}

}  // namespace

Result<Cleared<ToldLetter>> clear(const Letter& letter, const LetterDoor& door) {
  if (door.passes.empty()) return denied("no agreement with " + door.to + " is in force");
  std::string why;
  for (const Pass& pass : door.passes) {
    auto decision = decide(letter.item, pass.agreement, context_of(door, pass, Direction::egress));
    if (!decision.released) {
      if (why.empty()) why = decision.sentence;
      continue;
    }
    auto members = treated(letter, decision, door);
    ToldLetter told{.sort = {},
                    .subject = {},
                    .country = text_of(members, country_field),
                    .sector = text_of(members, sector_field),
                    .words = text_of(members, words_field),
                    .legal_basis = text_of(members, basis_field),
                    .agreement = content_address(pass.agreement)};
    tell_subject(letter, decision, members, told);
    bool no_addresses = changes(treatment_of(decision.treatments, "source.ip"));
    auto any = [](const Ip&) { return true; };
    if (no_addresses && (mentions(letter.words, any) || mentions(letter.legal_basis, any)))
      return denied("the words name an address, which the agreement changes: leave it out");
    if (told.words != letter.words || told.legal_basis != letter.legal_basis)
      return denied(
          "the words name one of our sensors, or what the agreement takes away: leave it out");
    if (told.subject.empty() && !letter.names_item)
      return denied(fmt::format("under the agreement {} nothing of what it is about may be told",
                                pass.agreement.id));
    Recipient to{.id = door.to, .relation = Relation::member, .address = {}};
    return Cleared<ToldLetter>(std::move(told), std::move(to), letter.item.tlp, 0);
  }
  return denied(why);
}

LetterVerdict judge_heard(const Letter& letter, const LetterDoor& door) {
  LetterVerdict out{.reason = Reason::unsigned_agreement};
  Item item = letter.item;
  if (auto field = field_of(letter.sort); !field.empty()) item.fields.emplace_back(field);
  if (!letter.words.empty()) item.fields.emplace_back(words_field);
  if (!letter.legal_basis.empty()) item.fields.emplace_back(basis_field);
  for (const Pass& pass : door.passes) {
    auto verdict = judge(item, pass.agreement, context_of(door, pass, Direction::ingress));
    if (verdict.released()) return {verdict.reason, content_address(pass.agreement)};
    if (&pass == &door.passes.front()) out.reason = verdict.reason;
  }
  return out;
}

Result<Cleared<AskedWords>> clear(AskedWords words, const Marking& marking, const Recipient& to,
                                  const Rules& rules) {
  TRY(permit(marking, to.relation));
  auto is_sensor = [&](const Ip& ip) {
    return std::ranges::any_of(rules.sensors, [&](const Network& n) { return n.contains(ip); });
  };
  if (mentions(words.words, is_sensor) || mentions(words.legal_basis, is_sensor))
    return denied("the words name one of our sensors: leave it out");
  return Cleared<AskedWords>(std::move(words), to, marking.tlp, rules.epoch);
}

}  // namespace tocsin::policy
