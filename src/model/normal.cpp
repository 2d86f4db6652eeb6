#include "model/normal.h"

#include <idn2.h>

#include <array>
#include <memory>
#include <utility>

#include "base/ip.h"
#include "base/text.h"

namespace tocsin::normal {
namespace {

constexpr std::size_t name_octets_max = 253, label_octets_max = 63, url_octets_max = 8192;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

// A last label that URL readers take for a number: "1", "0x7f". Such a text is an address or
// nothing. Source: WHATWG URL, "ends in a number checker"; RFC 3696 section 2.
bool is_number(std::string_view label) {
  bool hex = label.starts_with("0x");
  for (char c : label.substr(hex ? 2 : 0)) {
    if (hex ? !is_hex_digit(c) : !is_digit(c)) return false;
  }
  return true;
}

bool is_ascii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at; (at = text.find(from)) != std::string_view::npos;) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return out.append(text);
}

// One label, in any script, as its A-label. Errors: invalid.
Result<std::string> a_label(std::string_view label) {
  if (is_ascii(label)) return text::lower(label);
  if (!text::is_utf8(label) || label.contains('\0')) return invalid("not UTF-8");
  char* out = nullptr;
  int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
  int status = idn2_to_ascii_8z(std::string(label).c_str(), &out, flags);
  std::unique_ptr<char, decltype(&idn2_free)> owned(out, idn2_free);
  if (status != IDN2_OK) return invalid(idn2_strerror(status));
  return std::string(out);
}

std::uint32_t default_port(std::string_view scheme) {
  constexpr auto ports = std::to_array<std::pair<std::string_view, std::uint32_t>>(
      {{"http", 80}, {"https", 443}, {"ftp", 21}, {"ws", 80}, {"wss", 443}, {"ssh", 22}});
  for (auto [name, port] : ports) {
    if (name == scheme) return port;
  }
  return 0;
}

// The scheme in lower case, with the spellings that make a link dead undone. "" if it is none.
std::string scheme_of(std::string_view text) {
  if (text.empty()) return {};
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool letter = is_lower(c) || (c >= 'A' && c <= 'Z');
    if (!letter && (i == 0 || (!is_digit(c) && c != '+' && c != '-' && c != '.'))) return {};
  }
  std::string scheme = text::lower(text);
  if (scheme == "hxxp" || scheme == "hxxps") scheme.replace(1, 2, "tt");
  return scheme;
}

// "host", "host:port", "[address]:port". Errors: invalid.
Result<std::string> host_and_port(std::string_view text, std::string_view scheme) {
  std::string dotted = replaced(text, "[.]", ".");
  std::string_view host = dotted, port;
  if (host.starts_with('[')) {
    std::size_t end = host.find(']');
    if (end == std::string_view::npos) return invalid("an address without ]");
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!host.contains(':')) return invalid("no IPv6 address in brackets");
    if (!port.empty() && !port.starts_with(':')) return invalid("text after an address");
    if (!port.empty()) port.remove_prefix(1);
  } else if (std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  std::string out;
  if (auto address = ip::parse(host)) {
    out = address->is_v4() ? ip::format(*address) : "[" + ip::format(*address) + "]";
  } else {
    out = TRY(name(host, true));
  }
  if (port.empty()) return out;
  auto number = text::number(port);
  if (!number || *number > 65535) return invalid("bad port " + text::quote(port));
  if (*number != default_port(scheme)) out += ":" + std::to_string(*number);
  return out;
}

// Bytes that are not UTF-8 as %xx, so that the URL can stand in JSON. Source: RFC 3986 section 2.1.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace

bool is_plain_name(std::string_view text, bool single_label) {
  if (text.empty() || text.size() > name_octets_max) return false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (i == start || i - start > label_octets_max) return false;
      if (i < text.size()) start = i + 1;
    } else if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '-' && text[i] != '_') {
      return false;
    }
  }
  return (single_label || start > 0) && !is_number(text.substr(start));
}

Result<std::string> name(std::string_view given, bool single_label) {
  if (is_plain_name(given, single_label)) return std::string(given);
  auto wrong = [&](const std::string& why) {
    return invalid("not a name: " + text::quote(given) + (why.empty() ? "" : ", " + why));
  };
  if (given.size() > 4 * name_octets_max) return wrong("too long");
  // The full stops of other scripts separate labels too. Source: UTS 46 section 2.3.
  std::string text(text::trim(given));
  if (!is_ascii(text)) {
    for (std::string_view stop : {"\u3002", "\uff0e", "\uff61"}) text = replaced(text, stop, ".");
  }
  if (text.ends_with('.')) text.pop_back();
  std::string out;
  std::string_view rest = text;
  while (true) {
    std::size_t dot = rest.find('.');
    auto label = a_label(rest.substr(0, dot));
    if (!label) return wrong(label.error().what);
    out += *label;
    if (dot == std::string_view::npos) break;
    out += '.';
    rest.remove_prefix(dot + 1);
  }
  if (!is_plain_name(out, single_label)) return wrong("");
  return out;
}

Result<std::string> url(std::string_view given) {
  auto wrong = [&](const std::string& why) {
    return invalid("not a URL: " + text::quote(given) + ", " + why);
  };
  std::string_view text = text::trim(given);
  if (text.size() > url_octets_max) return wrong("too long");
  for (char c : text) {
    if (is_control(c)) return wrong("control byte");
  }
  std::size_t colon = text.find("://"), skip = 3;
  if (std::size_t dead = text.find("[:]//"); dead < colon) colon = dead, skip = 5;
  if (colon == std::string_view::npos) return wrong("no scheme");
  std::string scheme = scheme_of(text.substr(0, colon));
  if (scheme.empty()) return wrong("no scheme");
  std::string_view rest = text.substr(colon + skip);
  rest = rest.substr(0, rest.find('#'));
  std::size_t path_at = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, path_at), path = rest.substr(path_at), user;
  if (std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    user = authority.substr(0, std::min(at, authority.find(':')));  // a password is never kept
    authority.remove_prefix(at + 1);
  }
  if (authority.empty()) return wrong("no host");
  auto host = host_and_port(authority, scheme);
  if (!host) return wrong(host.error().what);
  std::string out = scheme + "://";
  out.append(user).append(user.empty() ? "" : "@").append(*host);
  if (!path.starts_with('/')) out += '/';
  out.append(text::trim(path));
  if (!text::is_utf8(out)) out = percent_encoded(out);
  if (out.size() > url_octets_max) return wrong("too long");
  return out;
}

std::string_view url_host(std::string_view canonical_url) {
  std::size_t start = canonical_url.find("://");
  if (start == std::string_view::npos) return {};
  std::string_view host = canonical_url.substr(start + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.starts_with('[')) {
    std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view{} : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

Result<std::string> email(std::string_view given) {
  auto wrong = [&] { return invalid("not an e-mail address: " + text::quote(given)); };
  std::string_view text = text::trim(given);
  std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || !text::is_utf8(text)) return wrong();
  std::string_view local = text.substr(0, at);
  bool quoted = local.size() > 2 && local.front() == '"' && local.back() == '"';
  for (char c : quoted ? local.substr(1, local.size() - 2) : local) {
    if (is_control(c) || (!quoted && std::string_view(" \"(),:;<>@[\\]").contains(c))) {
      return wrong();
    }
  }
  auto domain = name(text.substr(at + 1));
  if (!domain) return wrong();
  return std::string(local) + "@" + *domain;
}

Result<std::string> hash(std::string_view given, std::size_t octets) {
  std::string out = text::lower(text::trim(given));
  bool right = out.size() == 2 * octets;
  for (char c : out) right = right && is_hex_digit(c);
  if (!right) {
    return invalid("not a hash of " + std::to_string(octets) + " octets: " + text::quote(given));
  }
  return out;
}

}  // namespace tocsin::normal
