// Stix plain: patterns of one comparison, or an OR of such, as plain observables, and back.
#include <algorithm>
#include <array>
#include <set>

#include "base/ip.h"
#include "base/text.h"
#include "model/normal.h"
#include "wire/stix_pattern.h"

namespace tocsin::wire {
namespace {

using Kind = StixObservable::Kind;

// What a path names. Hashes go by many spellings in the wild.
struct Named {
  std::string_view type, path;
  Kind kind;
};
constexpr auto named = std::to_array<Named>({{"ipv4-addr", "value", Kind::address},
                                             {"ipv6-addr", "value", Kind::address},
                                             {"domain-name", "value", Kind::name},
                                             {"url", "value", Kind::url},
                                             {"email-addr", "value", Kind::mail},
                                             {"autonomous-system", "number", Kind::asn},
                                             {"file", "hashes.MD5", Kind::md5},
                                             {"file", "hashes.SHA-1", Kind::sha1},
                                             {"file", "hashes.SHA1", Kind::sha1},
                                             {"file", "hashes.SHA-256", Kind::sha256},
                                             {"file", "hashes.SHA256", Kind::sha256},
                                             {"file", "hashes.SHA-512", Kind::sha512},
                                             {"file", "hashes.SHA512", Kind::sha512},
                                             {"file", "name", Kind::file_name},
                                             {"mutex", "name", Kind::mutex},
                                             {"windows-registry-key", "key", Kind::registry_key},
                                             {"mac-addr", "value", Kind::mac}});

std::string path_of(const StixComparison& comparison) {
  std::string out;
  for (const StixStep& step : comparison.path) {
    if (step.name.empty()) return {};
    if (!out.empty()) out += '.';
    out += step.name;
  }
  return out;
}

// Of an end of traffic: "dst_ref.value" is that of the object it refers to.
bool is_end(const StixComparison& comparison, std::string_view property) {
  std::string path = path_of(comparison);
  return comparison.type == "network-traffic" &&
         (path == "src_ref." + std::string(property) || path == "dst_ref." + std::string(property));
}

Result<std::string> canonical(Kind kind, std::string_view value) {
  switch (kind) {
    case Kind::address:
      return ip::canonical(value);
    case Kind::network:
      return ip::format(TRY(ip::parse_network(value)));
    case Kind::name:
      return normal::name(value);
    case Kind::url:
      return normal::url(value);
    case Kind::mail:
      return normal::email(value);
    case Kind::md5:
      return normal::hash(value, 16);
    case Kind::sha1:
      return normal::hash(value, 20);
    case Kind::sha256:
      return normal::hash(value, 32);
    case Kind::sha512:
      return normal::hash(value, 64);
    case Kind::mac:
      return text::lower(value);
    case Kind::asn:
    case Kind::file_name:
    case Kind::mutex:
    case Kind::registry_key:
      return std::string(value);
  }
  return invalid("a kind of observable that there is not");
}

class Plain {
 public:
  explicit Plain(const StixPattern& pattern) : pattern_(pattern) {}

  bool take(std::size_t at) {
    const StixNode& node = pattern_.nodes[at];
    switch (node.kind) {
      case StixNode::Kind::observation:
      case StixNode::Kind::either:
      case StixNode::Kind::any_of:
        return std::ranges::all_of(node.children, [&](std::size_t child) { return take(child); });
      case StixNode::Kind::comparison:
        return comparison(pattern_.comparisons[node.at]);
      case StixNode::Kind::all_of:
        return typed_end(node);
      default:
        return false;
    }
  }
  std::set<StixObservable> found;

 private:
  // network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '...'
  bool typed_end(const StixNode& node) {
    if (node.children.size() != 2) return false;
    const StixComparison* parts[2] = {};
    for (std::size_t i = 0; i < 2; ++i) {
      const StixNode& child = pattern_.nodes[node.children[i]];
      if (child.kind != StixNode::Kind::comparison) return false;
      parts[i] = &pattern_.comparisons[child.at];
    }
    if (is_end(*parts[1], "type")) std::swap(parts[0], parts[1]);
    const StixComparison &type = *parts[0], &value = *parts[1];
    if (!is_end(type, "type") || !is_end(value, "value") || !is_equality(type) ||
        type.path[0].name != value.path[0].name || type.values.size() != 1)
      return false;
    StixComparison direct = value;
    direct.type = type.values[0].text;
    direct.path = {{.name = "value"}};
    return comparison(direct);
  }

  static bool is_equality(const StixComparison& c) {
    return !c.negated && (c.test == StixTest::equal || c.test == StixTest::in);
  }

  bool comparison(const StixComparison& c) {
    std::string path = path_of(c);
    auto row = std::ranges::find_if(
        named, [&](const Named& one) { return one.type == c.type && one.path == path; });
    bool end = is_end(c, "value");
    bool subset = !c.negated && c.test == StixTest::subset;
    if ((row == named.end() && !end) || (!is_equality(c) && !subset) || c.values.empty())
      return false;
    Kind kind = end ? Kind::address : row->kind;
    if (subset && kind != Kind::address) return false;
    return std::ranges::all_of(c.values, [&](const StixLiteral& value) {
      return literal(kind, value, subset) || (end && literal(Kind::name, value, false));
    });
  }

  bool literal(Kind kind, const StixLiteral& value, bool subset) {
    std::string text = value.text;
    if (kind == Kind::asn) {
      if (value.kind != StixLiteral::Kind::integer || value.integer < 0 ||
          value.integer > UINT32_MAX)
        return false;
      text = std::to_string(value.integer);
    } else if (value.kind != StixLiteral::Kind::text) {
      return false;
    }
    // 192.0.2.7/32 is an address, however it is looked for.
    if (kind == Kind::address && (subset || text.contains('/'))) {
      auto network = ip::parse_network(text);
      if (!network) return false;
      text = ip::format(*network);
      if (network->length == 128) {
        text = ip::format(network->base);
      } else {
        kind = Kind::network;
      }
    }
    auto spelled = canonical(kind, text);
    if (!spelled) return false;
    found.insert({kind, *std::move(spelled)});
    return true;
  }

  const StixPattern& pattern_;
};

}  // namespace

std::string_view name(Kind kind) {
  constexpr auto names = std::to_array<std::string_view>(
      {"address", "network", "name", "url", "mail", "asn", "md5", "sha1", "sha256", "sha512",
       "file-name", "mutex", "registry-key", "mac"});
  return names[static_cast<std::size_t>(kind)];
}

std::vector<StixObservable> plain_observables(const StixPattern& pattern) {
  Plain plain(pattern);
  if (!plain.take(pattern.root)) return {};
  return {plain.found.begin(), plain.found.end()};
}

std::string stix_pattern_of(const StixObservable& observable) {
  auto row = std::ranges::find(
      named, observable.kind == Kind::network ? Kind::address : observable.kind, &Named::kind);
  std::string type(row->type), path(row->path);
  if (row->kind == Kind::address && observable.value.contains(':')) type = "ipv6-addr";
  if (path.contains('-')) path = "hashes." + stix_quoted(path.substr(path.find('.') + 1));
  std::string value =
      observable.kind == Kind::asn ? observable.value : stix_quoted(observable.value);
  return "[" + type + ":" + path + " = " + value + "]";
}

}  // namespace tocsin::wire
