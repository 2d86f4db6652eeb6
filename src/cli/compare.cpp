// tocsin compare: two files of events side by side, field by field.
#include <fmt/core.h>

#include "base/json.h"
#include "base/text.h"
#include "base/unpack.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "ingest/compare.h"

namespace tocsin::cli {
namespace {

struct CompareWish {
  std::string a, b, format_a, format_b;
  std::vector<std::string> ignored;
  std::size_t examples = 3;
  bool as_json = false;
};

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

void print_json(const ingest::Comparison& c) {
  json::Writer w;
  w.object().member("a", c.a).member("b", c.b).member("both", c.both);
  w.key("fields").object();
  for (const auto& [name, field] : c.fields) {
    w.key(name).object().member("differs", field.differs).member("equal", field.equal);
    w.key("examples").list();
    for (const auto& example : field.examples) {
      w.object().member("a", example.a).member("b", example.b).member("event", example.event).end();
    }
    w.end().member("only_a", field.only_a).member("only_b", field.only_b).end();
  }
  w.end().member("only_a", c.only_a).member("only_b", c.only_b);
  w.member("rejected_a", c.rejected_a).member("rejected_b", c.rejected_b).end();
  fmt::print("{}\n", w.text());
}

void print_text(const ingest::Comparison& c) {
  fmt::print("events: A {}, B {}, both {}, only A {}, only B {}\n", c.a, c.b, c.both, c.only_a,
             c.only_b);
  if (c.rejected_a + c.rejected_b > 0)
    fmt::print("records that could not be read: A {}, B {}\n", c.rejected_a, c.rejected_b);
  for (const auto& event : c.examples_a) fmt::print("only A: {}\n", text::printable(event));
  for (const auto& event : c.examples_b) fmt::print("only B: {}\n", text::printable(event));
  TextTable table({"field", ">equal", ">differs", ">only A", ">only B"});
  for (const auto& [name, f] : c.fields) {
    table.row({name, std::to_string(f.equal), std::to_string(f.differs), std::to_string(f.only_a),
               std::to_string(f.only_b)});
  }
  fmt::print("{}", table.text());
  for (const auto& [name, f] : c.fields) {
    for (const auto& e : f.examples) {
      fmt::print("{}: {}: A {} | B {}\n", text::printable(name), text::printable(e.event),
                 e.a.empty() ? "nothing" : text::printable(e.a),
                 e.b.empty() ? "nothing" : text::printable(e.b));
    }
  }
}

Result<void> compare(const CompareWish& wish) {
  auto a = TRY(map_text(wish.a)), b = TRY(map_text(wish.b));
  std::string name_a = file_name(wish.a), name_b = file_name(wish.b);
  ingest::CompareOptions options{.examples = wish.examples};
  options.ignored.insert(wish.ignored.begin(), wish.ignored.end());
  auto compared = TRY(ingest::compare({a.bytes(), name_a, wish.format_a},
                                      {b.bytes(), name_b, wish.format_b}, options));
  wish.as_json ? print_json(compared) : print_text(compared);
  return {};
}

}  // namespace

void add_compare(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand(
      "compare", "two files of events side by side: matched by subject, second and type");
  verb->footer("Example: tocsin compare intelmq-events.csv ours.jsonl --format-a intelmq");
  static CompareWish wish;
  verb->add_option("A", wish.a, "a file of events, in any format")->required();
  verb->add_option("B", wish.b, "another")->required();
  verb->add_option("--format-a", wish.format_a, "A's format; by name and content if not said");
  verb->add_option("--format-b", wish.format_b, "B's format");
  verb->add_option("--ignore", wish.ignored, "a field not to look at; repeatable");
  verb->add_option("--examples", wish.examples, "of each difference")->capture_default_str();
  verb->add_flag("--json", wish.as_json, "as JSON");
  verb->callback([&chosen] {
    chosen = [] {
      auto compared = compare(wish);
      return compared ? done : fail(compared.error());
    };
  });
}

}  // namespace tocsin::cli
