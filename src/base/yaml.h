// YAML, read through libyaml into plain values; aliases are followed, tags are not looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::yaml {

struct Member;

struct Value {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string text;          // of a scalar
  std::vector<Value> items;  // of a list
  std::vector<Member> map;   // in the order of the file

  const Value* find(std::string_view key) const;    // nullptr: not there, or no map
  std::string text_of(std::string_view key) const;  // "" unless it is a scalar
};

struct Member {
  std::string first;
  Value second;
};

// The one document of a file. At most 64 levels and 200,000 values, aliases counted each time.
// Errors: invalid, with the line.
Result<Value> parse(std::string_view text);

}  // namespace tocsin::yaml
