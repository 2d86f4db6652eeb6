#include "base/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/fetch.h"
#include "base/gzip.h"
#include "base/http_client.h"
#include "base/text.h"
#include "base/tls.h"
#include "test.h"

namespace tocsin::http {
namespace {

using namespace std::chrono_literals;

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-http-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

// A raw TCP connection, to say what no client would.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval time{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { ::close(socket_); }

  bool say(std::string_view bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // What comes until `end` appears or the server closes.
  std::string hear(std::string_view end = {}) {
    std::string all;
    char piece[4096];
    while (end.empty() || !all.contains(end)) {
      ssize_t n = ::recv(socket_, piece, sizeof piece, 0);
      if (n <= 0) break;
      all.append(piece, static_cast<std::size_t>(n));
    }
    return all;
  }
  bool connected = false;

 private:
  int socket_;
};

struct Site {
  Folder folder;
  std::atomic<int> handled{0};
  std::unique_ptr<HttpServer> server;

  explicit Site(const std::function<void(ServerOptions&)>& change = {}) {
    ServerOptions options;
    options.spool_folder = folder.path;
    options.socket_path = folder.path + "/node.sock";
    if (change) change(options);
    auto started = HttpServer::start(options, [this](const Request& head) { return admit(head); });
    REQUIRE_MESSAGE(started.has_value(), (started ? "" : started.error().what));
    server = std::move(*started);
  }

  Admission admit(const Request& head) {
    if (head.path == "/refuse") return {.refusal = problem(401, "sign in first")};
    if (head.path == "/slow") {
      return {.handle = [](const Request& r) -> Result<Response> {
                while (!r.stop.stop_requested()) std::this_thread::sleep_for(1ms);
                return text("stopped");
              },
              .lane = Lane::query};
    }
    Lane lane = head.path == "/upload" ? Lane::bulk : Lane::quick;
    std::uint64_t most = head.path == "/upload" ? 8u << 20 : head.method == "POST" ? 100 : 0;
    return {
        .handle = [this](const Request& r) { return handle(r); }, .lane = lane, .body_max = most};
  }

  Result<Response> handle(const Request& request) {
    ++handled;
    if (request.path == "/echo") return text(request.method + " " + request.body);
    if (request.path == "/pin") return text("pin " + std::string(request.header(client_pin)));
    if (request.path == "/peer") return text(request.peer.uid ? "local" : request.peer.ip);
    if (request.path == "/upload") {
      auto size = request.body_path.empty() ? request.body.size()
                                            : std::filesystem::file_size(request.body_path);
      return text(std::to_string(size) + (request.body_path.empty() ? " in memory" : " in a file"));
    }
    if (request.path == "/big") return json("\"" + std::string(5000, 'a') + "\"");
    if (request.path == "/pieces" || request.path == "/broken") {
      bool broken = request.path == "/broken";
      return Response{.pieces = [left = 3, broken](std::string& out) mutable -> Result<bool> {
        out = "piece" + std::to_string(left);
        if (broken && left == 2) return unavailable("gone");
        return --left > 0;
      }};
    }
    if (request.path == "/events") {
      auto stream = std::make_shared<EventStream>();
      stream->push(std::make_shared<const std::string>(event_frame("hello", "a\nb")));
      stream->close();
      return Response{.headers = {{"Content-Type", "text/event-stream"}}, .events = stream};
    }
    if (request.path == "/inject") {
      return Response{.headers = {{"X-Name", "a\r\nX-Evil: b"}}};
    }
    return missing("no page '" + request.path + "'");
  }

  // Says `request` on a fresh connection and hears all until it is closed.
  std::string ask(std::string_view request) const {
    Wire wire(server->port());
    wire.say(request);
    return wire.hear();
  }
  std::string get(std::string_view path, std::string_view more = {}) const {
    return ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) +
               "Connection: close\r\n\r\n");
  }
};

int status_of(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.1 ")) return 0;
  return static_cast<int>(text::number(answer.substr(9, 3)).value_or(0));
}

std::string_view body_of(std::string_view answer) {
  return answer.substr(std::min(answer.size(), answer.find("\r\n\r\n") + 4));
}

}  // namespace

TEST_CASE("a request is answered, with the headers that browsers need") {
  Site site;
  std::string answer = site.get("/peer");
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == "127.0.0.1");
  CHECK(answer.contains("Content-Security-Policy: default-src 'self'"));
  CHECK(answer.contains("frame-ancestors 'none'"));
  CHECK(answer.contains("X-Content-Type-Options: nosniff"));
  CHECK(answer.contains("Referrer-Policy: no-referrer"));
  CHECK(answer.contains("Cross-Origin-Opener-Policy: same-origin"));
  CHECK_FALSE(answer.contains("Strict-Transport-Security"));
  CHECK_FALSE(answer.contains("Access-Control-"));
  CHECK(status_of(site.get("/nowhere")) == 404);
  CHECK(site.get("/nowhere").contains("application/problem+json"));
}

TEST_CASE("a connection serves several requests, also when they come together") {
  Site site;
  Wire wire(site.server->port());
  std::string one = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
  std::string last = "GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  wire.say(one + one + last);
  std::string all = wire.hear();
  CHECK(site.handled == 3);
  CHECK(all.contains("POST abcHTTP/1.1 200"));
  CHECK(all.ends_with("GET "));
}

TEST_CASE("requests that two parsers could read differently are refused") {
  Site site;
  auto post = [&](std::string_view headers, std::string_view body) {
    return status_of(
        site.ask("POST /echo HTTP/1.1\r\n" + std::string(headers) + "\r\n" + std::string(body)));
  };
  CHECK(post("Host: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
             "0\r\n\r\n") == 400);
  CHECK(post("Host: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n",
             "0\r\n\r\n") == 400);
  CHECK(post("Host: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n", "abcd") == 400);
  CHECK(post("Host: localhost\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n") == 501);
  CHECK(post("Host: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
             "0\r\n\r\n") == 400);
  CHECK(post("Host: localhost\r\nTransfer-Encoding: chunked, identity\r\n", "0\r\n\r\n") == 501);
  CHECK(post("Host: localhost\r\nContent-Length: -1\r\n", "") == 400);
  CHECK(post("Host: localhost\r\nContent-Length : 3\r\n", "abc") == 400);
  CHECK(post("Host: localhost\r\nTransfer-Encoding: chunked\r\n", "zz\r\n\r\n") == 400);
  CHECK(post("Host: localhost\r\nHost: example.org\r\n", "") == 400);
  CHECK(post("X: y\r\n", "") == 400);
  CHECK(status_of(site.ask("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) ==
        400);
  CHECK(status_of(site.ask("GET /echo HTTP/2.0\r\nHost: localhost\r\n\r\n")) == 505);
  CHECK(status_of(site.ask("GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 400);
  CHECK(status_of(site.ask("GET /%2e%2e/x HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 400);
  CHECK(status_of(site.ask("GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")) == 400);
  CHECK(status_of(site.ask("\x16\x03\x01\x02 hello\r\n\r\n")) == 400);
  CHECK(site.handled == 0);
  CHECK(status_of(site.get("/peer")) == 200);
}

TEST_CASE("trailers do not become headers") {
  Site site;
  std::string answer = site.ask(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n3\r\nabc\r\n0\r\nHost: evil.example\r\n\r\n");
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == "POST abc");
}

TEST_CASE("what is too large is refused and the connection closed") {
  Site site;
  CHECK(status_of(site.ask("GET /" + std::string(300'000, 'a') + " HTTP/1.1\r\n\r\n")) == 431);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  CHECK(status_of(site.get("/peer", many)) == 431);
  CHECK(status_of(site.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n\r\n" +
                           std::string(101, 'a'))) == 413);
  CHECK(status_of(site.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n65\r\n" +
                           std::string(101, 'a') + "\r\n0\r\n\r\n")) == 413);
  CHECK(status_of(site.ask(
            "GET /peer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\na")) == 413);
  CHECK(status_of(site.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n3;" +
                           std::string(60'000, 'x'))) == 400);
  CHECK(site.handled == 0);
}

TEST_CASE("a refused upload is not read, and its answer arrives") {
  Site site;
  std::string answer =
      site.ask("POST /refuse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000000\r\n\r\n" +
               std::string(200'000, 'a'));
  CHECK(status_of(answer) == 401);
}

TEST_CASE("only expected bodies are asked for") {
  Site site;
  Wire wire(site.server->port());
  wire.say(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  CHECK(wire.hear("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  wire.say("ab");
  CHECK(wire.hear("POST ab").ends_with("POST ab"));
  CHECK(status_of(site.get("/peer", "Expect: 200-maybe\r\n")) == 417);
}

TEST_CASE("a large body goes to a file that is gone afterwards") {
  Site site;
  auto client = HttpClient::unix_socket(site.folder.path + "/node.sock");
  REQUIRE(client.has_value());
  std::string path = site.folder.path + "/report";
  std::ofstream(path) << std::string(5'000'000, 'x');
  std::uint64_t seen = 0;
  auto answer = client->call({.method = "POST",
                              .target = "/upload",
                              .body_path = path,
                              .progress = [&](std::uint64_t sent, std::uint64_t of) {
                                seen = sent;
                                return of == 5'000'000;
                              }});
  REQUIRE(answer.has_value());
  CHECK(answer->body == "5000000 in a file");
  CHECK(seen == 5'000'000);
  answer = client->call({.method = "POST", .target = "/upload", .body = "abc"});
  CHECK(answer->body == "3 in memory");
  answer = client->call({.method = "POST", .target = "/upload", .body = std::string(9 << 20, 'x')});
  REQUIRE(answer.has_value());
  CHECK(answer->status == 413);
  for (const auto& entry : std::filesystem::directory_iterator(site.folder.path)) {
    CHECK_FALSE(entry.path().filename().string().starts_with("upload-"));
  }
}

TEST_CASE("the unix socket is the owner's alone, and says who calls") {
  Site site;
  struct stat found{};
  REQUIRE(::stat((site.folder.path + "/node.sock").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  auto client = HttpClient::unix_socket(site.folder.path + "/node.sock");
  REQUIRE(client.has_value());
  CHECK(client->call({.target = "/peer"})->body == "local");
  CHECK(client->call({.target = "/peer"})->status == 200);
  CHECK(HttpClient::unix_socket(site.folder.path + "/other.sock").error().fault ==
        Fault::unavailable);
}

TEST_CASE(
    "a client's certificate is asked for where it is wanted, and its key is told by its pin") {
  Folder folder;
  auto made = [&](const std::string& name) {
    std::string certificate = folder.path + "/" + name + ".crt";
    REQUIRE(tls::make_self_signed(certificate, folder.path + "/" + name + ".key", {"localhost"})
                .has_value());
    return certificate;
  };
  std::string ours = made("server"), theirs = made("client"), other = made("other");
  for (bool asks : {true, false}) {
    Site site([&](ServerOptions& options) {
      options.certificate_file = ours;
      options.key_file = folder.path + "/server.key";
      options.client_certificates = asks;
    });
    auto ask = [&](const std::string& certificate) {
      fetch::Request request{.url = fmt::format("https://127.0.0.1:{}/pin", site.server->port()),
                             .route = {.allow_private = true, .pins = {*tls::public_key_pin(ours)}},
                             .tries_max = 1};
      if (!certificate.empty()) {
        request.route.client_certificate = certificate;
        request.route.client_key = certificate.substr(0, certificate.size() - 3) + "key";
      }
      auto answer = fetch::get(request);
      REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().what));
      return answer->body;
    };
    CHECK(ask("") == "pin ");
    CHECK(ask(theirs) == (asks ? "pin " + *tls::public_key_pin(theirs) : "pin "));
    CHECK(ask(other) == (asks ? "pin " + *tls::public_key_pin(other) : "pin "));
  }
  Site plain;  // nobody can say it
  CHECK(status_of(plain.get("/pin", ":client-pin: 00\r\n")) == 400);
}

TEST_CASE("a page of another name cannot call in") {
  Site site([](ServerOptions& o) { o.host_names = {"node-1.example.org"}; });
  auto as = [&](std::string_view host) {
    return status_of(site.ask("GET /peer HTTP/1.1\r\nHost: " + std::string(host) +
                              "\r\nConnection: close\r\n\r\n"));
  };
  CHECK(as("localhost") == 200);
  CHECK(as("localhost:8484") == 200);
  CHECK(as("127.0.0.1:8484") == 200);
  CHECK(as("[::1]:8484") == 200);
  CHECK(as("NODE-1.example.org:443") == 200);
  CHECK(as("evil.example") == 421);
  CHECK(as("localhost.evil.example") == 421);
  CHECK(as("127.0.0.1.evil.example") == 421);
  CHECK(status_of(site.ask("GET http://evil.example/peer HTTP/1.1\r\nHost: localhost\r\n\r\n")) ==
        421);
  CHECK(status_of(site.ask("GET http://localhost/peer HTTP/1.1\r\nHost: localhost\r\n"
                           "Connection: close\r\n\r\n")) == 200);
}

TEST_CASE("large texts are compressed for who takes it") {
  Site site;
  std::string plain = site.get("/big");
  CHECK(body_of(plain).size() == 5002);
  std::string packed = site.get("/big", "Accept-Encoding: br, gzip;q=0.5\r\n");
  CHECK(packed.contains("Content-Encoding: gzip"));
  CHECK(packed.contains("Vary: Accept-Encoding"));
  CHECK(gzip::unpack(body_of(packed), 10'000) == std::string(body_of(plain)));
  CHECK_FALSE(site.get("/big", "Accept-Encoding: gzip;q=0\r\n").contains("Content-Encoding"));
}

TEST_CASE("a streamed answer comes in chunks, and breaks when its source does") {
  Site site;
  CHECK(body_of(site.get("/pieces")) == "6\r\npiece3\r\n6\r\npiece2\r\n6\r\npiece1\r\n0\r\n\r\n");
  CHECK_FALSE(site.get("/broken").contains("0\r\n\r\n"));
  CHECK(body_of(site.ask("GET /pieces HTTP/1.0\r\n\r\n")) == "piece3piece2piece1");
  auto client = HttpClient::unix_socket(site.folder.path + "/node.sock");
  REQUIRE(client.has_value());
  std::string all;
  auto answer = client->call({.target = "/pieces", .sink = [&](std::string_view piece) {
                                all += piece;
                                return Result<void>();
                              }});
  REQUIRE(answer.has_value());
  CHECK(all == "piece3piece2piece1");
  CHECK(client->call({.target = "/broken"}).error().fault == Fault::unavailable);
}

TEST_CASE("HEAD has the head alone, and headers cannot be injected") {
  Site site;
  std::string head = site.ask("HEAD /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(head.contains("Content-Length: 5002"));
  CHECK(body_of(head).empty());
  CHECK_FALSE(site.get("/inject").contains("\r\nX-Evil"));
}

TEST_CASE("events are sent as they come, and the stream's end closes the connection") {
  Site site;
  CHECK(body_of(site.get("/events")) == "event: hello\ndata: a\ndata: b\n\n");
}

TEST_CASE("clients that dawdle are cut, also when they send something now and then") {
  Site site([](ServerOptions& o) {
    o.limits.header_time = 300ms;
    o.limits.progress_time = 300ms;
    o.limits.idle_time = 300ms;
  });
  Wire head(site.server->port()), body(site.server->port()), silent(site.server->port());
  body.say("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
  head.say("GET /peer HTTP/1.1\r\n");
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(20ms);
    head.say("X: y\r\n");
    body.say("z");
  }
  CHECK(head.hear().empty());
  CHECK(body.hear().empty());
  CHECK(silent.hear().empty());
  CHECK(site.handled == 0);
}

TEST_CASE("slow queries fill their own lane only, and further ones are asked to come back") {
  Site site([](ServerOptions& o) { o.limits.query = {1, 1, 10s, 10s}; });
  Wire first(site.server->port()), second(site.server->port());
  std::string slow = "GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  first.say(slow);
  second.say(slow);
  std::string third;
  for (int i = 0; i < 100 && status_of(third) != 503; ++i) {
    // The first two may not have arrived yet; then this one would wait: ask with the lane full.
    std::this_thread::sleep_for(20ms);
    if (site.server->connections() >= 2) third = site.get("/slow");
  }
  CHECK(status_of(third) == 503);
  CHECK(third.contains("Retry-After: 2"));
  CHECK(status_of(site.get("/peer")) == 200);
  site.server->stop(5s);
  CHECK(body_of(first.hear()) == "stopped");
  CHECK(body_of(second.hear()) == "stopped");
  CHECK_FALSE(Wire(site.server->port()).connected);
}

TEST_CASE("beyond the cap connections are turned away, and taken again later") {
  Site site([](ServerOptions& o) { o.limits.connections_max = 2; });
  {
    Wire first(site.server->port()), second(site.server->port());
    for (int i = 0; i < 200 && site.server->connections() < 2; ++i) {
      std::this_thread::sleep_for(10ms);
    }
    CHECK(status_of(site.get("/peer")) == 503);
  }
  for (int i = 0; i < 200 && site.server->connections() > 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(status_of(site.get("/peer")) == 200);
}

TEST_CASE("what cannot be listened at is an error with its name") {
  Site site;
  auto fails = [](const ServerOptions& options) {
    auto server = HttpServer::start(options, [](const Request&) { return Admission{}; });
    REQUIRE_FALSE(server.has_value());
    return server.error().what;
  };
  CHECK(fails({.port = site.server->port(), .port_hint = "; try --port"}) ==
        "cannot listen at 127.0.0.1 port " + std::to_string(site.server->port()) +
            ": another program has it; try --port");
  CHECK(fails({.address = "example"}) == "not an address to listen at: 'example'");
  CHECK(fails({.certificate_file = "/nowhere/a.pem", .key_file = "/nowhere/b.pem"})
            .starts_with("'/nowhere/a.pem' is no certificate"));
  CHECK(fails({.address = "", .socket_path = site.folder.path}).starts_with("not a socket"));
}

}  // namespace tocsin::http
