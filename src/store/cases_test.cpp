#include "store/cases.h"

#include <filesystem>

#include "base/hash.h"
#include "base/mapped_file.h"
#include "store/views.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

struct World {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<Journal> journal = *Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<Cases> cases = *Cases::open(*journal, folder.file("files"), [] { return noon; });
  std::unique_ptr<Views> views = *Views::open(*journal, [] { return noon; });
};

template <class T>
std::string what(const Result<T>& result) {
  return result ? "fine" : result.error().what;
}

}  // namespace

TEST_CASE("a case keeps its texts, notes and files, and closes") {
  World w;
  auto one = w.cases->start(" Mirai at the bank ", "line one\r\nline two", "alice");
  REQUIRE(one);
  CHECK(one->title == "Mirai at the bank");
  CHECK(one->text == "line one\nline two");
  REQUIRE(w.cases->note(one->id, "<img src=x onerror=alert(1)>", "bob"));
  auto file = w.cases->attach(one->id, "C:\\tmp\\mail.eml", "bytes", "bob");
  REQUIRE(file);
  CHECK(file->name == "mail.eml");
  CHECK(file->sha256 == hex(sha256("bytes")));
  auto found = w.cases->file(one->id, file->sha256);
  REQUIRE(found);
  CHECK(MappedFile::open(found->second)->bytes() == "bytes");
  CHECK(w.cases->notes(one->id)->at(0).text == "<img src=x onerror=alert(1)>");
  auto closed = w.cases->change(one->id, {.closed = true, .version = 1}, "alice");
  REQUIRE(closed);
  CHECK(closed->now.closed_by == "alice");
  CHECK(w.cases->list(false)->empty());
  CHECK(w.cases->list(true)->size() == 1);
  CHECK(what(w.cases->attach(one->id, "x", "y", "bob")) == "case 1 is closed; open it again");
  auto stale = w.cases->change(one->id, {.title = "other", .version = 1}, "bob");
  REQUIRE(stale);
  CHECK(stale->conflict);
  CHECK(stale->now.title == "Mirai at the bank");
  CHECK(what(w.cases->change(one->id, {.closed = true}, "bob")).contains("is closed already"));
}

TEST_CASE("the same bytes in two cases lie there once, until nobody needs them") {
  World w;
  auto a = w.cases->start("a", "", "alice")->id, b = w.cases->start("b", "", "alice")->id;
  auto in_a = w.cases->attach(a, "one.txt", "same", "alice");
  auto in_b = w.cases->attach(b, "two.txt", "same", "alice");
  REQUIRE((in_a && in_b));
  CHECK(in_a->sha256 == in_b->sha256);
  std::string path = w.cases->file(a, in_a->sha256)->second;
  REQUIRE(w.cases->detach(a, in_a->sha256, "alice"));
  CHECK(std::filesystem::exists(path));
  CHECK(what(w.cases->file(a, in_a->sha256)).contains("no file"));
  REQUIRE(w.cases->detach(b, in_b->sha256, "alice"));
  CHECK(!std::filesystem::exists(path));
}

TEST_CASE("what does not fit a case is refused in words") {
  World w;
  auto id = w.cases->start("a", "", "alice")->id;
  CHECK(what(w.cases->start("  ", "", "a")) == "a case needs a title");
  CHECK(what(w.cases->start(std::string(300, 'x'), "", "a")).contains("the most is 200"));
  CHECK(what(w.cases->start("a\r\nb", "", "a")).contains("control characters"));
  CHECK(what(w.cases->note(id, "", "a")) == "the note is empty");
  CHECK(what(w.cases->note(99, "x", "a")) == "no case 99");
  CHECK(what(w.cases->attach(id, "..", "x", "a")) == "the file needs a name");
  CHECK(what(w.cases->attach(id, "a\nb", "x", "a")).contains("control characters"));
  CHECK(what(w.cases->attach(id, "x", "", "a")) == "the file is empty");
  CHECK(what(w.cases->attach(id, "x", std::string(case_file_bytes_max + 1, 'x'), "a"))
            .contains("the most is 33554432"));
  CHECK(what(w.cases->file(id, "../../journal.db")).contains("no file"));
}

TEST_CASE("a view is its owner's; others see it only if it is shared, and cannot change it") {
  World w;
  auto own = w.views->keep({.name = "mine", .query = "q=a"}, "alice");
  auto shared = w.views->keep({.name = "all's", .query = "q=b", .shared = true}, "alice");
  REQUIRE((own && shared));
  CHECK(w.views->list("alice")->size() == 2);
  REQUIRE(w.views->list("bob")->size() == 1);
  CHECK(w.views->list("bob")->at(0).name == "all's");
  CHECK(w.views->forget(own->id, "bob").error().fault == Fault::missing);
  CHECK(w.views->forget(shared->id, "bob").error().fault == Fault::denied);
  View wish = *own;
  wish.name = "other";
  CHECK(w.views->change(wish, "bob").error().fault == Fault::missing);
  CHECK(w.views->change(wish, "alice"));
  CHECK(what(w.views->keep({.name = "other"}, "alice")).contains("a view of this name already"));
  CHECK(w.views->keep({.name = "other"}, "bob"));
  CHECK(what(w.views->keep({.name = ""}, "bob")) == "a view needs a name");
  CHECK(w.views->forget(own->id, "alice"));
  CHECK(w.views->list("alice")->size() == 1);
  CHECK(w.views->forget_all("alice"));
  CHECK(w.views->list("alice")->empty());
  CHECK(w.views->list("bob")->size() == 1);
}

}  // namespace tocsin::store
