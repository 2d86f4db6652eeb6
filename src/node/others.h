// Others: the door at which partners' STIX objects come in that are no events: indicators, malware,
// relationships, reports, whatever is custom. Each is judged as events are (Ingress) and kept as it
// came (store::Foreign); its indicators of plain patterns are claims of that partner too.
// docs/taxii.md has the rules.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "node/claims.h"
#include "node/ingress.h"
#include "store/foreign.h"
#include "wire/stix_marking.h"
#include "wire/stix_object.h"

namespace tocsin::node {

class Others {
 public:
  struct Parts {
    Ingress& ingress;  // all outlive it
    store::Foreign& foreign;
    Sharing& sharing;
    std::string member;  // that this node is
    store::Audit& audit;
    Metrics& metrics;
    std::function<TimeUs()> now;
    std::function<bool(std::string_view text)> names_erased{};
    Claims* claims = nullptr;  // takes what they say of indicators
  };
  static Result<std::unique_ptr<Others>> open(Parts parts);

  // What came in one report of a partner's feed. One thread. What is taken is in for good once
  // flush() returned. `reject` gets what is refused, with the sentence why.
  class Report {
   public:
    using Reject = std::function<void(std::size_t line, Error why, std::string_view bytes)>;
    void take(std::size_t line, wire::StixObject object);
    Result<void> flush();  // errors: unavailable: the same once more is safe

   private:
    friend class Others;
    struct Waiting {
      std::size_t line;
      wire::StixObject object;
    };
    Report(Others& door, std::string feed, std::uint64_t report, Reject reject);
    Result<void> keep();
    Result<store::ForeignObject> judge(const wire::StixObject& object);
    void refuse(const Waiting& one, Error why);
    Result<void> claim(const std::vector<std::size_t>& kept);

    Others& door_;
    std::string feed_, member_, identity_;
    std::uint64_t report_;
    Reject reject_;
    std::map<std::string, std::string, std::less<>> members_;  // by the ids of their identities
    std::vector<Waiting> waiting_;
    std::size_t bytes_ = 0, contradictions_ = 0;
    Result<void> status_{};
  };
  std::unique_ptr<Report> report(std::string_view feed, std::uint64_t report,
                                 Report::Reject reject);

  // How objects name a member as who made them.
  static std::string identity_of(std::string_view member);
  // What a decision looks at of an object that the member sent, but for its marking.
  policy::Item describe(const std::string& member, const wire::StixObject& object) const;
  // An envelope of the definitions that mark it and came from the member; "": none did.
  std::string definitions_of(const std::string& member, const wire::StixObject& object) const;

 private:
  // Definitions of markings that a partner sent, and their JSON.
  struct Definitions {
    wire::StixMarkings markings{};
    std::map<std::string, std::string, std::less<>> json{};
  };
  explicit Others(Parts parts) : parts_(std::move(parts)) {}
  void define(const std::string& member, const std::string& id, const std::string& json);

  Parts parts_;
  mutable std::mutex mutex_;
  std::map<std::string, Definitions, std::less<>> definitions_;  // by member
};

}  // namespace tocsin::node
