#include "base/fetch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/backoff.h"
#include "base/check.h"
#include "base/text.h"
#include "base/version.h"

namespace tocsin::fetch {
namespace {

class Headers {
 public:
  Headers() = default;
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;
  ~Headers() { curl_slist_free_all(list_); }

  // Errors: invalid, for a name or value that would break the request.
  Result<void> add(std::string_view name, std::string_view value) {
    bool bad = name.empty() || name.find_first_of(" :\r\n") != name.npos;
    for (char c : value) bad = bad || (static_cast<unsigned char>(c) < 0x20 && c != '\t');
    if (bad) return invalid("header " + text::quote(name) + " cannot be sent: control bytes in it");
    list_ = curl_slist_append(list_, fmt::format("{}: {}", name, value).c_str());
    return {};
  }
  curl_slist* list() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool has_secrets(const Request& request) {
  return !request.secret_headers.empty() || !request.username.empty() ||
         !request.password.empty() || !request.route.client_certificate.empty() ||
         !request.post.empty();
}

// May what is meant for `from` be sent to `to`? The same host, and not on another port or in the
// clear.
bool same_party(const Url& from, const Url& to) {
  if (from.host != to.host) return false;
  if (from.scheme == to.scheme) return from.port == to.port;
  return from.scheme == "http" && from.port == 80 && to.port == 443;
}

std::string header(CURL* handle, const char* name) {
  curl_header* found = nullptr;
  if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  std::string value = found->value;
  return value.size() <= 8192 ? value : std::string();
}

std::string safe_name(std::string_view name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  std::string out;
  for (char c : name.substr(0, 200)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && c != '"') out += c;
  }
  return out == "." || out == ".." ? std::string() : out;
}

// filename= of a Content-Disposition; the extended filename* is left aside.
std::string name_in(std::string_view disposition) {
  while (!disposition.empty()) {
    std::string_view part = text::trim(text::cut(disposition, ';'));
    std::string_view key = text::trim(text::cut(part, '='));
    if (!text::equal_fold(key, "filename")) continue;
    part = text::trim(part);
    if (part.size() >= 2 && part.starts_with('"') && part.ends_with('"')) {
      part = part.substr(1, part.size() - 2);
    }
    return safe_name(part);
  }
  return {};
}

bool may_pass(long status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
}

Result<void> prepare(Transfer& transfer, Headers& headers, const Request& request, bool trusted) {
  CURL* h = transfer.handle();
  for (const Header& row : request.headers) TRY(headers.add(row.name, row.value));
  if (!request.etag.empty()) TRY(headers.add("If-None-Match", request.etag));
  if (!request.last_modified.empty()) {
    TRY(headers.add("If-Modified-Since", request.last_modified));
  }
  curl_easy_setopt(h, CURLOPT_USERNAME, nullptr);
  curl_easy_setopt(h, CURLOPT_PASSWORD, nullptr);
  if (trusted) {
    for (const Header& row : request.secret_headers) TRY(headers.add(row.name, row.value));
    if (!request.username.empty() || !request.password.empty()) {
      curl_easy_setopt(h, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      curl_easy_setopt(h, CURLOPT_USERNAME, request.username.c_str());
      curl_easy_setopt(h, CURLOPT_PASSWORD, request.password.c_str());
    }
  }
  transfer.present_certificate(trusted);
  curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
  if (!request.post.empty()) {
    TRY(headers.add("Content-Type", request.content_type));
    TRY(headers.add("Expect", ""));
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.post.size()));
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, request.post.data());
  }
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers.list());
  return {};
}

// The next hop, or nothing if the answer is no redirect. Errors: denied, invalid.
Result<std::optional<Url>> next_hop(CURL* handle, const Url& from, const Request& request) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  // Not CURLINFO_REDIRECT_URL: libcurl puts the user name into it.
  std::string location = header(handle, "Location");
  bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (!redirect || location.empty()) return std::nullopt;
  auto to = Url::parse(location, "http,https", from.text);
  if (!to) {
    return std::unexpected(
        Error{to.error().fault, from.host + " redirects to a bad URL: " + to.error().what});
  }
  if (from.scheme == "https" && to->scheme == "http") {
    return denied(fmt::format("{} redirects from https to http ({})", from.host, to->host));
  }
  if (request.same_host && !same_party(from, *to)) {
    return denied(fmt::format("{} redirects to another host ({})", from.host, to->host));
  }
  if (!request.post.empty()) {
    return denied(fmt::format("{} redirects a POST to {}", from.host, to->host));
  }
  if (!request.shown_url.empty()) to->label = to->scheme + "://" + to->host + "/...";
  return std::move(*to);
}

void describe(Response& response, Transfer& transfer, const Url& url) {
  CURL* h = transfer.handle();
  curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &response.status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &retry_after);
  response.retry_after_s = retry_after > 0 ? static_cast<std::uint64_t>(retry_after) : 0;
  response.etag = header(h, "ETag");
  response.last_modified = header(h, "Last-Modified");
  response.content_type = header(h, "Content-Type");
  response.file_name = name_in(header(h, "Content-Disposition"));
  if (response.file_name.empty()) response.file_name = safe_name(url.path);
  response.url = url.shown();
  response.body = transfer.body();
  response.size_bytes = transfer.size_bytes();
}

// One try: the request and its redirects.
Result<Response> follow(const Request& request, const Url& first) {
  Transfer transfer(request.route, "http,https");
  transfer.spool_to(request.spool_path);
  if (request.take) transfer.hand_to(request.take);
  CURL* h = transfer.handle();
  std::string agent = user_agent(request.contact);
  curl_easy_setopt(h, CURLOPT_USERAGENT, agent.c_str());
  curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(
      h, CURLOPT_MAXFILESIZE_LARGE,
      static_cast<curl_off_t>(std::min<std::uint64_t>(request.route.size_max_bytes, INT64_MAX)));
  Url url = first;
  bool trusted = true;
  for (unsigned hop = 0;; ++hop) {
    Headers headers;
    TRY(prepare(transfer, headers, request, trusted));
    auto done = transfer.perform(url);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, nullptr);
    if (!done) return std::unexpected(std::move(done).error());
    auto next = TRY(next_hop(h, url, request));
    if (!next) break;
    if (hop >= request.redirects_max) {
      return invalid(
          fmt::format("{} redirects more than {} times", first.host, request.redirects_max));
    }
    trusted = trusted && same_party(url, *next);
    url = std::move(*next);
  }
  Response response;
  describe(response, transfer, url);
  for (const std::string& name : request.wanted_headers) {
    std::string value = header(h, name.c_str());
    if (!value.empty()) response.headers.push_back({name, std::move(value)});
  }
  return response;
}

bool pause(const Request& request, std::chrono::milliseconds time) {
  if (request.wait) return request.wait(time);
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, request.route.stop, time, [] { return false; });
  return !request.route.stop.stop_requested();
}

Result<Response> with_retries(const Request& request, const Url& url) {
  for (unsigned tries = 1;; ++tries) {
    auto response = follow(request, url);
    bool again = response ? may_pass(response->status)
                          : response.error().fault == Fault::unavailable &&
                                !request.route.stop.stop_requested();
    if (!again || tries >= request.tries_max) return response;
    std::uint64_t wait_ms =
        backoff_ms(tries, request.pause_first_ms, request.pause_max_ms, random_bits());
    std::uint64_t asked_s = response ? response->retry_after_s : 0;
    if (asked_s > request.pause_max_ms / 1000) return response;  // the caller comes back later
    if (!pause(request, std::chrono::milliseconds(asked_s * 1000 + wait_ms))) {
      return unavailable("stopping");
    }
  }
}

}  // namespace

std::string user_agent(std::string_view contact) {
  std::string out = "Tocsin/" + std::string(version());
  if (!contact.empty()) out += fmt::format(" (+{})", contact);
  return out;
}

Result<Response> get(const Request& request) {
  auto parsed = Url::parse(request.url, "http,https");
  if (!parsed) return std::unexpected(std::move(parsed).error());
  if (has_secrets(request) && parsed->scheme == "http" && !request.route.allow_private) {
    return denied(fmt::format(
        "a key or password would go to {} over plain http; use https, or allow_private = true "
        "inside your own network",
        parsed->host));
  }
  parsed->label = request.shown_url;
  auto response = with_retries(request, *parsed);
  bool kept = response && response->status >= 200 && response->status < 300;
  if (!kept && !request.spool_path.empty()) unlink(request.spool_path.c_str());
  return response;
}

Result<void> expect_success(const Response& response, std::string_view shown_url) {
  long status = response.status;
  if ((status >= 200 && status < 300) || status == 304) return {};
  std::string what = fmt::format("{} answered {}", shown_url, status);
  if (response.retry_after_s > 0) {
    what += fmt::format(" and asks to wait {} s", response.retry_after_s);
  }
  if (status == 401 || status == 403) return denied(what + "; look at key, user name and password");
  if (status == 404 || status == 410) return missing(what);
  if (may_pass(status)) return unavailable(what);
  return invalid(what);
}

}  // namespace tocsin::fetch
