#include <algorithm>
#include <map>

#include "alert/channel.h"
#include "alert/letter.h"
#include "loopback.h"
#include "test.h"

namespace tocsin::alert {
namespace {

policy::Outgoing letter() {
  policy::Recipient team{"team", policy::Relation::team, "team@example.org"};
  auto cleared =
      policy::clear(policy::Figures{.title = "Figures", .lines = {".", "a line"}}, team, {});
  return *team_letter(*cleared, {.node = "Node",
                                 .from = "CERT Example <cert@example.org>",
                                 .message_id = "tocsin.1@example.org"});
}

// A mail server that gives these answers after the greeting, in the order of the commands.
struct Server {
  std::map<std::string, std::string> answers = {};  // by the command's first four letters
  bool hangs_up = false;                            // after the letter, without an answer
  std::vector<std::string> said = {};
  test::Loopback loopback{[this](test::Connection& c) { talk(c); }};

  void talk(test::Connection& c) {
    c.send("220 mx.example.org\r\n");
    for (std::string line = c.line(); !line.empty(); line = c.line()) {
      said.push_back(line);
      std::string verb = line.substr(0, 4);
      auto known = answers.find(verb);
      std::string answer = known == answers.end() ? "250 fine" : known->second;
      if (verb == "QUIT") return c.send("221 bye\r\n");
      if (verb == "DATA" && answer.starts_with("250")) {
        c.send("354 go on\r\n");
        for (line = c.line(); c.open() && line != "."; line = c.line()) said.push_back(line);
        if (hangs_up) return;
        known = answers.find("BODY");
        answer = known == answers.end() ? "250 taken" : known->second;
      }
      c.send(answer + "\r\n");
    }
  }
};

Settings settings(const Server& server) {
  Settings s;
  s.mail.server = "smtp://127.0.0.1:" + server.loopback.port_text();
  s.mail.from = "CERT Example <cert@example.org>";
  s.mail.without_tls = true;
  s.mail.timeout_s = 5;
  return s;
}

Delivery sent(const Settings& s) {
  const auto* channel = channel_for("team@example.org");
  REQUIRE(channel != nullptr);
  return channel->plugin.open({.settings = s, .home = "/nonexistent"})->send(letter());
}

}  // namespace

TEST_CASE("a mail goes to the address that it was cleared for, and no line of it ends it") {
  Server server;
  CHECK(sent(settings(server)).result == Delivery::Result::done);
  auto said = [&](std::string_view line) {
    return std::ranges::find(server.said, line) != server.said.end();
  };
  CHECK(said("MAIL FROM:<cert@example.org>"));
  CHECK(said("RCPT TO:<team@example.org>"));
  CHECK(said("To: team@example.org"));
  CHECK(said(".."));  // a lone dot within the text
  CHECK(said("a line"));
}

TEST_CASE("what the server answers decides whether it is tried again") {
  using enum Delivery::Result;
  const std::pair<std::map<std::string, std::string>, Delivery::Result> table[] = {
      {{{"RCPT", "550 5.1.1 no such user"}}, never},
      {{{"RCPT", "450 4.2.1 greylisted"}}, later},
      {{{"BODY", "552 too large"}}, never},
      {{{"BODY", "451 come back"}}, later},
      {{{"RCPT", "501 what an address"}}, never},
      {{{"MAIL", "421 closing"}}, closed},
      {{{"MAIL", "550 who are you"}}, closed},
      {{{"MAIL", "552 5.3.4 message too large"}}, never},
      {{{"EHLO", "502 what"}, {"HELO", "502 what"}}, closed},
      {{{"DATA", "554 no"}}, never},
  };
  for (const auto& [answers, wanted] : table) {
    Server server{.answers = answers};
    CAPTURE(answers.begin()->second);
    CHECK(sent(settings(server)).result == wanted);
  }
  Server silent{.hangs_up = true};
  CHECK(sent(settings(silent)).result == later);  // perhaps it was taken: the same letter again
}

TEST_CASE("a mail server without TLS gets nothing unless that is meant") {
  Server server;
  Settings s = settings(server);
  s.mail.without_tls = false;
  CHECK(sent(s).result == Delivery::Result::closed);
  for (const auto& line : server.said) CHECK(!line.starts_with("MAIL"));
}

TEST_CASE("without its password secret nothing is sent") {
  Server server;
  Settings s = settings(server);
  s.mail.username = "tocsin";
  s.mail.password_secret = "smtp-password";
  Delivery delivery = sent(s);
  CHECK(delivery.result == Delivery::Result::closed);
  CHECK(delivery.what.contains("smtp-password"));
  CHECK(server.said.empty());
}

}  // namespace tocsin::alert
