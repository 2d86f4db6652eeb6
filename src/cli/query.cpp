// tocsin events and findings: questions to a node, as a table, JSON lines or CSV. And why: one
// finding explained.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/question.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace tocsin::cli {

Result<Question> question(const std::vector<std::string>& conditions, bool of_findings) {
  Question q;
  std::string filter;
  for (const auto& condition : conditions) {
    auto value_of = [&](std::string_view key) -> std::optional<std::string> {
      if (condition.starts_with(std::string(key) + "=")) return condition.substr(key.size() + 1);
      return std::nullopt;
    };
    if (auto since = value_of("since")) {
      if (of_findings) filter += (filter.empty() ? "last>=" : " last>=") + *since;
      if (!of_findings) q.query.emplace("since", *since);
    } else if (auto until = value_of("until")) {
      if (of_findings) filter += (filter.empty() ? "last<" : " last<") + *until;
      if (!of_findings) q.query.emplace("until", *until);
    } else if (auto sort = value_of("sort")) {
      q.query.emplace("sort", *sort);
    } else if (auto order = value_of("order")) {
      q.query.emplace("order", *order);
    } else if (auto without = value_of("without"); without && of_findings) {
      q.query.emplace("without", *without);
    } else if (auto seq = value_of("at_least")) {
      q.query.emplace("at_least", *seq);
    } else if (auto limit = value_of("limit")) {
      auto number = text::number(*limit);
      if (!number || *number == 0)
        return invalid("limit must be a number above 0, not " + text::quote(*limit));
      q.limit = *number;
    } else {
      filter += (filter.empty() ? "" : " ") + condition;
    }
  }
  q.query.emplace("q", filter);
  return q;
}

namespace {

struct QueryOptions {
  std::vector<std::string> conditions;
  std::string home, id;
  bool as_json = false, as_csv = false;
};

std::string short_time(std::string time) {
  if (time.size() >= 16) time = time.substr(0, 10) + " " + time.substr(11, 5);
  return time;
}

struct Shape {
  const char* path;
  std::vector<std::string> head;
  std::vector<const char*> pointers;
};

const Shape events_shape{
    "/events",
    {"time", "type", "subject", "family or identifier", ">AS", "country", "feed", "id"},
    {"/time/source", "/classification/type", "", "", "/source/asn", "/source/geolocation/cc",
     "/feed/name", "/id"}};
const Shape findings_shape{"/findings",
                           {"severity", "subject", "type", "family or identifier", ">AS", "country",
                            "first", "last", ">times", "state", "id"},
                           {"/severity", "/subject", "/type", "", "/asn", "/country", "/first",
                            "/last", "/times", "/state", "/id"}};

std::string first_of(const simdjson::dom::element& item,
                     std::initializer_list<const char*> pointers) {
  for (const char* pointer : pointers) {
    if (auto text = text_of(item, pointer); !text.empty()) return text;
  }
  return "";
}

std::vector<std::string> cells(const Shape& shape, const simdjson::dom::element& item) {
  std::vector<std::string> row;
  for (std::size_t i = 0; i < shape.head.size(); ++i) {
    if (shape.head[i] == "subject" && shape.path == events_shape.path) {
      row.push_back(first_of(item, {"/source/ip", "/source/fqdn", "/source/url", "/source/account",
                                    "/destination/ip"}));
    } else if (shape.head[i] == "family or identifier") {
      row.push_back(first_of(
          item, {"/malware/name", "/classification/identifier", "/family", "/identifier"}));
    } else {
      std::string text = text_of(item, shape.pointers[i]);
      bool time = shape.head[i] == "time" || shape.head[i] == "first" || shape.head[i] == "last";
      row.push_back(time ? short_time(std::move(text)) : std::move(text));
    }
  }
  return row;
}

Result<void> ask(const Shape& shape, QueryOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  Question q = TRY(question(options.conditions, shape.path == findings_shape.path));
  TextTable table(shape.head);
  std::string dated;
  std::size_t left = q.limit;
  while (left > 0) {
    q.query.erase("limit");
    q.query.emplace("limit", std::to_string(std::min<std::size_t>(left, 1000)));
    std::string body = TRY(caller.call({.path = shape.path, .query = q.query}));
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    simdjson::dom::array items;
    if (parser.parse(body).get(answer) || answer["items"].get(items))
      return unavailable("the node's answer is no list");
    for (simdjson::dom::element item : items) {
      --left;
      if (options.as_json) {
        fmt::print("{}\n", simdjson::minify(item));
      } else {
        table.row(cells(shape, item));
      }
    }
    dated = text_of(answer, "/database_date");
    std::string next = text_of(answer, "/next");
    if (next.empty()) break;
    q.query.erase("cursor");
    q.query.emplace("cursor", next);
  }
  if (options.as_json) return {};
  fmt::print("{}", options.as_csv ? table.csv() : table.text());
  if (!options.as_csv && !dated.empty())
    fmt::print(stderr, "countries and networks from the database of {}\n", dated);
  return {};
}

void add(CLI::App& app, Chosen& chosen, const char* name, const char* what, const char* example,
         const Shape& shape, QueryOptions& options) {
  auto* verb = app.add_subcommand(name, what);
  verb->footer(example);
  verb->add_option(
      "CONDITION", options.conditions,
      "field=value, field>=value, since=, until=, sort=, limit=, of findings without=, or words");
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "one JSON object a line");
  verb->add_flag("--csv", options.as_csv, "CSV");
  verb->callback([&chosen, &shape, &options] {
    chosen = [&shape, &options] {
      auto asked = ask(shape, options);
      return asked ? done : fail(asked.error());
    };
  });
}

Result<void> explain(QueryOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  std::string why = TRY(caller.call({.path = "/findings/" + options.id + "/why"}));
  if (options.as_json) {
    fmt::print("{}\n", why);
    return {};
  }
  std::string finding = TRY(caller.call({.path = "/findings/" + options.id}));
  simdjson::dom::parser one, two;
  simdjson::dom::element f, w;
  simdjson::dom::array list;
  if (one.parse(finding).get(f) || two.parse(why).get(w))
    return unavailable("the node's answer is no JSON");
  fmt::print("{} {} {}, {}, {} {} from {} to {}\n\n", text_of(f, "/type"),
             text::printable(text_of(f, "/subject")),
             text::printable(first_of(f, {"/family", "/identifier"})), text_of(f, "/state"),
             text_of(f, "/times"), text_of(f, "/times") == "1" ? "time" : "times",
             text_of(f, "/first"), text_of(f, "/last"));
  TextTable rows({"time", "feed", "report", ">line", "event"});
  if (!w["rows"].get(list)) {
    for (simdjson::dom::element row : list) {
      rows.row({text_of(row, "/time"), text_of(row, "/feed"), text_of(row, "/report"),
                text_of(row, "/line"), text_of(row, "/event")});
    }
  }
  TextTable feeds({"feed", ">events", "last", "delivered until"});
  if (!w["feeds"].get(list)) {
    for (simdjson::dom::element row : list) {
      feeds.row({text_of(row, "/feed"), text_of(row, "/events"), text_of(row, "/last"),
                 text_of(row, "/covered_until")});
    }
  }
  fmt::print("{}\n{}\n", rows.text(), feeds.text());
  if (!w["rules"].get(list)) {
    for (simdjson::dom::element rule : list) {
      std::string_view text;
      if (!rule.get(text)) fmt::print("- {}\n", text::printable(text));
    }
  }
  return {};
}

}  // namespace

void add_events(CLI::App& app, Chosen& chosen) {
  static QueryOptions options;
  add(app, chosen, "events", "events that fit, newest first",
      "Example: tocsin events type=infected-system since=2026-01-01 limit=20", events_shape,
      options);
}

void add_findings(CLI::App& app, Chosen& chosen) {
  static QueryOptions options;
  add(app, chosen, "findings", "findings that fit",
      "Example: tocsin findings country=BR state=open severity>=high --csv", findings_shape,
      options);
}

void add_why(CLI::App& app, Chosen& chosen) {
  static QueryOptions options;
  auto* verb = app.add_subcommand("why", "a finding's rows, feeds and rules on one screen");
  verb->footer("Example: tocsin why f_0123456789abcdef0123456789abcdef");
  verb->add_option("FINDING", options.id, "its id; see: tocsin findings")->required();
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "as JSON");
  verb->callback([&chosen] {
    chosen = [] {
      auto explained = explain(options);
      return explained ? done : fail(explained.error());
    };
  });
}

}  // namespace tocsin::cli
