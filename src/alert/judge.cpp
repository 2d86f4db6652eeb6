#include "alert/judge.h"

#include <fmt/format.h>

#include <array>

#include "model/normal.h"

namespace tocsin::alert {

std::string_view name(Verdict verdict) {
  constexpr std::array<std::string_view, 13> names = {
      "tell",    "test",    "exercise", "history",    "simulated", "closed", "old",
      "nobodys", "marking", "unsure",   "no-contact", "judged",    "muted"};
  return names.at(static_cast<std::size_t>(verdict));
}

Place place_of(const Sight& sight) {
  Place place{.asn = sight.asn, .country = sight.country};
  switch (sight.kind) {
    case SubjectKind::none:
      break;
    case SubjectKind::address:
      place.ip = sight.ip;
      break;
    case SubjectKind::name:
      place.name = sight.subject;
      break;
    case SubjectKind::url:
      place.name = normal::url_host(sight.subject);
      if (auto ip = ip::parse(place.name)) {
        place.ip = *ip;
        place.name = {};
      }
      break;
    case SubjectKind::account:
      if (std::size_t at = sight.subject.rfind('@'); at != sight.subject.npos)
        place.name = sight.subject.substr(at + 1);
      break;
  }
  return place;
}

Severity severity_of(const Sight& sight) {
  return sight.severity == Severity::none ? usual_severity(sight.type) : sight.severity;
}

policy::Relation relation_of(const Decision& decision, const Constituent& whose) {
  bool own = !whose.provider && decision.kind != AssetKind::country;
  return own ? policy::Relation::affected : policy::Relation::provider;
}

Judgement judge(const Sight& sight, const Directory& directory, const Settings& settings,
                TimeUs now) {
  Judgement out;
  out.decision = directory.decide(place_of(sight));
  const Constituent* whose = directory.of(out.decision);
  if (whose != nullptr) out.relation = relation_of(out.decision, *whose);
  auto verdict = [&] {
    if (class_of(sight.type) == Class::test) return Verdict::test;
    if (sight.exercise) return Verdict::exercise;
    if (sight.made_up) return Verdict::simulated;
    if (sight.history) return Verdict::history;
    if (sight.state == State::closed) return Verdict::closed;
    if (sight.judged > tocsin::Verdict::confirmed) return Verdict::judged;
    if (sight.muted) return Verdict::muted;
    if (sight.last < now - static_cast<TimeUs>(settings.max_age_days) * us_per_day)
      return Verdict::old;
    if (whose == nullptr) return Verdict::nobodys;
    policy::Marking marking{sight.tlp,
                            sight.consent == nullptr ? policy::Consent{} : *sight.consent};
    if (!policy::permit(marking, out.relation)) return Verdict::marking;
    if (whose->sure < settings.sure_least) return Verdict::unsure;
    if (whose->contacts.empty()) return Verdict::no_contact;
    return Verdict::tell;
  };
  out.verdict = verdict();
  return out;
}

std::string sentence(const Judgement& judgement, const Sight& sight, const Directory& directory,
                     const Settings& settings) {
  const Constituent* whose = directory.of(judgement.decision);
  switch (judgement.verdict) {
    case Verdict::tell:
      return fmt::format("{} is told", whose->name);
    case Verdict::test:
      return "nobody is told: it is of type test";
    case Verdict::exercise:
      return "nobody is told: it is of an exercise";
    case Verdict::history:
      return "nobody is told: it was only told of as history";
    case Verdict::simulated:
      return "nobody is told: only a feed that is simulated, or an exercise, told of it";
    case Verdict::closed:
      return "nobody is told: it is closed";
    case Verdict::judged:
      return fmt::format("nobody is told: somebody judged it {}", name(sight.judged));
    case Verdict::muted:
      return "nobody is told: somebody muted it";
    case Verdict::old:
      return fmt::format("nobody is told: it was last seen more than {} days ago",
                         settings.max_age_days);
    case Verdict::nobodys:
      return "nobody is told: no constituent has this address, name, network or country";
    case Verdict::unsure:
      return fmt::format("nobody is told: it is {} % sure that this is {}'s, and {} % is the least",
                         whose->sure, whose->name, settings.sure_least);
    case Verdict::no_contact:
      return fmt::format("nobody is told: {} has no contact", whose->name);
    case Verdict::marking:
      break;
  }
  policy::Marking marking{sight.tlp, sight.consent == nullptr ? policy::Consent{} : *sight.consent};
  auto permitted = policy::permit(marking, judgement.relation);
  return "nobody is told: " + (permitted ? std::string() : permitted.error().what);
}

}  // namespace tocsin::alert
