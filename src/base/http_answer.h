// How an answer's head is written, and its body packed. For base/http_server.cpp.
#pragma once

#include <cstdint>
#include <string>

#include "base/http.h"

namespace tocsin::http {

// How the reader knows where the body ends.
enum class Framing : std::uint8_t { length, chunked, until_close, none };

// The status line and all headers, with those that protect a browser; `secure`: over TLS.
std::string head_text(const Response& response, Framing framing, bool keep, bool secure);

// Packs a text's body with gzip if it is worth it and the client takes it.
void compress(const Request& request, Response& response);

}  // namespace tocsin::http
