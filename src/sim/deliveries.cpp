#include "sim/deliveries.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "base/text.h"
#include "sim/draw.h"
#include "sim/rows.h"

namespace tocsin::sim {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t recent_max = 1024;  // rows that may be repeated
constexpr std::size_t yesterday_max = 64;
constexpr std::size_t late_max = 4096;
constexpr TimeUs usual_delay = 5 * us_per_hour + 30 * 60 * us_per_s;  // after the end of the day

std::string cannot_write(const std::string& path) {
  return fmt::format("cannot write {}: {}", text::quote(path), std::strerror(errno));
}

std::string folder_of(std::string_view feed, Day day) {
  return fmt::format("{}/{}/", times::format_day(day).substr(0, 7), feed);
}

void set_time(const std::string& path, TimeUs time) {
  timespec at{.tv_sec = time / us_per_s, .tv_nsec = 0};
  timespec both[2] = {at, at};
  utimensat(AT_FDCWD, path.c_str(), both, 0);  // for the eye alone; a failure does no harm
}

}  // namespace

Result<void> write_file(const std::string& path, std::string_view text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return unavailable(cannot_write(path));
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) return unavailable(cannot_write(path));
  return {};
}

Result<Deliveries> Deliveries::into(const std::string& out, const Faults& faults,
                                    std::uint64_t seed, TimeUs now) {
  if (out.empty()) return invalid("no folder to write to");
  std::error_code wrong;
  std::filesystem::create_directories(out, wrong);
  if (wrong) {
    return unavailable(fmt::format("cannot make {}: {}", text::quote(out), wrong.message()));
  }
  bool empty = std::filesystem::is_empty(out, wrong);
  if (wrong || !empty) return invalid("not an empty folder: " + text::quote(out));
  Deliveries made;
  made.out_ = out;
  made.faults_ = faults;
  made.seed_ = seed;
  made.now_us_ = now;
  return made;
}

Deliveries::Carried& Deliveries::carried() {
  return carried_[fmt::format("{}/{}", report_.name, report_.country.text())];
}

void Deliveries::open(const Report& report, Day day, bool holds_back) {
  report_ = report;
  day_ = day;
  day_text_ = times::format_day(day);
  holds_back_ = holds_back;
  key_ =
      draw(seed_, static_cast<std::uint64_t>(day) << 24 | report.country.code, hash64(report.name));
  now_ = {.path = {}, .feed = report.feed};
  recent_.clear();
  row_number_ = 0;
  Carried& c = carried();
  std::vector<std::string> late = std::move(c.late);
  c.late.clear();
  for (const std::string& text : late) {
    line(text);
    ++now_.events;
  }
}

// The file appears with its first row.
void Deliveries::begin_file() {
  const FeedRow& feed = sim::row(report_.feed);
  bool is_late = unit(draw(key_, 11)) < faults_.late_reports;
  auto days = is_late ? static_cast<Day>(2 + draw(key_, 12) % 8) : 0;
  std::string where;
  if (report_.feed == FeedId::shadowserver) {  // whose names always have a third part
    where = "-" + (report_.country.empty() ? "all" : text::lower(report_.country.text()));
  }
  now_.path = folder_of(feed.name, day_ + days) +
              fmt::format("{}-{}{}{}.{}", day_text_, report_.name, where, is_late ? "-delayed" : "",
                          feed.extension);
  // Reports of one day come a few minutes after each other.
  now_.delivered = times::start_of(day_ + days + 1) + usual_delay +
                   static_cast<TimeUs>(draw(key_, 13) % 1800) * us_per_s;
  now_.delivered = std::min(now_.delivered, now_us_);
  std::string path = out_ + "/" + now_.path;
  std::error_code wrong;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), wrong);
  file_.reset(std::fopen(path.c_str(), "wb"));
  if (!file_) wrong_ = true;
  if (is_late) carried().yesterday.clear();
  std::string_view head = header(report_.way);
  if (!head.empty()) {
    buffer_ += head;
    buffer_ += '\n';
  }
}

void Deliveries::line(std::string_view text) {
  if (now_.path.empty()) begin_file();
  buffer_ += text;
  buffer_ += '\n';
  ++now_.rows;
  ++rows_;
  if (buffer_.size() >= buffer_bytes) flush();
}

void Deliveries::flush() {
  bytes_ += buffer_.size();
  if (file_ && std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) {
    wrong_ = true;
  }
  buffer_.clear();
}

void Deliveries::repeat_one(std::uint64_t drawn) {
  Carried& c = carried();
  bool old = !c.yesterday.empty() && drawn % 4 == 0;
  const std::vector<std::string>& from = old ? c.yesterday : recent_;
  if (from.empty()) return;
  repeat(from[mix(drawn) % from.size()]);
}

void Deliveries::repeat(std::string_view text) {
  line(text);
  ++now_.duplicates;
}

void Deliveries::row(std::string_view text) {
  std::uint64_t chance = draw(key_, 14, row_number_++);
  bool counted = sim::row(report_.feed).counted;  // repeats mean nothing where they are not
  Carried* c = nullptr;
  if (counted && holds_back_ && unit(chance) < faults_.late_rows &&
      (c = &carried())->late.size() < late_max) {
    c->late.emplace_back(text);
    return;
  }
  line(text);
  ++now_.events;
  if (recent_.size() < recent_max) {
    recent_.emplace_back(text);
  } else if (row_number_ % 16 == 0) {
    recent_[mix(chance) % recent_max] = text;
  }
  // So that repeats are `repeats` of all rows.
  double repeats = counted ? faults_.repeats / (1 - faults_.repeats) : 0;
  for (double due = repeats + unit(mix(chance)); due >= 1; due -= 1) {
    repeat_one(draw(chance, static_cast<std::uint64_t>(due)));
  }
  if (unit(draw(chance, 16)) < faults_.dirty) {
    scratch_.clear();
    append_dirty(scratch_, report_.way, day_text_, draw(chance, 17));
    line(scratch_);
    ++now_.rejected;
  }
}

Result<void> Deliveries::close() {
  if (now_.path.empty()) return {};
  flush();
  std::string path = out_ + "/" + now_.path;
  if (wrong_ || std::fflush(file_.get()) != 0) return unavailable(cannot_write(path));
  file_.reset();
  set_time(path, now_.delivered);
  files_.push_back(now_);
  Delivered done = now_;
  now_ = {};
  if (!sim::row(done.feed).counted) return {};
  std::uint64_t drawn = draw(key_, 18);
  if (unit(drawn) < faults_.redelivered) {
    bool exact = recent_.empty() || mix(drawn) % 2 == 0;
    if (auto again = deliver_again(done, exact ? "" : recent_[0]); !again) return again;
  }
  Carried& c = carried();
  c.yesterday.clear();
  if (!done.path.contains("-delayed")) {
    for (std::size_t i = 0; i < recent_.size() && c.yesterday.size() < yesterday_max; i += 16) {
      c.yesterday.push_back(std::move(recent_[i]));
    }
  }
  return {};
}

// The same report once more: with the same bytes, or with one row of it a second time.
Result<void> Deliveries::deliver_again(const Delivered& first, std::string_view extra_row) {
  Delivered again = first;
  again.path.insert(again.path.rfind('.'), "_2");
  again.delivered = std::min(again.delivered + 2 * us_per_hour, now_us_);
  again.events = 0;
  again.repeat = extra_row.empty();
  std::string from = out_ + "/" + first.path, to = out_ + "/" + again.path;
  std::error_code wrong;
  std::filesystem::copy_file(from, to, wrong);
  if (wrong) {
    return unavailable(fmt::format("cannot write {}: {}", text::quote(to), wrong.message()));
  }
  if (again.repeat) {
    again.duplicates = again.rejected = 0;
  } else {
    std::unique_ptr<std::FILE, Close> file(std::fopen(to.c_str(), "ab"));
    std::string line = fmt::format("{}\n", extra_row);
    if (!file || std::fwrite(line.data(), 1, line.size(), file.get()) != line.size()) {
      return unavailable(cannot_write(to));
    }
    ++again.rows;
    again.duplicates = again.rows - again.rejected;
  }
  set_time(to, again.delivered);
  bytes_ += std::filesystem::file_size(to, wrong);
  rows_ += again.rows;
  files_.push_back(again);
  return {};
}

}  // namespace tocsin::sim
