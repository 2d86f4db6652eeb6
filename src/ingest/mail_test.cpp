#include "ingest/mail.h"

#include "base/pgp.h"
#include "sealed.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::ingest {
namespace {

constexpr std::string_view mixed =
    "From: Reports <reports@example.org>\r\nSubject: =?utf-8?q?Report_f=C3=BCr_you?=\r\n"
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n"
    "Gr=FC=DFe https://dl.example.org/abc\r\n"
    "--b\r\nContent-Type: text/csv; name=\"../a.csv\"\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename=\"../a.csv\"\r\n\r\naXAKMTkyLjAuMi4xCg==\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: inner\r\nContent-Type: application/octet-stream; name=in.zip\r\n"
    "Content-Disposition: attachment\r\n\r\ninner bytes\r\n"
    "--b--\r\n";

}  // namespace

TEST_CASE("a mail gives its attachments, also of mails within, and its bodies") {
  auto mail = read_mail(mixed, {}, {});
  REQUIRE_MESSAGE(mail.has_value(), mail.error().what);
  CHECK(mail->subject == "Report für you");
  CHECK(mail->from.contains("reports@example.org"));
  REQUIRE(mail->attachments.size() == 2);
  CHECK(mail->attachments[0].name == "a.csv");
  CHECK(mail->attachments[0].bytes == "ip\n192.0.2.1\n");
  CHECK(mail->attachments[1].name == "in.zip");
  CHECK(mail->attachments[1].bytes.starts_with("inner bytes"));
  REQUIRE(mail->bodies.size() == 1);
  CHECK(mail->bodies[0].starts_with("Grüße https://dl.example.org/abc"));
}

TEST_CASE("a mail over its limits is refused, and rubbish does no harm") {
  MailLimits limits{.depth_max = 12, .parts_max = 3};
  CHECK(read_mail(mixed, limits, {}).error().fault == Fault::invalid);
  limits = {.depth_max = 12, .parts_max = 100, .bytes_max = 20};
  CHECK(read_mail(mixed, limits, {}).error().fault == Fault::invalid);
  std::string nested;
  for (int i = 0; i < 200; ++i) nested += "Content-Type: message/rfc822\r\n\r\n";
  CHECK(read_mail(nested, {}, {}).error().fault == Fault::invalid);
  for (std::size_t cut = 0; cut < mixed.size(); cut += 7)
    (void)read_mail(mixed.substr(0, cut), {}, {});
  (void)read_mail(std::string_view("\0\xff\x01garbage", 10), {}, {});
}

TEST_CASE("a zip with a password is opened, one without is left to the intake") {
  std::string locked = zip_of("infected", {{"dir/a.csv", "ip\n"}, {"b.csv", "port\n"}});
  auto parts = open_locked_zip(locked, "infected", {});
  REQUIRE_MESSAGE(parts.has_value(), parts.error().what);
  REQUIRE(parts->size() == 2);
  CHECK((*parts)[0].name == "a.csv");
  CHECK((*parts)[0].bytes == "ip\n");
  CHECK(open_locked_zip(locked, "wrong", {}).error().fault == Fault::denied);
  CHECK(open_locked_zip(locked.substr(0, 60), "infected", {}).error().fault == Fault::invalid);
  CHECK(open_locked_zip(zip_of("", {{"a.csv", "x"}}), "infected", {})->empty());
  CHECK(open_locked_zip("ip\n192.0.2.1\n", "infected", {})->empty());
  std::string bomb = zip_of("infected", {{"a.csv", std::string(100'000, 'x')}});
  CHECK(open_locked_zip(bomb, "infected", {.bytes_max = 99'999}).error().fault == Fault::invalid);
}

TEST_CASE("encrypted parts are opened with the node's own key") {
  Keyring ours;
  Decrypt decrypt = [&](std::string_view cipher) {
    return pgp::decrypt(cipher, ours.home(), "", 1 << 20);
  };
  std::string inner =
      "Content-Type: text/csv; name=x.csv\r\nContent-Disposition: attachment\r\n\r\nip\n";
  std::string sealed = pgp_mime(ours.encrypt(inner, true));
  auto mail = read_mail(sealed, {}, decrypt);
  REQUIRE_MESSAGE(mail.has_value(), mail.error().what);
  REQUIRE(mail->attachments.size() == 1);
  CHECK(mail->attachments[0].name == "x.csv");
  CHECK(mail->attachments[0].bytes.starts_with("ip"));

  std::string attached =
      "Subject: s\r\nContent-Type: application/octet-stream; name=y.csv.asc\r\n"
      "Content-Disposition: attachment\r\n\r\n" +
      ours.encrypt("port\n", true);
  mail = read_mail(attached, {}, decrypt);
  REQUIRE(mail.has_value());
  REQUIRE(mail->attachments.size() == 1);
  CHECK(mail->attachments[0].name == "y.csv");
  CHECK(mail->attachments[0].bytes == "port\n");

  std::string big = ours.encrypt(std::string(100'000, 'x'), false);
  CHECK(pgp::decrypt(big, ours.home(), "", 1000).error().fault == Fault::invalid);
  CHECK(pgp::decrypt("no message", ours.home(), "", 1000).error().fault == Fault::invalid);
  TemporaryFolder empty;
  auto without = pgp::decrypt(ours.encrypt("x", true), empty.path(), "", 1000);
  REQUIRE(!without);
  CHECK(without.error().fault == Fault::denied);
  mail = read_mail(sealed, {},
                   [](std::string_view) -> Result<std::string> { return denied("no key"); });
  REQUIRE(mail.has_value());
  CHECK(mail->attachments.empty());
  CHECK(mail->problems.size() == 1);
}

}  // namespace tocsin::ingest
