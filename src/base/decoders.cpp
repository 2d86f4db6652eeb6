#include "base/decoders.h"

#include <zip.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstring>
#include <limits>
#include <memory>

#include "base/text.h"

namespace tocsin::decoders {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t piece_octets = 256 * 1024;
constexpr std::size_t tar_block = 512;

template <class T, class F>
std::unique_ptr<T, F> owned(T* pointer, F release) {
  return {pointer, release};
}

// A number field of a tar header: octal, ended by blank or NUL. npos: damaged.
std::size_t octal(std::string_view field) {
  std::size_t value = 0;
  for (char c : field) {
    if (c == '\0' || c == ' ') {
      if (value > 0) break;
      continue;
    }
    if (c < '0' || c > '7') return std::string_view::npos;
    value = value * 8 + static_cast<std::size_t>(c - '0');
  }
  return value;
}

std::string_view until_nul(std::string_view field) {
  return field.substr(0, field.find('\0'));
}

// The sum of the header's bytes with the sum's own field as blanks. Source: POSIX pax, ustar.
bool tar_sum_holds(std::string_view header) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < tar_block; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return octal(header.substr(148, 8)) == sum;
}

// `path` of a pax header: records "LENGTH KEY=VALUE\n".
std::string pax_path(std::string_view records) {
  while (!records.empty()) {
    std::size_t blank = records.find(' ');
    auto length = text::number(records.substr(0, blank));
    if (!length || *length > records.size() || *length <= blank + 1) break;
    std::string_view record = records.substr(blank + 1, *length - blank - 2);
    if (record.starts_with("path=")) return std::string(record.substr(5));
    records.remove_prefix(*length);
  }
  return {};
}

std::unexpected<Error> zip_fault(int code, std::string_view name) {
  if (code == ZIP_ER_NOPASSWD) return invalid("encrypted zip, a password is needed");
  if (code == ZIP_ER_WRONGPASSWD) return invalid("encrypted zip, wrong password");
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  return invalid("damaged zip" + (name.empty() ? "" : ", file " + text::quote(name)) + ": " + why);
}

Result<void> unzip_entry(zip_t* archive, std::uint64_t index, std::string_view password,
                         const Open& open) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive, index, 0, &stat) != 0 || stat.name == nullptr) {
    return zip_fault(zip_error_code_zip(zip_get_error(archive)), "");
  }
  std::string name = stat.name;
  if (name.ends_with('/') || name.starts_with("__MACOSX/")) return {};
  bool encrypted = (stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != 0;
  if (encrypted && password.empty()) return zip_fault(ZIP_ER_NOPASSWD, name);
  std::string secret(password);
  auto file = owned(encrypted ? zip_fopen_index_encrypted(archive, index, 0, secret.c_str())
                              : zip_fopen_index(archive, index, 0),
                    [](zip_file_t* f) { zip_fclose(f); });
  if (!file) return zip_fault(zip_error_code_zip(zip_get_error(archive)), name);
  Write write = TRY(open(name));
  auto buffer = std::make_unique<char[]>(piece_octets);
  while (true) {
    zip_int64_t got = zip_fread(file.get(), buffer.get(), piece_octets);
    if (got < 0) {
      int code = zip_error_code_zip(zip_file_get_error(file.get()));
      // The old cipher tells a wrong password only by the sum at the end.
      if (encrypted && code == ZIP_ER_CRC) code = ZIP_ER_WRONGPASSWD;
      return zip_fault(code, name);
    }
    if (got == 0) return {};
    TRY(write({buffer.get(), static_cast<std::size_t>(got)}));
  }
}

}  // namespace

Packing packing_of(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b\x08")) return Packing::gzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Packing::zstd;
  if (bytes.starts_with("PK\3\4"sv) || bytes.starts_with("PK\5\6"sv)) return Packing::zip;
  if (bytes.size() >= tar_block && bytes.substr(257, 5) == "ustar" && tar_sum_holds(bytes)) {
    return Packing::tar;
  }
  if (bytes.starts_with("\xfd\x37\x7a\x58\x5a\0"sv) || bytes.starts_with("7z\xbc\xaf"sv) ||
      bytes.starts_with("Rar!\x1a"sv)) {
    return Packing::unknown;
  }
  if (bytes.size() > 10 && bytes.starts_with("BZh") && bytes.substr(4, 6) == "1AY&SY") {
    return Packing::unknown;
  }
  return Packing::none;
}

std::string_view name(Packing packing) {
  constexpr std::array names = {"plain"sv, "gzip"sv, "zstd"sv, "zip"sv, "tar"sv, "unknown"sv};
  return names[static_cast<std::size_t>(packing)];
}

Result<void> gunzip(std::string_view bytes, const Write& write) {
  auto buffer = std::make_unique<char[]>(piece_octets);
  while (packing_of(bytes) == Packing::gzip) {  // members; anything else after one is padding
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return unavailable("gzip: out of memory");
    auto end = owned(&stream, [](z_stream* s) { inflateEnd(s); });
    constexpr std::size_t in_max = std::numeric_limits<uInt>::max();
    for (int status = Z_OK; status != Z_STREAM_END;) {
      std::size_t given = std::min(bytes.size(), in_max);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(given);
      stream.next_out = reinterpret_cast<Bytef*>(buffer.get());
      stream.avail_out = piece_octets;
      status = inflate(&stream, Z_NO_FLUSH);
      std::size_t made = piece_octets - stream.avail_out;
      bytes.remove_prefix(given - stream.avail_in);
      if (made > 0) TRY(write({buffer.get(), made}));
      if (status == Z_BUF_ERROR || (status == Z_OK && made == 0 && bytes.empty())) {
        return invalid("truncated gzip");
      }
      if (status != Z_OK && status != Z_STREAM_END) {
        return invalid(std::string("damaged gzip: ") + (stream.msg ? stream.msg : "bad data"));
      }
    }
  }
  return {};
}

Result<void> unzstd(std::string_view bytes, const Write& write) {
  auto stream = owned(ZSTD_createDStream(), [](ZSTD_DStream* s) { ZSTD_freeDStream(s); });
  if (!stream) return unavailable("zstd: out of memory");
  auto buffer = std::make_unique<char[]>(piece_octets);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t more = 1;
  while (true) {
    ZSTD_outBuffer out{buffer.get(), piece_octets, 0};
    std::size_t before = in.pos;
    more = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(more)) return invalid(std::string("damaged zstd: ") + ZSTD_getErrorName(more));
    if (out.pos > 0) TRY(write({buffer.get(), out.pos}));
    if (in.pos == in.size && out.pos < piece_octets) break;
    if (in.pos == before && out.pos == 0) break;
  }
  if (more != 0) return invalid("truncated zstd");
  return {};
}

Result<void> unzip(std::string_view bytes, std::string_view password, const Open& open) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) return zip_fault(zip_error_code_zip(&error), "");
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    zip_source_free(source);
    return zip_fault(zip_error_code_zip(&error), "");
  }
  auto close = owned(archive, [](zip_t* z) { zip_discard(z); });
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    TRY(unzip_entry(archive, static_cast<std::uint64_t>(i), password, open));
  }
  return {};
}

Result<void> untar(std::string_view bytes, const Open& open) {
  std::string long_name;
  while (bytes.size() >= tar_block && bytes[0] != '\0') {
    std::string_view header = bytes.substr(0, tar_block);
    std::size_t size = octal(header.substr(124, 12));
    if (!tar_sum_holds(header) || size == std::string_view::npos) return invalid("damaged tar");
    bytes.remove_prefix(tar_block);
    if (size > bytes.size()) return invalid("truncated tar");
    std::string_view content = bytes.substr(0, size);
    char kind = header[156];
    if (kind == 'L') {
      long_name = until_nul(content);
    } else if (kind == 'x') {
      long_name = pax_path(content);
    } else {
      std::string name(long_name.empty() ? until_nul(header.substr(0, 100)) : long_name);
      long_name.clear();
      if (kind == '0' || kind == '\0' || kind == '7') {
        Write write = TRY(open(name));
        TRY(write(content));
      }
    }
    std::size_t padded = (size + tar_block - 1) / tar_block * tar_block;
    bytes.remove_prefix(std::min(padded, bytes.size()));
  }
  if (!bytes.empty() && bytes.size() < tar_block) return invalid("truncated tar");
  return {};
}

}  // namespace tocsin::decoders
