#include "share/taxii_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::size_t values_max = 1000;  // of one match field

struct MediaRange {
  std::string type, version;  // in lower case
  bool refused = false;       // quality 0
};

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return value;
}

// Source: RFC 9110 sections 8.3.1, 12.5.1.
MediaRange media_range(std::string_view item) {
  MediaRange out;
  out.type = text::lower(text::trim(text::cut(item, ';')));
  while (!item.empty()) {
    std::string_view value = text::trim(text::cut(item, ';'));
    std::string name = text::lower(text::trim(text::cut(value, '=')));
    value = unquoted(text::trim(value));
    if (name == "version") out.version = text::lower(value);
    if (name == "q") {
      auto quality = text::decimal(value);
      out.refused = quality && *quality == 0;
    }
  }
  return out;
}

bool is_known(const MediaRange& range, bool any_allowed) {
  if (any_allowed && (range.type == "*/*" || range.type == "application/*")) return true;
  bool is_ours = range.type == "application/taxii+json" ||
                 (any_allowed && range.type == "application/stix+json");
  return is_ours && (range.version.empty() || range.version == "2.1");
}

Result<std::optional<std::string>> single(const http::Request& request, const std::string& name) {
  auto [begin, end] = request.query.equal_range(name);
  if (begin == end) return std::nullopt;
  if (std::next(begin) != end) return invalid(text::quote(name) + " is given twice");
  if (begin->second.empty()) return invalid(text::quote(name) + " is empty");
  return begin->second;
}

Result<std::set<std::string>> values(const http::Request& request, std::string_view field,
                                     bool& any) {
  std::string name = fmt::format("match[{}]", field);
  auto given = TRY(single(request, name));
  std::set<std::string> out;
  if (!given) return out;
  any = true;
  std::string_view rest = *given;
  bool more = true;
  while (more) {
    more = rest.contains(',');
    std::string_view value = text::cut(rest, ',');
    if (value.empty()) return invalid(text::quote(name) + " has an empty value");
    out.emplace(value);
    if (out.size() > values_max)
      return invalid(fmt::format("{} has more than {} values", text::quote(name), values_max));
  }
  return out;
}

// Only the spelling that STIX and TAXII write. Source: TAXII 2.1 section 2 (timestamp).
Result<TimeUs> timestamp(std::string_view name, std::string_view text) {
  bool is_whole = text.size() >= 20 && text[10] == 'T' && text.ends_with('Z');
  auto time = is_whole ? times::parse(text) : Result<TimeUs>(invalid(""));
  if (!time) {
    return invalid(fmt::format("{} is not a time such as 2026-01-02T03:04:05.000000Z: {}",
                               text::quote(name), text::quote(text)));
  }
  return time;
}

Result<void> read_versions(const std::set<std::string>& given, TaxiiMatch& match) {
  if (given.empty()) return {};
  match.last = given.contains("last");
  match.first = given.contains("first");
  match.all = given.contains("all");
  if (match.all && given.size() > 1) return invalid("\"match[version]\": all stands alone");
  for (const std::string& value : given) {
    if (value == "last" || value == "first" || value == "all") continue;
    match.versions.insert(TRY(timestamp("match[version]", value)));
  }
  return {};
}

}  // namespace

bool accepts_taxii(std::string_view accept) {
  if (text::trim(accept).empty()) return true;
  while (!accept.empty()) {
    MediaRange range = media_range(text::cut(accept, ','));
    if (is_known(range, true) && !range.refused) return true;
  }
  return false;
}

bool is_taxii_content(std::string_view content_type) {
  return is_known(media_range(content_type), false);
}

std::string TaxiiMatch::text() const {
  if (*this == TaxiiMatch{}) return {};
  return fmt::format("{}\n{}\n{}\n{}{}{}\n{}", fmt::join(ids, ","), fmt::join(types, ","),
                     fmt::join(spec_versions, ","), first ? "f" : "", last ? "l" : "",
                     all ? "a" : "", fmt::join(versions, ","));
}

Result<TaxiiQuery> TaxiiQuery::read(const http::Request& request) {
  TaxiiQuery out;
  out.match.ids = TRY(values(request, "id", out.matches));
  out.match.types = TRY(values(request, "type", out.matches));
  out.match.spec_versions = TRY(values(request, "spec_version", out.matches));
  auto versions = TRY(values(request, "version", out.matches));
  TRY(read_versions(versions, out.match));
  if (auto after = TRY(single(request, "added_after"))) {
    out.added_after = TRY(timestamp("added_after", *after));
    out.added_after_text = *after;
  }
  if (auto limit = TRY(single(request, "limit"))) {
    bool digits = std::ranges::all_of(*limit, [](char c) { return c >= '0' && c <= '9'; });
    bool zero = std::ranges::all_of(*limit, [](char c) { return c == '0'; });
    if (!digits || zero)
      return invalid("\"limit\" is a number above 0, not " + text::quote(*limit));
    out.limit = std::size_t{text::number(*limit).value_or(SIZE_MAX)};
  }
  if (auto next = TRY(single(request, "next"))) out.next = *next;
  return out;
}

std::string taxii_time(TimeUs time) {
  std::string out = times::format(time);
  if (out.size() == 20) out.insert(19, ".000000");
  return out;
}

}  // namespace tocsin::share
