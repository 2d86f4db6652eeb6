// The objects of a JSON text one after another: the elements of an array, or one a line, or one
// after another.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/csv.h"
#include "base/result.h"

namespace tocsin::shadowserver {

// Finds where objects begin and end without reading them, so that one broken object costs only
// itself.
class Objects {
 public:
  explicit Objects(std::string_view bytes);

  // record: bytes() is one object from { to }. wrong: what stands here is none, or is over 1 MiB;
  // the next call goes on behind it.
  csv::Step next();

  std::string_view bytes() const { return object_; }
  std::size_t line() const { return line_; }  // where it begins, from 1
  const Error& error() const { return error_; }

 private:
  csv::Step refuse(std::size_t from, std::size_t to, std::string_view why);
  void count_lines(std::size_t to);

  std::string_view bytes_, object_;
  std::size_t at_ = 0, counted_ = 0, line_ = 1, line_here_ = 1;
  Error error_{Fault::invalid, {}};
};

}  // namespace tocsin::shadowserver
