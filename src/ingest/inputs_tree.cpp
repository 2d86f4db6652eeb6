// Inputs that are trees: HTML tables and XML.
#include <fmt/format.h>
#include <gumbo.h>

#include <pugixml.hpp>

#include "base/text.h"
#include "ingest/inputs.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t document_bytes_max = 64 << 20;
constexpr unsigned depth_max = 400;

struct Row {
  std::size_t line = 0;
  bool head = false;
  std::vector<std::string> cells;
};

// The text below a node, runs of blanks as one.
void append_text(const GumboNode* node, std::string& out, unsigned depth) {
  if (depth > depth_max) return;
  if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
      node->type == GUMBO_NODE_CDATA) {
    for (const char* c = node->v.text.text; *c != '\0'; ++c) {
      // A no-break space is a blank here: C2 A0.
      bool no_break = c[0] == '\xc2' && c[1] == '\xa0';
      if (no_break || *c == ' ' || *c == '\t' || *c == '\n' || *c == '\r') {
        if (!out.empty() && out.back() != ' ') out += ' ';
        if (no_break) ++c;
      } else {
        out += *c;
      }
    }
    return;
  }
  if (node->type != GUMBO_NODE_ELEMENT) return;
  const auto& element = node->v.element;
  if (element.tag == GUMBO_TAG_SCRIPT || element.tag == GUMBO_TAG_STYLE) return;
  if (element.tag == GUMBO_TAG_INPUT) {  // a form's field shows its value
    if (auto* value = gumbo_get_attribute(&element.attributes, "value")) out += value->value;
    return;
  }
  if (element.tag == GUMBO_TAG_BR && !out.empty() && out.back() != ' ') out += ' ';
  for (unsigned i = 0; i < element.children.length; ++i) {
    append_text(static_cast<const GumboNode*>(element.children.data[i]), out, depth + 1);
  }
}

Row row_of(const GumboElement& tr) {
  Row row;
  row.line = tr.start_pos.line;
  row.head = true;
  for (unsigned i = 0; i < tr.children.length; ++i) {
    const auto* cell = static_cast<const GumboNode*>(tr.children.data[i]);
    if (cell->type != GUMBO_NODE_ELEMENT) continue;
    GumboTag tag = cell->v.element.tag;
    if (tag != GUMBO_TAG_TD && tag != GUMBO_TAG_TH) continue;
    row.head = row.head && tag == GUMBO_TAG_TH;
    std::string text;
    append_text(cell, text, 0);
    row.cells.emplace_back(text::trim(text));
  }
  return row;
}

// The rows of every table, table by table; those of a table inside a cell are its own.
void collect(const GumboNode* node, std::vector<std::vector<Row>>& tables, std::size_t table,
             unsigned depth) {
  if (depth > depth_max || (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_DOCUMENT))
    return;
  const GumboVector& children =
      node->type == GUMBO_NODE_DOCUMENT ? node->v.document.children : node->v.element.children;
  if (node->type == GUMBO_NODE_ELEMENT) {
    if (node->v.element.tag == GUMBO_TAG_TABLE) {
      table = tables.size();
      tables.emplace_back();
    } else if (node->v.element.tag == GUMBO_TAG_TR && table < tables.size()) {
      tables[table].push_back(row_of(node->v.element));
    }
  }
  for (unsigned i = 0; i < children.length; ++i) {
    collect(static_cast<const GumboNode*>(children.data[i]), tables, table, depth + 1);
  }
}

void read_table(const Mapping& mapping, const std::vector<Row>& rows, Mapper& mapper,
                std::size_t& taken) {
  Columns columns(mapping);
  std::size_t first = mapping.skip_lines;
  if (mapping.columns.empty()) {
    // The header names the columns: the first row that has one of ours.
    for (; first < rows.size(); ++first) {
      Columns found(mapping);
      std::vector<std::string_view> names(rows[first].cells.begin(), rows[first].cells.end());
      found.by_header(names);
      if (names.size() > 1 && found.check_required()) {
        columns.by_header(names);
        ++first;
        break;
      }
    }
  } else {
    columns.by_mapping();
    while (mapping.header && first < rows.size() && rows[first].cells.size() != columns.size())
      ++first;
    if (mapping.header) ++first;
  }
  mapper.all_columns(columns.names());
  for (std::size_t i = first; i < rows.size() && !mapper.stopped(); ++i) {
    // Rows of another shape are not of the list: captions, footers, layout.
    if (rows[i].cells.size() != columns.size() || rows[i].head) continue;
    std::vector<std::string_view> values(rows[i].cells.begin(), rows[i].cells.end());
    mapper.fresh();
    columns.fill(mapper, values);
    mapper.take(rows[i].line, {});  // a row has no bytes of its own
    ++taken;
  }
}

void elements_named(pugi::xml_node node, const std::string& name,
                    std::vector<pugi::xml_node>& out) {
  for (auto child = node; child;) {  // without recursion: depth is the sender's choice
    if (child.type() == pugi::node_element && name == child.name()) {
      out.push_back(child);
    } else if (child.first_child()) {
      child = child.first_child();
      continue;
    }
    while (child && child != node && !child.next_sibling()) child = child.parent();
    if (!child || child == node) return;
    child = child.next_sibling();
  }
}

}  // namespace

Result<void> read_html_table(const Mapping& mapping, const Report& report, Mapper& mapper) {
  if (report.bytes.size() > document_bytes_max) {
    return invalid(fmt::format("an HTML page of more than {} bytes", document_bytes_max));
  }
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 0;
  GumboOutput* parsed =
      gumbo_parse_with_options(&options, report.bytes.data(), report.bytes.size());
  std::vector<std::vector<Row>> tables;
  collect(parsed->root, tables, SIZE_MAX, 0);
  gumbo_destroy_output(&kGumboDefaultOptions, parsed);
  std::size_t taken = 0;
  for (const auto& rows : tables) read_table(mapping, rows, mapper, taken);
  if (taken == 0) return invalid("no table with the columns of the mapping");
  return {};
}

Result<void> read_xml(const Mapping& mapping, const Report& report, Mapper& mapper) {
  if (report.bytes.size() > document_bytes_max) {
    return invalid(fmt::format("an XML document of more than {} bytes", document_bytes_max));
  }
  pugi::xml_document document;  // knows no entities but XML's own and loads nothing
  auto done = document.load_buffer(report.bytes.data(), report.bytes.size(), pugi::parse_default,
                                   pugi::encoding_utf8);
  std::size_t counted = 0, line = 1;
  auto line_at = [&](std::ptrdiff_t offset) {
    auto end = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0)),
                        report.bytes.size());
    for (; counted < end; ++counted) line += report.bytes[counted] == '\n';
    return line;
  };
  if (!done)
    return invalid(fmt::format("not XML: {} in line {}", done.description(), line_at(done.offset)));
  std::vector<pugi::xml_node> found;
  elements_named(document, mapping.records, found);
  if (found.empty())
    return invalid("no element " + text::quote(mapping.records) + " in the report");
  for (auto node : found) {
    if (mapper.stopped()) break;
    std::vector<std::string> names;
    std::vector<std::string_view> values;
    mapper.fresh();
    for (auto child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      std::string_view value = text::trim(child.text().get());
      if (auto column = mapper.record().column(child.name())) mapper.record().set(*column, value);
      names.emplace_back(child.name());
      values.push_back(value);
    }
    mapper.all_columns(names);
    mapper.all_values(values);
    mapper.take(line_at(node.offset_debug()), {});
  }
  return {};
}

}  // namespace tocsin::ingest
