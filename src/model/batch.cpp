#include "model/batch.h"

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

template <class Batch, class F>
void each_column(Batch& b, F f) {
  each_column_1(b, f);
  each_column_2(b, f);
}

constexpr std::string_view magic = "TSB2", magic_1 = "TSB1";

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
  seq = 0;
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
  put(out, hash64(out));
  return out;
}

Result<EventBatch> decode(std::string_view bytes) {
  auto damaged = [](const char* what) { return invalid(std::string("damaged batch: ") + what); };
  bool old = bytes.starts_with(magic_1);
  if (bytes.size() < 12 || (!old && !bytes.starts_with(magic))) return damaged("not a batch");
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
    std::memcpy(static_cast<void*>(column.data()), in.data(), size);
    in.remove_prefix(size);
    using T = typename std::remove_reference_t<decltype(column)>::value_type;
    if constexpr (std::is_same_v<T, Text>) {
      for (const Text& t : column) whole = whole && std::uint64_t{t.offset} + t.size <= arena;
    } else if constexpr (std::is_same_v<T, Type>) {
      for (Type t : column) whole = whole && static_cast<std::size_t>(t) < types_count;
    }
  };
  each_column_1(b, read);
  if (old) {
    each_column_2(b, [&](auto& column) { column.resize(rows); });
  } else {
    each_column_2(b, read);
  }
  if (!whole || in.size() != arena) return damaged("columns");
  b.arena = in;
  return b;
}

}  // namespace tocsin
