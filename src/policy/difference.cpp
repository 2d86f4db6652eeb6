#include "policy/difference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "policy/words.h"

namespace tocsin::policy {
namespace {

Effect wider_if(bool wider) {
  return wider ? Effect::widens : Effect::narrows;
}

std::string shown(std::string_view text) {
  return text.empty() ? "nothing" : text::quote(text);
}

// Sets where empty means any.
template <class T>
bool within(const std::vector<T>& inner, const std::vector<T>& outer) {
  if (outer.empty() || inner.empty()) return outer.empty();
  return std::ranges::all_of(
      inner, [&](const T& one) { return std::ranges::find(outer, one) != outer.end(); });
}

bool within(const Way& inner, const Way& outer) {
  return within(inner.from, outer.from) && within(inner.to, outer.to);
}

Pap ceiling(Pap pap) {
  return std::min(pap, Pap::red);
}

// Does `outer` allow all that `inner` does?
bool within(const Allow& inner, const Allow& outer) {
  bool kinds = std::ranges::all_of(inner.kinds, [&](ItemKind kind) {
    return std::ranges::find(outer.kinds, kind) != outer.kinds.end();
  });
  return kinds && within(inner.way, outer.way) && within(inner.types, outer.types) &&
         within(inner.sectors, outer.sectors) && within(inner.countries, outer.countries) &&
         inner.max_tlp <= outer.max_tlp && ceiling(inner.max_pap) <= ceiling(outer.max_pap) &&
         inner.min_confidence >= outer.min_confidence;
}

// Does `other` do at least what `t` does, wherever it does it?
bool done_by(const Transform& t, const Transform& other) {
  if (!covers(other.field, t.field) || !within(t.way, other.way)) return false;
  if (other.action == Action::drop) return true;
  if (other.action != t.action) return false;
  return t.action != Action::generalise ||
         (other.coarse.v4_bits <= t.coarse.v4_bits && other.coarse.v6_bits <= t.coarse.v6_bits &&
          t.coarse.step_s > 0 && other.coarse.step_s % t.coarse.step_s == 0);
}

// How far an onward clause goes; same terms and anonymised do not compare.
bool onward_within(Onward inner, Onward outer) {
  if (inner == outer || inner == Onward::none) return true;
  return inner == Onward::with_consent && outer != Onward::none;
}

class Comparison {
 public:
  Comparison(const Agreement& old, const Agreement& fresh) : old_(old), new_(fresh) {}

  std::vector<Difference> all() {
    heading();
    parties();
    validity();
    list(Clause::purposes, "purposes", old_.purposes, new_.purposes);
    rules();
    affected();
    fields();
    terms();
    texts();
    std::ranges::stable_sort(out_, {}, &Difference::clause);
    if (out_.empty() && content_address(old_) != content_address(new_))
      say(Clause::heading, Effect::neither, "the same clauses stand in another order");
    return std::move(out_);
  }

 private:
  void say(Clause clause, Effect effect, std::string words) {
    out_.push_back({clause, effect, std::move(words)});
  }
  void text(Clause clause, std::string_view what, std::string_view was, std::string_view is) {
    if (was != is)
      say(clause, Effect::neither, fmt::format("{} was {}, is {}", what, shown(was), shown(is)));
  }

  // Sets of words; with `any`, an empty one means any.
  template <class T>
  void list(Clause clause, std::string_view what, const std::vector<T>& was,
            const std::vector<T>& is, bool any = false) {
    if (was == is) return;
    bool narrower = any ? within(is, was) : std::ranges::all_of(is, [&](const T& one) {
      return std::ranges::find(was, one) != was.end();
    });
    bool same = narrower && (any ? within(was, is) : std::ranges::all_of(was, [&](const T& one) {
                  return std::ranges::find(is, one) != is.end();
                }));
    Effect effect = same ? Effect::neither : wider_if(!narrower);
    std::string_view none = any ? "any" : "none";
    say(clause, effect,
        fmt::format("{} was {}, is {}", what, was.empty() ? none : in_words(was),
                    is.empty() ? none : in_words(is)));
  }

  void heading() {
    text(Clause::heading, "id", old_.id, new_.id);
    text(Clause::heading, "title", old_.title, new_.title);
    text(Clause::heading, "version", std::to_string(old_.version), std::to_string(new_.version));
    text(Clause::heading, "replaces", old_.replaces, new_.replaces);
  }

  void parties() {
    for (const Party& party : old_.parties) {
      if (new_.party(party.id) == nullptr)
        say(Clause::parties, Effect::narrows, fmt::format("{} is no longer a party", party.id));
    }
    for (const Party& party : new_.parties) {
      if (const Party* was = old_.party(party.id)) {
        changed(*was, party);
      } else {
        say(Clause::parties, Effect::widens,
            fmt::format("{} becomes a party, as {}", party.id, party.as));
      }
    }
  }

  void changed(const Party& was, const Party& is) {
    if (was == is) return;
    text(Clause::parties, is.id + ": name", was.name, is.name);
    text(Clause::parties, is.id + ": country", was.country.text(), is.country.text());
    if (was.as != is.as)
      say(Clause::parties, Effect::widens,
          fmt::format("{} was here as {}, is as {}: other rules hold for it", is.id, was.as,
                      is.as));
    for (const PublicKey& key : was.keys) {
      if (std::ranges::find(is.keys, key) == is.keys.end())
        say(Clause::parties, Effect::narrows,
            fmt::format("{}: the key {} no longer signs", is.id, key.fingerprint()));
    }
    for (const PublicKey& key : is.keys) {
      if (std::ranges::find(was.keys, key) == was.keys.end())
        say(Clause::parties, Effect::widens,
            fmt::format("{}: the key {} may sign", is.id, key.fingerprint()));
    }
    if (was.contacts != is.contacts)
      say(Clause::parties, Effect::neither, is.id + ": other contacts");
  }

  void validity() {
    auto moved = [&](std::string_view what, TimeUs was, TimeUs is, Effect effect) {
      if (was != is)
        say(Clause::validity, effect,
            fmt::format("{} was {}, is {}", what, in_words(was), in_words(is)));
    };
    moved("from", old_.from, new_.from, wider_if(new_.from < old_.from));
    moved("until", old_.until, new_.until, wider_if(new_.until > old_.until));
    moved("review", old_.review, new_.review, Effect::neither);
  }

  // Equal rules are the same rule, wherever they stand; of the others the first with the first.
  void rules() {
    std::vector<std::size_t> was, is;
    std::vector<bool> met(new_.allow.size());
    for (std::size_t i = 0; i < old_.allow.size(); ++i) {
      std::size_t k = 0;
      while (k < met.size() && (met[k] || new_.allow[k] != old_.allow[i])) ++k;
      if (k < met.size()) {
        met[k] = true;
      } else {
        was.push_back(i);
      }
    }
    for (std::size_t k = 0; k < met.size(); ++k) {
      if (!met[k]) is.push_back(k);
    }
    for (std::size_t i = 0; i < std::max(was.size(), is.size()); ++i) {
      if (i < was.size() && i < is.size()) {
        changed(is[i], old_.allow[was[i]], new_.allow[is[i]]);
      } else if (i < is.size()) {
        added(is[i]);
      } else {
        removed(was[i]);
      }
    }
  }

  void added(std::size_t at) {
    const Allow& rule = new_.allow[at];
    bool known = std::ranges::any_of(old_.allow, [&](const Allow& o) { return within(rule, o); });
    say(Clause::kinds, known ? Effect::neither : Effect::widens,
        fmt::format("rule {} is added: {}", at + 1, in_words(rule)));
  }

  void removed(std::size_t at) {
    const Allow& rule = old_.allow[at];
    bool still = std::ranges::any_of(new_.allow, [&](const Allow& o) { return within(rule, o); });
    say(Clause::kinds, still ? Effect::neither : Effect::narrows,
        fmt::format("the old rule {} is taken away: {}", at + 1, in_words(rule)));
  }

  void changed(std::size_t at, const Allow& was, const Allow& is) {
    std::string rule = fmt::format("rule {}: ", at + 1);
    list(Clause::parties, rule + "from", was.way.from, is.way.from, true);
    list(Clause::parties, rule + "to", was.way.to, is.way.to, true);
    if (was.max_tlp != is.max_tlp)
      say(Clause::marking, wider_if(is.max_tlp > was.max_tlp),
          fmt::format("{}max_tlp was {}, is {}", rule, in_words(was.max_tlp),
                      in_words(is.max_tlp)));
    if (was.max_pap != is.max_pap)
      say(Clause::pap, wider_if(is.max_pap > was.max_pap),
          fmt::format("{}max_pap was {}, is {}", rule, in_words(was.max_pap),
                      in_words(is.max_pap)));
    list(Clause::kinds, rule + "kinds", was.kinds, is.kinds);
    list(Clause::types, rule + "types", was.types, is.types, true);
    list(Clause::sectors, rule + "sectors", was.sectors, is.sectors, true);
    list(Clause::countries, rule + "countries", was.countries, is.countries, true);
    if (was.min_confidence != is.min_confidence)
      say(Clause::confidence, wider_if(is.min_confidence < was.min_confidence),
          fmt::format("{}min_confidence was {}, is {}", rule, was.min_confidence,
                      is.min_confidence));
  }

  void affected() {
    yes_no(Clause::affected, "those affected may be told", old_.tell_affected, new_.tell_affected);
    for (std::size_t i = 0; i < facts_count; ++i) {
      auto fact = static_cast<Fact>(i);
      bool was = old_.affected_facts.has(fact), is = new_.affected_facts.has(fact);
      if (was != is)
        say(Clause::affected, wider_if(is),
            fmt::format("those affected are {} told: {}", is ? "now" : "no longer", name(fact)));
    }
  }

  // yes widens.
  void yes_no(Clause clause, std::string_view what, bool was, bool is) {
    if (was != is)
      say(clause, wider_if(is),
          fmt::format("{}: was {}, is {}", what, was ? "yes" : "no", is ? "yes" : "no"));
  }

  void fields() {
    auto has = [](const std::vector<Transform>& all, const Transform& t) {
      return std::ranges::find(all, t) != all.end();
    };
    auto is_done = [](const std::vector<Transform>& all, const Transform& t) {
      return std::ranges::any_of(all, [&](const Transform& other) { return done_by(t, other); });
    };
    for (const Transform& t : old_.transforms) {
      if (!has(new_.transforms, t))
        say(Clause::fields, is_done(new_.transforms, t) ? Effect::neither : Effect::widens,
            "no longer: " + in_words(t));
    }
    for (const Transform& t : new_.transforms) {
      if (!has(old_.transforms, t))
        say(Clause::fields, is_done(old_.transforms, t) ? Effect::neither : Effect::narrows,
            "now: " + in_words(t));
    }
    list(Clause::fields, "include", old_.include, new_.include);
  }

  void number(Clause clause, std::string_view what, std::uint64_t was, std::uint64_t is,
              Effect effect) {
    if (was != is) say(clause, effect, fmt::format("{} was {}, is {}", what, was, is));
  }

  void terms() {
    if (old_.onward != new_.onward)
      say(Clause::onward, wider_if(!onward_within(new_.onward, old_.onward)),
          fmt::format("onward was {}, is {}", name(old_.onward), name(new_.onward)));
    if (old_.attribution != new_.attribution)
      say(Clause::attribution, wider_if(new_.attribution > old_.attribution),
          fmt::format("attribution was {}, is {}", name(old_.attribution), name(new_.attribution)));
    number(Clause::retention, "retention_days", old_.retention_days, new_.retention_days,
           wider_if(new_.retention_days > old_.retention_days));
    auto items = [](std::uint64_t quota) {
      return quota == 0 ? std::string("no limit") : std::to_string(quota);
    };
    if (old_.quota_per_day != new_.quota_per_day)
      say(Clause::quota,
          wider_if(new_.quota_per_day - 1 > old_.quota_per_day - 1),  // 0, no limit, is the most
          fmt::format("quota_per_day was {}, is {}", items(old_.quota_per_day),
                      items(new_.quota_per_day)));
    text(Clause::reciprocity, "counted", old_.reciprocity_counted ? "yes" : "no",
         new_.reciprocity_counted ? "yes" : "no");
    number(Clause::reciprocity, "min_percent", old_.reciprocity_min_percent,
           new_.reciprocity_min_percent, Effect::neither);
    yes_no(Clause::feed_terms, "feeds that do not say whether they may be passed on, pass",
           old_.unsaid_feeds_pass, new_.unsaid_feeds_pass);
    yes_no(Clause::personal_data, "personal data may go to third countries", old_.third_countries,
           new_.third_countries);
    yes_no(Clause::termination, "what was got may be kept at the end", !old_.delete_at_end,
           !new_.delete_at_end);
  }

  void texts() {
    text(Clause::personal_data, "legal_basis", old_.legal_basis, new_.legal_basis);
    text(Clause::personal_data, "data_subjects", old_.data_subjects, new_.data_subjects);
    text(Clause::security, "measures", old_.security, new_.security);
    number(Clause::security, "breach_notice_h", old_.breach_notice_h, new_.breach_notice_h,
           Effect::neither);
    number(Clause::termination, "notice_days", old_.notice_days, new_.notice_days, Effect::neither);
    text(Clause::law, "applies", old_.law, new_.law);
    text(Clause::law, "courts", old_.courts, new_.courts);
    text(Clause::law, "secrecy", old_.secrecy, new_.secrecy);
    text(Clause::law, "language", old_.language, new_.language);
  }

  const Agreement& old_;
  const Agreement& new_;
  std::vector<Difference> out_;
};

}  // namespace

std::string_view name(Effect effect) {
  constexpr std::array<std::string_view, 3> names = {"narrows", "neither", "widens"};
  auto i = static_cast<std::size_t>(effect);
  return i < names.size() ? names[i] : std::string_view();
}

std::vector<Difference> difference(const Agreement& old, const Agreement& fresh) {
  return Comparison(old, fresh).all();
}

bool widens(const Agreement& old, const Agreement& fresh) {
  return std::ranges::any_of(difference(old, fresh),
                             [](const Difference& d) { return d.effect == Effect::widens; });
}

bool keeps_terms(const Hop& goes, const Hop& came) {
  const Agreement &out = goes.under, &in = came.under;
  auto all_in = [](const auto& some, const auto& of) {
    return std::ranges::all_of(
        some, [&](const auto& one) { return std::ranges::find(of, one) != of.end(); });
  };
  auto done = [](const Hop& hop) {
    const Party *from = hop.under.party(hop.from), *to = hop.under.party(hop.to);
    std::vector<Transform> all;
    for (const Transform& t : hop.under.transforms) {
      if (from == nullptr || to == nullptr || !leads(t.way, from->as, to->as)) continue;
      all.push_back(t);
      all.back().way = {};
    }
    return all;
  };
  auto then = done(came), now = done(goes);
  bool treated = std::ranges::all_of(then, [&](const Transform& t) {
    return std::ranges::any_of(now, [&](const Transform& other) { return done_by(t, other); });
  });
  bool tells_no_more = true;
  for (std::size_t i = 0; i < facts_count; ++i) {
    auto fact = static_cast<Fact>(i);
    tells_no_more &= in.affected_facts.has(fact) || !out.affected_facts.has(fact);
  }
  bool same_people = !out.tell_affected || (in.tell_affected && tells_no_more);
  return treated && same_people && all_in(out.purposes, in.purposes) &&
         all_in(out.include, in.include) && onward_within(out.onward, Onward::same_terms) &&
         out.attribution <= in.attribution && out.retention_days <= in.retention_days &&
         (in.third_countries || !out.third_countries) && (out.delete_at_end || !in.delete_at_end);
}

}  // namespace tocsin::policy
