// Measured with 50 families of 64 controllers each (g++ -O2, best of 60 batches): an event costs 3
// ns where nothing is to be joined, 17 where the batch is of one day, 52 where families and 30 days
// mix or a name must be looked up.
#include "enrich/known_controllers.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/normal.h"
#include "model/subject.h"

namespace tocsin::enrich {
namespace {

bool is_sink(Role role) {
  return role == Role::sinkhole || role == Role::sensor;
}

// The name that the subject asked for: at the end where it does not stand.
std::string_view asked_name(const EventBatch& b, std::size_t i) {
  const EndColumns& far = subject_at_destination(b.type[i], b.roles[i]) ? b.source : b.destination;
  if (!far.name[i].empty()) return b.text(far.name[i]);
  return far.url[i].empty() ? std::string_view{} : normal::url_host(b.text(far.url[i]));
}

bool holds(Day first, Day last, Day day) {
  constexpr Day slack = KnownControllers::slack_days;
  return first <= last && day >= first - slack && day <= last + slack;
}

}  // namespace

void KnownControllers::learn(const Sight& sight) {
  std::lock_guard lock(mutex_);
  take(sight);
}

void KnownControllers::learn(const EventBatch& batch) {
  std::lock_guard lock(mutex_);
  take(batch);
}

bool KnownControllers::apply(EventBatch& batch) {
  std::lock_guard lock(mutex_);
  bool refused = take(batch);
  join(batch);
  return refused;
}

std::size_t KnownControllers::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

// ---- what is known

bool KnownControllers::take(const EventBatch& b) {
  bool refused = false;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (is_sink(b.roles[i].source)) refused = see_sink(b.source.ip[i]) || refused;
    if (is_sink(b.roles[i].destination)) refused = see_sink(b.destination.ip[i]) || refused;
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (b.type[i] != Type::c2_server || is_sink(b.roles[i].source)) continue;
    Day day = times::day_of(b.time[i] != time_none ? b.time[i] : b.observed[i]);
    const Ip& ip = b.source.ip[i];
    if (sinks_.contains(ip)) refused = refused_.insert(ip).second || refused;
    take({.family = b.family[i],
          .ip = ip,
          .name = b.text(b.source.name[i]),
          .country = b.source.country[i],
          .first = day,
          .last = day});
  }
  return refused;
}

void KnownControllers::take(const Sight& sight) {
  if (sight.country.empty() || (sight.ip.empty() && sight.name.empty())) return;
  if (!sight.ip.empty() && (refused_.contains(sight.ip) || sinks_.contains(sight.ip))) return;
  if (size_ + 2 > controllers_max) drop_oldest();
  if (size_ + 2 > controllers_max) return;
  if (sight.family != 0) {
    auto known = families_.find(sight.family);
    if (known == families_.end() && families_.size() < keys_max) {
      known = families_.try_emplace(sight.family).first;
    }
    if (known != families_.end()) add(known->second, sight, false);
  }
  if (!sight.name.empty()) {
    auto known = names_.find(sight.name);
    if (known == names_.end() && names_.size() < keys_max) {
      known = names_.try_emplace(std::string(sight.name)).first;
    }
    if (known != names_.end()) add(known->second, sight, true);
  }
}

void KnownControllers::add(Known& to, const Sight& sight, bool by_name) {
  std::string_view name = sight.ip.empty() && !by_name ? sight.name : std::string_view{};
  for (Controller& c : to.controllers) {
    if (c.ip != sight.ip || c.country != sight.country || c.name != name) continue;
    c.first = std::min(c.first, sight.first);
    c.last = std::max(c.last, sight.last);
    return;
  }
  if (to.controllers.size() == of_one_max) {
    auto oldest = std::ranges::min_element(to.controllers, {}, &Controller::last);
    if (oldest->last > sight.last) {
      to.gone_first = std::min(to.gone_first, sight.first);
      to.gone_last = std::max(to.gone_last, sight.last);
      return;
    }
    drop(to, static_cast<std::size_t>(oldest - to.controllers.begin()));
  }
  to.controllers.push_back(
      {sight.ip, std::string(name), sight.country, sight.first, sight.last, 0});
  if (!sight.ip.empty()) ++addresses_[sight.ip];
  ++size_;
}

void KnownControllers::drop(Known& from, std::size_t index) {
  Controller& c = from.controllers[index];
  from.gone_first = std::min(from.gone_first, c.first);
  from.gone_last = std::max(from.gone_last, c.last);
  if (auto at = addresses_.find(c.ip); at != addresses_.end() && --at->second == 0) {
    addresses_.erase(at);
  }
  std::swap(c, from.controllers.back());
  from.controllers.pop_back();
  --size_;
}

// The quarter that was last seen longest ago. Seldom: at 500,000 controllers.
void KnownControllers::drop_oldest() {
  std::vector<Day> lasts;
  auto each = [&](auto f) {
    for (auto& [family, known] : families_) f(known);
    for (auto& [name, known] : names_) f(known);
  };
  each([&](Known& known) {
    for (const Controller& c : known.controllers) lasts.push_back(c.last);
  });
  if (lasts.empty()) return;
  auto quarter = lasts.begin() + static_cast<std::ptrdiff_t>(lasts.size() / 4);
  std::ranges::nth_element(lasts, quarter);
  Day before = *quarter;
  each([&](Known& known) {
    for (std::size_t i = known.controllers.size(); i-- > 0;) {
      if (known.controllers[i].last < before) drop(known, i);
    }
  });
  std::erase_if(families_, [](const auto& item) { return item.second.controllers.empty(); });
  std::erase_if(names_, [](const auto& item) { return item.second.controllers.empty(); });
}

// ---- sinkholes, honeypots, darknets

bool KnownControllers::see_sink(const Ip& ip) {
  Ip& recent = recent_sinks_[IpHash()(ip) >> 56];
  if (ip.empty() || recent == ip) return false;
  recent = ip;
  if (sinks_.size() < sinks_max) sinks_.insert(ip);
  if (!addresses_.contains(ip)) return false;
  refuse(ip);
  return true;
}

void KnownControllers::refuse(const Ip& ip) {
  refused_.insert(ip);
  auto forget = [&](Known& known) {
    for (std::size_t i = known.controllers.size(); i-- > 0;) {
      if (known.controllers[i].ip != ip) continue;
      Day first = known.gone_first, last = known.gone_last;
      drop(known, i);
      known.gone_first = first, known.gone_last = last;  // it never was one
    }
  };
  for (auto& [family, known] : families_) forget(known);
  for (auto& [name, known] : names_) forget(known);
}

std::string KnownControllers::refused() const {
  std::lock_guard lock(mutex_);
  std::vector<Ip> all(refused_.begin(), refused_.end());
  std::ranges::sort(all);
  std::string lines;
  for (const Ip& ip : all) lines += ip::format(ip) + "\n";
  return lines;
}

void KnownControllers::refuse(std::string_view lines) {
  std::lock_guard lock(mutex_);
  while (!lines.empty()) {
    if (auto ip = ip::parse(text::cut(lines, '\n'))) refuse(*ip);
  }
}

// ---- the join

KnownControllers::Answer KnownControllers::answer(Known& known, Day day) {
  if (holds(known.gone_first, known.gone_last, day)) return {};
  Answer out;
  Controller* only = nullptr;
  for (Controller& c : known.controllers) {
    if (!holds(c.first, c.last, day)) continue;
    if (out.known && c.country != out.country) return {};
    only = out.known ? nullptr : &c;
    out.known = true;
    out.country = c.country;
  }
  if (only != nullptr && !(only->ip.empty() && only->name.empty())) {
    if (only->word == 0) {
      only->word = words_.id(only->ip.empty() ? only->name : ip::format(only->ip));
    }
    out.word = only->word;
  }
  return out;
}

KnownControllers::Answer KnownControllers::by_name(std::string_view name, Day day) {
  auto known = names_.find(name);
  if (known == names_.end()) return {};
  Answer out = answer(known->second, day);
  if (!out.known) return {};
  if (known->second.word == 0) known->second.word = words_.id(name);
  out.word = known->second.word;  // whichever addresses it had: it is the one that was asked for
  return out;
}

KnownControllers::Answer KnownControllers::by_family(WordId family, Day day) {
  auto known = families_.find(family);
  return known == families_.end() ? Answer{} : answer(known->second, day);
}

void KnownControllers::join(EventBatch& b) {
  if (families_.empty() && names_.empty()) return;
  struct Asked {
    WordId family = 0;
    Day day = 0;
    Answer answer;
  };
  std::array<Asked, 512> asked;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!is_steered(b.type[i], b.roles[i]) || controller_of(b, i).known) continue;
    Day day = times::day_of(b.time[i] != time_none ? b.time[i] : b.observed[i]);
    Answer found;
    if (!names_.empty()) {
      if (std::string_view name = asked_name(b, i); !name.empty()) found = by_name(name, day);
    }
    if (!found.known && b.family[i] != 0) {
      Asked& near = asked[(b.family[i] * 31 + static_cast<std::uint32_t>(day)) % asked.size()];
      if (near.family != b.family[i] || near.day != day) {
        near = {b.family[i], day, by_family(b.family[i], day)};
      }
      found = near.answer;
    }
    if (!found.known) continue;
    b.controller_reason[i] = ControllerReason::join;
    b.joined_country[i] = found.country;
    b.joined[i] = found.word;
  }
}

}  // namespace tocsin::enrich
