#include "node/law.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/decoders.h"
#include "base/json.h"
#include "base/text.h"
#include "enrich/known_controllers.h"
#include "model/finding.h"
#include "node/law_scan.h"
#include "store/replay.h"
#include "wire/native.h"

namespace tocsin::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t reports_named_max = 1000;
// The last withdrawal after which every file of events was written anew.
constexpr std::string_view rewritten_key = "law.rewritten";

constexpr const char* steps[] = {
    R"(CREATE TABLE tombstones(hash TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
       CREATE TABLE erasures(
         id INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL, value TEXT NOT NULL,
         state TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
         events INTEGER NOT NULL DEFAULT 0, days INTEGER NOT NULL DEFAULT 0,
         texts INTEGER NOT NULL DEFAULT 0, raw INTEGER NOT NULL DEFAULT 0,
         files INTEGER NOT NULL DEFAULT 0);
       CREATE TABLE holds(
         id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, what TEXT NOT NULL,
         reason TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL, lifted INTEGER,
         lifted_by TEXT NOT NULL DEFAULT ''))",
    R"(ALTER TABLE erasures ADD COLUMN copies INTEGER NOT NULL DEFAULT 0)",
};

using TextColumns = std::vector<store::Journal::TextColumn>;

// Where reports' and people's words about subjects stand. All else is the node's own and stays:
// constituents, people, settings, figures. Erasing changes no names of people either: they are who
// did what.
const TextColumns& words_of_reports() {
  static const TextColumns columns = {
      {"reports", "name"},           {"reports", "url"},
      {"reports", "error"},          {"rejects", "reason"},
      {"rejects", "bytes"},          {"state", "json", "key GLOB 'head.*' OR key GLOB 'health.*'"},
      {"alerts", "error"},           {"inbox_statuses", "said"},
      {"indicator_claims", "text"},  {"indicator_claims", "family"},
      {"indicator_claims", "object"}};
  return columns;
}

// The first bytes of what could not be unpacked.
std::optional<std::string> unseen(std::string_view bytes) {
  if (decoders::packing_of(bytes) == decoders::Packing::none) return std::nullopt;
  return std::string(unseen_record);
}

const TextColumns& words_of_people() {
  static const TextColumns columns = {
      {"cases", "title"},
      {"cases", "text"},
      {"case_notes", "text"},
      {"case_files", "name"},
      {"triage_findings", "handling", "", {"mute_reason", "tags", "duplicate_of"}},
      {"triage_steps", "before", "", {"mute_reason", "tags", "duplicate_of"}},
      {"triage_acts",
       "change",
       "",
       {"mute_reason", "note", "tags_add", "tags_remove", "duplicate_of"}},
      {"triage_acts", "filter"},
      {"opinions", "words"},
      {"request_acts", "words"},
      {"requests", "subject"},
      {"requests", "told"},
      {"requests", "words"},
      {"requests", "legal_basis"},
      {"mutes", "subject"},
      {"mutes", "reason"},
      {"withdrawals", "reason"},
      {"situation_issues", "figures"},
      {"indicators", "expired_why"},
      {"indicator_sightings", "text"},
      {"erasures", "reason"},
      {"holds", "what", "lifted IS NOT NULL"},
      {"holds", "reason"}};
  return columns;
}

std::string hash_text(const Hash128& hash) {
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

Erasure erasure_row(const store::Statement& s) {
  auto number = [&](int at) { return static_cast<std::uint64_t>(s.number(at)); };
  Erasure out{.id = number(0), .events = number(5), .days = number(6), .texts = number(7)};
  out.raw = number(8);
  out.files = number(9);
  out.state = s.text(1);
  out.at = s.number(2);
  out.by = s.text(3);
  out.reason = s.text(4);
  out.copies = number(10);
  return out;
}
constexpr std::string_view erasure_columns =
    "id, state, at, by, reason, events, days, texts, raw, files, copies";

}  // namespace

Result<std::unique_ptr<Law>> Law::open(Parts parts) {
  auto tables = TRY(store::Tables::open(parts.journal, "law", steps));
  auto law = std::unique_ptr<Law>(new Law(std::move(parts), std::move(tables)));
  TRY(law->load());
  return law;
}

// ---- what is known of a subject

std::string Law::where(const SubjectValue& value) const {
  std::string sql = "FALSE";
  if (value.kind == ValueKind::address) {
    for (const char* end : {"source", "destination"}) {
      sql += fmt::format(" OR ({0}_high = {1} AND {0}_low = {2})", end, value.ip.high(),
                         value.ip.low());
    }
  }
  for (const std::string& spelling : value.spellings) {
    for (const char* column : {"name", "url", "extra"})
      sql += fmt::format(" OR contains(lower({}), {})", column, store::sql_quote(spelling));
  }
  return sql;
}

std::string Law::may_name(const SubjectValue& value) const {
  return where(value) + R"( OR contains(extra, '"raw":'))";
}

std::vector<WordId> Law::words_of(const SubjectValue& value) const {
  std::vector<WordId> ids;
  for (WordId id = 1; id <= parts_.words.last(); ++id) {
    if (value.is_in(parts_.words.word(id))) ids.push_back(id);
  }
  return ids;
}

Result<std::vector<Told>> Law::told_of(std::span<const Hash128> findings) const {
  if (!parts_.corrections.told) return std::vector<Told>();
  return parts_.corrections.told({findings.begin(), findings.end()});
}

Result<std::uint64_t> Law::waiting_of(std::span<const Hash128> findings) const {
  std::uint64_t waiting = 0;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT count(*) FROM alert_items WHERE finding = ? AND bundle IS NULL"));
    for (const Hash128& key : findings) {
      std::array<char, 16> blob;
      std::memcpy(blob.data(), &key.high, 8);
      std::memcpy(blob.data() + 8, &key.low, 8);
      select.bind_blob(1, {blob.data(), blob.size()});
      if (TRY(select.step())) waiting += static_cast<std::uint64_t>(select.number(0) > 0);
      select.reset();
    }
    return {};
  };
  TRY(tables_.read(look));
  return waiting;
}

Result<Traces> Law::show(std::string_view given) const {
  Traces out{.value = TRY(SubjectValue::parse(given, parts_.key))};
  Gathered gathered;
  TRY(gather(parts_.columns, out.value, may_name(out.value), 0, gathered));
  out.events = gathered.correction.events.size();
  out.first = gathered.first;
  out.last = gathered.last;
  out.reports.assign(gathered.reports.begin(), gathered.reports.end());
  out.reports.resize(std::min(out.reports.size(), reports_named_max));
  auto names = [&](std::string_view text) { return out.value.is_in(text); };
  auto findings = parts_.findings.naming(names);
  out.findings = findings.keys.size();
  out.told = TRY(told_of(findings.keys));
  out.waiting = TRY(waiting_of(findings.keys));
  bool is_address = out.value.kind == ValueKind::address;
  out.days = TRY(is_address ? parts_.counts.days_with(out.value.ip, "")
                            : parts_.counts.days_with({}, out.value.text));
  out.raw = TRY(raw_of(out.value));
  out.texts = TRY(parts_.journal.count_texts(names));
  for (const auto& [table, count] : out.texts) {
    if (table == "rejects") out.quarantine = count;
  }
  {
    std::shared_lock lock(mutex_);
    out.erased = tombstones_.contains(tombstone(out.value.text));
  }
  auto all = TRY(holds());
  for (const Hold& hold : all) {
    if (hold.lifted != time_none || hold.kind != "subject") continue;
    auto held = SubjectValue::parse(hold.what, parts_.key);
    if (held && held->text == out.value.text) out.holds.push_back(hold.id);
  }
  return out;
}

Result<void> Law::export_to(std::string_view given,
                            const std::function<Result<void>(std::string_view json)>& line) const {
  auto value = TRY(SubjectValue::parse(given, parts_.key));
  auto each = [&](EventBatch& b) -> Result<void> {
    for (std::size_t i = 0; i < b.size(); ++i) {
      if (!is_named(value, b, i)) continue;
      std::string json;
      wire::append_native(json, b, i, parts_.words);
      TRY(line(json));
    }
    return {};
  };
  TRY(store::replay(parts_.columns, {.where = may_name(value)}, each));
  auto names = [&](std::string_view text) { return value.is_in(text); };
  auto findings = parts_.findings.naming(names).keys;
  auto all_told = TRY(told_of(findings));
  for (const Told& told : all_told) {
    json::Writer w;
    w.object().member("at", times::format(told.at)).member("kept_in", told.what);
    w.member("where", told.where).member("whom", told.whom).end();
    TRY(line(w.text()));
  }
  return parts_.journal.each_text(names, [&](const std::string& table, std::string_view text) {
    json::Writer w;
    w.object().member("kept_in", table).member("text", text).end();
    return line(w.text());
  });
}

// ---- erasing

Result<std::vector<Erasure>> Law::erasures() const {
  std::vector<Erasure> all;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare(fmt::format("SELECT {} FROM erasures ORDER BY id", erasure_columns)));
    while (TRY(select.step())) all.push_back(erasure_row(select));
    return {};
  };
  TRY(tables_.read(look));
  return all;
}

Result<Erasure> Law::erase(std::string_view given, std::string_view reason, std::string_view by) {
  auto value = TRY(SubjectValue::parse(given, parts_.key));
  std::lock_guard one(one_);  // a hold may come while another erasure is under way
  if (auto hold = TRY(hold_against(value)))
    return denied(fmt::format("hold h_{} keeps it: {}", hold->id, hold->reason));
  Erasure erasure{.at = parts_.now(), .by = std::string(by), .reason = std::string(reason)};
  erasure.state = "running";
  std::string hash = hash_text(tombstone(text::lower(value.text)));
  auto begin = [&](store::Sqlite& db) -> Result<void> {
    auto stone = TRY(db.prepare("INSERT OR IGNORE INTO tombstones VALUES(?, ?)"));
    TRY(stone.bind(1, hash).bind(2, erasure.at).run());
    auto insert = TRY(db.prepare(
        "INSERT INTO erasures(hash, value, state, at, by, reason) VALUES(?, ?, ?, ?, ?, ?)"));
    insert.bind(1, hash).bind(2, given).bind(3, erasure.state).bind(4, erasure.at);
    TRY(insert.bind(5, by).bind(6, reason).run());
    erasure.id = static_cast<std::uint64_t>(db.last_rowid());
    return {};
  };
  TRY(tables_.write(begin));
  TRY(load());
  TRY(carry_out(erasure, value, false));
  return erasure;
}

// A kept filter that asks for the subject is about it alone.
Result<std::size_t> Law::forget_views(const SubjectValue& value) {
  std::vector<std::int64_t> ids;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT id, name, query FROM views"));
    while (TRY(select.step())) {
      if (value.is_in(select.text(1)) || value.is_in(select.text(2)))
        ids.push_back(select.number(0));
    }
    return {};
  };
  TRY(tables_.read(look));
  auto remove = [&](store::Sqlite& db) -> Result<void> {
    auto statement = TRY(db.prepare("DELETE FROM views WHERE id = ?"));
    for (std::int64_t id : ids) TRY(statement.bind(1, id).run());
    return {};
  };
  TRY(tables_.write(remove));
  return ids.size();
}

// A set of known sinkholes has the first of its addresses in its key.
Result<void> Law::forget_sinks(const SubjectValue& value) {
  auto sets = TRY(parts_.journal.values(enrich::sinks_key));
  std::string left;
  bool found = false;
  for (const auto& [key, lines] : sets) {
    for (auto [number, line] : text::numbered_lines(lines)) {
      bool named = value.is_in(line);
      found = found || named;
      if (!named) left += fmt::format("{}\n", line);
    }
  }
  if (!found) return {};
  auto rewrite = [&](store::Sqlite& db) -> Result<void> {
    auto remove = TRY(db.prepare("DELETE FROM state WHERE substr(key, 1, length(?1)) = ?1"));
    TRY(remove.bind(1, enrich::sinks_key).run());
    if (left.empty()) return {};
    auto insert = TRY(db.prepare("INSERT INTO state VALUES(?, ?)"));
    std::string key = fmt::format("{}{}", enrich::sinks_key, left.substr(0, left.find('\n')));
    return insert.bind(1, key).bind(2, left).run();
  };
  return tables_.write(rewrite);
}

Result<void> Law::disguise(const std::set<std::uint64_t>& reports) {
  return tables_.write([&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT sha256 FROM reports WHERE id = ? AND size <= ?"));
    auto update = TRY(db.prepare("UPDATE reports SET sha256 = ? WHERE id = ?"));
    for (std::uint64_t id : reports) {
      select.bind(1, id).bind(2, std::uint64_t{guessable_bytes_max});
      bool there = TRY(select.step());
      std::string hidden = there ? disguised(select.text(0)) : std::string();
      select.reset();
      if (there) TRY(update.bind(1, hidden).bind(2, id).run());
    }
    return {};
  });
}

// Withdrawn events are gone from the columns, but not from the blocks of their files.
Result<bool> Law::deleted_since_rewrite() {
  auto kept = text::number(TRY(parts_.journal.value(rewritten_key))).value_or(0);
  bool deleted = false;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT 1 FROM withdrawals WHERE seq > ? LIMIT 1"));
    deleted = TRY(select.bind(1, kept).step());
    return {};
  };
  TRY(tables_.read(look));
  return deleted;
}

// The text without ids of findings that there are no more.
std::string Law::unlinked(std::string_view whole) const {
  constexpr std::size_t id_size = 34;
  std::string out(whole);
  for (std::size_t at = 0; (at = out.find("f_", at)) != out.npos; ++at) {
    Hash128 key = finding_key_of(std::string_view(out).substr(at, id_size));
    if (key != Hash128{} && !parts_.findings.has(key)) out.replace(at, id_size, "(erased)");
  }
  return out;
}

// A finding's key is a plain hash of what it is about, which could be guessed: so nothing keeps the
// key of one that is gone. That something was sent stays: when, to whom, how many findings.
Result<void> Law::unlink_findings() {
  std::vector<std::string> keys;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select =
        TRY(db.prepare("SELECT key FROM triage_findings UNION SELECT key FROM triage_steps UNION "
                       "SELECT finding FROM alert_items"));
    while (TRY(select.step())) keys.emplace_back(select.blob(0));
    return {};
  };
  TRY(tables_.read(look));
  std::erase_if(keys, [&](const std::string& blob) {
    Hash128 key;
    if (blob.size() != sizeof(key.high) + sizeof(key.low)) return true;
    std::memcpy(&key.high, blob.data(), sizeof key.high);
    std::memcpy(&key.low, blob.data() + sizeof key.high, sizeof key.low);
    return parts_.findings.has(key);
  });
  if (keys.empty()) return {};
  return tables_.write([&](store::Sqlite& db) -> Result<void> {
    for (const char* sql :
         {"DELETE FROM triage_findings WHERE key = ?", "DELETE FROM triage_steps WHERE key = ?",
          "DELETE FROM alert_items WHERE finding = ? AND bundle IS NULL",
          "UPDATE alert_items SET finding = randomblob(16) WHERE finding = ?"}) {
      auto statement = TRY(db.prepare(sql));
      for (const std::string& key : keys) TRY(statement.bind_blob(1, key).run());
    }
    return {};
  });
}

// Each step may come again: what is gone is not found.
Result<void> Law::carry_out(Erasure& erasure, const SubjectValue& value, bool resumed) {
  auto names = [&](std::string_view text) { return value.is_in(text); };
  auto words = words_of(value);
  std::vector<std::pair<WordId, std::string>> fresh;
  for (WordId id : words) fresh.emplace_back(id, fmt::format("(erased {})", id));
  TRY(parts_.journal.rename_words(fresh));
  TRY(forget_sinks(value));
  std::vector<Type> types = parts_.findings.naming(names).types;
  TRY(parts_.findings.erase_base(names));
  // Asked before the first look: what the look may not have seen comes after it.
  EventId seen = event_id(parts_.columns.watermark(), 0);
  Gathered gathered;
  TRY(gather(parts_.columns, value, may_name(value), 0, gathered));
  std::vector<std::string> months;
  bool all_months = resumed || TRY(deleted_since_rewrite());
  auto rest = [&]() -> Result<Correction> {  // what came in since; nothing comes in meanwhile
    TRY(gather(parts_.columns, value, may_name(value), seen, gathered));
    Correction& c = gathered.correction;
    std::ranges::sort(c.events);
    c.events.erase(std::ranges::unique(c.events).begin(), c.events.end());
    gathered.types.insert(types.begin(), types.end());
    months = TRY(parts_.columns.months_of(c.events));
    c.days.assign(gathered.days.begin(), gathered.days.end());
    c.types.assign(gathered.types.begin(), gathered.types.end());
    TRY(disguise(gathered.reports));
    return c;
  };
  EventBatch act = TRY(parts_.corrections.erase(rest));
  erasure.events += act.correction.events.size();
  erasure.days += act.correction.days.size();
  auto files = [&]() -> Result<void> {
    TRY(parts_.findings.snapshot());
    if (value.kind == ValueKind::address) TRY(parts_.counts.erase(value.ip, ""));
    if (value.kind != ValueKind::address) TRY(parts_.counts.erase({}, value.text));
    TRY(parts_.counts.snapshot());
    if (all_months) return parts_.columns.rewrite({});
    return months.empty() ? Result<void>{} : parts_.columns.rewrite(months);
  };
  TRY(parts_.rested(files));
  if (all_months) TRY(parts_.journal.keep_value(rewritten_key, std::to_string(act.seq)));
  TRY(parts_.prune(act.seq));
  auto raw = TRY(raw_of(value));
  std::set<std::uint64_t> reports;
  for (const auto& sha256 : raw) {
    auto rows = TRY(parts_.journal.reports_of(sha256));
    bool held = false;
    for (const auto& row : rows) held = held || TRY(is_held(row.id));
    if (held) {
      erasure.left.push_back(fmt::format("raw/{} (held)", sha256));
      continue;
    }
    for (const auto& row : rows) reports.insert(row.id);
    TRY(parts_.raw.remove(sha256));
    ++erasure.raw;
  }
  TRY(disguise(reports));
  TRY(remove_files(erasure, value));
  TRY(remove_copies(erasure));
  std::error_code failed;
  for (const char* damaged : {"/findings", "/findings/base"})
    fs::remove(parts_.home + damaged + "/findings.snapshot.damaged", failed);
  auto mask = [&](std::string_view text) { return value.masked(text); };
  auto rewrite = [&](std::string_view text) -> std::optional<std::string> {
    std::string whole = value.masked(text).value_or(std::string(text)), left = unlinked(whole);
    return left == text ? std::nullopt : std::optional(left);
  };
  auto reword = [&]() -> Result<void> {
    TRY(unlink_findings());
    erasure.texts += TRY(forget_views(value));
    erasure.texts += TRY(parts_.forget_indicators(names));
    auto held = TRY(held_reports());
    std::string others = fmt::format("report NOT IN ({})", fmt::join(held, ","));
    const TextColumns records = {{"rejects", "bytes", others}};
    erasure.texts += TRY(parts_.journal.rewrite_texts(unseen, records));
    erasure.texts += TRY(parts_.journal.rewrite_texts(mask, words_of_reports()));
    erasure.texts += TRY(parts_.journal.rewrite_texts(rewrite, words_of_people()));
    return {};
  };
  TRY(parts_.reworded(reword));
  erasure.texts += TRY(parts_.audited(rewrite));
  return compact(erasure);
}

Result<void> Law::compact(Erasure& erasure) {
  auto keep = [&](std::string_view state) {
    return tables_.write([&](store::Sqlite& db) -> Result<void> {
      auto update = TRY(
          db.prepare("UPDATE erasures SET value = '', state = ?, events = ?, days = ?, texts = ?, "
                     "raw = ?, files = ?, copies = ? WHERE id = ?"));
      update.bind(1, state).bind(2, erasure.events).bind(3, erasure.days).bind(4, erasure.texts);
      update.bind(5, erasure.raw).bind(6, erasure.files).bind(7, erasure.copies);
      return update.bind(8, erasure.id).run();
    });
  };
  TRY(keep("compacting"));
  TRY(parts_.journal.compact());
  erasure.state = "done";
  return keep("done");
}

Result<void> Law::resume() {
  struct Left {
    Erasure erasure;
    std::string value;
  };
  std::vector<Left> left;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare(fmt::format(
        "SELECT {}, value FROM erasures WHERE state <> 'done' ORDER BY id", erasure_columns)));
    while (TRY(select.step())) left.push_back({erasure_row(select), std::string(select.text(11))});
    return {};
  };
  TRY(tables_.read(look));
  for (auto& [erasure, text] : left) {
    spdlog::info("erasure {} goes on", erasure.id);
    if (text.empty()) {
      TRY(compact(erasure));
      continue;
    }
    auto value = TRY(SubjectValue::parse(text, parts_.key));
    TRY(carry_out(erasure, value, true));
  }
  return erase_restored();
}

// Every value that stands somewhere in HOME and has a tombstone.
Result<std::set<std::string>> Law::still_there() const {
  std::set<std::string> values;
  Names gather = [&](std::string_view text) {
    std::shared_lock lock(mutex_);
    each_erased(text, [&](const Piece& piece) { return values.insert(piece.value), true; });
    return false;  // so that it is looked on
  };
  auto each = [&](EventBatch& b) -> Result<void> {
    for (std::size_t i = 0; i < b.size(); ++i) {
      for (const EndColumns* end : {&b.source, &b.destination}) {
        if (!end->ip[i].empty()) gather(ip::format(end->ip[i]));
        gather(b.text(end->name[i])), gather(b.text(end->url[i]));
      }
      gather(b.text(b.account[i])), gather(b.text(b.extra[i]));
    }
    return {};
  };
  TRY(store::replay(parts_.columns, {}, each));
  for (WordId id = 1; id <= parts_.words.last(); ++id) gather(parts_.words.word(id));
  parts_.findings.naming(gather);
  TRY(parts_.journal.count_texts(gather));
  std::vector<std::string> raw;
  parts_.raw.each([&](const std::string& sha256) { raw.push_back(sha256); });
  std::string copy = parts_.home + "/spool/restored";
  for (const auto& sha256 : raw) {
    if (!parts_.raw.unpack(sha256, copy)) continue;
    TRY(look_into(copy, gather));
    std::error_code ignored;
    fs::remove(copy, ignored);
  }
  auto look = [&](const std::string& path, bool) -> Result<void> {
    TRY(look_into(path, gather));
    return {};
  };
  TRY(each_file(look));
  return values;
}

Result<void> Law::erase_restored() {
  if (missed_.empty()) return {};
  auto values = TRY(still_there());
  bool all = true;
  for (const std::string& value : values) {
    auto done = erase(value, "erased before this backup was restored", "node");
    if (!done) spdlog::error("a restored value is not erased again: {}", done.error().what);
    all = all && done;
  }
  if (!all) return {};  // again at the next start; until then nobody hears of it
  auto keep = [&](store::Sqlite& db) -> Result<void> {
    auto insert = TRY(db.prepare("INSERT OR IGNORE INTO tombstones VALUES(?, ?)"));
    for (const Hash128& hash : missed_) {
      std::string text = hash_text(hash);
      TRY(insert.bind(1, text).bind(2, parts_.now()).run());
    }
    return {};
  };
  TRY(tables_.write(keep));
  spdlog::info("{} that the restored backup did not know: {} erased once more",
               text::count(missed_.size(), "erasure", "erasures"),
               text::count(values.size(), "value", "values"));
  return load();
}

}  // namespace tocsin::node
