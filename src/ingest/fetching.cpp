#include "ingest/fetching.h"

#include <unistd.h>

namespace tocsin::ingest {

Spool::~Spool() {
  unlink(path_.c_str());
}

Result<Route> route_for(const Feed& feed, CollectorContext& context) {
  Route route;
  route.allow_private = yes(feed, "allow_private");
  route.proxy = feed.option("proxy");
  route.ca_file = feed.option("ca_file");
  route.client_certificate = feed.option("client_certificate");
  route.client_key = feed.option("client_key");
  if (auto name = feed.option("client_key_password_secret"); !name.empty()) {
    route.client_key_password = TRY(context.secret(name));
  }
  route.pins = list(feed, "pins");
  route.resolve = list(feed, "resolve");
  route.size_max_bytes = number(feed, "size_max_bytes", route.size_max_bytes);
  auto seconds = [&](std::string_view option, std::uint32_t otherwise_ms) {
    return static_cast<std::uint32_t>(number(feed, option, otherwise_ms / 1000) * 1000);
  };
  route.connect_timeout_ms = seconds("connect_timeout_s", route.connect_timeout_ms);
  route.total_timeout_ms = seconds("timeout_s", route.total_timeout_ms);
  route.stop = context.stop();
  return route;
}

Result<fetch::Request> request_for(const Feed& feed, CollectorContext& context) {
  fetch::Request request;
  request.route = TRY(route_for(feed, context));
  request.contact = feed.option("contact");
  request.tries_max = static_cast<unsigned>(number(feed, "tries_max", request.tries_max));
  return request;
}

Result<void> hand_over(CollectorContext& context, Delivery delivery) {
  auto receipt = context.deliver(std::move(delivery));
  if (receipt || receipt.error().fault == Fault::invalid) return {};
  return std::unexpected(std::move(receipt).error());
}

}  // namespace tocsin::ingest
