// Record: one record of a report as the mapping sees it: values by column, whatever the input was.
#pragma once

#include <simdjson.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/mapping.h"

namespace tocsin::ingest {

// A value as text; `json` is set where it came as JSON (then a number's text is its spelling, that
// of a list or object its JSON).
struct Value {
  std::string_view text;
  std::optional<simdjson::dom::element> json;

  bool is_text() const { return !json || json->is_string(); }
};

class Record {
 public:
  explicit Record(const Mapping& mapping);

  void clear();  // all but the context
  void set(ColumnId column, std::string_view text);
  void set_owned(ColumnId column, std::string text);
  void keep(ColumnId column, std::string_view text);  // for this and all later records
  void set_root(simdjson::dom::element root) { root_ = root; }
  void set_part(ColumnId column, simdjson::dom::element part);  // stands for what is at the path
  void set_parsed(ColumnId column, std::string json);           // the same, parsed here

  // What an expanded record may go back to.
  struct Mark {
    std::size_t set, parts;
  };
  Mark mark() const { return {set_.size(), parts_.size()}; }
  void back_to(Mark mark);

  std::optional<Value> get(ColumnId column);
  bool is_set(ColumnId column) const { return cells_[column].has_value(); }
  std::optional<simdjson::dom::element> root() const { return root_; }
  std::optional<ColumnId> column(std::string_view name) const;
  const std::string& name(ColumnId column) const { return mapping_.names[column]; }

 private:
  std::optional<simdjson::dom::element> find(std::string_view path) const;
  Value value_of(simdjson::dom::element element);

  const Mapping& mapping_;
  std::vector<std::optional<std::string_view>> cells_;                     // by ColumnId
  std::vector<std::optional<std::string>> context_;                        // by ColumnId
  std::vector<std::pair<ColumnId, std::optional<std::string_view>>> set_;  // what to undo
  std::optional<simdjson::dom::element> root_;
  struct Part {
    ColumnId column;
    simdjson::dom::element element;
    std::unique_ptr<simdjson::dom::parser> parser;  // owns the element, where parsed here
  };
  std::vector<Part> parts_;
  std::deque<std::string> owned_;
};

// The element at a path of names and indices divided by dots; a name may hold dots itself.
std::optional<simdjson::dom::element> at_path(simdjson::dom::element element,
                                              std::string_view path);

}  // namespace tocsin::ingest
