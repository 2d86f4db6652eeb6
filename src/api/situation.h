// Situation report: one period in figures that can be cited: what is counted, what may be shown to
// whom, and what changed since it was issued. The page itself is made by situation_page.cpp.
// Source: DESIGN D6; docs/situation-report.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/backend.h"
#include "base/result.h"
#include "store/stats.h"

namespace tocsin::api {

enum class Audience : std::uint8_t { team, constituent, open };  // `open` is written "public"
std::string_view name(Audience audience);
// The marking of its page; `audience` as it is written. A constituent's has events that may be
// marked AMBER+STRICT in it; what is unknown is the team's.
Tlp marking_of(std::string_view audience);

// A week, month or year by its name.
struct SituationPeriod {
  std::string name;   // "2026-W40", "2026-10", "2026"
  std::string title;  // "week 40 of 2026", "October 2026", "2026"
  store::Period days;
  store::Per per = store::Per::day;  // the step of its lines
};
// Errors: invalid: no such period (week 53 of a year with 52, month 13), or it has not begun.
Result<SituationPeriod> situation_period(std::string_view text, Day today);

// A figure with the one of a year before. In a public report what is below k is not there.
struct Cell {
  std::optional<Count> now{}, before{};
  std::optional<double> change_percent{};
  bool hidden = false;  // there is a figure, and it is not shown
};

struct Situation {
  std::string id{}, node{}, country{}, constituent{};
  SituationPeriod period{};
  store::Period counted{}, before{};  // an unfinished period ends today
  Audience audience = Audience::team;
  Count k = 0;  // 0: all is shown
  TimeUs as_of = time_none;
  std::uint64_t seq = 0;  // of the last batch that it counts
  bool frozen = false;    // a part comes from figures that were finished before
  std::string sentence{};

  struct Line {
    std::string id{}, title{};
    Cell cell{};
    std::vector<std::optional<Count>> series{}, before{};
  };
  struct Row {
    std::string id{}, title{}, detail{};
    Cell cell{};
    std::optional<double> rate{};  // affected addresses per 100,000 announced
  };
  Line infected{}, sites{}, plants{};
  Cell abroad{}, home{}, unknown{};  // of the infected: where their controllers are
  std::vector<Day> starts{};         // of the series
  std::vector<Line> types{};
  std::vector<Row> countries{}, controller_countries{}, families{}, controllers{}, networks{},
      feeds{}, exposed{};
  std::vector<std::string> notes{};  // what the reader must know beside the figures
};

// Every figure by its name: what is cited, kept, and compared when the same period is asked again.
std::map<std::string, std::string> figures_of(const Situation& situation);

// Makes it fit for the public: figures below k go, and further ones where what is left would tell
// them; no address and no small network stays.
void hide_small(Situation& situation);

// Of parts of one whole, which must not be shown: those from 1 to k - 1, and, if their sum is below
// k or there is only one of them, the next smallest ones until it is not. `hidden`: what is not
// shown anyhow.
std::vector<bool> hidden_cells(const std::vector<Count>& parts, Count k,
                               std::vector<bool> hidden = {});

struct SituationChange {
  std::string figure{}, before{}, now{};
};
std::vector<SituationChange> changes_between(const std::map<std::string, std::string>& before,
                                             const std::map<std::string, std::string>& now);

// Why figures of a period changed since they were issued.
struct SituationHistory {
  std::string supersedes{};  // the id of the issue before; "": this is the first
  std::vector<SituationChange> changes{};
  std::vector<std::string> reasons{};  // "feed x delivered 12 events of the period later"
};

// One self-contained page, without script. Fonts of the console are put into it where the binary
// has them.
std::string situation_page(const Situation& situation, const SituationHistory& history);

}  // namespace tocsin::api
