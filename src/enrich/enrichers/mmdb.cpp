// mmdb: AS and country of both ends out of the operator's own MaxMind DB files, instead of
// libloc's. The search tree is walked once into range tables. Source: MaxMind DB File Format
// Specification 2.0; libmaxminddb(3).
#include <fmt/format.h>
#include <maxminddb.h>

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "enrich/enricher.h"

namespace tocsin::enrich {
namespace {

class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (open_) MMDB_close(&db);
  }
  int open(const std::string& path) {
    int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &db);
    open_ = status == MMDB_SUCCESS;
    return status;
  }
  MMDB_s db{};

 private:
  bool open_ = false;
};

// The value at a path of keys; nullopt: absent. Errors: invalid, if the data are damaged.
template <class... Keys>
Result<std::optional<MMDB_entry_data_s>> value_at(MMDB_entry_s entry, Keys... keys) {
  MMDB_entry_data_s data{};
  int status = MMDB_get_value(&entry, &data, keys..., static_cast<const char*>(nullptr));
  if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR ||
      (status == MMDB_SUCCESS && !data.has_data)) {
    return std::nullopt;
  }
  if (status != MMDB_SUCCESS) return invalid(MMDB_strerror(status));
  return data;
}

std::string_view text_of(const std::optional<MMDB_entry_data_s>& data) {
  if (!data || data->type != MMDB_DATA_TYPE_UTF8_STRING) return {};
  return {data->utf8_string, data->data_size};
}

// MaxMind's own names of members and those other vendors use.
Result<std::uint32_t> asn_of(MMDB_entry_s entry, Places::Builder& builder) {
  std::uint32_t asn = 0;
  auto number = TRY(value_at(entry, "autonomous_system_number"));
  if (number && number->type == MMDB_DATA_TYPE_UINT32) asn = number->uint32;
  if (asn == 0) {
    std::string_view text = text_of(TRY(value_at(entry, "asn")));
    if (text.starts_with("AS")) text.remove_prefix(2);
    auto parsed = text::number(text);
    if (parsed && *parsed <= UINT32_MAX) asn = static_cast<std::uint32_t>(*parsed);
  }
  for (const char* key : {"as_name", "autonomous_system_organization"}) {
    std::string_view name = text_of(TRY(value_at(entry, key)));
    if (text::is_utf8(name)) builder.add_name(asn, name);
  }
  return asn;
}

Result<Country> country_of(MMDB_entry_s entry) {
  for (std::string_view text :
       {text_of(TRY(value_at(entry, "country", "iso_code"))),
        text_of(TRY(value_at(entry, "country_code"))), text_of(TRY(value_at(entry, "country"))),
        text_of(TRY(value_at(entry, "registered_country", "iso_code")))}) {
    if (auto country = Country::parse(text)) return *country;
  }
  return Country{};
}

// Walks the tree; every node at most once in a sound file.
class Walk {
 public:
  Walk(MMDB_s& db, bool asn, Places::Builder& builder)
      : db_(db),
        asn_(asn),
        builder_(builder),
        left_(std::uint64_t{db.metadata.node_count} * 2 + 256) {}

  Result<void> run() {
    bool six = db_.metadata.ip_version == 6;
    std::vector<Pending> pending{{0, Ip{}, 0}};
    if (!six) pending[0] = {0, Ip::from_v4(0), 96};
    while (!pending.empty()) {
      Pending at = pending.back();
      pending.pop_back();
      if (left_-- == 0) return invalid("its search tree loops");
      MMDB_search_node_s node{};
      if (int status = MMDB_read_node(&db_, at.node, &node); status != MMDB_SUCCESS) {
        return invalid(MMDB_strerror(status));
      }
      Ip right = at.base;
      if (at.depth < 128) {
        right.bytes[at.depth / 8u] =
            static_cast<std::uint8_t>(right.bytes[at.depth / 8u] | 0x80u >> at.depth % 8);
      }
      TRY(record({node.left_record, at.base, at.depth + 1}, node.left_record_type,
                 node.left_record_entry, pending));
      TRY(record({node.right_record, right, at.depth + 1}, node.right_record_type,
                 node.right_record_entry, pending));
    }
    return {};
  }

  std::size_t found() const { return found_; }

 private:
  struct Pending {
    std::uint64_t record;
    Ip base;
    unsigned depth;
    std::uint32_t node = static_cast<std::uint32_t>(record);
  };

  Result<void> record(Pending at, std::uint8_t type, MMDB_entry_s entry,
                      std::vector<Pending>& pending) {
    if (type == MMDB_RECORD_TYPE_EMPTY) return {};
    if (type == MMDB_RECORD_TYPE_INVALID) return invalid("its search tree has an invalid record");
    if (at.depth > 128) return invalid("its search tree is deeper than 128 bits");
    bool below_v4 = at.base.high() == 0 && at.base.low() >> 32 == 0 && at.depth >= 96;
    if (type == MMDB_RECORD_TYPE_SEARCH_NODE) {
      // 6to4, Teredo and mapped addresses lead to the IPv4 tree again: not a second time.
      bool alias = db_.metadata.ip_version == 6 && at.node == db_.ipv4_start_node.node_value &&
                   !(below_v4 && at.depth == 96);
      if (!alias) pending.push_back(at);
      return {};
    }
    if (at.base.high() == 0 && at.base.low() >> 32 == 0 && at.depth >= 96) {
      at.base = Ip::from_v4(static_cast<std::uint32_t>(at.base.low()));
    }
    Place place = TRY(place_of(entry));
    if (place.asn == 0 && place.country.empty()) return {};
    builder_.add({at.base, static_cast<std::uint8_t>(at.depth)}, place);
    ++found_;
    return {};
  }

  Result<Place> place_of(MMDB_entry_s entry) {
    auto known = known_.find(entry.offset);
    if (known != known_.end()) return known->second;
    Place place;
    if (asn_) {
      place.asn = TRY(asn_of(entry, builder_));
    } else {
      place.country = TRY(country_of(entry));
    }
    known_.emplace(entry.offset, place);
    return place;
  }

  MMDB_s& db_;
  bool asn_;
  Places::Builder& builder_;
  std::uint64_t left_;
  std::size_t found_ = 0;
  std::unordered_map<std::uint32_t, Place>
      known_;  // by the offset of the data: many networks share
};

Result<Places> load(const std::string& path, bool asn) {
  File file;
  if (int status = file.open(path); status != MMDB_SUCCESS) {
    auto fault = status == MMDB_FILE_OPEN_ERROR ? Fault::missing : Fault::invalid;
    return std::unexpected(Error{fault, fmt::format("'{}': {}", path, MMDB_strerror(status))});
  }
  Places::Builder builder;
  if (file.db.metadata.build_epoch < 4'102'444'800) {  // 2100
    builder.date(static_cast<TimeUs>(file.db.metadata.build_epoch) * us_per_s);
  }
  Walk walk(file.db, asn, builder);
  if (auto walked = walk.run(); !walked) {
    return invalid(fmt::format("damaged MaxMind DB '{}': {}", path, walked.error().what));
  }
  if (walk.found() == 0) {
    return invalid(
        fmt::format("MaxMind DB '{}' holds no {}", path, asn ? "AS numbers" : "countries"));
  }
  return builder.build();
}

class Mmdb final : public Opened {
 public:
  explicit Mmdb(std::vector<Places> places) : places_(std::move(places)) {}
  void apply(EventBatch& batch) const override {
    for (const Places& places : places_) places.apply(batch);
  }
  void locate(const Ip& ip, Whereabouts& known) const override {
    for (const Places& places : places_) places.locate(ip, known);
  }
  std::string as_name(std::uint32_t asn) const override {
    std::string_view name;
    for (const Places& places : places_) {
      if (name.empty()) name = places.as_name(asn);
    }
    return std::string(name);
  }
  std::uint64_t announced_v4(Country country) const override {
    std::uint64_t announced = 0;
    for (const Places& places : places_) {
      if (announced == 0) announced = places.announced_v4(country);
    }
    return announced;
  }
  TimeUs date() const override {
    TimeUs oldest = time_none;
    for (const Places& places : places_) {
      TimeUs date = places.date();
      if (date != time_none && (oldest == time_none || date < oldest)) oldest = date;
    }
    return oldest;
  }
  std::string describe() const override {
    std::string out;
    for (const Places& places : places_) {
      out += fmt::format("{}MaxMind DB of {}, {} networks", out.empty() ? "" : "; ",
                         times::format_day(times::day_of(places.date())), places.networks());
    }
    return out;
  }

 private:
  std::vector<Places> places_;
};

Result<std::unique_ptr<Opened>> open(const Settings& settings) {
  std::vector<Places> places;
  for (auto [name, asn] : {std::pair("mmdb_asn", true), std::pair("mmdb_country", false)}) {
    std::string path(setting(settings, name));
    if (!path.empty()) places.push_back(TRY(load(path, asn)));
  }
  if (places.empty()) return nullptr;
  return std::make_unique<Mmdb>(std::move(places));
}

}  // namespace

Enricher mmdb() {
  return {.summary = "AS and country from the operator's MaxMind DB files, instead of libloc's",
          .order = 10,
          .open = open};
}

}  // namespace tocsin::enrich
