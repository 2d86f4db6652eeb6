#include "wire/stix_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "wire/stix_checker.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

constexpr std::size_t remarks_max = 1000;  // of a sort, in one verdict
constexpr std::int64_t exact_max = (std::int64_t{1} << 53) - 1;
constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
constexpr auto reserved = std::to_array<std::string_view>(
    {"action", "phone_numbers", "severity", "username", "usernames"});
// What STIX 2.1 requires and 2.0 did not have.
constexpr auto new_in_21 =
    std::to_array<std::string_view>({"is_family", "pattern_type", "spec_version"});

template <class List>
bool has(const List& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

// The extension types that an object's extensions say.
bool extended_as(const Object& object, auto fits) {
  Object extensions;
  if (object.at_key("extensions").get(extensions)) return false;
  for (auto [key, extension] : extensions) {
    Object inner;
    if (!extension.get(inner) && fits(stix_text(inner, "extension_type"))) return true;
  }
  return false;
}

std::string fold(std::string_view name, std::string_view what) {
  return fmt::format("{}: {}", name, what);
}

}  // namespace

std::string StixAt::path() const {
  std::string out = up ? up->path() : std::string();
  if (index != no_index) return out + fmt::format("[{}]", index);
  if (!out.empty() && !name.empty()) out += '.';
  return out.append(name);
}

std::string StixRemark::text() const {
  std::string out = id.empty() ? std::string() : id + ": ";
  if (!path.empty()) out += path + ": ";
  return out + what;
}

void StixChecker::breach(const StixAt& at, std::string what) {
  if (verdict_.breaches.size() < remarks_max)
    verdict_.breaches.push_back({"", id_, at.path(), std::move(what)});
}

void StixChecker::warn(std::string_view check, const StixAt& at, std::string what) {
  if (verdict_.warnings.size() < remarks_max)
    verdict_.warnings.push_back({std::string(check), id_, at.path(), std::move(what)});
}

void StixChecker::any(Element value, const StixAt& at, bool old) {
  Object object;
  if (value.get(object)) return breach(at, "not an object");
  if (stix_text(object, "type") == "bundle") return bundle(object, at);
  values_ = 0;
  id_ = stix_text(object, "id"), type_ = stix_text(object, "type");
  if (!is_stix_id(id_)) id_.clear();
  sound(value, at, 0, nowhere);
  this->object(object, at, old, false);
}

void StixChecker::bundle(const Object& bundle, const StixAt& at) {
  std::string id(stix_text(bundle, "id"));
  id_ = is_stix_id(id) ? id : "", type_ = "bundle";
  sound_names(bundle, at);
  if (!is_stix_id(id) || stix_type_of(id) != "bundle")
    breach(at.at("id"), "not the identifier of a bundle: " + text::quote(id));
  bool old = stix_text(bundle, "spec_version") == "2.0";
  for (auto [name, value] : bundle) {
    if (name == "type" || name == "id" || name == "objects") continue;
    sound(value, at.at(name), 1, 1);
    if (name != "spec_version" || !old) custom_property(name, at.at(name));
  }
  Element found;
  if (bundle.at_key("objects").get(found)) return;
  simdjson::dom::array objects;
  StixAt list = at.at("objects");
  if (found.get(objects)) return breach(list, "not a list");
  if (objects.size() == 0) return breach(list, "an empty list");
  std::set<std::pair<std::string_view, std::string_view>> seen;
  std::size_t index = 0;
  for (Element one : objects) {
    if (index == stix_bundle_objects_max)
      return breach(list, fmt::format("more than {} objects", stix_bundle_objects_max));
    StixAt here = list.at(index++);
    Object object;
    if (one.get(object)) {
      breach(here, "not an object");
      continue;
    }
    if (stix_text(object, "type") == "bundle") {
      breach(here, "a bundle in a bundle");
      continue;
    }
    any(one, here, old);
    std::string_view modified = stix_text(object, "modified");
    if (!modified.empty() && !seen.insert({stix_text(object, "id"), modified}).second)
      warn("duplicate-ids", here, "stands in the bundle twice with this `modified`");
  }
}

void StixChecker::sound_names(const Object& object, const StixAt& at) {
  std::vector<std::string_view> names;
  for (auto [name, value] : object) names.push_back(name);
  std::ranges::sort(names);
  for (auto twice = std::ranges::adjacent_find(names); twice != names.end();
       twice = std::adjacent_find(std::next(twice), names.end())) {
    breach(at.at(*twice), "the name stands twice in one object");
  }
}

void StixChecker::sound_integer(Element value, const StixAt& at) {
  std::int64_t number = 0;
  if (value.get(number) || number > exact_max || number < -exact_max)
    breach(at, "an integer beyond 2^53 - 1");
}

// Deep inside of what is custom, the standard's own schemas look no more.
void StixChecker::sound_empty(const StixAt& at, std::string_view what, std::size_t depth,
                              std::size_t custom) {
  if (depth <= custom) return breach(at, std::string(what));
  warn("empty-values", at, std::string(what));
}

void StixChecker::sound_members(const Object& object, const StixAt& at, std::size_t depth,
                                std::size_t custom) {
  const StixShape* known = depth == 0 ? stix_shape(type_) : nullptr;
  bool in_extension = depth == 2 && at.up->name == "extensions";
  for (auto [name, member] : object) {
    std::size_t from = custom;
    if (depth == 0 && !(known ? known : &stix_common(false))->property(name)) from = 1;
    if (in_extension) from = depth + 1;
    sound(member, at.at(name), depth + 1, from);
  }
}

void StixChecker::sound(Element value, const StixAt& at, std::size_t depth, std::size_t custom) {
  using Type = simdjson::dom::element_type;
  if (++values_ > stix_values_max) {
    if (values_ == stix_values_max + 1)
      breach(at, fmt::format("more than {} values", stix_values_max));
    return;
  }
  if (depth > stix_depth_max)
    return breach(at, fmt::format("nested deeper than {}", stix_depth_max));
  switch (value.type()) {
    case Type::OBJECT: {
      Object object = value.get_object().value_unsafe();
      if (object.size() == 0) return sound_empty(at, "an empty dictionary", depth, custom);
      sound_names(object, at);
      return sound_members(object, at, depth, custom);
    }
    case Type::ARRAY: {
      simdjson::dom::array list = value.get_array().value_unsafe();
      if (list.size() == 0) return sound_empty(at, "an empty list", depth, custom);
      std::size_t index = 0;
      for (Element item : list) sound(item, at.at(index++), depth + 1, custom);
      return;
    }
    case Type::INT64:
    case Type::UINT64:
      return sound_integer(value, at);
    case Type::NULL_VALUE:
      return sound_empty(at, "null", depth, custom);
    case Type::STRING:  // the parser takes no lone surrogate
    case Type::DOUBLE:
    case Type::BOOL:
      return;
  }
}

void StixChecker::object(const Object& object, const StixAt& at, bool old, bool inner) {
  std::string_view version = stix_text(object, "spec_version");
  old_ = inner ? old_ : version == "2.0" || (old && version.empty());
  const StixShape* known = stix_shape(stix_text(object, "type"));
  bool open = extended_as(
      object, [](std::string_view type) { return type == "toplevel-property-extension"; });
  if (known) {
    type_and_id(object, at, known->sort == StixShape::Sort::observable, inner);
    shape(*known, object, at, open);
    special(object, at);
  } else {
    custom_type(object, at);
  }
  markings(object, at);
}

void StixChecker::type_and_id(const Object& object, const StixAt& at, bool observable, bool inner) {
  std::string_view type = stix_text(object, "type"), id = stix_text(object, "id");
  if (type.empty()) return breach(at.at("type"), "missing, or not a text");
  if (!is_stix_type_name(type) || type == "action")
    return breach(at.at("type"), "not the name of a type: " + text::quote(type));
  if (id.empty()) {
    if (!inner) breach(at.at("id"), "missing, or not a text");
    return;
  }
  if (!is_stix_id(id)) return breach(at.at("id"), "not an identifier: " + text::quote(id));
  if (stix_type_of(id) != type)
    return breach(at.at("id"), fmt::format("of another type than {}: {}", type, text::quote(id)));
  char wanted = observable && type != "process" ? '5' : '4';
  if (stix_uuid_version(id) != wanted)
    warn("uuid-check", at.at("id"), fmt::format("not a UUID of version {}", wanted));
}

// An object of a type that the standard does not have: what all have, and its names.
void StixChecker::custom_type(const Object& object, const StixAt& at) {
  std::string_view type = stix_text(object, "type");
  bool told = extended_as(object, [](std::string_view kind) { return kind.starts_with("new-"); });
  bool observable = extended_as(object, [](std::string_view kind) { return kind == "new-sco"; }) ||
                    (!told && !stix_has(object, "created") && !stix_has(object, "modified"));
  type_and_id(object, at, observable, false);
  const StixShape& common = stix_common(observable);
  for (const StixProperty& property : common.properties) {
    Element found;
    StixAt here = at.at(property.name);
    if (property.name == "type" || property.name == "id") continue;
    if (!object.at_key(property.name).get(found)) {
      value(property, found, here);
    } else if (property.required && !(old_ && has(new_in_21, property.name))) {
      breach(here, "missing");
    }
  }
  for (const StixRule& one : common.rules) rule(one, object, at);
  for (auto [name, member] : object) name_of(name, member, at.at(name));
  if (told || type.empty()) return;
  warn("extensions-use", at.at("type"), "a custom type without an extension that tells of it");
  if (!type.starts_with("x-") || type.size() < 3)
    warn("custom-prefix-lax", at.at("type"), "a custom type does not begin with x-");
  if (!type.starts_with("x-") || type.find('-', 3) == type.npos || type.back() == '-')
    warn("custom-prefix", at.at("type"), "a custom type without x- and whose it is");
}

void StixChecker::name_of(std::string_view name, Element value, const StixAt& at) {
  if (!is_stix_property_name(name)) return breach(at, "not the name of a property");
  if (has(reserved, name)) return breach(at, "a reserved name");
  std::string_view text;
  if (value.get(text)) return;
  if (name.ends_with("_bin") && !from_base64(text)) breach(at, "not base64");
  if (name.ends_with("_hex") && (text.empty() || !from_hex(text))) breach(at, "not hexadecimal");
}

void StixChecker::custom_property(std::string_view name, const StixAt& at) {
  if (!is_stix_property_name(name)) return;  // told already
  warn("extensions-use", at, "a custom property without an extension that tells of it");
  if (!name.starts_with("x_") || name.size() < 3)
    warn("custom-prefix-lax", at, "a custom property does not begin with x_");
  if (!name.starts_with("x_") || name.find('_', 3) == name.npos || name.back() == '_')
    warn("custom-prefix", at, "a custom property without x_ and whose it is");
}

void StixChecker::shape(const StixShape& shape, const Object& object, const StixAt& at, bool open) {
  bool part = shape.sort == StixShape::Sort::part;
  for (auto [name, member] : object) {
    StixAt here = at.at(name);
    const StixProperty* property = shape.property(name);
    if (property) {
      value(*property, member, here);
      continue;
    }
    if (part && name == "extension_type") continue;
    name_of(name, member, here);
    if (!open) custom_property(name, here);
  }
  for (const StixProperty& property : shape.properties) {
    if (!property.required || stix_has(object, property.name)) continue;
    if (property.name == "type" || property.name == "id") continue;
    if (old_ && has(new_in_21, property.name)) continue;
    breach(at.at(property.name), "missing");
  }
  for (const StixRule& one : shape.rules) rule(one, object, at);
}

void StixChecker::rule(const StixRule& rule, const Object& object, const StixAt& at) {
  using Kind = StixRule::Kind;
  auto there = [&](std::string_view name) { return stix_has(object, name); };
  auto count = std::ranges::count_if(rule.names, there);
  switch (rule.kind) {
    case Kind::some:
      if (count == 0) breach(at, fmt::format("none of {}", fmt::join(rule.names, ", ")));
      return;
    case Kind::exactly:
      if (count != 1) breach(at, fmt::format("not exactly one of {}", fmt::join(rule.names, ", ")));
      return;
    case Kind::with:
      if (there(rule.names[0]) && !there(rule.names[1]))
        breach(at.at(rule.names[1]), fmt::format("missing beside {}", rule.names[0]));
      return;
    case Kind::ordered:
    case Kind::later: {
      auto first = stix_time(stix_text(object, rule.names[0]));
      auto second = stix_time(stix_text(object, rule.names[1]));
      bool strict = rule.kind == Kind::later;
      if (!first || !second || *second > *first || (!strict && *second == *first)) return;
      return breach(at.at(rule.names[1]),
                    fmt::format("{} {}", strict ? "not after" : "before", rule.names[0]));
    }
  }
}

StixVerdict check_stix(Element object, bool old) {
  StixVerdict verdict;
  StixChecker(verdict).any(object, StixAt{}, old);
  return verdict;
}

StixVerdict check_stix(std::string_view json) {
  StixVerdict verdict;
  simdjson::dom::parser parser;
  Element root;
  if (auto failed = parser.parse(simdjson::padded_string(json)).get(root)) {
    verdict.breaches.push_back({"", "", "", fold("not JSON", simdjson::error_message(failed))});
    return verdict;
  }
  StixChecker(verdict).any(root, StixAt{}, false);
  return verdict;
}

}  // namespace tocsin::wire
