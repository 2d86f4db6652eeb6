#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

namespace tocsin::yaml {
namespace {

constexpr int levels_max = 64;
constexpr std::size_t values_max = 200'000;

struct Parser {
  yaml_parser_t parser{};
  yaml_document_t document{};
  bool loaded = false;
  Parser() { yaml_parser_initialize(&parser); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    if (loaded) yaml_document_delete(&document);
    yaml_parser_delete(&parser);
  }
};

std::string_view scalar(const yaml_node_t* node) {
  return {reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length};
}

// Plain scalars that mean nothing. Source: YAML 1.1, "null".
bool is_null(const yaml_node_t* node) {
  if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
  std::string_view text = scalar(node);
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

Result<Value> value_of(yaml_document_t* document, int index, int level, std::size_t& left) {
  yaml_node_t* node = yaml_document_get_node(document, index);
  if (node == nullptr || level > levels_max || left-- == 0)
    return invalid("too deep or too large for a configuration");
  Value value;
  if (node->type == YAML_SCALAR_NODE) {
    if (is_null(node)) return value;
    value.kind = Value::Kind::scalar;
    value.text = scalar(node);
  } else if (node->type == YAML_SEQUENCE_NODE) {
    value.kind = Value::Kind::list;
    for (auto* item = node->data.sequence.items.start; item < node->data.sequence.items.top; ++item)
      value.items.push_back(TRY(value_of(document, *item, level + 1, left)));
  } else if (node->type == YAML_MAPPING_NODE) {
    value.kind = Value::Kind::map;
    for (auto* pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; ++pair) {
      yaml_node_t* key = yaml_document_get_node(document, pair->key);
      if (key == nullptr || key->type != YAML_SCALAR_NODE)
        return invalid(fmt::format("line {}: a key that is no text", node->start_mark.line + 1));
      value.map.emplace_back(std::string(scalar(key)),
                             TRY(value_of(document, pair->value, level + 1, left)));
    }
  }
  return value;
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  for (const auto& [name, value] : map) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Value::text_of(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr && value->kind == Kind::scalar ? value->text : std::string();
}

Result<Value> parse(std::string_view text) {
  if (text.empty()) return invalid("the file is empty");
  Parser p;
  yaml_parser_set_input_string(&p.parser, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  p.loaded = yaml_parser_load(&p.parser, &p.document) != 0;
  if (!p.loaded) {
    return invalid(fmt::format("line {}: not YAML: {}", p.parser.problem_mark.line + 1,
                               p.parser.problem != nullptr ? p.parser.problem : "unreadable"));
  }
  if (yaml_document_get_root_node(&p.document) == nullptr) return invalid("the file is empty");
  std::size_t left = values_max;
  return value_of(&p.document, 1, 0, left);
}

}  // namespace tocsin::yaml
