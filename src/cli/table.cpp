#include "cli/table.h"

#include <algorithm>

#include "base/csv_cell.h"
#include "base/text.h"

namespace tocsin::cli {
namespace {

// Columns a text takes: code points, which is right for what stands in our tables.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string TextTable::text() const {
  std::vector<std::vector<std::string>> rows = rows_;
  for (auto& row : rows) {
    for (auto& cell : row) cell = text::printable(cell);
  }
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  std::vector<std::string> head;
  for (const auto& cell : head_) {
    right.push_back(cell.starts_with('>'));
    head.push_back(cell.substr(right.back() ? 1 : 0));
    widths.push_back(width(head.back()));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      std::string pad(widths[i] - width(row[i]), ' ');
      text += (i > 0 ? "  " : "") + (right[i] ? pad + row[i] : row[i] + pad);
    }
    text.resize(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  };
  line(head);
  for (const auto& row : rows) line(row);
  return out;
}

std::string TextTable::csv() const {
  std::string out;
  auto line = [&](const std::vector<std::string>& row, bool is_head) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string_view cell = row[i];
      if (is_head && cell.starts_with('>')) cell.remove_prefix(1);
      out += (i > 0 ? "," : "") + csv::cell(cell);
    }
    out += "\r\n";
  };
  line(head_, true);
  for (const auto& row : rows_) line(row, false);
  return out;
}

}  // namespace tocsin::cli
