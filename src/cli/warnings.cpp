// tocsin warnings: what is rising.
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct WarningsOptions {
  std::string home;
  bool all = false, as_json = false;
};

Result<void> show(WarningsOptions options) {
  if (options.home.empty()) options.home = default_home();
  auto caller = TRY(Caller::open(options.home));
  return print_list(
      caller,
      {.path = "/warnings", .query = {{"state", options.all ? "all" : ""}, {"limit", "1000"}}},
      {"id", "severity", "state", "opened", ">observed", ">expected", "text"}, options.as_json);
}

}  // namespace

void add_warnings(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("warnings", "what is rising, with its evidence");
  verb->footer("Example: tocsin warnings --json");
  static WarningsOptions options;
  verb->add_flag("--all", options.all, "also those that were closed a short while ago");
  verb->add_option("--home", options.home, "the data folder");
  verb->add_flag("--json", options.as_json, "as JSON lines");
  verb->callback([&chosen] {
    chosen = [] {
      auto shown = show(options);
      return shown ? done : fail(shown.error());
    };
  });
}

}  // namespace tocsin::cli
