#include "ingest/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/mapped_file.h"
#include "base/text.h"
#include "ingest/mapped.h"
#include "ingest/mappings.h"

namespace tocsin::ingest {
namespace {

Result<Reader> reader_of(std::string_view toml, std::string_view name) {
  auto mapping = std::make_shared<const Mapping>(TRY(parse_mapping(toml, name)));
  return Reader(
      [mapping](const Report& report, Sink& sink) { return read_mapped(*mapping, report, sink); });
}

// The value of `summary` in a mapping's text: a shipped mapping has it on its own line.
std::string_view summary_of(std::string_view toml) {
  constexpr std::string_view key = "summary = \"";
  std::size_t at = toml.find(key);
  if (at == std::string_view::npos) return {};
  toml.remove_prefix(at + key.size());
  return toml.substr(0, toml.find('"'));
}

// How many changes make `b` of `a`; for near names.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

}  // namespace

Result<Reader> find_format(std::string_view name) {
  for (const auto& entry : formats()) {
    if (entry.name == name) return Reader(entry.plugin.read);
  }
  if (auto toml = shipped_mapping(name)) return reader_of(*toml, name);
  if (name.contains('/') || name.ends_with(".toml")) {
    auto file = TRY(MappedFile::open(std::string(name)));
    return reader_of(file.bytes(), name);
  }
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const auto& known : known_formats()) {
    std::size_t changes = distance(name.substr(0, 64), known.name);
    bool part = name.size() > 2 && (known.name.contains(name) || name.contains(known.name));
    if (part || changes <= 2) near.emplace_back(part ? 1 : changes, known.name);
  }
  std::ranges::sort(near);
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(near.size(), 3); ++i) {
    names += fmt::format("{}{}", i == 0 ? "" : ", ", near[i].second);
  }
  return missing(fmt::format("no format {}; {}", text::quote(name),
                             names.empty() ? "see: tocsin formats" : "perhaps " + names));
}

Result<void> check_format(std::string_view name) {
  if (name == "auto") return {};
  auto found = find_format(name);
  if (found) return {};
  if (found.error().fault != Fault::missing || name.contains('/') || name.ends_with(".toml"))
    return std::unexpected(found.error());
  std::vector<std::string_view> names = {"auto"};
  for (const auto& known : known_formats()) names.push_back(known.name);
  return invalid(
      fmt::format("no format {}; there are {}", text::quote(name), fmt::join(names, ", ")));
}

std::vector<KnownFormat> known_formats() {
  std::vector<KnownFormat> out;
  for (const auto& entry : formats()) out.push_back({entry.name, entry.plugin.summary});
  for (const auto& entry : shipped_mappings())
    out.push_back({entry.name, summary_of(entry.plugin)});
  std::ranges::sort(out, {}, &KnownFormat::name);
  return out;
}

}  // namespace tocsin::ingest
