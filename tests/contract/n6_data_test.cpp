// The data set n6-parsers: what CERT Polska's n6 makes of the inputs of its sources.
#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "base/text.h"
#include "contract/data_compare.h"
#include "ingest/mapped.h"
#include "model/family.h"
#include "model/normal.h"
#include "test.h"

namespace tocsin::data {
namespace {

using simdjson::dom::element;

// n6's source, and our format for it. Shadowserver's are told by the source's prefix.
constexpr auto formats_of_sources = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"abuse-ch.ssl-blacklist", "sslbl"},
    {"abuse-ch.urlhaus-urls", "urlhaus_json"},
    {"cert-pl.shield", "cert_pl_shield"},
    {"dan-tv.tor", "tor_nodes"},
    {"malwarepatrol.malurl", "malwarepatrol"},
    {"openphish.web", "openphish"},
    {"sblam.spam", "sblam"},
    {"spam404-com.scam-list-bl", "spam404"},
    {"spamhaus.drop", "spamhaus_drop"},
    {"spamhaus.edrop", "spamhaus_drop"},
    {"testsource.misp", "misp"},
    {"tu-dresden-de.resolvers", "tu_dresden_resolvers"},
    {"withaname.ddosia", "withaname_ddosia"},
});

// n6's channel of a Shadowserver report, and the report's type where it is not the channel itself.
constexpr auto types_of_channels = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"sinkhole", "event4_sinkhole"},
    {"sandbox-url", "sandbox_url"},
    {"ntp-monitor", "scan_ntpmonitor"},
    {"natpmp", "scan_nat_pmp"},
    {"nat-pmp", "scan_nat_pmp"},
    {"netis", "scan_netis_router"},
    {"ldap", "scan_ldap_udp"},
    {"cisco-smart-install", "scan_cisco_smart_install"},
    {"mqtt", "scan_mqtt"},
    {"ics", "scan_ics"},
});

std::string text_of(element object, std::string_view key) {
  element found;
  if (object.get_object().at_key(key).get(found) || found.is_null()) return {};
  return found.is_string() ? std::string(std::string_view(found.get_string().value()))
                           : std::string(simdjson::minify(found));
}

// The manual source tells its columns and time format beside the data.
std::string manual_mapping(element root) {
  element info, base;
  REQUIRE(!root["extra_headers"]["meta"]["parsing_info"].get(info));
  REQUIRE(!root["extra_headers"]["meta"]["event_base"].get(base));
  std::string spec = text_of(info, "column_spec"), names, fields;
  for (std::string_view rest = spec; !rest.empty();) {
    std::string name(text::cut(rest, ','));
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name == "-" ? "" : name);
    if (name == "time")
      fields += fmt::format("\"time.source\" = {{column = \"time\", time = \"{}\"}}\n",
                            text_of(info, "time_format"));
    if (name == "ip") fields += "\"source.ip\" = \"ip\"\n";
    if (name == "dip") fields += "\"destination.ip\" = \"dip\"\n";
    if (name == "fqdn") fields += "\"source.fqdn\" = \"fqdn\"\n";
  }
  return fmt::format(
      "input = \"csv\"\nzone = \"UTC\"\ndelimiter = \"{}\"\ncomments = [\"{}\"]\ncolumns = "
      "[{}]\n[fields]\n{}"
      "[constants]\n\"classification.type\" = \"infected-system\"\n",
      text_of(info, "field_separator"), text_of(info, "comment_prefix"), names, fields);
}

struct Chosen {
  ingest::Reader reader;
  std::string name;  // the report's file name
};

Result<Chosen> choose(element root) {
  std::string source = text_of(root, "source");
  if (source == "manual.pl") {
    auto mapping =
        std::make_shared<ingest::Mapping>(TRY(ingest::parse_mapping(manual_mapping(root), source)));
    return Chosen{[mapping](const ingest::Report& report, ingest::Sink& sink) {
                    return ingest::read_mapped(*mapping, report, sink);
                  },
                  ""};
  }
  std::string_view channel = source;
  text::cut(channel, '.');
  if (source.starts_with("shadowserver.")) {
    std::string type = "scan_" + std::string(channel);
    for (char& c : type) c = c == '-' ? '_' : c;
    for (auto [known, real] : types_of_channels) {
      if (known == channel) type = real;
    }
    return Chosen{TRY(ingest::find_format("shadowserver")), "2026-01-01-" + type + "-example.csv"};
  }
  if (source.starts_with("dataplane.")) return Chosen{TRY(ingest::find_format("dataplane")), ""};
  for (auto [known, format] : formats_of_sources) {
    if (known == source) return Chosen{TRY(ingest::find_format(format)), ""};
  }
  return missing("no format for " + source);
}

bool has(const Flat& event, std::string_view wanted, std::initializer_list<const char*> keys) {
  for (auto key : keys) {
    auto found = event.find(key);
    if (found != event.end() && text::equal_fold(found->second, wanted)) return true;
  }
  return false;
}

// The input's line that an event was made of.
std::string_view row_with(std::string_view raw, const Flat& event) {
  auto ip = event.find("source.ip");
  if (ip == event.end()) return raw;
  for (auto [number, line] : text::numbered_lines(raw)) {
    if (line.contains(ip->second)) return line;
  }
  return raw;
}

// Whether our event says what n6's record says; "" or what it does not.
std::string lacks(element wanted, const Flat& got, const std::string& received,
                  const std::string& raw) {
  auto text = [&](const char* key) { return text_of(wanted, key); };
  auto time = [](const std::string& value) {
    auto parsed = times::parse(value);
    return parsed ? times::format(*parsed / us_per_s * us_per_s) : value;
  };
  // Lists: `time` is when n6 fetched, `_bl-time` when the list was made.
  std::string ours = got.contains("time.source") ? time(got.at("time.source")) : time(received);
  if (ours != time(text("time")) && ours != time(text("_bl-time")))
    return fmt::format("time: {}", ours);
  element address;
  if (!wanted.get_object().at_key("address").get(address)) {
    std::string ip = text_of(address.get_array().at(0).value(), "ip");
    std::string network = text("ip_network");
    auto parsed = ip::parse_network(network);
    bool listed = parsed && has(got, ip::format(*parsed), {"source.network"});
    if (!listed && !has(got, ip, {"source.ip", "destination.ip"})) return "address: " + ip;
  }
  if (auto url = text("url"); !url.empty()) {
    auto canonical = normal::url(url);
    if (!canonical || !has(got, *canonical, {"source.url", "destination.url"}))
      return "url: " + url;
  }
  if (auto name = text("fqdn");
      !name.empty() && !has(got, name, {"source.fqdn", "destination.fqdn"})) {
    // A name that n6 cut out of the URL, which we keep whole.
    auto url = got.find("source.url");
    if (url == got.end() || normal::url_host(url->second) != name) return "fqdn: " + name;
  }
  for (auto key : {"sport", "dport"}) {
    if (auto port = text(key);
        !port.empty() && !has(got, port, {"source.port", "destination.port"}))
      return std::string(key) + ": " + port;
  }
  // A row that tells no protocol has n6's constant.
  std::string quoted_protocol = "\"" + text("proto") + "\"";
  std::string_view row = row_with(raw, got);
  bool told_protocol = got.contains("protocol.transport") || row.contains(quoted_protocol);
  if (told_protocol && !has(got, text("proto"), {"protocol.transport"}) && !text("proto").empty()) {
    return "proto: " + text("proto");
  }
  for (auto [key, field] : {std::pair{"md5", "malware.hash.md5"},
                            {"sha1", "malware.hash.sha1"},
                            {"sha256", "malware.hash.sha256"}}) {
    if (auto value = text(key); !value.empty() && !has(got, value, {field}))
      return std::string(key) + ": " + value;
  }
  // A name that stands in the input, not one that n6 gives to all of a source.
  if (auto label = text::lower(text("name")); !label.empty() && raw.contains(label)) {
    bool told = false;
    for (const auto& [key, value] : got) told = told || text::lower(value).contains(label);
    if (!told && canonical_family(label) !=
                     canonical_family(got.contains("malware.name") ? got.at("malware.name") : "")) {
      return "name: " + label;
    }
  }
  return {};
}

std::string match(element expected, const std::vector<Flat>& events, const std::string& received,
                  const std::string& raw) {
  // n6 knows IPv4 only: it leaves out what is at an IPv6 address.
  std::vector<const Flat*> got;
  for (const auto& event : events) {
    auto ip = event.find("source.ip");
    if (ip == event.end() || !ip->second.contains(':')) got.push_back(&event);
  }
  // As sets: of one row n6 makes two records where a tag names a vulnerability, we one event.
  std::vector<bool> used(got.size());
  simdjson::dom::array records = expected.get_array().value();
  for (element wanted : records) {
    std::string why = "no event";
    bool found = false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      std::string now = lacks(wanted, *got[i], received, raw);
      if (now.empty()) used[i] = found = true;
      if (why == "no event") why = now;
    }
    if (!found) return why;
  }
  auto more = std::ranges::count(used, false);
  return more == 0 ? std::string() : fmt::format("{} events that n6 does not have", more);
}

}  // namespace

TEST_CASE("sources that n6 reads give the same events here") {
  std::string root = folder("n6-parsers");
  if (root.empty()) return;
  // docs/formats-coverage.md says why these differ: file and number of the case, from 0.
  const std::set<std::string> known = {"misp.TestMispParser.json 0",
                                       "openphish.TestOpenphishWebParser.json 0"};
  std::size_t total = 0, matched = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() != ".json") continue;
    simdjson::dom::parser parser;
    element one;
    std::string json = file(entry.path().string());
    REQUIRE(parser.parse(json).get(one) == simdjson::SUCCESS);
    std::string received = text_of(one, "message_created");
    auto chosen = choose(one);
    int number = 0;
    simdjson::dom::array cases = one["cases"].get_array().value();
    for (element test : cases) {
      std::string name = fmt::format("{} {}", entry.path().filename().string(), number++), why;
      ++total;
      if (!chosen) {
        why = chosen.error().what;
      } else {
        std::string raw = text_of(test, "raw");
        Read done = read(chosen->reader,
                         {.bytes = raw,
                          .name = chosen->name,
                          .feed = {},
                          .url = {},
                          .mapping = {},
                          .schema = {},
                          .received = times::parse(received).value()},
                         "");
        why = match(test["expected"].value(), done.events, received, text::lower(raw));
        if (!why.empty() && !done.error.empty()) why += "; " + done.error;
        if (!why.empty() && !done.rejects.empty()) why += "; " + done.rejects[0];
      }
      matched += why.empty();
      CHECK_MESSAGE(why.empty() != known.contains(name), name << ": " << why);
    }
  }
  MESSAGE("n6-parsers: matched " << matched << ", claimed " << total - known.size() << ", total "
                                 << total);
  CHECK(matched * 100 >= total * 95);
}

}  // namespace tocsin::data
