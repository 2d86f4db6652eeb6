#include "base/text.h"
#include "collector_context.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

using test::Connection;
using test::HttpRequest;
using test::HttpServer;
using test::Loopback;

std::string mail_with(std::string_view name, std::string_view text) {
  return "From: r@example.org\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/csv; name=" +
         std::string(name) + "\r\nContent-Disposition: attachment; filename=" + std::string(name) +
         "\r\n\r\n" + std::string(text);
}

// As much of an IMAP server as the collector speaks with.
class ImapServer {
 public:
  ImapServer() : server_([this](Connection& c) { talk(c); }) {}
  std::string url() const { return "imap://127.0.0.1:" + server_.port_text(); }

  std::mutex mutex;
  std::map<unsigned, std::string> mails;
  std::string password = "word";
  unsigned validity = 7;
  std::vector<std::string> said;

 private:
  void talk(Connection& connection) {
    connection.send("* OK [CAPABILITY IMAP4rev1] ready\r\n");
    while (connection.open()) {
      std::string line = connection.line();
      std::string_view rest = line;
      std::string tag(text::cut(rest, ' '));
      if (tag.empty()) return;
      std::scoped_lock lock(mutex);
      said.emplace_back(rest);
      connection.send(answer(rest, tag));
      if (rest == "LOGOUT") return;
    }
  }
  std::string answer(std::string_view line, const std::string& tag) {
    std::string ok = tag + " OK done\r\n";
    if (line == "CAPABILITY") return "* CAPABILITY IMAP4rev1\r\n" + ok;
    if (line.starts_with("LOGIN")) {
      return line.contains(password) ? ok : tag + " NO [AUTHENTICATIONFAILED] no\r\n";
    }
    if (line.starts_with("STATUS")) {
      return "* STATUS INBOX (UIDVALIDITY " + std::to_string(validity) + " UIDNEXT " +
             std::to_string(mails.empty() ? 1 : mails.rbegin()->first + 1) + ")\r\n" + ok;
    }
    if (line.starts_with("UID SEARCH UID ")) {
      std::string_view rest = line.substr(15);
      std::string_view range = text::cut(rest, ' ');
      auto from = *text::number(text::cut(range, ':')), to = *text::number(range);
      std::string found;
      for (const auto& [uid, mail] : mails) {
        if (uid >= from && uid <= to) found += " " + std::to_string(uid);
      }
      return "* SEARCH" + found + "\r\n" + ok;
    }
    if (line.starts_with("UID FETCH ")) {
      std::string_view rest = line.substr(10);
      auto uid = static_cast<unsigned>(*text::number(text::cut(rest, ' ')));
      const std::string& mail = mails[uid];
      return "* 1 FETCH (UID " + std::to_string(uid) + " BODY[] {" + std::to_string(mail.size()) +
             "}\r\n" + mail + ")\r\n" + ok;
    }
    return ok;
  }
  Loopback server_;
};

Feed feed_of(const ImapServer& server) {
  Feed feed;
  feed.options = {{"url", server.url()},     {"username", "us"},      {"password_secret", "mail"},
                  {"allow_private", "true"}, {"without_tls", "true"}, {"tries_max", "1"}};
  return feed;
}

Result<void> collect(const Feed& feed, TestContext& context) {
  context.secrets.try_emplace("mail", "word");
  return collector("imap").collect(feed, context);
}

}  // namespace

TEST_CASE("imap delivers the attachments of each mail once") {
  ImapServer server;
  server.mails = {{3, mail_with("a.csv", "one")}, {5, mail_with("b.csv", "two")}};
  Feed feed = feed_of(server);
  TestContext context;
  auto done = collect(feed, context);
  REQUIRE_MESSAGE(done.has_value(), done.error().what);
  REQUIRE(context.deliveries().size() == 2);
  CHECK(context.deliveries()[0].name == "a.csv");
  CHECK(context.deliveries()[0].bytes.starts_with("one"));
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 2);
  {
    std::scoped_lock lock(server.mutex);
    server.mails[90'000] = mail_with("c.csv", "three");
  }
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 3);
  CHECK(context.deliveries()[2].name == "c.csv");
  {
    std::scoped_lock lock(server.mutex);
    server.validity = 8;
  }
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 6);
}

TEST_CASE("imap takes attachments by pattern, moves and unmarks what it has read") {
  ImapServer server;
  server.mails = {{1, mail_with("a.csv", "x")}, {2, mail_with("b.pdf", "x")}};
  Feed feed = feed_of(server);
  feed.options["attachments"] = "\\.csv$";
  feed.options["mark_seen"] = "false";
  feed.options["move_to"] = "Done \"1\"";
  feed.options["from"] = "r@example.org";
  TestContext context;
  auto done = collect(feed, context);
  REQUIRE_MESSAGE(done.has_value(), done.error().what);
  CHECK(context.deliveries().size() == 1);
  std::scoped_lock lock(server.mutex);
  auto was_said = [&](std::string_view line) {
    return std::find(server.said.begin(), server.said.end(), line) != server.said.end();
  };
  CHECK(was_said("UID SEARCH UID 1:2 FROM \"r@example.org\""));
  CHECK(was_said("UID STORE 2 -FLAGS (\\Seen)"));
  CHECK(was_said("UID MOVE 1 \"Done \\\"1\\\"\""));
  feed.options["attachments"] = "(";
  CHECK(collect(feed, context).error().fault == Fault::invalid);
}

TEST_CASE("imap fetches links, and tries a mail again whose link does not answer") {
  bool broken = true;
  HttpServer web([&](const HttpRequest& r) {
    return broken ? test::answer(503, "") : test::answer(200, r.target);
  });
  ImapServer server;
  server.mails[1] = "Subject: s\r\nContent-Type: text/plain\r\n\r\nSee " +
                    web.url("/report.csv?a=1&amp;b=2") + ". Not " + web.url("/other") + "\r\n";
  server.mails[2] = mail_with("b.csv", "two");
  Feed feed = feed_of(server);
  feed.options["links"] = ".*/report.*";
  TestContext context;
  auto done = collect(feed, context);
  CHECK(done.error().fault == Fault::unavailable);
  CHECK(done.error().what.starts_with("mail 1: "));
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].name == "b.csv");
  broken = false;
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 2);
  CHECK(context.deliveries()[1].bytes == "/report.csv?a=1&b=2");
  CHECK(context.deliveries()[1].url == web.url("/report.csv"));
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 2);
}

TEST_CASE("imap passes over no mail, however many wait, and reads new ones beside them") {
  bool broken = true;
  HttpServer web([&](const HttpRequest& r) {
    return broken ? test::answer(503, "") : test::answer(200, r.target);
  });
  ImapServer server;
  constexpr unsigned waiting = 500;  // as many as are kept in mind
  for (unsigned uid = 1; uid <= waiting + 5; ++uid) {
    server.mails[uid] = "Subject: s\r\nContent-Type: text/plain\r\n\r\n" +
                        web.url("/report-" + std::to_string(uid)) + "\r\n";
  }
  server.mails[waiting] = mail_with("new.csv", "new");
  server.mails[waiting + 6] = mail_with("late.csv", "late");
  Feed feed = feed_of(server);
  feed.options["links"] = ".*/report-.*";
  feed.options["mails_max"] = "100";
  TestContext context;
  auto has = [&](std::string_view name) {
    for (const auto& kept : context.deliveries()) {
      if (kept.name == name || kept.url.ends_with(name)) return true;
    }
    return false;
  };
  Result<void> done;
  for (int run = 0; run < 15; ++run) done = collect(feed, context);
  REQUIRE(!done);
  CHECK(done.error().what.contains("500 mails wait to be opened: no newer one than 501 is read"));
  CHECK(has("new.csv"));
  CHECK(!has("late.csv"));
  broken = false;
  for (int run = 0; run < 15; ++run) CHECK(collect(feed, context));
  CHECK(has("late.csv"));
  CHECK(context.deliveries().size() == waiting + 6);
  for (unsigned uid : {1U, waiting - 1, waiting + 1, waiting + 5}) {
    CHECK(has("/report-" + std::to_string(uid)));
  }
}

TEST_CASE("imap tries all mails that wait in turn, one a run if need be") {
  unsigned works = 0;
  HttpServer web([&](const HttpRequest& r) {
    return r.target == "/report-" + std::to_string(works) ? test::answer(200, r.target)
                                                          : test::answer(503, "");
  });
  ImapServer server;
  for (unsigned uid = 1; uid <= 5; ++uid) {
    server.mails[uid] = "Subject: s\r\nContent-Type: text/plain\r\n\r\n" +
                        web.url("/report-" + std::to_string(uid)) + "\r\n";
  }
  Feed feed = feed_of(server);
  feed.options["links"] = ".*/report-.*";
  TestContext context;
  CHECK(!collect(feed, context));
  feed.options["mails_max"] = "1";
  works = 4;
  for (int run = 0; run < 5; ++run) {
    if (collect(feed, context)) break;
  }
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].url == web.url("/report-4"));
}

TEST_CASE("imap says what is wrong with the account, and sends no password in clear") {
  ImapServer server;
  server.password = "other";
  Feed feed = feed_of(server);
  TestContext context;
  auto done = collect(feed, context);
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::denied);
  CHECK(done.error().what.contains("password_secret"));
  feed.options.erase("without_tls");
  CHECK(collect(feed, context).error().fault == Fault::unavailable);
  feed.options["without_tls"] = "true";
  feed.options.erase("allow_private");
  CHECK(collect(feed, context).error().fault == Fault::invalid);
  feed.options.erase("without_tls");
  CHECK(collect(feed, context).error().fault == Fault::denied);
  std::scoped_lock lock(server.mutex);
  CHECK(std::count_if(server.said.begin(), server.said.end(),
                      [](const std::string& line) { return line.starts_with("LOGIN"); }) == 1);
}

}  // namespace tocsin::ingest
