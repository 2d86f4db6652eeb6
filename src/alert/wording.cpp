#include "alert/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "alert/constituent.h"
#include "base/check.h"
#include "base/text.h"
#include "base/toml_table.h"

namespace tocsin::alert {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes_max = 1 << 20, sentence_bytes_max = 2000;

// Calls `plain` and `named` with the parts of a sentence, in order. False: a brace that is none of
// a placeholder's.
template <class Plain, class Named>
bool take_apart(std::string_view sentence, Plain plain, Named named) {
  for (;;) {
    std::size_t open = sentence.find_first_of("{}");
    plain(sentence.substr(0, open));
    if (open == sentence.npos) return true;
    std::size_t close = sentence.find('}', open);
    if (close == open || close == sentence.npos) return false;
    named(sentence.substr(open + 1, close - open - 1));
    sentence.remove_prefix(close + 1);
  }
}

// What is wrong with a sentence that stands for an English one; "": nothing.
std::string fault_of(std::string_view sentence, std::string_view english) {
  if (text::trim(sentence).empty()) return "must not be empty";
  if (sentence.size() > sentence_bytes_max)
    return fmt::format("has {} bytes; the most is {}", sentence.size(), sentence_bytes_max);
  if (text::printable(sentence) != sentence) return "must be one line without control characters";
  std::set<std::string_view> known;
  std::string valid, unknown;
  take_apart(english, [](auto) {}, [&](auto name) { known.insert(name); });
  for (std::string_view name : known)
    valid += fmt::format("{}{{{}}}", valid.empty() ? "; valid: " : ", ", name);
  if (known.empty()) valid = "; this sentence has none";
  auto look = [&](std::string_view name) {
    if (!known.contains(name) && unknown.empty()) unknown = fmt::format("{{{}}}", name);
  };
  if (!take_apart(sentence, [](auto) {}, look)) return "a brace without its other half" + valid;
  return unknown.empty() ? unknown : "unknown placeholder " + text::quote(unknown) + valid;
}

// What may follow `path`, "" or "letter.".
std::string valid_after(const Sentences& known, std::string_view path) {
  std::set<std::string_view> names;
  for (auto at = known.lower_bound(path); at != known.end() && at->first.starts_with(path); ++at) {
    std::string_view rest = std::string_view(at->first).substr(path.size());
    names.insert(rest.substr(0, rest.find('.')));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string unknown_key(const Sentences& known, std::string_view key) {
  if (!valid_after(known, std::string(key) + ".").empty())
    return fmt::format("must be a table, [{}]", key);
  for (std::size_t dot = key.rfind('.'); dot != key.npos; dot = key.rfind('.')) {
    std::string valid = valid_after(known, key.substr(0, dot + 1));
    key = key.substr(0, dot);
    if (!valid.empty()) return fmt::format("unknown key; valid in {}: {}", key, valid);
  }
  return "unknown key; valid: " + valid_after(known, "");
}

struct Leaf {
  std::string key;
  std::uint32_t line = 0;
  std::optional<std::string> sentence;  // or another kind of value
};

void collect(const toml::table& table, const std::string& path, std::vector<Leaf>& out) {
  for (const auto& [name, node] : table) {
    std::string key = path + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      collect(*inner, key + ".", out);
    } else {
      out.push_back({std::move(key), name.source().begin.line, node.value_exact<std::string>()});
    }
  }
}

// The parser tells of bytes that are not UTF-8, but not in which key.
void check_utf8(std::string_view text, TomlProblems& problems) {
  std::string table;
  for (auto [number, line] : text::numbered_lines(text)) {
    std::string_view key = text::trim(line.substr(0, line.find('=')));
    if (line.starts_with('[')) table = line.substr(1, line.find(']') - 1);
    if (text::is_utf8(line)) continue;
    bool named = line.contains('=') && text::is_utf8(key) && text::is_utf8(table);
    problems.add(static_cast<std::uint32_t>(number),
                 named ? text::printable(fmt::format("{}.{}", table, key)) : "text",
                 "is not UTF-8; save the file in that encoding");
  }
}

std::string_view primary(std::string_view tag) {
  return tag.substr(0, tag.find('-'));
}

struct Said {
  std::string tag;
  Sentences sentences;
};

// What comes with the program, by tag in lower case.
std::map<std::string, Said> shipped() {
  std::map<std::string, Said> all;
  for (const auto& [tag, text] : shipped_letters()) {
    auto read = read_sentences(text, std::string(tag) + ".toml");
    check(read.has_value(), "letters: the files that come with the program are right");
    all[text::lower(tag)] = {std::string(tag), *std::move(read)};
  }
  return all;
}

std::vector<fs::path> files_in(const std::string& folder, std::vector<std::string>& problems) {
  std::vector<fs::path> files;
  std::error_code failed;
  if (!fs::exists(folder, failed)) return files;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().extension() == ".toml") files.push_back(at->path());
  }
  if (failed) problems.push_back("cannot read " + text::quote(folder) + ": " + failed.message());
  std::ranges::sort(files);
  return files;
}

// FOLDER/pt-BR.toml over what is there. Not mapped into memory: people change it meanwhile.
Result<void> read_over(const fs::path& path, std::map<std::string, Said>& all) {
  std::string tag = path.stem().string(), file = "letters/" + path.filename().string();
  if (tag.empty() || !is_language(tag))
    return invalid(text::quote(file) + ": is named after no language, such as pt or pt-BR");
  std::error_code failed;
  if (!fs::is_regular_file(path, failed)) return unavailable(file + ": is no file");
  std::ifstream in(path, std::ios::binary);
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return unavailable(file + ": cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto read = TRY(read_sentences(text, file));
  Said& said = all[text::lower(tag)];
  said.tag = tag;
  for (auto& [key, sentence] : read) said.sentences.insert_or_assign(key, std::move(sentence));
  return {};
}

std::string filled(const Sentences& sentences, std::string_view key,
                   std::span<const Wording::Value> values) {
  auto sentence = sentences.find(key);
  check(sentence != sentences.end(), "wording: a key that there is");
  std::string out;
  auto put = [&](std::string_view name) {
    auto value = std::ranges::find(values, name, &Wording::Value::first);
    check(value != values.end(), "wording: a value for each placeholder");
    out += value->second;
  };
  take_apart(sentence->second, [&](std::string_view plain) { out += plain; }, put);
  return out;
}

}  // namespace

std::string Wording::say(std::string_view key, Values values) const {
  return filled(sentences, key, values);
}

std::string Wording::say_count(std::string_view key, std::uint64_t count, Values values) const {
  std::string number = std::to_string(count);
  std::vector<Value> all(values);
  all.emplace_back("count", number);
  return filled(sentences, fmt::format("{}_{}", key, count == 1 ? "one" : "other"), all);
}

std::shared_ptr<const Wording> Wordings::of(std::string_view language) const {
  for (std::string tag = text::lower(language);; tag.resize(tag.rfind('-'))) {
    if (auto at = languages.find(tag); at != languages.end()) return at->second;
    if (!tag.contains('-')) return languages.find("en")->second;
  }
}

bool Wordings::has(std::string_view language) const {
  return text::equal_fold(primary(of(language)->language), primary(language));
}

Wordings read_wordings(const std::string& folder) {
  static const auto with_program = shipped();
  auto all = with_program;
  Wordings out;
  for (const fs::path& path : files_in(folder, out.problems)) {
    auto read = read_over(path, all);
    if (read) continue;
    for (auto [number, line] : text::numbered_lines(read.error().what))
      out.problems.emplace_back(line);
  }
  out.languages["en"] = std::make_shared<Wording>("en", all["en"].sentences);
  for (auto& [tag, said] : all) {  // "pt" before "pt-br", which falls back to it
    if (tag == "en") continue;
    auto base = out.of(tag);
    bool is_new = !out.has(tag);
    Wording wording{said.tag, std::move(said.sentences), {}};
    for (const auto& [key, sentence] : base->sentences) {
      bool in_english = is_new || std::ranges::binary_search(base->missing, key);
      if (wording.sentences.emplace(key, sentence).second && in_english)
        wording.missing.push_back(key);
    }
    out.languages[tag] = std::make_shared<Wording>(std::move(wording));
  }
  return out;
}

Result<Sentences> read_sentences(std::string_view text, const std::string& file) {
  TomlProblems problems(file);
  if (text.size() > file_bytes_max)
    problems.add(0, "text", fmt::format("has more than {} bytes", file_bytes_max));
  check_utf8(text, problems);
  TRY(problems.result());
  auto table = TRY(parse_toml(text, file));
  std::vector<Leaf> leaves;
  collect(table, "", leaves);
  std::ranges::stable_sort(leaves, {}, &Leaf::line);
  const Sentences& known = english()->sentences;
  Sentences sentences;
  for (Leaf& leaf : leaves) {
    auto like = known.find(leaf.key);
    std::string fault = like == known.end() ? unknown_key(known, leaf.key)
                        : !leaf.sentence    ? "must be a text in quotes"
                                            : fault_of(*leaf.sentence, like->second);
    if (!fault.empty()) {
      problems.add(leaf.line, text::printable(leaf.key), fault);
    } else {
      sentences.emplace(std::move(leaf.key), *std::move(leaf.sentence));
    }
  }
  TRY(problems.result());
  return sentences;
}

std::shared_ptr<const Wording> english() {
  static const auto wording = [] {
    auto at = std::ranges::find(shipped_letters(), "en", &Entry<std::string_view>::name);
    auto table = parse_toml(at->plugin, "en.toml");
    check(table.has_value(), "letters: en.toml is TOML");
    std::vector<Leaf> leaves;
    collect(*table, "", leaves);
    Wording made{.language = "en"};
    for (Leaf& leaf : leaves) made.sentences.emplace(leaf.key, leaf.sentence.value_or(""));
    return std::make_shared<const Wording>(std::move(made));
  }();
  return wording;
}

}  // namespace tocsin::alert
