#include "alert/ask_letter.h"

#include "test.h"

namespace tocsin::alert {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z
const policy::Recipient abuse{"abuse@example.net", policy::Relation::provider, "abuse@example.net"};

policy::Rules rules() {
  return {.consent = [](std::string_view) { return policy::Consent{}; },
          .sensors = {*ip::parse_network("203.0.113.0/28")}};
}

Finding page() {
  Finding finding;
  finding.type = Type::phishing;
  finding.subject_kind = SubjectKind::url;
  finding.subject = "http://bad.example.net/login";
  finding.last = noon;
  finding.tlp = Tlp::green;
  return finding;
}

Envelope envelope() {
  return {.node = "CERT Example",
          .from = "CERT Example <cert@example.org>",
          .reply_to = "soc@example.org",
          .constituent = {},
          .message_id = "tocsin.request.0a1b2c3d@example.org",
          .date = noon};
}

}  // namespace

TEST_CASE("a request by mail has its words, its deadline, and one X-ARF report") {
  auto finding = policy::clear(page(), abuse, rules());
  auto words = policy::clear(policy::AskedWords{"please have a look", "article 5"},
                             {Tlp::green, {}}, abuse, rules());
  REQUIRE(finding.has_value());
  REQUIRE(words.has_value());
  AskHead head{.kind = "take-down", .id = "0a1b2c3d4e5f6071", .deadline = noon + us_per_day};
  auto letter = ask_letter(*finding, *words, head, envelope());
  REQUIRE(letter.has_value());
  CHECK(letter->recipient().address == "abuse@example.net");
  CHECK(letter->id() == envelope().message_id);
  const std::string& mail = letter->bytes();
  CHECK(mail.contains("Subject: TLP:GREEN Request 0a1b2c3d: please take down"));
  CHECK(mail.contains("CERT Example asks you to take down"));
  CHECK(mail.contains("please have a look"));
  CHECK(mail.contains("Legal basis: article 5"));
  CHECK(mail.contains("Please answer before: 2026-01-02T12:00:00Z"));
  CHECK(mail.contains("at soc@example.org"));
  CHECK(mail.contains("report.xarf.json"));
  CHECK(!mail.contains("Auto-Submitted"));
  CHECK(ask_letter(*finding, *words, head, envelope())->bytes() == mail);
  head.kind = "arrest";
  CHECK(!ask_letter(*finding, *words, head, envelope()).has_value());
}

TEST_CASE("what RED holds, and what names a sensor of ours, is asked of nobody") {
  using policy::AskedWords;
  auto say = [](std::string words, Tlp tlp) {
    return policy::clear(AskedWords{std::move(words), ""}, {tlp, {}}, abuse, rules()).has_value();
  };
  CHECK(say("please", Tlp::green));
  CHECK(!say("please", Tlp::amber));  // no feed says that it may be told
  CHECK(!say("please", Tlp::red));
  CHECK(!say("please", Tlp::unmarked));
  CHECK(!say("seen by 203.0.113.4", Tlp::green));
  CHECK(
      !policy::clear(AskedWords{"", "203.0.113.4"}, {Tlp::green, {}}, abuse, rules()).has_value());
}

}  // namespace tocsin::alert
