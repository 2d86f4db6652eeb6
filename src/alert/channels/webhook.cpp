// webhook: letters as signed JSON by HTTPS POST.
//
// X-Tocsin-Signature is "sha256=" and the HMAC-SHA-256 over the timestamp, a dot and the body, in
// hexadecimal. The receiver refuses what is older than five minutes by X-Tocsin-Timestamp, and an
// X-Tocsin-Delivery that it has had. Source: docs/alerts.md; RFC 2104.
#include <fmt/format.h>

#include "alert/channel.h"
#include "base/fetch.h"
#include "base/hmac.h"
#include "base/secret.h"
#include "base/time.h"

namespace tocsin::alert {
namespace {

class Hook final : public Sending {
 public:
  explicit Hook(const ChannelSetup& setup) : setup_(setup) {}

  Delivery send(const policy::Outgoing& letter) override {
    const HookSettings& settings = setup_.settings.webhook;
    auto key = secret::read(settings.secret, setup_.home);
    if (!key) return {Delivery::Result::closed, key.error().what};
    std::string at = std::to_string(times::now() / us_per_s);
    fetch::Request request{.url = letter.recipient().address, .post = letter.bytes()};
    request.headers = {
        {"X-Tocsin-Timestamp", at},
        {"X-Tocsin-Delivery", letter.id()},
        {"X-Tocsin-Signature", "sha256=" + hex(hmac_sha256(*key, at + "." + letter.bytes()))}};
    request.route.allow_private = settings.allow_private;
    request.route.ca_file = settings.ca_file;
    request.route.total_timeout_ms = 60'000;
    request.route.size_max_bytes = 1 << 20;
    request.route.stop = setup_.stop;
    request.redirects_max = 0;
    request.tries_max = 1;  // the outbox tries again
    auto answer = fetch::get(request);
    if (!answer) {
      bool passing = answer.error().fault == Fault::unavailable;
      return {passing ? Delivery::Result::later : Delivery::Result::never, answer.error().what};
    }
    auto good = fetch::expect_success(*answer, answer->url);
    if (good && answer->status < 300)
      return {Delivery::Result::done, fmt::format("taken ({})", answer->status)};
    if (good) return {Delivery::Result::never, fmt::format("answered {}", answer->status)};
    bool passing = good.error().fault == Fault::unavailable;
    return {passing ? Delivery::Result::later : Delivery::Result::never, good.error().what};
  }

 private:
  ChannelSetup setup_;
};

}  // namespace

Channel webhook() {
  return {.summary = "JSON by HTTPS POST, signed with HMAC-SHA-256",
          .way_each = true,
          .takes = [](std::string_view contact) { return contact.starts_with("https://"); },
          .unready = [](const Settings&) { return std::string(); },
          .open = [](const ChannelSetup& setup) -> std::unique_ptr<Sending> {
            return std::make_unique<Hook>(setup);
          }};
}

}  // namespace tocsin::alert
