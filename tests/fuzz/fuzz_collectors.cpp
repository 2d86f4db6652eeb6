// Fuzzes what collectors read from strangers: mails, locked zips, URLs, cursors and stored health.
// The first byte says which.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/transfer.h"
#include "ingest/cursor.h"
#include "ingest/feed_health.h"
#include "ingest/mail.h"

namespace tocsin::ingest {
namespace {

void read_one(std::uint8_t which, std::string_view bytes) {
  const MailLimits limits{.depth_max = 12, .parts_max = 200, .bytes_max = 1 << 20};
  switch (which % 5) {
    case 0: {
      auto mail = read_mail(bytes, limits, [](std::string_view cipher) -> Result<std::string> {
        return std::string(cipher.substr(cipher.size() / 2));  // an "opened" part is walked again
      });
      if (mail) check(mail->attachments.size() <= limits.parts_max, "more parts than allowed");
      break;
    }
    case 1: {
      auto parts = open_locked_zip(bytes, "infected", limits);
      if (parts) check(parts->size() <= limits.parts_max, "more entries than allowed");
      break;
    }
    case 2: {
      auto url = Url::parse(bytes, "http,https");
      if (url)
        check(Url::parse(url->text, "http,https").has_value(), "a URL that parses only once");
      break;
    }
    case 3:
      check(Cursor::parse(Cursor::parse(bytes).text()).text() == Cursor::parse(bytes).text(),
            "a cursor that changes when it is read");
      break;
    default:
      if (auto health = health_from_json(bytes)) {
        check(health_from_json(to_json(*health)).has_value(), "health that cannot be read back");
      }
  }
}

}  // namespace
}  // namespace tocsin::ingest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  tocsin::ingest::read_one(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
