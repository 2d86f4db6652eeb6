// Subject: what an event is about: the address, host name, URL or account that counts and findings
// are kept for. docs/statistics.md has the same table in words. Source: DESIGN D5, D6.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ip.h"
#include "model/batch.h"
#include "model/country.h"
#include "model/taxonomy.h"

namespace tocsin {

enum class SubjectKind : std::uint8_t { none, address, name, url, account };
std::string_view name(SubjectKind kind);  // "ip", "name", "url", "account"; "" for none

// Which of the things that an end may carry names the subject of a type.
enum class SubjectOrder : std::uint8_t {
  address,  // address, else host name, else URL
  site,     // host name (that of the URL where there is no other), else URL, else address
  account,  // account, else as `address`
};
SubjectOrder subject_order(Type type);

struct Subject {
  SubjectKind kind = SubjectKind::none;
  bool at_destination = false;  // the end it stands at
  Ip ip;                        // if it is an address
  std::string_view text;        // if it is a name, URL or account; a view into the batch
};

// The end of a row that is the affected one. c2-server and dga-domain: the source, which is the
// controller. Else the end whose role is `affected`; the source where both or neither is.
bool subject_at_destination(Type type, Roles roles);

// Kind none, if that end carries nothing that names a subject.
Subject subject_of(const EventBatch& batch, std::size_t row);

// Country and AS of the end at which the subject stands; 0: not known.
struct SubjectPlace {
  Country country;
  std::uint32_t asn = 0;
};
SubjectPlace place_of(const EventBatch& batch, std::size_t row);

// Do subjects of this type answer to a controller, known or not: infected systems, and whatever a
// report gives a controller for?
bool is_steered(Type type, Roles roles);

// The controller of the row's subject, only where the feed says so or a join found it.
struct Controller {
  bool known = false;
  bool joined = false;  // it stands in the columns `joined` and not at an end of the event
  bool at_destination = false;
  Country country;  // may be unknown though the controller is known
};
Controller controller_of(const EventBatch& batch, std::size_t row);

}  // namespace tocsin
