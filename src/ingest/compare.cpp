#include "ingest/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "base/text.h"
#include "ingest/formats.h"
#include "model/subject.h"
#include "wire/row.h"

namespace tocsin::ingest {
namespace {

// One event: what it is known by, and its fields as "name\0json\0", sorted by name.
struct Row {
  std::string key, fields;
  bool operator<(const Row& other) const {
    return key != other.key ? key < other.key : fields < other.fields;
  }
};

std::string subject_text(const Subject& subject) {
  if (subject.kind == SubjectKind::address) return ip::format(subject.ip);
  return subject.kind == SubjectKind::none ? "-" : std::string(subject.text);
}

Row row_of(const EventBatch& batch, std::size_t i, const Dictionary& words,
           const CompareOptions& options) {
  Row row;
  TimeUs time = batch.time[i] == time_none ? batch.observed[i] : batch.time[i];
  std::string when =
      time == time_none ? "-" : times::format(time - (time % us_per_s + us_per_s) % us_per_s);
  row.key = fmt::format("{} {} {}", subject_text(subject_of(batch, i)), when, name(batch.type[i]));
  wire::Row flat(batch, i, words, wire::Spelling::native);
  for (const Member& member : flat.members()) {
    if (options.ignored.contains(member.name) || always_ignored().contains(member.name)) continue;
    row.fields.append(member.name).push_back('\0');
    row.fields.append(member.json).push_back('\0');
  }
  return row;
}

struct Side {
  std::vector<Row> rows;
  std::uint64_t rejected = 0;
};

Result<Side> read_side(const CompareSide& from, const CompareOptions& options) {
  std::string format(from.format);
  if (format.empty()) format = detect_format(from.name, from.bytes);
  if (format.empty()) {
    return invalid("no format fits " + text::quote(from.name) +
                   "; name it (`tocsin formats` lists them)");
  }
  auto read = TRY(find_format(format));
  Side side;
  Dictionary words;
  auto take = [&](EventBatch& batch) -> Result<void> {
    if (side.rows.size() + batch.size() > Comparison::events_max)
      return invalid(fmt::format("more than {} events in {}: compare shorter stretches of time",
                                 Comparison::events_max, text::quote(from.name)));
    for (std::size_t i = 0; i < batch.size(); ++i)
      side.rows.push_back(row_of(batch, i, words, options));
    return {};
  };
  Sink sink(words, {.received = time_none}, take, [&](const Reject&) { ++side.rejected; });
  auto done = read({.bytes = from.bytes, .name = from.name, .received = times::now()}, sink);
  TRY(sink.finish());
  TRY(done);
  std::sort(side.rows.begin(), side.rows.end());
  return side;
}

std::string_view next(std::string_view& rest) {
  return text::cut(rest, '\0');
}

std::string shown(std::string_view json) {
  constexpr std::size_t most = 120;
  return json.size() <= most ? std::string(json) : std::string(json.substr(0, most)) + "...";
}

// The fields of one event of both sides, walked together.
void compare_fields(const Row& a, const Row& b, const CompareOptions& options, Comparison& out) {
  std::string_view rest_a = a.fields, rest_b = b.fields;
  std::string_view name_a = next(rest_a), name_b = next(rest_b);
  auto example = [&](FieldCounts& field, std::string_view in_a, std::string_view in_b) {
    if (field.examples.size() < options.examples)
      field.examples.push_back({a.key, shown(in_a), shown(in_b)});
  };
  std::map<std::string_view, std::string_view> in_b;
  for (; !name_b.empty(); name_b = next(rest_b)) in_b.emplace(name_b, next(rest_b));
  for (; !name_a.empty(); name_a = next(rest_a)) {
    std::string_view json = next(rest_a);
    FieldCounts& field = out.fields[std::string(name_a)];
    auto there = in_b.find(name_a);
    if (there == in_b.end()) {
      ++field.only_a;
      example(field, json, "");
      continue;
    }
    if (there->second == json) {
      ++field.equal;
    } else {
      ++field.differs;
      example(field, json, there->second);
    }
    in_b.erase(there);
  }
  for (auto [name, json] : in_b) {
    FieldCounts& field = out.fields[std::string(name)];
    ++field.only_b;
    example(field, "", json);
  }
}

// The rows from `at` on that have its key; `rows` are sorted.
std::span<const Row> same_key(const std::vector<Row>& rows, std::size_t at) {
  std::size_t end = at + 1;
  while (end < rows.size() && rows[end].key == rows[at].key) ++end;
  return std::span(rows).subspan(at, end - at);
}

std::size_t equal_fields(const Row& a, const Row& b) {
  std::set<std::pair<std::string_view, std::string_view>> in_a;
  std::string_view rest = a.fields;
  for (auto name = next(rest); !name.empty(); name = next(rest)) in_a.emplace(name, next(rest));
  rest = b.fields;
  std::size_t equal = 0;
  for (auto name = next(rest); !name.empty(); name = next(rest))
    equal += in_a.contains({name, next(rest)});
  return equal;
}

// Rows of one key: those that are equal as a whole belong together, then those with the most
// fields in common. Fills pairs of indices; who has none stays alone.
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(std::span<const Row> a,
                                                          std::span<const Row> b) {
  constexpr std::size_t weighed_max = 4096;  // comparisons; beyond it, by their order
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::vector<std::size_t> left_a, left_b;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    int order = i == a.size() ? 1 : j == b.size() ? -1 : a[i].fields.compare(b[j].fields);
    if (order == 0) {
      pairs.emplace_back(i++, j++);
    } else if (order < 0) {
      left_a.push_back(i++);
    } else {
      left_b.push_back(j++);
    }
  }
  struct Likeness {
    std::size_t equal, a, b;
  };
  std::vector<Likeness> all;
  bool weighed = left_a.size() * left_b.size() <= weighed_max;
  for (std::size_t one : left_a) {
    for (std::size_t other : left_b) {
      if (weighed) all.push_back({equal_fields(a[one], b[other]), one, other});
    }
  }
  for (std::size_t k = 0; !weighed && k < std::min(left_a.size(), left_b.size()); ++k)
    all.push_back({0, left_a[k], left_b[k]});
  std::ranges::stable_sort(all, std::greater(), &Likeness::equal);
  std::vector<bool> taken_a(a.size()), taken_b(b.size());
  for (const Likeness& like : all) {
    if (taken_a[like.a] || taken_b[like.b]) continue;
    taken_a[like.a] = taken_b[like.b] = true;
    pairs.emplace_back(like.a, like.b);
  }
  std::ranges::sort(pairs);
  return pairs;
}

}  // namespace

const std::set<std::string, std::less<>>& always_ignored() {
  static const std::set<std::string, std::less<>> names = {"id",
                                                           "feed.name",
                                                           "feed.code",
                                                           "feed.provider",
                                                           "feed.url",
                                                           "feed.accuracy",
                                                           "feed.documentation",
                                                           "time.observation",
                                                           "raw",
                                                           "rtir_id",
                                                           "history",
                                                           "node.controller.ip",
                                                           "node.controller.fqdn",
                                                           "node.controller.geolocation.cc",
                                                           "extra.feed_id",
                                                           "extra.feed_source"};
  return names;
}

bool Comparison::equal() const {
  return only_a == 0 && only_b == 0 && std::ranges::all_of(fields, [](const auto& field) {
           const FieldCounts& f = field.second;
           return f.differs == 0 && f.only_a == 0 && f.only_b == 0;
         });
}

Result<Comparison> compare(const CompareSide& side_a, const CompareSide& side_b,
                           const CompareOptions& options) {
  Side a = TRY(read_side(side_a, options)), b = TRY(read_side(side_b, options));
  Comparison out{
      .a = a.rows.size(), .b = b.rows.size(), .rejected_a = a.rejected, .rejected_b = b.rejected};
  auto alone = [&](const Row& row, std::uint64_t& count, std::vector<std::string>& examples) {
    ++count;
    if (examples.size() < options.examples) examples.push_back(row.key);
  };
  std::size_t i = 0, j = 0;
  while (i < a.rows.size() || j < b.rows.size()) {
    int order = i == a.rows.size()   ? 1
                : j == b.rows.size() ? -1
                                     : a.rows[i].key.compare(b.rows[j].key);
    if (order < 0) {
      alone(a.rows[i++], out.only_a, out.examples_a);
      continue;
    }
    if (order > 0) {
      alone(b.rows[j++], out.only_b, out.examples_b);
      continue;
    }
    std::span<const Row> same_a = same_key(a.rows, i), same_b = same_key(b.rows, j);
    i += same_a.size();
    j += same_b.size();
    auto pairs = pairs_of(same_a, same_b);
    out.both += pairs.size();
    std::vector<bool> paired_a(same_a.size()), paired_b(same_b.size());
    for (auto [one, other] : pairs) {
      compare_fields(same_a[one], same_b[other], options, out);
      paired_a[one] = paired_b[other] = true;
    }
    for (std::size_t k = 0; k < same_a.size(); ++k)
      if (!paired_a[k]) alone(same_a[k], out.only_a, out.examples_a);
    for (std::size_t k = 0; k < same_b.size(); ++k)
      if (!paired_b[k]) alone(same_b[k], out.only_b, out.examples_b);
  }
  return out;
}

}  // namespace tocsin::ingest
