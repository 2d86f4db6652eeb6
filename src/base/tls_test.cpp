#include "base/tls.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

#include "base/http_server.h"
#include "test.h"

namespace tocsin::tls {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
struct FreeBio {
  void operator()(BIO* b) const { BIO_free_all(b); }
};

// GET / over TLS of at most `version`, trusting `certificate` for localhost. "" if the handshake
// fails.
std::string get(std::uint16_t port, int version, const std::string& certificate) {
  std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_locations(context.get(), certificate.c_str(), nullptr);
  std::unique_ptr<BIO, FreeBio> bio(BIO_new_ssl_connect(context.get()));
  SSL* ssl = nullptr;
  BIO_get_ssl(bio.get(), &ssl);
  SSL_set1_host(ssl, "localhost");
  BIO_set_conn_hostname(bio.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
  if (BIO_do_handshake(bio.get()) != 1) return {};
  BIO_puts(bio.get(), "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::string all;
  char piece[1024];
  for (int n = 0; (n = BIO_read(bio.get(), piece, sizeof piece)) > 0;) {
    all.append(piece, static_cast<std::size_t>(n));
  }
  return all;
}

}  // namespace

TEST_CASE("a node serves TLS 1.2 and 1.3 with the certificate it made, and nothing older") {
  std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-tls-XXXXXX").string();
  std::string folder = ::mkdtemp(pattern.data());
  std::string certificate = folder + "/node.crt", key = folder + "/node.key";
  REQUIRE(make_self_signed(certificate, key, {"localhost", "node-1.example.org", "192.0.2.1"}));
  struct stat found{};
  REQUIRE(::stat(key.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  CHECK(fingerprint(certificate)->size() == 95);
  CHECK(fingerprint(key).error().fault == Fault::invalid);

  auto server = http::HttpServer::start(
      {.certificate_file = certificate, .key_file = key, .spool_folder = folder},
      [](const http::Request&) {
        return http::Admission{.handle = [](const http::Request& r) -> Result<http::Response> {
          return http::text(r.peer.secure ? "secure" : "plain");
        }};
      });
  REQUIRE_MESSAGE(server.has_value(), (server ? "" : server.error().what));
  std::string answer = get((*server)->port(), TLS1_3_VERSION, certificate);
  CHECK(answer.ends_with("secure"));
  CHECK(answer.contains("Strict-Transport-Security: max-age="));
  CHECK(get((*server)->port(), TLS1_2_VERSION, certificate).ends_with("secure"));
  CHECK(get((*server)->port(), TLS1_1_VERSION, certificate).empty());

  REQUIRE(make_self_signed(folder + "/other.crt", folder + "/other.key", {"localhost"}));
  auto mixed =
      http::HttpServer::start({.certificate_file = certificate, .key_file = folder + "/other.key"},
                              [](const http::Request&) { return http::Admission{}; });
  CHECK(mixed.error().what.ends_with("is not the certificate's key"));
  std::filesystem::remove_all(folder);
}

}  // namespace tocsin::tls
