#include "node/sharing.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "base/backoff.h"
#include "base/fetch.h"
#include "base/hmac.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/tls.h"

namespace tocsin::node {
namespace {

constexpr auto look_every = std::chrono::seconds(30);
constexpr auto follow_every = std::chrono::seconds(1);
constexpr auto announce_at_once = std::chrono::milliseconds(300);
constexpr std::string_view hints_path = "/taxii2/tocsin/hints";
constexpr TimeUs publish_after = 6 * us_per_hour;
constexpr std::size_t listeners_max = 200;
constexpr std::uint32_t listen_again_ms = 1'000, listen_again_ms_max = 60'000;
constexpr std::uint32_t pull_every_s = 60;
constexpr std::string_view collections_path = "/taxii2/tocsin/collections/";
constexpr std::uint64_t answer_bytes_max = 4 << 20;
constexpr std::uint32_t statement_ms_max = 30'000;
constexpr std::uint64_t push_answer_bytes_max = 1 << 20;
constexpr std::uint32_t push_ms_max = 60'000;
constexpr auto push_every = std::chrono::seconds(1);

bool is_loopback(const std::string& host) {
  auto ip = ip::parse(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
  return host == "localhost" ||
         (ip && (ip->is_v4() ? ip->v4() >> 24 == 127 : ip->high() == 0 && ip->low() == 1));
}

// The certificate and its key: the configured ones, or else the node's own.
std::pair<std::string, std::string> certificate_files(const Config& config,
                                                      const std::string& home) {
  if (!config.certificate_file.empty()) return {config.certificate_file, config.key_file};
  return {home + "/tls/node.crt", home + "/tls/node.key"};
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
  const Config& config = made->parts_.config;
  TRY(made->open_emergencies());
  TRY(made->open_heads());
  made->statistics_ = TRY(share::Statistics::open({.journal = made->parts_.journal,
                                                   .partners = *made->partners_,
                                                   .agreements = *made->agreements_,
                                                   .offers = made->parts_.offers,
                                                   .now = made->parts_.now}));
  made->certificates_ = share::Certificates::open(
      {.journal = made->parts_.journal, .partners = *made->partners_, .now = made->parts_.now});
  made->shelves_ = TRY(
      share::Shelves::open({.journal = made->parts_.journal,
                            .partners = *made->partners_,
                            .agreements = *made->agreements_,
                            .offers = made->parts_.offers,
                            .words = made->parts_.words,
                            .ledger = made->parts_.ledger,
                            .feed = made->parts_.says,
                            .sensors = config.sensors,
                            .now = made->parts_.now,
                            .settings = {.title = config.name.empty() ? config.member : config.name,
                                         .description = "A node of " + config.member,
                                         .contact = config.contact,
                                         .base = config.member_url},
                            .emergencies = made->emergencies_.get(),
                            .statistics = made->statistics_.get(),
                            .terms = made->parts_.terms}));
  made->misp_ = TRY(
      share::MispFeeds::open(made->parts_.journal, *made->shelves_, {.days = config.misp_days}));
  made->pushes_ =
      TRY(share::Pushes::open({.journal = made->parts_.journal,
                               .shelves = *made->shelves_,
                               .all = config.pushes,
                               .post = [sharing = made.get()](const auto& to, const auto& letter) {
                                 return sharing->push(to, letter);
                               }}));
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
  made->hints_ = std::make_unique<share::Hints>(share::Hints::Parts{
      .last = [&offers = made->parts_.offers] { return offers.last(); },
      .has_news = [sharing = made.get()](
                      const auto& member,
                      TimeUs after) { return sharing->shelves_->has_news(member, after); },
      .is_partner =
          [sharing = made.get()](const auto& member) {
            return sharing->partners_->book()->speaking(member) != nullptr;
          }});
  made->parts_.offers.flushed = [hints = made->hints_.get()] { hints->look(); };
  auto known = made->introduce();
  if (!known && known.error().fault == Fault::missing) {
    made->mute_ = known.error().what;
    spdlog::error("this node cannot speak to its partners: {}", made->mute_);
  } else if (!known) {
    return std::unexpected(known.error());
  }
  return made;
}

void Sharing::note(std::string_view by, std::string_view call, std::string_view object,
                   std::string_view outcome) const {
  if (!parts_.noted) return;
  parts_.noted({.at = parts_.now(),
                .by = std::string(by),
                .call = std::string(call),
                .object = std::string(object)},
               outcome);
}

Result<void> Sharing::open_emergencies() {
  auto exempt = [this](const auto& member, EventId event) {
    return shelves_->exempt(member, event);
  };
  auto lapsed = [this](const share::Emergency& e) {
    note("node", "emergency release taken back", fmt::format("{} to {}", e.id, e.member),
         "done: nobody confirmed it within a day");
  };
  auto announced = [this](const auto& member, const auto& item) {
    note(member, "emergency release of a member", item, "done");
    hint(member);
  };
  emergencies_ = TRY(share::Emergencies::open({.journal = parts_.journal,
                                               .partners = *partners_,
                                               .offers = parts_.offers,
                                               .ledger = parts_.ledger,
                                               .now = parts_.now,
                                               .exempt = exempt,
                                               .lapsed = lapsed,
                                               .announced = announced}));
  return {};
}

Result<void> Sharing::open_heads() {
  auto wrong = [this](const auto& member, const auto& what) {
    spdlog::error("the ledger of {}: {}", member, what);
    note(member, "ledger of a member", member, "denied: " + what);
  };
  heads_ = TRY(share::HeadExchange::open({.journal = parts_.journal,
                                          .partners = *partners_,
                                          .agreements = *agreements_,
                                          .ledger = parts_.ledger,
                                          .now = parts_.now,
                                          .wrong = wrong}));
  return {};
}

Sharing::~Sharing() {
  stop();
}

// A day is published once, some hours after its end: most of what is said of it has come by then.
// Of days that were missed, at most a week.
Result<void> Sharing::publish_statistics() {
  if (!parts_.count) return {};
  Day last = times::day_of(parts_.now() - publish_after) - 1;
  for (Day day = last - 6; day <= last; ++day) {
    if (TRY(statistics_->is_published(day))) continue;
    auto counts = TRY(parts_.count(day));
    TRY(statistics_->publish(day, counts));
  }
  return {};
}

// As a client the node shows the certificate of its server, whose pin its partners have.
void Sharing::show_certificate(Route& route) const {
  auto [certificate, key] = certificate_files(parts_.config, parts_.home);
  if (!std::filesystem::exists(certificate) || ::access(key.c_str(), R_OK) != 0) return;
  route.client_certificate = certificate;
  route.client_key = key;
}

// The certificate is the one that the server shows: the configured one, or else the node's own.
Result<void> Sharing::introduce() {
  const Config& config = parts_.config;
  std::string file = certificate_files(config, parts_.home).first;
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
  if (url.scheme == "https") show_certificate(request.route);
  auto response = TRY(fetch::get(request));
  if (auto good = fetch::expect_success(response, to.url); !good) {
    // Why it refused, in the words of its answer.
    std::string why = text::printable(std::string_view(response.body).substr(0, 500));
    return std::unexpected(
        Error{good.error().fault, fmt::format("{}: {}", good.error().what, why)});
  }
  return std::move(response.body);
}

// Signed like alerts by webhook. Source: docs/push.md; RFC 2104.
Result<void> Sharing::push(const share::Push& to, const share::Pushes::Letter& letter) const {
  auto url = TRY(Url::parse(to.url, "http,https"));
  if (url.scheme != "https" && !is_loopback(url.host))
    return denied("not sent: " + text::quote(to.name) + " needs an https URL");
  std::string key = TRY(secret::read(to.secret, parts_.home));
  std::string at = std::to_string(parts_.now() / us_per_s);
  fetch::Request request{
      .url = to.url,
      .post = letter.body,
      .content_type = "application/x-ndjson",
      .headers = {{"X-Tocsin-Timestamp", at},
                  {"X-Tocsin-Delivery", letter.delivery},
                  {"X-Tocsin-Signature",
                   "sha256=" + hex(hmac_sha256(key, at + "." + letter.body))}},
      .contact = parts_.config.contact,
      .route = {.allow_private = parts_.config.share_private || is_loopback(url.host),
                .proxy = parts_.config.proxy,
                .ca_file = parts_.config.ca_file,
                .size_max_bytes = push_answer_bytes_max,
                .total_timeout_ms = push_ms_max,
                .stop = stopping_.get_token()},
      .redirects_max = 0,
      .tries_max = 1};
  auto answer = TRY(fetch::get(request));
  TRY(fetch::expect_success(answer, to.url));
  if (answer.status >= 300) return invalid(fmt::format("answered {}", answer.status));
  return {};
}

void Sharing::run_pushes(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    Result<bool> more = false;
    if (!parts_.paused || !parts_.paused()) more = pushes_->send_due(stop);
    if (!more) spdlog::warn("pushes: {}", more.error().what);
    if (more && *more) continue;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, push_every, [] { return false; });
  }
}

void Sharing::start() {
  if (!sender_.joinable())
    sender_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  if (!pusher_.joinable() && !parts_.config.pushes.empty())
    pusher_ = std::jthread([this](const std::stop_token& stop) { run_pushes(stop); });
  if (!puller_.joinable() && parts_.pull_from)
    puller_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
}

// A stream of hints from each partner that we pull from; a partner without one is asked every
// minute all the same.
void Sharing::listen(const std::vector<ingest::Feed>& feeds) {
  std::set<std::string> members;
  for (const ingest::Feed& feed : feeds) members.emplace(feed.option("member"));
  std::erase_if(listeners_, [&](const auto& one) { return !members.contains(one.first); });
  for (const std::string& member : members) {
    if (listeners_.contains(member) || listeners_.size() >= listeners_max) continue;
    listeners_.emplace(member,
                       [this, member](const std::stop_token& stop) { listen_to(member, stop); });
  }
}

void Sharing::listen_to(const std::string& member, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  auto take = [&](std::string_view piece) {
    if (piece.contains("event: new")) hint(member);
  };
  for (unsigned failures = 0; !stop.stop_requested();) {
    auto book = partners_->book();
    const share::Partner* partner = book->speaking(member);
    auto token = partners_->token_for(member);
    if (partner != nullptr && token && !(parts_.paused && parts_.paused())) {
      auto url = Url::parse(partner->profile.url, "http,https");
      bool secure = url && url->scheme == "https";
      fetch::Request request{
          .url = partner->profile.url + std::string(hints_path),
          .headers = {{"Accept", "text/event-stream"}},
          .secret_headers = {{"Authorization", "Bearer " + *token}},
          .take = take,
          .contact = parts_.config.contact,
          .route = {.allow_private = parts_.config.share_private || (url && is_loopback(url->host)),
                    .proxy = parts_.config.proxy,
                    .ca_file = parts_.config.ca_file,
                    .pins = secure ? partner->pins : std::vector<std::string>(),
                    .low_speed_s = 0,
                    .stop = stop},
          .redirects_max = 0,
          .tries_max = 1};
      if (secure) show_certificate(request.route);
      auto began = std::chrono::steady_clock::now();
      auto ended = fetch::get(request);
      bool lasted = std::chrono::steady_clock::now() - began > std::chrono::minutes(1);
      failures = ended && ended->status == 200 && lasted ? 0 : failures + 1;
    }
    auto pause = std::chrono::milliseconds(
        1000 + backoff_ms(failures, listen_again_ms, listen_again_ms_max, random_bits()));
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, pause, [] { return false; });
  }
}

void Sharing::hint(std::string_view member) {
  if (parts_.pull) parts_.pull(fmt::format("partner.{}", member));
}

// Of each partner with whom an agreement is in force.
std::vector<ingest::Feed> Sharing::feeds() const {
  std::vector<ingest::Feed> out;
  auto book = partners_->book();
  const Config& config = parts_.config;
  for (const auto& [member, any] : book->all()) {
    const share::Partner* partner = book->speaking(member);
    if (partner == nullptr || partner->profile.url.empty()) continue;
    if (agreements_->in_force(member, parts_.now()).agreements.empty()) continue;
    auto url = Url::parse(partner->profile.url, "http,https");
    if (!url) continue;
    ingest::Feed feed{.name = "partner." + member,
                      .title = "From the partner " + partner->profile.name,
                      .collector = "taxii",
                      .format = "stix",
                      .interval_s = pull_every_s,
                      .tlp = Tlp::red};
    feed.options = {{"member", member},
                    {"url", partner->profile.url + std::string(collections_path)},
                    {"token_secret", share::Partners::token_secret(member)},
                    {"overlap_s", "0"},  // its dates only rise
                    {"contact", config.contact},
                    {"proxy", config.proxy},
                    {"ca_file", config.ca_file}};
    if (config.share_private || is_loopback(url->host)) feed.options["allow_private"] = "true";
    Route shown;
    if (url->scheme == "https") show_certificate(shown);
    if (!shown.client_certificate.empty()) {
      feed.options["client_certificate"] = shown.client_certificate;
      feed.options["client_key"] = shown.client_key;
    }
    for (const std::string& pin : partner->pins) {
      if (url->scheme == "https") feed.options["pins"] += pin + "\n";
    }
    out.push_back(std::move(feed));
  }
  return out;
}

// Agreements also begin and end by the clock.
void Sharing::follow(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    auto all = feeds();
    listen(all);
    parts_.pull_from(std::move(all));
    announce(stop);
    if (auto more = shelves_->forget_erased(); !more)
      spdlog::warn("what proves that erased items went is still there: {}", more.error().what);
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, follow_every, [] { return false; });
  }
}

// What partners may have since something was agreed anew; some of it at a time.
void Sharing::announce(const std::stop_token& stop) {
  if (auto looked = shelves_->look_at_terms(); !looked)
    spdlog::warn("terms of feeds: {}", looked.error().what);
  auto end = std::chrono::steady_clock::now() + announce_at_once;
  auto book = partners_->book();
  bool any = false;
  for (const auto& [member, partner] : book->all()) {
    if (book->speaking(member) == nullptr) continue;
    for (bool more = true; more && !stop.stop_requested();) {
      if (std::chrono::steady_clock::now() > end) break;
      auto step = shelves_->announce(member);
      if (!step) spdlog::warn("{}: nothing is announced again: {}", member, step.error().what);
      more = step && *step;
      any = any || more;
    }
  }
  if (any) hints_->look();
}

void Sharing::hurry() {
  std::lock_guard guard(mutex_);
  hurry_ = true;
  due_.notify_one();
}

void Sharing::stop() {
  stopping_.request_stop();
  if (hints_) hints_->stop();
  puller_ = {};
  pusher_ = {};
  listeners_.clear();
  sender_ = {};
}

void Sharing::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!parts_.paused || !parts_.paused()) {
      if (auto told = certificates_->work(); !told)
        spdlog::warn("our certificate: {}", told.error().what);
      if (auto told = heads_->work(); !told)
        spdlog::warn("heads of the ledger: {}", told.error().what);
      if (auto left = partners_->deliver(); !left)
        spdlog::warn("statements to partners: {}", left.error().what);
      if (auto sent = mail_.send_due(*requests_, stopping_.get_token()); !sent)
        spdlog::warn("requests by mail: {}", sent.error().what);
      if (auto made = publish_statistics(); !made)
        spdlog::warn("statistics for partners: {}", made.error().what);
      if (auto ended = emergencies_->work(); !ended)
        spdlog::warn("emergency releases: {}", ended.error().what);
      // Said before it can be read: its reader's door would not let it in.
      if (auto fresh = emergencies_->fresh()) {
        for (const std::string& member : *fresh) hints_->call(member);
      }
    }
    std::unique_lock lock(mutex_);
    due_.wait_for(lock, stop, look_every, [this] { return hurry_; });
    hurry_ = false;
  }
}

}  // namespace tocsin::node
