// shadowserver: the reports of the Shadowserver Foundation, CSV with a header or JSON objects.
// Source: https://www.shadowserver.org/what-we-do/network-reporting/ ; the order of the columns is
// not fixed.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/csv.h"
#include "base/text.h"
#include "ingest/format.h"
#include "ingest/shadowserver_json.h"
#include "ingest/shadowserver_plan.h"
#include "ingest/shadowserver_reading.h"

namespace tocsin::ingest {
namespace {

namespace ss = tocsin::shadowserver;
using Names = std::vector<std::string_view>;

Error no_header(std::string_view line) {
  return {Fault::invalid,
          fmt::format("no Shadowserver report: its columns name no address, name or account: {}",
                      text::quote(line))};
}

// The delimiter is the one that makes the most known columns of the first record.
char delimiter_of(std::string_view bytes) {
  char best = ',';
  std::ptrdiff_t most = 0;
  for (char delimiter : {',', ';', '\t', '|'}) {
    csv::Reader reader(bytes.substr(0, 64 * 1024), {.delimiter = delimiter});
    if (reader.next() != csv::Step::record) continue;
    auto known = std::ranges::count_if(reader.fields(), ss::is_known_column);
    if (known > most) {
      most = known;
      best = delimiter;
    }
  }
  return best;
}

bool is_v6_row(const Names& header, std::span<const std::string_view> values) {
  for (std::string_view column : {"ip", "src_ip", "http_referer_ip"}) {
    auto at = static_cast<std::size_t>(std::ranges::find(header, column) - header.begin());
    if (at < values.size() && values[at].contains(':')) return true;
  }
  return false;
}

Result<void> read_csv(const Report& report, Sink& sink) {
  csv::Reader reader(report.bytes, {.delimiter = delimiter_of(report.bytes)});
  csv::Step step = reader.next();
  if (step == csv::Step::end) return invalid("the report is empty: it has no header line");
  if (step == csv::Step::wrong) return invalid("the header is unreadable: " + reader.error().what);
  std::vector<std::string> columns;
  for (std::string_view field : reader.fields()) columns.emplace_back(text::trim(field));
  Names header(columns.begin(), columns.end());
  std::string header_line(reader.bytes().substr(0, 200));

  std::optional<ss::Plan> plan;
  const char* end = report.bytes.data() + report.bytes.size();
  for (;;) {
    step = reader.next();
    if (!plan) {
      bool v6 = step == csv::Step::record && is_v6_row(header, reader.fields());
      ss::Reading reading = TRY(ss::reading_of(report, header, v6));
      plan.emplace(reading, header, report.feed.empty());
      if (!plan->has_subject()) return std::unexpected(no_header(header_line));
      sink.report_type(reading.type_name, reading.guessed);
    }
    if (step == csv::Step::end || sink.stopped()) return {};
    if (step == csv::Step::wrong) {
      sink.reject(reader.line(), reader.error(), reader.bytes());
      continue;
    }
    // Rows without their last fields are seen and harmless, but at the very end of a report they
    // are cut off.
    auto values = reader.fields();
    bool cut_off =
        values.size() < header.size() && reader.bytes().data() + reader.bytes().size() == end;
    if (values.size() > header.size() || cut_off) {
      sink.reject(reader.line(),
                  {Fault::invalid,
                   fmt::format("{} fields where the header has {}", values.size(), header.size())},
                  reader.bytes());
      continue;
    }
    plan->row(sink, reader.line(), reader.bytes(), values);
  }
}

// JSON. The columns are those of the first object; later ones may bring more.
class JsonRows {
 public:
  JsonRows(const Report& report, Sink& sink) : report_(report), sink_(sink) {}

  Result<void> read() {
    ss::Objects objects(report_.bytes);
    for (csv::Step step; (step = objects.next()) != csv::Step::end && !sink_.stopped();) {
      if (step == csv::Step::wrong) {
        sink_.reject(objects.line(), objects.error(), objects.bytes());
        continue;
      }
      if (auto row = take(objects.bytes()); !row) {
        sink_.reject(objects.line(), row.error(), objects.bytes());
        continue;
      }
      if (!plan_) TRY(make_plan());
      if (!plan_->has_subject()) return std::unexpected(no_header(objects.bytes().substr(0, 200)));
      plan_->row(sink_, objects.line(), objects.bytes(), values_);
    }
    return {};
  }

 private:
  static constexpr std::size_t columns_max = 4096;
  static constexpr unsigned plans_max = 64;

  // The report's type is decided once, by the first object.
  Result<void> make_plan() {
    header_.assign(names_.begin(), names_.end());
    if (!reading_) {
      reading_ = TRY(ss::reading_of(report_, header_, is_v6_row(header_, values_)));
      sink_.report_type(reading_->type_name, reading_->guessed);
    }
    plan_.emplace(*reading_, header_, report_.feed.empty());
    ++plans_;
    return {};
  }

  Result<void> take(std::string_view bytes) {
    simdjson::dom::object object;
    if (parser_.parse(bytes.data(), bytes.size()).get(object) != simdjson::SUCCESS)
      return invalid("not a JSON object: " + text::quote(bytes.substr(0, 80)));
    std::ranges::fill(values_, std::string_view{});
    spelled_.clear();
    std::size_t place = 0;
    for (auto [key, value] : object) {
      std::size_t column = place;
      if (place >= names_.size() || names_[place] != key) column = TRY(column_of(key));
      place = column + 1;
      values_[column] = spelling(value);
    }
    return {};
  }

  Result<std::size_t> column_of(std::string_view name) {
    if (auto known = places_.find(name); known != places_.end()) return known->second;
    if (names_.size() == columns_max || plans_ >= plans_max)
      return invalid("the report has too many different columns");
    names_.emplace_back(name);
    values_.emplace_back();
    places_.emplace(names_.back(), names_.size() - 1);
    plan_.reset();
    return names_.size() - 1;
  }

  // A value as CSV would have it.
  std::string_view spelling(simdjson::dom::element value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return text;
    if (value.is_null()) return {};
    return spelled_.emplace_back(simdjson::minify(value));
  }

  const Report& report_;
  Sink& sink_;
  simdjson::dom::parser parser_;
  std::deque<std::string> names_, spelled_;
  std::unordered_map<std::string_view, std::size_t> places_;
  Names header_;
  std::vector<std::string_view> values_;
  std::optional<ss::Reading> reading_;
  std::optional<ss::Plan> plan_;
  unsigned plans_ = 0;
};

Result<void> read(const Report& report, Sink& sink) {
  std::size_t start = report.bytes.starts_with("\xef\xbb\xbf") ? 3 : 0;
  std::size_t first = report.bytes.find_first_not_of(" \t\r\n", start);
  if (first != std::string_view::npos &&
      (report.bytes[first] == '[' || report.bytes[first] == '{')) {
    return JsonRows(report, sink).read();
  }
  return read_csv(report, sink);
}

}  // namespace

Format shadowserver() {
  return {.summary = "Shadowserver reports, all types, CSV or JSON; the type is in the file name",
          .read = read};
}

}  // namespace tocsin::ingest
