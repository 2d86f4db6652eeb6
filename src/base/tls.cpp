#include "base/tls.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/hash.h"
#include "base/ip.h"
#include "base/text.h"

namespace tocsin::tls {
namespace {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* p) const { release(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

constexpr long lifetime_s = 10L * 365 * 24 * 3600;

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (!extension) return false;
  bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ',';
    out += (ip::parse(name) ? "IP:" : "DNS:") + name;
  }
  return out;
}

Certificate sign(EVP_PKEY* key, const std::vector<std::string>& names) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  std::uint64_t serial = 0;
  if (!x || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return {};
  X509_set_version(x, 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), lifetime_s);
  X509_set_pubkey(x, key);
  X509_NAME* subject = X509_get_subject_name(x);
  std::string common = names.empty() ? "tocsin" : names.front().substr(0, 64);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509_set_issuer_name(x, subject);
  bool whole = add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(x, NID_ext_key_usage, "serverAuth,clientAuth") &&
               (names.empty() || add_extension(x, NID_subject_alt_name, alternative_names(names)));
  if (!whole || X509_sign(x, key, EVP_sha256()) == 0) return {};
  return certificate;
}

Result<void> write_file(const std::string& path, BIO* bio, mode_t mode) {
  char* bytes = nullptr;
  long size = BIO_get_mem_data(bio, &bytes);
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool written = file >= 0 && ::write(file, bytes, static_cast<std::size_t>(size)) == size &&
                 ::fsync(file) == 0;
  int why = errno;
  if (file >= 0) ::close(file);
  if (!written) return unavailable("cannot write " + text::quote(path) + ": " + strerror(why));
  return {};
}

}  // namespace

Result<void> make_self_signed(const std::string& certificate_file, const std::string& key_file,
                              const std::vector<std::string>& names) {
  Key key(EVP_EC_gen("P-256"));
  Certificate certificate = key ? sign(key.get(), names) : Certificate();
  Bio key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || !key_text || !certificate_text ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return unavailable("cannot make a certificate for these names: " +
                       text::quote(alternative_names(names)));
  }
  TRY(write_file(key_file, key_text.get(), 0600));
  return write_file(certificate_file, certificate_text.get(), 0644);
}

Result<std::string> fingerprint(const std::string& certificate_file) {
  Bio file(BIO_new_file(certificate_file.c_str(), "r"));
  if (!file) return missing("cannot read the certificate " + text::quote(certificate_file));
  Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest, &size) != 1) {
    return invalid("not a certificate in PEM: " + text::quote(certificate_file));
  }
  std::string plain = text::upper(hex({reinterpret_cast<const char*>(digest), size}));
  std::string out;
  for (std::size_t i = 0; i < plain.size(); i += 2) {
    if (i > 0) out += ':';
    out += plain.substr(i, 2);
  }
  return out;
}

Result<std::string> public_key_pin(const std::string& certificate_file) {
  Bio file(BIO_new_file(certificate_file.c_str(), "r"));
  if (!file) return missing("cannot read the certificate " + text::quote(certificate_file));
  Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  unsigned char* der = nullptr;
  int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der) : -1;
  if (size <= 0) return invalid("not a certificate in PEM: " + text::quote(certificate_file));
  std::string octets(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return hex(sha256(octets));
}

Result<TimeUs> not_after(const std::string& certificate_file) {
  Bio file(BIO_new_file(certificate_file.c_str(), "r"));
  if (!file) return missing("cannot read the certificate " + text::quote(certificate_file));
  Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  std::tm tm{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &tm) != 1) {
    return invalid("not a certificate in PEM: " + text::quote(certificate_file));
  }
  Day day = times::day_from(
      {tm.tm_year + 1900, static_cast<unsigned>(tm.tm_mon + 1), static_cast<unsigned>(tm.tm_mday)});
  return times::start_of(day) + (tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * us_per_s;
}

}  // namespace tocsin::tls
