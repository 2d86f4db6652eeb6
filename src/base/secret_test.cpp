#include "base/secret.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "test.h"

namespace tocsin {
namespace {

struct Home {
  std::string path;
  Home() {
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-secret-XXXXXX").string();
    path = mkdtemp(name.data());
    std::filesystem::create_directories(path + "/secrets");
  }
  ~Home() { std::filesystem::remove_all(path); }
  void put(const std::string& name, std::string_view text, mode_t mode) const {
    std::ofstream(path + "/" + name) << text;
    chmod((path + "/" + name).c_str(), mode);
  }
};

}  // namespace

TEST_CASE("a secret is the text of its file without the last line end") {
  Home home;
  home.put("secrets/abuse-ch", "hush hush\n", 0600);
  CHECK(secret::read("abuse-ch", home.path) == "hush hush");
}

TEST_CASE("the credential store goes before HOME") {
  Home home, store;
  home.put("secrets/one", "home", 0600);
  store.put("one", "store", 0400);
  setenv("CREDENTIALS_DIRECTORY", store.path.c_str(), 1);
  CHECK(secret::read("one", home.path) == "store");
  store.put("two", "", 0400);
  CHECK(secret::read("two", home.path).error().fault == Fault::invalid);
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(secret::read("one", home.path) == "home");
}

TEST_CASE("a secret that others may read, or that is not there, is refused with what to do") {
  Home home;
  home.put("secrets/open", "word", 0640);
  auto open = secret::read("open", home.path);
  REQUIRE(!open);
  CHECK(open.error().fault == Fault::denied);
  CHECK(open.error().what.contains("chmod 600"));
  CHECK(!open.error().what.contains("word"));
  auto none = secret::read("none", home.path);
  REQUIRE(!none);
  CHECK(none.error().fault == Fault::missing);
  CHECK(none.error().what.contains("install -m 600"));
  for (auto name : {"../escape", "", ".hidden", "a/b"}) {
    CHECK(secret::read(name, home.path).error().fault == Fault::invalid);
  }
}

TEST_CASE("what looks like a secret is told from what does not") {
  using secret::looks_like_one;
  CHECK(looks_like_one("password", "word"));
  CHECK(looks_like_one("headers.Auth-Key", "abc"));
  CHECK(looks_like_one("headers.X-Thing", "Bearer abc"));
  CHECK(looks_like_one("url", "https://me:word@example.org/"));
  CHECK(looks_like_one("url", "https://example.org/list?user=me&apikey=abc"));
  CHECK(looks_like_one("note", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));
  CHECK(looks_like_one("client", "-----BEGIN PRIVATE KEY-----\nMC4C"));
  CHECK(!looks_like_one("password", ""));
  CHECK(!looks_like_one("url", "https://example.org/list?apikey={key}"));
  CHECK(!looks_like_one("url", "https://example.org/@user/list"));
  CHECK(!looks_like_one("title", "a plain title of more than thirty-two letters, with 3 words"));
  CHECK(!looks_like_one("path", "/srv/reports/shadowserver/incoming/today/2026"));
  CHECK(!looks_like_one("interval", "1 h"));
}

}  // namespace tocsin
