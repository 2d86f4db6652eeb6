#include "wire/stix_statistics.h"

#include "base/json.h"
#include "base/text.h"
#include "wire/stix_id.h"
#include "wire/stix_marking.h"
#include "wire/stix_words.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

constexpr std::string_view fixed_time = "2026-11-23T00:00:00.000Z", seed = "statistics 1";
constexpr std::size_t text_bytes_max = 200;

std::string extension_id() {
  return stix_own_id("extension-definition", tocsin_namespace(), seed);
}

Result<std::string> text_of(const simdjson::dom::element& from, const char* name) {
  std::string_view text;
  if (from[name].get(text)) return std::string();
  if (text.size() > text_bytes_max) return invalid(std::string(name) + " is too long");
  return std::string(text);
}

}  // namespace

std::string stix_of_statistics(const StixStatistics& one, const std::string& node_namespace,
                               const std::string& identity, TimeUs made, Tlp tlp) {
  std::string day = times::format_day(one.day), stamp = stix_stamp(made);
  json::Writer w;
  w.object().member("type", stix_statistics_type).member("spec_version", "2.1");
  w.member("id", stix_own_id(stix_statistics_type, node_namespace, day + " " + one.cut));
  w.member("created", stamp).member("modified", stamp).member("created_by_ref", identity);
  w.key("object_marking_refs").list().value(stix_marking_id(tlp)).end();
  w.member("cut", one.cut).member("day", day).member("least", one.k);
  w.key("figures").list();
  for (const StixStatistics::Figure& figure : one.figures) {
    w.object().member("group", figure.group);
    if (!figure.part.empty()) w.member("part", figure.part);
    w.member("subjects", figure.subjects).end();
  }
  w.end();
  w.key("extensions").object().key(extension_id()).object();
  w.member("extension_type", "new-sdo").end().end().end();
  return w.take();
}

std::string stix_statistics_extension() {
  std::string author = stix_own_id("identity", tocsin_namespace(), "authors");
  json::Writer w;
  w.object().member("type", "extension-definition").member("spec_version", "2.1");
  w.member("id", extension_id()).member("created", fixed_time).member("modified", fixed_time);
  w.member("created_by_ref", author);
  w.key("object_marking_refs").list().value(stix_marking_id(Tlp::clear)).end();
  w.member("name", "Tocsin statistics");
  w.member("description", "Counts of subjects of one day, none of fewer than k.");
  w.member("schema", "docs/stix.md of Tocsin").member("version", "1.0.0");
  w.key("extension_types").list().value("new-sdo").end().end();
  return w.take();
}

Result<StixStatistics> read_stix_statistics(const simdjson::dom::element& object) {
  std::string_view type, day;
  simdjson::dom::array figures;
  StixStatistics out;
  if (object["type"].get(type) || type != stix_statistics_type)
    return invalid("not an " + std::string(stix_statistics_type));
  if (object["day"].get(day) || object["least"].get(out.k) || object["figures"].get(figures))
    return invalid("statistics need day, least and figures");
  auto date = times::parse_day(day);
  if (!date) return invalid("not a day: " + text::quote(day));
  out.day = *date;
  out.cut = TRY(text_of(object, "cut"));
  if (out.cut.empty()) return invalid("statistics need a cut");
  if (figures.size() > StixStatistics::figures_max) return invalid("too many figures");
  for (simdjson::dom::element one : figures) {
    StixStatistics::Figure figure;
    figure.group = TRY(text_of(one, "group"));
    figure.part = TRY(text_of(one, "part"));
    if (figure.group.empty() || one["subjects"].get(figure.subjects) ||
        figure.subjects > (std::uint64_t{1} << 53))
      return invalid("a figure needs a group and subjects");
    out.figures.push_back(std::move(figure));
  }
  return out;
}

}  // namespace tocsin::wire
