#include "model/finding.h"

#include <fmt/format.h>

#include <charconv>

namespace tocsin {

KeyParts key_parts(Type type) {
  switch (type) {
    case Type::infected_system:
    case Type::malware:
    case Type::malware_distribution:
    case Type::dga_domain:
      return {.family = true};
    case Type::c2_server:
    case Type::malware_configuration:
      return {.family = true, .port = true};
    case Type::blacklist:
    case Type::other:
    case Type::undetermined:
    case Type::ids_alert:
      return {.identifier = true};
    case Type::proxy:
      return {.port = true};
    default:
      break;
  }
  if (class_of(type) == Class::vulnerable) return {.service = true, .identifier = true};
  if (type == Type::misconfiguration) return {.service = true, .identifier = true};
  return {};
}

std::uint32_t quiet_after_s(Type type) {
  constexpr std::uint32_t day = 86'400;
  switch (class_of(type)) {
    case Class::malicious_code:
    case Class::availability:
    case Class::intrusion_attempts:
    case Class::information_gathering:
      return 3 * day;
    case Class::vulnerable:
      return 7 * day;
    case Class::information_content_security:
    case Class::intrusions:
      return 14 * day;
    default:
      return 7 * day;
  }
}

Hash128 finding_key(const EventBatch& b, std::size_t i, const Subject& subject) {
  if (subject.kind == SubjectKind::none) return {};
  KeyParts parts = key_parts(b.type[i]);
  const EndColumns& end = subject.at_destination ? b.destination : b.source;
  struct {
    std::uint64_t high, low;
    std::uint32_t family, identifier;
    std::uint16_t port;
    std::uint8_t type, kind, transport, exercise, zero[6];
  } fixed{};
  fixed.type = static_cast<std::uint8_t>(b.type[i]);
  fixed.kind = static_cast<std::uint8_t>(subject.kind);
  // A played problem is none of the real one's; `test` is a type of its own.
  fixed.exercise = (b.flags[i] & flag_exercise) != 0 && b.type[i] != Type::test;
  if (parts.family) fixed.family = b.family[i];
  if (parts.identifier) fixed.identifier = b.identifier[i];
  if (parts.service || parts.port) fixed.port = end.port[i];
  if (parts.service) fixed.transport = static_cast<std::uint8_t>(b.transport[i]);
  if (subject.kind == SubjectKind::address) {
    fixed.high = subject.ip.high();
    fixed.low = subject.ip.low();
  } else {
    Hash128 text = hash128(subject.text);
    fixed.high = text.high;
    fixed.low = text.low;
  }
  Hash128 key = hash128({reinterpret_cast<const char*>(&fixed), sizeof fixed}, 0x66696e64);
  if (key == Hash128{}) key.low = 1;
  return key;
}

std::string finding_id(const Hash128& key) {
  return fmt::format("f_{:016x}{:016x}", key.high, key.low);
}

Hash128 finding_key_of(std::string_view id) {
  Hash128 key;
  if (id.size() != 34 || !id.starts_with("f_")) return {};
  auto half = [&](std::size_t at, std::uint64_t& out) {
    const char* from = id.data() + at;
    auto [end, error] = std::from_chars(from, from + 16, out, 16);
    return error == std::errc{} && end == from + 16;
  };
  return half(2, key.high) && half(18, key.low) ? key : Hash128{};
}

}  // namespace tocsin
