#include "alert/letter.h"

#include <fmt/format.h>
#include <gmime/gmime.h>

#include <algorithm>
#include <set>

#include "alert/constituent.h"
#include "alert/mime.h"
#include "test.h"

namespace tocsin::alert {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

ClearedFinding cleared(std::string subject, Tlp tlp = Tlp::amber,
                       Transport transport = Transport::tcp) {
  Finding f;
  f.key = {1, 2};
  f.type = Type::infected_system;
  f.subject_kind = SubjectKind::url;
  f.subject = std::move(subject);
  f.family = "mirai";
  f.port = 80;
  f.transport = transport;
  f.controller = transport == Transport::tcp ? "" : "203.0.113.9";
  f.controller_reason = ControllerReason::feed;
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

// In each language that comes with the program.
std::vector<std::shared_ptr<const Wording>> all_wordings() {
  std::vector<std::shared_ptr<const Wording>> all;
  for (const auto& [tag, wording] : read_wordings("/nowhere").languages) all.push_back(wording);
  return all;
}

// The subject line of a mail's bytes, which must be ASCII, as its reader sees it.
std::string subject_of(const std::string& bytes) {
  std::size_t at = bytes.find("\r\nSubject: ") + 11, end = at;
  do end = bytes.find("\r\n", end + 1);
  while (bytes[end + 2] == ' ' || bytes[end + 2] == '\t');
  std::string raw = bytes.substr(at, end - at);
  std::erase_if(raw, [](char c) { return c == '\r' || c == '\n'; });  // unfolded
  CHECK(std::ranges::all_of(raw, [](unsigned char c) { return c < 0x7f; }));
  char* decoded = g_mime_utils_header_decode_text(nullptr, raw.c_str());
  std::string subject = decoded;
  g_free(decoded);
  return subject;
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
  CHECK(text.contains(english()->say("type.infected-system.first_step")));
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

TEST_CASE("a letter is in its constituent's language, what programs read is not") {
  auto one = cleared("192.0.2.7");
  Envelope head = envelope();
  std::string csv = findings_csv(std::span(&one, 1)),
              xarf = findings_xarf(std::span(&one, 1), head);
  head.wording = read_wordings("/nowhere").of("fr-CA");
  head.at_once = head.provider = true;
  std::string subject = "TLP:AMBER URGENT\u00a0: 1 problème dans vos réseaux (2026-01-01)";
  CHECK(subject_line(std::span(&one, 1), head) == subject);
  std::string text = body_text(std::span(&one, 1), head);
  for (std::string_view part :
       {"À\u00a0: Bank\n", "CERT Example a reçu le signalement de 1 problème sur des machines",
        "Que faire d'abord\u00a0: Retrouvez la machine", "Merci de transmettre ce message",
        "  192.0.2.7  mirai  tcp 80  vu pour la dernière fois le 2026-01-01 12:00 UTC, 3 fois\n",
        "à help@example.org.\nTLP:AMBER\n"})
    CHECK_MESSAGE(text.contains(part), part);
  auto letter = mail_letter(std::span(&one, 1), head);
  REQUIRE(letter);
  CHECK(subject_of(letter->bytes()) == subject);
  CHECK(findings_csv(std::span(&one, 1)) == csv);
  CHECK(findings_xarf(std::span(&one, 1), head) == xarf);
}

TEST_CASE("names are no templates, in any language") {
  auto one = cleared("http://example.org/{count}{date}");
  for (const auto& wording : all_wordings()) {
    Envelope head = envelope();
    head.wording = wording;
    head.constituent = "{count} {{node}} } %s {0}\r\nBcc: all@example.org";
    head.node = "{constituent}\r\nX-Evil: yes";
    std::string text = body_text(std::span(&one, 1), head);
    CHECK(text.contains(R"({count} {{node}} } %s {0}\x0d\x0aBcc: all@example.org)"));
    CHECK(text.contains(R"({constituent}\x0d\x0aX-Evil: yes)"));
    CHECK(text.contains("  http://example.org/{count}{date}  mirai"));
    auto letter = mail_letter(std::span(&one, 1), head);
    REQUIRE(letter);
    CHECK(subject_of(letter->bytes()) == subject_line(std::span(&one, 1), head));
    CHECK(!letter->bytes().contains("\nBcc:"));
    CHECK(!letter->bytes().contains("\nX-Evil"));
  }
}

TEST_CASE("a letter has a use for each sentence, and puts in all that may stand in one") {
  auto marked = std::make_shared<Wording>(*english());  // "<letter.to {constituent}>"
  std::set<std::string> unused;
  for (auto& [key, sentence] : marked->sentences) {
    std::string placeholders;
    for (std::size_t at = 0; (at = sentence.find('{', at)) != sentence.npos; ++at)
      placeholders += sentence.substr(at, sentence.find('}', at) + 1 - at);
    sentence = "<" + key + " " + placeholders + ">";
    if (!key.starts_with("type.") && !key.starts_with("identifier.")) unused.insert(key);
  }
  for (unsigned i = 0; i < 16; ++i) {
    std::vector<ClearedFinding> list;
    for (unsigned more = 0; more < (i & 1 ? 22 : i & 2 ? 21 : 1); ++more)
      list.push_back(cleared("192.0.2.7", static_cast<Tlp>(i % 4), Transport::none));
    Envelope head = envelope();
    head.wording = marked;
    head.at_once = i & 4;
    head.provider = i & 8;
    std::string text = subject_line(list, head) + body_text(list, head);
    std::erase_if(unused, [&](const std::string& key) { return text.contains("<" + key); });
    CHECK(!text.contains('{'));
  }
  CHECK(fmt::format("{}", fmt::join(unused, " ")) == "tlp.red");  // which no machine sends
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
