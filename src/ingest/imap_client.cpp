#include "ingest/imap_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::ingest {
namespace {

// A folder's name as part of a URL: all but letters and digits percent-encoded.
std::string encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// The number after the last `word` in the server's answer: before it stands the folder's name.
// Source: RFC 3501 section 9, nz-number.
Result<std::uint64_t> number_after(std::string_view answer, std::string_view word) {
  std::size_t at = answer.rfind(word);
  if (at != answer.npos) {
    std::string_view rest = answer.substr(at + word.size());
    rest = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
    auto number = text::number(rest.substr(0, rest.find_first_not_of("0123456789")));
    if (number && *number <= UINT32_MAX) return *number;
  }
  return invalid(fmt::format("the mail server gave no {}: {}", word, text::quote(answer)));
}

}  // namespace

ImapClient::ImapClient(Setup setup, Url url)
    : setup_(std::move(setup)),
      url_(std::move(url)),
      folder_path_("/" + encoded(setup_.folder)),
      transfer_(setup_.route, "imap,imaps") {
  url_.label = fmt::format("{}://{}", url_.scheme, url_.host);
  while (url_.text.ends_with('/')) url_.text.pop_back();
  CURL* h = transfer_.handle();
  curl_easy_setopt(h, CURLOPT_USERNAME, setup_.username.c_str());
  curl_easy_setopt(h, CURLOPT_PASSWORD, setup_.password.c_str());
  curl_easy_setopt(h, CURLOPT_USE_SSL,
                   static_cast<long>(setup_.without_tls ? CURLUSESSL_NONE : CURLUSESSL_ALL));
}

Result<std::unique_ptr<ImapClient>> ImapClient::make(Setup setup) {
  Url url = TRY(Url::parse(setup.url, "imap,imaps"));
  TRY(quoted(setup.folder));
  return std::make_unique<ImapClient>(std::move(setup), std::move(url));
}

Result<std::string> ImapClient::quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return invalid("control bytes in " + text::quote(text));
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Result<void> ImapClient::perform(const std::string& path) {
  Url url = url_;
  url.text += path;
  auto done = transfer_.perform(url);
  if (done || done.error().fault != Fault::unavailable) return done;
  // libcurl names these errors only by its text.
  for (std::string_view word : {"Login denied", "Access denied"}) {
    if (done.error().what.contains(word)) {
      return denied(done.error().what + "; look at username and password_secret");
    }
  }
  return done;
}

Result<std::string> ImapClient::command(std::string_view text, bool in_folder) {
  std::string line(text);
  curl_easy_setopt(transfer_.handle(), CURLOPT_CUSTOMREQUEST, line.c_str());
  auto done = perform(in_folder ? folder_path_ : "/");
  curl_easy_setopt(transfer_.handle(), CURLOPT_CUSTOMREQUEST, nullptr);
  if (!done) return std::unexpected(std::move(done).error());
  return transfer_.body();
}

Result<ImapClient::Status> ImapClient::status() {
  std::string folder = TRY(quoted(setup_.folder));
  return status_in(TRY(command(fmt::format("STATUS {} (UIDVALIDITY UIDNEXT)", folder), false)));
}

Result<ImapClient::Status> ImapClient::status_in(std::string_view answer) {
  Status out;
  out.uid_validity = TRY(number_after(answer, "UIDVALIDITY"));
  out.uid_next = TRY(number_after(answer, "UIDNEXT"));
  return out;
}

Result<std::vector<std::uint64_t>> ImapClient::search(std::string_view criteria) {
  return uids_in(TRY(command(fmt::format("UID SEARCH {}", criteria), true)));
}

std::vector<std::uint64_t> ImapClient::uids_in(std::string_view answer) {
  std::vector<std::uint64_t> out;
  for (auto [number, line] : text::numbered_lines(answer)) {
    if (!line.starts_with("* SEARCH")) continue;
    std::string_view rest = line.substr(8);
    while (!rest.empty()) {
      if (auto uid = text::number(text::cut(rest, ' ')); uid && *uid > 0) out.push_back(*uid);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::string> ImapClient::message(std::uint64_t uid) {
  TRY(perform(fmt::format("{};UID={}", folder_path_, uid)));
  return transfer_.body();
}

Result<void> ImapClient::set_seen(std::uint64_t uid, bool seen) {
  TRY(command(fmt::format("UID STORE {} {}FLAGS (\\Seen)", uid, seen ? '+' : '-'), true));
  return {};
}

Result<void> ImapClient::move(std::uint64_t uid, std::string_view folder) {
  std::string target = TRY(quoted(folder));
  TRY(command(fmt::format("UID MOVE {} {}", uid, target), true));
  return {};
}

}  // namespace tocsin::ingest
