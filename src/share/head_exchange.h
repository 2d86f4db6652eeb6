// Head exchange: partners tell each other the heads of their ledgers, so that none can show one log
// to one and another to the next, or take back what it signed.
//
// A head goes, as a statement, to each partner with an agreement in force: within an hour of an
// act, at once after many; with the proof that it goes on from the last one that was told. Whoever
// cannot use that proof asks for one from the head that it holds. Members of one agreement also
// tell each other what they saw of the rest of its parties. docs/ledger.md, "Heads".
// Source: RFC 9162 section 2.1.4; DESIGN D9.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "share/agreements.h"
#include "share/ledger.h"
#include "share/partners.h"
#include "store/tables.h"

namespace tocsin::share {

class HeadExchange {
 public:
  static constexpr TimeUs tell_every = us_per_hour;
  static constexpr std::uint64_t tell_at_leaves = 1000;

  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    Agreements& agreements;
    std::function<Ledger*()> ledger;
    std::function<TimeUs()> now;
    // A member's heads do not fit, for the first time; in words that name both.
    std::function<void(const std::string& member, const std::string& what)> wrong{};
  };
  // Hears what partners say of ledgers, from now on.
  static Result<std::unique_ptr<HeadExchange>> open(Parts parts);

  // Tells whoever is due. How many.
  Result<std::size_t> work();

 private:
  HeadExchange(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<bool> tell(Ledger& ledger, const ledger::Head& head, const std::string& member);
  Result<void> tell_seen(Ledger& ledger, const std::string& member);
  Result<void> hear(const Partner& from, const Statement& statement);
  Result<void> hear_head(Ledger& ledger, const Partner& from, const Statement& statement);
  Result<void> answer(Ledger& ledger, const Partner& from, const Statement& statement);

  Parts parts_;
  store::Tables tables_;
};

}  // namespace tocsin::share
