// mail: letters by SMTP through the team's own mail server, with STARTTLS.
// Source: RFC 5321; RFC 3207 (STARTTLS); libcurl's SMTP.
#include <fmt/format.h>

#include <cstring>

#include "alert/channel.h"
#include "alert/constituent.h"
#include "alert/mime.h"
#include "base/check.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/transfer.h"

namespace tocsin::alert {
namespace {

constexpr const char* schemes = "smtp,smtps";

class Smtp final : public Sending {
 public:
  explicit Smtp(const ChannelSetup& setup) : settings_(setup.settings.mail), home_(setup.home) {
    route_.allow_private = true;  // the team's own server, named by the team
    route_.ca_file = settings_.ca_file;
    route_.connect_timeout_ms = std::min(20'000u, settings_.timeout_s * 1000);
    route_.total_timeout_ms = settings_.timeout_s * 1000;
    route_.low_speed_s = settings_.timeout_s;
    route_.stop = setup.stop;
  }

  Delivery send(const policy::Outgoing& letter) override {
    if (auto ready = open(); !ready) return {Delivery::Result::closed, ready.error().what};
    const std::string& to = letter.recipient().address;
    check(is_mail_address(to), "mail: the address was checked when it came in");
    CURL* handle = transfer_->handle();
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(
        curl_slist_append(nullptr, ("<" + to + ">").c_str()), &curl_slist_free_all);
    left_ = letter.bytes();
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, ("<" + sender_ + ">").c_str());
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, &Smtp::read);
    curl_easy_setopt(handle, CURLOPT_READDATA, this);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(left_.size()));
    auto sent = transfer_->perform(*url_);
    long code = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, nullptr);
    bool all_read = left_.empty();
    left_ = {};
    if (sent) return {Delivery::Result::done, fmt::format("taken ({})", code)};
    transfer_.reset();  // whatever state it is in
    return judged(code, sent.error().what, all_read);
  }

 private:
  static std::size_t read(char* buffer, std::size_t one, std::size_t count, void* self) {
    auto& left = static_cast<Smtp*>(self)->left_;
    std::size_t size = std::min(one * count, left.size());
    std::memcpy(buffer, left.data(), size);
    left.remove_prefix(size);
    return size;
  }

  Result<void> open() {
    if (transfer_) return {};
    url_ = TRY(Url::parse(settings_.server, schemes));
    sender_ =
        TRY(plain_address(settings_.bounces_to.empty() ? settings_.from : settings_.bounces_to));
    if (!settings_.username.empty())
      password_ = TRY(secret::read(settings_.password_secret, home_));
    transfer_ = std::make_unique<Transfer>(route_, schemes);
    CURL* handle = transfer_->handle();
    curl_easy_setopt(handle, CURLOPT_USE_SSL,
                     settings_.without_tls ? static_cast<long>(CURLUSESSL_NONE)
                                           : static_cast<long>(CURLUSESSL_ALL));
    if (!settings_.username.empty()) {
      curl_easy_setopt(handle, CURLOPT_USERNAME, settings_.username.c_str());
      curl_easy_setopt(handle, CURLOPT_PASSWORD, password_.c_str());
    }
    return {};
  }

  // 5yz to the recipient or the letter is for good. What is said to the greeting, to us or to our
  // address, and 421, is about the way and not about this letter. Source: RFC 5321 section 4.2.
  static Delivery judged(long code, std::string what, bool all_read) {
    bool recipient = what.contains("RCPT failed");  // libcurl's words
    bool signing_in = code >= 530 && code <= 539, unknown_verb = code >= 500 && code <= 504;
    bool sender = what.contains("MAIL failed") && code != 552;  // 552: the letter is too large
    bool way = code == 421 || sender || (!recipient && (signing_in || unknown_verb));
    if (code >= 500 && code < 600 && !way) return {Delivery::Result::never, std::move(what)};
    if (code >= 400 && code < 500 && !way) return {Delivery::Result::later, std::move(what)};
    // Lost in the middle of the letter it is the way, after it perhaps this letter.
    bool after = all_read && !way;
    return {after ? Delivery::Result::later : Delivery::Result::closed, std::move(what)};
  }

  MailSettings settings_;
  std::string home_, sender_, password_;
  Route route_;
  std::optional<Url> url_;
  std::unique_ptr<Transfer> transfer_;
  std::string_view left_;
};

bool takes(std::string_view contact) {
  return is_mail_address(contact);
}

std::string unready(const Settings& settings) {
  const MailSettings& mail = settings.mail;
  if (mail.server.empty()) return "no mail server: set server and from in [alert.mail]";
  if (auto url = Url::parse(mail.server, schemes); !url) return url.error().what;
  if (auto from = plain_address(mail.from); !from) return "[alert.mail] from: " + from.error().what;
  return {};
}

}  // namespace

Channel mail() {
  return {.summary = "by SMTP through the team's own server, with STARTTLS",
          .takes = takes,
          .unready = unready,
          .open = [](const ChannelSetup& setup) -> std::unique_ptr<Sending> {
            return std::make_unique<Smtp>(setup);
          }};
}

}  // namespace tocsin::alert
