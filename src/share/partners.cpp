#include "share/partners.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "share/partner_rows.h"

namespace tocsin::share {
namespace {

constexpr std::size_t words_bytes_max = 500;

Result<std::string> line_of(std::string_view words, std::string_view what) {
  std::string line(text::trim(words));
  if (line.size() > words_bytes_max || !is_one_line(line))
    return invalid(fmt::format("{} is one line of at most {} bytes", what, words_bytes_max));
  return line;
}

bool share_one(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(a, [&](const std::string& pin) { return std::ranges::count(b, pin); });
}

bool has_key(const KeyRing& ring, const PublicKey& key) {
  return ring.recovery == key || std::ranges::count(ring.spans, key, &KeySpan::key) > 0;
}

std::string digits_of(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

// The ring of a member that joined: a known one goes on; where none spoke, what was is revoked.
KeyRing ring_of(const Partner* before, const Introduction& who, TimeUs now) {
  if (before != nullptr && before->state != PartnerState::stopped &&
      before->keys.holds(who.key, now))
    return before->keys;
  KeyRing ring{.member = who.profile.member, .recovery = who.recovery};
  if (before != nullptr) {
    ring.spans = before->keys.spans;
    std::erase_if(ring.spans, [&](const KeySpan& span) { return span.key == who.key; });
    for (KeySpan& span : ring.spans) {
      if (span.revoked != time_none) continue;
      span.revoked = now;
      span.why = "joined anew";
    }
  }
  ring.spans.push_back({.key = who.key, .from = now});
  return ring;
}

}  // namespace

std::string_view name(PartnerState state) {
  constexpr std::string_view names[] = {"to compare", "compared", "stopped"};
  return names[static_cast<std::size_t>(state)];
}

// ---- the book

const Partner* PartnerBook::find(std::string_view member) const {
  auto found = partners_.find(member);
  return found == partners_.end() ? nullptr : &found->second;
}

const Partner* PartnerBook::speaking(std::string_view member) const {
  const Partner* partner = find(member);
  return partner != nullptr && partner->state == PartnerState::compared ? partner : nullptr;
}

const Partner* PartnerBook::by_token(std::string_view token) const {
  if (token.empty()) return nullptr;
  auto found = tokens_.find(hex(sha256(token)));
  return found == tokens_.end() ? nullptr : speaking(found->second);
}

const Partner* PartnerBook::by_pin(std::string_view pin) const {
  for (const auto& [member, partner] : partners_) {
    if (std::ranges::count(partner.pins, pin) > 0) return speaking(member);
  }
  return nullptr;
}

std::shared_ptr<const PartnerBook> Partners::book() const {
  std::lock_guard lock(mutex_);
  return book_;
}

void Partners::publish(PartnerBook book) {
  std::lock_guard lock(mutex_);
  publish_locked(std::move(book));
}

void Partners::publish_locked(PartnerBook book) {
  book.epoch_ = book_->epoch_ + 1;
  std::map<std::string, std::size_t> tokens;
  for (const auto& [hash, member] : book.tokens_) ++tokens[member];
  for (auto& [member, partner] : book.partners_) {
    if (stopping_.contains(member)) partner.state = PartnerState::stopped;
    const KeySpan* head = partner.keys.head();
    bool both = head != nullptr && self_ != nullptr;
    partner.tokens = tokens[member];
    partner.fingerprint =
        both ? join_fingerprint(self_->key, head->key, partner.transcript) : std::string();
  }
  book_ = std::make_shared<const PartnerBook>(std::move(book));
}

// ---- opening

Result<std::unique_ptr<Partners>> Partners::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "partners", rows::steps()));
  auto partners = std::unique_ptr<Partners>(new Partners(std::move(parts), std::move(tables)));
  TRY(partners->load());
  return partners;
}

Result<void> Partners::load() {
  PartnerBook book;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    book.partners_ = TRY(rows::partners(db));
    book.tokens_ = TRY(rows::tokens(db));
    return {};
  };
  TRY(tables_.read(look));
  publish(std::move(book));
  return {};
}

Result<void> Partners::introduce(Profile profile, std::vector<std::string> pins) {
  std::lock_guard act(one_);
  Introduction says{.profile = TRY(checked(std::move(profile))), .pins = std::move(pins)};
  const std::string& member = says.profile.member;
  std::optional<rows::Own> own;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    own = TRY(rows::own(db));
    return {};
  };
  TRY(tables_.read(look));
  if (own && own->member != member && !book()->all().empty())
    return invalid(fmt::format("partners know this node as {}, not {}", own->member, member));
  std::optional<PublicKey> known;
  if (own) known = own->key;
  {
    std::lock_guard lock(mutex_);
    profile_ = says.profile;
    pins_ = says.pins;
  }
  auto identity = TRY(Identity::open(parts_.home, known));
  says.key = identity.key().public_key();
  says.recovery = own ? own->recovery : TRY(identity.recovery()).public_key();
  if (!own || own->member != member) {
    auto keep = [&](store::Sqlite& db) {
      return rows::keep(db, rows::Own{member, says.key, says.recovery});
    };
    TRY(tables_.write(keep));
  }
  {
    std::lock_guard lock(mutex_);
    identity_ = std::make_shared<const Identity>(std::move(identity));
    self_ = std::make_shared<const Introduction>(std::move(says));
  }
  publish(*book());
  return {};
}

Result<Partners::Us> Partners::us() const {
  std::lock_guard lock(mutex_);
  if (self_ == nullptr)
    return missing("this node has no name among members: set [share] member and url");
  return Us{self_, identity_};
}

Result<Introduction> Partners::self() const {
  return *TRY(us()).says;
}

Result<void> Partners::with_key(const std::function<Result<void>(const SigningKey&)>& work) const {
  auto we = TRY(us());
  return work(we.identity->key());
}

// ---- invitations

Result<Partners::Invited> Partners::invite(std::string_view note, TimeUs until,
                                           std::string_view by) {
  std::lock_guard act(one_);
  auto we = TRY(us());
  TimeUs now = parts_.now();
  GivenInvitation given{.id = new_invitation_id(), .by = std::string(by), .made = now};
  given.note = TRY(line_of(note, "a note"));
  given.until = until / us_per_s * us_per_s;
  std::string code = TRY(share::invite(we.self(), given.id, now, given.until));
  auto keep = [&](store::Sqlite& db) -> Result<void> {
    if (TRY(rows::open_invitations(db, now)) >= invitations_max)
      return invalid(fmt::format("{} invitations are open: withdraw some", invitations_max));
    TRY(rows::keep(db, given));
    return rows::note(db, {now, given.by, "", "invited", given.note});
  };
  TRY(tables_.write(keep));
  return Invited{given.id, std::move(code), given.until};
}

Result<void> Partners::withdraw(std::string_view invitation, std::string_view by) {
  std::lock_guard act(one_);
  TimeUs now = parts_.now();
  auto keep = [&](store::Sqlite& db) -> Result<void> {
    auto given = TRY(rows::invitation(db, invitation));
    if (!given) return missing("no invitation " + text::quote(invitation));
    if (given->given.used != time_none)
      return denied(given->given.member + " has used it: stop that partner instead");
    if (given->given.withdrawn != time_none) return {};
    TRY(rows::withdraw(db, invitation, now));
    return rows::note(db, {now, std::string(by), "", "withdrew an invitation", given->given.note});
  };
  return tables_.write(keep);
}

Result<std::vector<GivenInvitation>> Partners::invitations() const {
  std::vector<GivenInvitation> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    all = TRY(rows::invitations(db));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

// ---- joining

// Two partners never mix: no key, recovery key or certificate is of two.
Result<void> Partners::may_join(const Introduction& who) const {
  const std::string& member = who.profile.member;
  auto now_known = book();
  const Partner* before = now_known->find(member);
  if (before == nullptr && now_known->all().size() >= partners_max)
    return denied("this node has as many partners as it can have");
  for (const auto& [other, partner] : now_known->all()) {
    if (other == member) continue;
    if (has_key(partner.keys, who.key) || has_key(partner.keys, who.recovery) ||
        share_one(partner.pins, who.pins))
      return denied(
          fmt::format("{} says that a key or certificate of {} is its own", member, other));
  }
  if (before == nullptr) return {};
  auto same_key = std::ranges::find(before->keys.spans, who.key, &KeySpan::key);
  if (same_key != before->keys.spans.end() && same_key->revoked != time_none)
    return denied(fmt::format("{} uses a key that was revoked: {}", member, same_key->why));
  if (before->state == PartnerState::stopped || before->keys.head() == nullptr) return {};
  if (!before->keys.holds(who.key, parts_.now()) || who.recovery != before->keys.recovery)
    return denied(member + " is a partner already, with other keys: stop or revoke that one first");
  return {};
}

Result<Partner> Partners::keep_joined(const Joined& joined, const Act& act,
                                      const store::Tables::Body& also) {
  TRY(may_join(joined.who));
  TimeUs now = parts_.now();
  auto before = book();
  Partner partner{.profile = joined.who.profile,
                  .keys = ring_of(before->find(joined.who.profile.member), joined.who, now),
                  .pins = joined.who.pins,
                  .transcript = joined.transcript,
                  .joined = now,
                  .changed = now,
                  .by = std::string(act.by)};
  TRY(rows::keep_secret(parts_.home, partner.profile.member, joined.we_call_with));
  {
    std::lock_guard lock(mutex_);
    stopping_.erase(partner.profile.member);  // a person invites it anew
  }
  return keep(std::move(partner), act, joined.they_call_with, true, also);
}

Result<Partner> Partners::keep(Partner partner, const Act& act, const std::string& token,
                               bool drops_tokens, const store::Tables::Body& also) {
  const std::string member = partner.profile.member;
  std::string hash = token.empty() ? std::string() : hex(sha256(token));
  TimeUs now = parts_.now();
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(rows::keep(db, partner));
    if (drops_tokens) TRY(rows::drop_tokens(db, member));
    if (!hash.empty()) TRY(rows::keep_token(db, hash, member, now));
    if (partner.state == PartnerState::stopped) TRY(rows::drop_waiting(db, member));
    if (also) TRY(also(db));
    return rows::note(
        db, {now, std::string(act.by), member, std::string(act.act), std::string(act.words)});
  };
  TRY(tables_.write(write));
  PartnerBook fresh = *book();
  if (drops_tokens) std::erase_if(fresh.tokens_, [&](const auto& t) { return t.second == member; });
  if (!hash.empty()) fresh.tokens_[hash] = member;
  fresh.partners_[member] = std::move(partner);
  publish(std::move(fresh));
  return known(member);
}

Result<Partner> Partners::known(std::string_view member) const {
  auto all = book();
  const Partner* partner = all->find(member);
  if (partner == nullptr) return missing("no partner " + text::quote(member));
  return *partner;
}

// The inviting side's.
Result<std::string> Partners::answer(const Statement& request) {
  std::lock_guard act(one_);
  auto we = TRY(us());
  TimeUs now = parts_.now();
  std::string hash = hex(sha256(statement_json(request)));
  std::optional<rows::InvitationRow> row;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    row = TRY(rows::invitation(db, request["id"]));
    return {};
  };
  TRY(tables_.read(look));
  if (!row) return denied("there is no such invitation");
  if (row->given.withdrawn != time_none) return denied("the invitation was withdrawn");
  if (row->given.used != time_none) {
    auto all = book();
    const Partner* partner = all->find(row->given.member);
    bool same =
        row->request == hash && partner != nullptr && partner->state != PartnerState::stopped;
    if (!same) return denied("the invitation was used before");
    return row->answer;
  }
  auto answered = TRY(answer_join(we.self(), request, row->given.until, now));
  std::string json = statement_json(answered.answer);
  const std::string& member = answered.joined.who.profile.member;
  auto used = [&](store::Sqlite& db) {
    return rows::use(db, row->given.id, {now, member, hash, json});
  };
  TRY(keep_joined(answered.joined, {.by = member, .act = "joined", .words = row->given.note},
                  used));
  return json;
}

// What was asked before is asked again, as its answer may have been lost; if it is refused, it
// never had one.
Result<Joined> Partners::ask(const Us& we, const Invitation& invitation) {
  std::string before;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    before = TRY(rows::asked(db, invitation.id));
    return {};
  };
  TRY(tables_.read(look));
  const Introduction& from = invitation.from;
  auto post = [&](const Statement& request) -> Result<Joined> {
    std::string json = TRY(parts_.post(from.profile, from.pins, statement_json(request)));
    Statement answer = TRY(read_statement(json));
    return finish_join(we.self(), invitation, request, answer, parts_.now());
  };
  if (!before.empty()) {
    auto request = read_statement(before);
    if (request && request->key == we.says->key) {
      auto joined = post(*request);
      if (joined || joined.error().fault == Fault::unavailable) return joined;
    }
  }
  Statement request = TRY(ask_to_join(we.self(), invitation, parts_.now()));
  auto write = [&](store::Sqlite& db) {
    return rows::ask(db, invitation.id, statement_json(request), parts_.now());
  };
  TRY(tables_.write(write));
  return post(request);
}

Result<Partner> Partners::join(std::string_view code, std::string_view by) {
  auto we = TRY(us());
  Invitation invitation = TRY(read_code(code, parts_.now()));
  TRY(may_join(invitation.from));
  Joined joined = TRY(ask(we, invitation));
  std::lock_guard act(one_);
  auto answered = [&](store::Sqlite& db) { return rows::forget_asked(db, invitation.id); };
  return keep_joined(joined, {.by = by, .act = "joined", .words = "by its invitation"}, answered);
}

// ---- what persons decide

Result<Partner> Partners::compare(std::string_view member, std::string_view fingerprint,
                                  std::string_view by) {
  std::lock_guard act(one_);
  Partner partner = TRY(known(member));
  if (partner.state == PartnerState::stopped)
    return denied(fmt::format("{} was stopped: invite it anew", member));
  if (partner.fingerprint.empty())
    return denied(fmt::format("no key speaks for {}: invite it anew", member));
  if (digits_of(fingerprint) != digits_of(partner.fingerprint))
    return denied(
        "that is another fingerprint: one of you read it wrong, or somebody stands between the "
        "two nodes; then stop this partner and invite it anew over another way");
  if (partner.state == PartnerState::compared) return partner;
  partner.state = PartnerState::compared;
  partner.changed = parts_.now();
  partner.by = by;
  partner.why.clear();
  return keep(std::move(partner), {.by = by, .act = "compared"}, {}, false, {});
}

Result<Partner> Partners::stop(std::string_view member, std::string_view by, std::string_view why) {
  std::string words = TRY(line_of(why, "a reason"));
  TRY(known(member));
  {
    std::lock_guard lock(mutex_);
    stopping_.emplace(member);
    publish_locked(*book_);
  }
  std::lock_guard act(one_);
  Partner partner = TRY(known(member));
  partner.state = PartnerState::stopped;
  partner.changed = parts_.now();
  partner.by = by;
  partner.why = words;
  auto kept = keep(std::move(partner), {.by = by, .act = "stopped", .words = words}, {}, true, {});
  if (kept) return kept;
  return unavailable("stopped until the node ends, but not written down: " + kept.error().what);
}

Result<Partner> Partners::revoke(std::string_view member, std::string_view by,
                                 std::string_view why) {
  std::string words = TRY(line_of(why, "a reason"));
  if (words.empty()) return invalid("say why the keys are revoked, and who said so");
  std::lock_guard act(one_);
  Partner partner = TRY(known(member));
  TimeUs now = parts_.now();
  for (const KeySpan& span : std::vector(partner.keys.spans))
    TRY(partner.keys.revoke(span.key, now, words));
  if (partner.state == PartnerState::compared) partner.state = PartnerState::to_compare;
  partner.changed = now;
  partner.by = by;
  partner.why = words;
  return keep(std::move(partner), {.by = by, .act = "revoked its keys", .words = words}, {}, true,
              {});
}

Result<std::string> Partners::make_token(std::string_view member, std::string_view by) {
  std::lock_guard act(one_);
  Partner partner = TRY(known(member));
  if (partner.state != PartnerState::compared)
    return denied(fmt::format("{} is {}", member, name(partner.state)));
  if (partner.tokens >= tokens_max)
    return invalid(fmt::format("{} has {} tokens: revoke them", member, tokens_max));
  std::string token = "tcp_" + hex(SigningKey::make().seed());  // 256 random bits
  TRY(keep(std::move(partner), {.by = by, .act = "got a token"}, token, false, {}));
  return token;
}

Result<std::string> Partners::token_for(std::string_view member) const {
  return rows::secret(parts_.home, member);
}

std::string Partners::token_secret(std::string_view member) {
  return rows::secret_name(member);
}

// ---- our own keys

Result<void> Partners::take_up(SigningKey fresh, const PublicKey& recovery, const Act& act,
                               const std::function<Statement(const std::string& to)>& tell) {
  TRY(Identity::prepare(parts_.home, fresh));
  TimeUs now = parts_.now();
  auto all = book();
  Introduction says;
  {
    std::lock_guard lock(mutex_);
    says.profile = profile_;
    says.pins = pins_;
  }
  says.key = fresh.public_key();
  says.recovery = recovery;
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(rows::keep(db, rows::Own{says.profile.member, says.key, says.recovery}));
    for (const auto& [to, partner] : all->all()) {
      if (partner.state == PartnerState::stopped) continue;
      TRY(rows::wait(db, to, statement_json(tell(to)), now));
    }
    TRY(rows::end_invitations(db, now));  // their secrets were of the old key
    return rows::note(db,
                      {now, std::string(act.by), "", std::string(act.act), std::string(act.words)});
  };
  TRY(tables_.write(write));
  auto identity = TRY(Identity::adopt(parts_.home, std::move(fresh)));
  {
    std::lock_guard lock(mutex_);
    identity_ = std::make_shared<const Identity>(std::move(identity));
    self_ = std::make_shared<const Introduction>(std::move(says));
  }
  publish(*book());
  return {};
}

Result<PublicKey> Partners::change_key(TimeUs until, std::string_view by) {
  std::lock_guard act(one_);
  auto we = TRY(us());
  TimeUs now = parts_.now() / us_per_s * us_per_s;
  if (until < now || until > now + key_overlap_max)
    return invalid("the old key goes on for at most 90 days");
  SigningKey fresh = SigningKey::make();
  PublicKey key = fresh.public_key();
  const SigningKey& next = fresh;
  // Signed before the key is moved into its place.
  std::map<std::string, Statement> told;
  auto all = book();
  for (const auto& [to, partner] : all->all())
    told[to] = key_change(we.says->profile.member, we.identity->key(), next, now, until, to);
  TRY(take_up(std::move(fresh), we.says->recovery, {.by = by, .act = "changed the node's key"},
              [&](const std::string& to) { return told.at(to); }));
  return key;
}

Result<std::string> Partners::recover_key(std::string_view paper_text, std::string_view by) {
  std::lock_guard act(one_);
  SigningKey recovery = TRY(from_paper(paper_text));
  std::optional<rows::Own> own;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    own = TRY(rows::own(db));
    return {};
  };
  TRY(tables_.read(look));
  if (!own) return missing("this node has no keys yet");
  if (recovery.public_key() != own->recovery)
    return denied("this is not the recovery key of this node");
  SigningKey fresh = SigningKey::make(), next = SigningKey::make();
  TimeUs now = parts_.now();
  std::map<std::string, Statement> told;
  auto all = book();
  for (const auto& [to, partner] : all->all())
    told[to] = key_recovery(own->member, recovery, fresh, next.public_key(), now, to);
  TRY(take_up(std::move(fresh), next.public_key(), {.by = by, .act = "recovered the node's key"},
              [&](const std::string& to) { return told.at(to); }));
  auto we = TRY(us());
  TRY(we.identity->forget_recovery());
  return paper(next);
}

Result<std::string> Partners::recovery_paper() const {
  auto we = TRY(us());
  return paper(TRY(we.identity->recovery()));
}

Result<void> Partners::forget_recovery(std::string_view by) {
  std::lock_guard act(one_);
  auto we = TRY(us());
  TRY(we.identity->forget_recovery());
  auto write = [&](store::Sqlite& db) {
    return rows::note(db, {parts_.now(), std::string(by), "", "took the recovery key away", ""});
  };
  return tables_.write(write);
}

// ---- what other nodes say

Result<std::string> Partners::take_key(const Statement& s) {
  std::lock_guard act(one_);
  Partner partner = TRY(known(s.member));
  TimeUs now = parts_.now();
  auto taken = TRY(partner.keys.take(s, now));
  if (taken == KeyRing::Taken::known) return std::string("{}");
  auto all = book();
  for (const auto& [other, one] : all->all()) {
    if (other != s.member && has_key(one.keys, partner.keys.head()->key))
      return denied(fmt::format("{} says that a key of {} is its own", s.member, other));
  }
  bool recovered = taken == KeyRing::Taken::recovered;
  if (recovered) {
    partner.state = PartnerState::to_compare;
    partner.changed = now;
    partner.by = s.member;
    partner.why = "it recovered its key: compare the fingerprint again";
  }
  TRY(keep(std::move(partner),
           {.by = s.member, .act = recovered ? "recovered its key" : "changed its key"}, {},
           recovered, {}));
  return std::string("{}");
}

Result<std::string> Partners::hear(std::string_view json) {
  Statement s = TRY(read_statement(json));
  if (s.kind == "join") return answer(s);
  auto we = TRY(us());
  auto all = book();
  const Partner* partner = all->find(s.member);
  if (partner == nullptr || partner->state == PartnerState::stopped)
    return denied("no partner of this node says that");
  if (s["to"] != we.says->profile.member)
    return denied("that is said to " + text::quote(s["to"]) + ", not to this node");
  if (s.kind == "key-change" || s.kind == "key-recovery") return take_key(s);
  TimeUs now = parts_.now();
  if (all->speaking(s.member) == nullptr || !partner->keys.holds(s.key, now))
    return denied("no partner of this node says that");
  TRY(check_clock(s, now));
  auto hearer = hearers_.find(std::string_view(s.kind).substr(0, s.kind.find('-')));
  if (hearer == hearers_.end())
    return invalid("this node does not know what " + text::quote(s.kind) + " is");
  TRY(hearer->second(*partner, s));
  return std::string("{}");
}

Result<void> Partners::take_pins(const std::string& member, std::vector<std::string> pins) {
  std::lock_guard act(one_);
  Partner partner = TRY(known(member));
  if (partner.state != PartnerState::compared) return denied(member + " is no compared partner");
  if (partner.pins == pins) return {};
  auto all = book();
  for (const auto& [other, one] : all->all()) {
    if (other != member && share_one(one.pins, pins))
      return denied(fmt::format("{} says that a certificate of {} is its own", member, other));
  }
  partner.pins = std::move(pins);
  TRY(keep(std::move(partner), {.by = member, .act = "changed its certificate"}, {}, false, {}));
  return {};
}

void Partners::hears(std::string_view kind, Hears hear) {
  hearers_[std::string(kind)] = std::move(hear);
}

// ---- what we say

Result<void> Partners::say(const std::vector<std::string>& members, std::string_view kind,
                           const Said& said, const store::Tables::Body& kept, TimeUs at) {
  auto we = TRY(us());
  auto all = book();
  TimeUs now = parts_.now();
  if (at == time_none) at = now;
  std::vector<std::pair<std::string, std::string>> told;  // member, statement
  for (const std::string& member : members) {
    if (all->speaking(member) == nullptr) continue;
    Said words = said;
    words["to"] = member;
    std::string json = statement_json(
        signed_statement(kind, we.says->profile.member, at, std::move(words), we.identity->key()));
    if (json.size() > statement_bytes_max) return invalid("that is too long to be said");
    told.emplace_back(member, std::move(json));
  }
  auto write = [&](store::Sqlite& db) -> Result<void> {
    if (kept) TRY(kept(db));
    for (const auto& [member, json] : told) {
      if (TRY(rows::waiting(db, member)) >= waiting_max)
        return unavailable(fmt::format("{} statements wait for {} already", waiting_max, member));
      TRY(rows::wait(db, member, json, now));
    }
    return {};
  };
  return tables_.write(write);
}

Result<std::size_t> Partners::deliver(std::string_view member) {
  std::lock_guard one(sending_);
  std::vector<rows::Waiting> due;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    due = TRY(rows::due(db, member, member.empty() ? parts_.now() : INT64_MAX));
    return {};
  };
  TRY(tables_.read(look));
  std::set<std::string> failed;
  std::size_t left = 0;
  for (const rows::Waiting& w : due) {
    auto all = book();
    const Partner* partner = all->find(w.member);
    bool stopped = partner == nullptr || partner->state == PartnerState::stopped;
    if (failed.contains(w.member)) {  // in their order; what is refused holds nothing back
      ++left;
      continue;
    }
    Result<std::string> sent = std::string();
    if (!stopped) sent = parts_.post(partner->profile, partner->pins, w.statement);
    if (!sent) ++left;
    if (!sent && !rows::is_refused(sent.error())) failed.insert(w.member);
    auto write = [&](store::Sqlite& db) {
      return sent ? rows::sent(db, w.id) : rows::not_sent(db, w, parts_.now(), sent.error());
    };
    TRY(tables_.write(write));
  }
  return left;
}

Result<std::vector<PartnerAct>> Partners::acts(std::string_view member) const {
  std::vector<PartnerAct> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    all = TRY(rows::acts(db, member, acts_max));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

Result<std::map<std::string, Unsaid, std::less<>>> Partners::unsaid() const {
  std::map<std::string, Unsaid, std::less<>> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    all = TRY(rows::unsaid(db));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

}  // namespace tocsin::share
