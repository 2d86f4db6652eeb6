// Sharing: this node as a member of a network: who it is to others, whom it knows, what is agreed
// and asked, the thread that brings the others what it has to say, and the feeds that ask them for
// what they have for us. docs/partners.md.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/transfer.h"
#include "ingest/feed.h"
#include "node/config.h"
#include "node/request_mail.h"
#include "share/agreements.h"
#include "share/certificates.h"
#include "share/emergency.h"
#include "share/head_exchange.h"
#include "share/hints.h"
#include "share/misp_feeds.h"
#include "share/opinions.h"
#include "share/partners.h"
#include "share/pushes.h"
#include "share/requests.h"
#include "share/shelf.h"
#include "share/statistics.h"
#include "store/audit.h"

namespace tocsin::node {

// Where partners' nodes take what others say.
inline constexpr std::string_view statements_path = "/api/v1/partners/statements";

class Sharing {
 public:
  struct Parts {
    store::Journal& journal;  // outlives it
    const Config& config;     // ...; names a member
    std::string home;
    std::function<TimeUs()> now;
    std::function<bool()> paused;  // then nothing is sent
    store::Offers& offers;
    const Dictionary& words;
    std::function<share::Ledger*()> ledger;
    std::function<policy::FeedSays(std::string_view feed)> says;  // what holds for what it brings
    // Collects from partners: takes their feeds, whenever they change; runs one of them now.
    std::function<void(std::vector<ingest::Feed>)> pull_from{};
    std::function<void(const std::string& feed)> pull{};
    RequestMail::Parts mail;
    // As those of share::Requests.
    std::function<Result<share::Requests::About>(std::string_view finding)> about;
    std::function<Result<void>(std::string_view member, std::string_view what)> refused;
    // The subjects of a day by cut, group and part; none: no statistics are made.
    using Counts = std::map<std::string, std::vector<policy::CountOf>>;
    std::function<Result<Counts>(Day day)> count{};
    std::function<std::map<std::string, policy::FeedTerms>()>
        terms{};  // as those of share::Shelves
    // Into the audit, of what happened by itself or a member did.
    std::function<void(const store::AuditAct& act, std::string_view outcome)> noted{};
  };
  // Errors: those of Partners::open() and Agreements::open(); of introduce(), but for a missing
  // key: then the node goes on, and only a recovery makes it speak again.
  static Result<std::unique_ptr<Sharing>> open(Parts parts);
  ~Sharing();

  share::Partners& partners() { return *partners_; }
  share::Agreements& agreements() { return *agreements_; }
  share::Shelves& shelves() { return *shelves_; }
  share::MispFeeds& misp() { return *misp_; }
  share::Statistics& statistics() { return *statistics_; }
  share::Emergencies& emergencies() { return *emergencies_; }
  share::Hints& hints() { return *hints_; }
  share::Requests& requests() { return *requests_; }
  share::Opinions& opinions() { return *opinions_; }
  const share::Pushes* pushes() const { return pushes_.get(); }  // nullptr: none is configured
  const std::string& mute() const { return mute_; }  // why it cannot speak; "": it can

  // Who we are, with the certificate that the server shows; again once that is made.
  Result<void> introduce();

  void start();                       // sends what is due, from now on
  void hurry();                       // something is due
  Result<void> publish_statistics();  // of days that are over, what is not published yet
  // That member has something new for us. Nothing if nothing is agreed with it.
  void hint(std::string_view member);
  void stop();

 private:
  explicit Sharing(Parts parts) : parts_(std::move(parts)), mail_(parts_.mail) {}
  Result<void> open_emergencies();
  Result<void> open_heads();
  void note(std::string_view by, std::string_view call, std::string_view object,
            std::string_view outcome) const;
  void show_certificate(Route& route) const;
  Result<std::string> post(const share::Profile& to, const std::vector<std::string>& pins,
                           const std::string& statement) const;
  Result<void> push(const share::Push& to, const share::Pushes::Letter& letter) const;
  void run_pushes(const std::stop_token& stop);
  void run(const std::stop_token& stop);
  std::vector<ingest::Feed> feeds() const;
  void follow(const std::stop_token& stop);
  void announce(const std::stop_token& stop);
  void listen(const std::vector<ingest::Feed>& feeds);
  void listen_to(const std::string& member, const std::stop_token& stop);

  Parts parts_;
  RequestMail mail_;
  std::unique_ptr<share::Partners> partners_;
  // These hear for them: they go first.
  std::unique_ptr<share::Agreements> agreements_;
  std::unique_ptr<share::Requests> requests_;
  std::unique_ptr<share::Opinions> opinions_;
  std::unique_ptr<share::HeadExchange> heads_;
  std::unique_ptr<share::Statistics> statistics_;
  std::unique_ptr<share::Certificates> certificates_;
  std::unique_ptr<share::Emergencies> emergencies_;
  std::unique_ptr<share::Shelves> shelves_;
  std::unique_ptr<share::MispFeeds> misp_;
  std::unique_ptr<share::Hints> hints_;
  std::string mute_;
  std::mutex mutex_;
  std::condition_variable_any due_;
  bool hurry_ = false;
  std::stop_source stopping_;
  std::map<std::string, std::jthread> listeners_;  // by member; the puller's
  std::unique_ptr<share::Pushes> pushes_;
  std::jthread sender_, puller_, pusher_;
};

}  // namespace tocsin::node
