#include "share/taxii.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/gzip.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "share/taxii_token.h"
#include "wire/stix_object.h"

namespace tocsin::share {
namespace {

using Segments = std::vector<std::string>;

http::Response answer(std::string body, int status = 200) {
  return {.status = status,
          .headers = {{"Content-Type", std::string(taxii_media)}},
          .body = std::move(body)};
}

// Source: TAXII 2.1 section 3.6.1. http_status is a text.
http::Response refuse(int status, std::string_view description) {
  json::Writer w;
  w.object();
  if (!description.empty()) w.member("description", description);
  w.member("http_status", std::to_string(status)).member("title", http::reason(status)).end();
  return answer(w.take(), status);
}

http::Response refuse(const Error& error) {
  switch (error.fault) {
    case Fault::invalid:
      return refuse(400, error.what);
    case Fault::denied:
      return refuse(403, error.what);
    case Fault::missing:
      return refuse(404, error.what);
    default:
      return refuse(503, error.what);
  }
}

// Members without a value are left out: TAXII knows no null and no empty text.
void say(json::Writer& w, std::string_view name, std::string_view value) {
  if (!value.empty()) w.member(name, value);
}

std::string version_of(const TaxiiObject& object) {
  return object.version.empty() ? taxii_time(object.added) : object.version;
}

// One request: the path after the root, what it asks, and who asks.
class Asked {
 public:
  Asked(const http::Request& request, std::string_view principal, TaxiiShelf& shelf,
        const TaxiiSettings& settings)
      : request_(request), principal_(principal), shelf_(shelf), settings_(settings) {}

  Result<http::Response> answer_it();

 private:
  using Listing = TaxiiListing;

  bool is_read() const { return request_.method == "GET" || request_.method == "HEAD"; }
  static http::Response not_allowed(std::string_view methods);
  http::Response discovery() const;
  http::Response root() const;
  Result<http::Response> collections();
  Result<http::Response> in_collection(const TaxiiCollection& collection);
  Result<http::Response> list(const TaxiiCollection& collection, Listing listing,
                              const std::string& id = {});
  Result<http::Response> post(const TaxiiCollection& collection);
  Result<http::Response> remove(const TaxiiCollection& collection, const std::string& id);
  Result<http::Response> status(const std::string& id);

  const http::Request& request_;
  std::string_view principal_;
  TaxiiShelf& shelf_;
  const TaxiiSettings& settings_;
  Segments path_;  // without "taxii2" and the last slash
};

http::Response Asked::not_allowed(std::string_view methods) {
  auto out = refuse(405, fmt::format("here is {}", methods));
  out.headers.emplace_back("Allow", methods);
  return out;
}

http::Response Asked::discovery() const {
  std::string root = fmt::format("{}/taxii2/{}/", settings_.base, taxii_root);
  json::Writer w;
  w.object().key("api_roots").list().value(root).end();
  say(w, "contact", settings_.contact);
  w.member("default", root);
  say(w, "description", settings_.description);
  w.member("title", settings_.title).end();
  return answer(w.take());
}

http::Response Asked::root() const {
  json::Writer w;
  w.object();
  say(w, "description", settings_.description);
  w.member("max_content_length", settings_.content_bytes_max).member("title", settings_.title);
  w.key("versions").list().value(taxii_media).end().end();
  return answer(w.take());
}

void write(json::Writer& w, const TaxiiCollection& collection) {
  w.object();
  say(w, "alias", collection.alias);
  w.member("can_read", collection.can_read).member("can_write", collection.can_write);
  say(w, "description", collection.description);
  w.member("id", collection.id);
  w.key("media_types").list().value(stix_media).end();
  w.member("title", collection.title).end();
}

Result<http::Response> Asked::collections() {
  auto all = TRY(shelf_.collections());
  if (path_.size() == 2) {
    if (!is_read()) return not_allowed("GET");
    json::Writer w;
    w.object();
    if (!all.empty()) {
      w.key("collections").list();
      for (const TaxiiCollection& collection : all) write(w, collection);
      w.end();
    }
    w.end();
    return answer(w.take());
  }
  auto it = std::ranges::find_if(all, [&](const TaxiiCollection& collection) {
    return collection.id == path_[2] || (!collection.alias.empty() && collection.alias == path_[2]);
  });
  if (it == all.end()) return missing("no collection " + text::quote(path_[2]));
  return in_collection(*it);
}

Result<http::Response> Asked::in_collection(const TaxiiCollection& collection) {
  if (path_.size() == 3) {
    if (!is_read()) return not_allowed("GET");
    json::Writer w;
    write(w, collection);
    return answer(w.take());
  }
  const std::string& what = path_[3];
  if (what == "manifest" && path_.size() == 4)
    return is_read() ? list(collection, Listing::manifest) : not_allowed("GET");
  if (what == "objects" && path_.size() == 4) {
    if (request_.method == "POST") return post(collection);
    return is_read() ? list(collection, Listing::objects) : not_allowed("GET, POST");
  }
  if (what == "objects" && path_.size() == 5) {
    if (request_.method == "DELETE") return remove(collection, path_[4]);
    return is_read() ? list(collection, Listing::objects, path_[4]) : not_allowed("GET, DELETE");
  }
  if (what == "objects" && path_.size() == 6 && path_[5] == "versions")
    return is_read() ? list(collection, Listing::versions, path_[4]) : not_allowed("GET");
  return missing("there is nothing here");
}

// Source: TAXII 2.1 sections 3.5 (headers), 5.3, 5.4, 5.6, 5.8.
Result<http::Response> Asked::list(const TaxiiCollection& collection, Listing listing,
                                   const std::string& id) {
  auto query = TRY(TaxiiQuery::read(request_));
  if (!collection.can_read) return denied("this collection is not yours to read");
  if (!id.empty() && !TRY(shelf_.has(collection.id, id)))
    return missing("no object " + text::quote(id));
  std::string walk =
      fmt::format("{}\n{}\n{}\n{}", principal_, collection.id, static_cast<int>(listing), id);
  TaxiiScan scan{.after = query.added_after, .match = query.match};
  if (!query.next.empty()) {
    auto token = TRY(TaxiiToken::read(query.next, settings_.token_key, walk));
    if (query.matches && query.match != token.match)
      return invalid("\"next\" is of other filters; begin the listing again");
    scan.match = token.match;
    scan.after = token.after;
  }
  TaxiiMatch kept = scan.match;
  if (!id.empty()) {
    scan.match.ids = {id};
    scan.match.types.clear();
    if (listing == Listing::versions) {
      scan.match.all = true;
      scan.match.first = scan.match.last = false;
      scan.match.versions.clear();
    }
  }
  scan.limit = query.limit == 0 ? taxii_page_max : std::min(query.limit, taxii_page_max);
  scan.listing = listing;
  scan.leaves = request_.method != "HEAD";
  auto page = TRY(shelf_.objects(collection.id, scan));
  json::Writer w;
  w.object();
  if (page.more) {
    TaxiiToken token{page.looked_at, kept};
    w.member("more", true).member("next", token.text(settings_.token_key, walk));
  }
  if (!page.objects.empty()) w.key(listing == Listing::versions ? "versions" : "objects").list();
  for (const TaxiiObject& object : page.objects) w.raw(taxii_told(object, listing));
  if (!page.objects.empty()) w.end();
  w.end();
  std::string body = w.take();
  if (!page.members.empty()) body.insert(body.size() - 1, (body == "{}" ? "" : ",") + page.members);
  auto out = answer(std::move(body));
  auto dates = [&](std::string first, std::string last) {
    out.headers.emplace_back("X-TAXII-Date-Added-First", std::move(first));
    out.headers.emplace_back("X-TAXII-Date-Added-Last", std::move(last));
  };
  if (!page.objects.empty())
    dates(taxii_time(page.objects.front().added), taxii_time(page.objects.back().added));
  // An empty page has no date to name but the one that was asked.
  else if (scan.after)
    dates(taxii_time(*scan.after), taxii_time(*scan.after));
  return out;
}

void write(json::Writer& w, std::string_view count, std::string_view list,
           const std::vector<TaxiiStatus::Item>& items) {
  w.member(count, static_cast<std::uint64_t>(items.size()));
  if (items.empty()) return;
  w.key(list).list();
  for (const TaxiiStatus::Item& item : items) {
    w.object().member("id", item.id);
    say(w, "message", item.message);
    w.member("version", item.version).end();
  }
  w.end();
}

std::string text_of(const TaxiiStatus& status) {
  json::Writer w;
  w.object();
  write(w, "failure_count", "failures", status.failures);
  w.member("id", status.id);
  write(w, "pending_count", "pendings", status.pendings);
  w.member("request_timestamp", taxii_time(status.requested));
  w.member("status", status.pendings.empty() ? "complete" : "pending");
  write(w, "success_count", "successes", status.successes);
  auto total = status.successes.size() + status.failures.size() + status.pendings.size();
  w.member("total_count", static_cast<std::uint64_t>(total)).end();
  return w.take();
}

Result<http::Response> Asked::post(const TaxiiCollection& collection) {
  if (!is_taxii_content(request_.header("content-type")))
    return refuse(415, fmt::format("send {}", taxii_media));
  if (!collection.can_write) return denied("this collection is not yours to write to");
  if (request_.body_size > settings_.content_bytes_max) {
    return refuse(413, fmt::format("at most {} octets; divide it into several requests",
                                   settings_.content_bytes_max));
  }
  std::optional<MappedFile> file;
  if (!request_.body_path.empty()) file = TRY(MappedFile::open(request_.body_path));
  std::string_view body = file ? file->bytes() : std::string_view(request_.body);
  std::string unpacked;
  std::string coding = text::lower(text::trim(request_.header("content-encoding")));
  if (coding == "gzip" || coding == "x-gzip") {
    auto inflated = gzip::unpack(body, settings_.content_bytes_max);
    if (!inflated) {
      bool large = inflated.error().fault == Fault::denied;
      return refuse(large ? 413 : 422, inflated.error().what);
    }
    body = unpacked = *std::move(inflated);
  } else if (!coding.empty() && coding != "identity") {
    return refuse(415, "of content codings only gzip is understood");
  }
  // A STIX bundle has its objects at the same place, and is taken too.
  auto objects = wire::stix_objects_in(body);
  if (!objects) return refuse(422, objects.error().what);
  if (objects->size() > taxii_post_max) {
    return refuse(422, fmt::format("{} objects; at most {} in one request: divide it",
                                   objects->size(), taxii_post_max));
  }
  auto status = TRY(shelf_.add(collection.id, *objects));
  return answer(text_of(status), 202);
}

// Source: TAXII 2.1 section 5.7: who may do neither does not learn that it is there.
Result<http::Response> Asked::remove(const TaxiiCollection& collection, const std::string& id) {
  auto query = TRY(TaxiiQuery::read(request_));
  if (!collection.can_read && !collection.can_write)
    return missing("no collection " + text::quote(path_[2]));
  if (!collection.can_read || !collection.can_write)
    return denied("taking away needs the right to read and to write");
  TaxiiMatch which = query.match;
  if (!query.matches) {
    which.all = true;
    which.last = false;
  }
  TRY(shelf_.remove(collection.id, id, which));
  return answer("{}");
}

Result<http::Response> Asked::status(const std::string& id) {
  if (!is_read()) return not_allowed("GET");
  return answer(text_of(TRY(shelf_.status(id))));
}

Result<http::Response> Asked::answer_it() {
  path_.assign(request_.segments.begin() + 1, request_.segments.end());
  while (!path_.empty() && path_.back().empty()) path_.pop_back();
  if (!accepts_taxii(request_.header("accept")))
    return refuse(406, fmt::format("here is {}", taxii_media));
  if (path_.empty()) return is_read() ? discovery() : not_allowed("GET");
  if (path_[0] != taxii_root) return missing("no API root " + text::quote(path_[0]));
  if (path_.size() == 1) return is_read() ? root() : not_allowed("GET");
  if (path_[1] == "status" && path_.size() == 3) return status(path_[2]);
  if (path_[1] == "collections") return collections();
  return missing("there is nothing here");
}

}  // namespace

// Source: TAXII 2.1 sections 5.3, 5.8.
std::string taxii_told(const TaxiiObject& object, TaxiiListing listing) {
  if (listing == TaxiiListing::objects) return object.json;
  json::Writer w;
  if (listing == TaxiiListing::versions) return w.value(version_of(object)).take();
  w.object().member("date_added", taxii_time(object.added)).member("id", object.id);
  return w.member("media_type", stix_media).member("version", version_of(object)).end().take();
}

bool is_taxii_path(const http::Request& request) {
  return !request.segments.empty() && request.segments[0] == "taxii2";
}

http::Response serve_taxii(const http::Request& request, std::string_view principal,
                           TaxiiShelf& shelf, const TaxiiSettings& settings) {
  auto answered = Asked(request, principal, shelf, settings).answer_it();
  return answered ? *std::move(answered) : refuse(answered.error());
}

http::Response taxii_refusal(int status, std::string_view why) {
  return refuse(status, why);
}

http::Response taxii_unauthenticated() {
  auto out = refuse(401, "sign in with a token: as a bearer, or as the password of Basic");
  out.headers.emplace_back("WWW-Authenticate", "Basic realm=\"taxii\", charset=\"UTF-8\"");
  out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"taxii\"");
  return out;
}

}  // namespace tocsin::share
