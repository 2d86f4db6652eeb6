// Ingress: the door at which partners' events come in. Each is judged by the agreements in force
// with its sender, by the same function that judges what goes; what none allows is refused and kept
// in quarantine with the reason. docs/taxii.md, docs/agreements.md.
//
// Quotas are counted per day (UTC), partner and agreement. Beyond one, what came waits in
// quarantine and no further page is taken until the next day, when it is read again. What a partner
// takes back goes from the stores, and does not come in again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "enrich/enrichment.h"
#include "ingest/feed.h"
#include "node/corrections.h"
#include "node/sharing.h"
#include "policy/gate.h"
#include "store/audit.h"
#include "store/columns.h"
#include "store/journal.h"
#include "store/tables.h"

namespace tocsin::node {

class Ingress {
 public:
  struct Parts {
    store::Journal& journal;  // all outlive it
    Dictionary& words;
    Sharing* sharing;    // null: the node is no member of a network, and nobody is its partner
    std::string member;  // that it is
    const enrich::Enrichment& enrichment;
    const store::Columns& columns;
    Corrections& corrections;
    store::Audit& audit;
    Metrics& metrics;
    std::function<TimeUs()> now;
    std::function<share::Ledger*()> ledger{};
  };
  static Result<std::unique_ptr<Ingress>> open(const Parts& parts);

  // --- while a report of a partner's feed is read; any thread

  // May the event come in? What may is counted. Errors: denied, with the sentence why not.
  Result<void> judge(std::string_view feed, const EventBatch& batch, std::size_t row);
  // The same of an object that is no event: the content address of the agreement that allows it.
  // nullptr: one that says nothing of anybody, as definitions do, which any agreement in force
  // allows within its quota. Errors: denied.
  Result<std::string> allow(std::string_view feed, const policy::Item* item);
  // Keeps the figures of one object of statistics, as far as agreements allow them. Errors:
  // invalid.
  Result<void> take_statistics(const std::string& member, std::string_view json);
  // May a page be taken now? Errors: denied: its sender is stopped; unavailable: quota used up.
  Result<void> may_take(std::string_view feed);
  // Its sender takes back the event of this STIX id, or what came of an attribute or event of MISP:
  // "misp.attribute_uuid:UUID", "misp.event_uuid:UUID". Carried out soon, also after a crash.
  void recall(std::string_view feed, std::string_view id);
  void ended(const store::ReportRow& row);  // keeps what was counted

  // --- what may be done with what came: the strictest of all agreements in force with its sender

  policy::FeedSays says(std::string_view feed) const;
  policy::Consent consent(std::string_view feed) const;

  // How long what each partner's feed brought may be kept: the shortest of what was signed with it,
  // also of what has ended.
  std::map<std::string, std::uint32_t> retention_days() const;

  // Drops what proves which items came before that, or before what was agreed with their sender.
  Result<void> forget_proofs(TimeUs before);

  // How many were refused today, by clause.
  std::map<policy::Clause, std::uint64_t> refused(std::string_view feed);

  // --- by itself, or in a test

  using Replay = std::function<Result<void>(const std::string& feed, const std::string& reason)>;
  void start(Replay replay);
  void stop();
  // Carries out recalls; on a new day gives `replay` what waited for a quota.
  void work(const Replay& replay);

 private:
  struct Sender {
    Day day = 0;
    std::map<std::string, std::uint64_t, std::less<>> used{};  // events, by agreement
    std::map<policy::Clause, std::uint64_t> refused{};
    bool waits = false;  // for a new day
    bool changed = false;
    std::map<std::string, std::uint64_t>
        of_page{};  // refused of the report that is read, by clause
  };
  explicit Ingress(const Parts& parts) : parts_(parts) {}
  Result<void> load();
  Sender& today(const std::string& feed);
  Result<void> keep(const std::string& feed, Sender& sender) const;
  policy::Item item_of(const EventBatch& batch, std::size_t row) const;
  share::Agreements::InForce in_force(std::string_view feed) const;
  Result<std::string> judge(const std::string& feed, Sender& sender, const policy::Item* item,
                            const std::string& id);
  std::unexpected<Error> refuse(const std::string& feed, Sender& sender, policy::Clause clause,
                                std::string why);
  void carry_out(const std::string& feed);
  Result<void> take_back(const std::string& feed, const std::set<std::string, std::less<>>& ids);

  Result<void> open_tables();
  // Answers the release that a page tells of, if it does. Errors: those of
  // share::Ledger::receive().
  Result<void> acknowledge(const store::ReportRow& row, const std::string& member,
                           const std::map<std::string, std::uint64_t>& refused);

  Parts parts_;
  std::optional<store::Tables> tables_;
  std::mutex mutex_;
  std::map<std::string, Sender, std::less<>> senders_;  // by feed
  std::set<std::string, std::less<>> gone_;             // "FEED ID" that were taken back
  std::map<std::string, std::set<std::string, std::less<>>> recalls_;  // not carried out yet
  std::condition_variable_any due_;
  bool hurry_ = false;
  std::jthread worker_;
};

}  // namespace tocsin::node
