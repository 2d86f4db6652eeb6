#include "api/api.h"

#include <condition_variable>
#include <mutex>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "api/answers.h"
#include "api/audited.h"
#include "api/handlers.h"
#include "share/misp.h"
#include "share/taxii.h"

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

// What there is to do before a start password was changed: that, and going away.
bool is_before_password(const Route& route) {
  return route.pattern == "/api/v1/session" || route.pattern == "/api/v1/profile" ||
         route.pattern == "/api/v1/profile/password";
}

// What a caller without the needed right is told; nullopt: come in.
std::optional<http::Response> judge(const Route& route, const Result<Caller>& caller) {
  if (!caller) {
    // A wrong credential is told even where none is needed: its owner wants to know.
    bool braked = caller.error().fault == Fault::unavailable;
    bool csrf = caller.error().what.contains("X-CSRF-Token");
    return refusal(braked ? 429 : csrf ? 403 : 401, caller.error().what);
  }
  if (caller->must_change && route.right != Right::nobody && !is_before_password(route)) {
    return refusal(403, "change your password first");
  }
  if (caller->may(route.right)) return std::nullopt;
  if (caller->role == Role::nobody) return refusal(401, "sign in, or send a token");
  return refusal(403, "this needs the right to " + std::string(name(route.right)) +
                          "; your role is " + std::string(name(caller->role)));
}

}  // namespace

Api::Api(Backend& backend, Door door, Metrics& metrics, std::span<const ConsoleFile> files,
         std::function<TimeUs()> now)
    : door_(std::move(door)),
      sessions_(door_.settings.lives),
      oidc_(door_.settings.oidc ? std::make_unique<Oidc>(*door_.settings.oidc) : nullptr),
      pace_(door_.settings.requests_per_s),
      context_{.backend = backend,
               .sessions = sessions_,
               .tokens = *door_.tokens,
               .people = *door_.people,
               .sign_in = door_.settings,
               .oidc = oidc_.get(),
               .brake = brake_,
               .audit = door_.audit,
               .refusals = refusals_,
               .live = live_,
               .metrics = metrics,
               .files = files,
               .now = std::move(now)},
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
  if (share::is_taxii_path(head) || share::is_misp_path(head)) return admit_taxii(head);
  Matched matched = match(head);
  if (!matched.route) {
    http::Response response = refusal(matched.allowed.empty() ? 404 : 405, "");
    response.headers.emplace_back("Allow", matched.allowed);
    return {.refusal = std::move(response)};
  }
  const Route& route = *matched.route;
  Call call{.request = head, .path = std::move(matched.path), .now = context_.now()};
  call.origin = origin_of(head, door_.settings.proxy);
  Result<Caller> caller = caller_of(route, call);
  // A page asks first whether somebody is signed in; an empty answer is no failed request there.
  bool nobody = !caller || caller->role == Role::nobody;
  if (nobody && route.id == "showSession" && head.parameter("optional") == "true") {
    return {.refusal = http::Response{.status = 204}};
  }
  if (auto refused = judge(route, caller)) {
    call.caller = caller.value_or(Caller{});
    refusals_.add(act_of(route, call), caller ? fmt::format("denied: {}", refused->status)
                                              : "denied: " + caller.error().what);
    return {.refusal = std::move(refused)};
  }
  if (!nobody && caller->by != Caller::By::socket) {
    if (auto wait = pace_.take(caller->principal, steady_us())) {
      http::Response response = http::problem(429, "too many requests");
      response.headers.emplace_back("Retry-After", std::to_string(wait));
      return {.refusal = std::move(response)};
    }
  }
  if (route.pattern != "/*") {
    auto params = Params::read(head, route.parameters, call.now);
    if (!params) return {.refusal = http::problem(params.error())};
    call.params = *std::move(params);
  }
  http::Admission admission{.lane = route.lane, .body_max = route.body_max};
  admission.handle =
      [this, &route, origin = call.origin, params = std::move(call.params),
       path = std::move(call.path)](const http::Request& request) -> Result<http::Response> {
    Call whole{.request = request,
               .caller = {},
               .origin = origin,
               .params = params,
               .path = path,
               .now = context_.now(),
               .started = std::chrono::steady_clock::now()};
    // A body may come minutes after its head: who may what is what holds now.
    Result<Caller> now_caller = caller_of(route, whole);
    whole.caller = now_caller.value_or(Caller{});
    if (auto refused = judge(route, now_caller)) {
      refusals_.add(act_of(route, whole), now_caller ? fmt::format("denied: {}", refused->status)
                                                     : "denied: " + now_caller.error().what);
      return *std::move(refused);
    }
    return handle_audited(context_, route, whole);
  };
  return admission;
}

// Files, health and signing in are for everybody, whatever cookie or token comes with the request.
Result<Caller> Api::caller_of(const Route& route, const Call& call) {
  if (route.right == Right::nobody) return Caller{};
  return Access{sessions_, *door_.tokens, *door_.people, brake_, door_.settings.proxy}.caller(
      call.request, call.origin, call.now);
}

http::Response Api::call(http::Request request) {
  if (!request.peer.uid) request.peer = {.uid = 0};
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

std::string Api::new_code(Role role) {
  return sessions_.new_code(role, context_.now());
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
      door_.tokens->keep_uses();
      end_lost_streams(context_);
    }
  }
}

}  // namespace tocsin::api
