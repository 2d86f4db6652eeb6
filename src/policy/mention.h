// Mention: does a text name an address, however it is written? Others' texts hold addresses in host
// names, URLs and sentences.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace tocsin::policy {

// Does an address that is `meant` stand anywhere in the text: with dots, colons or hyphens between
// its numbers, or percent-encoded?
bool mentions(std::string_view text, const std::function<bool(const Ip&)>& meant);

// How else names write an address, in lower case: backwards, in hexadecimal, as one number, filled
// up with zeros, as in "ip6.arpa".
std::vector<std::string> disguises(const Ip& ip);

// "%2E" as ".", for looking only.
std::string percent_decoded(std::string_view text);

}  // namespace tocsin::policy
