// Health: what the node looks at by itself, and what to do where it is wrong.
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "api/backend_node.h"
#include "api/health.h"
#include "base/text.h"
#include "base/tls.h"
#include "node/bundle.h"
#include "share/pushes.h"

namespace tocsin::api {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t location_old_days = 60, lists_old_days = 180, schema_old_days = 400;
constexpr std::int64_t certificate_days = 21;

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

std::uint64_t number_in(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return text::number(word).value_or(0);
}

// What this process may use: the machine's memory, or less where its service says so (cgroup 2).
std::uint64_t memory_limit_bytes() {
  std::ifstream info("/proc/meminfo");
  std::string word;
  std::uint64_t kilobytes = 0;
  info >> word >> kilobytes;
  std::uint64_t limit = kilobytes * 1024;
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    if (!line.starts_with("0::")) continue;
    std::uint64_t most = number_in("/sys/fs/cgroup" + line.substr(3) + "/memory.max");
    if (most > 0) limit = std::min(limit, most);
  }
  return limit;
}

// When the newest file of a folder, or the file, was written; time_none: it is not there.
TimeUs written(const std::string& path) {
  std::error_code failed;
  auto time_of = [&](const fs::path& file) -> TimeUs {
    auto at = fs::last_write_time(file, failed);
    if (failed) return time_none;
    auto since = std::chrono::file_clock::to_sys(at).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  };
  if (!fs::is_directory(path, failed)) return path.empty() ? time_none : time_of(path);
  TimeUs newest = time_none;
  for (const auto& entry : fs::recursive_directory_iterator(path, failed)) {
    if (entry.is_regular_file()) newest = std::max(newest, time_of(entry.path()));
  }
  return newest;
}

std::string days_text(std::int64_t days) {
  return text::count(static_cast<std::uint64_t>(std::max<std::int64_t>(0, days)), "day", "days");
}

// The checks as they are made.
class Checks {
 public:
  explicit Checks(Health& health) : health_(health) {}
  void add(std::string name, bool ok, std::string text, std::string what_to_do) {
    add({std::move(name), std::move(text), std::move(what_to_do), ok});
  }
  void add(HealthCheck check) {
    if (check.ok) check.what_to_do.clear();
    health_.checks.push_back(std::move(check));
  }

 private:
  Health& health_;
};

void check_disk(node::Node& node, Health& health, Checks& checks) {
  struct statvfs disk{};
  if (statvfs(node.home().c_str(), &disk) != 0) return;
  std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  std::uint64_t all = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  health.disk_free_bytes = free;
  checks.add(disk_check(free, all));
}

void check_followers(node::Node& node, Health& health, Checks& checks) {
  std::uint64_t last = node.journal().last_seq();
  for (const auto& state : node.followers().states()) {
    std::uint64_t behind = last - std::min(last, state.applied);
    FollowerRow row{.name = state.name, .seq = state.applied, .lag_s = 0.0};
    if (behind > 0) {
      auto next = node.journal().batch(state.applied + 1);
      row.lag_s.reset();
      if (next && *next) row.lag_s = static_cast<double>(node.now() - (*next)->received) / us_per_s;
    }
    bool ok = state.error.empty() && behind < node::Followers::lag_live_max / 2;
    checks.add(
        "follower " + state.name, ok,
        state.error.empty() ? text::count(behind, "batch", "batches") + " behind" : state.error,
        "look at the log; the node keeps trying, and nothing is lost meanwhile");
    health.followers.push_back(std::move(row));
  }
}

void check_alerts(node::Node& node, Checks& checks) {
  auto state = node.alerts().state();
  if (state && (state->on || !state->letters.empty())) {
    checks.add("letters", state->letters.empty(),
               fmt::format("{}", state->letters.empty() ? fmt::join(state->languages, ", ")
                                                        : fmt::join(state->letters, "; ")),
               "mend the file in HOME/letters (docs/alerts.md, Languages), then make a dry run");
  }
  if (!state || !state->on) return;
  auto of = [&](alert::AlertState s) { return state->states[static_cast<std::size_t>(s)]; };
  std::uint64_t dead = of(alert::AlertState::dead), bounced = of(alert::AlertState::bounced);
  checks.add("alerts", state->unready.empty() && dead + bounced == 0,
             state->unready.empty() ? fmt::format("{} on their way, {} given up, {} came back",
                                                  of(alert::AlertState::queued), dead, bounced)
                                    : state->unready,
             state->unready.empty()
                 ? "look at Alerts, Given up: mend the contact or the server, then send them again"
                 : "see [alert.mail] in the configuration");
}

void check_pushes(const std::vector<share::PushState>& pushes, Checks& checks) {
  for (const auto& push : pushes) {
    bool ok = push.failures == 0;
    std::string text = push.waits ? "something is on its way" : "all has arrived";
    if (!ok)
      text = fmt::format("failed {}: {}", text::count(push.failures, "time", "times"), push.error);
    checks.add("push " + push.push->name, ok, text,
               "look whether " + push.push->member +
                   " takes it in; it is tried again, and nothing is lost meanwhile");
  }
}

void check_certificate(node::Node& node, Checks& checks) {
  std::string file = node.config().certificate_file;
  if (file.empty()) file = node.home() + "/tls/node.crt";
  auto ends = tls::not_after(file);
  if (!ends && ends.error().fault == Fault::missing && node.config().certificate_file.empty())
    return;  // loopback without TLS
  if (!ends) {
    return checks.add("certificate", false, ends.error().what,
                      "name a readable certificate in [server] certificate_file");
  }
  std::int64_t days = (*ends - node.now()) / us_per_day;
  checks.add("certificate", days >= certificate_days,
             fmt::format("ends on {}, {}", times::format_day(times::day_of(*ends)),
                         *ends < node.now() ? "it is over" : "in " + days_text(days)),
             node.config().certificate_file.empty()
                 ? "remove tls/node.crt and tls/node.key in the data folder and restart: a new one "
                   "is made"
                 : "renew it, put it where [server] certificate_file says, and restart");
}

// Files that others publish: how old each is.
void check_age(const std::string& name, const std::string& path, std::int64_t old_days, TimeUs now,
               const std::string& what_to_do, Checks& checks) {
  TimeUs at = written(path);
  if (at == time_none) return;  // it is not used
  std::int64_t days = std::max<std::int64_t>(0, (now - at) / us_per_day);
  checks.add(name, days <= old_days,
             fmt::format("of {}, {} old", times::format_day(times::day_of(at)), days_text(days)),
             what_to_do);
}

}  // namespace

Health NodeBackend::health() {
  Health health;
  Checks checks(health);
  std::string waiting = node_.intake().waiting_for();
  checks.add("intake", waiting.empty(), waiting.empty() ? "takes in" : "waits: " + waiting,
             "make room on the disk; it goes on by itself, and nothing acknowledged is lost");
  if (auto paused = node_.paused()) {
    checks.add("pause", false, "paused: " + paused->why,
               "make sure that the node it was copied from does not run, then press Resume or run "
               "`tocsin resume`");
  }
  check_disk(node_, health, checks);
  check_followers(node_, health, checks);
  health.memory_bytes = resident_bytes();
  checks.add(memory_check(*health.memory_bytes, memory_limit_bytes()));
  std::size_t damaged = node_.counts().damaged().size();
  checks.add("counts", damaged == 0,
             damaged == 0 ? "whole" : text::count(damaged, "day is", "days are") + " not whole",
             "look at the log; what can be is counted anew from the events");
  for (std::string name : {"counts", "findings"}) {
    auto begins = node_.journal().value("begins." + name);
    if (!begins || begins->empty()) continue;
    checks.add(
        name + " begin", true,
        "made anew from the events that arrived from " + *begins + " on; older ones were dropped",
        "");
  }
  check_alerts(node_, checks);
  if (auto all = pushes()) check_pushes(*all, checks);
  check_certificate(node_, checks);
  NodeInfo node = info();
  checks.add(
      "location database", !node.geo_date.empty() && node.geo_age_days <= location_old_days,
      node.geo_date.empty()
          ? "none"
          : fmt::format("of {}, {} old", node.geo_date, days_text(node.geo_age_days)),
      "install Debian's package `location` and run `location update`, apply a newer bundle, or "
      "name a newer one in [enrich]");
  const auto& enrich = node_.config().enrich;
  auto lists = enrich.find("warninglists");
  check_age("known-good lists", lists == enrich.end() ? "" : lists->second, lists_old_days,
            node_.now(), "fetch the warning lists anew, or apply a newer bundle", checks);
  std::string schema = node_.home() + "/shadowserver-schema.json";
  if (written(schema) == time_none) schema = node::in_bundle(node_.home(), node::bundle_schema);
  check_age("report schema", schema, schema_old_days, node_.now(),
            "run `tocsin feeds update`, or apply a newer bundle", checks);
  health.ready = waiting.empty();
  return health;
}

}  // namespace tocsin::api
