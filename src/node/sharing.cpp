#include "node/sharing.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>

#include "base/fetch.h"
#include "base/text.h"
#include "base/tls.h"

namespace tocsin::node {
namespace {

constexpr auto look_every = std::chrono::seconds(30);
constexpr std::uint64_t answer_bytes_max = 4 << 20;
constexpr std::uint32_t statement_ms_max = 30'000;

bool is_loopback(const std::string& host) {
  auto ip = ip::parse(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
  return host == "localhost" ||
         (ip && (ip->is_v4() ? ip->v4() >> 24 == 127 : ip->high() == 0 && ip->low() == 1));
}

}  // namespace

Result<std::unique_ptr<Sharing>> Sharing::open(Parts parts) {
  auto made = std::unique_ptr<Sharing>(new Sharing(std::move(parts)));
  made->partners_ = TRY(share::Partners::open(
      {.journal = made->parts_.journal,
       .home = made->parts_.home,
       .now = made->parts_.now,
       .post = [sharing = made.get()](const auto& to, const auto& pins, const auto& statement) {
         return sharing->post(to, pins, statement);
       }}));
  made->agreements_ = TRY(share::Agreements::open(
      {.journal = made->parts_.journal, .partners = *made->partners_, .now = made->parts_.now}));
  const Parts& p = made->parts_;
  made->requests_ = TRY(share::Requests::open(
      {.journal = p.journal,
       .partners = *made->partners_,
       .agreements = *made->agreements_,
       .now = p.now,
       .sensors = p.config.sensors,
       .about = p.about,
       .refused = p.refused,
       .may_mail = [&mail =
                        made->mail_](const share::Request& request) { return mail.may(request); },
       .mail_domain = made->mail_.domain()}));
  made->opinions_ = TRY(share::Opinions::open({.journal = p.journal,
                                               .partners = *made->partners_,
                                               .agreements = *made->agreements_,
                                               .now = p.now,
                                               .sensors = p.config.sensors,
                                               .refused = p.refused}));
  auto known = made->introduce();
  if (!known && known.error().fault == Fault::missing) {
    made->mute_ = known.error().what;
    spdlog::error("this node cannot speak to its partners: {}", made->mute_);
  } else if (!known) {
    return std::unexpected(known.error());
  }
  return made;
}

Sharing::~Sharing() {
  stop();
}

// The certificate is the one that the server shows: the configured one, or else the node's own.
Result<void> Sharing::introduce() {
  const Config& config = parts_.config;
  std::string file = config.certificate_file;
  if (file.empty()) file = parts_.home + "/tls/node.crt";
  std::vector<std::string> pins;
  if (std::filesystem::exists(file)) pins.push_back(TRY(tls::public_key_pin(file)));
  return partners_->introduce({.member = config.member,
                               .name = config.name,
                               .country = config.country,
                               .url = config.member_url},
                              std::move(pins));
}

Result<std::string> Sharing::post(const share::Profile& to, const std::vector<std::string>& pins,
                                  const std::string& statement) const {
  if (parts_.paused && parts_.paused()) return unavailable("this node is paused");
  auto url = TRY(Url::parse(to.url, "http,https"));
  fetch::Request request{
      .url = to.url + std::string(statements_path),
      .post = statement,
      .contact = parts_.config.contact,
      .route = {.allow_private = parts_.config.share_private || is_loopback(url.host),
                .proxy = parts_.config.proxy,
                .ca_file = parts_.config.ca_file,
                .pins = url.scheme == "https" ? pins : std::vector<std::string>(),
                .size_max_bytes = answer_bytes_max,
                .total_timeout_ms = statement_ms_max,
                .stop = stopping_.get_token()},
      .redirects_max = 0,
      .tries_max = 1};
  auto response = TRY(fetch::get(request));
  if (auto good = fetch::expect_success(response, to.url); !good) {
    // Why it refused, in the words of its answer.
    std::string why = text::printable(std::string_view(response.body).substr(0, 500));
    return std::unexpected(
        Error{good.error().fault, fmt::format("{}: {}", good.error().what, why)});
  }
  return std::move(response.body);
}

void Sharing::start() {
  if (!sender_.joinable())
    sender_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Sharing::hurry() {
  std::lock_guard guard(mutex_);
  hurry_ = true;
  due_.notify_one();
}

void Sharing::stop() {
  stopping_.request_stop();
  sender_ = {};
}

void Sharing::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!parts_.paused || !parts_.paused()) {
      if (auto left = partners_->deliver(); !left)
        spdlog::warn("statements to partners: {}", left.error().what);
      if (auto sent = mail_.send_due(*requests_, stopping_.get_token()); !sent)
        spdlog::warn("requests by mail: {}", sent.error().what);
    }
    std::unique_lock lock(mutex_);
    due_.wait_for(lock, stop, look_every, [this] { return hurry_; });
    hurry_ = false;
  }
}

}  // namespace tocsin::node
