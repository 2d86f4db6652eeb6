#include "ingest/mail.h"

#include <fmt/format.h>
#include <gmime/gmime.h>

#include <memory>
#include <mutex>

#include "base/check.h"
#include "base/pgp.h"
#include "base/text.h"

namespace tocsin::ingest {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Held = std::unique_ptr<T, Unref>;

Held<GMimeParser> parser_of(std::string_view bytes) {
  Held<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  return Held<GMimeParser>(g_mime_parser_new_with_stream(stream.get()));
}

std::string text_of(const char* text) {
  return text != nullptr ? text : "";
}

std::string file_name(GMimePart* part) {
  std::string name = text_of(g_mime_part_get_filename(part));
  name = name.substr(name.find_last_of("/\\") + 1).substr(0, 200);
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return name == "." || name == ".." ? "" : name;
}

// A stream that refuses to grow past its limit cannot be had from GMime; encodings only shrink, so
// the decoded part is never larger than the message it stands in.
std::string content_of(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) return {};
  Held<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_data_wrapper_write_to_stream(content, out.get());
  GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

class Walk {
 public:
  Walk(const MailLimits& limits, const Decrypt& decrypt, Mail& mail)
      : limits_(limits), decrypt_(decrypt), mail_(mail) {}

  Result<void> object(GMimeObject* object, std::size_t depth) {
    if (object == nullptr) return {};
    if (++parts_ > limits_.parts_max || depth > limits_.depth_max) {
      return invalid(fmt::format("a mail of more than {} parts, or nested deeper than {}",
                                 limits_.parts_max, limits_.depth_max));
    }
    if (GMIME_IS_MESSAGE_PART(object)) {
      GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
      return inner != nullptr ? this->object(g_mime_message_get_mime_part(inner), depth + 1)
                              : Result<void>{};
    }
    if (GMIME_IS_MULTIPART_ENCRYPTED(object) && decrypt_) return encrypted(object, depth);
    if (GMIME_IS_MULTIPART(object)) {
      GMimeMultipart* parts = GMIME_MULTIPART(object);
      for (int i = 0; i < g_mime_multipart_get_count(parts); ++i) {
        TRY(this->object(g_mime_multipart_get_part(parts, i), depth + 1));
      }
      return {};
    }
    return GMIME_IS_PART(object) ? part(GMIME_PART(object)) : Result<void>{};
  }

 private:
  Result<void> count(std::size_t size) {
    bytes_ += size;
    if (bytes_ <= limits_.bytes_max) return {};
    return invalid(fmt::format("a mail of more than {} bytes", limits_.bytes_max));
  }

  // Source: RFC 3156 section 4: a control part, then the message.
  Result<void> encrypted(GMimeObject* object, std::size_t depth) {
    GMimeMultipart* parts = GMIME_MULTIPART(object);
    GMimeObject* second = g_mime_multipart_get_part(parts, 1);
    if (second == nullptr || !GMIME_IS_PART(second)) {
      mail_.problems.push_back({Fault::invalid, "an encrypted part without its message"});
      return {};
    }
    auto plain = decrypt_(content_of(GMIME_PART(second)));
    if (!plain) {
      mail_.problems.push_back(std::move(plain).error());
      return {};
    }
    TRY(count(plain->size()));
    Held<GMimeParser> parser = parser_of(*plain);
    Held<GMimeObject> inner(g_mime_parser_construct_part(parser.get(), nullptr));
    return this->object(inner.get(), depth + 1);
  }

  Result<void> part(GMimePart* part) {
    GMimeContentType* type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    if (g_mime_content_type_is_type(type, "application", "pgp-signature") ||
        g_mime_content_type_is_type(type, "application", "pkcs7-signature")) {
      return {};
    }
    std::string name = file_name(part);
    bool body = name.empty() && GMIME_IS_TEXT_PART(part) && !g_mime_part_is_attachment(part) &&
                (g_mime_content_type_is_type(type, "text", "plain") ||
                 g_mime_content_type_is_type(type, "text", "html"));
    std::string bytes = content_of(part);
    TRY(count(bytes.size()));
    bool locked =
        decrypt_ && (pgp::is_armoured(bytes) || name.ends_with(".pgp") || name.ends_with(".gpg"));
    if (locked) {
      auto plain = decrypt_(bytes);
      if (!plain) {
        mail_.problems.push_back(std::move(plain).error());
        return {};
      }
      TRY(count(plain->size()));
      bytes = *std::move(plain);
      for (std::string_view end : {".pgp", ".gpg", ".asc"}) {
        if (name.ends_with(end)) name.resize(name.size() - end.size());
      }
    } else if (body) {
      // In UTF-8, whatever the part's charset is.
      std::unique_ptr<char, decltype(&g_free)> text(
          g_mime_text_part_get_text(GMIME_TEXT_PART(part)), &g_free);
      bytes = text_of(text.get());
    }
    if (body) {
      mail_.bodies.push_back(std::move(bytes));
    } else if (!bytes.empty()) {
      mail_.attachments.push_back({std::move(name), std::move(bytes)});
    }
    return {};
  }

  const MailLimits& limits_;
  const Decrypt& decrypt_;
  Mail& mail_;
  std::size_t parts_ = 0, bytes_ = 0;
};

}  // namespace

Result<Mail> read_mail(std::string_view bytes, const MailLimits& limits, const Decrypt& decrypt) {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
  if (bytes.size() > limits.bytes_max) return invalid("a mail larger than allowed");
  Held<GMimeParser> parser = parser_of(bytes);
  Held<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!message) return invalid("not a mail");
  Mail mail;
  mail.subject = text_of(g_mime_message_get_subject(message.get()));
  if (InternetAddressList* from = g_mime_message_get_from(message.get())) {
    std::unique_ptr<char, decltype(&g_free)> text(
        internet_address_list_to_string(from, nullptr, FALSE), &g_free);
    mail.from = text_of(text.get());
  }
  TRY(Walk(limits, decrypt, mail).object(g_mime_message_get_mime_part(message.get()), 0));
  return mail;
}

}  // namespace tocsin::ingest
