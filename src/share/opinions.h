// Opinions and notes on a partner's item: what a member thinks of it, and words about it, as STIX
// has them, said under its key and kept with who said it.
// Source: OASIS STIX Version 2.1, sections 4.13 (note) and 4.14 (opinion).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/letter.h"
#include "share/agreements.h"
#include "share/partners.h"
#include "store/tables.h"

namespace tocsin::share {

// Numbers are stored: append only. note: words alone.
enum class Stance : std::uint8_t {
  note,
  strongly_disagree,
  disagree,
  neutral,
  agree,
  strongly_agree,
};
std::string_view name(Stance stance);  // "strongly-disagree", as STIX has it
std::optional<Stance> stance_named(std::string_view text);

struct Opinion {
  std::string id{};
  bool ours = false;
  std::string member{};  // the other side: to whom it went, or who said it
  std::string by{};      // a person here, or the member
  std::string item{};    // STIX id
  Stance stance = Stance::note;
  std::string words{};  // a line; of an opinion its explanation
  std::optional<Type> type{};
  Tlp tlp = Tlp::unmarked;
  Pap pap = Pap::unmarked;
  std::string agreement{};
  TimeUs at = 0;
};

class Opinions {
 public:
  static constexpr std::size_t words_bytes_max = 2000, opinions_max = 100'000, of_one_max = 20'000;

  struct Parts {
    store::Journal& journal;  // outlive it
    Partners& partners;
    Agreements& agreements;
    std::function<TimeUs()> now;
    std::vector<Network> sensors{};  // our own
    // Writes down what was turned away at the door.
    std::function<Result<void>(std::string_view member, std::string_view what)> refused{};
  };
  // Hears what partners say of items, from now on.
  static Result<std::unique_ptr<Opinions>> open(Parts parts);

  // Says it to the member; of `opinion` item, stance, words, type and markings count. A later one
  // on the same item is one more: who reads sees both. Errors: invalid; missing (no such partner);
  // denied: no agreement lets it go.
  Result<Opinion> say(std::string_view member, Opinion opinion, std::string_view by);

  // Newest first. `item`: ""; any.
  Result<std::vector<Opinion>> list(std::string_view item, std::string_view member,
                                    std::size_t limit) const;

 private:
  Opinions(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<policy::LetterDoor> door(std::string_view member, bool out) const;
  Result<void> hear(const Partner& from, const Statement& statement);
  Result<bool> is_full(std::string_view member) const;

  Parts parts_;
  store::Tables tables_;
  std::mutex one_;  // act at a time
};

}  // namespace tocsin::share
