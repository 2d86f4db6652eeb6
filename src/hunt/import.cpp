#include "hunt/import.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"
#include "base/text.h"
#include "hunt/importer.h"
#include "model/family.h"
#include "wire/list.h"

namespace tocsin::hunt {
namespace {

constexpr std::size_t waiting_bytes_max = 8 << 20, guess_bytes = 4096;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view without_mark(std::string_view bytes) {
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  return bytes;
}

// The first line that says something.
std::string_view first_line(std::string_view bytes) {
  for (auto [number, line] : text::numbered_lines(bytes.substr(0, guess_bytes))) {
    if (!wire::list_entry(line, false).empty()) return line;
  }
  return {};
}

// Columns by their names and those that others use.
enum class Column : std::uint8_t {
  value,
  kind,
  type,
  family,
  techniques,
  confidence,
  severity,
  tlp,
  pap,
  from,
  until,
  text,
  object,
  none
};

Column column_named(std::string_view name) {
  std::string low = text::lower(text::trim(name));
  constexpr std::pair<std::string_view, Column> names[] = {{"value", Column::value},
                                                           {"indicator", Column::value},
                                                           {"ioc", Column::value},
                                                           {"observable", Column::value},
                                                           {"kind", Column::kind},
                                                           {"type", Column::type},
                                                           {"family", Column::family},
                                                           {"malware", Column::family},
                                                           {"techniques", Column::techniques},
                                                           {"technique", Column::techniques},
                                                           {"confidence", Column::confidence},
                                                           {"severity", Column::severity},
                                                           {"tlp", Column::tlp},
                                                           {"pap", Column::pap},
                                                           {"valid_from", Column::from},
                                                           {"valid_until", Column::until},
                                                           {"description", Column::text},
                                                           {"text", Column::text},
                                                           {"id", Column::object}};
  auto found = std::ranges::find(names, low, [](const auto& one) { return one.first; });
  return found == std::end(names) ? Column::none : found->second;
}

// The delimiter under which a line is a head; 0: it is none.
char delimiter_of(std::string_view line) {
  for (char delimiter : {',', ';', '\t'}) {
    csv::Reader reader(line, {.delimiter = delimiter});
    if (reader.next() != csv::Step::record) continue;
    auto fields = reader.fields();
    bool has_value = std::ranges::any_of(
        fields, [](std::string_view one) { return column_named(one) == Column::value; });
    if (has_value && (fields.size() > 1 || text::equal_fold(text::trim(line), "value")))
      return delimiter;
  }
  return 0;
}

// What one row says.
struct Row {
  Claim claim;
  std::optional<Type> type;
  std::optional<Kind> kind;
  std::string value;
};

Result<void> cell(Row& row, Column column, std::string_view text) {
  auto wrong = [&](std::string_view what) {
    return invalid(fmt::format("no {}: {}", what, text::quote(text)));
  };
  switch (column) {
    case Column::value:
      row.value = text;
      return {};
    case Column::kind:
      row.kind = kind_named(text);
      return row.kind ? Result<void>() : wrong("kind of indicator");
    case Column::type:  // many files call the kind so
      row.type = type_named(text);
      if (!row.type) row.kind = kind_named(text);
      return row.type || row.kind ? Result<void>() : wrong("type");
    case Column::family:
      row.claim.family = text;
      return {};
    case Column::techniques:
      row.claim.techniques.clear();
      for (std::string_view rest = text; !(rest = text::trim(rest)).empty();) {
        std::size_t end = std::min(rest.find_first_of(" ,;|"), rest.size());
        if (end > 0) row.claim.techniques.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return {};
    case Column::confidence: {
      auto number = text::number(text);
      if (!number || *number > 100) return wrong("confidence from 0 to 100");
      row.claim.confidence = static_cast<std::uint8_t>(*number);
      return {};
    }
    case Column::severity: {
      auto severity = severity_named(text);
      if (!severity) return wrong("severity");
      row.claim.severity = *severity;
      return {};
    }
    case Column::tlp: {
      auto tlp = tlp_named(text);
      if (!tlp) return wrong("TLP label");
      row.claim.tlp = *tlp;
      return {};
    }
    case Column::pap: {
      auto pap = pap_named(text);
      if (!pap) return wrong("PAP label");
      row.claim.pap = *pap;
      return {};
    }
    case Column::from:
      row.claim.from = TRY(time_said(text));
      return {};
    case Column::until:
      row.claim.until = TRY(time_said(text));
      return {};
    case Column::text:
      row.claim.text = shortened(text, text_bytes_max);
      return {};
    case Column::object:
      row.claim.object = text;
      return {};
    case Column::none:
      return {};
  }
  return {};
}

Result<void> take_row(std::span<const std::string_view> fields, const std::vector<Column>& columns,
                      Importer& importer) {
  if (fields.size() > columns.size())
    return invalid(fmt::format("{} fields under {} columns", fields.size(), columns.size()));
  Row row{.claim = importer.wish().usual};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::string_view text = text::trim(fields[i]);
    if (!text.empty()) TRY(cell(row, columns[i], text));
  }
  if (row.value.empty()) return invalid("a row without a value");
  Observable observable =
      TRY(row.kind ? observable_of(*row.kind, row.value) : guess_observable(row.value));
  return importer.take(std::move(observable), std::move(row.claim), row.type);
}

// An error of an entry: rejected; of the store: up.
Result<void> unless_unavailable(Result<void> done, std::size_t line, Importer& importer) {
  if (done) return {};
  if (done.error().fault == Fault::unavailable) return done;
  importer.reject(line, done.error());
  return {};
}

Result<void> take_line(std::string_view line, Importer& importer) {
  auto take = [&](std::string_view text) -> Result<void> {
    auto observable = guess_observable(text);
    // A hash may have a name behind it.
    if (!observable) {
      auto first = guess_observable(text.substr(0, text.find_first_of(" \t,")));
      if (!first) return std::unexpected(observable.error());
      observable = std::move(first);
    }
    return importer.take(*std::move(observable), importer.wish().usual, std::nullopt);
  };
  if (line.starts_with('[')) {
    importer.begin_entry();
    for (auto& one : TRY(observables_of_pattern(line)))
      TRY(importer.take(std::move(one), importer.wish().usual, std::nullopt));
    return {};
  }
  std::string_view entry = wire::list_entry(line, !line.contains("://"));
  if (entry.empty()) return {};
  auto names = wire::listed_names(entry);
  if (names.empty()) return {};  // a line that every hosts file has
  importer.begin_entry();
  if (names.size() == 1 && names[0] == entry) return take(entry);
  for (std::string_view name : names) TRY(take(name));
  return {};
}

}  // namespace

std::optional<ImportFormat> import_format_named(std::string_view text) {
  auto found = std::ranges::find(import_format_names, text);
  if (found == import_format_names.end()) return std::nullopt;
  return static_cast<ImportFormat>(found - import_format_names.begin());
}

ImportFormat guess_import_format(std::string_view bytes) {
  std::string_view head = text::trim(without_mark(bytes).substr(0, guess_bytes));
  bool list_of_objects = head.starts_with('[') && text::trim(head.substr(1)).starts_with('{');
  if (head.starts_with('{') || list_of_objects) {
    for (std::string_view member : {"\"Event\"", "\"Attribute\"", "\"response\""}) {
      if (head.contains(member)) return ImportFormat::misp;
    }
    return ImportFormat::stix;
  }
  return delimiter_of(first_line(without_mark(bytes))) != 0 ? ImportFormat::csv
                                                            : ImportFormat::list;
}

Type usual_type(Kind kind) {
  bool hash =
      kind == Kind::md5 || kind == Kind::sha1 || kind == Kind::sha256 || kind == Kind::sha512;
  return hash ? Type::malware : Type::blacklist;
}

std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes));
}

Result<TimeUs> time_said(std::string_view text) {
  constexpr std::uint64_t seconds_max = 253'402'300'799;  // the end of 9999
  if (auto seconds = text::number(text); seconds && *seconds <= seconds_max && text.size() > 4)
    return static_cast<TimeUs>(*seconds) * us_per_s;
  return times::parse(text);
}

Result<void> Importer::take(Observable observable, Claim claim, std::optional<Type> said) {
  if (!said) said = wish_.type;
  claim.type = said.value_or(usual_type(observable.kind));
  claim = TRY(checked(std::move(claim)));
  if (wish_.admit) TRY(wish_.admit(observable, claim));
  ++result_.observables;
  if (observable.kind == Kind::pattern) ++result_.patterns;
  waiting_bytes_ += observable.value.size() + claim.text.size() + sizeof(Told);
  waiting_.push_back({std::move(observable), std::move(claim)});
  if (waiting_.size() < add_rows_max && waiting_bytes_ < waiting_bytes_max) return {};
  return flush();
}

void Importer::reject(std::size_t line, const Error& error) {
  ++result_.rejected;
  if (result_.first_rejected.size() < rejected_shown_max)
    result_.first_rejected.push_back({line, error.what});
}

Result<void> Importer::flush() {
  Added added = TRY(into_.add(waiting_));
  result_.added += added;
  waiting_.clear();
  waiting_bytes_ = 0;
  return {};
}

Result<void> import_list(std::string_view bytes, Importer& importer) {
  for (auto [number, line] : text::numbered_lines(bytes)) {
    if (line.size() > pattern_bytes_max) {
      importer.begin_entry();
      importer.reject(number, {Fault::invalid, "a line that is too long"});
      continue;
    }
    TRY(unless_unavailable(take_line(text::trim(line), importer), number, importer));
  }
  return {};
}

Result<void> import_csv(std::string_view bytes, Importer& importer) {
  std::string_view head = first_line(bytes);
  char delimiter = delimiter_of(head);
  if (delimiter == 0)
    return invalid("no head with a column value: a list is imported with format list");
  csv::Reader reader(bytes, {.delimiter = delimiter, .comment = "#"});
  std::vector<Column> columns;
  for (auto step = reader.next(); step != csv::Step::end; step = reader.next()) {
    if (step == csv::Step::record && columns.empty()) {
      for (std::string_view name : reader.fields()) {
        columns.push_back(column_named(name));
        if (columns.back() == Column::none)
          importer.result().unknown_columns.emplace_back(shortened(text::trim(name), 100));
      }
      continue;
    }
    importer.begin_entry();
    Result<void> done = step == csv::Step::wrong ? std::unexpected(reader.error())
                                                 : take_row(reader.fields(), columns, importer);
    TRY(unless_unavailable(std::move(done), reader.line(), importer));
  }
  return {};
}

Result<Imported> import_indicators(std::string_view bytes, const ImportWish& wish,
                                   Indicators& into) {
  bytes = without_mark(bytes);
  ImportWish right = wish;
  right.usual = TRY(checked(wish.usual));
  ImportFormat format = wish.format.value_or(guess_import_format(bytes));
  bool is_json = format == ImportFormat::stix || format == ImportFormat::misp;
  if (is_json && bytes.size() > import_json_bytes_max) {
    return invalid(fmt::format("{} octets of JSON; the most is {}: import it in parts",
                               bytes.size(), import_json_bytes_max));
  }
  Importer importer(right, into);
  importer.result().format = format;
  constexpr std::array<Result<void> (*)(std::string_view, Importer&), 4> readers = {
      import_list, import_csv, import_stix, import_misp};
  TRY(readers.at(static_cast<std::size_t>(format))(bytes, importer));
  TRY(importer.flush());
  return importer.result();
}

}  // namespace tocsin::hunt
