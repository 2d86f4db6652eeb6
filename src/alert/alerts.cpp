#include "alert/alerts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::alert {
namespace {

constexpr TimeUs dry_run_holds = us_per_day;
constexpr std::size_t messages_max = 1000, missing_shown = 10;

// "TIME USER", as it is kept.
std::pair<TimeUs, std::string> mark_of(const std::string& kept) {
  std::string_view rest = kept;
  auto at = text::signed_number(text::cut(rest, ' '));
  return {at.value_or(time_none), std::string(rest)};
}

std::string mark(TimeUs at, const std::string& user) {
  return fmt::format("{} {}", at, user);
}

const Constituent* with_id(const Directory& directory, std::uint64_t id) {
  auto at = std::ranges::lower_bound(directory.all(), id, {}, &Constituent::id);
  return at == directory.all().end() || at->id != id ? nullptr : &*at;
}

}  // namespace

Result<std::unique_ptr<Alerts>> Alerts::open(AlertsParts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "alert", Outbox::schema()));
  std::uint64_t last_seq = parts.journal.last_seq();
  auto alerts = std::unique_ptr<Alerts>(new Alerts(std::move(parts), tables));
  alerts->book_ = TRY(Book::open(std::move(tables)));
  alerts->router_ = TRY(Router::open({.findings = alerts->parts_.findings,
                                      .book = *alerts->book_,
                                      .outbox = alerts->outbox_,
                                      .settings = alerts->parts_.settings,
                                      .rules = alerts->parts_.rules,
                                      .now = alerts->parts_.now},
                                     last_seq));
  auto [since, by] = mark_of(TRY(alerts->outbox_.value("on")));
  alerts->on_ = since != time_none && !alerts->parts_.simulated;
  alerts->read_letters();
  for (const std::string& problem : alerts->letters()->problems)
    spdlog::warn("alerts: {}", problem);
  return alerts;
}

// A file that is wrong leaves all of them as they were before.
void Alerts::read_letters() {
  Wordings fresh = read_wordings(parts_.home + "/letters");
  std::lock_guard guard(letters_mutex_);
  if (letters_ && !fresh.problems.empty()) fresh.languages = letters_->languages;
  letters_ = std::make_shared<const Wordings>(std::move(fresh));
}

std::shared_ptr<const Wordings> Alerts::letters() const {
  std::lock_guard guard(letters_mutex_);
  return letters_;
}

std::vector<std::string> Alerts::without_letters(
    const std::map<std::string, std::size_t>& languages) const {
  std::vector<std::string> without;
  auto letters = this->letters();
  for (const auto& [named, count] : languages) {
    const std::string& language = named.empty() ? parts_.settings.language : named;
    if (!letters->has(language))
      without.push_back(language + ": " + text::count(count, "constituent", "constituents"));
  }
  return without;
}

Result<ImportPlan> Alerts::import(std::string_view constituents, const ImportWish& wish) {
  auto plan = TRY(book_->import(constituents, wish, parts_.now()));
  plan.without_letters = without_letters(plan.languages);
  return plan;
}

Result<AlertsState> Alerts::state() {
  AlertsState state;
  std::tie(state.on_since, state.on_by) = mark_of(TRY(outbox_.value("on")));
  state.on = on_;
  std::tie(state.dry_run_at, state.dry_run_by) = mark_of(TRY(outbox_.value("dry_run")));
  state.simulated = parts_.simulated;
  auto letters = this->letters();
  state.letters = letters->problems;
  for (const auto& [tag, wording] : letters->languages) {
    state.languages.push_back(wording->language);
    const auto& missing = wording->missing;
    if (missing.empty()) continue;
    auto some = std::span(missing).first(std::min(missing.size(), missing_shown));
    state.letters.push_back(fmt::format("{}: {} missing and in English: {}{}", wording->language,
                                        text::count(missing.size(), "sentence is", "sentences are"),
                                        fmt::join(some, ", "),
                                        missing.size() > some.size() ? ", ..." : ""));
  }
  std::map<std::string, std::size_t> languages;
  for (const Constituent& c : book_->directory()->all()) ++languages[text::lower(c.language)];
  state.without_letters = without_letters(languages);
  for (const auto& channel : channels()) {
    if (channel.name == "mail") state.unready = channel.plugin.unready(parts_.settings);
  }
  TimeUs now = parts_.now();
  state.next_digest = times::start_of(times::day_of(now)) +
                      static_cast<TimeUs>(parts_.settings.digest_at_s) * us_per_s;
  if (state.next_digest <= now) state.next_digest += us_per_day;
  auto counts = TRY(outbox_.counts());
  state.waiting = counts.waiting;
  state.states = counts.states;
  return state;
}

Result<void> Alerts::switch_on(const std::string& user) {
  if (parts_.simulated) return denied("everything in this node is made up: it alerts nobody");
  auto [at, by] = mark_of(TRY(outbox_.value("dry_run")));
  if (at == time_none || at < parts_.now() - dry_run_holds) {
    return denied(
        "look first at what would be sent: make a dry run (`tocsin alert dry-run`, or the page "
        "Alerts); it holds for a day");
  }
  auto state = TRY(this->state());
  bool by_mail = !parts_.settings.team.empty();
  for (const Constituent& c : book_->directory()->all()) {
    for (const std::string& contact : c.contacts) by_mail = by_mail || is_mail_address(contact);
  }
  if (by_mail && !state.unready.empty()) return invalid(state.unready);
  TRY(outbox_.keep_value("on", mark(parts_.now(), user)));
  on_ = true;
  return {};
}

Result<void> Alerts::switch_off(const std::string&) {
  on_ = false;
  std::lock_guard one_sender(sending_);  // until what is on its way has arrived
  return outbox_.keep_value("on", "");
}

std::vector<ClearedFinding> Alerts::clear_for(const std::vector<Item>& items,
                                              const Constituent& constituent,
                                              const std::string& contact) const {
  auto directory = book_->directory();
  std::vector<ClearedFinding> cleared;
  std::vector<Hash128> had;
  for (const Item& item : items) {
    if (std::ranges::find(had, item.finding) != had.end()) continue;  // new, and then worse
    had.push_back(item.finding);
    Judgement judgement = judge_finding(item.finding, *directory, nullptr);
    const Constituent* whose = directory->of(judgement.decision);
    if (judgement.verdict != Verdict::tell || whose == nullptr || whose->id != constituent.id)
      continue;
    auto finding = parts_.findings.one(item.finding);
    if (!finding) continue;
    policy::Recipient to{constituent_id(constituent.id), judgement.relation, contact};
    if (auto may = policy::clear(*std::move(finding), to, parts_.rules))
      cleared.push_back(*std::move(may));
  }
  return cleared;
}

Judgement Alerts::judge_finding(const Hash128& key, const Directory& directory,
                                std::string* why) const {
  auto finding = parts_.findings.one(key);
  if (!finding) {
    if (why != nullptr) *why = "there is no such finding any more";
    return {.verdict = Verdict::closed};
  }
  policy::Consent consent = policy::consent_of(finding->feeds, parts_.rules);
  Sight sight{.kind = finding->subject_kind,
              .ip = finding->ip,
              .subject = finding->subject,
              .asn = finding->asn,
              .country = finding->country,
              .type = finding->type,
              .severity = finding->severity,
              .state = finding->state,
              .tlp = finding->tlp,
              .last = finding->last,
              .consent = &consent,
              .exercise = finding->exercise,
              .history = finding->history};
  auto plays = [&](const std::string& feed) { return parts_.is_played && parts_.is_played(feed); };
  sight.made_up = !finding->feeds.empty() && std::ranges::all_of(finding->feeds, plays);
  if (auto said = parts_.triage == nullptr ? std::nullopt : parts_.triage->judged(*finding)) {
    if (!said->returned) sight.judged = said->handling.verdict;
    sight.muted = said->muted;
  }
  Judgement judgement = judge(sight, directory, parts_.settings, parts_.now());
  if (why != nullptr) *why = sentence(judgement, sight, directory, parts_.settings);
  return judgement;
}

Envelope Alerts::envelope(const Constituent& constituent, const std::string& message_id,
                          TimeUs date, bool at_once) const {
  return {.node = parts_.node,
          .from = parts_.settings.mail.from,
          .reply_to = parts_.settings.mail.reply_to,
          .constituent = constituent.name,
          .message_id = message_id,
          .date = date,
          .at_once = at_once,
          .provider = constituent.provider,
          .wording = letters()->of(constituent.language.empty() ? parts_.settings.language
                                                                : constituent.language)};
}

Result<DryRun> Alerts::dry_run(const std::string& user) {
  DryRun run;
  read_letters();
  auto directory = book_->directory();
  auto ids = TRY(outbox_.without_digest(INT32_MAX, INT64_MAX));
  for (auto [id, newest] : ids) {
    auto selected = TRY(select(id, *directory));
    run.not_told += selected.not_told + selected.over.size();
    const Constituent* constituent = with_id(*directory, id);
    if (constituent == nullptr || selected.tell.empty()) continue;
    ++run.constituents;
    run.findings += selected.tell.size();
    bool at_once = parts_.settings.at_once != Severity::none &&
                   selected.tell[0].severity >= parts_.settings.at_once;
    for (const std::string& contact : constituent->contacts) {
      const auto* channel = channel_for(contact);
      ++run.count;
      if (channel == nullptr || run.messages.size() >= messages_max) continue;
      auto cleared = clear_for(selected.tell, *constituent, contact);
      if (cleared.empty()) continue;
      run.messages.push_back(
          {.constituent = id,
           .name = constituent->name,
           .contact = contact,
           .channel = std::string(channel->name),
           .subject = subject_line(cleared, envelope(*constituent, "", parts_.now(), at_once)),
           .findings = cleared.size(),
           .at_once = at_once});
    }
  }
  auto state = TRY(this->state());
  if (!state.unready.empty()) run.problems.push_back(state.unready);
  auto letters = this->letters();
  run.problems.insert(run.problems.end(), letters->problems.begin(), letters->problems.end());
  if (directory->empty()) run.problems.emplace_back("there are no constituents: import some first");
  if (parts_.simulated)
    run.problems.emplace_back("everything in this node is made up: nothing will be sent");
  TRY(outbox_.keep_value("dry_run", mark(parts_.now(), user)));
  return run;
}

Result<Preview> Alerts::preview(const std::vector<Item>& items, const Constituent& constituent,
                                const std::string& contact, const Envelope& envelope) const {
  auto cleared = clear_for(items, constituent, contact);
  Preview out{.constituent = constituent.name, .contact = contact};
  out.findings = cleared.size();
  out.withheld = items.size() - cleared.size();
  const auto* channel = channel_for(contact);
  if (channel == nullptr) return invalid("no channel takes " + text::quote(contact));
  out.channel = channel->name;
  if (cleared.empty()) return out;
  for (const auto& finding : cleared) out.tlp = std::max(out.tlp, finding.tlp());
  Envelope shown = envelope;
  if (shown.from.empty()) shown.from = "not-set@node.invalid";
  out.subject = subject_line(cleared, shown);
  out.text = body_text(cleared, shown);
  out.csv = findings_csv(cleared);
  out.xarf = findings_xarf(cleared, shown);
  out.bytes = TRY(out.channel == "mail" ? mail_letter(cleared, shown) : hook_letter(cleared, shown))
                  .bytes();
  return out;
}

Result<Preview> Alerts::preview_for(std::uint64_t id) {
  read_letters();
  auto directory = book_->directory();
  const Constituent* constituent = with_id(*directory, id);
  if (constituent == nullptr) return missing("no constituent " + constituent_id(id));
  if (constituent->contacts.empty()) return missing(constituent->name + " has no contact");
  auto selected = TRY(select(id, *directory));
  if (selected.tell.empty()) return missing("nothing waits to be told to " + constituent->name);
  bool at_once = parts_.settings.at_once != Severity::none &&
                 selected.tell[0].severity >= parts_.settings.at_once;
  return preview(selected.tell, *constituent, constituent->contacts[0],
                 envelope(*constituent, "preview@node.invalid", parts_.now(), at_once));
}

Result<Preview> Alerts::preview_of(std::uint64_t id) {
  read_letters();
  AlertRow alert = TRY(outbox_.one(id));
  auto directory = book_->directory();
  const Constituent* constituent = with_id(*directory, alert.constituent);
  if (constituent == nullptr) return missing("its constituent is gone");
  return preview(TRY(outbox_.items_in(alert.bundle)), *constituent, alert.contact,
                 envelope(*constituent, alert.message_id, alert.made, alert.at_once));
}

namespace {

// What became of an item that went into a bundle, by the alerts of that bundle that are known.
std::string fate_of(std::uint64_t bundle, const std::vector<AlertRow>& alerts) {
  auto any = [&](AlertState state) {
    return std::ranges::any_of(alerts, [&](const AlertRow& alert) {
      return alert.bundle == bundle && alert.state == state;
    });
  };
  if (!any(AlertState::sent)) {
    if (any(AlertState::queued)) return "it is on its way";
    if (any(AlertState::bounced))
      return "it came back undelivered: `tocsin alert replay` sends it again";
    if (any(AlertState::dead)) return "it was given up: `tocsin alert replay` sends it again";
    if (any(AlertState::withheld)) return "it was withheld: nobody was told";
  }  // nor any other state: it was sent long ago
  return "it was told; it is told again when it comes back or gets worse";
}

}  // namespace

Result<Explained> Alerts::explain(const Hash128& key) {
  auto finding = TRY(parts_.findings.one(key));
  auto directory = book_->directory();
  Explained out;
  out.tlp = finding.tlp;
  out.judgement = judge_finding(key, *directory, &out.sentence);
  out.items = TRY(outbox_.items_of(key));
  for (auto item = out.items.rbegin(); item != out.items.rend(); ++item) {
    if (item->bundle == 0) continue;
    for (AlertRow& row : TRY(outbox_.list({.bundle = item->bundle, .limit = contacts_max})))
      out.alerts.push_back(std::move(row));
  }
  policy::Facts facts = policy::consent_of(finding.feeds, parts_.rules).facts;
  for (std::size_t i = 0; i < policy::facts_count; ++i) {
    auto fact = static_cast<policy::Fact>(i);
    (facts.has(fact) ? out.facts : out.withheld_facts).emplace_back(policy::name(fact));
  }
  const Constituent* whose = directory->of(out.judgement.decision);
  if (whose != nullptr) {
    Sight sight{.kind = finding.subject_kind,
                .ip = finding.ip,
                .subject = finding.subject,
                .asn = finding.asn,
                .country = finding.country};
    out.constituent = whose->name;
    out.constituent_id = whose->id;
    out.asset = directory->asset(out.judgement.decision, place_of(sight));
    out.contacts = whose->contacts;
  }
  if (out.judgement.verdict != Verdict::tell) {
    out.next = "nothing is sent";
    return out;
  }
  auto cleared = clear_for({Item{.finding = key}}, *whose, whose->contacts[0]);
  if (!cleared.empty()) {
    out.preview = body_text(cleared, envelope(*whose, "", parts_.now(), false));
  } else {
    out.sentence = "nobody is told: what it is about is a sensor of ours";
  }
  auto state = TRY(this->state());
  bool waits = !out.items.empty() && out.items.back().bundle == 0;
  if (out.items.empty()) {
    out.next = "it is queued when it is next reported";
  } else if (!waits) {
    out.next = fate_of(out.items.back().bundle, out.alerts);
  } else if (!state.on) {
    out.next = "it waits: alerts are off";
  } else if (parts_.settings.at_once != Severity::none &&
             out.items.back().severity >= parts_.settings.at_once) {
    out.next = "it goes out at once";
  } else {
    out.next = fmt::format("it goes out with the digest of {}", times::format(state.next_digest));
  }
  return out;
}

Result<std::uint64_t> Alerts::replay(const std::vector<std::uint64_t>& ids) {
  auto directory = book_->directory();
  std::vector<std::uint64_t> again;
  std::uint64_t made = 0;
  auto failed = TRY(outbox_.failed(ids));
  for (const AlertRow& alert : failed) {
    if (is_current(alert, *directory)) {
      again.push_back(alert.id);
    } else {
      made += TRY(redirect(alert, *directory));
    }
  }
  return made + TRY(outbox_.replay(again, parts_.now()));
}

bool Alerts::is_current(const AlertRow& alert, const Directory& directory) {
  const Constituent* whose = with_id(directory, alert.constituent);
  return whose != nullptr &&
         std::ranges::find(whose->contacts, alert.contact) != whose->contacts.end();
}

// What was meant for a contact that its constituent has no more goes to those that it has.
Result<std::uint64_t> Alerts::redirect(const AlertRow& alert, const Directory& directory) {
  const Constituent* whose = with_id(directory, alert.constituent);
  if (whose == nullptr) return std::uint64_t{0};
  return outbox_.add_alerts(alert, to_contacts_of(*whose), parts_.now());
}

std::vector<To> Alerts::to_contacts_of(const Constituent& constituent) const {
  std::vector<To> to;
  for (const std::string& contact : constituent.contacts) {
    if (const auto* channel = channel_for(contact))
      to.push_back({std::string(channel->name), contact, new_message_id()});
  }
  return to;
}

Result<std::vector<AlertRow>> Alerts::bounce(std::string_view mail) {
  Bounce bounce = TRY(read_bounce(mail));
  AlertRow alert = TRY(outbox_.by_message(bounce.message_id));
  if (!bounce.failed()) return std::vector<AlertRow>{alert};
  const auto& recipient =
      *std::ranges::find(bounce.recipients, "failed", &Bounce::Recipient::action);
  Outcome outcome{.state = AlertState::bounced,
                  .error = fmt::format("came back: {} {}", recipient.status, recipient.diagnostic),
                  .tried = false};
  TRY(outbox_.settle(alert, outcome, parts_.now()));
  return std::vector<AlertRow>{TRY(outbox_.one(alert.id))};
}

}  // namespace tocsin::alert
