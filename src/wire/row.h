// Row: one event as a sorted list of flat names and JSON values, which the dialects print.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"
#include "model/dictionary.h"
#include "model/members.h"

namespace tocsin::wire {

enum class Spelling : std::uint8_t {
  native,   // times end in Z; TLP 2.0; RSIT's type names
  intelmq,  // times end in +00:00; TLP 1.0 in capitals; IntelMQ's type names
};

// The members of row `row`, sorted by name with '.' before all other bytes, so that names with a
// common path stand together. Views live as long as the Row and the batch.
class Row {
 public:
  Row(const EventBatch& batch, std::size_t row, const Dictionary& words, Spelling spelling);
  // Of members that are sorted and spelled natively already, in another spelling.
  Row(std::span<const Member> members, Spelling spelling);

  const std::vector<Member>& members() const { return members_; }
  // The value of a member as text; "" if there is none.
  std::string text(std::string_view name) const;

 private:
  void columns(const EventBatch& batch, std::size_t row, const Dictionary& words,
               Spelling spelling);
  void end(const EventBatch& batch, const EndColumns& end, std::size_t row, bool source);
  void add(std::string_view name, std::string json);
  void add_text(std::string_view name, std::string_view text);
  void add_time(std::string_view name, TimeUs time, Spelling spelling);

  std::vector<Member> members_;
  std::deque<std::string> owned_;  // views into it stay
};

// Appends the members from `first` on as one nested JSON object. A name is split at its dots. Where
// a prefix of a name is itself a name with a value, the rest of the longer name stays dotted beside
// it: "extra.a" and "extra.a.b" become {"extra":{"a":1,"a.b":2}}.
void append_nested(std::string& out, const std::vector<Member>& members);

}  // namespace tocsin::wire
