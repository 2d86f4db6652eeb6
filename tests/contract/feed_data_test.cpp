// The data set feed-parsers: what IntelMQ's parsers make of samples of feeds.
#include <fmt/format.h>

#include <filesystem>

#include "base/text.h"
#include "data_compare.h"
#include "ingest/mapped.h"
#include "test.h"

namespace tocsin::data {
namespace {

using simdjson::dom::element;

// Upstream's parser, and our format for what it reads.
constexpr auto formats_of_bots = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"alienvault.parser", "alienvault_reputation"},
    {"anubisnetworks.parser", "anubisnetworks"},
    {"blueliv.parser_crimeserver", "blueliv_crimeserver"},
    {"cert_eu.parser_csv", "cert_eu"},
    {"cleanmx.parser", "cleanmx"},
    {"cymru.parser_cap_program", "cymru_cap"},
    {"cymru.parser_full_bogons", "fullbogons"},
    {"cznic.parser_haas", "haas"},
    {"danger_rulez.parser", "danger_rulez"},
    {"dataplane.parser", "dataplane"},
    {"dshield.parser_block", "dshield_block"},
    {"dyn.parser", "ponmocup"},
    {"eset.parser", "eset_domains"},
    {"fraunhofer.parser_dga", "fraunhofer_dga"},
    {"hibp.parser_callback", "hibp"},
    {"json.parser", "intelmq"},
    {"malwareurl.parser", "malwareurl"},
    {"microsoft.parser_bingmurls", "microsoft_bing"},
    {"n6.parser_n6stomp", "n6"},
    {"openphish.parser_commercial", "openphish_commercial"},
    {"phishtank.parser", "phishtank"},
    {"spamhaus.parser_drop", "spamhaus_drop"},
    {"surbl.parser", "surbl"},
    {"turris.parser", "turris_greylist"},
    {"zoneh.parser", "zoneh"},
});

std::string text_of(element object, std::string_view key) {
  element found;
  if (object.get_object().at_key(key).get(found) || found.is_null()) return {};
  return found.is_string() ? std::string(std::string_view(found.get_string().value()))
                           : std::string(simdjson::minify(found));
}

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// `time_format` of IntelMQ's generic parsers. A time without a format is one that people read; in
// these samples RFC 3339, or month and day.
std::string time_of(const std::string& format) {
  if (format == "epoch_millis") return "\"epoch_any\"";
  std::size_t bar = format.find('|');
  if (bar != std::string::npos) return toml_text(format.substr(bar + 1));
  return R"(["iso", "%m-%d"])";
}

// The columns of generic.parser_csv and html_table.parser, as a list or divided by commas.
std::vector<std::string> columns_of(element parameters) {
  std::vector<std::string> out;
  element columns;
  if (parameters.get_object().at_key("columns").get(columns)) return out;
  simdjson::dom::array list;
  if (!columns.get(list)) {
    for (element one : list) out.emplace_back(std::string_view(one.get_string().value()));
    return out;
  }
  std::string whole(std::string_view(columns.get_string().value()));
  for (std::string_view rest = whole; !rest.empty();) out.emplace_back(text::cut(rest, ','));
  return out;
}

// A mapping that does what a generic parser's parameters say.
std::string generic_mapping(element parameters, std::string_view input) {
  auto columns = columns_of(parameters);
  auto parameter = [&](std::string_view key) { return text_of(parameters, key); };
  std::string names, fields, required;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names += fmt::format("{}\"{}\"", i == 0 ? "" : ", ",
                         columns[i] == "__IGNORE__" ? "" : fmt::format("c{}", i));
    if (columns[i] == "__IGNORE__") continue;
    std::string more;
    if (columns[i] == "source.url") more += ", scheme = \"http\"";  // upstream's default
    if (columns[i] == "time.source") more += ", time = " + time_of(parameter("time_format"));
    if (parameter("data_type").contains("\"" + columns[i] + "\":\"json\""))
      more += ", as = \"json\"";
    if (parameter("split_column") == columns[i]) more += ", regex = '\\[D\\](.*)'";
    fields += fmt::format("\"{}\" = {{column = \"c{}\"{}}}\n", columns[i], i, more);
    if (required.empty() && columns[i].starts_with("source.")) required = columns[i];
  }
  std::string out =
      fmt::format("input = \"{}\"\ncolumns = [{}]\nzone = \"UTC\"\nrequired = [\"{}\"]\n", input,
                  names, required);
  if (input == "csv") out += "comments = [\"#\"]\n";
  for (auto key : {"skip_header", "skip_head", "skip_table_head"}) {
    if (parameter(key) == "true") out += "header = true\n";
  }
  if (!parameter("delimiter").empty())
    out += "delimiter = " + toml_text(parameter("delimiter")) + "\n";
  if (parameter("filter_type") == "blacklist") {
    out += fmt::format("[[rule]]\nwhen = {{column = \"c3\", matches = '{}'}}\nskip = true\n",
                       parameter("filter_text"));
  }
  out += "[fields]\n" + fields + "[constants]\n";
  if (!parameter("type").empty())
    out += "\"classification.type\" = " + toml_text(parameter("type")) + "\n";
  element defaults;
  if (!parameters.get_object().at_key("default_fields").get(defaults) && defaults.is_object()) {
    simdjson::dom::object members = defaults.get_object().value();
    for (auto member : members) {
      out += fmt::format("\"{}\" = {}\n", std::string_view(member.key),
                         toml_text(text_of(defaults, member.key)));
    }
  }
  return out;
}

std::string key_value_mapping(element parameters) {
  std::string out = "input = \"key_value\"\n";
  std::string separator = text_of(parameters, "pair_separator");
  if (!separator.empty()) out += "pair_separator = " + toml_text(separator) + "\n";
  if (text_of(parameters, "strip_quotes") == "false") out += "keep_quotes = true\n";
  out += "[fields]\n";
  element keys;
  REQUIRE(!parameters.get_object().at_key("keys").get(keys));
  simdjson::dom::object members = keys.get_object().value();
  for (auto member : members) {
    out +=
        fmt::format("\"{}\" = \"{}\"\n", text_of(keys, member.key), std::string_view(member.key));
  }
  return out;
}

// The format for a case: by its parser, or made of its parameters.
Result<ingest::Reader> reader_for(element root, const std::string& feed_url) {
  std::string bot = text_of(root, "bot").substr(std::string_view("intelmq.bots.parsers.").size());
  element parameters = root.get_object().at_key("parameters").value();
  std::string mapping;
  if (bot == "generic.parser_csv") mapping = generic_mapping(parameters, "csv");
  if (bot == "html_table.parser") mapping = generic_mapping(parameters, "html_table");
  if (bot == "key_value.parser") mapping = key_value_mapping(parameters);
  if (!mapping.empty()) {
    auto parsed = std::make_shared<ingest::Mapping>(TRY(ingest::parse_mapping(mapping, bot)));
    return ingest::Reader([parsed](const ingest::Report& report, ingest::Sink& sink) {
      return ingest::read_mapped(*parsed, report, sink);
    });
  }
  if (bot == "bambenek.parser") {
    return ingest::find_format(feed_url.contains("dga") ? "bambenek_dga" : "bambenek_c2_ip");
  }
  if (bot == "shodan.parser") {
    return ingest::find_format(text_of(parameters, "minimal_mode") == "true" ? "shodan_minimal"
                                                                             : "shodan");
  }
  if (bot == "microsoft.parser_ctip") {
    bool keep = text_of(parameters, "overwrite") == "false";
    return ingest::find_format(keep ? "microsoft_ctip_azure" : "microsoft_ctip_azure_feeds");
  }
  for (auto [known, format] : formats_of_bots) {
    if (known == bot) return ingest::find_format(format);
  }
  return missing("no format for " + bot);
}

// The expected events, without what is not the parser's: when it ran, the raw bytes, and what the
// feed's configuration gives to each event.
std::vector<Flat> wanted_events(const std::string& path, element report) {
  std::vector<Flat> out;
  simdjson::dom::parser parser;
  std::string lines = file(path);
  for (auto [number, line] : text::numbered_lines(lines)) {
    element root;
    REQUIRE(parser.parse(line.data(), line.size()).get(root) == simdjson::SUCCESS);
    Flat event = flat(root);
    event.erase("time.observation");
    event.erase("raw");
    event.erase("feed.url");
    simdjson::dom::object attributes = report.get_object().value();
    for (auto attribute : attributes) {
      std::string key(attribute.key);
      if (event.contains(key) && event[key] == canonical(key, attribute.value)) event.erase(key);
    }
    // Upstream multiplies a row's confidence with the feed's accuracy.
    std::string accuracy = text_of(report, "feed.accuracy");
    if (auto feed = text::decimal(accuracy); feed && event.contains("feed.accuracy")) {
      event["feed.accuracy"] =
          fmt::format("{}", *text::decimal(event["feed.accuracy"]) * 100 / *feed);
    }
    out.push_back(std::move(event));
  }
  return out;
}

// "" if the case holds, else why not.
std::string run(const std::filesystem::path& folder) {
  simdjson::dom::parser parser;
  element root;
  std::string json = file((folder / "case.json").string());
  REQUIRE(parser.parse(json).get(root) == simdjson::SUCCESS);
  simdjson::dom::array reports = root.get_object().at_key("reports").get_array().value();
  std::vector<Flat> got;
  std::string why;
  for (element report : reports) {
    std::string url = text_of(report, "feed.url"), feed = text_of(report, "feed.name");
    auto reader = reader_for(root, url);
    if (!reader) return reader.error().what;
    std::string bytes = file((folder / text_of(report, "raw_file")).string());
    // Read in the year in which upstream's tests ran: dates without a year take it from there.
    Read done = read(*reader,
                     {.bytes = bytes,
                      .name = {},
                      .feed = feed,
                      .url = url,
                      .mapping = {},
                      .schema = {},
                      .received = times::parse("2026-06-01").value()},
                     feed);
    got.insert(got.end(), done.events.begin(), done.events.end());
    if (!done.error.empty()) why = done.error;
    if (why.empty() && !done.rejects.empty()) why = done.rejects[0];
  }
  auto wanted = wanted_events((folder / "expected.jsonl").string(), reports.at(0).value());
  std::string lacks = unmatched(wanted, got);
  if (!lacks.empty()) return why.empty() ? lacks : lacks + "; " + why;
  std::size_t upstream = text::number(text_of(root, "upstream_events")).value();
  bool all_asserted = wanted.size() == upstream;  // else more may come, or fewer
  if (all_asserted && got.size() != upstream) {
    return fmt::format("{} events, upstream has {}", got.size(), upstream);
  }
  return {};
}

}  // namespace

TEST_CASE("feeds that IntelMQ reads give the same events here") {
  std::string root = folder("feed-parsers");
  if (root.empty()) return;
  // docs/formats-coverage.md says why these differ.
  const std::vector<std::string> known = {"json/parser.oneline_report", "surbl/surbl.event"};
  std::size_t total = 0, matched = 0;
  for (const auto& family : std::filesystem::directory_iterator(root)) {
    if (!family.is_directory()) continue;
    for (const auto& one : std::filesystem::directory_iterator(family)) {
      std::string name = family.path().filename().string() + "/" + one.path().filename().string();
      CAPTURE(name);
      ++total;
      std::string why = run(one.path());
      matched += why.empty();
      bool expected = std::ranges::find(known, name) == known.end();
      CHECK_MESSAGE(why.empty() == expected, name << ": " << why);
    }
  }
  MESSAGE("feed-parsers: matched " << matched << ", claimed " << total - known.size() << ", total "
                                   << total);
  CHECK(matched * 100 >= total * 95);
}

}  // namespace tocsin::data
