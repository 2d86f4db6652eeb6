#include "store/issues.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/durable_file.h"
#include "base/hash.h"
#include "base/mapped_file.h"
#include "base/text.h"

namespace tocsin::store {
namespace {

constexpr auto steps = std::to_array<const char*>({R"(
CREATE TABLE situation_issues(
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, period TEXT NOT NULL,
  country TEXT NOT NULL, constituent TEXT NOT NULL, audience TEXT NOT NULL, k INTEGER NOT NULL,
  seq INTEGER NOT NULL, as_of INTEGER NOT NULL, sha256 TEXT NOT NULL, supersedes TEXT NOT NULL,
  figures TEXT NOT NULL);
CREATE INDEX situation_scope ON situation_issues(period, country, constituent, audience);
)"});

constexpr std::string_view columns =
    "id, period, country, constituent, audience, k, seq, as_of, sha256, supersedes, figures";

Issue issue_of(const Statement& s) {
  Issue issue;
  int at = 0;
  for (std::string* text :
       {&issue.id, &issue.period, &issue.country, &issue.constituent, &issue.audience})
    *text = s.text(at++);
  issue.k = static_cast<std::uint64_t>(s.number(at++));
  issue.seq = static_cast<std::uint64_t>(s.number(at++));
  issue.as_of = s.number(at++);
  for (std::string* text : {&issue.sha256, &issue.supersedes, &issue.figures}) *text = s.text(at++);
  return issue;
}

}  // namespace

Result<Issues> Issues::open(Journal& journal, std::string folder) {
  return Issues(TRY(Tables::open(journal, "situation", steps)), std::move(folder));
}

std::string Issues::path_of(std::string_view sha256) const {
  return fmt::format("{}/{}.html", folder_, sha256);
}

Result<std::optional<Issue>> Issues::last(const Issue& like, bool with_k) const {
  std::optional<Issue> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT {} FROM situation_issues WHERE period = ? AND country = ? AND constituent = ? AND "
        "audience = ? AND (k = ? OR NOT ?) ORDER BY number DESC LIMIT 1",
        columns)));
    select.bind(1, like.period).bind(2, like.country).bind(3, like.constituent);
    select.bind(4, like.audience).bind(5, like.k).bind(6, with_k ? 1 : 0);
    if (TRY(select.step())) found = issue_of(select);
    return {};
  };
  TRY(tables_.read(look));
  return found;
}

Result<std::vector<Issue>> Issues::list(std::size_t most) const {
  std::vector<Issue> all;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(
        fmt::format("SELECT {} FROM situation_issues ORDER BY number DESC LIMIT ?", columns)));
    select.bind(1, static_cast<std::uint64_t>(most));
    while (TRY(select.step())) all.push_back(issue_of(select));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

Result<void> Issues::add(Issue issue, std::string_view page) {
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  issue.sha256 = hex(tocsin::sha256(page));
  TRY(DurableFile::replace(path_of(issue.sha256), page));
  auto insert = [&](Sqlite& db) -> Result<void> {
    auto row = TRY(db.prepare(
        fmt::format("INSERT INTO situation_issues({}) VALUES(?,?,?,?,?,?,?,?,?,?,?)", columns)));
    row.bind(1, issue.id).bind(2, issue.period).bind(3, issue.country).bind(4, issue.constituent);
    row.bind(5, issue.audience).bind(6, issue.k).bind(7, issue.seq).bind(8, issue.as_of);
    row.bind(9, issue.sha256).bind(10, issue.supersedes).bind(11, issue.figures);
    return row.run();
  };
  return tables_.write(insert);
}

Result<Issue> Issues::one(std::string_view id) const {
  std::optional<Issue> found;
  auto look = [&](Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare(fmt::format("SELECT {} FROM situation_issues WHERE id = ?", columns)));
    select.bind(1, id);
    if (TRY(select.step())) found = issue_of(select);
    return {};
  };
  TRY(tables_.read(look));
  if (!found) return missing("no situation report " + text::quote(id));
  return *std::move(found);
}

Result<std::string> Issues::page(std::string_view id) const {
  std::string sha256 = TRY(one(id)).sha256;
  auto file = TRY(MappedFile::open(path_of(sha256)));
  if (hex(tocsin::sha256(file.bytes())) != sha256) {
    return invalid(fmt::format("the page of {} is not as it was issued: {}", text::quote(id),
                               text::quote(path_of(sha256))));
  }
  return std::string(file.bytes());
}

}  // namespace tocsin::store
