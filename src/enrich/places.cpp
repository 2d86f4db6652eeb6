#include "enrich/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace tocsin::enrich {
namespace {

constexpr std::array<std::pair<std::uint8_t, std::string_view>, 4> flag_names = {{
    {anonymous_proxy, "anonymous-proxy"},
    {satellite, "satellite"},
    {anycast, "anycast"},
    {drop, "drop"},
}};

}  // namespace

std::string network_flags(std::uint8_t flags) {
  std::string out;
  for (auto [bit, name] : flag_names) {
    if ((flags & bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

void Places::locate(const Ip& ip, Whereabouts& known) const {
  Place place = find(ip);
  bool gives_asn = known.asn == 0 && place.asn != 0;
  bool gives_country = known.country.empty() && !place.country.empty();
  if (gives_asn || (gives_country && !known.network)) {
    Ip base = ip;
    for (unsigned bit = place.length; bit < 128; ++bit) {
      base.bytes[bit / 8] = static_cast<std::uint8_t>(base.bytes[bit / 8] & ~(0x80u >> bit % 8));
    }
    known.network = Network{base, place.length};
  }
  if (gives_asn) known.asn = place.asn;
  if (gives_country) known.country = place.country;
  known.flags |= place.flags;
}

std::string_view Places::as_name(std::uint32_t asn) const {
  auto at = std::lower_bound(as_names_.begin(), as_names_.end(), std::pair(asn, 0u));
  return at == as_names_.end() || at->first != asn ? std::string_view{}
                                                   : names_.data() + at->second;
}

std::uint64_t Places::announced_v4(Country country) const {
  auto at = announced_.find(country);
  return at == announced_.end() ? 0 : at->second;
}

std::size_t Places::size_bytes() const {
  return ranges_.size_bytes() + places_.capacity() * sizeof(Place) + names_.capacity() +
         as_names_.capacity() * sizeof(as_names_[0]);
}

void Places::apply(EventBatch& batch) const {
  apply(batch, batch.source, "source");
  apply(batch, batch.destination, "destination");
}

void Places::apply(EventBatch& batch, EndColumns& end, std::string_view end_name) const {
  std::array<std::uint32_t, 256> found;
  std::string members;
  auto member = [&] {
    if (!members.empty()) members += ',';
    return std::back_inserter(members);
  };
  for (std::size_t begin = 0; begin < batch.size(); begin += found.size()) {
    std::size_t n = std::min(found.size(), batch.size() - begin);
    ranges_.find(std::span(end.ip).subspan(begin, n), found);
    for (std::size_t i = begin; i < begin + n; ++i) {
      if (found[i - begin] == 0) continue;
      const Place& place = places_[found[i - begin]];
      bool other_asn = end.asn[i] != 0 && place.asn != 0 && end.asn[i] != place.asn;
      bool other_country =
          !end.country[i].empty() && !place.country.empty() && end.country[i] != place.country;
      if (end.asn[i] == 0) end.asn[i] = place.asn;
      if (end.country[i].empty()) end.country[i] = place.country;
      if (!other_asn && !other_country && place.flags == 0) [[likely]]
        continue;
      members.clear();
      if (other_asn) fmt::format_to(member(), "\"node.{}.asn\":{}", end_name, place.asn);
      if (other_country) {
        fmt::format_to(member(), "\"node.{}.geolocation.cc\":\"{}\"", end_name,
                       place.country.text());
      }
      if (place.flags != 0) {
        fmt::format_to(member(), "\"node.{}.network_flags\":\"{}\"", end_name,
                       network_flags(place.flags));
      }
      batch.add_members(i, members);
    }
  }
}

void Places::Builder::add(const Network& network, Place place) {
  place.length = network.length;
  auto next = static_cast<std::uint32_t>(ids_.size() + 1);
  prefixes_.push_back({network, ids_.try_emplace(place, next).first->second});
}

void Places::Builder::add_hole(const Network& network) {
  prefixes_.push_back({network, 0});
}

void Places::Builder::add_name(std::uint32_t asn, std::string_view name) {
  if (asn != 0 && !name.empty()) names_.insert_or_assign(asn, std::string(kept_name(name)));
}

Places Places::Builder::build() {
  built_.networks_ = prefixes_.size();
  built_.places_.resize(ids_.size() + 1);
  for (const auto& [place, id] : ids_) built_.places_[id] = place;
  built_.ranges_ = match::Ranges::build(std::move(prefixes_));
  built_.ranges_.each_v4([&](std::uint32_t first, std::uint32_t last, std::uint32_t id) {
    built_.announced_[built_.places_[id].country] += std::uint64_t{last} - first + 1;
  });
  for (const auto& [asn, name] : names_) {
    built_.as_names_.emplace_back(asn, static_cast<std::uint32_t>(built_.names_.size()));
    built_.names_.append(name).push_back('\0');
  }
  return std::move(built_);
}

}  // namespace tocsin::enrich
