#include "wire/stix_id.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/canonical_json.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/stix_words.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

struct Contributing {
  std::string_view type;
  std::array<std::string_view, 8> names;
};

// What of an observable makes its id. Source: section 6, "ID Contributing Properties".
constexpr auto contributing = std::to_array<Contributing>({
    {"artifact", {"hashes", "payload_bin"}},
    {"autonomous-system", {"number"}},
    {"directory", {"path"}},
    {"domain-name", {"value"}},
    {"email-addr", {"value"}},
    {"email-message", {"body", "from_ref", "subject"}},
    {"file", {"extensions", "hashes", "name", "parent_directory_ref"}},
    {"ipv4-addr", {"value"}},
    {"ipv6-addr", {"value"}},
    {"mac-addr", {"value"}},
    {"mutex", {"name"}},
    {"network-traffic",
     {"dst_port", "dst_ref", "end", "extensions", "protocols", "src_port", "src_ref", "start"}},
    {"software", {"cpe", "name", "swid", "vendor", "version"}},
    {"url", {"value"}},
    {"user-account", {"account_login", "account_type", "user_id"}},
    {"windows-registry-key", {"key", "values"}},
    {"x509-certificate", {"hashes", "serial_number"}},
});

// The one hash that counts: the first of these, else the first there is.
std::string one_hash(const Object& hashes) {
  std::string_view name;
  Element value;
  for (std::string_view known : {"MD5", "SHA-1", "SHA-256", "SHA-512"}) {
    if (name.empty() && !hashes.at_key(known).get(value)) name = known;
  }
  for (auto [key, found] : hashes) {
    if (name.empty()) name = key, value = found;
  }
  json::Writer w;
  w.object().key(name).raw(std::string(simdjson::minify(value))).end();
  return w.take();
}

}  // namespace

Result<std::string> stix_observable_id(const Element& element) {
  Object object;
  if (element.get(object)) return invalid("an observable that is no object");
  std::string_view type = stix_text(object, "type");
  if (type.empty()) return invalid("an observable without a type");
  json::Writer w;
  w.object();
  bool any = false;
  for (const Contributing& row : contributing) {
    if (row.type != type) continue;
    for (std::string_view name : row.names) {
      Element value;
      if (name.empty() || object.at_key(name).get(value)) continue;
      Object hashes;
      any = true;
      w.key(name);
      if (name == "hashes" && !value.get(hashes) && hashes.size() > 0) {
        w.raw(one_hash(hashes));
      } else {
        w.raw(std::string(simdjson::minify(value)));
      }
    }
  }
  if (!any) return std::string();
  w.end();
  return fmt::format("{}--{}", type, uuid5(stix_namespace(), TRY(canonical_json(w.text()))));
}

Result<std::string> stix_observable_id(std::string_view json) {
  simdjson::dom::parser parser;
  Element root;
  if (auto failed = parser.parse(simdjson::padded_string(json)).get(root))
    return invalid(fmt::format("not JSON: {}", simdjson::error_message(failed)));
  return stix_observable_id(root);
}

std::string stix_node_namespace(std::string_view node) {
  std::string hex, text = uuid5(tocsin_namespace(), fmt::format("node {}", node));
  for (char c : text) {
    if (c != '-') hex += c;
  }
  return *from_hex(hex);
}

std::string stix_own_id(std::string_view type, std::string_view node_namespace,
                        std::string_view seed) {
  return fmt::format("{}--{}", type, uuid5(node_namespace, fmt::format("{} {}", type, seed)));
}

}  // namespace tocsin::wire
