#include "api/api.h"

#include <condition_variable>
#include <mutex>

#include <spdlog/spdlog.h>

#include "api/answers.h"
#include "api/audited.h"

namespace tocsin::api {
namespace {

constexpr auto tick = std::chrono::milliseconds(100);
constexpr int ticks_per_check = 100;  // sessions that have ended, tokens' last use
constexpr std::size_t news_findings_max = LiveHub::findings_per_s;

TimeUs steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

http::Response refusal(int status, std::string_view detail) {
  http::Response response = http::problem(status, detail);
  if (status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tocsin\"");
  }
  if (status == 429) response.headers.emplace_back("Retry-After", "60");
  return response;
}

// What a caller without the needed role is told; nullopt: come in.
std::optional<http::Response> judge(const Route& route, const Result<Caller>& caller) {
  if (!caller) {
    // A wrong credential is told even where none is needed: its owner wants to know.
    bool braked = caller.error().fault == Fault::unavailable;
    bool csrf = caller.error().what.contains("X-CSRF-Token");
    return refusal(braked ? 429 : csrf ? 403 : 401, caller.error().what);
  }
  if (may(caller->role, route.right)) return std::nullopt;
  if (caller->role == Role::nobody) return refusal(401, "sign in, or send a token");
  return refusal(403, "this needs the right to " + std::string(name(route.right)) +
                          "; your role is " + std::string(name(caller->role)));
}

}  // namespace

Api::Api(Backend& backend, std::unique_ptr<Tokens> tokens, store::Audit& audit, Metrics& metrics,
         std::span<const ConsoleFile> files, std::function<TimeUs()> now)
    : tokens_(std::move(tokens)),
      context_{backend,   sessions_, *tokens_, brake_, audit,
               refusals_, live_,     metrics,  files,  std::move(now)},
      seconds_(metrics.histogram("tocsin_http_request_seconds", "Time to answer a request.",
                                 {0.001, 0.005, 0.025, 0.1, 0.25, 1, 5, 30})),
      pulse_([this](const std::stop_token& stop) { pulse(stop); }) {
  metrics.gauge("tocsin_live_streams", "Browsers that watch the live stream.", {},
                [this] { return static_cast<double>(live_.watchers()); });
}

Api::~Api() {
  stop();
}

void Api::stop() {
  pulse_.request_stop();
  live_.stop();
  if (auto written = refusals_.flush(context_.audit, context_.now(), true); !written) {
    spdlog::error("refused calls: {}", written.error().what);
  }
}

http::Admission Api::admit(const http::Request& head) {
  Matched matched = match(head);
  if (!matched.route) {
    http::Response response = refusal(matched.allowed.empty() ? 404 : 405, "");
    response.headers.emplace_back("Allow", matched.allowed);
    return {.refusal = std::move(response)};
  }
  const Route& route = *matched.route;
  Call call{.request = head, .path = std::move(matched.path), .now = context_.now()};
  // Files, health and signing in are for everybody, whatever cookie or token comes with the
  // request.
  Result<Caller> caller = Caller{};
  if (route.right != Right::nobody) {
    caller = Access{sessions_, *tokens_, brake_}.caller(head, call.now);
  }
  // A page asks first whether somebody is signed in; an empty answer is no failed request there.
  bool nobody = !caller || caller->role == Role::nobody;
  if (nobody && route.id == "showSession" && head.parameter("optional") == "true") {
    return {.refusal = http::Response{.status = 204}};
  }
  if (auto refused = judge(route, caller)) {
    call.caller = caller.value_or(Caller{});
    refusals_.add(act_of(route, call),
                  "denied: " + (caller ? std::to_string(refused->status) : caller.error().what));
    return {.refusal = std::move(refused)};
  }
  if (route.pattern != "/*") {
    auto params = Params::read(head, route.parameters, call.now);
    if (!params) return {.refusal = http::problem(params.error())};
    call.params = *std::move(params);
  }
  http::Admission admission{.lane = route.lane, .body_max = route.body_max};
  admission.handle = [this, &route, caller = *caller, params = std::move(call.params),
                      path = std::move(call.path),
                      now = call.now](const http::Request& request) -> Result<http::Response> {
    Call whole{.request = request,
               .caller = caller,
               .params = params,
               .path = path,
               .now = now,
               .started = std::chrono::steady_clock::now()};
    return handle_audited(context_, route, whole);
  };
  return admission;
}

http::Response Api::call(http::Request request) {
  request.peer = {.uid = 0};
  http::Admission admission = admit(request);
  if (admission.refusal) return *std::move(admission.refusal);
  auto response = admission.handle(request);
  return response ? *std::move(response) : http::problem(response.error());
}

void Api::observe(int status, std::chrono::microseconds took) {
  context_.metrics
      .counter("tocsin_http_requests_total", "Requests by status.",
               {{"status", std::to_string(status)}})
      .add();
  seconds_.observe(std::chrono::duration<double>(took).count());
}

std::string Api::new_code(std::string user, Role role) {
  return sessions_.new_code(std::move(user), role, context_.now());
}

// The live stream's heart: ten times a second it looks for news, if somebody watches.
void Api::pulse(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  for (int i = 1; !stop.stop_requested(); ++i) {
    wake.wait_for(lock, stop, tick, [] { return false; });
    if (stop.stop_requested()) break;
    TimeUs now = steady_us();
    if (live_.watched()) {
      live_.counters(context_.backend.counters(), context_.now(), now);
      News news = context_.backend.news(LiveHub::sample_items_max, news_findings_max);
      for (SampleItem& item : news.samples) live_.sample(std::move(item), news.one_of);
      for (const FindingRow& row : news.changed) live_.finding(object_of(row).text(), now);
      if (news.skipped > 0) live_.skipped(news.skipped);
      live_.tick(now);
    }
    if (auto written = refusals_.flush(context_.audit, context_.now()); !written) {
      spdlog::error("refused calls: {}", written.error().what);
    }
    if (i % ticks_per_check == 0) {
      tokens_->keep_uses();
      live_.end_unless([&](std::string_view principal) {
        return principal == "socket" || sessions_.alive(principal, context_.now()) ||
               tokens_->alive(principal);
      });
    }
  }
}

}  // namespace tocsin::api
