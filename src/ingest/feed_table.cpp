#include "ingest/feed_table.h"

#include <array>

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
  if (const toml::table* terms = table.table("terms")) {
    TomlTable inner = table.inner(*terms, "terms");
    read_terms(inner, feed.terms);
  }
}

}  // namespace tocsin::ingest
