// Result<T>: a value, or an Error that says what went wrong and what to do about it.
//
// Every function that can fail on bad input or a bad environment returns a Result.
// Bugs are not errors: they end the process through check() in base/check.h.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace tocsin {

enum class Fault {
  invalid,      // the input breaks its format: reject it, count it, go on
  denied,       // policy forbids it: never retry, always audit
  missing,      // no such thing
  unavailable,  // network, disk or peer: retry later
};

struct Error {
  Fault fault;
  std::string what;  // for an operator: lower case, no full stop, quotes the offending value
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> invalid(std::string what) {
  return std::unexpected(Error{Fault::invalid, std::move(what)});
}

inline std::unexpected<Error> denied(std::string what) {
  return std::unexpected(Error{Fault::denied, std::move(what)});
}

inline std::unexpected<Error> missing(std::string what) {
  return std::unexpected(Error{Fault::missing, std::move(what)});
}

inline std::unexpected<Error> unavailable(std::string what) {
  return std::unexpected(Error{Fault::unavailable, std::move(what)});
}

}  // namespace tocsin

// auto x = TRY(f());  returns f's error from the enclosing function, else yields its value.
#define TRY(...)                                                \
  __extension__({                                               \
    auto try_ = (__VA_ARGS__);                                  \
    if (!try_) return std::unexpected(std::move(try_).error()); \
    ::tocsin::unwrap(std::move(try_));                          \
  })

namespace tocsin {
template <class T>
T unwrap(Result<T>&& result) {
  return *std::move(result);
}
inline void unwrap(Result<void>&&) {}
}  // namespace tocsin
