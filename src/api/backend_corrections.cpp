// Corrections of a node, for the API.
#include <fmt/format.h>

#include <filesystem>

#include "api/backend_node.h"
#include "base/text.h"
#include "node/replace.h"

namespace tocsin::api {
namespace {

std::string report_name(std::uint64_t id) {
  return id == 0 ? std::string() : fmt::format("r_{}", id);
}

WithdrawalRow row_of(const node::Withdrawal& w) {
  WithdrawalRow out{.report = report_name(w.report), .by = w.by, .reason = w.reason};
  out.replaced_by = report_name(w.replaced_by);
  out.at = w.at;
  out.events = w.events;
  out.days = w.days;
  out.seq = w.seq;
  for (auto other : w.others) out.others.push_back(report_name(other));
  for (const auto& told : w.told) out.told.push_back({told.what, told.whom, told.where, told.at});
  out.already = w.already;
  out.visible = w.visible;
  return out;
}

}  // namespace

Result<WithdrawalRow> NodeBackend::withdraw(const std::string& report, const std::string& reason,
                                            const std::string& user) {
  std::uint64_t id = TRY(report_id(report));
  return row_of(TRY(node_.corrections().withdraw({.report = id, .reason = reason, .by = user})));
}

Result<std::optional<WithdrawalRow>> NodeBackend::withdrawal(const std::string& report) {
  std::uint64_t id = TRY(report_id(report));
  auto found = TRY(node_.corrections().withdrawal(id));
  if (!found) return std::optional<WithdrawalRow>();
  return std::optional(row_of(*found));
}

Result<Replacement> NodeBackend::replace(ReplaceAsk ask) {
  node::Replace wanted{.report = TRY(report_id(ask.report)),
                       .reason = std::move(ask.reason),
                       .by = std::move(ask.user),
                       .format = std::move(ask.format)};
  if (!ask.tlp.empty()) {
    wanted.tlp = tlp_named(ask.tlp);
    if (!wanted.tlp) return invalid("not a TLP label: " + text::quote(ask.tlp));
  }
  wanted.may_widen = ask.may_widen;
  wanted.name = std::move(ask.name);
  wanted.bytes = std::move(ask.bytes);
  wanted.path = std::move(ask.path);
  auto done = TRY(node::replace(node_, std::move(wanted)));
  auto row = TRY(node_.journal().report(done.report));
  if (!row) return missing("no report " + report_name(done.report));
  return Replacement{report_row(*row), row_of(done.withdrawal)};
}

Result<RawBytes> NodeBackend::raw(const std::string& report) {
  std::uint64_t id = TRY(report_id(report));
  auto row = TRY(node_.journal().report(id));
  if (!row) return missing("no report " + text::quote(report));
  // The file lives as long as the answer that reads it.
  struct Removed {
    std::string path;
    ~Removed() {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  };
  auto file = std::make_shared<Removed>(node_.intake().spool_path());
  TRY(node_.raw().unpack(row->sha256, file->path));
  std::string name = std::filesystem::path(row->name).filename().string();
  return RawBytes{name.empty() ? report_name(row->id) : name, file->path, file};
}

}  // namespace tocsin::api
