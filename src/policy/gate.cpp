#include "policy/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "model/subject.h"
#include "policy/difference.h"
#include "policy/exempt.h"
#include "policy/mention.h"

namespace tocsin::policy {
namespace {

// 0 to 100, as the report says it.
std::uint8_t confidence_of(const EventBatch& batch, std::size_t row) {
  std::string_view extra = batch.text(batch.extra[row]);
  if (!extra.contains("\"feed.accuracy\"")) return Traits::no_confidence;
  std::string_view json = member(extra, "feed.accuracy");
  auto number = text::number(json.substr(0, json.find('.')));
  if (json.empty() || !number || *number > 100) return Traits::no_confidence;
  return static_cast<std::uint8_t>(*number);
}

// What the format misp keeps of an event that came from MISP.
std::optional<Distribution> distribution_of(const EventBatch& batch, std::size_t row) {
  std::string_view extra = batch.text(batch.extra[row]);
  if (!extra.contains("\"extra.misp_distribution\"")) return std::nullopt;
  return distribution_named(json_text(member(extra, "extra.misp_distribution")))
      .value_or(Distribution::organisation);
}

constexpr std::size_t seen_places = 256;

std::size_t place_among_seen(const Traits& t) {
  std::uint64_t mixed = std::uint64_t{t.country.code} << 32 | t.sector;
  mixed ^= std::uint64_t{static_cast<std::uint8_t>(t.type)} << 48 ^
           std::uint64_t{static_cast<std::uint8_t>(t.tlp)} << 56 ^
           std::uint64_t{t.confidence} << 24;
  return (mixed * 0x9e3779b97f4a7c15) >> 56;
}

bool is_anonymised(const Item& item) {
  return item.relayed && item.onward.value_or(Onward::none) == Onward::anonymised;
}

}  // namespace

Gate::Gate(Parts parts) : parts_(std::move(parts)) {
  for (const Pass& pass : parts_.passes) addresses_.push_back(content_address(pass.agreement));
}

Item Gate::item_of(const EventBatch& batch) const {
  return from({.kind = ItemKind::event}, parts_.words.word(batch.feed));
}

// With what holds for all that the feed brings.
Item Gate::from(Item item, std::string_view name) const {
  FeedSays feed = name.empty() ? FeedSays{.terms = {.may_pass_on = true}} : parts_.feed(name);
  item.feed = feed.terms;
  item.relayed = !feed.member.empty();
  item.onward = feed.onward;
  item.role =
      !feed.member.empty() && feed.member == parts_.to ? PartyRole::originator : PartyRole::third;
  return item;
}

Traits traits_of(const EventBatch& batch, std::size_t row) {
  return {.type = batch.type[row],
          .tlp = batch.tlp[row],
          .country = place_of(batch, row).country,
          .confidence = confidence_of(batch, row),
          .goes = !is_exercise(batch, row),
          .sector = batch.sector[row],
          .distribution = distribution_of(batch, row)};
}

std::vector<Traits> traits_of(const EventBatch& batch) {
  std::vector<Traits> out(batch.is_act() ? 0 : batch.size());
  for (std::size_t row = 0; row < out.size(); ++row) out[row] = traits_of(batch, row);
  return out;
}

Gate::Selected Gate::select(const EventBatch& batch, std::span<const Traits> traits,
                            TimeUs now) const {
  Selected out;
  if (traits.empty() || parts_.passes.empty()) return out;
  Item item = item_of(batch);
  if (item.role == PartyRole::originator) return out;
  std::vector<std::uint64_t> quota_left;
  for (const Pass& pass : parts_.passes) {
    bool counted = pass.agreement.quota_per_day > 0;
    quota_left.push_back(counted ? pass.quota_left : UINT64_MAX);
  }
  // Few events of a batch differ in what is looked at.
  std::vector<Seen> seen(seen_places);
  for (std::size_t row = 0; row < traits.size(); ++row) {
    const Traits& t = traits[row];
    if (!t.goes) continue;
    Seen& known = seen[place_among_seen(t)];
    if (known.reasons.empty() || known.traits != t) known = {t, reasons_of(item, t, now)};
    auto first = Reason::released;  // of those against it
    bool goes = false;
    for (std::size_t pass = 0; pass < known.reasons.size() && !goes; ++pass) {
      Reason reason = known.reasons[pass];
      if (reason == Reason::released && quota_left[pass] == 0) reason = Reason::quota_used_up;
      goes = reason == Reason::released;
      if (first == Reason::released) first = reason;
      if (!goes) continue;
      if (quota_left[pass] != UINT64_MAX) --quota_left[pass];
      out.rows.push_back({static_cast<std::uint16_t>(row), static_cast<std::uint16_t>(pass)});
    }
    if (!goes) ++out.withheld.at(static_cast<std::size_t>(first));
  }
  return out;
}

std::vector<Decision> Gate::decisions(const EventBatch& batch, std::size_t row,
                                      std::span<const std::uint64_t> left, TimeUs now) const {
  check(left.size() == parts_.passes.size(), "gate: a quota for each pass");
  Item item = item_of(batch);
  describe(item, traits_of(batch, row));
  std::vector<Decision> out;
  for (std::size_t i = 0; i < parts_.passes.size(); ++i) {
    const Pass& pass = parts_.passes[i];
    Context context{.now = now,
                    .from = parts_.from,
                    .to = parts_.to,
                    .standing = pass.standing,
                    .purpose = parts_.purpose,
                    .quota_left = pass.agreement.quota_per_day > 0 ? left[i] : UINT64_MAX};
    out.push_back(decide(item, pass.agreement, context));
  }
  return out;
}

Result<Gate::Row> Gate::exempt(const EventBatch& batch, std::size_t row, std::size_t pass,
                               TimeUs now) const {
  check(pass < parts_.passes.size() && row < batch.size(), "gate: a pass and a row that there are");
  if (is_senders(batch)) return denied(parts_.to + " sent it itself");
  if (!traits_of(batch, row).goes) return denied("it is of an exercise: nobody gets it");
  std::vector<std::uint64_t> left(parts_.passes.size(), UINT64_MAX);
  auto all = decisions(batch, row, left, now);
  if (auto bar = bar_to_exempt(all[pass])) {
    return denied(
        fmt::format("no person may release it: {}, {}", numbered(clause_of(*bar)), name(*bar)));
  }
  return Row{static_cast<std::uint16_t>(row), static_cast<std::uint16_t>(pass)};
}

bool Gate::is_senders(const EventBatch& batch) const {
  return item_of(batch).role == PartyRole::originator;
}

void Gate::describe(Item& item, const Traits& traits) const {
  item.type = traits.type;
  item.tlp = traits.tlp;
  item.country = traits.country;
  item.sector.assign(parts_.words.word(traits.sector));
  item.distribution = traits.distribution;
  item.confidence.reset();
  if (traits.confidence != Traits::no_confidence) item.confidence = traits.confidence;
}

// As if each quota had room.
std::vector<Reason> Gate::reasons_of(Item& item, const Traits& traits, TimeUs now) const {
  describe(item, traits);
  std::vector<Reason> out;
  for (const Pass& pass : parts_.passes) {
    Context context{.now = now,
                    .from = parts_.from,
                    .to = parts_.to,
                    .standing = pass.standing,
                    .purpose = parts_.purpose,
                    .quota_left = UINT64_MAX};
    out.push_back(policy::judge(item, pass.agreement, context).reason);
  }
  return out;
}

Gate::Judged Gate::judge(Item item, std::string_view feed, TimeUs now) const {
  item = from(std::move(item), feed);
  Judged out;
  if (item.role == PartyRole::originator) return out;  // it has it
  for (std::uint16_t pass = 0; pass < parts_.passes.size(); ++pass) {
    const Pass& one = parts_.passes[pass];
    Context context{.now = now,
                    .from = parts_.from,
                    .to = parts_.to,
                    .standing = one.standing,
                    .purpose = parts_.purpose,
                    .quota_left = UINT64_MAX};
    Reason reason = policy::judge(item, one.agreement, context).reason;
    if (reason == Reason::released) return {reason, pass};
    if (pass == 0) out.reason = reason;
  }
  return out;
}

// May the agreement change something of a text whose parts nobody told apart? `whole`: it may be
// anything; else a pattern, which names values alone.
bool Gate::would_change(std::uint16_t pass, std::string_view said, bool whole) const {
  using enum Part;
  const Agreement& agreement = parts_.passes.at(pass).agreement;
  const Party *from = agreement.party(parts_.from), *to = agreement.party(parts_.to);
  return std::ranges::any_of(agreement.transforms, [&](const Transform& t) {
    if (from != nullptr && to != nullptr && !leads(t.way, from->as, to->as)) return false;
    switch (part_of(t.field)) {
      case account:
      case contact:
        return said.contains('@') || said.contains("account") || said.contains("email");
      case address:
      case network:
        return mentions(said, [](const Ip&) { return true; });
      case controller:
      case file_hash:
      case name:
      case url:
        return true;
      default:
        return whole;
    }
  });
}

std::string Gate::handle_of(std::uint16_t pass, std::string_view kind, std::string_view key) const {
  return keyed_hash(parts_.passes.at(pass).key, kind, key);
}

Result<Cleared<ToldEvent>> Gate::clear(const Released& one, std::span<const Member> members,
                                       std::string_view subject) const {
  Item item = from(one.item, one.feed);
  ToldEvent told{.members = treating(one.pass, item).event(members),
                 .handle = handle_of(one.pass, name(item.kind), one.key),
                 .agreement = addresses_.at(one.pass)};
  auto before = std::ranges::find(members, subject, &Member::name);
  auto after = std::ranges::find(told.members, subject, &TreatedMember::name);
  bool stays =
      before != members.end() && after != told.members.end() && before->json == after->json;
  bool is_text = stays && !field_named(subject);
  if (is_text && would_change(one.pass, json_text(before->json), false)) stays = false;
  if (is_text && is_anonymised(item)) stays = false;
  if (!subject.empty() && !stays) return denied("what it is about may not be told as it is");
  Recipient to{.id = parts_.to, .relation = Relation::member, .address = {}};
  return Cleared<ToldEvent>(std::move(told), std::move(to), item.tlp, parts_.epoch);
}

bool Gate::names_sensor(std::string_view said) const {
  if (parts_.sensors.empty()) return false;
  return mentions(said, [&](const Ip& ip) {
    return std::ranges::any_of(parts_.sensors, [&](const Network& n) { return n.contains(ip); });
  });
}

Context Gate::context_of(std::uint16_t pass, TimeUs now) const {
  return {.now = now,
          .from = parts_.from,
          .to = parts_.to,
          .standing = parts_.passes[pass].standing,
          .purpose = parts_.purpose,
          .quota_left = UINT64_MAX};
}

bool Gate::is_senders(const Foreign& what) const {
  bool made = !what.creator.empty() && what.creator == parts_.to_identity;
  return made || from(Item{}, what.feed).role == PartyRole::originator;
}

// What its originator lets us do is what stands in the agreement that it came under. Gives which
// passes are no wider than that.
const std::vector<bool>& Gate::describe(Item& item, const Foreign& what) const {
  static const std::vector<bool> none;
  item = from(std::move(item), what.feed);
  if (!item.relayed) return none;
  item.onward = Onward::none;
  std::string_view member = what.feed.substr(what.feed.find('.') + 1);
  auto came = parts_.came_under ? parts_.came_under(member, what.under) : CameUnder();
  if (came.terms == nullptr) return none;
  item.onward = came.terms->onward;
  auto [at, is_new] = kept_.try_emplace(came.address);
  for (std::size_t i = 0; is_new && i < parts_.passes.size(); ++i) {
    at->second.push_back(keeps_terms({parts_.passes[i].agreement, parts_.from, parts_.to},
                                     {*came.terms, member, parts_.from}));
  }
  return at->second;
}

void Gate::look_through(Item& item, const Foreign& what, std::uint16_t pass) const {
  item.would_be_changed = is_anonymised(item);
  item.names_originator = false;
  for (std::string_view said : {what.object, what.with}) {
    item.would_be_changed |= would_change(pass, said, true) || names_sensor(said);
    item.names_originator |= said.contains("created_by_ref");
  }
}

Gate::Judged Gate::judge(Item item, const Foreign& what, TimeUs now) const {
  Judged out;
  if (is_senders(what)) return out;
  const auto& kept = describe(item, what);
  for (std::uint16_t pass = 0; pass < parts_.passes.size(); ++pass) {
    const Agreement& agreement = parts_.passes[pass].agreement;
    Context context = context_of(pass, now);
    Item one = item;
    one.same_terms = pass < kept.size() && kept[pass];
    Reason reason = policy::judge(one, agreement, context).reason;
    // Its octets are read only where nothing else is against it.
    if (reason == Reason::released) {
      look_through(one, what, pass);
      reason = policy::judge(one, agreement, context).reason;
    }
    if (reason == Reason::released) return {reason, pass};
    if (pass == 0) out.reason = reason;
  }
  return out;
}

std::vector<Decision> Gate::decisions(Item item, const Foreign& what,
                                      std::span<const std::uint64_t> left, TimeUs now) const {
  check(left.size() == parts_.passes.size(), "gate: a quota for each pass");
  const auto& kept = describe(item, what);
  std::vector<Decision> out;
  for (std::uint16_t pass = 0; pass < parts_.passes.size(); ++pass) {
    const Agreement& agreement = parts_.passes[pass].agreement;
    Context context = context_of(pass, now);
    if (agreement.quota_per_day > 0) context.quota_left = left[pass];
    item.same_terms = pass < kept.size() && kept[pass];
    look_through(item, what, pass);
    out.push_back(decide(item, agreement, context));
  }
  return out;
}

Result<Cleared<std::string>> Gate::clear_foreign(Item item, const Foreign& what,
                                                 std::uint16_t pass) const {
  describe(item, what);
  look_through(item, what, pass);
  if (is_senders(what)) return denied(parts_.to + " sent or made it itself");
  if (item.would_be_changed)
    return denied("the agreement changes what goes, and this may not be changed");
  if (parts_.passes.at(pass).agreement.attribution != Attribution::named && item.names_originator)
    return denied("the agreement names no originator, and this does");
  Recipient to{.id = parts_.to, .relation = Relation::member, .address = {}};
  return Cleared<std::string>(std::string(what.object), std::move(to), item.tlp, parts_.epoch);
}

const Treating& Gate::treating(std::uint16_t pass, const Item& item) const {
  auto& made = treating_[{pass, is_anonymised(item)}];
  if (!made) {
    const Pass& one = parts_.passes.at(pass);
    Context context{
        .from = parts_.from, .to = parts_.to, .standing = one.standing, .purpose = parts_.purpose};
    made = std::make_unique<Treating>(treatments(item, one.agreement, context), one.key,
                                      parts_.sensors);
  }
  return *made;
}

Result<Cleared<ToldEvent>> Gate::clear(const EventBatch& batch, Row row,
                                       std::span<const Member> members) const {
  check(row.pass < parts_.passes.size() && row.row < batch.size(), "gate: a row that it selected");
  Subject subject = subject_of(batch, row.row);
  for (const Network& sensor : parts_.sensors) {
    if (subject.kind == SubjectKind::address && sensor.contains(subject.ip))
      return denied("its subject is a sensor of ours");
  }
  const Pass& pass = parts_.passes[row.pass];
  ToldEvent told{.members = treating(row.pass, item_of(batch)).event(members),
                 .handle = keyed_hash(pass.key, "event", fmt::to_string(batch.id(row.row))),
                 .agreement = addresses_[row.pass]};
  Recipient to{.id = parts_.to, .relation = Relation::member, .address = {}};
  return Cleared<ToldEvent>(std::move(told), std::move(to), batch.tlp[row.row], parts_.epoch);
}

}  // namespace tocsin::policy
