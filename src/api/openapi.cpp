#include "api/openapi.h"

#include <map>

#include "api/object.h"
#include "api/routes.h"
#include "api/schemas.h"
#include "base/text.h"
#include "base/version.h"

namespace tocsin::api {
namespace {

Object plain(std::string_view type, std::string_view format = {}) {
  return Object().add("type", type).add("format", format);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) parts.emplace_back(text::cut(text, separator));
  return parts;
}

// The schema of a type in the notation of schemas.h.
Object schema_of(std::string_view type) {
  if (type.starts_with('[')) {
    return plain("array").add("items", schema_of(type.substr(1, type.size() - 2)));
  }
  if (type.starts_with('{')) {
    return plain("object").add("additionalProperties", schema_of(type.substr(1, type.size() - 2)));
  }
  if (type == "any") return plain("object");
  if (type == "time") return plain("string", "date-time");
  if (type == "day") return plain("string", "date");
  if (type.contains('|')) {
    std::vector<std::string> choices = split(type, '|');
    for (std::string& choice : choices) std::replace(choice.begin(), choice.end(), '_', ' ');
    return plain("string").add("enum", choices);
  }
  bool named = type[0] >= 'A' && type[0] <= 'Z';
  if (named) return Object().add("$ref", "#/components/schemas/" + std::string(type));
  return plain(type);
}

void add_members(std::string_view members, Object& properties, std::vector<std::string>& required) {
  for (const std::string& member : split(members, ' ')) {
    std::string_view type = member;
    std::string_view name = text::cut(type, ':');
    if (name.starts_with('+')) {
      for (const Schema& other : schemas()) {
        if (other.name == name.substr(1)) add_members(other.members, properties, required);
      }
      continue;
    }
    if (name == "*") continue;
    if (name.ends_with('!')) {
      name.remove_suffix(1);
      required.emplace_back(name);
    }
    properties.add(name, schema_of(type));
  }
}

Object schema_object(const Schema& schema) {
  Object properties;
  std::vector<std::string> required;
  add_members(schema.members, properties, required);
  return plain("object")
      .add("description", schema.about)
      .add("properties", properties)
      .add("required", required);
}

Object parameter_schema(const Parameter& parameter) {
  switch (parameter.type) {
    case ParameterType::number:
      return plain("integer").add("minimum", 0);
    case ParameterType::time:
      return plain("string", "date-time");
    case ParameterType::country:
      return plain("string").add("pattern", "^[A-Za-z]{2}$");
    case ParameterType::flag:
      return plain("boolean");
    case ParameterType::choice:
      return plain("string").add("enum", split(parameter.choices, '|'));
    case ParameterType::text:
    case ParameterType::filter:
      break;
  }
  return plain("string");
}

std::vector<Object> parameters_of(const Route& route) {
  std::vector<Object> all;
  for (const std::string& part : split(route.pattern, '/')) {
    if (!part.starts_with('{')) continue;
    all.push_back(Object()
                      .add("name", part.substr(1, part.size() - 2))
                      .add("in", "path")
                      .add("required", true)
                      .add("schema", plain("string")));
  }
  for (const Parameter& parameter : route.parameters) {
    all.push_back(Object()
                      .add("name", parameter.name)
                      .add("in", "query")
                      .add("description", parameter.about)
                      .flag("required", parameter.required)
                      .add("schema", parameter_schema(parameter)));
  }
  return all;
}

Object content(std::string_view media, std::string_view schema) {
  Object what = schema == "text"    ? plain("string")
                : schema == "bytes" ? Object()
                                    : schema_of(schema);
  Object holder;
  holder.raw("schema", what.text());
  return Object().add(media, holder);
}

Object responses_of(const Route& route) {
  Object good;
  good.add("description", route.status == 204   ? "Done."
                          : route.status == 303 ? "Signed in; goes on to the console."
                                                : "The answer.");
  if (!route.answer.empty()) good.add("content", content(route.media, route.answer));
  Object all;
  all.add(std::to_string(route.status), good);
  all.add("default", Object().add("$ref", "#/components/responses/Problem"));
  return all;
}

Object operation_of(const Route& route) {
  Object operation;
  operation.add("operationId", route.id)
      .add("summary", route.summary)
      .add("parameters", parameters_of(route))
      .add("responses", responses_of(route));
  if (!route.body.empty()) {
    std::string_view media =
        route.body == "bytes" ? "application/octet-stream" : "application/json";
    operation.add("requestBody",
                  Object().add("required", true).add("content", content(media, route.body)));
  }
  if (route.right == Right::nobody) {
    operation.raw("security", "[]");
  } else {
    operation.add("x-right", name(route.right));
  }
  return operation;
}

// Compact JSON on several lines, two blanks a level, so that a change to it can be read.
std::string on_lines(std::string_view compact) {
  std::string out;
  std::size_t depth = 0;
  bool quoted = false;
  auto line = [&] { out += '\n' + std::string(depth * 2, ' '); };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    char c = compact[i];
    if (quoted || c == '"') {
      out += c;
      if (quoted && c == '\\')
        out += compact[++i];
      else if (c == '"')
        quoted = !quoted;
    } else if (c == '{' || c == '[') {
      out += c;
      bool is_empty = compact[i + 1] == '}' || compact[i + 1] == ']';
      if (is_empty)
        out += compact[++i];
      else
        ++depth, line();
    } else if (c == '}' || c == ']') {
      --depth;
      line();
      out += c;
    } else {
      out += c;
      if (c == ',') line();
      if (c == ':') out += ' ';
    }
  }
  return out + '\n';
}

}  // namespace

std::string openapi() {
  std::map<std::string_view, Object> paths;
  for (const Route& route : routes()) {
    if (route.pattern == "/*") continue;
    paths[route.pattern].add(text::lower(route.method), operation_of(route));
  }
  Object all_paths, all_schemas;
  for (const auto& [pattern, operations] : paths) all_paths.add(pattern, operations);
  for (const Schema& schema : schemas()) all_schemas.add(schema.name, schema_object(schema));
  Object schemes;
  schemes
      .add("cookie", Object().add("type", "apiKey").add("in", "cookie").add("name", session_cookie))
      .add("token", Object().add("type", "http").add("scheme", "bearer"));
  Object problem;
  problem.add("description", "What went wrong.")
      .add("content", content("application/problem+json", "Problem"));
  Object components;
  components.add("schemas", all_schemas)
      .add("securitySchemes", schemes)
      .add("responses", Object().add("Problem", problem));
  Object document;
  document.add("openapi", "3.1.0")
      .add("info",
           Object()
               .add("title", "Tocsin")
               .add("version", version())
               .add("description",
                    "An early-warning network node. Writing calls with the cookie need the "
                    "header X-CSRF-Token with `csrf` of GET /api/v1/session.")
               .add("license", Object().add("name", "Apache-2.0").add("identifier", "Apache-2.0")))
      .raw("servers", R"([{"url":"/"}])")
      .raw("security", R"([{"cookie":[]},{"token":[]}])")
      .add("paths", all_paths)
      .add("components", components);
  return on_lines(document.text());
}

}  // namespace tocsin::api
