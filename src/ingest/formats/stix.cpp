// stix: STIX 2.1 bundles and TAXII envelopes: observed-data with their observables, and indicators
// of plain patterns. Source: OASIS STIX Version 2.1; docs/stix.md.
#include <algorithm>

#include "base/text.h"
#include "ingest/json_event.h"
#include "ingest/json_report.h"
#include "wire/stix_check.h"
#include "wire/stix_event.h"
#include "wire/stix_object.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

struct Placed {
  std::size_t line;
  std::string_view bytes;
};

// Where each object stands in the record.
std::vector<Placed> places(const ParsedRecord& record, const std::vector<std::string_view>& all) {
  std::vector<Placed> out;
  const char* from = record.bytes.data();
  std::size_t line = record.line;
  for (std::string_view one : all) {
    line += static_cast<std::size_t>(std::count(from, one.data(), '\n'));
    from = one.data();
    out.push_back({line, one});
  }
  return out;
}

Result<void> one_event(Sink& sink, const wire::StixEvent& event, const Placed& place) {
  sink.event(place.line);
  sink.record(place.bytes);
  if (!event.native.empty()) {
    simdjson::dom::parser parser;
    element native;
    if (parser.parse(event.native).get(native)) return invalid("an event that is no JSON");
    sink.roles({});  // what it does not say of an end, nobody has said
    TRY(event_members(sink, native));
    if (sink.takes_recalls()) sink.extra("stix_id", event.id);
    std::string_view said;
    if (!native["classification"]["taxonomy"].get(said))
      TRY(sink.set(Field::classification_taxonomy, said));
  } else {
    sink.type(event.type.value_or(Type::undetermined));
    for (const auto& [field, text] : event.fields) {
      if (!sink.has(field)) TRY(sink.set(field, text));
    }
    for (const auto& [name, json] : event.extra) sink.extra_json(name, json);
  }
  // Whatever the event says of itself, the object's marking holds.
  Tlp own = sink.batch().tlp.back(), marked = event.marking.tlp;
  if (marked != Tlp::unmarked && (own == Tlp::unmarked || marked > own)) sink.tlp(marked);
  sink.extra("pap", name(event.marking.pap));
  return {};
}

Result<void> take(Sink& sink, const ParsedRecord& record) {
  object root;
  if (record.root.get(root)) return invalid("not STIX: no object");
  std::vector<element> elements;
  std::vector<Placed> all = {{record.line, record.bytes}};
  simdjson::dom::array list;
  bool old = wire::stix_text(root, "spec_version") == "2.0";
  if (!root.at_key("objects").get(list)) {
    for (element one : list) elements.push_back(one);
    all = places(record, TRY(wire::stix_objects_in(record.bytes)));
  } else if (wire::stix_has(root, "id") && wire::stix_text(root, "type") != "bundle") {
    elements.push_back(record.root);
  } else if (wire::stix_text(root, "type") == "bundle") {
    return {};  // of nothing
  } else {
    return invalid("not STIX: neither a list \"objects\" nor an object with an id");
  }
  if (all.size() != elements.size()) return invalid("a bundle whose objects cannot be told apart");
  std::vector<object> good;
  std::vector<Placed> where;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    auto verdict = wire::check_stix(elements[i], old);
    object one;
    if (verdict.valid() && !elements[i].get(one)) {
      if (bool revoked = false; wire::stix_text(one, "type") == "observed-data" &&
                                !one.at_key("revoked").get(revoked) && revoked)
        sink.recall(wire::stix_text(one, "id"));
      good.push_back(one);
      where.push_back(all[i]);
    } else {
      sink.reject(all[i].line, {Fault::invalid, verdict.breaches[0].text()}, all[i].bytes);
    }
  }
  // A partner's indicators are claims, and no events beside.
  auto is_claim = [&](std::string_view id) {
    return sink.takes_recalls() && (id.starts_with("indicator--") || id.starts_with("sighting--"));
  };
  auto opaque = wire::stix_events(good, [&](const wire::StixEvent& event) {
    const Placed& place = where[event.place];
    if (is_claim(event.id)) return;
    if (auto done = one_event(sink, event, place); !done)
      sink.reject(place.line, done.error(), place.bytes);
  });
  for (std::size_t i : opaque) {
    std::string what(wire::stix_text(good[i], "id"));
    if (is_claim(what)) continue;
    sink.reject(where[i].line, {Fault::invalid, what + ": nothing that an event could be of"},
                where[i].bytes);
  }
  return {};
}

}  // namespace

Format stix() {
  return {.summary = "STIX 2.1 bundles: observed data, and indicators of plain patterns (JSON)",
          .read = [](const Report& report, Sink& sink) {
            return each_json(report, "", sink,
                             [&](const ParsedRecord& record) { return take(sink, record); });
          }};
}

}  // namespace tocsin::ingest
