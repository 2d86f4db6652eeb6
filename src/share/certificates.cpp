#include "share/certificates.h"

#include <algorithm>

#include "base/text.h"

namespace tocsin::share {
namespace {

// "TIME\nPIN PIN": since when the first is the newest.
constexpr std::string_view told_key = "share.pins_told";

struct Told {
  TimeUs since = 0;
  std::vector<std::string> pins{};
};

Result<Told> read_told(std::string_view text) {
  Told told;
  if (text.empty()) return told;
  told.since = TRY(times::parse(text::cut(text, '\n')));
  told.pins = TRY(pins_of(text));
  return told;
}

}  // namespace

std::unique_ptr<Certificates> Certificates::open(Parts parts) {
  auto made = std::unique_ptr<Certificates>(new Certificates(std::move(parts)));
  auto hear = [self = made.get()](const Partner& from, const Statement& s) {
    return self->hear(from, s);
  };
  made->parts_.partners.hears("certificate", std::move(hear));
  return made;
}

Result<bool> Certificates::work() {
  auto self = parts_.partners.self();
  if (!self || self->pins.empty()) return false;  // no certificate, or no key to say it with
  std::string text = TRY(parts_.journal.value(told_key));
  Told told = TRY(read_told(text));
  TimeUs now = parts_.now();
  std::vector<std::string> pins = self->pins;
  bool is_fresh = told.pins.empty() || told.pins.front() != pins.front();
  TimeUs since = is_fresh ? now : told.since;
  // What was the newest until now goes on for a while; who joins is told the newest alone.
  if (is_fresh && !told.pins.empty()) pins.push_back(told.pins.front());
  if (!is_fresh && now < told.since + overlap) pins = told.pins;
  if (!is_fresh && pins == told.pins) return false;
  auto book = parts_.partners.book();
  std::vector<std::string> members;
  for (const auto& [member, partner] : book->all()) members.push_back(member);
  bool first = told.pins.empty();
  if (!first) TRY(parts_.partners.say(members, "certificate", {{"pins", pins_text(pins)}}, {}));
  TRY(parts_.journal.keep_value(told_key, times::format(since) + "\n" + pins_text(pins)));
  return !first;
}

Result<void> Certificates::hear(const Partner& from, const Statement& s) const {
  if (s.kind != "certificate")
    return invalid("this node does not know what " + text::quote(s.kind) + " is");
  auto pins = TRY(pins_of(s["pins"]));
  if (pins.empty()) return invalid("no pin in it");
  return parts_.partners.take_pins(from.profile.member, std::move(pins));
}

}  // namespace tocsin::share
