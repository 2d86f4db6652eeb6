// Audited: what the audit gets to know of a call, and the one place where calls are written down.
//
// A call that changes something is written before it is handled; a download, and an answer that
// shows something marked above AMBER, before the answer leaves. Where that cannot be written, the
// call fails. What is refused is written by a thread of its own, bounded and the same ones counted
// together, so that a flood of refusals costs neither time nor disk.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "api/routes.h"
#include "store/audit.h"

namespace tocsin::api {

// Who and where from, for rows of the audit.
store::AuditAct act_of(const Call& call);
// The same with the call, what it is done to, and its parameters without secrets.
store::AuditAct act_of(const Route& route, const Call& call);

// Members whose names say that they hold a secret are left out; long texts are cut, long lists
// counted. Not JSON: {"bytes":N}.
std::string details_of(const http::Request& request);

// Handles a call as its route says, with its rows in the audit.
Result<http::Response> handle_audited(Context& context, const Route& route, Call& call);

// Refused calls on their way to the audit. Any thread.
class Refusals {
 public:
  static constexpr std::size_t kinds_max = 100;  // in one flush
  static constexpr TimeUs nobody_every = 60 * us_per_s, known_every = us_per_s;

  void add(store::AuditAct act, std::string_view outcome);
  // Writes what is due: refusals of callers that are known each second, of others each minute.
  Result<void> flush(store::Audit& audit, TimeUs now, bool all = false);

 private:
  struct Kind {
    store::AuditAct act{};
    std::string outcome{};
    std::uint64_t times = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Kind> known_, nobody_;
  std::uint64_t known_more_ = 0, nobody_more_ = 0;  // that found no place
  TimeUs known_at_ = 0, nobody_at_ = 0;
};

}  // namespace tocsin::api
