// [alert] and [policy] of the configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alert/settings.h"
#include "base/ip.h"
#include "base/toml_table.h"

namespace tocsin::node {

// What is wrong goes to `problems`. Absent tables leave the defaults.
void read_alert(const toml::table& root, alert::Settings& settings, TomlProblems& problems);
void read_policy(const toml::table& root, std::vector<Network>& sensors, TomlProblems& problems);

// The commented tables of a new configuration.
std::string_view alert_template();

}  // namespace tocsin::node
