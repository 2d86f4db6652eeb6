#include "base/signed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/text.h"

namespace tocsin::signing {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "TSSIGN01";
constexpr std::string_view public_word = "tocsin-public-key", secret_word = "tocsin-secret-key";
constexpr std::size_t piece_bytes = 1 << 20;

using Id = std::array<std::uint8_t, 8>;

std::string hex_of(const std::uint8_t* bytes, std::size_t size) {
  std::string out(size * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes, size);
  out.pop_back();
  return out;
}

bool from_hex(std::string_view text, std::uint8_t* out, std::size_t size) {
  std::size_t used = 0;
  return text.size() == size * 2 &&
         sodium_hex2bin(out, size, text.data(), text.size(), nullptr, &used, nullptr) == 0 &&
         used == size;
}

Result<void> write_key(const std::string& path, std::string_view text, mode_t mode) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0 && errno == EEXIST) return invalid("there is a " + text::quote(path) + " already");
  bool whole =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!whole) return unavailable("cannot write " + text::quote(path) + ": " + strerror(errno));
  return {};
}

// A key file: one line: word, the key's name, the key; both in hexadecimal.
template <std::size_t Size>
Result<void> read_key(const std::string& path, std::string_view word, Id& id,
                      std::array<std::uint8_t, Size>& key) {
  std::ifstream file(path);
  if (!file) return missing("cannot read the key " + text::quote(path));
  std::string said, name, bytes;
  file >> said >> name >> bytes;
  if (said != word || !from_hex(name, id.data(), id.size()) ||
      !from_hex(bytes, key.data(), key.size())) {
    return invalid(fmt::format("not a key file of `tocsin bundle key` ({}): {}",
                               word == public_word ? "NAME.pub" : "NAME.key", text::quote(path)));
  }
  return {};
}

Result<OpenFile> open_file(const std::string& path) {
  OpenFile file(std::fopen(path.c_str(), "rbe"));
  if (!file) return missing("cannot read " + text::quote(path) + ": " + strerror(errno));
  return file;
}

// Hands what is left of the file over in pieces.
template <class F>
Result<void> each_piece(std::FILE* file, F take) {
  std::vector<unsigned char> piece(piece_bytes);
  while (std::size_t size = std::fread(piece.data(), 1, piece.size(), file)) {
    TRY(take(piece.data(), size));
  }
  if (std::ferror(file) != 0) return unavailable("cannot read the file");
  return {};
}

}  // namespace

Result<void> make_keys(const std::string& path) {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> open_key{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  Id id{};
  crypto_sign_keypair(open_key.data(), secret.data());
  randombytes_buf(id.data(), id.size());
  std::string name = hex_of(id.data(), id.size());
  TRY(write_key(path + ".key",
                fmt::format("{} {} {}\n", secret_word, name, hex_of(secret.data(), secret.size())),
                0600));
  sodium_memzero(secret.data(), secret.size());
  return write_key(
      path + ".pub",
      fmt::format("{} {} {}\n", public_word, name, hex_of(open_key.data(), open_key.size())), 0644);
}

Result<PublicKey> read_public(const std::string& path) {
  PublicKey key;
  TRY(read_key(path, public_word, key.id, key.key));
  return key;
}

Result<void> sign(const std::string& payload, const std::string& secret_key,
                  const std::string& out) {
  Id id{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  TRY(read_key(secret_key, secret_word, id, secret));
  std::string head(magic);
  head.append(reinterpret_cast<const char*>(id.data()), id.size());
  crypto_sign_state state;
  crypto_sign_init(&state);
  crypto_sign_update(&state, reinterpret_cast<const unsigned char*>(head.data()), head.size());
  auto in = TRY(open_file(payload));
  auto add = [&](const unsigned char* bytes, std::size_t size) -> Result<void> {
    crypto_sign_update(&state, bytes, size);
    return {};
  };
  TRY(each_piece(in.get(), add));
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_final_create(&state, signature.data(), nullptr, secret.data());
  sodium_memzero(secret.data(), secret.size());

  std::string part = out + ".part";
  OpenFile to(std::fopen(part.c_str(), "wbe"));
  if (!to) return unavailable("cannot write " + text::quote(part) + ": " + strerror(errno));
  bool whole = std::fwrite(head.data(), 1, head.size(), to.get()) == head.size() &&
               std::fwrite(signature.data(), 1, signature.size(), to.get()) == signature.size();
  std::rewind(in.get());
  auto copy = [&](const unsigned char* bytes, std::size_t size) -> Result<void> {
    whole = whole && std::fwrite(bytes, 1, size, to.get()) == size;
    return {};
  };
  TRY(each_piece(in.get(), copy));
  whole = std::fflush(to.get()) == 0 && ::fsync(fileno(to.get())) == 0 && whole;
  to.reset();
  std::error_code failed;
  if (whole) fs::rename(part, out, failed);
  if (whole && !failed) return {};
  fs::remove(part, failed);
  return unavailable("cannot write " + text::quote(out) + ": is the disk full?");
}

Result<OpenFile> open_verified(const std::string& path, const PublicKey& key) {
  auto file = TRY(open_file(path));
  std::array<unsigned char, head_bytes> head{};
  if (std::fread(head.data(), 1, head.size(), file.get()) != head.size() ||
      std::memcmp(head.data(), magic.data(), magic.size()) != 0) {
    return denied("not a signed file of Tocsin: " + text::quote(path));
  }
  if (std::memcmp(head.data() + magic.size(), key.id.data(), key.id.size()) != 0) {
    return denied(fmt::format("signed with the key {}, not with {}",
                              hex_of(head.data() + magic.size(), key.id.size()),
                              hex_of(key.id.data(), key.id.size())));
  }
  crypto_sign_state state;
  crypto_sign_init(&state);
  crypto_sign_update(&state, head.data(), head_bytes - crypto_sign_BYTES);
  auto add = [&](const unsigned char* bytes, std::size_t size) -> Result<void> {
    crypto_sign_update(&state, bytes, size);
    return {};
  };
  TRY(each_piece(file.get(), add));
  if (crypto_sign_final_verify(&state, head.data() + head_bytes - crypto_sign_BYTES,
                               key.key.data()) != 0) {
    return denied("its signature does not hold: " + text::quote(path) +
                  " is damaged or was changed; nothing of it is used");
  }
  std::fseek(file.get(), head_bytes, SEEK_SET);
  return file;
}

}  // namespace tocsin::signing
