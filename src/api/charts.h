// Charts as inline SVG, without script: lines with the year before, and the world map. Their looks
// come from the page's style sheet (classes observed, before, grid ...). Source: the console's
// LOOK.md, chapters 7 and 8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tocsin::api::charts {

using Series = std::vector<std::optional<std::uint64_t>>;

struct Lines {
  std::string_view says;            // what the picture says, for those who cannot see it
  std::vector<Day> starts;          // of each point
  Series now, before;               // a point that is not there is a gap
  std::string label, label_before;  // at the ends of the lines
  int width = 900, height = 220;
};
std::string lines(const Lines& chart);

// A line in a table's row: no axis, both series on one scale from 0.
std::string spark(const Series& now, const Series& before, int width = 132, int height = 24);

struct Place {
  std::string code;
  std::optional<double> rate;         // affected addresses per 100,000 announced; shades
  std::optional<std::uint64_t> ring;  // controllers; area
};
// `own`: the country with an outline of its own.
std::string world(const std::vector<Place>& places, std::string_view own, std::string_view says);

// Of the map's shades: fixed, so that one period compares with another.
inline constexpr double breaks[] = {0, 10, 30, 100, 200, 400, 800};

std::string escaped(std::string_view text);  // for HTML and SVG
std::string grouped(std::uint64_t number);   // 8 014 002, with narrow no-break spaces

}  // namespace tocsin::api::charts
