// known_good: marks ends that stand on lists of what is almost never hostile: resolvers, clouds,
// top sites. Source: the warning lists of MISP: `type` cidr, hostname, string, substring or regex,
// `list`, `matching_attributes`.
#include <dirent.h>
#include <fmt/format.h>
#include <re2/set.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "enrich/enricher.h"
#include "match/ranges.h"
#include "model/normal.h"

namespace tocsin::enrich {
namespace {

constexpr std::size_t file_bytes_max = 256u << 20;
constexpr std::size_t patterns_max = 100'000;

using Lists = std::vector<std::uint32_t>;  // ascending numbers of lists

// Sets of lists, each kept once; number 0 is the empty one.
class ListSets {
 public:
  std::uint32_t id(const Lists& lists) {
    auto [at, fresh] = ids_.try_emplace(lists, static_cast<std::uint32_t>(sets_.size()));
    if (fresh) sets_.push_back(lists);
    return at->second;
  }
  const Lists& operator[](std::uint32_t id) const { return sets_[id]; }
  std::uint32_t with(std::uint32_t set, std::uint32_t list) {
    Lists more = sets_[set];
    auto at = std::ranges::lower_bound(more, list);
    if (at == more.end() || *at != list) more.insert(at, list);
    return id(more);
  }

 private:
  std::vector<Lists> sets_{{}};
  std::map<Lists, std::uint32_t> ids_{{{}, 0}};
};

// Exact texts by a 64-bit hash whose seed is drawn at the start: nobody can prepare a collision.
class Texts {
 public:
  explicit Texts(std::uint64_t seed) : seed_(seed) {}
  void add(std::string_view text, std::uint32_t list, ListSets& sets) {
    auto& set = building_[hash64(text, seed_)];
    set = sets.with(set, list);
  }
  void seal() {
    std::size_t size = 16;
    while (size < building_.size() * 2) size *= 2;
    slots_.assign(size, {0, 0});
    for (auto [hash, set] : building_) {
      std::size_t at = hash & (size - 1);
      while (slots_[at].second != 0) at = (at + 1) & (size - 1);
      slots_[at] = {hash, set};
    }
    building_ = {};
  }
  std::uint32_t find(std::string_view text) const {
    std::uint64_t hash = hash64(text, seed_);
    std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; slots_[at].second != 0; at = (at + 1) & mask) {
      if (slots_[at].first == hash) return slots_[at].second;
    }
    return 0;
  }

 private:
  std::uint64_t seed_;
  std::unordered_map<std::uint64_t, std::uint32_t> building_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> slots_;
};

// Expressions and substrings, one automaton for all.
class Patterns {
 public:
  Patterns() : set_(options(), RE2::UNANCHORED) {}
  Result<void> add(const std::string& expression, std::uint32_t list) {
    std::string why;
    if (lists_.size() >= patterns_max) return invalid("too many expressions");
    if (set_.Add(expression, &why) < 0) {
      return invalid(fmt::format("bad expression {}: {}", text::quote(expression), why));
    }
    auto single = std::make_unique<RE2>(expression, options());
    singles_.push_back(std::move(single));
    lists_.push_back(list);
    return {};
  }
  Result<void> seal() {
    return lists_.empty() || set_.Compile() ? Result<void>{} : invalid("too many expressions");
  }
  bool empty() const { return lists_.empty(); }
  void find(std::string_view text, Lists& found) const {
    std::vector<int> hits;
    RE2::Set::ErrorInfo error{};
    re2::StringPiece piece(text.data(), text.size());
    if (!set_.Match(piece, &hits, &error) && error.kind != RE2::Set::kNoError) {
      hits.clear();  // the automaton outgrew its memory: one by one
      for (std::size_t i = 0; i < singles_.size(); ++i) {
        if (RE2::PartialMatch(piece, *singles_[i])) hits.push_back(static_cast<int>(i));
      }
    }
    for (int hit : hits) found.push_back(lists_[static_cast<std::size_t>(hit)]);
  }

 private:
  static RE2::Options options() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(64 << 20);
    return options;
  }
  RE2::Set set_;
  std::vector<std::unique_ptr<RE2>> singles_;
  std::vector<std::uint32_t> lists_;
};

// What a list is meant for, from `matching_attributes`; an absent member means everything.
struct Targets {
  bool address = false, name = false, url = false;
};

struct Network4List {
  Network network;
  std::uint32_t list;
};

class KnownGood final : public Opened {
 public:
  explicit KnownGood(std::uint64_t seed) : names_(seed), suffixes_(seed + 1), urls_(seed + 2) {}

  Result<void> add(simdjson::dom::element document);
  Result<void> seal();
  void apply(EventBatch& batch) const override {
    apply(batch, batch.source, "source");
    apply(batch, batch.destination, "destination");
  }
  std::string describe() const override {
    return fmt::format("{} warning lists, {} entries", titles_.size(), entries_);
  }
  std::size_t size() const { return titles_.size(); }

 private:
  Result<void> add_entry(std::string_view type, std::string_view entry, Targets targets);
  Result<void> add_pattern(const std::string& expression, Targets targets);
  void add_address(const Network& network) { networks_.push_back({network, current()}); }
  std::uint32_t current() const { return static_cast<std::uint32_t>(titles_.size() - 1); }
  void apply(EventBatch& batch, const EndColumns& end, std::string_view end_name) const;
  void about_name(std::string_view name, Lists& found) const;
  void about_url(std::string_view url, Lists& found) const;
  void add_set(std::uint32_t set, Lists& found) const {
    found.insert(found.end(), sets_[set].begin(), sets_[set].end());
  }

  std::vector<std::string> titles_;
  std::size_t entries_ = 0;
  ListSets sets_;
  std::vector<Network4List> networks_;  // until sealed
  match::Ranges ranges_;                // values: numbers of sets
  Texts names_, suffixes_, urls_;
  Patterns name_patterns_, url_patterns_;
};

Targets targets_of(simdjson::dom::element document) {
  simdjson::dom::array attributes;
  if (document["matching_attributes"].get(attributes)) return {true, true, true};
  Targets targets;
  for (auto attribute : attributes) {
    std::string_view name;
    if (attribute.get(name)) continue;
    if (name == "ip-src" || name == "ip-dst") targets.address = true;
    if (name == "hostname" || name == "domain") targets.name = true;
    if (name == "url" || name == "uri") targets.url = true;
  }
  return targets;
}

Result<void> KnownGood::add(simdjson::dom::element document) {
  std::string_view type, title;
  simdjson::dom::array list;
  if (document["type"].get(type) || document["name"].get(title) || document["list"].get(list)) {
    return invalid("no warning list: it has no name, type or list");
  }
  Targets targets = targets_of(document);
  titles_.emplace_back(title);
  for (auto element : list) {
    std::string_view entry;
    if (element.get(entry)) return invalid("an entry is not a text");
    TRY(add_entry(type, text::trim(entry), targets));
  }
  return {};
}

Result<void> KnownGood::add_entry(std::string_view type, std::string_view entry, Targets targets) {
  if (entry.empty()) return {};
  ++entries_;
  std::string lower = text::lower(entry);
  if (type == "cidr") {
    add_address(TRY(ip::parse_network(entry)));
  } else if (type == "hostname") {
    auto name =
        normal::name(lower.starts_with('.') ? std::string_view(lower).substr(1) : lower, true);
    if (name) suffixes_.add(*name, current(), sets_);
  } else if (type == "string") {
    if (auto ip = ip::parse(entry)) {
      if (targets.address) add_address({*ip, 128});
      return {};
    }
    if (targets.name) names_.add(lower, current(), sets_);
    if (targets.url) urls_.add(entry, current(), sets_);
  } else if (type == "substring") {
    return add_pattern(RE2::QuoteMeta(re2::StringPiece(lower)), targets);
  } else if (type == "regex") {
    std::string_view expression = entry;
    std::string flags = "";
    if (std::size_t end = entry.rfind('/'); entry.starts_with('/') && end > 0) {
      expression = entry.substr(1, end - 1);
      if (entry.find('i', end) != entry.npos) flags = "(?i)";
    }
    return add_pattern(flags + std::string(expression), targets);
  } else {
    return invalid("unknown type " + text::quote(type) +
                   "; known: cidr hostname string substring regex");
  }
  return {};
}

Result<void> KnownGood::add_pattern(const std::string& expression, Targets targets) {
  if (targets.name) TRY(name_patterns_.add(expression, current()));
  if (targets.url) TRY(url_patterns_.add(expression, current()));
  return {};
}

// An address stands on the lists of all networks around it, not only of the longest: each network's
// set holds those of the wider ones too.
Result<void> KnownGood::seal() {
  std::ranges::sort(networks_, [](const Network4List& a, const Network4List& b) {
    return a.network != b.network ? a.network < b.network : a.list < b.list;
  });
  std::vector<match::Ranges::Prefix> prefixes, open;
  for (const auto& [network, list] : networks_) {
    while (!open.empty() && !(open.back().network.length <= network.length &&
                              open.back().network.contains(network.base))) {
      open.pop_back();
    }
    std::uint32_t around = open.empty() ? 0 : open.back().value;
    open.push_back({network, sets_.with(around, list)});
    prefixes.push_back(open.back());
  }
  networks_ = {};
  ranges_ = match::Ranges::build(std::move(prefixes));
  names_.seal(), suffixes_.seal(), urls_.seal();
  TRY(name_patterns_.seal());
  return url_patterns_.seal();
}

void KnownGood::about_name(std::string_view name, Lists& found) const {
  add_set(names_.find(name), found);
  for (std::string_view suffix = name; !suffix.empty();) {
    add_set(suffixes_.find(suffix), found);
    std::size_t dot = suffix.find('.');
    if (dot == suffix.npos) break;
    suffix.remove_prefix(dot + 1);
  }
  if (!name_patterns_.empty()) name_patterns_.find(name, found);
}

void KnownGood::about_url(std::string_view url, Lists& found) const {
  add_set(urls_.find(url), found);
  if (!url_patterns_.empty()) url_patterns_.find(url, found);
}

void KnownGood::apply(EventBatch& batch, const EndColumns& end, std::string_view end_name) const {
  std::vector<std::uint32_t> addresses(batch.size());
  ranges_.find(end.ip, addresses);
  Lists found;
  std::string member, names;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (addresses[i] == 0 && end.name[i].empty() && end.url[i].empty()) [[likely]]
      continue;
    found.clear();
    add_set(addresses[i], found);
    if (!end.name[i].empty()) about_name(batch.text(end.name[i]), found);
    if (!end.url[i].empty()) {
      std::string_view url = batch.text(end.url[i]), host = normal::url_host(url);
      if (end.name[i].empty() && !host.empty()) about_name(host, found);
      about_url(url, found);
    }
    if (found.empty()) continue;
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    names.clear();
    for (std::uint32_t list : found) names += (names.empty() ? "" : "; ") + titles_[list];
    member.clear();
    fmt::format_to(std::back_inserter(member), "\"node.{}.known_good\":", end_name);
    json::append_string(member, names);
    batch.add_members(i, member);
  }
}

Result<std::vector<std::string>> json_files(const std::string& folder, int depth) {
  std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), closedir);
  if (!open) return missing(fmt::format("cannot read folder '{}'", folder));
  std::vector<std::string> files;
  while (dirent* entry = readdir(open.get())) {
    std::string_view name = entry->d_name;
    std::string path = folder + "/" + std::string(name);
    if (name.starts_with('.')) continue;
    if (name.ends_with(".json")) {
      files.push_back(path);
    } else if (entry->d_type == DT_DIR &&
               depth > 0) {  // the project's own layout: lists/NAME/list.json
      for (auto& file : TRY(json_files(path, depth - 1))) files.push_back(std::move(file));
    }
  }
  std::ranges::sort(files);
  return files;
}

Result<std::unique_ptr<Opened>> open(const Settings& settings) {
  std::string folder(setting(settings, "warninglists"));
  if (folder.empty()) return nullptr;
  std::random_device random;
  auto opened = std::make_unique<KnownGood>(std::uint64_t{random()} << 32 | random());
  simdjson::dom::parser parser(file_bytes_max);
  for (const std::string& file : TRY(json_files(folder, 2))) {
    auto document = parser.load(file);
    if (document.error()) {
      return invalid(fmt::format("'{}': {}", file, simdjson::error_message(document.error())));
    }
    if (auto added = opened->add(document.value_unsafe()); !added) {
      return invalid(fmt::format("'{}': {}", file, added.error().what));
    }
  }
  if (opened->size() == 0) return missing(fmt::format("no warning list in '{}'", folder));
  TRY(opened->seal());
  return opened;
}

}  // namespace

Enricher known_good() {
  return {.summary = "marks values on MISP warning lists: resolvers, clouds, top sites",
          .order = 40,
          .open = open};
}

}  // namespace tocsin::enrich
