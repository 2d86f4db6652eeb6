// The overview: one call for the page that says who is hit, whether it gets better, and from where
// it is controlled.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/backend_node.h"
#include "api/stats_words.h"
#include "base/http.h"
#include "base/text.h"
#include "store/counts.h"

namespace tocsin::api {
namespace {

using store::Cut;
using store::StatsQuery;

constexpr std::size_t ranked_max = 10, classes_max = 6;
constexpr Day line_days_least = 14;  // shorter lines show nothing
constexpr Day part_most = 10;        // today may be a tenth of what is compared with whole days

std::uint64_t total(const store::Figure& figure) {
  return figure.distinct ? figure.distinct->total() : 0;
}
std::optional<Count> total(const std::optional<store::Figure>& figure) {
  return figure ? std::optional(total(*figure)) : std::nullopt;
}

std::optional<double> change(double now, std::optional<double> before) {
  if (!before || *before == 0) return std::nullopt;
  return (now - *before) / *before * 100;
}

Compared compared(const store::StatsRow& row) {
  Compared c{total(row.now), total(row.before), row.change_percent};
  c.is_new = c.before && *c.before == 0 && c.distinct > 0;
  return c;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number), out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += "\xe2\x80\xaf";  // narrow no-break space
    out += digits[i];
  }
  return out;
}

// A kind in the few words that a small chart has room for.
std::string title_of(Type type) {
  static const std::map<Type, const char*> short_titles = {
      {Type::infected_system, "Infected"},
      {Type::vulnerable_system, "Open service"},
      {Type::unauthorised_information_modification, "Web modified"},
      {Type::ddos_amplifier, "Amplifier"},
      {Type::c2_server, "Controller here"},
      {Type::brute_force, "Guessing"},
      {Type::blacklist, "On a blocklist"},
  };
  if (auto at = short_titles.find(type); at != short_titles.end()) return at->second;
  std::string title(name(type));
  std::ranges::replace(title, '-', ' ');
  if (!title.empty()) title[0] = text::upper(title.substr(0, 1))[0];
  return title;
}

// One overview being put together; every step may find that nothing is counted yet.
class Drawing {
 public:
  Drawing(node::Node& node, const OverviewAsk& ask, Overview& out) : node_(node), out_(out) {
    Day today = times::day_of(node.now());
    period_ = {times::day_from({times::civil(today).year, 1, 1}), today + 1};
    if (ask.period == "24h") period_ = {today - 1, today + 1};
    if (ask.period == "30d") period_ = {today - 29, today + 1};
    if (ask.span.since != time_none) period_.since = times::day_of(ask.span.since);
    if (ask.span.until != time_none) period_.until = times::day_of(ask.span.until + us_per_day - 1);
    country_ = Country::parse(ask.country).value_or(node.config().country);
    against_ = period_.until - period_.since > 32 ? store::Against::year : store::Against::previous;
    // Counts know whole days, and today is not over.
    Day unfinished = std::max(0, period_.until - std::max(today, period_.since));
    if (unfinished * part_most > period_.until - period_.since) against_ = store::Against::none;
    out_.country = country_.text();
    out_.period = {times::start_of(period_.since), times::start_of(period_.until)};
    if (auto before = store::compared_with(period_, against_)) {
      out_.before = {times::start_of(before->since), times::start_of(before->until)};
    }
  }

  Result<void> headline() {
    StatsQuery query = asked(Cut::country);
    query.filter.type = Type::infected_system;
    auto answer = TRY(counted(query));
    Overview::Headline head;
    store::StatsRow row;
    if (!answer.rows.empty()) row = answer.rows.front();
    store::Reach now = row.controllers.value_or(store::Reach{});
    head.controllers = {now.abroad, now.home, now.unknown};
    bool abroad = now.abroad > 0;
    head.count.distinct = abroad ? now.abroad : total(row.now);
    if (abroad && row.controllers_before) head.count.before = row.controllers_before->abroad;
    if (!abroad) head.count.before = total(row.before);
    if (head.count.before) {
      head.count.change_percent =
          change(static_cast<double>(head.count.distinct), static_cast<double>(*head.count.before));
    }
    head.same_feeds_points = row.same_feeds_points;
    head.feeds_changed_points = row.feeds_changed_points;
    for (WordId feed : row.feeds_new) head.feeds_new.emplace_back(node_.words().word(feed));
    head.sentence = sentence(head, abroad);
    out_.headline = std::move(head);
    known_share_ = share_known(now);
    if (row.controllers_before) known_share_before_ = share_known(*row.controllers_before);
    return {};
  }

  Result<void> weekly() {
    StatsQuery query = asked(Cut::type);
    query.filter.type = Type::infected_system;
    query.filter.abroad = true;
    query.per = rhythm();
    query.series_only = true;
    query.period = line_period();
    auto answer = TRY(counted(query));
    // Before the first count of a line nothing was watched, and what is not over yet is not counted
    // in full: both are gaps, not zeros. Today alone is shown, as what it is.
    Day today = times::day_of(node_.now());
    bool begun = false, begun_before = false;
    for (const auto& bucket : answer.series) {
      Overview::Week week{.start = bucket.period.since};
      std::uint64_t now = total(bucket.now), before = total(bucket.before).value_or(0);
      begun = begun || now > 0;
      begun_before = begun_before || before > 0;
      bool whole = bucket.period.until <= today;
      week.so_far = query.per == store::Per::day && bucket.period.since == today;
      if (begun && (whole || week.so_far)) week.distinct = now;
      if (begun_before && whole) week.before = before;
      out_.weekly.push_back(week);
    }
    return {};
  }

  Result<void> map() {
    StatsQuery query = asked(Cut::country);
    query.filter.country = {};
    query.compare = store::Against::none;
    std::map<std::string, Overview::Place> places;
    auto answer1 = TRY(counted(query));
    for (const auto& row : answer1.rows) {
      if (row.key.country.empty()) continue;
      Overview::Place place{.country = row.key.country.text(), .affected = total(row.now)};
      if (auto announced = node_.enrichment().announced_v4(row.key.country); announced > 0) {
        place.affected_per_100k =
            static_cast<double>(place.affected) * 1e5 / static_cast<double>(announced);
      }
      places[place.country] = std::move(place);
    }
    query.cut = Cut::controller;
    query.filter.country = country_;
    auto answer2 = TRY(counted(query));
    for (const auto& row : answer2.rows) {
      if (row.key.controller.empty()) continue;
      auto& place = places[row.key.controller.text()];
      place.country = row.key.controller.text();
      place.controllers = total(row.now);
    }
    for (auto& [code, place] : places) out_.map.push_back(std::move(place));
    std::ranges::sort(out_.map, std::greater{}, &Overview::Place::affected);
    return {};
  }

  Result<Overview::ClassLine> line(Type type, const store::StatsRow& row) {
    StatsQuery query = asked(Cut::type);
    query.filter.type = type;
    query.per = rhythm();
    query.series_only = true;
    query.period = line_period();
    auto answer = TRY(counted(query));
    Day today = times::day_of(node_.now());
    Overview::ClassLine shown{.id = std::string(name(type)), .title = title_of(type)};
    shown.value = total(row.now);
    shown.change_percent = row.change_percent;
    for (const auto& bucket : answer.series) {
      // What is not over yet is no point of a line; what is not compared has no line before it.
      if (bucket.period.until <= today) shown.series.push_back(total(bucket.now));
      if (bucket.before) shown.before.push_back(total(*bucket.before));
    }
    return shown;
  }

  // The kinds with most subjects.
  Result<void> classes() {
    constexpr Type site = Type::unauthorised_information_modification;
    StatsQuery query = asked(Cut::type);
    auto all = TRY(counted(query));
    for (const auto& row : all.rows) {
      if (!row.key.type) continue;
      bool shown = out_.classes.size() < classes_max;
      if (shown) out_.classes.push_back(TRY(line(*row.key.type, row)));
      if (*row.key.type == site) sites_ = shown ? out_.classes.back() : TRY(line(site, row));
    }
    return {};
  }

  Result<void> rankings() {
    StatsQuery query = asked(Cut::family);
    query.top = ranked_max;
    auto answer3 = TRY(counted(query));
    for (const auto& row : answer3.rows) {
      if (row.key.family != 0)
        out_.families.push_back({std::string(node_.words().word(row.key.family)), compared(row)});
    }
    query.cut = Cut::asn;
    auto answer4 = TRY(counted(query));
    for (const auto& row : answer4.rows) {
      if (out_.networks.size() == ranked_max) break;
      if (row.key.asn == 0) continue;
      out_.networks.push_back(
          {row.key.asn, std::string(node_.enrichment().as_name(row.key.asn)), compared(row)});
    }
    return {};
  }

  // From the findings: controllers that most open findings answer to, what is open, what is new.
  void findings(TimeUs looked) {
    auto of = [&](const std::string& text) { return *store::parse_filter(text, node_.now()); };
    std::string here = country_.empty() ? "" : "country:" + country_.text() + " ";
    for (auto& [controller, count] : node_.findings().controllers(country_, ranked_max)) {
      out_.controllers.push_back({controller.name, controller.country.text(), {.distinct = count}});
    }
    auto open = of(here + "state:open,reopened");
    auto summary =
        node_.findings().summary(open, looked == time_none ? node_.now() - us_per_day : looked,
                                 times::day_of(node_.now()) - 29, 30);
    auto spark = [](const auto& series) {
      return std::vector<double>(series.begin(), series.end());
    };
    out_.tiles.push_back({.id = "findings-open",
                          .change_label = "now; line: last seen, 30 days",
                          .value = static_cast<double>(summary.total),
                          .spark = spark(summary.histogram)});
    Overview::Tile sites{.id = "sites-modified", .change_label = compared_word()};
    if (sites_) {
      sites.value = static_cast<double>(sites_->value);
      sites.change_percent = sites_->change_percent;
      sites.spark = spark(sites_->series);
    }
    out_.tiles.push_back(std::move(sites));
    auto plants = of(here + "identifier:ics,ics-*,accessible-ics,open-ics state:open,reopened");
    out_.tiles.push_back({.id = "plants-exposed",
                          .change_label = "open now",
                          .value = static_cast<double>(node_.findings().count(plants))});
    Overview::Tile known{.id = "controller-known",
                         .unit = "percent",
                         .change_label = compared_word(),
                         .value = known_share_};
    if (known_share_before_) known.change_percent = known_share_ - *known_share_before_;
    out_.tiles.push_back(std::move(known));
    auto list = [&](const std::string& of_these) {
      return "/findings?q=" + http::percent_encode(here + of_these);
    };
    if (looked != time_none && summary.new_since > 0) {
      out_.changes.push_back(
          {.kind = "findings",
           .text =
               fmt::format("{} open {}{}, new since you last looked", grouped(summary.new_since),
                           summary.new_since == 1 ? "finding" : "findings", where()),
           .href = list("state:open,reopened first>=" + times::format(looked)),
           .since = looked});
    }
    auto reopened = node_.findings().count(of(here + "state:reopened"));
    if (reopened > 0) {
      out_.changes.push_back({.kind = "findings",
                              .text = fmt::format("{} {}{} {} come back", grouped(reopened),
                                                  reopened == 1 ? "finding" : "findings", where(),
                                                  reopened == 1 ? "has" : "have"),
                              .href = list("state:reopened")});
    }
  }

  void checks(const Health& health) {
    for (const auto& check : health.checks) {
      if (check.ok) continue;
      out_.needs.push_back({.kind = "check",
                            .text = fmt::format("{}: {}", check.name, check.text),
                            .href = "/health"});
    }
  }

  void feeds(TimeUs looked) {
    for (const auto& row : node_.feeds().list()) {
      const auto& title = row.feed.title.empty() ? row.feed.name : row.feed.title;
      if (row.state == ingest::FeedState::failed) {
        out_.needs.push_back({.kind = "feed",
                              .feed = row.feed.name,
                              .text = fmt::format("Feed {}: {}", title, row.health.error),
                              .href = "/feeds/" + row.feed.name,
                              .since = row.health.error_at});
      }
      if (row.state == ingest::FeedState::late && !row.feed.collector.empty()) {
        out_.changes.push_back({.kind = "feed",
                                .feed = row.feed.name,
                                .text = fmt::format("Feed {} is late", title),
                                .href = "/feeds/" + row.feed.name,
                                .since = row.health.last_delivery});
      }
      if (looked != time_none && row.health.last_delivery != time_none &&
          row.health.last_delivery >= looked) {
        out_.changes.push_back({.kind = "feed",
                                .feed = row.feed.name,
                                .text = fmt::format("{} has delivered", title),
                                .href = "/feeds/" + row.feed.name,
                                .since = row.health.last_delivery});
      }
    }
  }

 private:
  // A line over a day or two shows the days before them, too.
  store::Period line_period() const {
    return {std::min(period_.since, period_.until - line_days_least), period_.until};
  }
  // One point of a line: long periods by week.
  store::Per rhythm() const {
    return period_.until - period_.since > 62 ? store::Per::week : store::Per::day;
  }
  std::string compared_word() const {
    if (against_ == store::Against::none) return period_word();
    if (against_ != store::Against::year) return "on the days before";
    return fmt::format("on {}", times::civil(period_.since).year - 1);
  }
  std::string where() const {
    return country_.empty() ? "" : fmt::format(" in {}", country_name(country_.text()));
  }
  std::string period_word() const {
    Day days = period_.until - period_.since;
    return days == 1 ? "today so far" : fmt::format("in {} days, today so far", days);
  }
  StatsQuery asked(Cut cut) const {
    StatsQuery query;
    query.cut = cut;
    query.filter.country = country_;
    query.period = period_;
    query.compare = against_;
    query.top = 300;
    return query;
  }
  // Nothing counted yet is an empty answer here.
  Result<store::StatsAnswer> counted(const StatsQuery& query) const {
    auto answer = node_.counts().query(query);
    if (!answer && answer.error().fault == Fault::missing)
      return store::StatsAnswer{.query = query};
    return answer;
  }
  static double share_known(const store::Reach& reach) {
    double all = static_cast<double>(reach.abroad + reach.home + reach.unknown);
    return all == 0 ? 0 : static_cast<double>(reach.abroad + reach.home) / all * 100;
  }
  std::string sentence(const Overview::Headline& head, bool abroad) const {
    bool one = head.count.distinct == 1;
    std::string text = fmt::format("{} distinct {}{} {}", grouped(head.count.distinct),
                                   one ? "address" : "addresses", where(),
                                   abroad ? "answered to controllers abroad"
                                   : one  ? "was reported as infected"
                                          : "were reported as infected");
    if (!head.count.change_percent) return text + ".";
    double percent = *head.count.change_percent;
    const char* than = against_ == store::Against::year ? "than in the same time of last year"
                                                        : "than in as many days before";
    return fmt::format("{}, {:.1f}\xc2\xa0% {} {}.", text, std::abs(percent),
                       percent >= 0 ? "more" : "less", than);
  }

  node::Node& node_;
  Overview& out_;
  store::Period period_;
  Country country_;
  store::Against against_ = store::Against::year;
  double known_share_ = 0;
  std::optional<double> known_share_before_;
  std::optional<Overview::ClassLine> sites_;
};

}  // namespace

Result<Overview> NodeBackend::overview(const OverviewAsk& ask, const Patience&) {
  Overview overview;
  Drawing drawing(node_, ask, overview);
  TRY(drawing.headline());
  TRY(drawing.weekly());
  TRY(drawing.map());
  TRY(drawing.classes());
  TRY(drawing.rankings());
  drawing.findings(ask.looked);
  drawing.feeds(ask.looked);
  drawing.checks(health());
  return overview;
}

}  // namespace tocsin::api
