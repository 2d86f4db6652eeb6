#include "api/routes.h"

#include <algorithm>

#include "api/routes_parts.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

std::vector<Route> make_table() {
  std::vector<Route> all;
  for (auto part : {session_routes, people_routes, finding_routes, stats_routes, warning_routes,
                    feed_routes, intake_routes, operation_routes, correction_routes, law_routes,
                    alert_routes, triage_routes, case_routes, node_routes, audit_routes,
                    partner_routes, request_routes, ledger_routes, indicator_routes}) {
    for (Route& route : part()) all.push_back(std::move(route));
  }
  return all;
}

std::vector<std::string_view> parts_of(std::string_view pattern) {
  std::vector<std::string_view> parts;
  pattern.remove_prefix(1);
  while (!pattern.empty()) parts.push_back(text::cut(pattern, '/'));
  return parts;
}

// Literal segments of a pattern as far as they match; nullopt: it does not match.
std::optional<std::size_t> fits(std::string_view pattern, const std::vector<std::string>& segments,
                                std::map<std::string, std::string, std::less<>>& path) {
  if (pattern == "/*") return 0;
  auto parts = parts_of(pattern);
  if (parts.size() != segments.size()) return std::nullopt;
  std::size_t literal = 1;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with('{')) {
      if (segments[i].empty()) return std::nullopt;
      path.emplace(parts[i].substr(1, parts[i].size() - 2), segments[i]);
    } else if (parts[i] == segments[i]) {
      ++literal;
    } else {
      return std::nullopt;
    }
  }
  return literal;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_table();
  return table;
}

Matched match(const http::Request& request) {
  std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  Matched best;
  std::size_t most = 0;  // literal segments: "summary" goes before "{id}"
  bool listed = false;
  for (const Route& route : routes()) {
    std::map<std::string, std::string, std::less<>> path;
    auto literal = fits(route.pattern, request.segments, path);
    if (!literal || (*literal == 0 && listed)) continue;
    if (*literal > 0) listed = true;
    if (route.method != method) {
      if (!best.allowed.contains(route.method)) {
        (best.allowed += best.allowed.empty() ? "" : ", ") += route.method;
      }
    } else if (!best.route || *literal > most) {
      best.route = &route;
      best.path = std::move(path);
      most = *literal;
    }
  }
  return best;
}

}  // namespace tocsin::api
