#include "policy/publication.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "test.h"

namespace tocsin::policy {
namespace {

using Table = std::vector<CountOf>;

// Adds the total of each group, as if no subject had two types: the worst case.
Table with_totals(Table cells) {
  std::map<std::string, CountOf> totals;
  for (const CountOf& one : cells) {
    CountOf& total = totals[one.group];
    total.group = one.group;
    total.subjects += one.subjects;
    if (one.constituents)
      total.constituents = std::max(total.constituents.value_or(0), *one.constituents);
  }
  for (auto& [group, total] : totals) cells.push_back(total);
  return cells;
}

// Whoever has what was told, and knows that parts sum up to totals: each count that the equations
// leave no choice for, and each sum of withheld parts, by Gauss and Jordan over all of them.
class Adversary {
 public:
  Adversary(const Table& all, const Table& told) {
    std::map<std::pair<std::string, std::string>, double> known;
    for (const CountOf& one : told) known[{one.group, one.part}] = double(one.subjects);
    std::map<std::string, std::vector<double>> equations;
    for (const CountOf& one : all) {
      if (known.contains({one.group, one.part})) continue;
      places_[{one.group, one.part}] = unknowns_.size();
      unknowns_.push_back({one.group, one.part});
    }
    for (const CountOf& one : all) {
      auto& row = equations[one.group];
      row.resize(unknowns_.size() + 1);
      double sign = one.part.empty() ? -1 : 1;
      if (auto found = known.find({one.group, one.part}); found != known.end()) {
        row.back() -= sign * found->second;
      } else {
        row[places_[{one.group, one.part}]] += sign;
      }
    }
    for (auto& [group, row] : equations) rows_.push_back(row);
    reduce();
  }
  // The counts that follow.
  std::map<std::pair<std::string, std::string>, double> found() const {
    std::map<std::pair<std::string, std::string>, double> out;
    for (const auto& row : rows_) {
      std::size_t in = 0, last = 0;
      for (std::size_t i = 0; i < unknowns_.size(); ++i) {
        if (std::abs(row[i]) > 1e-9) ++in, last = i;
      }
      if (in == 1) out[unknowns_[last]] = row.back() / row[last];
    }
    return out;
  }

 private:
  void reduce() {
    std::size_t pivot = 0;
    for (std::size_t column = 0; column < unknowns_.size() && pivot < rows_.size(); ++column) {
      std::size_t best = pivot;
      for (std::size_t i = pivot; i < rows_.size(); ++i) {
        if (std::abs(rows_[i][column]) > std::abs(rows_[best][column])) best = i;
      }
      if (std::abs(rows_[best][column]) < 1e-9) continue;
      std::swap(rows_[pivot], rows_[best]);
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        double factor = i == pivot ? 0 : rows_[i][column] / rows_[pivot][column];
        for (std::size_t j = 0; j < rows_[i].size(); ++j) rows_[i][j] -= factor * rows_[pivot][j];
      }
      ++pivot;
    }
  }
  std::vector<std::pair<std::string, std::string>> unknowns_;
  std::map<std::pair<std::string, std::string>, std::size_t> places_;
  std::vector<std::vector<double>> rows_;
};

Table random_table(std::mt19937& random, bool with_constituents) {
  auto below = [&](unsigned most) {
    return std::uniform_int_distribution<unsigned>(0, most)(random);
  };
  Table cells;
  unsigned groups = 1 + below(3), parts = 1 + below(4);
  for (unsigned g = 0; g < groups; ++g) {
    for (unsigned p = 0; p < parts; ++p) {
      if (below(4) == 0) continue;
      CountOf cell{.group = fmt::format("G{}", g), .part = fmt::format("t{}", p)};
      cell.subjects = 1 + (below(1) == 0 ? below(8) : below(60));
      if (with_constituents)
        cell.constituents = 1 + below(static_cast<unsigned>(cell.subjects) - 1);
      cells.push_back(cell);
    }
  }
  return with_totals(cells);
}

bool has(const Table& told, const std::string& group, const std::string& part) {
  return std::ranges::any_of(
      told, [&](const CountOf& one) { return one.group == group && one.part == part; });
}

}  // namespace

TEST_CASE("a count of few is withheld, and a second one with it, so that the total may stand") {
  auto told = publishable(with_totals({{"BR", "a", 3}, {"BR", "b", 9}, {"BR", "c", 40}}));
  CHECK_FALSE(has(told, "BR", "a"));
  CHECK_FALSE(has(told, "BR", "b"));
  CHECK(has(told, "BR", "c"));
  CHECK(has(told, "BR", ""));
  // Nothing else is there to hide behind: the total goes.
  told = publishable(with_totals({{"BR", "a", 3}}));
  CHECK(told.empty());
  told = publishable(with_totals({{"BR", "a", 3}, {"BR", "b", 2}}));
  CHECK(told.size() == 1);  // together they are five
  told = publishable(with_totals({{"BR", "a", 3}, {"BR", "b", 1}}));
  CHECK(told.empty());
}

TEST_CASE("counts of few constituents are withheld, however many subjects they have") {
  auto told =
      publishable(with_totals({{"BR", "a", 900, 1}, {"BR", "b", 50, 6}, {"BR", "c", 60, 9}}));
  CHECK_FALSE(has(told, "BR", "a"));
  CHECK_FALSE(has(told, "BR", "b"));
  CHECK(has(told, "BR", "c"));
  CHECK(publishable(with_totals({{"", "a", 900}, {"", "b", 900}})).empty());
}

TEST_CASE("nobody can work out what was withheld from what was told") {
  std::mt19937 random(7);
  std::size_t withheld = 0, totals = 0;
  for (int round = 0; round < 20'000; ++round) {
    Table all = random_table(random, round % 2 == 1);
    Table told = publishable(all);
    for (const CountOf& one : told) {
      REQUIRE(one.subjects >= publication_k);
      REQUIRE(one.constituents.value_or(publication_k) >= publication_k);
      totals += one.part.empty() ? 1 : 0;
    }
    auto found = Adversary(all, told).found();
    for (const CountOf& one : all) {
      bool is_few = one.subjects < publication_k || one.constituents.value_or(5) < publication_k;
      withheld += is_few ? 1 : 0;
      // A total of parts that were all told follows from them, and is of many.
      if (is_few) REQUIRE(!found.contains({one.group, one.part}));
    }
    // What a total tells of withheld parts together is of two at least, and of many.
    std::map<std::string, std::pair<std::size_t, std::uint64_t>> left;
    for (const CountOf& one : all) {
      if (one.part.empty() || has(told, one.group, one.part)) continue;
      auto& [count, subjects] = left[one.group];
      ++count, subjects += one.subjects;
    }
    for (const auto& [group, rest] : left) {
      if (!has(told, group, "")) continue;
      REQUIRE(rest.first >= 2);
      REQUIRE(rest.second >= publication_k);
    }
  }
  CHECK(withheld > 10'000);
  CHECK(totals > 5'000);
}

TEST_CASE("the adversary of these tests finds what a careless publication gives away") {
  Table all = with_totals({{"BR", "a", 3}, {"BR", "b", 9}, {"BR", "c", 40}});
  Table careless;
  std::ranges::copy_if(all, std::back_inserter(careless),
                       [](const CountOf& one) { return one.subjects >= publication_k; });
  auto found = Adversary(all, careless).found();
  REQUIRE(found.contains({"BR", "a"}));
  CHECK(found.at({"BR", "a"}) == doctest::Approx(3));
}

TEST_CASE("what is told does not hang on the order of the counts; a larger k never tells more") {
  std::mt19937 random(11);
  for (int round = 0; round < 2'000; ++round) {
    Table all = random_table(random, round % 2 == 0);
    Table told = publishable(all), shuffled = all;
    std::ranges::shuffle(shuffled, random);
    REQUIRE(publishable(shuffled) == told);
    for (std::uint64_t k : {6, 8, 20}) {
      auto fewer = publishable(all, k);
      for (const CountOf& one : fewer) {
        if (!one.part.empty()) REQUIRE(has(told, one.group, one.part));
      }
    }
  }
}

}  // namespace tocsin::policy
