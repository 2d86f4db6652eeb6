// What every format must keep, over the whole table: empty, cut anywhere, random bytes, twice the
// same; no event without a subject, no reject without a reason.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/text.h"
#include "ingest/formats.h"
#include "ingest/mapped.h"
#include "ingest/mappings.h"
#include "model/subject.h"
#include "test.h"
#include "wire/dialect.h"

namespace tocsin::ingest {
namespace {

struct Outcome {
  std::string printed;  // every event in native JSON, a line each
  std::size_t rejects = 0;
  bool readable = false;
};

// A mapping for each input, so that the generic formats do something.
std::string mapping_for(std::string_view format) {
  std::string head = fmt::format("input = \"{}\"\nrest = true\n", format);
  std::string fields =
      "[fields]\n\"source.ip|source.fqdn|source.url\" = \"a\"\n\"source.port\" = \"b\"\n";
  if (format == "csv" || format == "html_table")
    return head + "columns = [\"a\", \"b\", \"c\"]\n" + fields;
  if (format == "lines") return head + "patterns = ['^(?P<a>\\S+)\\s*(?P<b>\\S*)']\n" + fields;
  if (format == "xml") return head + "records = \"entry\"\n" + fields;
  return head + fields;
}

Outcome read(const Reader& reader, std::string_view bytes, std::string_view mapping,
             std::string_view name = "") {
  Outcome out;
  Dictionary words;
  auto print = wire::dialect("tocsin");
  auto batches = [&](EventBatch& batch) -> Result<void> {
    CHECK(batch.size() > 0);
    CHECK(batch.size() <= batch_events_max);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      print(out.printed, batch, i, words);
      out.printed += '\n';
    }
    CHECK(decode(encode(batch)));
    return {};
  };
  auto rejects = [&](const Reject& reject) {
    ++out.rejects;
    CHECK(!reject.why.what.empty());
    CHECK(reject.why.fault == Fault::invalid);
    CHECK(reject.bytes.size() <= 64 * 1024);
  };
  Sink sink(words, {.feed = words.id("test"), .received = times::parse("2026-06-01").value()},
            batches, rejects);
  auto done = reader({.bytes = bytes,
                      .name = name,
                      .feed = "test",
                      .url = {},
                      .mapping = mapping,
                      .schema = {},
                      .received = times::parse("2026-06-01").value()},
                     sink);
  if (!done) CHECK(!done.error().what.empty());
  out.readable = done.has_value();
  CHECK(sink.finish());
  return out;
}

struct Named {
  std::string name;
  Reader reader;
  std::string mapping;
};

std::vector<Named> all_formats() {
  std::vector<Named> out;
  for (const auto& entry : formats()) {
    std::string name(entry.name);
    bool generic = name == "csv" || name == "json" || name == "lines" || name == "key_value" ||
                   name == "html_table" || name == "xml";
    out.push_back({name, Reader(entry.plugin.read), generic ? mapping_for(name) : std::string()});
  }
  for (const auto& entry : shipped_mappings()) {
    auto reader = find_format(entry.name);
    CHECK_MESSAGE(reader, entry.name << ": " << (reader ? "" : reader.error().what));
    if (reader) out.push_back({std::string(entry.name), *reader, {}});
  }
  return out;
}

// Inputs: each golden test's here-documents, and texts that formats trip over.
std::vector<std::string> samples() {
  std::vector<std::string> out = {"192.0.2.7\n",
                                  "a,b,c\n192.0.2.7,80,x\n",
                                  "{\"source.ip\":\"192.0.2.7\"}\n",
                                  "[{\"a\":\"192.0.2.7\",\"b\":80}]",
                                  "<table><tr><td>192.0.2.7<td>80<td>x</table>",
                                  "<r><entry><a>192.0.2.7</a></entry></r>",
                                  "a=192.0.2.7 b=80\n",
                                  std::string("a\0b,c\n192.0.2.7\0,1\n", 20),
                                  "\xef\xbb\xbf"
                                  "192.0.2.7\r\n",
                                  "999.1.1.1\n",
                                  "\"open quote\n1,2\n",
                                  "{\"a\":",
                                  "[[[[[[[[[[[[[[[[[[",
                                  "\xff\xfe\x80 \xc3\x28\n",
                                  std::string(100'000, '['),
                                  std::string(300'000, 'x') + "\n"};
  std::filesystem::path golden =
      std::filesystem::path(TOCSIN_SOURCE_DIR) / "tests" / "golden" / "formats";
  for (const auto& file : std::filesystem::directory_iterator(golden)) {
    std::ifstream in(file.path());
    std::string line, text;
    bool inside = false;
    while (std::getline(in, line)) {
      if (!inside && line.starts_with("$ ") && line.contains("<<")) {
        inside = true;
      } else if (inside && line == "END") {
        out.push_back(std::exchange(text, {}));
        inside = false;
      } else if (inside) {
        text += line + "\n";
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every format reads nothing out of nothing") {
  for (const auto& format : all_formats()) {
    CAPTURE(format.name);
    CHECK(read(format.reader, "", format.mapping).printed.empty());
    CHECK(read(format.reader, "\n\r\n\n", format.mapping).printed.empty());
  }
}

TEST_CASE("every format reads the same twice, whatever it is given") {
  auto inputs = samples();
  for (const auto& format : all_formats()) {
    CAPTURE(format.name);
    for (const auto& input : inputs) {
      Outcome first = read(format.reader, input, format.mapping, "2026-01-02-scan_rdp-x.csv");
      Outcome again = read(format.reader, input, format.mapping, "2026-01-02-scan_rdp-x.csv");
      CHECK(first.printed == again.printed);
      CHECK(first.rejects == again.rejects);
      CHECK(text::is_utf8(first.printed));
    }
  }
}

TEST_CASE("every format survives a report that is cut anywhere") {
  auto inputs = samples();
  for (const auto& format : formats()) {
    CAPTURE(format.name);
    std::string mapping = mapping_for(format.name);
    for (const auto& input : inputs) {
      if (input.size() > 4096) continue;
      std::size_t step = std::max<std::size_t>(1, input.size() / 40);
      for (std::size_t size = 0; size < input.size(); size += step) {
        read(Reader(format.plugin.read), std::string_view(input).substr(0, size), mapping,
             "2026-01-02-scan_rdp-x.csv");
      }
    }
  }
}

TEST_CASE("every format survives random bytes") {
  std::mt19937 random(11);
  auto inputs = samples();
  for (const auto& format : all_formats()) {
    CAPTURE(format.name);
    for (int i = 0; i < 30; ++i) {
      std::string bytes = inputs[random() % inputs.size()].substr(0, 2000);
      for (auto changes = random() % 20; changes > 0 && !bytes.empty(); --changes) {
        bytes[random() % bytes.size()] = static_cast<char>(random());
      }
      read(format.reader, bytes, format.mapping, "2026-01-02-scan_rdp-x.csv");
    }
  }
}

TEST_CASE("a format is told from its name and content") {
  CHECK(detect_format("2026-01-02-scan_rdp-example-asn.csv", "") == "shadowserver");
  CHECK(detect_format("x", "192.0.2.1\n# a comment\n2001:db8::1\n") == "ip_list");
  CHECK(detect_format("x", "192.0.2.1\n198.51.100.0/24\n") == "cidr_list");
  CHECK(detect_format("x", "a.example.org\nb.example.org\n") == "domain_list");
  CHECK(detect_format("x", "http://a.example.org/\n") == "url_list");
  CHECK(detect_format("x", "d41d8cd98f00b204e9800998ecf8427e\n") == "hash_list");
  CHECK(detect_format("x", R"({"Format":"IDEA0"})") == "idea");
  CHECK(detect_format("x", R"([{"source.ip":"192.0.2.1"}])") == "intelmq");
  CHECK(detect_format("x", R"({"category":"bots","confidence":"low"})") == "n6");
  CHECK(detect_format("x", R"({"Event":{"Attribute":[]}})") == "misp");
  CHECK(detect_format("x", "# DataPlane.org - for operators\n") == "dataplane");
  CHECK(detect_format("x", "hello world\n") == "");
  CHECK(detect_format("", "") == "");
}

TEST_CASE("an unknown format is named with those near it") {
  auto none = find_format("ip_lst");
  REQUIRE(!none);
  CHECK(none.error().fault == Fault::missing);
  CHECK(none.error().what.contains("ip_list"));
  CHECK(!find_format("/no/such/mapping.toml"));
}

}  // namespace tocsin::ingest
