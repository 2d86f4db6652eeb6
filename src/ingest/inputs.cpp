#include "ingest/inputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"
#include "base/text.h"
#include "ingest/json_records.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t line_bytes_max = 1 << 20;
constexpr std::size_t context_lines_max = 1000;

bool is_comment(const Mapping& mapping, std::string_view line) {
  for (const auto& prefix : mapping.comments) {
    if (line.starts_with(prefix)) return true;
  }
  return false;
}

// Skips the lines a mapping wants skipped; gives the number of the next one.
std::size_t skip_lines(std::string_view& text, std::size_t count) {
  std::size_t line = 1;
  for (; line <= count && !text.empty(); ++line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return line;
}

// Comment lines before the first record may tell something.
void take_leading_context(const Mapping& mapping, std::string_view text, Mapper& mapper) {
  if (mapping.context.empty()) return;
  for (auto [number, line] : text::numbered_lines(text)) {
    line = text::trim(line);
    if (line.empty()) continue;
    if (!is_comment(mapping, line) || number > context_lines_max) return;
    mapper.take_context(line);
  }
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

}  // namespace

void Columns::by_header(const std::vector<std::string_view>& names) {
  for (auto given : names) {
    std::string name(text::trim(given));
    std::optional<ColumnId> id;
    for (std::size_t i = 0; i < mapping_.names.size() && !id; ++i) {
      if (text::equal_fold(mapping_.names[i], name)) id = static_cast<ColumnId>(i);
    }
    ids_.push_back(id);
    names_.push_back(id ? mapping_.names[*id] : std::move(name));
  }
}

void Columns::by_mapping() {
  ids_ = mapping_.columns;
  for (const auto& id : ids_) names_.push_back(id ? mapping_.names[*id] : std::string());
}

Result<void> Columns::check_required() const {
  auto here = [&](ColumnId id) {
    return std::ranges::find(ids_, std::optional(id)) != ids_.end() ||
           mapping_.names[id].starts_with('@') || mapping_.captured.contains(id) ||
           mapping_.names[id].contains('.');
  };
  for (const auto& group : mapping_.required) {
    bool can = false;
    std::string wanted;
    auto look = [&](const std::vector<Assignment>& assignments) {
      for (const auto& assignment : assignments) {
        bool gives =
            std::ranges::find_first_of(assignment.fields, group) != assignment.fields.end();
        for (const auto& source : assignment.sources) {
          if (!gives) break;
          can = can || source.columns.empty();
          for (ColumnId id : source.columns) {
            can = can || here(id);
            if (wanted.empty()) wanted = mapping_.names[id];
          }
        }
      }
    };
    look(mapping_.fields);
    for (const auto& rule : mapping_.rules) look(rule.assignments);
    for (const auto& event : mapping_.events) look(event.assignments);
    if (can) continue;
    return invalid(fmt::format("no column {} in the header {}", text::quote(wanted),
                               text::quote(fmt::format("{}", fmt::join(names_, ",")))));
  }
  return {};
}

void Columns::fill(Mapper& mapper, const std::vector<std::string_view>& values) const {
  Record& record = mapper.record();
  for (std::size_t i = 0; i < std::min(values.size(), ids_.size()); ++i) {
    if (ids_[i]) record.set(*ids_[i], values[i]);
  }
  if (mapping_.keep_rest) mapper.all_values(values);
}

Result<void> read_csv(const Mapping& mapping, const Report& report, Mapper& mapper) {
  std::string_view text = without_mark(report.bytes);
  std::size_t first_line = skip_lines(text, mapping.skip_lines);
  take_leading_context(mapping, text, mapper);
  csv::Reader reader(text, {.delimiter = mapping.delimiter, .quote = mapping.quote}, first_line);
  Columns columns(mapping);
  if (!mapping.header) {
    columns.by_mapping();
    mapper.all_columns(columns.names());
  }
  bool header_wanted = mapping.header;
  std::vector<std::string_view> values;
  for (auto step = reader.next(); step != csv::Step::end && !mapper.stopped();
       step = reader.next()) {
    if (step == csv::Step::wrong) {
      mapper.reject(reader.line(), reader.error(), reader.bytes());
      continue;
    }
    if (is_comment(mapping, text::trim(reader.bytes()))) continue;
    values.assign(reader.fields().begin(), reader.fields().end());
    if (header_wanted) {
      header_wanted = false;
      if (mapping.columns.empty()) {
        columns.by_header(values);
      } else {
        columns.by_mapping();
      }
      TRY(columns.check_required());
      mapper.all_columns(columns.names());
      continue;
    }
    if (mapping.header && values.size() > columns.size()) {
      mapper.reject(reader.line(),
                    Error{Fault::invalid, fmt::format("{} fields, the header has {}", values.size(),
                                                      columns.size())},
                    reader.bytes());
      continue;
    }
    mapper.fresh();
    columns.fill(mapper, values);
    mapper.take(reader.line(), reader.bytes());
  }
  return {};
}

Result<void> read_json(const Mapping& mapping, const Report& report, Mapper& mapper) {
  auto key_column = mapper.record().column("@key");
  simdjson::dom::parser parser;
  std::size_t parsed = 0, wrong = 0;
  auto each = [&](const JsonRecord& found) {
    if (mapper.stopped()) return;
    simdjson::dom::element root;
    if (auto error = parser.parse(found.json.data(), found.json.size()).get(root)) {
      ++wrong;
      mapper.reject(
          found.line,
          Error{Fault::invalid, fmt::format("not JSON: {}", simdjson::error_message(error))},
          found.json);
      return;
    }
    ++parsed;
    mapper.fresh().set_root(root);
    if (key_column) mapper.record().set(*key_column, found.key);
    mapper.take(found.line, found.json);
  };
  auto reject = [&](std::size_t line, Error why, std::string_view bytes) {
    ++wrong;
    mapper.reject(line, std::move(why), bytes);
  };
  TRY(json_records(report.bytes, mapping.records, each, reject));
  if (parsed == 0 && wrong > 0)
    return invalid("not JSON: " + text::quote(report.bytes.substr(0, 60)));
  return {};
}

Result<void> read_lines(const Mapping& mapping, const Report& report, Mapper& mapper) {
  auto captured = [&](const re2::RE2& pattern, std::string_view line) {
    int groups = pattern.NumberOfCapturingGroups();
    std::vector<re2::StringPiece> found(static_cast<std::size_t>(groups) + 1);
    if (!pattern.Match({line.data(), line.size()}, 0, line.size(), re2::RE2::UNANCHORED,
                       found.data(), groups + 1)) {
      return false;
    }
    for (const auto& [name, index] : pattern.NamedCapturingGroups()) {
      const auto& group = found[static_cast<std::size_t>(index)];
      auto column = mapper.record().column(name);
      if (column && group.data() != nullptr) {
        mapper.record().set(*column, text::trim({group.data(), group.size()}));
      }
    }
    return true;
  };
  auto any = [](const std::vector<Pattern>& patterns, std::string_view line) {
    return std::ranges::any_of(patterns, [&](const Pattern& p) {
      return re2::RE2::PartialMatch({line.data(), line.size()}, *p);
    });
  };
  for (auto [number, line] : text::numbered_lines(without_mark(report.bytes))) {
    std::string_view trimmed = text::trim(line);
    if (mapper.stopped()) break;
    if (number <= mapping.skip_lines || trimmed.empty()) continue;
    if (line.size() > line_bytes_max) {
      mapper.reject(
          number, Error{Fault::invalid, fmt::format("longer than {} bytes", line_bytes_max)}, line);
      continue;
    }
    if (mapper.take_context(trimmed) || is_comment(mapping, trimmed) || any(mapping.ignore, line))
      continue;
    mapper.fresh();
    bool fits =
        std::ranges::any_of(mapping.patterns, [&](const Pattern& p) { return captured(*p, line); });
    if (fits) {
      mapper.take(number, line);
    } else {
      mapper.reject(number, Error{Fault::invalid, "fits no pattern: " + text::quote(trimmed)},
                    line);
    }
  }
  return {};
}

Result<void> read_key_value(const Mapping& mapping, const Report& report, Mapper& mapper) {
  std::vector<std::string> names;
  std::vector<std::string_view> values;
  for (auto [number, line] : text::numbered_lines(without_mark(report.bytes))) {
    if (mapper.stopped()) break;
    if (number <= mapping.skip_lines || text::trim(line).empty() ||
        is_comment(mapping, text::trim(line)))
      continue;
    if (line.size() > line_bytes_max) {
      mapper.reject(
          number, Error{Fault::invalid, fmt::format("longer than {} bytes", line_bytes_max)}, line);
      continue;
    }
    mapper.fresh();
    names.clear();
    values.clear();
    std::string_view rest = line;
    while (!rest.empty()) {
      std::size_t end = rest.find(mapping.pair_separator);
      std::string_view pair = text::trim(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size()
                                                       : end + mapping.pair_separator.size());
      std::size_t at = pair.find(mapping.value_separator);
      if (at == std::string_view::npos) continue;
      std::string_view key = text::trim(pair.substr(0, at)),
                       value = text::trim(pair.substr(at + mapping.value_separator.size()));
      if (!mapping.keep_quotes && value.size() > 1 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      if (auto column = mapper.record().column(key)) mapper.record().set(*column, value);
      names.emplace_back(key);
      values.push_back(value);
    }
    if (names.empty()) {
      mapper.reject(number, Error{Fault::invalid, "no key and value: " + text::quote(line)}, line);
      continue;
    }
    mapper.all_columns(names);
    mapper.all_values(values);
    mapper.take(number, line);
  }
  return {};
}

}  // namespace tocsin::ingest
