// STIX 2.1: an event as a small bundle. Source: OASIS STIX Version 2.1.
#pragma once

#include "wire/dialect.h"

namespace tocsin::wire {

// Observables and an observed-data object that refers to them; for what is known to be malicious
// (controllers, malware and phishing sites, block-list entries) an indicator too. All ids follow
// from the content. Markings are those of TLP 2.0.
void append_stix(std::string& out, const EventBatch& batch, std::size_t row,
                 const Dictionary& words);

}  // namespace tocsin::wire
