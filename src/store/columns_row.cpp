#include "store/columns_row.h"

#include <fmt/format.h>

#include <array>

#include "base/json.h"
#include "base/text.h"
#include "model/subject.h"

namespace tocsin::store::columns_row {
namespace {

struct ColumnRow {
  const char* name;
  const char* sql;
  duckdb_type type;
  int schema = 1;  // that brought it
};

// In this order everywhere. Addresses are two numbers of 64 bits: IPv4 then costs four bytes.
constexpr auto columns = std::to_array<ColumnRow>({
    {"id", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"time", "BIGINT", DUCKDB_TYPE_BIGINT},  // microseconds UTC
    {"observed", "BIGINT", DUCKDB_TYPE_BIGINT},
    {"report", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"line", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"feed", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"report_type", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"type", "UTINYINT", DUCKDB_TYPE_UTINYINT},
    {"severity", "UTINYINT", DUCKDB_TYPE_UTINYINT},
    {"tlp", "UTINYINT", DUCKDB_TYPE_UTINYINT},
    {"transport", "UTINYINT", DUCKDB_TYPE_UTINYINT},
    {"roles", "UTINYINT", DUCKDB_TYPE_UTINYINT},    // source * 16 + destination
    {"subject", "UTINYINT", DUCKDB_TYPE_UTINYINT},  // end of the subject: 0 source, 1 destination
    {"controller", "UTINYINT",
     DUCKDB_TYPE_UTINYINT},  // 0 unknown, 1 source, 2 destination, 3 joined
    {"reason", "UTINYINT", DUCKDB_TYPE_UTINYINT},
    {"family", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"identifier", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"source_high", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"source_low", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"source_port", "USMALLINT", DUCKDB_TYPE_USMALLINT},
    {"source_asn", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"source_country", "USMALLINT", DUCKDB_TYPE_USMALLINT},
    {"destination_high", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"destination_low", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"destination_port", "USMALLINT", DUCKDB_TYPE_USMALLINT},
    {"destination_asn", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"destination_country", "USMALLINT", DUCKDB_TYPE_USMALLINT},
    {"name", "VARCHAR", DUCKDB_TYPE_VARCHAR},
    {"url", "VARCHAR", DUCKDB_TYPE_VARCHAR},
    {"extra", "VARCHAR", DUCKDB_TYPE_VARCHAR},  // a JSON object
    {"hash_high", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"hash_low", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"sector", "UINTEGER", DUCKDB_TYPE_UINTEGER, 2},
    {"joined", "UINTEGER", DUCKDB_TYPE_UINTEGER, 2},  // word: the joined controller, if it is one
    {"joined_country", "USMALLINT", DUCKDB_TYPE_USMALLINT, 2},
    {"flags", "UTINYINT", DUCKDB_TYPE_UTINYINT, 3},
});

// Exact duplicates that were not kept: see Echo.
constexpr auto echo_columns = std::to_array<ColumnRow>({
    {"id", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"report", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"time", "BIGINT", DUCKDB_TYPE_BIGINT},
    {"observed", "BIGINT", DUCKDB_TYPE_BIGINT},
    {"line", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"sector", "UINTEGER", DUCKDB_TYPE_UINTEGER},
    {"hash_high", "UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"hash_low", "UBIGINT", DUCKDB_TYPE_UBIGINT},
});

template <class Columns>
std::string create(const std::string& name, const Columns& all) {
  std::string sql;
  for (const auto& column : all)
    sql += fmt::format("{}{} {}", sql.empty() ? "" : ", ", column.name, column.sql);
  return fmt::format("CREATE TABLE {}({})", name, sql);
}

template <class Columns>
duckdb_data_chunk make_chunk(const Columns& all) {
  std::vector<duckdb_logical_type> types;
  for (const auto& column : all) types.push_back(duckdb_create_logical_type(column.type));
  duckdb_data_chunk chunk = duckdb_create_data_chunk(types.data(), types.size());
  for (auto& type : types) duckdb_destroy_logical_type(&type);
  return chunk;
}

std::uint8_t packed(Roles roles) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(roles.source) << 4 |
                                   static_cast<unsigned>(roles.destination));
}

Roles unpacked(std::uint8_t byte) {
  return {static_cast<Role>(byte >> 4), static_cast<Role>(byte & 15)};
}

std::uint8_t controller_end(const EventBatch& b, std::size_t i) {
  Controller c = controller_of(b, i);
  if (!c.known) return 0;
  return c.joined ? 3 : c.at_destination ? 2 : 1;
}

// Fills one column of a chunk with `value(row)` for `count` rows from `from`.
struct ChunkWriter {
  duckdb_data_chunk chunk;
  std::size_t from, count;
  std::size_t at = 0;

  template <class T, class F>
  void put(F value) {
    auto* out = static_cast<T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, at++)));
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<T>(value(from + i));
  }
  template <class F>
  void put_text(F value) {
    auto vector = duckdb_data_chunk_get_vector(chunk, at++);
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view text = value(from + i);
      duckdb_vector_assign_string_element_len(vector, i, text.data() != nullptr ? text.data() : "",
                                              text.size());
    }
  }
  void put_end(const EndColumns& end) {
    put<std::uint64_t>([&](std::size_t i) { return end.ip[i].high(); });
    put<std::uint64_t>([&](std::size_t i) { return end.ip[i].low(); });
    put<std::uint16_t>([&](std::size_t i) { return end.port[i]; });
    put<std::uint32_t>([&](std::size_t i) { return end.asn[i]; });
    put<std::uint16_t>([&](std::size_t i) { return end.country[i].code; });
  }
};

// `extra` as stored: the event's other fields, and the texts that have no column.
std::string_view whole_extra(const EventBatch& b, std::size_t i, std::string& out) {
  if (b.destination.name[i].empty() && b.destination.url[i].empty() && b.account[i].empty() &&
      b.extra[i].empty()) {
    return {};
  }
  out = '{';
  auto add = [&](std::string_view key, Text text) {
    if (text.empty()) return;
    if (out.size() > 1) out += ',';
    json::append_string(out, key);
    out += ':';
    json::append_string(out, b.text(text));
  };
  add("destination.fqdn", b.destination.name[i]);
  add("destination.url", b.destination.url[i]);
  add("source.account", b.account[i]);
  if (!b.extra[i].empty()) {
    if (out.size() > 1) out += ',';
    out += b.text(b.extra[i]);
  }
  out += '}';
  return out;
}

}  // namespace

std::string create_table(const std::string& name) {
  return create(name, columns);
}

std::string create_echoes(const std::string& name) {
  return create(name, echo_columns);
}

std::string echoed_list() {
  std::string list;
  for (const auto& column : columns) {
    bool own = std::ranges::any_of(
        echo_columns, [&](const auto& echo) { return std::string_view(echo.name) == column.name; });
    list += fmt::format("{}{}.{}", list.empty() ? "" : ", ", own ? "echo" : "gone", column.name);
  }
  return list;
}

std::vector<std::string> migrate_table(const std::string& name, int schema) {
  std::vector<std::string> steps;
  for (const auto& column : columns) {
    if (column.schema > schema) {
      steps.push_back(
          fmt::format("ALTER TABLE {} ADD COLUMN {} {} DEFAULT 0", name, column.name, column.sql));
    }
  }
  return steps;
}

std::string select_list() {
  std::string list;
  for (const auto& column : columns)
    list += fmt::format("{}{}", list.empty() ? "" : ", ", column.name);
  return list;
}

std::size_t size() {
  return columns.size();
}

void read(const DuckChunk& chunk, std::size_t row, Columns::Found& found) {
  std::size_t at = 0;
  auto next = [&]<class T>(T) { return chunk.column<T>(at++)[row]; };
  auto u8 = [&] { return next(std::uint8_t{}); };
  auto u16 = [&] { return next(std::uint16_t{}); };
  auto u32 = [&] { return next(std::uint32_t{}); };
  auto u64 = [&] { return next(std::uint64_t{}); };
  auto i64 = [&] { return next(std::int64_t{}); };
  EventBatch& b = found.events;
  b.add_row();
  found.ids.push_back(u64());
  b.time.back() = i64();
  b.observed.back() = i64();
  found.reports.push_back(u64());
  b.line.back() = u32();
  found.feeds.push_back(u32());
  found.report_types.push_back(u32());
  b.type.back() = static_cast<Type>(std::min<std::size_t>(u8(), types_count - 1));
  b.severity.back() = static_cast<Severity>(u8());
  b.tlp.back() = static_cast<Tlp>(u8());
  b.transport.back() = static_cast<Transport>(u8());
  b.roles.back() = unpacked(u8());
  at += 2;  // subject and controller follow from the rest
  b.controller_reason.back() = static_cast<ControllerReason>(u8());
  b.family.back() = u32();
  b.identifier.back() = u32();
  for (EndColumns* end : {&b.source, &b.destination}) {
    std::uint64_t high = u64(), low = u64();
    end->ip.back() = Ip::from_halves(high, low);
    end->port.back() = u16();
    end->asn.back() = u32();
    end->country.back() = Country{u16()};
  }
  b.source.name.back() = b.keep(chunk.text(at++, row));
  b.source.url.back() = b.keep(chunk.text(at++, row));
  std::string_view extra = chunk.text(at++, row);
  if (extra.size() > 2) b.extra.back() = b.keep(extra.substr(1, extra.size() - 2));
  std::uint64_t high = u64(), low = u64();
  b.hash.back() = {high, low};
  b.sector.back() = u32();
  b.joined.back() = u32();
  b.joined_country.back() = Country{u16()};
  b.flags.back() = u8();
}

Appender::~Appender() {
  for (auto* chunk : {&chunk_, &echoes_chunk_}) {
    if (*chunk != nullptr) duckdb_destroy_data_chunk(chunk);
  }
  for (auto* appender : {&appender_, &echoes_}) {
    if (*appender != nullptr) duckdb_appender_destroy(appender);
  }
}

Result<void> Appender::fail(duckdb_appender appender) {
  const char* what = duckdb_appender_error(appender);
  return unavailable(std::string("duckdb: ") + (what != nullptr ? what : "cannot append"));
}

Result<void> Appender::open(const DuckConnection& connection, const std::string& catalog) {
  auto create = [&](const char* table, duckdb_appender* to) -> Result<void> {
    auto state =
        duckdb_appender_create_ext(connection.handle(), catalog.c_str(), nullptr, table, to);
    return state == DuckDBSuccess ? Result<void>{} : fail(*to);
  };
  TRY(create("events", &appender_));
  TRY(create("echoes", &echoes_));
  chunk_ = make_chunk(columns);
  echoes_chunk_ = make_chunk(echo_columns);
  return {};
}

Result<void> Appender::append_echoes(const EventBatch& b) {
  for (std::size_t from = 0; from < b.echoes.size(); from += duckdb_vector_size()) {
    ChunkWriter w{echoes_chunk_, from,
                  std::min<std::size_t>(duckdb_vector_size(), b.echoes.size() - from)};
    w.put<std::uint64_t>([&](std::size_t i) { return event_id(b.seq, b.echoes[i].place); });
    w.put<std::uint64_t>([&](std::size_t) { return b.report; });
    w.put<std::int64_t>([&](std::size_t i) { return b.echoes[i].time; });
    w.put<std::int64_t>([&](std::size_t i) { return b.echoes[i].observed; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.echoes[i].line; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.echoes[i].sector; });
    w.put<std::uint64_t>([&](std::size_t i) { return b.echoes[i].hash.high; });
    w.put<std::uint64_t>([&](std::size_t i) { return b.echoes[i].hash.low; });
    duckdb_data_chunk_set_size(echoes_chunk_, w.count);
    if (duckdb_append_data_chunk(echoes_, echoes_chunk_) != DuckDBSuccess) return fail(echoes_);
    duckdb_data_chunk_reset(echoes_chunk_);
  }
  return {};
}

Result<void> Appender::append(const EventBatch& b) {
  for (std::size_t from = 0; from < b.size(); from += duckdb_vector_size()) {
    ChunkWriter w{chunk_, from, std::min<std::size_t>(duckdb_vector_size(), b.size() - from)};
    w.put<std::uint64_t>([&](std::size_t i) { return b.id(i); });
    w.put<std::int64_t>([&](std::size_t i) { return b.time[i]; });
    w.put<std::int64_t>([&](std::size_t i) { return b.observed[i]; });
    w.put<std::uint64_t>([&](std::size_t) { return b.report; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.line[i]; });
    w.put<std::uint32_t>([&](std::size_t) { return b.feed; });
    w.put<std::uint32_t>([&](std::size_t) { return b.report_type; });
    w.put<std::uint8_t>([&](std::size_t i) { return b.type[i]; });
    w.put<std::uint8_t>([&](std::size_t i) { return b.severity[i]; });
    w.put<std::uint8_t>([&](std::size_t i) { return b.tlp[i]; });
    w.put<std::uint8_t>([&](std::size_t i) { return b.transport[i]; });
    w.put<std::uint8_t>([&](std::size_t i) { return packed(b.roles[i]); });
    w.put<std::uint8_t>(
        [&](std::size_t i) { return subject_at_destination(b.type[i], b.roles[i]); });
    w.put<std::uint8_t>([&](std::size_t i) { return controller_end(b, i); });
    w.put<std::uint8_t>([&](std::size_t i) { return b.controller_reason[i]; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.family[i]; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.identifier[i]; });
    w.put_end(b.source);
    w.put_end(b.destination);
    w.put_text([&](std::size_t i) { return b.text(b.source.name[i]); });
    w.put_text([&](std::size_t i) { return b.text(b.source.url[i]); });
    w.put_text([&](std::size_t i) { return whole_extra(b, i, extra_); });
    w.put<std::uint64_t>([&](std::size_t i) { return b.hash[i].high; });
    w.put<std::uint64_t>([&](std::size_t i) { return b.hash[i].low; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.sector[i]; });
    w.put<std::uint32_t>([&](std::size_t i) { return b.joined[i]; });
    w.put<std::uint16_t>([&](std::size_t i) { return b.joined_country[i].code; });
    w.put<std::uint8_t>([&](std::size_t i) { return b.flags[i]; });
    duckdb_data_chunk_set_size(chunk_, w.count);
    if (duckdb_append_data_chunk(appender_, chunk_) != DuckDBSuccess) return fail(appender_);
    duckdb_data_chunk_reset(chunk_);
  }
  return append_echoes(b);
}

Result<void> Appender::close() {
  for (auto* appender : {appender_, echoes_}) {
    if (duckdb_appender_close(appender) != DuckDBSuccess) return fail(appender);
  }
  return {};
}

namespace {

std::string_view operator_text(Compare compare) {
  constexpr std::string_view texts[] = {"=", "<", "<=", ">", ">="};
  return texts[static_cast<std::size_t>(compare)];
}

// The words of a dictionary that fit, as "column IN (…)".
template <class Fits>
std::string words_test(std::string_view column, const Dictionary& words, Fits fits) {
  std::string ids;
  for (WordId id = 1; id <= words.last(); ++id) {
    if (fits(words.word(id))) ids += fmt::format("{}{}", ids.empty() ? "" : ",", id);
  }
  return ids.empty() ? "FALSE" : fmt::format("{} IN ({})", column, ids);
}

std::string word_test(std::string_view column, const FilterValue& value, const Dictionary& words,
                      bool fold) {
  if (value.match == Match::any) return fmt::format("{} <> 0", column);
  if (value.match == Match::none) return fmt::format("{} = 0", column);
  return words_test(column, words, [&](std::string_view found) {
    std::string word = fold ? text::lower(found) : std::string(found);
    return value.match == Match::prefix ? word.starts_with(value.text) : word == value.text;
  });
}

std::string text_test(std::string_view column, const FilterValue& value) {
  switch (value.match) {
    case Match::any:
      return fmt::format("{} <> ''", column);
    case Match::none:
      return fmt::format("{} = ''", column);
    case Match::prefix:
      return fmt::format("starts_with({}, {})", column, sql_quote(value.text));
    case Match::below:
      return fmt::format("({0} = {1} OR ends_with({0}, {2}))", column, sql_quote(value.text),
                         sql_quote("." + value.text));
    default:
      return fmt::format("{} = {}", column, sql_quote(value.text));
  }
}

std::string address_test(std::string_view end, const FilterValue& value) {
  if (value.match == Match::any) return fmt::format("({0}_high <> 0 OR {0}_low <> 0)", end);
  if (value.match == Match::none) return fmt::format("({0}_high = 0 AND {0}_low = 0)", end);
  Ip first = value.network.base, last = value.network.last();
  if (first.high() == last.high()) {
    return fmt::format("({0}_high = {1} AND {0}_low BETWEEN {2} AND {3})", end, first.high(),
                       first.low(), last.low());
  }
  return fmt::format("({0}_high BETWEEN {1} AND {2})", end, first.high(), last.high());
}

std::string number_test(const std::string& column, Compare compare, const FilterValue& value) {
  if (value.match == Match::any) return fmt::format("{} <> 0", column);
  if (value.match == Match::none) return fmt::format("{} = 0", column);
  if (compare == Compare::equal && value.end != 0) {
    return fmt::format("({0} >= {1} AND {0} < {2})", column, value.number, value.end);
  }
  return fmt::format("{} {} {}", column, operator_text(compare), value.number);
}

// is:exercise, is:history, is:real (neither played nor a test).
std::string exercise_test(const FilterValue& v) {
  auto exercise = fmt::format("(flags & {} <> 0 OR type = {})", flag_exercise,
                              static_cast<unsigned>(Type::test));
  if (v.match == Match::any) return "TRUE";
  switch (static_cast<Is>(v.number)) {
    case Is::exercise:
      return exercise;
    case Is::history:
      return fmt::format("flags & {} <> 0", flag_history);
    case Is::real:
      return "NOT " + exercise;
  }
  return "TRUE";
}

std::string class_test(const FilterValue& value) {
  std::string types;
  for (std::size_t i = 0; i < types_count; ++i) {
    if (static_cast<std::int64_t>(class_of(static_cast<Type>(i))) == value.number) {
      types += fmt::format("{}{}", types.empty() ? "" : ",", i);
    }
  }
  return types.empty() ? "FALSE" : fmt::format("type IN ({})", types);
}

// The controller stands at an end of the event, or was joined and is a word.
std::string controller_test(const FilterValue& v, const Dictionary& words) {
  if (v.match == Match::any) return "controller <> 0";
  if (v.match == Match::none) return "controller = 0";
  std::string source, destination;
  if (v.network.length != 0) {
    source = address_test("source", v);
    destination = address_test("destination", v);
  } else {
    source = text_test("name", v);
    destination = text_test("regexp_extract(extra, '\"destination\\.fqdn\":\"([^\"]*)\"', 1)", v);
  }
  std::string joined = words_test("joined", words, [&](std::string_view word) {
    if (v.network.length == 0) {
      Condition same{.any = {v}};
      return holds(same, word);
    }
    auto ip = ip::parse(word);
    return ip && v.network.contains(*ip);
  });
  return fmt::format(
      "((controller = 1 AND {}) OR (controller = 2 AND {}) OR (controller = 3 AND {}))", source,
      destination, joined);
}

std::string at_subject(std::string_view what) {
  return fmt::format("(CASE subject WHEN 1 THEN destination_{0} ELSE source_{0} END)", what);
}

std::string test(const Condition& c, const FilterValue& v, const Dictionary& words) {
  switch (c.field) {
    case FilterField::ip:
      return fmt::format("({} OR {})", address_test("source", v), address_test("destination", v));
    case FilterField::asn:
      return number_test(at_subject("asn"), c.compare, v);
    case FilterField::country:
      return number_test(at_subject("country"), c.compare, v);
    case FilterField::name:
      if (v.match != Match::exact) return text_test("name", v);
      return fmt::format("({} OR contains(url, {}))", text_test("name", v),
                         sql_quote("://" + v.text));
    case FilterField::url:
      return text_test("url", v);
    case FilterField::family:
      return word_test("family", v, words, true);
    case FilterField::type:
      return number_test("type", c.compare, v);
    case FilterField::klass:
      return class_test(v);
    case FilterField::identifier:
      return word_test("identifier", v, words, true);
    case FilterField::severity:
      return number_test("severity", c.compare, v);
    case FilterField::sector:
      return word_test("sector", v, words, false);
    case FilterField::feed:
      return word_test("feed", v, words, false);
    case FilterField::port:
      return fmt::format("({} OR {})", number_test("source_port", c.compare, v),
                         number_test("destination_port", c.compare, v));
    case FilterField::controller:
      return controller_test(v, words);
    case FilterField::controller_country:
      return number_test(
          "(CASE controller WHEN 1 THEN source_country WHEN 2 THEN destination_country "
          "WHEN 3 THEN joined_country ELSE 0 END)",
          c.compare, v);
    case FilterField::first:
    case FilterField::last:
      return number_test("time", c.compare, v);
    case FilterField::tlp:
      return number_test("tlp", c.compare, v);
    case FilterField::hash:
      return fmt::format("contains(extra, {})", sql_quote("\"" + v.text + "\""));
    case FilterField::is:
      return exercise_test(v);
    case FilterField::state:
    case FilterField::times:
    case FilterField::verdict:
    case FilterField::assigned:
    case FilterField::tag:
    case FilterField::in_case:
    case FilterField::mark:
    case FilterField::followed:
      return "TRUE";
  }
  return "TRUE";
}

}  // namespace

std::string where(const Filter& filter, const Dictionary& words) {
  std::string sql = "TRUE";
  if (!asks_for_exercises(filter)) sql += " AND " + exercise_test(real_value);
  for (const Condition& condition : filter.all) {
    std::string any;
    for (const FilterValue& value : condition.any) {
      any += fmt::format("{}{}", any.empty() ? "" : " OR ", test(condition, value, words));
    }
    sql += fmt::format(" AND {}({})", condition.negated ? "NOT " : "", any);
  }
  return sql;
}

}  // namespace tocsin::store::columns_row
