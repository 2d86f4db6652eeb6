// Questions to the findings: conditions as scans of columns, pages by a bounded heap, summaries.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "store/findings.h"
#include "store/findings_judged.h"

namespace tocsin::store {
namespace {

// Ands `holds(i)` into the mask; the compiler makes vectors of the simple ones.
template <class F>
void keep(std::vector<std::uint8_t>& mask, bool negated, F holds) {
  auto flip = static_cast<std::uint8_t>(negated);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    mask[i] = static_cast<std::uint8_t>(mask[i] & (static_cast<std::uint8_t>(holds(i)) ^ flip));
  }
}

// One test of a number against all alternatives.
bool number_holds(const Condition& c, std::int64_t number) {
  for (const FilterValue& v : c.any) {
    bool holds = false;
    switch (v.match) {
      case Match::any:
        holds = number != 0;
        break;
      case Match::none:
        holds = number == 0;
        break;
      default:
        switch (c.compare) {
          case Compare::equal:
            holds = v.end != 0 ? number >= v.number && number < v.end : number == v.number;
            break;
          case Compare::less:
            holds = number < v.number;
            break;
          case Compare::less_equal:
            holds = number <= v.number;
            break;
          case Compare::greater:
            holds = number > v.number;
            break;
          case Compare::greater_equal:
            holds = number >= v.number;
            break;
        }
    }
    if (holds) return true;
  }
  return false;
}

// A condition on a small number (an enum, a class) as a table of 256 answers.
template <class Column, class ToNumber>
void keep_small(std::vector<std::uint8_t>& mask, const Condition& c, const Column& column,
                ToNumber number) {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    table[i] = number_holds(c, number(static_cast<typename Column::value_type>(i)));
  }
  keep(mask, c.negated, [&](std::size_t i) { return table[static_cast<std::size_t>(column[i])]; });
}

template <class Column, class ToNumber>
void keep_number(std::vector<std::uint8_t>& mask, const Condition& c, const Column& column,
                 ToNumber number) {
  if (c.any.size() == 1 && c.any[0].match == Match::exact && c.compare == Compare::equal &&
      c.any[0].end == 0) {
    std::int64_t wanted = c.any[0].number;
    keep(mask, c.negated, [&](std::size_t i) { return number(column[i]) == wanted; });
  } else {
    keep(mask, c.negated, [&](std::size_t i) { return number_holds(c, number(column[i])); });
  }
}

// The ids of a dictionary's words that fit, sorted.
template <class Text>
std::vector<std::uint32_t> fitting(const Condition& c, std::uint32_t last, Text text) {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t id = 0; id <= last; ++id) {
    std::string word = text::lower(text(id));
    Condition plain = c;
    plain.negated = false;
    if (holds(plain, std::string_view(word))) ids.push_back(id);
  }
  return ids;
}

void keep_ids(std::vector<std::uint8_t>& mask, bool negated, const std::vector<std::uint32_t>& ids,
              const std::vector<std::uint32_t>& column) {
  if (ids.size() == 1) {
    std::uint32_t id = ids[0];
    keep(mask, negated, [&](std::size_t i) { return column[i] == id; });
  } else {
    keep(mask, negated, [&](std::size_t i) { return std::ranges::binary_search(ids, column[i]); });
  }
}

void keep_address(std::vector<std::uint8_t>& mask, const Condition& c, const FindingChunk& chunk) {
  std::vector<std::uint8_t> any(mask.size(), 0);
  for (const FilterValue& v : c.any) {
    Ip first = v.network.base, last = v.network.last();
    std::uint64_t h1 = first.high(), h2 = last.high(), l1 = first.low(),
                  width = last.low() - first.low();
    for (std::size_t i = 0; i < any.size(); ++i) {
      bool holds = false;
      if (v.match == Match::any || v.match == Match::none) {
        holds = (chunk.kind[i] == SubjectKind::address) == (v.match == Match::any);
      } else if (h1 == h2) {
        holds = chunk.high[i] == h1 && chunk.low[i] - l1 <= width;
      } else {
        holds = chunk.high[i] >= h1 && chunk.high[i] <= h2;
      }
      any[i] = static_cast<std::uint8_t>(any[i] | static_cast<std::uint8_t>(holds));
    }
  }
  keep(mask, c.negated, [&](std::size_t i) { return any[i]; });
}

void keep_kind(std::vector<std::uint8_t>& mask, const Condition& c,
               const std::vector<std::uint8_t>& flags) {
  keep(mask, c.negated, [&](std::size_t i) {
    return std::ranges::any_of(c.any, [&](const FilterValue& v) {
      if (v.match == Match::any) return true;
      bool exercise = (flags[i] & flag_exercise) != 0;
      switch (static_cast<Is>(v.number)) {
        case Is::exercise:
          return exercise;
        case Is::history:
          return (flags[i] & flag_history) != 0;
        case Is::real:
          return !exercise;
      }
      return false;
    });
  });
}

constexpr auto plain = [](auto value) { return static_cast<std::int64_t>(value); };
constexpr auto micros = [](std::uint32_t s) { return static_cast<std::int64_t>(s) * us_per_s; };

}  // namespace

// Conditions that look at words of a dictionary are prepared once per question: see prepare().
struct Prepared {
  const Condition* condition;
  std::vector<std::uint32_t> ids{};
  bool any = false, none = false;  // of controllers: known or not, whether or not it has a name
};

void Findings::test(const Condition& c, const FindingChunk& chunk, Mask& out) const {
  switch (c.field) {
    case FilterField::ip:
      return keep_address(out, c, chunk);
    case FilterField::asn:
      return keep_number(out, c, chunk.asn, plain);
    case FilterField::country:
      return keep_number(out, c, chunk.country, [](Country k) { return std::int64_t{k.code}; });
    case FilterField::controller_country:
      return keep_number(out, c, chunk.controller_country,
                         [](Country k) { return std::int64_t{k.code}; });
    case FilterField::type:
      return keep_small(out, c, chunk.type, plain);
    case FilterField::klass:
      return keep_small(out, c, chunk.type, [](Type t) {
        return static_cast<std::size_t>(t) < types_count ? static_cast<std::int64_t>(class_of(t))
                                                         : -1;
      });
    case FilterField::severity:
      return keep_small(out, c, chunk.severity, plain);
    case FilterField::tlp:
      return keep_small(out, c, chunk.tlp, plain);
    case FilterField::is:
      return keep_kind(out, c, chunk.flags);
    case FilterField::state:
      return keep_small(out, c, chunk.state, [](State s) { return static_cast<std::int64_t>(s); });
    case FilterField::port:
      return keep_number(out, c, chunk.port, plain);
    case FilterField::times:
      return keep_number(out, c, chunk.times, plain);
    case FilterField::first:
      return keep_number(out, c, chunk.first, micros);
    case FilterField::last:
      return keep_number(out, c, chunk.last, micros);
    case FilterField::verdict:
    case FilterField::assigned:
    case FilterField::tag:
    case FilterField::in_case:
    case FilterField::mark:
    case FilterField::followed:
      return;  // see findings_judged.cpp
    default:
      break;
  }
  keep(out, false, [](std::size_t) { return false; });  // url and hash: only events have them
}

namespace {

bool by_word(FilterField field) {
  using enum FilterField;
  return field == name || field == family || field == identifier || field == feed ||
         field == controller || field == url || field == sector;
}

void prepare_controller(Prepared& p, const Names& names) {
  auto fits = [&](std::string_view text) {
    return std::ranges::any_of(p.condition->any, [&](const FilterValue& v) {
      if (v.match == Match::any || v.match == Match::none) return false;
      if (v.network.length == 0) return holds(Condition{.any = {v}}, text);
      auto ip = ip::parse(text);
      return ip && v.network.contains(*ip);
    });
  };
  for (const FilterValue& v : p.condition->any) {
    p.any = p.any || v.match == Match::any;
    p.none = p.none || v.match == Match::none;
  }
  for (std::uint32_t id = 1; id <= names.size(); ++id) {
    if (fits(names.text(id))) p.ids.push_back(id);
  }
}

}  // namespace

void Findings::mask(const Filter& filter, const FindingChunk& chunk, Mask& out) const {
  out.assign(chunk.size(), 1);
  if (!asks_for_exercises(filter)) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (chunk.flags[i] & flag_exercise) == 0;
  }
  for (const Condition& c : filter.all) {
    if (!by_word(c.field)) test(c, chunk, out);
  }
}

namespace {

bool is_judged(FilterField field) {
  return Triage::keeps(field) || field == FilterField::mark;
}

}  // namespace

// The scan: calls row(chunk number, row) for every finding that the filter keeps, in the order of
// the table, until it gives false.
template <class F>
void Findings::scan(const Filter& filter, F row, std::uint32_t first_chunk) const {
  std::vector<Prepared> prepared;
  auto word = [&](std::uint32_t id) { return words_.word(id); };
  auto name = [&](std::uint32_t id) { return names_.text(id); };
  std::vector<JudgedTest> judged;
  for (const Condition& c : filter.all) {
    if (is_judged(c.field)) judged.push_back(judged_test(c));
    if (!by_word(c.field)) continue;
    Prepared p{&c};
    if (c.field == FilterField::feed) {
      auto ids = fitting(c, words_.last(), word);
      for (std::uint32_t set = 0; set < feed_sets_.size(); ++set) {
        bool hit = std::ranges::any_of(
            feed_sets_[set], [&](WordId id) { return std::ranges::binary_search(ids, id); });
        if (hit) p.ids.push_back(set);
      }
    } else if (c.field == FilterField::controller) {
      prepare_controller(p, names_);
    } else if (c.field == FilterField::name || c.field == FilterField::url) {
      bool exact =
          std::ranges::all_of(c.any, [](const FilterValue& v) { return v.match == Match::exact; });
      if (exact) {
        for (const FilterValue& v : c.any) {
          if (std::uint32_t id = names_.find(v.text)) p.ids.push_back(id);
        }
        std::ranges::sort(p.ids);
      } else {
        p.ids = fitting(c, names_.size(), name);
      }
    } else {
      p.ids = fitting(c, words_.last(), word);
    }
    prepared.push_back(std::move(p));
  }
  Mask kept;
  for (std::uint32_t n = first_chunk; n < chunks_.size(); ++n) {
    const FindingChunk& chunk = *chunks_[n];
    mask(filter, chunk, kept);
    for (const Prepared& p : prepared) {
      using enum FilterField;
      FilterField f = p.condition->field;
      const auto& column = f == feed         ? chunk.feeds
                           : f == controller ? chunk.controller
                           : f == family     ? chunk.family
                           : f == identifier ? chunk.identifier
                           : f == sector     ? chunk.sector
                                             : chunk.name;
      if (p.any || p.none) {
        keep(kept, p.condition->negated, [&](std::size_t i) {
          bool known = chunk.reason[i] != ControllerReason::unknown;
          return known ? p.any || std::ranges::binary_search(p.ids, column[i]) : p.none;
        });
        continue;
      }
      keep_ids(kept, p.condition->negated, p.ids, column);
    }
    for (const JudgedTest& test : judged) keep_judged(test, n, kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i] && !row(n, i)) return;
    }
  }
}

namespace {

// What a page is ordered by: the sort's value, then the place in the table, so that a cursor is
// exact. What has changed since the first page comes after all others (tier).
struct Rank {
  std::uint64_t tier, value;
  std::uint32_t index;
  auto operator<=>(const Rank&) const = default;
};

// Where a page ended, and when the first one was made.
struct Cursor {
  Rank rank;
  std::uint64_t as_of;  // seq
  std::uint32_t rows;   // of the table then
};

std::uint64_t value_of(const FindingChunk& c, std::size_t i, FindingSort sort) {
  switch (sort) {
    case FindingSort::first:
      return c.first[i];
    case FindingSort::times:
      return c.times[i];
    case FindingSort::severity:
      return std::uint64_t{static_cast<std::uint8_t>(c.severity[i])} << 32 | c.last[i];
    case FindingSort::subject:  // addresses in their order, then the rest as they came
      return c.kind[i] != SubjectKind::address ? UINT64_MAX : c.high[i] != 0 ? c.high[i] : c.low[i];
    case FindingSort::last:
      break;
  }
  return c.last[i];
}

Result<Cursor> parse_cursor(std::string_view cursor) {
  std::string_view rest = cursor;
  std::array<std::uint64_t, 5> numbers{};
  bool whole = true;
  for (std::uint64_t& number : numbers) {
    auto read = text::number(text::cut(rest, '.'));
    whole = whole && read;
    number = read.value_or(0);
  }
  auto [tier, value, index, as_of, rows] = numbers;
  if (!whole || !rest.empty() || index > UINT32_MAX || rows > UINT32_MAX) {
    return invalid("not a cursor: " + text::quote(cursor));
  }
  return Cursor{
      {tier, value, static_cast<std::uint32_t>(index)}, as_of, static_cast<std::uint32_t>(rows)};
}

std::string format(const Cursor& c) {
  return fmt::format("{}.{}.{}.{}.{}", c.rank.tier, c.rank.value, c.rank.index, c.as_of, c.rows);
}

std::uint32_t index_of(std::uint32_t chunk, std::size_t row) {
  return static_cast<std::uint32_t>(chunk * FindingChunk::rows_max + row);
}

}  // namespace

Result<FindingPage> Findings::walk(const FindingQuery& query) const {
  std::uint32_t from = 0;
  if (!query.cursor.empty()) {
    auto number = text::number(query.cursor);
    if (!number || *number > UINT32_MAX) {
      return invalid("not a cursor: " + text::quote(query.cursor));
    }
    from = static_cast<std::uint32_t>(*number);
  }
  FindingPage page;
  auto take = [&](std::uint32_t n, std::size_t i) {
    std::uint32_t index = index_of(n, i);
    if (index < from) return true;
    if (page.items.size() == query.limit) {
      page.next = std::to_string(index);
      return false;
    }
    page.items.push_back(row(index));
    return true;
  };
  scan(query.filter, take, static_cast<std::uint32_t>(from / FindingChunk::rows_max));
  return page;
}

Result<FindingPage> Findings::find(const FindingQuery& query) const {
  std::shared_lock lock(mutex_);
  if (query.walk) return walk(query);
  constexpr std::size_t offset_max = 1'000'000;
  if (query.offset > offset_max) return invalid("an offset of at most 1,000,000; use the cursor");
  Cursor at{{}, watermark_, size_};
  if (!query.cursor.empty()) at = TRY(parse_cursor(query.cursor));
  // `before(a, b)`: a stands earlier on the page. The heap's top is the last of the page.
  auto before = [&](const Rank& a, const Rank& b) { return query.ascending ? a < b : b < a; };
  auto rank_of = [&](std::uint32_t n, std::size_t i) {
    bool moved = chunks_[n]->changed[i] > at.as_of;
    return Rank{moved == query.ascending, moved ? 0 : value_of(*chunks_[n], i, query.sort),
                index_of(n, i)};
  };
  std::vector<Rank> heap;
  std::size_t wanted = query.offset + query.limit + 1;
  FindingPage page;
  scan(query.filter, [&](std::uint32_t n, std::size_t i) {
    ++page.total;
    Rank rank = rank_of(n, i);
    if (rank.index >= at.rows || (!query.cursor.empty() && !before(at.rank, rank))) return true;
    if (heap.size() == wanted && !before(rank, heap.front())) return true;
    if (heap.size() == wanted) {
      std::ranges::pop_heap(heap, before);
      heap.back() = rank;
    } else {
      heap.push_back(rank);
    }
    std::ranges::push_heap(heap, before);
    return true;
  });
  std::ranges::sort_heap(heap, before);
  bool more = heap.size() == wanted;
  if (more) heap.pop_back();
  for (std::size_t i = query.offset; i < heap.size(); ++i) page.items.push_back(row(heap[i].index));
  if (more && !heap.empty()) {
    at.rank = heap.back();
    page.next = format(at);
  }
  return page;
}

FindingSummary Findings::summary(const Filter& filter, TimeUs new_from, Day histogram_start,
                                 std::size_t histogram_days) const {
  std::shared_lock lock(mutex_);
  FindingSummary s;
  s.histogram_start = histogram_start;
  s.histogram.resize(histogram_days);
  std::vector<std::uint64_t> subjects;
  scan(filter, [&](std::uint32_t n, std::size_t i) {
    const FindingChunk& c = *chunks_[n];
    ++s.total;
    ++s.states[static_cast<std::size_t>(c.state[i]) & 3];
    ++s.types[static_cast<std::size_t>(c.type[i])];
    s.new_since += TimeUs{c.first[i]} * us_per_s >= new_from;
    auto day = static_cast<std::int64_t>(c.last[i] / 86'400) - histogram_start;
    if (day >= 0 && day < static_cast<std::int64_t>(histogram_days))
      ++s.histogram[static_cast<std::size_t>(day)];
    bool address = c.kind[i] == SubjectKind::address;
    subjects.push_back(address ? c.low[i] ^ c.high[i] * 0x9e3779b97f4a7c15
                               : c.name[i] * 0xd6e8feb86659fd93);
    return true;
  });
  std::ranges::sort(subjects);
  auto repeated = std::ranges::unique(subjects);
  s.subjects = subjects.size() - repeated.size();
  return s;
}

std::vector<std::pair<Findings::ControllerName, std::uint64_t>> Findings::controllers(
    Country country, std::size_t top) const {
  std::shared_lock lock(mutex_);
  std::unordered_map<std::uint32_t, std::pair<std::uint64_t, Country>> counts;
  for (const auto& chunk : chunks_) {
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      if ((chunk->flags[i] & flag_exercise) != 0) continue;
      bool open = chunk->state[i] == State::open || chunk->state[i] == State::reopened;
      if (chunk->controller[i] == 0 || !open || (!country.empty() && chunk->country[i] != country))
        continue;
      auto& [count, where] = counts[chunk->controller[i]];
      ++count;
      where = chunk->controller_country[i];
    }
  }
  std::vector<std::pair<ControllerName, std::uint64_t>> ranked;
  for (const auto& [id, found] : counts)
    ranked.push_back({{std::string(names_.text(id)), found.second}, found.first});
  std::ranges::sort(ranked, [](const auto& a, const auto& b) { return a.second > b.second; });
  if (ranked.size() > top) ranked.resize(top);
  return ranked;
}

std::uint64_t Findings::count(const Filter& filter) const {
  std::shared_lock lock(mutex_);
  std::uint64_t total = 0;
  scan(filter, [&](std::uint32_t, std::size_t) { return ++total, true; });
  return total;
}

Result<std::vector<Hash128>> Findings::keys(const Filter& filter, std::size_t most) const {
  std::shared_lock lock(mutex_);
  std::vector<Hash128> keys;
  std::uint64_t total = 0;
  scan(filter, [&](std::uint32_t n, std::size_t i) {
    if (++total <= most) keys.push_back(chunks_[n]->key[i]);
    return true;
  });
  if (total > most) {
    return invalid(fmt::format("{} findings fit; the most at once is {}", total, most));
  }
  return keys;
}

Findings::Chosen Findings::choose(const Filter& filter) const {
  std::shared_lock lock(mutex_);
  Chosen chosen;
  chosen.findings_ = this;
  chosen.rows_.resize(size_);
  scan(filter, [&](std::uint32_t n, std::size_t i) {
    chosen.rows_[index_of(n, i)] = true;
    return ++chosen.size_, true;
  });
  return chosen;
}

bool Findings::Chosen::leaves_out(const Hash128& key) const {
  std::shared_lock lock(findings_->mutex_);
  std::uint32_t row = findings_->row_of(key);
  return row < rows_.size() && !rows_[row];
}

}  // namespace tocsin::store
