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
    " member TEXT NOT NULL, salt BLOB, PRIMARY KEY (log, entry)) STRICT"};

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
  {
    std::lock_guard guard(mutex_);
    if (!tables_) tables_ = TRY(store::Tables::open(parts_.journal, "ingress", steps));
  }
  std::string answer;
  auto receive = [&](store::Sqlite& db) -> Result<void> {
    auto given = TRY(ledger->receive(
        db, {.shown = told->shown, .items = told->items, .refused = refused}, peer));
    answer = ledger::json_of(given);
    auto keep = TRY(db.prepare("INSERT OR REPLACE INTO ingress_releases VALUES (?, ?, ?, ?)"));
    std::string log = hex(told->shown.head.log);
    keep.bind(1, log).bind(2, told->shown.index).bind(3, member);
    return keep.bind_blob(4, told->salt).run();
  };
  TRY(tables_->write(receive));
  auto nothing = [](store::Sqlite&) -> Result<void> { return {}; };
  TRY(parts_.sharing->partners().say({member}, "receipt", {{"acknowledged", answer}}, nothing));
  parts_.sharing->hurry();
  return {};
}

}  // namespace tocsin::node
