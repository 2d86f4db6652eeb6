#include "base/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <climits>

#include "base/check.h"

namespace tocsin::gzip {
namespace {

constexpr int level = 4;                // two thirds of the time of 6, a twentieth larger
constexpr int window = MAX_WBITS + 16;  // + 16: with gzip's head and sum
constexpr std::size_t step = 1 << 30;   // zlib counts in 32 bits

Bytef* bytes_of(const char* at) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(at));  // zlib does not write to next_in
}

}  // namespace

std::string pack(std::string_view bytes) {
  z_stream zip{};
  check(deflateInit2(&zip, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "deflateInit2");
  std::string out(deflateBound(&zip, bytes.size()), '\0');
  std::size_t used = 0, written = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    std::size_t in = std::min(step, bytes.size() - used);
    std::size_t room = std::min(step, out.size() - written);
    zip.next_in = bytes_of(bytes.data() + used);
    zip.avail_in = static_cast<uInt>(in);
    zip.next_out = bytes_of(out.data() + written);
    zip.avail_out = static_cast<uInt>(room);
    state = deflate(&zip, used + in == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    used += in - zip.avail_in;
    written += room - zip.avail_out;
  }
  deflateEnd(&zip);
  out.resize(written);
  return out;
}

Result<std::string> unpack(std::string_view bytes, std::size_t size_max_bytes) {
  if (bytes.size() > step) return invalid("too large to unpack in memory");
  z_stream zip{};
  check(inflateInit2(&zip, window) == Z_OK, "inflateInit2");
  zip.next_in = bytes_of(bytes.data());
  zip.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= size_max_bytes) {
    std::size_t before = out.size();
    std::size_t room = std::clamp<std::size_t>(before, 16 * 1024, 1 << 24);
    out.resize(before + room);
    zip.next_out = bytes_of(out.data() + before);
    zip.avail_out = static_cast<uInt>(room);
    state = inflate(&zip, Z_NO_FLUSH);
    out.resize(before + room - zip.avail_out);
  }
  inflateEnd(&zip);
  if (out.size() > size_max_bytes) return denied("larger than allowed when unpacked");
  if (state != Z_STREAM_END) return invalid("not a whole gzip file");
  return out;
}

}  // namespace tocsin::gzip
