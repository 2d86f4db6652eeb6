// Object: a JSON object whose members may be added in any order and are printed sorted; what is
// empty is left out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace tocsin::api {

class Object;

inline std::string to_json(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}
inline std::string to_json(const std::string& text) {
  return to_json(std::string_view(text));
}
inline std::string to_json(const char* text) {
  return to_json(std::string_view(text));
}
inline std::string to_json(bool yes) {
  return yes ? "true" : "false";
}
inline std::string to_json(double number) {
  std::string out;
  json::append_number(out, number);
  return out;
}
template <class Integer>
  requires std::is_integral_v<Integer>
std::string to_json(Integer number) {
  return std::to_string(number);
}
std::string to_json(const Object& object);

// A list of anything that to_json() takes.
template <class T>
std::string to_json(const std::vector<T>& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += to_json(item);
  }
  return out + ']';
}

class Object {
 public:
  // Left out: "", an empty list, nullopt. Numbers and flags always stand.
  template <class T>
  Object& add(std::string_view name, const T& value) {
    if constexpr (requires { value.empty(); }) {
      if (value.empty()) return *this;
    }
    return raw(name, to_json(value));
  }
  template <class T>
  Object& add(std::string_view name, const std::optional<T>& value) {
    return value ? add(name, *value) : *this;
  }
  Object& flag(std::string_view name, bool yes) { return yes ? raw(name, "true") : *this; }
  Object& raw(std::string_view name, std::string json) {  // already JSON
    members_.emplace_back(name, std::move(json));
    return *this;
  }
  bool empty() const { return members_.empty(); }
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> members_;
};

inline std::string to_json(const Object& object) {
  return object.text();
}

inline std::string Object::text() const {
  std::vector<const std::pair<std::string, std::string>*> sorted;
  for (const auto& member : members_) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->first < b->first; });
  std::string out = "{";
  for (const auto* member : sorted) {
    if (out.size() > 1) out += ',';
    json::append_string(out, member->first);
    out += ':';
    out += member->second;
  }
  return out + '}';
}

}  // namespace tocsin::api
