// Wording: the sentences of letters in one language, as people wrote them: letters/LANG.toml.
//
// catalogue/letters/ has the files that come with the program; those of a folder go over them,
// sentence by sentence. English says which keys there are, and which placeholders ({count}) each
// may have. docs/alerts.md explains the file to its writers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/entry.h"
#include "base/result.h"

namespace tocsin::alert {

using Sentences = std::map<std::string, std::string, std::less<>>;  // by key, "letter.to"

struct Wording {
  using Value = std::pair<std::string_view, std::string_view>;  // {"date", "2026-11-22"}
  using Values = std::initializer_list<Value>;

  std::string language;              // "pt-BR"
  Sentences sentences;               // of all keys
  std::vector<std::string> missing;  // keys that come in English for want of a sentence; sorted

  // The sentence of `key` with each placeholder's value, which stays what it is, braces and all.
  std::string say(std::string_view key, Values values = {}) const;
  // The sentence of KEY_one or KEY_other, by `count`, which is {count} in it.
  std::string say_count(std::string_view key, std::uint64_t count, Values values = {}) const;
};

// All languages of a node.
struct Wordings {
  // By tag in lower case. shared_ptr: a letter is written with it while the files are read anew.
  std::map<std::string, std::shared_ptr<const Wording>, std::less<>> languages;
  std::vector<std::string> problems;  // files that were not taken, "letters/pt.toml:3: KEY: WHAT"

  // "pt-BR", else "pt", else English; whatever the case. Source: RFC 4647 section 3.4.
  std::shared_ptr<const Wording> of(std::string_view language) const;
  bool has(std::string_view language) const;  // of(language) is not English for want of it
};

// What comes with the program, and over it each FOLDER/LANG.toml that is right.
Wordings read_wordings(const std::string& folder);

// What one file says. Errors: invalid, a line for each fault, "FILE:LINE: KEY: WHAT".
Result<Sentences> read_sentences(std::string_view text, const std::string& file);

// As it comes with the program.
std::shared_ptr<const Wording> english();
std::span<const Entry<std::string_view>> shipped_letters();  // the files, sorted; made by CMake

}  // namespace tocsin::alert
