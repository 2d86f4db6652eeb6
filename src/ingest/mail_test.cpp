#include "ingest/mail.h"

#include <gpgme.h>
#include <zip.h>

#include "base/pgp.h"
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

std::string zip_of(const std::string& password, const std::vector<MailPart>& files) {
  TemporaryFolder folder;
  std::string path = folder.file("a.zip");
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, &error);
  REQUIRE(archive != nullptr);
  for (const MailPart& file : files) {
    zip_source_t* source = zip_source_buffer(archive, file.bytes.data(), file.bytes.size(), 0);
    zip_int64_t index = zip_file_add(archive, file.name.c_str(), source, 0);
    REQUIRE(index >= 0);
    if (!password.empty()) {
      zip_file_set_encryption(archive, static_cast<zip_uint64_t>(index), ZIP_EM_AES_256,
                              password.c_str());
    }
  }
  REQUIRE(zip_close(archive) == 0);
  FILE* in = fopen(path.c_str(), "rb");
  std::string out(std::filesystem::file_size(path), '\0');
  REQUIRE(fread(out.data(), 1, out.size(), in) == out.size());
  fclose(in);
  return out;
}

// A key of one's own in a folder of its own; its agent is ended with it.
class Keyring {
 public:
  Keyring() {
    gpgme_check_version(nullptr);
    REQUIRE(gpgme_new(&context_) == 0);
    gpgme_ctx_set_engine_info(context_, GPGME_PROTOCOL_OpenPGP, nullptr, home().c_str());
    gpgme_set_pinentry_mode(context_, GPGME_PINENTRY_MODE_LOOPBACK);
    REQUIRE(gpgme_op_createkey(context_, "us@example.org", "default", 0, 0, nullptr,
                               GPGME_CREATE_NOPASSWD | GPGME_CREATE_FORCE) == 0);
  }
  ~Keyring() {
    gpgme_release(context_);
    gpgme_ctx_t agent = nullptr;
    gpgme_new(&agent);
    gpgme_set_protocol(agent, GPGME_PROTOCOL_ASSUAN);
    std::string socket = home() + "/S.gpg-agent";
    gpgme_ctx_set_engine_info(agent, GPGME_PROTOCOL_ASSUAN, socket.c_str(), home().c_str());
    gpgme_error_t error = 0;
    gpgme_op_assuan_transact_ext(agent, "KILLAGENT", nullptr, nullptr, nullptr, nullptr, nullptr,
                                 nullptr, &error);
    gpgme_release(agent);
  }
  const std::string& home() const { return folder_.path(); }
  std::string encrypt(std::string_view text, bool armour) {
    gpgme_set_armor(context_, armour ? 1 : 0);
    gpgme_key_t key = nullptr;
    REQUIRE(gpgme_get_key(context_, fingerprint().c_str(), &key, 0) == 0);
    gpgme_key_t keys[] = {key, nullptr};
    gpgme_data_t in = nullptr, out = nullptr;
    gpgme_data_new_from_mem(&in, text.data(), text.size(), 0);
    gpgme_data_new(&out);
    REQUIRE(gpgme_op_encrypt(context_, keys, GPGME_ENCRYPT_ALWAYS_TRUST, in, out) == 0);
    gpgme_key_unref(key);
    gpgme_data_release(in);
    std::size_t size = 0;
    char* bytes = gpgme_data_release_and_get_mem(out, &size);
    std::string cipher(bytes, size);
    gpgme_free(bytes);
    return cipher;
  }

 private:
  std::string fingerprint() {
    gpgme_key_t key = nullptr;
    REQUIRE(gpgme_op_keylist_start(context_, nullptr, 1) == 0);
    REQUIRE(gpgme_op_keylist_next(context_, &key) == 0);
    std::string out = key->fpr;
    gpgme_key_unref(key);
    gpgme_op_keylist_end(context_);
    return out;
  }
  TemporaryFolder folder_;
  gpgme_ctx_t context_ = nullptr;
};

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
  std::string pgp_mime =
      "Subject: s\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; "
      "boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
      "--b\r\nContent-Type: application/octet-stream\r\n\r\n" +
      ours.encrypt(inner, true) + "\r\n--b--\r\n";
  auto mail = read_mail(pgp_mime, {}, decrypt);
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
  mail = read_mail(pgp_mime, {},
                   [](std::string_view) -> Result<std::string> { return denied("no key"); });
  REQUIRE(mail.has_value());
  CHECK(mail->attachments.empty());
  CHECK(mail->problems.size() == 1);
}

}  // namespace tocsin::ingest
