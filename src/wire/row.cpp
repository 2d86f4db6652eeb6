#include "wire/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "model/field.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t own_members_usual = 40;  // columns that can be set at once
constexpr std::size_t depth_max = 16;

// '.' before every other byte.
bool before(std::string_view a, std::string_view b) {
  std::size_t n = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < n; ++i) {
    if (a[i] == b[i]) continue;
    if (a[i] == '.' || b[i] == '.') return a[i] == '.';
    return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
  }
  return a.size() < b.size();
}

std::string_view tlp_1(Tlp tlp) {
  switch (tlp) {
    case Tlp::clear:
      return "WHITE";
    case Tlp::green:
      return "GREEN";
    case Tlp::amber:
    case Tlp::amber_strict:
      return "AMBER";
    case Tlp::red:
      return "RED";
    case Tlp::unmarked:
      break;
  }
  return "";
}

// A time as IntelMQ writes it, of ours. Source: IntelMQ documentation, "Data Format", DateTime.
std::string intelmq_time(std::string text) {
  if (text.ends_with('Z')) text.replace(text.size() - 1, 1, "+00:00");
  return text;
}

constexpr std::string_view intelmq_unauthorised_use = "unauthorized-use-of-resources";

bool is_native_only(std::string_view name) {
  constexpr auto names = std::to_array<std::string_view>(
      {"id", "roles.source", "roles.destination", "controller_reason", "sector", "exercise",
       "history"});
  return std::ranges::find(names, name) != names.end();
}

// What stands at one level of the nested object: a value, or several members below.
struct Child {
  std::string_view key;
  std::span<const Member> members;
  bool value;
};

std::vector<Child> children(std::span<const Member> members, std::size_t skip, std::size_t depth) {
  std::vector<Child> out;
  for (std::size_t i = 0; i < members.size();) {
    std::string_view rest = members[i].name.substr(skip);
    std::size_t dot = depth < depth_max ? rest.find('.', 1) : std::string_view::npos;
    std::string_view key = rest.substr(0, dot);
    std::size_t last = i + 1;
    while (last < members.size()) {
      std::string_view other = members[last].name.substr(skip);
      if (!other.starts_with(key) || other.size() <= key.size() || other[key.size()] != '.') break;
      ++last;
    }
    if (dot != std::string_view::npos) {
      out.push_back({key, members.subspan(i, last - i), false});
      i = last;
      continue;
    }
    // A value: what goes on below it stays dotted.
    std::size_t stop = depth < depth_max ? last : i + 1;
    for (; i < stop; ++i)
      out.push_back({members[i].name.substr(skip), members.subspan(i, 1), true});
  }
  auto by_key = [](const Child& a, const Child& b) { return a.key < b.key; };
  if (!std::ranges::is_sorted(out, by_key)) std::ranges::sort(out, by_key);
  return out;
}

void append_object(std::string& out, std::span<const Member> members, std::size_t skip,
                   std::size_t depth) {
  out += '{';
  bool first = true;
  for (const Child& child : children(members, skip, depth)) {
    if (!first) out += ',';
    first = false;
    out.append("\"").append(child.key).append("\":");
    if (child.value) {
      out += child.members[0].json;
    } else {
      append_object(out, child.members, skip + child.key.size() + 1, depth + 1);
    }
  }
  out += '}';
}

}  // namespace

Row::Row(const EventBatch& batch, std::size_t row, const Dictionary& words, Spelling spelling) {
  members_.reserve(own_members_usual);
  for (const Member& m : Members(batch.text(batch.extra[row]))) {
    auto field = spelling == Spelling::intelmq ? field_named(m.name) : std::nullopt;
    if (field && kind_of(*field) == Kind::time) {
      add_text(m.name, intelmq_time(json_text(m.json)));
    } else {
      members_.push_back(m);
    }
  }
  columns(batch, row, words, spelling);
  std::ranges::stable_sort(members_,
                           [](const Member& a, const Member& b) { return before(a.name, b.name); });
  // The report's value stands first and stays.
  auto repeated = std::ranges::unique(members_, {}, &Member::name);
  members_.erase(repeated.begin(), repeated.end());
}

// What columns() spells otherwise, and what IntelMQ has no field for.
Row::Row(std::span<const Member> members, Spelling spelling) {
  members_.reserve(members.size());
  for (const Member& m : members) {
    bool native = spelling == Spelling::native;
    auto field = native ? std::nullopt : field_named(m.name);
    if (field && kind_of(*field) == Kind::time) {
      add_text(m.name, intelmq_time(json_text(m.json)));
    } else if (!native && m.name == "tlp") {
      add_text(m.name, tlp_1(tlp_named(json_text(m.json)).value_or(Tlp::red)));
    } else if (!native && m.name == "classification.type" &&
               type_named(json_text(m.json)) == Type::unauthorised_use_of_resources) {
      add_text(m.name, intelmq_unauthorised_use);
    } else if (native || !is_native_only(m.name)) {
      members_.push_back(m);
    }
  }
}

std::string Row::text(std::string_view name) const {
  for (const Member& m : members_) {
    if (m.name == name) return json_text(m.json);
  }
  return {};
}

void Row::add(std::string_view name, std::string json) {
  members_.push_back({name, owned_.emplace_back(std::move(json))});
}

void Row::add_text(std::string_view name, std::string_view text) {
  if (text.empty()) return;
  std::string json;
  json::append_string(json, text);
  add(name, std::move(json));
}

void Row::add_time(std::string_view name, TimeUs time, Spelling spelling) {
  if (time == time_none) return;
  std::string text = times::format(time);
  add_text(name, spelling == Spelling::intelmq ? intelmq_time(std::move(text)) : text);
}

void Row::end(const EventBatch& batch, const EndColumns& e, std::size_t row, bool source) {
  auto named = [source](std::string_view a, std::string_view b) { return source ? a : b; };
  if (!e.ip[row].empty()) add_text(named("source.ip", "destination.ip"), ip::format(e.ip[row]));
  if (e.port[row] != 0) {
    add(named("source.port", "destination.port"), fmt::to_string(e.port[row]));
  }
  if (e.asn[row] != 0) add(named("source.asn", "destination.asn"), fmt::to_string(e.asn[row]));
  add_text(named("source.geolocation.cc", "destination.geolocation.cc"), e.country[row].text());
  add_text(named("source.fqdn", "destination.fqdn"), batch.text(e.name[row]));
  add_text(named("source.url", "destination.url"), batch.text(e.url[row]));
}

void Row::columns(const EventBatch& b, std::size_t row, const Dictionary& words,
                  Spelling spelling) {
  bool native = spelling == Spelling::native;
  std::string_view type = name(b.type[row]);
  if (!native && b.type[row] == Type::unauthorised_use_of_resources) {
    type = intelmq_unauthorised_use;
  }
  add_text("classification.type", type);
  add_text("classification.taxonomy", name(class_of(b.type[row])));
  add_text("classification.identifier", words.word(b.identifier[row]));
  add_text("malware.name", words.word(b.family[row]));
  add_text("severity", name(b.severity[row]));
  add_text("tlp", native ? name(b.tlp[row]) : tlp_1(b.tlp[row]));
  add_text("protocol.transport", name(b.transport[row]));
  add_time("time.source", b.time[row], spelling);
  add_time("time.observation", b.observed[row], spelling);
  add_text("feed.name", words.word(b.feed));
  add_text("feed.code", words.word(b.report_type));
  end(b, b.source, row, true);
  end(b, b.destination, row, false);
  add_text("source.account", b.text(b.account[row]));
  if (b.controller_reason[row] == ControllerReason::join) {
    std::string_view joined = words.word(b.joined[row]);
    add_text(ip::parse(joined) ? "node.controller.ip" : "node.controller.fqdn", joined);
    add_text("node.controller.geolocation.cc", b.joined_country[row].text());
  }
  if (!native) return;
  if (b.seq != 0) add("id", fmt::format("\"e_{}\"", b.id(row)));
  if (b.roles[row].source != Role::unknown) add_text("roles.source", name(b.roles[row].source));
  if (b.roles[row].destination != Role::unknown) {
    add_text("roles.destination", name(b.roles[row].destination));
  }
  if (b.controller_reason[row] != ControllerReason::unknown) {
    add_text("controller_reason", name(b.controller_reason[row]));
  }
  add_text("sector", words.word(b.sector[row]));
  if ((b.flags[row] & flag_exercise) != 0) add("exercise", "true");
  if (is_history(b, row)) add("history", "true");
}

void append_nested(std::string& out, const std::vector<Member>& members) {
  append_object(out, members, 0, 0);
}

}  // namespace tocsin::wire
