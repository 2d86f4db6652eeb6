// Rows of partners in the journal's SQLite file. For share/partners.cpp alone.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "share/partners.h"
#include "store/sqlite.h"

namespace tocsin::share::rows {

std::span<const char* const> steps();

struct Own {
  std::string member;
  PublicKey key, recovery;
};
Result<std::optional<Own>> own(store::Sqlite& db);
Result<void> keep(store::Sqlite& db, const Own& own);

Result<std::map<std::string, Partner, std::less<>>> partners(store::Sqlite& db);
Result<void> keep(store::Sqlite& db, const Partner& partner);

// SHA-256 in hexadecimal -> member
Result<std::map<std::string, std::string, std::less<>>> tokens(store::Sqlite& db);
Result<void> keep_token(store::Sqlite& db, std::string_view hash, std::string_view member,
                        TimeUs now);
Result<void> drop_tokens(store::Sqlite& db, std::string_view member);

struct InvitationRow {
  GivenInvitation given;
  std::string request, answer;  // SHA-256 of the request that used it, and what it was answered
};
struct Use {
  TimeUs at;
  const std::string &member, &request, &answer;
};
Result<void> keep(store::Sqlite& db, const GivenInvitation& given);
Result<std::optional<InvitationRow>> invitation(store::Sqlite& db, std::string_view id);
Result<std::vector<GivenInvitation>> invitations(store::Sqlite& db);
Result<std::size_t> open_invitations(store::Sqlite& db, TimeUs now);
Result<void> withdraw(store::Sqlite& db, std::string_view id, TimeUs now);
Result<void> end_invitations(store::Sqlite& db, TimeUs now);
Result<void> use(store::Sqlite& db, std::string_view id, const Use& use);

// What we asked with an invitation; "": nothing.
Result<std::string> asked(store::Sqlite& db, std::string_view id);
Result<void> ask(store::Sqlite& db, std::string_view id, const std::string& request, TimeUs now);
Result<void> forget_asked(store::Sqlite& db, std::string_view id);

struct Waiting {
  std::int64_t id = 0;
  std::string member, statement;
  unsigned tries = 0;
};
Result<void> wait(store::Sqlite& db, std::string_view member, const std::string& statement,
                  TimeUs now);
Result<std::size_t> waiting(store::Sqlite& db, std::string_view member);
// At most 100, in their order; `member` "": of all.
Result<std::vector<Waiting>> due(store::Sqlite& db, std::string_view member, TimeUs now);
Result<void> sent(store::Sqlite& db, std::int64_t id);
// It arrived, and the other side does not take it.
bool is_refused(const Error& why);
Result<void> not_sent(store::Sqlite& db, const Waiting& waiting, TimeUs now, const Error& why);
Result<std::map<std::string, Unsaid, std::less<>>> unsaid(store::Sqlite& db);
Result<void> drop_waiting(store::Sqlite& db, std::string_view member);

Result<void> note(store::Sqlite& db, const PartnerAct& act);
Result<std::vector<PartnerAct>> acts(store::Sqlite& db, std::string_view member, std::size_t most);

std::string secret_name(std::string_view member);  // of that token
// HOME/secrets: the token with which we call a member.
Result<void> keep_secret(const std::string& home, std::string_view member,
                         const std::string& token);
Result<std::string> secret(const std::string& home, std::string_view member);

}  // namespace tocsin::share::rows
