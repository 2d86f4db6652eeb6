// Postman: how Alerts makes bundles of what waits, sends what is due, and tries again.
#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <set>
#include <unordered_set>

#include "alert/alerts.h"
#include "alert/mime.h"
#include "base/backoff.h"
#include "base/hash.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t bundle_items_max = 10'000, page_items = 1'000, bundles_at_once = 100,
                      due_at_once = 200;
constexpr TimeUs way_pause_first_ms = 1'000, way_pause_most_ms = 300'000;
constexpr std::uint64_t retry_least_ms = 1'000;
constexpr TimeUs write_every = 10 * us_per_s, morning_pause = 300 * us_per_s;
// In one pass over the channels, and the letter that is on its way then: so that contacts that do
// not answer hold up no other channel.
constexpr TimeUs pass_most = 20 * us_per_s;

const Constituent* with_id(const Directory& directory, std::uint64_t id) {
  auto at = std::ranges::lower_bound(directory.all(), id, {}, &Constituent::id);
  return at == directory.all().end() || at->id != id ? nullptr : &*at;
}

}  // namespace

std::string Alerts::new_message_id() const {
  std::string domain = "node.invalid";
  if (auto from = plain_address(parts_.settings.mail.from))
    domain = from->substr(from->find('@') + 1);
  return fmt::format("tocsin.{:016x}{:016x}@{}", random_bits(), random_bits(), domain);
}

Result<Alerts::Selected> Alerts::select(std::uint64_t constituent, const Directory& directory,
                                        Severity least) const {
  Selected selected;
  for (std::optional<Item> last; selected.tell.size() < bundle_items_max;) {
    auto page = TRY(outbox_.waiting_of(constituent, page_items, last ? &*last : nullptr));
    for (const Item& item : page) sort_in(item, constituent, directory, selected);
    if (page.size() < page_items || page.back().severity < least) break;
    last = page.back();
  }
  return selected;
}

void Alerts::sort_in(Item item, std::uint64_t constituent, const Directory& directory,
                     Selected& selected) const {
  Judgement judgement = judge_finding(item.finding, directory, nullptr);
  const Constituent* whose = directory.of(judgement.decision);
  bool over = judgement.verdict == Verdict::closed || judgement.verdict == Verdict::judged ||
              judgement.verdict == Verdict::old;
  if (over) {
    selected.over.push_back(item);
  } else if (whose != nullptr && whose->id != constituent) {
    item.constituent = whose->id;
    selected.moved.push_back(item);
  } else if (judgement.verdict == Verdict::tell) {
    selected.tell.push_back(item);
  } else {
    ++selected.not_told;
  }
}

Result<std::uint64_t> Alerts::write_for(const std::vector<Outbox::Waits>& all, bool at_once,
                                        TimeUs before, Day day) {
  TimeUs now = parts_.now();
  auto directory = book_->directory();
  std::uint64_t made = 0;
  std::vector<Outbox::Bundle> bundles;
  auto flush = [&]() -> Result<void> {
    auto kept = outbox_.bundle(bundles, now);
    bundles.clear();
    return kept;
  };
  Severity least = at_once ? parts_.settings.at_once : Severity::none;
  for (auto [id, newest] : all) {
    if (idle_.has(id, at_once, newest, now)) continue;
    const Constituent* constituent = with_id(*directory, id);
    if (at_once) {
      TimeUs last = TRY(outbox_.last_at_once(id));
      TimeUs pause = static_cast<TimeUs>(parts_.settings.at_once_pause_s) * us_per_s;
      if (last != time_none && now < last + pause) continue;
    }
    auto selected = TRY(select(id, *directory, least));
    TRY(outbox_.reroute(selected.moved));
    TRY(outbox_.drop(selected.over));
    router_->forget(selected.over);
    Outbox::Bundle bundle{.constituent = id, .at_once = at_once, .day = day};
    if (constituent != nullptr) bundle.to = to_contacts_of(*constituent);
    for (const Item& item : selected.tell) {
      if (item.severity >= least && item.at < before) bundle.items.push_back(item.id);
    }
    if (bundle.items.empty() || bundle.to.empty()) {
      idle_.keep(id, at_once, newest, now);
      continue;
    }
    made += bundle.to.size();
    bundles.push_back(std::move(bundle));
    if (bundles.size() >= bundles_at_once) TRY(flush());
  }
  TRY(flush());
  return made;
}

// What is urgent goes first and by itself; the rest of a day is one digest.
Result<std::uint64_t> Alerts::write_bundles(bool all) {
  TimeUs now = parts_.now();
  Day today = times::day_of(now);
  std::uint64_t made = 0;
  if (parts_.settings.at_once != Severity::none) {
    auto urgent = TRY(outbox_.urgent(parts_.settings.at_once));
    made += TRY(write_for(urgent, true, INT64_MAX, today));
  }
  TimeUs cut = times::start_of(today) + static_cast<TimeUs>(parts_.settings.digest_at_s) * us_per_s;
  if (all) cut = INT64_MAX;
  if (!all && now < cut) {  // yesterday's, if it was missed
    cut -= us_per_day;
    --today;
  }
  auto plain = TRY(outbox_.without_digest(today, cut));
  made += TRY(write_for(plain, false, cut, today));
  return made;
}

Result<Outcome> Alerts::deliver(const AlertRow& alert, Sending& sending, Delivery& delivery) const {
  auto directory = book_->directory();
  const Constituent* constituent = with_id(*directory, alert.constituent);
  auto items = TRY(outbox_.items_in(alert.bundle));
  auto withheld = [&](std::string why) {
    Outcome outcome{.state = AlertState::withheld, .error = std::move(why), .tried = false};
    outcome.left_out = left_out(items, {}, *directory);
    if (constituent != nullptr && !is_current(alert, *directory))
      outcome.instead = to_contacts_of(*constituent);
    return outcome;
  };
  if (constituent == nullptr) return withheld("its constituent is gone");
  if (!is_current(alert, *directory))
    return withheld("the contact is no longer one of its constituent's");
  auto cleared = clear_for(items, *constituent, alert.contact);
  if (cleared.empty()) return withheld("nothing of it may be told, or is left to be told, now");
  Envelope head = envelope(*constituent, alert.message_id, alert.made, alert.at_once);
  auto letter = alert.channel == "mail" ? mail_letter(cleared, head) : hook_letter(cleared, head);
  if (!letter) return Outcome{.state = AlertState::dead, .error = letter.error().what};
  delivery = sending.send(*letter);
  Outcome outcome = judged(alert, delivery);
  if (outcome.state == AlertState::sent)
    outcome.left_out = left_out(std::move(items), cleared, *directory);
  return outcome;
}

Outcome Alerts::judged(const AlertRow& alert, const Delivery& delivery) const {
  TimeUs now = parts_.now();
  switch (delivery.result) {
    case Delivery::Result::done:
      return {.state = AlertState::sent, .error = delivery.what};
    case Delivery::Result::never:
      return {.state = AlertState::dead, .error = delivery.what};
    case Delivery::Result::closed:
    case Delivery::Result::later:
      break;
  }
  // Not by its age: it may have waited while alerts were off.
  if (alert.failing_since != 0 &&
      now - alert.failing_since > static_cast<TimeUs>(parts_.settings.give_up_days) * us_per_day)
    return {.state = AlertState::dead, .error = "given up: " + delivery.what};
  // Behind the others, so that no letter that breaks the way each time holds them up for ever.
  if (delivery.result == Delivery::Result::closed) {
    return {.next = now + static_cast<TimeUs>(parts_.settings.retry_first_s) * us_per_s,
            .error = delivery.what,
            .tried = false};
  }
  std::uint64_t pause_ms =
      backoff_ms(alert.tries + 1, std::uint64_t{parts_.settings.retry_first_s} * 1000,
                 std::uint64_t{parts_.settings.retry_most_s} * 1000, random_bits());
  pause_ms = std::max(pause_ms, retry_least_ms);
  return {.next = now + static_cast<TimeUs>(pause_ms) * 1000, .error = delivery.what};
}

// All but what is in it, and what no constituent ever may read: that would wait for ever.
std::vector<Item> Alerts::left_out(std::vector<Item> items, const std::vector<ClearedFinding>& told,
                                   const Directory& directory) const {
  std::unordered_set<Hash128, Hash128::Hasher> had;
  for (const auto& finding : told) had.insert(finding.item().key);
  std::erase_if(items, [&](const Item& item) {
    if (had.contains(item.finding)) return true;
    Judgement judgement = judge_finding(item.finding, directory, nullptr);
    if (judgement.verdict != Verdict::tell) return false;
    const Constituent& whose = *directory.of(judgement.decision);
    policy::Recipient to{constituent_id(whose.id), judgement.relation, whose.contacts[0]};
    auto finding = parts_.findings.one(item.finding);
    return finding && !policy::clear(*std::move(finding), to, parts_.rules);
  });
  return items;
}

// The channel of this name, opened.
Alerts::Way& Alerts::way_of(std::string_view name, const std::stop_token& stop) {
  Way& way = ways_[std::string(name)];
  for (const auto& channel : channels()) {
    if (channel.name == name && !way.sending)
      way.sending =
          channel.plugin.open({.settings = parts_.settings, .home = parts_.home, .stop = stop});
  }
  return way;
}

Result<void> Alerts::send_due(RunOutcome& outcome, const std::stop_token& stop) {
  for (const auto& channel : channels()) {
    Way& way = way_of(channel.name, stop);
    bool going = true;
    TimeUs pass_end = parts_.now() + pass_most;
    while (going && on_ && !stop.stop_requested()) {
      if (parts_.now() < way.not_before) break;
      auto due = TRY(outbox_.due(channel.name, parts_.now(), due_at_once));
      if (due.empty()) break;
      std::set<std::string, std::less<>> down;  // contacts that are a way of their own
      for (const AlertRow& alert : due) {
        going = parts_.now() < pass_end;
        if (!going || stop.stop_requested() || !on_) break;
        if (down.contains(alert.contact)) continue;
        Delivery delivery;
        Outcome one = TRY(deliver(alert, *way.sending, delivery));
        if (stop.stop_requested() && one.state != AlertState::sent) break;
        TRY(outbox_.settle(alert, one, parts_.now()));
        outcome.sent += one.state == AlertState::sent;
        outcome.dead += one.state == AlertState::dead;
        outcome.withheld += one.state == AlertState::withheld;
        outcome.later += one.state == AlertState::queued;
        if (one.state == AlertState::sent) way.failures = 0, way.problem.clear();
        if (delivery.result != Delivery::Result::closed) {
          if (one.state != AlertState::queued || !channel.plugin.way_each) continue;
          TRY(outbox_.postpone(alert, one.next));
          down.insert(alert.contact);
          continue;
        }
        ++way.failures;
        auto pause_ms = backoff_ms(std::min(way.failures, 12u), way_pause_first_ms,
                                   way_pause_most_ms, random_bits());
        way.not_before = parts_.now() + static_cast<TimeUs>(pause_ms) * 1000;
        if (way.problem.empty())
          spdlog::warn("alerts: {} does not work: {}", channel.name, delivery.what);
        way.problem = delivery.what;
        going = false;
        break;
      }
    }
    if (!way.problem.empty()) outcome.problem = way.problem;
  }
  return {};
}

Result<RunOutcome> Alerts::run(bool all) {
  std::lock_guard one_sender(sending_);
  if (!on_) return denied("alerts are off: `tocsin alert on`, or the page Alerts, after a dry run");
  RunOutcome outcome;
  for (auto& [name, way] : ways_) way.not_before = 0;  // a person asks: try now
  idle_.clear();
  TRY(outbox_.hasten(parts_.now()));
  outcome.made = TRY(write_bundles(all));
  TRY(send_due(outcome, {}));
  ways_.clear();  // their connections
  return outcome;
}

// Also while alerts are off: it is for the team, and holds figures alone.
Result<void> Alerts::send_morning(const std::stop_token& stop) {
  const Settings& settings = parts_.settings;
  TimeUs now = parts_.now();
  Day today = times::day_of(now);
  TimeUs at = times::start_of(today) + static_cast<TimeUs>(settings.team_at_s) * us_per_s;
  if (settings.team.empty() || now < at || !parts_.morning) return {};
  // "2026-11-22 a@example.org b@example.org": who has had today's or refused it.
  std::string had = TRY(outbox_.value("morning"));
  std::string day = times::format_day(today);
  if (!had.starts_with(day)) had = day;
  Way& way = way_of("mail", stop);
  if (now < way.not_before || !way.sending) return {};
  for (const std::string& address : settings.team) {
    if (stop.stop_requested() || (had + " ").contains(" " + address + " ")) continue;
    if (auto later = morning_later_.find(address); later != morning_later_.end()) {
      if (now < later->second) continue;
      morning_later_.erase(later);
    }
    policy::Figures figures{.title = fmt::format("{}: the morning of {}", parts_.node, day),
                            .lines = parts_.morning()};
    auto cleared =
        policy::clear(std::move(figures), {"team", policy::Relation::team, address}, parts_.rules);
    if (!cleared) return std::unexpected(cleared.error());
    std::string domain = TRY(plain_address(settings.mail.from));
    domain = domain.substr(domain.find('@') + 1);
    Envelope head{.node = parts_.node,
                  .from = settings.mail.from,
                  .message_id = fmt::format("tocsin.morning.{}.{}@{}", day,
                                            hex(sha256(address)).substr(0, 16), domain),
                  .date = at};
    auto letter = TRY(team_letter(*cleared, head));
    Delivery delivery = way.sending->send(letter);
    if (delivery.result == Delivery::Result::closed) {
      way.not_before = now + morning_pause;
      return unavailable("the team's morning mail: " + delivery.what);
    }
    if (delivery.result == Delivery::Result::later) {
      morning_later_[address] = now + morning_pause;
      continue;
    }
    if (delivery.result == Delivery::Result::never)
      spdlog::warn("alerts: the morning mail to {} is refused: {}", address, delivery.what);
    had += " " + address;
    TRY(outbox_.keep_value("morning", had));
  }
  return {};
}

void Alerts::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void Alerts::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  std::lock_guard one_sender(sending_);
  ways_.clear();
}

void Alerts::loop(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "alerts");
  std::mutex mutex;
  std::condition_variable_any wake;
  std::string told;
  TimeUs write_at = 0;
  while (!stop.stop_requested()) {
    {
      std::lock_guard one_sender(sending_);
      auto work = [&]() -> Result<void> {
        if (auto now = parts_.now(); on_ && now >= write_at) {
          write_at = now + write_every;
          TRY(write_bundles(false));
        }
        RunOutcome outcome;
        if (on_) TRY(send_due(outcome, stop));
        return parts_.simulated ? Result<void>{} : send_morning(stop);
      };
      auto worked = work();
      std::string problem = worked ? std::string() : worked.error().what;
      if (!problem.empty() && problem != told) spdlog::warn("alerts: {}", problem);
      told = std::move(problem);
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
  }
}

}  // namespace tocsin::alert
