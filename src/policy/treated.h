// Treated: what a member may have of an event under an agreement: its members after all treatments,
// and nothing that was derived from what they took away.
//
// Beside the treatments it never tells: ends that are sensors or sinkholes, ours or others';
// controllers that a join found; ids of our own; passwords and keys. docs/agreements.md has what
// becomes of each part. Source: DESIGN D7, D8.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ip.h"
#include "model/members.h"
#include "policy/decision.h"
#include "policy/pseudonym.h"

namespace tocsin::policy {

struct TreatedMember {
  std::string name, json;
  bool operator==(const TreatedMember&) const = default;
};

// The treatments of one way out, for many events. One thread at a time.
class Treating {
 public:
  // `key`: of the agreement; `sensors`: our own.
  Treating(std::vector<Treatment> treatments, const PseudonymKey& key,
           std::vector<Network> sensors);

  // `members`: of one event, as wire::Row has them; the result stands in the same order, sorted by
  // name with '.' before all other bytes. What stands for a value where its field cannot hold it
  // goes as `extra.hashed.FIELD`; `extra.pseudonyms` names fields whose addresses are pseudonyms.
  std::vector<TreatedMember> event(std::span<const Member> members) const;

 private:
  class Event;
  struct How {
    bool drop = false, pseudonymise = false, hash = false;
    std::optional<Coarse> coarse;
    bool changes() const { return drop || pseudonymise || hash || coarse; }
  };
  How of(std::string_view field) const;

  std::vector<Treatment> treatments_;
  PseudonymKey key_;
  CryptoPan pan_;
  std::vector<Network> sensors_;
  std::vector<How> by_field_;               // of fields()
  How extra_;                               // of each other one that no treatment names
  bool addresses_ = false, names_ = false;  // does anything happen to those?
};

}  // namespace tocsin::policy
