#include "share/head_exchange.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE heads_told(member TEXT PRIMARY KEY, log TEXT NOT NULL, size INTEGER NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    // Of third members, what was told of them.
    "CREATE TABLE heads_passed(member TEXT NOT NULL, node TEXT NOT NULL, log TEXT NOT NULL,"
    " size INTEGER NOT NULL, PRIMARY KEY(member, node)) STRICT, WITHOUT ROWID"};
constexpr std::size_t proof_max = 64;

Peer peer_of(const Partner& partner) {
  Peer peer{.id = partner.profile.member, .keys = {}};
  for (const KeySpan& span : partner.keys.spans) {
    if (span.revoked == time_none) peer.keys.push_back(span.key);
  }
  return peer;
}

Result<simdjson::dom::element> parsed(simdjson::dom::parser& parser, std::string_view json) {
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string(json)).get(root)) return invalid("no JSON in it");
  return root;
}

bool does_not_fit(const Ledger::SeenHead& one) {
  return one.seen == Ledger::Seen::split || one.seen == Ledger::Seen::went_back;
}

}  // namespace

Result<std::unique_ptr<HeadExchange>> HeadExchange::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "heads", steps));
  auto made = std::unique_ptr<HeadExchange>(new HeadExchange(std::move(parts), std::move(tables)));
  auto hear = [self = made.get()](const Partner& from, const Statement& s) {
    return self->hear(from, s);
  };
  made->parts_.partners.hears("ledger", std::move(hear));
  return made;
}

Result<std::size_t> HeadExchange::work() {
  Ledger* ledger = parts_.ledger();
  if (ledger == nullptr) return 0;
  auto head = TRY(ledger->head());
  auto book = parts_.partners.book();
  std::size_t told = 0;
  for (const auto& [member, partner] : book->all()) {
    if (book->speaking(member) == nullptr) continue;
    if (parts_.agreements.in_force(member, parts_.now()).agreements.empty()) continue;
    if (!TRY(tell(*ledger, head, member))) continue;
    TRY(tell_seen(*ledger, member));
    ++told;
  }
  return told;
}

Result<bool> HeadExchange::tell(Ledger& ledger, const ledger::Head& head,
                                const std::string& member) {
  std::string log = hex(head.log);
  std::uint64_t before = 0;
  TimeUs at = 0;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT size, at FROM heads_told WHERE member = ? AND log = ?"));
    select.bind(1, member).bind(2, log);
    if (!TRY(select.step())) return {};
    before = static_cast<std::uint64_t>(select.number(0));
    at = select.number(1);
    return {};
  };
  TRY(tables_.read(look));
  TimeUs now = parts_.now();
  bool many = head.tree.size >= before + tell_at_leaves;
  if (head.tree.size <= before || (before > 0 && now < at + tell_every && !many)) return false;
  Said said{{"head", ledger::json_of(head)}};
  if (before > 0) {
    auto proof = TRY(ledger.consistency(before, head.tree.size));
    said["first"] = std::to_string(before);
    said["proof"] = ledger::json_of(proof);
  }
  auto keep = [&](store::Sqlite& db) -> Result<void> {
    auto insert = TRY(db.prepare("INSERT OR REPLACE INTO heads_told VALUES(?, ?, ?, ?)"));
    return insert.bind(1, member).bind(2, log).bind(3, head.tree.size).bind(4, now).run();
  };
  TRY(parts_.partners.say({member}, "ledger-head", said, keep));
  return true;
}

// What we saw of others that this one has an agreement with, together with us.
Result<void> HeadExchange::tell_seen(Ledger& ledger, const std::string& member) {
  auto us = TRY(parts_.partners.self()).profile.member;
  auto under = parts_.agreements.in_force(member, parts_.now());
  std::vector<std::string> others;
  for (const AgreementState* state : under.agreements) {
    for (const policy::Party& party : state->agreement.parties) {
      bool is_new = std::ranges::find(others, party.id) == others.end();
      if (party.id != us && party.id != member && is_new) others.push_back(party.id);
    }
  }
  for (const std::string& other : others) {
    auto heads = TRY(ledger.seen(other));
    if (heads.empty()) continue;
    // What does not fit is told first: it is why heads are told at all.
    auto worst = std::ranges::find_if(heads, does_not_fit);
    const ledger::Head& head = worst != heads.end() ? worst->head : heads.back().head;
    std::string log = hex(head.log) + hex(head.tree.root);
    bool is_known = false;
    auto look = [&](store::Sqlite& db) -> Result<void> {
      auto select =
          TRY(db.prepare("SELECT 1 FROM heads_passed WHERE member = ? AND node = ? AND log = ?"));
      select.bind(1, member).bind(2, other).bind(3, log);
      is_known = TRY(select.step());
      return {};
    };
    TRY(tables_.read(look));
    if (is_known) continue;
    auto keep = [&](store::Sqlite& db) -> Result<void> {
      auto insert = TRY(db.prepare("INSERT OR REPLACE INTO heads_passed VALUES(?, ?, ?, ?)"));
      return insert.bind(1, member).bind(2, other).bind(3, log).bind(4, head.tree.size).run();
    };
    TRY(parts_.partners.say({member}, "ledger-seen", {{"head", ledger::json_of(head)}}, keep));
  }
  return {};
}

Result<void> HeadExchange::hear(const Partner& from, const Statement& s) {
  Ledger* ledger = parts_.ledger();
  if (ledger == nullptr) return missing("this node has no ledger");
  if (s.kind == "ledger-head" || s.kind == "ledger-seen") return hear_head(*ledger, from, s);
  if (s.kind == "ledger-ask") return answer(*ledger, from, s);
  return invalid("this node does not know what " + text::quote(s.kind) + " is");
}

Result<void> HeadExchange::hear_head(Ledger& ledger, const Partner& from, const Statement& s) {
  simdjson::dom::parser parser;
  auto json = TRY(parsed(parser, s["head"]));
  auto head = TRY(ledger::read_head(json));
  const std::string& via = from.profile.member;
  auto book = parts_.partners.book();
  const Partner* of = &from;
  if (s.kind == "ledger-seen") {
    of = book->speaking(head.node);
    if (of == nullptr) return {};  // a stranger's: nothing to hold it against
  }
  auto known = TRY(ledger.seen(head.node));
  std::uint64_t proved = 0;
  std::size_t misfits = 0;
  for (const Ledger::SeenHead& one : known) {
    if (one.head.log == head.log) proved = one.proved_size;
    misfits += does_not_fit(one) ? 1 : 0;
  }
  std::vector<Sha256> proof;
  // A proof from another head than the one that we hold proves nothing, and is nobody's fault.
  if (!s["proof"].empty() && s["first"] == std::to_string(proved)) {
    auto hashes = TRY(parsed(parser, s["proof"]));
    proof = TRY(ledger::read_hashes(hashes, proof_max));
  }
  Ledger::SeenHead seen;
  auto take = [&](store::Sqlite& db) -> Result<void> {
    seen = TRY(ledger.see(db, head, peer_of(*of), via, proof));
    return {};
  };
  TRY(tables_.write(take));
  if (does_not_fit(seen)) {
    auto now = TRY(ledger.seen(head.node));
    auto wrong = static_cast<std::size_t>(std::ranges::count_if(now, does_not_fit));
    if (wrong > misfits && parts_.wrong) parts_.wrong(head.node, seen.what);
    return {};
  }
  if (seen.seen != Ledger::Seen::unproved || s.kind != "ledger-head" || !s["asked"].empty())
    return {};
  Said ask{{"log", hex(head.log)}, {"size", std::to_string(seen.proved_size)}};
  return parts_.partners.say({via}, "ledger-ask", ask, {});
}

// A proof from a head of ours that the partner holds. Where we have none, it holds what we did not
// sign, or what a restore took away: it stays unproved there.
Result<void> HeadExchange::answer(Ledger& ledger, const Partner& from, const Statement& s) {
  auto head = TRY(ledger.head());
  auto first = text::number(s["size"]);
  if (!first || s["log"] != hex(head.log) || *first == 0 || *first >= head.tree.size) return {};
  auto proof = TRY(ledger.consistency(*first, head.tree.size));
  Said said{{"head", ledger::json_of(head)},
            {"first", std::to_string(*first)},
            {"proof", ledger::json_of(proof)},
            {"asked", "yes"}};
  return parts_.partners.say({from.profile.member}, "ledger-head", said, {});
}

}  // namespace tocsin::share
