#include "base/zstd.h"

#include <fmt/format.h>
#include <zstd.h>

#include <memory>

#include "base/check.h"

namespace tocsin::zstd {
namespace {

template <class T>
using Owned = std::unique_ptr<T, std::size_t (*)(T*)>;

}  // namespace

std::string pack(std::string_view bytes) {
  thread_local Owned<ZSTD_CCtx> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size =
      ZSTD_compressCCtx(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size(), 1);
  check(ZSTD_isError(size) == 0, "zstd packs anything that memory suffices for");
  packed.resize(size);
  return packed;
}

bool is_packed(std::string_view bytes) {
  return bytes.starts_with("\x28\xb5\x2f\xfd");  // RFC 8878, 3.1.1
}

Result<std::string> unpack(std::string_view packed, std::size_t bytes_max) {
  unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > bytes_max) {
    return invalid("damaged zstd: no frame of ours");
  }
  thread_local Owned<ZSTD_DCtx> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  std::string bytes(size, '\0');
  std::size_t made =
      ZSTD_decompressDCtx(context.get(), bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(made) != 0 || made != size) {
    return invalid(fmt::format("damaged zstd: {}", ZSTD_getErrorName(made)));
  }
  return bytes;
}

}  // namespace tocsin::zstd
