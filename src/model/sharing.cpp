#include "model/sharing.h"

#include <array>

#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::array<std::string_view, paps_count> pap_names = {"clear", "green", "amber", "red",
                                                                ""};
constexpr std::array<std::string_view, distributions_count> distribution_names = {
    "organisation", "community", "connected", "all", "sharing-group", "inherit"};

}  // namespace

std::string_view name(Pap pap) {
  auto i = static_cast<std::size_t>(pap);
  return i < paps_count ? pap_names[i] : std::string_view();
}

std::optional<Pap> pap_named(std::string_view text) {
  std::string wanted = text::lower(text::trim(text));
  if (wanted.starts_with("pap:")) wanted.erase(0, 4);
  if (wanted == "white") return Pap::clear;
  for (std::size_t i = 0; i + 1 < paps_count; ++i) {
    if (pap_names[i] == wanted) return static_cast<Pap>(i);
  }
  return std::nullopt;
}

std::string_view name(Distribution distribution) {
  auto i = static_cast<std::size_t>(distribution);
  return i < distributions_count ? distribution_names[i] : std::string_view();
}

std::optional<Distribution> distribution_named(std::string_view text) {
  if (auto number = text::number(text)) {
    if (*number < distributions_count) return static_cast<Distribution>(*number);
    return std::nullopt;
  }
  for (std::size_t i = 0; i < distributions_count; ++i) {
    if (distribution_names[i] == text) return static_cast<Distribution>(i);
  }
  return std::nullopt;
}

Distribution after_hop(Distribution distribution) {
  if (distribution == Distribution::connected) return Distribution::community;
  if (distribution == Distribution::community) return Distribution::organisation;
  return distribution;
}

}  // namespace tocsin
