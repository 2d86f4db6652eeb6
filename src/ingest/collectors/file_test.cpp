#include "collector_context.h"
#include "test.h"

namespace tocsin::ingest {

TEST_CASE("file is delivered once, and again when it changed") {
  TemporaryFolder folder;
  Feed feed;
  feed.options["path"] = folder.file("list.txt");
  TestContext context;
  auto collect = collector("file").collect;
  CHECK(collect(feed, context).error().fault == Fault::missing);
  std::ofstream(folder.file("list.txt")) << "192.0.2.1\n";
  CHECK(collect(feed, context));
  CHECK(collect(feed, context));
  std::ofstream(folder.file("list.txt"), std::ios::app) << "192.0.2.2\n";
  CHECK(collect(feed, context));
  auto kept = context.deliveries();
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].name == "list.txt");
  CHECK(kept[1].bytes == "192.0.2.1\n192.0.2.2\n");

  feed.options["path"] = folder.path();
  CHECK(collect(feed, context).error().fault == Fault::invalid);
}

}  // namespace tocsin::ingest
