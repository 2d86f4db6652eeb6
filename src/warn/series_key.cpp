#include "warn/series_key.h"

#include <algorithm>

#include "model/finding.h"
#include "model/subject.h"

namespace tocsin::warn {
namespace {

constexpr std::array<std::string_view, 3> whats = {"type", "family", "port"};
constexpr std::array<std::string_view, 5> wheres = {"all", "country", "asn", "sector",
                                                    "constituent"};

template <class T>
std::optional<T> named(std::span<const std::string_view> names, std::string_view text) {
  auto at = std::ranges::find(names, text);
  if (at == names.end()) return std::nullopt;
  return static_cast<T>(at - names.begin());
}

// key_parts() of every type, made once.
const std::array<bool, types_count>& kept_by_port() {
  static const auto table = [] {
    std::array<bool, types_count> by_port{};
    for (std::size_t i = 0; i < types_count; ++i) {
      KeyParts parts = key_parts(static_cast<Type>(i));
      by_port[i] = parts.service || parts.port;
    }
    return by_port;
  }();
  return table;
}

std::uint16_t port_of(const EventBatch& b, std::size_t i, bool at_destination) {
  if (!kept_by_port()[static_cast<std::size_t>(b.type[i])]) return b.destination.port[i];
  return (at_destination ? b.destination : b.source).port[i];
}

}  // namespace

std::string_view name(What what) {
  return whats.at(static_cast<std::size_t>(what));
}

std::string_view name(Where where) {
  return wheres.at(static_cast<std::size_t>(where));
}

std::optional<What> what_named(std::string_view text) {
  return named<What>(whats, text);
}

std::optional<Where> where_named(std::string_view text) {
  return named<Where>(wheres, text);
}

SeriesKey series_key(What what, std::uint32_t detail, Where where, std::uint32_t place, Type type,
                     WordId feed) {
  return {std::uint64_t{static_cast<std::uint8_t>(what)} << 56 |
              std::uint64_t{static_cast<std::uint8_t>(where)} << 48 |
              std::uint64_t{static_cast<std::uint8_t>(type)} << 32 | detail,
          std::uint64_t{place} << 32 | feed};
}

std::size_t keys_of(const EventBatch& b, std::size_t i, WordId constituent,
                    std::array<SeriesKey, keys_max>& keys) {
  if (is_exercise(b, i)) return 0;
  Type type = b.type[i];
  bool at_destination = subject_at_destination(type, b.roles[i]);
  const EndColumns& end = at_destination ? b.destination : b.source;
  std::uint16_t port = port_of(b, i, at_destination);
  std::uint32_t service =
      port == 0 ? 0 : std::uint32_t{static_cast<std::uint8_t>(b.transport[i])} << 16 | port;
  std::array<std::uint32_t, 3> details = {0, b.family[i], service};
  std::array<std::uint32_t, 5> places = {0, end.country[i].code, end.asn[i], b.sector[i],
                                         constituent};
  std::size_t n = 0;
  for (std::size_t what = 0; what < details.size(); ++what) {
    if (what > 0 && details[what] == 0) continue;
    for (std::size_t where = 0; where < places.size(); ++where) {
      if (where > 0 && places[where] == 0) continue;
      keys[n++] = series_key(static_cast<What>(what), details[what], static_cast<Where>(where),
                             places[where], type, b.feed);
    }
  }
  return n;
}

}  // namespace tocsin::warn
