// LedgerMember: a member with a ledger in a folder of its own, for tests. Its clock moves a second
// with each look at it; its key and salts follow from its name.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "share/ledger.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::share {

class LedgerMember {
 public:
  static constexpr TimeUs begin = 1'767'225'600 * us_per_s;  // 2026-01-01

  explicit LedgerMember(std::string member) : name(std::move(member)), key_(key_for(name)) {
    open();
  }
  void open(const std::string& restored = {}) {
    ledger.reset();
    journal.reset();
    journal = *store::Journal::open(folder.file("journal.db"), words_);
    auto opened = Ledger::open({.journal = *journal,
                                .node = name,
                                .key = key_,
                                .restored = restored,
                                .now = [this] { return now += us_per_s; },
                                .salt = [this] { return salt(); }});
    REQUIRE_MESSAGE(opened.has_value(), opened.error().what);
    ledger = *std::move(opened);
  }
  static SigningKey key_for(std::string_view text) {
    return *SigningKey::from_seed(ledger::bytes_of(sha256(text)));
  }
  Peer peer() const { return {name, {key_.public_key()}}; }
  const SigningKey& key() const { return key_; }

  // Work in a transaction that must succeed, or fail with what is given back.
  Result<void> try_write(const store::Tables::Body& body) {
    constexpr const char* none[] = {"CREATE TABLE IF NOT EXISTS ledger_member(x INTEGER)"};
    auto tables = store::Tables::open(*journal, "ledger_member", none);
    REQUIRE(tables.has_value());
    return tables->write(body);
  }
  void write(const store::Tables::Body& body) {
    auto done = try_write(body);
    REQUIRE_MESSAGE(done.has_value(), done.error().what);
  }
  Result<void> sql(const std::string& text) {
    return try_write([&](store::Sqlite& db) { return db.run(text); });
  }

  static std::vector<Sha256> items(std::string_view to, std::uint64_t count,
                                   std::string_view what) {
    std::vector<Sha256> out;
    for (std::uint64_t i = 0; i < count; ++i) {
      out.push_back(ledger::item_hash(ledger::item_salt("secret", to),
                                      sha256(fmt::format("{} {}", what, i))));
    }
    return out;
  }
  std::uint64_t release(const std::string& to, std::uint64_t count, const std::string& what,
                        ledger::Release like = {}) {
    like.to = to;
    like.agreement = sha256("agreement");
    like.via = "taxii";
    like.counts = {{what, count}};
    std::uint64_t index = 0;
    write([&](store::Sqlite& db) -> Result<void> {
      index = TRY(ledger->release(db, like, items(to, count, what))).index;
      return {};
    });
    return index;
  }
  // Takes in what `from` released; the answer, or why not.
  Result<ledger::Acknowledged> receive(const LedgerMember& from, const ledger::Shown& shown,
                                       std::uint64_t count, const std::string& what,
                                       std::map<std::string, std::uint64_t> refused = {}) {
    ledger::Acknowledged answer;
    auto work = [&](store::Sqlite& db) -> Result<void> {
      answer = TRY(
          ledger->receive(db, {shown, items(name, count, what), std::move(refused)}, from.peer()));
      return {};
    };
    TRY(try_write(work));
    return answer;
  }
  Result<void> acknowledge(const LedgerMember& from, const ledger::Acknowledged& answer) {
    return try_write(
        [&](store::Sqlite& db) { return ledger->acknowledge(db, answer, from.peer()); });
  }
  // A whole exchange; the index of the release.
  std::uint64_t give(LedgerMember& to, std::uint64_t count, const std::string& what,
                     std::map<std::string, std::uint64_t> refused = {}, ledger::Release like = {}) {
    now = to.now = std::max(now, to.now);
    std::uint64_t index = release(to.name, count, what, std::move(like));
    REQUIRE(ledger->add(ledger::Outcome{.of = index, .outcome = "sent"}).has_value());
    auto answer = to.receive(*this, *ledger->shown(index), count, what, std::move(refused));
    REQUIRE_MESSAGE(answer.has_value(), answer.error().what);
    auto done = acknowledge(to, *answer);
    REQUIRE_MESSAGE(done.has_value(), done.error().what);
    return index;
  }
  void act(const std::string& what, const std::string& with, const std::string& details) {
    write([&](store::Sqlite& db) -> Result<void> {
      TRY(ledger->act(db, {.what = what, .with = with}, details));
      return {};
    });
  }
  std::string wrong(std::span<const ledger::Tree> known = {}) const {
    auto verified = ledger->verify(known);
    return verified ? verified->wrong : "not read: " + verified.error().what;
  }

  std::string name;
  TimeUs now = begin;
  TemporaryFolder folder;
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<Ledger> ledger;

 private:
  ledger::Salt salt() {
    ledger::Salt out{};
    Sha256 hash = sha256(fmt::format("{} {}", name, ++salts_));
    std::copy_n(hash.begin(), out.size(), out.begin());
    return out;
  }
  SigningKey key_;
  Dictionary words_;
  std::uint64_t salts_ = 0;
};

}  // namespace tocsin::share
