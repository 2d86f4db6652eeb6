#include <filesystem>
#include <fstream>

#include "enrich/enrichment.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::enrich {
namespace {

class Folder : public TemporaryFolder {
 public:
  void list(const std::string& name, const std::string& type, const std::string& entries,
            const std::string& targets = R"("ip-src","hostname","domain","url")") {
    std::ofstream(file(name + ".json"))
        << R"({"name":")" << name << R"(","description":"d","version":1,"type":")" << type
        << R"(","matching_attributes":[)" << targets << R"(],"list":[)" << entries << "]}";
  }
  Result<Enrichment> open() const {
    return Enrichment::open(
        {{"location_database", "off"}, {"public_suffix_list", "off"}, {"warninglists", path()}});
  }
};

std::string flagged(const Enrichment& all, const char* ip, const char* name = "",
                    const char* url = "") {
  EventBatch batch;
  batch.add_row();
  if (*ip != 0) batch.source.ip[0] = *ip::parse(ip);
  batch.source.name[0] = batch.keep(name);
  batch.source.url[0] = batch.keep(url);
  all.apply(batch);
  std::string_view extra = batch.text(batch.extra[0]), key = "\"node.source.known_good\":";
  if (extra.empty()) return "";
  REQUIRE(extra.starts_with(key));
  return std::string(extra.substr(key.size()));
}

}  // namespace

TEST_CASE("an address stands on the lists of every network around it") {
  Folder folder;
  folder.list("wide", "cidr", R"("192.0.2.0/24","2001:DB8::/32")");
  folder.list("narrow", "cidr", R"("192.0.2.128/25","192.0.2.0/24","198.51.100.7")");
  folder.list("single", "string", R"("2001:db8::53")");
  auto all = folder.open();
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  CHECK(flagged(*all, "192.0.2.1") == R"("narrow; wide")");
  CHECK(flagged(*all, "192.0.2.200") == R"("narrow; wide")");
  CHECK(flagged(*all, "198.51.100.7") == R"("narrow")");
  CHECK(flagged(*all, "198.51.100.8").empty());
  CHECK(flagged(*all, "2001:db8::53") == R"("single; wide")");
  CHECK(flagged(*all, "2001:db8::54") == R"("wide")");
}

TEST_CASE("hostname lists hold sub-domains, string lists do not") {
  Folder folder;
  folder.list("hosts", "hostname", R"(".example.org","Example.com")");
  folder.list("strings", "string", R"("www.example.net")");
  auto all = folder.open();
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  CHECK(flagged(*all, "", "example.org") == R"("hosts")");
  CHECK(flagged(*all, "", "a.b.example.org") == R"("hosts")");
  CHECK(flagged(*all, "", "badexample.org").empty());
  CHECK(flagged(*all, "", "www.example.com") == R"("hosts")");
  CHECK(flagged(*all, "", "www.example.net") == R"("strings")");
  CHECK(flagged(*all, "", "a.www.example.net").empty());
  CHECK(flagged(*all, "", "", "http://a.example.org/x") == R"("hosts")");
}

TEST_CASE("substrings and expressions are searched in names and URLs") {
  Folder folder;
  folder.list("sub", "substring", R"("analyze.example")");
  folder.list("re", "regex", R"("/^https?:\/\/sandbox[0-9]+\\./i")");
  auto all = folder.open();
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  CHECK(flagged(*all, "", "x.analyze.example.org") == R"("sub")");
  CHECK(flagged(*all, "", "x.analyzeXexample.org").empty());
  CHECK(flagged(*all, "", "", "http://SANDBOX12.example.org/") == R"("re")");
}

TEST_CASE("a list that is meant for other things flags nothing") {
  Folder folder;
  folder.list("mail", "substring", R"("example")", R"("email-src")");
  folder.list("hashes", "string", R"("www.example.org")", R"("md5")");
  auto all = folder.open();
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  CHECK(flagged(*all, "192.0.2.1", "www.example.org", "http://www.example.org/").empty());
}

TEST_CASE("what is no warning list is refused with its file") {
  Folder folder;
  CHECK(folder.open().error().fault == Fault::missing);
  for (const char* bad :
       {"{", R"({"name":"n","type":"cidr"})", R"({"name":"n","type":"cidr","list":["999.1.1.1"]})",
        R"({"name":"n","type":"regex","list":["/(/"]})",
        R"({"name":"n","type":"odd","list":["x"]})", R"({"name":"n","type":"cidr","list":[1]})"}) {
    std::ofstream(folder.file("bad.json")) << bad;
    auto all = folder.open();
    REQUIRE(!all.has_value());
    CHECK(all.error().what.contains("bad.json"));
  }
}

TEST_CASE("the published warning lists flag what their documentation says") {
  const char* lists = TOCSIN_SOURCE_DIR "/../shared/data/warninglists";
  if (!std::filesystem::exists(lists)) {
    MESSAGE("skipped: no " << lists);
    return;
  }
  auto all = Enrichment::open(
      {{"location_database", "off"}, {"public_suffix_list", "off"}, {"warninglists", lists}});
  REQUIRE_MESSAGE(all.has_value(), all.error().what);
  CHECK(flagged(*all, "10.0.0.1").contains("RFC 1918"));
  CHECK(flagged(*all, "", "www.google.com").contains("Tranco"));
}

}  // namespace tocsin::enrich
