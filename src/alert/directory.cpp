#include "alert/directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tocsin::alert {
namespace {

constexpr std::size_t disputed_max = 1000;

std::string asset_text(const std::string& name) {
  return name;
}
std::string asset_text(std::uint32_t number) {
  return fmt::format("AS{}", number);
}

}  // namespace

std::string_view name(AssetKind kind) {
  constexpr std::array<std::string_view, 5> names = {"", "name", "prefix", "asn", "country"};
  return names.at(static_cast<std::size_t>(kind));
}

bool Directory::goes_before(std::uint32_t a, std::uint32_t b) const {
  const Constituent &one = all_[a - 1], &other = all_[b - 1];
  if (one.sure != other.sure) return one.sure > other.sure;
  if (one.name != other.name) return one.name < other.name;
  return one.id < other.id;
}

template <class Map, class Key>
void Directory::claim(Map& map, const Key& key, std::uint32_t constituent) {
  auto [at, is_new] = map.try_emplace(key, constituent);
  if (is_new || at->second == constituent) return;
  if (disputed_.size() < disputed_max) {
    disputed_.push_back(fmt::format("{}: {}, {}", asset_text(key), all_[at->second - 1].name,
                                    all_[constituent - 1].name));
  }
  if (goes_before(constituent, at->second)) at->second = constituent;
}

Directory::Directory(std::vector<Constituent> constituents) : all_(std::move(constituents)) {
  for (std::uint32_t i = 1; i <= all_.size(); ++i) {
    const Constituent& c = all_[i - 1];
    for (const Network& network : c.prefixes) prefixes_.push_back({network, i});
    for (const std::string& asset : c.names) claim(names_, asset, i);
    for (std::uint32_t asn : c.asns) claim(asns_, asn, i);
    if (!c.whole_country) continue;
    auto [at, is_new] = countries_.try_emplace(c.country.code, i);
    if (!is_new && goes_before(i, at->second)) at->second = i;
  }
  std::ranges::sort(prefixes_, [this](const Owned& a, const Owned& b) {
    if (a.network != b.network) return a.network < b.network;
    return goes_before(a.constituent, b.constituent);
  });
  std::vector<match::Ranges::Prefix> rows;
  rows.reserve(prefixes_.size());
  for (std::uint32_t i = 0; i < prefixes_.size(); ++i) {
    if (i > 0 && prefixes_[i].network == prefixes_[i - 1].network) {
      if (prefixes_[i].constituent != prefixes_[i - 1].constituent &&
          disputed_.size() < disputed_max) {
        disputed_.push_back(fmt::format("{}: {}, {}", ip::format(prefixes_[i].network),
                                        all_[prefixes_[i - 1].constituent - 1].name,
                                        all_[prefixes_[i].constituent - 1].name));
      }
      continue;  // the first of equal ones has it
    }
    rows.push_back({prefixes_[i].network, i + 1});
  }
  ranges_ = match::Ranges::build(std::move(rows));
}

Decision Directory::decide(const Place& place) const {
  if (!names_.empty()) {
    for (std::string_view rest = place.name; !rest.empty();) {
      if (auto at = names_.find(rest); at != names_.end()) {
        return {at->second, AssetKind::name,
                static_cast<std::uint32_t>(place.name.size() - rest.size())};
      }
      std::size_t dot = rest.find('.');
      if (dot == rest.npos) break;
      rest.remove_prefix(dot + 1);
    }
  }
  if (!place.ip.empty()) {
    if (std::uint32_t value = ranges_.find(place.ip); value != 0) {
      return {prefixes_[value - 1].constituent, AssetKind::prefix, value};
    }
  }
  if (place.asn != 0) {
    if (auto at = asns_.find(place.asn); at != asns_.end()) {
      return {at->second, AssetKind::asn, place.asn};
    }
  }
  if (!place.country.empty()) {
    if (auto at = countries_.find(place.country.code); at != countries_.end()) {
      return {at->second, AssetKind::country, place.country.code};
    }
  }
  return {};
}

std::string Directory::asset(const Decision& decision, const Place& place) const {
  switch (decision.kind) {
    case AssetKind::none:
      break;
    case AssetKind::name:
      return std::string(place.name.substr(decision.asset));
    case AssetKind::prefix:
      return ip::format(prefixes_[decision.asset - 1].network);
    case AssetKind::asn:
      return asset_text(decision.asset);
    case AssetKind::country:
      return Country{static_cast<std::uint16_t>(decision.asset)}.text();
  }
  return {};
}

}  // namespace tocsin::alert
