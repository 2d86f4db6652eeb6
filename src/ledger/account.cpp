#include "ledger/account.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/canonical_json.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::ledger {
namespace {

constexpr std::string_view format_name = "tocsin account 1";
constexpr std::size_t seen_max = 10'000;

std::string heading_of(const Account& account) {
  json::Writer w;
  w.object().member("for", account.to).member("format", format_name);
  w.key("head").raw(json_of(account.head));
  if (!account.seen.empty()) {
    w.key("seen").list();
    for (const Head& head : account.seen) w.raw(json_of(head));
    w.end();
  }
  if (account.since) {
    w.key("since").object().key("proof").raw(json_of(account.since->proof));
    w.member("root", hex(account.since->tree.root)).member("size", account.since->tree.size).end();
  }
  w.end();
  return w.take();
}

std::string line_of(const AccountEntry& entry) {
  json::Writer w;
  w.object();
  if (entry.acknowledged) w.key("acknowledged").raw(json_of(*entry.acknowledged));
  w.member("index", entry.index).key("leaf").raw(leaf_text(entry.leaf));
  w.key("proof").raw(json_of(entry.proof));
  if (entry.shown) w.key("shown").raw(json_of(*entry.shown));
  w.end();
  return w.take();
}

Result<Account> read_heading(std::string_view line) {
  simdjson::dom::parser parser;
  Json root, part;
  std::string_view to, format, digits;
  if (parser.parse(simdjson::padded_string(line)).get(root) || root["format"].get(format) ||
      format != format_name || root["for"].get(to) || root["head"].get(part))
    return invalid("this is no " + std::string(format_name));
  Account account;
  account.to = to;
  account.head = TRY(read_head(part));
  simdjson::dom::array seen;
  if (!root["seen"].get(seen)) {
    for (const Json& one : seen) {
      if (account.seen.size() == seen_max) return invalid("more than 10,000 heads");
      account.seen.push_back(TRY(read_head(one)));
      if (!is_signed(account.seen.back())) return invalid("a head that it has seen is not signed");
    }
  }
  if (!root["since"].get(part)) {
    auto& since = account.since.emplace();
    if (part["size"].get(since.tree.size) || part["root"].get(digits) || part["proof"].get(part))
      return invalid("a damaged proof");
    since.tree.root = TRY(parse_hash(digits));
    since.proof = TRY(read_hashes(part, 2 * proof_max));
    if (!begins(since.tree, account.head.tree, since.proof))
      return invalid("an earlier log is not the beginning of it");
  }
  if (heading_of(account) != line) return invalid("it is not in its one spelling");
  if (!is_signed(account.head)) return invalid("its head is not what was signed");
  return account;
}

Result<AccountEntry> read_line(std::string_view line) {
  simdjson::dom::parser parser;
  Json root, part;
  AccountEntry entry;
  if (parser.parse(simdjson::padded_string(line)).get(root) || root["leaf"].get(part) ||
      root["index"].get(entry.index))
    return invalid("it cannot be read");
  std::string text = TRY(canonical_json(part));
  entry.leaf = TRY(read_leaf(text));
  entry.hash = leaf_hash(text);
  if (root["proof"].get(part)) return invalid("it has no proof");
  entry.proof = TRY(read_hashes(part, proof_max));
  if (!root["shown"].get(part)) entry.shown = TRY(read_shown(part));
  if (!root["acknowledged"].get(part)) entry.acknowledged = TRY(read_acknowledged(part));
  if (line_of(entry) != line) return invalid("it is not in its one spelling");
  return entry;
}

Result<void> check_receipt(const Account& account, const AccountEntry& entry, const Receipt& r) {
  if (r.from != account.to || !entry.shown) return invalid("a receipt of somebody else's release");
  const Shown& shown = *entry.shown;
  Leaf leaf = TRY(read_leaf(shown.leaf));
  const auto* release = std::get_if<Release>(&leaf.body);
  if (evidence(json_of(shown)) != r.shown || release == nullptr ||
      release->to != account.head.node || release->items != r.items ||
      leaf_hash(shown.leaf) != r.leaf || shown.head.node != account.to ||
      r.release != Place{shown.head.log, shown.index})
    return invalid("the release beside it is another one");
  if (!is_signed(shown.head) || !is_in(r.leaf, shown.index, shown.head.tree, shown.proof))
    return invalid("the release beside it is not in a log that its sender signed");
  return {};
}

Result<void> check_release(const Account& account, const AccountEntry& entry, const Release& r) {
  if (r.to != account.to) return invalid("a release to somebody else");
  if (!entry.acknowledged) return {};
  const Acknowledged& answer = *entry.acknowledged;
  Leaf leaf = TRY(read_leaf(answer.leaf));
  const auto* receipt = std::get_if<Receipt>(&leaf.body);
  if (receipt == nullptr || receipt->release != Place{account.head.log, entry.index} ||
      receipt->leaf != entry.hash || receipt->from != account.head.node ||
      answer.by.by != account.to)
    return invalid("the answer beside it is to another release");
  if (!holds(answer.by, receipt_text(account.to, answer.place, leaf_hash(answer.leaf))))
    return invalid("the answer beside it is not signed");
  return {};
}

Result<void> check_entry(const Account& account, const AccountEntry& entry,
                         std::set<std::uint64_t>& releases) {
  bool first = account.entries.empty();
  if (!first && entry.index <= account.entries.back().index)
    return invalid("it stands after a later one");
  if (first != (entry.index == 0) || first != std::holds_alternative<Opening>(entry.leaf.body))
    return invalid("an account begins with the log's opening");
  if (first && (entry.hash != account.head.log ||
                std::get<Opening>(entry.leaf.body).node != account.head.node))
    return invalid("the opening of another log");
  if (!is_in(entry.hash, entry.index, account.head.tree, entry.proof))
    return invalid("it is not in the log that was signed");
  const auto* release = std::get_if<Release>(&entry.leaf.body);
  const auto* receipt = std::get_if<Receipt>(&entry.leaf.body);
  if ((entry.shown && receipt == nullptr) || (entry.acknowledged && release == nullptr))
    return invalid("beside it stands what belongs elsewhere");
  if (receipt != nullptr) return check_receipt(account, entry, *receipt);
  if (const auto* outcome = std::get_if<Outcome>(&entry.leaf.body))
    return releases.contains(outcome->of) ? Result<void>() : invalid("of a release to nobody here");
  if (release == nullptr) return {};
  releases.insert(entry.index);
  return check_release(account, entry, *release);
}

}  // namespace

std::string account_text(const Account& account) {
  std::string out = heading_of(account) + "\n";
  for (const AccountEntry& entry : account.entries) out += line_of(entry) + "\n";
  return out;
}

Result<Account> read_account(std::string_view file) {
  std::size_t end = file.find('\n');
  auto account = read_heading(file.substr(0, end));
  if (!account || end == file.npos)
    return invalid("the heading: " + (account ? "it is cut short" : account.error().what));
  std::set<std::uint64_t> releases;
  for (file.remove_prefix(end + 1); !file.empty(); file.remove_prefix(end + 1)) {
    end = file.find('\n');
    auto entry = read_line(file.substr(0, end));
    auto good = entry ? check_entry(*account, *entry, releases)
                      : Result<void>(std::unexpected(entry.error()));
    if (good && end == file.npos) good = invalid("it is cut short");
    if (!good) {
      return invalid(
          entry ? fmt::format("entry {}: {}", entry->index, good.error().what)
                : fmt::format("line {}: {}", account->entries.size() + 2, good.error().what));
    }
    account->entries.push_back(*std::move(entry));
  }
  if (account->entries.empty()) return invalid("entry 0: it is missing");
  auto keys = keys_of(*account);
  if (std::ranges::find(keys, account->head.key) == keys.end())
    return invalid("the heading: its head is signed by another key than the log's");
  return account;
}

std::vector<PublicKey> keys_of(const Account& account) {
  std::vector<PublicKey> keys;
  for (const AccountEntry& entry : account.entries) {
    if (const auto* opening = std::get_if<Opening>(&entry.leaf.body)) keys.push_back(opening->key);
    if (const auto* change = std::get_if<KeyChange>(&entry.leaf.body)) keys.push_back(change->key);
  }
  return keys;
}

}  // namespace tocsin::ledger
