// Alerts: the room as a whole: who is to be told of what, written, sent, and told how it went.
//
// Nothing is sent before a person has made a dry run and switched alerts on. What goes out is
// written and cleared when it is sent, whatever was decided before; the outbox holds ids.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alert/book.h"
#include "alert/bounce.h"
#include "alert/channel.h"
#include "alert/idle.h"
#include "alert/judge.h"
#include "alert/letter.h"
#include "alert/outbox.h"
#include "alert/router.h"
#include "store/findings.h"

namespace tocsin::alert {

struct AlertsParts {
  store::Journal& journal;
  const store::Findings& findings;
  const store::Triage* triage = nullptr;  // what people said of them
  Settings settings;
  policy::Rules rules;
  std::string node, home;  // the node's name; where secrets are
  bool simulated = false;  // everything in this node is made up: nothing is ever sent
  // Is a feed an exercise, or simulated in a node that is not? It is told of to nobody.
  std::function<bool(std::string_view feed)> is_played{};
  std::function<TimeUs()> now;
  // Figures of the last day for the team: lines, ten at most.
  std::function<std::vector<std::string>()> morning;
};

struct AlertsState {
  bool on = false;
  std::string on_by, dry_run_by, unready;  // unready: why mail cannot go
  TimeUs on_since = time_none, dry_run_at = time_none, next_digest = time_none;
  std::uint64_t waiting = 0;
  std::array<std::uint64_t, alert_states_count> states{};
  bool simulated = false;
  std::vector<std::string> languages;        // that letters are written in
  std::vector<std::string> letters;          // what is wrong with their files, or missing in them
  std::vector<std::string> without_letters;  // "de: 3 constituents", who get English
};

// One message that would be sent now.
struct Planned {
  std::uint64_t constituent = 0;
  std::string name, contact, channel, subject;
  std::uint64_t findings = 0;
  bool at_once = false;
};
struct DryRun {
  std::vector<Planned> messages;  // 1,000 at most
  std::uint64_t count = 0, constituents = 0, findings = 0, not_told = 0;
  std::vector<std::string> problems;  // why something could not be sent
};

struct RunOutcome {
  std::uint64_t made = 0, sent = 0, later = 0, dead = 0, withheld = 0;
  std::string problem;  // a way that does not work now
};

struct Preview {
  std::string constituent, contact, channel, subject, text, csv, xarf, bytes;
  std::uint64_t findings = 0, withheld = 0;
  Tlp tlp = Tlp::clear;  // the strictest in it
};

struct Explained {
  Tlp tlp = Tlp::unmarked;
  Judgement judgement;
  std::string constituent, asset, sentence;
  std::uint64_t constituent_id = 0;
  std::vector<std::string> contacts, facts, withheld_facts;
  std::vector<Item> items;       // what was made for it, oldest first
  std::vector<AlertRow> alerts;  // in which it went, newest first
  std::string next;              // what happens with it now
  std::string preview;           // its lines as the constituent would read them; "": none
};

class Alerts {
 public:
  static Result<std::unique_ptr<Alerts>> open(AlertsParts parts);
  ~Alerts() { stop(); }

  Book& book() { return *book_; }
  Outbox& outbox() { return outbox_; }
  Router& router() { return *router_; }
  const policy::Rules& rules() const { return parts_.rules; }

  // Sends what is due, by a thread of its own, until stop().
  void start();
  void stop();

  // Any thread.
  // As Book::import(), and says which languages have no letters.
  Result<ImportPlan> import(std::string_view constituents, const ImportWish& wish);
  Result<AlertsState> state();
  // Dry run and previews read the files of letters anew; then what is sent is as they show it.
  Result<DryRun> dry_run(const std::string& user);
  // Errors: denied (no dry run lately, a simulated node), invalid (no way to send).
  Result<void> switch_on(const std::string& user);
  Result<void> switch_off(const std::string& user);
  // Writes what is due now and sends for as long as one pass may take; the thread sends the rest.
  // `all`: today's digests too, whatever the hour. Errors: denied, if alerts are off.
  Result<RunOutcome> run(bool all);
  Result<Preview> preview_for(std::uint64_t constituent);  // missing, if nothing waits for it
  Result<Preview> preview_of(std::uint64_t alert);
  Result<Explained> explain(const Hash128& finding);
  Result<std::uint64_t> replay(const std::vector<std::uint64_t>& ids);
  // What a mail server sent back. Errors: invalid (no delivery report), missing (not of ours).
  Result<std::vector<AlertRow>> bounce(std::string_view mail);
  std::vector<std::string> morning() const { return parts_.morning(); }

 private:
  explicit Alerts(AlertsParts parts, store::Tables tables)
      : parts_(std::move(parts)), outbox_(std::move(tables)) {}
  struct Selected {  // of one constituent's waiting items
    std::vector<Item> tell, moved, over;
    std::uint64_t not_told = 0;
  };
  // All that is at least so bad, perhaps some of the others.
  Result<Selected> select(std::uint64_t constituent, const Directory& directory,
                          Severity least = Severity::none) const;
  void sort_in(Item item, std::uint64_t constituent, const Directory& directory,
               Selected& selected) const;
  Judgement judge_finding(const Hash128& key, const Directory& directory, std::string* why) const;
  Result<std::uint64_t> write_for(const std::vector<Outbox::Waits>& all, bool at_once,
                                  TimeUs before, Day day);
  std::string new_message_id() const;
  static bool is_current(const AlertRow& alert, const Directory& directory);  // its contact
  std::vector<To> to_contacts_of(const Constituent& constituent) const;
  Result<std::uint64_t> redirect(const AlertRow& alert, const Directory& directory);
  Result<std::uint64_t> write_bundles(bool all);
  Result<void> send_due(RunOutcome& outcome, const std::stop_token& stop);
  Result<Outcome> deliver(const AlertRow& alert, Sending& sending, Delivery& delivery) const;
  // What a message with `told` leaves out and may be told another time.
  std::vector<Item> left_out(std::vector<Item> items, const std::vector<ClearedFinding>& told,
                             const Directory& directory) const;
  Outcome judged(const AlertRow& alert, const Delivery& delivery) const;
  // What of the findings may go to the contact now.
  std::vector<ClearedFinding> clear_for(const std::vector<Item>& items,
                                        const Constituent& constituent,
                                        const std::string& contact) const;
  void read_letters();
  std::shared_ptr<const Wordings> letters() const;
  std::vector<std::string> without_letters(const std::map<std::string, std::size_t>&) const;
  Envelope envelope(const Constituent& constituent, const std::string& message_id, TimeUs date,
                    bool at_once) const;
  Result<Preview> preview(const std::vector<Item>& items, const Constituent& constituent,
                          const std::string& contact, const Envelope& envelope) const;
  struct Way;
  Way& way_of(std::string_view channel, const std::stop_token& stop);
  Result<void> send_morning(const std::stop_token& stop);
  void loop(const std::stop_token& stop);

  AlertsParts parts_;
  Outbox outbox_;
  std::unique_ptr<Book> book_;
  std::unique_ptr<Router> router_;
  mutable std::mutex letters_mutex_;
  std::shared_ptr<const Wordings> letters_;  // shared: replaced while others write with it
  std::atomic<bool> on_ = false;  // false: what is on its way arrives, then nothing more leaves
  std::mutex sending_;            // one sender at a time
  struct Way {
    std::unique_ptr<Sending> sending;
    unsigned failures = 0;
    TimeUs not_before = 0;
    std::string problem;
  };
  Idle idle_;                                                 // under sending_
  std::map<std::string, Way, std::less<>> ways_;              // by channel; under sending_
  std::map<std::string, TimeUs, std::less<>> morning_later_;  // by address; under sending_
  std::jthread thread_;
};

}  // namespace tocsin::alert
