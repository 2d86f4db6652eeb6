// Foreign: STIX objects of others as they came, byte for byte, with from whom, when, and under
// which marking and agreement. Nothing in it is ever written anew. In the journal's SQLite file.
//
// An object's id and version are in here once, whoever sends them: the first stays, but where it
// came from another than its creator and contradicts what the creator itself sends. Both stand
// then. Source: TAXII 2.1 section 5.5; STIX 2.1 section 3.6; DESIGN D8.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/sharing.h"
#include "store/tables.h"

namespace tocsin::store {

struct ForeignObject {
  std::uint64_t row = 0;  // strictly increasing, never given twice
  std::string id;
  std::string version;    // as the object writes it; "": it has none
  TimeUs at = 0;          // the version's instant; 0: it has none
  std::string creator;    // created_by_ref; "": it says none
  std::string member;     // that sent it
  std::string agreement;  // the content address of the one that let it in
  TimeUs came = 0;
  Tlp tlp = Tlp::unmarked;
  Pap pap = Pap::unmarked;
  bool revoked = false;
  bool own = false;          // its creator sent it
  std::uint64_t report = 0;  // that it came in
  std::string json;
};

enum class ForeignFate : std::uint8_t {
  fresh,
  same,           // it is here: no second copy
  other_content,  // another object of this id and version is here, and stays
  other_creator,  // the id is another's, who alone makes versions of it
  was_revoked,    // a version that came from this member is revoked: that is final
  not_here,       // revokes what this node does not have
  full,           // what may be kept of this member's
};

class Foreign {
 public:
  static constexpr std::size_t take_max = 1000;  // in one transaction
  // Of one member, of all that it sent.
  static constexpr std::uint64_t member_bytes_max = 4ULL << 30;
  static constexpr std::uint64_t member_objects_max = 5'000'000;

  // `journal` outlives it.
  static Result<std::unique_ptr<Foreign>> open(Journal& journal);

  // Keeps what is new, at most take_max, in one transaction of the bulk lane. What became of each.
  Result<std::vector<ForeignFate>> take(std::span<const ForeignObject> objects);

  using Choose = std::function<bool(const ForeignObject&)>;

  // Those behind `row`, in their order.
  Result<std::vector<ForeignObject>> after(std::uint64_t row, std::size_t limit) const;
  // All versions of one object that are here, of whomever, in the order in which they came.
  Result<std::vector<ForeignObject>> versions_of(std::string_view id) const;
  // All of one type; for what must be known of all, as marking-definitions.
  Result<void> each_of(std::string_view type,
                       const std::function<void(const ForeignObject&)>& take) const;
  struct Use {
    std::uint64_t objects = 0, bytes = 0;
  };
  Result<std::map<std::string, Use>> use() const;  // by member

  // Retention: removes what came from the member before that, but for what `stays`. How many went.
  Result<std::size_t> forget_before(std::string_view member, TimeUs before,
                                    const Choose& stays = {});
  // Removes what came from the member since then and `goes`. How many went.
  Result<std::size_t> forget_since(std::string_view member, TimeUs since, const Choose& goes);
  // Removes what `goes`. How many went. Errors: unavailable; again then.
  Result<std::size_t> forget(const Choose& goes);

 private:
  explicit Foreign(Tables tables) : tables_(std::move(tables)) {}
  Result<std::size_t> remove(const std::vector<std::uint64_t>& rows);
  Result<std::size_t> forget_of(std::string_view member, TimeUs from, TimeUs until,
                                const Choose& goes);
  mutable Tables tables_;
};

}  // namespace tocsin::store
