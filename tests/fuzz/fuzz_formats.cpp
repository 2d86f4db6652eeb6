// Fuzzes every format, shipped mappings too: the input's first line names one, the rest is the
// report. tools/fuzz_seeds.py makes seeds of that shape from the golden tests.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "ingest/formats.h"
#include "ingest/list.h"
#include "model/dictionary.h"
#include "wire/dialect.h"

namespace tocsin::ingest {
namespace {

struct Named {
  std::string name;
  Reader read;
};

// A mapping for the formats that need one: a bit of everything that mapping files can say.
std::string mapping_for(std::string_view format) {
  std::string head = "input = \"" + std::string(format) + "\"\nrest = true\nzone = \"UTC\"\n";
  std::string fields =
      "[fields]\n\"source.ip|source.network|source.fqdn|source.url\" = \"a\"\n"
      "\"source.port\" = \"b\"\n"
      "\"time.source\" = {column = \"c\", time = [\"iso\", \"epoch_any\", \"%d.%m %H:%M\"]}\n"
      "\"extra.keys\" = {column = \"d\", as = \"keys\"}\n";
  if (format == "csv" || format == "html_table") {
    head += "columns = [\"a\", \"b\", \"c\", \"d\"]\ncomments = [\"#\"]\nsplit = {d = \",\"}\n";
  } else if (format == "lines") {
    head += "patterns = ['^(?P<a>\\S+)\\s*(?P<b>\\S*)']\ncontext = ['^= (?P<c>.*)']\n";
  } else if (format == "xml") {
    head += "records = \"e\"\n";
  } else if (format == "json") {
    head += "explode = [\"a\"]\n[[nested]]\ncolumn = \"b\"\nbase64 = true\nrest = \"b.\"\n";
  } else if (format != "key_value") {
    return {};
  }
  return head + fields;
}

std::vector<Named> all_readers() {
  std::vector<Named> readers;
  for (const auto& known : known_formats()) {
    auto found = find_format(known.name);
    check(found.has_value(), "a listed format is found");
    readers.push_back({std::string(known.name), *found});
  }
  check(!readers.empty(), "there is a format");
  return readers;
}

// The one that `name` names, or any, but always the same.
const Named& pick(const std::vector<Named>& readers, std::string_view name) {
  for (const auto& reader : readers) {
    if (reader.name == name) return reader;
  }
  return readers[hash64(name) % readers.size()];
}

// What is told to be a list is one: its reader takes each of the entries that told it.
void read_detected(std::string_view bytes) {
  std::string format = detect_format("x", bytes);
  if (format.empty()) return;
  auto reader = find_format(format);
  check(reader.has_value(), "the format that is told is one");
  if (!format.ends_with("_list") || bytes.size() > 4096) return;
  Dictionary words;
  std::size_t lines = 0, rejects = 0;
  for ([[maybe_unused]] auto line : text::numbered_lines(bytes)) ++lines;
  if (lines > 200) return;
  Sink sink(
      words, {}, [](EventBatch&) -> Result<void> { return {}; }, [&](const Reject&) { ++rejects; });
  check((*reader)({.bytes = bytes, .name = "x", .feed = "fuzz"}, sink).has_value(), "it is read");
  check(sink.finish().has_value() && sink.events() > 0, "it has an entry");
  check(rejects == 0, "no entry of a list that was told is rejected");
}

// An entry of a line is an entry, and what it lists stands in it.
void read_entries(std::string_view bytes) {
  for (auto line : text::numbered_lines(bytes)) {
    for (bool inline_comments : {false, true}) {
      std::string_view entry = list_entry(line.text, inline_comments);
      check(list_entry(entry, inline_comments) == entry, "an entry of itself");
      if (entry.empty()) continue;
      for (std::string_view name : listed_names(entry))
        check(
            name.data() >= entry.data() && name.data() + name.size() <= entry.data() + entry.size(),
            "a name in its entry");
    }
  }
}

void read_one(std::string_view input) {
  static const std::vector<Named> readers = all_readers();
  std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return;
  const Named& chosen = pick(readers, input.substr(0, end));

  std::string_view bytes = input.substr(end + 1);
  read_detected(bytes);
  read_entries(bytes);
  std::string mapping = mapping_for(chosen.name);
  Dictionary words;
  std::uint64_t events = 0;
  std::uint64_t rejects = 0;
  Sink sink(
      words, {.feed = words.id("fuzz"), .received = 1'767'225'600'000'000},
      [&](EventBatch& batch) -> Result<void> {
        events += batch.size();
        check(decode(encode(batch)).has_value(), "a batch survives encoding");
        std::string printed;
        for (std::string_view to : {"tocsin", "intelmq", "idea", "stix", "misp"}) {
          for (std::size_t i = 0; i < batch.size(); ++i) {
            wire::dialect(to)(printed, batch, i, words);
          }
        }
        return {};
      },
      [&](const Reject&) { ++rejects; });
  static_cast<void>(chosen.read({.bytes = bytes,
                                 .name = "2026-01-02-report.csv",
                                 .feed = "fuzz",
                                 .url = {},
                                 .mapping = mapping,
                                 .schema = {},
                                 .received = 1'767'225'600'000'000},
                                sink));
  check(sink.finish().has_value(), "a sink whose batches are taken finishes");
  check(sink.events() == events, "every event that was counted was passed on");
  check(sink.rejected() == rejects, "every reject that was counted was passed on");
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tocsin::ingest::read_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
