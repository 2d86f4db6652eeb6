#include "share/taxii_token.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/hmac.h"
#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::size_t mac_size = 16;
constexpr std::size_t text_size_max = 64 << 10;
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

std::string mac_of(std::string_view key, std::string_view walk, std::string_view body) {
  Sha256 mac = hmac_sha256(key, fmt::format("taxii next\n{}\n{}{}", walk.size(), walk, body));
  return {reinterpret_cast<const char*>(mac.data()), mac_size};
}

std::set<std::string> set_of(std::string_view text) {
  std::set<std::string> out;
  while (!text.empty()) out.emplace(text::cut(text, ','));
  return out;
}

// As TaxiiMatch::text() writes it.
TaxiiMatch match_of(std::string_view text) {
  TaxiiMatch match;
  if (text.empty()) return match;
  match.ids = set_of(text::cut(text, '\n'));
  match.types = set_of(text::cut(text, '\n'));
  match.spec_versions = set_of(text::cut(text, '\n'));
  std::string_view which = text::cut(text, '\n');
  match.first = which.contains('f');
  match.last = which.contains('l');
  match.all = which.contains('a');
  auto versions = set_of(text);
  for (const std::string& version : versions) {
    if (auto time = text::signed_number(version)) match.versions.insert(*time);
  }
  return match;
}

}  // namespace

std::string TaxiiToken::text(std::string_view key, std::string_view walk) const {
  std::string body = fmt::format("{}\n{}", after, match.text());
  std::string whole = mac_of(key, walk, body) + body;
  std::string out(sodium_base64_encoded_len(whole.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(whole.data()),
                    whole.size(), variant);
  out.pop_back();  // the final NUL
  return out;
}

Result<TaxiiToken> TaxiiToken::read(std::string_view text, std::string_view key,
                                    std::string_view walk) {
  auto refused = [] { return invalid("\"next\" is not of this listing; begin it again"); };
  if (text.size() > text_size_max) return refused();
  std::string whole(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(whole.data()), whole.size(), text.data(),
                        text.size(), nullptr, &size, nullptr, variant) != 0 ||
      size <= mac_size)
    return refused();
  whole.resize(size);
  std::string_view body = std::string_view(whole).substr(mac_size);
  std::string mac = mac_of(key, walk, body);
  if (sodium_memcmp(mac.data(), whole.data(), mac_size) != 0) return refused();
  auto after = text::signed_number(text::cut(body, '\n'));
  if (!after) return refused();
  return TaxiiToken{*after, match_of(body)};
}

}  // namespace tocsin::share
