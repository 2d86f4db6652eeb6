#include "api/audited.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <spdlog/spdlog.h>

#include "base/json.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t text_max = 200, items_max = 20, depth_max = 6, details_max = 4096;
constexpr std::size_t outcome_max = 300, body_max = 64 << 10;

// Subjects too: whom an erasure or a hold is about, the audit must not keep.
bool is_secret(std::string_view name) {
  std::string low = text::lower(name);
  for (std::string_view word :
       {"password", "secret", "token", "code", "totp", "key", "credential", "subject"}) {
    if (low.contains(word)) return true;
  }
  return false;
}

std::string cut(std::string_view text, std::size_t most = text_max) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

void append(json::Writer& w, simdjson::dom::element value, std::size_t depth) {
  if (depth > depth_max) {
    w.value("…");
  } else if (value.is_object()) {
    w.object();
    for (auto member : simdjson::dom::object(value)) {
      if (is_secret(member.key)) continue;
      w.key(member.key);
      append(w, member.value, depth + 1);
    }
    w.end();
  } else if (value.is_array()) {
    simdjson::dom::array all = value;
    std::size_t count = 0;
    w.list();
    for (auto item : all) {
      if (++count > items_max) break;
      append(w, item, depth + 1);
    }
    if (all.size() > items_max) w.value(fmt::format("… {} in all", all.size()));
    w.end();
  } else if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
    w.value(cut(text));
  } else {
    w.raw(simdjson::minify(value));
  }
}

std::string object_of(const std::map<std::string, std::string, std::less<>>& path) {
  std::string out;
  for (const auto& [hole, value] : path) (out += out.empty() ? "" : " ") += cut(value);
  return out;
}

std::string outcome_of(const Result<http::Response>& response) {
  if (!response) {
    std::string_view word = response.error().fault == Fault::denied        ? "denied"
                            : response.error().fault == Fault::unavailable ? "failed"
                                                                           : "refused";
    return fmt::format("{}: {}", word, cut(response.error().what, outcome_max));
  }
  if (response->status < 400) return "done";
  std::string_view word = response->status == 403   ? "denied"
                          : response->status >= 500 ? "failed"
                                                    : "refused";
  return fmt::format("{}: {}", word, http::reason(response->status));
}

bool leaves_as_file(const Result<http::Response>& response) {
  if (!response || response->status >= 400) return false;
  for (const auto& [name, value] : response->headers) {
    if (text::equal_fold(name, "content-disposition")) return true;
  }
  return response->events != nullptr;  // the live stream may show anything
}

// `details` with one more member.
std::string with(std::string details, std::string_view name, std::string_view json) {
  if (details.empty()) details = "{}";
  details.pop_back();
  return fmt::format("{}{}\"{}\":{}}}", details, details.size() > 1 ? "," : "", name, json);
}

// After the answer is known: a change gets its outcome, a reading its row if it needs one.
Result<void> settle(Context& context, const Route& route, const Call& call,
                    const Result<http::Response>& response, std::uint64_t act) {
  if (act > 0) {
    // It has happened and is written down; that its outcome is not, is for the log.
    if (auto ended = context.audit.end(act, outcome_of(response), context.now()); !ended) {
      spdlog::error("row {}: {}", act, ended.error().what);
    }
    return {};
  }
  if (!response && response.error().fault == Fault::denied) {
    context.refusals.add(act_of(route, call), outcome_of(response));
    return {};
  }
  bool is_file = leaves_as_file(response);
  if (!is_file && (!response || call.shown->above_amber == 0)) return {};
  if (route.right == Right::nobody) return {};
  store::AuditAct row = act_of(route, call);
  if (call.shown->above_amber > 0) {
    row.details =
        with(std::move(row.details), "above_amber", std::to_string(call.shown->above_amber));
  }
  return context.audit.note(row, outcome_of(response));
}

}  // namespace

store::AuditAct act_of(const Call& call) {
  const Caller& caller = call.caller;
  return {.at = call.now,
          .who = caller.user,
          .user = caller.user_id,
          .role = std::string(caller.role == Role::nobody ? "" : name(caller.role)),
          .by = caller.principal,
          .address = call.origin.ip};
}

store::AuditAct act_of(const Route& route, const Call& call) {
  store::AuditAct act = act_of(call);
  act.call = fmt::format("{} {}", route.method, route.pattern);
  act.object = object_of(call.path);
  act.details = details_of(call.request);
  return act;
}

std::string details_of(const http::Request& request) {
  json::Writer w;
  w.object();
  std::string last;
  for (const auto& [name, value] : request.query) {
    if (is_secret(name) || name == last) continue;
    w.member(last = name, cut(value));
  }
  std::size_t size = std::max<std::size_t>(request.body_size, request.body.size());
  simdjson::dom::parser parser;
  simdjson::dom::object body;
  if (size > 0 && request.body.size() <= body_max && request.body.size() == size &&
      parser.parse(request.body).get(body) == simdjson::SUCCESS) {
    for (auto member : body) {
      if (is_secret(member.key) || request.query.contains(member.key)) continue;
      w.key(member.key);
      append(w, member.value, 1);
    }
  } else if (size > 0) {
    w.member("bytes", std::uint64_t{size});
  }
  w.end();
  std::string text = w.take();
  if (text == "{}") return {};
  if (text.size() > details_max) return fmt::format("{{\"bytes\":{}}}", size);
  return text;
}

Result<http::Response> handle_audited(Context& context, const Route& route, Call& call) {
  Shown shown;
  call.shown = &shown;
  std::uint64_t act = 0;
  // Who signs in is written down by the handlers themselves: here nobody is known yet.
  if (route.method != "GET" && route.right != Right::nobody) {
    act = TRY(context.audit.begin(act_of(route, call)));
  }
  auto response = route.handler(context, call);
  TRY(settle(context, route, call, response, act));
  return response;
}

void Refusals::add(store::AuditAct act, std::string_view outcome) {
  std::lock_guard lock(mutex_);
  bool is_nobody = act.by.empty();
  auto& kinds = is_nobody ? nobody_ : known_;
  // Of nobody only where from; what else was asked for is anybody's text.
  std::string key = is_nobody ? act.address : act.by + '\n' + act.call + '\n' + act.object;
  auto found = kinds.find(key);
  if (found == kinds.end()) {
    if (kinds.size() >= kinds_max) {
      ++(is_nobody ? nobody_more_ : known_more_);
      return;
    }
    found = kinds.emplace(key, Kind{std::move(act), std::string(outcome), 0}).first;
  }
  ++found->second.times;
}

Result<void> Refusals::flush(store::Audit& audit, TimeUs now, bool all) {
  std::vector<store::Audit::Done> rows;
  auto take = [&](std::map<std::string, Kind>& kinds, std::uint64_t& more, TimeUs& at,
                  TimeUs every) {
    if (!all && now - at < every && now >= at) return;
    at = now;
    for (auto& [key, kind] : kinds) {
      if (kind.times > 1) {
        kind.act.details = with(kind.act.details, "times", std::to_string(kind.times));
      }
      rows.push_back({std::move(kind.act), std::move(kind.outcome)});
    }
    if (more > 0) {
      rows.push_back({.act = {.at = now,
                              .by = "node",
                              .call = "refused calls",
                              .details = fmt::format("{{\"times\":{}}}", more)},
                      .outcome = "denied: more than were written one by one"});
    }
    kinds.clear();
    more = 0;
  };
  {
    std::lock_guard lock(mutex_);
    take(known_, known_more_, known_at_, known_every);
    take(nobody_, nobody_more_, nobody_at_, nobody_every);
  }
  return rows.empty() ? Result<void>() : audit.note(rows);
}

}  // namespace tocsin::api
