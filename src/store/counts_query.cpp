// Questions to the counts: the cells of a period are gathered by row, then the sets of each row are
// united as far as their size is needed.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <tuple>
#include <unordered_map>

#include "store/counts.h"

namespace tocsin::store {
namespace {

constexpr std::uint32_t in_memory = UINT32_MAX;

// Where a cell lies: a file of the view and an entry of it, or an open cell.
struct Place {
  std::uint32_t file, entry;
};

struct Group {
  std::uint64_t events = 0;
  std::uint64_t most = 0;  // there are at most that many distinct subjects
  std::vector<Place> places;
  std::vector<Place> by_feed;  // the cells that know the feed, where `places` has totals
  std::vector<WordId> feeds;
  bool unknown = false;              // a part of its sets is gone
  std::optional<Distinct> finished;  // the figure that was kept of them

  void add_feed(WordId feed) {
    if (feed != 0 && std::ranges::find(feeds, feed) == feeds.end()) feeds.push_back(feed);
  }
};
using Groups = std::unordered_map<std::uint64_t, Group>;

bool has(const std::vector<WordId>& words, WordId word) {
  return std::ranges::find(words, word) != words.end();
}

// What a row of frozen figures must fit; nullopt: the cut does not know what the filter names.
std::optional<bool> fits_row(const StatsKey& key, Cut cut, const StatsFilter& f) {
  bool by_country = cut == Cut::country || cut == Cut::country_class || cut == Cut::country_type ||
                    cut == Cut::country_type_family || cut == Cut::country_type_controller;
  bool by_asn = cut == Cut::asn || cut == Cut::asn_type;
  bool by_family = cut == Cut::family || cut == Cut::country_type_family;
  bool by_controller = cut == Cut::controller || cut == Cut::country_type_controller;
  if (f.feed != 0 || (!f.country.empty() && !by_country) || (f.type && !key.type) ||
      (f.klass && !key.type && !key.klass) || (f.family != 0 && !by_family) ||
      (f.asn != 0 && !by_asn) || (f.controller && !by_controller) ||
      (f.abroad && !(by_country && by_controller))) {
    return std::nullopt;
  }
  if (!f.country.empty() && key.country != f.country) return false;
  if (f.type && *key.type != *f.type) return false;
  if (f.klass && (key.type ? class_of(*key.type) : *key.klass) != *f.klass) return false;
  if (f.family != 0 && key.family != f.family) return false;
  if (f.asn != 0 && key.asn != f.asn) return false;
  if (f.abroad && (key.controller.empty() || key.controller == key.country)) return false;
  return !f.controller || key.controller == *f.controller;
}

// The first days of the buckets of a period, and its end.
std::vector<Day> bucket_days(Period period, Per per) {
  std::vector<Day> out{period.since};
  while (out.back() < period.until) {
    Day day = out.back();
    Day monday = day - ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    Day next = per == Per::month ? times::next_month(day) : per == Per::week ? monday + 7 : day + 1;
    out.push_back(std::min(next, period.until));
  }
  return out;
}

std::optional<double> change_percent(const Figure& now, const Figure& before) {
  if (!now.distinct || !before.distinct || before.distinct->total() == 0) return std::nullopt;
  auto was = static_cast<double>(before.distinct->total());
  return (static_cast<double>(now.distinct->total()) - was) / was * 100;
}

}  // namespace

class StatsRun {
 public:
  StatsRun(const Counts& counts, const StatsQuery& query, CellKind kind)
      : counts_(counts), query_(query), kind_(kind) {}

  Result<StatsAnswer> run();
  Result<std::vector<std::uint64_t>> hours();

 private:
  // The cells of a period, grouped.
  struct Side {
    Counts::View view;
    std::vector<const CountFile*> files;
    Groups groups;
    std::unordered_map<std::uint64_t, Figure> figures;  // of the groups, as far as they are needed
  };
  static constexpr std::uint64_t no_group = UINT64_MAX;
  using Task = std::function<Result<void>(SetUnion&)>;

  // group_of(key, day): the group of a cell of a day, or of a month by its first; or no_group.
  std::pair<CountKey, CountKey> keys_of(CellKind kind) const;  // the filter's country alone
  template <class GroupOf>
  Result<Side> gather(Period period, CellKind kind, bool months, GroupOf group_of) const;
  Result<void> add_frozen(Side& side, Period period) const;
  Result<Distinct> unite(const Side& side, std::span<const Place> places, SetUnion& unions) const;
  Result<Figure> figure(const Side& side, const Group& group, SetUnion& unions) const;
  Result<void> in_parallel(std::span<Task> tasks) const;
  Result<void> choose_rows();
  Result<void> choose_by_distinct(std::vector<std::uint64_t>& ids);
  Result<void> compute(std::span<const std::uint64_t> ids);
  Result<void> compare_rows();
  Result<void> same_feeds(StatsRow& row, const Group& now, const Group& before,
                          SetUnion& unions) const;
  Result<Distinct> of_feeds(const Side& side, const Group& group, const std::vector<WordId>& feeds,
                            SetUnion& unions) const;
  bool has_reach() const;
  Result<void> reach();
  Result<void> daily();
  struct Buckets {
    std::vector<Day> now, before;  // the first days, and the end
  };
  Buckets buckets() const;
  Result<void> series();
  Result<void> series_of_rows();
  CountKey key_of(const Side& side, Place place) const {
    return place.file == in_memory ? side.view.open[place.entry].key
                                   : side.files[place.file]->entries()[place.entry].key;
  }

  const Counts& counts_;
  const StatsQuery& query_;
  CellKind kind_;
  std::optional<Period> before_period_;
  Side now_, before_;
  std::vector<std::uint64_t> chosen_;  // rows, in the order of the answer
  StatsAnswer answer_;
};

std::pair<CountKey, CountKey> StatsRun::keys_of(CellKind kind) const {
  const Country& country = query_.filter.country;
  CountKey from = count_key(kind, country, Type{}, 0, 0), to = from;
  to.high += country.empty() ? 1ULL << 56 : 1ULL << 40;
  return {from, to};
}

template <class GroupOf>
Result<StatsRun::Side> StatsRun::gather(Period period, CellKind kind, bool months,
                                        GroupOf group_of) const {
  Side side;
  const StatsFilter& filter = query_.filter;
  side.view = counts_.view(
      period, months, [&](const CountKey& key) { return key.kind() == kind && fits(key, filter); });
  auto group = [&](const CountKey& key, Day day) -> Group* {
    std::uint64_t id = group_of(key, day);
    return id == no_group ? nullptr : &side.groups[id];
  };
  auto total = total_for(kind, query_.cut, filter);
  for (const StoredPtr& stored : side.view.files) {
    const CountFile* file = TRY(stored->file());
    auto number = static_cast<std::uint32_t>(side.files.size());
    side.files.push_back(file);
    bool has_totals = total && stored->is_month();
    // The cells that know the feed; where there are totals, they tell only which feeds there are.
    auto [from, to] = keys_of(kind);
    if (!has_totals) file->expect(file->range(from, to));
    for (const CountEntry& entry : file->range(from, to)) {
      if (!entry.key.sound() || !fits(entry.key, filter)) continue;
      Group* at = group(entry.key, stored->day());
      if (at == nullptr) continue;
      Place place{number, static_cast<std::uint32_t>(&entry - file->entries().data())};
      if (kind != CellKind::network) at->add_feed(entry.key.feed());
      at->by_feed.push_back(place);
      if (has_totals) continue;
      at->events += entry.events;
      at->most += entry.distinct().total();
      at->places.push_back(place);
    }
    if (!has_totals) continue;
    std::tie(from, to) = keys_of(*total);
    file->expect(file->range(from, to));
    for (const CountEntry& entry : file->range(from, to)) {
      if (!entry.key.sound() || !fits(entry.key, filter)) continue;
      Group* at = group(entry.key, stored->day());
      if (at == nullptr) continue;
      at->events += entry.events;
      at->most += entry.distinct().total();
      at->places.push_back({number, static_cast<std::uint32_t>(&entry - file->entries().data())});
    }
  }
  for (std::uint32_t i = 0; i < side.view.open.size(); ++i) {
    auto& open = side.view.open[i];
    open.set.tidy();
    Group* at = group(open.key, open.day);
    if (at == nullptr) continue;
    if (kind != CellKind::network) at->add_feed(open.key.feed());
    at->events += open.events;
    at->most += open.set.four.size() + open.set.six.size() + open.set.names.size();
    at->places.push_back({in_memory, i});
    at->by_feed.push_back({in_memory, i});
  }
  return side;
}

// Months whose sets are gone: the figure that was finished for exactly this period, else the events
// of whole months.
Result<void> StatsRun::add_frozen(Side& side, Period period) const {
  if (side.view.frozen.empty()) return {};
  CountKey from = frozen_key(query_.cut, 0, {}), to = from;
  from.low = 0, to.low = 0, to.high += 1ULL << 56;
  bool finished = false;
  auto each = [&](bool exact) -> Result<void> {
    for (const StoredPtr& stored : side.view.frozen) {
      const CountFile* file = TRY(stored->file());
      Period month{stored->day(), times::next_month(stored->day())};
      for (const CountEntry& entry : file->range(from, to)) {
        std::uint64_t row = entry.key.high & ((1ULL << 56) - 1);
        Period of{static_cast<Day>(entry.key.low >> 32), static_cast<Day>(entry.key.low)};
        if (of != (exact ? period : month)) continue;
        auto fitting = fits_row(stats_key(row, query_.cut), query_.cut, query_.filter);
        if (!fitting) {
          return missing(
              fmt::format("retention dropped the exact counts of {}: what stayed does "
                          "not know what the filter names",
                          times::format_day(month.since).substr(0, 7)));
        }
        if (!*fitting) continue;
        Group& group = side.groups[row];
        finished = finished || exact;
        group.events += entry.events;
        group.most += entry.distinct().total();
        group.unknown = !exact;
        if (exact) group.finished = entry.distinct();
      }
    }
    return {};
  };
  Groups live = std::exchange(side.groups, {});
  TRY(each(true));
  if (finished) return {};  // what is not frozen of the period is in it
  side.groups = std::move(live);
  for (const StoredPtr& stored : side.view.frozen) {
    if (stored->day() < period.since || times::next_month(stored->day()) > period.until) {
      return missing(fmt::format("retention dropped the exact counts of {}: ask for whole months",
                                 times::format_day(stored->day()).substr(0, 7)));
    }
  }
  return each(false);
}

Result<Distinct> StatsRun::unite(const Side& side, std::span<const Place> places,
                                 SetUnion& unions) const {
  if (places.size() == 1 && places[0].file != in_memory) {
    return side.files[places[0].file]->entries()[places[0].entry].distinct();
  }
  std::vector<CellSet> held;
  std::vector<SetView> views;
  held.reserve(places.size()), views.reserve(places.size());
  for (Place place : places) {
    if (place.file == in_memory) {
      views.push_back(side.view.open[place.entry].set.view());
    } else {
      const CountFile& file = *side.files[place.file];
      held.push_back(TRY(file.set(file.entries()[place.entry])));
      views.push_back(held.back().view);
    }
  }
  return unions.count(views);
}

Result<Figure> StatsRun::figure(const Side& side, const Group& group, SetUnion& unions) const {
  if (group.finished) return Figure{group.events, group.finished};
  if (group.unknown) return Figure{group.events, std::nullopt};
  return Figure{group.events, TRY(unite(side, group.places, unions))};
}

Result<void> StatsRun::in_parallel(std::span<Task> tasks) const {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Result<void> status;
  auto work = [&] {
    SetUnion unions;
    for (std::size_t i = next++; i < tasks.size(); i = next++) {
      auto done = tasks[i](unions);
      if (done) continue;
      std::lock_guard lock(mutex);
      status = std::move(done);
      next = tasks.size();
    }
  };
  std::vector<std::jthread> others;
  std::size_t threads = std::min<std::size_t>(counts_.options_.threads, tasks.size());
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  others.clear();
  return status;
}

Result<void> StatsRun::compute(std::span<const std::uint64_t> ids) {
  std::vector<Task> tasks;
  auto add = [&](Side& side, std::uint64_t id) {
    auto [at, fresh] = side.figures.try_emplace(id);
    auto group = side.groups.find(id);
    if (!fresh || group == side.groups.end()) return;
    tasks.push_back(
        [this, &side, from = &group->second, out = &at->second](SetUnion& unions) -> Result<void> {
          *out = TRY(figure(side, *from, unions));
          return {};
        });
  };
  for (std::uint64_t id : ids) {
    add(now_, id);
    if (before_period_) add(before_, id);
  }
  return in_parallel(tasks);
}

// The sum of the cells' sizes is never below the size of their union: rows are looked at from the
// largest sum down, and none further can come among the first once that sum is below the last.
Result<void> StatsRun::choose_by_distinct(std::vector<std::uint64_t>& ids) {
  auto most = [&](std::uint64_t id) {
    auto group = now_.groups.find(id);
    return group == now_.groups.end() ? 0 : group->second.most;
  };
  std::ranges::sort(ids,
                    [&](auto a, auto b) { return most(a) != most(b) ? most(a) > most(b) : a < b; });
  auto exact = [&](std::uint64_t id) {
    const Figure& figure = now_.figures.at(id);
    return figure.distinct ? figure.distinct->total() : most(id);
  };
  auto better = [&](auto a, auto b) { return exact(a) != exact(b) ? exact(a) > exact(b) : a < b; };
  std::size_t chunk = std::max<std::size_t>(query_.top, 16), known = 0;
  while (known < ids.size()) {
    std::size_t end = ids.size() - known > chunk ? known + chunk : ids.size();
    TRY(compute(std::span(ids).subspan(known, end - known)));
    known = end;
    std::ranges::sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(known), better);
    if (known < ids.size() && known >= query_.top &&
        exact(ids[query_.top - 1]) > most(ids[known])) {
      break;
    }
  }
  ids.resize(std::min({ids.size(), known, query_.top}));
  return {};
}

Result<void> StatsRun::choose_rows() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, group] : now_.groups) ids.push_back(id);
  for (const auto& [id, group] : before_.groups) {
    if (!now_.groups.contains(id)) ids.push_back(id);
  }
  answer_.groups = ids.size();
  if (query_.order == Order::distinct) {
    TRY(choose_by_distinct(ids));
  } else if (query_.order == Order::events) {
    auto events = [&](std::uint64_t id) {
      auto group = now_.groups.find(id);
      return group == now_.groups.end() ? 0 : group->second.events;
    };
    std::ranges::sort(ids, [&](auto a, auto b) {
      return events(a) != events(b) ? events(a) > events(b) : a < b;
    });
    ids.resize(std::min(ids.size(), query_.top));
  } else {
    std::ranges::sort(ids);
  }
  TRY(compute(ids));
  chosen_ = std::move(ids);
  for (std::uint64_t id : chosen_) {
    StatsRow& row = answer_.rows.emplace_back();
    row.key = stats_key(id, query_.cut);
    row.now = now_.figures.at(id);
  }
  return {};
}

Result<Distinct> StatsRun::of_feeds(const Side& side, const Group& group,
                                    const std::vector<WordId>& feeds, SetUnion& unions) const {
  std::vector<Place> places;
  for (Place place : group.by_feed) {
    if (has(feeds, key_of(side, place).feed())) places.push_back(place);
  }
  return unite(side, places, unions);
}

Result<void> StatsRun::same_feeds(StatsRow& row, const Group& now, const Group& before,
                                  SetUnion& unions) const {
  std::vector<WordId> both;
  for (WordId feed : now.feeds) (has(before.feeds, feed) ? both : row.feeds_new).push_back(feed);
  for (WordId feed : before.feeds) {
    if (!has(now.feeds, feed)) row.feeds_gone.push_back(feed);
  }
  std::ranges::sort(row.feeds_new);
  std::ranges::sort(row.feeds_gone);
  if (!row.now.distinct || !row.before->distinct || now.finished || before.finished) return {};
  bool changed = !row.feeds_new.empty() || !row.feeds_gone.empty();
  row.same_feeds = changed ? TRY(of_feeds(now_, now, both, unions)) : row.now.distinct;
  row.same_feeds_before =
      changed ? TRY(of_feeds(before_, before, both, unions)) : row.before->distinct;
  if (!row.change_percent) return {};
  double difference = static_cast<double>(row.same_feeds->total()) -
                      static_cast<double>(row.same_feeds_before->total());
  row.same_feeds_points = difference / static_cast<double>(row.before->distinct->total()) * 100;
  row.feeds_changed_points = *row.change_percent - *row.same_feeds_points;
  return {};
}

Result<void> StatsRun::compare_rows() {
  static const Group none;
  std::vector<Task> tasks;
  auto group = [](const Side& side, std::uint64_t id) -> const Group& {
    auto at = side.groups.find(id);
    return at == side.groups.end() ? none : at->second;
  };
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    StatsRow& row = answer_.rows[i];
    const Group& now = group(now_, chosen_[i]);
    row.feeds = now.feeds;
    std::ranges::sort(row.feeds);
    if (!before_period_) continue;
    tasks.push_back([&, out = &row, id = chosen_[i]](SetUnion& unions) -> Result<void> {
      const Group& before = group(before_, id);
      out->before = before_.figures.at(id);
      out->change_percent = change_percent(out->now, *out->before);
      if (kind_ == CellKind::network) return {};
      return same_feeds(*out, group(now_, id), before, unions);
    });
  }
  TRY(in_parallel(tasks));
  if (query_.order != Order::change) return {};
  auto by_change = [](const StatsRow& a, const StatsRow& b) {
    double x = a.change_percent.value_or(-1e9), y = b.change_percent.value_or(-1e9);
    return x != y ? x > y : a.key < b.key;
  };
  std::vector<std::size_t> order(chosen_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order,
                    [&](auto a, auto b) { return by_change(answer_.rows[a], answer_.rows[b]); });
  order.resize(std::min(order.size(), query_.top));
  std::vector<StatsRow> rows;
  std::vector<std::uint64_t> ids;
  for (std::size_t i : order) rows.push_back(std::move(answer_.rows[i])), ids.push_back(chosen_[i]);
  answer_.rows = std::move(rows);
  chosen_ = std::move(ids);
  return {};
}

bool StatsRun::has_reach() const {
  bool fitting = query_.cut == Cut::country || query_.cut == Cut::country_class ||
                 query_.cut == Cut::country_type || query_.cut == Cut::type ||
                 query_.cut == Cut::klass;
  return fitting && kind_ == CellKind::family && query_.filter.family == 0;
}

// Controllers abroad, at home, unknown: out of the cells that know the controller's country.
Result<void> StatsRun::reach() {
  if (!has_reach()) return {};
  auto one = [&](Period period, std::optional<Reach> StatsRow::* member) -> Result<void> {
    std::unordered_map<std::uint64_t, std::size_t> index;
    for (std::size_t i = 0; i < chosen_.size(); ++i) index[chosen_[i]] = i;
    Side side = TRY(gather(period, CellKind::controller, true, [&](const CountKey& key, Day) {
      auto row = index.find(row_of(key, query_.cut));
      if (row == index.end()) return no_group;
      return row->second * 3 + (key.part() == 0 ? 2u : key.part() == key.country().code ? 1u : 0u);
    }));
    if (!side.view.frozen.empty()) return {};
    std::vector<Task> tasks;
    for (const auto& [id, group] : side.groups) {
      auto& reach = answer_.rows[id / 3].*member;
      if (!reach) reach.emplace();
      std::uint64_t Reach::* part[] = {&Reach::abroad, &Reach::home, &Reach::unknown};
      tasks.push_back([&, places = &group.places,
                       out = &(*reach.*part[id % 3])](SetUnion& unions) -> Result<void> {
        *out = TRY(unite(side, *places, unions)).total();
        return {};
      });
    }
    return in_parallel(tasks);
  };
  TRY(one(query_.period, &StatsRow::controllers));
  return before_period_ ? one(*before_period_, &StatsRow::controllers_before) : Result<void>{};
}

// The mean of the distinct subjects of each day, over all days of the period.
Result<void> StatsRun::daily() {
  auto one = [&](Period period, std::optional<double> StatsRow::* member) -> Result<void> {
    std::unordered_map<std::uint64_t, std::size_t> index;
    for (std::size_t i = 0; i < chosen_.size(); ++i) index[chosen_[i]] = i;
    auto days = static_cast<std::uint64_t>(period.until - period.since);
    Side side = TRY(gather(period, kind_, false, [&](const CountKey& key, Day day) {
      auto row = index.find(row_of(key, query_.cut));
      if (row == index.end()) return no_group;
      return row->second * days + static_cast<std::uint64_t>(day - period.since);
    }));
    if (!side.view.frozen.empty()) return {};
    std::vector<std::atomic<std::uint64_t>> sums(chosen_.size());
    std::vector<Task> tasks;
    for (const auto& [id, group] : side.groups) {
      tasks.push_back(
          [&, places = &group.places, sum = &sums[id / days]](SetUnion& unions) -> Result<void> {
            *sum += TRY(unite(side, *places, unions)).total();
            return {};
          });
    }
    TRY(in_parallel(tasks));
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      answer_.rows[i].*member = static_cast<double>(sums[i]) / static_cast<double>(days);
    }
    return {};
  };
  TRY(one(query_.period, &StatsRow::daily_mean));
  return before_period_ ? one(*before_period_, &StatsRow::daily_mean_before) : Result<void>{};
}

StatsRun::Buckets StatsRun::buckets() const {
  std::vector<Day> days = bucket_days(query_.period, query_.per);
  std::vector<Day> before = days;
  for (Day& day : before) {
    if (query_.compare == Against::year) day = times::year_before(day);
    if (query_.compare == Against::previous) day -= query_.period.until - query_.period.since;
  }
  return {std::move(days), std::move(before)};
}

Result<void> StatsRun::series() {
  auto [days, days_before] = buckets();
  auto one = [&](Period period, const std::vector<Day>& begins, bool before) -> Result<void> {
    bool months = query_.per == Per::month;
    Side side = TRY(gather(period, kind_, months, [&](const CountKey&, Day day) {
      auto next = std::ranges::upper_bound(begins, day);
      return static_cast<std::uint64_t>(next - begins.begin() - 1);
    }));
    if (!side.view.frozen.empty()) return {};
    if (!before) {
      for (std::size_t i = 0; i + 1 < days.size(); ++i) {
        answer_.series.push_back({{days[i], days[i + 1]}, {}, {}});
      }
    }
    if (answer_.series.empty()) return {};
    for (std::size_t i = 0; before && i < answer_.series.size(); ++i) {
      answer_.series[i].before = Figure{};
    }
    std::vector<Task> tasks;
    for (const auto& [id, group] : side.groups) {
      StatsBucket& bucket = answer_.series[std::min<std::size_t>(id, answer_.series.size() - 1)];
      tasks.push_back([&, from = &group, out = before ? &*bucket.before : &bucket.now](
                          SetUnion& unions) -> Result<void> {
        *out = TRY(figure(side, *from, unions));
        return {};
      });
    }
    return in_parallel(tasks);
  };
  TRY(one(query_.period, days, false));
  return before_period_ ? one(*before_period_, days_before, true) : Result<void>{};
}

// The same of each of the first rows.
Result<void> StatsRun::series_of_rows() {
  auto [days, days_before] = buckets();
  std::size_t rows = std::min(query_.series_rows, chosen_.size()), buckets = days.size() - 1;
  std::unordered_map<std::uint64_t, std::size_t> index;
  for (std::size_t i = 0; i < rows; ++i) index[chosen_[i]] = i;
  auto one = [&](Period period, const std::vector<Day>& begins, bool before) -> Result<void> {
    Side side =
        TRY(gather(period, kind_, query_.per == Per::month, [&](const CountKey& key, Day day) {
          auto row = index.find(row_of(key, query_.cut));
          if (row == index.end()) return no_group;
          auto next = std::ranges::upper_bound(begins, day);
          auto bucket = static_cast<std::size_t>(next - begins.begin() - 1);
          return static_cast<std::uint64_t>(row->second * buckets + std::min(bucket, buckets - 1));
        }));
    if (!side.view.frozen.empty()) return {};
    for (std::size_t i = 0; i < rows; ++i) {
      auto& series = answer_.rows[i].series;
      for (std::size_t b = 0; !before && b < buckets; ++b)
        series.push_back({{days[b], days[b + 1]}, {}, {}});
      for (StatsBucket& bucket : series) {
        if (before) bucket.before = Figure{};
      }
    }
    std::vector<Task> tasks;
    for (const auto& [id, group] : side.groups) {
      auto& series = answer_.rows[id / buckets].series;
      if (series.empty()) continue;
      StatsBucket& bucket = series[id % buckets];
      tasks.push_back([&, from = &group, out = before ? &*bucket.before : &bucket.now](
                          SetUnion& unions) -> Result<void> {
        *out = TRY(figure(side, *from, unions));
        return {};
      });
    }
    return in_parallel(tasks);
  };
  TRY(one(query_.period, days, false));
  return before_period_ ? one(*before_period_, days_before, true) : Result<void>{};
}

Result<StatsAnswer> StatsRun::run() {
  before_period_ = compared_with(query_.period, query_.compare);
  answer_.query = query_;
  answer_.before = before_period_;
  if (query_.series_only) {
    TRY(series());
    return std::move(answer_);
  }
  std::vector<Task> both;
  auto side = [&](Side& to, Period period) -> Result<void> {
    to = TRY(gather(period, kind_, true,
                    [&](const CountKey& key, Day) { return row_of(key, query_.cut); }));
    return add_frozen(to, period);
  };
  both.push_back([&](SetUnion&) { return side(now_, query_.period); });
  if (before_period_) both.push_back([&](SetUnion&) { return side(before_, *before_period_); });
  TRY(in_parallel(both));
  // The disk reads what comes last while the rows are computed.
  std::jthread ahead([this] {
    if (!has_reach()) return;
    auto [from, to] = keys_of(CellKind::controller_total);
    for (const Side* of : {&now_, &before_}) {
      for (const CountFile* file : of->files) file->expect(file->range(from, to));
    }
  });
  answer_.frozen = !now_.view.frozen.empty() || !before_.view.frozen.empty();
  Group all;
  for (const auto& [id, group] : now_.groups) {
    for (WordId feed : group.feeds) all.add_feed(feed);
  }
  answer_.feeds = std::move(all.feeds);
  std::ranges::sort(answer_.feeds);
  TRY(choose_rows());
  TRY(compare_rows());
  TRY(reach());
  if (query_.per == Per::day) TRY(daily());
  if (query_.per != Per::period) TRY(series());
  if (query_.per != Per::period && query_.series_rows > 0) TRY(series_of_rows());
  return std::move(answer_);
}

Result<std::vector<std::uint64_t>> StatsRun::hours() {
  Side side = TRY(gather(query_.period, kind_, false, [&](const CountKey&, Day) { return 0ull; }));
  if (!side.view.frozen.empty()) return missing("retention dropped the hours of that period");
  auto days = static_cast<std::size_t>(query_.period.until - query_.period.since);
  std::vector<std::uint64_t> out(days * 24);
  for (const auto& [id, group] : side.groups) {
    for (Place place : group.by_feed) {
      Day day = 0;
      Hours hours{};
      if (place.file == in_memory) {
        day = side.view.open[place.entry].day;
        hours = side.view.open[place.entry].hours;
      } else {
        const CountFile& file = *side.files[place.file];
        day = side.view.files[place.file]->day();
        hours = TRY(file.hours(file.entries()[place.entry]));
      }
      auto begin = static_cast<std::size_t>(day - query_.period.since) * 24;
      for (std::size_t h = 0; h < 24; ++h) out[begin + h] += hours[h];
    }
  }
  return out;
}

bool Counts::keeps(const StatsQuery& query) {
  return kind_for(query.cut, query.filter).has_value();
}

Result<StatsAnswer> Counts::query(const StatsQuery& query) const {
  if (query.period.since >= query.period.until) return invalid("the period is empty");
  if (query.top == 0) return invalid("`top` is 0");
  if (query.period.until - query.period.since > 366 * 100) return invalid("the period is too long");
  auto kind = kind_for(query.cut, query.filter);
  if (!kind) {
    return invalid(
        fmt::format("no counts are kept for cut '{}' with this filter (AS, family, "
                    "controller and sector do not go together); ask the events",
                    name(query.cut)));
  }
  auto answer = suspecting(StatsRun(*this, query, *kind).run());
  for (const StoredPtr& file : files().held) file->relax();
  if (!answer) return answer;
  for (const Damage& damage : damaged()) {
    auto in = [&](Period p) { return damage.day >= p.since && damage.day < p.until; };
    if (in(query.period) || (answer->before && in(*answer->before))) {
      (damage.lost ? answer->lost : answer->damaged).push_back(damage.day);
    }
  }
  return answer;
}

Result<std::vector<std::uint64_t>> Counts::hourly(Period days, const StatsFilter& filter) const {
  if (days.since >= days.until || days.until - days.since > 366 * 2) {
    return invalid("hours are told of 1 to 732 days");
  }
  if (kind_for(Cut::type, filter) != CellKind::family) {
    return invalid("hours are not kept by AS or controller; ask the events");
  }
  StatsQuery query{.cut = Cut::type, .filter = filter, .period = days};
  return suspecting(StatsRun(*this, query, CellKind::family).hours());
}

}  // namespace tocsin::store
