#include "base/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace tocsin::secret {
namespace {

constexpr std::size_t bytes_max = 65'536;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

// nullopt: no such file.
Result<std::optional<std::string>> read_file(const std::string& path) {
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return denied(fmt::format("cannot read {}: {}", text::quote(path), std::strerror(errno)));
  }
  struct stat is{};
  if (fstat(file.fd, &is) != 0 || !S_ISREG(is.st_mode)) {
    return invalid(text::quote(path) + " is no file");
  }
  if (is.st_uid != geteuid() && is.st_uid != 0) {
    return denied(text::quote(path) + " belongs to another user");
  }
  if ((is.st_mode & 077) != 0) {
    return denied(fmt::format("others may read {} (mode {:03o}); chmod 600 it", text::quote(path),
                              is.st_mode & 0777));
  }
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    ssize_t got = ::read(file.fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unavailable("cannot read " + text::quote(path));
    if (got == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > bytes_max) return invalid(text::quote(path) + " is larger than 64 KiB");
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return invalid(text::quote(path) + " is empty");
  if (text.contains('\0')) return invalid(text::quote(path) + " holds a NUL byte");
  return text;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Words of a key: "apiKey" and "api_key" both end in "key".
bool key_says_so(std::string_view key) {
  std::string name = text::lower(key.substr(key.rfind('.') + 1));
  for (std::string_view word :
       {"password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key",
        "auth-key", "auth_key", "authorization", "private_key", "bearer", "cookie"}) {
    if (name.ends_with(word)) return true;
  }
  return name == "key" || name == "auth";
}

// 32 or more of base64's or hex's characters, with digits and letters mixed, and nothing else.
bool is_token(std::string_view value) {
  if (value.size() < 32 || value.size() > 4096) return false;
  std::size_t digits = 0, letters = 0, changes = 0;
  bool before = false;
  for (char c : value) {
    bool digit = c >= '0' && c <= '9';
    if (!is_alphanumeric(c) && c != '+' && c != '/' && c != '=' && c != '-' && c != '_') {
      return false;
    }
    digits += digit;
    letters += is_alphanumeric(c) && !digit;
    changes += digit != before;
    before = digit;
  }
  return digits * 10 >= value.size() && letters * 5 >= value.size() && changes * 6 >= value.size();
}

}  // namespace

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.starts_with('.')) return false;
  for (char c : name) {
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

Result<std::string> read(std::string_view name, const std::string& home) {
  if (!is_name(name)) return invalid("not the name of a secret: " + text::quote(name));
  std::string places;
  if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY"); folder != nullptr) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (auto found = TRY(read_file(path))) return *std::move(found);
    places = path + " nor in ";
  }
  std::string path = fmt::format("{}/secrets/{}", home, name);
  if (auto found = TRY(read_file(path))) return *std::move(found);
  return missing(fmt::format("no secret {}: neither in {}{}; {}", text::quote(name), places, path,
                             how_to_store(name)));
}

std::optional<std::string_view> looks_like_one(std::string_view key, std::string_view value) {
  if (value.empty()) return std::nullopt;
  if (value.contains("-----BEGIN ") && value.contains("PRIVATE KEY")) return "a private key";
  if (auto at = value.find("://"); at != value.npos) {
    std::string_view rest = value.substr(at + 3);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    std::string_view user = authority.substr(0, authority.rfind('@'));
    if (authority.contains('@') && user.contains(':')) return "a password in a URL";
    for (std::string_view part = value; !part.empty();) {
      std::string_view word = text::cut(part, '&');
      word = word.substr(word.find('?') == word.npos ? 0 : word.find('?') + 1);
      std::string_view name = text::cut(word, '=');
      if (key_says_so(name) && !word.empty() && !word.starts_with('{')) return "a key in a URL";
    }
    return std::nullopt;
  }
  if (text::equal_fold(value.substr(0, 7), "bearer ")) return "a bearer token";
  if (key_says_so(key)) return "a key or password";
  if (is_token(value)) return "a long random token";
  return std::nullopt;
}

std::string how_to_store(std::string_view name) {
  return fmt::format("put it into a file: install -m 600 /dev/stdin HOME/secrets/{}", name);
}

}  // namespace tocsin::secret
