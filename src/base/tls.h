// The node's own certificate: made when it is to listen beyond loopback and none was given.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tocsin::tls {

// Writes a new P-256 key (mode 0600) and a self-signed certificate for ten years, for host names
// and addresses. Errors: unavailable, if a file cannot be written.
Result<void> make_self_signed(const std::string& certificate_file, const std::string& key_file,
                              const std::vector<std::string>& names);

// SHA-256 of the certificate, "AB:CD:…", for people to compare. Errors: missing, invalid.
Result<std::string> fingerprint(const std::string& certificate_file);

// SHA-256 of its public key, 64 hexadecimal digits: what a pin holds. Errors: missing, invalid.
// Source: RFC 7469 section 2.4.
Result<std::string> public_key_pin(const std::string& certificate_file);

// When the certificate ends. Errors: missing, invalid.
Result<TimeUs> not_after(const std::string& certificate_file);

}  // namespace tocsin::tls
