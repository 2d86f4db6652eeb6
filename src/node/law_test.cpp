#include "node/law.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "alert/constituents_file.h"
#include "base/zstd.h"
#include "model/finding.h"
#include "node/accounts.h"
#include "node/node.h"
#include "store/columns_row.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::node {
namespace {

constexpr store::Counts::Key key{1, 2, 3};

std::unique_ptr<Node> node_in(const TemporaryFolder& folder, const char* more = "") {
  std::string path = folder.file("home");
  std::filesystem::create_directories(path);
  std::ofstream(path + "/tocsin.toml") << "[enrich]\nlocation_database = \"off\"\n" << more;
  return *Node::open({.home = path});
}

std::string event(const char* ip, const char* name) {
  return fmt::format(
      R"({{"classification.type":"infected-system","time.source":"2026-03-01T10:00:00Z",)"
      R"("source.ip":"{}","source.fqdn":"{}","malware.name":"mirai"}})"
      "\n",
      ip, name);
}

std::uint64_t take(Node& node, std::string bytes, bool again = false) {
  ingest::Delivery delivery{.name = "events.json", .bytes = std::move(bytes)};
  delivery.again = again;
  auto receipt = node.intake().deliver({.name = "events", .format = "intelmq"}, delivery);
  REQUIRE(receipt);
  REQUIRE(node.wait_visible(std::chrono::minutes(2)));
  return receipt->report;
}

std::uint64_t events(Node& node) {
  return *node.columns().count({});
}

}  // namespace

TEST_CASE("a subject is known by what it looks like") {
  CHECK(SubjectValue::parse("192.0.2.7", key)->kind == ValueKind::address);
  CHECK(SubjectValue::parse("2001:DB8::1", key)->text == "2001:db8::1");
  CHECK(SubjectValue::parse("WWW.Example.org", key)->text == "www.example.org");
  CHECK(SubjectValue::parse("http://example.org/a", key)->kind == ValueKind::url);
  CHECK(SubjectValue::parse("jane@example.org", key)->kind == ValueKind::account);
  CHECK(!SubjectValue::parse("  ", key));
}

TEST_CASE("a subject is found in a text where it stands by itself") {
  auto address = *SubjectValue::parse("192.0.2.7", key);
  for (const char* text : {"192.0.2.7", "from 192.0.2.7.", "\"192.0.2.7\"", "http://192.0.2.7/x",
                           "192.0.2.7:80", "a\\n192.0.2.7", "q=ip%3A192.0.2.7&x"})
    CHECK_MESSAGE(address.is_in(text), text);
  for (const char* text : {"192.0.2.77", "1192.0.2.7", "192.0.2.7.9", "9.192.0.2.7", "192-0-2-7"})
    CHECK_MESSAGE(!address.is_in(text), text);
  auto name = *SubjectValue::parse("example.org", key);
  CHECK(name.is_in("see http://EXAMPLE.org/ now"));
  CHECK(name.is_in("jane@example.org"));
  CHECK(name.is_in("/srv/example.org.csv.gz"));
  CHECK(!name.is_in("www.example.org"));
  CHECK(!name.is_in("example.org.uk"));
  CHECK(!name.is_in("anexample.org"));
  CHECK(name.masked("a example.org, www.example.org") == "a (erased), www.example.org");
  CHECK(SubjectValue::parse("2001:db8::1", key)
            ->is_in("at 2001:0db8:0000:0000:0000:0000:0000:0001 today"));
  auto six = *SubjectValue::parse("2001:db8:7::1", key);
  for (const char* text : {"2001:db8:7::1", "at 2001:DB8:7::1: it", "[2001:db8:7::1]:443",
                           "\"ip\":\"2001:db8:7::1\"", "ip:2001:db8:7::1", "added:2001:db8:7::1"})
    CHECK_MESSAGE(six.is_in(text), text);
  for (const char* text :
       {"2001:db8:7::1:5", "at 2001:db8:7::1:5:", "5:2001:db8:7::1", "2001:db8:7::1f"})
    CHECK_MESSAGE(!six.is_in(text), text);
}

TEST_CASE("a subject is found in what stands as base64 in a text") {
  auto address = *SubjectValue::parse("192.0.2.7", key);
  // "2026-03-01,192.0.2.7,mirai", and the same of 192.0.2.70
  CHECK(address.is_in(R"("raw":"MjAyNi0wMy0wMSwxOTIuMC4yLjcsbWlyYWk=","a":1)"));
  CHECK(!address.is_in(R"("raw":"MjAyNi0wMy0wMSwxOTIuMC4yLjcwLG1pcmFp")"));
  CHECK(address.masked(R"("raw":"MjAyNi0wMy0wMSwxOTIuMC4yLjcsbWlyYWk=")") ==
        R"j("raw":"(erased)=")j");
  auto url = *SubjectValue::parse("http://example.org/a/b", key);
  CHECK(url.is_in(R"({"url":"http:\/\/example.org\/a\/b"})"));
}

TEST_CASE("an account is stored masked, with a hash that only the key gives") {
  std::string masked = masked_account("Jane.Doe@example.org:hunter2", key);
  CHECK(masked.starts_with("J***@example.org#"));
  CHECK(masked == masked_account(masked, key));
  CHECK(masked.substr(1) == masked_account("jane.doe@example.org", key).substr(1));
  CHECK(masked != masked_account("Jane.Doe@example.org", {9}));
  CHECK(masked_account("root", key).starts_with("r***#"));
  CHECK(masked_account("", key).empty());
  for (const char* posed :
       {"jane.doe@example.org hunter2-GGG***#0123456789abcdef",
        "jane***@example.org#0123456789abcdef", "j***hunter2#0123456789abcdef",
        "j***@example.org hunter2#0123456789abcdef", "j***@example.org:hunter2#0123456789abcdef"}) {
    std::string made = masked_account(posed, key);
    CHECK_MESSAGE(made != posed, posed);
    CHECK_MESSAGE(!made.contains("hunter2"), made);
    CHECK_MESSAGE(made == masked_account(made, key), made);
  }
}

TEST_CASE("an erased subject is gone and not heard of again, the others stay") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::string bytes = event("192.0.2.7", "a.example.org") + event("192.0.2.8", "b.example.org") +
                      event("192.0.2.77", "c.example.org");
  take(*node, bytes);
  auto traces = node->law().show("192.0.2.7");
  REQUIRE(traces);
  CHECK(traces->events == 1);
  CHECK(traces->findings == 1);
  CHECK(traces->raw.size() == 1);
  CHECK(!traces->erased);
  auto erased = node->law().erase("192.0.2.7", "request", "x");
  REQUIRE_MESSAGE(erased, erased.error().what);
  CHECK(erased->events == 1);
  CHECK(erased->state == "done");
  CHECK(events(*node) == 2);
  CHECK(node->findings().size() == 2);
  take(*node, bytes, true);
  CHECK(events(*node) == 2);
  node.reset();
  node = node_in(folder);
  CHECK(events(*node) == 2);
  take(*node, event("192.0.2.7", "d.example.org"));
  CHECK(events(*node) == 2);
  CHECK(node->law().show("192.0.2.7")->erased);
}

TEST_CASE("erasing leaves what the node itself says of a subject: constituents, people, settings") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  constexpr std::string_view constituents =
      "name,prefixes,contacts\nIFX,192.0.2.7/32,jane@example.org\n";
  auto plan = node->alerts().book().import(constituents, {}, node->now());
  REQUIRE_MESSAGE(plan, plan.error().what);
  REQUIRE(node->journal().keep_value("token/t_1", R"({"name":"jane@example.org"})"));
  take(*node, event("192.0.2.7", "a.example.org") + "{\"broken\": \"192.0.2.7\"\n");
  for (const char* subject : {"192.0.2.7", "jane@example.org"}) {
    auto erased = node->law().erase(subject, "request", "x");
    REQUIRE_MESSAGE(erased, erased.error().what);
  }
  CHECK(node->journal().value("token/t_1") == R"({"name":"jane@example.org"})");
  auto texts = node->law().show("192.0.2.7")->texts;
  REQUIRE(texts.size() == 1);  // the rejected record is masked, and it is said what is not
  CHECK(texts[0].first == "constituents");
  node.reset();
  node = node_in(folder);
  auto directory = node->alerts().book().directory();
  REQUIRE(directory->all().size() == 1);
  CHECK(alert::constituents_csv(directory->all()).contains("192.0.2.7"));
  CHECK(alert::constituents_csv(directory->all()).contains("jane@example.org"));
}

TEST_CASE("what names an erased subject is kept neither as a rejected record nor as a report") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  constexpr const char* url = "http://c.example.org/page";
  for (const char* subject : {"192.0.2.7", "2001:db8::7", "b.example.org", url, "jane@example.org"})
    REQUIRE(node->law().erase(subject, "request", "x"));
  for (const char* text :
       {"at 192.0.2.7:80", "b.example.org.csv.gz", "[2001:0DB8:0::7]", "http://B.example.org/x",
        "\"http://c.example.org/page\"", "mailto:jane@example.org.", "q=ip%3A192.0.2.7",
        "q=http%3A%2F%2Fc.example.org%2Fpage"})
    CHECK_MESSAGE(node->law().names_erased(text), text);
  for (const char* text : {"192.0.2.77", "www.b.example.org", "http://c.example.org/", ""})
    CHECK_MESSAGE(!node->law().names_erased(text), text);
  take(*node, event("192.0.2.8", "a.example.org") + "{\"broken\": \"192.0.2.7\"\n");
  auto rejects = *node->journal().rejects("events", "", 0, 10);
  REQUIRE(rejects.size() == 1);
  CHECK(rejects[0].bytes == "(not kept: it names an erased subject)");
  CHECK(node->law().show("192.0.2.7")->raw.empty());
}

TEST_CASE("an erased subject may be masked instead") {
  TemporaryFolder folder;
  auto node = node_in(folder, "[law]\nerased = \"mask\"\n");
  REQUIRE(node->law().erase("a.example.org", "request", "x"));
  take(*node, event("192.0.2.7", "a.example.org"));
  CHECK(events(*node) == 1);
  CHECK(node->law().show("a.example.org")->events == 0);
  CHECK(node->law().show("192.0.2.7")->events == 1);
}

TEST_CASE("files that name an erased subject go, wherever in HOME they are kept") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::vector<std::string> named;
  for (const char* path : {"quarantine", "situation", "files", "raw"}) {
    std::string in = folder.file("home") + "/" + path;
    std::filesystem::create_directories(in);
    std::ofstream(in + "/other.new") << "at 192.0.2.77";
    std::ofstream(named.emplace_back(in + "/a.new")) << "at 192.0.2.7.";
  }
  auto erased = node->law().erase("192.0.2.7", "request", "x");
  REQUIRE_MESSAGE(erased, erased.error().what);
  CHECK(erased->files == named.size());
  for (const std::string& path : named) CHECK_MESSAGE(!std::filesystem::exists(path), path);
  CHECK(std::filesystem::exists(folder.file("home") + "/situation/other.new"));
}

TEST_CASE("what is packed is looked into, and what cannot be read does not stay in quarantine") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::string home = folder.file("home");
  auto write = [&](const std::string& path, std::string_view bytes) {
    std::filesystem::create_directories(std::filesystem::path(home + path).parent_path());
    std::ofstream(home + path, std::ios::binary) << bytes;
    return home + path;
  };
  std::string whole = zstd::pack("at 192.0.2.7."), other = zstd::pack("at 192.0.2.77");
  std::string in_quarantine = write("/quarantine/91", whole), kept = write("/quarantine/92", other);
  std::string cut = write("/quarantine/93", other.substr(0, other.size() - 2));
  std::string half = write("/raw/ab/x.zst.new", other.substr(0, other.size() - 2));
  std::string in_case = write("/files/ab/x", whole);
  std::string locked = write("/files/ab/y", other.substr(0, other.size() - 2));
  std::string mail = write("/files/ab/z",
                           "From: x@example.org\nMIME-Version: 1.0\nContent-Type: text/plain\n"
                           "Content-Transfer-Encoding: base64\n\nYXQgMTkyLjAuMi43Lg==\n");
  std::string copy = write("/backups/before-0.1.9/journal.db", "as it was");
  std::string backup = write("/mine/journal.db", "a backup");
  auto erased = node->law().erase("192.0.2.7", "request", "x");
  REQUIRE_MESSAGE(erased, erased.error().what);
  for (const std::string& path : {in_quarantine, cut, half, in_case, mail, copy})
    CHECK_MESSAGE(!std::filesystem::exists(path), path);
  for (const std::string& path : {kept, locked, backup})
    CHECK_MESSAGE(std::filesystem::exists(path), path);
  CHECK(erased->copies == 1);
  CHECK(erased->left == std::vector<std::string>{"files/ab/y", "mine"});
}

TEST_CASE("who comes in while being erased is erased too") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::jthread source([&](const std::stop_token& stop) {
    for (int n = 0; !stop.stop_requested(); ++n) {
      ingest::Delivery delivery{.name = "events.json"};
      delivery.bytes = event("192.0.2.7", fmt::format("a{}.example.org", n).c_str()) +
                       event("192.0.2.8", fmt::format("b{}.example.org", n).c_str()) +
                       fmt::format("{{\"broken {}\": \"192.0.2.7\"\n", n);
      std::ignore = node->intake().deliver({.name = "events", .format = "intelmq"}, delivery);
    }
  });
  for (int i = 0; i < 3; ++i) {
    auto erased = node->law().erase("192.0.2.7", "request", "x");
    REQUIRE_MESSAGE(erased, erased.error().what);
  }
  source.request_stop();
  source.join();
  REQUIRE(node->wait_visible(std::chrono::seconds(20)));
  auto traces = node->law().show("192.0.2.7");
  REQUIRE(traces);
  CHECK(traces->events == 0);
  CHECK(traces->findings == 0);
  CHECK(traces->raw.empty());
  CHECK(traces->texts.empty());
  CHECK(node->law().show("192.0.2.8")->events > 0);
}

TEST_CASE("nothing keeps the key of an erased finding") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  take(*node, event("192.0.2.7", "a.example.org") + event("192.0.2.8", "b.example.org"));
  auto one = [&](const char* filter) {
    auto page = node->findings().find({.filter = *store::parse_filter(filter, node->now())});
    REQUIRE(page);
    REQUIRE(page->items.size() == 1);
    return page->items[0].key;
  };
  Hash128 gone = one("ip:192.0.2.7"), left = one("ip:192.0.2.8");
  auto act = [&](const Hash128& finding, store::Change change) {
    auto done =
        node->triage().act({.findings = {finding}, .change = std::move(change), .user = "x"});
    REQUIRE_MESSAGE(done, done.error().what);
  };
  act(gone, {.verdict = Verdict::confirmed, .note = "seen"});
  act(left, {.verdict = Verdict::duplicate, .duplicate_of = gone, .tags_add = {"192.0.2.7"}});
  auto row = node->audit().begin({.at = node->now(),
                                  .who = "x",
                                  .call = "POST /api/v1/triage",
                                  .object = finding_id(gone),
                                  .details = R"({"q":"ip:192.0.2.7"})"});
  REQUIRE(row);
  REQUIRE(node->law().erase("192.0.2.7", "request", "x"));
  CHECK(node->triage().size() == 1);
  CHECK(node->triage().history(gone)->empty());
  CHECK(node->triage().handling(left).duplicate_of == Hash128{});
  CHECK(node->triage().handling(left).tags == std::vector<std::string>{"(erased)"});
  REQUIRE(node->audit().end(*row, "done", node->now()));
  REQUIRE(node->audit().note({.at = node->now(), .details = R"({"q":"ip:192.0.2.7"})"}, "done"));
  auto rows = *node->audit().list({});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].act.details == R"j({"q":"ip:(erased)"})j");
  CHECK(rows[1].act.call == "audit masked");
  CHECK(rows[2].act.object == "(erased)");
  CHECK(rows[2].act.details == R"j({"q":"ip:(erased)"})j");
  CHECK(node->audit().verify()->wrong == "");
}

TEST_CASE("a restored home erases whom its tombstones name") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  take(*node, event("192.0.2.7", "a.example.org") + event("192.0.2.8", "b.example.org") +
                  "{\"broken\": \"192.0.2.7\"\n");
  std::string backup = folder.file("backup"), home = folder.file("home");
  REQUIRE(node->backup(backup));
  REQUIRE(node->law().erase("192.0.2.7", "request", "x"));
  node.reset();
  std::filesystem::copy(home + "/tombstones", backup + "/tombstones");
  std::filesystem::remove_all(home);
  std::filesystem::rename(backup, home);
  node = node_in(folder);
  auto traces = node->law().show("192.0.2.7");
  REQUIRE(traces);
  CHECK(traces->erased);
  CHECK(traces->events == 0);
  CHECK(traces->texts.empty());
  CHECK(events(*node) == 1);
  CHECK(node->law().erasures()->size() == 1);
  node.reset();
  node = node_in(folder);
  CHECK(node->law().erasures()->size() == 1);
}

TEST_CASE("what is held stays: it is neither withdrawn nor erased, until the hold is lifted") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  std::uint64_t report = take(*node, event("192.0.2.7", "a.example.org"));
  auto hold = node->law().hold({.kind = "subject", .what = "192.0.2.7", .reason = "a court"});
  REQUIRE(hold);
  auto refused = node->corrections().withdraw({.report = report, .reason = "wrong"});
  REQUIRE(!refused);
  CHECK(refused.error().fault == Fault::denied);
  CHECK(node->law().erase("192.0.2.7", "request", "x").error().fault == Fault::denied);
  auto other = node->law().erase("a.example.org", "request", "x");  // of the same event
  REQUIRE(!other);
  CHECK(other.error().what.contains("h_1"));
  CHECK(*node->law().held_reports() == std::vector<std::uint64_t>{});
  CHECK(*node->law().holds_month(store::columns_row::month_of(node->now())));
  REQUIRE(node->law().lift(hold->id, "x"));
  CHECK(!*node->law().holds_month(store::columns_row::month_of(node->now())));
  auto by_report = node->law().hold(
      {.kind = "report", .what = fmt::format("r_{}", report), .reason = "a court"});
  REQUIRE(by_report);
  CHECK(*node->law().held_reports() == std::vector{report});
  CHECK(!node->law().erase("192.0.2.7", "request", "x"));
  REQUIRE(node->law().lift(by_report->id, "x"));
  CHECK(node->corrections().withdraw({.report = report, .reason = "wrong"}));
  CHECK(!node->law().hold({.kind = "report", .what = "r_99", .reason = "x"}));
  // Not only events: a record that could not be read and a case's note are held too.
  std::uint64_t broken = take(*node, event("192.0.2.8", "b.example.org") +
                                         "{\"source.ip\":\"bad\",\"x\":\"192.0.2.55\"}\n");
  REQUIRE(node->law().hold(
      {.kind = "report", .what = fmt::format("r_{}", broken), .reason = "a court"}));
  CHECK(node->law().erase("192.0.2.55", "request", "x").error().fault == Fault::denied);
  auto one = node->cases().start("a case", "", "x");
  REQUIRE(one);
  REQUIRE(node->cases().note(one->id, "seen at 192.0.2.66", "x"));
  REQUIRE(
      node->law().hold({.kind = "case", .what = fmt::format("{}", one->id), .reason = "a court"}));
  CHECK(node->law().erase("192.0.2.66", "request", "x").error().fault == Fault::denied);
  CHECK(node->law().erase("192.0.2.77", "request", "x"));
  CHECK(node->law().names_erased("q=%31%39%32.0.2.77"));
  REQUIRE(node->law().erase("http://c.example.org/a", "request", "x"));
  CHECK(node->law().names_erased(R"({"u":"http:\/\/c.example.org\/a"})"));
  CHECK(!node->law().names_erased(R"({"u":"http:\/\/c.example.org\/b"})"));
  // What is escaped over and over ends, and a text of one line is looked through in time.
  std::string deep = "%", urls;
  for (int i = 0; i < 50'000; ++i) deep += "25", urls += "a://";
  CHECK(!node->law().names_erased(deep));
  CHECK(!node->law().names_erased(urls));
  CHECK(!node->law().hold({.kind = "planet", .what = "x", .reason = "x"}));
  CHECK(!node->law().hold({.kind = "subject", .what = "192.0.2.7", .reason = " "}));
}

TEST_CASE("erasing a subject takes its indicators along, and what others' claims say of it") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  auto tell = [&](const char* value, const char* text) {
    hunt::Claim claim{.source = {hunt::SourceKind::feed, "one"}, .text = text};
    std::vector<hunt::Told> told{{*hunt::guess_observable(value), claim}};
    return node->indicators().add(told).value();
  };
  tell("192.0.2.7", "");
  tell("http://192.0.2.7/a", "");
  tell("http://192.0.2.7/b", "");
  tell("192.0.2.8", "beside 192.0.2.7");
  REQUIRE(node->law().erase("192.0.2.7", "asked", "ana").has_value());
  auto page = *node->indicators().list({});
  REQUIRE(page.items.size() == 1);
  CHECK(page.items[0].observable.value == "192.0.2.8");
  CHECK(page.items[0].claims[0].text == "beside (erased)");
  CHECK(tell("192.0.2.7", "").erased == 1);
  CHECK(tell("192.0.2.9", "as 192.0.2.7").fresh == 1);
  CHECK(!node->law().show("192.0.2.7")->texts.size());
}

TEST_CASE("an indicator is found in the events that the node has stored") {
  TemporaryFolder folder;
  auto node = node_in(folder);
  take(*node, event("192.0.2.7", "a.example.org"));
  std::vector<hunt::Told> told{
      {*hunt::guess_observable("192.0.2.7"), {.source = {hunt::SourceKind::feed, "one"}}}};
  REQUIRE(node->indicators().add(told).has_value());
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (*node->indicators().due() > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  auto found = *node->indicators().find(told[0].observable);
  REQUIRE(found.has_value());
  CHECK(found->looked_up);
  CHECK(found->sightings == 1);
}

}  // namespace tocsin::node
