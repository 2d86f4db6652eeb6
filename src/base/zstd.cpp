#include "base/zstd.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/mapped_file.h"

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

Result<std::uint64_t> pack_file(std::string_view bytes, const std::string& path) {
  std::string fresh = path + ".new";
  struct Closed {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<FILE, Closed> file(std::fopen(fresh.c_str(), "wbe"));
  auto failed = [&](const char* what) {
    std::string why = std::strerror(errno);
    file.reset();
    std::remove(fresh.c_str());
    return unavailable(fmt::format("cannot {} '{}': {}", what, fresh, why));
  };
  if (!file) return failed("write");
  Owned<ZSTD_CCtx> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 3);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(context.get(), bytes.size());
  std::string out(ZSTD_CStreamOutSize(), '\0');
  std::uint64_t size = 0;
  std::size_t left = 1;
  constexpr std::size_t piece_bytes = 1 << 20;
  while (left > 0) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    do {
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      left = ZSTD_compressStream2(context.get(), &to, &in,
                                  bytes.empty() ? ZSTD_e_end : ZSTD_e_continue);
      check(ZSTD_isError(left) == 0, "zstd packs anything that memory suffices for");
      if (std::fwrite(out.data(), 1, to.pos, file.get()) != to.pos) return failed("write");
      size += to.pos;
    } while (in.pos < in.size || (bytes.empty() && left > 0));
    if (!bytes.empty()) left = 1;
  }
  if (std::fflush(file.get()) != 0 || fsync(fileno(file.get())) != 0) return failed("write");
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed("rename");
  return size;
}

Result<void> unpack_file(const std::string& path,
                         const std::function<Result<void>(std::string_view piece)>& take) {
  auto file = TRY(MappedFile::open(path));
  Owned<ZSTD_DCtx> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_inBuffer in{file.bytes().data(), file.bytes().size(), 0};
  std::string out(ZSTD_DStreamOutSize(), '\0');
  std::size_t left = 1;
  while (left > 0) {
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    left = ZSTD_decompressStream(context.get(), &to, &in);
    bool cut = left > 0 && in.pos == in.size && to.pos == 0;
    if (ZSTD_isError(left) != 0 || cut) {
      return invalid(
          fmt::format("damaged file '{}': {}", path, cut ? "cut short" : ZSTD_getErrorName(left)));
    }
    TRY(take(std::string_view(out).substr(0, to.pos)));
  }
  return {};
}

}  // namespace tocsin::zstd
