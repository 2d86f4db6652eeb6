#include "share/misp.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "base/csv_cell.h"
#include "base/json.h"
#include "base/text.h"
#include "share/misp_query.h"
#include "share/misp_rules.h"
#include "wire/misp_stix.h"
#include "wire/stix_id.h"

namespace tocsin::share {
namespace {

// Any 2.5 has all that MISP derives from a version.
constexpr std::string_view version = "2.5.1";
constexpr std::string_view hash_types[] = {"md5", "sha1", "sha256"};

http::Response refuse(int status, std::string_view why, std::string_view url) {
  json::Writer w;
  w.object().member("message", why).member("name", why).member("url", url).end();
  return http::json(w.take(), status);
}

int status_of(const Error& error) {
  switch (error.fault) {
    case Fault::invalid:
      return 400;
    case Fault::denied:
      return 403;
    case Fault::missing:
      return 404;
    default:
      return 503;
  }
}

// One request of one member.
class Asked {
 public:
  Asked(const http::Request& request, Handout& to, MispFeeds& feeds)
      : request_(request), to_(to), feeds_(feeds) {}

  Result<http::Response> answer_it();

 private:
  using Listed = std::vector<MispListed>;

  bool is_read() const { return request_.method == "GET" || request_.method == "HEAD"; }
  std::string url() const { return request_.path; }
  // With its ETag; 304 where the caller has it.
  http::Response tagged(std::string body, std::string_view tag) const;
  bool has(std::string_view tag) const;
  void count(const MispListed& event) {
    parcel_.counts[fmt::format("event {}", name(event.head.type))] += event.events;
    if (parcel_.from == 0) parcel_.from = event.start;
    parcel_.from = std::min(parcel_.from, event.start);
    parcel_.until = std::max(parcel_.until, event.last);
    agreements_.insert(event.address);
  }
  // Into the ledger; then they may leave.
  Result<void> release(const std::vector<std::string_view>& items);
  // A list of events without what they say.
  Result<void> release_names(std::string_view listing, std::size_t names);
  // Events that are wanted, from `from` on ("": all) without the first `skip`.
  Result<void> each(const MispQuery& query, const std::string& from, std::size_t skip,
                    const std::function<bool(const MispFeeds::Made&)>& take);
  std::string page_name(const MispQuery& query, std::size_t page) const {
    return fmt::format("{} {}\n{}", path_[0], page, query.filters);
  }

  Result<http::Response> feed();
  Result<http::Response> manifest();
  Result<http::Response> hashes();
  Result<http::Response> file(const std::string& uuid);
  Result<http::Response> view(const std::string& uuid);
  Result<http::Response> index();
  Result<http::Response> events();
  Result<http::Response> attributes();
  Result<http::Response> as_lines(const MispQuery& query);
  Result<http::Response> as_bundle(const MispQuery& query);
  http::Response who() const;
  static http::Response version_said();
  static http::Response types();

  const http::Request& request_;
  Handout& to_;
  MispFeeds& feeds_;
  std::vector<std::string> path_;  // without "misp" and what is empty
  std::string agreement_;          // that a feed is of; "": of all
  Handout::Parcel parcel_{.via = "misp"};
  std::set<std::string> agreements_;
};

bool Asked::has(std::string_view tag) const {
  // MISP strips what a proxy that compresses adds to a tag.
  std::string_view said = request_.header("if-none-match");
  return !tag.empty() && said.contains(tag);
}

http::Response Asked::tagged(std::string body, std::string_view tag) const {
  http::Response out = http::json(std::move(body));
  out.headers.emplace_back("ETag", fmt::format("\"{}\"", tag));
  out.headers.emplace_back("Cache-Control", "no-cache");
  return out;
}

Result<void> Asked::release(const std::vector<std::string_view>& items) {
  if (request_.method == "HEAD") return {};
  if (agreements_.size() == 1) parcel_.agreement = *agreements_.begin();
  parcel_.items = items;
  return to_.release(parcel_, {});
}

Result<void> Asked::release_names(std::string_view listing, std::size_t names) {
  parcel_.via = "misp-manifest";
  parcel_.counts = {{std::string(ledger::name_count), names}};
  return release({listing});
}

Result<void> Asked::each(const MispQuery& query, const std::string& from, std::size_t skip,
                         const std::function<bool(const MispFeeds::Made&)>& take) {
  std::vector<std::string> uuids;
  bool begun = from.empty();
  for (const MispListed& event : *TRY(feeds_.look(to_))) {
    begun = begun || event.head.uuid == from;
    if (!begun || !query.wants(event)) continue;
    if (skip == 0) {
      uuids.push_back(event.head.uuid);
    } else {
      --skip;
    }
  }
  for (const std::string& uuid : uuids) {
    auto made = TRY(feeds_.make(to_, uuid));
    if (made && !take(*made)) break;
  }
  return {};
}

// ---- the feed

Result<http::Response> Asked::feed() {
  const std::string& what = path_.back();
  if (what == "manifest.json") return manifest();
  if (what == "hashes.csv") return hashes();
  return file(what.substr(0, what.size() - 5));
}

Result<http::Response> Asked::manifest() {
  json::Writer w;
  w.object();
  std::size_t names = 0;
  for (const MispListed& event : *TRY(feeds_.look(to_))) {
    if (!agreement_.empty() && event.agreement != agreement_) continue;
    ++names;
    count(event);
    w.key(event.head.uuid).object();
    w.key("Orgc").object().member("name", event.head.organisation);
    w.member("uuid", event.head.organisation_uuid).end();
    w.key("Tag").raw(misp_tags(event.head)).member("analysis", "2");
    w.member("date", times::format_day(event.head.day)).member("info", event.head.info);
    w.member("integrity:sha256", event.sha256).member("threat_level_id", "4");
    w.member("timestamp", std::to_string(event.timestamp_s)).end();
  }
  std::string body = w.end().take(), tag = hex(sha256(body));
  if (has(tag)) return http::Response{.status = 304, .headers = {{"ETag", '"' + tag + '"'}}};
  if (names > 0) TRY(release_names(body, names));
  return tagged(std::move(body), tag);
}

Result<http::Response> Asked::hashes() {
  std::string all, body;
  std::vector<std::string> uuids;
  for (const MispListed& event : *TRY(feeds_.look(to_))) {
    if (!agreement_.empty() && event.agreement != agreement_) continue;
    all += event.sha256;
    uuids.push_back(event.head.uuid);
  }
  std::string tag = hex(sha256(all));
  if (has(tag)) return http::Response{.status = 304, .headers = {{"ETag", '"' + tag + '"'}}};
  for (const std::string& uuid : uuids) {
    auto made = TRY(feeds_.make(to_, uuid));
    if (!made) continue;
    count(made->listed);
    for (const MispLine& line : made->event.lines()) {
      if (line.deleted) continue;
      for (const std::string& hash : misp_hashes(line)) body += fmt::format("{},{}\n", hash, uuid);
    }
  }
  if (!body.empty()) TRY(release({body}));
  auto out = tagged(std::move(body), tag);
  for (auto& [name, value] : out.headers) {
    if (name == "Content-Type") value = "text/csv; charset=utf-8";
  }
  return out;
}

Result<http::Response> Asked::file(const std::string& uuid) {
  auto made = TRY(feeds_.make(to_, uuid));
  bool is_there = made && (agreement_.empty() || made->listed.agreement == agreement_);
  if (!is_there) return missing("no event " + text::quote(uuid));
  if (has(made->listed.sha256))
    return http::Response{.status = 304, .headers = {{"ETag", '"' + made->listed.sha256 + '"'}}};
  std::string body = made->json();
  count(made->listed);
  TRY(release({body}));
  return tagged(std::move(body), made->listed.sha256);
}

// ---- the calls

http::Response Asked::version_said() {
  json::Writer w;
  w.object().member("filter_sightings", false).member("perm_analyst_data", false);
  w.member("perm_galaxy_editor", false).member("perm_sighting", false).member("perm_sync", false);
  w.member("pymisp_recommended_version", version);
  w.key("request_encoding").list().end().member("version", version).end();
  return http::json(w.take());
}

http::Response Asked::who() const {
  json::Writer w;
  w.object().key("Role").object().member("id", "6").member("name", "Read Only");
  for (std::string_view right : {"perm_add", "perm_admin", "perm_modify", "perm_publish",
                                 "perm_sighting", "perm_site_admin", "perm_sync", "perm_tagger"})
    w.member(right, false);
  w.member("perm_auth", true).end();
  w.key("User").object().member("email", to_.member()).member("id", "1").member("org_id", "1");
  w.member("role_id", "6").end();
  w.key("UserSetting").list().end().end();
  return http::json(w.take());
}

http::Response Asked::types() {
  std::set<std::string_view> categories;
  json::Writer w;
  w.object().key("result").object();
  for (std::string_view type : wire::misp_types()) categories.insert(wire::misp_category(type));
  w.key("categories").list();
  for (std::string_view category : categories) w.value(category);
  w.end().key("category_type_mappings").object();
  for (std::string_view category : categories) {
    w.key(category).list();
    for (std::string_view type : wire::misp_types()) {
      if (wire::misp_category(type) == category) w.value(type);
    }
    w.end();
  }
  w.end().key("sane_defaults").object();
  for (std::string_view type : wire::misp_types()) {
    w.key(type).object().member("default_category", wire::misp_category(type));
    w.member("to_ids", 0).end();
  }
  w.end().key("types").list();
  for (std::string_view type : wire::misp_types()) w.value(type);
  w.end().end().end();
  return http::json(w.take());
}

Result<http::Response> Asked::view(const std::string& uuid) {
  auto made = TRY(feeds_.make(to_, uuid));
  if (!made) return missing("Invalid event");
  std::string body = made->json();
  count(made->listed);
  TRY(release({body}));
  return http::json(std::move(body));
}

// What MISP asks first: which events there are, and how old.
Result<http::Response> Asked::index() {
  auto query = TRY(MispQuery::read(request_.body, to_.now()));
  std::vector<const MispListed*> rows;
  std::size_t skip = query.limit == 0 ? 0 : (query.page - 1) * query.limit;
  for (const MispListed& event : *TRY(feeds_.look(to_))) {
    if (!query.wants(event)) continue;
    if (skip > 0) {
      --skip;
    } else if (query.limit == 0 || rows.size() < query.limit) {
      rows.push_back(&event);
    }
  }
  if (query.limit == 0 && query.page > 1) rows.clear();
  json::Writer w;
  w.list();
  for (const MispListed* row : rows) {
    count(*row);
    const MispHead& head = row->head;
    std::string at = std::to_string(row->timestamp_s);
    w.object();
    if (!query.minimal) {
      w.key("EventTag").list();
      for (const std::string& tag : misp_tag_names(head))
        w.object().key("Tag").object().member("name", tag).end().end();
      w.end().key("Orgc").object().member("name", head.organisation);
      w.member("uuid", head.organisation_uuid).end();
      w.member("analysis", "2").member("date", times::format_day(head.day));
      w.member("distribution", std::to_string(static_cast<int>(head.distribution)));
      w.member("info", head.info).member("publish_timestamp", at).member("threat_level_id", "4");
    }
    w.member("orgc_uuid", head.organisation_uuid).member("published", true);
    w.member("sighting_timestamp", "0").member("timestamp", at).member("uuid", head.uuid).end();
  }
  std::string body = w.end().take(), tag = hex(sha256(body));
  if (has(tag)) return http::Response{.status = 304, .headers = {{"ETag", '"' + tag + '"'}}};
  if (!rows.empty()) TRY(release_names(body, rows.size()));
  auto out = tagged(std::move(body), tag);
  out.headers.emplace_back("X-Result-Count", std::to_string(rows.size()));
  return out;
}

// An event is of the page if any of its attributes is wanted.
Result<http::Response> Asked::events() {
  auto query = TRY(MispQuery::read(request_.body, to_.now()));
  if (query.format != "json") return as_lines(query);
  std::vector<std::string> page;
  std::size_t skip = query.limit == 0 ? 0 : (query.page - 1) * query.limit;
  // What is in an event is looked at where attributes are asked for: then the page before is where
  // this one begins.
  bool by_lines = query.asks_lines();
  auto begin = by_lines ? feeds_.mark(to_, page_name(query, query.page)) : std::nullopt;
  std::size_t unread = by_lines ? 0 : std::exchange(skip, 0);
  if (begin) skip = 0;
  auto take = [&](const MispFeeds::Made& made) {
    bool fits = !by_lines || std::ranges::any_of(made.event.lines(), [&](const MispLine& line) {
      return query.wants(line);
    });
    if (!fits) return true;
    if (skip > 0) return --skip, true;
    if (query.limit != 0 && page.size() >= query.limit) {
      feeds_.keep_mark(to_, page_name(query, query.page + 1), {made.listed.head.uuid, 0});
      return false;
    }
    page.push_back(made.json());
    count(made.listed);
    return by_lines || query.limit == 0 || page.size() < query.limit;
  };
  if (query.limit != 0 || query.page == 1) TRY(each(query, begin ? begin->uuid : "", unread, take));
  if (!page.empty()) TRY(release({page.begin(), page.end()}));
  json::Writer w;
  w.object().key("response").list();
  for (const std::string& event : page) w.raw(event);
  auto out = http::json(w.end().end().take());
  out.headers.emplace_back("X-Result-Count", std::to_string(page.size()));
  return out;
}

Result<http::Response> Asked::attributes() {
  auto query = TRY(MispQuery::read(request_.body, to_.now()));
  return as_lines(query);
}

// Attribute by attribute.
Result<http::Response> Asked::as_lines(const MispQuery& query) {
  std::vector<std::string> lines;
  bool json = query.format == "json", csv = query.format == "csv", text = query.format == "text",
       hashes = query.format == "hashes", cache = query.format == "cache";
  if (query.format == "stix2") return as_bundle(query);
  auto rules = misp_rules_named(query.format);
  if (!json && !csv && !text && !hashes && !cache && !rules)
    return invalid(
        fmt::format("there is no format {} here; there is json, csv, stix2, text, "
                    "hashes, cache, snort, suricata, rpz",
                    text::quote(query.format)));
  std::set<std::uint32_t> sids;
  auto begin = feeds_.mark(to_, page_name(query, query.page));
  std::size_t skip = query.limit == 0 || begin ? 0 : (query.page - 1) * query.limit;
  bool full = false;
  auto write = [&](const MispHead& head, const MispLine& line) {
    if (json) return lines.push_back(misp_json(line, &head));
    if (text || hashes) return lines.push_back(line.value + "\n");
    if (csv) {
      std::string cells;
      for (std::string_view cell : {std::string_view(line.uuid), std::string_view(head.uuid),
                                    std::string_view(line.category), std::string_view(line.type),
                                    std::string_view(line.value), std::string_view(line.comment)})
        cells += csv::cell(cell) + ",";
      return lines.push_back(
          fmt::format("{}{},{}\n", cells, line.to_ids ? 1 : 0, line.added / us_per_s));
    }
    std::string both;
    for (const std::string& hash : misp_hashes(line))
      both += fmt::format("{},{}\n", hash, head.uuid);
    lines.push_back(std::move(both));
  };
  auto take = [&](const MispFeeds::Made& made) {
    bool counted = false;
    bool is_first = begin && begin->uuid == made.listed.head.uuid;
    for (std::size_t at = is_first ? begin->lines : 0; at < made.event.lines().size(); ++at) {
      const MispLine& line = made.event.lines()[at];
      if (!query.wants(line)) continue;
      bool is_hash = std::ranges::find(hash_types, line.type) != std::end(hash_types);
      if ((hashes && !is_hash) || (!json && line.deleted)) continue;
      std::string rule = rules ? misp_rule(*rules, line, made.event.head(), sids) : std::string();
      if (rules && rule.empty()) continue;
      if (skip > 0) {
        --skip;
        continue;
      }
      full = query.limit != 0 && lines.size() >= query.limit;
      if (full) {
        feeds_.keep_mark(to_, page_name(query, query.page + 1), {made.listed.head.uuid, at});
        return false;
      }
      if (!counted) count(made.listed);
      counted = true;
      if (rules) {
        lines.push_back(std::move(rule));
      } else {
        write(made.event.head(), line);
      }
    }
    return true;
  };
  if (query.limit != 0 || query.page == 1) TRY(each(query, begin ? begin->uuid : "", 0, take));
  std::string body;
  if (json) body = R"({"response":{"Attribute":[)";
  if (csv && !lines.empty())
    body = "uuid,event_uuid,category,type,value,comment,to_ids,timestamp\n";
  if (rules && !lines.empty()) body = misp_rules_head(*rules, to_.now());
  for (std::size_t i = 0; i < lines.size(); ++i) body += (json && i > 0 ? "," : "") + lines[i];
  if (json) body += "]}}";
  if (!lines.empty()) TRY(release({lines.begin(), lines.end()}));
  auto out = json ? http::json(std::move(body)) : http::text(std::move(body));
  out.headers.emplace_back("X-Result-Count", std::to_string(lines.size()));
  return out;
}

Result<http::Response> Asked::as_bundle(const MispQuery& query) {
  std::vector<std::string> objects;
  std::size_t skip = query.limit == 0 ? 0 : (query.page - 1) * query.limit, events = 0;
  auto take = [&](const MispFeeds::Made& made) {
    count(made.listed);
    for (const MispLine& line : made.event.lines()) {
      if (line.deleted || !query.wants(line)) continue;
      wire::MispAttribute one = line;
      one.time = line.last == 0 ? line.added : line.last;
      wire::StixAs as{.node_namespace = to_.node_namespace(), .handle = line.uuid};
      for (std::string& object : wire::stix_of_misp(one, made.listed.head.tlp, as))
        objects.push_back(std::move(object));
    }
    return query.limit == 0 || ++events < query.limit;
  };
  if (query.limit != 0 || query.page == 1) TRY(each(query, "", skip, take));
  std::string all;
  for (const std::string& object : objects) all += (all.empty() ? "" : ",") + object;
  std::string seed = hex(sha256(all));
  if (!objects.empty()) TRY(release({objects.begin(), objects.end()}));
  return http::json(fmt::format(R"({{"id":"{}","objects":[{}],"type":"bundle"}})",
                                wire::stix_own_id("bundle", to_.node_namespace(), seed), all));
}

Result<http::Response> Asked::answer_it() {
  for (std::size_t i = 1; i < request_.segments.size(); ++i) {
    // CakePHP's named parameters say how, not what.
    if (!request_.segments[i].empty() && !request_.segments[i].contains(':'))
      path_.push_back(request_.segments[i]);
  }
  if (path_.empty()) return missing("there is manifest.json, and what PyMISP reads");
  auto is_file = [](const std::string& name) {
    return name == "manifest.json" || name == "hashes.csv" ||
           (name.size() == 41 && name.ends_with(".json"));
  };
  // A feed of all, or of one agreement.
  if (path_.size() <= 2 && is_file(path_.back())) {
    if (!is_read()) return refuse(405, "here is GET", url());
    if (path_.size() == 2) agreement_ = path_[0];
    return feed();
  }
  std::string call = path_[0] + (path_.size() > 1 ? "/" + path_[1] : "");
  if (call.ends_with(".json")) call.resize(call.size() - 5);
  bool post = request_.method == "POST";
  if (is_read()) {
    if (call == "servers/getVersion") return version_said();
    if (call == "users/view") return who();
    if (call == "attributes/describeTypes") return types();
    if (call == "servers/index" || call == "servers") return http::json("[]");
    if (call == "servers/getAvailableSyncFilteringRules") return http::json("[]");
    if (call == "events/view" && path_.size() > 2) {
      std::string uuid = path_[2];
      if (uuid.ends_with(".json")) uuid.resize(uuid.size() - 5);
      return view(uuid);
    }
  }
  if ((post || is_read()) && (call == "events/index" || call == "events")) return index();
  if (post && call == "events/restSearch") return events();
  if (post && call == "attributes/restSearch") return attributes();
  if (request_.method != "GET" && request_.method != "HEAD")
    return denied(
        "nothing is written here: what is shared is decided by the agreements, and sent "
        "over TAXII");
  return missing("there is nothing here");
}

}  // namespace

bool is_misp_path(const http::Request& request) {
  return !request.segments.empty() && request.segments[0] == "misp";
}

http::Response serve_misp(const http::Request& request, const std::string& member,
                          MispFeeds& feeds) {
  auto answer = [&]() -> Result<http::Response> {
    auto to = TRY(Handout::open(feeds.shelves(), member));
    return Asked(request, *to, feeds).answer_it();
  };
  auto answered = answer();
  if (answered) return *std::move(answered);
  return refuse(status_of(answered.error()), answered.error().what, request.path);
}

http::Response misp_refusal(int status, std::string_view why) {
  return refuse(status, why, "");
}

// Source: MISP 2.5, what it says to a key that it does not know.
http::Response misp_unauthenticated() {
  auto out = refuse(401,
                    "Authentication failed: send a token as Authorization, or as the password "
                    "of Basic",
                    "");
  out.headers.emplace_back("WWW-Authenticate", "Basic realm=\"misp\", charset=\"UTF-8\"");
  return out;
}

}  // namespace tocsin::share
