#include "wire/stix.h"

#include <fmt/format.h>

#include <vector>

#include "base/json.h"
#include "wire/row.h"
#include "wire/uuid.h"

namespace tocsin::wire {
namespace {

// The marking definitions of TLP 2.0. Source: OASIS, "STIX 2.1 TLP 2.0 extension definition".
std::string_view marking(Tlp tlp) {
  switch (tlp) {
    case Tlp::clear:
      return "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    case Tlp::green:
      return "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    case Tlp::amber:
      return "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    case Tlp::amber_strict:
      return "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";
    case Tlp::red:
    case Tlp::unmarked:
      break;
  }
  return "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
}

// A STIX timestamp has milliseconds here.
std::string stamp(TimeUs time) {
  std::string text = times::format(time - time % 1000);
  std::size_t dot = text.find('.');
  if (dot == std::string::npos) return text.replace(text.size() - 1, 1, ".000Z");
  return text.replace(dot + 4, std::string::npos, "Z");
}

// The objects of one bundle.
class Bundle {
 public:
  // An observable whose id follows from one property. "" if `value` is empty.
  std::string observable(std::string_view type, std::string_view value) {
    if (value.empty()) return {};
    std::string json;
    json::append_string(json, value);
    return object(type, fmt::format(R"({{"value":{}}})", json), fmt::format(R"("value":{})", json));
  }

  std::string object(std::string_view type, std::string_view contributing,
                     std::string_view properties) {
    std::string id = fmt::format("{}--{}", type, uuid5(stix_namespace(), contributing));
    for (const auto& known : ids_) {
      if (known == id) return id;
    }
    ids_.push_back(id);
    objects_.push_back(
        fmt::format(R"({{"type":"{}","spec_version":"2.1","id":"{}",{}}})", type, id, properties));
    return id;
  }

  void add(std::string json) { objects_.push_back(std::move(json)); }
  const std::vector<std::string>& ids() const { return ids_; }

  void append(std::string& out, std::string_view seed) const {
    fmt::format_to(std::back_inserter(out), R"({{"type":"bundle","id":"bundle--{}","objects":[)",
                   uuid5(tocsin_namespace(), fmt::format("bundle {}", seed)));
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (i > 0) out += ',';
      out += objects_[i];
    }
    out += "]}";
  }

 private:
  std::vector<std::string> ids_, objects_;
};

std::string_view address_type(std::string_view ip) {
  return ip.contains(':') ? "ipv6-addr" : "ipv4-addr";
}

// The observables of one end; gives the id of its address or name, "" if it has neither.
std::string end(Bundle& bundle, const Row& event, const std::string& prefix) {
  std::string ip = event.text(prefix + ".ip"), network = event.text(prefix + ".network");
  std::string name = event.text(prefix + ".fqdn"), url = event.text(prefix + ".url");
  std::string asn = event.text(prefix + ".asn"), account = event.text(prefix + ".account");
  std::string id;
  if (!ip.empty()) id = bundle.observable(address_type(ip), ip);
  if (ip.empty() && !network.empty()) id = bundle.observable(address_type(network), network);
  std::string name_id = bundle.observable("domain-name", name);
  if (id.empty()) id = name_id;
  bundle.observable("url", url);
  if (account.contains('@')) bundle.observable("email-addr", account);
  if (!asn.empty()) {
    std::string number = fmt::format(R"("number":{})", asn);
    bundle.object("autonomous-system", "{" + number + "}", number);
  }
  return id;
}

void traffic(Bundle& bundle, const Row& event, const std::string& source,
             const std::string& destination) {
  std::string transport = event.text("protocol.transport");
  std::string source_port = event.text("source.port"), port = event.text("destination.port");
  if (source.empty() && destination.empty()) return;
  if (transport.empty() && source_port.empty() && port.empty() && destination.empty()) return;
  std::string properties, protocols = transport.empty() ? "" : fmt::format("\"{}\"", transport);
  std::string application = event.text("protocol.application");
  if (!application.empty()) {
    if (!protocols.empty()) protocols += ',';
    json::append_string(protocols, application);
  }
  if (protocols.empty()) protocols = source.contains("ipv6") ? "\"ipv6\"" : "\"ipv4\"";
  // In the order of their names, as the canonical JSON that the id is made from has them.
  if (!port.empty()) properties += fmt::format("\"dst_port\":{},", port);
  if (!destination.empty()) properties += fmt::format("\"dst_ref\":\"{}\",", destination);
  properties += fmt::format("\"protocols\":[{}]", protocols);
  if (!source_port.empty()) properties += fmt::format(",\"src_port\":{}", source_port);
  if (!source.empty()) properties += fmt::format(",\"src_ref\":\"{}\"", source);
  bundle.object("network-traffic", "{" + properties + "}", properties);
}

void file(Bundle& bundle, const Row& event) {
  std::string hashes;
  for (auto [name, field] : {std::pair{"MD5", "malware.hash.md5"},
                             {"SHA-1", "malware.hash.sha1"},
                             {"SHA-256", "malware.hash.sha256"}}) {
    std::string value = event.text(field);
    if (value.empty()) continue;
    if (!hashes.empty()) hashes += ',';
    hashes += fmt::format("\"{}\":\"{}\"", name, value);
  }
  if (hashes.empty()) return;
  std::string properties = fmt::format("\"hashes\":{{{}}}", hashes);
  bundle.object("file", "{" + properties + "}", properties);
}

bool is_indicator(Type type) {
  return type == Type::c2_server || type == Type::malware_distribution || type == Type::phishing ||
         type == Type::blacklist || type == Type::dga_domain || type == Type::malware;
}

std::string pattern(const Row& event) {
  auto comparison = [](std::string_view path, std::string_view value) {
    std::string quoted;
    for (char c : value) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return fmt::format("[{} = '{}']", path, quoted);
  };
  std::string url = event.text("source.url"), name = event.text("source.fqdn");
  std::string ip = event.text("source.ip"), network = event.text("source.network");
  if (ip.empty()) ip = network;
  if (!url.empty()) return comparison("url:value", url);
  if (!name.empty()) return comparison("domain-name:value", name);
  if (!ip.empty()) return comparison(fmt::format("{}:value", address_type(ip)), ip);
  for (auto [path, field] : {std::pair{"file:hashes.'SHA-256'", "malware.hash.sha256"},
                             {"file:hashes.'SHA-1'", "malware.hash.sha1"},
                             {"file:hashes.MD5", "malware.hash.md5"}}) {
    std::string value = event.text(field);
    if (!value.empty()) return comparison(path, value);
  }
  return {};
}

}  // namespace

void append_stix(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words) {
  Row event(batch, row, words, Spelling::native);
  std::string native;
  append_nested(native, event.members());
  Bundle bundle;
  std::string source = end(bundle, event, "source");
  std::string destination = end(bundle, event, "destination");
  traffic(bundle, event, source, destination);
  file(bundle, event);

  TimeUs observed = batch.observed[row], seen = batch.time[row];
  if (seen == time_none) seen = observed == time_none ? 0 : observed;
  std::string when = stamp(seen);
  std::string label, family = event.text("malware.name"), type(name(batch.type[row]));
  json::append_string(label, family.empty() ? type : fmt::format("{}: {}", type, family));
  std::string common = fmt::format(
      R"("created":"{0}","modified":"{0}","labels":["{1}"],"object_marking_refs":["{2}"])", when,
      type, marking(batch.tlp[row]));
  if (!bundle.ids().empty()) {
    bundle.add(fmt::format(
        R"({{"type":"observed-data","spec_version":"2.1","id":"observed-data--{}",{},)"
        R"("first_observed":"{}","last_observed":"{}","number_observed":1,"object_refs":["{}"]}})",
        uuid5(tocsin_namespace(), "observed-data " + native), common, when, when,
        fmt::join(bundle.ids(), "\",\"")));
  }
  std::string wanted = is_indicator(batch.type[row]) ? pattern(event) : std::string();
  if (!wanted.empty()) {
    std::string quoted;
    json::append_string(quoted, wanted);
    bundle.add(fmt::format(
        R"({{"type":"indicator","spec_version":"2.1","id":"indicator--{}",{},"name":{},)"
        R"("indicator_types":["malicious-activity"],"pattern":{},"pattern_type":"stix",)"
        R"("valid_from":"{}"}})",
        uuid5(tocsin_namespace(), "indicator " + native), common, label, quoted, when));
  }
  bundle.append(out, native);
}

}  // namespace tocsin::wire
