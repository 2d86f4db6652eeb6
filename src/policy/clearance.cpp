#include "policy/clearance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/text.h"
#include "model/normal.h"
#include "model/subject.h"
#include "policy/mention.h"

namespace tocsin::policy {
namespace {

constexpr std::array<std::string_view, facts_count> fact_names = {
    "identifier", "family",   "service",    "seen",  "times",
    "network",    "severity", "controller", "feeds", "sector"};

bool is_sensor(const Ip& ip, const Rules& rules) {
  return std::ranges::any_of(rules.sensors,
                             [&](const Network& network) { return network.contains(ip); });
}

bool is_sensor(std::string_view text, const Rules& rules) {
  auto ip = ip::parse(text);
  return ip && is_sensor(*ip, rules);
}

// Does an address of a sensor stand anywhere in the text?
bool names_sensor(std::string_view text, const Rules& rules) {
  return !rules.sensors.empty() && !text.empty() &&
         mentions(text, [&](const Ip& ip) { return is_sensor(ip, rules); });
}

bool holds_secret(std::string_view parameter) {
  constexpr auto words =
      std::to_array<std::string_view>({"pass", "pw", "secret", "token", "key", "auth", "session",
                                       "sid", "code", "sig", "cred", "senha", "kennwort"});
  std::string name = text::lower(percent_decoded(parameter));
  return std::ranges::any_of(words, [&](std::string_view word) { return name.contains(word); });
}

void keep_facts(Finding& f, Facts facts) {
  if (!facts.has(Fact::identifier)) f.identifier.clear();
  if (!facts.has(Fact::family)) f.family.clear();
  if (!facts.has(Fact::service)) f.port = 0, f.transport = Transport::none;
  if (!facts.has(Fact::seen)) f.first = f.last = f.reopened = 0;
  if (!facts.has(Fact::times)) f.times = 0;
  if (!facts.has(Fact::network)) f.asn = 0, f.country = {};
  if (!facts.has(Fact::severity)) f.severity = Severity::none;
  if (!facts.has(Fact::feeds)) f.feeds.clear();
  if (!facts.has(Fact::sector)) f.sector.clear();
  if (!facts.has(Fact::controller)) {
    f.controller.clear();
    f.controller_country = {};
    f.controller_reason = ControllerReason::unknown;
  }
}

}  // namespace

std::string_view name(Relation relation) {
  constexpr std::array<std::string_view, 4> names = {"affected", "provider", "team", "member"};
  return names.at(static_cast<std::size_t>(relation));
}

std::string_view name(Fact fact) {
  return fact_names.at(static_cast<std::size_t>(fact));
}

std::optional<Fact> fact_named(std::string_view text) {
  for (std::size_t i = 0; i < facts_count; ++i) {
    if (fact_names[i] == text) return static_cast<Fact>(i);
  }
  return std::nullopt;
}

Result<void> permit(const Marking& marking, Relation relation) {
  if (marking.tlp == Tlp::unmarked) {
    return denied("it carries no marking, and what is unmarked goes to nobody");
  }
  if (marking.tlp == Tlp::red) return denied("it is marked TLP:RED, which no machine sends");
  if (relation == Relation::team) return {};
  if (relation == Relation::member) return denied("a member gets what an agreement with it allows");
  if (marking.consent.tell_affected == false) {
    return denied("a feed that reported it says that those affected are not to be told");
  }
  if (marking.tlp <= Tlp::green) return {};
  if (marking.consent.tell_affected != true) {
    return denied(
        "it is marked TLP:AMBER or stricter, and not every feed that reported it says that those "
        "affected may be told (tell_affected)");
  }
  if (marking.tlp == Tlp::amber_strict && relation != Relation::affected) {
    return denied(
        "it is marked TLP:AMBER+STRICT: for the affected organisation alone, not for its provider");
  }
  return {};
}

Consent consent_of(std::span<const std::string> feeds, const Rules& rules) {
  if (feeds.empty() || !rules.consent) return {};
  Consent all = rules.consent(feeds[0]);
  for (const std::string& feed : feeds.subspan(1)) {
    Consent one = rules.consent(feed);
    all.facts = all.facts & one.facts;
    if (one.tell_affected == false || all.tell_affected == false) {
      all.tell_affected = false;
    } else if (!one.tell_affected) {
      all.tell_affected.reset();
    }
  }
  return all;
}

Result<Cleared<Finding>> clear(Finding item, const Recipient& to, const Rules& rules) {
  Marking marking{item.tlp, consent_of(item.feeds, rules)};
  TRY(permit(marking, to.relation));
  if (is_sensor(item.ip, rules) || names_sensor(item.subject, rules) ||
      is_sensor(normal::url_host(item.subject), rules)) {
    return denied("its subject is a sensor of ours");
  }
  if (item.controller_reason != ControllerReason::feed || names_sensor(item.controller, rules)) {
    item.controller.clear();
    item.controller_country = {};
    item.controller_reason = ControllerReason::unknown;
  }
  for (std::string* field : {&item.identifier, &item.family, &item.sector}) {
    if (names_sensor(*field, rules)) field->clear();
  }
  std::erase_if(item.feeds, [&](const std::string& feed) { return names_sensor(feed, rules); });
  for (std::string* field :
       {&item.subject, &item.controller, &item.identifier, &item.family, &item.sector})
    *field = without_secrets(*field);
  for (std::string& feed : item.feeds) feed = without_secrets(feed);
  keep_facts(item, marking.consent.facts);
  Tlp tlp = item.tlp;
  item.last_event = 0;
  return Cleared<Finding>(std::move(item), to, tlp, rules.epoch);
}

Result<void> clear_row(EventBatch& b, std::size_t row, const Consent& consent, Relation relation,
                       const Dictionary& words, const Rules& rules) {
  TRY(permit({b.tlp[row], consent}, relation));
  Subject subject = subject_of(b, row);
  if (is_sensor(subject.ip, rules) || names_sensor(subject.text, rules))
    return denied("its subject is a sensor of ours");
  for (EndColumns* end : {&b.source, &b.destination}) {
    if (consent.facts.has(Fact::network)) continue;
    end->asn[row] = 0;
    end->country[row] = {};
  }
  Controller controller = controller_of(b, row);
  const EndColumns& end = controller.at_destination ? b.destination : b.source;
  bool told = consent.facts.has(Fact::controller) && controller.known && !controller.joined &&
              !is_sensor(end.ip[row], rules) && !names_sensor(b.text(end.name[row]), rules) &&
              !names_sensor(b.text(end.url[row]), rules);
  if (!told) {
    b.controller_reason[row] = ControllerReason::unknown;
    b.joined[row] = 0;
    b.joined_country[row] = {};
  }
  auto keep = [&](WordId& word, Fact fact) {
    if (!consent.facts.has(fact) || names_sensor(words.word(word), rules)) word = 0;
  };
  keep(b.identifier[row], Fact::identifier);
  keep(b.family[row], Fact::family);
  keep(b.sector[row], Fact::sector);
  if (!consent.facts.has(Fact::severity)) b.severity[row] = Severity::none;
  return {};
}

Result<Cleared<Figures>> clear(Figures item, const Recipient& to, const Rules& rules) {
  if (to.relation != Relation::team) return denied("figures of this node go to its team alone");
  TRY(permit({item.tlp, {}}, to.relation));
  Tlp tlp = item.tlp;
  return Cleared<Figures>(std::move(item), to, tlp, rules.epoch);
}

void Outgoing::add(const Recipient& recipient, Tlp tlp) {
  check(!any_ || (recipient.id == recipient_.id && recipient.address == recipient_.address),
        "outgoing: of one recipient");
  recipient_ = recipient;
  tlp_ = std::max(tlp_, tlp);
  any_ = true;
}

void Outgoing::finish(std::string id, std::string bytes) {
  check(any_, "outgoing: made of something that was cleared");
  id_ = std::move(id);
  bytes_ = std::move(bytes);
}

std::string without_secrets(std::string_view url) {
  std::string out;
  if (std::size_t start = url.find("://"); start != url.npos) {
    std::size_t end = url.find_first_of("/?#", start + 3);
    std::string_view authority = url.substr(start + 3, end == url.npos ? end : end - start - 3);
    out = url.substr(0, start + 3);
    if (std::size_t user = authority.rfind('@'); user != authority.npos) {
      out += "***@";
      authority.remove_prefix(user + 1);
    }
    out += authority;
    url = end == url.npos ? std::string_view() : url.substr(end);
  }
  std::size_t query = url.find_first_of("?#;");
  out += url.substr(0, query);
  if (query == url.npos) return out;
  url.remove_prefix(query);
  while (!url.empty()) {  // each begins with ?, # , & or ;
    std::size_t next = url.find_first_of("?#&;", 1);
    std::string_view part = url.substr(0, next);
    std::size_t equals = part.find('=');
    bool secret = equals != part.npos && holds_secret(part.substr(1, equals - 1));
    out += secret ? part.substr(0, equals + 1) : part;
    if (secret) out += "***";
    url = next == url.npos ? std::string_view() : url.substr(next);
  }
  return out;
}

}  // namespace tocsin::policy
