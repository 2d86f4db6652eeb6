// Params: a call's parameters, checked against its route, and its JSON body.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"
#include "base/result.h"
#include "base/time.h"
#include "store/filter.h"

namespace tocsin::api {

enum class ParameterType : std::uint8_t { text, number, time, filter, country, choice, flag };

struct Parameter {
  std::string_view name;
  ParameterType type = ParameterType::text;
  std::string_view about;
  std::string_view choices{};  // "a|b" of a choice
  bool required = false;
};

// All of a request's parameters. Errors: invalid: one that the route does not know, twice the same,
// a missing one, or a wrong value; the message names it and what would be right.
struct Params {
  std::map<std::string, std::string, std::less<>> values{};

  static Result<Params> read(const http::Request& request, const std::vector<Parameter>& known,
                             TimeUs now);

  // After read() these cannot fail: what was not given is the default.
  const std::string& text(std::string_view name) const;
  std::uint64_t number(std::string_view name, std::uint64_t otherwise) const;
  TimeUs time(std::string_view name) const;  // time_none if not given
  store::Filter filter(std::string_view name, TimeUs now) const;
  bool has(std::string_view name) const { return values.contains(name); }
};

// A JSON object as the body. Errors: invalid, for anything else, or a wrong kind of member.
class JsonBody {
 public:
  // `known`: names of its members, parted by `|`; others are refused.
  static Result<JsonBody> read(const http::Request& request, std::string_view known);

  Result<std::string> text(std::string_view name) const;      // "" if absent
  Result<bool> flag(std::string_view name) const;             // false if absent
  Result<std::uint64_t> number(std::string_view name) const;  // 0 if absent
  bool has(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name, std::size_t most) const;

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;  // `object_` points into it
  simdjson::dom::object object_;
};

}  // namespace tocsin::api
