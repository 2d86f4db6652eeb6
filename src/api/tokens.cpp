#include "api/tokens.h"

#include <algorithm>

#include "api/sessions.h"
#include "base/hash.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr std::string_view token_prefix = "tcs_";
constexpr std::size_t token_name_max = 100;

bool is_plain(std::string_view name) {
  return std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

TokenStore token_store_in_memory() {
  auto rows = std::make_shared<std::map<std::string, TokenRow>>();  // shared by the three functions
  return {.load =
              [rows] {
                std::vector<TokenRow> all;
                for (const auto& [id, row] : *rows) all.push_back(row);
                return Result<std::vector<TokenRow>>(std::move(all));
              },
          .keep =
              [rows](const TokenRow& row) {
                (*rows)[row.id] = row;
                return Result<void>();
              },
          .forget =
              [rows](const std::string& id) {
                rows->erase(id);
                return Result<void>();
              }};
}

Result<std::unique_ptr<Tokens>> Tokens::open(TokenStore store) {
  auto tokens = std::make_unique<Tokens>(std::move(store));
  for (TokenRow& row : TRY(tokens->store_.load())) tokens->by_hash_[row.hash] = std::move(row);
  return tokens;
}

Result<Tokens::Made> Tokens::create(TokenRow wish, TimeUs now) {
  wish.name = std::string(text::trim(wish.name));
  if (wish.name.empty() || wish.name.size() > token_name_max || !text::is_utf8(wish.name) ||
      !is_plain(wish.name)) {
    return invalid("a token needs a name of 1 to 100 characters on one line");
  }
  if (wish.role == Role::nobody) return invalid("a token needs a role");
  if (wish.expires != time_none && wish.expires <= now) {
    return invalid("a token's end lies in the future");
  }
  std::string token = std::string(token_prefix) + random_text();
  wish.id = "t_" + random_text(9);
  wish.hash = hex(sha256(token));
  wish.created = now;
  wish.used = time_none;
  std::string id = wish.id;
  std::lock_guard writing(writing_);
  {
    std::lock_guard lock(mutex_);
    auto own = static_cast<std::size_t>(
        std::count_if(by_hash_.begin(), by_hash_.end(),
                      [&](const auto& entry) { return entry.second.owner == wish.owner; }));
    if (by_hash_.size() >= tokens_max || (own >= tokens_of_one_max && wish.owner != local_user)) {
      return invalid("too many tokens; remove one first");
    }
  }
  TRY(store_.keep(wish));
  std::lock_guard lock(mutex_);
  std::string hash = wish.hash;
  by_hash_[hash] = std::move(wish);
  return Made{.token = std::move(token), .id = std::move(id)};
}

std::vector<TokenRow> Tokens::list(std::string_view owner) const {
  std::vector<TokenRow> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [hash, row] : by_hash_) {
      if (owner.empty() || row.owner == owner) all.push_back(row);
    }
  }
  std::sort(all.begin(), all.end(), [](const TokenRow& a, const TokenRow& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return all;
}

Result<void> Tokens::remove(std::string_view id, std::string_view owner) {
  std::lock_guard writing(writing_);
  std::string hash;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, row] : by_hash_) {
      if (row.id == id && (owner.empty() || row.owner == owner)) hash = key;
    }
  }
  if (hash.empty()) return missing("no token " + text::quote(id));
  TRY(store_.forget(std::string(id)));
  std::lock_guard lock(mutex_);
  by_hash_.erase(hash);
  return {};
}

Result<void> Tokens::remove_all(std::string_view owner) {
  for (const TokenRow& row : list(owner)) TRY(remove(row.id, owner));
  return {};
}

std::optional<TokenRow> Tokens::find(std::string_view token, TimeUs now) {
  if (!token.starts_with(token_prefix)) return std::nullopt;
  std::string hash = hex(sha256(token));
  std::lock_guard lock(mutex_);
  auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return std::nullopt;
  TokenRow& row = found->second;
  if (row.expires != time_none && row.expires <= now) return std::nullopt;
  if (row.used == time_none || now - row.used >= keep_use_every) {
    row.used = now;
    used_.insert(hash);
  }
  return row;
}

void Tokens::keep_uses() {
  std::lock_guard writing(writing_);
  std::vector<TokenRow> used;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& hash : used_) {
      auto found = by_hash_.find(hash);
      if (found != by_hash_.end()) used.push_back(found->second);
    }
    used_.clear();
  }
  for (const TokenRow& row : used) (void)store_.keep(row);  // the next use tries again
}

std::optional<Owner> Tokens::owner(std::string_view principal, TimeUs now) const {
  std::lock_guard lock(mutex_);
  for (const auto& [hash, row] : by_hash_) {
    if (principal != "token:" + row.id) continue;
    if (row.expires != time_none && row.expires <= now) return std::nullopt;
    return Owner{.user_id = row.owner, .epoch = epoch_any};
  }
  return std::nullopt;
}

}  // namespace tocsin::api
