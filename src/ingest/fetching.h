// Fetching: what the collectors that speak HTTP or IMAP have in common: options, secrets, the way
// out.
#pragma once

#include <array>

#include "base/fetch.h"
#include "ingest/collector.h"
#include "ingest/options.h"

namespace tocsin::ingest {

// How the connection is made. `contact`, `proxy` and `ca_file` have the node's as default.
inline constexpr std::array route_options = std::to_array<Option>({
    {"allow_private", OptionKind::yes_no, "may connect to private and loopback addresses"},
    {"proxy", OptionKind::url, "http, https or socks5 proxy"},
    {"ca_file", OptionKind::path, "PEM file of the certificate authorities to trust instead"},
    {"client_certificate", OptionKind::path, "PEM file"},
    {"client_key", OptionKind::path, "PEM file"},
    {"client_key_password_secret", OptionKind::secret, "the key's password"},
    {"pins", OptionKind::list,
     "SHA-256 of public keys, of which the server's certificate must have one; it then needs no "
     "authority"},
    {"resolve", OptionKind::list, "name:port:address, instead of asking DNS"},
    {.name = "size_max_bytes",
     .kind = OptionKind::number,
     .help = "of one delivery, unpacked; 4 GiB",
     .least = 1,
     .most = std::uint64_t{4} << 30},
    {.name = "connect_timeout_s",
     .kind = OptionKind::number,
     .help = "20",
     .least = 1,
     .most = 600},
    {.name = "timeout_s",
     .kind = OptionKind::number,
     .help = "of one transfer; 1800",
     .least = 1,
     .most = 86'400},
    {.name = "tries_max",
     .kind = OptionKind::number,
     .help = "in one run; 4",
     .least = 1,
     .most = 10},
    {"contact", OptionKind::text, "in the user agent, so that a provider can ask"},
});

// Errors: those of the secrets.
Result<Route> route_for(const Feed& feed, CollectorContext& context);

// Everything but the URL and the spool file: route, contact, tries.
Result<fetch::Request> request_for(const Feed& feed, CollectorContext& context);

// Hands a delivery over; one that cannot be read is in quarantine, and all is well.
// Errors: unavailable: nothing can be taken in now.
Result<void> hand_over(CollectorContext& context, Delivery delivery);

// A spool file that goes when the delivery is over.
class Spool {
 public:
  explicit Spool(CollectorContext& context) : path_(context.spool_path()) {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tocsin::ingest
