#include "node/request_mail.h"

#include <fmt/format.h>

#include <algorithm>

#include "alert/ask_letter.h"
#include "alert/constituent.h"
#include "alert/mime.h"
#include "base/backoff.h"
#include "base/text.h"

namespace tocsin::node {
namespace {

constexpr TimeUs give_up_after = 5 * us_per_day;

SubjectKind kind_of(std::string_view sort) {
  for (SubjectKind kind :
       {SubjectKind::address, SubjectKind::name, SubjectKind::url, SubjectKind::account}) {
    if (name(kind) == sort) return kind;
  }
  return SubjectKind::none;
}

// What is asked about, as a finding that the person who asks has reported: who asks wants it told.
Finding finding_of(const share::Request& request) {
  const share::RequestAsk& ask = request.ask;
  Finding finding;
  finding.type = ask.type.value_or(Type::undetermined);
  finding.subject_kind = kind_of(ask.sort);
  finding.subject = ask.subject;
  if (auto ip = ip::parse(ask.subject)) finding.ip = *ip;
  finding.country = ask.country;
  finding.last = request.at;
  finding.tlp = ask.tlp;
  finding.feeds = {"by hand"};
  return finding;
}

}  // namespace

std::string RequestMail::domain() const {
  auto from = alert::plain_address(parts_.settings.mail.from);
  return from ? from->substr(from->find('@') + 1) : "node.invalid";
}

Result<policy::Outgoing> RequestMail::written(const share::Request& request) const {
  Finding about = finding_of(request);
  policy::Rules rules = parts_.rules;
  if (request.ask.finding.empty()) {
    rules.consent = [](std::string_view) { return policy::Consent{.tell_affected = true}; };
  } else {
    about = TRY(parts_.findings.one(finding_key_of(request.ask.finding)));
    about.tlp = std::max(about.tlp, request.ask.tlp);
  }
  if (about.exercise) return denied("an exercise: nobody outside is asked about it");
  policy::Recipient to{
      .id = request.mail_to,
      .relation = request.to_affected ? policy::Relation::affected : policy::Relation::provider,
      .address = request.mail_to};
  policy::Marking marking{about.tlp, policy::consent_of(about.feeds, rules)};
  auto finding = TRY(policy::clear(std::move(about), to, rules));
  auto words = TRY(policy::clear(policy::AskedWords{request.ask.words, request.ask.legal_basis},
                                 marking, to, rules));
  alert::Envelope envelope{.node = parts_.node,
                           .from = parts_.settings.mail.from,
                           .reply_to = parts_.settings.mail.reply_to,
                           .constituent = {},
                           .message_id = request.message_id,
                           .date = request.at};
  return alert::ask_letter(finding, words,
                           {.kind = std::string(name(request.ask.kind)),
                            .id = request.id,
                            .deadline = request.ask.deadline},
                           envelope);
}

Result<void> RequestMail::may(const share::Request& request) const {
  if (parts_.simulated) return denied("everything in this node is made up: nothing is sent");
  if (!alert::is_mail_address(request.mail_to))
    return invalid("no mail address: " + text::quote(request.mail_to));
  const auto* channel = alert::channel_for(request.mail_to);
  if (channel == nullptr) return invalid("no channel takes " + text::quote(request.mail_to));
  if (std::string why = channel->plugin.unready(parts_.settings); !why.empty()) return invalid(why);
  TRY(written(request));
  return {};
}

Result<void> RequestMail::send_due(share::Requests& requests, const std::stop_token& stop) {
  if (parts_.simulated) return {};
  auto due = TRY(requests.due_mail());
  for (const share::Request& request : due) {
    if (stop.stop_requested()) return {};
    TimeUs now = parts_.now();
    auto letter = written(request);
    if (!letter) {
      TRY(requests.settle_mail(request.id, {share::MailState::failed, letter.error().what, 0}));
      continue;
    }
    if (!way_) {
      const auto* channel = alert::channel_for(request.mail_to);
      if (channel == nullptr) return {};
      way_ = channel->plugin.open({.settings = parts_.settings, .home = parts_.home, .stop = stop});
    }
    alert::Delivery delivery = way_->send(*letter);
    bool closed = delivery.result == alert::Delivery::Result::closed;
    share::Requests::Mailed mailed{.error = delivery.what};
    bool again = closed || delivery.result == alert::Delivery::Result::later;
    if (delivery.result == alert::Delivery::Result::never ||
        (again && now - request.at > give_up_after)) {
      mailed.state = share::MailState::failed;
    } else if (again) {
      mailed.state = share::MailState::queued;
      std::uint64_t pause_ms =
          backoff_ms(request.mail_tries + 1, std::uint64_t{parts_.settings.retry_first_s} * 1000,
                     std::uint64_t{parts_.settings.retry_most_s} * 1000, random_bits());
      mailed.next = now + static_cast<TimeUs>(std::max<std::uint64_t>(pause_ms, 1000)) * 1000;
    }
    TRY(requests.settle_mail(request.id, mailed));
    if (closed) return {};  // the way is down for all of them
  }
  return {};
}

}  // namespace tocsin::node
