#include "data_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "base/text.h"
#include "model/family.h"
#include "model/field.h"
#include "model/normal.h"
#include "test.h"
#include "wire/intelmq.h"

namespace tocsin::data {
namespace {

using simdjson::dom::element;

std::string plain(element e) {
  if (e.is_string()) return std::string(std::string_view(e.get_string().value()));
  return simdjson::minify(e);
}

// Sorted, numbers as doubles: equal JSON is equal text.
std::string ordered(element e) {
  simdjson::dom::object object;
  simdjson::dom::array list;
  std::string out;
  if (!e.get(object)) {
    std::map<std::string, std::string> members;
    for (auto member : object) members.emplace(member.key, ordered(member.value));
    for (const auto& [key, value] : members) out += key + ":" + value + ",";
    return "{" + out + "}";
  }
  if (!e.get(list)) {
    for (element one : list) out += ordered(one) + ",";
    return "[" + out + "]";
  }
  if (e.is_number()) return fmt::format("{}", double(e));
  return plain(e);
}

// A time to the millisecond: some expectations were computed with binary fractions.
std::optional<std::string> time_text(std::string_view text) {
  if (text.size() < 19) return std::nullopt;
  auto time = times::parse(text);
  if (!time) return std::nullopt;
  return times::format((*time + 500) / 1000 * 1000);
}

template <class T>
std::string or_none(const Result<T>& result) {
  return result ? std::string(*result) : std::string();
}

}  // namespace

std::string folder(const std::string& set) {
  const char* given = std::getenv("TOCSIN_SHARED_DATA");
  std::filesystem::path root =
      given != nullptr ? std::filesystem::path(given)
                       : std::filesystem::path(TOCSIN_SOURCE_DIR) / ".." / "shared" / "data";
  if (std::filesystem::exists(root / set)) return (root / set).string();
  MESSAGE("skipped: ../shared/data/" << set << " not found");
  return {};
}

std::string file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string canonical(const std::string& key, element value) {
  if (value.is_null()) return {};
  std::string text = plain(value);
  auto field = field_named(key);
  if (!field || key.starts_with("extra")) {
    if (value.is_string()) {
      auto time = time_text(text);
      return time ? *time : std::string(text::trim(text));
    }
    return ordered(value);
  }
  if (key == "malware.name") return canonical_family(text);
  switch (kind_of(*field)) {
    case Kind::time:
      return time_text(text).value_or(text);
    case Kind::url:
      return or_none(normal::url(text));
    case Kind::fqdn:
      return or_none(normal::name(text, true));
    case Kind::ip:
      return or_none(ip::canonical(text));
    case Kind::network: {
      auto network = ip::parse_network(text);
      return network ? ip::format(*network) : std::string();
    }
    case Kind::cc: {
      auto country = Country::parse(text);
      return country ? country->text() : std::string();
    }
    case Kind::type: {
      auto type = type_named(text);
      return type ? std::string(name(*type)) : text;
    }
    case Kind::tlp: {
      auto tlp = tlp_named(text);
      return tlp ? std::string(name(*tlp)) : std::string();
    }
    case Kind::lower:
    case Kind::md5:
    case Kind::sha1:
    case Kind::sha256:
      return text::lower(text);
    default:
      break;
  }
  if (auto number = text::decimal(text)) return fmt::format("{}", *number);
  return std::string(text::trim(text));
}

Flat flat(element object) {
  Flat out;
  simdjson::dom::object members;
  if (object.get(members)) return out;
  for (auto member : members) {
    std::string key(member.key), value = canonical(key, member.value);
    if (!value.empty()) out.emplace(key, value);
  }
  return out;
}

Read read(const ingest::Reader& reader, ingest::Report report, const std::string& feed) {
  Read out;
  Dictionary words;
  simdjson::dom::parser parser;
  auto batches = [&](EventBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::string json;
      wire::append_intelmq(json, batch, i, words);
      element root;
      REQUIRE(parser.parse(json).get(root) == simdjson::SUCCESS);
      out.events.push_back(flat(root));
    }
    return {};
  };
  auto rejects = [&](const ingest::Reject& reject) {
    out.rejects.push_back(fmt::format("line {}: {}", reject.line, reject.why.what));
  };
  // Some samples of n6 lie in their report's future: they are read as of today.
  ingest::Sink sink(words, {.feed = words.id(feed), .received = times::now()}, batches, rejects);
  auto done = reader(report, sink);
  auto finished = sink.finish();
  if (!done) out.error = done.error().what;
  if (!finished) out.error = finished.error().what;
  return out;
}

std::string difference(const Flat& wanted, const Flat& got) {
  for (const auto& [key, value] : wanted) {
    auto found = got.find(key);
    if (found == got.end()) return fmt::format("{}: wanted {}, got nothing", key, value);
    if (found->second != value) {
      return fmt::format("{}: wanted {}, got {}", key, value, found->second);
    }
  }
  return {};
}

std::string unmatched(const std::vector<Flat>& wanted, const std::vector<Flat>& got) {
  std::vector<bool> used(got.size());
  for (const auto& event : wanted) {
    std::string why = "no event left";
    bool found = false;
    for (std::size_t i = 0; i < got.size() && !found; ++i) {
      if (used[i]) continue;
      std::string lacks = difference(event, got[i]);
      if (lacks.empty()) {
        used[i] = true;
        found = true;
      } else if (why == "no event left") {
        why = lacks;
      }
    }
    if (!found) return why;
  }
  return {};
}

}  // namespace tocsin::data
