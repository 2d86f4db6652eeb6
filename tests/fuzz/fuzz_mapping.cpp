// Fuzzes mapping files, and the canonical spellings: what is normalised twice equals once.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ingest/mapping.h"
#include "model/normal.h"

namespace {

using namespace tocsin;

template <class F>
void check_twice(std::string_view text, F normal) {
  auto once = normal(text);
  if (!once) return;
  auto again = normal(*once);
  check(again.has_value() && *again == *once, "what is canonical normalises to itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(ingest::parse_mapping(bytes, "fuzz.toml"));
  check_twice(bytes, [](std::string_view text) { return normal::name(text); });
  check_twice(bytes, [](std::string_view text) { return normal::url(text); });
  check_twice(bytes, [](std::string_view text) { return normal::email(text); });
  return 0;
}
