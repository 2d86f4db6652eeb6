#include "alert/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "loopback.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::alert {
namespace {

constexpr TimeUs noon = 1'767'268'800'000'000;  // 2026-01-01T12:00:00Z

struct Made {
  std::string ip = "192.0.2.7", feed = "green";
  Tlp tlp = Tlp::green;
  Type type = Type::infected_system;
  Severity severity = Severity::medium;
  TimeUs time = noon;
  std::string family = "mirai", host;
  std::uint32_t asn = 0;
  std::string country;
};

// A mail server that takes each letter; not for later@example.org, unless it takes all.
struct Mailbox {
  std::atomic<bool> takes_all = false;
  test::Loopback loopback{[this](test::Connection& c) {
    c.send("220 mx.example.org\r\n");
    for (std::string line = c.line(); !line.empty(); line = c.line()) {
      bool later = line.starts_with("RCPT TO:<later@") && !takes_all;
      if (line.starts_with("DATA")) {
        c.send("354 go on\r\n");
        while (c.open() && c.line() != ".") {
        }
      }
      c.send(later ? "450 4.2.1 greylisted\r\n" : "250 fine\r\n");
    }
  }};
  std::string url() const { return "smtp://127.0.0.1:" + loopback.port_text(); }
};

// A node's stores without the node.
struct World {
  TemporaryFolder folder;
  Dictionary words;
  std::unique_ptr<store::Journal> journal = *store::Journal::open(folder.file("journal.db"), words);
  std::unique_ptr<store::Findings> findings =
      *store::Findings::open(folder.file("findings"), words);
  std::unique_ptr<store::Triage> people;
  std::unique_ptr<Alerts> alerts;
  std::atomic<TimeUs> now = noon;
  TimeUs tick = 0;  // by which the clock goes on when it is looked at
  Settings settings;
  std::uint64_t seq = 0, consents = 0;  // consents: how often a feed's was asked for
  bool simulated = false;

  explicit World(std::string_view constituents) {
    settings.mail.server = "smtp://127.0.0.1:1";
    settings.mail.from = "CERT Example <cert@example.org>";
    settings.mail.without_tls = true;
    open();
    if (constituents.empty()) return;
    auto plan = alerts->book().import(constituents, {}, now);
    REQUIRE(plan);
    REQUIRE(plan->done);
  }

  void open() {
    alerts.reset();
    policy::Rules rules{.consent = [this](std::string_view feed) -> policy::Consent {
      ++consents;
      if (feed == "told") return {.tell_affected = true};
      if (feed == "never") return {.tell_affected = false};
      if (feed == "little") return {.tell_affected = true, .facts = {policy::Fact::seen}};
      return {};
    }};
    rules.sensors = {*ip::parse_network("203.0.113.0/24")};
    auto opened = Alerts::open({.journal = *journal,
                                .findings = *findings,
                                .triage = people.get(),
                                .settings = settings,
                                .rules = rules,
                                .node = "Node",
                                .home = folder.path(),
                                .simulated = simulated,
                                .now = [this] { return now += tick; },
                                .morning = [] { return std::vector<std::string>{"a line"}; }});
    REQUIRE(opened);
    alerts = *std::move(opened);
  }

  std::vector<Hash128> take(const std::vector<Made>& rows) {
    std::vector<Hash128> keys;
    for (const Made& row : rows) {  // one batch a row: feeds differ
      EventBatch b;
      b.seq = ++seq;
      b.feed = words.id(row.feed);
      b.add_row();
      b.type[0] = row.type;
      b.severity[0] = row.severity;
      b.tlp[0] = row.tlp;
      b.time[0] = row.time;
      b.roles[0] = usual_roles(row.type);
      b.family[0] = words.id(row.family);
      if (!row.ip.empty()) b.source.ip[0] = *ip::parse(row.ip);
      b.source.name[0] = b.keep(row.host);
      b.source.asn[0] = row.asn;
      if (!row.country.empty()) b.source.country[0] = *Country::parse(row.country);
      findings->apply(b);
      keys.push_back(finding_key(b, 0, subject_of(b, 0)));
      REQUIRE(alerts->router().route(b.seq, std::span(&keys.back(), 1)));
    }
    REQUIRE(alerts->router().flush());
    return keys;
  }

  void judge(const Hash128& key, tocsin::Verdict verdict) {
    REQUIRE(people->act({.findings = {key}, .change = {.verdict = verdict}, .user = "ana"}));
  }
  std::vector<Item> items(const Hash128& key) { return *alerts->outbox().items_of(key); }
  void sql(const char* statements) {
    auto tables = store::Tables::open(*journal, "alert", Outbox::schema());
    REQUIRE(tables);
    REQUIRE(tables->write([&](store::Sqlite& db) { return db.run(statements); }));
  }
  // One finding each for constituents with webhooks at which nothing listens; the last is urgent.
  void with_dead_hooks(int count) {
    settings.webhook.allow_private = true;
    std::filesystem::create_directory(folder.file("secrets"));
    std::string key = folder.file("secrets/alert-webhook");
    std::ofstream(key) << "a key of our own\n";
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    open();
    std::string list = "name,prefixes,contacts\n";
    for (int i = 1; i <= count; ++i)
      list += fmt::format("C{0},192.0.2.{0},https://127.0.0.1:{0}/\n", i);
    REQUIRE(alerts->book().import(list, {}, now));
    for (int i = 1; i <= count; ++i)
      take({{.ip = fmt::format("192.0.2.{}", i),
             .severity = i == count ? Severity::critical : Severity::medium}});
  }
  void switch_on() {
    REQUIRE(alerts->dry_run("ana"));
    REQUIRE(alerts->switch_on("ana"));
  }
};

constexpr std::string_view bank =
    "name,prefixes,contacts\nBank,192.0.2.0/24,soc@bank.example.org\n";

}  // namespace

TEST_CASE("a finding is told when it is new, comes back or gets worse, and else never again") {
  World world(bank);
  auto key = world.take({{.severity = Severity::low}})[0];
  REQUIRE(world.items(key).size() == 1);
  CHECK(world.items(key)[0].why == Why::fresh);
  world.take(
      {{.severity = Severity::low, .time = noon + us_per_hour}, {.severity = Severity::info}});
  CHECK(world.items(key).size() == 1);
  world.take({{.severity = Severity::critical}});
  REQUIRE(world.items(key).size() == 2);
  CHECK(world.items(key)[1].why == Why::raised);

  world.open();  // what was told is known after a restart
  world.take({{.severity = Severity::critical, .time = noon + 2 * us_per_hour}});
  CHECK(world.items(key).size() == 2);

  // Its feed delivers for weeks without it; then it is back.
  world.now += 40 * us_per_day;
  world.take({{.ip = "192.0.2.9", .time = world.now}});
  world.findings->settle();
  world.take({{.severity = Severity::low, .time = world.now}});
  REQUIRE(world.items(key).size() == 3);
  CHECK(world.items(key)[2].why == Why::reopened);
}

TEST_CASE("a batch routed twice, as after a crash, changes nothing") {
  World world(bank);
  auto key = world.take({{}})[0];
  REQUIRE(world.alerts->outbox().add({}, 0));  // the watermark, as if it had not been written
  world.open();
  REQUIRE(world.alerts->router().route(1, std::span(&key, 1)));
  REQUIRE(world.alerts->router().flush());
  CHECK(world.items(key).size() == 1);
}

TEST_CASE("what was there before routing began is no news") {
  World world("");
  CHECK(world.alerts->router().applied() == world.journal->last_seq());
}

TEST_CASE("nothing is sent before a dry run and a switch, and never from a made-up world") {
  World world(bank);
  world.take({{}});
  auto run = world.alerts->run(true);
  REQUIRE(!run);
  CHECK(run.error().fault == Fault::denied);
  CHECK(!world.alerts->switch_on("ana"));
  auto dry = world.alerts->dry_run("ana");
  REQUIRE(dry);
  CHECK(dry->count == 1);
  CHECK(dry->messages.at(0).subject == "TLP:GREEN 1 problem in your networks (2026-01-01)");
  world.now += 25 * us_per_hour;
  CHECK(!world.alerts->switch_on("ana"));  // too long ago
  REQUIRE(world.alerts->dry_run("ana"));
  REQUIRE(world.alerts->switch_on("ana"));
  CHECK(world.alerts->run(true));
  REQUIRE(world.alerts->switch_off("ana"));
  CHECK(!world.alerts->run(true));

  world.simulated = true;
  world.open();
  REQUIRE(world.alerts->dry_run("ana"));
  CHECK(!world.alerts->switch_on("ana"));
}

TEST_CASE("one digest for each constituent and day; what is urgent goes at once") {
  World world(bank);
  world.take({{}, {.ip = "192.0.2.8"}, {.ip = "192.0.2.9", .severity = Severity::critical}});
  world.switch_on();
  auto first = world.alerts->run(true);
  REQUIRE(first);
  CHECK(first->made == 2);
  CHECK(first->later == 1);  // the server does not answer: the way is closed after the first
  auto rows = *world.alerts->outbox().list({});
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].at_once);
  CHECK(rows[1].items == 1);
  CHECK(!rows[0].at_once);
  CHECK(rows[0].items == 2);
  CHECK(rows[0].state == AlertState::queued);
  CHECK(rows[0].tries == 0);
  std::string message_id = rows[0].message_id;

  world.take({{.ip = "192.0.2.10"}});
  CHECK(world.alerts->run(true)->made == 0);  // today's digest is out
  world.now += us_per_day;
  CHECK(world.alerts->run(true)->made == 1);
  world.open();
  CHECK(world.alerts->outbox().one(rows[0].id)->message_id == message_id);
}

TEST_CASE("what may not be told any more, or is another's by now, is left out when it is sent") {
  World world(bank);
  auto keys = world.take({{}, {.ip = "192.0.2.8"}});
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  auto row = world.alerts->outbox().list({})->at(0);
  CHECK(world.alerts->preview_of(row.id)->findings == 2);
  world.take({{.ip = "192.0.2.8", .tlp = Tlp::red}});  // the strictest of its events counts
  auto preview = world.alerts->preview_of(row.id);
  REQUIRE(preview);
  CHECK(preview->findings == 1);
  CHECK(!preview->bytes.contains("192.0.2.8"));
  REQUIRE(world.alerts->book().import(
      "name,prefixes,contacts\nBranch,192.0.2.7,branch@example.org\n", {}, world.now));
  CHECK(world.alerts->preview_of(row.id)->findings == 0);
  REQUIRE(world.alerts->run(true));
  CHECK(world.alerts->outbox().one(row.id)->state == AlertState::withheld);
  CHECK(world.items(keys[0]).at(0).bundle == 0);  // it waits for its new constituent
  CHECK(world.items(keys[1]).at(0).bundle == 0);
  CHECK(world.alerts->explain(keys[0])->next.starts_with("it goes out with the digest of"));
  CHECK(*world.alerts->replay({row.id}) == 1);
  CHECK(world.alerts->outbox().one(row.id)->state == AlertState::queued);
}

TEST_CASE("what a person judged or muted is told to nobody, until that is over") {
  World world(bank);
  world.people = *store::Triage::open(*world.journal, [&world] { return world.now.load(); });
  world.open();
  auto keys = world.take({{}, {.ip = "192.0.2.8"}, {.ip = "192.0.2.9"}});
  REQUIRE(world.people->act(
      {.findings = {keys[0]}, .change = {.verdict = tocsin::Verdict::not_ours}, .user = "ana"}));
  REQUIRE(world.people->act({.findings = {keys[1]},
                             .change = {.muted_until = noon + us_per_day, .mute_reason = "asked"},
                             .user = "ana"}));
  CHECK(world.alerts->explain(keys[0])->judgement.verdict == Verdict::judged);
  CHECK(world.alerts->explain(keys[0])->sentence.contains("not-ours"));
  CHECK(world.alerts->explain(keys[1])->judgement.verdict == Verdict::muted);
  CHECK(world.alerts->explain(keys[2])->judgement.verdict == Verdict::tell);
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  auto rows = *world.alerts->outbox().list({});
  REQUIRE(rows.size() == 1);
  CHECK(world.alerts->preview_of(rows[0].id)->findings == 1);
  CHECK(world.items(keys[0]).empty());
  CHECK(world.items(keys[1]).at(0).bundle == 0);
  world.now += 2 * us_per_day;  // the mute is over, and the day
  REQUIRE(world.alerts->run(true));
  CHECK(world.items(keys[1]).at(0).bundle != 0);
}

TEST_CASE("what was for a contact that is gone goes to its constituent's contacts now") {
  World world(bank);
  world.take({{}});
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  auto first = world.alerts->outbox().list({})->at(0);
  auto correct = [&](std::string_view contact) {
    REQUIRE(world.alerts->book().import(
        fmt::format("name,prefixes,contacts\nBank,192.0.2.0/24,{}\n", contact), {}, world.now));
  };
  correct("cert@bank.example.org");
  REQUIRE(world.alerts->run(true));  // withheld, and another is made
  CHECK(world.alerts->outbox().one(first.id)->state == AlertState::withheld);
  auto rows = *world.alerts->outbox().list({});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].contact == "cert@bank.example.org");
  CHECK(rows[0].bundle == first.bundle);
  CHECK(rows[0].message_id != first.message_id);
  CHECK(*world.alerts->replay({}) == 0);  // the contacts of now have it

  REQUIRE(world.alerts->outbox().settle(rows[0], {.state = AlertState::dead}, world.now));
  correct("noc@bank.example.org");
  CHECK(*world.alerts->replay({rows[0].id}) == 1);
  CHECK(world.alerts->outbox().list({})->at(0).contact == "noc@bank.example.org");
}

TEST_CASE("each is written to in its language, as the files of letters say") {
  World world(
      "name,prefixes,language,contacts\nBank,192.0.2.0/25,pt-BR,soc@bank.example.org\n"
      "Shop,192.0.2.128/25,,shop@example.org\nWerk,198.51.100.0/24,de,werk@example.org\n");
  auto keys = world.take({{}, {.ip = "192.0.2.200"}, {.ip = "198.51.100.1"}});
  auto subjects = [&] {
    std::vector<std::string> all;
    auto run = world.alerts->dry_run("ana");
    REQUIRE(run);
    for (const Planned& one : run->messages) all.push_back(one.subject);
    return fmt::format("{}", fmt::join(all, "\n"));
  };
  CHECK(subjects() ==
        "TLP:GREEN 1 problema nas suas redes (2026-01-01)\n"
        "TLP:GREEN 1 problem in your networks (2026-01-01)\n"
        "TLP:GREEN 1 problem in your networks (2026-01-01)");
  CHECK(world.alerts->explain(keys[0])->preview.contains("O que fazer primeiro: "));
  auto state = world.alerts->state();
  CHECK(fmt::format("{}", fmt::join(state->languages, " ")) == "en es fr pt");
  CHECK(state->letters.empty());
  CHECK(state->without_letters == std::vector<std::string>{"de: 1 constituent"});
  auto plan = world.alerts->import("name,language\nA,it\nB,IT\nC,es\nD,it\n", {.dry = true});
  REQUIRE(plan);
  CHECK(plan->without_letters == std::vector<std::string>{"it: 3 constituents"});

  auto put = [&](const std::string& name, std::string_view text) {
    std::filesystem::create_directory(world.folder.file("letters"));
    std::ofstream(world.folder.file("letters/" + name)) << text;
  };
  auto preview = [&] { return world.alerts->preview_for(1)->text; };
  put("pt-BR.toml", "[letter]\nto = \"A/C {constituent}\"\n");
  put("de.toml", "[letter]\nto = \"An: {constituent}\"\n");
  CHECK(preview().contains("\nA/C Bank\n"));
  CHECK(world.alerts->state()->letters ==
        std::vector<std::string>{
            "de: 339 sentences are missing and in English: finding.calls, finding.last_seen, "
            "finding.port, finding.times, identifier.activemq.first_step, "
            "identifier.activemq.meaning, identifier.activemq.what, identifier.adb.first_step, "
            "identifier.adb.meaning, identifier.adb.what, ..."});
  CHECK(world.alerts->state()->without_letters.empty());

  put("pt-BR.toml", "[letter]\nto = \"{bank}\"\n");  // wrong: all stays as it was
  CHECK(preview().contains("\nA/C Bank\n"));
  std::string wrong =
      "letters/pt-BR.toml:2: letter.to: unknown placeholder '{bank}'; valid: {constituent}";
  CHECK(world.alerts->state()->letters[0] == wrong);
  CHECK(world.alerts->dry_run("ana")->problems == std::vector<std::string>{wrong});
  world.settings.language = "fr";
  world.open();  // or, at start, is left out
  CHECK(preview().contains("\nPara: Bank\n"));
  CHECK(world.alerts->state()->letters[0] == wrong);
  CHECK(subjects() ==
        "TLP:GREEN 1 problema nas suas redes (2026-01-01)\n"
        "TLP:GREEN 1 problème dans vos réseaux (2026-01-01)\n"
        "TLP:GREEN 1 problem in your networks (2026-01-01)");
}

TEST_CASE("what becomes of a message is kept whole, or it is tried again") {
  World world(bank);
  world.take({{}});
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  auto first = world.alerts->outbox().list({})->at(0);
  REQUIRE(world.alerts->book().import(
      "name,prefixes,contacts\nBank,192.0.2.0/24,cert@bank.example.org\n", {}, world.now));
  world.sql("CREATE TRIGGER broken BEFORE INSERT ON alerts BEGIN SELECT RAISE(ABORT, 'full'); END");
  CHECK(!world.alerts->run(true));
  CHECK(world.alerts->outbox().one(first.id)->state == AlertState::queued);
  world.sql("DROP TRIGGER broken");
  REQUIRE(world.alerts->run(true));
  CHECK(world.alerts->outbox().one(first.id)->state == AlertState::withheld);
  CHECK(world.alerts->outbox().list({})->at(0).contact == "cert@bank.example.org");
}

TEST_CASE("what a message leaves out waits again when nobody was told of it") {
  World world("name,prefixes,contacts\nBank,192.0.2.0/24 203.0.113.0/24,a@example.org\n");
  world.people = *store::Triage::open(*world.journal, [&world] { return world.now.load(); });
  world.open();
  auto keys = world.take({{}, {.ip = "192.0.2.8"}, {.ip = "192.0.2.9"}, {.ip = "203.0.113.4"}});
  world.switch_on();
  REQUIRE(world.alerts->run(true));  // nothing listens
  REQUIRE(world.people->act({.findings = {keys[1]},
                             .change = {.muted_until = noon + us_per_hour, .mute_reason = "asked"},
                             .user = "ana"}));
  REQUIRE(world.alerts->book().import(
      "name,prefixes,contacts\nBranch,192.0.2.9,branch@example.org\n", {}, world.now));
  Mailbox mailbox;
  world.settings.mail.server = mailbox.url();
  world.open();
  REQUIRE(world.alerts->run(true));
  auto row = world.alerts->outbox().list({})->back();
  CHECK(row.state == AlertState::sent);
  CHECK(world.items(keys[0]).at(0).bundle == row.bundle);
  CHECK(world.items(keys[1]).at(0).bundle == 0);
  CHECK(world.items(keys[2]).at(0).bundle == 0);
  CHECK(world.items(keys[3]).at(0).bundle == row.bundle);  // a sensor: it would wait for ever
  world.now += us_per_day;
  CHECK(world.alerts->run(true)->sent == 1);
  CHECK(world.alerts->run(true)->sent == 1);
  CHECK(world.items(keys[1]).at(0).bundle != 0);
  CHECK(world.alerts->explain(keys[2])->alerts.at(0).contact == "branch@example.org");
}

TEST_CASE("what one contact was told does not wait again when the other's message leaves it out") {
  World world("name,prefixes,contacts\nBank,192.0.2.0/24,a@example.org later@example.org\n");
  world.people = *store::Triage::open(*world.journal, [&world] { return world.now.load(); });
  Mailbox mailbox;
  world.settings.mail.server = mailbox.url();
  world.open();
  auto keys = world.take({{}, {.ip = "192.0.2.8"}});
  world.switch_on();
  CHECK(world.alerts->run(true)->sent == 1);
  REQUIRE(world.people->act({.findings = {keys[1]},
                             .change = {.muted_until = noon + us_per_hour, .mute_reason = "asked"},
                             .user = "ana"}));
  mailbox.takes_all = true;
  CHECK(world.alerts->run(true)->sent == 1);
  CHECK(world.items(keys[1]).at(0).bundle != 0);
}

TEST_CASE("a contact's own failure holds up nobody else, and what is urgent goes first") {
  World world("");
  world.with_dead_hooks(5);
  world.switch_on();
  auto run = world.alerts->run(true);
  REQUIRE(run);
  CHECK(run->later == 5);
  CHECK(run->problem.empty());
  REQUIRE(world.alerts->outbox().hasten(world.now));
  CHECK(world.alerts->outbox().due("webhook", world.now + us_per_day, 9)->at(0).at_once);
}

TEST_CASE("contacts that do not answer take no more than one pass's time from the others") {
  World world("");
  world.with_dead_hooks(5);
  world.switch_on();
  world.tick = 2 * us_per_s;
  auto run = world.alerts->run(true);
  REQUIRE(run);
  CHECK(run->later > 0);
  CHECK(run->later < 5);
  world.tick = 0;
  CHECK(world.alerts->run(true)->later == 5);
}

TEST_CASE("a message that always fails does not hold up the others to its contact") {
  World world("");
  auto& outbox = world.alerts->outbox();
  auto bundle_of = [](bool at_once, Day day, std::string id) {
    return Outbox::Bundle{.constituent = 1,
                          .at_once = at_once,
                          .day = day,
                          .to = {{"webhook", "https://a.example.org/", std::move(id)}}};
  };
  REQUIRE(outbox.bundle(
      {bundle_of(true, 1, "first"), bundle_of(false, 1, "second"), bundle_of(false, 2, "third")},
      noon));
  std::vector<std::string> tried;
  for (TimeUs now = noon; tried.size() < 9; now += us_per_hour) {
    AlertRow row = outbox.due("webhook", now, 1)->at(0);
    tried.push_back(row.message_id);
    REQUIRE(outbox.settle(row, {.next = now + us_per_hour}, now));
    REQUIRE(outbox.postpone(row, now + us_per_hour));
  }
  for (const char* id : {"first", "second", "third"})
    CHECK(std::count(tried.begin(), tried.end(), id) >= 2);
  CHECK(tried[0] == "first");
  CHECK(tried[1] == "first");  // it is urgent
}

TEST_CASE("what may not be told does not stand before what may, and what is old is dropped") {
  World world(bank);
  auto key = world.take({{}})[0];
  std::vector<Item> gone;
  for (std::uint64_t i = 1; i <= 1'500; ++i)  // worse, and told to nobody: there is no such finding
    gone.push_back({.finding = {i, i}, .severity = Severity::high, .constituent = 1});
  auto red = world.take({{.ip = "192.0.2.8", .severity = Severity::high}})[0];
  world.take({{.ip = "192.0.2.8", .tlp = Tlp::red}});
  REQUIRE(world.alerts->outbox().add(gone, world.seq));
  auto second = world.alerts->outbox().waiting_of(1, 2);
  REQUIRE(second);
  CHECK(world.alerts->outbox().waiting_of(1, 9'999, &second->at(1))->size() == 1'500);
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  CHECK(world.items(key).at(0).bundle != 0);
  CHECK(world.items({1, 1}).empty());
  CHECK(world.items(red).at(0).bundle == 0);
  world.now += 8 * us_per_day;
  REQUIRE(world.alerts->run(true));
  CHECK(world.items(red).empty());
}

TEST_CASE("more than a bundle holds that may not be told does not stand before what may") {
  World world(bank);
  auto key = world.take({{}})[0];
  auto red = world.take({{.ip = "192.0.2.8", .severity = Severity::high}})[0];
  world.take({{.ip = "192.0.2.8", .tlp = Tlp::red}});
  std::vector<Item> untold;
  for (std::uint32_t i = 1; i <= 10'001; ++i)
    untold.push_back(
        {.finding = red, .episode = i, .severity = Severity::high, .constituent = 1, .at = noon});
  REQUIRE(world.alerts->outbox().add(untold, world.seq));
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  CHECK(world.items(key).at(0).bundle != 0);
  CHECK(world.items(red).at(0).bundle == 0);
}

TEST_CASE("pages of what waits, put together, are all of it, worst first, without sorting") {
  World world("");
  std::vector<Item> all;
  for (std::uint64_t i = 1; i <= 600; ++i)
    all.push_back(
        {.finding = {i, i}, .severity = static_cast<Severity>(i * i % 6), .constituent = i % 2});
  REQUIRE(world.alerts->outbox().add(all, 1));
  std::vector<Item> paged;
  for (std::size_t before = 1; paged.size() != before;) {
    before = paged.size();
    auto page = world.alerts->outbox().waiting_of(1, 7, paged.empty() ? nullptr : &paged.back());
    REQUIRE(page);
    paged.insert(paged.end(), page->begin(), page->end());
  }
  CHECK(paged.size() == 300);
  CHECK(std::ranges::is_sorted(paged, [](const Item& a, const Item& b) {
    return a.severity != b.severity ? a.severity > b.severity : a.id < b.id;
  }));
  auto tables = *store::Tables::open(*world.journal, "alert", Outbox::schema());
  std::string plan;
  auto explain = [&](store::Sqlite& db) -> Result<void> {
    auto steps = TRY(
        db.prepare("EXPLAIN QUERY PLAN SELECT at FROM alert_items WHERE constituent = 1 AND bundle "
                   "IS NULL AND severity < 3 ORDER BY severity DESC, id"));
    while (TRY(steps.step())) plan += steps.text(3);
    return {};
  };
  REQUIRE(tables.read(explain));
  CHECK(plan.contains("alert_items_waiting"));
  CHECK(!plan.contains("TEMP B-TREE"));
}

TEST_CASE("what is urgent is looked for among what is urgent alone") {
  World world(bank);
  auto red = world.take({{.severity = Severity::critical}})[0];
  world.take({{.tlp = Tlp::red}});
  std::vector<Item> mild;
  for (std::uint32_t i = 1; i <= 3'000; ++i)
    mild.push_back(
        {.finding = red, .episode = i, .severity = Severity::low, .constituent = 1, .at = noon});
  REQUIRE(world.alerts->outbox().add(mild, world.seq));
  world.switch_on();
  world.consents = 0;
  CHECK(world.alerts->run(false)->made == 0);
  CHECK(world.consents > 0);
  CHECK(world.consents <= 1'000);
}

TEST_CASE("Idle forgets after five minutes, and when something newer waits") {
  Idle idle;
  CHECK(!idle.has(1, true, 7, noon));
  idle.keep(1, true, 7, noon);
  CHECK(idle.has(1, true, 7, noon + 299 * us_per_s));
  CHECK(!idle.has(1, true, 7, noon + 300 * us_per_s));
  CHECK(!idle.has(1, true, 8, noon));
  CHECK(!idle.has(1, false, 7, noon));
  CHECK(!idle.has(2, true, 7, noon));
}

TEST_CASE("a way that stays closed is given up, and explain says so") {
  World world(bank);
  auto key = world.take({{}})[0];
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  CHECK(world.alerts->explain(key)->next == "it is on its way");
  world.now += 6 * us_per_day;
  REQUIRE(world.alerts->run(true));
  CHECK(world.alerts->outbox().list({})->at(0).state == AlertState::dead);
  CHECK(world.alerts->explain(key)->next.starts_with("it was given up"));
}

TEST_CASE("what waited longer than that while alerts were off is tried before it is given up") {
  World world(bank);
  world.take({{}});
  auto alert = Outbox::Bundle{.constituent = 1,
                              .day = 1,
                              .items = {1},
                              .to = {{"mail", "soc@bank.example.org", "x@example.org"}}};
  REQUIRE(world.alerts->outbox().bundle({alert}, noon - 30 * us_per_day));
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  CHECK(world.alerts->outbox().list({})->at(0).state == AlertState::queued);
  world.now += 6 * us_per_day;
  REQUIRE(world.alerts->run(true));
  CHECK(world.alerts->outbox().list({})->at(0).state == AlertState::dead);
}

TEST_CASE("what was dropped is news when it is reported again") {
  World world(bank);
  world.people = *store::Triage::open(*world.journal, [&world] { return world.now.load(); });
  world.open();
  auto key = world.take({{}})[0];
  world.judge(key, tocsin::Verdict::not_ours);
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  CHECK(world.items(key).empty());
  world.judge(key, tocsin::Verdict::confirmed);
  world.take({{.time = noon + us_per_hour}});
  CHECK(world.items(key).size() == 1);
}

TEST_CASE("what was dropped is known as such after an error of the store") {
  World world(bank);
  world.people = *store::Triage::open(*world.journal, [&world] { return world.now.load(); });
  world.open();
  auto key = world.take({{}})[0];
  world.judge(key, tocsin::Verdict::not_ours);
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  world.judge(key, tocsin::Verdict::confirmed);
  world.sql("ALTER TABLE alert_items RENAME TO away");
  CHECK(!world.alerts->router().route(world.seq + 1, std::span(&key, 1)));
  world.sql("ALTER TABLE away RENAME TO alert_items");
  world.take({{.time = noon + us_per_hour}});
  CHECK(world.items(key).size() == 1);
}

TEST_CASE("Told forgets one and finds the others") {
  Told told;
  for (std::uint64_t i = 1; i <= 600; ++i) told.keep({.key = {i, i % 7}});
  for (std::uint64_t i = 1; i <= 600; i += 2) told.forget({i, i % 7});
  told.forget({9999, 1});
  CHECK(told.size() == 300);
  for (std::uint64_t i = 1; i <= 600; ++i)
    CHECK((told.find({i, i % 7}) != nullptr) == (i % 2 == 0));
}

TEST_CASE("what comes back is known by its Message-ID") {
  World world(bank);
  world.take({{}});
  world.switch_on();
  REQUIRE(world.alerts->run(true));
  auto row = world.alerts->outbox().list({})->at(0);
  std::string report = fmt::format(
      "From: MAILER-DAEMON@example.org\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nIt did not work.\r\n"
      "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n"
      "\r\nFinal-Recipient: rfc822; soc@bank.example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
      "Diagnostic-Code: smtp; 550 no such user\r\n"
      "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID:\r\n <{}>\r\n"
      "--b--\r\n",
      row.message_id);
  auto bounced = world.alerts->bounce(report);
  REQUIRE(bounced);
  CHECK(bounced->at(0).state == AlertState::bounced);
  CHECK(bounced->at(0).error == "came back: 5.1.1 550 no such user");
  CHECK(world.alerts->bounce("Subject: hello\r\n\r\nno report\r\n").error().fault ==
        Fault::invalid);
}

TEST_CASE("explain says what routing does, in 10,000 random cases") {
  World world(R"([
    {"name":"Nation","country":"BR","whole_country":true,"contacts":["n@example.org"]},
    {"name":"Provider","provider":true,"asns":[64496],"prefixes":["192.0.2.0/25"],
     "contacts":["p@example.org"]},
    {"name":"Bank","prefixes":["192.0.2.0/27","2001:db8:1::/48"],"names":["bank.example.org"],
     "contacts":["soc@bank.example.org"]},
    {"name":"Guess","prefixes":["192.0.2.128/26"],"sure":20,"contacts":["g@example.org"]},
    {"name":"Mute","prefixes":["192.0.2.192/26"]}])");
  std::mt19937_64 random(20261122);
  auto one_of = [&](const auto& list) { return list[random() % std::size(list)]; };
  const char* feeds[] = {"green", "told", "never", "little"};
  const Tlp markings[] = {Tlp::clear,        Tlp::green, Tlp::amber,
                          Tlp::amber_strict, Tlp::red,   Tlp::unmarked};
  const Type types[] = {Type::infected_system, Type::vulnerable_system, Type::phishing, Type::test,
                        Type::unauthorised_information_modification};
  const char* countries[] = {"BR", "PT", ""};
  const char* hosts[] = {"", "w{}.bank.example.org", "w{}.example.org"};
  std::size_t told = 0, compared = 0;
  std::set<Verdict> seen;
  for (int i = 0; compared < 10'000; ++i) {
    Made made;
    made.ip = random() % 4 != 0
                  ? fmt::format("192.0.2.{}", 1 + random() % 254)
                  : fmt::format("2001:db8:{:x}::{:x}", random() % 3, 1 + random() % 99);
    made.feed = one_of(feeds);
    made.tlp = one_of(markings);
    made.type = one_of(types);
    made.severity = static_cast<Severity>(random() % 6);
    made.family = fmt::format("family-{}", i);  // a finding of its own, mostly
    made.host = fmt::format(fmt::runtime(one_of(hosts)), i);
    made.asn = random() % 2 == 0 ? 64496 : 64497;
    made.country = one_of(countries);
    made.time = noon - static_cast<TimeUs>(random() % 10) * us_per_day;
    auto key = world.take({made})[0];
    auto explained = world.alerts->explain(key);
    REQUIRE(explained);
    seen.insert(explained->judgement.verdict);
    if (world.findings->one(key)->times > 1) continue;  // told before, perhaps
    ++compared;
    auto items = world.items(key);
    CAPTURE(i);
    CAPTURE(explained->sentence);
    REQUIRE((explained->judgement.verdict == Verdict::tell) == (items.size() == 1));
    if (items.empty()) continue;
    ++told;
    REQUIRE(items[0].constituent == explained->constituent_id);
    // The same for what is written: it goes to that constituent's contact and nobody else's.
    REQUIRE(!explained->preview.empty());
  }
  CHECK(told > 1000);
  for (Verdict verdict : {Verdict::tell, Verdict::test, Verdict::old, Verdict::nobodys,
                          Verdict::marking, Verdict::unsure, Verdict::no_contact})
    CHECK(seen.contains(verdict));
}

}  // namespace tocsin::alert
