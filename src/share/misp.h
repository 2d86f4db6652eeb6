// Misp: what programs that speak MISP are answered: the files of a feed, and the calls by which
// PyMISP and MISP read. Nothing can be written. docs/misp.md.
// Source: misp-core-format Internet-Draft (November 2025); MISP 2.5 and PyMISP 2.5, what they ask.
#pragma once

#include <string>

#include "base/http.h"
#include "share/misp_feeds.h"

namespace tocsin::share {

// Is it a path that serve_misp() answers?
bool is_misp_path(const http::Request& request);

// `member`: whose request it is. Errors are MISP's, with name, message and url.
http::Response serve_misp(const http::Request& request, const std::string& member,
                          MispFeeds& feeds);
// The answer to a caller who is nobody, and to one who is refused before anything is looked up.
http::Response misp_unauthenticated();
http::Response misp_refusal(int status, std::string_view why);

}  // namespace tocsin::share
