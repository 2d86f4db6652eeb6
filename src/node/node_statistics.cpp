// What of a day may be counted for partners: events of our own feeds that may be passed on, by the
// subject's country or sector and their type.
#include <fmt/format.h>

#include <unordered_set>

#include "base/hash.h"
#include "model/subject.h"
#include "node/node.h"
#include "policy/gate.h"
#include "store/replay.h"

namespace tocsin::node {
namespace {

struct Behind {
  std::unordered_set<std::uint64_t> subjects{};
  std::unordered_set<std::uint32_t> constituents{};
  std::unordered_set<std::uint64_t> nobodys{};  // subjects of no constituent: each may be one more
};
using Cell = std::pair<std::string, std::string>;  // group and part

std::uint64_t hash_of(const Subject& subject) {
  if (subject.kind != SubjectKind::address) return hash64(subject.text);
  return hash64(ip::format(subject.ip));
}

// Never RED; not what came from a partner, which counts it itself; not what its feed forbids.
bool is_counted(const policy::FeedSays& says, const policy::Traits& traits) {
  return traits.goes && traits.tlp <= Tlp::amber_strict && says.member.empty() &&
         says.terms.may_pass_on.value_or(true);
}

}  // namespace

Result<Sharing::Parts::Counts> Node::count_day(Day day) {
  auto directory = alerts_->book().directory();
  std::map<std::string, std::map<Cell, Behind>> cuts;
  auto take = [&](EventBatch& batch) -> Result<void> {
    policy::FeedSays says = says_of(std::string(words_.word(batch.feed)));
    for (std::size_t row = 0; row < batch.size(); ++row) {
      policy::Traits traits = policy::traits_of(batch, row);
      Subject subject = subject_of(batch, row);
      if (subject.kind == SubjectKind::none || !is_counted(says, traits)) continue;
      SubjectPlace at = place_of(batch, row);
      alert::Place place{.asn = at.asn, .country = at.country};
      if (subject.kind == SubjectKind::address) place.ip = subject.ip;
      if (subject.kind == SubjectKind::name) place.name = subject.text;
      auto decision = directory->decide(place);
      // Who looks after a whole country is not whose the subject is.
      bool is_known = decision.constituent != 0 && decision.kind != alert::AssetKind::country;
      std::uint64_t hash = hash_of(subject);
      std::string type(name(traits.type)), sector(words_.word(traits.sector));
      for (const auto& [cut, group] :
           {std::pair{"country.type", traits.country.text()}, std::pair{"sector.type", sector}}) {
        for (const std::string& part : {type, std::string()}) {
          Behind& behind = cuts[cut][{group, part}];
          behind.subjects.insert(hash);
          if (is_known) {
            behind.constituents.insert(decision.constituent);
          } else {
            behind.nobodys.insert(hash);
          }
        }
      }
    }
    return {};
  };
  std::string where =
      fmt::format("time >= {} AND time < {}", times::start_of(day), times::start_of(day + 1));
  TRY(store::replay(*columns_, {.where = where}, take));
  Sharing::Parts::Counts out;
  for (const auto& [cut, cells] : cuts) {
    for (const auto& [cell, behind] : cells) {
      policy::CountOf count{
          .group = cell.first, .part = cell.second, .subjects = behind.subjects.size()};
      if (!directory->empty()) {
        count.constituents = behind.constituents.size() + behind.nobodys.size();
      }
      out[cut].push_back(std::move(count));
    }
  }
  return out;
}

}  // namespace tocsin::node
