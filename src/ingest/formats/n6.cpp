// n6: events of CERT Polska's n6, from its REST API or stream: a JSON list or a line each, or its
// CSV with twelve columns.
// Source: n6 documentation, "n6 REST API" and its event model; ../docs/formats.md.
#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/json_report.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

struct CategoryRow {
  std::string_view category;
  Type type;
  std::string_view identifier;  // "": the category's own name
};

constexpr auto categories = std::to_array<CategoryRow>({
    {"amplifier", Type::ddos_amplifier, ""},
    {"backdoor", Type::system_compromise, ""},
    {"bots", Type::infected_system, ""},
    {"cnc", Type::c2_server, "c&c server"},
    {"deface", Type::unauthorised_information_modification, ""},
    {"dns-query", Type::other, ""},
    {"dos-attacker", Type::ddos, ""},
    {"dos-victim", Type::ddos, ""},
    {"exposed", Type::potentially_unwanted_accessible, ""},
    {"flow", Type::other, ""},
    {"flow-anomaly", Type::ids_alert, ""},
    {"fraud", Type::masquerade, ""},
    {"leak", Type::data_leak, ""},
    {"malurl", Type::malware_distribution, ""},
    {"malware-action", Type::malware_configuration, ""},
    {"other", Type::other, ""},
    {"phish", Type::phishing, ""},
    {"proxy", Type::proxy, ""},
    {"sandbox-url", Type::malware_distribution, ""},
    {"scam", Type::masquerade, ""},
    {"scanning", Type::scanner, ""},
    {"server-exploit", Type::exploit, ""},
    {"spam", Type::spam, ""},
    {"spam-url", Type::spam, ""},
    {"tor", Type::tor, ""},
    {"vulnerable", Type::vulnerable_system, ""},
    {"webinject", Type::malware_configuration, ""},
});

// Fields that stand for themselves.
struct FieldName {
  std::string_view n6;
  Field field;
};
constexpr auto fields_of_n6 = std::to_array<FieldName>({
    {"dip", Field::destination_ip},
    {"dport", Field::destination_port},
    {"fqdn", Field::source_fqdn},
    {"md5", Field::malware_hash_md5},
    {"proto", Field::protocol_transport},
    {"sha1", Field::malware_hash_sha1},
    {"sha256", Field::malware_hash_sha256},
    {"sport", Field::source_port},
    {"target", Field::event_description_target},
    {"time", Field::time_source},
    {"url", Field::source_url},
});

// Categories whose `name` is a malware family; for the others it names the service or the list.
bool names_malware(std::string_view category) {
  return category == "bots" || category == "cnc" || category == "malurl" ||
         category == "malware-action" || category == "sandbox-url" || category == "webinject" ||
         category == "backdoor";
}

Tlp marking(std::string_view restriction) {
  if (restriction == "public") return Tlp::clear;
  if (restriction == "need-to-know") return Tlp::amber;
  return Tlp::red;
}

bool is_blacklist_entry(element record) {
  return json_scalar(record, "type").starts_with("bl");
}

void own_fields(Sink& sink, element record, std::string_view category) {
  for (auto [key, target] :
       {std::pair{"id", "feed_id"}, {"source", "feed_source"}, {"confidence", "confidence"}}) {
    sink.extra(target, json_scalar(record, key));
  }
  std::string expires = json_scalar(record, "expires");
  if (!expires.empty()) {
    auto time = times::parse(expires);
    sink.extra("expires", time ? times::format(*time) : expires);
  }
  simdjson::dom::object all;
  if (record.get(all)) return;
  constexpr auto taken =
      std::to_array<std::string_view>({"address", "category", "confidence", "expires", "id", "name",
                                       "restriction", "source", "type"});
  for (auto member : all) {
    bool known = member.key.starts_with("_");
    for (auto key : taken) known = known || member.key == key;
    for (const auto& row : fields_of_n6) known = known || member.key == row.n6;
    if (!known) keep_json(sink, member.key, member.value);
  }
  std::string name = json_scalar(record, "name");
  if (names_malware(category)) {
    sink.set_or_keep(Field::malware_name, name);
  } else {
    sink.extra("name", name);
  }
}

Result<void> one_event(Sink& sink, const ParsedRecord& record, const element* address) {
  sink.event(record.line);
  sink.record(record.bytes);
  std::string category = json_scalar(record.root, "category");
  const CategoryRow* row = nullptr;
  for (const auto& known : categories) {
    if (known.category == category) row = &known;
  }
  if (row == nullptr) return invalid("no n6 category: " + text::quote(category));
  bool listed = is_blacklist_entry(record.root) && row->type == Type::other;
  sink.type(listed ? Type::blacklist : row->type);
  if (std::string name = json_scalar(record.root, "name"); !listed || !name.empty()) {
    std::string identifier(row->identifier.empty() ? row->category : row->identifier);
    if (!names_malware(category) && !name.empty()) identifier = text::lower(name);
    TRY(sink.set(Field::classification_identifier, identifier));
  }
  for (const auto& known : fields_of_n6) {
    std::string text = json_scalar(record.root, known.n6);
    if (known.field == Field::time_source) {
      TRY(sink.set(known.field, text));
    } else {
      sink.set_or_keep(known.field, text);
    }
  }
  if (address != nullptr) {
    std::string ip = json_scalar(*address, "ip");
    if (ip.empty()) ip = json_scalar(*address, "ipv6");
    TRY(sink.set(Field::source_ip, ip));
    sink.set_or_keep(Field::source_asn, json_scalar(*address, "asn"));
    sink.set_or_keep(Field::source_geolocation_cc, json_scalar(*address, "cc"));
  }
  // Who is at the other end of a bot: where a sensor of the reporter stands, no controller.
  std::string origin = json_scalar(record.root, "origin");
  Roles roles = usual_roles(row->type);
  if (origin == "c2" && row->type == Type::infected_system) sink.roles(roles);
  if (origin == "sinkhole") sink.roles({roles.source, Role::sinkhole});
  if (origin == "honeypot" || origin == "darknet") sink.roles({roles.source, Role::sensor});
  std::string restriction = json_scalar(record.root, "restriction");
  if (!restriction.empty()) sink.tlp(marking(restriction));
  own_fields(sink, record.root, category);
  return {};
}

Result<void> take_record(Sink& sink, const ParsedRecord& record) {
  if (!record.root.is_object()) return invalid("not an event: no object");
  std::size_t addresses = 0;
  Result<void> done;
  each_of(record.root, "address", [&](element address) {
    ++addresses;
    if (done) done = one_event(sink, record, &address);
  });
  return addresses == 0 ? one_event(sink, record, nullptr) : done;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    if (auto word = text::cut(text, ' '); !word.empty()) words.push_back(word);
  }
  return words;
}

// "tcp from port 4444 to 198.51.100.1:80 target bank.example": what n6 says of the other end in its
// CSV's last column.
void add_details(json::Writer& w, std::string_view details) {
  auto words = words_of(details);
  std::size_t i = 0;
  auto is = [&](std::size_t at, std::string_view word) {
    return at < words.size() && words[at] == word;
  };
  if (!words.empty() && words[0] != "from" && words[0] != "to" && words[0] != "target")
    w.member("proto", words[i++]);
  if (is(i, "from") && is(i + 1, "port") && i + 2 < words.size()) {
    w.member("sport", words[i + 2]);
    i += 3;
  }
  if (is(i, "to") && is(i + 1, "port") && i + 2 < words.size()) {
    w.member("dport", words[i + 2]);
    i += 3;
  } else if (is(i, "to") && i + 1 < words.size()) {
    std::string_view end = words[i + 1], address = text::cut(end, ':');
    w.member("dip", address);
    if (!end.empty()) w.member("dport", end);
    i += 2;
  }
  if (!is(i, "target") || i + 1 >= words.size()) return;
  w.member("target", std::string_view(words[i + 1].data(), details.end()));
}

// One line of the CSV as the JSON that n6 has for it. Several addresses stand in one cell; their AS
// and country are known where there are as many of them.
std::string json_of_line(std::span<const std::string> names,
                         std::span<const std::string_view> fields) {
  auto cell = [&](std::string_view name) -> std::string_view {
    for (std::size_t i = 0; i < names.size() && i < fields.size(); ++i) {
      if (names[i] == name) return fields[i];
    }
    return {};
  };
  json::Writer w;
  w.object();
  for (std::size_t i = 0; i < names.size() && i < fields.size(); ++i) {
    const auto& name = names[i];
    if (fields[i].empty() || name == "ip" || name == "asn" || name == "cc" || name == "details")
      continue;
    w.member(name, fields[i]);
  }
  auto ips = words_of(cell("ip")), asns = words_of(cell("asn")), ccs = words_of(cell("cc"));
  if (!ips.empty()) w.key("address").list();
  for (std::size_t i = 0; i < ips.size(); ++i) {
    w.object().member("ip", ips[i]);
    if (asns.size() == ips.size()) w.member("asn", asns[i]);
    if (ccs.size() == ips.size()) w.member("cc", ccs[i]);
    w.end();
  }
  if (!ips.empty()) w.end();
  add_details(w, cell("details"));
  w.end();
  return w.take();
}

Result<void> read_csv(const Report& report, Sink& sink) {
  csv::Reader reader(report.bytes);
  std::vector<std::string> names;
  simdjson::dom::parser parser;
  for (auto step = reader.next(); step != csv::Step::end && !sink.stopped(); step = reader.next()) {
    if (step == csv::Step::wrong) {
      sink.reject(reader.line(), reader.error(), reader.bytes());
      continue;
    }
    if (names.empty()) {
      names.assign(reader.fields().begin(), reader.fields().end());
      continue;
    }
    ParsedRecord record{reader.line(), reader.bytes(), {}};
    auto json = json_of_line(names, reader.fields());
    Result<void> done;
    if (reader.fields().size() > names.size()) done = invalid("more fields than the header has");
    if (done && parser.parse(json).get(record.root)) done = invalid("not UTF-8");
    if (done) done = take_record(sink, record);
    if (!done) sink.reject(reader.line(), done.error(), reader.bytes());
  }
  return {};
}

bool is_csv(std::string_view bytes) {
  csv::Reader reader(bytes.substr(0, bytes.find('\n')));
  if (reader.next() != csv::Step::record) return false;
  auto names = reader.fields();
  auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  return has("time") && has("category");
}

Result<void> read(const Report& report, Sink& sink) {
  if (is_csv(report.bytes)) return read_csv(report, sink);
  return each_json(report, "", sink, [&](const ParsedRecord& record) -> Result<void> {
    return take_record(sink, record);
  });
}

}  // namespace

Format n6() {
  return {.summary = "events of CERT Polska's n6 (JSON, or its CSV)", .read = read};
}

}  // namespace tocsin::ingest
