// Cases: work that people do together on findings: a title, notes, files. Which findings belong to
// a case stands with the findings (triage.h).
//
// Files lie in a folder by the SHA-256 of their bytes, so that the same file is kept once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/tables.h"

namespace tocsin::store {

inline constexpr std::size_t case_title_bytes_max = 200, case_text_bytes_max = 64 * 1024,
                             case_notes_max = 10'000, case_files_max = 1000,
                             case_file_name_bytes_max = 255;
inline constexpr std::uint64_t case_file_bytes_max = 32 << 20;

struct Case {
  std::uint64_t id = 0;
  std::string title{}, text{}, opened_by{}, closed_by{}, changed_by{};
  TimeUs opened_at = 0, closed_at = 0, changed_at = 0;  // closed_at: 0 while it is open
  std::uint32_t version = 1;                            // grows with each change of these
};

struct CaseNote {
  std::uint64_t id = 0;
  TimeUs at = 0;
  std::string user{}, text{};
};

struct CaseFile {
  std::string sha256{}, name{}, user{};
  std::uint64_t size_bytes = 0;
  TimeUs at = 0;
};

// Any thread. Errors: missing, invalid (too long, too many, too large), unavailable.
class Cases {
 public:
  static Result<std::unique_ptr<Cases>> open(Journal& journal, std::string folder,
                                             std::function<TimeUs()> now);

  Result<Case> start(std::string_view title, std::string_view text, const std::string& user);
  Result<std::vector<Case>> list(bool also_closed, std::size_t limit = 1000) const;  // newest first
  Result<Case> one(std::uint64_t id) const;

  // What is not said stays. `version`: as its editor saw it; another stands in the answer, changed
  // by somebody else since, with nothing done.
  struct Wish {
    std::optional<std::string> title{}, text{};
    std::optional<bool> closed{};
    std::optional<std::uint32_t> version{};
  };
  struct Changed {
    Case now{};
    bool conflict = false;
  };
  Result<Changed> change(std::uint64_t id, const Wish& wish, const std::string& user);

  Result<CaseNote> note(std::uint64_t id, std::string_view text, const std::string& user);
  Result<std::vector<CaseNote>> notes(std::uint64_t id) const;  // oldest first

  // The same bytes again only get the new name.
  Result<CaseFile> attach(std::uint64_t id, std::string_view name, std::string_view bytes,
                          const std::string& user);
  Result<std::vector<CaseFile>> files(std::uint64_t id) const;  // oldest first
  // The file and where its bytes lie.
  Result<std::pair<CaseFile, std::string>> file(std::uint64_t id, std::string_view sha256) const;
  Result<void> detach(std::uint64_t id, std::string_view sha256, const std::string& user);

 private:
  Cases(Tables tables, std::string folder, std::function<TimeUs()> now)
      : tables_(std::move(tables)), folder_(std::move(folder)), now_(std::move(now)) {}
  std::string path_of(std::string_view sha256) const;
  Result<Case> open_one(std::uint64_t id) const;
  Result<std::uint64_t> count(std::string_view sql, std::uint64_t id) const;
  mutable Tables tables_;
  std::string folder_;
  std::function<TimeUs()> now_;
  std::mutex writer_;  // bytes and rows together
};

}  // namespace tocsin::store
