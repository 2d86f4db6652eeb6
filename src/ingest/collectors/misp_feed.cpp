// misp_feed: a feed of MISP: its manifest, and of its events those whose timestamp grew.
// Source: misp-core-format Internet-Draft (November 2025), section "Manifest"; docs/misp.md.
#include <fmt/format.h>

#include <set>

#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "ingest/cursor.h"
#include "ingest/fetching.h"
#include "ingest/misp_answer.h"

namespace tocsin::ingest {
namespace {

constexpr std::uint64_t file_bytes_max = 256 << 20;  // it is parsed as a whole

constexpr std::array own_options = std::to_array<Option>({
    {.name = "url",
     .kind = OptionKind::url,
     .help = "of the folder in which manifest.json is",
     .required = true},
    {"key_secret", OptionKind::secret, "goes bare as Authorization"},
    {"username", OptionKind::text, "for Basic authentication"},
    {"password_secret", OptionKind::secret, "for Basic authentication"},
    {.name = "events_max",
     .kind = OptionKind::number,
     .help = "fetched in one run; 1000",
     .least = 1,
     .most = misp_events_max},
});
constexpr auto options = joined(own_options, route_options);

// The cursor has the manifest's `etag`, once all that it named is in, and of each event "e UUID",
// the timestamp of what was taken in.
class Run {
 public:
  Run(const Feed& feed, CollectorContext& context)
      : feed_(feed), context_(context), cursor_(Cursor::parse(context.cursor())) {
    url_ = feed.option("url");
    if (url_.ends_with("manifest.json")) url_.resize(url_.size() - 13);
    if (!url_.ends_with('/')) url_ += '/';
  }

  Result<void> collect() {
    fetch::Request request = TRY(prepare("manifest.json"));
    request.etag = cursor_.get("etag");
    auto response = TRY(fetch::get(request));
    TRY(fetch::expect_success(response, request.url));
    if (response.unchanged()) return {};
    auto listed = read_misp_manifest(response.body);
    if (!listed) return invalid(request.url + " " + listed.error().what);
    forget_all_but(*listed);
    cursor_.set("etag", "");
    const std::uint64_t events_max = number(feed_, "events_max", 1'000);
    std::uint64_t fetched = 0;
    for (const MispListing& one : *listed) {
      if (context_.stop().stop_requested()) return unavailable("stopping");
      if (one.timestamp_s <= cursor_.number("e " + one.uuid)) continue;
      if (++fetched > events_max) {
        return unavailable(fmt::format("{}: stopped after {}; the next run goes on there", url_,
                                       text::count(events_max, "event", "events")));
      }
      auto done = take(one);
      if (done) continue;
      if (ends_) return done;
      told_ = std::move(done);  // the others may be whole
    }
    if (told_) cursor_.set("etag", response.etag);
    TRY(context_.keep_cursor(cursor_.text()));
    return std::move(told_);
  }

 private:
  Result<fetch::Request> prepare(const std::string& name) {
    fetch::Request request = TRY(request_for(feed_, context_));
    if (feed_.option("size_max_bytes").empty()) request.route.size_max_bytes = file_bytes_max;
    request.url = url_ + name;
    request.same_host = true;
    if (auto secret = feed_.option("key_secret"); !secret.empty())
      request.secret_headers.push_back({"Authorization", TRY(context_.secret(secret))});
    request.username = feed_.option("username");
    if (auto secret = feed_.option("password_secret"); !secret.empty())
      request.password = TRY(context_.secret(secret));
    return request;
  }

  void forget_all_but(const std::vector<MispListing>& listed) {
    std::set<std::string> known;
    for (const MispListing& one : listed) known.insert("e " + one.uuid);
    std::erase_if(cursor_.values(), [&](const auto& value) {
      return value.first.starts_with("e ") && !known.contains(value.first);
    });
  }

  Result<void> take(const MispListing& one) {
    Spool spool(context_);
    fetch::Request request = TRY(prepare(one.uuid + ".json"));
    request.spool_path = spool.path();
    auto response = TRY(fetch::get(request));
    TRY(fetch::expect_success(response, request.url));
    auto file = TRY(MappedFile::open(spool.path()));
    if (!one.sha256.empty() && hex(sha256(file.bytes())) != one.sha256) {
      return unavailable(fmt::format(
          "{} is not what the manifest says: another SHA-256; it was not taken in", request.url));
    }
    cursor_.set("e " + one.uuid, std::to_string(one.timestamp_s));
    auto taken = hand_over(context_, {.name = one.uuid + ".json",
                                      .url = request.url,
                                      .path = spool.path(),
                                      .bytes = {},
                                      .cursor = cursor_.text()});
    ends_ = !taken;
    return taken;
  }

  const Feed& feed_;
  CollectorContext& context_;
  Cursor cursor_;
  std::string url_;
  bool ends_ = false;    // nothing can be taken in any more
  Result<void> told_{};  // what is wrong, although the run went on
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return Run(feed, context).collect();
}

}  // namespace

Collector misp_feed() {
  return {.summary = "a feed of MISP: its manifest, and the events whose timestamp grew",
          .collect = collect,
          .options = options};
}

}  // namespace tocsin::ingest
