// tocsin bench inbox: what it costs to take in what a partner posts, durable, against reading and
// checking the same objects alone.
#include <fmt/core.h>

#include <chrono>
#include <filesystem>

#include "base/cpu_clock.h"
#include "cli/bench_folder.h"
#include "cli/demo.h"
#include "cli/verbs.h"
#include "node/node.h"
#include "wire/stix_marking.h"
#include "wire/stix_object.h"

namespace tocsin::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct InboxOptions {
  std::uint64_t objects = 100'000, at_once = 5'000;
  std::string folder;
};

double s_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Of about 700 octets, as other programs write them; every second one has a pattern to look for.
std::string made_object(std::uint64_t number) {
  std::string id = fmt::format("00000000-0000-4000-8000-{:012x}", number);
  std::string common =
      fmt::format(R"("spec_version":"2.1","created":"2026-01-02T03:04:05.000Z",)"
                  R"("modified":"2026-01-02T03:04:05.000Z",)"
                  R"("object_marking_refs":["{}"],"confidence":70,"labels":["c2-server"],)"
                  R"("description":"{:0>300}")",
                  wire::stix_marking_id(Tlp::green), number);
  if (number % 2 == 0) {
    return fmt::format(R"({{"type":"indicator","id":"indicator--{}",{},)"
                       R"("pattern":"[ipv4-addr:value = '198.{}.{}.{}']","pattern_type":"stix",)"
                       R"("valid_from":"2026-01-02T03:04:05Z"}})",
                       id, common, 18 + number / 131072 % 2, number / 512 % 256, number / 2 % 256);
  }
  return fmt::format(R"({{"type":"x-lab-finding","id":"x-lab-finding--{}",{},"x_lab_score":{}.5}})",
                     id, common, number % 100);
}

std::string envelope(const std::vector<std::string>& objects, std::size_t from, std::size_t until) {
  std::string out = R"({"objects":[)";
  for (std::size_t i = from; i < until; ++i) out.append(i == from ? "" : ",").append(objects[i]);
  return out += "]}";
}

Result<void> bench_inbox(const InboxOptions& options) {
  BenchFolder own = TRY(BenchFolder::make(options.folder));
  const std::string& folder = own.path();
  auto members = TRY(demo_network(folder + "/home", 0));
  const DemoMember &giver = members.at(1), &taker = members.at(0);
  auto node = TRY(node::Node::open({.home = taker.home}));
  auto& shelves = node->sharing()->shelves();
  std::vector<std::string> objects;
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < options.objects; ++i) {
    objects.push_back(made_object(i));
    bytes += objects.back().size();
  }
  auto begin = Clock::now();
  wire::StixReader reader;
  for (const std::string& object : objects) TRY(reader.read(object));
  double plain_s = s_since(begin);
  auto per_s = [&](double s) { return static_cast<double>(objects.size()) / s; };
  fmt::print("{} objects, {:.0f} MB: read and checked alone at {:.0f} objects/s\n", objects.size(),
             static_cast<double>(bytes) / 1e6, per_s(plain_s));
  auto post = [&](bool& all) -> Result<double> {
    CpuClock clock;
    auto start = Clock::now();
    for (std::size_t at = 0; at < objects.size(); at += options.at_once) {
      http::Request request{.method = "POST",
                            .headers = {{"content-type", "application/taxii+json;version=2.1"}}};
      TRY(http::read_target("/taxii2/tocsin/collections/inbox/objects/", request));
      request.body = envelope(objects, at, std::min(at + options.at_once, objects.size()));
      request.body_size = request.body.size();
      auto shelf = shelves.of(giver.id);
      auto answer = share::serve_taxii(request, giver.id, *shelf, shelves.settings());
      if (answer.status != 202) return invalid("a request was refused: " + answer.body);
      all = all && answer.body.contains(R"("failure_count":0)");
    }
    fmt::print("  CPU of the thread that answers: {:.1f} us an object\n",
               static_cast<double>(clock.lap()) / 1e3 / static_cast<double>(objects.size()));
    return s_since(start);
  };
  bool all = true;
  double first_s = TRY(post(all));
  auto use = TRY(node->foreign().use())[giver.id];
  if (!all || use.objects != objects.size())
    return invalid(fmt::format("only {} of {} objects are in", use.objects, objects.size()));
  fmt::print(
      "posted {} at once, judged and durable: {:.0f} objects/s, {:.1f} times reading alone\n",
      options.at_once, per_s(first_s), first_s / plain_s);
  double again_s = TRY(post(all));
  fmt::print("the same once more, all duplicates: {:.0f} objects/s\n", per_s(again_s));
  node->stop();
  return {};
}

}  // namespace

void add_bench_inbox(CLI::App& bench, Chosen& chosen) {
  auto* verb =
      bench.add_subcommand("inbox", "objects that a partner posts, until they are durable");
  verb->footer("Example: tocsin bench inbox --objects 100000");
  static InboxOptions options;
  verb->add_option("--objects", options.objects, "made-up objects")->capture_default_str();
  verb->add_option("--at-once", options.at_once, "objects of one request")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--folder", options.folder,
                   "where to work: an empty folder; a temporary one if not said");
  verb->callback([&chosen] {
    chosen = [] {
      auto measured = bench_inbox(options);
      return measured ? done : fail(measured.error());
    };
  });
}

}  // namespace tocsin::cli
