#include "node/ingress.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json.h"
#include "base/text.h"
#include "ingest/misp_answer.h"
#include "model/subject.h"
#include "node/feeds.h"
#include "node/law_scan.h"
#include "policy/exempt.h"
#include "store/replay.h"
#include "wire/row.h"
#include "wire/stix_words.h"

namespace tocsin::node {
namespace {

constexpr auto look_every = std::chrono::seconds(30);
constexpr std::string_view counts_key = "ingress.", recall_key = "recall.", gone_key = "recalled.";
constexpr std::string_view quota_words = "quota used up";
constexpr std::size_t recalls_max = 10'000;  // waiting, of one feed
constexpr std::size_t named_max = 20;        // more are not looked for by their texts
constexpr std::string_view stix_member = "extra.stix_id";
constexpr std::array<std::string_view, 2> misp_members = {"misp.attribute_uuid", "misp.event_uuid"};

std::string_view member_of(std::string_view feed) {
  return Feeds::is_partners(feed) ? feed.substr(8) : std::string_view();
}

bool is_misp_id(std::string_view id) {
  std::string_view name = id.substr(0, id.find(':'));
  return std::ranges::find(misp_members, name) != misp_members.end() &&
         ingest::is_misp_uuid(id.substr(std::min(id.size(), name.size() + 1)));
}

// The member of an event that names what is taken back, and its value.
std::pair<std::string_view, std::string_view> named_by(std::string_view id) {
  if (!is_misp_id(id)) return {stix_member, id};
  std::size_t colon = id.find(':');
  return {id.substr(0, colon), id.substr(colon + 1)};
}

// What the reader of STIX notes of an event beside what its sender said.
bool is_reader_s(std::string_view name) {
  return name == "extra.pap" || name == "extra.members_cut" || name.starts_with("extra.stix_") ||
         name.starts_with("extra.hashed.") || name == "extra.pseudonyms";
}

// Clauses are stored by their numbers, which are append only.
std::string counts_json(Day day, const std::map<std::string, std::uint64_t, std::less<>>& used,
                        const std::map<policy::Clause, std::uint64_t>& refused, bool waits) {
  json::Writer w;
  w.object().member("day", day).key("refused").object();
  for (auto [clause, count] : refused) w.member(fmt::to_string(static_cast<int>(clause)), count);
  w.end().key("used").object();
  for (const auto& [address, count] : used) w.member(address, count);
  return w.end().member("waits", waits).end().take();
}

policy::Onward stricter(policy::Onward a, policy::Onward b) {
  using policy::Onward;
  bool apart = (a == Onward::same_terms && b == Onward::anonymised) ||
               (b == Onward::same_terms && a == Onward::anonymised);
  return apart ? Onward::with_consent : std::min(a, b);
}

}  // namespace

Result<std::unique_ptr<Ingress>> Ingress::open(const Parts& parts) {
  auto made = std::unique_ptr<Ingress>(new Ingress(parts));
  TRY(made->load());
  return made;
}

Result<void> Ingress::load() {
  auto counts = TRY(parts_.journal.values(counts_key));
  for (const auto& [key, text] : counts) {
    simdjson::dom::parser parser;
    simdjson::dom::object root, map;
    std::int64_t day = 0;
    if (parser.parse(text).get(root) || root["day"].get(day)) continue;
    Sender& sender = senders_[key.substr(counts_key.size())];
    sender.day = static_cast<Day>(day);
    if (root["waits"].get(sender.waits)) sender.waits = false;
    if (!root["used"].get(map)) {
      for (auto [address, count] : map) {
        if (!count.is<std::uint64_t>()) continue;
        sender.used.emplace(address, count.get<std::uint64_t>().value_unsafe());
      }
    }
    if (!root["refused"].get(map)) {
      for (auto [clause, count] : map) {
        auto number = text::number(clause);
        if (!number || *number >= policy::clauses_count || !count.is<std::uint64_t>()) continue;
        sender.refused.emplace(static_cast<policy::Clause>(*number),
                               count.get<std::uint64_t>().value_unsafe());
      }
    }
  }
  auto gone = TRY(parts_.journal.values(gone_key));
  for (const auto& [key, at] : gone) gone_.insert(key.substr(gone_key.size()));
  auto waiting = TRY(parts_.journal.values(recall_key));
  for (const auto& [key, feed] : waiting) {
    std::size_t blank = key.find(' ');
    if (blank == key.npos) continue;
    recalls_[key.substr(recall_key.size(), blank - recall_key.size())].insert(
        key.substr(blank + 1));
  }
  return {};
}

// With the lock held.
Ingress::Sender& Ingress::today(const std::string& feed) {
  Sender& sender = senders_[feed];
  Day day = times::day_of(parts_.now());
  // Until what waited is read again, its day goes on.
  if (sender.day != day && !sender.waits) sender = {.day = day};
  return sender;
}

Result<void> Ingress::keep(const std::string& feed, Sender& sender) const {
  sender.changed = false;
  return parts_.journal.keep_value(
      fmt::format("{}{}", counts_key, feed),
      counts_json(sender.day, sender.used, sender.refused, sender.waits));
}

share::Agreements::InForce Ingress::in_force(std::string_view feed) const {
  if (parts_.sharing == nullptr) return {};
  return parts_.sharing->agreements().in_force(member_of(feed), parts_.now());
}

policy::Item Ingress::item_of(const EventBatch& batch, std::size_t row) const {
  policy::Traits traits = policy::traits_of(batch, row);
  policy::Item item{.kind = policy::ItemKind::event, .type = traits.type};
  item.sector.assign(parts_.words.word(traits.sector));
  item.tlp = traits.tlp;
  item.country = traits.country;
  // As its sender saw it, who may not tell it.
  Subject subject = subject_of(batch, row);
  if (item.country.empty() && subject.kind == SubjectKind::address)
    item.country = parts_.enrichment.locate(subject.ip).country;
  if (traits.confidence != policy::Traits::no_confidence) item.confidence = traits.confidence;
  auto pap = pap_named(json_text(member(batch.text(batch.extra[row]), "extra.pap")));
  if (pap) item.pap = *pap;
  wire::Row said(batch, row, parts_.words, wire::Spelling::native);
  for (const Member& one : said.members()) {
    bool is_field = field_named(one.name).has_value() || one.name.starts_with("extra.");
    if (is_field && !is_reader_s(one.name)) item.fields.emplace_back(one.name);
  }
  return item;
}

std::unexpected<Error> Ingress::refuse(const std::string& feed, Sender& sender,
                                       policy::Clause clause, std::string why) {
  ++sender.refused[clause];
  ++sender.of_page[fmt::to_string(static_cast<int>(clause))];
  parts_.metrics
      .counter(
          "tocsin_ingress_refused_total", "items of partners that no agreement allows",
          {{"clause", std::string(policy::name(clause))}, {"member", std::string(member_of(feed))}})
      .add();
  return denied(std::move(why));
}

Result<void> Ingress::judge(std::string_view feed, const EventBatch& batch, std::size_t row) {
  std::string name(feed);
  std::string id = json_text(member(batch.text(batch.extra[row]), "extra.stix_id"));
  policy::Item item = item_of(batch, row);
  std::lock_guard guard(mutex_);
  Sender& sender = today(name);
  if (!id.empty() && gone_.contains(fmt::format("{} {}", name, id)))
    return refuse(name, sender, policy::Clause::heading, "its sender has taken it back");
  auto allowed = judge(name, sender, &item, id);
  if (!allowed) return std::unexpected(std::move(allowed).error());
  return {};
}

Result<std::string> Ingress::allow(std::string_view feed, const policy::Item* item) {
  std::string name(feed);
  std::lock_guard guard(mutex_);
  return judge(name, today(name), item, {});
}

// With the lock held. The agreement under which it comes in.
Result<std::string> Ingress::judge(const std::string& feed, Sender& sender,
                                   const policy::Item* item, const std::string& id) {
  sender.changed = true;
  std::string who(member_of(feed));
  auto under = in_force(feed);
  if (under.agreements.empty()) {
    return refuse(feed, sender, policy::Clause::validity,
                  "no agreement is in force with " + text::quote(who));
  }
  policy::Context context{.now = parts_.now(),
                          .from = who,
                          .to = parts_.member,
                          .direction = policy::Direction::ingress};
  const share::AgreementState *first = nullptr, *full = nullptr;
  for (const share::AgreementState* state : under.agreements) {
    context.standing = state->standing();
    context.quota_left.reset();
    std::uint64_t quota = state->agreement.quota_per_day;
    std::uint64_t& used = sender.used[state->address];
    if (quota > 0) context.quota_left = quota - std::min(used, quota);
    auto reason = policy::Reason::released;
    if (item != nullptr) {
      reason = policy::judge(*item, state->agreement, context).reason;
    } else if (context.quota_left == 0) {
      reason = policy::Reason::quota_used_up;
    }
    if (reason == policy::Reason::released) {
      ++used;
      return state->address;
    }
    if (first == nullptr) first = state;
    if (full == nullptr && reason == policy::Reason::quota_used_up) full = state;
  }
  if (item == nullptr) {
    sender.waits = sender.waits || full != nullptr;
    return refuse(feed, sender, policy::Clause::quota, std::string(quota_words));
  }
  const share::AgreementState* why = full != nullptr ? full : first;
  context.standing = why->standing();
  context.quota_left = full != nullptr ? 0 : UINT64_MAX;
  auto decision = policy::decide(*item, why->agreement, context);
  // What a person there released to us beyond the agreement, as its node said before.
  if (!id.empty() && policy::may_be_exempted(decision) &&
      parts_.sharing->emergencies().was_announced(who, id)) {
    return why->address;
  }
  std::string sentence = decision.sentence;
  if (full != nullptr) sentence = fmt::format("{}: {}", quota_words, sentence);
  sender.waits = sender.waits || full != nullptr;
  return refuse(feed, sender, decision.clause, std::move(sentence));
}

Result<void> Ingress::may_take(std::string_view feed) {
  if (!Feeds::is_partners(feed)) return {};
  if (in_force(feed).agreements.empty())
    return denied("no agreement is in force with " + text::quote(member_of(feed)));
  std::lock_guard guard(mutex_);
  auto found = senders_.find(feed);
  if (found == senders_.end() || !found->second.waits) return {};
  return unavailable(fmt::format("{}: what is agreed for a day has come; more is taken on {} (UTC)",
                                 quota_words, times::format_day(found->second.day + 1)));
}

void Ingress::recall(std::string_view feed, std::string_view id) {
  if (!wire::is_stix_id(id) && !is_misp_id(id)) return;
  std::lock_guard guard(mutex_);
  auto& waiting = recalls_[std::string(feed)];
  std::string key = fmt::format("{} {}", feed, id);
  if (gone_.contains(key) || waiting.contains(id)) return;
  if (waiting.size() >= recalls_max)
    return spdlog::warn("feed {}: {} recalls wait, {} is passed over", feed, recalls_max, id);
  waiting.emplace(id);
  auto kept = parts_.journal.keep_value(fmt::format("{}{}", recall_key, key), "1");
  if (!kept) spdlog::warn("feed {}: a recall is kept in memory only: {}", feed, kept.error().what);
}

void Ingress::ended(const store::ReportRow& row) {
  if (!Feeds::is_partners(row.feed)) {
    std::lock_guard guard(mutex_);
    return carry_out(row.feed);
  }
  std::map<std::string, std::uint64_t> refused;
  {
    std::lock_guard guard(mutex_);
    if (auto sender = senders_.find(row.feed); sender != senders_.end())
      refused = std::exchange(sender->second.of_page, {});
  }
  if (row.state == store::ReportState::done) {
    std::string member(member_of(row.feed));
    if (auto answered = acknowledge(row, member, refused); !answered) {
      spdlog::error("feed {}: its release is not what came: {}", row.feed, answered.error().what);
      auto noted = parts_.audit.note({.at = parts_.now(),
                                      .by = member,
                                      .call = "release of a member",
                                      .object = fmt::format("r_{}", row.id)},
                                     fmt::format("denied: {}", answered.error().what));
      if (!noted) spdlog::error("audit: {}", noted.error().what);
    }
  }
  std::lock_guard guard(mutex_);
  auto found = senders_.find(row.feed);
  if (found != senders_.end() && found->second.changed) {
    if (auto kept = keep(found->first, found->second); !kept)
      spdlog::warn("feed {}: {}", row.feed, kept.error().what);
  }
  carry_out(row.feed);
}

// With the lock held.
void Ingress::carry_out(const std::string& feed) {
  auto recalls = recalls_.find(feed);
  if (recalls == recalls_.end() || recalls->second.empty()) return;
  hurry_ = true;
  due_.notify_one();
}

policy::FeedSays Ingress::says(std::string_view feed) const {
  policy::FeedSays out{.member = std::string(member_of(feed)), .onward = policy::Onward::none};
  auto under = in_force(feed);
  for (const share::AgreementState* state : under.agreements) {
    bool is_first = state == under.agreements.front();
    out.onward =
        is_first ? state->agreement.onward : stricter(*out.onward, state->agreement.onward);
  }
  policy::Consent may = consent(feed);
  out.terms.tell_affected = may.tell_affected;
  out.terms.facts = may.facts;
  return out;
}

policy::Consent Ingress::consent(std::string_view feed) const {
  auto under = in_force(feed);
  policy::Consent out{.tell_affected = false, .facts = {}};
  if (under.agreements.empty()) return out;
  out = {};
  for (const share::AgreementState* state : under.agreements) {
    if (!state->agreement.tell_affected) out.tell_affected = false;
    out.facts = out.facts & state->agreement.affected_facts;
  }
  return out;
}

std::map<std::string, std::uint32_t> Ingress::retention_days() const {
  std::map<std::string, std::uint32_t> out;
  if (parts_.sharing == nullptr) return out;
  auto book = parts_.sharing->agreements().book();
  for (const auto& [address, state] : book->all()) {
    if (!state.is_signed) continue;
    for (const policy::Party& party : state.agreement.parties) {
      if (party.id == parts_.member) continue;
      std::uint32_t days = state.agreement.retention_days;
      auto [at, is_new] = out.try_emplace("partner." + party.id, days);
      at->second = std::min(at->second, days);
    }
  }
  return out;
}

std::map<policy::Clause, std::uint64_t> Ingress::refused(std::string_view feed) {
  std::lock_guard guard(mutex_);
  return today(std::string(feed)).refused;
}

// ---- what is done later

Result<void> Ingress::take_back(const std::string& feed,
                                const std::set<std::string, std::less<>>& ids) {
  std::string where = fmt::format("feed = {}", parts_.words.id(feed)), named;
  for (const std::string& id : ids) {
    auto [name, value] = named_by(id);
    named +=
        fmt::format("{}contains(extra, '\"{}\":\"{}\"')", named.empty() ? "" : " OR ", name, value);
  }
  if (ids.size() <= named_max) where += fmt::format(" AND ({})", named);
  std::set<std::string> found;
  auto gather = [&]() -> Result<Correction> {
    Gathered all;
    TRY(store::replay(parts_.columns, {.where = where}, [&](EventBatch& b) -> Result<void> {
      for (std::size_t i = 0; i < b.size(); ++i) {
        std::string_view extra = b.text(b.extra[i]);
        for (std::string_view name : {stix_member, misp_members[0], misp_members[1]}) {
          std::string value = json_text(member(extra, name));
          std::string id = name == stix_member ? value : fmt::format("{}:{}", name, value);
          if (!ids.contains(id)) continue;
          all.add(b, i);
          found.insert(std::move(id));
          break;
        }
      }
      return {};
    }));
    if (all.correction.events.empty()) return missing("nothing that was taken back is here");
    for (std::uint64_t report : all.reports) {
      auto row = TRY(parts_.journal.report(report));
      auto hold =
          row && parts_.corrections.held ? TRY(parts_.corrections.held(*row)) : std::nullopt;
      if (hold) return denied(*hold);
    }
    all.correction.days.assign(all.days.begin(), all.days.end());
    all.correction.types.assign(all.types.begin(), all.types.end());
    return all.correction;
  };
  auto done = parts_.corrections.erase(gather);
  if (!done && done.error().fault != Fault::missing) return std::unexpected(done.error());
  for (const std::string& id : found) {
    // What MISP takes back may be there again one day.
    if (!is_misp_id(id)) {
      TRY(parts_.journal.keep_value(fmt::format("{}{} {}", gone_key, feed, id),
                                    fmt::format("\"{}\"", times::format(parts_.now()))));
    }
    TRY(parts_.audit.note({.at = parts_.now(),
                           .by = Feeds::is_partners(feed) ? std::string(member_of(feed)) : feed,
                           .call = "event taken back",
                           .object = id,
                           .details = "{}"},
                          "done"));
  }
  for (const std::string& id : ids)
    TRY(parts_.journal.forget_value(fmt::format("{}{} {}", recall_key, feed, id)));
  std::lock_guard guard(mutex_);
  for (const std::string& id : found) {
    if (!is_misp_id(id)) gone_.insert(fmt::format("{} {}", feed, id));
  }
  for (const std::string& id : ids) recalls_[feed].erase(id);
  return {};
}

void Ingress::work(const Replay& replay) {
  std::map<std::string, std::set<std::string, std::less<>>> recalls;
  std::vector<std::string> fresh;  // feeds whose day is over
  {
    std::lock_guard guard(mutex_);
    Day day = times::day_of(parts_.now());
    for (const auto& [feed, ids] : recalls_) {
      if (!ids.empty()) recalls[feed] = ids;
    }
    for (auto& [feed, sender] : senders_) {
      if (!sender.waits || sender.day >= day) continue;
      sender = {.day = day};
      fresh.push_back(feed);
      if (auto kept = keep(feed, sender); !kept)
        spdlog::warn("feed {}: {}", feed, kept.error().what);
    }
  }
  for (const auto& [feed, ids] : recalls) {
    if (auto done = take_back(feed, ids); !done)
      spdlog::warn("feed {}: what its sender takes back stays for now: {}", feed,
                   done.error().what);
  }
  if (fresh.empty()) return;
  auto groups = parts_.journal.reject_groups();
  for (std::size_t i = 0; groups && i < groups->size(); ++i) {
    const store::RejectGroup& group = (*groups)[i];
    if (!group.reason.starts_with(quota_words) ||
        std::ranges::find(fresh, group.feed) == fresh.end())
      continue;
    if (auto done = replay(group.feed, group.reason); !done)
      spdlog::warn("feed {}: what waited for a new day stays in quarantine: {}", group.feed,
                   done.error().what);
  }
}

void Ingress::start(Replay replay) {
  if (worker_.joinable()) return;
  worker_ = std::jthread([this, replay = std::move(replay)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      work(replay);
      std::unique_lock lock(mutex_);
      due_.wait_for(lock, stop, look_every, [this] { return hurry_; });
      hurry_ = false;
    }
  });
}

void Ingress::stop() {
  worker_ = {};
}

}  // namespace tocsin::node
