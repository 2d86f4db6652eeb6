// The ledger: what went, came and was refused, its proofs, and what partners say of the same.
#include "api/answers.h"
#include "api/handlers.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "ledger/log_file.h"

namespace tocsin::api {
namespace {

constexpr std::size_t known_max = 1000;

Result<share::Ledger*> ledger_of(Context& context) {
  if (auto* ledger = context.backend.ledger()) return ledger;
  return missing("this node is no member of a network: it has no ledger");
}

std::string_view state_of(share::Ledger::Seen seen) {
  constexpr std::string_view names[] = {"proved", "unproved", "split", "went-back"};
  return names[static_cast<std::size_t>(seen)];
}

// What people wrote of a policy act may name subjects.
bool may_see_details(const Call& call) {
  return call.caller.may(Right::agree) || call.caller.may(Right::audit);
}

Object object_of(const share::Ledger::Row& row, const Call& call) {
  Object object;
  object.add("index", row.entry.index)
      .add("at", times::format(row.leaf.at))
      .add("kind", ledger::kind_of(row.leaf.body))
      .add("partner", row.partner)
      .add("hash", hex(row.entry.hash))
      .raw("leaf", row.entry.leaf)
      .flag("acknowledged", !row.entry.acknowledged.empty());
  if (row.entry.details && may_see_details(call)) {
    call.show(Tlp::red);
    object.add("details", row.entry.details->text);
  }
  return object;
}

std::vector<std::string> texts_of(const std::vector<PublicKey>& keys) {
  std::vector<std::string> out;
  for (const PublicKey& key : keys) out.push_back(key.text());
  return out;
}

Object object_of(const ledger::Verdict& verdict) {
  Object object;
  object.add("log", hex(verdict.log))
      .add("node", verdict.node)
      .add("size", verdict.tree.size)
      .add("root", hex(verdict.tree.root))
      .add("keys", texts_of(verdict.keys))
      .add("heads", verdict.heads)
      .add("releases", verdict.releases)
      .add("acknowledged", verdict.acknowledged)
      .add("receipts", verdict.receipts)
      .add("unknown", verdict.unknown)
      .add("masked", verdict.masked);
  return object;
}

Object object_of(const std::map<std::string, std::uint64_t>& numbers) {
  Object object;
  for (const auto& [name, number] : numbers) object.add(name, number);
  return object;
}

Object object_of(const ledger::Side& side) {
  Object object;
  object.add("acts", side.acts)
      .add("items", side.items)
      .add("taken", side.taken)
      .add("sightings", side.sightings)
      .add("confirmed", side.confirmed)
      .add("refuted", side.refuted)
      .add("answers", side.answers_s.size())
      .add("counts", object_of(side.counts))
      .add("refused", object_of(side.refused));
  if (!side.answers_s.empty())
    object.add("answer_p50_s", side.answers_s[side.answers_s.size() / 2]);
  return object;
}

// "SIZE:ROOT", as `verify` prints it.
Result<ledger::Tree> known_of(std::string_view text) {
  std::string_view rest = text;
  auto size = text::number(text::cut(rest, ':'));
  if (!size || *size == 0) return invalid("a head is SIZE:ROOT, not " + text::quote(text));
  return ledger::Tree{*size, TRY(ledger::parse_hash(rest))};
}

http::Response file_of(const Call& call, std::string_view what) {
  return {
      .headers = {{"Content-Type", "application/x-ndjson"},
                  {"Content-Disposition", fmt::format("attachment; filename=\"{}-{}.jsonl\"", what,
                                                      times::format_day(times::day_of(call.now)))},
                  {"Cache-Control", "no-store"}}};
}

// The largest of our heads that the other holds: the account proves that it goes on from there.
std::uint64_t first_of(const ledger::Head& ours, const ledger::Account& theirs) {
  std::uint64_t first = 0;
  for (const ledger::Head& head : theirs.seen) {
    if (head.log == ours.log && head.tree.size < ours.tree.size)
      first = std::max(first, head.tree.size);
  }
  return first;
}

}  // namespace

Answer list_ledger(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  share::Ledger::Filter filter{
      .partner = call.params.text("partner"), .kind = call.params.text("kind"), .before = {}};
  filter.limit = TRY(limit_of(call)) + 1;  // one more tells whether there are more
  if (call.params.has("cursor")) {
    filter.before = text::number(call.params.text("cursor"));
    if (!filter.before) return invalid("this cursor is none of ours");
  }
  auto rows = TRY(ledger->list(filter));
  std::string next;
  if (rows.size() == filter.limit) {
    rows.pop_back();
    next = std::to_string(rows.back().entry.index);
  }
  std::vector<Object> items;
  for (const auto& row : rows) items.push_back(object_of(row, call));
  return answered(call, list_of(items, next));
}

Answer show_ledger_entry(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  auto index = text::number(call.path.at("index"));
  if (!index) return missing("no entry " + text::quote(call.path.at("index")));
  auto row = TRY(ledger->one(*index));
  auto shown = TRY(ledger->shown(*index));
  Object object = object_of(row, call);
  object.raw("head", ledger::json_of(shown.head)).raw("proof", ledger::json_of(shown.proof));
  if (!row.entry.acknowledged.empty()) object.raw("receipt", row.entry.acknowledged);
  if (!row.entry.shown.empty()) object.raw("shown", row.entry.shown);
  return answered(call, std::move(object));
}

Answer show_ledger_head(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  auto head = TRY(ledger->head());
  Object object;
  object.raw("head", ledger::json_of(head));
  std::vector<Object> witnesses;
  auto signatures = TRY(ledger->witnesses(head.tree.size));
  for (const ledger::Signed& one : signatures) {
    witnesses.emplace_back().add("by", one.by).add("key", one.key.text());
    witnesses.back().add("signature", hex(one.signature));
  }
  object.add("witnesses", witnesses);
  return answered(call, std::move(object));
}

Answer list_ledger_heads(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  auto heads = TRY(ledger->seen(call.params.text("partner")));
  std::vector<Object> items;
  for (const share::Ledger::SeenHead& one : heads) {
    items.emplace_back()
        .raw("head", ledger::json_of(one.head))
        .add("via", one.via)
        .add("state", state_of(one.seen))
        .add("what", one.what);
  }
  return answered(call, list_of(items, "", items.size()));
}

Answer prove_ledger(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  auto head = TRY(ledger->head());
  std::uint64_t first = call.params.number("first", 0);
  std::uint64_t second = call.params.number("second", head.tree.size);
  auto proof = TRY(ledger->consistency(first, second));
  Object object;
  object.add("first", first).add("second", second).raw("proof", ledger::json_of(proof));
  return answered(call, std::move(object));
}

Answer verify_ledger(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  auto body = TRY(JsonBody::read(call.request, "known"));
  auto noted = TRY(body.texts("known", known_max));
  std::vector<ledger::Tree> known;
  for (const std::string& one : noted) known.push_back(TRY(known_of(one)));
  auto verified = TRY(ledger->verify(known));
  std::vector<Object> logs;
  for (const ledger::Verdict& log : verified.logs) logs.push_back(object_of(log));
  Object object;
  object.add("good", verified.wrong.empty())
      .add("wrong", verified.wrong)
      .add("logs", logs)
      .add("seen", verified.seen);
  return answered(call, std::move(object));
}

Answer export_ledger(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  call.show(Tlp::red);  // with the details
  auto all = TRY(ledger->begin_export());
  http::Response response = file_of(call, "ledger");
  response.pieces = [ledger, all](std::string& out) mutable { return ledger->go_on(all, out); };
  return response;
}

Answer export_account(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  auto account = TRY(ledger->account(call.params.text("partner"), call.params.number("first", 0)));
  http::Response response = file_of(call, "account");
  response.body = ledger::account_text(account);
  return response;
}

Answer compare_ledgers(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  std::optional<MappedFile> file;
  std::string_view bytes = call.request.body;
  if (!call.request.body_path.empty()) {
    file = TRY(MappedFile::open(call.request.body_path));
    bytes = file->bytes();
  }
  auto theirs = TRY(ledger::read_account(bytes));
  auto head = TRY(ledger->head());
  auto ours = ledger->account(theirs.head.node, first_of(head, theirs));
  if (!ours) ours = ledger->account(theirs.head.node);  // it holds a head that we never signed
  if (!ours) return std::unexpected(ours.error());
  auto found = TRY(ledger::compare(*ours, theirs));
  std::vector<Object> differences;
  for (const ledger::Difference& one : found.differences) {
    differences.emplace_back().add("member", one.member).add("index", one.index);
    differences.back().add("what", one.what);
  }
  Object object;
  object.add("good", found.differences.empty())
      .add("partner", theirs.head.node)
      .add("differences", differences)
      .add("notes", found.notes)
      .add("agreed", found.agreed)
      .add("open", found.open)
      .add("keys", texts_of(ledger::keys_of(theirs)));
  return answered(call, std::move(object));
}

Answer show_reciprocity(Context& context, const Call& call) {
  auto* ledger = TRY(ledger_of(context));
  TimeUs since = call.params.has("since") ? call.params.time("since") : 0;
  TimeUs until = call.params.has("until") ? call.params.time("until") : INT64_MAX;
  std::vector<std::string> partners{call.params.text("partner")};
  if (partners.front().empty()) partners = TRY(ledger->partners());
  std::vector<Object> items;
  for (const std::string& partner : partners) {
    auto account = TRY(ledger->account(partner));
    auto counted = ledger::reciprocity_of(account, since, until);
    items.emplace_back()
        .add("partner", partner)
        .add("given", object_of(counted.given))
        .add("received", object_of(counted.received))
        .add("open", counted.open)
        .add("percent", counted.percent());
  }
  return answered(call, list_of(items, ""));
}

}  // namespace tocsin::api
