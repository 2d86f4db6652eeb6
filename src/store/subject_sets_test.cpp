#include "store/subject_sets.h"

#include <random>
#include <set>

#include "test.h"

namespace tocsin::store {
namespace {

struct Sets {
  std::vector<SubjectSet> owned;
  std::vector<Bitmap> bitmaps;
  std::vector<SetView> views;
  std::set<std::uint32_t> four;
  std::set<std::uint64_t> six, names;

  void add(SubjectSet set, bool as_bitmap) {
    for (auto v : set.four) four.insert(v);
    for (auto v : set.six) six.insert(v);
    for (auto v : set.names) names.insert(v);
    set.tidy();
    owned.push_back(std::move(set));
    if (as_bitmap) {
      roaring_bitmap_t* bitmap =
          roaring_bitmap_of_ptr(owned.back().four.size(), owned.back().four.data());
      roaring_bitmap_run_optimize(bitmap);
      bitmaps.emplace_back(bitmap);
    } else {
      bitmaps.emplace_back(nullptr);
    }
  }
  void check() {
    for (std::size_t i = 0; i < owned.size(); ++i) {
      views.push_back(owned[i].view());
      if (bitmaps[i]) views.back().four = {}, views.back().bitmap = bitmaps[i].get();
    }
    SetUnion unions;
    for (int twice = 0; twice < 2; ++twice) {  // the second time with the memory of the first
      Distinct n = unions.count(views);
      CHECK(n.addresses4 == four.size());
      CHECK(n.addresses6 == six.size());
      CHECK(n.names == names.size());
      SubjectSet merged = unions.merge(views);
      CHECK(std::ranges::equal(merged.four, four));
      CHECK(std::ranges::equal(merged.six, six));
      CHECK(std::ranges::equal(merged.names, names));
    }
  }
};

}  // namespace

TEST_CASE("the union of nothing is empty") {
  Sets().check();
}

TEST_CASE("unions of random sets count what std::set counts") {
  std::mt19937_64 random(11);
  for (int round = 0; round < 40; ++round) {
    Sets sets;
    // From a few values in one upper half to full ones and many upper halves.
    std::uint32_t spread = 1u << (8 + random() % 24);
    auto count = static_cast<std::size_t>(1 + random() % 12);
    std::size_t most = round % 4 == 0 ? 60'000 : 1 + random() % 3000;
    for (std::size_t i = 0; i < count; ++i) {
      SubjectSet set;
      std::size_t n = random() % (most + 1);
      auto start = static_cast<std::uint32_t>(random() % spread);
      for (std::size_t k = 0; k < n; ++k) {
        bool in_a_row = i % 3 == 2;
        set.four.push_back(in_a_row ? start + static_cast<std::uint32_t>(k)
                                    : static_cast<std::uint32_t>(random() % spread));
        if (k % 7 == 0) set.six.push_back(random() % 5000);
        if (k % 9 == 0) set.names.push_back(random() % 50'000);
      }
      sets.add(std::move(set), random() % 2 == 0);
    }
    sets.check();
  }
}

TEST_CASE("large sorted lists are merged pairwise") {
  std::mt19937_64 random(3);
  Sets sets;
  for (int i = 0; i < 5; ++i) {
    SubjectSet set;
    for (int k = 0; k < 9000; ++k) set.six.push_back(random() % 20'000);
    sets.add(std::move(set), false);
  }
  sets.check();
}

}  // namespace tocsin::store
