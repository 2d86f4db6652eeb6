// Shelves: what is kept of releases beside the ledger, and does not stay.
#include "share/shelf.h"

namespace tocsin::share {
namespace {

constexpr TimeUs room = store::Offers::room;
constexpr std::size_t erased_at_once = 1000;

}  // namespace

// Whoever went through those dates, at whichever door; and where their rows came again.
Result<void> Shelves::forget_salts(store::Sqlite& db, TimeUs from, TimeUs until) {
  auto drop = TRY(db.prepare(
      "UPDATE shelf_releases SET salt = NULL WHERE stop > ? AND start < ? AND salt IS NOT NULL"));
  TRY(drop.bind(1, from).bind(2, until).run());
  drop.reset();
  auto again =
      TRY(db.prepare("SELECT base, was, rows FROM shelf_again WHERE was < ?1 AND was +"
                     " length(rows) * 8 * ?3 > ?2"));
  again.bind(1, until).bind(2, from).bind(3, room);
  std::vector<TimeUs> moved;
  while (TRY(again.step())) {
    Again one{.base = again.number(0), .was = again.number(1), .rows = std::string(again.blob(2))};
    for (TimeUs date = std::max(from, one.was); date < until; date += room) {
      if (one.has(date)) moved.push_back(one.base + (date - one.was));
    }
  }
  for (TimeUs date : moved) {
    TRY(drop.bind(1, date).bind(2, date + room).run());
    drop.reset();
  }
  return {};
}

Result<bool> Shelves::forget_erased() {
  auto erased = TRY(parts_.offers.erased(erased_at_once));
  if (erased.empty()) return false;
  auto write = [&](store::Sqlite& db) -> Result<void> {
    for (const auto& one : erased) TRY(forget_salts(db, one.from, one.until));
    return {};
  };
  TRY(tables_.write(write, false));
  TRY(parts_.offers.forget_erased(erased.back().number));
  return erased.size() == erased_at_once;
}

Result<void> Shelves::prune() {
  auto* ledger = parts_.ledger();
  std::map<std::string, std::uint64_t> kept;
  if (ledger != nullptr) kept = TRY(ledger->items_from());
  TimeUs first = TRY(parts_.offers.first());
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto drop = TRY(db.prepare("DELETE FROM shelf_releases WHERE log = ? AND entry < ?"));
    for (const auto& [log, from] : kept) {
      TRY(drop.bind(1, log).bind(2, from).run());
      drop.reset();
    }
    auto over = TRY(db.prepare("DELETE FROM shelf_again WHERE was + length(rows) * 8 * ? <= ?"));
    return over.bind(1, room).bind(2, first).run();
  };
  return tables_.write(write, false);
}

}  // namespace tocsin::share
