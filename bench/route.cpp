// bench_route [PLACES]: whose is it, for that many places (default 1,000,000) among 20,000
// constituents with nested prefixes; each answer compared with a naive oracle's.
#include <fmt/core.h>

#include <chrono>
#include <map>
#include <random>
#include <set>

#include "alert/directory.h"
#include "base/text.h"

using namespace tocsin;

namespace {

constexpr std::size_t constituents_count = 20'000, rounds = 20;

struct Wanted {
  Ip ip;
  std::string name;
  std::uint32_t asn = 0;
  Country country;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  std::vector<alert::Constituent> constituents() {
    std::vector<alert::Constituent> all;
    for (std::size_t i = 0; i < constituents_count; ++i) {
      alert::Constituent c;
      c.id = i + 1;
      c.name = fmt::format("constituent {}", i);
      c.sure = 50 + static_cast<unsigned>(below(3)) * 25;
      for (auto n = 1 + below(4); n > 0; --n) c.prefixes.push_back(prefix4());
      if (below(2) == 0) c.prefixes.push_back(prefix6());
      if (below(3) == 0) c.asns.push_back(static_cast<std::uint32_t>(1 + below(30'000)));
      for (auto n = below(3); n > 0; --n) c.names.push_back(name());
      if (i < 50) {
        c.country = country();
        c.whole_country = true;
      }
      all.push_back(std::move(c));
    }
    return all;
  }

  Wanted place() {
    Wanted place;
    if (auto kind = below(10); kind < 7) {
      place.ip = Ip::from_v4(0x0a000000u + static_cast<std::uint32_t>(below(1u << 24)));
    } else if (kind < 9) {
      place.ip = Ip::from_halves(0x2001'0db8'0000'0000ull + below(1u << 28) * 16, below(1 << 20));
    }
    if (place.ip.empty() || below(8) == 0) place.name = "w." + name();
    if (below(4) != 0) place.asn = static_cast<std::uint32_t>(1 + below(60'000));
    if (below(4) != 0) place.country = country();
    return place;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  // Inside 10.0.0.0/8: of 40,000 prefixes from /12 to /32 most lie in others.
  Network prefix4() {
    Network network{Ip::from_v4(0x0a000000u + static_cast<std::uint32_t>(below(1u << 24))),
                    static_cast<std::uint8_t>(96 + 12 + below(21))};
    return cut(network);
  }
  Network prefix6() {
    Network network{Ip::from_halves(0x2001'0db8'0000'0000ull + below(1u << 28) * 16, 0),
                    static_cast<std::uint8_t>(36 + below(60))};
    return cut(network);
  }
  static Network cut(Network network) {
    for (std::size_t bit = network.length; bit < 128; ++bit)
      network.base.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
    return network;
  }
  std::string name() {
    std::string text = fmt::format("d{}.example.org", below(8'000));
    for (auto n = below(3); n > 0; --n) text = fmt::format("s{}.{}", below(20), text);
    return text;
  }
  Country country() {
    return Country{static_cast<std::uint16_t>('A' << 8 | static_cast<int>('A' + below(26)))};
  }
  std::mt19937_64 random_;
};

// The rule as one would write it first: every length, every label, ordered maps.
class Oracle {
 public:
  explicit Oracle(const std::vector<alert::Constituent>& all) : all_(all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const auto& p : all[i].prefixes) {
        offer(prefixes_[p], i);
        lengths_.insert(p.length);
      }
      for (const auto& n : all[i].names) offer(names_[n], i);
      for (auto asn : all[i].asns) offer(asns_[asn], i);
      if (all[i].whole_country) offer(countries_[all[i].country], i);
    }
  }

  std::size_t decide(const Wanted& place) const {  // its place plus 1; 0: nobody's
    for (std::string rest = place.name; !rest.empty();) {
      if (auto at = names_.find(rest); at != names_.end()) return at->second;
      std::size_t dot = rest.find('.');
      rest = dot == rest.npos ? "" : rest.substr(dot + 1);
    }
    for (auto length = lengths_.rbegin(); length != lengths_.rend(); ++length) {
      if (place.ip.empty()) break;
      Network network{place.ip, *length};
      for (std::size_t bit = *length; bit < 128; ++bit)
        network.base.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
      if (auto at = prefixes_.find(network); at != prefixes_.end()) return at->second;
    }
    if (auto at = asns_.find(place.asn); at != asns_.end()) return at->second;
    if (auto at = countries_.find(place.country); at != countries_.end()) return at->second;
    return 0;
  }

 private:
  void offer(std::size_t& slot, std::size_t i) {
    bool better = slot == 0 || all_[i].sure > all_[slot - 1].sure ||
                  (all_[i].sure == all_[slot - 1].sure && all_[i].name < all_[slot - 1].name);
    if (better) slot = i + 1;
  }
  const std::vector<alert::Constituent>& all_;
  std::map<Network, std::size_t> prefixes_;
  std::set<std::uint8_t> lengths_;
  std::map<std::string, std::size_t> names_;
  std::map<std::uint32_t, std::size_t> asns_;
  std::map<Country, std::size_t> countries_;
};

double seconds(const auto& work) {
  auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = argc > 1 ? text::number(argv[1]).value_or(0) : 1'000'000;
  if (count == 0) return fmt::print(stderr, "usage: bench_route [PLACES]\n"), 2;
  World world(20261122);
  auto all = world.constituents();
  std::vector<Wanted> wanted(count);
  for (auto& place : wanted) place = world.place();
  std::vector<alert::Place> places;
  for (const auto& w : wanted) places.push_back({w.ip, w.name, w.asn, w.country});

  alert::Directory directory;
  double built = seconds([&] { directory = alert::Directory(all); });
  std::uint64_t sum = 0;
  double took = seconds([&] {
    for (std::size_t round = 0; round < rounds; ++round) {
      for (const auto& place : places) sum += directory.decide(place).constituent;
    }
  });
  double decisions = static_cast<double>(count * rounds);
  fmt::print("{} constituents, built in {:.0f} ms\n", all.size(), built * 1e3);
  fmt::print("{:.1f} M decisions/s, {:.0f} ns each ({} of {} places, {} rounds, sum {})\n",
             decisions / took / 1e6, took / decisions * 1e9, count, count, rounds, sum);
  Oracle oracle(all);
  std::size_t wrong = 0, nobodys = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t right = oracle.decide(wanted[i]);
    wrong += directory.decide(places[i]).constituent != right;
    nobodys += right == 0;
  }
  fmt::print("{} of {} differ from the naive oracle; {} are nobody's\n", wrong, count, nobodys);
  return wrong == 0 ? 0 : 1;
}
