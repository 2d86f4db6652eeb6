// Mutes: rules that hide findings until a date: of a subject, a type, a feed, or of several at
// once.
//
// A feed's rule holds for findings that this feed alone reports: what another says too is not
// hidden. A rule whose date is over holds no more, so what it hid comes back by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "model/finding.h"
#include "model/taxonomy.h"

namespace tocsin::store {

inline constexpr std::size_t mutes_max = 10'000;  // that hold at once

struct Mute {
  std::uint64_t id = 0;
  std::string subject{};  // as text: an address, a prefix, a name, a URL, an account; "": any
  Network network{};      // of an address or prefix; length 0: a text
  std::optional<Type> type{};
  std::string feed{};
  TimeUs until = 0, at = 0, ended_at = 0;  // ended_at: by a person, before its date; 0: not
  std::string reason{}, user{}, ended_by{};

  bool holds(TimeUs now) const { return ended_at == 0 && until > now; }
  bool covers(const Finding& finding) const;
};

// Of a person's words. Errors: invalid: nothing named, no such type, a date that is over or more
// than 10 years away, no reason.
struct MuteWish {
  std::string subject{}, type{}, feed{}, reason{};
  TimeUs until = 0;
};
Result<Mute> mute_of(const MuteWish& wish, TimeUs now);

// Many rules at once, for scans of columns: a look-up or two for each row, however many there are.
class MuteTable {
 public:
  // What the table of findings calls a feed and a text; 0: it has none, so that no row can have it.
  struct Ids {
    std::uint32_t feed_alone = 0;  // the set that holds this feed only
    std::uint32_t text = 0;
  };
  void add(const Mute& mute, Ids ids);
  bool empty() const { return wide_.empty() && texts_.empty() && networks_.empty(); }

  struct Row {
    std::uint64_t high = 0, low = 0;  // the address
    std::uint32_t text = 0, feeds = 0;
    Type type{};
    bool is_address = false;
  };
  bool covers(const Row& row) const;

 private:
  struct Rest {  // what must hold besides the subject; 0: anything
    std::optional<Type> type;
    std::uint32_t feeds = 0;
  };
  static bool fits(const std::vector<Rest>& rests, const Row& row);
  struct Prefix {
    std::uint64_t high, low;
    bool operator==(const Prefix&) const = default;
  };
  struct PrefixHash {
    std::size_t operator()(const Prefix& p) const {
      return (p.high ^ p.low * 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93 >> 7;
    }
  };
  struct Level {  // prefixes of one length
    unsigned length;
    std::unordered_map<Prefix, std::vector<Rest>, PrefixHash> prefixes;
  };
  std::vector<Rest> wide_;  // of no subject
  std::unordered_map<std::uint32_t, std::vector<Rest>> texts_;
  std::vector<Level> networks_;
};

}  // namespace tocsin::store
