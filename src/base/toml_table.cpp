#include "base/toml_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t problems_max = 50;

}  // namespace

void TomlProblems::add(std::uint32_t line, std::string_view key, std::string_view what) {
  std::string where = line == 0 ? file_ : fmt::format("{}:{}", file_, line);
  lines_.push_back(fmt::format("{}: {}: {}", where, key, what));
}

Result<void> TomlProblems::result() const {
  if (lines_.empty()) return {};
  std::string all;
  for (std::size_t i = 0; i < std::min(lines_.size(), problems_max); ++i) {
    all += (i == 0 ? "" : "\n") + lines_[i];
  }
  if (lines_.size() > problems_max) {
    all += fmt::format("\n{} more", lines_.size() - problems_max);
  }
  return invalid(std::move(all));
}

Result<toml::table> parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
}

Result<std::uint32_t> parse_seconds(std::string_view text) {
  constexpr auto units = std::to_array<std::pair<std::string_view, std::uint64_t>>(
      {{"", 1}, {"s", 1}, {"min", 60}, {"m", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}});
  std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  auto count = text::number(text.substr(0, digits));
  for (const auto& [unit, seconds] : units) {
    if (text::trim(text.substr(digits)) != unit || !count || *count > UINT32_MAX / seconds)
      continue;
    return static_cast<std::uint32_t>(*count * seconds);
  }
  return invalid(text::quote(text) + " is no length of time; write 30s, 15min, 2h, 1d");
}

std::uint32_t TomlTable::line_of(std::string_view key) const {
  const toml::node* found = table_.get(key);
  return found != nullptr ? found->source().begin.line : table_.source().begin.line;
}

void TomlTable::wrong(std::string_view key, std::string_view what) {
  problems_.add(line_of(key), path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key),
                what);
}

const toml::node* TomlTable::node(std::string_view key) {
  known_.emplace_back(key);
  return table_.get(key);
}

const toml::table* TomlTable::table(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr || found->is_table()) return found != nullptr ? found->as_table() : nullptr;
  wrong(key, "must be a table");
  return nullptr;
}

std::string TomlTable::text(std::string_view key, std::string_view otherwise) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::string(otherwise);
  if (auto value = found->value_exact<std::string>()) return *value;
  wrong(key, "must be a text in quotes");
  return std::string(otherwise);
}

std::optional<bool> TomlTable::yes_no(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  if (auto value = found->value_exact<bool>()) return *value;
  wrong(key, "must be true or false");
  return std::nullopt;
}

std::optional<std::uint64_t> TomlTable::number(std::string_view key, std::uint64_t least,
                                               std::uint64_t most) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  auto value = found->value_exact<std::int64_t>();
  if (value && *value >= 0) {
    auto positive = static_cast<std::uint64_t>(*value);
    if (positive >= least && positive <= most) return positive;
  }
  wrong(key, most == UINT64_MAX ? fmt::format("must be a number, at least {}", least)
                                : fmt::format("must be a number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<std::uint32_t> TomlTable::seconds(std::string_view key) {
  const toml::node* found = node(key);
  if (found == nullptr) return std::nullopt;
  std::string text;
  if (auto value = found->value_exact<std::int64_t>()) text = std::to_string(*value);
  if (auto value = found->value_exact<std::string>()) text = *value;
  if (auto parsed = parse_seconds(text)) return *parsed;
  wrong(key,
        "must be a length of time: a number of seconds, or as \"30s\", \"15min\", \"2h\", "
        "\"1d\"");
  return std::nullopt;
}

std::vector<std::string> TomlTable::list(std::string_view key) {
  const toml::node* found = node(key);
  std::vector<std::string> out;
  if (found == nullptr) return out;
  const toml::array* array = found->as_array();
  bool good = array != nullptr;
  for (std::size_t i = 0; good && i < array->size(); ++i) {
    auto value = array->get(i)->value_exact<std::string>();
    good = value && !value->contains('\n');
    if (good) out.push_back(*value);
  }
  if (!good) wrong(key, "must be a list of texts, as [\"a\", \"b\"]");
  return out;
}

std::vector<std::pair<std::string, std::string>> TomlTable::texts(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  const toml::table* found = table(key);
  if (found == nullptr) return out;
  for (const auto& [name, value] : *found) {
    if (auto text = value.value_exact<std::string>()) {
      out.emplace_back(name.str(), *text);
    } else {
      wrong(key, fmt::format("{} must be a text in quotes", text::quote(name.str())));
    }
  }
  return out;
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : table_) out.emplace_back(key.str());
  return out;
}

void TomlTable::finish(std::string_view more_valid) {
  for (const auto& [key, value] : table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
    std::vector<std::string> valid = known_;
    std::sort(valid.begin(), valid.end());
    valid.erase(std::unique(valid.begin(), valid.end()), valid.end());
    wrong(key.str(), fmt::format("unknown key; valid: {}{}{}", fmt::join(valid, ", "),
                                 more_valid.empty() ? "" : ", ", more_valid));
  }
}

}  // namespace tocsin
