#include "store/count_key.h"

namespace tocsin::store {

std::optional<CellKind> kind_for(Cut cut, const StatsFilter& filter) {
  bool asn = cut == Cut::asn || cut == Cut::asn_type || filter.asn != 0;
  bool controller = cut == Cut::controller || cut == Cut::country_type_controller ||
                    filter.controller || filter.abroad;
  bool family = cut == Cut::family || cut == Cut::country_type_family || filter.family != 0;
  if (cut == Cut::sector_type) {
    return asn || controller || family ? std::nullopt : std::optional(CellKind::sector);
  }
  if (asn) {
    return controller || family || filter.feed != 0 ? std::nullopt
                                                    : std::optional(CellKind::network);
  }
  if (controller) return family ? std::nullopt : std::optional(CellKind::controller);
  return CellKind::family;
}

std::optional<CellKind> total_for(CellKind kind, Cut cut, const StatsFilter& filter) {
  if (filter.feed != 0) return std::nullopt;
  if (kind == CellKind::controller) return CellKind::controller_total;
  if (kind != CellKind::family) return std::nullopt;
  bool family = cut == Cut::family || cut == Cut::country_type_family || filter.family != 0;
  return family ? CellKind::family_total : CellKind::type_total;
}

CountKey total_key(const CountKey& key, CellKind total) {
  std::uint32_t part = total == CellKind::type_total ? 0 : key.part();
  return count_key(total, key.country(), key.type(), part, 0);
}

bool fits(const CountKey& key, const StatsFilter& f) {
  bool of_family = key.kind() == CellKind::family || key.kind() == CellKind::family_total;
  bool of_controller =
      key.kind() == CellKind::controller || key.kind() == CellKind::controller_total;
  if (!f.country.empty() && key.country() != f.country) return false;
  if (f.type && key.type() != *f.type) return false;
  if (f.klass && class_of(key.type()) != *f.klass) return false;
  if (f.feed != 0 && key.feed() != f.feed) return false;
  if (f.family != 0 && !(of_family && key.part() == f.family)) return false;
  if (f.asn != 0 && (key.kind() != CellKind::network || key.part() != f.asn)) return false;
  if (f.abroad && (!of_controller || key.part() == 0 || key.part() == key.country().code))
    return false;
  return !f.controller || (of_controller && key.part() == f.controller->code);
}

std::uint64_t row_of(const CountKey& key, Cut cut) {
  constexpr std::uint64_t country = 0xffffULL << 40, type = 0xffULL << 32, part = 0xffff'ffff;
  auto klass = [&] { return std::uint64_t{static_cast<std::uint8_t>(class_of(key.type()))} << 32; };
  switch (cut) {
    case Cut::country:
      return key.high & country;
    case Cut::country_class:
      return (key.high & country) | klass();
    case Cut::country_type:
      return key.high & (country | type);
    case Cut::country_type_family:
    case Cut::country_type_controller:
      return key.high & (country | type | part);
    case Cut::asn_type:
    case Cut::sector_type:
      return key.high & (type | part);
    case Cut::family:
    case Cut::asn:
    case Cut::controller:
      return key.high & part;
    case Cut::type:
      return key.high & type;
    case Cut::klass:
      return klass();
  }
  return 0;
}

StatsKey stats_key(std::uint64_t row, Cut cut) {
  Country country{static_cast<std::uint16_t>(row >> 40)};
  auto type = static_cast<Type>(row >> 32 & 255);
  auto klass = static_cast<Class>(row >> 32 & 255);
  auto part = static_cast<std::uint32_t>(row);
  Country controller{static_cast<std::uint16_t>(part)};
  switch (cut) {
    case Cut::country:
      return {.country = country};
    case Cut::country_class:
      return {.country = country, .klass = klass};
    case Cut::country_type:
      return {.country = country, .type = type};
    case Cut::country_type_family:
      return {.country = country, .type = type, .family = part};
    case Cut::country_type_controller:
      return {.country = country, .type = type, .controller = controller};
    case Cut::asn_type:
      return {.type = type, .asn = part};
    case Cut::sector_type:
      return {.type = type, .sector = part};
    case Cut::family:
      return {.family = part};
    case Cut::asn:
      return {.asn = part};
    case Cut::controller:
      return {.controller = controller};
    case Cut::type:
      return {.type = type};
    case Cut::klass:
      return {.klass = klass};
  }
  return {};
}

std::uint64_t row_number(const StatsKey& key) {
  std::uint64_t second = key.type    ? static_cast<std::uint64_t>(*key.type)
                         : key.klass ? static_cast<std::uint64_t>(*key.klass)
                                     : 0;
  return std::uint64_t{key.country.code} << 40 | second << 32 | key.family | key.asn |
         key.controller.code | key.sector;
}

}  // namespace tocsin::store
