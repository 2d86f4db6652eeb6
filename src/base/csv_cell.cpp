#include "base/csv_cell.h"

namespace tocsin::csv {
namespace {

constexpr std::string_view separators = ";\t\r\n";

// A formula begins at `at`, or would but for apostrophes: those get one more, so that plain() can
// tell which one was not there. `first`: nothing stands before it.
bool is_harmful(std::string_view text, std::size_t at, bool first) {
  std::size_t formula = text.find_first_not_of('\'', at);
  if (formula == text.npos) return false;
  return std::string_view("=+-@").contains(text[formula]) ||
         (first && std::string_view("\t\r").contains(text[formula]));
}

// Who splits at other separators, or at lines, sees a cell begin after each of them, or a quote.
bool begins_after(char c, bool began) {
  return separators.contains(c) || (began && (c == ' ' || c == '"'));
}

}  // namespace

std::string cell(std::string_view text) {
  bool quoted = text.starts_with(' ') || text.find('"') != text.npos;
  bool begins = true;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool harmful = begins && is_harmful(text, i, i == 0);
    quoted = quoted || separators.contains(c) || harmful || c == ',';
    if (harmful) out += '\'';
    if (c == '"') out += '"';
    out += c;
    begins = begins_after(c, begins);
  }
  return quoted ? '"' + out + '"' : out;
}

std::string plain(std::string_view field) {
  bool begins = true;
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (begins && field[i] == '\'' && is_harmful(field, i + 1, out.empty())) ++i;
    out += field[i];
    begins = begins_after(field[i], begins);
  }
  return out;
}

}  // namespace tocsin::csv
