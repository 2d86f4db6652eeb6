#include "ingest/shadowserver_schema.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>

#include "base/text.h"

namespace tocsin::shadowserver {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t schema_bytes_max = 64 << 20;

struct Name {
  std::string_view schema;
  Convert convert;
};

constexpr Name converters[] = {
    {"validate_ip", Convert::address},
    {"validate_network", Convert::network},
    {"validate_fqdn", Convert::name},
    {"validate_to_none", Convert::some},
    {"invalidate_zero", Convert::nonzero},
    {"convert_int", Convert::integer},
    {"convert_float", Convert::decimal},
    {"convert_bool", Convert::flag},
    {"convert_date", Convert::time},
    {"convert_date_utc", Convert::time},
    {"add_UTC_to_timestamp", Convert::time},
    {"force_base64", Convert::base64},
    {"convert_http_host_and_url", Convert::url},
    {"category_or_detail", Convert::category},
    {"extract_cve_from_tag", Convert::cve},
    {"scan_exchange_taxonomy", Convert::exchange_class},
    {"scan_exchange_type", Convert::exchange_type},
    {"scan_exchange_identifier", Convert::exchange_identifier},
};

// A converter that is newer than we are leaves the text as it is.
Convert converter(std::string_view name) {
  for (const Name& known : converters) {
    if (known.schema == name) return known.convert;
  }
  return Convert::text;
}

std::string_view text_of(simdjson::simdjson_result<dom::element>&& value) {
  std::string_view text;
  return std::move(value).get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::unexpected<Error> wrong(std::string_view type, std::string_view what) {
  return invalid(fmt::format("the schema file is wrong at {}: {}", text::quote(type), what));
}

std::optional<dom::object> find(dom::object root, std::string_view type) {
  for (auto [key, value] : root) {
    dom::object record;
    if (value.get(record) != simdjson::SUCCESS) continue;
    if (key == type || text_of(record["file_name"]) == type) return record;
  }
  return std::nullopt;
}

Result<void> read_fields(dom::object record, const char* list_name, Reading& reading) {
  dom::array list;
  if (record[list_name].get(list) != simdjson::SUCCESS) return {};
  for (dom::element entry : list) {
    dom::array parts;
    if (entry.get(parts) != simdjson::SUCCESS || parts.size() < 2) {
      return wrong(reading.type_name, "a field that is not [target, column, converter]");
    }
    std::string_view target = text_of(parts.at(0)), column = text_of(parts.at(1));
    if (column.empty() || target.empty()) continue;  // `false` as target: the column is not wanted
    Convert convert = parts.size() > 2 ? converter(text_of(parts.at(2))) : Convert::text;
    Mapping mapping{std::string(column), std::string(target), convert};
    if (target == "extra.") mapping.target += column;
    reading.mappings.push_back(std::move(mapping));
  }
  return {};
}

Result<void> read_constants(dom::object record, Reading& reading) {
  dom::object constants;
  if (record["constant_fields"].get(constants) != simdjson::SUCCESS) return {};
  for (auto [key, value] : constants) {
    std::string_view text = text_of(simdjson::simdjson_result<dom::element>(dom::element(value)));
    auto field = field_named(key);
    if (!field || text.empty()) continue;
    if (*field == Field::classification_type) {
      auto type = type_named(text);
      if (!type) return wrong(reading.type_name, "no such type: " + text::quote(text));
      reading.type = *type;
    } else {
      reading.constants.emplace_back(*field, text);
    }
  }
  return {};
}

}  // namespace

Result<bool> read_schema(std::string_view schema, Reading& reading) {
  if (schema.size() > schema_bytes_max) return invalid("the schema file is over 64 MiB");
  dom::parser parser;
  dom::object root;
  if (parser.parse(schema.data(), schema.size()).get(root) != simdjson::SUCCESS) {
    return invalid("the schema file is not a JSON object");
  }
  auto record = find(root, reading.type_name);
  if (!record) return false;
  reading.constants.clear();
  reading.mappings.clear();
  if (auto title = text_of((*record)["feed_name"]); !title.empty()) reading.feed_name = title;
  TRY(read_constants(*record, reading));
  TRY(read_fields(*record, "required_fields", reading));
  TRY(read_fields(*record, "optional_fields", reading));
  return true;
}

Result<std::size_t> schema_types(std::string_view schema) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  if (parser.parse(simdjson::padded_string(schema)).get(root))
    return invalid("no schema file: not a JSON object");
  std::size_t types = 0;
  for (auto [name, record] : root) {
    Reading reading{.type_name = std::string(name)};
    simdjson::dom::element file_name;
    if (!record.is_object() || record["file_name"].get(file_name)) continue;
    types += TRY(read_schema(schema, reading)) ? 1 : 0;
  }
  if (types == 0) return invalid("no schema file: it knows no report type");
  return types;
}

}  // namespace tocsin::shadowserver
