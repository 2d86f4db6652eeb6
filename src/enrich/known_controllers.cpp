// Measured with 50 families of 64 controllers each (g++ -O2, best of 60 batches): an event costs 3
// ns where nothing is to be joined, 17 where the batch is of one day, 52 where families and 30 days
// mix or a name must be looked up.
#include "enrich/known_controllers.h"

#include <spdlog/spdlog.h>

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

std::string lines_of(const std::vector<Ip>& addresses) {
  std::string lines;
  for (const Ip& ip : addresses) lines += ip::format(ip) + "\n";
  return lines;
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

void KnownControllers::apply(EventBatch& batch) {
  std::lock_guard lock(mutex_);
  take(batch);
  doubt(batch);
  join(batch);
}

void KnownControllers::swap(KnownControllers& other) {
  std::scoped_lock lock(keeping_, other.keeping_, mutex_, other.mutex_);
  std::swap(families_, other.families_);
  std::swap(names_, other.names_);
  std::swap(places_, other.places_);
  std::swap(sinks_, other.sinks_);
  std::swap(unkept_sinks_, other.unkept_sinks_);
  std::swap(sinks_full_, other.sinks_full_);
  std::swap(recent_sinks_, other.recent_sinks_);
  std::swap(size_, other.size_);
}

std::size_t KnownControllers::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

// ---- what is known

void KnownControllers::take(const EventBatch& b) {
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (is_exercise(b, i)) continue;  // nothing is learned from what is made up
    if (is_sink(b.roles[i].source)) see_sink(b.source.ip[i]);
    if (is_sink(b.roles[i].destination)) see_sink(b.destination.ip[i]);
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (b.type[i] != Type::c2_server || is_exercise(b, i) || is_sink(b.roles[i].source)) continue;
    Day day = times::day_of(b.time[i] != time_none ? b.time[i] : b.observed[i]);
    take({.family = b.family[i],
          .ip = b.source.ip[i],
          .name = b.text(b.source.name[i]),
          .country = b.source.country[i],
          .first = day,
          .last = day});
  }
}

void KnownControllers::take(const Sight& sight) {
  if (sight.country.empty() || (sight.ip.empty() && sight.name.empty())) return;
  if (!sight.ip.empty() && (sinks_full_ || sinks_.contains(sight.ip))) return;
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
  if (!sight.ip.empty()) places_.emplace(sight.ip, &to);
  ++size_;
}

void KnownControllers::drop(Known& from, std::size_t index) {
  Controller& c = from.controllers[index];
  from.gone_first = std::min(from.gone_first, c.first);
  from.gone_last = std::max(from.gone_last, c.last);
  Ip ip = c.ip;
  std::swap(c, from.controllers.back());
  from.controllers.pop_back();
  --size_;
  bool still = std::ranges::any_of(from.controllers, [&](const auto& o) { return o.ip == ip; });
  if (!still) places_.erase({ip, &from});  // it may stand there in another country too
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

void KnownControllers::see_sink(const Ip& ip) {
  Ip& recent = recent_sinks_[IpHash()(ip) >> 56];
  if (ip.empty() || recent == ip) return;
  recent = ip;
  if (remember_sink(ip)) unkept_sinks_.push_back(ip);
}

// True: it is new, and there is room for it.
bool KnownControllers::remember_sink(const Ip& ip) {
  if (sinks_.contains(ip)) return false;
  forget(ip);
  if (sinks_.size() >= most_sinks_) {
    if (!sinks_full_) {
      spdlog::warn(
          "more than {} addresses of sinkholes, honeypots and darknets: no address is learned as a "
          "controller any more",
          most_sinks_);
    }
    sinks_full_ = true;
    return false;
  }
  return sinks_.insert(ip).second;
}

// The address never was a controller.
void KnownControllers::forget(const Ip& ip) {
  for (auto at = places_.lower_bound({ip, nullptr}); at != places_.end() && at->first == ip;
       at = places_.lower_bound({ip, nullptr})) {
    Known& known = *at->second;
    for (std::size_t i = known.controllers.size(); i-- > 0;) {
      if (known.controllers[i].ip != ip) continue;
      Day first = known.gone_first, last = known.gone_last;
      drop(known, i);
      known.gone_first = first, known.gone_last = last;
    }
  }
}

Result<void> KnownControllers::keep_sinks(const Write& write) {
  std::lock_guard keeping(keeping_);
  std::vector<Ip> fresh;
  {
    std::lock_guard lock(mutex_);
    fresh.swap(unkept_sinks_);
  }
  if (fresh.empty()) return {};
  auto written = write(lines_of(fresh));
  if (!written) {
    std::lock_guard lock(mutex_);
    unkept_sinks_.insert(unkept_sinks_.end(), fresh.begin(), fresh.end());
  }
  return written;
}

void KnownControllers::know_sinks(std::string_view lines) {
  std::lock_guard lock(mutex_);
  while (!lines.empty()) {
    if (auto ip = ip::parse(text::cut(lines, '\n'))) remember_sink(*ip);
  }
  // As many as there is room for: there may have been more.
  sinks_full_ = sinks_full_ || sinks_.size() >= most_sinks_;
}

std::string KnownControllers::sinks() const {
  std::lock_guard lock(mutex_);
  std::vector<Ip> all(sinks_.begin(), sinks_.end());
  std::ranges::sort(all);
  return lines_of(all);
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

// A feed may still list as a controller what a sinkhole has taken the place of.
void KnownControllers::doubt(EventBatch& b) {
  if (sinks_.empty()) return;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (b.controller_reason[i] != ControllerReason::feed) continue;
    for (auto [end, role] :
         {std::pair{&b.source, &b.roles[i].source}, {&b.destination, &b.roles[i].destination}}) {
      if (*role != Role::controller || !sinks_.contains(end->ip[i])) continue;
      *role = Role::sinkhole;
      b.controller_reason[i] = ControllerReason::unknown;
    }
  }
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
