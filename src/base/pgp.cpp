#include "base/pgp.h"

#include <fmt/format.h>
#include <gpgme.h>
#include <unistd.h>

#include <memory>
#include <mutex>

#include "base/text.h"

namespace tocsin::pgp {
namespace {

struct FreeContext {
  void operator()(gpgme_ctx_t context) const { gpgme_release(context); }
};
struct FreeData {
  void operator()(gpgme_data_t data) const { gpgme_data_release(data); }
};

gpgme_error_t give_passphrase(void* hook, const char*, const char*, int wrong_before, int fd) {
  const auto& passphrase = *static_cast<const std::string*>(hook);
  if (wrong_before != 0 || passphrase.empty()) return gpgme_error(GPG_ERR_CANCELED);
  std::string line = passphrase + "\n";
  return gpgme_io_writen(fd, line.data(), line.size()) == 0 ? gpgme_error(GPG_ERR_NO_ERROR)
                                                            : gpgme_error(GPG_ERR_CANCELED);
}

std::unexpected<Error> failed(gpgme_error_t error) {
  std::string what = fmt::format("cannot decrypt: {}", gpgme_strerror(error));
  switch (gpgme_err_code(error)) {
    case GPG_ERR_DECRYPT_FAILED:
    case GPG_ERR_NO_SECKEY:
    case GPG_ERR_BAD_PASSPHRASE:
    case GPG_ERR_CANCELED:
      return denied(std::move(what));
    case GPG_ERR_NO_DATA:
    case GPG_ERR_BAD_DATA:
      return invalid(std::move(what));
    default:
      return unavailable(std::move(what));
  }
}

// What decryption wrote, up to its cap: a compressed message may hold far more than it seems to.
struct Output {
  std::string bytes;
  std::size_t bytes_max;
};

ssize_t take(void* handle, const void* bytes, std::size_t size) {
  auto& out = *static_cast<Output*>(handle);
  if (out.bytes.size() + size > out.bytes_max) {
    gpgme_err_set_errno(EFBIG);
    return -1;
  }
  out.bytes.append(static_cast<const char*>(bytes), size);
  return static_cast<ssize_t>(size);
}

}  // namespace

bool is_armoured(std::string_view text) {
  return text::trim(text).starts_with("-----BEGIN PGP MESSAGE-----");
}

Result<std::string> decrypt(std::string_view message, const std::string& home,
                            const std::string& passphrase, std::size_t bytes_max) {
  static std::once_flag once;
  std::call_once(once, [] { gpgme_check_version(nullptr); });
  gpgme_ctx_t made = nullptr;
  if (auto error = gpgme_new(&made); error != 0) return failed(error);
  std::unique_ptr<gpgme_context, FreeContext> context(made);
  if (auto error = gpgme_ctx_set_engine_info(made, GPGME_PROTOCOL_OpenPGP, nullptr, home.c_str());
      error != 0) {
    return failed(error);
  }
  gpgme_set_pinentry_mode(made, GPGME_PINENTRY_MODE_LOOPBACK);
  std::string secret = passphrase;
  gpgme_set_passphrase_cb(made, give_passphrase, &secret);
  gpgme_data_t in = nullptr, out = nullptr;
  if (auto error = gpgme_data_new_from_mem(&in, message.data(), message.size(), 0); error != 0) {
    return failed(error);
  }
  std::unique_ptr<gpgme_data, FreeData> cipher(in);
  Output output{.bytes = {}, .bytes_max = bytes_max};
  gpgme_data_cbs callbacks{.read = nullptr, .write = take, .seek = nullptr, .release = nullptr};
  if (auto error = gpgme_data_new_from_cbs(&out, &callbacks, &output); error != 0) {
    return failed(error);
  }
  std::unique_ptr<gpgme_data, FreeData> plain(out);
  auto error = gpgme_op_decrypt(made, in, out);
  if (gpgme_err_code_to_errno(gpgme_err_code(error)) == EFBIG) {
    return invalid(fmt::format("an encrypted part is larger than {} bytes", bytes_max));
  }
  if (error != 0) return failed(error);
  return std::move(output.bytes);
}

}  // namespace tocsin::pgp
