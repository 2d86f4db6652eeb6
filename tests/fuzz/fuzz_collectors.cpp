// Fuzzes what collectors read from strangers: mails, locked zips, URLs, cursors, stored health, a
// mail server's answers and the listener's lines. The first byte says which.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/transfer.h"
#include "ingest/cursor.h"
#include "ingest/feed_health.h"
#include "ingest/imap_client.h"
#include "ingest/line_cutter.h"
#include "ingest/mail.h"

namespace tocsin::ingest {
namespace {

void read_answer(std::string_view answer) {
  if (auto status = ImapClient::status_in(answer))
    check(status->uid_next <= UINT32_MAX && status->uid_validity <= UINT32_MAX, "a UID of 32 bits");
  auto uids = ImapClient::uids_in(answer);
  check(std::ranges::is_sorted(uids), "UIDs in their order");
  check(uids.empty() || uids.front() > 0, "no UID is 0");
  check(uids.size() <= answer.size(), "as many UIDs as could be said");
}

// However a stream is cut into pieces, its lines are the same; the second byte says how.
void cut_lines(std::string_view bytes) {
  if (bytes.empty()) return;
  std::size_t step = 1 + static_cast<unsigned char>(bytes[0]) % 32;
  constexpr std::size_t most = 40;
  std::vector<std::string> lines, wanted;
  auto add = [&](std::string_view line) -> Result<void> {
    lines.emplace_back(line);
    return {};
  };
  LineCutter cutter(most);
  for (std::size_t at = 0; at < bytes.size(); at += step)
    check(cutter.take(bytes.substr(at, step), add).has_value(), "lines that all are taken");
  check(cutter.finish(add).has_value(), "lines that all are taken");
  for (std::string_view rest = bytes; !rest.empty();) {
    std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0 || end < rest.size()) wanted.emplace_back(rest.substr(0, std::min(end, most)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  check(lines == wanted, "the lines of the stream");
}

void read_one(std::uint8_t which, std::string_view bytes) {
  const MailLimits limits{.depth_max = 12, .parts_max = 200, .bytes_max = 1 << 20};
  switch (which % 7) {
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
    case 4:
      read_answer(bytes);
      break;
    case 5:
      cut_lines(bytes);
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
