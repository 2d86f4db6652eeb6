#include "share/inbox.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "share/taxii_query.h"
#include "wire/stix_words.h"

namespace tocsin::share {
namespace {

constexpr std::array steps = {
    "CREATE TABLE inbox_statuses (id TEXT PRIMARY KEY, member TEXT NOT NULL, done INTEGER NOT NULL,"
    " said TEXT NOT NULL) STRICT;"
    "CREATE INDEX inbox_by_age ON inbox_statuses (done);"
    "CREATE INDEX inbox_by_member ON inbox_statuses (member);"};
constexpr std::size_t message_max = 400, id_max = 200;  // octets

using Items = std::vector<TaxiiStatus::Item>;

// Source: RFC 9562 section 5.4.
std::string random_uuid() {
  std::array<unsigned char, 16> octets{};
  randombytes_buf(octets.data(), octets.size());
  octets[6] = static_cast<unsigned char>((octets[6] & 0x0fu) | 0x40u);
  octets[8] = static_cast<unsigned char>((octets[8] & 0x3fu) | 0x80u);
  std::string text = hex({reinterpret_cast<const char*>(octets.data()), octets.size()});
  for (int at : {20, 16, 12, 8}) text.insert(static_cast<std::size_t>(at), "-");
  return text;
}

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return std::string(text.substr(0, most)) + "...";
}

// One object of the request: what a status calls it, and which others it tells of as one event.
struct Posted {
  std::string id, version;
  std::vector<std::string> observables;  // of an observed-data
};

Posted described(simdjson::dom::parser& parser, std::string_view json, std::size_t place,
                 TimeUs now) {
  Posted out;
  simdjson::dom::object object;
  if (!parser.parse(json.data(), json.size()).get(object)) {
    std::string_view id = wire::stix_text(object, "id");
    if (id.size() <= id_max && wire::is_stix_id(id)) out.id = id;
    for (std::string_view name : {"modified", "created"}) {
      std::string_view version = wire::stix_text(object, name);
      if (out.version.empty() && wire::stix_time(version)) out.version = version;
    }
    simdjson::dom::array refs;
    if (wire::stix_text(object, "type") == "observed-data" &&
        !object.at_key("object_refs").get(refs)) {
      for (simdjson::dom::element ref : refs) {
        std::string_view text;
        if (!ref.get(text)) out.observables.emplace_back(text);
      }
    }
  }
  if (out.id.empty()) out.id = fmt::format("objects[{}]", place);  // it has none
  if (out.version.empty()) out.version = taxii_time(now);
  return out;
}

void write(json::Writer& w, std::string_view name, const Items& items) {
  w.key(name).list();
  for (const auto& item : items)
    w.list().value(item.id).value(item.version).value(item.message).end();
  w.end();
}

std::string text_of(const TaxiiStatus& status) {
  json::Writer w;
  w.object();
  write(w, "failures", status.failures);
  w.member("requested", status.requested);
  write(w, "successes", status.successes);
  return w.end().take();
}

Result<TaxiiStatus> read(std::string id, std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  TaxiiStatus out{.id = std::move(id)};
  auto items = [&](std::string_view name, Items& into) {
    simdjson::dom::array list, one;
    if (root.at_key(name).get(list)) return false;
    for (simdjson::dom::element item : list) {
      std::string_view said[3];
      if (item.get(one)) return false;
      for (std::size_t i = 0; i < 3; ++i) {
        if (one.at(i).get(said[i])) return false;
      }
      into.push_back({std::string(said[0]), std::string(said[1]), std::string(said[2])});
    }
    return true;
  };
  if (parser.parse(text.data(), text.size()).get(root) ||
      root.at_key("requested").get(out.requested) || !items("failures", out.failures) ||
      !items("successes", out.successes))
    return invalid("damaged journal: a status of the inbox");
  return out;
}

}  // namespace

Result<std::unique_ptr<Inbox>> Inbox::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "inbox", steps));
  return std::unique_ptr<Inbox>(new Inbox(std::move(parts), std::move(tables)));
}

// Also drops what is too old to be asked for.
Result<void> Inbox::expect_room(const std::string& member) {
  TimeUs now = parts_.now();
  {
    std::lock_guard guard(mutex_);
    auto found = refused_.find(member);
    bool today = found != refused_.end() && found->second.day == now / us_per_day;
    if (today &&
        (found->second.objects >= refused_max || found->second.bytes >= refused_bytes_max)) {
      return unavailable(
          fmt::format("too much of what came today was refused: more is looked at on {} (UTC)",
                      times::format_day(times::day_of(now) + 1)));
    }
  }
  std::uint64_t bytes = 0;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto old = TRY(db.prepare("DELETE FROM inbox_statuses WHERE done < ?"));
    TRY(old.bind(1, now - status_age).run());
    auto sum = TRY(
        db.prepare("SELECT coalesce(sum(length(said)), 0) FROM inbox_statuses WHERE member = ?"));
    if (TRY(sum.bind(1, member).step())) bytes = static_cast<std::uint64_t>(sum.number(0));
    return {};
  };
  TRY(tables_.write(look));
  if (bytes < statuses_bytes_max) return {};
  return unavailable("too many statuses of requests are kept: come back in some hours");
}

Result<void> Inbox::keep(const std::string& member, const TaxiiStatus& status) const {
  auto insert = [&](store::Sqlite& db) -> Result<void> {
    auto row = TRY(db.prepare("INSERT INTO inbox_statuses VALUES (?, ?, ?, ?)"));
    return row.bind(1, status.id)
        .bind(2, member)
        .bind(3, parts_.now())
        .bind(4, text_of(status))
        .run();
  };
  return tables_.write(insert);
}

Result<TaxiiStatus> Inbox::take(const std::string& member,
                                const std::vector<std::string_view>& objects) {
  TRY(parts_.may_take(member));
  TRY(expect_room(member));
  TaxiiStatus status{.id = random_uuid(), .requested = parts_.now()};
  std::vector<std::size_t> lines;  // where each begins
  std::string envelope = "{\"objects\":[";
  std::size_t line = 2;
  for (std::string_view object : objects) {
    lines.push_back(line);
    line += static_cast<std::size_t>(std::ranges::count(object, '\n')) + 1;
    envelope.append(lines.size() == 1 ? "\n" : ",\n").append(object);
  }
  envelope += "\n]}\n";
  std::map<std::size_t, std::string> refused;  // by place
  TRY(parts_.take_in(member, std::move(envelope), [&](std::size_t at, std::string_view why) {
    auto next = std::ranges::upper_bound(lines, at);
    if (next == lines.begin()) return;
    refused.try_emplace(static_cast<std::size_t>(next - lines.begin()) - 1,
                        shortened(text::printable(why), message_max));
  }));
  simdjson::dom::parser parser;
  std::vector<Posted> posted;
  // The observables of an event share its fate.
  std::unordered_set<std::string_view> taken, lost;
  for (std::size_t i = 0; i < objects.size(); ++i)
    posted.push_back(described(parser, objects[i], i, status.requested));
  for (std::size_t i = 0; i < objects.size(); ++i) {
    auto& into = refused.contains(i) ? lost : taken;
    into.insert(posted[i].observables.begin(), posted[i].observables.end());
  }
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Posted& one = posted[i];
    auto why = refused.find(i);
    TaxiiStatus::Item item{.id = one.id, .version = one.version, .message = {}};
    if (why != refused.end()) {
      item.message = std::move(why->second);
    } else if (lost.contains(one.id) && !taken.contains(one.id)) {
      item.message = "the observed-data that refers to it was refused";
    }
    if (!item.message.empty()) bytes += objects[i].size();
    auto& into = item.message.empty() ? status.successes : status.failures;
    into.push_back(std::move(item));
  }
  {
    std::lock_guard guard(mutex_);
    Day& today = refused_[member];
    if (today.day != status.requested / us_per_day) today = {.day = status.requested / us_per_day};
    today.objects += status.failures.size();
    today.bytes += bytes;
  }
  TRY(keep(member, status));
  if (parts_.taken) TRY(parts_.taken(member, status));
  return status;
}

Result<TaxiiStatus> Inbox::status(const std::string& member, const std::string& id) const {
  std::string said;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(
        db.prepare("SELECT said FROM inbox_statuses WHERE id = ? AND member = ? AND done >= ?"));
    select.bind(1, id).bind(2, member).bind(3, parts_.now() - status_age);
    if (TRY(select.step())) said = select.text(0);
    return {};
  };
  TRY(tables_.read(look));
  if (said.empty()) return missing("no status " + text::quote(id));
  return read(id, said);
}

}  // namespace tocsin::share
