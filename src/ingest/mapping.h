// Mapping: how the records of a report become events, as a mapping file (TOML) says.
// docs/mappings.md explains the file to its writers.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/zone.h"
#include "model/field.h"
#include "model/taxonomy.h"

namespace tocsin::ingest {

// The number of a column's name; a mapping names each once.
using ColumnId = std::uint16_t;
using Pattern = std::shared_ptr<const re2::RE2>;

enum class Input : std::uint8_t { csv, json, lines, key_value, html_table, xml };

// How a value stands under `extra.`.
enum class Shape : std::uint8_t { own, text, number, flag, json, list, keys, objects, time };

struct Piece {  // of a template: a literal, then a column's value
  std::string literal;
  std::optional<ColumnId> column;
};

// Where a value comes from and what is done with it, in this order.
struct Source {
  std::vector<ColumnId> columns;  // the first that has a value ...
  std::vector<Piece> pieces;      // ... or a template, of which every column must have one ...
  std::optional<std::string> constant;  // ... or this
  std::vector<std::string> ignore;      // texts that mean nothing, beside ""
  Pattern regex;                        // its first group is the value; no match: no value
  std::vector<std::pair<std::string, std::string>> replace;
  std::map<std::string, std::string, std::less<>> values;  // keys in lower case
  bool mapped = false;
  std::optional<std::string> otherwise;  // what a text without a row in `values` becomes
  bool lower = false;
  std::string scheme;             // put before a URL that has none
  std::vector<std::string> time;  // formats, the first that fits; "": RFC 3339 and its relatives
  bool is_time = false;
  std::optional<Zone> zone;
  Shape shape = Shape::own;
  std::string separator;            // of Shape::list
  std::string member;               // of Shape::objects: where each key goes
  std::vector<std::string> except;  // of Shape::keys: names that are not told
  std::string where;  // of Shape::keys: only members whose member of this name is true
};

struct Assignment {
  std::vector<Field> fields;  // candidates: the first whose kind takes the value
  std::string extra;          // or a name under `extra.`
  std::vector<Source> sources;
};

struct Condition {
  ColumnId column = 0;
  std::vector<std::string> is;  // one of these, case folded
  Pattern matches;              // its named groups become columns
  std::optional<bool> present;
  bool holds = true;  // false: when it does not hold
};

struct Rule {
  std::vector<Condition> when;  // all of them
  std::vector<Assignment> assignments;
  std::optional<Roles> roles;
  bool skip = false;   // no event, no reject
  std::string reject;  // why the record is refused; "": it is not
};

// A column that holds a report of its own, or packed data.
struct Nested {
  ColumnId column = 0;
  bool base64 = false;
  Input input = Input::json;  // json: its members are columns "COLUMN.member"; csv: a record a row
  std::optional<std::string> rest;  // json: members that nothing names go to `extra.RESTname`
};

struct Mapping {
  std::string name, summary;
  std::vector<Pattern> detect;  // fit the file name, or the first lines: for the format `auto`
  Input input = Input::csv;

  // csv, key_value
  char delimiter = ',', quote = '"';
  std::vector<std::string> comments;
  bool header = false;
  std::vector<std::optional<ColumnId>> columns;  // where there is no header, or to rename it
  std::size_t skip_lines = 0;
  std::string pair_separator = " ", value_separator = "=";
  bool keep_quotes = false;
  std::vector<Pattern> context;           // lines that tell something about all records after them
  std::vector<Pattern> patterns, ignore;  // lines
  std::string records;                    // json: the path; xml: the element's name
  std::vector<std::pair<ColumnId, std::string>> split;  // one record a part
  std::vector<ColumnId> explode;                        // one record an element
  std::vector<Nested> nested;

  std::vector<Rule> rules;
  std::vector<Rule> events;  // what one record gives; empty: one event
  std::vector<Assignment> fields;
  std::vector<std::vector<Field>> required;  // of each group one must be there
  std::optional<Roles> roles;  // where no rule gives any and the type's usual ones are wrong
  bool keep_rest = false;      // columns that nothing names go to `extra.PREFIXname`
  std::string rest_prefix;
  std::vector<std::string> rest_except;

  std::vector<std::string> names;  // of the columns, by ColumnId
  std::set<ColumnId> captured;     // those that patterns give
};

// Errors: invalid: "FILE:LINE: KEY: what is wrong; valid values".
Result<Mapping> parse_mapping(std::string_view toml, std::string_view file_name);

}  // namespace tocsin::ingest
