#include "alert/constituent.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "model/normal.h"

namespace tocsin::alert {
namespace {

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && !std::string_view("\"(),:;<>@[\\]").contains(c);
}

// CR, LF, other control bytes and what turns the direction of writing have no place in a name.
bool is_clean(std::string_view text) {
  if (!text::is_utf8(text)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      return false;
    std::string_view three = text.substr(i, 3);
    for (std::string_view turn :
         {"\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2028", "\u2029",
          "\u2066", "\u2067", "\u2068", "\u2069"}) {
      if (three == turn) return false;
    }
  }
  return true;
}

class Faults {
 public:
  void add(std::string_view what) { (all_ += all_.empty() ? "" : "; ") += what; }
  Result<void> result() const { return all_.empty() ? Result<void>{} : invalid(all_); }

 private:
  std::string all_;
};

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  auto repeated = std::ranges::unique(items);
  items.erase(repeated.begin(), repeated.end());
}

void check_texts(const Constituent& c, Faults& faults) {
  if (c.name.empty()) faults.add("name is missing");
  if (c.name.size() > name_bytes_max || !is_clean(c.name)) {
    faults.add(fmt::format("name must be at most {} bytes of text without control characters",
                           name_bytes_max));
  }
  if (c.sector.size() > 64 || !is_clean(c.sector)) faults.add("sector must be a short plain text");
  if (!is_language(c.language)) faults.add("language must be a tag such as \"pt\" or \"pt-BR\"");
  if (c.sure > 100) faults.add("sure must be a percentage from 0 to 100");
  if (c.whole_country && c.country.empty()) faults.add("whole_country needs a country");
}

void check_assets(Constituent& c, Faults& faults) {
  for (const Network& network : c.prefixes) {
    bool v4 = network.base.is_v4() && network.length >= 96;
    if (network.length < (v4 ? 96 + 4 : 12)) {
      faults.add(ip::format(network) + " is too wide to be one organisation's");
    }
  }
  for (std::string& asset : c.names) {
    if (asset.starts_with("*.")) asset.erase(0, 2);
    std::string given = asset;
    auto canonical = normal::name(asset);
    if (!canonical || canonical->find('.') == canonical->npos) {
      faults.add(text::quote(given) + " is not a domain name");
    } else {
      asset = *std::move(canonical);
    }
  }
  for (const std::string& contact : c.contacts) {
    bool url = contact.starts_with("https://") && contact.size() <= 2000 &&
               std::ranges::all_of(contact, [](char ch) { return ch > ' ' && ch < 0x7f; });
    if (!url && !is_mail_address(contact)) {
      faults.add(text::quote(contact) + " is neither a mail address nor an https URL");
    }
  }
  auto most = [&](std::string_view what, std::size_t count, std::size_t limit) {
    if (count > limit) faults.add(fmt::format("{} {}; the most is {}", count, what, limit));
  };
  most("prefixes", c.prefixes.size(), prefixes_max);
  most("AS numbers", c.asns.size(), asns_max);
  most("names", c.names.size(), names_max);
  most("contacts", c.contacts.size(), contacts_max);
}

}  // namespace

std::string constituent_id(std::uint64_t id) {
  return fmt::format("c_{}", id);
}

std::uint64_t constituent_id_of(std::string_view text) {
  if (!text.starts_with("c_")) return 0;
  return text::number(text.substr(2)).value_or(0);
}

bool is_mail_address(std::string_view text) {
  std::size_t at = text.find('@');
  if (at == text.npos || at == 0 || at > 64 || text.size() > 254) return false;
  std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  if (!std::ranges::all_of(local, is_plain) || local.front() == '.' || local.back() == '.' ||
      local.front() == '-' || local.contains("..")) {
    return false;
  }
  bool dot = false;
  while (!domain.empty()) {
    std::size_t end = domain.find('.');
    std::string_view label = domain.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    for (char c : label) {
      bool good =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      if (!good) return false;
    }
    if (end == domain.npos) return dot;
    dot = true;
    domain.remove_prefix(end + 1);
  }
  return false;  // empty, or ends in a dot
}

bool is_language(std::string_view text) {
  return text.size() <= 20 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

Result<void> settle(Constituent& c) {
  Faults faults;
  c.name = text::trim(c.name);
  c.sector = text::lower(text::trim(c.sector));
  check_texts(c, faults);
  check_assets(c, faults);
  sort_unique(c.prefixes);
  sort_unique(c.asns);
  sort_unique(c.names);
  sort_unique(c.contacts);
  return faults.result();
}

std::string to_json(const Constituent& c, bool with_id) {
  json::Writer w;
  w.object();
  auto texts = [&](std::string_view key, const std::vector<std::string>& items) {
    if (items.empty()) return;
    w.key(key).list();
    for (const std::string& item : items) w.value(item);
    w.end();
  };
  if (!c.asns.empty()) {
    w.key("asns").list();
    for (std::uint32_t asn : c.asns) w.value(asn);
    w.end();
  }
  texts("contacts", c.contacts);
  if (!c.country.empty()) w.member("country", c.country.text());
  if (with_id && c.id != 0) w.member("id", constituent_id(c.id));
  if (!c.language.empty()) w.member("language", c.language);
  w.member("name", c.name);
  texts("names", c.names);
  if (!c.prefixes.empty()) {
    w.key("prefixes").list();
    for (const Network& network : c.prefixes) w.value(ip::format(network));
    w.end();
  }
  if (c.provider) w.member("provider", true);
  if (!c.sector.empty()) w.member("sector", c.sector);
  w.member("sure", c.sure);
  if (c.whole_country) w.member("whole_country", true);
  w.end();
  return w.take();
}

}  // namespace tocsin::alert
