#include "api/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"

extern const char tocsin_text_world[];
extern const char tocsin_text_world_end[];

namespace tocsin::api::charts {
namespace {

// A round step so that at most `ticks` of them reach `top`.
double step_of(double top, int ticks) {
  double raw = std::max(1.0, top / ticks), power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (factor * power >= raw) return factor * power;
  }
  return 10 * power;
}

std::uint64_t largest(const Series& a, const Series& b) {
  std::uint64_t most = 0;
  for (const auto* series : {&a, &b}) {
    for (const auto& point : *series) most = std::max(most, point.value_or(0));
  }
  return most;
}

// The path of a line with its gaps; a point between two gaps is a dot.
template <class X, class Y>
std::string path_of(const Series& series, X x, Y y) {
  std::string path;
  bool open = false;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!series[i]) {
      open = false;
      continue;
    }
    bool alone = !open && (i + 1 == series.size() || !series[i + 1]);
    path += fmt::format("{}{:.1f},{:.1f}", open ? "L" : "M", x(i), y(*series[i]));
    if (alone) path += "h0.1";
    open = true;
  }
  return path;
}

std::string tick_text(double value) {
  return grouped(static_cast<std::uint64_t>(value));
}

std::string day_text(Day day) {
  static constexpr const char* names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto date = times::civil(day);
  return fmt::format("{} {}", date.day, names[date.month - 1]);
}

struct Outline {
  double x = 0, y = 0;
  std::string_view path;
};

const std::map<std::string_view, Outline>& outlines() {
  static const auto all = [] {
    std::map<std::string_view, Outline> found;
    std::string_view table(tocsin_text_world,
                           static_cast<std::size_t>(tocsin_text_world_end - tocsin_text_world));
    for (auto [number, line] : text::numbered_lines(table)) {
      if (line.starts_with('#')) continue;
      std::string_view rest = line, code = text::cut(rest, '\t');
      double x = text::decimal(text::cut(rest, '\t')).value_or(0);
      double y = text::decimal(text::cut(rest, '\t')).value_or(0);
      found.emplace(code, Outline{x, y, rest});
    }
    return found;
  }();
  return all;
}

int shade(const std::optional<double>& rate) {
  if (!rate) return 0;
  int step = 0;
  for (double from : breaks) step += *rate >= from;
  return std::max(1, step);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number), out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += "\xe2\x80\xaf";
    out += digits[i];
  }
  return out;
}

std::string lines(const Lines& c) {
  constexpr double left = 58, right = 64, top = 14, bottom = 22;
  double wide = c.width - left - right, high = c.height - top - bottom;
  double most = static_cast<double>(largest(c.now, c.before));
  double step = step_of(most, 4), end = std::max(step, std::ceil(most / step) * step);
  std::size_t points = std::max(c.now.size(), c.before.size());
  auto x = [&](std::size_t i) {
    return left +
           wide * (points < 2 ? 0.5 : static_cast<double>(i) / static_cast<double>(points - 1));
  };
  auto y = [&](double value) { return top + high * (1 - value / end); };
  std::string svg =
      fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
                  c.width, c.height, escaped(c.says));
  for (double value = 0; value <= end + step / 2; value += step) {
    svg +=
        fmt::format("<line class=\"{}\" x1=\"{:.0f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>",
                    value == 0 ? "axis" : "grid", left, left + wide, y(value), y(value));
    svg += fmt::format("<text x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", left - 8,
                       y(value) + 3.5, tick_text(value));
  }
  std::size_t every = std::max<std::size_t>(1, (c.starts.size() + 5) / 6);
  for (std::size_t i = 0; i < c.starts.size(); i += every) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"{}\">{}</text>", x(i),
                       c.height - 4.0, i == 0 ? "start" : "middle", day_text(c.starts[i]));
  }
  // Gives where the label stands; one that would lie over the label at `taken` moves.
  constexpr double label_high = 12, nowhere = -1000;
  auto draw = [&](const Series& series, const char* kind, const std::string& label,
                  double taken) -> double {
    auto value = [&](std::uint64_t v) { return y(static_cast<double>(v)); };
    std::string path = path_of(series, x, value);
    if (path.empty()) return nowhere;
    svg += fmt::format("<path class=\"{}\" d=\"{}\"/>", kind, path);
    for (std::size_t i = series.size(); i-- > 0;) {
      if (!series[i]) continue;
      double at = value(*series[i]) + 3.5;
      if (std::abs(at - taken) < label_high) at = taken + (at > taken ? label_high : -label_high);
      svg += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", kind, x(i) + 6,
                         at, escaped(label));
      return at;
    }
    return nowhere;
  };
  double before_at = draw(c.before, "before", c.label_before, nowhere);
  draw(c.now, "observed", c.label, before_at);
  return svg + "</svg>";
}

std::string spark(const Series& now, const Series& before, int width, int height) {
  double most = std::max(1.0, static_cast<double>(largest(now, before)));
  std::size_t points = std::max(now.size(), before.size());
  auto x = [&](std::size_t i) {
    return 1 + (width - 2.0) *
                   (points < 2 ? 0.5 : static_cast<double>(i) / static_cast<double>(points - 1));
  };
  auto y = [&](std::uint64_t value) {
    return 2 + (height - 4.0) * (1 - static_cast<double>(value) / most);
  };
  std::string svg = fmt::format(
      "<svg class=\"spark\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "aria-hidden=\"true\">",
      width, height);
  for (auto [series, kind] : {std::pair{&before, "before"}, {&now, "observed"}}) {
    std::string path = path_of(*series, x, y);
    if (!path.empty()) svg += fmt::format("<path class=\"{}\" d=\"{}\"/>", kind, path);
  }
  return svg + "</svg>";
}

std::string world(const std::vector<Place>& places, std::string_view own, std::string_view says) {
  std::string svg = fmt::format(
      "<svg class=\"map\" viewBox=\"0 0 960 470\" role=\"img\" aria-label=\"{}\">", escaped(says));
  std::map<std::string_view, const Place*> by_code;
  std::uint64_t most = 1;
  for (const auto& place : places) {
    by_code.emplace(place.code, &place);
    most = std::max(most, place.ring.value_or(0));
  }
  std::string outline;
  for (const auto& [code, shape] : outlines()) {
    if (shape.path.empty()) continue;
    auto at = by_code.find(code);
    int step = at == by_code.end() ? 0 : shade(at->second->rate);
    svg += fmt::format("<path class=\"s{}\" d=\"{}\"/>", step, shape.path);
    if (code == own) outline = fmt::format("<path class=\"own\" d=\"{}\"/>", shape.path);
  }
  svg += outline;
  for (const auto& place : places) {
    auto at = outlines().find(place.code);
    if (at == outlines().end() || place.ring.value_or(0) == 0) continue;
    double share = static_cast<double>(*place.ring) / static_cast<double>(most);
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"/>", at->second.x,
                       at->second.y, std::max(2.6, 15.7 * std::sqrt(share)));
  }
  return svg + "</svg>";
}

}  // namespace tocsin::api::charts
