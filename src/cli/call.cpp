#include "cli/call.h"

#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tuple>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "api/served.h"
#include "base/http_client.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "node/home.h"

namespace tocsin::cli {
namespace {

constexpr auto caught_up_within = std::chrono::minutes(1);

}  // namespace

std::string default_home() {
  if (const char* home = std::getenv("TOCSIN_HOME"); home != nullptr && *home != '\0') return home;
  const char* user = std::getenv("HOME");
  return std::string(user != nullptr ? user : "/var/lib") + "/.local/share/tocsin";
}

struct Caller::State {
  std::optional<http::HttpClient> client;
  std::unique_ptr<api::Served> served;  // where no node runs: one of our own
  std::string home;
};

Caller::Caller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Caller::Caller(Caller&&) noexcept = default;
Caller::~Caller() = default;

Result<Caller> Caller::open(const std::string& home, bool make) {
  auto state = std::make_unique<State>();
  state->home = home;
  auto client = http::HttpClient::unix_socket(node::socket_path(home));
  if (client) {
    client->set_timeout(0);
    state->client = *std::move(client);
    return Caller(std::move(state));
  }
  std::error_code failed;
  if (!make && !std::filesystem::exists(home + "/journal.db", failed)) {
    return missing(
        fmt::format("no node's data in {}; name another folder with --home", text::quote(home)));
  }
  state->served = TRY(api::Served::open({.home = home}));
  // After a kill some of what was acknowledged is still on its way to where it is asked for.
  state->served->node().wait_visible(caught_up_within);
  return Caller(std::move(state));
}

namespace {

// What a problem+json answer says, as an error.
Error error_of(const http::Response& response) {
  simdjson::dom::parser parser;
  std::string_view detail, title;
  auto document = parser.parse(response.body);
  if (document.error() == simdjson::SUCCESS) {
    std::ignore = document["detail"].get(detail);
    std::ignore = document["title"].get(title);
  }
  std::string what(!detail.empty()  ? detail
                   : !title.empty() ? title
                                    : std::string_view("the node answers with an error"));
  Fault fault = response.status == 404   ? Fault::missing
                : response.status == 403 ? Fault::denied
                : response.status >= 500 ? Fault::unavailable
                                         : Fault::invalid;
  return {fault, what};
}

}  // namespace

Result<std::string> Caller::call(const Ask& ask) {
  std::string target = "/api/v1" + ask.path;
  char separator = '?';
  for (const auto& [name, value] : ask.query) {
    if (value.empty()) continue;
    target += separator + http::percent_encode(name) + "=" + http::percent_encode(value);
    separator = '&';
  }
  http::Response response;
  if (state_->client) {
    http::Call call{.method = ask.method, .target = target};
    call.body = ask.body;
    call.body_path = ask.body_path;
    if (ask.progress) {
      call.progress = [&](std::uint64_t sent, std::uint64_t of) {
        ask.progress(sent, of);
        return true;
      };
    }
    call.sink = ask.sink;
    response = TRY(state_->client->call(call));
  } else {
    http::Request request{.method = ask.method};
    TRY(http::read_target(target, request));
    request.peer.uid = getuid();
    request.body = ask.body;
    if (!ask.body_path.empty()) {
      struct stat status{};
      if (::stat(ask.body_path.c_str(), &status) != 0)
        return missing("no file " + text::quote(ask.body_path));
      // The handler may move the file it is given: it gets a name of its own in the spool.
      request.body_path = state_->served->node().intake().spool_path();
      std::error_code failed;
      std::filesystem::copy_file(ask.body_path, request.body_path, failed);
      if (failed) return unavailable("cannot copy to the spool: " + failed.message());
      request.body_size = static_cast<std::uint64_t>(status.st_size);
    } else {
      request.body_size = request.body.size();
    }
    response = state_->served->call(std::move(request));
    std::string piece;
    while (response.pieces) {
      piece.clear();
      bool more = TRY(response.pieces(piece));
      if (ask.sink) {
        TRY(ask.sink(piece));
      } else {
        response.body += piece;
      }
      if (!more) response.pieces = {};
    }
  }
  if (response.status >= 400) return std::unexpected(error_of(response));
  return std::move(response.body);
}

}  // namespace tocsin::cli
