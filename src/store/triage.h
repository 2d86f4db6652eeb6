// Triage: what people decided about findings: verdicts, who works on what, tags, followers, mutes,
// cases' findings; every act kept with who did it, so that it can be told and undone.
//
// The tables are in the journal's file. In memory stands what is judged, and nothing of the rest:
// about 110 bytes for each finding that somebody has touched.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/finding.h"
#include "store/filter.h"
#include "store/handling.h"
#include "store/mutes.h"
#include "store/tables.h"

namespace tocsin::store {

inline constexpr std::size_t act_findings_max = 1'000'000;

// One thing that a person did, to one finding or to many.
struct Act {
  std::uint64_t id = 0;
  TimeUs at = 0, undone_at = 0;  // undone_at: 0: not
  std::string user{}, undone_by{};
  Change change{};
  std::string filter{};        // by which the findings were chosen; "": one by one
  std::uint64_t findings = 0;  // that it changed
};

// What a finding's list and page say of it.
struct Judged {
  Handling handling{};
  bool returned = false;          // it came back after its verdict
  std::optional<Mute> by_rule{};  // a rule that mutes it now
  bool muted = false;             // now, by itself or by a rule
};

class Triage {
 public:
  // `journal` outlives it. Errors: those of Tables::open().
  static Result<std::unique_ptr<Triage>> open(Journal& journal, std::function<TimeUs()> now);

  struct Wish {
    std::vector<Hash128> findings{};         // that exist; each once
    std::optional<std::uint32_t> version{};  // of the only one, as its editor saw it
    Change change{};
    std::string user{}, filter{};
  };
  struct Done {
    std::uint64_t act = 0;  // 0: a conflict
    std::size_t findings = 0;
    // Somebody was faster: what stands now, and what was done since, newest first.
    std::optional<Handling> conflict{};
    std::vector<Act> since{};
  };
  // One act. Many findings are written in several transactions, so that live work is not held up:
  // a crash within leaves an act on fewer findings. Errors: invalid (see checked(), changed()),
  // unavailable.
  Result<Done> act(Wish wish);

  struct Undone {
    std::size_t findings = 0, kept = 0;  // kept: changed by somebody since, so they stay
  };
  // Errors: missing; invalid, if it is undone already.
  Result<Undone> undo(std::uint64_t act, const std::string& user);

  struct ActsAsk {
    std::string user{};        // "": of all
    std::uint64_t before = 0;  // ids below; 0: from the newest
    std::size_t limit = 50;
  };
  Result<std::vector<Act>> acts(const ActsAsk& ask) const;
  Result<Act> act(std::uint64_t id) const;
  // What was done to a finding, newest first.
  Result<std::vector<Act>> history(const Hash128& finding, std::size_t limit = 200) const;

  // Of a finding that nobody has touched and no rule covers: nullopt.
  std::optional<Judged> judged(const Finding& finding) const;
  Handling handling(const Hash128& finding) const;

  // Mutes.
  Result<Mute> mute(const MuteWish& wish, const std::string& user);  // errors: mute_of()
  Result<Mute> end_mute(std::uint64_t id, const std::string& user);  // missing; invalid: it ended
  std::vector<Mute> mutes(bool also_ended) const;                    // newest first

  // For Findings. Of the findings that are not in `keys`, none satisfies the condition, or, if
  // `all_others`, each does; of those in `keys` the contrary. Only for fields that it keeps.
  struct Fitting {
    std::vector<Hash128> keys{};
    bool all_others = false;
  };
  static bool keeps(FilterField field);
  Fitting fitting(const Condition& condition) const;
  // Those with a verdict, and when it was given, in seconds.
  std::vector<std::pair<Hash128, std::uint32_t>> judged_at() const;
  std::vector<std::pair<Hash128, Verdict>> verdicts() const;
  std::vector<Hash128> muted() const;  // by themselves, now
  std::vector<Mute> rules() const;     // that hold now

  // For pickers: tags, and people that something is assigned to; sorted.
  std::vector<std::string> tags() const;
  std::vector<std::string> people() const;
  // Runs work that changes the tables' texts, between two acts, and reads them anew.
  Result<void> reload_after(const std::function<Result<void>()>& work);
  std::size_t size() const;  // findings that somebody has touched
  std::size_t memory_bytes() const;

 private:
  explicit Triage(Tables tables, std::function<TimeUs()> now)
      : tables_(std::move(tables)), now_(std::move(now)) {}

  // Texts and sets of texts that recur, numbered from 1.
  class Texts {
   public:
    std::uint32_t id(const std::string& text);
    const std::string& text(std::uint32_t id) const { return texts_[id]; }
    std::size_t size() const { return texts_.size(); }

   private:
    std::vector<std::string> texts_ = {""};
    std::unordered_map<std::string, std::uint32_t> ids_ = {{"", 0}};
  };
  template <class T>
  class Sets {
   public:
    std::uint32_t id(const std::vector<T>& set);
    const std::vector<T>& set(std::uint32_t id) const { return sets_[id]; }
    std::size_t size() const { return sets_.size(); }

   private:
    std::vector<std::vector<T>> sets_ = {{}};
    std::map<std::vector<T>, std::uint32_t> ids_ = {{{}, 0}};
  };
  struct Row {
    std::uint32_t version = 0, assigned = 0, tags = 0, followers = 0, cases = 0;
    std::uint32_t judged_by = 0, judged_s = 0, muted_s = 0, mute_reason = 0, muted_by = 0,
                  changed_by = 0, changed_s = 0;
    Verdict verdict = Verdict::none;
  };
  Row row_of(const Hash128& key, const Handling& handling);
  Handling handling_of(const Hash128& key, const Row& row) const;
  bool holds(const Condition& condition, const Row& row) const;
  Result<void> load();
  struct Step {
    Hash128 key;
    Handling before, after;
  };
  Result<void> keep_steps(std::uint64_t act, const std::vector<Step>& steps, bool undoes);
  void take_over(const std::vector<Step>& steps);
  Result<std::vector<Act>> read_acts(std::string_view sql,
                                     const std::function<void(Statement&)>& bind) const;

  mutable Tables tables_;
  std::function<TimeUs()> now_;
  std::mutex writer_;  // one act at a time
  mutable std::shared_mutex mutex_;
  std::unordered_map<Hash128, Row, Hash128::Hasher> rows_;
  std::unordered_map<Hash128, Hash128, Hash128::Hasher> duplicates_;
  Texts texts_;
  Sets<std::string> text_sets_;
  Sets<std::uint64_t> case_sets_;
  std::map<std::uint64_t, Mute> mutes_;
};

}  // namespace tocsin::store
