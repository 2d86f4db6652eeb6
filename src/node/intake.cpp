#include "node/intake.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/charset.h"
#include "base/cpu_clock.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/unpack.h"
#include "ingest/passwords.h"
#include "node/reading.h"

namespace tocsin::node {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t reject_bytes_max = 64 * 1024;
constexpr std::size_t head_bytes_max = 16 * 1024;
// In the place of a record of a report that carries accounts or passwords.
constexpr std::string_view erased_record = "(not kept: it names an erased subject)";
constexpr std::string_view masked_record = "(not kept: the report carries accounts or passwords)";
constexpr std::size_t rejects_pending_max = 4 << 20;  // bytes in memory, before they are committed

// Adds what a member of a packed report was read as.
void add_reading(ingest::Receipt& total, const ingest::Receipt& member) {
  auto add = [](std::string& all, const std::string& one) {
    if (!one.empty() && !(", " + all + ", ").contains(", " + one + ", "))
      all += (all.empty() ? "" : ", ") + one;
  };
  add(total.format, member.format);
  add(total.type, member.type);
  total.format_guessed = total.format_guessed || member.format_guessed;
  total.type_guessed = total.type_guessed || member.type_guessed;
}

std::uint8_t flags_of(const ingest::Feed& feed, const ingest::Delivery& delivery) {
  return static_cast<std::uint8_t>(delivery.flags | (feed.exercise ? flag_exercise : 0));
}

}  // namespace

// Removes files when it goes.
struct Intake::Removed {
  std::vector<std::string> paths;
  ~Removed() {
    std::error_code ignored;
    for (const auto& path : paths) fs::remove(path, ignored);
  }
};

// What is known while one report is read.
struct Intake::Reading {
  const ingest::Feed& feed;
  store::ReportRow row;
  bool live;
  std::uint64_t events = 0, duplicates = 0, rejected = 0;  // from the report's start
  std::vector<store::RejectRow> rejects;                   // since the last commit
  std::size_t rejects_pending = 0;                         // bytes of them
  std::uint64_t rejects_bytes = 0;                         // of all that are kept
  std::uint64_t first_line = UINT64_MAX;                   // of an event or reject
  std::vector<std::shared_ptr<EventBatch>> waiting;        // for the next commit
  bool secret = false;  // its records carry passwords or accounts: none is kept as it came
  CpuClock clock;

  bool keeps_rejects() const {
    return rejected <= rejects_kept_max && rejects_bytes <= rejects_bytes_max;
  }
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

// The delivery's bytes as a file in the spool, which goes with `removed`.
Result<void> Intake::spool(ingest::Delivery& delivery, Removed& removed) {
  if (delivery.path.starts_with(parts_.home + "/spool/")) {
    removed.paths.push_back(delivery.path);
    return {};
  }
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
  return {};
}

// Keeps the report's bytes whole, for what cannot be kept as single records. The collector may
// remove its own copy after that.
Result<void> Intake::keep_whole(const std::string& path, std::uint64_t report) {
  std::error_code failed;
  std::string folder = parts_.home + "/quarantine";
  fs::create_directories(folder, failed);
  if (!failed) {
    fs::copy_file(path, fmt::format("{}/{}", folder, report), fs::copy_options::overwrite_existing,
                  failed);
  }
  if (failed) return unavailable("cannot keep the report in quarantine: " + failed.message());
  return {};
}

// What cannot even be unpacked is a report in state failed.
Result<void> Intake::keep_failed(const ingest::Feed& feed, const ingest::Delivery& delivery,
                                 const Error& why) {
  store::ReportRow row{.feed = feed.name,
                       .name = delivery.name,
                       .url = delivery.url,
                       .error = why.what,
                       .received = parts_.now(),
                       .state = store::ReportState::failed,
                       .flags = flags_of(feed, delivery)};
  row.id = TRY(begin(row, "", false)).id;
  // Nobody can see whom it names.
  bool kept = !parts_.law.has_erased();
  if (kept) TRY(keep_whole(delivery.path, row.id));
  store::Journal::Step step{.report = row.id,
                            .finished = store::ReportState::failed,
                            .error = why.what,
                            .cursor = delivery.cursor};
  auto mapped = MappedFile::open(delivery.path);
  step.rejects.push_back(
      {.feed = feed.name,
       .reason = why.what,
       .bytes = std::string(!kept    ? unseen_record
                            : mapped ? mapped->bytes().substr(0, reject_bytes_max)
                                     : ""),
       .at = row.received});
  TRY(parts_.journal.commit({}, step));
  if (kept && parts_.law.has_erased()) TRY(parts_.law.look_again(row, true));
  if (parts_.ended) parts_.ended(row);
  return {};
}

Result<ingest::Receipt> Intake::deliver(const ingest::Feed& feed, ingest::Delivery delivery) {
  return deliver(feed, std::move(delivery), {});
}

Result<ingest::Receipt> Intake::deliver(const ingest::Feed& feed, ingest::Delivery delivery,
                                        const Rejected& rejected) {
  auto disk = check_disk();
  wait_for(disk ? "" : disk.error().what);
  TRY(disk);
  if (delivery.path.empty() && delivery.live) return take_bytes(feed, delivery, rejected);
  Removed removed;
  TRY(spool(delivery, removed));
  UnpackLimits limits;
  if (auto most = text::number(feed.option("size_max_bytes"))) limits.bytes_max = *most;
  auto unpacked = unpack_file(delivery.path, limits, parts_.home + "/spool/", delivery.name, "",
                              feed.option("charset"));
  if (!unpacked && unpacked.error().fault == Fault::unavailable)
    return std::unexpected(unpacked.error());
  if (!unpacked) {
    if (!delivery.again) TRY(keep_failed(feed, delivery, unpacked.error()));
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
    Asked asked{.live = delivery.live, .again = delivery.again, .rejected = &rejected};
    if (!rejected && i + 1 == unpacked->size()) asked.cursor = delivery.cursor;
    auto receipt = take_file(feed, delivery, member.path, member.skip, name, std::move(asked));
    if (!receipt && receipt.error().fault == Fault::unavailable) {
      std::erase(removed.paths, member.path);  // goes on from there at the next start
      return receipt;
    }
    if (!receipt) {
      failed = receipt.error();
      continue;
    }
    add_reading(total, *receipt);
    total.report = receipt->report;
    total.repeat = total.repeat && receipt->repeat;
    total.events += receipt->events;
    total.duplicates += receipt->duplicates;
    total.rejected += receipt->rejected;
  }
  if (failed) return std::unexpected(*failed);
  return total;
}

// As the journal keeps it: without the names of who is erased.
Result<store::Journal::Begun> Intake::begin(const store::ReportRow& row, std::string_view bytes,
                                            bool again) {
  store::ReportRow kept = row;
  for (std::string* text : {&kept.name, &kept.url, &kept.error}) {
    if (auto masked = parts_.law.without_erased(*text)) *text = *masked;
  }
  if (bytes.size() <= Law::guessable_bytes_max && parts_.law.report_names_erased(bytes))
    kept.sha256 = parts_.law.disguised(kept.sha256);
  return parts_.journal.begin_report(kept, again);
}

Result<ingest::Receipt> Intake::take_bytes(const ingest::Feed& feed,
                                           const ingest::Delivery& delivery,
                                           const Rejected& rejected) {
  store::ReportRow row{
      .feed = feed.name, .name = delivery.name, .url = delivery.url, .format = feed.format};
  row.received = delivery.received == time_none ? parts_.now() : delivery.received;
  row.size_bytes = delivery.bytes.size();
  row.live = true;
  row.flags = flags_of(feed, delivery);
  auto begun = TRY(begin(row, delivery.bytes, false));
  row.id = begun.id;
  std::string_view bytes = delivery.bytes;
  std::string text;
  if (auto charset = feed.option("charset"); !charset.empty())
    bytes = text = TRY(charset::to_utf8(bytes, charset));
  return read(
      feed, row, bytes,
      {.live = true, .again = delivery.again, .cursor = delivery.cursor, .rejected = &rejected});
}

Result<ingest::Receipt> Intake::take_file(const ingest::Feed& feed,
                                          const ingest::Delivery& delivery, const std::string& path,
                                          std::size_t skip, const std::string& name, Asked asked) {
  auto mapped = TRY(MappedFile::open(path));
  std::string_view bytes = mapped.bytes().substr(std::min(skip, mapped.bytes().size()));
  store::ReportRow row{
      .feed = feed.name, .name = name, .url = delivery.url, .spool = path, .format = feed.format};
  row.sha256 = hex(sha256(bytes));
  row.received = delivery.received == time_none ? parts_.now() : delivery.received;
  row.size_bytes = bytes.size();
  row.flags = flags_of(feed, delivery);
  row.replaces = delivery.replaces;
  row.tlp = feed.tlp;
  auto begun = TRY(begin(row, bytes, delivery.again));
  row.id = begun.id;
  if (begun.repeat) {
    if (asked.cursor) TRY(parts_.journal.keep_cursor(feed.name, *asked.cursor));
    row.state = store::ReportState::repeat;
    if (parts_.ended) parts_.ended(row);
    return ingest::Receipt{.report = begun.id, .repeat = true};
  }
  return read(feed, row, bytes, std::move(asked));
}

// The journal's word, however long it takes: what is claimed as new must get in before anything
// else may be called its duplicate.
// Takes in what waits, and hands it on.
Result<void> Intake::commit(Reading& reading, store::Journal::Step step) {
  step.report = reading.row.id;
  step.events_read = std::max(reading.events, reading.row.events);
  step.duplicates = reading.duplicates;
  step.rejected = std::max(reading.rejected, reading.row.rejected);
  step.rejects = std::move(reading.rejects);
  step.live = reading.live;
  reading.rejects.clear();
  reading.rejects_pending = 0;
  if (!reading.waiting.empty() && reading.waiting.back()->report_type != 0)
    step.type = parts_.words.word(reading.waiting.back()->report_type);
  while (true) {
    auto done = keep_sinks();
    if (done) done = parts_.journal.commit(reading.waiting, step);
    bool waits = !done && done.error().fault == Fault::unavailable && !stop_.stop_requested();
    wait_for(waits ? done.error().what : "");
    if (!waits) {
      hand_on(reading, done.has_value());
      return done;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

void Intake::hand_on(Reading& reading, bool committed) {
  if (committed) {
    for (const auto& batch : reading.waiting) {
      if (parts_.committed && batch->size() > 0) parts_.committed(reading.feed, *batch);
    }
    // Before it is released: whoever loads a day waits until all that is committed shows.
    std::vector<BatchPointer> batches(reading.waiting.begin(), reading.waiting.end());
    parts_.followers.committed(batches, reading.live);
  }
  for (const auto& batch : reading.waiting) parts_.duplicates.release(*batch);
  reading.waiting.clear();
}

// What is new goes beside what was kept before, under a key of its own: nothing is rewritten.
Result<void> Intake::keep_sinks() {
  return parts_.controllers.keep_sinks([this](std::string_view lines) {
    std::string_view first = lines.substr(0, lines.find('\n'));
    return parts_.journal.keep_value(fmt::format("{}{}", enrich::sinks_key, first), lines);
  });
}

Result<void> Intake::take_batch(Reading& reading, EventBatch& from_format) {
  if (stop_.stop_requested())
    return unavailable("the node is stopping; the report goes on at the next start");
  auto batch = std::make_shared<EventBatch>();
  std::swap(*batch, from_format);
  std::uint64_t before = reading.events;
  reading.events += batch->size();
  for (std::uint32_t line : batch->line)
    reading.first_line = std::min<std::uint64_t>(reading.first_line, line);
  stages_.events += batch->size();
  stages_.read_ns += reading.clock.lap();
  if (before < reading.row.events) {  // read and committed before a crash
    std::uint64_t known = std::min<std::uint64_t>(batch->size(), reading.row.events - before);
    std::vector<bool> keep(batch->size(), true);
    std::fill_n(keep.begin(), known, false);
    batch->keep_rows(keep);
    if (batch->size() == 0) return {};
  }
  if (std::ranges::any_of(batch->account, [](Text text) { return !text.empty(); })) {
    reading.secret = true;
    for (auto& reject : reading.rejects) reject.bytes = masked_record;
  }
  std::uint64_t law = parts_.law.version();
  parts_.law.apply(*batch);
  store::fill_hashes(*batch);
  // What waits goes in before it waits for a correction, which waits for it.
  auto get_in = [&] { return commit(reading, {}); };
  reading.duplicates += TRY(parts_.duplicates.claim(*batch, get_in));
  // An erasure holds claims while it looks at what is in: who waited here was not looked at.
  if (parts_.law.version() != law) {
    parts_.law.apply(*batch);
    store::fill_hashes(*batch);
  }
  for (std::size_t i = 0; i < batch->size(); ++i) {
    if (batch->time[i] == time_none) batch->time[i] = batch->observed[i];
  }
  stages_.duplicates_ns += reading.clock.lap();
  parts_.enrichment.apply(*batch);
  parts_.controllers.apply(*batch);
  stages_.enrich_ns += reading.clock.lap();
  if (batch->size() > 0 || !batch->echoes.empty()) {
    reading.waiting.push_back(std::move(batch));
  } else {
    parts_.duplicates.release(*batch);
  }
  // Without an event of its own a batch moves the report with the next commit.
  if (reading.waiting.size() >= (reading.live ? 1 : group_batches)) TRY(commit(reading, {}));
  stages_.commit_ns += reading.clock.lap();
  return {};
}

Result<ingest::Receipt> Intake::read(const ingest::Feed& feed, store::ReportRow row,
                                     std::string_view bytes, Asked asked) {
  const bool again = asked.again;
  Reading reading{.feed = feed, .row = row, .live = asked.live, .duplicates = row.duplicates};
  reading.secret =
      ingest::names_password(bytes.substr(0, bytes.find('\n')).substr(0, head_bytes_max));
  auto names_erased = [&](std::string_view text) { return parts_.law.names_erased(text); };
  const std::uint64_t law = parts_.law.version();
  std::uint64_t seen = law;
  bool erased = parts_.law.report_names_erased(bytes);
  auto look = [&] {  // once more, if somebody was erased meanwhile
    if (std::uint64_t now = parts_.law.version(); now != std::exchange(seen, now))
      erased = parts_.law.report_names_erased(bytes);
    return erased;
  };
  auto kept_bytes = [&](std::string_view record) {
    if (reading.secret) return masked_record;
    return look() && names_erased(record) ? erased_record : record.substr(0, reject_bytes_max);
  };
  auto kept_reason = [&](const std::string& why) {
    return reading.secret || names_erased(why) ? store::reason_kind(why) : why;
  };
  ingest::Sink sink(
      parts_.words,
      {.feed = parts_.words.id(feed.name),
       .report = row.id,
       .received = row.received,
       .tlp = feed.tlp,
       .flags = row.flags},
      [&](EventBatch& batch) { return take_batch(reading, batch); },
      [&](const ingest::Reject& r) {
        reading.first_line = std::min<std::uint64_t>(reading.first_line, r.line);
        if (asked.rejected != nullptr && *asked.rejected) (*asked.rejected)(r);
        if (++reading.rejected <= reading.row.rejected || !reading.keeps_rejects()) return;
        reading.secret = reading.secret || ingest::names_password(r.bytes);
        reading.rejects.push_back({.feed = feed.name,
                                   .reason = kept_reason(r.why.what),
                                   .bytes = std::string(kept_bytes(r.bytes)),
                                   .line = r.line,
                                   .at = row.received});
        reading.rejects_bytes += reading.rejects.back().bytes.size();
        reading.rejects_pending += reading.rejects.back().bytes.size();
        // An error is a stop: the report is read on from here at the next start.
        if (reading.rejects_pending > rejects_pending_max) std::ignore = commit(reading, {});
      });
  if (parts_.judge) sink.judge_by(parts_.judge(feed));
  if (parts_.recalls) sink.recalls_to(parts_.recalls(feed));
  std::unique_ptr<Others::Report> others;
  if (parts_.others) {
    others = parts_.others(feed, row.id, [&](std::size_t line, Error why, std::string_view record) {
      sink.reject(line, std::move(why), record);
    });
  }
  if (others) {
    sink.others_to(
        [&](std::size_t line, wire::StixObject object) { others->take(line, std::move(object)); });
  }
  Read report = read_report(feed,
                            {.bytes = bytes,
                             .name = row.name,
                             .feed = feed.name,
                             .url = row.url,
                             .mapping = {},
                             .schema = {},
                             .received = row.received},
                            parts_.home, sink);
  Result<void>& done = report.done;
  auto finished = sink.finish();
  if (others && finished) finished = others->flush();
  if (!finished) {  // stays in state reading; what was claimed is taken in
    if (!reading.waiting.empty()) TRY(commit(reading, {}));
    return std::unexpected(finished.error());
  }
  std::string type(parts_.words.word(sink.report_type()));
  store::Journal::Step step{.finished = store::ReportState::done,
                            .type = type,
                            .format = done ? report.format : "",
                            .cursor = std::move(asked.cursor)};
  if (!done) {
    step.finished = store::ReportState::failed;
    step.error =
        names_erased(done.error().what) ? store::reason_kind(done.error().what) : done.error().what;
  }
  if (!done) reading.secret = reading.secret || ingest::names_password(bytes);
  reading.secret = reading.secret || sink.passwords() > 0;
  if (!done && !again) {
    reading.rejects.push_back({.feed = feed.name,
                               .reason = kept_reason(done.error().what),
                               .bytes = std::string(kept_bytes(bytes)),
                               .at = row.received});
  }
  look();
  if (!row.spool.empty() && (done ? !reading.keeps_rejects() : !again)) {
    if (!reading.secret && !erased) TRY(keep_whole(row.spool, row.id));
    if (done && (reading.secret || erased)) {
      step.error =
          fmt::format("{} records rejected; the report is not kept: it {}", reading.rejected,
                      reading.secret ? "carries accounts or passwords" : "names an erased subject");
    } else if (done) {
      step.error = fmt::format(
          "{} records rejected; the first of them are in quarantine, the report is kept whole as "
          "quarantine/{}",
          reading.rejected, row.id);
    }
  }
  if (!row.spool.empty() && parts_.keep_raw && !reading.secret && !erased)
    parts_.keep_raw(feed, row);
  // A header, should the rejected records be read again: a first line that is no record itself.
  if (reading.rejected > 0 && reading.first_line > 1) {
    std::string_view head = bytes.substr(0, std::min(bytes.find('\n'), head_bytes_max));
    if (!erased || !names_erased(head))
      TRY(parts_.journal.keep_value(fmt::format("head.{}", row.id), head));
  }
  TRY(commit(reading, std::move(step)));
  if (parts_.law.version() != law)
    TRY(parts_.law.look_again(row, parts_.law.report_names_erased(bytes)));
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
                         .rejected = row.rejected,
                         .format = std::move(report.format),
                         .type = std::move(type),
                         .format_guessed = report.guessed,
                         .type_guessed = sink.report_type_guessed()};
}

Result<void> Intake::resume(const std::function<ingest::Feed(const std::string&)>& feed_named) {
  auto unfinished = TRY(parts_.journal.unfinished());
  for (auto& row : unfinished) {
    ingest::Feed feed = feed_named(row.feed);
    if (!row.format.empty()) feed.format = row.format;
    auto mapped = MappedFile::open(row.spool);
    std::string hash = !mapped
                           ? std::string()
                           : hex(sha256(mapped->bytes().substr(
                                 mapped->bytes().size() -
                                 std::min<std::size_t>(mapped->bytes().size(), row.size_bytes))));
    bool whole = mapped && (hash == row.sha256 || parts_.law.disguised(hash) == row.sha256);
    if (!whole) {
      store::Journal::Step step{
          .report = row.id,
          .events_read = row.events,
          .duplicates = row.duplicates,
          .rejected = row.rejected,
          .finished = store::ReportState::failed,
          .error = "cut short by a stop, and its spooled bytes are gone; deliver it again"};
      TRY(parts_.journal.commit({}, step));
      continue;
    }
    std::string_view bytes = mapped->bytes();
    spdlog::info("report {} ({}) goes on after {} events", row.id, row.name, row.events);
    auto receipt = read(feed, row, bytes.substr(bytes.size() - row.size_bytes), {.live = row.live});
    if (!receipt && receipt.error().fault == Fault::unavailable)
      return std::unexpected(receipt.error());
  }
  std::error_code failed;  // nothing in the spool is wanted any more
  for (const auto& entry : fs::directory_iterator(parts_.home + "/spool", failed)) {
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
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
  std::optional<Error> failed;
  for (auto& [report, rows] : by_report) {
    auto original = TRY(parts_.journal.report(report));
    // As the report was read, and as of when it came: an event without a time keeps its day.
    ingest::Feed as_read = feed;
    ingest::Delivery delivery{.name = "replay", .cursor = TRY(parts_.journal.cursor(feed.name))};
    if (original) {
      delivery.name = original->name;
      delivery.received = original->received;
      delivery.flags = original->flags;
      bool detects = as_read.format.empty() || as_read.format == "auto";
      if (detects) as_read.format = original->format;
    }
    std::string head = TRY(parts_.journal.value(fmt::format("head.{}", report)));
    delivery.bytes = head;
    if (!head.empty() && !head.ends_with('\n')) delivery.bytes += '\n';
    std::vector<std::uint64_t> settled;
    for (const auto& row : rows) {
      settled.push_back(row.id);
      bool none =
          row.bytes == masked_record || row.bytes == erased_record || row.bytes == unseen_record;
      if (none || row.bytes == head) continue;
      delivery.bytes += row.bytes;
      if (!row.bytes.ends_with('\n')) delivery.bytes += '\n';
    }
    std::string whole = fmt::format("{}/quarantine/{}", parts_.home, report);
    if (ids.empty() && fs::exists(whole)) {  // more than the records that were kept
      delivery.path = whole;
      delivery.bytes.clear();
    }
    delivery.again = true;
    delivery.live = delivery.path.empty();  // small; read again even if its bytes were here before
    auto receipt = deliver(as_read, std::move(delivery));
    if (!receipt && receipt.error().fault == Fault::unavailable) return receipt;
    if (!receipt) {  // what was rejected stays where it is
      failed = receipt.error();
      total.rejected += rows.size();
      continue;
    }
    TRY(parts_.journal.settle_rejects(settled, "replayed"));
    total.report = receipt->report;
    total.events += receipt->events;
    total.duplicates += receipt->duplicates;
    total.rejected += receipt->rejected;
  }
  if (failed && total.report == 0) return std::unexpected(*failed);  // nothing could be read
  return total;
}

}  // namespace tocsin::node
