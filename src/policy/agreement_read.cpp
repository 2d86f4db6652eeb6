// Agreements from text: TOML by people, JSON from partners, read by the same code.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <sstream>

#include "base/canonical_json.h"
#include "base/text.h"
#include "base/toml_table.h"
#include "policy/agreement.h"

namespace tocsin::policy {
namespace {

constexpr std::size_t text_bytes_max = 4096, list_max = 1024, word_bytes_max = 64, keys_max = 4,
                      contacts_max = 8;
constexpr std::uint64_t quota_max = 1'000'000'000'000, days_max = 36'500, hours_max = 8760;
constexpr std::uint32_t step_max_s = 31 * 86'400;

// [a-z0-9] and then also . _ -
bool is_word(std::string_view text) {
  auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= word_bytes_max && alphanumeric(text[0]) &&
         std::ranges::all_of(
             text, [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == text.npos;
}

template <class T>
void in_order(std::vector<T>& values) {
  std::ranges::sort(values);
  auto [from, to] = std::ranges::unique(values);
  values.erase(from, to);
}

// What an enumeration's words are, for the message.
template <class T>
std::string all_names(std::size_t from = 0) {
  std::string out;
  for (std::size_t i = from; !name(static_cast<T>(i)).empty(); ++i)
    out += (out.empty() ? "" : ", ") + std::string(name(static_cast<T>(i)));
  return out;
}

class Reader {
 public:
  Reader(const toml::table& root, TomlProblems& problems, Written written)
      : top_(root, "", problems), written_(written) {}

  Agreement read() {
    heading();
    each(top_, "party", parties_max, [&](TomlTable& t) { a_.parties.push_back(party(t)); });
    valid();
    a_.purposes = words<Purpose>(top_, "purposes", purpose_named, all_names<Purpose>());
    if (a_.purposes.empty() && !top_.has("purposes")) top_.wrong("purposes", missing_key);
    each(top_, "allow", allow_max, [&](TomlTable& t) { a_.allow.push_back(allow(t)); });
    each(top_, "transform", transforms_max,
         [&](TomlTable& t) { a_.transforms.push_back(transform(t)); });
    include();
    a_.onward = word<Onward>(top_, "onward", Onward::none);
    a_.attribution = word<Attribution>(top_, "attribution", Attribution::anonymous);
    a_.retention_days = number32(top_, "retention_days", 1, days_max);
    if (!top_.has("retention_days")) top_.wrong("retention_days", missing_key);
    a_.quota_per_day = top_.number("quota_per_day", 1, quota_max).value_or(0);
    small_tables();
    each(top_, "signature", parties_max,
         [&](TomlTable& t) { a_.signatures.push_back(signature(t)); });
    top_.finish();
    whole();
    return std::move(a_);
  }

 private:
  static constexpr std::string_view missing_key = "must be said";

  // A text without control characters.
  std::string line(TomlTable& t, std::string_view key, bool must = false) {
    std::string text = t.text(key);
    if (text.size() > text_bytes_max)
      t.wrong(key, fmt::format("must have {} bytes at most", text_bytes_max));
    bool control = std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (control) t.wrong(key, "must be one line, without control characters");
    if (must && text.empty()) t.wrong(key, missing_key);
    return text;
  }

  std::string a_word(TomlTable& t, std::string_view key, std::string_view otherwise = {}) {
    std::string text = t.text(key, otherwise);
    if (!is_word(text))
      t.wrong(key, fmt::format("{}: must be small letters, digits, '.', '_', '-'; {} at most",
                               text::quote(text), word_bytes_max));
    return text;
  }

  TimeUs time(TomlTable& t, std::string_view key) {
    const toml::node* node = t.node(key);
    if (node == nullptr) return 0;
    std::string text;
    if (auto* date = node->as_date()) {
      text = fmt::format("{:04}-{:02}-{:02}", date->get().year, date->get().month, date->get().day);
    } else if (auto* both = node->as_date_time()) {
      std::ostringstream out;
      out << both->get();
      text = out.str();
    } else if (auto value = node->value_exact<std::string>()) {
      text = *value;
    }
    if (auto parsed = times::parse(text); parsed && *parsed > 0) return *parsed;
    t.wrong(key, "must be a date or a time in UTC, as 2027-01-31 or 2027-01-31T12:00:00Z");
    return 0;
  }

  std::uint32_t number32(TomlTable& t, std::string_view key, std::uint64_t least,
                         std::uint64_t most) {
    return static_cast<std::uint32_t>(t.number(key, least, most).value_or(0));
  }

  template <class T>
  T word(TomlTable& t, std::string_view key, T otherwise) {
    std::string text = t.text(key);
    if (!t.has(key)) return otherwise;
    for (std::size_t i = 0; !name(static_cast<T>(i)).empty(); ++i) {
      if (name(static_cast<T>(i)) == text) return static_cast<T>(i);
    }
    t.wrong(key, "unknown value " + text::quote(text) + "; valid: " + all_names<T>());
    return otherwise;
  }

  // A list of words of one vocabulary, in order and each once. An empty list is wrong: it would
  // read as "nothing" and mean "any".
  template <class T, class Named>
  std::vector<T> words(TomlTable& t, std::string_view key, Named named, std::string_view valid) {
    std::vector<T> out;
    for (const std::string& text : list(t, key)) {
      if (auto value = named(text)) {
        out.push_back(*value);
      } else {
        t.wrong(key, "unknown value " + text::quote(text) + "; valid: " + std::string(valid));
      }
    }
    in_order(out);
    return out;
  }

  std::vector<std::string> list(TomlTable& t, std::string_view key) {
    auto texts = t.list(key);
    if (const toml::node* node = t.node(key); node != nullptr && node->is_array()) {
      if (node->as_array()->empty()) t.wrong(key, "must not be empty; leave the key out for any");
      if (node->as_array()->size() > list_max) {
        t.wrong(key, fmt::format("must have {} values at most", list_max));
        texts.clear();
      }
    }
    return texts;
  }

  std::vector<std::string> word_list(TomlTable& t, std::string_view key) {
    return words<std::string>(
        t, key,
        [](const std::string& text) { return is_word(text) ? std::optional(text) : std::nullopt; },
        "words of small letters, digits, '.', '_', '-'");
  }

  // Each table of a list of them.
  template <class Take>
  void each(TomlTable& t, std::string_view key, std::size_t most, Take take) {
    const toml::node* node = t.node(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table) || array->empty() ||
        array->size() > most) {
      t.wrong(key, fmt::format("must be a list of tables, 1 to {}", most));
      return;
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
      TomlTable inner = t.inner(*array->get(i)->as_table(), fmt::format("{}[{}]", key, i + 1));
      take(inner);
      inner.finish();
    }
  }

  void heading() {
    if (written_ == Written::whole || top_.has("id")) a_.id = a_word(top_, "id");
    a_.title = line(top_, "title");
    a_.version = static_cast<std::uint32_t>(top_.number("version", 1, 1'000'000).value_or(1));
    a_.replaces = top_.text("replaces");
    if (a_.version == 1 && top_.has("replaces"))
      top_.wrong("replaces", "the first version replaces none");
    if (a_.version > 1 && !is_hex(a_.replaces, 64))
      top_.wrong(top_.has("replaces") ? "replaces" : "version",
                 "a later version names the one it replaces: replaces = its hash, 64 hexadecimal "
                 "digits");
  }

  Party party(TomlTable& t) {
    Party p;
    p.id = a_word(t, "id");
    p.name = line(t, "name", true);
    p.as = a_word(t, "as", "party");
    std::string country = t.text("country");
    if (auto parsed = Country::parse(country)) {
      p.country = *parsed;
    } else if (t.has("country")) {
      t.wrong("country", text::quote(country) + " is no country; write two letters of ISO 3166-1");
    }
    for (const std::string& text : list(t, "keys")) {
      auto key = PublicKey::parse(text);
      key ? p.keys.push_back(*key) : t.wrong("keys", key.error().what);
    }
    in_order(p.keys);
    if (p.keys.empty() || p.keys.size() > keys_max)
      t.wrong("keys", fmt::format("must be a list of 1 to {} public keys", keys_max));
    each(t, "contact", contacts_max, [&](TomlTable& c) { p.contacts.push_back(contact(c)); });
    return p;
  }

  Contact contact(TomlTable& t) {
    Contact c{line(t, "name"), line(t, "mail"), line(t, "phone"), line(t, "pgp")};
    if (c.mail.empty() && c.phone.empty()) t.wrong("mail", "must be said, or phone");
    return c;
  }

  void valid() {
    if (const toml::table* table = top_.table("valid")) {
      TomlTable t = top_.inner(*table, "valid");
      a_.from = time(t, "from");
      a_.until = time(t, "until");
      a_.review = time(t, "review");
      for (std::string_view key : {"from", "until"}) {
        if (!t.has(key) && written_ == Written::whole) t.wrong(key, missing_key);
      }
      if (t.has("from") && t.has("until") && a_.until <= a_.from)
        t.wrong("until", "must be after `from`");
      t.finish();
    } else if (written_ == Written::whole && !top_.has("valid")) {
      top_.wrong("valid", missing_key);
    }
  }

  Way way(TomlTable& t) {
    Way way{word_list(t, "from"), word_list(t, "to")};
    ways_.push_back(way);
    return way;
  }

  Allow allow(TomlTable& t) {
    Allow rule;
    rule.way = way(t);
    rule.kinds = words<ItemKind>(t, "kinds", item_kind_named, all_names<ItemKind>());
    rule.types = words<Type>(
        t, "types", [](const std::string& text) { return type_named(text); },
        "the types of RSIT (docs/event.md)");
    rule.sectors = word_list(t, "sectors");
    rule.countries = words<Country>(
        t, "countries", [](const std::string& text) { return Country::parse(text); },
        "two letters of ISO 3166-1");
    auto tlp = tlp_named(t.text("max_tlp"));
    if (tlp && *tlp < Tlp::red) {
      rule.max_tlp = *tlp;
    } else {
      t.wrong("max_tlp",
              "must be one of clear, green, amber, amber+strict: red never leaves by machine");
    }
    if (auto pap = pap_named(t.text("max_pap"))) {
      rule.max_pap = *pap;
    } else {
      t.wrong("max_pap", "must be one of clear, green, amber, red");
    }
    rule.min_confidence = static_cast<std::uint8_t>(number32(t, "min_confidence", 0, 100));
    if (!t.has("kinds")) t.wrong("kinds", missing_key);
    return rule;
  }

  Transform transform(TomlTable& t) {
    Transform out;
    out.field = t.text("field");
    Part part = part_of(out.field);
    bool known = part != Part::none && (part_named(out.field) || field_named(out.field));
    if (!known)
      t.wrong("field", "unknown value " + text::quote(out.field) +
                           "; valid: a field of docs/event.md, or " + part_names());
    out.action = word<Action>(t, "action", Action::drop);
    if (!t.has("action")) t.wrong("action", missing_key);
    if (known && !can(out.action, part))
      t.wrong("action", fmt::format("{} cannot be asked for {}", name(out.action), out.field));
    out.way = way(t);
    coarse(t, out, part);
    return out;
  }

  void coarse(TomlTable& t, Transform& out, Part part) {
    bool bits = part == Part::address || part == Part::network, steps = part == Part::time;
    Coarse usual;
    out.coarse.v4_bits =
        static_cast<std::uint8_t>(t.number("v4_bits", 1, 32).value_or(usual.v4_bits));
    out.coarse.v6_bits =
        static_cast<std::uint8_t>(t.number("v6_bits", 1, 128).value_or(usual.v6_bits));
    out.coarse.step_s =
        static_cast<std::uint32_t>(t.number("step_s", 1, step_max_s).value_or(usual.step_s));
    for (auto [key, fits] :
         {std::pair{"v4_bits", bits}, std::pair{"v6_bits", bits}, std::pair{"step_s", steps}}) {
      if (t.has(key) && (!fits || out.action != Action::generalise))
        t.wrong(key, bits || steps ? "only where action is generalise"
                                   : "only for address and network (bits) or time (step)");
    }
  }

  void include() {
    for (Part part : words<Part>(
             top_, "include", [](const std::string& text) { return part_named(text); },
             "extra, raw")) {
      if (part == Part::raw || part == Part::extra) {
        a_.include.push_back(part);
      } else {
        top_.wrong("include", std::string(name(part)) + " goes anyway; valid: extra, raw");
      }
    }
  }

  // Reads the table of that key, if there is one.
  template <class Take>
  void part(std::string_view key, Take take) {
    const toml::table* table = top_.table(key);
    if (table == nullptr) return;
    TomlTable t = top_.inner(*table, key);
    take(t);
    t.finish();
  }

  void small_tables() {
    part("affected", [&](TomlTable& t) {
      a_.tell_affected = t.yes_no("tell").value_or(false);
      for (Fact fact : words<Fact>(
               t, "facts", [](const std::string& text) { return fact_named(text); },
               "identifier, family, service, seen, times, network, severity, controller, feeds, "
               "sector"))
        a_.affected_facts.add(fact);
    });
    part("reciprocity", [&](TomlTable& t) {
      a_.reciprocity_counted = t.yes_no("counted").value_or(false);
      a_.reciprocity_min_percent = static_cast<std::uint8_t>(number32(t, "min_percent", 0, 100));
    });
    part("feed_terms", [&](TomlTable& t) {
      std::string unsaid = t.text("unsaid", "withhold");
      a_.unsaid_feeds_pass = unsaid == "pass";
      if (unsaid != "pass" && unsaid != "withhold")
        t.wrong("unsaid", "unknown value " + text::quote(unsaid) + "; valid: pass, withhold");
    });
    part("personal_data", [&](TomlTable& t) {
      a_.legal_basis = line(t, "legal_basis");
      a_.data_subjects = line(t, "data_subjects");
      a_.third_countries = t.yes_no("third_countries").value_or(false);
    });
    part("security", [&](TomlTable& t) {
      a_.security = line(t, "measures");
      a_.breach_notice_h = number32(t, "breach_notice_h", 1, hours_max);
    });
    part("termination", [&](TomlTable& t) {
      a_.notice_days = number32(t, "notice_days", 0, days_max);
      std::string end = t.text("at_end", "delete");
      a_.delete_at_end = end != "keep";
      if (end != "keep" && end != "delete")
        t.wrong("at_end", "unknown value " + text::quote(end) + "; valid: delete, keep");
    });
    part("law", [&](TomlTable& t) {
      a_.law = line(t, "applies");
      a_.courts = line(t, "courts");
      a_.secrecy = line(t, "secrecy");
      a_.language = line(t, "language");
    });
  }

  Signature signature(TomlTable& t) {
    Signature s;
    s.party = a_word(t, "party");
    if (auto key = PublicKey::parse(t.text("key"))) {
      s.key = *key;
    } else {
      t.wrong("key", key.error().what);
    }
    s.at = time(t, "at");
    std::string digits = t.text("signature");
    if (!is_hex(digits, signature_size * 2)) {
      t.wrong("signature", fmt::format("must be {} hexadecimal digits", signature_size * 2));
      return s;
    }
    auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i < digits.size(); i += 2)
      s.bytes += static_cast<char>(nibble(digits[i]) * 16 + nibble(digits[i + 1]));
    return s;
  }

  // What no single key can tell.
  void whole() {
    if (written_ == Written::terms) return;
    if (a_.parties.size() < 2) top_.wrong("party", "an agreement has two parties or more");
    std::vector<std::string> ids, ways;
    std::vector<PublicKey> keys;
    for (const Party& party : a_.parties) {
      ids.push_back(party.id);
      ways.push_back(party.as);
      keys.insert(keys.end(), party.keys.begin(), party.keys.end());
    }
    auto twice = [](auto values) {
      std::ranges::sort(values);
      return std::ranges::adjacent_find(values) != values.end();
    };
    if (twice(ids)) top_.wrong("party", "two parties have the same id");
    if (twice(keys)) top_.wrong("party", "two parties have the same key");
    for (const Way& way : ways_) {
      for (const auto* side : {&way.from, &way.to}) {
        for (const std::string& word : *side) {
          if (std::ranges::find(ways, word) == ways.end())
            top_.wrong("allow", fmt::format("no party is {} (`as`); valid: {}", text::quote(word),
                                            fmt::join(ways, ", ")));
        }
      }
    }
  }

  TomlTable top_;
  Written written_;
  Agreement a_;
  std::vector<Way> ways_;
};

Result<Agreement> read_table(const toml::table& table, const std::string& file, Written written) {
  TomlProblems problems(file);
  Agreement agreement = Reader(table, problems, written).read();
  TRY(problems.result());
  return agreement;
}

Result<void> too_large(std::string_view text, const std::string& file) {
  if (text.size() <= agreement_bytes_max) return {};
  return invalid(fmt::format("{}: larger than {} bytes", file, agreement_bytes_max));
}

// JSON as the table that TOML would have given. Numbers with a fraction stay what no key takes.
template <class Put>
Result<void> each_value(const simdjson::dom::element& value, const std::string& path, Put put);

Result<toml::table> table_of(const simdjson::dom::object& object, const std::string& path) {
  toml::table out;
  for (auto [key, value] : object) {
    std::string name(key);
    TRY(each_value(value, path.empty() ? name : path + "." + name,
                   [&](auto&& node) { out.insert(name, std::forward<decltype(node)>(node)); }));
  }
  return out;
}

Result<toml::array> array_of(const simdjson::dom::array& list, const std::string& path) {
  toml::array out;
  for (const auto& value : list) {
    TRY(each_value(value, fmt::format("{}[{}]", path, out.size() + 1),
                   [&](auto&& node) { out.push_back(std::forward<decltype(node)>(node)); }));
  }
  return out;
}

template <class Put>
Result<void> each_value(const simdjson::dom::element& value, const std::string& path, Put put) {
  using Type = simdjson::dom::element_type;
  switch (value.type()) {
    case Type::OBJECT:
      put(TRY(table_of(value.get_object().value_unsafe(), path)));
      return {};
    case Type::ARRAY:
      put(TRY(array_of(value.get_array().value_unsafe(), path)));
      return {};
    case Type::STRING:
      put(std::string(value.get_string().value_unsafe()));
      return {};
    case Type::BOOL:
      put(value.get_bool().value_unsafe());
      return {};
    case Type::INT64:
      put(value.get_int64().value_unsafe());
      return {};
    case Type::DOUBLE:
      put(value.get_double().value_unsafe());
      return {};
    default:
      return invalid(path + ": must not be null");
  }
}

}  // namespace

Result<Agreement> read_agreement_toml(std::string_view text, const std::string& file,
                                      Written written) {
  TRY(too_large(text, file));
  auto table = TRY(parse_toml(text, file));
  return read_table(table, file, written);
}

Result<Agreement> read_agreement_json(std::string_view text, const std::string& file) {
  TRY(too_large(text, file));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (auto failed = parser.parse(simdjson::padded_string(text)).get(root))
    return invalid(fmt::format("{}: not JSON: {}", file, simdjson::error_message(failed)));
  if (auto canonical = canonical_json(root); !canonical)
    return invalid(file + ": " + canonical.error().what);
  simdjson::dom::object object;
  if (root.get(object)) return invalid(file + ": must be an object");
  auto table = table_of(object, "");
  if (!table) return invalid(file + ": " + table.error().what);
  return read_table(*table, file, Written::whole);
}

Result<Agreement> read_agreement(std::string_view text, const std::string& file) {
  return text::trim(text).starts_with('{') ? read_agreement_json(text, file)
                                           : read_agreement_toml(text, file);
}

}  // namespace tocsin::policy
