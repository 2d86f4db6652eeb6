#include "base/transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "base/check.h"
#include "base/public_ip.h"
#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t url_bytes_max = 8192;
constexpr std::size_t body_bytes_max = std::size_t{64} << 20;  // in memory, without a spool file

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

bool listed(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    if (text::cut(list, ',') == item) return true;
  }
  return false;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  check(curl_easy_setopt(handle, option, value) == CURLE_OK, "libcurl refused an option");
}

// "sha256//BASE64;…". What is no hash of 32 octets matches no key.
std::string pins_text(const std::vector<std::string>& pins) {
  std::string out;
  for (const std::string& pin : pins) {
    std::array<unsigned char, 32> hash{};
    std::size_t size = 0;
    sodium_hex2bin(hash.data(), hash.size(), pin.data(), pin.size(), nullptr, &size, nullptr);
    std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)> text{};
    sodium_bin2base64(text.data(), text.size(), hash.data(), size, sodium_base64_VARIANT_ORIGINAL);
    out += (out.empty() ? "sha256//" : ";sha256//") + std::string(text.data());
  }
  return out;
}

void set_text(CURL* handle, CURLoption option, const std::string& text) {
  if (!text.empty()) set(handle, option, text.c_str());
}

}  // namespace

std::string Url::shown() const {
  if (!label.empty()) return label;
  bool usual = (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
  return scheme + "://" + host + (usual ? "" : ":" + std::to_string(port)) + path;
}

Result<Url> Url::parse(std::string_view text, std::string_view schemes, std::string_view base) {
  if (text.size() > url_bytes_max) return invalid("a URL of more than 8192 bytes");
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      return invalid("a URL with a blank or control byte");
    }
  }
  std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  check(url != nullptr, "out of memory");
  if (!base.empty()) curl_url_set(url.get(), CURLUPART_URL, std::string(base).c_str(), 0);
  if (auto code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(),
                               CURLU_NON_SUPPORT_SCHEME);
      code != CURLUE_OK) {
    return invalid("not a URL: " + std::string(curl_url_strerror(code)));
  }
  Url out;
  out.scheme = part(url.get(), CURLUPART_SCHEME);
  if (!listed(schemes, out.scheme)) {
    return denied("scheme " + text::quote(out.scheme) + " is not allowed here; one of " +
                  std::string(schemes));
  }
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty()) {
    return denied("a user name or password in a URL; use username and password_secret");
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  out.text = part(url.get(), CURLUPART_URL);
  out.host = text::lower(part(url.get(), CURLUPART_HOST));
  out.path = part(url.get(), CURLUPART_PATH);
  auto port = text::number(part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if (!port || *port == 0 || *port > 65535 || out.host.empty()) {
    return invalid("a URL without host or with an impossible port");
  }
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

Transfer::Transfer(const Route& route, const char* schemes) : route_(route) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_.reset(curl_easy_init());
  check(handle_ != nullptr, "out of memory");
  CURL* h = handle_.get();
  set(h, CURLOPT_NOSIGNAL, 1L);
  set(h, CURLOPT_PROTOCOLS_STR, schemes);
  set(h, CURLOPT_FOLLOWLOCATION, 0L);
  set(h, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(h, CURLOPT_PROXY, route.proxy.c_str());
  set(h, CURLOPT_NOPROXY, "");
  set(h, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(route.connect_timeout_ms));
  set(h, CURLOPT_TIMEOUT_MS, static_cast<long>(route.total_timeout_ms));
  set(h, CURLOPT_LOW_SPEED_LIMIT, 100L);
  set(h, CURLOPT_LOW_SPEED_TIME, static_cast<long>(route.low_speed_s));
  set(h, CURLOPT_ERRORBUFFER, message_.data());
  set(h, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(h, CURLOPT_OPENSOCKETDATA, this);
  set(h, CURLOPT_WRITEFUNCTION, &Transfer::write);
  set(h, CURLOPT_WRITEDATA, this);
  set(h, CURLOPT_NOPROGRESS, 0L);
  set(h, CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
  set(h, CURLOPT_XFERINFODATA, this);
  set_text(h, CURLOPT_CAINFO, route.ca_file);
  if (!route.pins.empty()) {
    set_text(h, CURLOPT_PINNEDPUBLICKEY, pins_text(route.pins));
    set(h, CURLOPT_SSL_VERIFYPEER, 0L);
    set(h, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  present_certificate(true);
  for (const std::string& row : route.resolve) resolve_ = curl_slist_append(resolve_, row.c_str());
  if (resolve_ != nullptr) set(h, CURLOPT_RESOLVE, resolve_);
}

Transfer::~Transfer() {
  handle_.reset();
  curl_slist_free_all(resolve_);
  if (spool_ >= 0) close(spool_);
}

void Transfer::present_certificate(bool yes) {
  auto text = [yes](const std::string& value) {
    return yes && !value.empty() ? value.c_str() : nullptr;
  };
  set(handle(), CURLOPT_SSLCERT, text(route_.client_certificate));
  set(handle(), CURLOPT_SSLKEY, text(route_.client_key));
  set(handle(), CURLOPT_KEYPASSWD, text(route_.client_key_password));
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
  auto ip = ip::from_socket(&address->addr, address->addrlen);
  if (!ip) return CURL_SOCKET_BAD;
  bool guarded = !transfer.route_.allow_private && transfer.route_.proxy.empty();
  if (auto why = ip::special(*ip); guarded && !why.empty()) {
    transfer.refused_ = *ip;
    transfer.refused_why_ = why;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::write(char* bytes, std::size_t one, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::size_t size = one * count;
  std::uint64_t most = transfer.route_.size_max_bytes;
  if (transfer.spool_ < 0 && !transfer.take_) most = std::min<std::uint64_t>(most, body_bytes_max);
  if (transfer.size_bytes_ + size > most) {
    transfer.too_large_ = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.size_bytes_ += size;
  if (transfer.take_) {
    transfer.take_({bytes, size});
    return size;
  }
  if (transfer.spool_ < 0) {
    transfer.body_.append(bytes, size);
    return size;
  }
  for (std::size_t done = 0; done < size;) {
    ssize_t wrote = ::write(transfer.spool_, bytes + done, size - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      transfer.disk_error_ = wrote < 0 ? errno : ENOSPC;
      return CURL_WRITEFUNC_ERROR;
    }
    done += static_cast<std::size_t>(wrote);
  }
  return size;
}

int Transfer::progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(self)->route_.stop.stop_requested() ? 1 : 0;
}

// A proxy connects for us, so the guard cannot see the address: judge what the URL says.
Result<void> Transfer::check_behind_proxy(const Url& url) const {
  if (route_.proxy.empty() || route_.allow_private) return {};
  std::string_view host = url.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::string_view why;
  if (auto ip = ip::parse(host)) why = ip::special(*ip);
  if (host.ends_with('.')) host.remove_suffix(1);
  for (std::string_view local : {"localhost", "local", "internal", "home.arpa"}) {
    if (host == local || host.ends_with("." + std::string(local))) why = "a local name";
  }
  if (host == "0.0.0.0" || host == "::") why = "unspecified";
  if (why.empty()) return {};
  return denied(fmt::format("{} is {}: not fetched through a proxy", text::quote(host), why));
}

Result<void> Transfer::open_spool() {
  if (spool_ >= 0) close(spool_);
  spool_ = -1;
  if (spool_path_.empty()) return {};
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  spool_ = open(spool_path_.c_str(), flags, 0600);
  if (spool_ >= 0) return {};
  return unavailable(
      fmt::format("cannot write {}: {}", text::quote(spool_path_), std::strerror(errno)));
}

Result<void> Transfer::perform(const Url& url) {
  if (route_.stop.stop_requested()) return unavailable("stopping");
  TRY(check_behind_proxy(url));
  TRY(open_spool());
  body_.clear();
  size_bytes_ = 0;
  disk_error_ = 0;
  too_large_ = false;
  refused_why_ = {};
  message_[0] = '\0';
  set(handle(), CURLOPT_URL, url.text.c_str());
  CURLcode code = curl_easy_perform(handle());
  if (spool_ >= 0) {
    if (close(spool_) != 0 && code == CURLE_OK) {
      disk_error_ = errno;
      code = CURLE_WRITE_ERROR;
    }
    spool_ = -1;
  }
  if (code == CURLE_OK) return {};
  return failure(code, url);
}

Result<void> Transfer::failure(CURLcode code, const Url& url) const {
  if (route_.stop.stop_requested()) return unavailable("stopping");
  if (too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return invalid(fmt::format("{} is larger than the {} bytes allowed (size_max_bytes)",
                               url.shown(), route_.size_max_bytes));
  }
  if (disk_error_ != 0) {
    return unavailable(
        fmt::format("cannot keep what came from {}: {}", url.shown(), std::strerror(disk_error_)));
  }
  if (code == CURLE_COULDNT_CONNECT && !refused_why_.empty()) {
    return denied(fmt::format(
        "{} is at {} ({}); if that is meant, set allow_private = true in the feed's table",
        url.host, ip::format(refused_), refused_why_));
  }
  if (code == CURLE_BAD_CONTENT_ENCODING) {
    return invalid(fmt::format("{}: the compressed body is broken", url.shown()));
  }
  std::string_view why = message_[0] != '\0' ? message_.data() : curl_easy_strerror(code);
  // libcurl may quote the whole URL with its query, which may hold a key.
  if (why.contains("://")) why = curl_easy_strerror(code);
  return unavailable(fmt::format("{}: {}", url.shown(), why));
}

}  // namespace tocsin
