#include "sim/truth.h"

#include <fmt/core.h>

#include <iterator>

namespace tocsin::sim {
namespace {

constexpr std::array<std::string_view, 6> cut_names = {"country.type.family",
                                                       "country.type.controller",
                                                       "country.type.controller.joined",
                                                       "country.type.feed",
                                                       "country.type",
                                                       "country"};

constexpr std::string_view definition =
    "distinct subjects in UTC days of the event's time, exact duplicates within a feed removed: "
    "IPv4 addresses exactly, IPv6 by /64, defacements by host name";
constexpr std::string_view join_rule =
    "a controller that no feed names is the one that the n6 feed's c2-server events name for the "
    "family; a family's listed controllers stand in one country all the time";

// Lists of many rows have one a line.
void append_line(std::string& rows, std::string_view row) {
  if (!rows.empty()) rows += ",\n";
  rows += row;
}

std::string as_list(std::string_view rows) {
  return fmt::format("[\n{}\n]", rows);
}

}  // namespace

void Numbers::tidy() {
  std::ranges::sort(values_);
  values_.erase(std::ranges::unique(values_).begin(), values_.end());
}

void Numbers::merge(const Numbers& other) {
  if (other.values_.empty()) return;
  std::vector<std::uint64_t> both;
  both.reserve(values_.size() + other.values_.size());
  std::ranges::set_union(values_, other.values_, std::back_inserter(both));
  values_ = std::move(both);
}

void Figures::merge(const Figures& day, bool with_names) {
  addresses4 |= day.addresses4;
  hosts |= day.hosts;
  networks6.merge(day.networks6);
  if (with_names) names.merge(day.names);
  events += day.events;
}

void Figures::tidy() {
  networks6.tidy();
  names.tidy();
}

void Truth::count(const Counted& e) {
  ++events_;
  auto add = [&](Cut cut, std::uint16_t part) {
    Figures& f = cells_[{cut, e.country, e.kind, part}].day;
    ++f.events;
    // The subject; and the names of compromised sites, though their subject is the address.
    if (e.address4 != 0 && e.kind != Kind::defacement) f.addresses4.add(e.address4);
    if (e.network6 != 0) f.networks6.add(e.network6);
    if (e.name != 0) f.names.add(e.name);
    if (e.host != 0 && cut == Cut::family) f.hosts.add(e.host);
  };
  add(Cut::family, e.family);
  add(Cut::feed, static_cast<std::uint16_t>(e.feed));
  if (e.kind != Kind::infected) return;
  add(Cut::controller, e.controller.code);
  add(Cut::joined, e.joined.code);
}

std::uint64_t Truth::distinct(const Key& key, const Figures& f) {
  std::uint64_t addresses = f.addresses4.cardinality() + f.networks6.size();
  if (key.cut == Cut::country) return addresses + f.names.size();
  return key.kind == Kind::defacement ? f.names.size() : addresses;
}

void Truth::end_day() {
  // Keys of later cuts are made on the way: families come before types, types before countries.
  for (auto& [key, cell] : cells_) {
    if (cell.day.events == 0) continue;
    cell.day.tidy();
    if (key.cut == Cut::family) {
      cells_[{Cut::type, key.country, key.kind, 0}].day.merge(cell.day, true);
    } else if (key.cut == Cut::type) {
      cells_[{Cut::country, key.country, Kind{}, 0}].day.merge(cell.day,
                                                               key.kind == Kind::defacement);
    }
    std::uint64_t shown = distinct(key, cell.day);
    cell.month.merge(cell.day, true);
    cell.month.daily += shown;
    cell.day.clear();
  }
}

void Truth::end_month(Day any_day_of_it) {
  std::string month = times::format_day(any_day_of_it).substr(0, 7);
  write(month, &Cell::month, 0);
  for (auto& [key, cell] : cells_) {
    if (cell.month.events == 0) continue;
    cell.period.merge(cell.month, true);
    cell.period.daily += cell.month.daily;
    cell.month.clear();
  }
}

void Truth::end_period(std::size_t period) {
  const Period& p = world_.periods[period];
  write(p.name, &Cell::period, p.window.days());
  Past& past = periods_[period];
  for (auto& [key, cell] : cells_) {
    if (key.cut == Cut::type) {
      past.distinct[key] = distinct(key, cell.period);
      past.abroad[key] = reach(Cut::joined, key, &Cell::period).abroad;
      past.abroad_named[key] = reach(Cut::controller, key, &Cell::period).abroad;
    }
    if (key.cut == Cut::feed && cell.period.events > 0) {
      past.feeds[key] = std::move(cell.period);
    }
  }
  for (auto& [key, cell] : cells_) cell.period.clear();
}

Truth::Reach Truth::reach(Cut cut, const Key& type, Figures Cell::* figures) const {
  Reach out;
  Figures abroad;
  auto from = cells_.lower_bound({cut, type.country, type.kind, 0});
  for (auto it = from; it != cells_.end(); ++it) {
    const Key& key = it->first;
    if (key.cut != cut || key.country != type.country || key.kind != type.kind) break;
    const Figures& f = it->second.*figures;
    if (key.part == 0) {
      out.unknown = distinct(key, f);
    } else if (key.part == type.country.code) {
      out.home = distinct(key, f);
    } else {
      abroad.merge(f, false);
    }
  }
  out.abroad = distinct(type, abroad);
  return out;
}

void Truth::write_row(json::Writer& w, const Key& key, const Figures& f) const {
  w.member("addresses4", f.addresses4.cardinality());
  w.member("country", key.country.text()).member("distinct", distinct(key, f));
  w.member("distinct_daily_sum", f.daily).member("events", f.events);
  switch (key.cut) {
    case Cut::family:
      w.member("family", families()[key.part].name);
      break;
    case Cut::controller:
    case Cut::joined:
      w.member("controller", key.part == 0 ? std::string("unknown") : Country{key.part}.text());
      break;
    case Cut::feed:
      w.member("feed", feeds()[key.part].name);
      break;
    case Cut::type:
    case Cut::country:
      break;
  }
  w.member("names", static_cast<std::uint64_t>(f.names.size()));
  w.member("networks6", static_cast<std::uint64_t>(f.networks6.size()));
  if (!f.hosts.isEmpty()) w.member("true_hosts", f.hosts.cardinality());
  if (key.cut != Cut::country) w.member("type", name(key.kind));
}

void Truth::write(std::string_view stretch, Figures Cell::* figures, int days) {
  for (const auto& [key, cell] : cells_) {
    const Figures& f = cell.*figures;
    if (f.events == 0) continue;
    json::Writer w;
    w.object().member("stretch", stretch);
    if (days > 0) w.member("days", days);
    write_row(w, key, f);
    if (key.cut == Cut::type && key.kind == Kind::infected) {
      for (Cut cut : {Cut::controller, Cut::joined}) {
        Reach r = reach(cut, key, figures);
        w.key(cut == Cut::controller ? "controllers" : "controllers_joined").object();
        w.member("abroad", r.abroad).member("home", r.home).member("unknown", r.unknown).end();
      }
    }
    w.end();
    append_line(rows_[key.cut], w.text());
  }
}

void Truth::write_comparison(json::Writer& w) const {
  const Past &before = periods_.front(), &now = periods_.back();
  std::string rows;
  for (const auto& [type, distinct_now] : now.distinct) {
    auto known = before.distinct.find(type);
    std::uint64_t was = known == before.distinct.end() ? 0 : known->second;
    if (was + distinct_now == 0) continue;
    Figures same_now, same_before;
    std::vector<std::string_view> fresh, gone;
    for (std::size_t i = 0; i < feeds().size(); ++i) {
      Key key{Cut::feed, type.country, type.kind, static_cast<std::uint16_t>(i)};
      auto a = before.feeds.find(key), b = now.feeds.find(key);
      bool in_before = a != before.feeds.end(), in_now = b != now.feeds.end();
      if (in_before && in_now) {
        same_before.merge(a->second, true);
        same_now.merge(b->second, true);
      } else if (in_now) {
        fresh.push_back(feeds()[i].name);
      } else if (in_before) {
        gone.push_back(feeds()[i].name);
      }
    }
    json::Writer r;
    r.object().member("country", type.country.text()).member("type", name(type.kind));
    r.member("distinct", distinct_now).member("distinct_before", was);
    r.member("same_feeds", distinct(type, same_now));
    r.member("same_feeds_before", distinct(type, same_before));
    for (auto& [title, list] : {std::pair{"feeds_new", &fresh}, std::pair{"feeds_gone", &gone}}) {
      r.key(title).list();
      for (std::string_view feed : *list) r.value(feed);
      r.end();
    }
    append_line(rows, r.end().text());
  }
  w.key("compare").raw(as_list(rows));
}

void Truth::write_head(json::Writer& w, const Options& options) const {
  w.member("simulated", true).member("scenario", options.scenario).member("seed", options.seed);
  w.member("scale", world_.scale).member("country", world_.places[0].country.text());
  w.member("definition", definition).member("join", join_rule);
  w.member("database_date", times::format_day(world_.database_day));
  w.key("members").list();
  for (std::size_t i = 0; i < world_.members(); ++i) w.value(world_.places[i].country.text());
  w.end().key("periods").list();
  for (const Period& p : world_.periods) {
    w.object().member("name", p.name).member("since", times::format_day(p.window.first));
    w.member("until", times::format_day(p.window.last)).end();
  }
  w.end().key("outages").list();
  for (const Outage& o : world_.outages) {
    if (o.window.days() <= 0) continue;
    w.object().member("feed", row(o.feed).name);
    w.member("since", times::format_day(o.window.first));
    w.member("until", times::format_day(o.window.last)).end();
  }
  w.end();
}

void Truth::write_files(json::Writer& w, std::span<const Delivered> files) {
  std::string rows;
  for (const Delivered& f : files) {
    json::Writer r;
    r.object().member("path", f.path).member("feed", row(f.feed).name);
    r.member("delivered", times::format(f.delivered)).member("rows", f.rows);
    if (row(f.feed).counted) r.member("events", f.events).member("duplicates", f.duplicates);
    r.member("rejected", f.rejected);
    if (f.repeat) r.member("repeat", true);
    append_line(rows, r.end().text());
  }
  w.key("files").raw(as_list(rows));
}

std::string Truth::text(const Options& options, std::span<const Delivered> files,
                        Summary& summary) {
  Country main = world_.places[0].country;
  auto figure = [&](const std::map<Key, std::uint64_t>& of, Kind kind) {
    auto it = of.find({Cut::type, main, kind, 0});
    return it == of.end() ? 0 : it->second;
  };
  summary.abroad_named = figure(periods_.back().abroad_named, Kind::infected);
  summary.abroad_named_before = figure(periods_.front().abroad_named, Kind::infected);
  summary.abroad = figure(periods_.back().abroad, Kind::infected);
  summary.abroad_before = figure(periods_.front().abroad, Kind::infected);
  summary.sites = figure(periods_.back().distinct, Kind::defacement);
  summary.sites_before = figure(periods_.front().distinct, Kind::defacement);
  json::Writer w;
  w.object();
  write_head(w, options);
  w.key("headline").object().member("abroad", summary.abroad);
  w.member("abroad_before", summary.abroad_before);
  w.member("abroad_named", summary.abroad_named);
  w.member("abroad_named_before", summary.abroad_named_before).member("sites", summary.sites);
  w.member("sites_before", summary.sites_before).end();
  w.key("cuts").object();
  for (const auto& [cut, rows] : rows_) {
    w.key(cut_names[static_cast<std::size_t>(cut)]).raw(as_list(rows));
  }
  w.end();
  write_comparison(w);
  write_files(w, files);
  w.end();
  return w.take() + "\n";
}

}  // namespace tocsin::sim
