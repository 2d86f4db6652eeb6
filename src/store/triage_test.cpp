#include "store/triage.h"

#include <random>

#include "store/findings.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::store {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

struct World {
  TemporaryFolder folder;
  Dictionary words;
  TimeUs now = noon;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Triage> triage;
  std::unique_ptr<Findings> findings;

  World() { open(); }
  void open() {
    findings.reset();
    triage.reset();
    journal.reset();
    journal = *Journal::open(folder.file("journal.db"), words);
    triage = *Triage::open(*journal, [this] { return now; });
    findings = *Findings::open(folder.file("findings"), words);
    findings->judge_by(*triage);
  }
  // One finding a host, of the type, by the feed.
  void add(std::uint64_t seq, unsigned first_host, unsigned hosts, const char* feed,
           Type type = Type::infected_system, TimeUs time = noon) {
    EventBatch b;
    b.seq = seq;
    b.feed = words.id(feed);
    for (unsigned i = 0; i < hosts; ++i) {
      b.add_row();
      b.type.back() = type;
      b.source.ip.back() = Ip::from_v4(0xc6336400u + first_host + i);
      b.source.country.back() = *Country::parse("BR");
      b.family.back() = words.id("mirai");
      b.time.back() = time;
      b.roles.back() = usual_roles(type);
    }
    findings->apply(b);
  }
  std::uint64_t count(const std::string& text) const {
    auto filter = parse_filter(text, now);
    REQUIRE_MESSAGE(filter, (filter ? "" : filter.error().what));
    return findings->count(*filter);
  }
  std::vector<Hash128> keys(const std::string& text = "") const {
    return *findings->keys(*parse_filter(text, now), 1'000'000);
  }
  Triage::Done act(std::vector<Hash128> of, Change change, const char* user = "alice") {
    auto done = triage->act({.findings = std::move(of), .change = std::move(change), .user = user});
    REQUIRE_MESSAGE(done, (done ? "" : done.error().what));
    return *std::move(done);
  }
  std::string refused(Change change) {
    auto done = triage->act({.findings = {keys()[0]}, .change = std::move(change), .user = "a"});
    return done ? "taken" : done.error().what;
  }
};

}  // namespace

TEST_CASE("what people say of findings selects them, and stays over a restart") {
  World w;
  w.add(1, 0, 10, "shadowserver");
  auto keys = w.keys();
  w.act({keys[0], keys[1]}, {.verdict = Verdict::false_positive, .note = "a sinkhole's own"});
  w.act({keys[2]}, {.assigned = "Bob", .tags_add = {"VIP <b>", "bank"}, .follow = true});
  w.act({keys[3]}, {.case_add = 7});
  auto look = [&] {
    CHECK(w.count("verdict:false-positive") == 2);
    CHECK(w.count("-verdict:false-positive") == 8);
    CHECK(w.count("false-positive") == 2);
    CHECK(w.count("verdict:unknown") == 8);
    CHECK(w.count("verdict:none") == 8);
    CHECK(w.count("verdict:*") == 2);
    CHECK(w.count("verdict:true,unknown") == 8);
    CHECK(w.count("assigned:bob") == 1);
    CHECK(w.count("assigned:unknown") == 9);
    CHECK(w.count("tag:\"vip <b>\"") == 1);
    CHECK(w.count("tag:vip*") == 1);
    CHECK(w.count("-tag:bank") == 9);
    CHECK(w.count("case:7") == 1);
    CHECK(w.count("case:8") == 0);
    CHECK(w.count("case:unknown") == 9);
    CHECK(w.count("followed:alice") == 1);
    CHECK(w.count("is:judged") == 2);
    CHECK(w.count("verdict:false-positive 198.51.100.0/32") == 1);
  };
  look();
  REQUIRE(w.findings->snapshot());
  w.open();
  look();
  CHECK(w.triage->tags() == std::vector<std::string>{"VIP <b>", "bank"});
  CHECK(w.triage->people() == std::vector<std::string>{"Bob"});
  auto story = w.triage->history(keys[0]);
  REQUIRE(story);
  REQUIRE(story->size() == 1);
  CHECK((*story)[0].user == "alice");
  CHECK(told((*story)[0].change) ==
        std::vector<std::string>{"verdict false-positive", "note: a sinkhole's own"});
}

TEST_CASE("the second of two editors is told what the first did") {
  World w;
  w.add(1, 0, 1, "shadowserver");
  auto key = w.keys()[0];
  auto first = w.triage->act({.findings = {key},
                              .version = 0,
                              .change = {.verdict = Verdict::confirmed},
                              .user = "alice"});
  REQUIRE(first);
  CHECK(!first->conflict);
  auto second = w.triage->act(
      {.findings = {key}, .version = 0, .change = {.verdict = Verdict::not_ours}, .user = "bob"});
  REQUIRE(second);
  REQUIRE(second->conflict);
  CHECK(second->act == 0);
  CHECK(second->conflict->verdict == Verdict::confirmed);
  REQUIRE(second->since.size() == 1);
  CHECK(second->since[0].user == "alice");
  CHECK(w.triage->handling(key).verdict == Verdict::confirmed);
  auto again = w.triage->act({.findings = {key},
                              .version = second->conflict->version,
                              .change = {.verdict = Verdict::not_ours},
                              .user = "bob"});
  REQUIRE(again);
  CHECK(!again->conflict);
  CHECK(w.triage->handling(key).judged_by == "bob");
}

TEST_CASE("an act on many is taken back, but not where somebody has changed the same since") {
  World w;
  w.add(1, 0, 200, "shadowserver");
  auto keys = w.keys();
  w.act({keys[5]}, {.tags_add = {"bank"}});
  auto done = w.act(keys, {.verdict = Verdict::accepted_risk, .tags_add = {"bank"}});
  CHECK(done.findings == 200);
  w.act({keys[7]}, {.verdict = Verdict::confirmed}, "bob");
  w.act({keys[8]}, {.tags_add = {"mail"}}, "bob");
  auto undone = w.triage->undo(done.act, "carol");
  REQUIRE(undone);
  CHECK(undone->findings == 199);
  CHECK(undone->kept == 1);
  CHECK(w.count("verdict:accepted-risk") == 0);
  CHECK(w.count("verdict:true") == 1);
  CHECK(w.count("tag:bank") == 2);  // the one who had it before, and the one that is kept
  CHECK(w.count("tag:mail") == 1);
  auto twice = w.triage->undo(done.act, "carol");
  REQUIRE(!twice);
  CHECK(twice.error().what.contains("was undone by 'carol'"));
  CHECK(!w.triage->undo(999, "carol"));
  auto acts = w.triage->acts({.user = "alice"});
  REQUIRE(acts);
  REQUIRE(acts->size() == 2);
  CHECK((*acts)[0].undone_by == "carol");
  CHECK((*acts)[0].findings == 200);
}

TEST_CASE("whoever judges the same again has judged: the first undo leaves it") {
  World w;
  w.add(1, 0, 1, "shadowserver");
  auto key = w.keys()[0];
  auto first = w.act({key}, {.verdict = Verdict::not_ours});
  w.now += us_per_hour;
  w.act({key}, {.verdict = Verdict::not_ours}, "bob");
  auto undone = w.triage->undo(first.act, "alice");
  REQUIRE(undone);
  CHECK(undone->kept == 1);
  CHECK(w.triage->handling(key).judged_by == "bob");
}

TEST_CASE("a mute hides until its date and no longer") {
  World w;
  w.add(1, 0, 10, "shadowserver");
  w.add(2, 10, 10, "n6", Type::brute_force);
  w.add(3, 5, 10, "n6");  // five more of both feeds, five of n6 alone
  auto keys = w.keys("ip:198.51.100.0");
  w.act(keys, {.muted_until = noon + us_per_day, .mute_reason = "being fixed"});
  CHECK(w.count("is:muted") == 1);
  auto mute = [&](MuteWish wish) {
    wish.reason = "known";
    wish.until = noon + 2 * us_per_day;
    auto made = w.triage->mute(wish, "alice");
    REQUIRE_MESSAGE(made, (made ? "" : made.error().what));
    return made->id;
  };
  for (const char* all : {"::/0", "0.0.0.0/0"}) {
    MuteWish wish{.subject = all, .reason = "x", .until = noon + us_per_day};
    CHECK(w.triage->mute(wish, "alice").error().what.contains("rather than all addresses"));
  }
  auto by_subject = mute({.subject = "198.51.100.1"});
  CHECK(w.count("is:muted") == 2);
  mute({.subject = "198.51.100.8/30", .type = "infected-system"});
  CHECK(w.count("is:muted") == 6);
  mute({.feed = "n6"});  // 10 brute-force and 5 infected that n6 alone reports, one of them...
  CHECK(w.count("feed:n6 -feed:shadowserver -is:muted") == 0);
  CHECK(w.count("is:muted feed:shadowserver") == 4);  // .0 .1 .8 .9
  // The list says of each what the scan says.
  auto page = w.findings->find({.filter = *parse_filter("is:muted", w.now), .limit = 1000});
  REQUIRE(page);
  for (const Finding& f : page->items) CHECK(w.triage->judged(f)->muted);
  auto others = w.findings->find({.filter = *parse_filter("-is:muted", w.now), .limit = 1000});
  REQUIRE(others);
  CHECK(page->items.size() + others->items.size() == w.findings->size());
  for (const Finding& f : others->items) {
    auto judged = w.triage->judged(f);
    CHECK((!judged || !judged->muted));
  }
  CHECK(w.triage->end_mute(by_subject, "bob"));
  CHECK(!w.triage->end_mute(by_subject, "bob"));
  CHECK(!w.triage->end_mute(77, "bob"));
  CHECK(w.count("ip:198.51.100.1 is:muted") == 0);
  w.now = noon + us_per_day;
  CHECK(w.count("ip:198.51.100.0 is:muted") == 0);
  w.now = noon + 2 * us_per_day;
  CHECK(w.count("is:muted") == 0);
  w.open();
  CHECK(w.triage->mutes(true).size() == 3);
  CHECK(w.triage->mutes(false).empty());
}

TEST_CASE("a finding that comes back keeps its verdict and says so") {
  World w;
  w.add(1, 0, 2, "shadowserver");
  auto key = w.keys()[0];
  w.act({key}, {.verdict = Verdict::accepted_risk});
  CHECK(w.count("is:returned") == 0);
  w.add(2, 1, 1, "shadowserver", Type::infected_system, noon + 20 * us_per_day);
  w.findings->settle();
  CHECK(w.count("state:closed verdict:accepted-risk") == 1);
  w.add(3, 0, 1, "shadowserver", Type::infected_system, noon + 21 * us_per_day);
  CHECK(w.count("is:returned") == 1);
  CHECK(w.count("-is:returned") == 1);
  auto judged = w.triage->judged(*w.findings->one(key));
  REQUIRE(judged);
  CHECK(judged->returned);
  CHECK(judged->handling.verdict == Verdict::accepted_risk);
}

TEST_CASE("what cannot be is refused in words") {
  World w;
  w.add(1, 0, 1, "shadowserver");
  using namespace std::string_literals;
  CHECK(w.refused({}) == "nothing to change");
  CHECK(w.refused({.tags_add = {"a\r\nb"}}).contains("one line without control characters"));
  CHECK(w.refused({.tags_add = {std::string(65, 'x')}}).contains("has 65 bytes; the most is 64"));
  CHECK(w.refused({.tags_add = {" "}}) == "a tag is empty");
  CHECK(w.refused({.tags_add = std::vector<std::string>(33, "t")}) == "more than 32 tags");
  CHECK(w.refused({.assigned = "bob\0x"s}).contains("control characters"));
  CHECK(w.refused({.note = std::string(20'000, 'x')}).contains("the most is 16384"));
  CHECK(w.refused({.note = "\xff"}).contains("not UTF-8"));
  CHECK(w.refused({.verdict = Verdict::duplicate}).contains("a duplicate of which finding"));
  CHECK(w.refused({.muted_until = noon - 1, .mute_reason = "x"}).contains("is in the past"));
  CHECK(w.refused({.muted_until = noon + us_per_day}) == "say why it is muted");
  CHECK(w.refused({.muted_until = noon + 4000 * us_per_day, .mute_reason = "x"})
            .contains("10 years at most"));
  auto mute = [&](const MuteWish& wish) {
    auto made = w.triage->mute(wish, "a");
    return made ? "made" : made.error().what;
  };
  CHECK(mute({.reason = "x", .until = noon + us_per_day}).contains("what to mute?"));
  CHECK(mute({.type = "no-such", .reason = "x", .until = noon + us_per_day})
            .contains("no type 'no-such'"));
  CHECK(mute({.subject = "192.0.2.1", .until = noon + us_per_day}) == "say why it is muted");
  CHECK(mute({.subject = "192.0.2.1", .reason = "x", .until = noon}).contains("in the past"));
  CHECK(w.triage->size() == 0);
}

TEST_CASE("notes keep their lines and their markup as text") {
  World w;
  w.add(1, 0, 1, "shadowserver");
  auto key = w.keys()[0];
  w.act({key}, {.note = "<script>alert(1)</script>\r\nsecond \"line\"\t'"});
  auto story = w.triage->history(key);
  REQUIRE(story);
  CHECK((*story)[0].change.note == "<script>alert(1)</script>\nsecond \"line\"\t'");
}

TEST_CASE("filters on what people say agree with a look at each, over random acts") {
  World w;
  w.add(1, 0, 200, "shadowserver");
  w.add(2, 100, 100, "n6");
  auto keys = w.keys();
  std::mt19937 random(7);
  auto any = [&](std::size_t n) { return random() % n; };
  std::vector<std::uint64_t> acts;
  for (int i = 0; i < 400; ++i) {
    Change change;
    switch (any(6)) {
      case 0:
        change.verdict = static_cast<Verdict>(any(5));
        break;
      case 1:
        change.assigned = std::array{"", "ann", "bob"}[any(3)];
        break;
      case 2:
        change.tags_add = {std::array{"x", "y", "z"}[any(3)]};
        break;
      case 3:
        change.tags_remove = {std::array{"x", "y", "z"}[any(3)]};
        break;
      case 4:
        change.muted_until = noon + us_per_day;
        change.mute_reason = "r";
        break;
      default:
        change.muted_until = 0;
    }
    acts.push_back(w.act({keys[any(keys.size())]}, change, "ann").act);
    if (any(5) == 0) (void)w.triage->undo(acts[any(acts.size())], "bob");
  }
  auto naive = [&](auto holds) {
    std::uint64_t count = 0;
    for (const auto& key : keys) count += holds(w.triage->handling(key));
    return count;
  };
  CHECK(w.count("verdict:true,not-ours") == naive([](const Handling& h) {
          return h.verdict == Verdict::confirmed || h.verdict == Verdict::not_ours;
        }));
  CHECK(w.count("assigned:ann -tag:x") == naive([](const Handling& h) {
          return h.assigned == "ann" && std::ranges::find(h.tags, "x") == h.tags.end();
        }));
  CHECK(w.count("is:muted") ==
        naive([](const Handling& h) { return h.muted_until == noon + us_per_day; }));
  std::vector<Handling> before;
  for (const auto& key : keys) before.push_back(w.triage->handling(key));
  REQUIRE(w.findings->snapshot());
  w.open();
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(w.triage->handling(keys[i]) == before[i]);
}

}  // namespace tocsin::store
