#include "enrich/enrichment.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::enrich {
namespace {

std::string extra_of(const char* name, const char* url = "") {
  auto all = Enrichment::open({{"location_database", "off"}});
  REQUIRE(all.has_value());
  EventBatch batch;
  batch.add_row();
  batch.source.name[0] = batch.keep(name);
  batch.destination.url[0] = batch.keep(url);
  all->apply(batch);
  return std::string(batch.text(batch.extra[0]));
}

}  // namespace

TEST_CASE("the registered domain of a host name is told") {
  CHECK(extra_of("a.b.example.org") == "\"node.source.domain\":\"example.org\"");
  CHECK(extra_of("example.org") == "\"node.source.domain\":\"example.org\"");
  CHECK(extra_of("www.example.co.uk") == "\"node.source.domain\":\"example.co.uk\"");
}

TEST_CASE("a public suffix itself has no registered domain") {
  CHECK(extra_of("co.uk").empty());
  CHECK(extra_of("org").empty());
  CHECK(extra_of("").empty());
}

TEST_CASE("a URL gives its host's domain where there is no name") {
  CHECK(extra_of("", "http://www.example.com/x") == "\"node.destination.domain\":\"example.com\"");
  CHECK(extra_of("", "http://192.0.2.7/x").empty());
  CHECK(extra_of("", "http://[2001:db8::1]/x").empty());
}

TEST_CASE("a public suffix list that is not there is an error") {
  TemporaryFolder folder;
  auto all = Enrichment::open(
      {{"location_database", "off"}, {"public_suffix_list", folder.file("absent.dat")}});
  CHECK(!all.has_value());
}

}  // namespace tocsin::enrich
