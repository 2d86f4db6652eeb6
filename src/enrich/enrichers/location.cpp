// location: AS, country and flags of both ends out of libloc's database. The first few addresses
// are looked up in libloc itself (3.9 us each); whoever asks for more has the whole database read
// into range tables once (1.3 million networks: half a second, which a command with one short
// report need not wait for). Source: IPFire Location, libloc 0.9.16.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
extern "C" {
#include <libloc/as.h>
#include <libloc/database.h>
#include <libloc/libloc.h>
#include <libloc/network.h>
}

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "enrich/enricher.h"

namespace tocsin::enrich {
namespace {

// Newest first: what `location update` fetched, then Debian's package.
constexpr std::array<const char*, 2> usual_files = {"/var/lib/location/database.db",
                                                    "/usr/share/libloc-location/location.db"};

// Addresses that nobody announces for the Internet: never resolved, whatever a database says.
// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890); RFC 5771; RFC 4291.
constexpr std::array<std::string_view, 24> special = {
    "0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12",   "192.0.0.0/24",   "192.0.2.0/24",  "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",   "240.0.0.0/4",    "64:ff9b:1::/48",
    "100::/64",        "2001:2::/48",    "2001:10::/28",  "2001:db8::/32",  "3fff::/20",
    "5f00::/16",       "fc00::/7",       "fe80::/10",     "ff00::/8"};

template <auto unref>
struct Unref {
  template <class T>
  void operator()(T* t) const {
    unref(t);
  }
};
struct Close {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using Context = std::unique_ptr<loc_ctx, Unref<loc_unref>>;
using Database = std::unique_ptr<loc_database, Unref<loc_database_unref>>;
using Enumerator = std::unique_ptr<loc_database_enumerator, Unref<loc_database_enumerator_unref>>;
using LocNetwork = std::unique_ptr<loc_network, Unref<loc_network_unref>>;
using LocAs = std::unique_ptr<loc_as, Unref<loc_as_unref>>;

void quiet(loc_ctx*, int, const char*, int, const char*, const char*, va_list) {}

std::uint8_t flags_of(loc_network* network) {
  std::uint8_t flags = 0;
  auto add = [&](loc_network_flags theirs, NetworkFlag ours) {
    if (loc_network_has_flag(network, theirs)) flags = static_cast<std::uint8_t>(flags | ours);
  };
  add(LOC_NETWORK_FLAG_ANONYMOUS_PROXY, anonymous_proxy);
  add(LOC_NETWORK_FLAG_SATELLITE_PROVIDER, satellite);
  add(LOC_NETWORK_FLAG_ANYCAST, anycast);
  add(LOC_NETWORK_FLAG_DROP, drop);
  return flags;
}

Network network_of(loc_network* network) {
  Network out;
  std::memcpy(out.base.bytes.data(), loc_network_get_first_address(network), 16);
  unsigned length = loc_network_prefix(network);
  if (out.base.is_v4() && loc_network_address_family(network) == AF_INET) length += 96;
  out.length = static_cast<std::uint8_t>(std::min(length, 128u));
  return out;
}

Result<Enumerator> enumerate(loc_database* database, loc_database_enumerator_mode mode) {
  loc_database_enumerator* enumerator = nullptr;
  if (loc_database_enumerator_new(&enumerator, database, mode, 0) != 0) {
    return invalid("libloc cannot enumerate the database");
  }
  return Enumerator(enumerator);
}

// Which facts to take; the operator's own tables may give the others.
struct Wanted {
  bool asn = true, country = true;
};

// Puts networks of the database into tables, as they count for us.
class Reader {
 public:
  explicit Reader(Wanted wanted) : wanted_(wanted) {
    std::vector<match::Ranges::Prefix> prefixes;
    for (std::string_view text : special) {
      holes_.push_back(*ip::parse_network(text));
      prefixes.push_back({holes_.back(), static_cast<std::uint32_t>(holes_.size())});
    }
    specials_ = match::Ranges::build(std::move(prefixes));
  }

  void add(loc_network* network, Places::Builder& builder) const {
    Network where = network_of(network);
    std::uint32_t hole = specials_.find(where.base);
    if (hole != 0 && holes_[hole - 1].length <= where.length) return;
    const char* code = wanted_.country ? loc_network_get_country_code(network) : nullptr;
    builder.add(where, {.asn = wanted_.asn ? loc_network_get_asn(network) : 0,
                        .country = Country::parse(code == nullptr ? "" : code).value_or(Country{}),
                        .flags = flags_of(network)});
  }
  void add_holes(Places::Builder& builder) const {
    for (const Network& hole : holes_) builder.add_hole(hole);
  }

 private:
  Wanted wanted_;
  std::vector<Network> holes_;
  match::Ranges specials_;  // values: indices into holes_, from 1 on
};

Result<void> read_networks(loc_database* database, const Reader& reader, Places::Builder& builder) {
  auto all = TRY(enumerate(database, LOC_DB_ENUMERATE_NETWORKS));
  while (true) {
    loc_network* next = nullptr;
    if (loc_database_enumerator_next_network(all.get(), &next) != 0) {
      return invalid("damaged: its networks cannot be read to the end");
    }
    if (next == nullptr) return {};
    LocNetwork network(next);
    reader.add(next, builder);
  }
}

Result<void> read_names(loc_database* database, Places::Builder& builder) {
  auto all = TRY(enumerate(database, LOC_DB_ENUMERATE_ASES));
  while (true) {
    loc_as* next = nullptr;
    if (loc_database_enumerator_next_as(all.get(), &next) != 0) {
      return invalid("damaged: its AS names cannot be read to the end");
    }
    if (next == nullptr) return {};
    LocAs as(next);
    const char* name = loc_as_get_name(next);
    builder.add_name(loc_as_get_number(next), name == nullptr ? "" : name);
  }
}

struct Source {
  std::string path;
  std::unique_ptr<std::FILE, Close> file;
  Context context;
  Database database;
  TimeUs date() const { return TimeUs{loc_database_created_at(database.get())} * us_per_s; }
};

Result<Source> open_source(const std::string& path) {
  std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  if (!file) {
    return missing(
        fmt::format("cannot open location database '{}': {}", path, std::strerror(errno)));
  }
  loc_ctx* raw_context = nullptr;
  if (loc_new(&raw_context) != 0) return unavailable("libloc does not start");
  Context context(raw_context);
  loc_set_log_fn(context.get(), quiet);
  loc_database* raw_database = nullptr;
  if (loc_database_new(context.get(), &raw_database, file.get()) != 0) {
    return invalid(fmt::format("'{}' is no location database, or a damaged one", path));
  }
  return Source{path, std::move(file), std::move(context), Database(raw_database)};
}

class Location final : public Opened {
 public:
  Location(Source source, Wanted wanted)
      : source_(std::move(source)), reader_(wanted), date_(source_.date()) {}

  void apply(EventBatch& batch) const override {
    if (auto places = few({batch.source.ip, batch.destination.ip})) return places->apply(batch);
    all().apply(batch);
  }
  void locate(const Ip& ip, Whereabouts& known) const override {
    if (auto places = few({{&ip, 1}})) return places->locate(ip, known);
    all().locate(ip, known);
  }
  std::string as_name(std::uint32_t asn) const override {
    if (!is_read_.load()) {
      std::lock_guard guard(libloc_);
      if (!places_) return name_of(asn);
    }
    return std::string(all().as_name(asn));
  }
  std::uint64_t announced_v4(Country country) const override { return all().announced_v4(country); }
  TimeUs date() const override { return date_; }
  std::string describe() const override {
    return fmt::format("libloc of {}, {} networks", times::format_day(times::day_of(date_)),
                       all().networks());
  }

 private:
  static constexpr std::size_t few_max = 20'000;  // look-ups: 80 ms
  static constexpr std::size_t tables_cost = 50;  // laying out tables of a few, in look-ups

  // Tables that answer for these addresses; none, if the whole database is worth reading.
  std::optional<Places> few(std::initializer_list<std::span<const Ip>> lists) const {
    if (is_read_.load()) return {};
    std::lock_guard guard(libloc_);
    asked_ += tables_cost;
    for (std::span<const Ip> ips : lists) asked_ += ips.size();
    if (places_ || asked_ > few_max) return {};
    Places::Builder builder;
    for (std::span<const Ip> ips : lists) {
      for (const Ip& ip : ips) {
        if (ip.empty()) continue;
        in6_addr address;
        std::memcpy(&address, ip.bytes.data(), sizeof address);
        loc_network* found = nullptr;
        if (loc_database_lookup(source_.database.get(), &address, &found) < 0) return {};
        LocNetwork network(found);
        if (network) reader_.add(found, builder);
      }
    }
    reader_.add_holes(builder);
    return builder.build();
  }

  std::string name_of(std::uint32_t asn) const {
    loc_as* found = nullptr;
    if (loc_database_get_as(source_.database.get(), &found, asn) != 0) return {};
    LocAs as(found);
    const char* name = as ? loc_as_get_name(found) : nullptr;
    return std::string(Places::kept_name(name == nullptr ? "" : name));
  }

  // What is damaged further in than its head is told in the log: what was read until there serves.
  const Places& all() const {
    if (!is_read_.load()) {
      std::lock_guard guard(libloc_);
      if (!places_) read_all();
    }
    return *places_;
  }
  void read_all() const {
    Places::Builder builder;
    builder.date(date_);
    auto read = read_networks(source_.database.get(), reader_, builder);
    reader_.add_holes(builder);
    if (read) read = read_names(source_.database.get(), builder);
    if (!read) spdlog::error("location database '{}': {}", source_.path, read.error().what);
    places_.emplace(builder.build());
    source_ = {};
    is_read_ = true;
  }

  mutable std::mutex libloc_;  // which counts its references without one
  mutable Source source_;      // gone once all is read
  mutable std::size_t asked_ = 0;
  mutable std::optional<Places> places_;
  mutable std::atomic<bool> is_read_ = false;
  Reader reader_;
  TimeUs date_;
};

Result<std::unique_ptr<Opened>> open(const Settings& settings) {
  std::string path(setting(settings, "location_database"));
  if (path == "off") return nullptr;
  if (path.empty()) {
    for (const char* usual : usual_files) {
      std::unique_ptr<std::FILE, Close> there(std::fopen(usual, "re"));
      if (there) {
        path = usual;
        break;
      }
    }
  }
  if (path.empty()) return nullptr;
  Wanted wanted{setting(settings, "mmdb_asn").empty(), setting(settings, "mmdb_country").empty()};
  return std::make_unique<Location>(TRY(open_source(path)), wanted);
}

}  // namespace

Enricher location() {
  return {
      .summary = "AS, country and network flags from libloc's database", .order = 20, .open = open};
}

}  // namespace tocsin::enrich
