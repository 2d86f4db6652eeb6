#include "ingest/record.h"

#include "base/text.h"

namespace tocsin::ingest {

using simdjson::dom::element;

std::optional<element> at_path(element at, std::string_view path) {
  if (path.empty()) return at;
  element found;
  if (at.is_array()) {
    std::string_view rest = path, index = text::cut(rest, '.');
    auto number = text::number(index);
    if (!number || at.get_array().at(*number).get(found)) return std::nullopt;
    return at_path(found, rest);
  }
  if (!at.is_object()) return std::nullopt;
  auto object = at.get_object();
  if (!object.at_key(path).get(found)) return found;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    if (object.at_key(path.substr(0, dot)).get(found)) continue;
    if (auto deeper = at_path(found, path.substr(dot + 1))) return deeper;
  }
  return std::nullopt;
}

Record::Record(const Mapping& mapping)
    : mapping_(mapping), cells_(mapping.names.size()), context_(mapping.names.size()) {}

void Record::clear() {
  back_to({0, 0});
  root_.reset();
  owned_.clear();
}

void Record::back_to(Mark mark) {
  while (set_.size() > mark.set) {
    cells_[set_.back().first] = set_.back().second;
    set_.pop_back();
  }
  parts_.resize(std::min(parts_.size(), mark.parts));
}

void Record::set(ColumnId column, std::string_view text) {
  set_.emplace_back(column, cells_[column]);
  cells_[column] = text;
}

void Record::set_owned(ColumnId column, std::string text) {
  set(column, owned_.emplace_back(std::move(text)));
}

void Record::keep(ColumnId column, std::string_view text) {
  context_[column] = text;
}

void Record::set_part(ColumnId column, element part) {
  parts_.push_back({column, part, nullptr});
}

void Record::set_parsed(ColumnId column, std::string json) {
  auto parser = std::make_unique<simdjson::dom::parser>();
  element parsed;
  if (parser->parse(json).get(parsed) || !(parsed.is_object() || parsed.is_array())) {
    set_owned(column, std::move(json));
    return;
  }
  parts_.push_back({column, parsed, std::move(parser)});
}

std::optional<ColumnId> Record::column(std::string_view name) const {
  for (std::size_t i = 0; i < mapping_.names.size(); ++i) {
    if (mapping_.names[i] == name) return static_cast<ColumnId>(i);
  }
  return std::nullopt;
}

std::optional<element> Record::find(std::string_view path) const {
  constexpr std::string_view whole = "@whole.";
  if (path.starts_with(whole)) {
    return root_ ? at_path(*root_, path.substr(whole.size())) : std::nullopt;
  }
  // The latest part first: it may lie inside an earlier one.
  for (std::size_t i = parts_.size(); i-- > 0;) {
    std::string_view prefix = mapping_.names[parts_[i].column];
    if (path == prefix) return parts_[i].element;
    if (path.size() > prefix.size() && path.starts_with(prefix) && path[prefix.size()] == '.') {
      return at_path(parts_[i].element, path.substr(prefix.size() + 1));
    }
  }
  if (!root_) return std::nullopt;
  if (path == "@value") return root_;
  return at_path(*root_, path);
}

Value Record::value_of(element e) {
  if (e.is_string()) return {e.get_string().value(), e};
  if (e.is_bool()) return {e.get_bool().value() ? "true" : "false", e};
  return {owned_.emplace_back(simdjson::minify(e)), e};
}

std::optional<Value> Record::get(ColumnId column) {
  if (cells_[column]) return Value{*cells_[column], {}};
  if (auto found = find(mapping_.names[column])) {
    if (found->is_null()) return std::nullopt;
    return value_of(*found);
  }
  if (context_[column]) return Value{*context_[column], {}};
  return std::nullopt;
}

}  // namespace tocsin::ingest
