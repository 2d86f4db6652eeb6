// taxii: the collections of a TAXII 2.1 server, page by page, each page a report.
// Source: OASIS TAXII Version 2.1; docs/taxii.md has what is done about servers that break its
// rules.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/http.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/time.h"
#include "ingest/cursor.h"
#include "ingest/fetching.h"
#include "ingest/taxii_answer.h"
#include "wire/stix_words.h"

namespace tocsin::ingest {
namespace {

constexpr std::uint64_t page_bytes_max = 256 << 20;  // it is parsed as a whole
constexpr std::uint64_t limit_max = 100'000;         // asked for to get past objects of one date
constexpr unsigned stalled_max = 100;                // pages in a row that bring nothing
constexpr TimeUs ahead_max = us_per_day;             // a date so much later than now is not kept

constexpr std::array own_options = std::to_array<Option>({
    {.name = "url",
     .kind = OptionKind::url,
     .help = "of the discovery, an API root or a collection",
     .required = true},
    {"collection", OptionKind::text, "its id or alias; all that may be read"},
    {"token_secret", OptionKind::secret, "a bearer token"},
    {"username", OptionKind::text, "for Basic authentication"},
    {"password_secret", OptionKind::secret, "for Basic authentication"},
    {"start", OptionKind::text, "take only what was added after this time, as 2026-01-31; all"},
    {.name = "page_size",
     .kind = OptionKind::number,
     .help = "objects asked for at once; 1000",
     .least = 1,
     .most = limit_max},
    {.name = "overlap_s",
     .kind = OptionKind::number,
     .help = "so much before the newest date each run begins, for dates that do not only rise; 300",
     .most = 30 * 86'400},
    {.name = "pages_max",
     .kind = OptionKind::number,
     .help = "of one collection in one run; 10000",
     .least = 1,
     .most = 1'000'000},
    {.name = "run_bytes_max",
     .kind = OptionKind::number,
     .help = "of one collection in one run; 16 GiB",
     .least = 1},
});
constexpr auto options = joined(own_options, route_options);

std::string with_slash(std::string url) {
  url.resize(std::min(url.size(), url.find_first_of("?#")));
  if (!url.ends_with('/')) url += '/';
  return url;
}

struct Collection {
  std::string id, title;
  std::string url;  // with its last slash
};

// A day or a time that a server or a person wrote. nullopt: it is none.
std::optional<TimeUs> time_of(std::string_view text) {
  if (auto exact = wire::stix_time(text)) return exact->us();
  auto time = times::parse(text);
  return time ? std::optional(*time) : std::nullopt;
}

class Run {
 public:
  Run(const Feed& feed, CollectorContext& context)
      : feed_(feed), context_(context), cursor_(Cursor::parse(context.cursor())) {}

  Result<void> collect();

 private:
  class Walk;

  // The body goes to `spool_path`, or into the answer. Errors: those of fetch::get().
  Result<fetch::Response> get(const std::string& url, const std::string& spool_path = {}) {
    fetch::Request request = TRY(request_for(feed_, context_));
    if (feed_.option("size_max_bytes").empty()) request.route.size_max_bytes = page_bytes_max;
    request.url = url;
    request.spool_path = spool_path;
    request.same_host = true;
    request.wanted_headers = {"X-TAXII-Date-Added-Last"};
    request.headers.push_back({"Accept", std::string(taxii_accept)});
    if (auto name = feed_.option("token_secret"); !name.empty()) {
      std::string token = TRY(context_.secret(name));
      request.secret_headers.push_back({"Authorization", "Bearer " + token});
    }
    request.username = feed_.option("username");
    if (auto name = feed_.option("password_secret"); !name.empty())
      request.password = TRY(context_.secret(name));
    fetch::Response response = TRY(fetch::get(request));
    std::uint64_t wait_s = response.retry_after_s;
    bool told = !cursor_.get("not_before").empty();
    auto now_s = static_cast<std::uint64_t>(times::now() / us_per_s);
    cursor_.set("not_before", wait_s > 0 ? std::to_string(now_s + wait_s) : std::string());
    if (wait_s > 0 || told) TRY(context_.keep_cursor(cursor_.text()));
    return response;
  }

  Result<void> expect(const fetch::Response& response, const std::string& url) const {
    if (response.status == 406)
      return invalid(fmt::format("{} does not speak TAXII 2.1 (406)", url));
    auto done = fetch::expect_success(response, url);
    // A partner's node may not have heard yet what was agreed: not only once an hour.
    bool passes = !done && done.error().fault == Fault::denied && !feed_.option("member").empty();
    return passes ? unavailable(done.error().what) : done;
  }

  Result<TaxiiPlace> place(const std::string& url) {
    auto response = TRY(get(url));
    TRY(expect(response, url));
    auto place = read_taxii_place(response.body);
    if (!place) return invalid(url + " " + place.error().what);
    return place;
  }

  // Errors: denied, for another host.
  static Result<std::string> beside(const std::string& base, const std::string& relative) {
    auto from = TRY(Url::parse(base, "http,https"));
    auto to = TRY(Url::parse(relative, "http,https", from.text));
    if (to.host != from.host || to.port != from.port || to.scheme != from.scheme)
      return denied(fmt::format("{} names an API root at another host ({})", from.host, to.host));
    return with_slash(to.text);
  }

  void add(std::vector<Collection>& out, const TaxiiPlace& place, const std::string& url) {
    std::string_view wanted = feed_.option("collection");
    for (const TaxiiCollectionSaid& one : place.collections) {
      bool is_meant = wanted.empty() || wanted == one.id || wanted == one.alias;
      if (is_meant && !one.can_read) forbidden_ = one.id;
      if (!is_meant || !one.can_read) continue;
      bool listed = place.kind == TaxiiPlace::Kind::collections;
      out.push_back({.id = one.id,
                     .title = one.title.empty() ? one.id : one.title,
                     .url = listed ? url + one.id + "/" : url});
    }
  }

  Result<std::vector<Collection>> collections() {
    std::string url = with_slash(std::string(feed_.option("url")));
    for (std::string_view end : {"/objects/", "/manifest/"}) {
      if (url.ends_with(end)) url.resize(url.size() - end.size() + 1);
    }
    std::vector<Collection> out;
    auto first = TRY(place(url));
    std::vector<std::string> roots;
    if (first.kind == TaxiiPlace::Kind::root) roots.push_back(url);
    for (const std::string& root : first.roots) roots.push_back(TRY(beside(url, root)));
    add(out, first, url);
    for (const std::string& root : roots) {
      std::string list = root + "collections/";
      auto there = TRY(place(list));
      add(out, there, list);
    }
    if (!out.empty()) return out;
    std::string wanted(feed_.option("collection"));
    if (!forbidden_.empty())
      return denied(fmt::format("the collection {} may not be read", text::quote(forbidden_)));
    if (!wanted.empty())
      return missing(fmt::format("{} has no collection {}", url, text::quote(wanted)));
    return missing(url + " has no collection that may be read");
  }

  const Feed& feed_;
  CollectorContext& context_;
  Cursor cursor_;
  std::string start_, forbidden_;
  bool ends_ = false;  // nothing can be taken in any more
};

// One collection, from where the last run ended. The cursor has, each under "ID WHAT":
//   after  the newest date that a page named, as the server writes it
//   next   in the middle of a walk: where it goes on
//   from   the added_after of that walk, which some servers want again
//   page   SHA-256 of the page that was delivered last
class Run::Walk {
 public:
  Walk(Run& run, const Collection& of) : run_(run), of_(of) {}

  Result<void> run() {
    newest_ = kept("after");
    next_ = kept("next");
    from_ = next_.empty() ? begin() : std::string(kept("from"));
    limit_ = number(run_.feed_, "page_size", 1000);
    const std::uint64_t pages_max = number(run_.feed_, "pages_max", 10'000);
    const std::uint64_t bytes_max = number(run_.feed_, "run_bytes_max", std::uint64_t{16} << 30);
    while (!done_) {
      if (run_.context_.stop().stop_requested()) return unavailable("stopping");
      if (pages_ >= pages_max || bytes_ >= bytes_max) {
        return unavailable(fmt::format("{}: stopped after {} and {}; the next run goes on there",
                                       of_.url, text::count(pages_, "page", "pages"),
                                       text::count(bytes_, "octet", "octets")));
      }
      TRY(page());
    }
    return std::move(told_);
  }

 private:
  std::string_view kept(std::string_view what) const {
    return run_.cursor_.get(fmt::format("{} {}", of_.id, what));
  }
  void keep(std::string_view what, std::string value) {
    run_.cursor_.set(fmt::format("{} {}", of_.id, what), std::move(value));
  }
  Result<void> keep_cursor() { return run_.context_.keep_cursor(run_.cursor_.text()); }

  // Where a run begins: the overlap before the newest date, or at the feed's start.
  std::string begin() const {
    auto overlap = static_cast<TimeUs>(number(run_.feed_, "overlap_s", 300)) * us_per_s;
    auto newest = time_of(newest_);
    if (!newest) return run_.start_;
    if (overlap == 0) return newest_;
    auto start = time_of(run_.start_);
    return taxii_stamp(std::max<TimeUs>({0, *newest - overlap, start.value_or(0)}));
  }

  std::string query() const {
    std::string out = fmt::format("{}objects/?limit={}", of_.url, limit_);
    if (!from_.empty()) out += "&added_after=" + http::percent_encode(from_);
    if (!next_.empty()) out += "&next=" + http::percent_encode(next_);
    return out;
  }

  // What objects of the newest date may have been left out comes again.
  void go_on_by_date() {
    auto newest = time_of(newest_);
    next_.clear();
    from_ = newest ? taxii_stamp(*newest - 1) : run_.start_;
    by_date_ = true;
  }

  Result<void> page() {
    Spool spool(run_.context_);
    auto response = TRY(run_.get(query(), spool.path()));
    bool refused = response.status >= 400 && response.status < 500 && response.status != 401 &&
                   response.status != 403 && response.status != 408 && response.status != 425 &&
                   response.status != 429;
    if (refused && !next_.empty()) return without_next(response.status);
    TRY(run_.expect(response, of_.url + "objects/"));
    ++pages_;
    bytes_ += response.size_bytes;
    auto file = TRY(MappedFile::open(spool.path()));
    auto envelope = read_taxii_envelope(file.bytes());
    if (!envelope) return unavailable(of_.url + "objects/ " + envelope.error().what);
    std::string hash = hex(sha256(file.bytes()));
    std::string last = TRY(date_of(response, *envelope));
    auto time = time_of(last), newest = time_of(newest_);
    bool later = time && (!newest || *time > *newest);
    if (later) {
      newest_ = last;
      refusals_ = 0;
    }
    std::string asked_next = next_;
    next_ = envelope->next;
    done_ = !envelope->more;
    if (envelope->more && next_.empty()) find_way(later);
    bool again = hash == kept("page");
    note(hash);
    TRY(envelope->objects == 0 || again ? keep_cursor() : deliver(spool.path()));
    any_ = any_ || envelope->objects > 0;
    if (done_) return end();
    bool fresh = contents_.insert(envelope->content).second;
    return look_for_loop(asked_next, fresh || later);
  }

  // What is kept with the page.
  void note(const std::string& hash) {
    TimeUs now = times::now();
    auto newest = time_of(newest_);
    bool ahead = newest && *newest > now + ahead_max;
    keep("after", ahead ? taxii_stamp(now) : newest_);
    keep("next", next_);
    keep("from", next_.empty() ? "" : from_);
    keep("page", hash);
  }

  Result<void> without_next(long status) {
    if (++refusals_ > 3)
      return unavailable(fmt::format("{} answers {} to each `next` that it gave", of_.url, status));
    go_on_by_date();
    keep("next", "");
    keep("from", "");
    return keep_cursor();
  }

  // The date of the page's last object, as the server writes it. "" if nothing says it.
  Result<std::string> date_of(const fetch::Response& response, const TaxiiEnvelope& envelope) {
    for (const auto& header : response.headers) {
      if (time_of(header.value)) return header.value;
    }
    bool needed = envelope.objects > 0 && envelope.next.empty() && !envelope.last_id.empty();
    if (!needed) return std::string();
    auto manifest = TRY(run_.get(fmt::format("{}manifest/?match%5Bid%5D={}", of_.url,
                                             http::percent_encode(envelope.last_id))));
    if (!fetch::expect_success(manifest, of_.url)) return std::string();
    return newest_in_manifest(manifest.body);
  }

  // More, and no `next`: by the dates.
  void find_way(bool later) {
    if (newest_.empty()) {
      told_ = unavailable(of_.url +
                          ": the server says that there is more, and neither `next` nor a date "
                          "that leads there");
      done_ = true;
      return;
    }
    if (!later && by_date_ && limit_ >= limit_max) {
      told_ =
          unavailable(fmt::format("{}: more objects have the date {} than the server gives at "
                                  "once; some of them may be missing",
                                  of_.url, newest_));
      from_ = newest_;
      limit_ = number(run_.feed_, "page_size", 1000);
      return;
    }
    if (!later && by_date_) limit_ = std::min(limit_ * 4, limit_max);
    go_on_by_date();
  }

  Result<void> deliver(const std::string& path) {
    auto taken = hand_over(run_.context_, {.name = of_.title + ".json",
                                           .url = of_.url + "objects/",
                                           .path = path,
                                           .bytes = {},
                                           .cursor = run_.cursor_.text()});
    run_.ends_ = !taken;
    return taken;
  }

  Result<void> end() {
    if (any_ && newest_.empty() && told_) {
      told_ = unavailable(of_.url +
                          ": the server names no date of its objects, neither in headers nor in a "
                          "manifest; each run reads all of them again");
    }
    return {};
  }

  Result<void> look_for_loop(const std::string& asked_next, bool moved) {
    if (moved) {
      stalled_ = 0;
      seen_.clear();
    } else {
      ++stalled_;
    }
    if (!asked_next.empty()) seen_.insert(hash64(asked_next));
    bool repeats = !next_.empty() && seen_.contains(hash64(next_));
    if (moved || (!repeats && stalled_ < stalled_max)) return {};
    keep("next", "");
    keep("from", "");
    TRY(keep_cursor());
    return unavailable(fmt::format(
        "{}: the server goes in circles: {} brought nothing new{}; stopped there", of_.url,
        text::count(stalled_, "page", "pages"), repeats ? " and `next` repeats" : ""));
  }

  Run& run_;
  const Collection& of_;
  std::string newest_, from_, next_;
  std::uint64_t limit_ = 0, pages_ = 0, bytes_ = 0;
  unsigned stalled_ = 0, refusals_ = 0;  // since something came, since a later date
  bool done_ = false, by_date_ = false, any_ = false;
  std::set<std::uint64_t> seen_;      // `next` since something new came
  std::set<std::uint64_t> contents_;  // of pages
  Result<void> told_{};               // what is wrong, although the walk went on
};

Result<void> Run::collect() {
  auto now_s = static_cast<std::uint64_t>(times::now() / us_per_s);
  if (std::uint64_t until = cursor_.number("not_before");
      until > now_s && until - now_s <= 7 * 86'400) {
    return unavailable("the server asked to come back after " +
                       times::format(static_cast<TimeUs>(until) * us_per_s));
  }
  if (auto start = feed_.option("start"); !start.empty()) {
    auto time = time_of(start);
    if (!time) return invalid("start is no time: " + text::quote(start));
    start_ = taxii_stamp(*time);
  }
  auto all = TRY(collections());
  Result<void> worst{};
  for (const Collection& one : all) {
    auto done = Walk(*this, one).run();
    if (done) continue;
    if (ends_ || context_.stop().stop_requested()) return done;
    worst = std::move(done);  // another collection may still work
  }
  return worst;
}

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return Run(feed, context).collect();
}

}  // namespace

Collector taxii() {
  return {.summary = "collections of a TAXII 2.1 server, page by page",
          .collect = collect,
          .options = options};
}

}  // namespace tocsin::ingest
