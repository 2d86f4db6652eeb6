#include "share/misp_event.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/uuid.h"

namespace tocsin::share {
namespace {

constexpr std::size_t recalled_lines = 4;  // as most events have at most

std::string seconds(TimeUs time) {
  return std::to_string(time / us_per_s);
}

// MISP's own spelling; some of its readers know no Z.
std::string stamp(TimeUs time) {
  return fmt::format("{}.{:06}+00:00", times::format(time / us_per_s * us_per_s).substr(0, 19),
                     time % us_per_s);
}

std::string_view colour(Tlp tlp) {
  switch (tlp) {
    case Tlp::clear:
      return "#ffffff";
    case Tlp::green:
      return "#339900";
    case Tlp::amber:
    case Tlp::amber_strict:
      return "#ffc000";
    default:
      return "#cc0033";
  }
}

std::string md5(std::string_view text) {
  std::array<unsigned char, 16> out{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_md5(), nullptr);
  return hex({reinterpret_cast<const char*>(out.data()), size});
}

}  // namespace

Distribution misp_distribution(Tlp tlp, policy::Onward onward) {
  if (onward == policy::Onward::none || onward == policy::Onward::with_consent)
    return Distribution::organisation;
  if (tlp == Tlp::clear) return Distribution::all;
  return tlp == Tlp::green ? Distribution::community : Distribution::organisation;
}

std::vector<std::string> misp_tag_names(const MispHead& head) {
  // Unmarked counts as red.
  return {fmt::format("rsit:{}=\"{}\"", name(class_of(head.type)), name(head.type)),
          fmt::format("tlp:{}", head.tlp == Tlp::unmarked ? "red" : name(head.tlp))};
}

std::string misp_tags(const MispHead& head) {
  json::Writer w;
  w.list();
  for (const std::string& tag : misp_tag_names(head)) {
    w.object().member("colour", tag.starts_with("tlp:") ? colour(head.tlp) : "#0088cc");
    w.member("name", tag).end();
  }
  return w.end().take();
}

std::string misp_json(const MispLine& line, const MispHead* event) {
  json::Writer w;
  w.object().member("category", line.category).member("comment", line.comment);
  w.member("deleted", line.deleted).member("disable_correlation", false);
  w.member("distribution", "5");  // as the event
  if (event != nullptr) {
    w.key("Event").object().member("date", times::format_day(event->day));
    w.member("info", event->info).member("uuid", event->uuid).end();
    w.member("event_uuid", event->uuid);
  }
  if (line.first != 0 && !line.deleted) {
    w.member("first_seen", stamp(line.first)).member("last_seen", stamp(line.last));
  }
  w.member("timestamp", seconds(line.added)).member("to_ids", line.to_ids);
  w.member("type", line.type).member("uuid", line.uuid).member("value", line.value);
  return w.end().take();
}

std::string MispEvent::uuid_of(std::string_view handle, std::size_t place) const {
  return wire::uuid5(namespace_, fmt::format("misp attribute\n{}\n{}", handle, place));
}

void MispEvent::add(const wire::Row& event, std::string_view handle, TimeUs added) {
  auto seen = times::parse(event.text("time.source"));
  if (!seen) seen = times::parse(event.text("time.observation"));
  std::string family = event.text("malware.name");
  std::size_t place = 0;
  for (wire::MispAttribute& one : wire::misp_of_event(event)) {
    std::string uuid = uuid_of(handle, place++);
    auto [known, is_new] = by_value_.emplace(std::pair(one.type, one.value), lines_.size());
    if (is_new) {
      MispLine line{std::move(one)};
      line.uuid = std::move(uuid);
      if (!family.empty() && line.type != "malware-type") line.comment += "; " + family;
      line.first = line.last = seen.value_or(0);
      line.added = added;
      lines_.push_back(std::move(line));
      continue;
    }
    MispLine& line = lines_[known->second];
    line.added = std::max(line.added, added);
    line.to_ids = line.to_ids || one.to_ids;
    if (!seen) continue;
    line.first = line.first == 0 ? *seen : std::min(line.first, *seen);
    line.last = std::max(line.last, *seen);
  }
}

void MispEvent::recall(std::string_view handle, TimeUs at) {
  for (std::size_t place = 0; place < recalled_lines; ++place) {
    MispLine line;
    line.type = "text", line.category = "Other", line.value = "withdrawn";
    line.uuid = uuid_of(handle, place);
    line.added = at;
    line.deleted = true;
    lines_.push_back(std::move(line));
  }
}

std::string MispEvent::content() const {
  json::Writer w;
  w.object().key("Event").object().key("Attribute").list();
  for (const MispLine& line : lines_) w.raw(misp_json(line));
  w.end().key("Object").list().end();
  w.key("Orgc").object().member("name", head_.organisation);
  w.member("uuid", head_.organisation_uuid).end();
  w.key("Tag").raw(misp_tags(head_)).member("analysis", "2");
  w.member("date", times::format_day(head_.day));
  w.member("distribution", std::to_string(static_cast<int>(head_.distribution)));
  w.member("info", head_.info).member("published", true).member("threat_level_id", "4");
  w.member("uuid", head_.uuid).end().end();
  return w.take();
}

std::string MispEvent::json(std::int64_t timestamp_s) const {
  std::string out = content();
  std::string times = fmt::format(R"(,"publish_timestamp":"{0}","timestamp":"{0}")", timestamp_s);
  return out.insert(out.size() - 2, times);
}

// Source: PyMISP, MISPAttribute.hash_values.
std::vector<std::string> misp_hashes(const wire::MispAttribute& attribute) {
  std::vector<std::string> out;
  if (!attribute.type.contains('|')) return {md5(attribute.value)};
  for (std::string_view rest = attribute.value; !rest.empty();)
    out.push_back(md5(text::cut(rest, '|')));
  return out;
}

}  // namespace tocsin::share
