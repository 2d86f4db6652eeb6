#include "store/views.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "store/handling.h"

namespace tocsin::store {
namespace {

constexpr const char* schema[] = {
    "CREATE TABLE views(id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL,"
    " name TEXT NOT NULL, query TEXT NOT NULL, shared INTEGER NOT NULL, at INTEGER NOT NULL,"
    " UNIQUE(owner, name));"};

Result<View> checked(View view) {
  view.name = TRY(one_line(view.name, view_name_bytes_max, "the view's name"));
  if (view.name.empty()) return invalid("a view needs a name");
  view.query = TRY(one_line(view.query, view_query_bytes_max, "the view's filter"));
  return view;
}

}  // namespace

Result<std::unique_ptr<Views>> Views::open(Journal& journal, std::function<TimeUs()> now) {
  auto tables = TRY(Tables::open(journal, "views", schema));
  return std::unique_ptr<Views>(new Views(tables, std::move(now)));
}

Result<std::vector<View>> Views::list(const std::string& user) const {
  std::vector<View> views;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT id, owner, name, query, shared, at FROM views WHERE owner = ? OR shared "
                   "ORDER BY name COLLATE NOCASE, id"));
    select.bind(1, user);
    while (TRY(select.step())) {
      views.push_back({.id = static_cast<std::uint64_t>(select.number(0)),
                       .owner = std::string(select.text(1)),
                       .name = std::string(select.text(2)),
                       .query = std::string(select.text(3)),
                       .shared = select.number(4) != 0,
                       .at = select.number(5)});
    }
    return {};
  };
  TRY(tables_.read(look));
  return views;
}

Result<View> Views::own(std::uint64_t id, const std::string& user) const {
  auto views = TRY(list(user));
  auto at = std::ranges::find(views, id, &View::id);
  if (at == views.end()) return missing(fmt::format("no view {}", id));
  if (at->owner != user) return denied("this view is " + text::quote(at->owner) + "'s");
  return *at;
}

Result<View> Views::keep(View view, const std::string& user) {
  view = TRY(checked(std::move(view)));
  view.owner = user;
  view.at = now_() / us_per_s * us_per_s;
  auto views = TRY(list(user));
  auto mine = std::ranges::count(views, user, &View::owner);
  if (mine >= static_cast<std::ptrdiff_t>(views_max)) {
    return invalid(fmt::format("you keep {} views already; forget some", views_max));
  }
  auto body = [&](Sqlite& db) -> Result<void> {
    auto insert =
        TRY(db.prepare("INSERT INTO views(owner, name, query, shared, at) VALUES(?,?,?,?,?)"));
    insert.bind(1, view.owner).bind(2, view.name).bind(3, view.query).bind(4, int{view.shared});
    auto run = insert.bind(5, view.at).run();
    if (!run && run.error().fault == Fault::invalid) {
      return invalid("you keep a view of this name already: " + text::quote(view.name));
    }
    TRY(std::move(run));
    view.id = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(body));
  return view;
}

Result<View> Views::change(View view, const std::string& user) {
  View old = TRY(own(view.id, user));
  view = TRY(checked(std::move(view)));
  view.owner = old.owner;
  view.at = now_() / us_per_s * us_per_s;
  auto body = [&](Sqlite& db) -> Result<void> {
    auto update =
        TRY(db.prepare("UPDATE views SET name = ?, query = ?, shared = ?, at = ? WHERE id = ?"));
    update.bind(1, view.name).bind(2, view.query).bind(3, int{view.shared}).bind(4, view.at);
    auto run = update.bind(5, view.id).run();
    if (!run && run.error().fault == Fault::invalid) {
      return invalid("you keep a view of this name already: " + text::quote(view.name));
    }
    return run;
  };
  TRY(tables_.write(body));
  return view;
}

Result<void> Views::forget(std::uint64_t id, const std::string& user) {
  TRY(own(id, user));
  auto body = [&](Sqlite& db) -> Result<void> {
    auto remove = TRY(db.prepare("DELETE FROM views WHERE id = ?"));
    return remove.bind(1, id).run();
  };
  return tables_.write(body);
}

Result<void> Views::forget_all(const std::string& user) {
  auto body = [&](Sqlite& db) -> Result<void> {
    auto remove = TRY(db.prepare("DELETE FROM views WHERE owner = ?"));
    return remove.bind(1, user).run();
  };
  return tables_.write(body);
}

}  // namespace tocsin::store
