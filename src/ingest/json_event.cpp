#include "ingest/json_event.h"

#include <fmt/format.h>

#include <cctype>

#include "base/text.h"
#include "ingest/json_report.h"
#include "model/country.h"
#include "model/field.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

// Names that hold no field: what IntelMQ's own serialisation adds, and what a node works out anew.
bool is_bookkeeping(std::string_view name) {
  return name == "__type" || name == "id" || name.starts_with("node.") ||
         name == "classification.taxonomy";
}

// Old names of types. Source: IntelMQ's change log, 3.0.
std::string_view new_type(std::string_view type) {
  if (type == "botnet drone" || type == "malware-infected" || type == "infected system")
    return "infected-system";
  if (type == "c&c" || type == "c2server") return "c2-server";
  if (type == "ids alert") return "ids-alert";
  if (type == "vulnerable service" || type == "vulnerable client") return "vulnerable-system";
  if (type == "defacement") return "unauthorised-information-modification";
  if (type == "dga domain") return "dga-domain";
  if (type == "backdoor" || type == "compromised") return "system-compromise";
  if (type == "ransomware") return "infected-system";
  if (type == "unknown" || type == "leak") return type == "leak" ? "data-leak" : "undetermined";
  return type;
}

// "ZZ", "??": two characters that name no country, and stay as the report's word.
bool is_nowhere(std::string_view code) {
  auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '?'; };
  return code.size() == 2 && plain(code[0]) && plain(code[1]) && !Country::parse(code);
}

Result<Role> role_named(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Role::sinkhole); ++i) {
    if (name(static_cast<Role>(i)) == text) return static_cast<Role>(i);
  }
  return invalid("no role: " + text::quote(text));
}

// The members of our own JSON that IntelMQ does not have.
Result<bool> own(Sink& sink, std::string_view name, std::string_view text) {
  if (name == "controller_reason") {
    if (text == "feed") sink.controller_known();
    return true;
  }
  if (name == "sector") {
    sink.sector(sink.word(sector_of(text)));
    return true;
  }
  if (name == "exercise" || name == "history") {
    bool yes = text == "true";
    if (!yes && text != "false") return invalid("not true or false: " + text::quote(text));
    if (yes && name == "exercise") sink.exercise();
    if (yes && name == "history") sink.history();
    return true;
  }
  if (name != "roles.source" && name != "roles.destination") return false;
  Roles roles = sink.batch().roles.back();
  (name == "roles.source" ? roles.source : roles.destination) = TRY(role_named(text));
  sink.roles(roles);
  return true;
}

Result<void> members(Sink& sink, element object, const std::string& path, int depth);

Result<void> scalar(Sink& sink, std::string_view name, std::string_view text, const element* json) {
  if (is_bookkeeping(name) || text.empty()) return {};
  if (name == "extra") {  // a column of the dump, and of old JSON: an object as text
    thread_local simdjson::dom::parser parser;
    element object;
    if (parser.parse(text.data(), text.size()).get(object) || !object.is_object())
      return invalid("no JSON object in extra: " + text::quote(text));
    return members(sink, object, "extra.", 1);
  }
  if (TRY(own(sink, name, text))) return {};
  if (name.starts_with("extra.")) {
    if (json != nullptr) {
      keep_json(sink, name.substr(6), *json);
    } else {
      sink.extra(name.substr(6), text);
    }
    return {};
  }
  auto field = field_named(name);
  if (!field) {
    sink.extra(name, text);
    return {};
  }
  if (*field == Field::classification_type) text = new_type(text);
  if (kind_of(*field) == Kind::cc && is_nowhere(text)) {
    if (!sink.has(*field)) sink.members(fmt::format("\"{}\":\"{}\"", name, text::upper(text)));
    return {};
  }
  return sink.set(*field, text);
}

Result<void> members(Sink& sink, element object, const std::string& path, int depth) {
  simdjson::dom::object all;
  if (object.get(all) || depth > 16) return invalid("nested too deep");
  for (auto member : all) {
    std::string name = path + std::string(member.key);
    element value = member.value;
    if (value.is_null()) continue;
    bool below_extra = name.starts_with("extra.");
    if (value.is_object() && !below_extra) {
      TRY(members(sink, value, name + ".", depth + 1));
    } else if (value.is_array() || value.is_object()) {
      auto field = field_named(name);
      if (below_extra) {
        keep_json(sink, std::string_view(name).substr(6), value);
      } else if (field && kind_of(*field) == Kind::json) {
        TRY(sink.set(*field, simdjson::minify(value)));
      } else {
        keep_json(sink, name, value);
      }
    } else {
      TRY(scalar(sink, name, json_scalar(value), &value));
    }
  }
  return {};
}

}  // namespace

Result<void> event_members(Sink& sink, const element& object) {
  return members(sink, object, "", 0);
}

Result<void> event_member(Sink& sink, std::string_view name, std::string_view text) {
  return scalar(sink, name, text, nullptr);
}

}  // namespace tocsin::ingest
