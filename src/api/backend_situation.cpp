// Situation reports: the figures of one period, for a country or a constituent, and what was issued
// before. A country's come from the counts; a constituent's are counted anew from its events.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "api/backend_node.h"
#include "api/situation.h"
#include "api/stats_words.h"
#include "base/json.h"
#include "base/text.h"
#include "store/counts.h"
#include "store/replay.h"

namespace tocsin::api {
namespace {

using store::Cut;
using store::StatsQuery;

constexpr std::size_t ranked_max = 10, places_max = 300, reasons_max = 20;
constexpr std::string_view plants = "identifier:ics,ics-*,accessible-ics,open-ics";
// One of its affected ends, as what is counted: an address, or the name or URL where there is none.
constexpr std::string_view subject_sql =
    "(CASE subject WHEN 1 THEN destination_high ELSE source_high END, CASE subject WHEN 1 THEN "
    "destination_low ELSE source_low END, CASE WHEN source_low = 0 AND destination_low = 0 THEN "
    "name ELSE '' END)";

std::uint64_t total(const store::Figure& figure) {
  return figure.distinct ? figure.distinct->total() : 0;
}

Cell cell_of(Count now, std::optional<Count> before) {
  Cell cell{.now = now, .before = before};
  if (before && *before > 0) {
    cell.change_percent = (static_cast<double>(now) / static_cast<double>(*before) - 1) * 100;
  }
  return cell;
}

Cell cell_of(const store::StatsRow& row) {
  return cell_of(total(row.now), row.before ? std::optional(total(*row.before)) : std::nullopt);
}

// Removes its folder.
struct Scratch {
  std::string folder;
  ~Scratch() {
    std::error_code ignored;
    if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
  }
};

// What is asked: the node's counts, or those of a constituent's events alone.
class Asked {
 public:
  Asked(node::Node& node, Situation& s, unsigned timeout_ms)
      : node_(node), s_(s), timeout_ms_(timeout_ms) {}

  // Only the events that are told, of both periods, and what may be told of them.
  Result<void> restrict_to(NodeBackend::Telling telling) {
    telling_ = std::move(telling);
    scratch_.folder = node_.scratch();
    own_ = TRY(store::Counts::open(scratch_.folder, {}, {}));
    for (auto days : {s_.counted, s_.before}) {
      auto take = [&](EventBatch& batch) -> Result<void> {
        batch.seq = own_->applied() + 1;
        std::vector<bool> kept(batch.size());
        for (std::size_t i = 0; i < batch.size(); ++i) kept[i] = telling_.tell(batch, i);
        batch.keep_rows(kept);
        return own_->apply(batch);
      };
      TRY(store::replay(
          node_.columns(),
          {.where = fmt::format("time >= {} AND time < {}", times::start_of(days.since),
                                times::start_of(days.until)),
           .timeout_ms = timeout_ms_},
          take));
    }
    return {};
  }

  StatsQuery query(Cut cut) const {
    StatsQuery q;
    q.cut = cut;
    if (own_ == nullptr) q.filter.country = Country::parse(s_.country).value_or(Country{});
    q.period = s_.counted;
    q.compare = store::Against::year;
    q.top = places_max;
    return q;
  }

  // Nothing counted yet is an empty answer here.
  Result<store::StatsAnswer> counted(const StatsQuery& query) const {
    auto answer = own_ ? own_->query(query) : node_.counts().query(query);
    if (!answer && answer.error().fault == Fault::missing)
      return store::StatsAnswer{.query = query};
    if (answer) s_.frozen = s_.frozen || answer->frozen;
    return answer;
  }

  Result<Situation::Line> line(Type type, const Cell& cell) {
    Situation::Line line{.id = std::string(tocsin::name(type)), .cell = cell};
    line.title = line.id;
    std::ranges::replace(line.title, '-', ' ');
    StatsQuery q = query(Cut::type);
    q.filter.type = type;
    q.per = s_.period.per;
    q.series_only = true;
    auto answer = TRY(counted(q));
    std::vector<Day> starts;
    for (const auto& bucket : answer.series) {
      starts.push_back(bucket.period.since);
      bool whole = bucket.period.until <= times::day_of(s_.as_of);
      line.series.push_back(whole ? std::optional(total(bucket.now)) : std::nullopt);
      line.before.push_back(bucket.before ? std::optional(total(*bucket.before)) : std::nullopt);
    }
    auto empty = [](auto& series) {
      return std::ranges::all_of(series, [](const auto& p) { return !p || *p == 0; });
    };
    if (empty(line.before)) line.before.clear();  // nothing was watched then
    if (s_.starts.empty()) s_.starts = starts;
    return line;
  }

  Result<void> infected() {
    constexpr Type type = Type::infected_system;
    StatsQuery q = query(Cut::type);
    q.filter.type = type;
    auto answer = TRY(counted(q));
    store::StatsRow row;
    if (!answer.rows.empty()) row = answer.rows.front();
    s_.infected = TRY(line(type, cell_of(row)));
    auto reach = row.controllers.value_or(store::Reach{});
    auto then = row.controllers_before;
    auto cell = [&](Count now, Count store::Reach::* which) {
      return cell_of(now, then ? std::optional<Count>((*then).*which) : std::nullopt);
    };
    s_.abroad = cell(reach.abroad, &store::Reach::abroad);
    s_.home = cell(reach.home, &store::Reach::home);
    s_.unknown = cell(reach.unknown, &store::Reach::unknown);
    return {};
  }

  Result<void> kinds() {
    constexpr std::size_t most = 10;
    auto answer = TRY(counted(query(Cut::type)));
    constexpr Type site = Type::unauthorised_information_modification;
    s_.sites = {.id = "sites-modified", .cell = cell_of(0, std::nullopt)};
    for (const auto& row : answer.rows) {
      if (!row.key.type) continue;
      bool shown = s_.types.size() < most;
      if (!shown && *row.key.type != site) continue;
      auto made = TRY(line(*row.key.type, cell_of(row)));
      if (*row.key.type == site) s_.sites = made;
      if (shown) s_.types.push_back(std::move(made));
    }
    return {};
  }

  Result<void> places() {
    StatsQuery q = query(Cut::country);
    q.filter.country = {};
    auto affected = TRY(counted(q));
    for (const auto& row : affected.rows) {
      if (row.key.country.empty()) continue;
      std::string code = row.key.country.text();
      Situation::Row place{
          .id = code, .title = std::string(country_name(code)), .cell = cell_of(row)};
      if (auto announced = node_.enrichment().announced_v4(row.key.country); announced > 0)
        place.rate = static_cast<double>(total(row.now)) * 1e5 / static_cast<double>(announced);
      s_.countries.push_back(std::move(place));
    }
    q = query(Cut::controller);
    auto there = TRY(counted(q));
    for (const auto& row : there.rows) {
      if (row.key.controller.empty()) continue;
      std::string code = row.key.controller.text();
      s_.controller_countries.push_back(
          {.id = code, .title = std::string(country_name(code)), .cell = cell_of(row)});
    }
    return {};
  }

  Result<void> rankings() {
    StatsQuery q = query(Cut::family);
    q.top = ranked_max + 1;
    auto families = TRY(counted(q));
    for (const auto& row : families.rows) {
      if (row.key.family == 0 || s_.families.size() == ranked_max) continue;
      std::string family(node_.words().word(row.key.family));
      s_.families.push_back({.id = family, .title = family, .cell = cell_of(row)});
    }
    q = query(Cut::asn);
    q.top = ranked_max + 1;
    auto networks = TRY(counted(q));
    for (const auto& row : networks.rows) {
      if (row.key.asn == 0 || s_.networks.size() == ranked_max) continue;
      s_.networks.push_back({.id = std::to_string(row.key.asn),
                             .title = fmt::format("AS{}", row.key.asn),
                             .detail = std::string(node_.enrichment().as_name(row.key.asn)),
                             .cell = cell_of(row)});
    }
    return {};
  }

  // For the public: a family that only reports marked RED, or not marked, told of is not named.
  Result<void> leave_out_red() {
    std::set<std::string, std::less<>> told;
    auto take = [&](const store::DuckChunk& chunk) {
      for (std::size_t i = 0; i < chunk.rows(); ++i)
        told.emplace(node_.words().word(chunk.column<std::uint32_t>(0)[i]));
    };
    TRY(node_.columns().select(
        fmt::format("SELECT DISTINCT family FROM events WHERE tlp NOT IN ({}, {}) AND {}",
                    static_cast<int>(Tlp::red), static_cast<int>(Tlp::unmarked),
                    where(s_.counted, "")),
        take, timeout_ms_));
    std::erase_if(s_.families, [&](const auto& row) { return !told.contains(row.id); });
    return {};
  }

  // From the events: controllers by name, plants by service, events by feed. A constituent's are
  // picked out of their batches.
  Result<void> from_events() {
    Day kept = node_.first_kept(node_.config().events_months);
    if (s_.counted.since < kept) {
      s_.notes.push_back(fmt::format(
          "Controllers by address, industrial exposure and events by feed come from the stored "
          "events; those that arrived before {} were dropped by retention.",
          times::format_day(kept)));
    }
    if (telling_.tell) return from_own_events();
    TRY(controllers_sql());
    TRY(exposed_sql());
    return feeds_sql();
  }

 private:
  std::string where(store::Period days, std::string_view more) const {
    std::string text(more);
    if (!s_.country.empty()) text += " country:" + s_.country;
    return node_.columns().where({.filter = *store::parse_filter(text, 0),
                                  .since = times::start_of(days.since),
                                  .until = times::start_of(days.until)});
  }

  Result<void> controllers_sql() {
    auto take = [&](const store::DuckChunk& chunk) {
      for (std::size_t i = 0; i < chunk.rows(); ++i) {
        Ip ip =
            Ip::from_halves(chunk.column<std::uint64_t>(0)[i], chunk.column<std::uint64_t>(1)[i]);
        std::string_view joined = node_.words().word(chunk.column<std::uint32_t>(2)[i]);
        std::string name = ip.empty() ? std::string(joined) : ip::format(ip);
        if (name.empty()) continue;
        Country country{chunk.column<std::uint16_t>(3)[i]};
        s_.controllers.push_back(
            {.id = name,
             .title = name,
             .detail = country.text(),
             .cell = {.now = static_cast<Count>(chunk.column<std::int64_t>(4)[i])}});
      }
    };
    return node_.columns().select(
        fmt::format(
            "SELECT CASE controller WHEN 1 THEN source_high WHEN 2 THEN destination_high ELSE 0 "
            "END::UBIGINT, CASE controller WHEN 1 THEN source_low WHEN 2 THEN destination_low ELSE "
            "0 END::UBIGINT, CASE controller WHEN 3 THEN joined ELSE 0 END::UINTEGER, CASE "
            "controller WHEN 1 THEN source_country WHEN 2 THEN destination_country ELSE "
            "joined_country END::USMALLINT, count(DISTINCT {})::BIGINT AS n FROM events WHERE "
            "controller <> 0 AND {} GROUP BY ALL ORDER BY n DESC LIMIT {}",
            subject_sql, where(s_.counted, "type:infected-system"), ranked_max * 2),
        take, timeout_ms_);
  }

  Result<void> exposed_sql() {
    std::map<WordId, std::pair<Count, Count>> found;
    Count all = 0, all_before = 0;
    auto one = [&](store::Period days, Count& sum, auto put) -> Result<void> {
      auto take = [&](const store::DuckChunk& chunk) {
        for (std::size_t i = 0; i < chunk.rows(); ++i)
          put(chunk.column<std::uint32_t>(0)[i],
              static_cast<Count>(chunk.column<std::int64_t>(1)[i]));
      };
      auto take_sum = [&](const store::DuckChunk& chunk) {
        sum = static_cast<Count>(chunk.column<std::int64_t>(0)[0]);
      };
      std::string from = "FROM events WHERE " + where(days, plants);
      TRY(node_.columns().select(
          fmt::format("SELECT identifier, count(DISTINCT {})::BIGINT {} GROUP BY identifier",
                      subject_sql, from),
          take, timeout_ms_));
      return node_.columns().select(
          fmt::format("SELECT count(DISTINCT {})::BIGINT {}", subject_sql, from), take_sum,
          timeout_ms_);
    };
    TRY(one(s_.counted, all, [&](WordId id, Count n) { found[id].first = n; }));
    TRY(one(s_.before, all_before, [&](WordId id, Count n) { found[id].second = n; }));
    for (const auto& [id, counts] : found) {
      std::string service(node_.words().word(id));
      s_.exposed.push_back(
          {.id = service, .title = service, .cell = cell_of(counts.first, counts.second)});
    }
    finish_exposed(all, all_before);
    return {};
  }

  void finish_exposed(Count all, Count before) {
    std::ranges::sort(s_.exposed, [](const auto& a, const auto& b) {
      return a.cell.now.value_or(0) > b.cell.now.value_or(0);
    });
    if (s_.exposed.size() > ranked_max) s_.exposed.resize(ranked_max);
    s_.plants = {.id = "plants-exposed", .cell = cell_of(all, before)};
  }

  Result<void> feeds_sql() {
    std::map<WordId, std::pair<Count, Count>> found;
    auto one = [&](store::Period days, auto put) -> Result<void> {
      auto take = [&](const store::DuckChunk& chunk) {
        for (std::size_t i = 0; i < chunk.rows(); ++i)
          put(chunk.column<std::uint32_t>(0)[i],
              static_cast<Count>(chunk.column<std::int64_t>(1)[i]));
      };
      return node_.columns().select(
          fmt::format("SELECT feed, count(*)::BIGINT FROM events WHERE {} GROUP BY feed",
                      where(days, "")),
          take, timeout_ms_);
    };
    TRY(one(s_.counted, [&](WordId id, Count n) { found[id].first = n; }));
    TRY(one(s_.before, [&](WordId id, Count n) { found[id].second = n; }));
    for (const auto& [id, counts] : found) add_feed(id, counts.first, counts.second);
    sort_feeds();
    return {};
  }

  void add_feed(WordId id, Count now, Count before) {
    std::string feed(id == 0 ? "not-named" : node_.words().word(id));
    Situation::Row row{.id = feed, .title = feed, .cell = cell_of(now, before)};
    if (id == 0) row.title = "feeds that do not want to be named";
    if (auto known = node_.feeds().row(feed); known && !known->feed.title.empty())
      row.title = known->feed.title;
    if (before == 0) row.detail = "no events in the period before";
    if (now == 0) row.detail = "no events in this period";
    s_.feeds.push_back(std::move(row));
  }
  void sort_feeds() {
    std::ranges::sort(s_.feeds, [](const auto& a, const auto& b) {
      return a.cell.now.value_or(0) > b.cell.now.value_or(0);
    });
  }

  Result<void> from_own_events() {
    using Subjects = std::set<std::string>;
    std::map<std::string, std::pair<Country, Subjects>> controllers;
    std::map<WordId, std::pair<Subjects, Subjects>> services;
    std::map<WordId, std::pair<Count, Count>> feeds;
    Subjects all, all_before;
    auto is_plant = [&](WordId id) {
      std::string_view word = node_.words().word(id);
      return word == "ics" || word.starts_with("ics-") || word == "accessible-ics" ||
             word == "open-ics";
    };
    auto one = [&](store::Period days, bool now) -> Result<void> {
      auto take = [&](EventBatch& b) -> Result<void> {
        for (std::size_t i = 0; i < b.size(); ++i) {
          if (is_exercise(b, i) || !telling_.tell(b, i)) continue;
          Subject subject = subject_of(b, i);
          std::string text = subject.kind == SubjectKind::address ? ip::format(subject.ip)
                                                                  : std::string(subject.text);
          auto& feed = feeds[telling_.names(b.feed) ? b.feed : 0];
          ++(now ? feed.first : feed.second);
          if (is_plant(b.identifier[i])) {
            auto& service = services[b.identifier[i]];
            (now ? service.first : service.second).insert(text);
            (now ? all : all_before).insert(text);
          }
          Controller c = controller_of(b, i);
          if (!now || !c.known || b.type[i] != Type::infected_system) continue;
          const EndColumns& end = c.at_destination ? b.destination : b.source;
          std::string name = c.joined            ? std::string(node_.words().word(b.joined[i]))
                             : end.ip[i].empty() ? std::string(b.text(end.name[i]))
                                                 : ip::format(end.ip[i]);
          if (name.empty()) continue;
          controllers[name].first = c.country;
          controllers[name].second.insert(text);
        }
        return {};
      };
      return store::replay(
          node_.columns(),
          {.where = fmt::format("time >= {} AND time < {}", times::start_of(days.since),
                                times::start_of(days.until)),
           .timeout_ms = timeout_ms_},
          take);
    };
    TRY(one(s_.counted, true));
    TRY(one(s_.before, false));
    for (const auto& [name, found] : controllers) {
      s_.controllers.push_back({.id = name,
                                .title = name,
                                .detail = found.first.text(),
                                .cell = {.now = found.second.size()}});
    }
    std::ranges::sort(s_.controllers,
                      [](const auto& a, const auto& b) { return *a.cell.now > *b.cell.now; });
    if (s_.controllers.size() > ranked_max * 2) s_.controllers.resize(ranked_max * 2);
    for (const auto& [id, found] : services) {
      std::string service(node_.words().word(id));
      s_.exposed.push_back({.id = service,
                            .title = service,
                            .cell = cell_of(found.first.size(), found.second.size())});
    }
    finish_exposed(all.size(), all_before.size());
    for (const auto& [id, counts] : feeds) add_feed(id, counts.first, counts.second);
    sort_feeds();
    return {};
  }

  node::Node& node_;
  Situation& s_;
  unsigned timeout_ms_;
  NodeBackend::Telling telling_;
  Scratch scratch_;
  std::unique_ptr<store::Counts> own_;
};

// "8 014 002 distinct addresses in Brazil answered to controllers abroad, 14.0 % more than in the
// same days of the year before." The number itself stands beside it.
std::string sentence_of(const Situation& s) {
  bool abroad = s.abroad.now.value_or(0) > 0;
  const Cell& cell = abroad ? s.abroad : s.infected.cell;
  if (cell.now.value_or(0) == 0) return "No infected system was reported in this period.";
  std::string where = !s.constituent.empty() ? " of " + s.constituent
                      : s.country.empty()    ? ""
                                             : fmt::format(" in {}", country_name(s.country));
  std::string text =
      fmt::format("distinct addresses{} {}", where,
                  abroad ? "answered to controllers abroad" : "were reported as infected");
  if (!cell.change_percent) return text + ".";
  return fmt::format("{}, {:.1f}\xc2\xa0% {} than in the same days of {}.", text,
                     std::abs(*cell.change_percent), *cell.change_percent >= 0 ? "more" : "less",
                     times::civil(s.before.since).year);
}

std::string json_of(const std::map<std::string, std::string>& figures) {
  json::Writer w;
  w.object();
  for (const auto& [name, value] : figures) w.member(name, value);
  w.end();
  return w.take();
}

std::map<std::string, std::string> figures_in(const std::string& json) {
  std::map<std::string, std::string> figures;
  simdjson::dom::parser parser;
  simdjson::dom::object all;
  if (parser.parse(json).get(all)) return figures;
  for (auto [name, value] : all) {
    std::string_view text;
    if (!value.get(text)) figures.emplace(name, text);
  }
  return figures;
}

std::string id_part(std::string_view text) {
  std::string out;
  for (char c : text::lower(text)) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) out += c;
    if (!plain && !out.empty() && out.back() != '-') out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out.substr(0, 40);
}

SituationRow row_of(const store::Issue& issue) {
  return {.id = issue.id,
          .period = issue.period,
          .country = issue.country,
          .constituent = issue.constituent,
          .audience = issue.audience,
          .sha256 = issue.sha256,
          .supersedes = issue.supersedes,
          .as_of = issue.as_of};
}

}  // namespace

// Events of the report's days and scope that came since, by feed.
Result<void> NodeBackend::came_since(const Situation& s, const store::Issue& before,
                                     unsigned timeout_ms, std::map<WordId, Count>& came) {
  Telling telling;
  if (!s.constituent.empty()) telling = TRY(told_to_constituent(s.constituent));
  auto filter = TRY(store::parse_filter(s.country.empty() ? "" : "country:" + s.country, 0));
  store::Period earlier{s.before.since, std::min(s.before.until, s.counted.since)};
  for (auto days : {s.counted, earlier}) {
    store::EventQuery query{.filter = telling.tell ? store::Filter{} : filter,
                            .since = times::start_of(days.since),
                            .until = times::start_of(days.until)};
    std::string where = node_.columns().where(query);
    auto take = [&](const store::DuckChunk& chunk) {
      for (std::size_t i = 0; i < chunk.rows(); ++i)
        came[chunk.column<std::uint32_t>(0)[i]] +=
            static_cast<Count>(chunk.column<std::int64_t>(1)[i]);
    };
    auto take_own = [&](EventBatch& b) -> Result<void> {
      for (std::size_t i = 0; i < b.size(); ++i) {
        if (!is_exercise(b, i) && telling.tell(b, i)) ++came[telling.names(b.feed) ? b.feed : 0];
      }
      return {};
    };
    if (telling.tell) {
      TRY(store::replay(node_.columns(),
                        {.where = where, .after = before.seq, .timeout_ms = timeout_ms}, take_own));
    } else {
      TRY(node_.columns().select(
          fmt::format("SELECT feed, count(*)::BIGINT FROM events WHERE id >= {} AND {} GROUP BY "
                      "feed",
                      event_id(before.seq + 1, 0), where),
          take, timeout_ms));
    }
  }
  return {};
}

// Which events came since, and what else may have moved a figure.
Result<std::vector<std::string>> NodeBackend::why_changed(const Situation& s,
                                                          const store::Issue& before,
                                                          unsigned timeout_ms) {
  std::map<WordId, Count> came;
  TRY(came_since(s, before, timeout_ms, came));
  std::vector<std::pair<Count, WordId>> most;
  for (const auto& [feed, n] : came) most.emplace_back(n, feed);
  std::ranges::sort(most, std::greater());
  if (most.size() > reasons_max) most.resize(reasons_max);
  std::vector<std::string> reasons;
  for (const auto& [n, feed] : most) {
    std::string who = feed == 0 ? "Feeds" : fmt::format("Feed {}", node_.words().word(feed));
    reasons.push_back(fmt::format("{} delivered {} events of these days after {}.", who, n,
                                  times::format(before.as_of)));
  }
  if (before.as_of < times::start_of(s.counted.until)) {
    reasons.push_back(fmt::format("The period was not over on {}.",
                                  times::format_day(times::day_of(before.as_of))));
  }
  if (reasons.empty()) {
    reasons.emplace_back(
        "No events of these days came in since: reports were withdrawn or replaced, events were "
        "erased, or retention dropped some.");
  }
  return reasons;
}

Result<Situation> NodeBackend::situation_figures(const SituationAsk& ask, unsigned timeout_ms) {
  Situation s{.node = node_.config().name,
              .as_of = node_.now() / us_per_s * us_per_s,
              .seq = node_.journal().last_seq()};
  Day today = times::day_of(s.as_of);
  s.period = TRY(situation_period(ask.period, today));
  s.counted = {s.period.days.since, std::min(s.period.days.until, today + 1)};
  s.before = *store::compared_with(s.counted, store::Against::year);
  s.audience = ask.audience == "public"  ? Audience::open
               : ask.constituent.empty() ? Audience::team
                                         : Audience::constituent;
  s.k = s.audience == Audience::open ? std::max<Count>(ask.k, 2) : 0;
  s.constituent = ask.constituent;
  bool all = ask.country == "all";
  if (!all && !ask.country.empty()) {
    auto country = Country::parse(ask.country);
    if (!country) return invalid("not a country code: " + text::quote(ask.country));
    s.country = country->text();
  } else if (!all && s.constituent.empty()) {
    s.country = home_country().text();
  }
  Asked asked(node_, s, timeout_ms);
  if (!s.constituent.empty()) {
    auto telling = TRY(told_to_constituent(s.constituent));
    TRY(asked.restrict_to(std::move(telling)));
  }
  TRY(asked.infected());
  TRY(asked.kinds());
  if (s.constituent.empty()) TRY(asked.places());
  TRY(asked.rankings());
  TRY(asked.from_events());
  s.sentence = sentence_of(s);
  if (s.frozen) s.notes.emplace_back("A part of these figures was finished before and is frozen.");
  if (std::string date = info().geo_date; !date.empty())
    s.notes.push_back("Countries and networks come from the database of " + date + ".");
  if (s.audience == Audience::open) {
    TRY(asked.leave_out_red());
    hide_small(s);
  }
  return s;
}

Result<SituationRow> NodeBackend::issue_situation(const SituationAsk& ask,
                                                  const Patience& patience) {
  node_.wait_visible(std::chrono::seconds(30));
  Situation s = TRY(situation_figures(ask, left_ms(patience)));
  std::string audience(name(s.audience));
  store::Issue issue{.period = s.period.name,
                     .country = s.country,
                     .constituent = s.constituent,
                     .audience = audience,
                     .k = s.k,
                     .seq = s.seq,
                     .as_of = s.as_of};
  auto before = TRY(node_.issues().last(issue, true));
  auto figures = figures_of(s);
  SituationHistory history;
  if (before) {
    history.changes = changes_between(figures_in(before->figures), figures);
    if (history.changes.empty()) {
      auto row = row_of(*before);
      row.unchanged = true;
      return row;
    }
    history.supersedes = before->id;
    history.reasons = TRY(why_changed(s, *before, left_ms(patience)));
  }
  std::string stem = "S-" + s.period.name;
  for (const auto& part :
       {s.country, s.constituent.empty() ? "" : id_part(s.constituent), audience})
    if (!part.empty()) stem += "-" + part;
  std::uint64_t number = 1;
  if (auto newest = TRY(node_.issues().last(issue, false)))
    number = text::number(newest->id.substr(newest->id.rfind('-') + 1)).value_or(0) + 1;
  s.id = fmt::format("{}-{}", stem, number);
  std::string page = situation_page(s, history);
  issue.id = s.id;
  issue.supersedes = history.supersedes;
  issue.figures = json_of(figures);
  TRY(node_.issues().add(issue, page));
  auto row = row_of(issue);
  for (const auto& change : history.changes) {
    row.changes.push_back(fmt::format("{}: {} -> {}", change.figure,
                                      change.before.empty() ? "none" : change.before,
                                      change.now.empty() ? "none" : change.now));
  }
  row.reasons = history.reasons;
  return row;
}

Result<std::vector<SituationRow>> NodeBackend::situations() {
  constexpr std::size_t most = 200;
  std::vector<SituationRow> rows;
  auto issues = TRY(node_.issues().list(most));
  for (const auto& issue : issues) rows.push_back(row_of(issue));
  return rows;
}

// The events whose subject the directory gives to it, by the most specific asset, as an alert is
// routed; and of them what it may be told, as an alert would tell it. An event whose time may not
// be told belongs to no period.
Result<NodeBackend::Telling> NodeBackend::told_to_constituent(const std::string& wanted) {
  auto directory = node_.alerts().book().directory();
  std::uint64_t id = alert::constituent_id_of(wanted);
  auto whose = std::ranges::find_if(directory->all(), [&](const alert::Constituent& one) {
    return id != 0 ? one.id == id : text::lower(one.name) == text::lower(wanted);
  });
  if (whose == directory->all().end()) return missing("no constituent " + text::quote(wanted));
  auto known = std::make_shared<std::unordered_map<WordId, policy::Consent>>();
  auto consent_of = [this, known](WordId feed) -> const policy::Consent& {
    auto at = known->find(feed);
    if (at != known->end()) return at->second;
    std::string name(node_.words().word(feed));
    return known->emplace(feed, policy::consent_of({&name, 1}, node_.alerts().rules()))
        .first->second;
  };
  auto tell = [this, directory, consent_of, of = whose->id](EventBatch& b, std::size_t i) {
    Subject subject = subject_of(b, i);
    SubjectPlace place = place_of(b, i);
    alert::Sight sight{.kind = subject.kind,
                       .ip = subject.ip,
                       .subject = subject.text,
                       .asn = place.asn,
                       .country = place.country};
    auto decision = directory->decide(alert::place_of(sight));
    const auto* decided = directory->of(decision);
    if (decided == nullptr || decided->id != of) return false;
    const policy::Consent& consent = consent_of(b.feed);
    return consent.facts.has(policy::Fact::seen) &&
           policy::clear_row(b, i, consent, alert::relation_of(decision, *decided), node_.words(),
                             node_.alerts().rules())
               .has_value();
  };
  auto names = [consent_of](WordId feed) {
    return consent_of(feed).facts.has(policy::Fact::feeds);
  };
  return Telling{tell, names};
}

}  // namespace tocsin::api
