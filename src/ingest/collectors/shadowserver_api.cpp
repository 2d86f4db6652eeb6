// shadowserver_api: lists the reports of Shadowserver's API by signed requests and downloads the
// new ones. Source: Shadowserver's reports API (reports/list; HMAC2 header), as in their api_utils.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <unordered_set>

#include "base/hash.h"
#include "base/hmac.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "ingest/cursor.h"
#include "ingest/fetching.h"

namespace tocsin::ingest {
namespace {

constexpr std::string_view usual_api = "https://transform.shadowserver.org/api2/";
constexpr std::string_view usual_downloads = "https://dl.shadowserver.org/";
constexpr std::size_t reports_a_day_max = 5'000;

constexpr std::array own_options = std::to_array<Option>({
    {.name = "key_secret", .kind = OptionKind::secret, .help = "the API key", .required = true},
    {.name = "signing_secret",
     .kind = OptionKind::secret,
     .help = "the API's secret, which signs requests",
     .required = true},
    {"reports", OptionKind::list, "only these subscriptions, as a country's name; all"},
    {"types", OptionKind::list, "only these report types, as event4_sinkhole; all"},
    {.name = "days",
     .kind = OptionKind::number,
     .help = "how many days back to look, today included; 3",
     .least = 1,
     .most = 31},
    {"api_url", OptionKind::url, "another address of the API"},
    {"download_url", OptionKind::url, "another address of the downloads"},
});
constexpr auto options = joined(own_options, route_options);

struct Listed {
  std::string id, file, type;
};

std::string list_request(const Feed& feed, std::string_view key, Day day) {
  json::Writer out;
  out.object().member("apikey", key).member("date", times::format_day(day));
  if (auto names = list(feed, "reports"); !names.empty()) {
    out.key("reports").list();
    for (const std::string& name : names) out.value(name);
    out.end();
  }
  return out.end().take();
}

// An id becomes part of a URL, so it must be plain.
bool is_id(std::string_view id) {
  if (id.empty() || id.size() > 256) return false;
  for (char c : id) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && c != '-' && c != '_') return false;
  }
  return true;
}

// Errors: denied with the API's own words; invalid for an answer of another shape.
Result<std::vector<Listed>> read_list(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body).get(root) != simdjson::SUCCESS) {
    return invalid("reports/list answered no JSON: " + text::quote(body));
  }
  std::string_view error;
  if (root["error"].get_string().get(error) == simdjson::SUCCESS) {
    return denied("the API answered: " + text::quote(error));
  }
  simdjson::dom::array rows;
  if (root.get_array().get(rows) != simdjson::SUCCESS) {
    return invalid("reports/list answered no list: " + text::quote(body));
  }
  std::vector<Listed> out;
  for (simdjson::dom::element row : rows) {
    std::string_view id, file, type;
    if (row["id"].get_string().get(id) != simdjson::SUCCESS || !is_id(id) ||
        row["file"].get_string().get(file) != simdjson::SUCCESS ||
        out.size() >= reports_a_day_max) {
      return invalid("reports/list names a report without a plain id and file name");
    }
    if (row["type"].get_string().get(type) != simdjson::SUCCESS) type = {};
    out.push_back({std::string(id), std::string(file.substr(file.find_last_of("/\\") + 1)),
                   std::string(type)});
  }
  return out;
}

bool is_wanted(const std::vector<std::string>& types, const Listed& report) {
  if (types.empty()) return true;
  for (const std::string& type : types) {
    if (report.type == type || report.file.contains("-" + type + "-")) return true;
  }
  return false;
}

class Run {
 public:
  Run(const Feed& feed, CollectorContext& context)
      : feed_(feed), context_(context), cursor_(Cursor::parse(context.cursor())) {}

  Result<void> collect() {
    key_ = TRY(context_.secret(feed_.option("key_secret")));
    signing_ = TRY(context_.secret(feed_.option("signing_secret")));
    Day today = times::day_of(times::now());
    Day first = today - static_cast<Day>(number(feed_, "days", 3)) + 1;
    forget_before(first - 3);
    Result<void> worst{};
    for (Day day = first; day <= today; ++day) {
      auto reports = TRY(reports_of(day));
      for (const Listed& report : reports) {
        auto done = take(day, report);
        if (done) continue;
        // Another report's download may still work; a full disk or a stop ends the run.
        if (stopped_ || context_.stop().stop_requested()) return done;
        worst = std::move(done);
      }
    }
    return worst;
  }

 private:
  void forget_before(Day day) {
    auto& values = cursor_.values();
    values.erase(values.begin(), values.lower_bound(times::format_day(day)));
  }

  Result<std::vector<Listed>> reports_of(Day day) {
    fetch::Request request = TRY(request_for(feed_, context_));
    request.url = std::string(feed_.option("api_url", usual_api)) + "reports/list";
    request.post = list_request(feed_, key_, day);
    request.secret_headers.push_back({"HMAC2", hex(hmac_sha256(signing_, request.post))});
    fetch::Response response = TRY(fetch::get(request));
    TRY(fetch::expect_success(response, request.url));
    return read_list(response.body);
  }

  Result<void> take(Day day, const Listed& report) {
    if (!is_wanted(list(feed_, "types"), report)) return {};
    std::string date = times::format_day(day);
    std::vector<std::uint64_t> seen = hashes_from_text(cursor_.get(date));
    std::uint64_t hash = hash64(report.id);
    if (std::find(seen.begin(), seen.end(), hash) != seen.end()) return {};
    Spool spool(context_);
    fetch::Request request = TRY(request_for(feed_, context_));
    std::string base(feed_.option("download_url", usual_downloads));
    request.url = base + report.id;
    request.shown_url = base + "{id}";  // who knows the id may download the report
    request.spool_path = spool.path();
    fetch::Response response = TRY(fetch::get(request));
    TRY(fetch::expect_success(response, report.file));
    if (response.size_bytes == 0) return {};  // not ready yet: asked for again in the next run
    seen.push_back(hash);
    cursor_.set(date, hashes_to_text(seen));
    auto receipt = context_.deliver({.name = report.file,
                                     .url = request.shown_url,
                                     .path = spool.path(),
                                     .bytes = {},
                                     .cursor = cursor_.text()});
    if (receipt || receipt.error().fault == Fault::invalid) return {};
    stopped_ = true;
    return std::unexpected(std::move(receipt).error());
  }

  const Feed& feed_;
  CollectorContext& context_;
  Cursor cursor_;  // "2026-01-02" -> hashes of the ids that were taken
  std::string key_, signing_;
  bool stopped_ = false;
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return Run(feed, context).collect();
}

}  // namespace

Collector shadowserver_api() {
  return {.summary = "Shadowserver's reports by their API: signed list and download",
          .collect = collect,
          .options = options};
}

}  // namespace tocsin::ingest
