// tocsin version: what this program is.
#include "base/version.h"

#include <cstdio>

#include "cli/verbs.h"

namespace tocsin::cli {

void add_version(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("version", "print the version");
  verb->footer("Example: tocsin version");
  verb->callback([&chosen] {
    chosen = [] {
      std::printf("tocsin %s\n", std::string(version()).c_str());
      return done;
    };
  });
}

}  // namespace tocsin::cli
