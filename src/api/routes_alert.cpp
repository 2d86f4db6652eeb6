// Routes: constituents, alerts.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

namespace {

constexpr std::uint64_t file_max = 64 << 20, mail_max = 16 << 20;

std::vector<Route> constituent_routes() {
  return {
      {"GET", "/api/v1/constituents", Right::read, list_constituents, "listConstituents",
       "The organisations that this node looks after, by name.",
       with({{"q", text,
              "a part of a name, sector or contact; an address, AS number or host name: "
              "whose it is"}},
            paged),
       "ConstituentList"},
      {"GET",
       "/api/v1/constituents/{id}",
       Right::read,
       show_constituent,
       "showConstituent",
       "One constituent.",
       {},
       "Constituent"},
      {"DELETE",
       "/api/v1/constituents/{id}",
       Right::agree,
       remove_constituent,
       "removeConstituent",
       "Forgets a constituent; nothing more is told to it.",
       {},
       "",
       "",
       quick,
       json_max,
       204},
      {"POST",
       "/api/v1/constituents/import",
       Right::agree,
       import_constituents,
       "importConstituents",
       "Takes in constituents from CSV or JSON (docs/alerts.md), or says what would change.",
       {{"dry", choice, "yes: change nothing", "yes|no"},
        {"replace", choice, "yes: those that are not in the file go", "yes|no"},
        {"skip_wrong", choice, "yes: take the good ones although others are wrong", "yes|no"}},
       "ImportPlan",
       "bytes",
       bulk,
       file_max},
      {"GET",
       "/api/v1/constituents/export",
       Right::read,
       export_constituents,
       "exportConstituents",
       "All of them as a file that can be imported.",
       {{"format", choice, "csv if not said", "csv|json"}},
       "text",
       "",
       bulk,
       0,
       200,
       "text/csv"},
  };
}

std::vector<Route> outbox_routes() {
  return {
      {"GET", "/api/v1/alerts", Right::read, list_alerts, "listAlerts",
       "Messages that were or are to be sent, newest first.",
       with({{"state", choice, "only in this state", "queued|sent|dead|withheld|bounced"},
             {"constituent", text, "only to this one"}},
            paged),
       "AlertList"},
      {"GET",
       "/api/v1/alerts/state",
       Right::read,
       show_alerts_state,
       "showAlertsState",
       "Whether alerts are on, and what waits.",
       {},
       "AlertsState"},
      {"GET",
       "/api/v1/alerts/{id}",
       Right::work,
       preview_alert,
       "previewAlert",
       "One message as it would be written now.",
       {},
       "AlertPreview"},
      {"GET",
       "/api/v1/constituents/{id}/preview",
       Right::work,
       preview_constituent,
       "previewConstituent",
       "What would be sent to a constituent now.",
       {},
       "AlertPreview"},
      {"GET",
       "/api/v1/findings/{id}/alert",
       Right::read,
       explain_alert,
       "explainAlert",
       "Who is told of a finding, by which asset, which fields, and why or why not.",
       {},
       "AlertExplanation"},
      {"GET",
       "/api/v1/alerts/morning",
       Right::read,
       show_morning,
       "showMorning",
       "The team's morning mail as it would be now.",
       {},
       "Morning"},
  };
}

std::vector<Route> sending_routes() {
  return {
      {"POST",
       "/api/v1/alerts/dry-run",
       Right::work,
       dry_run_alerts,
       "dryRunAlerts",
       "What would be sent now. Sends nothing; needed before alerts can be switched on.",
       {},
       "DryRun",
       "",
       bulk,
       json_max},
      {"POST",
       "/api/v1/alerts/switch",
       Right::agree,
       switch_alerts,
       "switchAlerts",
       "Switches sending on or off.",
       {},
       "AlertsState",
       "SwitchWish",
       quick,
       json_max},
      {"POST",
       "/api/v1/alerts/run",
       Right::agree,
       run_alerts,
       "runAlerts",
       "Sends what is due now instead of waiting.",
       {{"all", choice, "yes: today's digests too, whatever the hour", "yes|no"}},
       "RunOutcome",
       "",
       bulk,
       json_max},
      {"POST",
       "/api/v1/alerts/replay",
       Right::work,
       replay_alerts,
       "replayAlerts",
       "Queues dead, withheld and bounced messages again.",
       {},
       "ReplayedAlerts",
       "AlertPick",
       quick,
       json_max},
      {"POST",
       "/api/v1/alerts/bounce",
       Right::work,
       bounce_alert,
       "bounceAlert",
       "Takes in a delivery report (RFC 3464) that a mail server sent back.",
       {},
       "AlertList",
       "bytes",
       quick,
       mail_max},
  };
}

}  // namespace

std::vector<Route> alert_routes() {
  std::vector<Route> all;
  for (auto part : {constituent_routes, outbox_routes, sending_routes}) {
    for (Route& route : part()) all.push_back(std::move(route));
  }
  return all;
}

}  // namespace tocsin::api
