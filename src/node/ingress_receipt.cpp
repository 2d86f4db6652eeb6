// What a partner's page proves: its release is checked against the objects that came, and answered
// with our receipt. Source: docs/ledger.md, "A release, step by step".
#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "base/mapped_file.h"
#include "base/text.h"
#include "node/ingress.h"
#include "share/ledger.h"
#include "wire/stix_object.h"
#include "wire/stix_statistics.h"

namespace tocsin::node {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE ingress_releases (log TEXT NOT NULL, entry INTEGER NOT NULL,"
    " member TEXT NOT NULL, salt BLOB, PRIMARY KEY (log, entry)) STRICT",
    // Of those before, when they came is not known: as if it were now.
    "ALTER TABLE ingress_releases ADD COLUMN came INTEGER NOT NULL DEFAULT 0;"
    "UPDATE ingress_releases SET came = unixepoch() * 1000000;"
    "CREATE INDEX ingress_releases_by_age ON ingress_releases (member, came);"};

constexpr std::string_view prefix = "partner.";

struct Told {
  ledger::Shown shown;
  std::string salt;
  std::vector<Sha256> items;
};

// nullopt: the page tells of no release.
Result<std::optional<Told>> read_told(std::string_view page) {
  simdjson::dom::parser parser;
  simdjson::dom::element root, shown;
  std::string_view hexed;
  if (parser.parse(simdjson::padded_string(page)).get(root)) return std::optional<Told>();
  if (root["x_tocsin_release"]["shown"].get(shown) || root["x_tocsin_release"]["salt"].get(hexed)) {
    return std::optional<Told>();
  }
  Told told;
  told.shown = TRY(ledger::read_shown(shown));
  told.salt.resize(hexed.size() / 2);
  std::size_t size = 0;
  if (sodium_hex2bin(reinterpret_cast<unsigned char*>(told.salt.data()), told.salt.size(),
                     hexed.data(), hexed.size(), nullptr, &size, nullptr) != 0 ||
      size < 16) {
    return invalid("a release's salt is none");
  }
  auto objects = TRY(wire::stix_objects_in(page));
  for (std::size_t i = 0; i < objects.size(); ++i) {
    std::string salt = ledger::item_salt(told.salt, std::to_string(i));
    told.items.push_back(ledger::item_hash(salt, sha256(objects[i])));
  }
  return std::optional(std::move(told));
}

}  // namespace

Result<void> Ingress::take_statistics(const std::string& member, std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element object;
  if (parser.parse(simdjson::padded_string(json)).get(object)) return invalid("no JSON");
  auto given = TRY(wire::read_stix_statistics(object));
  TRY(parts_.sharing->statistics().take(member, given));
  return {};
}

Result<void> Ingress::open_tables() {
  std::lock_guard guard(mutex_);
  if (!tables_) tables_ = TRY(store::Tables::open(parts_.journal, "ingress", steps));
  return {};
}

Result<void> Ingress::acknowledge(const store::ReportRow& row, const std::string& member,
                                  const std::map<std::string, std::uint64_t>& refused) {
  auto* ledger = parts_.ledger ? parts_.ledger() : nullptr;
  if (ledger == nullptr || parts_.sharing == nullptr || row.spool.empty()) return {};
  auto page = TRY(MappedFile::open(row.spool));
  auto told = TRY(read_told(page.bytes()));
  if (!told) return {};
  auto book = parts_.sharing->partners().book();
  const share::Partner* partner = book->speaking(member);
  if (partner == nullptr) return {};
  share::Peer peer{.id = member, .keys = {}};
  for (const share::KeySpan& span : partner->keys.spans) {
    if (span.revoked == time_none) peer.keys.push_back(span.key);
  }
  TRY(open_tables());
  std::string answer;
  auto receive = [&](store::Sqlite& db) -> Result<void> {
    auto given = TRY(ledger->receive(
        db, {.shown = told->shown, .items = told->items, .refused = refused}, peer));
    answer = ledger::json_of(given);
    auto keep = TRY(db.prepare("INSERT OR REPLACE INTO ingress_releases VALUES (?, ?, ?, ?, ?)"));
    std::string log = hex(told->shown.head.log);
    keep.bind(1, log).bind(2, told->shown.index).bind(3, member);
    return keep.bind_blob(4, told->salt).bind(5, parts_.now()).run();
  };
  TRY(tables_->write(receive));
  auto nothing = [](store::Sqlite&) -> Result<void> { return {}; };
  TRY(parts_.sharing->partners().say({member}, "receipt", {{"acknowledged", answer}}, nothing));
  parts_.sharing->hurry();
  return {};
}

Result<void> Ingress::forget_proofs(TimeUs before) {
  if (parts_.sharing == nullptr) return {};
  TRY(open_tables());
  auto agreed = retention_days();
  auto write = [&](store::Sqlite& db) -> Result<void> {
    auto old = TRY(db.prepare("DELETE FROM ingress_releases WHERE came < ?"));
    TRY(old.bind(1, before).run());
    auto drop = TRY(db.prepare("DELETE FROM ingress_releases WHERE member = ? AND came < ?"));
    for (const auto& [feed, days] : agreed) {
      TimeUs last = parts_.now() - TimeUs{days} * us_per_day;
      TRY(drop.bind(1, std::string_view(feed).substr(prefix.size())).bind(2, last).run());
      drop.reset();
    }
    return {};
  };
  return tables_->write(write, false);
}

}  // namespace tocsin::node
