// fetch: the one outbound HTTP(S) client. Guarded, capped, conditional, polite.
//
// Every address that is connected to is checked (base/transfer.h), every redirect anew; keys and
// passwords go to the host they are meant for and to no other; what is retried is retried with
// jitter and as the server asks.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/transfer.h"

namespace tocsin::fetch {

struct Header {
  std::string name, value;
};

struct Request {
  std::string url;  // http or https
  std::string shown_url =
      {};                 // for messages, where the URL holds a key; "": the URL without its query
  std::string post = {};  // sent by POST with `content_type`, where not ""
  std::string content_type = "application/json";
  std::vector<Header> headers = {};  // to every host on the way
  // Only to the host of `url`, and never over plain http (but see `route`).
  std::vector<Header> secret_headers = {};
  std::string username = {}, password = {};  // the same; Basic
  std::string etag = {},
              last_modified = {};  // of the last answer: If-None-Match, If-Modified-Since
  std::string spool_path =
      {};  // where the body is written; "": into Response::body, at most 64 MiB
  // Where set: takes the body as it comes, also that of a refusal; then spool_path is "".
  std::function<void(std::string_view piece)> take = {};
  std::string contact = {};  // in the user agent: mail address or URL of who runs this node
  Route route = {};          // allow_private also allows secrets over plain http
  unsigned redirects_max = 5;
  bool same_host = false;  // a redirect to another host or port is refused, not followed
  std::vector<std::string> wanted_headers = {};  // what Response::headers is to have, if it came
  unsigned tries_max = 4;  // in all; network failures and 408, 425, 429, 5xx are tried again
  std::uint32_t pause_first_ms = 1'000, pause_max_ms = 60'000;
  // Waits; false: stop. Empty: waits on route.stop. For tests.
  std::function<bool(std::chrono::milliseconds)> wait = {};
};

struct Response {
  long status = 0;  // of the last hop; also 4xx and 5xx
  std::string etag, last_modified, content_type;
  std::string file_name;  // from Content-Disposition or the path; no folders, no control bytes
  std::string url;        // of the last hop, without query
  std::string body;       // where there is no spool_path
  std::uint64_t size_bytes = 0;
  std::uint64_t retry_after_s = 0;  // as the server asks; 0: it does not
  std::vector<Header> headers;      // those that were wanted
  bool unchanged() const { return status == 304; }
};

// Blocks; any thread. The spool file holds the body only if the status is 200 to 299; else it is
// removed. Errors: denied (guard, scheme, downgrade, secret to another host), invalid (URL, too
// large, broken gzip, redirect loop), unavailable (network, disk, stopping) after all tries.
Result<Response> get(const Request& request);

// Nothing for 2xx and 304. Errors: denied for 401 and 403, missing for 404 and 410, unavailable for
// what may pass (408, 425, 429, 5xx), else invalid.
Result<void> expect_success(const Response& response, std::string_view shown_url);

// "Tocsin/0.2.0 (+contact)"
std::string user_agent(std::string_view contact);

}  // namespace tocsin::fetch
