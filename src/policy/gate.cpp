#include "policy/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "model/subject.h"

namespace tocsin::policy {
namespace {

// 0 to 100, as the report says it.
std::optional<std::uint8_t> confidence_of(const EventBatch& batch, std::size_t row) {
  std::string_view json = member(batch.text(batch.extra[row]), "feed.accuracy");
  auto number = text::number(json.substr(0, json.find('.')));
  if (json.empty() || !number || *number > 100) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

bool is_anonymised(const Item& item) {
  return item.relayed && item.onward.value_or(Onward::none) == Onward::anonymised;
}

}  // namespace

Gate::Gate(Parts parts) : parts_(std::move(parts)) {
  for (const Pass& pass : parts_.passes) addresses_.push_back(content_address(pass.agreement));
}

Gate::~Gate() = default;

Item Gate::item_of(const EventBatch& batch) const {
  FeedSays feed = parts_.feed(parts_.words.word(batch.feed));
  Item item{.kind = ItemKind::event, .feed = feed.terms};
  item.relayed = !feed.member.empty();
  item.onward = feed.onward;
  item.role =
      !feed.member.empty() && feed.member == parts_.to ? PartyRole::originator : PartyRole::third;
  return item;
}

Gate::Selected Gate::select(const EventBatch& batch, TimeUs now) const {
  Selected out;
  if (batch.is_act() || parts_.passes.empty()) return out;
  Item item = item_of(batch);
  if (item.role == PartyRole::originator) return out;
  std::vector<Context> contexts;
  for (const Pass& pass : parts_.passes) {
    contexts.push_back({.now = now,
                        .from = parts_.from,
                        .to = parts_.to,
                        .standing = pass.standing,
                        .purpose = parts_.purpose,
                        .quota_left = pass.quota_left});
  }
  for (std::size_t row = 0; row < batch.size(); ++row) {
    if (is_exercise(batch, row)) continue;
    item.type = batch.type[row];
    item.tlp = batch.tlp[row];
    item.country = place_of(batch, row).country;
    item.sector.assign(parts_.words.word(batch.sector[row]));
    item.confidence = confidence_of(batch, row);
    auto first = Reason::released;  // of those against it
    bool goes = false;
    for (std::size_t pass = 0; pass < contexts.size() && !goes; ++pass) {
      Context& context = contexts[pass];
      Reason reason = judge(item, parts_.passes[pass].agreement, context).reason;
      goes = reason == Reason::released;
      if (first == Reason::released) first = reason;
      if (!goes) continue;
      if (context.quota_left.value_or(0) > 0) --*context.quota_left;
      out.rows.push_back({static_cast<std::uint16_t>(row), static_cast<std::uint16_t>(pass)});
    }
    if (!goes) ++out.withheld.at(static_cast<std::size_t>(first));
  }
  return out;
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
