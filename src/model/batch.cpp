#include "model/batch.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace tocsin {
namespace {

// Calls f(column) for every column that version 1 has, in the order of the encoding.
template <class Batch, class F>
void each_column_1(Batch& b, F f) {
  f(b.time), f(b.observed), f(b.type), f(b.severity), f(b.tlp), f(b.transport), f(b.roles),
      f(b.controller_reason);
  f(b.family), f(b.identifier);
  for (auto* end : {&b.source, &b.destination}) {
    f(end->ip), f(end->port), f(end->asn), f(end->country), f(end->name), f(end->url);
  }
  f(b.account), f(b.extra), f(b.line), f(b.hash);
}

// ... and those that version 2 has more.
template <class Batch, class F>
void each_column_2(Batch& b, F f) {
  f(b.sector), f(b.joined), f(b.joined_country);
}

// ... and version 3.
template <class Batch, class F>
void each_column_3(Batch& b, F f) {
  f(b.flags);
}

template <class Batch, class F>
void each_column(Batch& b, F f) {
  each_column_1(b, f);
  each_column_2(b, f);
  each_column_3(b, f);
}

constexpr std::string_view magic = "TSB3", magic_2 = "TSB2", magic_1 = "TSB1";

template <class T>
void put(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
bool take(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

template <class T>
void put_list(std::string& out, const std::vector<T>& list) {
  put(out, static_cast<std::uint32_t>(list.size()));
  out.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T));
}

template <class T>
bool take_list(std::string_view& in, std::vector<T>& list) {
  std::uint32_t count = 0;
  if (!take(in, count) || count > in.size() / sizeof(T)) return false;
  list.resize(count);
  if (count > 0) std::memcpy(static_cast<void*>(list.data()), in.data(), count * sizeof(T));
  in.remove_prefix(count * sizeof(T));
  return true;
}

// Calls f(member) for every member of an echo, which are put down one after the other.
template <class F>
void each_of_echo(F f) {
  f(&Echo::hash), f(&Echo::time), f(&Echo::observed), f(&Echo::line), f(&Echo::sector),
      f(&Echo::place);
}

template <class T, class F>
void each_of_correction(T& c, F f) {
  f(c.events), f(c.days), f(c.types), f(c.others);
}

// What version 3 has more, after the arena.
void put_3(std::string& out, const EventBatch& b) {
  put_list(out, b.place);
  put(out, static_cast<std::uint32_t>(b.echoes.size()));
  each_of_echo([&](auto member) {
    for (const Echo& echo : b.echoes) put(out, echo.*member);
  });
  put(out, b.correction.kind), put(out, b.correction.report), put(out, b.correction.first),
      put(out, b.correction.controllers), put(out, b.correction.sinks);
  if (b.is_act()) each_of_correction(b.correction, [&](auto& list) { put_list(out, list); });
}

bool take_3(std::string_view in, EventBatch& b) {
  std::uint32_t echoes = 0;
  if (!take_list(in, b.place) || !take(in, echoes) || echoes > batch_events_max) return false;
  if (!b.place.empty() && b.place.size() != b.size()) return false;
  b.echoes.resize(echoes);
  bool whole = true;
  each_of_echo([&](auto member) {
    for (Echo& echo : b.echoes) whole = whole && take(in, echo.*member);
  });
  auto fits = [](std::uint16_t place) { return place < batch_events_max; };
  whole = whole && std::ranges::all_of(b.place, fits) &&
          std::ranges::all_of(b.echoes, fits, &Echo::place);
  Correction& c = b.correction;
  std::uint8_t kind = 0, controllers = 0, sinks = 0;
  whole = whole && take(in, kind) && take(in, c.report) && take(in, c.first) &&
          take(in, controllers) && take(in, sinks) &&
          kind <= static_cast<std::uint8_t>(Correction::Kind::erase);
  c.kind = static_cast<Correction::Kind>(kind);
  c.controllers = controllers != 0;
  c.sinks = sinks != 0;
  if (b.is_act()) {
    each_of_correction(c, [&](auto& list) { whole = whole && take_list(in, list); });
    for (Type t : c.types) whole = whole && static_cast<std::size_t>(t) < types_count;
  }
  return whole && in.empty();
}

}  // namespace

Text EventBatch::keep(std::string_view bytes) {
  Text kept{static_cast<std::uint32_t>(arena.size()), static_cast<std::uint32_t>(bytes.size())};
  arena += bytes;
  return kept;
}

void EventBatch::add_members(std::size_t row, std::string_view members) {
  if (members.empty()) return;
  Text& at = extra[row];
  if (at.size == 0) {
    at = keep(members);
    return;
  }
  if (at.offset + std::size_t{at.size} != arena.size()) {  // only the last text can grow in place
    std::size_t begin = arena.size();
    arena.append(arena, at.offset, at.size);
    at.offset = static_cast<std::uint32_t>(begin);
  }
  arena += ',';
  arena += members;
  at.size += static_cast<std::uint32_t>(members.size() + 1);
}

void EventBatch::clear() {
  each_column(*this, [](auto& column) { column.clear(); });
  arena.clear();
  place.clear(), echoes.clear();
  correction = {};
  seq = 0;
}

void EventBatch::compact() {
  std::string old;
  std::swap(old, arena);
  arena.reserve(old.size());
  for (auto* column :
       {&source.name, &source.url, &destination.name, &destination.url, &account, &extra}) {
    for (Text& text : *column) text = keep(std::string_view(old).substr(text.offset, text.size));
  }
}

void EventBatch::add_row() {
  each_column(*this, [](auto& column) { column.emplace_back(); });
  time.back() = time_none;
  observed.back() = time_none;
  tlp.back() = Tlp::unmarked;
}

void EventBatch::remove_last_row() {
  each_column(*this, [](auto& column) { column.pop_back(); });
}

void EventBatch::keep_rows(const std::vector<bool>& wanted) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) rows.push_back(i);
  }
  if (place.empty() && rows.size() < wanted.size()) {
    for (std::size_t i = 0; i < wanted.size(); ++i) place.push_back(static_cast<std::uint16_t>(i));
  }
  if (!place.empty()) {
    for (std::size_t i = 0; i < rows.size(); ++i) place[i] = place[rows[i]];
    place.resize(rows.size());
  }
  each_column(*this, [&](auto& column) {
    for (std::size_t i = 0; i < rows.size(); ++i) column[i] = column[rows[i]];
    column.resize(rows.size());
  });
}

std::string encode(const EventBatch& batch) {
  std::string out(magic);
  out.reserve(batch.size() * 220 + batch.arena.size() + 64);
  put(out, static_cast<std::uint32_t>(batch.size()));
  put(out, static_cast<std::uint32_t>(batch.arena.size()));
  put(out, batch.seq), put(out, batch.report), put(out, batch.feed), put(out, batch.report_type),
      put(out, batch.received);
  each_column(batch, [&](const auto& column) {
    out.append(reinterpret_cast<const char*>(column.data()), column.size() * sizeof(column[0]));
  });
  out += batch.arena;
  put_3(out, batch);
  put(out, hash64(out));
  return out;
}

Result<EventBatch> decode(std::string_view bytes) {
  auto damaged = [](const char* what) { return invalid(std::string("damaged batch: ") + what); };
  int version = bytes.starts_with(magic)     ? 3
                : bytes.starts_with(magic_2) ? 2
                : bytes.starts_with(magic_1) ? 1
                                             : 0;
  if (bytes.size() < 12 || version == 0) return damaged("not a batch");
  std::uint64_t sum = 0;
  std::memcpy(&sum, bytes.data() + bytes.size() - 8, 8);
  bytes.remove_suffix(8);
  if (sum != hash64(bytes)) return damaged("checksum");
  std::string_view in = bytes.substr(magic.size());
  EventBatch b;
  std::uint32_t rows = 0, arena = 0;
  if (!take(in, rows) || !take(in, arena) || !take(in, b.seq) || !take(in, b.report) ||
      !take(in, b.feed) || !take(in, b.report_type) || !take(in, b.received) ||
      rows > batch_events_max) {
    return damaged("head");
  }
  bool whole = true;
  auto read = [&](auto& column) {
    std::size_t size = rows * sizeof(column[0]);
    if (!whole || in.size() < size) {
      whole = false;
      return;
    }
    column.resize(rows);
    if (size > 0) std::memcpy(static_cast<void*>(column.data()), in.data(), size);
    in.remove_prefix(size);
    using T = typename std::remove_reference_t<decltype(column)>::value_type;
    if constexpr (std::is_same_v<T, Text>) {
      for (const Text& t : column) whole = whole && std::uint64_t{t.offset} + t.size <= arena;
    } else if constexpr (std::is_same_v<T, Type>) {
      for (Type t : column) whole = whole && static_cast<std::size_t>(t) < types_count;
    }
  };
  each_column_1(b, read);
  auto lack = [&](auto& column) { column.resize(rows); };
  if (version >= 2) each_column_2(b, read);
  if (version < 2) each_column_2(b, lack);
  if (version >= 3) each_column_3(b, read);
  if (version < 3) each_column_3(b, lack);
  if (!whole || in.size() < arena || (version < 3 && in.size() != arena)) return damaged("columns");
  b.arena = in.substr(0, arena);
  if (version >= 3 && !take_3(in.substr(arena), b)) return damaged("what follows the texts");
  return b;
}

}  // namespace tocsin
