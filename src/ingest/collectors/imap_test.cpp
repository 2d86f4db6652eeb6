#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "collector_context.h"
#include "ingest/imap_client.h"
#include "loopback.h"
#include "sealed.h"
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

TEST_CASE("imap opens encrypted parts with the node's key, and waits for a key that is missing") {
  Keyring ours("open sesame"), another;
  std::string inner =
      "Content-Type: text/csv; name=x.csv\r\nContent-Disposition: attachment\r\n\r\nip\n";
  ImapServer server;
  server.mails = {{1, pgp_mime(ours.encrypt(inner, true))},
                  {2, mail_with("y.csv.pgp", ours.encrypt("port\n", false))},
                  {3, pgp_mime(another.encrypt(inner, true))},
                  {4, mail_with("z.csv", "plain\n")}};
  Feed feed = feed_of(server);
  feed.options["pgp"] = "true";
  feed.options["gnupg_home"] = ours.home();
  feed.options["pgp_passphrase_secret"] = "key";
  feed.options["attachments"] = "\\.csv$";
  feed.options["move_to"] = "Done";
  TestContext context;
  context.secrets["key"] = "wrong";
  CHECK(collect(feed, context).error().fault == Fault::denied);
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].name == "z.csv");
  context.secrets["key"] = "open sesame";
  auto done = collect(feed, context);
  CHECK(done.error().what.starts_with("mail 3: cannot decrypt: "));
  auto got = context.deliveries();
  REQUIRE(got.size() == 3);
  CHECK(got[1].name == "x.csv");
  CHECK(got[1].bytes.starts_with("ip"));
  CHECK(got[2].name == "y.csv");
  CHECK(got[2].bytes == "port\n");
  feed.options["gnupg_home"] = another.home();
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 4);
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 4);
  std::scoped_lock lock(server.mutex);
  for (const char* uid : {"1", "2", "3", "4"}) {
    CHECK(std::ranges::count(server.said, fmt::format("UID MOVE {} \"Done\"", uid)) == 1);
  }
}

TEST_CASE("imap hands encrypted parts on as they are where it is not told to open them") {
  Keyring ours;
  ImapServer server;
  std::string cipher = ours.encrypt("port\n", true);
  server.mails[1] = mail_with("y.csv.asc", cipher);
  TestContext context;
  CHECK(collect(feed_of(server), context));
  REQUIRE(context.deliveries().size() == 1);
  CHECK(context.deliveries()[0].bytes == cipher);
  CHECK(context.deliveries()[0].name == "y.csv.asc");
}

TEST_CASE("imap opens zips with the feed's password, also inside an encrypted part") {
  Keyring ours;
  std::string locked = zip_of("infected", {{"in/a.csv", "ip\n"}, {"b.csv", "port\n"}});
  std::string other = zip_of("else", {{"c.csv", "x\n"}});
  std::string inner =
      "Content-Type: application/zip; name=in.zip\r\nContent-Transfer-Encoding: "
      "binary\r\nContent-Disposition: attachment\r\n\r\n" +
      locked;
  ImapServer server;
  server.mails = {{1, mail_with("r.zip", locked)},
                  {2, pgp_mime(ours.encrypt(inner, true))},
                  {3, mail_with("other.zip", other)},
                  {4, mail_with("plain.zip", zip_of("", {{"d.csv", "y\n"}}))}};
  Feed feed = feed_of(server);
  feed.options["zip_password_secret"] = "zip";
  feed.options["pgp"] = "true";
  feed.options["gnupg_home"] = ours.home();
  TestContext context;
  context.secrets["zip"] = "infected";
  auto done = collect(feed, context);
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::denied);
  CHECK(done.error().what.starts_with("mail 3: zip: "));
  auto got = context.deliveries();
  REQUIRE(got.size() == 5);
  for (std::size_t i : {0U, 2U}) {
    CHECK(got[i].name == "a.csv");
    CHECK(got[i].bytes == "ip\n");
    CHECK(got[i + 1].name == "b.csv");
    CHECK(got[i + 1].bytes == "port\n");
  }
  CHECK(got[4].name == "plain.zip");  // the intake unpacks what is not locked
  context.secrets["zip"] = "else";
  CHECK(collect(feed, context));
  REQUIRE(context.deliveries().size() == 6);
  CHECK(context.deliveries()[5].name == "c.csv");
}

TEST_CASE("imap delivers a mail's good parts beside one that never can be read, and says so once") {
  Keyring ours;
  std::string locked = zip_of("infected", {{"a.csv", std::string(2000, 'x')}});
  auto two = [](const std::string& bad_name, const std::string& bad) {
    return "Subject: s\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: "
           "application/octet-stream; name=" +
           bad_name +
           "\r\nContent-Transfer-Encoding: binary\r\nContent-Disposition: attachment\r\n\r\n" +
           bad +
           "\r\n--m\r\nContent-Type: text/csv; name=good.csv\r\nContent-Disposition: "
           "attachment\r\n\r\ngood\r\n--m--\r\n";
  };
  ImapServer server;
  server.mails = {{1, two("cut.zip", locked.substr(0, 60))}, {2, two("no.pgp", "no message")}};
  Feed feed = feed_of(server);
  feed.options["zip_password_secret"] = "zip";
  feed.options["pgp"] = "true";
  feed.options["gnupg_home"] = ours.home();
  feed.options["move_to"] = "Done";
  TestContext context;
  context.secrets["zip"] = "infected";
  auto done = collect(feed, context);
  REQUIRE(!done);
  CHECK(done.error().fault == Fault::invalid);
  auto got = context.deliveries();
  REQUIRE(got.size() == 2);
  for (const auto& one : got) CHECK(one.name == "good.csv");
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 2);
  std::scoped_lock lock(server.mutex);
  CHECK(std::ranges::none_of(server.said, [](auto& line) { return line.starts_with("UID MOVE"); }));
}

TEST_CASE("a mail server's numbers are those after the folder's name, and of 32 bits") {
  auto status =
      ImapClient::status_in("* STATUS \"UIDNEXT 9 UIDVALIDITY 8\" (UIDVALIDITY 7 UIDNEXT 42)\r\n");
  REQUIRE(status);
  CHECK(status->uid_validity == 7);
  CHECK(status->uid_next == 42);
  for (const char* wrong :
       {"", "* STATUS INBOX (UIDNEXT 4)", "* STATUS INBOX (UIDVALIDITY 1 UIDNEXT x)",
        "* STATUS INBOX (UIDVALIDITY 1 UIDNEXT 4294967296)"}) {
    CAPTURE(std::string(wrong));
    CHECK(ImapClient::status_in(wrong).error().fault == Fault::invalid);
  }
  CHECK(ImapClient::uids_in("* SEARCH 9 3 0 x\r\n* OK 5\r\n* SEARCH 4\r\n") ==
        std::vector<std::uint64_t>{3, 4, 9});
}

TEST_CASE("imap goes on in the next run where a folder's numbers have a long gap") {
  ImapServer server;
  server.mails = {{2, mail_with("a.csv", "x")}, {12'000'000, mail_with("b.csv", "y")}};
  Feed feed = feed_of(server);
  TestContext context;
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 1);
  {
    std::scoped_lock lock(server.mutex);
    CHECK(server.said.size() < 2'100);  // 3,000 searches would be the whole of it
  }
  CHECK(collect(feed, context));
  CHECK(collect(feed, context));
  CHECK(context.deliveries().size() == 2);
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
