#include "base/fetch.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/backoff.h"
#include "base/text.h"
#include "base/tls.h"
#include "loopback.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin {
namespace {

using test::answer;
using test::HttpRequest;
using test::HttpServer;

fetch::Request request_to(std::string url) {
  fetch::Request request{.url = std::move(url)};
  request.route.allow_private = true;
  request.route.connect_timeout_ms = 5'000;
  request.route.total_timeout_ms = 10'000;
  request.wait = [](std::chrono::milliseconds) { return true; };
  return request;
}

std::string gzip(std::string_view text) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

struct TemporaryFile {
  std::string path =
      (std::filesystem::temp_directory_path() /
       ("tocsin-fetch-" + std::to_string(getpid()) + "-" + std::to_string(random_bits())))
          .string();
  ~TemporaryFile() { unlink(path.c_str()); }
  bool exists() const { return std::filesystem::exists(path); }
  std::string bytes() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

std::string body_of(const fetch::Request& request) {
  auto response = fetch::get(request);
  REQUIRE_MESSAGE(response.has_value(), response.error().what);
  return response->body;
}

std::string redirect(int status, const std::string& to) {
  return answer(status, "", "Location: " + to + "\r\n");
}

// Answers by HTTPS with a certificate of its own for "secure.example.org", and asks for the
// client's.
class HttpsServer {
 public:
  explicit HttpsServer(std::string answer)
      : answer_(std::move(answer)), server_([this](test::Connection& c) { talk(c); }) {
    REQUIRE(tls::make_self_signed(certificate(), key(), {"secure.example.org"}));
    context_ = SSL_CTX_new(TLS_server_method());
    REQUIRE(SSL_CTX_use_certificate_file(context_, certificate().c_str(), SSL_FILETYPE_PEM) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context_, key().c_str(), SSL_FILETYPE_PEM) == 1);
    auto trust = [](int, X509_STORE_CTX*) { return 1; };
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, trust);
  }
  ~HttpsServer() { SSL_CTX_free(context_); }
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;
  std::string certificate() const { return folder_.file("cert.pem"); }
  std::string key() const { return folder_.file("key.pem"); }
  std::string port() const { return server_.port_text(); }
  std::atomic<bool> saw_client_certificate = false;

 private:
  void talk(test::Connection& connection) {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, connection.fd());
    if (SSL_accept(ssl) == 1) {
      std::string request;
      char c = 0;
      while (!request.ends_with("\r\n\r\n") && SSL_read(ssl, &c, 1) == 1) request += c;
      X509* peer = SSL_get1_peer_certificate(ssl);
      saw_client_certificate = peer != nullptr;
      X509_free(peer);
      SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
      SSL_shutdown(ssl);
    }
    ERR_clear_error();
    SSL_free(ssl);
  }
  std::string answer_;
  TemporaryFolder folder_;
  SSL_CTX* context_ = nullptr;
  test::Loopback server_;
};

fetch::Request request_to(const HttpsServer& server) {
  fetch::Request request = request_to("https://secure.example.org:" + server.port() + "/");
  request.route.resolve = {"secure.example.org:" + server.port() + ":127.0.0.1"};
  request.route.ca_file = server.certificate();
  request.tries_max = 1;
  return request;
}

}  // namespace

TEST_CASE("https trusts the given authority only, and shows the client's certificate when told") {
  HttpsServer server(answer(200, "secret"));
  fetch::Request request = request_to(server);
  CHECK(body_of(request) == "secret");
  CHECK(!server.saw_client_certificate);
  request.route.client_certificate = server.certificate();
  request.route.client_key = server.key();
  CHECK(body_of(request) == "secret");
  CHECK(server.saw_client_certificate);
  request.route.ca_file.clear();
  CHECK(fetch::get(request).error().fault == Fault::unavailable);
  request.route.ca_file = server.certificate();
  request.url = "https://other.example.org:" + server.port() + "/";
  request.route.resolve = {"other.example.org:" + server.port() + ":127.0.0.1"};
  CHECK(fetch::get(request).error().fault == Fault::unavailable);
}

TEST_CASE("no redirect leads from https to http") {
  HttpServer plain([](const HttpRequest&) { return answer(200, "plain"); });
  HttpsServer server(redirect(302, plain.url("/")));
  auto response = fetch::get(request_to(server));
  REQUIRE(!response.has_value());
  CHECK(response.error().fault == Fault::denied);
  CHECK(response.error().what.contains("from https to http"));
  CHECK(plain.requests().empty());
}

TEST_CASE("fetch gives body, validators and name") {
  HttpServer server([](const HttpRequest&) {
    return answer(200, "192.0.2.7\n",
                  "ETag: \"abc\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                  "Content-Disposition: attachment; filename=\"../list.txt\"\r\n");
  });
  fetch::Request request = request_to(server.url("/feed?key=hush"));
  request.contact = "mailto:soc@example.org";
  auto response = fetch::get(request);
  REQUIRE_MESSAGE(response.has_value(), response.error().what);
  CHECK(response->status == 200);
  CHECK(response->body == "192.0.2.7\n");
  CHECK(response->etag == "\"abc\"");
  CHECK(response->last_modified == "Thu, 01 Jan 2026 00:00:00 GMT");
  CHECK(response->file_name == "list.txt");
  CHECK(response->url == server.url("/feed"));
  CHECK(server.requests().at(0).header("user-agent") ==
        fetch::user_agent("mailto:soc@example.org"));
}

TEST_CASE("fetch asks conditionally and tells that nothing changed") {
  HttpServer server([](const HttpRequest& r) {
    return r.header("if-none-match") == "\"abc\"" ? answer(304, "") : answer(200, "new");
  });
  fetch::Request request = request_to(server.url("/"));
  request.etag = "\"abc\"";
  request.last_modified = "Thu, 01 Jan 2026 00:00:00 GMT";
  TemporaryFile file;
  request.spool_path = file.path;
  auto response = fetch::get(request);
  REQUIRE(response.has_value());
  CHECK(response->unchanged());
  CHECK(!file.exists());
  CHECK(server.requests().at(0).header("if-modified-since") == "Thu, 01 Jan 2026 00:00:00 GMT");
}

TEST_CASE("fetch unpacks gzip into the spool file and stops a bomb at the cap") {
  std::string big(3'000'000, 'a');
  HttpServer server([&](const HttpRequest& r) {
    return answer(200, gzip(r.target == "/bomb" ? big : "hello"), "Content-Encoding: gzip\r\n");
  });
  TemporaryFile file;
  fetch::Request request = request_to(server.url("/"));
  request.spool_path = file.path;
  request.route.size_max_bytes = 1'000'000;
  auto response = fetch::get(request);
  REQUIRE_MESSAGE(response.has_value(), response.error().what);
  CHECK(file.bytes() == "hello");
  CHECK(response->size_bytes == 5);

  request.url = server.url("/bomb");
  response = fetch::get(request);
  REQUIRE(!response.has_value());
  CHECK(response.error().fault == Fault::invalid);
  CHECK(response.error().what.contains("larger than the 1000000 bytes"));
  CHECK(!file.exists());
}

TEST_CASE("fetch refuses a body that announces too much, is cut, or is broken gzip") {
  HttpServer server([](const HttpRequest& r) -> std::string {
    if (r.target == "/large") return answer(200, std::string(2'000, 'x'));
    if (r.target == "/cut") return "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort";
    return answer(200, "this is no gzip", "Content-Encoding: gzip\r\n");
  });
  fetch::Request request = request_to(server.url("/large"));
  request.route.size_max_bytes = 1'000;
  CHECK(fetch::get(request).error().fault == Fault::invalid);
  request.url = server.url("/cut");
  CHECK(fetch::get(request).error().fault == Fault::unavailable);
  CHECK(server.requests().size() == 1 + 4);
  request.url = server.url("/broken");
  CHECK(fetch::get(request).error().fault == Fault::invalid);
}

TEST_CASE("the guard refuses loopback in every spelling and by name") {
  HttpServer server([](const HttpRequest&) { return answer(200, "inside"); });
  std::string port = server.port_text();
  for (std::string host : {"127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost",
                           "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]", "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1"}) {
    fetch::Request request = request_to("http://" + host + ":" + port + "/");
    request.route.allow_private = false;
    auto response = fetch::get(request);
    REQUIRE_MESSAGE(!response.has_value(), host);
    CHECK_MESSAGE(response.error().fault == Fault::denied, host << ": " << response.error().what);
  }
  CHECK(server.requests().empty());
}

TEST_CASE("a name that resolves to a private address is refused whatever it resolved to before") {
  HttpServer server([](const HttpRequest&) { return answer(200, "inside"); });
  fetch::Request request = request_to("http://feed.example.org:" + server.port_text() + "/");
  request.route.resolve = {"feed.example.org:" + server.port_text() + ":127.0.0.1"};
  CHECK(body_of(request) == "inside");
  request.route.allow_private = false;
  auto response = fetch::get(request);
  REQUIRE(!response.has_value());
  CHECK(response.error().fault == Fault::denied);
  CHECK(response.error().what.contains("127.0.0.1 (loopback)"));
  CHECK(server.requests().size() == 1);
}

TEST_CASE("through a proxy the guard judges what the URL says") {
  HttpServer proxy([](const HttpRequest& r) { return answer(200, "via " + r.target); });
  fetch::Request request = request_to("http://feed.example.org/list");
  request.route.proxy = proxy.url("");
  request.route.allow_private = false;
  auto response = fetch::get(request);
  REQUIRE_MESSAGE(response.has_value(), response.error().what);
  CHECK(response->body == "via http://feed.example.org/list");
  for (auto url : {"http://127.1/", "http://localhost./", "http://printer.local/", "http://[::1]/",
                   "http://0/"}) {
    request.url = url;
    response = fetch::get(request);
    REQUIRE_MESSAGE(!response.has_value(), url);
    CHECK_MESSAGE(response.error().fault == Fault::denied, url);
  }
  CHECK(proxy.requests().size() == 1);
}

TEST_CASE("only http and https, and no credentials in the URL") {
  for (auto url :
       {"file:///etc/passwd", "gopher://192.0.2.1/", "ftp://192.0.2.1/x", "dict://192.0.2.1/",
        "http://user:word@192.0.2.1/", "http://good.example.org@127.0.0.1/"}) {
    auto response = fetch::get(request_to(url));
    REQUIRE_MESSAGE(!response.has_value(), url);
    CHECK_MESSAGE(response.error().fault == Fault::denied, url << ": " << response.error().what);
  }
  for (auto url : {"", "http://", "http://192.0.2.1:0/", "http://192.0.2.1/\r\nX: y", "nonsense"}) {
    auto response = fetch::get(request_to(url));
    REQUIRE_MESSAGE(!response.has_value(), url);
  }
}

TEST_CASE("each redirect is checked anew") {
  std::string target;
  HttpServer server([&](const HttpRequest& r) {
    return r.target == "/end" ? answer(200, "end") : redirect(302, target);
  });
  auto follow = [&](std::string to) {
    target = std::move(to);
    fetch::Request request = request_to("http://outer.example.org:" + server.port_text() + "/");
    request.route.resolve = {"outer.example.org:" + server.port_text() + ":127.0.0.1"};
    return fetch::get(request);
  };
  CHECK(follow("/end")->body == "end");
  CHECK(follow(server.url("/end"))->body == "end");
  CHECK(follow("file:///etc/passwd").error().fault == Fault::denied);
  CHECK(follow("http://user@127.0.0.1/").error().fault == Fault::denied);
  auto round = follow("/again");
  REQUIRE(!round.has_value());
  CHECK(round.error().fault == Fault::invalid);
  CHECK(round.error().what.contains("more than 5 times"));
}

TEST_CASE("keys and passwords stay with the host they are meant for") {
  HttpServer other([](const HttpRequest&) { return answer(200, "other"); });
  HttpServer server([&](const HttpRequest& r) {
    return r.target == "/own" ? answer(200, "own")
                              : redirect(307, r.target == "/a" ? "/own" : other.url("/theirs"));
  });
  fetch::Request request = request_to(server.url("/a"));
  request.headers = {{"Accept", "text/csv"}};
  request.secret_headers = {{"Auth-Key", "hush"}};
  request.username = "me";
  request.password = "word";
  CHECK(body_of(request) == "own");
  for (const HttpRequest& seen : server.requests()) {
    CHECK(seen.header("auth-key") == "hush");
    CHECK(seen.header("authorization") == "Basic bWU6d29yZA==");
  }
  request.url = server.url("/b");
  CHECK(body_of(request) == "other");
  HttpRequest seen = other.requests().at(0);
  CHECK(seen.header("auth-key") == "");
  CHECK(seen.header("authorization") == "");
  CHECK(seen.header("accept") == "text/csv");

  request.post = "{}";
  auto posted = fetch::get(request);
  REQUIRE(!posted.has_value());
  CHECK(posted.error().fault == Fault::denied);

  request.route.allow_private = false;
  request.url = "http://192.0.2.1/";
  CHECK(fetch::get(request).error().what.contains("plain http"));
}

TEST_CASE("what may pass is tried again, as long as the server asks, and no longer than that") {
  int left = 2;
  HttpServer server([&](const HttpRequest& r) {
    if (r.target == "/never") return answer(404, "");
    if (r.target == "/long") return answer(503, "", "Retry-After: 3600\r\n");
    return left-- > 0 ? answer(429, "", "Retry-After: 2\r\n") : answer(200, "done");
  });
  std::vector<std::int64_t> waits;
  fetch::Request request = request_to(server.url("/"));
  request.wait = [&](std::chrono::milliseconds time) {
    waits.push_back(time.count());
    return true;
  };
  CHECK(body_of(request) == "done");
  REQUIRE(waits.size() == 2);
  CHECK(waits[0] >= 2'000);
  CHECK(waits[0] <= 3'000);
  CHECK(waits[1] >= 2'000);
  CHECK(waits[1] <= 4'000);

  waits.clear();
  request.url = server.url("/long");
  auto later = fetch::get(request);
  CHECK(later->status == 503);
  CHECK(later->retry_after_s == 3600);
  CHECK(waits.empty());
  CHECK(fetch::expect_success(*later, "u").error().fault == Fault::unavailable);

  request.url = server.url("/never");
  auto gone = fetch::get(request);
  CHECK(gone->status == 404);
  CHECK(waits.empty());
  CHECK(fetch::expect_success(*gone, "u").error().fault == Fault::missing);
}

TEST_CASE("a URL with a key is shown by its label only") {
  fetch::Request request = request_to("http://127.0.0.1:1/s3cret/list");
  request.shown_url = "http://127.0.0.1:1/{key}/list";
  auto response = fetch::get(request);
  REQUIRE(!response.has_value());
  CHECK(response.error().fault == Fault::unavailable);
  CHECK(!response.error().what.contains("s3cret"));
  CHECK(response.error().what.contains("{key}"));
}

TEST_CASE("a stop request ends a fetch that hangs") {
  std::stop_source stop;
  HttpServer server([&](const HttpRequest&) {
    stop.request_stop();
    return std::string();
  });
  fetch::Request request = request_to(server.url("/"));
  request.route.stop = stop.get_token();
  auto response = fetch::get(request);
  REQUIRE(!response.has_value());
  CHECK(response.error().what == "stopping");
}

TEST_CASE("backoff grows to its limit and is spread over all of it") {
  CHECK(backoff_ms(0, 1'000, 60'000, 12345) == 0);
  CHECK(backoff_ms(1, 1'000, 60'000, 1'000) == 1'000);
  CHECK(backoff_ms(1, 1'000, 60'000, 1'001) == 0);
  CHECK(backoff_ms(3, 1'000, 60'000, 4'000) == 4'000);
  CHECK(backoff_ms(50, 1'000, 60'000, 60'000) == 60'000);
  CHECK(backoff_ms(50, 1'000, 60'000, 60'001) == 0);
}

}  // namespace tocsin
