// listener: lines (JSON or any line format) over TCP or a unix socket, as they come, in the live
// lane.
//
// Lines of all clients are gathered for 2 ms or until a batch is full, then delivered; while a
// delivery is under way nothing is read, so a full node slows its senders. Nothing is acknowledged:
// a sender that must know uses the API.
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <thread>

#include "base/ip.h"
#include "base/public_ip.h"
#include "base/text.h"
#include "ingest/collector.h"
#include "ingest/line_cutter.h"

namespace tocsin::ingest {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t batch_bytes_max = std::size_t{4} << 20, chunk_bytes = 64 * 1024;

constexpr std::array own_options = std::to_array<Option>({
    {.name = "listen",
     .kind = OptionKind::text,
     .help = "address:port, as 127.0.0.1:7780, or the path of a unix socket (mode 0660)",
     .required = true},
    {"allow", OptionKind::list, "networks that may connect by TCP; loopback"},
    {.name = "line_max_bytes",
     .kind = OptionKind::number,
     .help = "a longer line is cut there, and so rejected; 1 MiB",
     .least = 64,
     .most = std::uint64_t{16} << 20},
    {.name = "batch_lines",
     .kind = OptionKind::number,
     .help = "delivered at once at most; 8192",
     .least = 1,
     .most = 65'536},
    {.name = "batch_ms",
     .kind = OptionKind::number,
     .help = "waited at most for a batch to fill; 2",
     .most = 10'000},
    {.name = "clients_max", .kind = OptionKind::number, .help = "64", .least = 1, .most = 1024},
});

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Error cannot_listen(std::string_view where) {
  return {Fault::unavailable,
          fmt::format("cannot listen at {}: {}", text::quote(where), std::strerror(errno))};
}

// A socket file that nobody answers at is a leftover and goes; any other file stays.
Result<Socket> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return invalid("the path of a unix socket has at most 107 bytes: " + text::quote(path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  struct stat is{};
  if (lstat(path.c_str(), &is) == 0) {
    if (!S_ISSOCK(is.st_mode)) return invalid(text::quote(path) + " is there and is no socket");
    Socket probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(probe.fd(), plain, sizeof address) == 0) {
      return unavailable("somebody listens at " + text::quote(path) + " already");
    }
    unlink(path.c_str());
  }
  Socket out(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // bind() makes the file with the socket's own mode, so nobody can connect before it is right.
  if (out.fd() < 0 || fchmod(out.fd(), 0660) != 0 || bind(out.fd(), plain, sizeof address) != 0 ||
      chmod(path.c_str(), 0660) != 0 || ::listen(out.fd(), 64) != 0) {
    return std::unexpected(cannot_listen(path));
  }
  return out;
}

Result<Socket> listen_tcp(std::string_view where, bool allowed_others) {
  std::size_t colon = where.rfind(':');
  std::string_view host = where.substr(0, colon == where.npos ? 0 : colon);
  auto port = text::number(colon == where.npos ? std::string_view() : where.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  bool any = host == "0.0.0.0" || host == "::";
  auto ip = any ? Result<Ip>(host == "::" ? Ip{} : Ip::from_v4(0)) : ip::parse(host);
  if (!ip || !port || *port == 0 || *port > 65535) {
    return invalid("listen is address:port, as 127.0.0.1:7780, or a path, not " +
                   text::quote(where));
  }
  if (ip::special(*ip) != "loopback" && !allowed_others) {
    return invalid("listening beyond loopback needs allow, the networks that may connect");
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(*port));
  if (host != "::") std::memcpy(address.sin6_addr.s6_addr, ip->bytes.data(), 16);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = address.sin6_port;
  v4.sin_addr.s_addr = htonl(ip->v4());
  bool is_v4 = host != "::" && ip->is_v4();
  Socket out(socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int one = 1;
  setsockopt(out.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const auto* plain =
      is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&address);
  socklen_t size = is_v4 ? sizeof v4 : sizeof address;
  if (out.fd() < 0 || bind(out.fd(), plain, size) != 0 || ::listen(out.fd(), 64) != 0) {
    return std::unexpected(cannot_listen(where));
  }
  return out;
}

struct Client {
  Socket socket;
  LineCutter lines;
  bool gone = false;
};

class Listener {
 public:
  Listener(const Feed& feed, CollectorContext& context)
      : feed_(feed),
        context_(context),
        line_max_(number(feed, "line_max_bytes", std::uint64_t{1} << 20)),
        batch_lines_(number(feed, "batch_lines", 8'192)),
        batch_time_(number(feed, "batch_ms", 2)),
        clients_max_(number(feed, "clients_max", 64)) {}

  Result<void> run() {
    TRY(open());
    wake_ = Socket(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int wake = wake_.fd();
    std::stop_callback on_stop(context_.stop(), [wake] {
      std::uint64_t one = 1;
      [[maybe_unused]] ssize_t wrote = write(wake, &one, sizeof one);
    });
    Result<void> done{};
    while (done && !context_.stop().stop_requested()) done = turn();
    if (done) done = drain();
    if (!unix_path_.empty()) unlink(unix_path_.c_str());
    return done;
  }

 private:
  Result<void> open() {
    std::string where(feed_.option("listen"));
    for (const std::string& text : list(feed_, "allow")) {
      allow_.push_back(TRY(ip::parse_network(text)));
    }
    if (where.starts_with('/')) {
      listening_ = TRY(listen_unix(where));
      unix_path_ = where;
    } else {
      listening_ = TRY(listen_tcp(where, !allow_.empty()));
    }
    return {};
  }

  Result<void> turn() {
    std::vector<pollfd> ready = {{wake_.fd(), POLLIN, 0}, {listening_.fd(), POLLIN, 0}};
    if (clients_.size() >= clients_max_) ready[1].events = 0;
    for (const Client& client : clients_) ready.push_back({client.socket.fd(), POLLIN, 0});
    if (poll(ready.data(), ready.size(), wait_ms()) < 0 && errno != EINTR) {
      return unavailable(fmt::format("poll: {}", std::strerror(errno)));
    }
    std::size_t i = 2;
    for (Client& client : clients_) {
      if (ready[i++].revents != 0) TRY(read_from(client));
    }
    clients_.remove_if([](const Client& client) { return client.gone; });
    if ((ready[1].revents & POLLIN) != 0) accept_one();
    if (lines_ > 0 && Clock::now() >= due_) return flush();
    return {};
  }

  // At the end: what clients have sent already is taken in, up to a few chunks each.
  Result<void> drain() {
    while (clients_.size() < clients_max_ && accept_one()) {
    }
    for (Client& client : clients_) {
      for (int chunks = 0; chunks < 16 && !client.gone; ++chunks) TRY(read_from(client));
    }
    return flush();
  }

  int wait_ms() const {
    if (lines_ == 0) return 1'000;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 10'000));
  }

  bool accept_one() {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Socket client(accept4(listening_.fd(), reinterpret_cast<sockaddr*>(&address), &size,
                          SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.fd() < 0) {
      // Out of descriptors: the client waits in the backlog, and this must not spin.
      if (errno == EMFILE || errno == ENFILE) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      return false;
    }
    if (!unix_path_.empty() || is_allowed(address, size)) {
      clients_.push_back({.socket = std::move(client), .lines = LineCutter(line_max_)});
    }
    return true;
  }

  bool is_allowed(const sockaddr_storage& address, socklen_t size) const {
    auto peer = ip::from_socket(reinterpret_cast<const sockaddr*>(&address), size);
    if (!peer) return false;
    if (allow_.empty()) return ip::special(*peer) == "loopback";
    for (const Network& network : allow_) {
      if (network.contains(*peer)) return true;
    }
    return false;
  }

  Result<void> read_from(Client& client) {
    std::array<char, chunk_bytes> chunk;
    ssize_t got = recv(client.socket.fd(), chunk.data(), chunk.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0) {
      client.gone = true;
      return client.lines.finish([this](std::string_view line) { return add(line); });
    }
    return client.lines.take({chunk.data(), static_cast<std::size_t>(got)},
                             [this](std::string_view line) { return add(line); });
  }

  Result<void> add(std::string_view line) {
    if (text::trim(line).empty()) return {};
    if (lines_ == 0) due_ = Clock::now() + std::chrono::milliseconds(batch_time_);
    batch_ += line;
    batch_ += '\n';
    ++lines_;
    if (lines_ >= batch_lines_ || batch_.size() >= batch_bytes_max) return flush();
    return {};
  }

  // A full disk is waited for: nothing is read meanwhile, and nothing taken is lost.
  Result<void> flush() {
    if (lines_ == 0) return {};
    for (;;) {
      auto receipt = context_.deliver(
          {.name = {}, .url = {}, .path = {}, .bytes = batch_, .cursor = {}, .live = true});
      if (receipt || receipt.error().fault == Fault::invalid) break;
      if (context_.stop().stop_requested() || receipt.error().fault != Fault::unavailable) {
        return std::unexpected(std::move(receipt).error());
      }
      pollfd stopping{wake_.fd(), POLLIN, 0};
      poll(&stopping, 1, 1'000);
    }
    batch_.clear();
    lines_ = 0;
    return {};
  }

  const Feed& feed_;
  CollectorContext& context_;
  std::size_t line_max_, batch_lines_;
  std::uint64_t batch_time_;
  std::size_t clients_max_;
  std::vector<Network> allow_;
  Socket listening_, wake_;
  std::string unix_path_;
  std::list<Client> clients_;
  std::string batch_;
  std::size_t lines_ = 0;
  Clock::time_point due_;
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return Listener(feed, context).run();
}

}  // namespace

Collector listener() {
  return {.summary = "lines over TCP or a unix socket, as they come",
          .collect = collect,
          .endless = true,
          .options = own_options};
}

}  // namespace tocsin::ingest
