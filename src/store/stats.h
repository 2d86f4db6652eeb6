// Statistics: what may be asked of the counts and what they answer. docs/statistics.md defines the
// figures. Source: DESIGN D5, D6.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/country.h"
#include "model/dictionary.h"
#include "model/taxonomy.h"

namespace tocsin::store {

// By what the counts are cut; a row of the answer is one combination.
enum class Cut : std::uint8_t {
  country,
  country_class,
  country_type,
  country_type_family,
  country_type_controller,
  asn_type,
  sector_type,
  family,
  asn,
  controller,  // the controllers' country
  type,
  klass,
};
inline constexpr std::size_t cuts_count = 12;
std::string_view name(Cut cut);  // "country.type.family"; `klass` is "class"
std::optional<Cut> cut_named(std::string_view text);

// Days, `until` exclusive.
struct Period {
  Day since = 0, until = 0;
  auto operator<=>(const Period&) const = default;
};

// All that is set must hold.
struct StatsFilter {
  Country country;
  std::optional<Type> type;
  std::optional<Class> klass;
  WordId family = 0;
  std::uint32_t asn = 0;
  std::optional<Country> controller;  // an empty country: unknown
  bool abroad = false;  // the controller is known, and not in the subject's own country
  WordId feed = 0;
};

enum class Against : std::uint8_t { none, year, previous };
enum class Per : std::uint8_t { period, month, week, day };
enum class Order : std::uint8_t { distinct, events, change };

struct StatsQuery {
  Cut cut = Cut::country;
  StatsFilter filter;
  Period period;
  Against compare = Against::none;
  Per per = Per::period;  // else a series of buckets; day: the mean of daily distinct as well
  Order order = Order::distinct;
  std::size_t top = 50;         // rows at most
  std::size_t series_rows = 0;  // of the first so many rows the series of each as well
  bool series_only = false;     // no rows, which costs less; with a `per` other than period
};

// The same dates a year earlier (29 February becomes 28), or as many days right before.
std::optional<Period> compared_with(Period period, Against compare);

// Only what the cut names is set.
struct StatsKey {
  Country country;
  std::optional<Type> type;
  std::optional<Class> klass;
  WordId family = 0;
  std::uint32_t asn = 0;
  Country controller;  // empty: unknown
  WordId sector = 0;
  auto operator<=>(const StatsKey&) const = default;
};

// Distinct subjects; each kind is counted by itself.
struct Distinct {
  std::uint64_t addresses4 = 0;
  std::uint64_t addresses6 = 0;  // IPv6 by /64
  std::uint64_t names = 0;       // host names, URLs, accounts
  std::uint64_t total() const { return addresses4 + addresses6 + names; }
  auto operator<=>(const Distinct&) const = default;
};

struct Figure {
  std::uint64_t events = 0;
  // nullopt: the period reaches into months whose exact sets retention has dropped, and no figure
  // was finished for it.
  std::optional<Distinct> distinct = Distinct{};
};

// Distinct subjects of the events whose controller is abroad, at home, not known. One subject may
// be in several. Only of types that have controllers.
struct Reach {
  std::uint64_t abroad = 0, home = 0, unknown = 0;
};

struct StatsBucket {
  Period period;  // cut at the ends of the whole period
  Figure now;
  std::optional<Figure> before;  // of the bucket at the same place in the period before
};

struct StatsRow {
  StatsKey key;
  Figure now;
  std::optional<Figure> before;  // with `compare`
  // (now - before) / before; nullopt where nothing was before or a figure is missing.
  std::optional<double> change_percent;
  // The same with only those feeds that have events of this row in both periods, in points of
  // `before`'s total; what is left of the change comes from feeds that are new or gone.
  std::optional<double> same_feeds_points, feeds_changed_points;
  std::optional<Distinct> same_feeds, same_feeds_before;
  std::vector<WordId> feeds, feeds_new, feeds_gone;      // not for cuts by AS
  std::optional<Reach> controllers, controllers_before;  // cuts by country and type alone
  std::optional<double> daily_mean,
      daily_mean_before;            // with Per::day; over all days of the period
  std::vector<StatsBucket> series;  // with series_rows; none where months are frozen
};

struct StatsAnswer {
  StatsQuery query;
  std::optional<Period> before;
  std::vector<StatsRow> rows;
  std::size_t groups = 0;           // rows there would be without `top`
  std::vector<StatsBucket> series;  // over all groups together; none where months are frozen
  std::vector<WordId> feeds;        // with events in the period that fit the filter
  // Days of the two periods whose figures are not whole: a file was damaged, and they wait to be
  // counted anew; or they were, but not all of their events were there any more.
  std::vector<Day> damaged, lost;
  bool frozen = false;  // a part of the figures comes from months whose sets are gone
};

}  // namespace tocsin::store
