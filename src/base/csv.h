// CSV: records of fields from text in memory, at memory speed; quotes, line breaks in fields, any
// delimiter.
//
//   csv::Reader reader(bytes);
//   while (auto step = reader.next(); step != csv::Step::end) {
//     if (step == csv::Step::wrong) sink.reject(reader.line(), reader.error(), reader.bytes());
//     else use(reader.fields());
//   }
//
// Source: RFC 4180. Beyond it, as most readers do: LF or CR LF; a quote inside a field that does
// not begin with one is a plain character; text after a closing quote belongs to the field.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tocsin::csv {

struct Dialect {
  char delimiter = ',';
  char quote = '"';               // 0: no quoting at all
  std::string_view comment = {};  // a line that begins so is skipped, e.g. "#"; "": there are none
  std::size_t record_bytes_max = 1 << 20;
  std::size_t fields_max = 4096;
};

enum class Step : std::uint8_t { record, wrong, end };

// One thread. Views hold until the next call of next(). Blank lines are skipped, as is a byte-order
// mark at the start.
class Reader {
 public:
  // `bytes` and dialect.comment must outlive the reader. `line` is the number of the first line.
  explicit Reader(std::string_view bytes, const Dialect& dialect = {}, std::size_t line = 1);

  // wrong: a record that is too long, has too many fields, holds a NUL byte, or opens a quote that
  // is never closed. Of the last only its first line is lost and the next call reads on behind it;
  // so it is with a quote that is closed in a later line, but in the middle of a field. Such
  // reading again is bounded: by the size of the text, or 64 MiB if that is more.
  Step next();

  std::span<const std::string_view> fields() const { return {fields_.data(), count_}; }
  std::string_view bytes() const { return record_; }  // as found, without its line end
  std::size_t line() const { return line_; }          // of the record's first line
  const Error& error() const { return error_; }       // after Step::wrong

 private:
  bool load();
  void restart(std::size_t at);
  bool skip_comment();
  void add(std::size_t begin, std::size_t end);
  Step finish(std::size_t end, std::size_t after, bool special);
  Step read_plainly();
  Step give_up(bool in_quotes, std::size_t reached);
  Step refuse(std::string what);
  void unescape();
  std::size_t line_end(std::size_t from) const;

  using Classify = void (*)(const char* block, const Dialect& dialect, std::uint64_t* masks);

  std::string_view bytes_;
  Dialect dialect_;
  Classify classify_;
  std::vector<std::string_view> fields_;
  std::string unescaped_;  // fields whose doubled quotes had to be undone
  std::string_view record_;
  Error error_{Fault::invalid, {}};
  std::size_t count_ = 0, line_ = 1, next_line_ = 1;
  std::size_t begin_ = 0;   // of the record
  std::size_t at_ = 0;      // of the next record
  std::size_t again_left_;  // bytes that may be read again

  // The scan, 64 bytes at a time. Bit i of a mask stands for byte block_ + i.
  std::size_t block_ = 0, next_block_ = 0;
  std::uint64_t ends_ = 0;       // ends of fields not yet taken
  std::uint64_t special_ = 0;    // doubled quotes, line breaks in quotes, NUL: looked at per record
  std::uint64_t inside_ = 0;     // all ones: the block before ended within quotes
  std::uint64_t may_open_ = 1;   // bit 0: the byte before the block lets a quote open
  std::uint64_t closed_ = 0;     // bit 0: the byte before the block closed a quote
  bool special_before_ = false;  // the record had something special in an earlier block
  bool irregular_ = false;  // after ends_, quotes stand where the fast way does not understand them
  bool overflow_ = false, plainly_ = false;
};

}  // namespace tocsin::csv
