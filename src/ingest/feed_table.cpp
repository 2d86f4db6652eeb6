#include "ingest/feed_table.h"

#include <array>

#include "base/text.h"
#include "model/taxonomy.h"

namespace tocsin::ingest {
namespace {

constexpr auto permissions =
    std::to_array<std::pair<std::string_view, Permission>>({{"yes", Permission::yes},
                                                            {"no", Permission::no},
                                                            {"ask", Permission::ask},
                                                            {"unknown", Permission::unknown}});

void read_terms(TomlTable& table, Terms& terms) {
  terms.text = table.text("text", terms.text);
  terms.url = table.text("url", terms.url);
  if (!terms.url.empty() && !terms.url.starts_with("https://") && !terms.url.starts_with("http://"))
    table.wrong("url", "must begin with https:// or http://");
  terms.redistribution =
      table.one_of<Permission>("redistribution", permissions).value_or(terms.redistribution);
  terms.commercial = table.one_of<Permission>("commercial", permissions).value_or(terms.commercial);
  // An operator may keep more distance than the terms ask for, never less.
  terms.interval_least_s =
      std::max(terms.interval_least_s, table.seconds("interval_least").value_or(0));
  table.finish();
}

}  // namespace

void read_common(TomlTable& table, Feed& feed) {
  feed.title = table.text("title", feed.title);
  feed.collector = table.text("collector", feed.collector);
  feed.format = table.text("format", feed.format);
  feed.interval_s = table.seconds("interval").value_or(feed.interval_s);
  feed.usual_delay_s = table.seconds("usual_delay").value_or(feed.usual_delay_s);
  if (std::string word = table.text("tlp"); !word.empty()) {
    auto tlp = tlp_named(word);
    if (!tlp) table.wrong("tlp", "unknown marking; valid: clear, green, amber, amber+strict, red");
    feed.tlp = tlp.value_or(feed.tlp);
  }
  auto number = [&](std::string_view key, std::uint64_t most, std::optional<std::uint32_t>& to) {
    if (auto value = table.number(key, 0, most)) to = static_cast<std::uint32_t>(*value);
  };
  number("raw_days", 36500, feed.raw_days);
  number("raw_size_max_mb", 1 << 20, feed.raw_size_max_mb);
  if (auto tell = table.yes_no("tell_affected")) feed.consent.tell_affected = *tell;
  std::vector<std::string> told = table.list("tell_fields");
  if (table.has("tell_fields")) {
    feed.consent.facts = {};
    for (const std::string& word : told) {
      auto fact = policy::fact_named(word);
      if (fact) feed.consent.facts.add(*fact);
      if (!fact)
        table.wrong("tell_fields",
                    "unknown field " + text::quote(word) +
                        "; valid: identifier, family, service, seen, times, network, severity, "
                        "controller, feeds, sector");
    }
  }
  if (const toml::table* terms = table.table("terms")) {
    TomlTable inner = table.inner(*terms, "terms");
    read_terms(inner, feed.terms);
  }
}

}  // namespace tocsin::ingest
