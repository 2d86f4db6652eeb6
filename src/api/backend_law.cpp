// The law's questions to a node, for the API.
#include <fmt/format.h>

#include "api/backend_node.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

ErasureRow row_of(const node::Erasure& e) {
  ErasureRow out{.id = fmt::format("x_{}", e.id), .by = e.by, .reason = e.reason};
  out.state = e.state;
  out.events = e.events;
  out.days = e.days;
  out.texts = e.texts;
  out.raw = e.raw;
  out.files = e.files;
  out.copies = e.copies;
  out.left = e.left;
  out.at = e.at;
  return out;
}

HoldRow row_of(const node::Hold& h) {
  HoldRow out{.id = fmt::format("h_{}", h.id), .kind = h.kind, .what = h.what};
  out.reason = h.reason;
  out.by = h.by;
  out.lifted_by = h.lifted_by;
  out.at = h.at;
  out.lifted = h.lifted;
  return out;
}

}  // namespace

Result<TracesRow> NodeBackend::traces(const std::string& value) {
  auto t = TRY(node_.law().show(value));
  TracesRow out{.value = t.value.text, .kind = std::string(node::name(t.value.kind))};
  out.events = t.events;
  out.findings = t.findings;
  out.quarantine = t.quarantine;
  out.days = t.days;
  out.waiting = t.waiting;
  for (auto& one : t.told) out.told.push_back({one.what, one.whom, one.where, one.at});
  out.first = t.first;
  out.last = t.last;
  for (auto report : t.reports) out.reports.push_back(fmt::format("r_{}", report));
  out.raw = std::move(t.raw);
  for (auto hold : t.holds) out.holds.push_back(fmt::format("h_{}", hold));
  for (const auto& [table, count] : t.texts) out.texts.emplace_back(table, count);
  out.erased = t.erased;
  return out;
}

Result<void> NodeBackend::export_subject(
    const std::string& value, const std::function<Result<void>(std::string_view json)>& line) {
  return node_.law().export_to(value, line);
}

Result<ErasureRow> NodeBackend::erase_subject(const std::string& value, const std::string& reason,
                                              const std::string& user) {
  return row_of(TRY(node_.law().erase(value, reason, user)));
}

Result<std::vector<ErasureRow>> NodeBackend::erasures() {
  auto all = TRY(node_.law().erasures());
  std::vector<ErasureRow> rows;
  for (const auto& one : all) rows.push_back(row_of(one));
  return rows;
}

Result<std::vector<HoldRow>> NodeBackend::holds() {
  auto all = TRY(node_.law().holds());
  std::vector<HoldRow> rows;
  for (const auto& one : all) rows.push_back(row_of(one));
  return rows;
}

Result<HoldRow> NodeBackend::hold(HoldRow hold) {
  return row_of(TRY(node_.law().hold({.kind = std::move(hold.kind),
                                      .what = std::move(hold.what),
                                      .reason = std::move(hold.reason),
                                      .by = std::move(hold.by)})));
}

Result<HoldRow> NodeBackend::lift_hold(const std::string& id, const std::string& user) {
  auto number = id.starts_with("h_") ? text::number(std::string_view(id).substr(2)) : std::nullopt;
  if (!number) return missing("no hold " + text::quote(id));
  return row_of(TRY(node_.law().lift(*number, user)));
}

}  // namespace tocsin::api
