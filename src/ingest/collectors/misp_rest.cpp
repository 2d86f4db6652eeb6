// misp_rest: the events of a MISP server by its search, page by page, from a timestamp on.
// Source: MISP 2.5, events/restSearch; docs/misp.md.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/time.h"
#include "ingest/cursor.h"
#include "ingest/fetching.h"
#include "ingest/misp_answer.h"

namespace tocsin::ingest {
namespace {

constexpr std::uint64_t page_bytes_max = 256 << 20;  // it is parsed as a whole
constexpr std::uint64_t ahead_max_s = 86'400;        // a timestamp so much later is not kept

constexpr std::array own_options = std::to_array<Option>({
    {.name = "url",
     .kind = OptionKind::url,
     .help = "of the server, without events/restSearch",
     .required = true},
    {.name = "key_secret",
     .kind = OptionKind::secret,
     .help = "the authentication key",
     .required = true},
    {"tags", OptionKind::list, "only events with one of these tags; all"},
    {"start", OptionKind::text, "only what changed after this time, as 2026-01-31; all"},
    {"unpublished", OptionKind::yes_no, "also events that are not published; false"},
    {.name = "page_size",
     .kind = OptionKind::number,
     .help = "events asked for at once; 50",
     .least = 1,
     .most = 10'000},
    {.name = "pages_max",
     .kind = OptionKind::number,
     .help = "in one run; 1000",
     .least = 1,
     .most = 100'000},
});
constexpr auto options = joined(own_options, route_options);

// The cursor has:
//   after  the newest timestamp when the last walk was over: each walk begins there, included
//   page   in the middle of a walk: the page that comes next
//   newest the newest timestamp of that walk so far
//   hash   SHA-256 of the page that was delivered last
//   known  uuids of the events that came
class Run {
 public:
  Run(const Feed& feed, CollectorContext& context)
      : feed_(feed), context_(context), cursor_(Cursor::parse(context.cursor())) {
    url_ = feed.option("url");
    if (!url_.ends_with('/')) url_ += '/';
    base_ = url_;
    url_ += "events/restSearch";
    std::string_view known = cursor_.get("known");
    while (!known.empty()) known_.emplace(text::cut(known, ' '));
  }

  Result<void> collect() {
    start_ = cursor_.number("after");
    if (auto start = feed_.option("start"); !start.empty()) {
      auto time = times::parse(start);
      if (!time) return invalid("start is no time: " + text::quote(start));
      start_ = std::max(start_, static_cast<std::uint64_t>(*time / us_per_s));
    }
    newest_ = std::max(start_, cursor_.number("newest"));
    page_ = std::max<std::uint64_t>(1, cursor_.number("page"));
    limit_ = number(feed_, "page_size", 50);
    const std::uint64_t pages_max = number(feed_, "pages_max", 1'000);
    for (std::uint64_t pages = 0; !done_; ++pages) {
      if (context_.stop().stop_requested()) return unavailable("stopping");
      if (pages >= pages_max) {
        return unavailable(fmt::format("{}: stopped after {}; the next run goes on there", url_,
                                       text::count(pages, "page", "pages")));
      }
      TRY(page());
    }
    return look_for_gone();
  }

 private:
  std::string asked() const {
    json::Writer w;
    w.object()
        .key("deleted")
        .list()
        .value(0)
        .value(1)
        .end()
        .member("limit", limit_)
        .member("page", page_);
    if (!yes(feed_, "unpublished")) w.member("published", true);
    w.member("returnFormat", "json");
    if (auto tags = list(feed_, "tags"); !tags.empty()) {
      w.key("tags").list();
      for (const std::string& tag : tags) w.value(tag);
      w.end();
    }
    if (start_ > 0) w.member("timestamp", std::to_string(start_));
    return w.end().take();
  }

  Result<void> page() {
    Spool spool(context_);
    fetch::Request request = TRY(prepare(url_, asked()));
    request.spool_path = spool.path();
    auto response = TRY(fetch::get(request));
    TRY(fetch::expect_success(response, url_));
    auto file = TRY(MappedFile::open(spool.path()));
    auto said = read_misp_page(file.bytes());
    if (!said) return unavailable(url_ + " " + said.error().what);
    std::string hash = hex(sha256(file.bytes()));
    // A server that ignores `page` gives the same again and again; some give the last page for
    // ever.
    bool any_new = std::ranges::any_of(said->seen, [&](auto& one) { return !seen_.contains(one); });
    bool repeats = said->events > 0 && !any_new;
    seen_.insert(said->seen.begin(), said->seen.end());
    for (const std::string& one : said->seen) {
      std::string uuid = text::lower(one.substr(0, one.find(' ')));
      if (is_misp_uuid(uuid) && known_.size() < misp_events_max) known_.insert(std::move(uuid));
    }
    keep_known();
    newest_ = std::max(newest_, said->newest_s);
    done_ = said->events < limit_ || repeats;
    ++page_;
    note(hash);
    if (said->events == 0 || repeats || hash == delivered_) return keep();
    delivered_ = hash;
    return hand_over(context_, {.name = fmt::format("events-{}.json", page_ - 1),
                                .url = url_,
                                .path = spool.path(),
                                .bytes = {},
                                .cursor = cursor_.text()});
  }

  // Events that came and are in the server's index no more were deleted there, or are not published
  // any more: a report of our own says so. Who does not answer is asked again in the next run.
  Result<void> look_for_gone() {
    if (known_.empty()) return {};
    json::Writer w;
    w.object().member("minimal", std::uint64_t{1});
    if (!yes(feed_, "unpublished")) w.member("published", std::uint64_t{1});
    fetch::Request request = TRY(prepare(base_ + "events/index", w.end().take()));
    auto response = fetch::get(request);
    if (!response || !fetch::expect_success(*response, request.url)) return {};
    auto index = read_misp_index(response->body);
    if (!index || index->empty()) return {};  // a server that lost all at once is not believed
    std::vector<std::string> gone;
    std::ranges::set_difference(known_, *index, std::back_inserter(gone));
    if (gone.empty()) return {};
    json::Writer said;
    said.object().key("response").list();
    for (const std::string& uuid : gone) {
      said.object().key("Event").object().member("deleted", true).member("uuid", uuid).end().end();
      known_.erase(uuid);
    }
    keep_known();
    return hand_over(context_, {.name = "deleted.json",
                                .url = request.url,
                                .bytes = said.end().end().take(),
                                .cursor = cursor_.text(),
                                .again = true});
  }

  Result<fetch::Request> prepare(const std::string& url, std::string asked) {
    fetch::Request request = TRY(request_for(feed_, context_));
    if (feed_.option("size_max_bytes").empty()) request.route.size_max_bytes = page_bytes_max;
    request.url = url;
    request.post = std::move(asked);
    request.headers.push_back({"Accept", "application/json"});
    request.secret_headers.push_back(
        {"Authorization", TRY(context_.secret(feed_.option("key_secret")))});
    request.same_host = true;
    return request;
  }

  void keep_known() {
    std::string text;
    for (const std::string& uuid : known_) text += (text.empty() ? "" : " ") + uuid;
    cursor_.set("known", std::move(text));
  }

  void note(const std::string& hash) {
    auto ahead = static_cast<std::uint64_t>(times::now() / us_per_s) + ahead_max_s;
    newest_ = std::min(newest_, ahead);
    cursor_.set("after", std::to_string(done_ ? newest_ : cursor_.number("after")));
    cursor_.set("page", done_ ? "" : std::to_string(page_));
    cursor_.set("newest", done_ ? "" : std::to_string(newest_));
    cursor_.set("hash", hash);
  }
  Result<void> keep() { return context_.keep_cursor(cursor_.text()); }

  const Feed& feed_;
  CollectorContext& context_;
  Cursor cursor_;
  std::string base_, url_;
  std::uint64_t start_ = 0, newest_ = 0, page_ = 1, limit_ = 0;
  std::string delivered_{cursor_.get("hash")};
  bool done_ = false;
  std::set<std::string> seen_;   // in this run
  std::set<std::string> known_;  // uuids of events that came, the first misp_events_max
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return Run(feed, context).collect();
}

}  // namespace

Collector misp_rest() {
  return {.summary = "the events of a MISP server by its search, from a timestamp on",
          .collect = collect,
          .options = options};
}

}  // namespace tocsin::ingest
