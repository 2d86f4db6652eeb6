#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "collector_context.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

struct Drop {
  TemporaryFolder folder;
  TestContext context;
  Feed feed;

  Drop() { feed.options["path"] = folder.path(); }
  // age_s: how long ago it was changed; negative: in the future.
  void put(const std::string& name, std::string_view text, int age_s = 60) {
    std::ofstream(folder.file(name)) << text;
    age(name, age_s);
  }
  void age(const std::string& name, int age_s) {
    timespec time{times::now() / us_per_s - age_s, 0};
    timespec both[2] = {time, time};
    utimensat(AT_FDCWD, folder.file(name).c_str(), both, 0);
  }
  Result<void> collect() { return collector("directory").collect(feed, context); }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& kept : context.deliveries()) out.push_back(kept.name);
    return out;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("directory delivers each complete file once, oldest first") {
  Drop drop;
  drop.put("b.csv", "two", 50);
  drop.put("a.csv", "one", 60);
  drop.put("empty.csv", "");
  drop.put(".hidden", "x");
  drop.put("c.csv.part", "x");
  drop.put("d.tmp", "x");
  CHECK(drop.collect());
  CHECK(drop.names() == Names{"a.csv", "b.csv"});
  CHECK(drop.context.deliveries()[1].bytes == "two");
  CHECK(drop.collect());
  CHECK(drop.names().size() == 2);

  drop.put("a.csv", "one, corrected", 40);
  CHECK(drop.collect());
  CHECK(drop.names() == Names{"a.csv", "b.csv", "a.csv"});
}

TEST_CASE("directory waits for a file that is still written") {
  Drop drop;
  drop.put("young.csv", "half", 0);
  drop.feed.options["settle_s"] = "30";
  CHECK(drop.collect());
  CHECK(drop.names().empty());
  drop.age("young.csv", 31);
  {
    std::ofstream writer(drop.folder.file("young.csv"), std::ios::app);
    CHECK(drop.collect());
    CHECK(drop.names().empty());
  }
  CHECK(drop.collect());
  CHECK(drop.names() == Names{"young.csv"});
}

TEST_CASE("directory takes a file from the future when it stays as it is") {
  Drop drop;
  drop.put("future.csv", "x", -3600);
  CHECK(drop.collect());
  CHECK(drop.names().empty());
  CHECK(drop.collect());
  CHECK(drop.names() == Names{"future.csv"});
}

TEST_CASE("directory looks into subfolders when told, and follows no link") {
  Drop drop;
  std::filesystem::create_directories(drop.folder.file("2026/01"));
  drop.put("2026/01/a.csv", "x");
  drop.put("top.txt", "x");
  TemporaryFolder elsewhere;
  std::ofstream(elsewhere.file("secret.csv")) << "x";
  std::filesystem::create_symlink(elsewhere.path(), drop.folder.file("link"));
  std::filesystem::create_symlink(elsewhere.file("secret.csv"), drop.folder.file("link.csv"));
  drop.feed.options["pattern"] = "*.csv";
  CHECK(drop.collect());
  CHECK(drop.names().empty());
  drop.feed.options["subfolders"] = "true";
  CHECK(drop.collect());
  CHECK(drop.names() == Names{"2026/01/a.csv"});
}

TEST_CASE("directory moves or deletes what was read, never what was not") {
  Drop drop;
  TemporaryFolder done;
  drop.put("a.csv", "one");
  drop.feed.options["after"] = "move";
  CHECK(drop.collect().error().fault == Fault::invalid);
  drop.feed.options["move_to"] = done.path();
  std::ofstream(done.file("a.csv")) << "already there";
  CHECK(drop.collect());
  CHECK(!std::filesystem::exists(drop.folder.file("a.csv")));
  CHECK(std::filesystem::exists(done.file("a.csv.1")));

  drop.feed.options["after"] = "delete";
  drop.put("b.csv", "two");
  drop.context.before_deliver = [](const Delivery&) {
    return Error{Fault::unavailable, "disk full"};
  };
  CHECK(!drop.collect());
  CHECK(std::filesystem::exists(drop.folder.file("b.csv")));
  drop.context.before_deliver = nullptr;
  CHECK(drop.collect());
  CHECK(!std::filesystem::exists(drop.folder.file("b.csv")));
  CHECK(drop.names() == Names{"a.csv", "b.csv"});
}

TEST_CASE("directory goes on after an unreadable report and does not offer it again") {
  Drop drop;
  drop.put("bad.csv", "bad", 60);
  drop.put("good.csv", "good", 50);
  int offered = 0;
  drop.context.before_deliver = [&](const Delivery& delivery) -> std::optional<Error> {
    if (delivery.name != "bad.csv") return std::nullopt;
    ++offered;
    return Error{Fault::invalid, "unreadable"};
  };
  CHECK(drop.collect());
  CHECK(drop.collect());
  CHECK(drop.names() == Names{"good.csv"});
  CHECK(offered == 1);
}

TEST_CASE("directory forgets what has gone, so its memory stays small") {
  Drop drop;
  for (int i = 0; i < 200; ++i) drop.put("f" + std::to_string(i), "x");
  CHECK(drop.collect());
  CHECK(drop.names().size() == 200);
  CHECK(drop.context.cursor().size() > 200 * 11);
  for (int i = 0; i < 199; ++i) std::filesystem::remove(drop.folder.file("f" + std::to_string(i)));
  CHECK(drop.collect());
  CHECK(drop.context.cursor().size() < 40);
  CHECK(drop.names().size() == 200);
}

TEST_CASE("directory says which folder is not there") {
  Drop drop;
  drop.feed.options["path"] = drop.folder.file("none");
  auto done = drop.collect();
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::missing);
  CHECK(done.error().what.contains("/none'"));
}

}  // namespace tocsin::ingest
