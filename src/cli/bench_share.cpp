// tocsin bench share: what it costs to share: a page of what a partner may have, all of it, and
// what of that is reading, clearing, writing and logging.
#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/durable_file.h"
#include "cli/bench_folder.h"
#include "cli/demo.h"
#include "cli/verbs.h"
#include "node/node.h"
#include "sim/sim.h"
#include "wire/row.h"
#include "wire/stix_event.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct ShareOptions {
  std::uint64_t rows = 400'000, pages = 100;
  std::string folder;
};

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double median(std::vector<double> of) {
  std::ranges::sort(of);
  return of.empty() ? 0 : of[of.size() / 2];
}

std::size_t own_memory_mb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kb = 0;
  while (status >> word) {
    if (word == "RssAnon:") status >> kb;
  }
  return kb / 1024;
}

// A page as a partner asks for it, without the network.
http::Response ask(share::Shelves& shelves, const std::string& member, const std::string& target) {
  http::Request request{.method = "GET"};
  if (!http::read_target(target, request)) return {.status = 400};
  auto shelf = shelves.of(member);
  return share::serve_taxii(request, member, *shelf, shelves.settings());
}

std::string text_after(const std::string& body, std::string_view name) {
  std::size_t at = body.find(name);
  if (at == body.npos) return {};
  at += name.size();
  return body.substr(at, body.find('"', at) - at);
}

std::size_t objects_in(const std::string& body) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = body.find(R"("spec_version":"2.1")", at)) != body.npos; ++at)
    ++count;
  return count;
}

// The same objects of the same events without any clearing and logging: what there is to write.
double plain_ms(node::Node& node, store::Offers& offers, TimeUs after, std::size_t objects) {
  auto begin = Clock::now();
  std::size_t made = 0, bytes = 0;
  while (made < objects) {
    auto offer = offers.after(after);
    if (!offer || !*offer) break;
    for (std::size_t row = 0; row < (*offer)->batch.size() && made < objects; ++row) {
      if ((*offer)->date(row) <= after) continue;
      wire::Row members((*offer)->batch, row, node.words(), wire::Spelling::native);
      for (const std::string& json : wire::stix_of_event(members.members(), {.handle = "h"})) {
        bytes += json.size();
        ++made;
      }
    }
    after = (*offer)->end() - 1;
  }
  return bytes > 0 ? ms_since(begin) : 0;
}

Result<void> bench_share(const ShareOptions& options) {
  BenchFolder own = TRY(BenchFolder::make(options.folder));
  const std::string& folder = own.path();
  auto made = TRY(sim::run(
      {.scenario = "bench", .out = folder + "/world", .repeats = 0.0, .rows = options.rows}));
  auto members = TRY(demo_network(folder + "/home", 0));
  // The second member lets the first have all that is not red.
  const DemoMember &giver = members.at(1), &taker = members.at(0);
  std::string config = giver.home + "/tocsin.toml";
  {
    std::ofstream more(config, std::ios::app);
    more << "\n[feed.bench]\ncollector = \"stdin\"\nformat = \"shadowserver\"\ntlp = \"green\"\n"
            "enabled = false\nterms = { redistribution = \"yes\" }\n";
  }
  malloc_trim(0);
  auto node = TRY(node::Node::open({.home = giver.home}));
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder + "/world")) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  ingest::Feed feed = node->feeds().named("bench");
  for (const auto& file : files)
    TRY(node->intake().deliver(feed, {.name = fs::path(file).filename().string(), .path = file}));
  if (!node->wait_visible(std::chrono::minutes(10)))
    return unavailable("the followers do not catch up");
  auto& shelves = node->sharing()->shelves();
  const std::string& partner = taker.id;
  std::string collections = ask(shelves, partner, "/taxii2/tocsin/collections/").body;
  std::string path =
      "/taxii2/tocsin/collections/" + text_after(collections, R"("id":")") + "/objects/?limit=1000";

  std::size_t before_mb = own_memory_mb(), highest_mb = before_mb;
  std::vector<std::string> nexts;
  std::vector<double> page_ms;
  std::size_t objects = 0, bytes = 0;
  auto begin = Clock::now();
  for (std::string next;;) {
    auto page_begin = Clock::now();
    auto page = ask(shelves, partner, next.empty() ? path : path + "&next=" + next);
    if (page.status != 200) return invalid("a page was refused: " + page.body);
    page_ms.push_back(ms_since(page_begin));
    objects += objects_in(page.body);
    bytes += page.body.size();
    highest_mb = std::max(highest_mb, own_memory_mb());
    next = text_after(page.body, R"("next":")");
    if (next.empty()) break;
    nexts.push_back(next);
  }
  double whole_s = ms_since(begin) / 1e3;
  if (objects < 2 * made.events)  // each has at least an observable and what was observed
    return invalid(fmt::format("only {} objects of {} events went", objects, made.events));
  fmt::print(
      "{} events shared as {} objects ({:.0f} MB): all of it in {:.2f} s, {:.0f} objects/s\n",
      made.events, objects, static_cast<double>(bytes) / 1e6, whole_s,
      static_cast<double>(objects) / whole_s);
  fmt::print("a page of 1000 objects, one after the other: median {:.2f} ms, longest {:.2f} ms\n",
             median(page_ms), *std::ranges::max_element(page_ms));
  fmt::print("memory: {} MB before, at most {} MB\n", before_mb, highest_mb);
  std::mt19937_64 random(1);
  std::vector<double> anywhere, plain;
  for (std::uint64_t i = 0; i < options.pages && !nexts.empty(); ++i) {
    const std::string& next = nexts[random() % nexts.size()];
    auto page_begin = Clock::now();
    auto page = ask(shelves, partner, path + "&next=" + next);
    anywhere.push_back(ms_since(page_begin));
    std::string last;
    for (const auto& [name, value] : page.headers) {
      if (name == "X-TAXII-Date-Added-First") last = value;
    }
    if (auto at = times::parse(last))
      plain.push_back(plain_ms(*node, node->offers(), *at - 1, 1000));
  }
  fmt::print(
      "a page from anywhere: median {:.2f} ms, longest {:.2f} ms; the same objects of the same "
      "events written without clearing and ledger: median {:.2f} ms\n",
      median(anywhere), anywhere.empty() ? 0 : *std::ranges::max_element(anywhere), median(plain));
  auto polls_begin = Clock::now();
  constexpr int polls = 1000;
  std::string at_end =
      path + "&added_after=" + times::format(node->offers().last()).substr(0, 19) + ".999999Z";
  for (int i = 0; i < polls; ++i) {
    if (ask(shelves, partner, at_end).status != 200) return invalid("a poll was refused");
  }
  fmt::print("asked for news where there are none: {:.1f} us\n", ms_since(polls_begin));
  auto verified = TRY(node->ledger()->verify());
  if (!verified.wrong.empty()) return invalid("the ledger does not hold: " + verified.wrong);
  node->stop();
  return {};
}

}  // namespace

void add_bench_share(CLI::App& bench, Chosen& chosen) {
  auto* verb = bench.add_subcommand("share", "pages of what a partner may have, and all of it");
  verb->footer("Example: tocsin bench share --rows 400000");
  static ShareOptions options;
  verb->add_option("--rows", options.rows, "rows of the made-up report")->capture_default_str();
  verb->add_option("--pages", options.pages, "pages from anywhere")->capture_default_str();
  verb->add_option("--folder", options.folder,
                   "where to work: an empty folder; a temporary one if not said");
  verb->callback([&chosen] {
    chosen = [] {
      auto measured = bench_share(options);
      return measured ? done : fail(measured.error());
    };
  });
}

}  // namespace tocsin::cli
