#include <fcntl.h>
#include <unistd.h>

#include "collector_context.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

// A pipe in the place of standard input, for the length of a test.
class Input {
 public:
  explicit Input(std::string_view text) : before_(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
  }
  ~Input() {
    if (before_ >= 0) {
      dup2(before_, STDIN_FILENO);
      close(before_);
    }
  }

 private:
  int before_;
};

}  // namespace

TEST_CASE("stdin is one report, to its end") {
  Input input("192.0.2.1\n192.0.2.2\n");
  Feed feed;
  feed.options["name"] = "list.txt";
  TestContext context;
  CHECK(collector("stdin").collect(feed, context));
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].bytes == "192.0.2.1\n192.0.2.2\n");
  CHECK(context.deliveries()[0].name == "list.txt");
  CHECK(collector("stdin").collect(feed, context));
  CHECK(context.deliveries().size() == 1);
}

TEST_CASE("stdin larger than allowed is refused") {
  Input input("0123456789");
  Feed feed;
  feed.options["size_max_bytes"] = "9";
  TestContext context;
  CHECK(collector("stdin").collect(feed, context).error().fault == Fault::invalid);
  CHECK(context.deliveries().empty());
}

}  // namespace tocsin::ingest
