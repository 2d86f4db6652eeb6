// The situation report as one HTML page: no script, nothing from elsewhere, made to be printed.
// Source: the console's LOOK.md.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "api/charts.h"
#include "api/console_files.h"
#include "api/situation.h"
#include "base/gzip.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

using charts::escaped;
using charts::grouped;
using Rows = std::vector<Situation::Row>;

constexpr std::string_view style = R"(
:root{--sheet:#FBFCFA;--rule:#DCE2DD;--strong:#13201E;--ink:#13201E;--ink2:#3F4E4A;--ink3:#596863;
--before:#98A69F;--accent:#0A5A66;
--sans:"IBM Plex Sans Variable","IBM Plex Sans","Noto Sans",system-ui,sans-serif;
--mono:"IBM Plex Mono","Noto Sans Mono",ui-monospace,monospace}
*{box-sizing:border-box}
body{margin:0;background:#F1F4F0;color:var(--ink2);font:13px/1.5 var(--sans);
font-variant-numeric:tabular-nums slashed-zero}
main{max-width:1020px;margin:0 auto;background:var(--sheet);padding:28px 40px 40px}
header{display:flex;gap:16px;align-items:flex-start;margin-bottom:26px}
header svg{width:30px;height:30px;flex:none;margin-top:2px}
header .bell{fill:var(--ink)}
h1{font-size:20px;line-height:1.2;font-weight:600;color:var(--ink);margin:0}
header p{margin:3px 0 0;color:var(--ink3);font-size:12px}
.tlp{margin-left:auto;background:#000;font:600 12px/1 var(--mono);padding:5px 8px;
white-space:nowrap}
.tlp-clear{color:#fff}.tlp-amber{color:#FFC000}
.lead{display:flex;gap:28px;align-items:baseline;margin:0 0 26px}
.lead b{font-size:42px;line-height:1.05;font-weight:500;color:var(--ink);white-space:nowrap}
.lead p{margin:0;font-size:15px;max-width:60ch;color:var(--ink)}
section{border-top:2px solid var(--strong);padding-top:6px;margin:0 0 26px;break-inside:avoid}
section.long{break-inside:auto}
h2{display:inline;font-size:13px;font-weight:600;color:var(--ink);margin:0}
h2+span{color:var(--ink3);font-size:12px;margin-left:8px}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 24px}
.facts{display:flex;gap:36px;margin:8px 0 0}
.facts div{display:flex;flex-direction:column}
.facts b{font-size:24px;font-weight:500;color:var(--ink);line-height:1.2}
.facts span{font-size:12px;color:var(--ink3)}
table{border-collapse:collapse;width:100%;font-size:12px;margin-top:4px}
th{font-size:11px;font-weight:400;color:var(--ink3);text-align:left;padding:4px 10px 4px 0}
td{border-top:1px solid var(--rule);padding:4px 10px 4px 0;color:var(--ink2)}
td:first-child{color:var(--ink)}
th.n,td.n{text-align:right;white-space:nowrap}
td.n b{font-weight:500;color:var(--ink)}
td.spark{width:140px;padding:2px 10px 2px 0}
.mono{font-family:var(--mono);font-size:11.5px}
.small{color:var(--ink3);font-size:12px}
.none{color:var(--ink3)}
svg.chart,svg.map{display:block;width:100%;height:auto;margin-top:8px}
svg text{font:11px var(--sans);fill:var(--ink3)}
svg text.observed{fill:var(--ink);font-weight:500}
svg .grid{stroke:var(--rule);stroke-width:1}svg .axis{stroke:#BCC7C1;stroke-width:1}
svg path.observed{fill:none;stroke:var(--ink);stroke-width:1.8;stroke-linecap:round;
stroke-linejoin:round}
svg path.before{fill:none;stroke:var(--before);stroke-width:1.2;stroke-linecap:round;
stroke-linejoin:round}
svg.map path{stroke:var(--sheet);stroke-width:.5}
.s0{fill:#E9EDE9}.s1{fill:#D6EBEB}.s2{fill:#B0D6D7}.s3{fill:#88BEC2}.s4{fill:#62A3AB}
.s5{fill:#398794}.s6{fill:#116779}.s7{fill:#004458}
svg.map path.own{fill:none;stroke:var(--ink);stroke-width:1.2}
svg.map circle{fill:none;stroke:var(--ink);stroke-width:1.2}
.legend{display:flex;gap:14px;align-items:center;font-size:11px;color:var(--ink3);
margin-top:4px;flex-wrap:wrap}
.legend i{display:inline-block;width:22px;height:9px}.legend i.s0{background:#E9EDE9}
.legend .ring{width:11px;height:11px;border:1.2px solid var(--ink);border-radius:50%}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:6px 0 0;font-size:12px}
dt{color:var(--ink3)}dd{margin:0}
ul{margin:4px 0 0;padding-left:16px}
@page{size:A4;margin:14mm}
@media print{body{background:none}main{max-width:none;padding:0;background:none}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
@media(max-width:760px){main{padding:16px}.two{grid-template-columns:minmax(0,1fr)}
.lead{flex-direction:column;gap:8px}}
)";

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    std::size_t size = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j)
      three = three << 8 | (j < size ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= size ? letters[three >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

// The console's own fonts (OFL 1.1), Latin letters; the system's where the binary has no console.
std::string fonts() {
  std::string css;
  for (const ConsoleFile& file : console_files()) {
    bool sans = file.path.contains("ibm-plex-sans-latin-standard-normal");
    bool mono = file.path.contains("ibm-plex-mono-latin-400-normal");
    if ((!sans && !mono) || file.gzip) continue;
    css += fmt::format(
        "@font-face{{font-family:\"{}\";font-weight:{};src:url(data:font/woff2;base64,{})}}\n",
        sans ? "IBM Plex Sans Variable" : "IBM Plex Mono", sans ? "100 700" : "400",
        base64(file.bytes));
  }
  return css;
}

std::string percent_text(double percent) {
  return fmt::format("{}{:.1f}\xc2\xa0%", percent < 0 ? "\xe2\x88\x92" : "+", std::abs(percent));
}

class Page {
 public:
  Page(const Situation& s, const SituationHistory& history) : s_(s), history_(history) {}

  std::string whole() {
    std::string title = fmt::format("Situation report {}{}", s_.period.name, scope_suffix());
    out_ = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<style>{}{}</style></head><body><main>\n",
        escaped(title), fonts(), style);
    head();
    lead();
    infected();
    places();
    kinds();
    rankings();
    sites_and_plants();
    changes();
    method();
    return out_ + "</main></body></html>\n";
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...);
  }
  std::string scope_suffix() const {
    if (!s_.constituent.empty()) return ", " + s_.constituent;
    return s_.country.empty() ? "" : ", " + s_.country;
  }
  std::string year(Day day) const { return std::to_string(times::civil(day).year); }
  std::string year_before() const { return year(s_.before.since); }

  std::string count(const Cell& cell) const {
    if (cell.hidden) return fmt::format("<span class=\"none\">below {}</span>", s_.k);
    return cell.now ? "<b>" + grouped(*cell.now) + "</b>" : "<span class=\"none\">none</span>";
  }
  std::string before(const Cell& cell) const {
    return cell.before && !cell.hidden ? grouped(*cell.before) : std::string();
  }
  std::string change(const Cell& cell) const {
    if (cell.hidden || !cell.before) return "";
    if (*cell.before == 0) return cell.now.value_or(0) > 0 ? "new" : "";
    return cell.change_percent ? percent_text(*cell.change_percent) : "";
  }

  void section(std::string_view title, std::string_view definition, bool is_long = false) {
    add("<section{}><h2>{}</h2><span>{}</span>\n", is_long ? " class=\"long\"" : "", escaped(title),
        escaped(definition));
  }
  void end() { out_ += "</section>\n"; }

  void head() {
    std::string whose = s_.audience == Audience::open          ? "for the public"
                        : s_.audience == Audience::constituent ? "for " + s_.constituent
                                                               : "for the team";
    bool clear = s_.audience == Audience::open;
    add("<header><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path class=\"bell\" "
        "d=\"M1.5 18.6C7.6 18.6 6.2 2.6 12 2.6S16.4 18.6 22.5 18.6Z\"/><circle class=\"bell\" "
        "cx=\"15.1\" cy=\"21.4\" r=\"2.1\"/></svg><div><h1>Situation report: {}{}</h1><p>{}, {}. "
        "Report {}, as of {}.{}</p></div><span class=\"tlp tlp-{}\">TLP:{}</span></header>\n",
        escaped(s_.period.title), escaped(scope_suffix()), escaped(s_.node), escaped(whose),
        escaped(s_.id), times::format(s_.as_of),
        s_.counted.until < s_.period.days.until
            ? fmt::format(" The period is not over: counted until {}.",
                          times::format_day(s_.counted.until - 1))
            : "",
        clear ? "clear" : "amber", clear ? "CLEAR" : "AMBER+STRICT");
  }

  void lead() {
    bool abroad = s_.abroad.now.value_or(0) > 0 && !s_.abroad.hidden;
    const Cell& cell = abroad ? s_.abroad : s_.infected.cell;
    if (cell.hidden || !cell.now) {
      add("<div class=\"lead\"><p>{}</p></div>\n",
          escaped(s_.sentence.empty() ? "Nothing was reported as infected in this period."
                                      : s_.sentence));
      return;
    }
    std::string sentence = s_.sentence;
    if (sentence.empty()) {
      sentence = abroad ? "distinct addresses answered to controllers abroad."
                        : "distinct addresses were reported as infected.";
    }
    add("<div class=\"lead\" id=\"infected\"><b>{}</b><p>{}</p></div>\n", grouped(*cell.now),
        escaped(sentence));
  }

  void line_chart(const Situation::Line& line, std::string_view what) {
    charts::Lines chart{.starts = s_.starts,
                        .now = line.series,
                        .before = line.before,
                        .label = year(s_.counted.since),
                        .label_before = year_before()};
    std::string says =
        fmt::format("{} in {}, with the line of the year before", what, s_.period.title);
    chart.says = says;
    bool any = std::ranges::any_of(line.series, [](const auto& p) { return p.has_value(); });
    out_ += any ? charts::lines(chart) : "<p class=\"none\">No figures to draw.</p>";
  }

  std::string step_word() const { return s_.period.per == store::Per::week ? "a week" : "a day"; }

  void infected() {
    section("Infected systems", fmt::format("distinct addresses {}, {}; grey: {}", step_word(),
                                            s_.period.title, year_before()));
    line_chart(s_.infected, "Infected systems");
    out_ += "<div class=\"facts\">";
    auto fact = [&](const Cell& cell, std::string_view label) {
      std::string more = change(cell);
      add("<div><b>{}</b><span>{}{}</span></div>",
          cell.hidden ? fmt::format("below {}", s_.k) : grouped(cell.now.value_or(0)),
          escaped(label), more.empty() ? "" : ", " + more);
    };
    fact(s_.infected.cell, "infected in all");
    fact(s_.abroad, "controller abroad");
    fact(s_.home, "controller at home");
    fact(s_.unknown, "controller unknown");
    out_ += "</div>";
    end();
  }

  // A table of figures with the year before.
  void table(const Rows& rows, std::string_view head, bool mono, std::string_view id,
             std::string_view rate = {}) {
    if (rows.empty()) {
      out_ += "<p class=\"none\">Nothing in this period.</p>";
      return;
    }
    bool compared =
        std::ranges::any_of(rows, [](const auto& row) { return row.cell.before.has_value(); });
    std::string more;
    if (!rate.empty()) more = fmt::format("<th class=\"n\">{}</th>", escaped(rate));
    if (compared)
      more += fmt::format("<th class=\"n\">{}</th><th class=\"n\">change</th>", year_before());
    add("<table><thead><tr><th>{}</th><th class=\"n\">distinct</th>{}</tr></thead><tbody>",
        escaped(head), more);
    for (const auto& row : rows) {
      std::string per;
      if (!rate.empty())
        per = fmt::format("<td class=\"n\">{}</td>",
                          row.rate ? fmt::format("{:.1f}", *row.rate) : "");
      if (compared)
        per += fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td>", before(row.cell),
                           change(row.cell));
      add("<tr id=\"{}.{}\"><td{}>{}{}</td><td class=\"n\">{}</td>{}</tr>", id, escaped(row.id),
          mono ? " class=\"mono\"" : "", escaped(row.title),
          row.detail.empty() ? "" : " <span class=\"small\">" + escaped(row.detail) + "</span>",
          count(row.cell), per);
    }
    out_ += "</tbody></table>";
  }

  void places() {
    if (!s_.constituent.empty()) return;
    section("Where",
            "shade: distinct affected addresses per 100,000 announced; ring: addresses "
            "that answered to controllers there",
            true);
    std::vector<charts::Place> shown;
    for (const auto& row : s_.countries) shown.push_back({row.id, row.rate, {}});
    for (const auto& row : s_.controller_countries) {
      auto at = std::ranges::find(shown, row.id, &charts::Place::code);
      auto ring = row.cell.hidden ? std::nullopt : row.cell.now;
      if (at != shown.end()) at->ring = ring;
      if (at == shown.end()) shown.push_back({row.id, {}, ring});
    }
    out_ += charts::world(shown, s_.country, "World map of affected addresses and controllers");
    out_ += "<div class=\"legend\"><span><i class=\"s0\"></i> no report</span>";
    for (std::size_t i = 0; i < std::size(charts::breaks); ++i) {
      add("<span><i class=\"s{}\" style=\"background:{}\"></i> {}{:.0f}</span>", i + 1,
          shade_colour(i), i + 1 == std::size(charts::breaks) ? "from " : "\xe2\x89\xa5 ",
          charts::breaks[i]);
    }
    out_ += "<span><i class=\"ring\"></i> controllers</span></div><div class=\"two\"><div>";
    Rows top(s_.countries.begin(),
             s_.countries.begin() +
                 static_cast<std::ptrdiff_t>(std::min<std::size_t>(s_.countries.size(), 12)));
    table(top, "affected in", false, "country", "per 100,000");
    out_ += "</div><div>";
    Rows there(s_.controller_countries.begin(),
               s_.controller_countries.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                     s_.controller_countries.size(), 12)));
    table(there, "answered to controllers in", false, "controllers-in");
    out_ += "</div></div>";
    end();
  }

  static std::string_view shade_colour(std::size_t step) {
    constexpr std::string_view colours[] = {"#D6EBEB", "#B0D6D7", "#88BEC2", "#62A3AB",
                                            "#398794", "#116779", "#004458"};
    return colours[step];
  }

  void kinds() {
    section("Kinds", fmt::format("distinct subjects by type; line: {}, grey: {}", step_word(),
                                 year_before()));
    if (s_.types.empty()) {
      out_ += "<p class=\"none\">Nothing was reported in this period.</p>";
      return end();
    }
    add("<table><thead><tr><th>type</th><th></th><th class=\"n\">distinct</th><th class=\"n\">{}"
        "</th><th class=\"n\">change</th></tr></thead><tbody>",
        year_before());
    for (const auto& line : s_.types) {
      add("<tr id=\"type.{}\"><td>{}</td><td class=\"spark\">{}</td><td class=\"n\">{}</td>"
          "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
          escaped(line.id), escaped(line.title),
          line.cell.hidden ? "" : charts::spark(line.series, line.before), count(line.cell),
          before(line.cell), change(line.cell));
    }
    out_ += "</tbody></table>";
    end();
  }

  void rankings() {
    out_ += "<div class=\"two\"><div>";
    section("Families", "distinct addresses");
    table(s_.families, "family", false, "family");
    end();
    out_ += "</div><div>";
    section("Networks", s_.audience == Audience::open
                            ? "distinct addresses; only networks with 1,000 or more"
                            : "distinct addresses");
    table(s_.networks, "AS", false, "network");
    end();
    out_ += "</div></div>";
    if (s_.audience == Audience::open) return;
    section("Controllers",
            "distinct addresses that answered to them; a country is where the "
            "address is announced, and says nothing of who is behind it");
    table(s_.controllers, "controller", true, "controller");
    end();
  }

  void sites_and_plants() {
    out_ += "<div class=\"two\"><div>";
    section("Sites modified",
            fmt::format("distinct host names, by {}",
                        s_.country.empty() ? "all countries" : "country of hosting"));
    add("<div class=\"facts\" id=\"sites-modified\"><div><b>{}</b><span>{}</span></div></div>{}",
        s_.sites.cell.hidden ? fmt::format("below {}", s_.k)
                             : grouped(s_.sites.cell.now.value_or(0)),
        change(s_.sites.cell).empty() ? "in this period"
                                      : change(s_.sites.cell) + " on " + year_before(),
        s_.sites.cell.hidden ? "" : charts::spark(s_.sites.series, s_.sites.before, 420, 60));
    end();
    out_ += "</div><div>";
    section("Industrial exposure",
            "distinct addresses whose plant controllers answer the Internet");
    table(s_.exposed, "service", false, "exposed");
    end();
    out_ += "</div></div>";
  }

  void changes() {
    if (history_.supersedes.empty()) return;
    section("Changed since it was issued", "this replaces " + history_.supersedes, true);
    if (s_.audience == Audience::open) return end();  // feeds, and differences below k
    out_ += "<ul>";
    for (const auto& reason : history_.reasons) add("<li>{}</li>", escaped(reason));
    out_ +=
        "</ul><table><thead><tr><th>figure</th><th class=\"n\">was</th><th class=\"n\">is</th>"
        "</tr></thead><tbody>";
    constexpr std::size_t most = 40;
    for (std::size_t i = 0; i < std::min(most, history_.changes.size()); ++i) {
      const auto& change = history_.changes[i];
      add("<tr><td class=\"mono\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
          escaped(change.figure), change.before.empty() ? "not there" : escaped(change.before),
          change.now.empty() ? "not there" : escaped(change.now));
    }
    out_ += "</tbody></table>";
    if (history_.changes.size() > most)
      add("<p class=\"small\">and {} more</p>", history_.changes.size() - most);
    end();
  }

  void method() {
    section("Feeds and method", "how these figures came about, and how to cite them", true);
    if (!s_.feeds.empty()) {
      out_ += "<table><thead><tr><th>feed</th><th class=\"n\">events</th><th class=\"n\">" +
              year_before() + "</th><th></th></tr></thead><tbody>";
      for (const auto& row : s_.feeds) {
        add("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escaped(row.title), count(row.cell), before(row.cell), escaped(row.detail));
      }
      out_ += "</tbody></table>";
    }
    add("<dl><dt>counted</dt><dd>from {} until before {} (UTC), as of {}; compared with {} until "
        "before {}</dd>",
        times::format_day(s_.counted.since), times::format_day(s_.counted.until),
        times::format(s_.as_of), times::format_day(s_.before.since),
        times::format_day(s_.before.until));
    out_ +=
        "<dt>distinct</dt><dd>addresses, each once in the whole period (IPv6 by /64); for sites "
        "host names. Addresses are not machines: one machine may have many (DHCP), many "
        "machines one (CGNAT).</dd>"
        "<dt>controllers</dt><dd>known only where a feed names them or a dated join finds "
        "them; else unknown. One address may be in several of abroad, at home and unknown.</dd>"
        "<dt>left out</dt><dd>exact duplicates, exercises and tests</dd>";
    if (s_.audience == Audience::open) {
      add("<dt>hidden</dt><dd>figures from 1 to {}, and further ones where the rest would tell "
          "them; all addresses; networks with fewer than 1,000 addresses affected</dd>",
          s_.k - 1);
    }
    add("<dt>cite as</dt><dd><span class=\"mono\">{}</span>, as of {}; a single figure by its "
        "name, "
        "as <span class=\"mono\">{}#infected</span></dd></dl>",
        escaped(s_.id), times::format(s_.as_of), escaped(s_.id));
    if (!s_.notes.empty()) {
      out_ += "<ul>";
      for (const auto& note : s_.notes) add("<li>{}</li>", escaped(note));
      out_ += "</ul>";
    }
    end();
  }

  const Situation& s_;
  const SituationHistory& history_;
  std::string out_;
};

}  // namespace

std::string situation_page(const Situation& situation, const SituationHistory& history) {
  return Page(situation, history).whole();
}

}  // namespace tocsin::api
