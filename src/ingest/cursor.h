// Cursor: what a collector remembers between its runs: a few named texts, kept as a JSON object.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::ingest {

class Cursor {
 public:
  // A text that is no object of texts gives an empty cursor: the collector starts anew, and what it
  // delivers again is known by its SHA-256.
  static Cursor parse(std::string_view text);
  std::string text() const;  // sorted keys; "" if there is nothing to remember

  std::string_view get(std::string_view key) const;
  std::uint64_t number(std::string_view key) const;   // 0 if absent
  void set(std::string_view key, std::string value);  // "" removes
  std::map<std::string, std::string, std::less<>>& values() { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// A set of 64-bit hashes as text, 11 characters each (base64url), in order.
std::string hashes_to_text(const std::vector<std::uint64_t>& hashes);
std::vector<std::uint64_t> hashes_from_text(std::string_view text);

}  // namespace tocsin::ingest
