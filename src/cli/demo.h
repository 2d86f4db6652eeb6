// Demo: a small network of three members on one machine, each a node of its own with a made-up
// world; the third one's law lets no address go abroad.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tocsin::cli {

struct DemoMember {
  std::string id, name, country, home;
  std::uint16_t port = 0;
  std::uint64_t seed = 1;
  std::optional<double> scale{};  // of its world; absent: the demo's
};

// The network whose first member lives in `home`; made once: keys, acquaintance, agreements that
// both sides have signed. `port`: of the first one; 0 or less: any free one.
// Errors: those of the journal, partners and agreements.
Result<std::vector<DemoMember>> demo_network(const std::string& home, int port);

// The file that names the feeds of HOME/demo, a made-up world; made once.
Result<std::string> demo_world(const DemoMember& member);

// Another member's node as a process that ends with this one. What it prints first is its link.
struct DemoNode {
  pid_t pid = 0;
  std::string link;
};
Result<DemoNode> start_demo_node(const DemoMember& member);

}  // namespace tocsin::cli
