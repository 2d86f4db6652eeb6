// Small text helpers. Nothing here allocates but quote(), printable(), lower(), upper() and
// count().
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::text {

struct Line {
  std::size_t number;     // from 1
  std::string_view text;  // without its line end (LF or CR LF)
};

// A range over the lines of a text; a last line without line end counts, an empty rest does not.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  class iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = Line;
    iterator() = default;
    explicit iterator(std::string_view rest) : rest_(rest) { next(); }
    Line operator*() const { return line_; }
    iterator& operator++() {
      next();
      return *this;
    }
    void operator++(int) { next(); }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    void next();
    std::string_view rest_;
    Line line_{0, {}};
    bool done_ = true;
  };

  iterator begin() const { return iterator(text_); }
  static std::default_sentinel_t end() { return {}; }

 private:
  std::string_view text_;
};

inline Lines numbered_lines(std::string_view text) {
  return Lines(text);
}

std::string_view trim(std::string_view text);  // blanks, tabs, CR, LF at both ends

// `text` in single quotes for a message: control bytes as \xNN, cut after 80 bytes.
std::string quote(std::string_view text);

// `text` for a terminal: C0 and C1 control characters and DEL as \xNN.
std::string printable(std::string_view text);

// "1 report", "0 reports": a number with its word.
std::string count(std::uint64_t number, std::string_view one, std::string_view many);

bool equal_fold(std::string_view a, std::string_view b);  // ASCII case folded
std::string lower(std::string_view text);                 // ASCII only
std::string upper(std::string_view text);                 // ASCII only
bool is_utf8(std::string_view text);

// The first part before `separator`, which is removed from `rest` together with the separator.
std::string_view cut(std::string_view& rest, char separator);

// The whole of `text` as a decimal number; nothing else around it. nullopt if it is not one or does
// not fit.
std::optional<std::uint64_t> number(std::string_view text);
std::optional<std::int64_t> signed_number(std::string_view text);
std::optional<double> decimal(std::string_view text);

}  // namespace tocsin::text
