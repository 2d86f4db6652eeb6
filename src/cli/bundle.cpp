// tocsin bundle: what a node behind a one-way gate needs, in one signed file.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "base/signed_file.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/verbs.h"
#include "node/bundle.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

struct BundleOptions {
  node::BundleWish wish;
  std::vector<std::string> reports;  // FEED=FILE
  std::string file, key, home;
  bool force = false, as_json = false;
};

void print(const node::BundleManifest& manifest, bool as_json) {
  for (const auto& file : manifest.files) {
    if (as_json) {
      json::Writer w;
      w.object()
          .member("path", file.path)
          .member("sha256", file.sha256)
          .member("size", file.size_bytes)
          .end();
      fmt::print("{}\n", w.text());
    } else {
      fmt::print("{}  {:>12}  {}\n", file.sha256, file.size_bytes, text::printable(file.path));
    }
  }
  fmt::print(stderr, "made {} by tocsin {}\n", times::format(manifest.made), manifest.version);
}

Result<void> make_key(const BundleOptions& options) {
  TRY(signing::make_keys(options.file));
  fmt::print(stderr,
             "{0}.key signs: keep it where bundles are made, and secret. {0}.pub checks: take it "
             "to the other side by hand.\n",
             options.file);
  return {};
}

Result<void> make(BundleOptions options) {
  for (const auto& report : options.reports) {
    std::size_t at = report.find('=');
    if (at == report.npos) return invalid("say FEED=FILE instead of " + text::quote(report));
    options.wish.reports.emplace_back(report.substr(0, at), report.substr(at + 1));
  }
  options.wish.made = times::now();
  auto manifest = TRY(node::make_bundle(options.wish));
  print(manifest, options.as_json);
  return {};
}

Result<void> show(const BundleOptions& options) {
  print(TRY(node::show_bundle(options.file, options.key)), options.as_json);
  return {};
}

// Reports that the bundle brought go through the intake, each once: the node knows them again.
Result<void> take_reports(const std::string& home, const node::BundleManifest& manifest) {
  auto is_report = [](const node::BundleEntry& file) {
    return file.path.starts_with(fmt::format("{}/", node::bundle_reports));
  };
  if (std::ranges::none_of(manifest.files, is_report)) return {};
  auto caller = TRY(Caller::open(home, true));
  std::size_t refused = 0;
  for (const auto& file : manifest.files) {
    if (!is_report(file)) continue;
    std::string_view rest = std::string_view(file.path).substr(node::bundle_reports.size() + 1);
    std::string feed(text::cut(rest, '/'));
    Caller::Ask ask{.method = "POST",
                    .path = "/reports",
                    .query = {{"feed", feed}, {"name", std::string(rest)}},
                    .body_path = home + "/bundle/" + file.path};
    auto answer = caller.call(ask);
    fmt::print(stderr, "{}: {}\n", text::printable(file.path),
               answer ? "taken in" : answer.error().what);
    refused += !answer;
  }
  if (refused > 0) return unavailable(text::count(refused, "report", "reports") + " not taken in");
  return {};
}

Result<void> apply(BundleOptions options) {
  if (options.home.empty()) options.home = default_home();
  std::error_code failed;
  fs::create_directories(options.home, failed);
  auto manifest = TRY(node::apply_bundle(options.file, options.key, options.home, options.force));
  print(manifest, options.as_json);
  auto taken = take_reports(options.home, manifest);
  fmt::print(stderr, "applied; the node uses it from its next start on\n");
  for (const auto& file : manifest.files) {
    if (file.path.starts_with(node::bundle_program))
      fmt::print(stderr, "the program: sudo apt install {}/bundle/{}\n", options.home, file.path);
  }
  return taken;
}

}  // namespace

void add_bundle(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("bundle", "carry feeds, databases and program through a gate");
  verb->footer("Example: tocsin bundle apply 2026-11.bundle --key site.pub");
  verb->require_subcommand(1);
  static BundleOptions options;
  auto part = [&](const char* name, const char* what, const char* example,
                  Result<void> (*work)(const BundleOptions&)) {
    auto* sub = verb->add_subcommand(name, what);
    sub->footer(std::string("Example: ") + example);
    sub->callback([&chosen, work] {
      chosen = [work] {
        auto worked = work(options);
        return worked ? done : fail(worked.error());
      };
    });
    return sub;
  };
  part("key", "make a pair of keys", "tocsin bundle key site", make_key)
      ->add_option("NAME", options.file, "NAME.key and NAME.pub are written")
      ->required();
  auto* making = part(
      "make", "put a bundle together",
      "tocsin bundle make 2026-11.bundle --key site.key --location /var/lib/location/database.db",
      [](const BundleOptions& o) { return make(o); });
  making->add_option("OUT", options.wish.out, "the file to write")->required();
  making->add_option("--key", options.wish.secret_key, "NAME.key")->required();
  making->add_option("--feeds", options.wish.feeds, "a file of [feed.NAME] tables");
  making->add_option("--location", options.wish.location, "libloc's database.db");
  making->add_option("--schema", options.wish.schema, "Shadowserver's schema file");
  making->add_option("--lists", options.wish.lists, "a folder of known-good lists");
  making->add_option("--program", options.wish.program, "the program's package, a .deb");
  making->add_option("--report", options.reports, "FEED=FILE: a report to take in; repeatable");
  making->add_flag("--json", options.as_json, "its files as JSON");
  for (const char* name : {"show", "apply"}) {
    bool applies = std::string_view(name) == "apply";
    auto* sub = part(name, applies ? "check it and put it in place" : "check it and list it",
                     applies ? "tocsin bundle apply 2026-11.bundle --key site.pub"
                             : "tocsin bundle show 2026-11.bundle --key site.pub",
                     applies ? +[](const BundleOptions& o) { return apply(o); } : show);
    sub->add_option("FILE", options.file, "the bundle")->required();
    sub->add_option("--key", options.key, "NAME.pub")->required();
    sub->add_flag("--json", options.as_json, "its files as JSON");
    if (!applies) continue;
    sub->add_flag("--force", options.force, "also one that is older than the one applied");
    sub->add_option("--home", options.home, "the data folder");
  }
}

}  // namespace tocsin::cli
