// Constituents and alerts of a node, for the API.
#include "api/backend_node.h"

namespace tocsin::api {
namespace {

constexpr auto routed_within = std::chrono::seconds(30);

}  // namespace

std::shared_ptr<const alert::Directory> NodeBackend::constituents() {
  return node_.alerts().book().directory();
}

Result<alert::ImportPlan> NodeBackend::import_constituents(std::string_view bytes,
                                                           const alert::ImportWish& wish) {
  return node_.alerts().import(bytes, wish);
}

Result<void> NodeBackend::remove_constituent(std::uint64_t id) {
  return node_.alerts().book().remove(id);
}

Result<alert::AlertsState> NodeBackend::alerts_state() {
  return node_.alerts().state();
}

Result<std::vector<alert::AlertRow>> NodeBackend::alerts(const alert::Outbox::Ask& ask) {
  return node_.alerts().outbox().list(ask);
}

Result<alert::Preview> NodeBackend::preview_alert(std::uint64_t id) {
  return node_.alerts().preview_of(id);
}

Result<alert::Preview> NodeBackend::preview_constituent(std::uint64_t id) {
  node_.wait_visible(routed_within, "route");
  return node_.alerts().preview_for(id);
}

Result<alert::Explained> NodeBackend::explain_alert(const Hash128& finding) {
  node_.wait_visible(routed_within, "route");
  return node_.alerts().explain(finding);
}

std::vector<std::string> NodeBackend::morning() {
  return node_.alerts().morning();
}

Result<alert::DryRun> NodeBackend::dry_run_alerts(const std::string& user) {
  node_.wait_visible(routed_within, "route");
  return node_.alerts().dry_run(user);
}

Result<void> NodeBackend::switch_alerts(bool on, const std::string& user) {
  return on ? node_.alerts().switch_on(user) : node_.alerts().switch_off(user);
}

Result<alert::RunOutcome> NodeBackend::run_alerts(bool all) {
  if (auto paused = node_.paused()) return denied("the node is paused: " + paused->why);
  node_.wait_visible(routed_within, "route");
  return node_.alerts().run(all);
}

Result<std::uint64_t> NodeBackend::replay_alerts(const std::vector<std::uint64_t>& ids) {
  return node_.alerts().replay(ids);
}

Result<std::vector<alert::AlertRow>> NodeBackend::bounce_alert(std::string_view mail) {
  return node_.alerts().bounce(mail);
}

}  // namespace tocsin::api
