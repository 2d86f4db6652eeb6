#include "node/intake.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/cpu_clock.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/unpack.h"

namespace tocsin::node {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t reject_bytes_max = 64 * 1024;
constexpr std::size_t head_bytes_max = 16 * 1024;

// Removes files when it goes.
struct Removed {
  std::vector<std::string> paths;
  ~Removed() {
    std::error_code ignored;
    for (const auto& path : paths) fs::remove(path, ignored);
  }
};

}  // namespace

// What is known while one report is read.
struct Intake::Reading {
  const ingest::Feed& feed;
  store::ReportRow row;
  bool live;
  std::uint64_t events = 0, duplicates = 0, rejected = 0;  // from the report's start
  std::vector<store::RejectRow> rejects;                   // since the last commit
  CpuClock clock;
};

std::string Intake::waiting_for() const {
  std::lock_guard guard(mutex_);
  return waiting_for_;
}

// What the console and the log say of it, once per change. The figures of a nearly full disk change
// with every look.
void Intake::wait_for(std::string why) {
  std::lock_guard guard(mutex_);
  if (why.empty() != waiting_for_.empty()) {
    spdlog::log(why.empty() ? spdlog::level::info : spdlog::level::err, "intake {}",
                why.empty() ? "goes on" : "waits: " + why);
  }
  waiting_for_ = std::move(why);
}

std::string Intake::spool_path() {
  return fmt::format("{}/spool/{}-{}", parts_.home, getpid(), ++spooled_);
}

Result<void> Intake::check_disk() const {
  struct statvfs fs_state{};
  if (statvfs(parts_.home.c_str(), &fs_state) != 0) return {};
  std::uint64_t free = std::uint64_t{fs_state.f_bavail} * fs_state.f_frsize;
  if (free >= disk_free_min_bytes) return {};
  return unavailable(fmt::format("the disk of {} is nearly full: {} MB free, {} needed",
                                 text::quote(parts_.home), free >> 20, disk_free_min_bytes >> 20));
}

Result<ingest::Receipt> Intake::deliver(const ingest::Feed& feed, ingest::Delivery delivery) {
  auto disk = check_disk();
  wait_for(disk ? "" : disk.error().what);
  TRY(disk);
  if (delivery.path.empty() && delivery.live) return take_bytes(feed, delivery);
  std::string spool_folder = parts_.home + "/spool/";
  Removed removed;
  if (delivery.path.empty() || !delivery.path.starts_with(spool_folder)) {
    std::string spooled = spool_path();
    removed.paths.push_back(spooled);
    std::error_code failed;
    if (delivery.path.empty()) {
      FILE* file = std::fopen(spooled.c_str(), "wbe");
      bool written = file != nullptr && std::fwrite(delivery.bytes.data(), 1, delivery.bytes.size(),
                                                    file) == delivery.bytes.size();
      if (file == nullptr || std::fclose(file) != 0 || !written)
        return unavailable("cannot write to the spool");
      delivery.bytes.clear();
    } else if (!fs::copy_file(delivery.path, spooled, failed)) {
      return failed == std::errc::no_such_file_or_directory
                 ? missing("no file " + text::quote(delivery.path))
                 : unavailable("cannot copy " + text::quote(delivery.path) +
                               " to the spool: " + failed.message());
    }
    delivery.path = spooled;
  } else {
    removed.paths.push_back(delivery.path);
  }
  std::string password;
  auto unpacked = unpack_file(delivery.path, {}, spool_folder, password, feed.option("charset"));
  if (!unpacked && unpacked.error().fault == Fault::unavailable)
    return std::unexpected(unpacked.error());
  if (!unpacked) {  // kept as a failed report
    store::ReportRow row{
        .feed = feed.name, .name = delivery.name, .url = delivery.url, .received = parts_.now()};
    auto begun = TRY(parts_.journal.begin_report(row));
    auto mapped = MappedFile::open(delivery.path);
    EventBatch none;
    store::Journal::Step step{.report = begun.id,
                              .finished = store::ReportState::failed,
                              .error = unpacked.error().what,
                              .cursor = delivery.cursor};
    step.rejects.push_back(
        {.feed = feed.name,
         .reason = unpacked.error().what,
         .bytes = std::string(mapped ? mapped->bytes().substr(0, reject_bytes_max) : ""),
         .at = row.received});
    TRY(parts_.journal.commit(none, step));
    row.id = begun.id;
    row.state = store::ReportState::failed;
    row.error = unpacked.error().what;
    if (parts_.ended) parts_.ended(row);
    return std::unexpected(unpacked.error());
  }
  for (const auto& member : *unpacked) {
    if (member.made) removed.paths.push_back(member.path);
  }
  ingest::Receipt total{.repeat = true};
  std::optional<Error> failed;
  for (std::size_t i = 0; i < unpacked->size(); ++i) {
    const auto& member = (*unpacked)[i];
    std::string name = !member.name.empty() && (member.made || delivery.name.empty())
                           ? member.name
                           : delivery.name;
    auto receipt =
        take_file(feed, delivery, member.path, member.skip, name, i + 1 == unpacked->size());
    if (!receipt && receipt.error().fault == Fault::unavailable) return receipt;
    if (!receipt) {
      failed = receipt.error();
      continue;
    }
    total.report = receipt->report;
    total.repeat = total.repeat && receipt->repeat;
    total.events += receipt->events;
    total.duplicates += receipt->duplicates;
    total.rejected += receipt->rejected;
  }
  if (failed) return std::unexpected(*failed);
  return total;
}

Result<ingest::Receipt> Intake::take_bytes(const ingest::Feed& feed,
                                           const ingest::Delivery& delivery) {
  store::ReportRow row{
      .feed = feed.name, .name = delivery.name, .url = delivery.url, .format = feed.format};
  row.received = parts_.now();
  row.size_bytes = delivery.bytes.size();
  row.live = true;
  auto begun = TRY(parts_.journal.begin_report(row));
  row.id = begun.id;
  return read(feed, row, delivery.bytes, true, delivery.cursor);
}

Result<ingest::Receipt> Intake::take_file(const ingest::Feed& feed,
                                          const ingest::Delivery& delivery, const std::string& path,
                                          std::size_t skip, const std::string& name, bool last) {
  auto mapped = TRY(MappedFile::open(path));
  std::string_view bytes = mapped.bytes().substr(std::min(skip, mapped.bytes().size()));
  std::optional<std::string> cursor;
  if (last) cursor = delivery.cursor;
  store::ReportRow row{
      .feed = feed.name, .name = name, .url = delivery.url, .spool = path, .format = feed.format};
  row.sha256 = hex(sha256(bytes));
  row.received = parts_.now();
  row.size_bytes = bytes.size();
  row.live = delivery.live;
  auto begun = TRY(parts_.journal.begin_report(row));
  row.id = begun.id;
  if (begun.repeat) {
    if (cursor) TRY(parts_.journal.keep_cursor(feed.name, *cursor));
    row.state = store::ReportState::repeat;
    if (parts_.ended) parts_.ended(row);
    return ingest::Receipt{.report = begun.id, .repeat = true};
  }
  return read(feed, row, bytes, delivery.live, std::move(cursor));
}

// The journal's word, however long it takes: what is claimed as new must get in before anything
// else may be called its duplicate.
Result<void> Intake::commit(Reading& reading, EventBatch& batch, store::Journal::Step step) {
  step.report = reading.row.id;
  step.events_read = std::max(reading.events, reading.row.events);
  step.duplicates = reading.duplicates;
  step.rejected = std::max(reading.rejected, reading.row.rejected);
  step.rejects = std::move(reading.rejects);
  step.live = reading.live;
  reading.rejects.clear();
  while (true) {
    auto done = parts_.journal.commit(batch, step);
    bool waits = !done && done.error().fault == Fault::unavailable && !stop_.stop_requested();
    wait_for(waits ? done.error().what : "");
    if (!waits) return done;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

// Without it a sinkhole that somebody lists as a controller is refused anew when it is next seen.
void Intake::keep_refused() {
  auto kept = parts_.journal.keep_value("controllers.refused", parts_.controllers.refused());
  if (!kept) spdlog::warn("controllers: {}", kept.error().what);
}

Result<void> Intake::take_batch(Reading& reading, EventBatch& from_format) {
  if (stop_.stop_requested())
    return unavailable("the node is stopping; the report goes on at the next start");
  auto batch = std::make_shared<EventBatch>();
  std::swap(*batch, from_format);
  std::uint64_t before = reading.events;
  reading.events += batch->size();
  stages_.events += batch->size();
  stages_.read_ns += reading.clock.lap();
  if (before < reading.row.events) {  // read and committed before a crash
    std::uint64_t known = std::min<std::uint64_t>(batch->size(), reading.row.events - before);
    std::vector<bool> keep(batch->size(), true);
    std::fill_n(keep.begin(), known, false);
    batch->keep_rows(keep);
    if (batch->size() == 0) return {};
  }
  store::fill_hashes(*batch);
  reading.duplicates += TRY(parts_.duplicates.claim(*batch));
  for (std::size_t i = 0; i < batch->size(); ++i) {
    if (batch->time[i] == time_none) batch->time[i] = batch->observed[i];
  }
  stages_.duplicates_ns += reading.clock.lap();
  parts_.enrichment.apply(*batch);
  bool refused = parts_.controllers.apply(*batch);
  stages_.enrich_ns += reading.clock.lap();
  store::Journal::Step step;
  if (batch->report_type != 0) step.type = parts_.words.word(batch->report_type);
  auto done = commit(reading, *batch, std::move(step));
  parts_.duplicates.release(*batch);
  TRY(done);
  if (refused) keep_refused();
  if (batch->size() == 0) return {};
  if (parts_.committed) parts_.committed(reading.feed, *batch);
  parts_.followers.committed(std::move(batch), reading.live);
  stages_.commit_ns += reading.clock.lap();
  return {};
}

Result<ingest::Receipt> Intake::read(const ingest::Feed& feed, store::ReportRow row,
                                     std::string_view bytes, bool live,
                                     std::optional<std::string> cursor) {
  Reading reading{.feed = feed, .row = row, .live = live, .duplicates = row.duplicates};
  ingest::Sink sink(
      parts_.words,
      {.feed = parts_.words.id(feed.name),
       .report = row.id,
       .received = row.received,
       .tlp = feed.tlp},
      [&](EventBatch& batch) { return take_batch(reading, batch); },
      [&](const ingest::Reject& r) {
        if (++reading.rejected <= reading.row.rejected || reading.rejected > rejects_kept_max)
          return;
        reading.rejects.push_back({.feed = feed.name,
                                   .reason = r.why.what,
                                   .bytes = std::string(r.bytes.substr(0, reject_bytes_max)),
                                   .line = r.line,
                                   .at = row.received});
      });
  std::string format = feed.format.empty() || feed.format == "auto"
                           ? ingest::detect_format(row.name, bytes)
                           : feed.format;
  Result<void> done;
  if (format.empty()) {
    done = invalid("no format fits " + text::quote(row.name) +
                   "; name one with --format or in the feed");
  } else if (auto reader = ingest::find_format(format); !reader) {
    done = std::unexpected(reader.error());
  } else {
    std::string mapping, schema;
    if (!feed.mapping.empty()) {
      auto file = MappedFile::open(feed.mapping);
      if (file) mapping = file->bytes();
      if (!file) done = std::unexpected(file.error());
    }
    std::string schema_path = parts_.home + "/shadowserver-schema.json";
    if (auto file = MappedFile::open(schema_path)) schema = file->bytes();
    if (done) {
      done = (*reader)({.bytes = bytes,
                        .name = row.name,
                        .feed = feed.name,
                        .url = row.url,
                        .mapping = mapping,
                        .schema = schema,
                        .received = row.received},
                       sink);
    }
  }
  auto finished = sink.finish();
  if (!finished) return std::unexpected(finished.error());  // not committed: stays in state reading
  store::Journal::Step step{.finished = store::ReportState::done, .cursor = std::move(cursor)};
  if (!done) {
    step.finished = store::ReportState::failed;
    step.error = done.error().what;
    reading.rejects.push_back({.feed = feed.name,
                               .reason = done.error().what,
                               .bytes = std::string(bytes.substr(0, reject_bytes_max)),
                               .at = row.received});
  }
  if (reading.rejected > rejects_kept_max) {
    step.error = fmt::format(
        "{} records rejected; the first {} are in quarantine, the report is kept whole as "
        "quarantine/{}",
        reading.rejected, rejects_kept_max, row.id);
    std::error_code failed;
    fs::create_directories(parts_.home + "/quarantine", failed);
    fs::copy_file(row.spool, fmt::format("{}/quarantine/{}", parts_.home, row.id),
                  fs::copy_options::overwrite_existing, failed);
  }
  if (reading.rejected > 0) {  // a header, should the rejected records be read again
    std::string_view head = bytes.substr(0, std::min(bytes.find('\n'), head_bytes_max));
    TRY(parts_.journal.keep_value(fmt::format("head.{}", row.id), head));
  }
  EventBatch none;
  TRY(commit(reading, none, std::move(step)));
  row.state = done ? store::ReportState::done : store::ReportState::failed;
  row.events = reading.events;
  row.duplicates = reading.duplicates;
  row.rejected = reading.rejected;
  row.error = done ? "" : done.error().what;
  if (parts_.ended) parts_.ended(row);
  if (!done) return std::unexpected(done.error());
  return ingest::Receipt{.report = row.id,
                         .events = row.events,
                         .duplicates = row.duplicates,
                         .rejected = row.rejected};
}

Result<void> Intake::resume(const std::function<ingest::Feed(const std::string&)>& feed_named) {
  auto unfinished = TRY(parts_.journal.unfinished());
  for (auto& row : unfinished) {
    ingest::Feed feed = feed_named(row.feed);
    if (!row.format.empty()) feed.format = row.format;
    auto mapped = MappedFile::open(row.spool);
    bool whole = mapped &&
                 hex(sha256(mapped->bytes().substr(
                     mapped->bytes().size() -
                     std::min<std::size_t>(mapped->bytes().size(), row.size_bytes)))) == row.sha256;
    if (!whole) {
      EventBatch none;
      store::Journal::Step step{
          .report = row.id,
          .events_read = row.events,
          .duplicates = row.duplicates,
          .rejected = row.rejected,
          .finished = store::ReportState::failed,
          .error = "cut short by a stop, and its spooled bytes are gone; deliver it again"};
      TRY(parts_.journal.commit(none, step));
      continue;
    }
    std::string_view bytes = mapped->bytes();
    spdlog::info("report {} ({}) goes on after {} events", row.id, row.name, row.events);
    auto receipt =
        read(feed, row, bytes.substr(bytes.size() - row.size_bytes), row.live, std::nullopt);
    if (!receipt && receipt.error().fault == Fault::unavailable)
      return std::unexpected(receipt.error());
    std::error_code ignored;
    fs::remove(row.spool, ignored);
  }
  return {};
}

Result<ingest::Receipt> Intake::replay(const ingest::Feed& feed, std::string_view reason,
                                       const std::vector<std::uint64_t>& ids) {
  // Records of one report go together, under its first line where it has a header; an event read
  // twice is a duplicate.
  ingest::Receipt total;
  std::uint64_t after = 0;
  std::map<std::uint64_t, std::vector<store::RejectRow>> by_report;
  while (true) {
    auto rows = TRY(parts_.journal.rejects(feed.name, reason, after, 1000));
    if (rows.empty()) break;
    after = rows.back().id;
    for (auto& row : rows) {
      if (ids.empty() || std::ranges::find(ids, row.id) != ids.end())
        by_report[row.report].push_back(std::move(row));
    }
  }
  for (auto& [report, rows] : by_report) {
    auto original = TRY(parts_.journal.report(report));
    ingest::Delivery delivery{.name = original ? original->name : "replay",
                              .cursor = TRY(parts_.journal.cursor(feed.name))};
    std::string head = TRY(parts_.journal.value(fmt::format("head.{}", report)));
    delivery.bytes = head;
    if (!head.empty() && !head.ends_with('\n')) delivery.bytes += '\n';
    std::vector<std::uint64_t> settled;
    for (const auto& row : rows) {
      settled.push_back(row.id);
      if (row.bytes == head) continue;
      delivery.bytes += row.bytes;
      if (!row.bytes.ends_with('\n')) delivery.bytes += '\n';
    }
    delivery.live = true;  // small, and to be read again even if its bytes were here before
    auto receipt = deliver(feed, std::move(delivery));
    if (!receipt && receipt.error().fault == Fault::unavailable) return receipt;
    TRY(parts_.journal.settle_rejects(settled, "replayed"));
    if (!receipt) continue;
    total.report = receipt->report;
    total.events += receipt->events;
    total.duplicates += receipt->duplicates;
    total.rejected += receipt->rejected;
  }
  return total;
}

}  // namespace tocsin::node
