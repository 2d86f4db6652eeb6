#include "cli/demo.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "base/durable_file.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "node/upgrade.h"
#include "policy/templates.h"
#include "share/agreements.h"
#include "share/partners.h"
#include "sim/sim.h"
#include "store/journal.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

constexpr TimeUs agreed_for = 365 * us_per_day;
constexpr double small_scale = 0.0003;  // of the other members' worlds: one machine runs all three

// A member before its node runs: what it keeps of others, and how they hear each other.
struct Founder {
  explicit Founder(const DemoMember& of) : member(of) {}
  const DemoMember& member;
  Dictionary words{};
  std::unique_ptr<store::Journal> journal{};
  std::unique_ptr<share::Partners> partners{};
  std::unique_ptr<share::Agreements> agreements{};
};

std::string url_of(const DemoMember& member) {
  return fmt::format("http://127.0.0.1:{}", member.port);
}

// One that nobody listens at now.
Result<std::uint16_t> free_port() {
  int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  bool found = held >= 0 && ::bind(held, reinterpret_cast<sockaddr*>(&at), size) == 0 &&
               ::getsockname(held, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  if (held >= 0) ::close(held);
  if (!found) return unavailable("no free port on 127.0.0.1");
  return ntohs(at.sin_port);
}

Result<void> open(Founder& one, std::map<std::string, Founder*>& by_url) {
  one.journal = TRY(store::Journal::open(one.member.home + "/journal.db", one.words));
  auto post = [&by_url](const share::Profile& to, const std::vector<std::string>&,
                        const std::string& statement) -> Result<std::string> {
    return by_url.at(to.url)->partners->hear(statement);
  };
  one.partners = TRY(share::Partners::open(
      {.journal = *one.journal, .home = one.member.home, .now = times::now, .post = post}));
  by_url[url_of(one.member)] = &one;
  return one.partners->introduce({.member = one.member.id,
                                  .name = one.member.name,
                                  .country = Country::parse(one.member.country).value_or(Country{}),
                                  .url = url_of(one.member)},
                                 {});
}

Result<void> acquaint(Founder& a, Founder& b) {
  auto invited = TRY(a.partners->invite("the demo", times::now() + us_per_day, "demo"));
  std::string fingerprint = TRY(b.partners->join(invited.code, "demo")).fingerprint;
  TRY(b.partners->compare(a.member.id, fingerprint, "demo"));
  TRY(a.partners->compare(b.member.id, fingerprint, "demo"));
  return {};
}

// Two made-up persons of each side want it. The first member, which has most, tells each only of
// its own country.
Result<void> agree(Founder& a, Founder& b, std::string_view with) {
  std::vector<policy::Party> parties;
  for (const Founder* one : {&a, &b}) {
    auto self = TRY(one->partners->self());
    bool is_first = one == &a;
    parties.push_back({.id = one->member.id,
                       .name = one->member.name,
                       .as = with == "cert-cert" ? (is_first ? "first" : "second") : "party",
                       .country = self.profile.country,
                       .keys = {self.key},
                       .contacts = {{.name = "SOC", .mail = "soc@" + one->member.id}}});
  }
  TimeUs now = times::now() / us_per_s * us_per_s;
  std::string id = fmt::format("{}-{}", a.member.country, b.member.country);
  for (char& c : id) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  auto terms = TRY(policy::from_template(with, id, std::move(parties), now, now + agreed_for));
  for (const policy::Party& party : terms.parties) {
    if (party.country != *Country::parse("BR") || terms.allow.size() != 1) continue;
    const policy::Party& other = party.id == a.member.id ? terms.parties[1] : terms.parties[0];
    terms.allow.push_back(terms.allow[0]);
    terms.allow[0].way.from = {other.as};
    terms.allow[1].way.from = {party.as};
    terms.allow[1].countries = {other.country};
    break;
  }
  std::string address =
      TRY(a.agreements->propose(policy::agreement_json(terms, false), "demo")).address;
  TRY(a.agreements->sign(address, "demo-2"));
  TRY(a.partners->deliver());
  for (const char* person : {"demo", "demo-2"}) TRY(b.agreements->sign(address, person));
  TRY(b.partners->deliver());
  return {};
}

Result<void> found(const std::vector<DemoMember>& members) {
  std::map<std::string, Founder*> by_url;
  std::vector<std::unique_ptr<Founder>> all;
  for (const DemoMember& member : members) {
    all.push_back(std::make_unique<Founder>(member));
    TRY(open(*all.back(), by_url));
    all.back()->agreements = TRY(share::Agreements::open(
        {.journal = *all.back()->journal, .partners = *all.back()->partners, .now = times::now}));
  }
  Founder &first = *all.at(0), &second = *all.at(1), &third = *all.at(2);
  for (auto [a, b] : {std::pair(&first, &second), {&third, &first}, {&second, &third}})
    TRY(acquaint(*a, *b));
  TRY(agree(first, second, "cert-cert"));
  TRY(agree(third, first, "addresses-stay"));
  TRY(agree(second, third, "statistics-only"));
  for (const DemoMember& member : members) TRY(node::finish_upgrade(member.home));
  return {};
}

std::string config_of(const DemoMember& member) {
  return fmt::format(
      "# A member of the demo's network, all made up.\n[node]\nname = \"{}\"\ncountry = \"{}\"\n"
      "simulated = true\n\n[server]\nport = {}\n\n[share]\nmember = \"{}\"\nurl = \"{}\"\n"
      "allow_private = true\n",
      member.name, member.country, member.port, member.id, url_of(member));
}

}  // namespace

Result<std::vector<DemoMember>> demo_network(const std::string& home, int port) {
  std::vector<DemoMember> members = {
      {.id = "br.example.org", .name = "CERT Alfa", .country = "BR", .home = home},
      {.id = "de.example.org",
       .name = "CERT Bravo",
       .country = "DE",
       .home = home + "/members/de",
       .seed = 2,
       .scale = small_scale},
      {.id = "jp.example.org",
       .name = "CERT Charlie",
       .country = "JP",
       .home = home + "/members/jp",
       .seed = 3,
       .scale = small_scale}};
  std::string mark = home + "/members/ports";
  if (auto kept = MappedFile::open(mark)) {
    std::string_view rest = kept->bytes();
    for (DemoMember& member : members) {
      auto number = text::number(text::cut(rest, '\n'));
      if (!number) return invalid("damaged: " + text::quote(mark));
      member.port = static_cast<std::uint16_t>(*number);
    }
    return members;
  }
  std::string ports;
  for (DemoMember& member : members) {
    bool chosen = &member == &members.front() && port > 0;
    member.port = chosen ? static_cast<std::uint16_t>(port) : TRY(free_port());
    ports += fmt::format("{}\n", member.port);
    std::error_code failed;
    fs::create_directories(member.home, failed);
    if (failed) return unavailable("cannot make " + text::quote(member.home));
    TRY(DurableFile::replace(member.home + "/tocsin.toml", config_of(member)));
  }
  TRY(found(members));
  TRY(DurableFile::replace(mark, ports));
  return members;
}

Result<std::string> demo_world(const DemoMember& member) {
  std::string world = member.home + "/demo";
  std::error_code failed;
  if (fs::exists(world + "/truth.json", failed)) return world + "/feeds.toml";
  fs::remove_all(world, failed);
  fs::create_directories(member.home, failed);
  fmt::print(stderr, "making a simulated world of {} ...\n", member.country);
  TRY(sim::run({.scenario = "demo",
                .out = world,
                .seed = member.seed,
                .country = member.country,
                .scale = member.scale,
                .now = times::now()}));
  return world + "/feeds.toml";
}

Result<DemoNode> start_demo_node(const DemoMember& member) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return unavailable("no pipe");
  DemoNode node{.pid = ::fork()};
  if (node.pid < 0) return unavailable("no process for " + member.id);
  if (node.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(pipe[1], STDOUT_FILENO);
    int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDERR_FILENO);
    ::execl("/proc/self/exe", "tocsin", "run", "--home", member.home.c_str(), "--demo-member",
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(pipe[1]);
  char c = 0;
  while (::read(pipe[0], &c, 1) == 1 && c != '\n') node.link += c;
  ::close(pipe[0]);
  if (node.link.empty())
    return unavailable(fmt::format("the node of {} did not start; try tocsin run --home {}",
                                   member.id, member.home));
  return node;
}

}  // namespace tocsin::cli
