#include "ingest/mapping.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <span>

#include "base/text.h"
#include "model/taxonomy.h"

namespace tocsin::ingest {
namespace {

constexpr auto input_names =
    std::to_array<std::string_view>({"csv", "json", "lines", "key_value", "html_table", "xml"});
constexpr auto shape_names = std::to_array<std::string_view>(
    {"own", "text", "number", "flag", "json", "list", "keys", "objects", "time"});

using Valid = std::span<const std::string_view>;

class Parser {
 public:
  Parser(std::string_view file_name, Mapping& mapping) : file_(file_name), mapping_(mapping) {}

  Result<void> run(const toml::table& root) {
    constexpr auto keys = std::to_array<std::string_view>(
        {"summary", "detect",   "input",      "delimiter",      "quote",           "comments",
         "header",  "columns",  "skip_lines", "pair_separator", "value_separator", "keep_quotes",
         "context", "patterns", "ignore",     "records",        "split",           "explode",
         "nested",  "rule",     "event",      "fields",         "constants",       "required",
         "rest",    "zone",     "roles"});
    TRY(known(root, "", keys));
    TRY(shape_of_report(root));
    if (auto* zone = root.get("zone")) {
      std::string name = TRY(text(*zone, "zone"));
      zone_ = TRY(this->zone(*zone, name));
    }
    TRY(parts(root));
    TRY(rules(root.get("rule"), "rule", mapping_.rules));
    TRY(rules(root.get("event"), "event", mapping_.events));
    TRY(assignments(root.get("fields"), "fields", false, mapping_.fields));
    TRY(assignments(root.get("constants"), "constants", true, mapping_.fields));
    for (const auto& entry : TRY(texts(root.get("required"), "required"))) {
      Assignment group = TRY(target(*root.get("required"), "required", entry));
      if (!group.fields.empty()) mapping_.required.push_back(group.fields);
    }
    mapping_.roles = TRY(roles(root.get("roles"), "roles"));
    return rest(root.get("rest"));
  }

 private:
  std::unexpected<Error> wrong(const toml::node& at, std::string_view key, std::string_view what) {
    return invalid(fmt::format("{}:{}: {}: {}", file_, at.source().begin.line, key, what));
  }

  std::unexpected<Error> no_field(const toml::node& at, std::string_view key,
                                  std::string_view name) {
    std::string_view best;
    std::size_t most = 0;
    for (const auto& row : fields()) {
      std::size_t same = 0;
      while (same < std::min(name.size(), row.name.size()) && name[same] == row.name[same]) ++same;
      if (same > most) most = same, best = row.name;
    }
    return wrong(at, key,
                 fmt::format("no field {}{}; fields are listed in docs/event.md", text::quote(name),
                             best.empty() ? "" : fmt::format(", perhaps '{}'", best)));
  }

  Result<void> known(const toml::table& table, std::string_view where, Valid keys) {
    for (const auto& [key, node] : table) {
      if (std::ranges::find(keys, key.str()) != keys.end()) continue;
      std::string full =
          where.empty() ? std::string(key.str()) : fmt::format("{}.{}", where, key.str());
      return wrong(node, full, fmt::format("unknown key; there is {}", fmt::join(keys, ", ")));
    }
    return {};
  }

  Result<std::string> text(const toml::node& node, std::string_view key) {
    if (auto value = node.value<std::string>()) return *value;
    return wrong(node, key, "a text in quotes is wanted");
  }

  Result<bool> flag(const toml::node* node, std::string_view key, bool otherwise) {
    if (node == nullptr) return otherwise;
    if (node->is_boolean()) return node->value_or(otherwise);
    return wrong(*node, key, "true or false is wanted");
  }

  // A text or a list of texts.
  Result<std::vector<std::string>> texts(const toml::node* node, std::string_view key) {
    std::vector<std::string> out;
    if (node == nullptr) return out;
    if (const auto* list = node->as_array()) {
      for (const auto& entry : *list) {
        std::string value = TRY(text(entry, key));
        out.push_back(std::move(value));
      }
      return out;
    }
    std::string value = TRY(text(*node, key));
    out.push_back(std::move(value));
    return out;
  }

  Result<char> one_byte(const toml::node* node, std::string_view key, char otherwise) {
    if (node == nullptr) return otherwise;
    std::string value = TRY(text(*node, key));
    if (value.empty()) return '\0';
    if (value.size() != 1) return wrong(*node, key, "one byte is wanted");
    return value[0];
  }

  Result<std::size_t> choice(const toml::node& node, std::string_view key, Valid names) {
    std::string value = TRY(text(node, key));
    auto found = std::ranges::find(names, value);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    return wrong(node, key,
                 fmt::format("{} is none of {}", text::quote(value), fmt::join(names, ", ")));
  }

  Result<Pattern> pattern(const toml::node& node, std::string_view key) {
    std::string value = TRY(text(node, key));
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto made = std::make_shared<const re2::RE2>(value, options);
    if (!made->ok()) return wrong(node, key, fmt::format("bad pattern: {}", made->error()));
    for (const auto& [group, index] : made->NamedCapturingGroups()) {
      mapping_.captured.insert(column(group));
    }
    return made;
  }

  Result<std::vector<Pattern>> patterns(const toml::node* node, std::string_view key) {
    std::vector<Pattern> out;
    if (node == nullptr) return out;
    if (const auto* list = node->as_array()) {
      for (const auto& entry : *list) {
        Pattern made = TRY(pattern(entry, key));
        out.push_back(std::move(made));
      }
    } else {
      Pattern made = TRY(pattern(*node, key));
      out.push_back(std::move(made));
    }
    return out;
  }

  Result<Zone> zone(const toml::node& node, const std::string& name) {
    auto found = Zone::named(name);
    if (found) return *found;
    return wrong(node, "zone",
                 fmt::format("{}; there is UTC, an offset as +02:00, or a name as Europe/Warsaw",
                             found.error().what));
  }

  ColumnId column(std::string_view name) {
    auto found = std::ranges::find(mapping_.names, name);
    if (found == mapping_.names.end()) found = mapping_.names.insert(found, std::string(name));
    return static_cast<ColumnId>(found - mapping_.names.begin());
  }

  Result<void> shape_of_report(const toml::table& root) {
    if (auto* node = root.get("summary")) mapping_.summary = TRY(text(*node, "summary"));
    mapping_.detect = TRY(patterns(root.get("detect"), "detect"));
    auto* input = root.get("input");
    if (input == nullptr)
      return wrong(root, "input",
                   fmt::format("missing; there is {}", fmt::join(input_names, ", ")));
    mapping_.input = static_cast<Input>(TRY(choice(*input, "input", input_names)));
    mapping_.delimiter = TRY(one_byte(root.get("delimiter"), "delimiter", ','));
    if (mapping_.delimiter == '\0')
      return wrong(*root.get("delimiter"), "delimiter", "one byte is wanted");
    mapping_.quote = TRY(one_byte(root.get("quote"), "quote", '"'));
    mapping_.comments = TRY(texts(root.get("comments"), "comments"));
    mapping_.header = TRY(flag(root.get("header"), "header", false));
    for (const auto& name : TRY(texts(root.get("columns"), "columns"))) {
      std::optional<ColumnId> id;
      if (!name.empty()) id = column(name);
      mapping_.columns.push_back(id);
    }
    bool wants_columns = mapping_.input == Input::csv || mapping_.input == Input::html_table;
    if (wants_columns && !mapping_.header && mapping_.columns.empty()) {
      return wrong(*input, "columns",
                   "missing, and the report has no header; list the columns' names");
    }
    if (auto* node = root.get("skip_lines")) {
      auto value = node->value<std::int64_t>();
      if (!value || *value < 0 || *value > 100'000)
        return wrong(*node, "skip_lines", "a number from 0 to 100000 is wanted");
      mapping_.skip_lines = static_cast<std::size_t>(*value);
    }
    for (auto [key, target] : {std::pair{"pair_separator", &mapping_.pair_separator},
                               {"value_separator", &mapping_.value_separator}}) {
      auto* node = root.get(key);
      if (node == nullptr) continue;
      *target = TRY(text(*node, key));
      if (target->empty()) return wrong(*node, key, "must not be empty");
    }
    mapping_.keep_quotes = TRY(flag(root.get("keep_quotes"), "keep_quotes", false));
    if (auto* node = root.get("records")) mapping_.records = TRY(text(*node, "records"));
    mapping_.context = TRY(patterns(root.get("context"), "context"));
    mapping_.patterns = TRY(patterns(root.get("patterns"), "patterns"));
    mapping_.ignore = TRY(patterns(root.get("ignore"), "ignore"));
    if (mapping_.input == Input::lines && mapping_.patterns.empty()) {
      return wrong(*input, "patterns", "missing: one pattern with named groups a kind of line");
    }
    return {};
  }

  // What makes several records of one.
  Result<void> parts(const toml::table& root) {
    if (auto* node = root.get("split")) {
      const auto* table = node->as_table();
      if (table == nullptr) return wrong(*node, "split", "a table of column = separator is wanted");
      for (const auto& [key, value] : *table) {
        std::string separator = TRY(text(value, "split"));
        if (separator.empty()) return wrong(value, "split", "the separator must not be empty");
        mapping_.split.emplace_back(column(key.str()), separator);
      }
    }
    for (const auto& name : TRY(texts(root.get("explode"), "explode"))) {
      mapping_.explode.push_back(column(name));
    }
    if (auto* node = root.get("nested")) {
      const auto* list = node->as_array();
      if (list == nullptr) return wrong(*node, "nested", "write [[nested]]");
      for (const auto& entry : *list) {
        const auto* table = entry.as_table();
        if (table == nullptr) return wrong(entry, "nested", "write [[nested]]");
        constexpr auto keys =
            std::to_array<std::string_view>({"column", "base64", "input", "rest"});
        TRY(known(*table, "nested", keys));
        auto* name = table->get("column");
        if (name == nullptr) return wrong(entry, "nested.column", "missing");
        Nested nested;
        std::string column_name = TRY(text(*name, "nested.column"));
        nested.column = column(column_name);
        nested.base64 = TRY(flag(table->get("base64"), "nested.base64", false));
        if (auto* rest = table->get("rest")) nested.rest = TRY(text(*rest, "nested.rest"));
        if (auto* input = table->get("input")) {
          constexpr auto names = std::to_array<std::string_view>({"csv", "json"});
          nested.input = static_cast<Input>(TRY(choice(*input, "nested.input", names)));
        }
        mapping_.nested.push_back(nested);
      }
    }
    return {};
  }

  Result<std::vector<Condition>> conditions(const toml::node* node, const std::string& key) {
    std::vector<Condition> out;
    if (node == nullptr) return out;
    if (const auto* list = node->as_array()) {
      for (const auto& entry : *list) {
        Condition made = TRY(condition(entry, key));
        out.push_back(std::move(made));
      }
    } else {
      Condition made = TRY(condition(*node, key));
      out.push_back(std::move(made));
    }
    return out;
  }

  Result<Condition> condition(const toml::node& node, const std::string& key) {
    const auto* table = node.as_table();
    if (table == nullptr) return wrong(node, key, "a table is wanted: {column = \"…\", is = […]}");
    constexpr auto keys = std::to_array<std::string_view>(
        {"column", "is", "is_not", "matches", "matches_not", "present"});
    TRY(known(*table, key, keys));
    auto* name = table->get("column");
    if (name == nullptr) return wrong(node, key + ".column", "missing");
    Condition made;
    std::string column_name = TRY(text(*name, key + ".column"));
    made.column = column(column_name);
    if (table->size() != 2)
      return wrong(node, key, "one of is, is_not, matches, matches_not, present beside column");
    if (auto* is = table->get("is")) made.is = TRY(texts(is, key + ".is"));
    if (auto* is_not = table->get("is_not"))
      made.is = TRY(texts(is_not, key + ".is_not")), made.holds = false;
    if (auto* matches = table->get("matches"))
      made.matches = TRY(pattern(*matches, key + ".matches"));
    if (auto* not_so = table->get("matches_not")) {
      made.matches = TRY(pattern(*not_so, key + ".matches_not"));
      made.holds = false;
    }
    if (auto* present = table->get("present"))
      made.present = TRY(flag(present, key + ".present", true));
    return made;
  }

  Result<void> rules(const toml::node* node, const std::string& key, std::vector<Rule>& out) {
    if (node == nullptr) return {};
    const auto* list = node->as_array();
    if (list == nullptr) return wrong(*node, key, fmt::format("write [[{}]]", key));
    for (const auto& entry : *list) {
      const auto* table = entry.as_table();
      if (table == nullptr) return wrong(entry, key, fmt::format("write [[{}]]", key));
      constexpr auto keys =
          std::to_array<std::string_view>({"when", "set", "fields", "roles", "skip", "reject"});
      TRY(known(*table, key, keys));
      Rule rule;
      rule.when = TRY(conditions(table->get("when"), key + ".when"));
      rule.roles = TRY(roles(table->get("roles"), key + ".roles"));
      rule.skip = TRY(flag(table->get("skip"), key + ".skip", false));
      if (auto* reject = table->get("reject")) rule.reject = TRY(text(*reject, key + ".reject"));
      TRY(assignments(table->get("fields"), key + ".fields", false, rule.assignments));
      TRY(assignments(table->get("set"), key + ".set", true, rule.assignments));
      out.push_back(std::move(rule));
    }
    return {};
  }

  Result<std::optional<Roles>> roles(const toml::node* node, const std::string& key) {
    if (node == nullptr) return std::optional<Roles>();
    const auto* table = node->as_table();
    if (table == nullptr) return wrong(*node, key, "a table of source and destination is wanted");
    constexpr auto keys = std::to_array<std::string_view>({"source", "destination"});
    constexpr auto names = std::to_array<std::string_view>(
        {"unknown", "affected", "controller", "attacker", "target", "sensor", "sinkhole"});
    static_assert(names.size() == static_cast<std::size_t>(Role::sinkhole) + 1);
    TRY(known(*table, key, keys));
    Roles out;
    if (auto* at = table->get("source"))
      out.source = static_cast<Role>(TRY(choice(*at, key, names)));
    if (auto* at = table->get("destination")) {
      out.destination = static_cast<Role>(TRY(choice(*at, key, names)));
    }
    return std::optional(out);
  }

  // "source.ip", "source.ip|source.network", "extra.name".
  Result<Assignment> target(const toml::node& at, const std::string& where, std::string_view name) {
    Assignment made;
    if (name.starts_with("extra.") && name.size() > 6) {
      made.extra = name.substr(6);
      return made;
    }
    std::string_view rest = name;
    while (!rest.empty()) {
      std::string_view one = text::cut(rest, '|');
      auto field = field_named(one);
      if (!field || one.starts_with("node.")) return no_field(at, where, one);
      made.fields.push_back(*field);
    }
    return made;
  }

  Result<void> assignments(const toml::node* node, const std::string& where, bool constants,
                           std::vector<Assignment>& out) {
    if (node == nullptr) return {};
    const auto* table = node->as_table();
    if (table == nullptr) return wrong(*node, where, "a table of field = value is wanted");
    for (const auto& [key, value] : *table) {
      std::string full = fmt::format("{}.\"{}\"", where, key.str());
      if (value.is_table() &&
          (key.str() == "source" || key.str() == "destination" || key.str() == "classification")) {
        return wrong(value, full, "put a field's name in quotes, as \"source.ip\"");
      }
      Assignment made = TRY(target(value, full, key.str()));
      const auto* list = value.as_array();
      if (constants) {
        Source source = TRY(constant(value, full));
        made.sources.push_back(std::move(source));
      } else if (list != nullptr) {
        for (const auto& entry : *list) {
          Source source = TRY(this->source(entry, full));
          made.sources.push_back(std::move(source));
        }
      } else {
        Source source = TRY(this->source(value, full));
        made.sources.push_back(std::move(source));
      }
      TRY(complete_times(value, full, made));
      TRY(check_types(value, full, made));
      out.push_back(std::move(made));
    }
    return {};
  }

  // Fields of kind time are times, whether said or not.
  Result<void> complete_times(const toml::node& at, const std::string& key, Assignment& made) {
    if (made.fields.empty() || kind_of(made.fields[0]) != Kind::time) return {};
    for (auto& source : made.sources) {
      source.is_time = true;
      if (source.time.empty()) source.time.push_back("");
      bool zoned = source.zone.has_value() || source.constant.has_value();
      for (const auto& format : source.time) {
        zoned = zoned || format.contains("%z") || format.starts_with("epoch") ||
                format == "filetime" || format == "iso-with-zone";
      }
      if (!zoned) {
        return wrong(at, key,
                     "no zone: write zone = \"UTC\" (or +02:00, or Europe/Warsaw) here or at the "
                     "top, or time = \"iso-with-zone\"");
      }
    }
    return {};
  }

  // An event type that a mapping can give must be one.
  Result<void> check_types(const toml::node& at, const std::string& key, const Assignment& made) {
    if (made.fields.empty() || made.fields[0] != Field::classification_type) return {};
    std::vector<std::string> given;
    for (const auto& source : made.sources) {
      for (const auto& [from, to] : source.values) given.push_back(to);
      if (source.otherwise) given.push_back(*source.otherwise);
      if (source.constant) given.push_back(*source.constant);
    }
    for (const auto& type : given) {
      if (type.empty() || type_named(type)) continue;
      return wrong(
          at, key,
          fmt::format("no event type {}; types are listed in docs/event.md", text::quote(type)));
    }
    return {};
  }

  Result<Source> constant(const toml::node& node, const std::string& key) {
    Source source;
    if (auto value = node.value<std::string>(); value && node.is_string()) {
      source.constant = *value;
    } else if (auto number = node.value<std::int64_t>(); number && node.is_integer()) {
      source.constant = std::to_string(*number);
      source.shape = Shape::number;
    } else if (auto decimal = node.value<double>(); decimal && node.is_floating_point()) {
      source.constant = fmt::format("{}", *decimal);
      source.shape = Shape::number;
    } else if (auto yes = node.value<bool>(); yes && node.is_boolean()) {
      source.constant = *yes ? "true" : "false";
      source.shape = Shape::flag;
    } else {
      return wrong(node, key, "a text, a number, true or false is wanted");
    }
    return source;
  }

  Result<Source> source(const toml::node& node, const std::string& key) {
    Source out;
    out.zone = zone_;
    if (node.is_string()) {
      out.columns.push_back(column(*node.value<std::string>()));
      return out;
    }
    const auto* table = node.as_table();
    if (table == nullptr) return wrong(node, key, "a column's name or a table is wanted");
    constexpr auto keys = std::to_array<std::string_view>(
        {"column", "template", "constant", "ignore", "regex", "replace", "values", "otherwise",
         "lower", "scheme", "time", "zone", "as", "separator", "member", "except", "where"});
    TRY(known(*table, key, keys));
    auto at = [&](std::string_view name) { return table->get(name); };
    for (const auto& name : TRY(texts(at("column"), key + ".column")))
      out.columns.push_back(column(name));
    if (auto* pieces = at("template")) out.pieces = TRY(this->pieces(*pieces, key + ".template"));
    if (auto* fixed = at("constant")) out.constant = TRY(text(*fixed, key + ".constant"));
    int origins = !out.columns.empty() + !out.pieces.empty() + out.constant.has_value();
    if (origins != 1) return wrong(node, key, "one of column, template, constant is wanted");
    out.ignore = TRY(texts(at("ignore"), key + ".ignore"));
    if (auto* regex = at("regex")) out.regex = TRY(pattern(*regex, key + ".regex"));
    TRY(values(*table, key, out));
    out.lower = TRY(flag(at("lower"), key + ".lower", false));
    if (auto* scheme = at("scheme")) out.scheme = TRY(text(*scheme, key + ".scheme"));
    out.time = TRY(texts(at("time"), key + ".time"));
    if (auto* zone = at("zone")) {
      std::string name = TRY(text(*zone, key + ".zone"));
      out.zone = TRY(this->zone(*zone, name));
    }
    if (auto* as = at("as"))
      out.shape = static_cast<Shape>(TRY(choice(*as, key + ".as", shape_names)));
    out.is_time = out.shape == Shape::time;
    if (out.is_time && out.time.empty()) out.time.push_back("");
    if (auto* separator = at("separator"))
      out.separator = TRY(text(*separator, key + ".separator"));
    if (auto* member = at("member")) out.member = TRY(text(*member, key + ".member"));
    if (auto* where = at("where")) out.where = TRY(text(*where, key + ".where"));
    out.except = TRY(texts(at("except"), key + ".except"));
    if (out.shape == Shape::objects && out.member.empty())
      return wrong(node, key + ".member", "missing: the name that each key gets");
    return out;
  }

  Result<void> values(const toml::table& table, const std::string& key, Source& out) {
    if (auto* replace = table.get("replace")) {
      const auto* rows = replace->as_table();
      if (rows == nullptr)
        return wrong(*replace, key + ".replace", "a table of text = text is wanted");
      for (const auto& [from, to] : *rows) {
        std::string value = TRY(text(to, key + ".replace"));
        out.replace.emplace_back(from.str(), value);
      }
    }
    if (auto* values = table.get("values")) {
      const auto* rows = values->as_table();
      if (rows == nullptr)
        return wrong(*values, key + ".values", "a table of text = text is wanted");
      out.mapped = true;
      for (const auto& [from, to] : *rows) {
        std::string value = TRY(text(to, key + ".values"));
        out.values.insert_or_assign(text::lower(from.str()), value);
      }
    }
    if (auto* otherwise = table.get("otherwise")) {
      if (!out.mapped) return wrong(*otherwise, key + ".otherwise", "stands beside values only");
      out.otherwise = TRY(text(*otherwise, key + ".otherwise"));
    }
    return {};
  }

  Result<std::vector<Piece>> pieces(const toml::node& node, const std::string& key) {
    std::string whole = TRY(text(node, key));
    std::vector<Piece> out;
    std::string_view rest = whole;
    while (!rest.empty()) {
      std::size_t open = rest.find('{');
      Piece piece{std::string(rest.substr(0, open)), {}};
      if (open == std::string_view::npos) {
        out.push_back(std::move(piece));
        break;
      }
      std::size_t close = rest.find('}', open);
      if (close == std::string_view::npos) return wrong(node, key, "{ without }");
      piece.column = column(rest.substr(open + 1, close - open - 1));
      out.push_back(std::move(piece));
      rest.remove_prefix(close + 1);
    }
    return out;
  }

  Result<void> rest(const toml::node* node) {
    if (node == nullptr) return {};
    const auto* table = node->as_table();
    if (table == nullptr) {
      mapping_.keep_rest = TRY(flag(node, "rest", false));
      return {};
    }
    constexpr auto keys = std::to_array<std::string_view>({"prefix", "except"});
    TRY(known(*table, "rest", keys));
    mapping_.keep_rest = true;
    if (auto* prefix = table->get("prefix"))
      mapping_.rest_prefix = TRY(text(*prefix, "rest.prefix"));
    mapping_.rest_except = TRY(texts(table->get("except"), "rest.except"));
    return {};
  }

  std::string_view file_;
  Mapping& mapping_;
  std::optional<Zone> zone_;
};

}  // namespace

Result<Mapping> parse_mapping(std::string_view toml, std::string_view file_name) {
  Mapping mapping;
  mapping.name = file_name;
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    return invalid(
        fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description()));
  }
  TRY(Parser(file_name, mapping).run(root));
  return mapping;
}

}  // namespace tocsin::ingest
