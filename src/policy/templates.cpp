#include "policy/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

#define TEMPLATE_TEXT(name)                         \
  extern const char tocsin_text_agreement_##name[]; \
  extern const char tocsin_text_agreement_##name##_end[]

extern "C" {
TEMPLATE_TEXT(open);
TEMPLATE_TEXT(cert_cert);
TEMPLATE_TEXT(sector_body);
TEMPLATE_TEXT(company_authority);
TEMPLATE_TEXT(statistics_only);
TEMPLATE_TEXT(addresses_stay);
}

namespace tocsin::policy {
namespace {

constexpr std::array<Template, 6> table = {{
    {"open", "what is clear or green goes both ways", "party", "party"},
    {"cert-cert", "CERT with CERT: equals, up to TLP:AMBER+STRICT", "party", "party"},
    {"sector-body", "a sector body and its member", "body", "member"},
    {"company-authority", "a company comments for an authority, and sees no address", "authority",
     "company"},
    {"statistics-only", "counts and what rises, nothing about anybody", "party", "party"},
    {"addresses-stay", "the first party's law forbids that addresses go abroad", "restricted",
     "partner"},
}};

std::string_view text_of(std::size_t i) {
  const std::pair<const char*, const char*> texts[] = {
      {tocsin_text_agreement_open, tocsin_text_agreement_open_end},
      {tocsin_text_agreement_cert_cert, tocsin_text_agreement_cert_cert_end},
      {tocsin_text_agreement_sector_body, tocsin_text_agreement_sector_body_end},
      {tocsin_text_agreement_company_authority, tocsin_text_agreement_company_authority_end},
      {tocsin_text_agreement_statistics_only, tocsin_text_agreement_statistics_only_end},
      {tocsin_text_agreement_addresses_stay, tocsin_text_agreement_addresses_stay_end},
  };
  return {texts[i].first, texts[i].second};
}

}  // namespace

std::span<const Template> templates() {
  return table;
}

Result<Agreement> template_terms(std::string_view name) {
  std::string valid;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].name == name)
      return read_agreement_toml(text_of(i), std::string(name), Written::terms);
    valid += (i > 0 ? ", " : "") + std::string(table[i].name);
  }
  return missing(fmt::format("no template {}; there are: {}", text::quote(name), valid));
}

Result<Agreement> from_template(std::string_view name, std::string_view id,
                                std::vector<Party> parties, TimeUs from, TimeUs until) {
  Agreement agreement = TRY(template_terms(name));
  const Template& used = *std::ranges::find(table, name, &Template::name);
  for (std::size_t i = 0; i < parties.size(); ++i) {
    if (parties[i].as == Party{}.as) parties[i].as = i == 0 ? used.first : used.second;
  }
  agreement.id = id;
  agreement.parties = std::move(parties);
  agreement.from = from;
  agreement.until = until;
  return read_agreement_toml(agreement_toml(agreement), "agreement");  // all is checked there
}

}  // namespace tocsin::policy
