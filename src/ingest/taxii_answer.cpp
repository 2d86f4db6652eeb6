#include "ingest/taxii_answer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "wire/stix_words.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using wire::stix_has;
using wire::stix_text;

constexpr std::size_t next_max = 8192, roots_max = 16, collections_max = 1000;

// Errors: invalid.
Result<object> object_in(simdjson::dom::parser& parser, std::string_view json) {
  object root;
  if (parser.parse(json.data(), json.size()).get(root))
    return invalid("answered no TAXII: " + text::quote(json.substr(0, 200)));
  return root;
}

// It becomes a part of a path.
bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

void add_collection(TaxiiPlace& place, const object& said) {
  TaxiiCollectionSaid one{.id = std::string(stix_text(said, "id")),
                          .alias = std::string(stix_text(said, "alias")),
                          .title = std::string(stix_text(said, "title"))};
  bool can_read = false;
  one.can_read = !said.at_key("can_read").get(can_read) && can_read;
  if (is_plain_id(one.id) && place.collections.size() < collections_max)
    place.collections.push_back(std::move(one));
}

}  // namespace

Result<TaxiiEnvelope> read_taxii_envelope(std::string_view json) {
  TaxiiEnvelope out;
  if (text::trim(json).empty()) return out;
  simdjson::dom::parser parser;
  object root = TRY(object_in(parser, json));
  array objects;
  if (!root.at_key("objects").get(objects)) {
    std::string versions;
    for (element one : objects) {
      object last;
      ++out.objects;
      out.last_id.clear();
      if (one.get(last)) continue;
      out.last_id = stix_text(last, "id");
      versions += fmt::format("{} {}\n", out.last_id, stix_text(last, "modified"));
    }
    out.content = hash64(versions);
  }
  std::string_view next = stix_text(root, "next");
  if (next.size() <= next_max) out.next = next;
  if (root.at_key("more").get(out.more)) out.more = !out.next.empty();
  if (!out.more) out.next.clear();
  return out;
}

Result<TaxiiPlace> read_taxii_place(std::string_view json) {
  using Kind = TaxiiPlace::Kind;
  simdjson::dom::parser parser;
  object root = TRY(object_in(parser, json));
  TaxiiPlace out;
  array list;
  if (!root.at_key("api_roots").get(list)) {
    out.kind = Kind::discovery;
    std::string_view first = stix_text(root, "default");
    if (!first.empty()) out.roots.emplace_back(first);
    for (element one : list) {
      std::string_view url;
      if (!one.get(url) && url != first && out.roots.size() < roots_max)
        out.roots.emplace_back(url);
    }
  } else if (!root.at_key("collections").get(list)) {
    for (element one : list) {
      object said;
      if (!one.get(said)) add_collection(out, said);
    }
  } else if (stix_has(root, "can_read")) {
    out.kind = Kind::collection;
    add_collection(out, root);
  } else if (stix_has(root, "versions")) {
    out.kind = Kind::root;
  } else if (root.size() != 0) {  // a list of no collections is left out
    return invalid("answered neither discovery, API root nor collections: " +
                   text::quote(json.substr(0, 200)));
  }
  return out;
}

std::string newest_in_manifest(std::string_view json) {
  simdjson::dom::parser parser;
  auto root = object_in(parser, json);
  array list;
  if (!root || root->at_key("objects").get(list)) return {};
  std::string newest;
  std::optional<wire::StixTime> newest_time;
  for (element one : list) {
    object record;
    if (one.get(record)) continue;
    std::string_view added = stix_text(record, "date_added");
    auto time = wire::stix_time(added);
    if (!time || (newest_time && *time <= *newest_time)) continue;
    newest_time = time;
    newest = added;
  }
  return newest;
}

std::string taxii_stamp(TimeUs time) {
  std::string out = times::format(time);
  if (out.size() == 20) out.insert(19, ".000000");
  return out;
}

}  // namespace tocsin::ingest
