// misp: the attributes of MISP events (JSON), also as a search answers them, and a feed's files.
// Source: MISP core format, draft-dulaunoy-misp-core-format.
#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.h"
#include "ingest/json_report.h"
#include "model/sharing.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

// What all events of one MISP event share.
struct Shared {
  std::string info, uuid, organisation, family;
  Tlp tlp = Tlp::unmarked;
  std::optional<Type> type;
  std::optional<Distribution> distribution;  // as far as it may go; absent: not said
};

struct Part {
  std::string_view misp;
  Field field;
};

// A composite type's parts are named by its own name: "ip-dst|port".
constexpr auto parts = std::to_array<Part>({
    {"ip-src", Field::source_ip},
    {"ip-dst", Field::source_ip},
    {"ip", Field::source_ip},
    {"port", Field::source_port},
    {"domain", Field::source_fqdn},
    {"hostname", Field::source_fqdn},
    {"url", Field::source_url},
    {"uri", Field::source_url},
    {"AS", Field::source_asn},
    {"md5", Field::malware_hash_md5},
    {"sha1", Field::malware_hash_sha1},
    {"sha256", Field::malware_hash_sha256},
    {"email", Field::source_account},
    {"email-src", Field::source_account},
    {"email-dst", Field::source_account},
});

std::optional<Field> field_of(std::string_view part) {
  for (const auto& row : parts) {
    if (row.misp == part) return row.field;
  }
  return std::nullopt;
}

// A machine tag: tlp:amber, rsit:fraud="phishing", misp-galaxy:malpedia="Mirai".
void take_tag(std::string_view tag, Shared& shared) {
  re2::StringPiece name(tag.data(), tag.size());
  std::string kind, value;
  if (tag.starts_with("tlp:")) {
    // Of several the strictest; what we do not know is red.
    Tlp tlp = tlp_named(tag).value_or(Tlp::red);
    shared.tlp = shared.tlp == Tlp::unmarked ? tlp : std::max(shared.tlp, tlp);
  } else if (re2::RE2::FullMatch(
                 name, R"re((?:rsit|ecsirt|enisa|europol-event|CERT-XLM):([^=]+)="([^"]+)")re",
                 &kind, &value)) {
    if (auto type = type_named(value)) shared.type = type;
  } else if (re2::RE2::FullMatch(name,
                                 "misp-galaxy:(malpedia|botnet|banker|rat|stealer|ransomware|"
                                 "backdoor|mitre-malware|"
                                 "cryptominers)=\"([^\"]+)\"",
                                 &kind, &value)) {
    shared.family = value.substr(0, value.find(" - "));
  }
}

void take_tags(element holder, Shared& shared) {
  each_of(holder, "Tag", [&](element tag) { take_tag(json_scalar(tag, "name"), shared); });
}

// The narrowest of all that it stands in. A sharing group's, or one that we do not know, goes no
// further.
void take_distribution(element holder, Shared& shared) {
  std::string said = json_scalar(holder, "distribution");
  if (said.empty()) return;
  auto one = distribution_named(said).value_or(Distribution::organisation);
  if (one == Distribution::inherit) return;
  if (one == Distribution::sharing_group) one = Distribution::organisation;
  shared.distribution = shared.distribution ? std::min(*shared.distribution, one) : one;
}

Type usual_type(std::string_view category, std::string_view type) {
  if (type.contains("md5") || type.contains("sha")) return Type::malware;
  if (category == "Payload delivery" || category == "Payload installation")
    return Type::malware_distribution;
  if (category == "Network activity") return Type::blacklist;
  return Type::other;
}

// True if the attribute's type is one that an event can be made of.
bool is_observable(std::string_view type) {
  for (std::string_view rest = type; !rest.empty();) {
    std::string_view part = text::cut(rest, '|');
    if (part != "port" && field_of(part)) return true;
  }
  return false;
}

bool is_deleted(element holder) {
  std::string said = json_scalar(holder, "deleted");
  return said == "true" || said == "1";
}

// What of it came here before goes.
void take_back(Sink& sink, Field field, element holder) {
  sink.recall(fmt::format("{}:{}", name(field), text::lower(json_scalar(holder, "uuid"))));
}

Result<void> take_attribute(Sink& sink, std::size_t line, element attribute, Shared shared) {
  std::string type = json_scalar(attribute, "type"), value = json_scalar(attribute, "value");
  std::string category = json_scalar(attribute, "category");
  // A deleted one's type may be gone with what it said.
  if (is_deleted(attribute)) {
    take_back(sink, Field::misp_attribute_uuid, attribute);
    return {};
  }
  if (!is_observable(type)) return {};
  take_tags(attribute, shared);
  take_distribution(attribute, shared);
  sink.event(line);
  sink.type(shared.type ? *shared.type : usual_type(category, type));
  std::string_view rest_type = type, rest = value;
  while (!rest_type.empty()) {
    std::string_view part = text::cut(rest_type, '|');
    std::string_view text = rest_type.empty() ? rest : text::cut(rest, '|');
    if (auto field = field_of(part)) {
      auto done = sink.set(*field, text);
      if (!done && *field == Field::source_ip) done = sink.set(Field::source_network, text);
      if (!done) return done;
    } else {
      sink.extra(part, text);
    }
  }
  std::string first = json_scalar(attribute, "first_seen"),
              stamp = json_scalar(attribute, "timestamp");
  if (!first.empty()) {
    TRY(sink.set(Field::time_source, first));
  } else if (auto seconds = text::number(stamp);
             seconds && *seconds > 0 && *seconds < 253'402'300'800) {
    sink.time(static_cast<TimeUs>(*seconds) * us_per_s);
  }
  sink.tlp(shared.tlp);
  sink.set_or_keep(Field::malware_name, shared.family);
  sink.set_or_keep(Field::misp_event_uuid, shared.uuid);
  sink.set_or_keep(Field::misp_attribute_uuid, json_scalar(attribute, "uuid"));
  sink.set_or_keep(Field::event_description_text, shared.info);
  std::string comment = json_scalar(attribute, "comment"), port;
  sink.set_or_keep(Field::comment, comment);
  if (!sink.has(Field::source_port) &&
      re2::RE2::PartialMatch(comment, R"((?i)\bport:? (\d{1,5})\b)", &port)) {
    sink.set_or_keep(Field::source_port, port);
  }
  sink.extra("misp_category", category);
  // Here it is a hop further from who wrote it. Source: MISP 2.5, __updatePulledEventBeforeInsert.
  if (shared.distribution) sink.extra("misp_distribution", name(after_hop(*shared.distribution)));
  sink.extra("misp_type", type);
  sink.extra("misp_to_ids", json_scalar(attribute, "to_ids"));
  sink.extra("misp_organisation", shared.organisation);
  return {};
}

Result<void> take_event(Sink& sink, const ParsedRecord& record, element event) {
  Shared shared;
  shared.info = json_scalar(event, "info");
  shared.uuid = json_scalar(event, "uuid");
  element organisation;
  if (!event.get_object().at_key("Orgc").get(organisation))
    shared.organisation = json_scalar(organisation, "name");
  if (is_deleted(event)) {
    take_back(sink, Field::misp_event_uuid, event);
    return {};
  }
  take_tags(event, shared);
  take_distribution(event, shared);
  bool any = false;
  auto attributes = [&](element holder, const Shared& with) {
    each_of(holder, "Attribute", [&](element attribute) {
      any = true;
      auto done = take_attribute(sink, record.line, attribute, with);
      if (!done) sink.reject(record.line, done.error(), simdjson::minify(attribute));
    });
  };
  attributes(event, shared);
  each_of(event, "Object", [&](element object) {
    Shared of = shared;
    take_distribution(object, of);
    attributes(object, of);
  });
  if (!any && shared.uuid.empty()) return invalid("not a MISP event: neither uuid nor Attribute");
  return {};
}

Result<void> take(Sink& sink, const ParsedRecord& record, element whole, int depth) {
  if (!whole.is_object() || depth > 3) return invalid("not a MISP event: no object");
  element found;
  if (!whole.get_object().at_key("response").get(found)) {
    Result<void> done;
    each_of(whole, "response", [&](element one) {
      if (done) done = take(sink, record, one, depth + 1);
    });
    return done;
  }
  if (!whole.get_object().at_key("Event").get(found) && found.is_object())
    return take_event(sink, record, found);
  return take_event(sink, record, whole);
}

}  // namespace

Format misp() {
  return {.summary = "attributes of MISP events (JSON)",
          .read = [](const Report& report, Sink& sink) {
            return each_json(report, "", sink, [&](const ParsedRecord& record) {
              return take(sink, record, record.root, 0);
            });
          }};
}

}  // namespace tocsin::ingest
