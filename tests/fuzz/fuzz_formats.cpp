// Fuzzes every format, shipped mappings too: the input's first line names one, the rest is the
// report. tools/fuzz_seeds.py makes seeds of that shape from the golden tests.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "ingest/formats.h"
#include "model/dictionary.h"

namespace tocsin::ingest {
namespace {

struct Named {
  std::string name;
  Reader read;
};

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

void read_one(std::string_view input) {
  static const std::vector<Named> readers = all_readers();
  std::size_t end = input.find('\n');
  if (end == std::string_view::npos) return;
  const Named& chosen = pick(readers, input.substr(0, end));

  Dictionary words;
  std::uint64_t events = 0;
  std::uint64_t rejects = 0;
  Sink sink(
      words, {.feed = words.id("fuzz"), .received = 1'767'225'600'000'000},
      [&](EventBatch& batch) -> Result<void> {
        events += batch.size();
        return {};
      },
      [&](const Reject&) { ++rejects; });
  static_cast<void>(chosen.read({.bytes = input.substr(end + 1),
                                 .name = "2026-01-02-report.csv",
                                 .feed = "fuzz",
                                 .url = {},
                                 .mapping = {},
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
