// Sealed mail for tests: zips with a password, a keyring of one's own, PGP/MIME.
#pragma once

#include <gpgme.h>
#include <zip.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/mail.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::ingest {

inline std::string zip_of(const std::string& password, const std::vector<MailPart>& files) {
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
  explicit Keyring(std::string passphrase = "") : passphrase_(std::move(passphrase)) {
    // A passphrase is asked for each time, and is quick to check. With max-cache-ttl alone it is
    // kept until the second is over.
    std::ofstream(home() + "/gpg-agent.conf")
        << "default-cache-ttl 0\nmax-cache-ttl 0\ns2k-count 65536\n";
    gpgme_check_version(nullptr);
    REQUIRE(gpgme_new(&context_) == 0);
    gpgme_ctx_set_engine_info(context_, GPGME_PROTOCOL_OpenPGP, nullptr, home().c_str());
    gpgme_set_pinentry_mode(context_, GPGME_PINENTRY_MODE_LOOPBACK);
    gpgme_set_passphrase_cb(context_, tell, &passphrase_);
    REQUIRE(gpgme_op_createkey(
                context_, "us@example.org", "future-default", 0, 0, nullptr,
                GPGME_CREATE_FORCE | (passphrase_.empty() ? GPGME_CREATE_NOPASSWD : 0)) == 0);
  }
  ~Keyring() {
    gpgme_release(context_);
    end_agent();
  }
  Keyring(const Keyring&) = delete;
  Keyring& operator=(const Keyring&) = delete;
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
  static gpgme_error_t tell(void* passphrase, const char*, const char*, int, int fd) {
    std::string line = *static_cast<std::string*>(passphrase) + "\n";
    return gpgme_io_writen(fd, line.data(), line.size()) == 0 ? 0 : GPG_ERR_CANCELED;
  }
  void end_agent() const {
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
  std::string passphrase_;
  gpgme_ctx_t context_ = nullptr;
};

// Source: RFC 3156 section 4.
inline std::string pgp_mime(const std::string& cipher) {
  return "Subject: s\r\nContent-Type: multipart/encrypted; "
         "protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: "
         "application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: "
         "application/octet-stream\r\n\r\n" +
         cipher + "\r\n--b--\r\n";
}

}  // namespace tocsin::ingest
