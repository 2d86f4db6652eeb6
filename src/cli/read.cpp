// tocsin read and formats: parse a report without a node. Events as JSON lines on stdout, rejects
// on stderr.
#include <cstdio>
#include <vector>

#include "base/mapped_file.h"
#include "base/text.h"
#include "base/unpack.h"
#include "cli/verbs.h"
#include "ingest/formats.h"
#include "wire/dialect.h"

namespace tocsin::cli {
namespace {

struct ReadOptions {
  std::string format, file = "-", name, to = "tocsin", feed, mapping, schema;
};

Result<std::string> whole(const std::string& path) {
  auto mapped = TRY(MappedFile::open(path));
  return std::string(mapped.bytes());
}

Result<MappedText> standard_input() {
  std::string buffer(64 * 1024, '\0');
  return map_text([&]() -> Result<std::string_view> {
    std::size_t size = std::fread(buffer.data(), 1, buffer.size(), stdin);
    if (std::ferror(stdin) != 0) return unavailable("cannot read standard input");
    return std::string_view(buffer).substr(0, size);
  });
}

Result<ingest::Reader> fitting(const std::string& name, std::string_view bytes) {
  std::string found = ingest::detect_format(name, bytes);
  if (!found.empty()) return ingest::find_format(found);
  return invalid("no format fits this; name one (`tocsin formats` lists them)");
}

Result<void> print(const ReadOptions& options) {
  ingest::Reader format;
  if (options.format != "auto") format = TRY(ingest::find_format(options.format));
  auto write = wire::dialect(options.to);
  if (write == nullptr) {
    return invalid("no output format " + text::quote(options.to) +
                   "; there is tocsin, intelmq, idea, stix, misp");
  }
  auto content = TRY(options.file == "-" ? standard_input() : map_text(options.file));
  std::string mapping = options.mapping.empty() ? std::string() : TRY(whole(options.mapping));
  std::string schema = options.schema.empty() ? std::string() : TRY(whole(options.schema));
  std::string name = options.name;
  if (name.empty() && options.file != "-") name = options.file.substr(options.file.rfind('/') + 1);
  if (!format) format = TRY(fitting(name, content.bytes()));

  Dictionary words;
  std::vector<std::string> rejects;
  std::string out;
  auto print_batch = [&](EventBatch& batch) -> Result<void> {
    out.clear();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      write(out, batch, i, words);
      out += '\n';
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    return {};
  };
  auto keep_reject = [&](const ingest::Reject& r) {
    rejects.push_back("rejected line " + std::to_string(r.line) + ": " + r.why.what);
  };
  // Nobody has taken the report in yet: an event is observed only where the report says so.
  ingest::Sink sink(words, {.feed = words.id(options.feed), .received = time_none}, print_batch,
                    keep_reject);
  auto read = format({.bytes = content.bytes(),
                      .name = name,
                      .feed = options.feed,
                      .url = {},
                      .mapping = mapping,
                      .schema = schema,
                      .received = times::now()},
                     sink);
  auto finished = sink.finish();
  std::fflush(stdout);
  for (const auto& line : rejects) std::fprintf(stderr, "%s\n", line.c_str());
  return read ? finished : read;
}

}  // namespace

void add_read(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand(
      "read", "parse a report and print its events as JSON lines; rejects go to stderr");
  verb->footer("Example: tocsin read shadowserver 2026-01-02-scan_rdp-example.csv --to intelmq");
  static ReadOptions options;
  verb->add_option("FORMAT", options.format, "a format, or auto; see: tocsin formats")->required();
  verb->add_option("FILE", options.file, "the report; - or nothing: standard input");
  verb->add_option("--name", options.name, "the report's file name, where it tells the type");
  verb->add_option("--feed", options.feed, "the feed's name");
  verb->add_option("--to", options.to, "tocsin, intelmq, idea, stix or misp")
      ->capture_default_str();
  verb->add_option("--mapping", options.mapping, "a mapping file for the formats csv and json");
  verb->add_option("--schema", options.schema,
                   "Shadowserver's published schema file (intelmq.json)");
  verb->callback([&chosen] {
    chosen = [] {
      auto read = print(options);
      return read ? done : fail(read.error());
    };
  });
}

void add_formats(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("formats", "list the formats a report can have, one a line");
  verb->footer("Example: tocsin formats");
  verb->callback([&chosen] {
    chosen = [] {
      for (const auto& [name, summary] : ingest::known_formats()) {
        std::printf("%-24s %s\n", std::string(name).c_str(), std::string(summary).c_str());
      }
      return done;
    };
  });
}

}  // namespace tocsin::cli
