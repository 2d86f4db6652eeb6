#include "wire/misp_stix_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tocsin::wire {
namespace {

struct Algorithm {
  std::string_view misp, key, stix;
};
constexpr auto algorithms = std::to_array<Algorithm>({
    {"md5", "MD5", "MD5"},
    {"sha1", "SHA1", "SHA-1"},
    {"sha256", "SHA256", "SHA-256"},
    {"sha512", "SHA512", "SHA-512"},
    {"sha224", "SHA224", "SHA-224"},
    {"sha384", "SHA384", "SHA-384"},
    {"sha512/224", "SHA224", "SHA-224"},
    {"sha512/256", "SHA256", "SHA-256"},
    {"sha3-224", "SHA3224", "SHA3-224"},
    {"sha3-256", "SHA3256", "SHA3-256"},
    {"sha3-384", "SHA3384", "SHA3-384"},
    {"sha3-512", "SHA3512", "SHA3-512"},
    {"ssdeep", "SSDEEP", "SSDEEP"},
    {"tlsh", "TLSH", "TLSH"},
    {"authentihash", "AUTHENTIHASH", "AUTHENTIHASH"},
    {"imphash", "IMPHASH", "IMPHASH"},
    {"pehash", "PEHASH", "PEHASH"},
    {"telfhash", "TELFHASH", "TELFHASH"},
    {"vhash", "VHASH", "VHASH"},
});

// STIX has no abbreviated hives. Source: section 6.17.
std::string with_whole_hive(std::string key) {
  constexpr auto hives =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"HKLM", "HKEY_LOCAL_MACHINE"},
                                                                    {"HKCU", "HKEY_CURRENT_USER"},
                                                                    {"HKCR", "HKEY_CLASSES_ROOT"},
                                                                    {"HKCC", "HKEY_CURRENT_CONFIG"},
                                                                    {"HKU", "HKEY_USERS"}});
  std::size_t end = std::min(key.find('\\'), key.size());
  for (auto [brief, whole] : hives) {
    if (text::upper(key.substr(0, end)) == brief) return std::string(whole) + key.substr(end);
  }
  return key;
}

}  // namespace

const std::vector<MispMapping>& misp_mappings() {
  static const std::vector<MispMapping> table = [] {
    std::vector<MispMapping> all = {
        {"ip-dst|port", {"network-traffic:dst_ref.value", "network-traffic:dst_port"}},
        {"ip-src|port", {"network-traffic:src_ref.value", "network-traffic:src_port"}},
        {"hostname|port", {"domain-name:value", "network-traffic:dst_port"}},
        {"domain|ip", {"domain-name:value", "domain-name:resolves_to_refs.value"}},
        {"regkey|value", {"windows-registry-key:key", "windows-registry-key:values.data"}},
        {"ip-dst", {"network-traffic:dst_ref.value"}},
        {"ip-dst", {"ipv4-addr:value"}},
        {"ip-dst", {"ipv6-addr:value"}},
        {"ip-src", {"network-traffic:src_ref.value"}},
        {"domain", {"domain-name:value"}},
        {"hostname", {"domain-name:value"}},
        {"port", {"network-traffic:dst_port"}},
        {"url", {"url:value"}},
        {"uri", {"url:value"}},
        {"link", {"url:value"}},
        {"AS", {"autonomous-system:number"}},
        {"mac-address", {"mac-addr:value"}},
        {"mutex", {"mutex:name"}},
        {"regkey", {"windows-registry-key:key"}},
        {"email-src", {"email-message:from_ref.value"}},
        {"email-dst", {"email-message:to_refs.value"}},
        {"email-subject", {"email-message:subject"}},
        {"email-body", {"email-message:body"}},
        {"email-header", {"email-message:received_lines"}},
        {"email-message-id", {"email-message:message_id"}},
        {"email-reply-to", {"email-message:additional_header_fields.Reply-To"}},
        {"email-x-mailer", {"email-message:additional_header_fields.X-Mailer"}},
        {"email", {"email-addr:value"}},
        {"http-method", {"network-traffic:extensions.http-request-ext.request_method"}},
        {"user-agent", {"network-traffic:extensions.http-request-ext.request_header.User-Agent"}},
        {"size-in-bytes", {"file:size"}},
    };
    for (const Algorithm& one : algorithms)
      all.push_back({fmt::format("filename|{}", one.misp),
                     {"file:name", fmt::format("file:hashes.{}", one.key)}});
    for (const Algorithm& one : algorithms)
      all.push_back({std::string(one.misp), {fmt::format("file:hashes.{}", one.key)}});
    for (std::string_view of : {"md5", "sha1", "sha256"})
      all.push_back({fmt::format("x509-fingerprint-{}", of),
                     {fmt::format("x509-certificate:hashes.{}", text::upper(of))}});
    all.push_back({"filename", {"file:name"}});
    return all;
  }();
  return table;
}

const MispMapping* misp_mapping(std::string_view type) {
  auto found = std::ranges::find(misp_mappings(), type, &MispMapping::type);
  return found == misp_mappings().end() ? nullptr : &*found;
}

bool is_misp_rule(std::string_view type) {
  return type == "snort" || type == "yara" || type == "sigma" || type == "suricata";
}

std::string_view stix_algorithm(std::string_view key) {
  auto found = std::ranges::find(algorithms, key, &Algorithm::key);
  return found == algorithms.end() ? key : found->stix;
}

std::vector<std::string> misp_parts(const MispMapping& mapping, std::string_view value) {
  if (mapping.parts.size() == 1) {
    bool as = mapping.type == "AS" && (value.starts_with("AS") || value.starts_with("as"));
    std::string part(as ? value.substr(2) : value);
    return {mapping.type == "regkey" ? with_whole_hive(part) : part};
  }
  // A file's name may have a bar, a registry's value too.
  std::size_t bar = mapping.type == "regkey|value" ? value.find('|') : value.rfind('|');
  if (bar == std::string_view::npos) return {};
  std::string first(value.substr(0, bar)), second(value.substr(bar + 1));
  if (mapping.type == "regkey|value") first = with_whole_hive(first);
  return {first, second};
}

}  // namespace tocsin::wire
