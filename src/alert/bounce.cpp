#include "alert/bounce.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "base/text.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t mail_bytes_max = std::size_t{16} << 20, recipients_max = 1000;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Held = std::unique_ptr<T, Unref>;

std::string content_of(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) return {};
  Held<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_data_wrapper_write_to_stream(content, out.get());
  GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

// Calls `take(name in lower case, value)` for each header field, folded lines joined; a blank line
// gives an empty name.
template <class F>
void each_field(std::string_view bytes, F take) {
  std::string name, value;
  auto give = [&] {
    if (!name.empty()) take(name, std::string(text::trim(value)));
    name.clear();
    value.clear();
  };
  for (auto [number, line] : text::numbered_lines(bytes)) {
    if (!line.empty() && (line[0] == ' ' || line[0] == '\t')) {
      value += line;
      continue;
    }
    give();
    if (text::trim(line).empty()) {
      take(std::string(), std::string());
      continue;
    }
    std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    name = text::lower(text::trim(line.substr(0, colon)));
    value = line.substr(colon + 1);
  }
  give();
}

// "rfc822; a@example.org" to the part behind the type.
std::string behind_type(const std::string& value) {
  std::size_t semicolon = value.find(';');
  return semicolon == value.npos
             ? value
             : std::string(text::trim(std::string_view(value).substr(semicolon + 1)));
}

std::string without_brackets(std::string_view id) {
  id = text::trim(id);
  if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
  return std::string(id);
}

void read_status(std::string_view bytes, Bounce& bounce) {
  bool open = false;
  each_field(bytes, [&](const std::string& name, const std::string& value) {
    if (name.empty()) return void(open = false);
    bool starts = name == "final-recipient" || name == "original-recipient";
    if (starts && !open && bounce.recipients.size() < recipients_max) {
      bounce.recipients.emplace_back();
      open = true;
    }
    if (!open) return;
    auto& recipient = bounce.recipients.back();
    if (starts) recipient.address = behind_type(value);
    if (name == "action") recipient.action = text::lower(value);
    if (name == "status") recipient.status = value;
    if (name == "diagnostic-code") recipient.diagnostic = behind_type(value);
  });
}

void read_original(std::string_view headers, Bounce& bounce) {
  bool done = false;
  each_field(headers, [&](const std::string& name, const std::string& value) {
    if (name.empty()) done = true;
    if (!done && name == "message-id" && bounce.message_id.empty())
      bounce.message_id = without_brackets(value);
  });
}

void walk(GMimeObject* object, Bounce& bounce, int depth) {
  if (object == nullptr || depth > 8) return;
  GMimeContentType* type = g_mime_object_get_content_type(object);
  if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    const char* id = inner != nullptr ? g_mime_message_get_message_id(inner) : nullptr;
    if (id != nullptr && bounce.message_id.empty()) bounce.message_id = without_brackets(id);
  } else if (GMIME_IS_MULTIPART(object)) {
    GMimeMultipart* parts = GMIME_MULTIPART(object);
    for (int i = 0; i < std::min(g_mime_multipart_get_count(parts), 50); ++i)
      walk(g_mime_multipart_get_part(parts, i), bounce, depth + 1);
  } else if (GMIME_IS_PART(object)) {
    if (g_mime_content_type_is_type(type, "message", "delivery-status")) {
      read_status(content_of(GMIME_PART(object)), bounce);
    } else if (g_mime_content_type_is_type(type, "text", "rfc822-headers")) {
      read_original(content_of(GMIME_PART(object)), bounce);
    }
  }
}

}  // namespace

bool Bounce::failed() const {
  return std::ranges::any_of(recipients, [](const Recipient& r) { return r.action == "failed"; });
}

Result<Bounce> read_bounce(std::string_view mail) {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
  if (mail.size() > mail_bytes_max) return invalid("a mail larger than allowed");
  Held<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(mail.data(), mail.size()));
  Held<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  Held<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!message) return invalid("not a mail");
  Bounce bounce;
  walk(g_mime_message_get_mime_part(message.get()), bounce, 0);
  if (bounce.recipients.empty()) return invalid("not a delivery report (RFC 3464)");
  if (bounce.message_id.empty())
    return invalid("a delivery report that does not name the mail it is about");
  return bounce;
}

}  // namespace tocsin::alert
