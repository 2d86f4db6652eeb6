#include "policy/words.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tocsin::policy {
namespace {

std::string way_words(const Way& way) {
  std::string out;
  if (!way.from.empty()) out += " from " + in_words(way.from);
  if (!way.to.empty()) out += " to " + in_words(way.to);
  return out;
}

std::string or_none(std::string_view text) {
  return text.empty() ? "not said" : text::printable(text);
}

std::string step_words(std::uint32_t step_s) {
  if (step_s % 86'400 == 0) return text::count(step_s / 86'400, "day", "days");
  if (step_s % 3600 == 0) return text::count(step_s / 3600, "hour", "hours");
  return text::count(step_s, "second", "seconds");
}

std::string facts_words(Facts facts) {
  std::string out;
  for (std::size_t i = 0; i < facts_count; ++i) {
    auto fact = static_cast<Fact>(i);
    if (facts.has(fact)) out += ", " + std::string(name(fact));
  }
  return out;
}

std::string_view onward_words(Onward onward) {
  switch (onward) {
    case Onward::none:
      return "to nobody else";
    case Onward::with_consent:
      return "to others with the consent of its originator, item by item";
    case Onward::same_terms:
      return "to others under the same or stricter terms";
    case Onward::anonymised:
      return "to others without anything that names somebody";
  }
  return "to nobody else";
}

class Page {
 public:
  void line(Clause clause, std::string_view words) {
    if (clauses_.empty() || clauses_.back().clause != clause)
      clauses_.push_back({.clause = clause, .lines = {}});
    clauses_.back().lines.emplace_back(words);
  }
  std::vector<ClauseWords> clauses_;
};

void parties(Page& page, const Agreement& a) {
  for (const Party& party : a.parties) {
    std::string country = party.country.empty() ? "" : " (" + party.country.text() + ")";
    page.line(Clause::parties, fmt::format("{}{}: {}, as {}", text::printable(party.name), country,
                                           party.id, party.as));
    for (const PublicKey& key : party.keys)
      page.line(Clause::parties, "  key " + key.fingerprint());
    for (const Contact& c : party.contacts) {
      std::string words;
      for (const std::string& text :
           {c.name, c.mail, c.phone, c.pgp.empty() ? "" : "PGP " + c.pgp}) {
        if (!text.empty()) words += (words.empty() ? "  " : ", ") + text::printable(text);
      }
      page.line(Clause::parties, words);
    }
  }
}

void terms(Page& page, const Agreement& a) {
  std::string told = "may be told of type and subject" + facts_words(a.affected_facts);
  page.line(Clause::affected, a.tell_affected ? told : "are not told");
  for (const Transform& t : a.transforms) page.line(Clause::fields, in_words(t));
  page.line(Clause::fields, a.include.empty() ? "raw records and unknown fields never go"
                                              : "also go: " + in_words(a.include));
  page.line(Clause::onward, onward_words(a.onward));
  page.line(Clause::attribution, fmt::format("who reported it goes {}", name(a.attribution)));
  page.line(Clause::retention, text::count(a.retention_days, "day", "days"));
  page.line(Clause::quota, a.quota_per_day == 0
                               ? "no limit"
                               : fmt::format("{} items a day each way", a.quota_per_day));
  std::string counted = "counted, given and received";
  if (a.reciprocity_min_percent > 0)
    counted += fmt::format("; told when below {} %", a.reciprocity_min_percent);
  page.line(Clause::reciprocity, a.reciprocity_counted ? counted : "not counted");
  page.line(Clause::feed_terms, a.unsaid_feeds_pass
                                    ? "respected; what a feed does not say is no hindrance"
                                    : "respected; what a feed does not allow does not go");
  page.line(Clause::distribution, "MISP's is kept, and lowered at each hop");
}

void texts(Page& page, const Agreement& a) {
  page.line(Clause::personal_data, "legal basis: " + or_none(a.legal_basis));
  page.line(Clause::personal_data, "data subjects: " + or_none(a.data_subjects));
  page.line(Clause::personal_data,
            a.third_countries ? "may go to third countries" : "does not go to third countries");
  page.line(Clause::security, "measures: " + or_none(a.security));
  if (a.breach_notice_h > 0)
    page.line(Clause::security, fmt::format("a breach is told within {}",
                                            text::count(a.breach_notice_h, "hour", "hours")));
  page.line(Clause::termination,
            fmt::format("notice of {}; then what was got is {}",
                        text::count(a.notice_days, "day", "days"),
                        a.delete_at_end ? "deleted, with a signed statement" : "kept"));
  page.line(Clause::law, "applies: " + or_none(a.law));
  page.line(Clause::law, "courts: " + or_none(a.courts));
  if (!a.secrecy.empty()) page.line(Clause::law, "secrecy: " + or_none(a.secrecy));
  page.line(Clause::law, "language: " + or_none(a.language));
}

}  // namespace

std::string in_words(TimeUs time) {
  return time == 0 ? "never" : times::format(time);
}

std::string in_words(Tlp tlp) {
  return "TLP:" + text::upper(name(tlp));
}

std::string in_words(Pap pap) {
  return "PAP:" + text::upper(name(pap));
}

std::string in_words(const Allow& rule) {
  std::string out = rule.kinds.empty() ? "nothing" : in_words(rule.kinds);
  out += way_words(rule.way);
  out += fmt::format(", up to {} and {}", in_words(rule.max_tlp), in_words(rule.max_pap));
  if (!rule.types.empty()) out += "; types " + in_words(rule.types);
  if (!rule.sectors.empty()) out += "; sectors " + in_words(rule.sectors);
  if (!rule.countries.empty()) out += "; countries " + in_words(rule.countries);
  if (rule.min_confidence > 0) out += fmt::format("; confidence {} or more", rule.min_confidence);
  return out;
}

std::string in_words(const Transform& t) {
  Part part = part_of(t.field);
  std::string out = fmt::format("{}{}: {}", t.field, way_words(t.way), name(t.action));
  if (t.action != Action::generalise) return out;
  if (part == Part::time) return out + " to " + step_words(t.coarse.step_s);
  if (part == Part::address || part == Part::network)
    return out + fmt::format(" to /{} and /{}", t.coarse.v4_bits, t.coarse.v6_bits);
  if (part == Part::name) return out + " to its registered domain";
  return out + (part == Part::url ? " to its host" : " to its country");
}

std::vector<ClauseWords> clauses_in_words(const Agreement& a) {
  Page page;
  parties(page, a);
  page.line(Clause::validity,
            fmt::format("from {} until {}, then no longer", in_words(a.from), in_words(a.until)));
  if (a.review != 0) page.line(Clause::validity, "to be looked at again at " + in_words(a.review));
  page.line(Clause::purposes, in_words(a.purposes));
  page.line(Clause::marking, "what is red or unmarked never goes by machine; clauses 4 to 10:");
  for (std::size_t i = 0; i < a.allow.size(); ++i)
    page.line(Clause::marking, fmt::format("rule {}: {}", i + 1, in_words(a.allow[i])));
  page.line(Clause::marking, "what no rule allows does not go");
  terms(page, a);
  texts(page, a);
  return std::move(page.clauses_);
}

std::string in_words(const Agreement& a) {
  std::string out = fmt::format("{}{}, version {}\n", a.id,
                                a.title.empty() ? "" : ": " + text::printable(a.title), a.version);
  auto clauses = clauses_in_words(a);
  for (const ClauseWords& one : clauses) {
    std::string head = fmt::format("{} {}", static_cast<int>(one.clause), name(one.clause));
    for (const std::string& line : one.lines) {
      out += fmt::format("{:<17} {}\n", head, line);
      head.clear();
    }
  }
  return out;
}

}  // namespace tocsin::policy
