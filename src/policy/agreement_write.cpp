// Agreements as text: readable TOML, and canonical JSON. What has its default value is not written.
#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

#include "base/canonical_json.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/json.h"
#include "policy/agreement.h"

namespace tocsin::policy {
namespace {

toml::array list_of(const std::vector<std::string>& texts) {
  toml::array out;
  for (const auto& text : texts) out.push_back(text);
  return out;
}

template <class T>
toml::array names_of(const std::vector<T>& values) {
  toml::array out;
  for (const T& value : values) out.push_back(std::string(name(value)));
  return out;
}

void put(toml::table& table, std::string_view key, std::string_view text) {
  if (!text.empty()) table.insert(key, std::string(text));
}
void put(toml::table& table, std::string_view key, toml::array list) {
  if (!list.empty()) table.insert(key, std::move(list));
}
void put_number(toml::table& table, std::string_view key, std::uint64_t value,
                std::uint64_t otherwise) {
  if (value != otherwise) table.insert(key, static_cast<std::int64_t>(value));
}
void put_yes(toml::table& table, std::string_view key, bool value, bool otherwise) {
  if (value != otherwise) table.insert(key, value);
}
void put_time(toml::table& table, std::string_view key, TimeUs time) {
  if (time != 0) table.insert(key, times::format(time));
}

toml::table table_of(const Party& party) {
  toml::table t;
  put(t, "id", party.id);
  put(t, "name", party.name);
  put(t, "as", party.as);
  put(t, "country", party.country.text());
  toml::array keys, contacts;
  for (const PublicKey& key : party.keys) keys.push_back(key.text());
  put(t, "keys", std::move(keys));
  for (const Contact& contact : party.contacts) {
    toml::table c;
    put(c, "name", contact.name);
    put(c, "mail", contact.mail);
    put(c, "phone", contact.phone);
    put(c, "pgp", contact.pgp);
    contacts.push_back(std::move(c));
  }
  put(t, "contact", std::move(contacts));
  return t;
}

void put_way(toml::table& table, const Way& way) {
  put(table, "from", list_of(way.from));
  put(table, "to", list_of(way.to));
}

toml::table table_of(const Allow& rule) {
  toml::table t;
  put_way(t, rule.way);
  put(t, "kinds", names_of(rule.kinds));
  put(t, "types", names_of(rule.types));
  put(t, "sectors", list_of(rule.sectors));
  toml::array countries;
  for (Country country : rule.countries) countries.push_back(country.text());
  put(t, "countries", std::move(countries));
  put(t, "max_tlp", name(rule.max_tlp));
  put(t, "max_pap", name(rule.max_pap));
  put_number(t, "min_confidence", rule.min_confidence, 0);
  return t;
}

toml::table table_of(const Transform& transform) {
  toml::table t;
  Coarse usual;
  put(t, "field", transform.field);
  put(t, "action", name(transform.action));
  put_way(t, transform.way);
  put_number(t, "v4_bits", transform.coarse.v4_bits, usual.v4_bits);
  put_number(t, "v6_bits", transform.coarse.v6_bits, usual.v6_bits);
  put_number(t, "step_s", transform.coarse.step_s, usual.step_s);
  return t;
}

toml::table table_of(const Signature& signature) {
  toml::table t;
  put(t, "party", signature.party);
  put(t, "key", signature.key.text());
  put_time(t, "at", signature.at);
  put(t, "signature", hex(signature.bytes));
  return t;
}

template <class T>
toml::array tables_of(const std::vector<T>& values) {
  toml::array out;
  for (const T& value : values) out.push_back(table_of(value));
  return out;
}

toml::table valid_of(const Agreement& a) {
  toml::table t;
  put_time(t, "from", a.from);
  put_time(t, "until", a.until);
  put_time(t, "review", a.review);
  return t;
}

toml::table affected_of(const Agreement& a) {
  toml::table t;
  put_yes(t, "tell", a.tell_affected, false);
  toml::array facts;
  for (std::size_t i = 0; i < facts_count; ++i) {
    auto fact = static_cast<Fact>(i);
    if (a.affected_facts.has(fact)) facts.push_back(std::string(name(fact)));
  }
  put(t, "facts", std::move(facts));
  return t;
}

toml::table reciprocity_of(const Agreement& a) {
  toml::table t;
  put_yes(t, "counted", a.reciprocity_counted, false);
  put_number(t, "min_percent", a.reciprocity_min_percent, 0);
  return t;
}

toml::table feed_terms_of(const Agreement& a) {
  toml::table t;
  if (a.unsaid_feeds_pass) t.insert("unsaid", "pass");
  return t;
}

toml::table personal_data_of(const Agreement& a) {
  toml::table t;
  put(t, "legal_basis", a.legal_basis);
  put(t, "data_subjects", a.data_subjects);
  put_yes(t, "third_countries", a.third_countries, false);
  return t;
}

toml::table security_of(const Agreement& a) {
  toml::table t;
  put(t, "measures", a.security);
  put_number(t, "breach_notice_h", a.breach_notice_h, 0);
  return t;
}

toml::table termination_of(const Agreement& a) {
  toml::table t;
  put_number(t, "notice_days", a.notice_days, 0);
  if (!a.delete_at_end) t.insert("at_end", "keep");
  return t;
}

toml::table law_of(const Agreement& a) {
  toml::table t;
  put(t, "applies", a.law);
  put(t, "courts", a.courts);
  put(t, "secrecy", a.secrecy);
  put(t, "language", a.language);
  return t;
}

// The keys at the top, and each part under its key, in the order of the clauses.
struct Section {
  std::string_view comment, key;
  toml::table table;
  toml::array list;
};

std::vector<Section> sections_of(const Agreement& a, bool signed_too) {
  toml::table terms;
  put(terms, "purposes", names_of(a.purposes));
  put(terms, "include", names_of(a.include));
  if (a.onward != Onward::none) put(terms, "onward", name(a.onward));
  if (a.attribution != Attribution::anonymous) put(terms, "attribution", name(a.attribution));
  put_number(terms, "retention_days", a.retention_days, 0);
  put_number(terms, "quota_per_day", a.quota_per_day, 0);
  toml::table heading;
  put(heading, "id", a.id);
  put(heading, "title", a.title);
  heading.insert("version", static_cast<std::int64_t>(a.version));
  put(heading, "replaces", a.replaces);
  std::vector<Section> out;
  auto section = [&](std::string_view comment, std::string_view key, toml::table table) {
    if (!table.empty()) out.push_back({comment, key, std::move(table), {}});
  };
  auto list = [&](std::string_view comment, std::string_view key, toml::array items) {
    if (!items.empty()) out.push_back({comment, key, {}, std::move(items)});
  };
  section("", "", std::move(heading));
  section("3 purposes, 12 fields, 13 onward, 14 attribution, 15 retention, 16 quota", "",
          std::move(terms));
  list("1 parties", "party", tables_of(a.parties));
  section("2 validity: holds at `from`, no longer at `until`", "valid", valid_of(a));
  list("4 to 10: what may go; what no rule allows goes nowhere", "allow", tables_of(a.allow));
  section("11 affected: may those affected be told, and what", "affected", affected_of(a));
  list("12 fields: what is done to them before they go", "transform", tables_of(a.transforms));
  section("17 reciprocity", "reciprocity", reciprocity_of(a));
  section("18 feed terms", "feed_terms", feed_terms_of(a));
  section("20 personal data", "personal_data", personal_data_of(a));
  section("21 security", "security", security_of(a));
  section("22 termination", "termination", termination_of(a));
  section("23 law", "law", law_of(a));
  if (signed_too)
    list("signatures, over the SHA-256 of all of the above", "signature", tables_of(a.signatures));
  return out;
}

void append_json(json::Writer& w, const toml::node& node) {
  if (auto* table = node.as_table()) {
    w.object();
    for (const auto& [key, value] : *table) append_json(w.key(key.str()), value);
    w.end();
  } else if (auto* list = node.as_array()) {
    w.list();
    for (const auto& item : *list) append_json(w, item);
    w.end();
  } else if (auto text = node.value_exact<std::string>()) {
    w.value(*text);
  } else if (auto number = node.value_exact<std::int64_t>()) {
    w.value(*number);
  } else {
    w.value(node.value_exact<bool>().value());
  }
}

// One value as TOML spells it. toml++ writes long lists over several lines; these stay on one.
std::string value_text(const toml::node& node) {
  if (auto* list = node.as_array()) {
    std::string out = "[";
    for (const auto& item : *list) out += (out.size() > 1 ? ", " : "") + value_text(item);
    return out + "]";
  }
  if (auto text = node.value_exact<std::string>()) {
    std::string out;
    json::append_string(out, *text);  // a basic string of TOML has the escapes of JSON
    for (std::size_t at; (at = out.find('\x7f')) != out.npos;) out.replace(at, 1, "\\u007f");
    return out;
  }
  if (auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  return node.value_exact<bool>().value() ? "true" : "false";
}

// In the order in which the fields are put, which toml::table does not keep.
constexpr auto key_order = std::to_array<std::string_view>({"id",
                                                            "title",
                                                            "version",
                                                            "replaces",
                                                            "name",
                                                            "as",
                                                            "country",
                                                            "keys",
                                                            "mail",
                                                            "phone",
                                                            "pgp",
                                                            "purposes",
                                                            "include",
                                                            "onward",
                                                            "attribution",
                                                            "retention_days",
                                                            "quota_per_day",
                                                            "from",
                                                            "until",
                                                            "review",
                                                            "to",
                                                            "kinds",
                                                            "types",
                                                            "sectors",
                                                            "countries",
                                                            "max_tlp",
                                                            "max_pap",
                                                            "min_confidence",
                                                            "tell",
                                                            "facts",
                                                            "field",
                                                            "action",
                                                            "v4_bits",
                                                            "v6_bits",
                                                            "step_s",
                                                            "counted",
                                                            "min_percent",
                                                            "unsaid",
                                                            "legal_basis",
                                                            "data_subjects",
                                                            "third_countries",
                                                            "measures",
                                                            "breach_notice_h",
                                                            "notice_days",
                                                            "at_end",
                                                            "applies",
                                                            "courts",
                                                            "secrecy",
                                                            "language",
                                                            "party",
                                                            "key",
                                                            "at",
                                                            "signature",
                                                            "contact"});

void append_toml(std::string& out, const toml::table& table, const std::string& path) {
  for (std::string_view key : key_order) {
    const toml::node* node = table.get(key);
    if (node == nullptr || node->is_array_of_tables()) continue;
    out += fmt::format("{} = {}\n", key, value_text(*node));
  }
  for (std::string_view key : key_order) {
    const toml::node* node = table.get(key);
    if (node == nullptr || !node->is_array_of_tables()) continue;
    for (const auto& item : *node->as_array()) {
      std::string inner = fmt::format("{}.{}", path, key);
      out += fmt::format("[[{}]]\n", inner);
      append_toml(out, *item.as_table(), inner);
    }
  }
}

}  // namespace

std::string agreement_toml(const Agreement& agreement) {
  std::string out = "# An agreement: docs/agreements.md says what each clause means.\n";
  for (const Section& section : sections_of(agreement, true)) {
    if (!section.comment.empty()) out += fmt::format("\n# {}\n", section.comment);
    if (section.list.empty()) {
      if (!section.key.empty()) out += fmt::format("[{}]\n", section.key);
      append_toml(out, section.table, std::string(section.key));
    }
    for (std::size_t i = 0; i < section.list.size(); ++i) {
      out += fmt::format("{}[[{}]]\n", i > 0 ? "\n" : "", section.key);
      append_toml(out, *section.list.get(i)->as_table(), std::string(section.key));
    }
  }
  return out;
}

std::string agreement_json(const Agreement& agreement, bool signed_too) {
  json::Writer w;
  w.object();
  for (const Section& section : sections_of(agreement, signed_too)) {
    if (!section.list.empty()) {
      append_json(w.key(section.key), section.list);
    } else if (!section.key.empty()) {
      append_json(w.key(section.key), section.table);
    } else {
      for (const auto& [key, value] : section.table) append_json(w.key(key.str()), value);
    }
  }
  w.end();
  auto canonical = canonical_json(w.text());
  check(canonical.has_value(), "agreement: what it holds has a canonical form");
  return *std::move(canonical);
}

}  // namespace tocsin::policy
