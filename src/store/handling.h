// Handling: what people said of one finding, and a change of it as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "model/verdict.h"

namespace tocsin::store {

inline constexpr std::size_t note_bytes_max = 16 * 1024, tag_bytes_max = 64,
                             tags_max = 32,  // of one finding
    person_bytes_max = 128, reason_bytes_max = 1000, followers_max = 100, finding_cases_max = 100;
inline constexpr TimeUs mute_longest = 3660 * us_per_day;

struct Handling {
  std::uint32_t version = 0;  // grows with each change; 0: nobody has touched it
  Verdict verdict = Verdict::none;
  Hash128 duplicate_of{};  // of Verdict::duplicate
  std::string judged_by{}, assigned{}, mute_reason{}, muted_by{}, changed_by{};
  TimeUs judged_at = 0, muted_until = 0, changed_at = 0;  // whole seconds; 0: never
  std::vector<std::string> tags{}, followers{};           // sorted
  std::vector<std::uint64_t> cases{};                     // sorted

  bool operator==(const Handling&) const = default;
};

// What a person asks for. What is not said stays.
struct Change {
  std::optional<Verdict> verdict{};  // none: takes it back
  Hash128 duplicate_of{};
  std::optional<std::string> assigned{};  // "": nobody
  std::vector<std::string> tags_add{}, tags_remove{};
  std::optional<bool> follow{};         // whoever asks
  std::optional<TimeUs> muted_until{};  // 0: no longer
  std::string mute_reason{};
  std::uint64_t case_add = 0, case_remove = 0;
  std::string note{};

  bool empty() const;
};

// One line of text for people: blanks trimmed; UTF-8 without control characters. Errors: invalid,
// also if it is longer than `bytes_max`. `what` names it: "the tag".
Result<std::string> one_line(std::string_view text, std::size_t bytes_max, std::string_view what);
// Several: LF and tab may stand in it, CR LF becomes LF.
Result<std::string> many_lines(std::string_view text, std::size_t bytes_max, std::string_view what);

// The change with its texts cleaned. Errors: invalid: too long, a control character, a date that is
// over, a mute without a reason, a duplicate of nothing.
Result<Change> checked(Change change, TimeUs now);

// `before` with the change. Errors: invalid: too many tags, followers or cases.
Result<Handling> changed(const Handling& before, const Change& change, const std::string& user,
                         TimeUs now);
// `now` with what `change` of `user` did to `before` at `at` taken back; nullopt: somebody has
// changed the same since.
std::optional<Handling> undone(const Handling& before, const Handling& now, const Change& change,
                               const std::string& user, TimeUs at);

// As kept in the tables: JSON. Errors: invalid.
std::string encode(const Handling& handling);
Result<Handling> decode_handling(std::string_view json);
std::string encode(const Change& change);
Result<Change> decode_change(std::string_view json);

// In plain words, a clause each: "verdict false-positive", "tag vip", "note". For lists of acts.
std::vector<std::string> told(const Change& change);

}  // namespace tocsin::store
