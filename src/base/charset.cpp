#include "base/charset.h"

#include <iconv.h>
#include <simdjson.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/text.h"

namespace tocsin::charset {
namespace {

constexpr std::size_t sample_octets = 64 * 1024;

bool all_utf8(std::string_view bytes) {
  return simdjson::validate_utf8(bytes.data(), bytes.size());
}

// "UTF-16LE" or "UTF-16BE" if nearly every other byte is zero, else "".
std::string zeros_say(std::string_view bytes) {
  bytes = bytes.substr(0, sample_octets);
  std::size_t even = 0, odd = 0, pairs = bytes.size() / 2;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    even += bytes[i] == '\0';
    odd += bytes[i + 1] == '\0';
  }
  if (pairs < 4) return {};
  if (odd > pairs * 7 / 10 && even <= pairs / 10) return "UTF-16LE";
  if (even > pairs * 7 / 10 && odd <= pairs / 10) return "UTF-16BE";
  return {};
}

// True if more characters beyond ASCII are UTF-8 than bytes are not.
bool mostly_utf8(std::string_view bytes) {
  std::size_t good = 0, bad = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    auto byte = static_cast<unsigned char>(bytes[i]);
    std::size_t length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (byte >= 0x80) {
      bool valid = i + length <= bytes.size() && text::is_utf8(bytes.substr(i, length));
      valid ? ++good : ++bad;
      if (!valid) length = 1;
    }
    i += length;
  }
  return good > bad;
}

}  // namespace

Guess guess(std::string_view bytes, std::string_view declared) {
  using namespace std::string_view_literals;
  constexpr auto marks =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"\xef\xbb\xbf"sv, "UTF-8"},
                                                                    {"\xff\xfe\0\0"sv, "UTF-32LE"},
                                                                    {"\0\0\xfe\xff"sv, "UTF-32BE"},
                                                                    {"\xff\xfe"sv, "UTF-16LE"},
                                                                    {"\xfe\xff"sv, "UTF-16BE"}});
  for (auto [mark, name] : marks) {
    if (bytes.starts_with(mark)) return {std::string(name), mark.size()};
  }
  if (!declared.empty()) return {std::string(declared), 0};
  if (std::string name = zeros_say(bytes); !name.empty()) return {name, 0};
  if (all_utf8(bytes) || mostly_utf8(bytes)) return {"UTF-8", 0};
  return {"WINDOWS-1252", 0};
}

Result<void> convert(std::string_view bytes, const Guess& from, const Write& write) {
  bytes.remove_prefix(std::min(from.skip, bytes.size()));
  iconv_t handle = iconv_open("UTF-8", from.name.c_str());
  if (handle == iconv_t(-1)) return invalid("unknown charset " + text::quote(from.name));
  auto close = [](void* open) { iconv_close(open); };
  std::unique_ptr<void, decltype(close)> owned(handle, close);
  std::array<char, 65536> buffer;
  char* in = const_cast<char*>(bytes.data());  // iconv(3) writes nothing there
  std::size_t left = bytes.size();
  while (left > 0) {
    char* out = buffer.data();
    std::size_t room = buffer.size() - 3;
    std::size_t done = iconv(handle, &in, &left, &out, &room);
    if (done == static_cast<std::size_t>(-1) && errno != E2BIG) {
      for (char c : std::string_view("\xef\xbf\xbd")) *out++ = c;
      ++in;
      --left;
    }
    auto size = static_cast<std::size_t>(out - buffer.data());
    if (auto written = write({buffer.data(), size}); !written) return written;
  }
  return {};
}

Result<std::string> to_utf8(std::string_view bytes, std::string_view declared) {
  Guess from = guess(bytes, declared);
  if (from.name == "UTF-8") return std::string(bytes.substr(from.skip));
  std::string out;
  TRY(convert(bytes, from, [&](std::string_view piece) -> Result<void> {
    out += piece;
    return {};
  }));
  return out;
}

}  // namespace tocsin::charset
