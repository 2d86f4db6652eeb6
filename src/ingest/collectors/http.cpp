// http: one URL by http or https, fetched again only when it changed.
// Source: RFC 9110 sections 10.2.3 (Retry-After) and 13.1 (conditional requests).
#include <fmt/format.h>

#include "base/time.h"
#include "ingest/cursor.h"
#include "ingest/fetching.h"

namespace tocsin::ingest {
namespace {

constexpr std::array own_options = std::to_array<Option>({
    {.name = "url",
     .kind = OptionKind::url,
     .help = "may hold {key}, and {Y} {M} {D} for the date",
     .required = true},
    {"key_secret", OptionKind::secret, "what stands for {key} in the URL"},
    {"secret_headers", OptionKind::secrets, "headers whose values are secrets, as Auth-Key"},
    {"headers", OptionKind::texts, "further headers"},
    {"username", OptionKind::text, "for Basic authentication"},
    {"password_secret", OptionKind::secret, "for Basic authentication"},
    {.name = "date_back_days",
     .kind = OptionKind::number,
     .help = "{Y} {M} {D} name the day so long ago; 0",
     .most = 366},
});
constexpr auto options = joined(own_options, route_options);

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// The URL with its date, still with {key}.
std::string dated_url(const Feed& feed, TimeUs now) {
  std::string url(feed.option("url"));
  Day day = times::day_of(now) - static_cast<Day>(number(feed, "date_back_days", 0));
  auto [year, month, date] = times::civil(day);
  replace_all(url, "{Y}", fmt::format("{:04}", year));
  replace_all(url, "{M}", fmt::format("{:02}", month));
  replace_all(url, "{D}", fmt::format("{:02}", date));
  return url;
}

// In a URL a key stands percent-encoded. Source: RFC 3986 section 2.3.
std::string encoded(std::string_view key) {
  std::string out;
  for (char c : key) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Result<fetch::Request> prepare(const Feed& feed, CollectorContext& context,
                               const std::string& shown) {
  fetch::Request request = TRY(request_for(feed, context));
  request.url = shown;
  if (shown.contains("{key}")) {
    request.shown_url = shown;
    replace_all(request.url, "{key}", encoded(TRY(context.secret(feed.option("key_secret")))));
  }
  for (auto& [name, value] : table(feed, "headers")) request.headers.push_back({name, value});
  for (auto& [name, secret] : table(feed, "secret_headers")) {
    request.secret_headers.push_back({name, TRY(context.secret(secret))});
  }
  request.username = feed.option("username");
  if (auto name = feed.option("password_secret"); !name.empty()) {
    request.password = TRY(context.secret(name));
  }
  return request;
}

Result<void> collect(const Feed& feed, CollectorContext& context) {
  TimeUs now = times::now();
  std::string shown = dated_url(feed, now);
  Cursor cursor = Cursor::parse(context.cursor());
  auto now_s = static_cast<std::uint64_t>(now / us_per_s);
  if (std::uint64_t until = cursor.number("not_before");
      until > now_s && until - now_s <= 7 * 86'400) {
    return unavailable("the server asked to come back after " +
                       times::format(static_cast<TimeUs>(until) * us_per_s));
  }
  fetch::Request request = TRY(prepare(feed, context, shown));
  if (cursor.get("url") == shown) {
    request.etag = cursor.get("etag");
    request.last_modified = cursor.get("last_modified");
  }
  Spool spool(context);
  request.spool_path = spool.path();
  fetch::Response response = TRY(fetch::get(request));
  cursor.set("not_before", response.retry_after_s > 0
                               ? std::to_string(now_s + response.retry_after_s)
                               : std::string());
  if (auto done = fetch::expect_success(response, shown); !done) {
    TRY(context.keep_cursor(cursor.text()));
    return done;
  }
  if (response.unchanged()) return context.keep_cursor(cursor.text());
  cursor.set("url", shown);
  cursor.set("etag", response.etag);
  cursor.set("last_modified", response.last_modified);
  auto receipt = context.deliver({.name = response.file_name,
                                  .url = shown,
                                  .path = spool.path(),
                                  .bytes = {},
                                  .cursor = cursor.text()});
  if (!receipt) return std::unexpected(std::move(receipt).error());
  return {};
}

}  // namespace

Collector http() {
  return {.summary = "one URL by http or https, fetched again only when it changed",
          .collect = collect,
          .options = options};
}

}  // namespace tocsin::ingest
