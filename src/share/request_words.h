// What requests, opinions and notes say is checked with these, on both sides. For share/ alone.
#pragma once

#include <string>
#include <string_view>

#include "policy/letter.h"
#include "share/agreements.h"
#include "share/statement.h"

namespace tocsin::share {

// Without blanks at its ends; may be empty. Errors: invalid: several lines, too long.
Result<std::string> line_of(std::string_view words, std::string_view what, std::size_t bytes_max);

struct LetterSubject {
  SubjectKind kind = SubjectKind::none;
  std::string text{};
};
// In its canonical spelling. `sort`: "ip", "name", "url", "account"; "" with no text is none.
// Errors: invalid.
Result<LetterSubject> letter_subject(std::string_view sort, std::string_view text);

// Between this node and a member, out or in, under what is in force now. `used`: how many letters
// went this way today under an agreement, by its content address.
Result<policy::LetterDoor> letter_door(
    const Agreements& agreements, std::string_view us, std::string_view member, bool out,
    const std::vector<Network>& sensors, TimeUs now,
    const std::function<Result<std::uint64_t>(std::string_view agreement)>& used);

// 128 random bits in hexadecimal; nobody guesses it.
std::string letter_id();
bool is_letter_id(std::string_view text);

}  // namespace tocsin::share
