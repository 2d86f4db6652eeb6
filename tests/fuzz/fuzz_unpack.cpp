// Fuzzes what a report goes through before a format sees it: decompression, byte-order mark,
// charset.
#include <cstddef>
#include <cstdint>

#include "base/unpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(tocsin::unpack_text({reinterpret_cast<const char*>(data), size}));
  return 0;
}
