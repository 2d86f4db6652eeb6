// Corrections: reports that are taken back, replaced, read anew; and their bytes.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/mapped_file.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::size_t reason_max = 1000;

Result<std::string> reason_of(std::string reason) {
  if (text::trim(reason).empty()) return invalid("say the reason: it is kept with the correction");
  if (reason.size() > reason_max) return invalid("a reason has at most 1,000 octets");
  return reason;
}

// What became of a report, told to open pages too.
void tell(Context& context, const std::string& id) {
  if (auto row = context.backend.report(id)) context.live.report(id, object_of(*row).text());
}

Answer replaced(Context& context, const Call& call, ReplaceAsk ask) {
  ask.may_widen = call.caller.may(Right::agree);
  auto done = TRY(context.backend.replace(std::move(ask)));
  tell(context, done.withdrawal.report);
  tell(context, done.report.id);
  return answered(
      call,
      Object().add("report", object_of(done.report)).add("withdrawal", object_of(done.withdrawal)));
}

}  // namespace

Answer withdraw_report(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "reason"));
  std::string given = TRY(body.text("reason"));
  std::string reason = TRY(reason_of(std::move(given)));
  const std::string& id = call.path.at("id");
  auto done = TRY(context.backend.withdraw(id, reason, call.caller.user));
  tell(context, id);
  return answered(call, object_of(done));
}

Answer replay_report(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "reason|format|tlp"));
  ReplaceAsk ask{.report = call.path.at("id"), .user = call.caller.user};
  std::string given = TRY(body.text("reason"));
  ask.reason = TRY(reason_of(std::move(given)));
  std::string format = TRY(body.text("format"));
  ask.format = TRY(format_of(call, std::move(format)));
  ask.tlp = TRY(body.text("tlp"));
  return replaced(context, call, std::move(ask));
}

Answer replace_report(Context& context, const Call& call) {
  const Params& params = call.params;
  if (call.request.body.empty() && call.request.body_path.empty())
    return invalid("what takes its place is empty");
  ReplaceAsk ask{.report = call.path.at("id"), .user = call.caller.user};
  ask.reason = TRY(reason_of(params.text("reason")));
  ask.format = TRY(format_of(call, params.text("format")));
  ask.tlp = params.text("tlp");
  ask.name = params.text("name");
  ask.bytes = call.request.body;
  ask.path = call.request.body_path;
  return replaced(context, call, std::move(ask));
}

Answer show_raw(Context& context, const Call& call) {
  auto raw = TRY(context.backend.raw(call.path.at("id")));
  struct State {
    RawBytes raw;
    MappedFile file;
    std::size_t at = 0;
  };
  auto file = TRY(MappedFile::open(raw.path));
  auto state = std::make_shared<State>(State{std::move(raw), std::move(file)});
  std::string name;
  for (char c : state->raw.name) {
    bool plain = c > ' ' && c < 127 && c != '"' && c != '\\' && c != '/' && c != ';';
    name += plain ? c : '_';
  }
  http::Response response{
      .headers = {{"Content-Type", "application/octet-stream"},
                  {"Content-Disposition", "attachment; filename=\"" + name + "\""},
                  {"Cache-Control", "no-store"}}};
  response.pieces = [state](std::string& out) -> Result<bool> {
    constexpr std::size_t piece_bytes = 256 * 1024;
    std::string_view piece = state->file.bytes().substr(state->at, piece_bytes);
    out = piece;
    state->at += piece.size();
    return state->at < state->file.bytes().size();
  };
  return response;
}

}  // namespace tocsin::api
