#include "alert/book.h"

#include <fmt/format.h>

#include <random>

#include "alert/outbox.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::alert {
namespace {

// A prefix as two numbers of 64 bits, IPv4 in the upper half of the first; a text of its own.
struct Plain {
  std::uint64_t high = 0, low = 0;
  unsigned length = 0;
  bool four = true;
  std::size_t owner = 0;
  std::uint64_t high_mask = 0, low_mask = 0;

  unsigned bits() const { return four ? 32 : 128; }
  static std::uint64_t mask(unsigned length) {
    return length == 0 ? 0 : length >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << (64 - length);
  }
  void cut(unsigned to) {
    length = to;
    high_mask = mask(to);
    low_mask = to > 64 ? mask(to - 64) : 0;
    high &= high_mask;
    low &= low_mask;
  }
  bool contains(const Plain& at) const {
    return four == at.four && ((at.high ^ high) & high_mask) == 0 &&
           ((at.low ^ low) & low_mask) == 0;
  }
  std::string text() const {
    if (four) {
      return fmt::format("{}.{}.{}.{}", high >> 56, high >> 48 & 255, high >> 40 & 255,
                         high >> 32 & 255);
    }
    std::string out;
    for (std::uint64_t half : {high, low}) {
      for (int shift : {48, 32, 16, 0})
        out += fmt::format("{}{:x}", out.empty() ? "" : ":", half >> shift & 0xffff);
    }
    return out;
  }
};

struct Owner {
  std::string name;
  unsigned sure = 100;
};

// 10,000 constituents, each with one to four prefixes, mostly within another's, some the same.
struct World {
  std::mt19937_64 random{20261123};
  std::vector<Owner> owners;
  std::vector<Plain> prefixes;

  std::uint64_t below(std::uint64_t n) { return random() % n; }
  // An address of the prefix.
  Plain within(const Plain& prefix) {
    Plain at = prefix;
    at.cut(at.bits());
    at.high |= random() & ~prefix.high_mask & (at.four ? Plain::mask(32) : ~std::uint64_t{0});
    if (!at.four) at.low |= random() & ~prefix.low_mask;
    return at;
  }
  World() {
    Plain four{.high = std::uint64_t{10} << 56};
    Plain six{.high = std::uint64_t{0x20010db8} << 32, .four = false};
    four.cut(8), six.cut(32);
    for (std::size_t i = 0; i < 10'000; ++i) {
      // Names do not follow the order of the file.
      owners.push_back({fmt::format("Org {:05}", i * 7919 % 10'000),
                        static_cast<unsigned>(100 - 25 * below(3))});
      for (std::uint64_t n = 1 + below(4); n > 0; --n) {
        Plain outer = below(2) == 0 ? four : six;
        if (prefixes.size() > 10 && below(8) != 0) outer = prefixes[below(prefixes.size())];
        unsigned longer = below(10) == 0 ? 0 : 1 + static_cast<unsigned>(below(6));
        Plain at = within(outer);
        at.cut(std::min(outer.bits(), outer.length + longer));
        at.owner = i;
        prefixes.push_back(at);
      }
    }
  }
  // Rows of one name are one constituent: some have their prefixes in two.
  std::string csv() {
    std::vector<std::vector<std::string>> lists(owners.size());
    for (const Plain& p : prefixes)
      lists[p.owner].push_back(fmt::format("{}/{}", p.text(), p.length));
    std::string first, second;
    for (std::size_t i = 0; i < owners.size(); ++i) {
      auto& list = lists[i];
      if (list.size() > 1 && i % 5 == 0) {
        second += fmt::format("{},{},{},\n", owners[i].name, list.back(), owners[i].sure);
        list.pop_back();
      }
      first += fmt::format("{},{},{},soc{}@example.org\n", owners[i].name,
                           fmt::join(list, i % 2 == 0 ? " " : ";"), owners[i].sure, i);
    }
    return "name,prefixes,sure,contacts\n" + first + second;
  }
  // The longest prefix of all; of the same ones the surer constituent's, then the first by name.
  std::string whose(const Plain& at) const {
    const Plain* best = nullptr;
    for (const Plain& p : prefixes) {
      if (!p.contains(at)) continue;
      if (best != nullptr && p.length != best->length) {
        if (p.length > best->length) best = &p;
        continue;
      }
      if (best != nullptr) {
        const Owner &one = owners[p.owner], &other = owners[best->owner];
        if (one.sure != other.sure ? one.sure < other.sure : one.name >= other.name) continue;
      }
      best = &p;
    }
    if (best == nullptr) return "nobody";
    return fmt::format("{} by /{}", owners[best->owner].name, best->length);
  }
};

std::string decided(const Directory& directory, const Ip& ip) {
  Place place{.ip = ip};
  auto decision = directory.decide(place);
  const Constituent* c = directory.of(decision);
  if (c == nullptr) return "nobody";
  std::string asset = directory.asset(decision, place);
  return c->name + " by " + asset.substr(asset.find('/'));
}

}  // namespace

TEST_CASE(
    "10,000 constituents with nested prefixes from a table: each address is a naive oracle's") {
  World world;
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *store::Journal::open(folder.file("journal.db"), words);
  auto open = [&] {
    return *Book::open(*store::Tables::open(*journal, "alert", Outbox::schema()));
  };
  auto book = open();
  auto plan = book->import(world.csv(), {}, 1);
  REQUIRE(plan);
  REQUIRE(plan->errors.empty());
  CHECK(plan->done);
  CHECK(plan->added == 10'000);
  CHECK(!plan->disputed.empty());
  auto directory = book->directory(), kept = open()->directory();  // as at the next start

  std::size_t nested = 0, same = 0, nobodys = 0;
  for (std::size_t i = 0; i < world.prefixes.size(); ++i) {
    const Plain& prefix = world.prefixes[i];
    if (i > 0 && world.prefixes[i - 1].owner == prefix.owner) continue;  // one of each constituent
    Plain at = world.within(prefix);
    if (i % 4 == 0) at.high = prefix.high, at.low = prefix.low;  // its first one
    if (i % 4 == 1) at.high ^= std::uint64_t{1} << 56;           // one that is nobody's
    std::string wanted = world.whose(at);
    Ip ip = *ip::parse(at.text());
    REQUIRE_MESSAGE(decided(*directory, ip) == wanted, at.text());
    REQUIRE_MESSAGE(decided(*kept, ip) == wanted, at.text());
    nested += i % 4 != 1 && !wanted.starts_with(world.owners[prefix.owner].name);
    same += wanted.starts_with(world.owners[prefix.owner].name);
    nobodys += wanted == "nobody";
  }
  CHECK(nested > 1000);
  CHECK(same > 1000);
  CHECK(nobodys > 1000);
}

}  // namespace tocsin::alert
