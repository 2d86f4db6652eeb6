#include "store/handling.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "model/finding.h"

namespace tocsin::store {
namespace {

using simdjson::dom::element;

std::string text_of(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) ? std::string() : std::string(text);
}

std::int64_t number_of(const element& object, std::string_view key) {
  std::int64_t number = 0;
  return object[key].get(number) ? 0 : number;
}

std::vector<std::string> texts_of(const element& object, std::string_view key) {
  std::vector<std::string> texts;
  simdjson::dom::array array;
  if (object[key].get(array)) return texts;
  for (auto item : array) {
    std::string_view text;
    if (!item.get(text)) texts.emplace_back(text);
  }
  return texts;
}

void list(json::Writer& w, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  w.key(key).list();
  for (const auto& text : texts) w.value(text);
  w.end();
}

void text(json::Writer& w, std::string_view key, const std::string& value) {
  if (!value.empty()) w.member(key, value);
}

void number(json::Writer& w, std::string_view key, std::int64_t value) {
  if (value != 0) w.member(key, value);
}

// It points into the parser.
Result<element> object_of(simdjson::dom::parser& parser, std::string_view json) {
  element parsed;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(parsed) || parsed.get(object)) {
    return invalid("not a JSON object: " + text::quote(json));
  }
  return parsed;
}

template <class T>
bool insert(std::vector<T>& sorted, const T& value) {
  auto at = std::ranges::lower_bound(sorted, value);
  if (at != sorted.end() && *at == value) return false;
  sorted.insert(at, value);
  return true;
}

template <class T>
void erase(std::vector<T>& sorted, const T& value) {
  auto at = std::ranges::lower_bound(sorted, value);
  if (at != sorted.end() && *at == value) sorted.erase(at);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Result<void> clean(std::vector<std::string>& tags) {
  if (tags.size() > tags_max) return invalid(fmt::format("more than {} tags", tags_max));
  for (std::string& tag : tags) {
    tag = TRY(one_line(tag, tag_bytes_max, "the tag"));
    if (tag.empty()) return invalid("a tag is empty");
  }
  return {};
}

}  // namespace

bool Change::empty() const {
  return !verdict && !assigned && tags_add.empty() && tags_remove.empty() && !follow &&
         !muted_until && case_add == 0 && case_remove == 0 && note.empty();
}

Result<std::string> one_line(std::string_view line, std::size_t bytes_max, std::string_view what) {
  line = text::trim(line);
  if (line.size() > bytes_max) {
    return invalid(fmt::format("{} has {} bytes; the most is {}", what, line.size(), bytes_max));
  }
  if (!text::is_utf8(line)) return invalid(fmt::format("{} is not UTF-8", what));
  if (std::ranges::any_of(line, is_control)) {
    return invalid(
        fmt::format("{} must be one line without control characters: {}", what, text::quote(line)));
  }
  return std::string(line);
}

Result<std::string> many_lines(std::string_view lines, std::size_t bytes_max,
                               std::string_view what) {
  if (lines.size() > bytes_max) {
    return invalid(fmt::format("{} has {} bytes; the most is {}", what, lines.size(), bytes_max));
  }
  if (!text::is_utf8(lines)) return invalid(fmt::format("{} is not UTF-8", what));
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == '\r' && i + 1 < lines.size() && lines[i + 1] == '\n') continue;
    if (is_control(lines[i]) && lines[i] != '\n' && lines[i] != '\t') {
      return invalid(fmt::format("{} has a control character", what));
    }
    out += lines[i];
  }
  return std::string(text::trim(out));
}

Result<Change> checked(Change change, TimeUs now) {
  if (change.assigned) {
    change.assigned = TRY(one_line(*change.assigned, person_bytes_max, "the assignee"));
  }
  TRY(clean(change.tags_add));
  TRY(clean(change.tags_remove));
  change.note = TRY(many_lines(change.note, note_bytes_max, "the note"));
  change.mute_reason = TRY(one_line(change.mute_reason, reason_bytes_max, "the reason"));
  bool duplicate = change.verdict == Verdict::duplicate;
  if (duplicate != (change.duplicate_of != Hash128{})) {
    return invalid(duplicate ? "a duplicate of which finding? say duplicate_of"
                             : "duplicate_of goes with the verdict duplicate");
  }
  bool mutes = change.muted_until.value_or(0) != 0;
  if (mutes) {
    change.muted_until = *change.muted_until / us_per_s * us_per_s;
    if (*change.muted_until <= now) {
      return invalid("the mute's end is in the past: " + times::format(*change.muted_until));
    }
    if (*change.muted_until > now + mute_longest) return invalid("a mute lasts 10 years at most");
  }
  if (mutes && change.mute_reason.empty()) return invalid("say why it is muted");
  if (!mutes && !change.mute_reason.empty()) return invalid("a reason, but nothing is muted");
  if (change.empty()) return invalid("nothing to change");
  return change;
}

Result<Handling> changed(const Handling& before, const Change& change, const std::string& user,
                         TimeUs now) {
  Handling after = before;
  now = now / us_per_s * us_per_s;
  if (change.verdict) {
    after.verdict = *change.verdict;
    after.duplicate_of = change.duplicate_of;
    bool judged = after.verdict != Verdict::none;
    after.judged_by = judged ? user : "";
    after.judged_at = judged ? now : 0;
  }
  if (change.assigned) after.assigned = *change.assigned;
  for (const auto& tag : change.tags_add) insert(after.tags, tag);
  for (const auto& tag : change.tags_remove) erase(after.tags, tag);
  if (change.follow == true) insert(after.followers, user);
  if (change.follow == false) erase(after.followers, user);
  if (change.muted_until) {
    after.muted_until = *change.muted_until;
    after.mute_reason = change.mute_reason;
    after.muted_by = after.muted_until != 0 ? user : "";
  }
  if (change.case_add != 0) insert(after.cases, change.case_add);
  if (change.case_remove != 0) erase(after.cases, change.case_remove);
  if (after.tags.size() > tags_max) {
    return invalid(fmt::format("more than {} tags on one finding", tags_max));
  }
  if (after.followers.size() > followers_max || after.cases.size() > finding_cases_max) {
    return invalid("more than 100 followers or cases of one finding");
  }
  ++after.version;
  after.changed_by = user;
  after.changed_at = now;
  return after;
}

std::optional<Handling> undone(const Handling& before, const Handling& now, const Change& change,
                               const std::string& user, TimeUs at) {
  Handling back = now;
  if (change.verdict) {
    bool judged = now.verdict != Verdict::none;
    bool mine = now.judged_by == user && now.judged_at == at / us_per_s * us_per_s;
    if (now.verdict != *change.verdict || (judged && !mine)) return std::nullopt;
    back.verdict = before.verdict;
    back.duplicate_of = before.duplicate_of;
    back.judged_by = before.judged_by;
    back.judged_at = before.judged_at;
  }
  if (change.assigned) {
    if (now.assigned != *change.assigned) return std::nullopt;
    back.assigned = before.assigned;
  }
  for (const auto& tag : change.tags_add) {
    if (!std::ranges::binary_search(before.tags, tag)) erase(back.tags, tag);
  }
  for (const auto& tag : change.tags_remove) {
    if (std::ranges::binary_search(before.tags, tag)) insert(back.tags, tag);
  }
  if (change.follow) {
    if (std::ranges::binary_search(before.followers, user)) {
      insert(back.followers, user);
    } else {
      erase(back.followers, user);
    }
  }
  if (change.muted_until) {
    if (now.muted_until != *change.muted_until) return std::nullopt;
    back.muted_until = before.muted_until;
    back.mute_reason = before.mute_reason;
    back.muted_by = before.muted_by;
  }
  bool had = std::ranges::binary_search(before.cases, change.case_add);
  if (change.case_add != 0 && !had) erase(back.cases, change.case_add);
  had = std::ranges::binary_search(before.cases, change.case_remove);
  if (change.case_remove != 0 && had) insert(back.cases, change.case_remove);
  return back;
}

std::string encode(const Handling& h) {
  json::Writer w;
  w.object();
  text(w, "assigned", h.assigned);
  if (!h.cases.empty()) {
    w.key("cases").list();
    for (auto id : h.cases) w.value(id);
    w.end();
  }
  number(w, "changed_at", h.changed_at);
  text(w, "changed_by", h.changed_by);
  if (h.duplicate_of != Hash128{}) w.member("duplicate_of", finding_id(h.duplicate_of));
  list(w, "followers", h.followers);
  number(w, "judged_at", h.judged_at);
  text(w, "judged_by", h.judged_by);
  text(w, "mute_reason", h.mute_reason);
  text(w, "muted_by", h.muted_by);
  number(w, "muted_until", h.muted_until);
  list(w, "tags", h.tags);
  if (h.verdict != Verdict::none) w.member("verdict", name(h.verdict));
  w.member("version", h.version);
  w.end();
  return w.take();
}

Result<Handling> decode_handling(std::string_view json) {
  Handling h;
  if (json.empty()) return h;
  simdjson::dom::parser parser;
  element o = TRY(object_of(parser, json));
  h.assigned = text_of(o, "assigned");
  simdjson::dom::array cases;
  if (!o["cases"].get(cases)) {
    for (auto item : cases) {
      std::uint64_t id = 0;
      if (!item.get(id)) h.cases.push_back(id);
    }
  }
  h.changed_at = number_of(o, "changed_at");
  h.changed_by = text_of(o, "changed_by");
  h.duplicate_of = finding_key_of(text_of(o, "duplicate_of"));
  h.followers = texts_of(o, "followers");
  h.judged_at = number_of(o, "judged_at");
  h.judged_by = text_of(o, "judged_by");
  h.mute_reason = text_of(o, "mute_reason");
  h.muted_by = text_of(o, "muted_by");
  h.muted_until = number_of(o, "muted_until");
  h.tags = texts_of(o, "tags");
  h.verdict = verdict_named(text_of(o, "verdict")).value_or(Verdict::none);
  h.version = static_cast<std::uint32_t>(number_of(o, "version"));
  return h;
}

std::string encode(const Change& c) {
  json::Writer w;
  w.object();
  if (c.assigned) w.member("assigned", *c.assigned);
  number(w, "case_add", static_cast<std::int64_t>(c.case_add));
  number(w, "case_remove", static_cast<std::int64_t>(c.case_remove));
  if (c.duplicate_of != Hash128{}) w.member("duplicate_of", finding_id(c.duplicate_of));
  if (c.follow) w.member("follow", *c.follow);
  text(w, "mute_reason", c.mute_reason);
  if (c.muted_until) w.member("muted_until", *c.muted_until);
  text(w, "note", c.note);
  list(w, "tags_add", c.tags_add);
  list(w, "tags_remove", c.tags_remove);
  if (c.verdict) w.member("verdict", name(*c.verdict));
  w.end();
  return w.take();
}

Result<Change> decode_change(std::string_view json) {
  simdjson::dom::parser parser;
  element o = TRY(object_of(parser, json));
  Change c;
  element found;
  if (!o["assigned"].get(found)) c.assigned = text_of(o, "assigned");
  c.case_add = static_cast<std::uint64_t>(number_of(o, "case_add"));
  c.case_remove = static_cast<std::uint64_t>(number_of(o, "case_remove"));
  c.duplicate_of = finding_key_of(text_of(o, "duplicate_of"));
  if (bool follow = false; !o["follow"].get(follow)) c.follow = follow;
  c.mute_reason = text_of(o, "mute_reason");
  if (!o["muted_until"].get(found)) c.muted_until = number_of(o, "muted_until");
  c.note = text_of(o, "note");
  c.tags_add = texts_of(o, "tags_add");
  c.tags_remove = texts_of(o, "tags_remove");
  c.verdict = verdict_named(text_of(o, "verdict"));
  return c;
}

std::vector<std::string> told(const Change& c) {
  std::vector<std::string> clauses;
  if (c.verdict == Verdict::none) {
    clauses.emplace_back("verdict taken back");
  } else if (c.verdict) {
    clauses.push_back(fmt::format("verdict {}", name(*c.verdict)));
    if (c.duplicate_of != Hash128{}) clauses.back() += " of " + finding_id(c.duplicate_of);
  }
  if (c.assigned) {
    clauses.push_back(c.assigned->empty() ? "assigned to nobody" : "assigned to " + *c.assigned);
  }
  for (const auto& tag : c.tags_add) clauses.push_back("tag " + tag);
  for (const auto& tag : c.tags_remove) clauses.push_back("without tag " + tag);
  if (c.follow) clauses.emplace_back(*c.follow ? "followed" : "no longer followed");
  if (c.muted_until == 0) clauses.emplace_back("no longer muted");
  if (c.muted_until.value_or(0) != 0) {
    clauses.push_back(
        fmt::format("muted until {}: {}", times::format(*c.muted_until), c.mute_reason));
  }
  if (c.case_add != 0) clauses.push_back(fmt::format("into case {}", c.case_add));
  if (c.case_remove != 0) clauses.push_back(fmt::format("out of case {}", c.case_remove));
  if (!c.note.empty()) clauses.push_back("note: " + c.note);
  return clauses;
}

}  // namespace tocsin::store
