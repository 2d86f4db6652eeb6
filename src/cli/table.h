// Tables for people: rows of texts under a head, columns as wide as they need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::cli {

class TextTable {
 public:
  // A head that begins with ">" stands right.
  explicit TextTable(std::vector<std::string> head) : head_(std::move(head)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;  // what others wrote cannot command the terminal: text::printable()
  std::string csv()
      const;  // RFC 4180; a cell that a spreadsheet would run as a formula gets a ' in front

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tocsin::cli
