// Request mail: requests to those who are no members, sent by mail through the channel that alerts
// have. What goes is written and cleared when it is sent.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "alert/channel.h"
#include "alert/settings.h"
#include "policy/clearance.h"
#include "share/requests.h"
#include "store/findings.h"

namespace tocsin::node {

class RequestMail {
 public:
  struct Parts {
    const store::Findings& findings;  // outlives it
    alert::Settings settings;
    policy::Rules rules;
    std::string node, home;  // the node's name; where secrets are
    bool simulated = false;  // everything is made up: nothing is ever sent
    std::function<TimeUs()> now;
  };
  explicit RequestMail(Parts parts) : parts_(std::move(parts)) {}

  // Could it be sent as it is? Errors: denied (what may not be told, a simulated node), invalid (an
  // address that is none, no way to send).
  Result<void> may(const share::Request& request) const;
  // Sends what is due. One thread. Errors: those of the store.
  Result<void> send_due(share::Requests& requests, const std::stop_token& stop);

  std::string domain() const;  // of Message-Ids

 private:
  Result<policy::Outgoing> written(const share::Request& request) const;

  Parts parts_;
  std::unique_ptr<alert::Sending> way_;
};

}  // namespace tocsin::node
