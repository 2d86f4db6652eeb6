// imap: mails of one folder: attachments, links, encrypted parts and password-protected zips.
//
// Read is what has a UID above the last one that was read; when the folder gets another
// UIDVALIDITY, all of it is read anew and known reports are recognised by their SHA-256. A mail
// that cannot be opened now (no key, a link that does not answer) is kept in mind and tried again,
// in at most half of a run while new ones come. Where too many wait, no new mail is passed over:
// the run ends at the first that could not be kept in mind.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/pgp.h"
#include "base/text.h"
#include "ingest/cursor.h"
#include "ingest/fetching.h"
#include "ingest/imap_client.h"
#include "ingest/mail.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t again_max = 500, links_max = 20;
constexpr std::uint64_t window = 4'000;  // UIDs searched at once
constexpr int searches_max = 2'000;      // in one run; the next goes on from there

constexpr std::array own_options = std::to_array<Option>({
    {.name = "url",
     .kind = OptionKind::url,
     .help = "imaps://host, or imap://host with STARTTLS",
     .required = true},
    {.name = "username", .kind = OptionKind::text, .help = "the mail account", .required = true},
    {.name = "password_secret",
     .kind = OptionKind::secret,
     .help = "its password",
     .required = true},
    {"folder", OptionKind::text, "INBOX"},
    {"from", OptionKind::text, "only mails whose sender contains it"},
    {"subject", OptionKind::text, "only mails whose subject contains it"},
    {"unseen_only", OptionKind::yes_no, "only mails that nobody has read"},
    {"attachments", OptionKind::text, "pattern (RE2) of the attachments' names; all"},
    {"links", OptionKind::text, "pattern (RE2) of links in the text that are fetched; none"},
    {"body", OptionKind::yes_no, "the mail's text is a report too"},
    {"zip_password_secret", OptionKind::secret, "of password-protected zips"},
    {"pgp", OptionKind::yes_no, "open encrypted parts with the keys in gnupg_home"},
    {"gnupg_home", OptionKind::path, "HOME/gnupg"},
    {"pgp_passphrase_secret", OptionKind::secret, "of the key"},
    {"mark_seen", OptionKind::yes_no, "mark what was read; true"},
    {"move_to", OptionKind::text, "a folder for what was read"},
    {"without_tls", OptionKind::yes_no, "only with allow_private"},
    {.name = "mails_max",
     .kind = OptionKind::number,
     .help = "in one run; 200",
     .least = 1,
     .most = 10'000},
    {.name = "mail_max_bytes",
     .kind = OptionKind::number,
     .help = "64 MB",
     .least = 1024,
     .most = 64'000'000},
});
constexpr auto options = joined(own_options, route_options);

// One report out of a mail, ready to be delivered.
struct Ready {
  std::string name, url, bytes;
  std::unique_ptr<Spool> spool;  // where it was fetched from a link
};

// What a mail gave. `problem`: of a part that never can be read; the others are.
struct Opened {
  std::vector<Ready> reports;
  std::optional<Error> problem;
};

Result<std::unique_ptr<re2::RE2>> pattern(const Feed& feed, std::string_view option) {
  if (feed.option(option).empty()) return nullptr;
  re2::RE2::Options quiet;
  quiet.set_log_errors(false);
  quiet.set_max_mem(8 << 20);
  auto compiled = std::make_unique<re2::RE2>(std::string(feed.option(option)), quiet);
  if (compiled->ok()) return compiled;
  return invalid(fmt::format("{}: {}", option, compiled->error()));
}

class Run {
 public:
  Run(const Feed& feed, CollectorContext& context)
      : feed_(feed), context_(context), cursor_(Cursor::parse(context.cursor())) {}

  Result<void> collect() {
    TRY(prepare());
    std::vector<std::uint64_t> uids = TRY(find());
    Result<void> worst{};
    for (std::uint64_t uid : uids) {
      if (context_.stop().stop_requested()) return unavailable("stopping");
      auto done = take(uid);
      if (done) continue;
      if (halted_) return done;
      worst = std::unexpected(
          Error{done.error().fault, fmt::format("mail {}: {}", uid, done.error().what)});
    }
    return worst;
  }

 private:
  Result<void> prepare() {
    ImapClient::Setup setup;
    setup.url = feed_.option("url");
    setup.folder = feed_.option("folder", "INBOX");
    setup.username = feed_.option("username");
    setup.password = TRY(context_.secret(feed_.option("password_secret")));
    setup.without_tls = yes(feed_, "without_tls");
    setup.route = TRY(route_for(feed_, context_));
    setup.route.size_max_bytes = number(feed_, "mail_max_bytes", 64'000'000);
    if (setup.without_tls && !setup.route.allow_private) {
      return invalid(
          "without_tls needs allow_private: a password never crosses a network in clear");
    }
    attachments_ = TRY(pattern(feed_, "attachments"));
    links_ = TRY(pattern(feed_, "links"));
    if (auto name = feed_.option("zip_password_secret"); !name.empty()) {
      zip_password_ = TRY(context_.secret(name));
    }
    if (yes(feed_, "pgp")) {
      std::string passphrase;
      if (auto name = feed_.option("pgp_passphrase_secret"); !name.empty()) {
        passphrase = TRY(context_.secret(name));
      }
      std::string home(feed_.option("gnupg_home"));
      if (home.empty()) return invalid("pgp needs gnupg_home, the folder of the node's keys");
      decrypt_ = [home, passphrase, most = limits_.bytes_max](std::string_view cipher) {
        return pgp::decrypt(cipher, home, passphrase, most);
      };
    }
    client_ = TRY(ImapClient::make(std::move(setup)));
    return {};
  }

  // The mails to read: those that wait for another try, then the new ones.
  Result<std::vector<std::uint64_t>> find() {
    ImapClient::Status status = TRY(client_->status());
    std::string validity = std::to_string(status.uid_validity);
    if (cursor_.get("uidvalidity") != validity) {
      cursor_ = {};
      cursor_.set("uidvalidity", validity);
    }
    std::string_view waiting = cursor_.get("again");
    while (!waiting.empty()) {
      if (auto uid = text::number(text::cut(waiting, ','))) again_.insert(*uid);
    }
    std::string criteria;
    if (yes(feed_, "unseen_only")) criteria += " UNSEEN";
    for (std::string_view key : {"from", "subject"}) {
      if (auto value = feed_.option(key); !value.empty()) {
        criteria += fmt::format(" {} {}", text::upper(key), TRY(ImapClient::quoted(value)));
      }
    }
    std::uint64_t most = number(feed_, "mails_max", 200);
    std::uint64_t fresh_most = most - std::min<std::uint64_t>(again_.size(), most / 2);
    std::vector<std::uint64_t> fresh;
    std::uint64_t from = cursor_.number("uid") + 1;
    for (int i = 0; i < searches_max && from < status.uid_next && fresh.size() < fresh_most;
         ++i, from += window) {
      if (context_.stop().stop_requested()) return unavailable("stopping");
      std::uint64_t to = std::min(from + window, status.uid_next) - 1;
      std::vector<std::uint64_t> found =
          TRY(client_->search(fmt::format("UID {}:{}{}", from, to, criteria)));
      std::ranges::sort(found);
      if (found.empty() && fresh.empty()) cursor_.set("uid", std::to_string(to));
      for (std::uint64_t uid : found) {
        if (uid >= from && uid <= to && fresh.size() < fresh_most) fresh.push_back(uid);
      }
    }
    std::vector<std::uint64_t> out = waiting_for_run(most - fresh.size());
    out.insert(out.end(), fresh.begin(), fresh.end());
    if (out.empty() && cursor_.text() != context_.cursor()) {
      TRY(context_.keep_cursor(cursor_.text()));
    }
    return out;
  }

  // `most` of the mails that wait, from the one on whose turn it is.
  std::vector<std::uint64_t> waiting_for_run(std::uint64_t most) {
    std::vector<std::uint64_t> out(again_.begin(), again_.end());
    if (out.size() <= most) return out;
    auto turn = std::ranges::upper_bound(out, cursor_.number("tried"));
    std::ranges::rotate(out, turn);
    out.resize(most);
    if (!out.empty()) cursor_.set("tried", std::to_string(out.back()));
    return out;
  }

  // The state after this mail, whether it was read or waits.
  std::string text_after(std::uint64_t uid, bool read) {
    if (read) again_.erase(uid);
    if (!read) again_.insert(uid);
    cursor_.set("again", fmt::format("{}", fmt::join(again_, ",")));
    if (uid > cursor_.number("uid")) cursor_.set("uid", std::to_string(uid));
    return cursor_.text();
  }

  Result<void> take(std::uint64_t uid) {
    auto opened = open(uid);
    if (!opened) {
      // The connection broke: nothing is known of the mail.
      if (halted_) return std::unexpected(std::move(opened).error());
      // A mail that never can be read is passed over; others are tried again.
      bool read = opened.error().fault == Fault::invalid;
      if (!read && !again_.contains(uid) && again_.size() >= again_max) {
        halted_ = true;
        return unavailable(fmt::format(
            "{} mails wait to be opened: no newer one than {} is read until they can be, or have "
            "left the folder; this one: {}",
            again_.size(), uid - 1, opened.error().what));
      }
      TRY(keep(text_after(uid, read)));
      return std::unexpected(std::move(opened).error());
    }
    std::vector<Ready>& ready = opened->reports;
    std::string before = context_.cursor();
    for (std::size_t i = 0; i < ready.size(); ++i) {
      Ready& report = ready[i];
      bool last = i + 1 == ready.size();
      auto receipt = context_.deliver({.name = std::move(report.name),
                                       .url = std::move(report.url),
                                       .path = report.spool ? report.spool->path() : std::string(),
                                       .bytes = std::move(report.bytes),
                                       .cursor = last ? text_after(uid, true) : before});
      if (receipt || receipt.error().fault == Fault::invalid) continue;
      halted_ = true;
      return std::unexpected(std::move(receipt).error());
    }
    if (ready.empty()) TRY(keep(text_after(uid, true)));
    if (opened->problem) return std::unexpected(*std::move(opened->problem));  // left for a person
    return put_away(uid);
  }

  Result<void> keep(std::string cursor) {
    auto kept = context_.keep_cursor(std::move(cursor));
    halted_ = halted_ || !kept;
    return kept;
  }

  Result<void> put_away(std::uint64_t uid) {
    if (!yes(feed_, "mark_seen", true)) TRY(client_->set_seen(uid, false));
    std::string_view folder = feed_.option("move_to");
    return folder.empty() ? Result<void>{} : client_->move(uid, folder);
  }

  Result<Opened> open(std::uint64_t uid) {
    auto bytes = client_->message(uid);
    if (!bytes) {
      halted_ = bytes.error().fault != Fault::invalid;
      return std::unexpected(std::move(bytes).error());
    }
    // The server's answer is empty where the mail has gone meanwhile.
    if (bytes->empty()) return Opened();
    Mail mail = TRY(read_mail(*bytes, limits_, decrypt_));
    Opened opened;
    std::vector<Ready>& out = opened.reports;
    // A key or password may come yet: then the mail is tried again as a whole.
    auto note = [&](Error problem) -> Result<void> {
      if (problem.fault != Fault::invalid) return std::unexpected(std::move(problem));
      if (!opened.problem) opened.problem = std::move(problem);
      return {};
    };
    for (Error& problem : mail.problems) TRY(note(std::move(problem)));
    for (MailPart& part : mail.attachments) {
      if (auto added = add(std::move(part), out); !added) TRY(note(std::move(added).error()));
    }
    for (std::string& body : mail.bodies) {
      if (auto fetched = fetch_links(body, out); !fetched) TRY(note(std::move(fetched).error()));
      if (yes(feed_, "body") && !text::trim(body).empty()) {
        out.push_back({.name = mail.subject.substr(0, 200),
                       .url = {},
                       .bytes = std::move(body),
                       .spool = nullptr});
      }
    }
    return opened;
  }

  Result<void> add(MailPart part, std::vector<Ready>& out) {
    if (attachments_ && !re2::RE2::PartialMatch(part.name, *attachments_)) return {};
    if (!zip_password_.empty()) {
      auto inside = TRY(open_locked_zip(part.bytes, zip_password_, limits_));
      for (MailPart& entry : inside) {
        out.push_back({.name = std::move(entry.name),
                       .url = {},
                       .bytes = std::move(entry.bytes),
                       .spool = nullptr});
      }
      if (!inside.empty()) return {};
    }
    out.push_back({.name = std::move(part.name),
                   .url = {},
                   .bytes = std::move(part.bytes),
                   .spool = nullptr});
    return {};
  }

  Result<void> fetch_links(std::string_view body, std::vector<Ready>& out) {
    if (!links_) return {};
    std::set<std::string> links;
    static const re2::RE2 url("(https?://[^\\s<>\"'()]+)");
    re2::StringPiece rest(body.data(), body.size());
    for (re2::StringPiece found; re2::RE2::FindAndConsume(&rest, url, &found);) {
      std::string link(found.data(), found.size());
      for (std::size_t at = 0; (at = link.find("&amp;", at)) != link.npos; ++at) {
        link.erase(at + 1, 4);
      }
      while (link.ends_with('.') || link.ends_with(',')) link.pop_back();
      if (re2::RE2::FullMatch(link, *links_)) links.insert(std::move(link));
      if (links.size() > links_max) return invalid(fmt::format("more than {} links", links_max));
    }
    for (const std::string& link : links) {
      fetch::Request request = TRY(request_for(feed_, context_));
      auto spool = std::make_unique<Spool>(context_);
      request.url = link;
      request.spool_path = spool->path();
      fetch::Response response = TRY(fetch::get(request));
      TRY(fetch::expect_success(response, response.url));
      out.push_back({.name = response.file_name,
                     .url = response.url,
                     .bytes = {},
                     .spool = std::move(spool)});
    }
    return {};
  }

  const Feed& feed_;
  CollectorContext& context_;
  Cursor cursor_;  // uidvalidity, uid (the last), again (UIDs that wait), tried (the last of them)
  std::set<std::uint64_t> again_;
  MailLimits limits_;
  Decrypt decrypt_;
  std::unique_ptr<re2::RE2> attachments_, links_;
  std::string zip_password_;
  std::unique_ptr<ImapClient> client_;
  bool halted_ = false;  // the world failed: the run ends
};

Result<void> collect(const Feed& feed, CollectorContext& context) {
  return Run(feed, context).collect();
}

}  // namespace

Collector imap() {
  return {.summary = "mails of one folder: attachments, links, encrypted and zipped parts",
          .collect = collect,
          .options = options,
          .interval_s = 300};
}

}  // namespace tocsin::ingest
