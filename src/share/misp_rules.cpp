#include "share/misp_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ranges>
#include <vector>

#include "base/ip.h"
#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::uint32_t sid_first = 2'000'000'000, sid_bits = 30;

// The attribute's own, as far as it is free.
std::uint32_t sid_of(std::string_view uuid, std::set<std::uint32_t>& taken) {
  std::uint32_t number = 0;
  std::from_chars(uuid.data(), uuid.data() + std::min<std::size_t>(8, uuid.size()), number, 16);
  number = sid_first + (number >> (32 - sid_bits));
  while (!taken.insert(number).second) ++number;
  return number;
}

// Of a rule's content: what would end it, or is no printable ASCII, in hexadecimal.
std::string content(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain =
        c > ' ' && c <= '~' && std::string_view("\"|;:\\").find(c) == std::string_view::npos;
    out += plain ? std::string(1, c)
                 : fmt::format("|{:02X}|", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

// As a message: without what a rule's text may not hold.
std::string message(std::string_view text) {
  std::string out(text.substr(0, 100));
  for (char& c : out) {
    if (c < ' ' || c > '~' || std::string_view("\";\\").find(c) != std::string_view::npos) c = ' ';
  }
  return out;
}

// Names as they are asked for: a length before each label. Source: RFC 1035 section 3.1.
std::string asked(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    std::string_view label = text::cut(name, '.');
    out += fmt::format("|{:02X}|{}", label.size(), content(label));
  }
  return out + "|00|";
}

struct Parts {
  std::string_view first, second;  // "192.0.2.1|443"
};
Parts parts_of(std::string_view value) {
  std::string_view first = text::cut(value, '|');
  return {first, value};
}

// Host and path of an http URL; "": another.
Parts host_and_path(std::string_view url) {
  if (!url.starts_with("http://")) return {};
  url.remove_prefix(7);
  std::size_t end = std::min(url.find('/'), url.size());
  std::string_view host = url.substr(0, end);
  return {host.substr(0, host.find(':')), url.substr(end)};
}

// Who speaks to whom, and what is looked for; nothing for what a rule cannot see.
std::optional<std::pair<std::string, std::string>> traffic(MispRules kind, std::string_view type,
                                                           std::string_view value) {
  Parts parts = parts_of(value);
  std::string_view port = parts.second.empty() ? "any" : parts.second;
  bool suricata = kind == MispRules::suricata;
  if (type.starts_with("ip-src"))
    return std::pair(fmt::format("ip {} {} -> $HOME_NET any", parts.first, port), std::string());
  if (type.starts_with("ip-dst"))
    return std::pair(fmt::format("ip $HOME_NET any -> {} {}", parts.first, port), std::string());
  if (type == "hostname" || type == "domain") {
    if (suricata)
      return std::pair<std::string, std::string>(
          "dns $HOME_NET any -> any any",
          fmt::format(R"(dns.query; content:"{}"; nocase; endswith; )", content(value)));
    return std::pair<std::string, std::string>(
        "udp $HOME_NET any -> any 53",
        fmt::format(R"(content:"|01 00 00 01|"; depth:6; content:"{}"; nocase; )", asked(value)));
  }
  if (type != "url") return std::nullopt;
  Parts url = host_and_path(value);
  if (url.first.empty()) return std::nullopt;
  if (suricata) {
    std::string what = fmt::format(R"(flow:to_server,established; http.host; content:"{}"; )",
                                   content(text::lower(url.first)));
    if (!url.second.empty())
      what += fmt::format(R"(http.uri.raw; content:"{}"; )", content(url.second));
    return std::pair<std::string, std::string>("http $HOME_NET any -> any any", what);
  }
  std::string what =
      fmt::format(R"(flow:to_server,established; content:"Host|3A| {}"; nocase; http_header; )",
                  content(url.first));
  if (!url.second.empty())
    what += fmt::format(R"(content:"{}"; http_raw_uri; )", content(url.second));
  return std::pair<std::string, std::string>("tcp $HOME_NET any -> any $HTTP_PORTS", what);
}

// An address as the name of a trigger: prefix length, then its parts from the last one; `::` is zz.
std::string rpz_address(const Ip& ip) {
  std::string text = ip::format(ip), out;
  char divider = text.contains(':') ? ':' : '.';
  std::vector<std::string> labels;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string label(text::cut(rest, divider));
    if (!label.empty())
      labels.push_back(std::move(label));
    else if (labels.empty() || labels.back() != "zz")
      labels.emplace_back("zz");
  }
  if (text.ends_with("::") && labels.back() != "zz") labels.emplace_back("zz");
  out = divider == ':' ? "128" : "32";
  for (const std::string& label : labels | std::views::reverse) out += "." + label;
  return out + ".rpz-ip";
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

std::string zone_line(std::string_view type, std::string_view value) {
  if (type.starts_with("ip-")) {
    auto ip = ip::parse(parts_of(value).first);
    return ip ? rpz_address(*ip) + " CNAME .\n" : std::string();
  }
  bool is_name = (type == "hostname" || type == "domain") && is_host_name(value);
  return is_name ? fmt::format("{} CNAME .\n", value) : std::string();
}

}  // namespace

std::optional<MispRules> misp_rules_named(std::string_view text) {
  if (text == "snort") return MispRules::snort;
  if (text == "suricata") return MispRules::suricata;
  return text == "rpz" ? std::optional(MispRules::rpz) : std::nullopt;
}

std::string misp_rule(MispRules kind, const MispLine& line, const MispHead& event,
                      std::set<std::uint32_t>& sids) {
  if (!line.to_ids || line.deleted) return {};
  if (kind == MispRules::rpz) return zone_line(line.type, line.value);
  auto found = traffic(kind, line.type, line.value);
  if (!found) return {};
  return fmt::format(
      "alert {} (msg:\"MISP {}: {}\"; {}classtype:trojan-activity; sid:{}; rev:1; priority:4;)\n",
      found->first, message(event.info), line.uuid, found->second, sid_of(line.uuid, sids));
}

std::string misp_rules_head(MispRules kind, TimeUs now) {
  if (kind != MispRules::rpz) return {};
  return fmt::format(
      "$TTL 1w\n@ SOA localhost. root.localhost. ({} 2h 30m 30d 1h)\n  NS localhost.\n",
      static_cast<std::uint32_t>(now / us_per_s));
}

}  // namespace tocsin::share
