// Mapper: turns the records of a report into events, as a mapping says.
#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"
#include "base/text.h"
#include "ingest/mapped.h"
#include "ingest/report_time.h"
#include "ingest/shapes.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

constexpr std::size_t parts_max = 10'000;  // records that one record may become

}  // namespace

Mapper::Mapper(const Mapping& mapping, const Report& report, Sink& sink)
    : mapping_(mapping), report_(report), sink_(sink), record_(mapping) {
  for (auto [name, text] :
       {std::pair{"@url", report.url}, {"@name", report.name}, {"@feed", report.feed}}) {
    auto column = record_.column(name);
    if (column && !text.empty()) record_.keep(*column, text);
  }
}

Record& Mapper::fresh() {
  record_.clear();
  return record_;
}

void Mapper::take(std::size_t line, std::string_view bytes) {
  line_ = line;
  bytes_ = bytes;
  ++records_;
  expand_nested(0);
}

void Mapper::expand_nested(std::size_t at) {
  if (at == mapping_.nested.size()) return expand_lists(0);
  const Nested& nested = mapping_.nested[at];
  auto value = record_.get(nested.column);
  if (!value || !value->is_text()) return expand_nested(at + 1);
  std::string text(value->text);
  if (nested.base64) {
    if (auto decoded = base64(text)) text = std::move(*decoded);
  }
  auto mark = record_.mark();
  if (nested.input == Input::json) {
    record_.set_parsed(nested.column, std::move(text));
    expand_nested(at + 1);
  } else {
    csv::Reader reader(text);
    std::vector<std::optional<ColumnId>> columns;
    bool header = true;
    for (auto step = reader.next(); step != csv::Step::end; step = reader.next()) {
      if (step == csv::Step::wrong) {
        reject(line_, reader.error(), bytes_);
        continue;
      }
      auto fields = reader.fields();
      if (header) {
        for (auto name : fields)
          columns.push_back(
              record_.column(fmt::format("{}.{}", record_.name(nested.column), name)));
        header = false;
        continue;
      }
      auto row = record_.mark();
      for (std::size_t i = 0; i < std::min(fields.size(), columns.size()); ++i) {
        if (columns[i]) record_.set_owned(*columns[i], std::string(fields[i]));
      }
      expand_nested(at + 1);
      record_.back_to(row);
    }
  }
  record_.back_to(mark);
}

void Mapper::expand_lists(std::size_t at) {
  if (at == mapping_.explode.size()) return expand_splits(0);
  ColumnId column = mapping_.explode[at];
  auto value = record_.get(column);
  if (!value || !value->json || !value->json->is_array()) return expand_lists(at + 1);
  std::size_t count = 0;
  simdjson::dom::array parts = value->json->get_array();
  for (auto part : parts) {
    if (++count > parts_max) {
      reject(line_, Error{Fault::invalid, fmt::format("a list of more than {} parts", parts_max)},
             bytes_);
      break;
    }
    auto mark = record_.mark();
    record_.set_part(column, part);
    expand_lists(at + 1);
    record_.back_to(mark);
  }
  if (count == 0) expand_lists(at + 1);
}

void Mapper::expand_splits(std::size_t at) {
  if (at == mapping_.split.size()) return make();
  const auto& [column, separator] = mapping_.split[at];
  auto value = record_.get(column);
  if (!value || !value->is_text() || value->text.empty()) return expand_splits(at + 1);
  std::string whole(value->text);
  std::string_view rest = whole;
  for (std::size_t count = 0; count < parts_max; ++count) {
    std::size_t end = rest.find(separator);
    auto mark = record_.mark();
    record_.set_owned(column, std::string(text::trim(rest.substr(0, end))));
    expand_splits(at + 1);
    record_.back_to(mark);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + separator.size());
  }
}

bool Mapper::capture_if(const re2::RE2& pattern, std::string_view text, bool keep) {
  int groups = pattern.NumberOfCapturingGroups();
  std::vector<re2::StringPiece> found(static_cast<std::size_t>(groups) + 1);
  if (!pattern.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, found.data(),
                     groups + 1)) {
    return false;
  }
  for (const auto& [name, index] : pattern.NamedCapturingGroups()) {
    const auto& group = found[static_cast<std::size_t>(index)];
    auto column = record_.column(name);
    if (!column || group.data() == nullptr) continue;
    std::string value(text::trim({group.data(), group.size()}));
    if (keep) {
      record_.keep(*column, value);
    } else if (!record_.is_set(*column)) {  // what an earlier rule found stays
      record_.set_owned(*column, std::move(value));
    }
  }
  return true;
}

bool Mapper::take_context(std::string_view line) {
  for (const auto& pattern : mapping_.context) {
    if (capture_if(*pattern, line, true)) return true;
  }
  return false;
}

bool Mapper::holds(const Condition& condition) {
  auto value = record_.get(condition.column);
  std::string_view text = value ? text::trim(value->text) : std::string_view();
  bool found = false;
  if (condition.present) {
    found = (value && !text.empty()) == *condition.present;
  } else if (condition.matches) {
    std::string copy(text);  // captures may move what the value stands in
    found = value && capture_if(*condition.matches, copy, false);
  } else {
    for (const auto& one : condition.is) found = found || text::equal_fold(one, text);
  }
  return found == condition.holds;
}

bool Mapper::all_hold(const std::vector<Condition>& conditions) {
  for (const auto& condition : conditions) {
    if (!holds(condition)) return false;
  }
  return true;
}

void Mapper::make() {
  if (sink_.stopped()) return;
  auto mark = record_.mark();
  std::vector<const Rule*> matched;
  bool skip = false;
  for (const auto& rule : mapping_.rules) {
    if (!all_hold(rule.when)) continue;
    if (!rule.reject.empty()) {
      reject(line_, Error{Fault::invalid, rule.reject}, bytes_);
      skip = true;
    }
    if (skip || rule.skip) {
      skip = true;
      break;
    }
    matched.push_back(&rule);
  }
  auto one = [&](const Rule* event) -> Result<void> {
    sink_.event(line_);
    sink_.record(bytes_);
    scratch_.clear();
    if (event != nullptr) TRY(assign(event->assignments));
    for (const Rule* rule : matched) {
      TRY(assign(rule->assignments));
    }
    TRY(assign(mapping_.fields));
    std::optional<Roles> roles;
    if (event != nullptr) roles = event->roles;
    for (const Rule* rule : matched) roles = roles ? roles : rule->roles;
    if (!roles) roles = mapping_.roles;
    if (roles) sink_.roles(*roles);
    for (const auto& group : mapping_.required) {
      bool there = std::ranges::any_of(group, [&](Field field) { return sink_.has(field); });
      if (!there) return invalid(fmt::format("no {}", name(group[0])));
    }
    if (mapping_.keep_rest) rest();
    for (const auto& nested : mapping_.nested) {
      if (!nested.rest) continue;
      auto value = record_.get(nested.column);
      const std::string& column = record_.name(nested.column);
      if (value && value->json && value->json->is_object())
        rest_of(*value->json, column, column.size() + 1, *nested.rest);
    }
    return {};
  };
  auto counted = [&](const Rule* event) {
    if (auto made = one(event); !made) reject(line_, made.error(), bytes_);
  };
  if (!skip && mapping_.events.empty()) counted(nullptr);
  for (const auto& event : mapping_.events) {
    if (skip) break;
    auto before = record_.mark();
    if (all_hold(event.when)) counted(&event);
    record_.back_to(before);
  }
  record_.back_to(mark);
}

bool Mapper::is_required(const Assignment& assignment) const {
  return std::ranges::any_of(mapping_.required, [&](const std::vector<Field>& group) {
    return std::ranges::find_first_of(assignment.fields, group) != assignment.fields.end();
  });
}

Result<void> Mapper::assign(const std::vector<Assignment>& assignments) {
  for (const auto& assignment : assignments) {
    TRY(assign(assignment));
  }
  return {};
}

Result<void> Mapper::assign(const Assignment& assignment) {
  for (Field field : assignment.fields) {
    if (sink_.has(field)) return {};  // what a rule has set stays
  }
  Result<void> first_error;
  std::string kept;
  for (const auto& source : assignment.sources) {
    auto value = evaluate(source);
    if (!value) continue;
    if (!assignment.extra.empty()) {
      assign_extra(assignment.extra, *value, source);
      return {};
    }
    auto done = assign_fields(assignment, *value, source);
    if (done && *done) return {};
    if (!done && first_error) {
      first_error = std::unexpected(done.error());
      kept = value->text;
    }
  }
  if (first_error) return {};
  if (is_required(assignment)) return first_error;
  sink_.extra(name(assignment.fields[0]), kept);
  return {};
}

// True if one of the candidates took the value, false if there was none to take.
Result<bool> Mapper::assign_fields(const Assignment& assignment, const Value& value,
                                   const Source& source) {
  if (source.is_time) {
    TimeUs when = TRY(time(value.text, source));
    if (assignment.fields[0] == Field::time_source) {
      sink_.time(when);
    } else {
      TRY(sink_.set(assignment.fields[0], times::format(when)));
    }
    return true;
  }
  Result<void> error;
  for (Field field : assignment.fields) {
    auto done = sink_.set(field, value.text);
    if (done) return true;
    if (error) error = done;
  }
  return std::unexpected(error.error());
}

void Mapper::assign_extra(const std::string& name, const Value& value, const Source& source) {
  if (source.shape != Shape::time) return set_extra(sink_, name, value, source);
  auto when = time(value.text, source);
  sink_.extra(name, when ? times::format(*when) : std::string(value.text));
}

std::optional<Value> Mapper::origin(const Source& source) {
  if (source.constant) return Value{*source.constant, {}};
  if (!source.pieces.empty()) {
    std::string& whole = scratch_.emplace_back();
    for (const auto& piece : source.pieces) {
      whole += piece.literal;
      if (!piece.column) continue;
      auto value = record_.get(*piece.column);
      if (!value || text::trim(value->text).empty()) return std::nullopt;
      whole += text::trim(value->text);
    }
    return Value{whole, {}};
  }
  for (ColumnId column : source.columns) {
    auto value = record_.get(column);
    if (!value) continue;
    bool tree = value->json && (value->json->is_array() || value->json->is_object());
    if (!tree) {
      value->text = text::trim(value->text);
      if (value->text.empty()) continue;
      bool nothing = false;
      for (const auto& text : source.ignore)
        nothing = nothing || text::equal_fold(text, value->text);
      if (nothing) continue;
    }
    return value;
  }
  return std::nullopt;
}

std::optional<Value> Mapper::evaluate(const Source& source) {
  auto value = origin(source);
  if (!value) return std::nullopt;
  auto replace = [&](std::string text) {
    value = Value{scratch_.emplace_back(std::move(text)), {}};
  };
  if (source.regex) {
    const auto& regex = *source.regex;
    int groups = std::min(1, regex.NumberOfCapturingGroups());
    std::array<re2::StringPiece, 2> found;
    if (!regex.Match({value->text.data(), value->text.size()}, 0, value->text.size(),
                     re2::RE2::UNANCHORED, found.data(), groups + 1)) {
      return std::nullopt;
    }
    const auto& group = found[static_cast<std::size_t>(groups)];
    if (group.data() == nullptr) return std::nullopt;
    replace(std::string(text::trim({group.data(), group.size()})));
    if (value->text.empty()) return std::nullopt;
  }
  for (const auto& [from, to] : source.replace) {
    std::string text(value->text);
    for (std::size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos;
         at += to.size()) {
      text.replace(at, from.size(), to);
    }
    replace(std::move(text));
  }
  if (source.mapped) {
    auto found = source.values.find(text::lower(value->text));
    if (found != source.values.end()) {
      value = Value{found->second, {}};
    } else if (source.otherwise) {
      value = Value{*source.otherwise, {}};
    } else {
      return std::nullopt;
    }
    if (value->text.empty()) return std::nullopt;
  }
  if (source.lower) replace(text::lower(value->text));
  if (!source.scheme.empty() && !value->text.contains("://")) {
    replace(fmt::format("{}://{}", source.scheme, value->text));
  }
  return value;
}

Result<TimeUs> Mapper::time(std::string_view text, const Source& source) {
  Result<TimeUs> first = invalid("not a time: " + text::quote(text));
  for (const auto& format : source.time) {
    auto found = report_time(text, format, source.zone ? &*source.zone : nullptr, report_.received);
    if (found) return found;
    first = found;
  }
  return first;
}

bool Mapper::is_named(std::string_view name) const {
  for (std::size_t i = 0; i < mapping_.names.size(); ++i) {
    const auto& known = mapping_.names[i];
    if (known == name) return true;
    bool holder = std::ranges::any_of(mapping_.nested, [&](const Nested& nested) {
      return nested.column == i && nested.rest.has_value();
    });
    if (holder) continue;  // its parts are not named by naming it
    std::string_view longer = known.size() > name.size() ? std::string_view(known) : name;
    std::string_view shorter = known.size() > name.size() ? name : std::string_view(known);
    if (longer.starts_with(shorter) && longer[shorter.size()] == '.') return true;
  }
  return std::ranges::find(mapping_.rest_except, name) != mapping_.rest_except.end();
}

void Mapper::rest() {
  for (std::size_t i = 0; i < std::min(all_columns_.size(), all_values_.size()); ++i) {
    if (all_columns_[i].empty() || is_named(all_columns_[i])) continue;
    sink_.extra(mapping_.rest_prefix + all_columns_[i], text::trim(all_values_[i]));
  }
  if (auto root = record_.root(); root && root->is_object())
    rest_of(*root, "", 0, mapping_.rest_prefix);
}

void Mapper::rest_of(element object, const std::string& path, std::size_t skip,
                     const std::string& prefix) {
  for (auto member : object_of(object)) {
    std::string name = path.empty() ? std::string(member.key)
                                    : fmt::format("{}.{}", path, std::string_view(member.key));
    if (member.value.is_null() || is_exactly_named(name)) continue;
    if (member.value.is_object()) {
      rest_of(member.value, name, skip, prefix);
    } else if (!is_named(name)) {
      Value value{{}, member.value};
      std::string json = member.value.is_string() ? "" : simdjson::minify(member.value);
      value.text = member.value.is_string() ? member.value.get_string().value_unsafe() : json;
      assign_extra(prefix + name.substr(skip), value, Source{});
    }
  }
}

bool Mapper::is_exactly_named(std::string_view name) const {
  return std::ranges::find(mapping_.names, name) != mapping_.names.end() ||
         std::ranges::find(mapping_.rest_except, name) != mapping_.rest_except.end();
}

}  // namespace tocsin::ingest
