#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <thread>

#include "base/text.h"
#include "collector_context.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

// A running listener on a unix socket, and clients of it.
struct Running {
  TemporaryFolder folder;
  TestContext context;
  Feed feed;
  std::string path = folder.file("in.sock");
  Result<void> done{};
  std::jthread thread;

  Running() { feed.options = {{"listen", path}, {"batch_ms", "1"}}; }
  ~Running() { stop(); }
  void start() {
    thread = std::jthread([this] { done = collector("listener").collect(feed, context); });
  }
  void stop() {
    context.stopping.request_stop();
    if (thread.joinable()) thread.join();
  }
  // Tries again until it works; the listener opens its socket in another thread.
  template <class Ready>
  static bool wait(Ready ready) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!ready()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  int connect_unix() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    int client = -1;
    wait([&] {
      client = socket(AF_UNIX, SOCK_STREAM, 0);
      if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return true;
      close(client);
      return false;
    });
    return client;
  }
  bool wait_for(std::string_view text) { return context.bytes_of(text.size()) == text; }
};

void say(int client, std::string_view text) {
  while (!text.empty()) {
    ssize_t sent = send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

TEST_CASE("listener delivers whole lines live, however they were cut on the way") {
  Running running;
  running.start();
  int client = running.connect_unix();
  say(client, "{\"a\":1}\n{\"b\"");
  CHECK(running.wait_for("{\"a\":1}\n"));
  say(client, ":2}\n\n{\"c\":3}");
  CHECK(running.wait_for("{\"a\":1}\n{\"b\":2}\n"));
  close(client);
  CHECK(running.wait_for("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"));
  CHECK(running.context.deliveries()[0].live);
  struct stat is{};
  REQUIRE(stat(running.path.c_str(), &is) == 0);
  CHECK((is.st_mode & 0777) == 0660);
  running.stop();
  CHECK(running.done);
  CHECK(access(running.path.c_str(), F_OK) != 0);
}

TEST_CASE("listener gathers lines into batches and cuts a line that is too long") {
  Running running;
  running.feed.options["batch_ms"] = "10000";
  running.feed.options["batch_lines"] = "3";
  running.feed.options["line_max_bytes"] = "64";
  running.start();
  int client = running.connect_unix();
  std::string longest(64, 'x');
  say(client, "1\n2\n" + longest + "yyy" + std::string(200'000, 'y') + "\n" + longest + "\n5\n6\n");
  CHECK(running.wait_for("1\n2\n" + longest + "\n" + longest + "\n5\n6\n"));
  CHECK(running.context.deliveries().size() == 2);
  close(client);
}

TEST_CASE("listener reads nothing while the node takes nothing, and loses nothing") {
  Running running;
  std::atomic<bool> full = true;
  running.context.before_deliver = [&](const Delivery&) -> std::optional<Error> {
    full.wait(true);
    return std::nullopt;
  };
  running.start();
  int client = running.connect_unix();
  std::string sent;
  std::jthread sender([&] {
    for (int i = 0; i < 50'000; ++i) sent += "line " + std::to_string(i) + "\n";
    say(client, sent);
    close(client);
  });
  CHECK(running.context.deliveries().empty());
  full = false;
  full.notify_all();
  sender.join();
  CHECK(running.wait_for(sent));
}

TEST_CASE("listener takes in what was sent before it is stopped") {
  Running running;
  running.feed.options["batch_ms"] = "10000";
  running.start();
  for (std::string_view line : {"1\n", "2\n", "3"}) {
    int client = running.connect_unix();
    say(client, line);
    close(client);
  }
  running.stop();
  CHECK(running.done);
  CHECK(running.context.bytes_of(6) == "1\n2\n3\n");
  CHECK(running.context.deliveries().size() == 1);
}

TEST_CASE("listener lets only allowed peers in by TCP") {
  int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  close(probe);
  for (bool allowed : {true, false}) {
    Running running;
    running.feed.options["listen"] = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    if (!allowed) running.feed.options["allow"] = "192.0.2.0/24";
    running.start();
    int client = -1;
    REQUIRE(Running::wait([&] {
      client = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0) return true;
      close(client);
      return false;
    }));
    say(client, "line\n");
    char none;
    if (allowed) {
      CHECK(running.wait_for("line\n"));
    } else {
      CHECK(recv(client, &none, 1, 0) <= 0);  // closed by the listener
      CHECK(running.context.deliveries().empty());
    }
    close(client);
  }
}

TEST_CASE("listener refuses an address it cannot or should not listen at") {
  TestContext context;
  Feed feed;
  TemporaryFolder folder;
  std::ofstream(folder.file("file")) << "x";
  for (std::string where : {"nonsense", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000",
                            "0.0.0.0:7780", "192.0.2.1:7780", "[::]:7780"}) {
    feed.options["listen"] = where;
    auto done = collector("listener").collect(feed, context);
    REQUIRE_MESSAGE(!done, where);
    CHECK_MESSAGE(done.error().fault == Fault::invalid, where);
  }
  feed.options["listen"] = folder.file("file");
  CHECK(collector("listener").collect(feed, context).error().what.contains("is no socket"));
  CHECK(std::filesystem::exists(folder.file("file")));
}

}  // namespace tocsin::ingest
