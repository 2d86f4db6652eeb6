// Misp event: many events that may go to one member as one event of MISP, with their attributes.
//
// Nothing in it follows from anything but what its reader may know; its numbers are texts, as in
// MISP's own feeds. docs/misp.md says what becomes of what.
// Source: misp-core-format Internet-Draft (November 2025), sections 2.2 to 2.6 and 4.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/sharing.h"
#include "model/taxonomy.h"
#include "policy/agreement.h"
#include "wire/misp.h"

namespace tocsin::share {

struct MispHead {
  std::string uuid, info;
  std::string organisation, organisation_uuid;  // whose it is: Orgc
  Day day = 0;
  Type type = Type::undetermined;
  Tlp tlp = Tlp::unmarked;
  Distribution distribution = Distribution::organisation;
};

// The least that the marking and the agreement allow.
Distribution misp_distribution(Tlp tlp, policy::Onward onward);

struct MispLine : wire::MispAttribute {
  TimeUs first = 0, last = 0;  // when it was seen
  TimeUs added = 0;            // when the newest of what it stands for came in
  bool deleted = false;
};
// In an event of MISP, or with `event` beside it, as searches for attributes give it.
std::string misp_json(const MispLine& line, const MispHead* event = nullptr);

class MispEvent {
 public:
  MispEvent(MispHead head, std::string node_namespace)
      : head_(std::move(head)), namespace_(std::move(node_namespace)) {}

  // Of `added` in the order in which they go. A value that is there already is not written twice.
  void add(const wire::Row& event, std::string_view handle, TimeUs added);
  // One that was given and is withdrawn: nothing of what it said is left.
  void recall(std::string_view handle, TimeUs at);

  const MispHead& head() const { return head_; }
  const std::vector<MispLine>& lines() const { return lines_; }
  std::string content() const;  // the members but for the timestamp: changes when anything does
  // {"Event":{...}}
  std::string json(std::int64_t timestamp_s) const;

 private:
  std::string uuid_of(std::string_view handle, std::size_t place) const;

  MispHead head_;
  std::string namespace_;
  std::vector<MispLine> lines_;
  std::map<std::pair<std::string, std::string>, std::size_t> by_value_;
};

std::vector<std::string> misp_tag_names(const MispHead& head);
// The same as MISP has them, a list of objects.
std::string misp_tags(const MispHead& head);
// MD5 of each part of a value, as hashes.csv has them. Hexadecimal.
std::vector<std::string> misp_hashes(const wire::MispAttribute& attribute);

}  // namespace tocsin::share
