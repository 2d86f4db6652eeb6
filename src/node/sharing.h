// Sharing: this node as a member of a network: who it is to others, whom it knows, what is agreed
// and asked, and the thread that brings the others what it has to say. docs/partners.md.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "node/config.h"
#include "node/request_mail.h"
#include "share/agreements.h"
#include "share/opinions.h"
#include "share/partners.h"
#include "share/requests.h"

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
    RequestMail::Parts mail;
    // As those of share::Requests.
    std::function<Result<share::Requests::About>(std::string_view finding)> about;
    std::function<Result<void>(std::string_view member, std::string_view what)> refused;
  };
  // Errors: those of Partners::open() and Agreements::open(); of introduce(), but for a missing
  // key: then the node goes on, and only a recovery makes it speak again.
  static Result<std::unique_ptr<Sharing>> open(Parts parts);
  ~Sharing();

  share::Partners& partners() { return *partners_; }
  share::Agreements& agreements() { return *agreements_; }
  share::Requests& requests() { return *requests_; }
  share::Opinions& opinions() { return *opinions_; }
  const std::string& mute() const { return mute_; }  // why it cannot speak; "": it can

  // Who we are, with the certificate that the server shows; again once that is made.
  Result<void> introduce();

  void start();  // sends what is due, from now on
  void hurry();  // something is due
  void stop();

 private:
  explicit Sharing(Parts parts) : parts_(std::move(parts)), mail_(parts_.mail) {}
  Result<std::string> post(const share::Profile& to, const std::vector<std::string>& pins,
                           const std::string& statement) const;
  void run(const std::stop_token& stop);

  Parts parts_;
  RequestMail mail_;
  std::unique_ptr<share::Partners> partners_;
  // These hear for them: they go first.
  std::unique_ptr<share::Agreements> agreements_;
  std::unique_ptr<share::Requests> requests_;
  std::unique_ptr<share::Opinions> opinions_;
  std::string mute_;
  std::mutex mutex_;
  std::condition_variable_any due_;
  bool hurry_ = false;
  std::stop_source stopping_;
  std::jthread sender_;
};

}  // namespace tocsin::node
