// TomlTable: reads a configuration table key by key and collects what is wrong, each with file,
// line and key.
//
//   TomlProblems problems("tocsin.toml");
//   TomlTable table(toml, "node", problems);
//   std::string name = table.text("name", "node");
//   table.finish();                       // keys that nobody asked for
//   TRY(problems.result());
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tocsin {

class TomlProblems {
 public:
  explicit TomlProblems(std::string file) : file_(std::move(file)) {}
  // `line` 0: not known.
  void add(std::uint32_t line, std::string_view key, std::string_view what);
  bool empty() const { return lines_.empty(); }
  Result<void> result() const;  // invalid: "FILE:LINE: KEY: WHAT", a line each, 50 at most

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

// Errors: invalid with file and line.
Result<toml::table> parse_toml(std::string_view text, const std::string& file);

// "90", "30 s", "15min", "2h", "1 d", "1w" in seconds. Errors: invalid.
Result<std::uint32_t> parse_seconds(std::string_view text);

class TomlTable {
 public:
  // `table` and `problems` outlive it. `path` is its name in messages, "feed.list".
  TomlTable(const toml::table& table, std::string path, TomlProblems& problems)
      : table_(table), path_(std::move(path)), problems_(problems) {}

  // Each gives nothing, or `otherwise`, for an absent key; a value of another kind is a problem.
  std::string text(std::string_view key, std::string_view otherwise = {});
  std::optional<bool> yes_no(std::string_view key);
  std::optional<std::uint64_t> number(std::string_view key, std::uint64_t least = 0,
                                      std::uint64_t most = UINT64_MAX);
  std::optional<std::uint32_t> seconds(std::string_view key);  // a number, or a text with a unit
  std::vector<std::string> list(std::string_view key);         // of texts
  std::vector<std::pair<std::string, std::string>> texts(std::string_view key);  // a table of them

  // One of a few words.
  template <class T>
  std::optional<T> one_of(std::string_view key,
                          std::span<const std::pair<std::string_view, T>> words) {
    std::string word = text(key);
    std::string valid;
    for (const auto& [name, value] : words) {
      if (name == word) return value;
      valid += (valid.empty() ? "" : ", ") + std::string(name);
    }
    if (has(key)) wrong(key, "unknown value; valid: " + valid);
    return std::nullopt;
  }

  bool has(std::string_view key) const { return table_.contains(key); }
  bool is_known(std::string_view key) const {  // somebody asked for it
    return std::find(known_.begin(), known_.end(), key) != known_.end();
  }
  const toml::node* node(std::string_view key);    // marks it as known
  const toml::table* table(std::string_view key);  // the same; another kind is a problem
  TomlTable inner(const toml::table& table, std::string_view key) const {
    return {table, path_.empty() ? std::string(key) : path_ + "." + std::string(key), problems_};
  }
  std::vector<std::string> keys() const;

  void wrong(std::string_view key, std::string_view what);  // at the key's line, or the table's
  void finish(std::string_view more_valid = {});  // `more_valid`: further names for the message

 private:
  std::uint32_t line_of(std::string_view key) const;
  const toml::table& table_;
  std::string path_;
  TomlProblems& problems_;
  std::vector<std::string> known_;
};

}  // namespace tocsin
