// Options: what a collector understands besides the common keys of a feed, and how it reads them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/feed.h"

namespace tocsin::ingest {

enum class OptionKind : std::uint8_t {
  text,
  url,
  path,
  secret,  // the name of a secret
  yes_no,
  number,
  list,     // texts; kept joined by line ends
  texts,    // a table of texts; kept as "option.key"
  secrets,  // a table of names of secrets
};

struct Option {
  std::string_view name;
  OptionKind kind = OptionKind::text;
  std::string_view help = {};
  bool required = false;
  std::uint64_t least = 0, most = UINT64_MAX;  // of a number
  std::string_view values = {};                // "keep, move, delete": the only ones; "": any
};

template <std::size_t A, std::size_t B>
constexpr std::array<Option, A + B> joined(const std::array<Option, A>& a,
                                           const std::array<Option, B>& b) {
  std::array<Option, A + B> out{};
  for (std::size_t i = 0; i < A; ++i) out[i] = a[i];
  for (std::size_t i = 0; i < B; ++i) out[A + i] = b[i];
  return out;
}

// The readers below take what load_feeds() has checked; a value that is no number counts as absent.
bool yes(const Feed& feed, std::string_view option, bool otherwise = false);
std::uint64_t number(const Feed& feed, std::string_view option, std::uint64_t otherwise);
std::vector<std::string> list(const Feed& feed, std::string_view option);
std::vector<std::pair<std::string, std::string>> table(const Feed& feed, std::string_view option);

}  // namespace tocsin::ingest
