#include "wire/stix_object.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "wire/stix_types.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

std::vector<std::string> texts(const Object& object, std::string_view name) {
  std::vector<std::string> out;
  simdjson::dom::array list;
  if (object.at_key(name).get(list)) return out;
  for (Element item : list) {
    std::string_view text;
    if (!item.get(text)) out.emplace_back(text);
  }
  return out;
}

// Ids stand in what is named so, and as the names of extensions.
void gather(Element value, std::string_view name, std::vector<std::string>& out) {
  Object object;
  simdjson::dom::array list;
  std::string_view text;
  if (!value.get(object)) {
    for (auto [key, member] : object) {
      if (name == "extensions" && is_stix_id(key)) out.emplace_back(key);
      gather(member, key, out);
    }
  } else if (!value.get(list)) {
    for (Element item : list) gather(item, name, out);
  } else if (!value.get(text) && (name.ends_with("_ref") || name.ends_with("_refs")) &&
             is_stix_id(text)) {
    out.emplace_back(text);
  }
}

TimeUs time_of(const Object& object, std::string_view name) {
  auto time = stix_time(stix_text(object, name));
  return time ? time->us() : time_none;
}

std::vector<StixGranular> granular(const Object& object) {
  std::vector<StixGranular> out;
  simdjson::dom::array list;
  if (object.at_key("granular_markings").get(list)) return out;
  for (Element item : list) {
    Object marking;
    if (item.get(marking)) continue;
    out.push_back({std::string(stix_text(marking, "marking_ref")), texts(marking, "selectors")});
  }
  return out;
}

}  // namespace

StixObject stix_object_of(const Object& object, std::string_view json) {
  StixObject out{.json = std::string(json),
                 .id = std::string(stix_text(object, "id")),
                 .type = std::string(stix_text(object, "type"))};
  // An observable's times are others.
  const StixShape* shape = stix_shape(out.type);
  bool observable = shape && shape->sort == StixShape::Sort::observable;
  bool versioned = stix_has(object, "created") && !observable;
  if (versioned) {
    out.version = stix_text(object, stix_has(object, "modified") ? "modified" : "created");
    out.created = time_of(object, "created"), out.modified = time_of(object, "modified");
  }
  if (object.at_key("revoked").get(out.revoked)) out.revoked = false;
  out.created_by = stix_text(object, "created_by_ref");
  out.labels = texts(object, "labels");
  std::int64_t confidence = 0;
  if (!object.at_key("confidence").get(confidence))
    out.confidence = static_cast<std::uint8_t>(confidence);
  out.markings = texts(object, "object_marking_refs");
  out.granular = granular(object);
  for (auto [key, member] : object) gather(member, key, out.refs);
  std::ranges::sort(out.refs);
  auto repeated = std::ranges::unique(out.refs);
  out.refs.erase(repeated.begin(), repeated.end());
  std::erase(out.refs, out.id);
  return out;
}

Result<StixObject> StixReader::read(std::string_view json, std::vector<StixRemark>* warnings) {
  json = text::trim(json);
  if (json.size() > stix_object_bytes_max)
    return invalid(fmt::format("an object of more than {} octets", stix_object_bytes_max));
  Element root;
  if (auto failed = parser_.parse(json.data(), json.size()).get(root))
    return invalid(fmt::format("not JSON: {}", simdjson::error_message(failed)));
  auto verdict = check_stix(root);
  if (!verdict.valid()) {
    std::size_t others = verdict.breaches.size() - 1;
    std::string more =
        others == 0 ? "" : fmt::format(" (and {})", text::count(others, "other", "others"));
    return invalid(verdict.breaches[0].text() + more);
  }
  if (warnings) std::ranges::move(verdict.warnings, std::back_inserter(*warnings));
  StixObject out = stix_object_of(root.get_object().value_unsafe(), json);
  if (out.type == "bundle") return invalid("a bundle, where one object should be");
  return out;
}

Result<std::vector<std::string_view>> stix_objects_in(std::string_view bundle) {
  simdjson::padded_string padded(bundle);
  simdjson::dom::parser whole;  // what follows does not look at all of the text
  if (auto wrong = whole.parse(padded).error())
    return invalid(fmt::format("this is no JSON: {}", simdjson::error_message(wrong)));
  simdjson::ondemand::parser parser;
  std::vector<std::string_view> out;
  auto read = [&]() -> simdjson::error_code {
    simdjson::ondemand::document document;
    if (auto wrong = parser.iterate(padded).get(document)) return wrong;
    simdjson::ondemand::array objects;
    if (auto wrong = document["objects"].get_array().get(objects)) return wrong;
    for (auto item : objects) {
      simdjson::ondemand::value value;
      if (auto wrong = std::move(item).get(value)) return wrong;
      simdjson::ondemand::object object;
      std::string_view raw = value.raw_json_token();
      simdjson::ondemand::array list;
      if (!value.get_object().get(object)) {
        if (auto wrong = object.raw_json().get(raw)) return wrong;
      } else if (!value.get_array().get(list)) {
        if (auto wrong = list.raw_json().get(raw)) return wrong;
      }
      // The same place in the caller's bytes.
      out.push_back(text::trim(
          bundle.substr(static_cast<std::size_t>(raw.data() - padded.data()), raw.size())));
    }
    return simdjson::SUCCESS;
  };
  if (read() != simdjson::SUCCESS) return invalid("not an object with a list \"objects\"");
  if (out.empty()) return invalid("the list \"objects\" is empty");
  return out;
}

std::string stix_bundle(std::string_view id, const std::vector<std::string>& objects) {
  if (objects.empty()) return fmt::format(R"({{"type":"bundle","id":"{}"}})", id);
  return fmt::format(R"({{"type":"bundle","id":"{}","objects":[{}]}})", id,
                     fmt::join(objects, ","));
}

}  // namespace tocsin::wire
