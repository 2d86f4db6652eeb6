#include "share/opinions.h"

#include "share_pair.h"

namespace tocsin::share {
namespace {

template <class T>
Fault fault_of(const Result<T>& result) {
  REQUIRE(!result.has_value());
  return result.error().fault;
}

template <class T>
T good(Result<T> result) {
  return TestPair::good(std::move(result));
}

const std::string item = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const std::string some_id = "00112233445566778899aabbccddeeff";

struct Two : TestPair {
  explicit Two(const std::function<void(policy::Agreement&)>& change = {}) : TestPair(change) {
    of_a = good(Opinions::open(parts(a, *agreements_a)));
    of_b = good(Opinions::open(parts(b, *agreements_b)));
  }
  Opinions::Parts parts(TestMember& member, Agreements& agreements) {
    return {.journal = *member.journal,
            .partners = *member.partners,
            .agreements = agreements,
            .now = [this] { return net.now.load(); },
            .refused = [this](std::string_view who, std::string_view what) -> Result<void> {
              refused.push_back(std::string(who) + " " + std::string(what));
              return {};
            }};
  }
  static Opinion disagree() {
    Opinion opinion{.item = item, .stance = Stance::disagree, .words = "a scanner of a university"};
    opinion.tlp = Tlp::green;
    return opinion;
  }
  std::unique_ptr<Opinions> of_a, of_b;
  std::vector<std::string> refused;
};

}  // namespace

TEST_CASE("an opinion and a note on an item come to the partner with who said them") {
  Two t;
  good(t.of_a->say(t.b.member, t.disagree(), "ana"));
  t.net.now += us_per_s;
  Opinion note{.item = item, .words = "its owner has been told", .tlp = Tlp::amber};
  good(t.of_a->say(t.b.member, note, "ana"));
  t.deliver();
  auto heard = good(t.of_b->list(item, "", 10));
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].stance == Stance::note);
  CHECK(heard[0].words == note.words);
  CHECK(heard[1].stance == Stance::disagree);
  CHECK(heard[1].member == t.a.member);
  CHECK(heard[1].by == t.a.member);
  CHECK(!heard[1].ours);
  CHECK(heard[1].tlp == Tlp::green);
  CHECK(good(t.of_a->list("", t.b.member, 10)).size() == 2);
  CHECK(good(t.of_b->list("indicator--0e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "", 10)).empty());
  auto replayed = t.net.seen;
  for (const std::string& said : replayed) std::ignore = t.b.partners->hear(said);
  CHECK(good(t.of_b->list(item, "", 10)).size() == 2);
}

TEST_CASE("an opinion goes and comes only where an agreement says so, and RED never") {
  Two t([](policy::Agreement& terms) { terms.allow[0].kinds = {policy::ItemKind::note}; });
  CHECK(fault_of(t.of_a->say(t.b.member, t.disagree(), "ana")) == Fault::denied);
  Opinion note{.item = item, .words = "x", .tlp = Tlp::red};
  CHECK(fault_of(t.of_a->say(t.b.member, note, "ana")) == Fault::denied);
  note.tlp = Tlp::green;
  good(t.of_a->say(t.b.member, note, "ana"));
  CHECK(fault_of(t.of_a->say("c.example.org", note, "ana")) == Fault::missing);
  note.item = "an item";
  CHECK(fault_of(t.of_a->say(t.b.member, note, "ana")) == Fault::invalid);
  t.deliver();
  Said said{{"id", some_id}, {"item", item}, {"opinion", "agree"}, {"tlp", "green"}};
  CHECK(t.say(t.a, t.b, "opinion", said).has_value());
  REQUIRE(t.refused.size() == 1);
  CHECK(t.refused[0].contains("other-kind"));
  CHECK(good(t.of_b->list("", "", 10)).size() == 1);
}

TEST_CASE("what is no opinion is refused") {
  Two t;
  Said right{{"id", some_id}, {"item", item}, {"opinion", "agree"}, {"tlp", "green"}};
  auto wrong = [&](std::string_view kind, const char* name, std::string value) {
    Said said = right;
    said[name] = std::move(value);
    return fault_of(t.say(t.a, t.b, kind, said));
  };
  CHECK(wrong("opinion", "opinion", "furious") == Fault::invalid);
  CHECK(wrong("opinion", "opinion", "note") == Fault::invalid);
  CHECK(wrong("opinion", "id", "1") == Fault::invalid);
  CHECK(wrong("opinion", "item", "f_1") == Fault::invalid);
  CHECK(wrong("opinion", "words", std::string(2001, 'x')) == Fault::invalid);
  CHECK(wrong("note", "opinion", "") == Fault::invalid);  // without words
  CHECK(wrong("opinion-paint", "opinion", "agree") == Fault::invalid);
  CHECK(good(t.of_b->list("", "", 10)).empty());
  CHECK(t.say(t.a, t.b, "opinion", right).has_value());
  CHECK(good(t.of_b->list("", "", 10)).size() == 1);
}

}  // namespace tocsin::share
