#include "alert/book.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t changes_max = 1000, detail_items_max = 5;

std::string shown(const std::string& text) {
  return text;
}
std::string shown(std::uint32_t asn) {
  return fmt::format("AS{}", asn);
}
std::string shown(const Network& network) {
  return ip::format(network);
}

// "prefixes +a -b", at most a few of each.
template <class T>
void tell_items(std::vector<std::string>& parts, std::string_view what, const std::vector<T>& old,
                const std::vector<T>& now) {
  std::vector<T> more, less;
  std::ranges::set_difference(now, old, std::back_inserter(more));
  std::ranges::set_difference(old, now, std::back_inserter(less));
  if (more.empty() && less.empty()) return;
  std::string text(what);
  auto list = [&](char sign, const std::vector<T>& items) {
    for (std::size_t i = 0; i < std::min(items.size(), detail_items_max); ++i)
      text += fmt::format(" {}{}", sign, shown(items[i]));
    if (items.size() > detail_items_max)
      text += fmt::format(" {}{} more", sign, items.size() - detail_items_max);
  };
  list('+', more);
  list('-', less);
  parts.push_back(std::move(text));
}

std::string differences(const Constituent& old, const Constituent& now) {
  std::vector<std::string> parts;
  auto value = [&](std::string_view what, const auto& a, const auto& b) {
    if (a != b) parts.push_back(fmt::format("{} {} -> {}", what, a, b));
  };
  if (!old.name.empty()) value("name", old.name, now.name);
  value("sector", old.sector, now.sector);
  value("country", old.country.text(), now.country.text());
  value("language", old.language, now.language);
  value("sure", old.sure, now.sure);
  value("provider", old.provider, now.provider);
  value("whole_country", old.whole_country, now.whole_country);
  tell_items(parts, "prefixes", old.prefixes, now.prefixes);
  tell_items(parts, "asns", old.asns, now.asns);
  tell_items(parts, "names", old.names, now.names);
  tell_items(parts, "contacts", old.contacts, now.contacts);
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

Result<std::unique_ptr<Book>> Book::open(store::Tables tables) {
  auto book = std::unique_ptr<Book>(new Book(std::move(tables)));
  TRY(book->load());
  return book;
}

Result<void> Book::load() {
  std::vector<Constituent> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT id, body FROM constituents ORDER BY id"));
    while (TRY(select.step())) {
      auto file = TRY(read_constituents(select.text(1)));
      auto id = static_cast<std::uint64_t>(select.number(0));
      if (file.constituents.size() != 1)
        return invalid(fmt::format("constituent {} in the journal is damaged", id));
      all.push_back(std::move(file.constituents[0]));
      all.back().id = id;
    }
    return {};
  };
  TRY(tables_.read(look));
  auto made = std::make_shared<const Directory>(std::move(all));
  std::lock_guard guard(mutex_);
  directory_ = std::move(made);
  return {};
}

std::shared_ptr<const Directory> Book::directory() const {
  std::lock_guard guard(mutex_);
  return directory_;
}

Result<ImportPlan> Book::import(std::string_view bytes, const ImportWish& wish, TimeUs now) {
  auto file = TRY(read_constituents(bytes));
  std::lock_guard one_at_a_time(changing_);
  auto before = directory();
  std::map<std::string, const Constituent*> known;
  for (const Constituent& c : before->all()) known.emplace(text::lower(c.name), &c);
  ImportPlan plan;
  plan.read = file.constituents.size();
  plan.errors = std::move(file.errors);
  auto tell = [&](const std::string& name, std::string_view what, std::string detail) {
    if (plan.changes.size() < changes_max)
      plan.changes.push_back({name, std::string(what), std::move(detail)});
  };
  std::vector<Constituent> after, changed;
  std::vector<std::uint64_t> removed;
  for (Constituent& c : file.constituents) {
    ++plan.languages[text::lower(c.language)];
    auto at = known.find(text::lower(c.name));
    if (at == known.end()) {
      ++plan.added;
      tell(c.name, "added", differences({}, c));
    } else {
      c.id = at->second->id;
      if (c != *at->second) {
        ++plan.changed;
        tell(c.name, "changed", differences(*at->second, c));
      } else {
        ++plan.unchanged;
      }
    }
    if (at == known.end() || c != *at->second) changed.push_back(c);
    if (at != known.end()) known.erase(at);
    after.push_back(std::move(c));
  }
  for (const auto& [key, c] : known) {
    if (!wish.replace) {
      after.push_back(*c);
      continue;
    }
    ++plan.removed;
    tell(c->name, "removed", {});
    removed.push_back(c->id);
  }
  if (after.size() > constituents_max)
    return invalid(fmt::format("more than {} constituents", constituents_max));
  plan.disputed = Directory(std::move(after)).disputed();
  if (wish.dry || (!plan.errors.empty() && !wish.skip_wrong)) return plan;
  TRY(keep(changed, removed, now));
  plan.done = true;
  return plan;
}

Result<void> Book::keep(const std::vector<Constituent>& changed,
                        const std::vector<std::uint64_t>& removed, TimeUs now) {
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto forget = TRY(db.prepare("DELETE FROM constituents WHERE id = ?"));
    for (std::uint64_t id : removed) {
      TRY(forget.bind(1, id).run());
    }
    auto insert = TRY(db.prepare("INSERT INTO constituents(name, body, changed) VALUES(?, ?, ?)"));
    auto update =
        TRY(db.prepare("UPDATE constituents SET name = ?, body = ?, changed = ? WHERE id = ?"));
    for (const Constituent& c : changed) {
      std::string body = to_json(c, false);
      auto& statement = c.id == 0 ? insert : update;
      statement.bind(1, c.name).bind(2, body).bind(3, now);
      if (c.id != 0) statement.bind(4, c.id);
      TRY(statement.run());
    }
    return {};
  };
  TRY(tables_.write(write));
  return load();
}

Result<Constituent> Book::one(std::uint64_t id) const {
  auto now = directory();
  auto at = std::ranges::find(now->all(), id, &Constituent::id);
  if (at == now->all().end()) return missing("no constituent " + constituent_id(id));
  return *at;
}

Result<void> Book::remove(std::uint64_t id) {
  std::lock_guard one_at_a_time(changing_);
  TRY(one(id));
  return keep({}, {id}, 0);
}

}  // namespace tocsin::alert
