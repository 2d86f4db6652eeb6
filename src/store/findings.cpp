#include "store/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "base/huge_pages.h"
#include "base/text.h"

namespace tocsin::store {
namespace {

std::uint32_t seconds(TimeUs time) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time / us_per_s, 0, UINT32_MAX));
}

std::uint64_t coverage_key(WordId feed, Type type, Country country) {
  return std::uint64_t{feed} << 32 | static_cast<std::uint64_t>(type) << 16 | country.code;
}

std::uint32_t tag_of(const Hash128& key) {
  return static_cast<std::uint32_t>(key.high >> 32);
}

// What update() touches of a finding that is known.
void prefetch(const FindingChunk& c, std::size_t row) {
  auto each = [&](const auto&... column) { (__builtin_prefetch(&column[row], 1), ...); };
  each(c.key, c.changed, c.last, c.first, c.times, c.severity, c.tlp, c.feeds, c.state, c.type,
       c.last_event, c.asn, c.country, c.reason);
}

bool is_open(State state) {
  return state == State::open || state == State::reopened;
}

}  // namespace

// Names.

std::size_t Names::place(std::string_view wanted) const {
  std::size_t slot = hash64(wanted) & (slots_.size() - 1);
  while (slots_[slot] != 0 && text(slots_[slot]) != wanted) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

void Names::grow() {
  slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), 0);
  for (std::uint32_t id = 1; id <= size(); ++id) slots_[place(text(id))] = id;
}

std::uint32_t Names::id(std::string_view wanted) {
  if (wanted.empty()) return 0;
  if ((ends_.size() + 1) * 4 > slots_.size() * 3) grow();
  std::size_t slot = place(wanted);
  if (slots_[slot] == 0) {
    bytes_ += wanted;
    ends_.push_back(bytes_.size());
    slots_[slot] = size();
  }
  return slots_[slot];
}

std::uint32_t Names::find(std::string_view wanted) const {
  return wanted.empty() || slots_.empty() ? 0 : slots_[place(wanted)];
}

std::string_view Names::text(std::uint32_t id) const {
  if (id == 0 || id > ends_.size()) return {};
  std::uint64_t from = id == 1 ? 0 : ends_[id - 2];
  return std::string_view(bytes_).substr(from, ends_[id - 1] - from);
}

bool Names::load(std::string bytes, std::vector<std::uint64_t> ends) {
  if (!std::ranges::is_sorted(ends) || (!ends.empty() && ends.back() != bytes.size())) return false;
  bytes_ = std::move(bytes);
  ends_ = std::move(ends);
  slots_.clear();
  while (slots_.size() * 3 < (ends_.size() + 1) * 4 || slots_.empty()) {
    slots_.resize(std::max<std::size_t>(1024, slots_.size() * 2));
  }
  std::ranges::fill(slots_, 0);
  for (std::uint32_t id = 1; id <= size(); ++id) slots_[place(text(id))] = id;
  return true;
}

// The table.

Findings::Place Findings::place(std::uint32_t index) const {
  return {chunks_[index / FindingChunk::rows_max].get(), index % FindingChunk::rows_max};
}

std::uint32_t Findings::find_slot(const Hash128& key) const {
  std::size_t mask = index_.size() - 1;
  std::size_t slot = key.low & mask;
  while (index_[slot].row != 0) {
    if (index_[slot].tag == tag_of(key)) {
      auto at = place(index_[slot].row - 1);
      if (at.chunk->key[at.row] == key) break;
    }
    slot = (slot + 1) & mask;
  }
  return static_cast<std::uint32_t>(slot);
}

void Findings::grow_index() {
  std::size_t wanted = std::max<std::size_t>(1 << 16, index_.size() * 2);
  while (wanted * 3 < (std::size_t{size_} + 1) * 4) wanted *= 2;
  index_ = {};
  index_ = huge_vector<Slot>(wanted);
  for (std::uint32_t i = 0; i < size_; ++i) {
    auto at = place(i);
    const Hash128& key = at.chunk->key[at.row];
    std::size_t slot = key.low & (wanted - 1);
    while (index_[slot].row != 0) slot = (slot + 1) & (wanted - 1);
    index_[slot] = {i + 1, tag_of(key)};
  }
}

std::uint32_t Findings::add(const Hash128& key) {
  check(size_ < UINT32_MAX - 1, "findings: more than 4 billion");
  if (size_ % FindingChunk::rows_max == 0) chunks_.push_back(std::make_unique<FindingChunk>());
  FindingChunk& c = *chunks_.back();
  c.key.push_back(key);
  c.high.push_back(0), c.low.push_back(0), c.last_event.push_back(0), c.name.push_back(0);
  c.changed.push_back(0);
  c.family.push_back(0), c.identifier.push_back(0), c.asn.push_back(0), c.controller.push_back(0),
      c.feeds.push_back(0), c.sector.push_back(0);
  c.first.push_back(UINT32_MAX), c.last.push_back(0), c.reopened.push_back(0), c.times.push_back(0);
  c.port.push_back(0), c.country.push_back({}), c.controller_country.push_back({});
  c.type.push_back({}), c.severity.push_back({}), c.state.push_back(State::open),
      c.tlp.push_back(Tlp::clear);
  c.transport.push_back({}), c.kind.push_back({}), c.reason.push_back({}), c.flags.push_back(0);
  return size_++;
}

std::uint32_t Findings::with_feed(std::uint32_t feeds, WordId feed) {
  if (feed_sets_.empty()) feed_sets_.emplace_back();
  const auto& known = feed_sets_[feeds];
  if (std::ranges::binary_search(known, feed)) return feeds;
  std::vector<WordId> wider = known;
  wider.insert(std::ranges::upper_bound(wider, feed), feed);
  auto [at, is_new] =
      feed_set_ids_.try_emplace(wider, static_cast<std::uint32_t>(feed_sets_.size()));
  if (is_new) feed_sets_.push_back(std::move(wider));
  return at->second;
}

// Have all of the feeds delivered events of this type about this country up to then?
bool Findings::is_covered(std::uint32_t feeds, Type type, Country country,
                          std::uint32_t until_s) const {
  if (feeds == 0) return false;
  return std::ranges::all_of(feed_sets_[feeds], [&](WordId feed) {
    auto at = coverage_.find(coverage_key(feed, type, country));
    return at != coverage_.end() && at->second >= until_s;
  });
}

void Findings::update(std::uint32_t index, const EventBatch& b, std::size_t i,
                      const Subject& subject, bool is_new, std::vector<FindingChange>* changes) {
  auto [chunk, row] = place(index);
  FindingChunk& c = *chunk;
  const EndColumns& end = subject.at_destination ? b.destination : b.source;
  std::uint32_t at = seconds(b.time[i]);
  c.changed[row] = b.seq;
  bool is_news = changes != nullptr && !is_exercise(b, i) && !is_history(b, i);
  if (is_new) {
    c.type[row] = b.type[i];
    c.kind[row] = subject.kind;
    c.high[row] = subject.ip.high();
    c.low[row] = subject.ip.low();
    if (subject.kind != SubjectKind::address) c.name[row] = names_.id(subject.text);
    KeyParts parts = key_parts(b.type[i]);
    if (parts.service || parts.port) c.port[row] = end.port[i];
    c.transport[row] = b.transport[i];
    c.family[row] = b.family[i];
    c.identifier[row] = b.identifier[i];
    c.flags[row] = b.flags[i];
    if (is_exercise(b, i)) c.flags[row] |= flag_exercise;
  } else if (at > c.last[row]) {
    // Come back: unseen for longer than its type allows, by a time to which its feeds had delivered
    // without it. What comes late tells that it never was away: settle() says how it stands.
    std::uint64_t quiet = std::uint64_t{c.last[row]} + quiet_after_s(c.type[row]);
    if (at > quiet &&
        is_covered(c.feeds[row], c.type[row], c.country[row], static_cast<std::uint32_t>(quiet))) {
      c.state[row] = State::reopened;
      c.reopened[row] = at;
      if (is_news && changes->size() < 1000)
        changes->push_back({c.key[row], State::reopened, false});
    } else if (!is_open(c.state[row])) {
      c.state[row] = c.reopened[row] == 0 ? State::open : State::reopened;
    }
  }
  if (!is_history(b, i)) c.flags[row] &= static_cast<std::uint8_t>(~flag_history);
  if (is_new && is_news && changes->size() < 1000)
    changes->push_back({c.key[row], State::open, true});
  c.first[row] = std::min(c.first[row], at);
  c.times[row] += c.times[row] < UINT32_MAX;
  c.severity[row] = std::max(c.severity[row], b.severity[i]);
  c.tlp[row] = std::max(c.tlp[row], b.tlp[i]);
  c.feeds[row] = with_feed(c.feeds[row], b.feed);
  if (at < c.last[row]) return;
  // The newest event says where it is and who controls it.
  c.last[row] = at;
  c.last_event[row] = b.id(i);
  if (end.asn[i] != 0) c.asn[row] = end.asn[i];
  if (!end.country[i].empty()) c.country[row] = end.country[i];
  if (b.sector[i] != 0) c.sector[row] = b.sector[i];
  Controller controller = controller_of(b, i);
  if (controller.joined) {
    if (c.reason[row] == ControllerReason::feed) return;  // what a feed said weighs more
    c.reason[row] = ControllerReason::join;
    c.controller_country[row] = controller.country;
    c.controller[row] = names_.id(words_.word(b.joined[i]));
  } else if (controller.known && controller.at_destination != subject.at_destination) {
    const EndColumns& there = controller.at_destination ? b.destination : b.source;
    c.reason[row] = b.controller_reason[i] == ControllerReason::unknown ? ControllerReason::feed
                                                                        : b.controller_reason[i];
    c.controller_country[row] = controller.country;
    if (!there.ip[i].empty()) {
      c.controller[row] = names_.id(ip::format(there.ip[i]));
    } else if (!there.name[i].empty()) {
      c.controller[row] = names_.id(b.text(there.name[i]));
    }
  }
}

void Findings::apply(const EventBatch& b, std::vector<FindingChange>* changes) {
  if (b.seq <= watermark_) return;
  std::unique_lock lock(mutex_);
  thread_local std::vector<Subject> subjects;
  thread_local std::vector<Hash128> keys;
  subjects.resize(b.size());
  keys.resize(b.size());
  while ((std::size_t{size_} + b.size() + 1) * 4 > index_.size() * 3) grow_index();
  for (std::size_t i = 0; i < b.size(); ++i) {
    subjects[i] = subject_of(b, i);
    keys[i] = finding_key(b, i, subjects[i]);
  }
  constexpr std::size_t ahead = 8, far_ahead = 32;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (i + far_ahead < b.size()) {
      __builtin_prefetch(&index_[keys[i + far_ahead].low & (index_.size() - 1)]);
    }
    if (i + ahead < b.size()) {
      Slot next = index_[keys[i + ahead].low & (index_.size() - 1)];
      if (next.row != 0 && next.tag == tag_of(keys[i + ahead])) {
        auto at = place(next.row - 1);
        prefetch(*at.chunk, at.row);
      }
    }
    if (keys[i] == Hash128{}) continue;
    std::uint32_t slot = find_slot(keys[i]);
    bool is_new = index_[slot].row == 0;
    if (is_new) index_[slot] = {add(keys[i]) + 1, tag_of(keys[i])};
    update(index_[slot].row - 1, b, i, subjects[i], is_new, changes);
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (is_exercise(b, i)) continue;  // says nothing of what a feed covers
    Country country = (subjects[i].at_destination ? b.destination : b.source).country[i];
    std::uint32_t& until = coverage_[coverage_key(b.feed, b.type[i], country)];
    until = std::max(until, seconds(b.time[i]));
  }
  watermark_ = b.seq;
}

void Findings::settle() {
  // Per feeds, type and country the least coverage is one number; findings ask for it by the
  // million.
  std::unordered_map<std::uint64_t, std::uint32_t> least;
  auto covered_until = [&](std::uint32_t feeds, Type type, Country country) {
    auto [at, is_new] = least.try_emplace(
        std::uint64_t{feeds} << 32 | static_cast<std::uint64_t>(type) << 16 | country.code, 0);
    if (is_new && feeds != 0) {
      std::uint32_t until = UINT32_MAX;
      for (WordId feed : feed_sets_[feeds]) {
        auto known = coverage_.find(coverage_key(feed, type, country));
        until = std::min(until, known == coverage_.end() ? 0 : known->second);
      }
      at->second = until;
    }
    return at->second;
  };
  for (auto& chunk : chunks_) {
    std::unique_lock lock(mutex_);
    FindingChunk& c = *chunk;
    for (std::size_t i = 0; i < c.size(); ++i) {
      std::uint64_t unseen_s = quiet_after_s(c.type[i]);
      std::uint64_t until = covered_until(c.feeds[i], c.type[i], c.country[i]);
      if (until >= c.last[i] + 4 * unseen_s) {
        c.state[i] = State::closed;
      } else if (until >= c.last[i] + unseen_s) {
        c.state[i] = State::quiet;
      } else if (!is_open(c.state[i])) {  // a feed that has not delivered so far tells of it too
        c.state[i] = c.reopened[i] == 0 ? State::open : State::reopened;
      }
    }
  }
}

std::uint64_t Findings::watermark() const {
  std::shared_lock lock(mutex_);
  return watermark_;
}

std::uint64_t Findings::durable_watermark() const {
  std::shared_lock lock(mutex_);
  return durable_;
}

std::size_t Findings::size() const {
  std::shared_lock lock(mutex_);
  return size_;
}

std::uint64_t Findings::open_count() const {
  std::shared_lock lock(mutex_);
  std::uint64_t open = 0;
  for (const auto& chunk : chunks_) {
    for (std::size_t i = 0; i < chunk->size(); ++i)
      open += is_open(chunk->state[i]) && (chunk->flags[i] & flag_exercise) == 0;
  }
  return open;
}

std::size_t Findings::memory_bytes() const {
  std::shared_lock lock(mutex_);
  constexpr std::size_t row_bytes = 107;
  return chunks_.size() * FindingChunk::rows_max * row_bytes + index_.size() * sizeof(Slot) +
         names_.bytes().capacity() + names_.ends().capacity() * 12;
}

Finding Findings::row(std::uint32_t index) const {
  auto [chunk, i] = place(index);
  const FindingChunk& c = *chunk;
  Finding f;
  f.key = c.key[i];
  f.state = c.state[i];
  f.severity = c.severity[i];
  f.type = c.type[i];
  f.subject_kind = c.kind[i];
  f.ip = Ip::from_halves(c.high[i], c.low[i]);
  f.subject = f.subject_kind == SubjectKind::address ? ip::format(f.ip)
                                                     : std::string(names_.text(c.name[i]));
  f.family = words_.word(c.family[i]);
  f.identifier = words_.word(c.identifier[i]);
  f.port = c.port[i];
  f.transport = c.transport[i];
  f.asn = c.asn[i];
  f.country = c.country[i];
  f.controller_country = c.controller_country[i];
  f.controller = names_.text(c.controller[i]);
  f.controller_reason = c.reason[i];
  f.first = TimeUs{c.first[i]} * us_per_s;
  f.last = TimeUs{c.last[i]} * us_per_s;
  f.reopened = TimeUs{c.reopened[i]} * us_per_s;
  f.times = c.times[i];
  for (WordId feed : feed_sets_[c.feeds[i]]) f.feeds.emplace_back(words_.word(feed));
  std::ranges::sort(f.feeds);
  f.tlp = c.tlp[i];
  f.last_event = c.last_event[i];
  f.exercise = (c.flags[i] & flag_exercise) != 0;
  f.history = (c.flags[i] & flag_history) != 0;
  f.sector = words_.word(c.sector[i]);
  return f;
}

Result<Finding> Findings::one(const Hash128& key) const {
  std::shared_lock lock(mutex_);
  std::uint32_t found = index_.empty() ? 0 : index_[find_slot(key)].row;
  if (found == 0) return missing("no finding " + finding_id(key));
  return row(found - 1);
}

bool Findings::has(const Hash128& key) const {
  std::shared_lock lock(mutex_);
  return !index_.empty() && index_[find_slot(key)].row != 0;
}

void Findings::glance(std::span<const Hash128> keys,
                      const std::function<void(std::size_t, const FindingGlance&)>& look) const {
  constexpr std::size_t at_once = 512;  // so that who writes need not wait long
  for (std::size_t from = 0; from < keys.size(); from += at_once) {
    std::shared_lock lock(mutex_);
    if (index_.empty()) return;
    std::size_t to = std::min(keys.size(), from + at_once);
    for (std::size_t i = from; i < to; ++i) {
      if (i + 8 < to) __builtin_prefetch(&index_[keys[i + 8].low & (index_.size() - 1)]);
      std::uint32_t found = index_[find_slot(keys[i])].row;
      if (found == 0) continue;
      auto [chunk, row] = place(found - 1);
      const FindingChunk& c = *chunk;
      bool address = c.kind[row] == SubjectKind::address;
      look(i, {.state = c.state[row],
               .severity = c.severity[row],
               .type = c.type[row],
               .tlp = c.tlp[row],
               .kind = c.kind[row],
               .ip = Ip::from_halves(c.high[row], c.low[row]),
               .subject = address ? std::string_view() : names_.text(c.name[row]),
               .asn = c.asn[row],
               .country = c.country[row],
               .last_s = c.last[row],
               .reopened_s = c.reopened[row],
               .feeds = c.feeds[row]});
    }
  }
}

std::vector<std::string> Findings::feeds_of(std::uint32_t feeds) const {
  std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  if (feeds >= feed_sets_.size()) return names;
  for (WordId feed : feed_sets_[feeds]) names.emplace_back(words_.word(feed));
  return names;
}

std::vector<Findings::Coverage> Findings::coverage(std::string_view feed) const {
  std::shared_lock lock(mutex_);
  std::vector<Coverage> all;
  for (const auto& [key, until] : coverage_) {
    std::string_view name = words_.word(static_cast<WordId>(key >> 32));
    if (!feed.empty() && name != feed) continue;
    all.push_back({std::string(name), static_cast<Type>(key >> 16 & 0xff),
                   Country{static_cast<std::uint16_t>(key)}, until});
  }
  return all;
}

}  // namespace tocsin::store
