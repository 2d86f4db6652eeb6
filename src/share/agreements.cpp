#include "share/agreements.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::share {
namespace {

constexpr std::size_t words_bytes_max = 500, acts_max = 100, persons_to_widen = 2;

constexpr const char* steps[] = {
    R"(CREATE TABLE agreements(
         address TEXT PRIMARY KEY, json TEXT NOT NULL, proposer TEXT NOT NULL, at INTEGER NOT NULL,
         widens INTEGER NOT NULL, wanted TEXT NOT NULL, ended INTEGER NOT NULL,
         ended_by TEXT NOT NULL, why TEXT NOT NULL))",
    R"(CREATE TABLE agreement_suspensions(
         address TEXT NOT NULL, member TEXT NOT NULL, number INTEGER NOT NULL,
         holds INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY(address, member)) WITHOUT ROWID)",
    R"(CREATE TABLE agreement_deleted(
         address TEXT NOT NULL, member TEXT NOT NULL, at INTEGER NOT NULL,
         PRIMARY KEY(address, member)) WITHOUT ROWID)",
    R"(CREATE TABLE agreement_acts(
         id INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, address TEXT NOT NULL,
         act TEXT NOT NULL, words TEXT NOT NULL))",
};

Result<std::string> line_of(std::string_view words, std::string_view what) {
  std::string line(text::trim(words));
  if (line.empty()) return invalid(fmt::format("say {}: it is kept and told", what));
  if (line.size() > words_bytes_max || !is_one_line(line))
    return invalid(fmt::format("{} is one line of at most {} bytes", what, words_bytes_max));
  return line;
}

Result<void> keep_row(store::Sqlite& db, const AgreementState& s) {
  auto insert =
      TRY(db.prepare("INSERT OR REPLACE INTO agreements VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  std::string json = policy::agreement_json(s.agreement, true), wanted;
  for (const std::string& person : s.wanted) wanted += person + "\n";
  insert.bind(1, s.address).bind(2, json).bind(3, s.from).bind(4, s.at).bind(5, s.widens ? 1 : 0);
  TRY(insert.bind(6, wanted).bind(7, s.ended).bind(8, s.ended_by).bind(9, s.why).run());
  auto hold = TRY(db.prepare("INSERT OR REPLACE INTO agreement_suspensions VALUES(?, ?, ?, ?, ?)"));
  for (const auto& [member, one] : s.suspensions) {
    hold.bind(1, s.address).bind(2, member).bind(3, one.number).bind(4, one.holds ? 1 : 0);
    TRY(hold.bind(5, one.why).run());
  }
  auto claim = TRY(db.prepare("INSERT OR REPLACE INTO agreement_deleted VALUES(?, ?, ?)"));
  for (const auto& [member, at] : s.deleted)
    TRY(claim.bind(1, s.address).bind(2, member).bind(3, at).run());
  return {};
}

Result<std::map<std::string, AgreementState, std::less<>>> read_rows(store::Sqlite& db) {
  std::map<std::string, AgreementState, std::less<>> all;
  auto select = TRY(db.prepare(
      "SELECT address, json, proposer, at, widens, wanted, ended, ended_by, why FROM agreements"));
  while (TRY(select.step())) {
    AgreementState s{.address = std::string(select.text(0))};
    s.agreement = TRY(policy::read_agreement_json(select.text(1), "an agreement that was kept"));
    if (policy::content_address(s.agreement) != s.address)
      return invalid("the agreement " + s.address + " is not as it was kept");
    s.from = select.text(2);
    s.at = select.number(3);
    s.widens = select.number(4) != 0;
    for (std::string_view rest = select.text(5); !rest.empty();)
      s.wanted.emplace_back(text::cut(rest, '\n'));
    s.ended = select.number(6);
    s.ended_by = select.text(7);
    s.why = select.text(8);
    s.is_signed = policy::is_signed_by_all(s.agreement);
    all[s.address] = std::move(s);
  }
  auto holds =
      TRY(db.prepare("SELECT address, member, number, holds, why FROM agreement_suspensions"));
  while (TRY(holds.step())) {
    auto found = all.find(holds.text(0));
    if (found == all.end()) continue;
    found->second.suspensions[std::string(holds.text(1))] = {
        static_cast<std::uint64_t>(holds.number(2)), holds.number(3) != 0,
        std::string(holds.text(4))};
  }
  auto claims = TRY(db.prepare("SELECT address, member, at FROM agreement_deleted"));
  while (TRY(claims.step())) {
    auto found = all.find(claims.text(0));
    if (found != all.end()) found->second.deleted[std::string(claims.text(1))] = claims.number(2);
  }
  return all;
}

// Nothing may go under it: what a first version is compared with.
policy::Agreement nothing_of(const policy::Agreement& agreement) {
  policy::Agreement none;
  none.id = agreement.id;
  none.parties = agreement.parties;
  none.from = agreement.from;
  none.until = agreement.until;
  return none;
}

std::vector<policy::Difference> changes_of(const policy::Agreement& agreement,
                                           const AgreementBook& all) {
  const AgreementState* before =
      agreement.replaces.empty() ? nullptr : all.find(agreement.replaces);
  return policy::difference(before == nullptr ? nothing_of(agreement) : before->agreement,
                            agreement);
}

const policy::Signature* signature_of(const policy::Agreement& agreement, std::string_view party) {
  auto found = std::ranges::find(agreement.signatures, party, &policy::Signature::party);
  return found == agreement.signatures.end() ? nullptr : &*found;
}

bool has_signed(const policy::Agreement& agreement, std::string_view party) {
  auto all = policy::signatures_of(agreement);
  return std::ranges::any_of(
      all, [&](const policy::Signed& one) { return one.party == party && one.why.empty(); });
}

bool is_held(const AgreementState& s, TimeUs now) {
  return s.standing() == policy::Standing::active && s.agreement.from <= now &&
         now < s.agreement.until;
}

}  // namespace

policy::Standing AgreementState::standing() const {
  if (ended != time_none) return policy::Standing::ended;
  if (!is_signed) return policy::Standing::proposed;
  bool held = std::ranges::any_of(suspensions, [](const auto& one) { return one.second.holds; });
  return held ? policy::Standing::suspended : policy::Standing::active;
}

// ---- the book

const AgreementState* AgreementBook::find(std::string_view address) const {
  auto found = all_.find(address);
  return found == all_.end() ? nullptr : &found->second;
}

const AgreementState* AgreementBook::held(std::string_view id) const {
  const AgreementState* newest = nullptr;
  for (const auto& [address, s] : all_) {
    bool holds =
        s.standing() == policy::Standing::active || s.standing() == policy::Standing::suspended;
    if (!holds || s.agreement.id != id) continue;
    if (newest == nullptr || newest->agreement.version < s.agreement.version) newest = &s;
  }
  return newest;
}

std::vector<const AgreementState*> AgreementBook::signed_with(std::string_view member,
                                                              TimeUs now) const {
  std::vector<const AgreementState*> found;
  std::vector<std::string_view> replaced;
  for (const auto& [address, s] : all_) {
    auto standing = s.standing();
    if (standing != policy::Standing::active && standing != policy::Standing::suspended) continue;
    if (s.agreement.from <= now) replaced.push_back(s.agreement.replaces);
    if (s.is_party(member)) found.push_back(&s);
  }
  std::erase_if(found, [&](const AgreementState* s) {
    return std::ranges::count(replaced, std::string_view(s->address)) > 0;
  });
  return found;
}

std::shared_ptr<const AgreementBook> Agreements::book() const {
  std::lock_guard lock(mutex_);
  return book_;
}

Agreements::InForce Agreements::in_force(std::string_view member, TimeUs now) const {
  InForce out{.book = book(), .agreements = {}};
  auto us = parts_.partners.self();
  auto partners = parts_.partners.book();
  if (!us || partners->speaking(member) == nullptr) return out;
  for (const AgreementState* s : out.book->signed_with(member, now)) {
    if (is_held(*s, now) && s->is_party(us->profile.member)) out.agreements.push_back(s);
  }
  return out;
}

Result<AgreementState> Agreements::known(std::string_view address) const {
  auto all = book();
  const AgreementState* found = all->find(address);
  if (found == nullptr) return missing("no agreement " + text::quote(address));
  return *found;
}

Result<AgreementState> Agreements::find(std::string_view named) const {
  auto all = book();
  const AgreementState* found = nullptr;
  bool is_prefix = false;
  for (const auto& [address, s] : all->all()) {
    if (s.agreement.id == named) {
      if (found == nullptr || is_prefix || found->agreement.version < s.agreement.version)
        found = &s;
      is_prefix = false;
    } else if (named.size() >= 8 && address.starts_with(named)) {
      if (found != nullptr && is_prefix) return invalid("several agreements begin so");
      if (found == nullptr) found = &s, is_prefix = true;
    }
  }
  if (found == nullptr) return missing("no agreement " + text::quote(named));
  return *found;
}

// ---- opening

Result<std::unique_ptr<Agreements>> Agreements::open(const Parts& parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "agreements", steps));
  auto agreements = std::unique_ptr<Agreements>(new Agreements(parts, std::move(tables)));
  TRY(agreements->load());
  auto hear = [self = agreements.get()](const Partner& from, const Statement& s) {
    return self->hear(from, s);
  };
  parts.partners.hears("agreement", std::move(hear));
  return agreements;
}

Result<void> Agreements::load() {
  AgreementBook fresh;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    fresh.all_ = TRY(read_rows(db));
    return {};
  };
  TRY(tables_.read(look));
  std::lock_guard lock(mutex_);
  fresh.epoch_ = book_->epoch_ + 1;
  book_ = std::make_shared<const AgreementBook>(std::move(fresh));
  return {};
}

// ---- checks

// Our id, if each other party is a compared partner and each key is one that speaks for it now.
Result<std::string> Agreements::check_parties(const policy::Agreement& agreement) const {
  auto us = TRY(parts_.partners.self());
  const std::string& member = us.profile.member;
  const policy::Party* we = agreement.party(member);
  if (we == nullptr) return denied(fmt::format("{} is no party of this agreement", member));
  if (we->keys.size() != 1 || we->keys[0] != us.key)
    return denied(fmt::format("of {} the agreement has another key: this node's is {}", member,
                              us.key.text()));
  auto partners = parts_.partners.book();
  TimeUs now = parts_.now();
  for (const policy::Party& party : agreement.parties) {
    if (party.id == member) continue;
    const Partner* partner = partners->speaking(party.id);
    if (partner == nullptr)
      return denied(fmt::format("{} is no compared partner of this node", text::quote(party.id)));
    for (const PublicKey& key : party.keys) {
      if (!partner->keys.holds(key, now))
        return denied(fmt::format("of {} the agreement has a key that is not its own: {}", party.id,
                                  key.text()));
    }
  }
  return member;
}

// The agreement that it takes the place of; nullptr: it is a first version. Errors: invalid.
Result<const AgreementState*> Agreements::replaced_by(const policy::Agreement& agreement,
                                                      const AgreementBook& all) const {
  const AgreementState* before = all.held(agreement.id);
  std::string wanted = before == nullptr ? "" : before->address;
  std::uint32_t version = before == nullptr ? 1 : before->agreement.version + 1;
  if (agreement.replaces != wanted || agreement.version != version)
    return invalid(
        before == nullptr
            ? "no agreement with this id holds: a first one has version 1 and replaces "
              "nothing"
            : fmt::format("version {} of {} holds: the next is version {} and replaces {}",
                          before->agreement.version, agreement.id, version, wanted));
  return before;
}

Result<AgreementState> Agreements::new_state(policy::Agreement agreement,
                                             std::string_view from) const {
  auto all = book();
  if (all->all().size() >= agreements_max) return denied("this node has too many agreements");
  const AgreementState* before = TRY(replaced_by(agreement, *all));
  AgreementState s{.agreement = std::move(agreement), .from = std::string(from)};
  s.address = policy::content_address(s.agreement);
  s.at = parts_.now();
  s.widens = before == nullptr || policy::widens(before->agreement, s.agreement);
  return s;
}

// ---- acts

// Writes it down, tells the other parties where there is something to tell, and shows it.
Result<AgreementState> Agreements::keep(AgreementState state, const Act& act, std::string_view kind,
                                        const Said& said) {
  state.is_signed = policy::is_signed_by_all(state.agreement);
  auto write = [&](store::Sqlite& db) -> Result<void> {
    TRY(keep_row(db, state));
    auto note = TRY(db.prepare(
        "INSERT INTO agreement_acts(at, by, address, act, words) VALUES(?, ?, ?, ?, ?)"));
    note.bind(1, parts_.now()).bind(2, act.by).bind(3, state.address).bind(4, act.act);
    return note.bind(5, act.words).run();
  };
  if (kind.empty()) {
    TRY(tables_.write(write));
  } else {
    std::vector<std::string> others;
    for (const policy::Party& party : state.agreement.parties) others.push_back(party.id);
    TRY(parts_.partners.say(others, kind, said, write));
  }
  std::lock_guard lock(mutex_);
  AgreementBook fresh = *book_;
  fresh.epoch_ = book_->epoch_ + 1;
  fresh.all_[state.address] = state;
  book_ = std::make_shared<const AgreementBook>(std::move(fresh));
  return state;
}

Result<AgreementState> Agreements::want(AgreementState state, std::string_view by) {
  TRY(check_parties(state.agreement));
  if (state.agreement.until <= parts_.now()) return denied("the agreement's time is over");
  if (std::ranges::count(state.wanted, by) == 0) state.wanted.emplace_back(by);
  std::size_t needed = state.widens ? persons_to_widen : 1;
  if (state.wanted.size() < needed)
    return keep(std::move(state), {by, "wants it; a second person must", ""}, {}, {});
  auto sign_it = [&](const SigningKey& key) {
    return policy::sign(state.agreement, key, parts_.now());
  };
  TRY(parts_.partners.with_key(sign_it));
  Said said{{"agreement", policy::agreement_json(state.agreement, true)}};
  return keep(std::move(state), {by, "signed", ""}, "agreement", said);
}

Result<AgreementState> Agreements::propose(std::string_view text, std::string_view by) {
  std::lock_guard act(one_);
  auto agreement = TRY(policy::read_agreement(text, "the agreement"));
  agreement.signatures.clear();
  auto again = known(policy::content_address(agreement));
  if (again) {
    if (again->ended != time_none) return denied("this very agreement was ended: write a new one");
    return want(*std::move(again), by);
  }
  auto state = TRY(new_state(std::move(agreement), by));
  return want(std::move(state), by);
}

Result<AgreementState> Agreements::renew(std::string_view address, TimeUs until,
                                         std::string_view by) {
  std::lock_guard act(one_);
  auto old = TRY(known(address));
  policy::Agreement next = old.agreement;
  next.version += 1;
  next.replaces = old.address;
  next.from = parts_.now() / us_per_s * us_per_s;
  next.until = until;
  next.signatures.clear();
  auto us = TRY(parts_.partners.self());
  auto partners = parts_.partners.book();
  for (policy::Party& party : next.parties) {
    const Partner* partner = partners->speaking(party.id);
    if (party.id == us.profile.member)
      party.keys = {us.key};
    else if (partner != nullptr && partner->keys.head() != nullptr)
      party.keys = {partner->keys.head()->key};
  }
  // As any text that somebody proposes, so that its dates are checked.
  auto checked = TRY(policy::read_agreement_json(policy::agreement_json(next, false), "renewal"));
  auto state = TRY(new_state(std::move(checked), by));
  return want(std::move(state), by);
}

Result<AgreementState> Agreements::sign(std::string_view address, std::string_view by) {
  std::lock_guard act(one_);
  auto state = TRY(known(address));
  if (state.ended != time_none) return denied("the agreement was ended");
  if (!policy::is_signed_by_all(state.agreement)) {
    auto all = book();
    const AgreementState* before = TRY(replaced_by(state.agreement, *all));
    state.widens = before == nullptr || policy::widens(before->agreement, state.agreement);
  }
  auto us = TRY(parts_.partners.self());
  if (has_signed(state.agreement, us.profile.member)) return state;
  return want(std::move(state), by);
}

Result<AgreementState> Agreements::set_suspended(std::string_view address, bool holds,
                                                 std::string_view why, std::string_view by) {
  std::lock_guard act(one_);
  auto state = TRY(known(address));
  auto us = TRY(parts_.partners.self());
  if (state.standing() == policy::Standing::ended || state.standing() == policy::Standing::proposed)
    return denied(fmt::format("the agreement is {}", name(state.standing())));
  Suspension& ours = state.suspensions[us.profile.member];
  if (ours.holds == holds) {
    if (holds) return state;
    return denied("this side has not suspended it");
  }
  ours = {ours.number + 1, holds, std::string(why)};
  Said said{{"address", state.address}, {"number", std::to_string(ours.number)}, {"why", ours.why}};
  return keep(std::move(state), {by, holds ? "suspended" : "resumed", why},
              holds ? "agreement-suspend" : "agreement-resume", said);
}

Result<AgreementState> Agreements::suspend(std::string_view address, std::string_view why,
                                           std::string_view by) {
  std::string words = TRY(line_of(why, "a reason"));
  return set_suspended(address, true, words, by);
}

Result<AgreementState> Agreements::resume(std::string_view address, std::string_view by) {
  return set_suspended(address, false, {}, by);
}

Result<AgreementState> Agreements::end(std::string_view address, std::string_view why,
                                       std::string_view by) {
  std::string words = TRY(line_of(why, "a reason"));
  std::lock_guard act(one_);
  auto state = TRY(known(address));
  if (state.ended != time_none) return state;
  state.ended = parts_.now();
  state.ended_by = by;
  state.why = words;
  Said said{{"address", state.address}, {"why", words}};
  return keep(std::move(state), {by, "ended", words}, "agreement-end", said);
}

Result<AgreementState> Agreements::say_deleted(std::string_view address, std::string_view by) {
  std::lock_guard act(one_);
  auto state = TRY(known(address));
  auto us = TRY(parts_.partners.self());
  TimeUs now = parts_.now();
  if (state.ended == time_none && now < state.agreement.until)
    return denied("the agreement still holds: end it first");
  if (state.deleted.contains(us.profile.member)) return state;
  state.deleted[us.profile.member] = now;
  Said said{{"address", state.address}};
  return keep(std::move(state), {by, "says that what came under it is deleted", ""},
              "agreement-deleted", said);
}

Result<std::vector<policy::Difference>> Agreements::differences(std::string_view address) const {
  auto state = TRY(known(address));
  return changes_of(state.agreement, *book());
}

Result<Agreements::Draft> Agreements::look_at(std::string_view text) const {
  auto agreement = TRY(policy::read_agreement(text, "the agreement"));
  agreement.signatures.clear();
  auto parties = check_parties(agreement);
  auto fresh = new_state(agreement, "");
  Draft draft{.differences = changes_of(agreement, *book())};
  if (!parties) {
    draft.hindrance = parties.error().what;
  } else if (!fresh) {
    draft.hindrance = fresh.error().what;
  }
  draft.state = fresh ? *std::move(fresh) : AgreementState{.agreement = agreement, .widens = true};
  draft.state.address = policy::content_address(agreement);
  return draft;
}

// ---- what the others say

Result<void> Agreements::hear_agreement(const Partner& from, const Statement& s) {
  auto agreement = TRY(policy::read_agreement_json(s["agreement"], "the agreement"));
  const std::string& member = from.profile.member;
  auto us = TRY(check_parties(agreement));
  const policy::Signature* theirs = signature_of(agreement, member);
  if (theirs == nullptr || !has_signed(agreement, member) ||
      !from.keys.holds(theirs->key, parts_.now()))
    return denied(member + " has not signed this agreement");
  std::string address = policy::content_address(agreement);
  policy::Signature signature = *theirs;
  agreement.signatures.clear();
  auto before = known(address);
  if (before && before->ended != time_none) return denied("this very agreement was ended");
  if (!before) {
    auto all = book();
    auto open = std::ranges::count_if(all->all(), [&](const auto& one) {
      return one.second.from == member && one.second.standing() == policy::Standing::proposed;
    });
    if (static_cast<std::size_t>(open) >= proposals_of_one_max)
      return denied(fmt::format("{} has {} proposals open", member, open));
  }
  AgreementState state = before ? *std::move(before) : TRY(new_state(std::move(agreement), member));
  if (has_signed(state.agreement, member)) return {};
  std::erase_if(state.agreement.signatures,
                [&](const policy::Signature& one) { return one.party == member; });
  state.agreement.signatures.push_back(std::move(signature));
  TRY(keep(std::move(state), {member, "signed", ""}, {}, {}));
  return {};
}

Result<void> Agreements::hear(const Partner& from, const Statement& s) {
  std::lock_guard act(one_);
  if (s.kind == "agreement") return hear_agreement(from, s);
  const std::string& member = from.profile.member;
  auto state = known(s["address"]);
  if (!state || !state->is_party(member)) return missing("there is no such agreement between us");
  std::string why(s["why"]);
  if (why.size() > words_bytes_max) return invalid("a reason that is too long");
  if (s.kind == "agreement-suspend" || s.kind == "agreement-resume") {
    auto number = text::number(s["number"]);
    if (!number || *number == 0 || *number > INT64_MAX) return invalid("no number of this act");
    Suspension& theirs = state->suspensions[member];
    if (*number <= theirs.number) return {};  // heard before
    bool holds = s.kind == "agreement-suspend";
    theirs = {*number, holds, why};
    TRY(keep(*std::move(state), {member, holds ? "suspended" : "resumed", why}, {}, {}));
    return {};
  }
  if (s.kind == "agreement-end") {
    if (state->ended != time_none) return {};
    state->ended = parts_.now();
    state->ended_by = member;
    state->why = why;
    TRY(keep(*std::move(state), {member, "ended", why}, {}, {}));
    return {};
  }
  if (s.kind == "agreement-deleted") {
    if (state->deleted.contains(member)) return {};
    state->deleted[member] = parts_.now();
    TRY(keep(*std::move(state), {member, "says that what came under it is deleted", ""}, {}, {}));
    return {};
  }
  return invalid("this node does not know what " + text::quote(s.kind) + " is");
}

Result<std::vector<AgreementAct>> Agreements::acts(std::string_view address) const {
  std::vector<AgreementAct> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT at, by, act, words FROM agreement_acts WHERE address = ? ORDER BY "
                       "id DESC LIMIT ?"));
    select.bind(1, address).bind(2, std::uint64_t{acts_max});
    while (TRY(select.step())) {
      all.push_back({.at = select.number(0),
                     .by = std::string(select.text(1)),
                     .act = std::string(select.text(2)),
                     .words = std::string(select.text(3))});
    }
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

}  // namespace tocsin::share
