#include "share/request_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "model/normal.h"

namespace tocsin::share {

Result<std::string> line_of(std::string_view words, std::string_view what, std::size_t bytes_max) {
  std::string line(text::trim(words));
  if (line.size() > bytes_max || (!line.empty() && !is_one_line(line)))
    return invalid(fmt::format("{}: one line of at most {} bytes", what, bytes_max));
  return line;
}

Result<LetterSubject> letter_subject(std::string_view sort, std::string_view text) {
  constexpr std::size_t account_bytes_max = 320;
  if (sort.empty() && text.empty()) return LetterSubject{};
  if (sort == "ip") return LetterSubject{SubjectKind::address, TRY(ip::canonical(text))};
  if (sort == "name") return LetterSubject{SubjectKind::name, TRY(normal::name(text))};
  if (sort == "url") {
    LetterSubject subject{SubjectKind::url, TRY(normal::url(text))};
    subject.text = policy::without_secrets(subject.text);
    return subject;
  }
  if (sort == "account") {
    std::string account = TRY(line_of(text, "an account", account_bytes_max));
    if (account.empty()) return invalid("an account is not empty");
    return LetterSubject{SubjectKind::account, std::move(account)};
  }
  return invalid("what it is about is an ip, name, url or account, not " + text::quote(sort));
}

Result<policy::LetterDoor> letter_door(
    const Agreements& agreements, std::string_view us, std::string_view member, bool out,
    const std::vector<Network>& sensors, TimeUs now,
    const std::function<Result<std::uint64_t>(std::string_view agreement)>& used) {
  policy::LetterDoor door{.from = std::string(out ? us : member),
                          .to = std::string(out ? member : us),
                          .passes = {},
                          .sensors = sensors,
                          .now = now};
  auto held = agreements.in_force(member, now);
  for (const AgreementState* s : held.agreements) {
    std::uint64_t gone = s->agreement.quota_per_day == 0 ? 0 : TRY(used(s->address));
    door.passes.push_back(
        {.agreement = s->agreement,
         .standing = s->standing(),
         .quota_left = s->agreement.quota_per_day - std::min(s->agreement.quota_per_day, gone)});
  }
  return door;
}

std::string letter_id() {
  return hex(SigningKey::make().seed()).substr(0, 32);
}

bool is_letter_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace tocsin::share
