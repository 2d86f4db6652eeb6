#include "api/params.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "model/country.h"

namespace tocsin::api {
namespace {

constexpr std::size_t text_max = 4096;

bool is_one_of(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    if (text::cut(choices, '|') == value) return true;
  }
  return false;
}

Result<void> judge(const Parameter& parameter, const std::string& value, TimeUs now) {
  auto wrong = [&](std::string_view what) {
    return invalid(fmt::format("parameter '{}' {}: {}", parameter.name, what, text::quote(value)));
  };
  switch (parameter.type) {
    case ParameterType::number:
      if (!text::number(value)) return wrong("must be a number");
      break;
    case ParameterType::time:
      if (!times::parse(value)) return wrong("must be a time such as 2026-01-31T12:00:00Z");
      break;
    case ParameterType::country:
      if (!Country::parse(value)) return wrong("must be a country's two letters");
      break;
    case ParameterType::flag:
      if (value != "true" && value != "false") return wrong("must be true or false");
      break;
    case ParameterType::choice:
      if (!is_one_of(parameter.choices, value)) {
        return wrong(fmt::format("must be one of {}", parameter.choices));
      }
      break;
    case ParameterType::filter:
      if (auto filter = store::parse_filter(value, now); !filter) {
        return std::unexpected(filter.error());
      }
      break;
    case ParameterType::text:
      if (value.size() > text_max) return wrong("is too long");
      break;
  }
  return {};
}

}  // namespace

Result<Params> Params::read(const http::Request& request, const std::vector<Parameter>& known,
                            TimeUs now) {
  Params params;
  for (const auto& [name, value] : request.query) {
    auto found = std::find_if(known.begin(), known.end(),
                              [&](const Parameter& parameter) { return parameter.name == name; });
    if (found == known.end()) {
      std::string names;
      for (const Parameter& parameter : known) {
        (names += names.empty() ? "" : ", ") += parameter.name;
      }
      return invalid(fmt::format("no parameter {} here; there are: {}", text::quote(name),
                                 names.empty() ? "none" : names));
    }
    if (value.empty()) continue;  // as if it were not there: forms send such
    TRY(judge(*found, value, now));
    if (!params.values.emplace(name, value).second) {
      return invalid(fmt::format("parameter '{}' stands twice", name));
    }
  }
  for (const Parameter& parameter : known) {
    if (parameter.required && !params.has(parameter.name)) {
      return invalid(fmt::format("parameter '{}' is missing", parameter.name));
    }
  }
  return params;
}

const std::string& Params::text(std::string_view name) const {
  static const std::string none;
  auto found = values.find(name);
  return found == values.end() ? none : found->second;
}

std::uint64_t Params::number(std::string_view name, std::uint64_t otherwise) const {
  return text::number(text(name)).value_or(otherwise);
}

TimeUs Params::time(std::string_view name) const {
  auto time = times::parse(text(name));
  return time ? *time : time_none;
}

store::Filter Params::filter(std::string_view name, TimeUs now) const {
  auto filter = store::parse_filter(text(name), now);
  return filter ? *std::move(filter) : store::Filter();
}

Result<JsonBody> JsonBody::read(const http::Request& request, std::string_view known) {
  JsonBody body;
  body.parser_ = std::make_unique<simdjson::dom::parser>();
  if (request.body.empty()) return invalid("a JSON object is needed as the body");
  auto parsed = body.parser_->parse(request.body).get(body.object_);
  if (parsed != simdjson::SUCCESS) {
    return invalid(
        fmt::format("the body is not a JSON object: {}", simdjson::error_message(parsed)));
  }
  for (auto member : body.object_) {
    if (!is_one_of(known, member.key)) {
      return invalid(
          fmt::format("no member {} here; there are: {}", text::quote(member.key), known));
    }
  }
  return body;
}

Result<std::string> JsonBody::text(std::string_view name) const {
  simdjson::dom::element element;
  if (object_.at_key(name).get(element) != simdjson::SUCCESS) return std::string();
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) {
    return invalid(fmt::format("member '{}' must be a string", name));
  }
  return std::string(text);
}

Result<bool> JsonBody::flag(std::string_view name) const {
  simdjson::dom::element element;
  if (object_.at_key(name).get(element) != simdjson::SUCCESS) return false;
  bool yes = false;
  if (element.get(yes) != simdjson::SUCCESS) {
    return invalid(fmt::format("member '{}' must be true or false", name));
  }
  return yes;
}

Result<std::uint64_t> JsonBody::number(std::string_view name) const {
  simdjson::dom::element element;
  if (object_.at_key(name).get(element) != simdjson::SUCCESS) return std::uint64_t{0};
  std::uint64_t number = 0;
  if (element.get(number) != simdjson::SUCCESS) {
    return invalid(fmt::format("member '{}' must be a whole number", name));
  }
  return number;
}

bool JsonBody::has(std::string_view name) const {
  return object_.at_key(name).error() == simdjson::SUCCESS;
}

Result<std::vector<std::string>> JsonBody::texts(std::string_view name, std::size_t most) const {
  std::vector<std::string> texts;
  simdjson::dom::element element;
  if (object_.at_key(name).get(element) != simdjson::SUCCESS) return texts;
  simdjson::dom::array array;
  auto wrong = [&] {
    return invalid(fmt::format("member '{}' must be a list of at most {} strings", name, most));
  };
  if (element.get(array) != simdjson::SUCCESS || array.size() > most) return wrong();
  for (auto item : array) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS || text.size() > text_max) return wrong();
    texts.emplace_back(text);
  }
  return texts;
}

}  // namespace tocsin::api
