#include "alert/mime.h"

#include <gmime/gmime.h>

#include <memory>
#include <mutex>

#include "alert/constituent.h"
#include "base/hash.h"
#include "base/text.h"

namespace tocsin::alert {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Held = std::unique_ptr<T, Unref>;

void start() {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
}

std::string on_one_line(std::string text) {
  for (char& c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
  }
  return text;
}

struct Address {
  std::string name, mail;
};

Result<Address> address_of(const std::string& text) {
  Address out{{}, std::string(text::trim(text))};
  if (std::size_t open = out.mail.rfind('<'); open != out.mail.npos && out.mail.ends_with('>')) {
    out.name = on_one_line(std::string(text::trim(std::string_view(out.mail).substr(0, open))));
    if (out.name.size() > 1 && out.name.front() == '"' && out.name.back() == '"')
      out.name = out.name.substr(1, out.name.size() - 2);
    out.mail = out.mail.substr(open + 1, out.mail.size() - open - 2);
  }
  if (!is_mail_address(out.mail)) return invalid("not a mail address: " + text::quote(text));
  return out;
}

Result<void> add_address(GMimeMessage* message, GMimeAddressType type, const std::string& text) {
  Address address = TRY(address_of(text));
  g_mime_message_add_mailbox(message, type, address.name.empty() ? nullptr : address.name.c_str(),
                             address.mail.c_str());
  return {};
}

void set_content(GMimePart* part, const std::string& bytes) {
  Held<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  Held<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part, content.get());
}

void set_header(GMimeMessage* message, const std::string& name, const std::string& value) {
  g_mime_object_set_header(GMIME_OBJECT(message), name.c_str(), on_one_line(value).c_str(),
                           "utf-8");
}

Held<GMimeObject> body_of(const MimeMail& mail) {
  Held<GMimeTextPart> text(g_mime_text_part_new_with_subtype("plain"));
  g_mime_text_part_set_charset(text.get(), "utf-8");
  g_mime_text_part_set_text(text.get(), mail.text.c_str());
  g_mime_part_set_content_encoding(GMIME_PART(text.get()), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  if (mail.attachments.empty()) return Held<GMimeObject>(GMIME_OBJECT(text.release()));
  Held<GMimeMultipart> mixed(g_mime_multipart_new_with_subtype("mixed"));
  // The same letter is the same bytes: a boundary of its Message-ID.
  g_mime_multipart_set_boundary(mixed.get(),
                                ("=_" + hex(sha256(mail.message_id)).substr(0, 32)).c_str());
  g_mime_multipart_add(mixed.get(), GMIME_OBJECT(text.get()));
  for (const auto& attachment : mail.attachments) {
    std::size_t slash = attachment.type.find('/');
    Held<GMimePart> part(g_mime_part_new_with_type(attachment.type.substr(0, slash).c_str(),
                                                   attachment.type.substr(slash + 1).c_str()));
    if (attachment.type.starts_with("text/"))
      g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", "utf-8");
    set_content(part.get(), attachment.bytes);
    g_mime_part_set_content_encoding(part.get(), GMIME_CONTENT_ENCODING_BASE64);
    g_mime_part_set_filename(part.get(), attachment.file.c_str());
    g_mime_object_set_disposition(GMIME_OBJECT(part.get()), "attachment");
    g_mime_multipart_add(mixed.get(), GMIME_OBJECT(part.get()));
  }
  return Held<GMimeObject>(GMIME_OBJECT(mixed.release()));
}

}  // namespace

Result<std::string> plain_address(const std::string& text) {
  return TRY(address_of(text)).mail;
}

Result<std::string> mime_bytes(const MimeMail& mail) {
  start();
  Held<GMimeMessage> message(g_mime_message_new(TRUE));
  TRY(add_address(message.get(), GMIME_ADDRESS_TYPE_FROM, mail.from));
  TRY(add_address(message.get(), GMIME_ADDRESS_TYPE_TO, mail.to));
  if (!mail.reply_to.empty())
    TRY(add_address(message.get(), GMIME_ADDRESS_TYPE_REPLY_TO, mail.reply_to));
  g_mime_message_set_subject(message.get(), on_one_line(mail.subject).c_str(), "utf-8");
  std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> date(
      g_date_time_new_from_unix_utc(mail.date / us_per_s), &g_date_time_unref);
  g_mime_message_set_date(message.get(), date.get());
  g_mime_message_set_message_id(message.get(), mail.message_id.c_str());
  for (const auto& [name, value] : mail.headers) set_header(message.get(), name, value);
  g_mime_message_set_mime_part(message.get(), body_of(mail).get());

  std::unique_ptr<GMimeFormatOptions, decltype(&g_mime_format_options_free)> format(
      g_mime_format_options_new(), &g_mime_format_options_free);
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  Held<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_object_write_to_stream(GMIME_OBJECT(message.get()), format.get(), out.get());
  GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

}  // namespace tocsin::alert
