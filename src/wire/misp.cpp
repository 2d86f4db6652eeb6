#include "wire/misp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

struct AttributeRow {
  std::string_view field, type, category;
};

constexpr auto attributes = std::to_array<AttributeRow>({
    {"source.ip", "ip-src", "Network activity"},
    {"source.network", "ip-src", "Network activity"},
    {"source.fqdn", "hostname", "Network activity"},
    {"source.url", "url", "Network activity"},
    {"source.asn", "AS", "Network activity"},
    {"source.account", "target-user", "Targeting data"},
    {"destination.ip", "ip-dst", "Network activity"},
    {"destination.fqdn", "hostname", "Network activity"},
    {"destination.url", "url", "Network activity"},
    {"destination.asn", "AS", "Network activity"},
    {"malware.hash.md5", "md5", "Payload delivery"},
    {"malware.hash.sha1", "sha1", "Payload delivery"},
    {"malware.hash.sha256", "sha256", "Payload delivery"},
    {"malware.name", "malware-type", "Payload delivery"},
    {"event_description.text", "text", "Other"},
});

bool is_malicious(Type type) {
  return type == Type::c2_server || type == Type::malware_distribution || type == Type::phishing ||
         type == Type::dga_domain;
}

void tag(json::Writer& w, std::string_view name) {
  w.object().member("name", name).end();
}

// Is the member a value of its own, and not what a treatment made of one?
bool is_exact(const Row& event, const AttributeRow& row) {
  std::string pseudonyms = "," + event.text("extra.pseudonyms") + ",";
  return row.field != "source.network" && !pseudonyms.contains(fmt::format(",{},", row.field));
}

}  // namespace

// MISP's address types come with a port: "ip-src|port".
std::vector<MispAttribute> misp_of_event(const Row& event) {
  std::vector<MispAttribute> out;
  Type what = type_named(event.text("classification.type")).value_or(Type::undetermined);
  for (const AttributeRow& row : attributes) {
    std::string value = event.text(row.field), type(row.type);
    if (value.empty()) continue;
    bool matches = is_malicious(what) && row.category != "Other" && type != "AS" &&
                   type != "malware-type" && !row.field.starts_with("destination") &&
                   is_exact(event, row);
    if (row.field == "source.ip" || row.field == "destination.ip") {
      std::string port = event.text(row.field == "source.ip" ? "source.port" : "destination.port");
      if (!port.empty()) value += "|" + port, type += "|port";
    }
    out.push_back({.type = std::move(type),
                   .value = std::move(value),
                   .category = std::string(row.category),
                   .uuid = {},
                   .comment = std::string(row.field),
                   .to_ids = matches});
  }
  return out;
}

std::string_view misp_category(std::string_view type) {
  if (type.ends_with("|port")) type.remove_suffix(5);
  auto row = std::ranges::find(attributes, type, &AttributeRow::type);
  return row == attributes.end() ? std::string_view() : row->category;
}

std::span<const std::string_view> misp_types() {
  static constexpr auto all = std::to_array<std::string_view>(
      {"ip-src", "ip-src|port", "ip-dst", "ip-dst|port", "hostname", "url", "AS", "target-user",
       "md5", "sha1", "sha256", "malware-type", "text"});
  return all;
}

void append_misp(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words) {
  Row event(batch, row, words, Spelling::native);
  std::string native;
  append_nested(native, event.members());
  TimeUs when = batch.time[row] == time_none ? batch.observed[row] : batch.time[row];
  if (when == time_none) when = 0;
  std::string type(name(batch.type[row])), feed = event.text("feed.name");
  json::Writer w;
  w.object().key("Event").object().key("Attribute").list();
  for (const MispAttribute& one : misp_of_event(event)) {
    w.object().member("category", one.category).member("comment", one.comment);
    w.member("to_ids", one.to_ids).member("type", one.type);
    w.member("uuid",
             uuid5(tocsin_namespace(), fmt::format("{} {} {}", one.comment, one.value, native)));
    w.member("value", one.value).end();
  }
  w.end().key("Tag").list();
  tag(w, fmt::format("rsit:{}=\"{}\"", name(class_of(batch.type[row])), type));
  // Unmarked counts as red.
  tag(w, fmt::format("tlp:{}", batch.tlp[row] == Tlp::unmarked ? "red" : name(batch.tlp[row])));
  w.end();
  w.member("analysis", "2").member("date", times::format_day(times::day_of(when)));
  w.member("distribution", "0");
  w.member("info", feed.empty() ? type : fmt::format("{}: {}", feed, type));
  constexpr auto levels = std::to_array<std::string_view>({"4", "4", "3", "2", "1", "1"});
  w.member("threat_level_id",
           levels[static_cast<std::size_t>(batch.severity[row]) % levels.size()]);
  w.member("timestamp", fmt::to_string(when / us_per_s));
  w.member("uuid", uuid5(tocsin_namespace(), "misp " + native));
  out += w.end().end().text();
}

}  // namespace tocsin::wire
