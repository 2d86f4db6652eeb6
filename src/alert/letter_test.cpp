#include "alert/letter.h"

#include "alert/constituent.h"
#include "alert/mime.h"
#include "model/explanations.h"
#include "test.h"

namespace tocsin::alert {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

ClearedFinding cleared(std::string subject, Tlp tlp = Tlp::amber) {
  Finding f;
  f.key = {1, 2};
  f.type = Type::infected_system;
  f.subject_kind = SubjectKind::url;
  f.subject = std::move(subject);
  f.family = "mirai";
  f.port = 80;
  f.transport = Transport::tcp;
  f.first = f.last = noon;
  f.times = 3;
  f.feeds = {"feed"};
  f.tlp = tlp;
  policy::Rules rules{
      .consent = [](std::string_view) -> policy::Consent { return {.tell_affected = true}; }};
  return *policy::clear(f, {"c_1", policy::Relation::affected, "soc@example.org"}, rules);
}

Envelope envelope() {
  return {.node = "CERT Example",
          .from = "CERT Example <cert@example.org>",
          .reply_to = "help@example.org",
          .constituent = "Bank",
          .message_id = "tocsin.1@example.org",
          .date = noon};
}

}  // namespace

TEST_CASE("the label stands in the subject and before the text, the strictest one") {
  std::vector<ClearedFinding> all = {cleared("192.0.2.7", Tlp::green),
                                     cleared("192.0.2.8", Tlp::amber_strict)};
  CHECK(subject_line(all, envelope()) ==
        "TLP:AMBER+STRICT 2 problems in your networks (2026-01-01)");
  std::string text = body_text(all, envelope());
  CHECK(text.starts_with("TLP:AMBER+STRICT\n"));
  CHECK(text.ends_with("TLP:AMBER+STRICT\n"));
  CHECK(text.contains(explanation(Type::infected_system, "").first_step));
  CHECK(text.contains("192.0.2.7  mirai  tcp 80  last seen 2026-01-01 12:00 UTC, 3 times"));
}

TEST_CASE("a mail is one message whose headers cannot be broken out of") {
  auto one = cleared("192.0.2.7");
  Envelope head = envelope();
  head.constituent = "Bank\r\nBcc: all@example.org\r\n<script>alert(1)</script>";
  head.node = "CERT\r\nX-Evil: yes";
  auto letter = mail_letter(std::span(&one, 1), head);
  REQUIRE(letter);
  const std::string& bytes = letter->bytes();
  CHECK(letter->recipient().address == "soc@example.org");
  CHECK(bytes.contains("\r\nMessage-Id: <tocsin.1@example.org>\r\n"));
  CHECK(bytes.contains("\r\nAuto-Submitted: auto-generated\r\n"));
  CHECK(bytes.contains("\r\nList-Id: "));
  CHECK(!bytes.contains("\nBcc:"));
  CHECK(!bytes.contains("\nX-Evil"));
  CHECK(!bytes.contains("text/html"));
  std::size_t bare = 0;
  for (std::size_t i = 1; i < bytes.size(); ++i) bare += bytes[i] == '\n' && bytes[i - 1] != '\r';
  CHECK(bare == 0);
  CHECK(mail_letter(std::span(&one, 1), head)->bytes() ==
        bytes);  // the same letter, the same bytes
}

TEST_CASE("a subject that looks like a formula is none in the table") {
  auto one = cleared("=cmd|' /C calc'!A0");
  std::string csv = findings_csv(std::span(&one, 1));
  CHECK(csv.contains(",\"'=cmd|' /C calc'!A0\","));
  CHECK(csv.contains("TLP:AMBER,"));
}

TEST_CASE("an X-ARF report has what its schema asks for") {
  auto one = cleared("192.0.2.7");
  std::string lines = findings_xarf(std::span(&one, 1), envelope());
  for (std::string_view part :
       {R"("xarf_version":"4.2.0")", R"("category":"infrastructure","type":"botnet")",
        R"("source_identifier":"192.0.2.7")", R"("malware_family":"mirai")",
        R"("reporter":{"contact":"cert@example.org","domain":"example.org","org":"CERT Example"})",
        R"("timestamp":"2026-01-01T12:00:00Z")", R"("compromise_evidence":)"})
    CHECK(lines.contains(part));
  CHECK(lines.ends_with("}\n"));
}

TEST_CASE("mail addresses are plain") {
  for (auto good : {"a@example.org", "a.b+c@x.example.org", "A_1@example-1.org"})
    CHECK(is_mail_address(good));
  for (auto bad : {"", "a", "a@", "@example.org", "a@localhost", "a b@example.org",
                   "a@example.org\r\nRCPT TO:<x@example.org>", "<a@example.org>", "a@-x.org",
                   "a..b@example.org", "a@example.org.", "\"a\"@example.org", "a@[192.0.2.1]",
                   "-a@example.org", "a@exämple.org"})
    CHECK(!is_mail_address(bad));
  CHECK(*plain_address("CERT \"X\" <cert@example.org>") == "cert@example.org");
  CHECK(!plain_address("cert@example.org, other@example.org"));
}

}  // namespace tocsin::alert
