#include "store/tables.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tocsin::store {

Result<Tables> Tables::open(Journal& journal, std::string_view room,
                            std::span<const char* const> steps) {
  Tables tables(journal);
  std::string key = "schema." + std::string(room);
  std::size_t seen = 0;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT value FROM meta WHERE key = ?"));
    select.bind(1, key);
    if (TRY(select.step())) seen = text::number(select.text(0)).value_or(0);
    return {};
  };
  TRY(tables.read(look));
  if (seen > steps.size()) {
    return invalid(
        fmt::format("the tables of {} have schema {}; this program knows up to {}: use "
                    "the newer program",
                    room, seen, steps.size()));
  }
  for (std::size_t at = seen; at < steps.size(); ++at) {
    auto raise = [&](Sqlite& db) -> Result<void> {
      TRY(db.run(steps[at]));
      auto upsert = TRY(db.prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)"));
      std::string version = std::to_string(at + 1);
      return upsert.bind(1, key).bind(2, version).run();
    };
    TRY(tables.write(raise));
  }
  return tables;
}

Result<void> Tables::write(const Body& body, bool live) {
  return journal_->write([&] { return body(journal_->db_); }, live);
}

Result<void> Tables::read(const Body& body) const {
  std::lock_guard guard(journal_->reader_mutex_);
  return body(journal_->reader_);
}

}  // namespace tocsin::store
