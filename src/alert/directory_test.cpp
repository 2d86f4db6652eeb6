#include "alert/directory.h"

#include <random>

#include "test.h"

namespace tocsin::alert {
namespace {

Constituent made(std::string name) {
  Constituent c;
  c.name = std::move(name);
  return c;
}

Network network(std::string_view text) {
  return *ip::parse_network(text);
}

// The rule in plain words: look at every asset of everybody.
std::pair<const Constituent*, AssetKind> oracle(const std::vector<Constituent>& all,
                                                const Place& place) {
  const Constituent* best = nullptr;
  AssetKind kind = AssetKind::none;
  std::size_t longest = 0;
  auto offer = [&](const Constituent& c, AssetKind of, std::size_t length) {
    auto rank = [](AssetKind k) { return k == AssetKind::none ? 9 : static_cast<int>(k); };
    bool better = rank(of) < rank(kind) || (of == kind && length > longest);
    if (of == kind && length == longest)
      better = c.sure != best->sure ? c.sure > best->sure : c.name < best->name;
    if (better) best = &c, kind = of, longest = length;
  };
  for (const Constituent& c : all) {
    for (const auto& name : c.names) {
      bool below = place.name.size() > name.size() && place.name.ends_with(name) &&
                   place.name[place.name.size() - name.size() - 1] == '.';
      if (place.name == name || below) offer(c, AssetKind::name, name.size());
    }
    for (const auto& prefix : c.prefixes) {
      if (!place.ip.empty() && prefix.contains(place.ip))
        offer(c, AssetKind::prefix, prefix.length + 1u);
    }
    for (auto asn : c.asns) {
      if (asn == place.asn) offer(c, AssetKind::asn, 1);
    }
    if (c.whole_country && c.country == place.country && !place.country.empty())
      offer(c, AssetKind::country, 1);
  }
  return {best, kind};
}

}  // namespace

TEST_CASE("the most particular asset wins: name, prefix, AS, country") {
  Constituent country = made("National CERT"), isp = made("Provider"), bank = made("Bank"),
              branch = made("Branch");
  country.country = *Country::parse("BR");
  country.whole_country = true;
  isp.asns = {64496};
  isp.prefixes = {network("192.0.2.0/24"), network("2001:db8::/32")};
  bank.prefixes = {network("192.0.2.64/26")};
  bank.names = {"bank.example.org"};
  branch.prefixes = {network("192.0.2.65/32"), network("2001:db8:1::/48")};
  branch.names = {"branch.bank.example.org"};
  Directory directory({country, isp, bank, branch});
  auto whose = [&](const Place& place) {
    auto decision = directory.decide(place);
    const Constituent* c = directory.of(decision);
    return c == nullptr ? "nobody" : c->name + " by " + directory.asset(decision, place);
  };
  Country br = *Country::parse("BR");
  CHECK(whose({.ip = *ip::parse("192.0.2.65")}) == "Branch by 192.0.2.65/32");
  CHECK(whose({.ip = *ip::parse("192.0.2.66")}) == "Bank by 192.0.2.64/26");
  CHECK(whose({.ip = *ip::parse("192.0.2.1")}) == "Provider by 192.0.2.0/24");
  CHECK(whose({.ip = *ip::parse("2001:db8::1")}) == "Provider by 2001:db8::/32");
  CHECK(whose({.ip = *ip::parse("2001:db8:1::1")}) == "Branch by 2001:db8:1::/48");
  CHECK(whose({.ip = *ip::parse("198.51.100.1"), .asn = 64496, .country = br}) ==
        "Provider by AS64496");
  CHECK(whose({.ip = *ip::parse("198.51.100.1"), .asn = 64497, .country = br}) ==
        "National CERT by BR");
  CHECK(whose({.ip = *ip::parse("198.51.100.1")}) == "nobody");
  CHECK(whose({.name = "www.branch.bank.example.org"}) == "Branch by branch.bank.example.org");
  CHECK(whose({.name = "bank.example.org"}) == "Bank by bank.example.org");
  CHECK(whose({.name = "notbank.example.org", .country = br}) == "National CERT by BR");
  CHECK(whose({.ip = *ip::parse("192.0.2.65"), .name = "bank.example.org"}) ==
        "Bank by bank.example.org");
}

TEST_CASE("who is surer has what two claim, then whose name comes first, in any order") {
  Constituent a = made("A"), b = made("B"), c = made("C");
  for (auto* each : {&a, &b, &c}) {
    each->prefixes = {network("192.0.2.0/24")};
    each->asns = {64496};
    each->names = {"example.org"};
    each->country = *Country::parse("BR");
    each->whole_country = true;
  }
  a.sure = 80;
  std::vector<Constituent> all = {a, b, c};
  do {
    Directory directory(all);
    for (const Place& place :
         {Place{.ip = *ip::parse("192.0.2.1")}, Place{.asn = 64496},
          Place{.name = "www.example.org"}, Place{.country = *Country::parse("BR")}}) {
      CHECK(directory.of(directory.decide(place))->name == "B");
    }
    CHECK(directory.disputed().size() == 6);
  } while (std::ranges::next_permutation(all, [](const auto& x, const auto& y) {
             return x.name < y.name;
           }).found);
}

TEST_CASE("each decision is a naive oracle's, also of 10,000 places among nested prefixes") {
  std::mt19937_64 random(20261122);
  auto below = [&](std::uint64_t n) { return random() % n; };
  std::vector<Constituent> all;
  for (int i = 0; i < 300; ++i) {
    Constituent c = made(fmt::format("c{}", below(1'000'000)));
    c.sure = static_cast<unsigned>(below(3)) * 50;
    for (std::uint64_t n = below(6); n > 0; --n) {
      auto length = 8 + below(25);
      c.prefixes.push_back(*ip::parse_network(
          fmt::format("10.{}.{}.{}/{}", below(4), below(8) * 32, below(256), length)));
    }
    for (std::uint64_t n = below(3); n > 0; --n) {
      c.prefixes.push_back(*ip::parse_network(
          fmt::format("2001:db8:{:x}:{:x}::/{}", below(4), below(4), 32 + below(97))));
    }
    if (below(4) == 0) c.asns.push_back(64496 + static_cast<std::uint32_t>(below(16)));
    for (std::uint64_t n = below(3); n > 0; --n) {
      std::string name = "example.org";
      for (auto labels = below(4); labels > 0; --labels)
        name = fmt::format("{}.{}", static_cast<char>('a' + below(3)), name);
      c.names.push_back(name);
    }
    if (below(50) == 0) {
      c.country = *Country::parse(below(2) == 0 ? "BR" : "PT");
      c.whole_country = true;
    }
    all.push_back(std::move(c));
  }
  Directory directory(all);
  for (int i = 0; i < 10'000; ++i) {
    Place place;
    std::string name;
    if (below(2) == 0) {
      place.ip = *ip::parse(fmt::format("10.{}.{}.{}", below(5), below(256), below(256)));
    } else if (below(2) == 0) {
      place.ip =
          *ip::parse(fmt::format("2001:db8:{:x}:{:x}::{:x}", below(5), below(5), 1 + below(65535)));
    }
    if (below(4) == 0) {
      name = "example.org";
      for (auto labels = below(6); labels > 0; --labels)
        name = fmt::format("{}.{}", static_cast<char>('a' + below(4)), name);
      place.name = name;
    }
    if (below(2) == 0) place.asn = 64490 + static_cast<std::uint32_t>(below(30));
    if (below(2) == 0) place.country = *Country::parse(below(3) == 0 ? "BR" : "AO");
    auto decision = directory.decide(place);
    auto [wanted, kind] = oracle(all, place);
    const Constituent* came = directory.of(decision);
    REQUIRE((came == nullptr) == (wanted == nullptr));
    if (wanted != nullptr) REQUIRE(came->name == wanted->name);
    REQUIRE(decision.kind == kind);
  }
}

}  // namespace tocsin::alert
