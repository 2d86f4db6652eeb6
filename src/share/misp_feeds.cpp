#include "share/misp_feeds.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/row.h"
#include "wire/uuid.h"

namespace tocsin::share {
namespace {

constexpr std::array steps = {
    "CREATE TABLE misp_events (member TEXT NOT NULL, uuid TEXT NOT NULL, agreement TEXT NOT NULL,"
    " day INTEGER NOT NULL, type TEXT NOT NULL, tlp TEXT NOT NULL, part INTEGER NOT NULL,"
    " start INTEGER NOT NULL, timestamp INTEGER NOT NULL, content TEXT NOT NULL,"
    " PRIMARY KEY (member, uuid)) STRICT;"
    "CREATE TABLE misp_walks (member TEXT PRIMARY KEY, counted INTEGER NOT NULL) STRICT;"};

using Took = Handout::Took;

// When what a place tells came in: a recall stands for what it recalls.
TimeUs came_in(const Handout::Place& place) {
  return place.offer->recall ? place.date() - place.offer->base + place.offer->was : place.date();
}

}  // namespace

// What is kept of a member's events.
struct MispFeeds::Kept {
  struct Part {
    std::size_t number = 0;
    TimeUs start = 0;
    std::int64_t timestamp_s = 0;
    std::string content;
  };
  std::map<Key, std::vector<Part>> parts;  // by their starts
  TimeUs counted = 0;
};

// One look through the window.
struct MispFeeds::Look {
  std::map<std::pair<Key, std::size_t>, MispListed> events;  // by key and part
  std::map<Day, std::size_t> by_day;
  std::size_t total = 0;
};

Result<std::unique_ptr<MispFeeds>> MispFeeds::open(store::Journal& journal, Shelves& shelves,
                                                   Settings settings) {
  auto tables = TRY(store::Tables::open(journal, "misp", steps));
  return std::unique_ptr<MispFeeds>(new MispFeeds(shelves, std::move(tables), settings));
}

std::shared_ptr<MispFeeds::Feed> MispFeeds::feed_of(const std::string& member) {
  std::lock_guard guard(mutex_);
  auto& feed = feeds_[member];
  if (!feed) feed = std::make_shared<Feed>();
  return feed;
}

Result<MispFeeds::Kept> MispFeeds::kept(const std::string& member) const {
  Kept out;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        "SELECT agreement, day, type, tlp, part, start, timestamp, content FROM misp_events"
        " WHERE member = ? ORDER BY start"));
    select.bind(1, member);
    while (TRY(select.step())) {
      auto type = type_named(select.text(2));
      if (!type) continue;
      Key key{select.text(0), static_cast<Day>(select.number(1)), *type,
              tlp_named(select.text(3)).value_or(Tlp::unmarked)};
      out.parts[key].push_back({.number = static_cast<std::size_t>(select.number(4)),
                                .start = select.number(5),
                                .timestamp_s = select.number(6),
                                .content = std::string(select.text(7))});
    }
    auto walk = TRY(db.prepare("SELECT counted FROM misp_walks WHERE member = ?"));
    walk.bind(1, member);
    if (TRY(walk.step())) out.counted = walk.number(0);
    return {};
  };
  TRY(tables_.read(look));
  return out;
}

MispHead MispFeeds::head_of(const Handout& to, const Key& key, const policy::Agreement& agreement,
                            std::size_t part) const {
  const auto& [id, day, type, tlp] = key;
  MispHead head{.day = day, .type = type, .tlp = tlp};
  std::string_view ns = to.node_namespace();
  head.uuid = wire::uuid5(ns, fmt::format("misp event\n{}\n{}\n{}\n{}\n{}\n{}", to.member(), id,
                                          day, name(type), name(tlp), part));
  head.info = fmt::format("{}, {}", name(type), times::format_day(day));
  if (part > 0) head.info += fmt::format(" ({})", part + 1);
  head.distribution = misp_distribution(tlp, agreement.onward);
  // A feed has to name somebody.
  bool named = agreement.attribution == policy::Attribution::named;
  head.organisation = named ? to.us() : "a member of the network";
  head.organisation_uuid = named ? wire::uuid5(ns, "misp organisation")
                                 : wire::uuid5(wire::tocsin_namespace(), "member");
  return head;
}

Result<const std::vector<MispListed>*> MispFeeds::as_looked_at(Handout& to) {
  auto feed = feed_of(to.member());
  bool holds = feed->known && feed->epoch == to.epoch() && feed->addresses == to.addresses();
  if (!holds) return look(to);
  return &feed->events;
}

Result<const std::vector<MispListed>*> MispFeeds::look(Handout& to) {
  auto feed = feed_of(to.member());
  TimeUs last = to.offers().last();
  bool same = feed->known && feed->epoch == to.epoch() && feed->addresses == to.addresses() &&
              feed->last == last && feed->day == times::day_of(to.now());
  if (same) return &feed->events;
  feed->last = last;
  TRY(list(to, *feed));
  feed->known = true;
  feed->epoch = to.epoch();
  feed->addresses = to.addresses();
  feed->day = times::day_of(to.now());
  return &feed->events;
}

Result<void> MispFeeds::list(Handout& to, Feed& feed) {
  feed.known = false;
  auto kept = TRY(this->kept(to.member()));
  Look look;
  Day first = times::day_of(to.now()) - static_cast<Day>(settings_.days) + 1;
  auto drop_oldest = [&] {
    Day oldest = look.by_day.begin()->first;
    look.total -= look.by_day.begin()->second;
    look.by_day.erase(look.by_day.begin());
    std::erase_if(look.events, [&](auto& one) { return std::get<Day>(one.first.first) == oldest; });
  };
  auto take = [&](const Handout::Place& place) -> Result<Took> {
    TimeUs date = came_in(place);
    Day day = times::day_of(date);
    if (day < first) return Took::passed;  // of a recall
    const policy::Agreement& agreement = to.agreement(place);
    Key key{agreement.id, day, place.type(), place.tlp()};
    auto& parts = kept.parts[key];
    auto after = std::ranges::upper_bound(parts, date, {}, &Kept::Part::start);
    bool is_last = after == parts.end();
    bool recall = place.offer->recall;
    if (after == parts.begin()) {
      if (recall) return Took::passed;  // of what was never given
      after = parts.insert(after, {.number = parts.size(), .start = date, .content = {}}) + 1;
    }
    auto part = after - 1;
    auto is_full = [&] {
      auto it = look.events.find({key, part->number});
      return it != look.events.end() && it->second.events >= settings_.part_events_max;
    };
    if (!recall && is_last && is_full()) {
      parts.push_back({.number = parts.size(), .start = date, .content = {}});
      part = parts.end() - 1;
    }
    MispListed& one = look.events[{key, part->number}];
    if (one.bases.empty()) {
      one.head = head_of(to, key, agreement, part->number);
      one.agreement = agreement.id;
      one.address = to.address(place);
      one.part = part->number;
      one.start = part->start;
      one.timestamp_s = part->timestamp_s;
      one.content = part->content;
    }
    if (one.bases.empty() || one.bases.back() != place.offer->base)
      one.bases.push_back(place.offer->base);
    std::array<std::uint64_t, 3> seed{one.print, static_cast<std::uint64_t>(place.date()), recall};
    one.print = hash64({reinterpret_cast<const char*>(seed.data()), sizeof seed});
    one.last = std::max(one.last, date);
    if (recall) return Took::passed;
    ++one.events;
    ++look.by_day[day];
    if (++look.total > settings_.events_max && look.by_day.size() > 1) drop_oldest();
    if (look.total <= settings_.events_max) return Took::taken;
    spdlog::warn("MISP for {}: more than {} events of a day; the rest does not go", to.member(),
                 settings_.events_max);
    return Took::full;
  };
  TimeUs seen = TRY(to.walk(times::start_of(first) - 1, kept.counted, take));
  std::map<std::string, MispListed*> before;
  if (feed.epoch == to.epoch() && feed.addresses == to.addresses()) {
    for (MispListed& one : feed.events) before[one.head.uuid] = &one;
  }
  auto now_s = static_cast<std::int64_t>(to.now() / us_per_s);
  std::vector<MispListed> events;
  for (auto& [place, one] : look.events) {
    auto old = before.find(one.head.uuid);
    if (old != before.end() && old->second->print == one.print) {
      events.push_back(std::move(*old->second));
      continue;
    }
    MispEvent made = TRY(render(to, one));
    if (made.lines().empty()) continue;
    std::string content = hex(sha256(made.content()));
    if (content != one.content) one.timestamp_s = std::max(now_s, one.timestamp_s + 1);
    one.content = std::move(content);
    one.sha256 = hex(sha256(made.json(one.timestamp_s)));
    events.push_back(std::move(one));
  }
  std::ranges::stable_sort(events, {}, &MispListed::start);
  auto keep = [&](store::Sqlite& db) -> Result<void> {
    auto prune = TRY(db.prepare("DELETE FROM misp_events WHERE member = ? AND day < ?"));
    TRY(prune.bind(1, to.member()).bind(2, first).run());
    auto insert =
        TRY(db.prepare("INSERT OR REPLACE INTO misp_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (const MispListed& one : events) {
      insert.bind(1, to.member()).bind(2, one.head.uuid).bind(3, one.agreement);
      insert.bind(4, one.head.day).bind(5, name(one.head.type));
      insert.bind(6, name(one.head.tlp)).bind(7, one.part).bind(8, one.start);
      insert.bind(9, one.timestamp_s).bind(10, one.content);
      TRY(insert.run());
    }
    auto mark = TRY(db.prepare("INSERT OR REPLACE INTO misp_walks VALUES (?, ?)"));
    return mark.bind(1, to.member()).bind(2, std::max(seen, kept.counted)).run();
  };
  TRY(to.release({.via = "misp"}, keep));
  feed.events = std::move(events);
  return {};
}

Result<MispEvent> MispFeeds::render(Handout& to, const MispListed& listed) const {
  MispEvent out(listed.head, to.node_namespace());
  for (TimeUs base : listed.bases) {
    auto take = [&](const Handout::Place& place) -> Result<Took> {
      TimeUs date = came_in(place);
      bool is_its = date >= listed.start && date <= listed.last &&
                    place.type() == listed.head.type && place.tlp() == listed.head.tlp &&
                    to.agreement(place).id == listed.agreement &&
                    times::day_of(date) == listed.head.day;
      if (!is_its) return Took::passed;
      auto cleared = to.told(place);
      if (!cleared && cleared.error().fault == Fault::denied) return Took::passed;
      auto told = TRY(std::move(cleared)).item();
      if (place.offer->recall) {
        out.recall(told.handle, place.date());
        return Took::passed;
      }
      std::vector<Member> members;
      for (const policy::TreatedMember& one : told.members) members.push_back({one.name, one.json});
      out.add(wire::Row(members, wire::Spelling::native), told.handle, date);
      return Took::passed;
    };
    TRY(to.look_at(base, take));
  }
  return out;
}

Result<std::optional<MispFeeds::Made>> MispFeeds::make(Handout& to, const std::string& uuid) {
  for (bool again : {false, true}) {
    if (again) *feed_of(to.member()) = {};
    const auto* events = again ? TRY(look(to)) : TRY(as_looked_at(to));
    auto found = std::ranges::find(*events, uuid, [](const MispListed& e) { return e.head.uuid; });
    if (found == events->end()) return std::nullopt;
    MispEvent made = TRY(render(to, *found));
    if (hex(sha256(made.content())) == found->content)
      return Made{.event = std::move(made), .listed = *found};
  }
  return std::nullopt;  // withdrawn in between
}

std::optional<MispFeeds::Mark> MispFeeds::mark(const Handout& to, const std::string& page) {
  auto feed = feed_of(to.member());
  auto found = feed->marks.find(page);
  if (found == feed->marks.end()) return std::nullopt;
  bool is_there = std::ranges::any_of(
      feed->events, [&](const MispListed& e) { return e.head.uuid == found->second.uuid; });
  return is_there ? std::optional(found->second) : std::nullopt;
}

void MispFeeds::keep_mark(const Handout& to, const std::string& page, Mark mark) {
  auto feed = feed_of(to.member());
  if (feed->marks.size() >= marks_max) feed->marks.clear();
  feed->marks[page] = std::move(mark);
}

}  // namespace tocsin::share
