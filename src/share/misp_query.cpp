#include "share/misp_query.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "base/text.h"

namespace tocsin::share {
namespace {

using simdjson::dom::element;

constexpr unsigned depth_max = 4;
constexpr std::size_t words_max = 1'000, limit_max = 50'000;

std::string scalar(element of) {
  if (std::string_view text; !of.get(text)) return std::string(text);
  if (of.is_null() || of.is_object() || of.is_array()) return {};
  return simdjson::minify(of);
}

// Whatever shape a list has: one text, "a&&b", a list, or {"OR":[...],"NOT":[...]}.
void take_words(element of, std::vector<std::string>& any, std::vector<std::string>& none,
                unsigned depth = 0) {
  simdjson::dom::array list;
  simdjson::dom::object object;
  if (depth > depth_max) return;
  if (!of.get(list)) {
    for (element one : list) take_words(one, any, none, depth + 1);
    return;
  }
  if (!of.get(object)) {
    for (auto [key, words] : object) take_words(words, key == "NOT" ? none : any, none, depth + 1);
    return;
  }
  std::string whole = scalar(of);
  std::string_view rest = whole;
  while (!rest.empty() && any.size() + none.size() < words_max) {
    std::size_t end = rest.find("&&");
    std::string_view word = text::trim(rest.substr(0, end));
    bool is_not = word.starts_with('!');
    if (is_not) word.remove_prefix(1);
    if (!word.empty()) (is_not ? none : any).emplace_back(word);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 2);
  }
}

std::optional<bool> flag(element of) {
  std::string text = scalar(of);
  if (text == "1" || text == "true") return true;
  if (text == "0" || text == "false" || text == "exclude") return false;
  return std::nullopt;
}

// Seconds of 1970, or so long ago: "5d", "12h", "30m".
std::optional<std::int64_t> moment(element of, TimeUs now) {
  std::string text = scalar(of);
  if (auto number = text::signed_number(text)) return *number;
  if (text.empty()) return std::nullopt;
  std::int64_t unit = text.back() == 'd' ? 86'400 : text.back() == 'h' ? 3'600 : 60;
  if (auto many = text::number(std::string_view(text).substr(0, text.size() - 1));
      many && *many < 1'000'000 && (unit != 60 || text.back() == 'm'))
    return now / us_per_s - static_cast<std::int64_t>(*many) * unit;
  auto time = times::parse(text);
  return time ? std::optional(*time / us_per_s) : std::nullopt;
}

bool like(std::string_view text, std::string_view word) {
  bool open = word.starts_with('%'), ends = word.size() > 1 && word.ends_with('%');
  if (open) word.remove_prefix(1);
  if (ends) word.remove_suffix(1);
  if (open && ends) return text.contains(word);
  if (open) return text.ends_with(word);
  return ends ? text.starts_with(word) : text::equal_fold(text, word);
}

}  // namespace

bool MispQuery::Words::fit(std::string_view text) const {
  auto is = [&](const std::string& word) { return like(text, word); };
  return std::ranges::none_of(none, is) && (any.empty() || std::ranges::any_of(any, is));
}

Result<MispQuery> MispQuery::read(std::string_view body, TimeUs now) {
  MispQuery out;
  if (text::trim(body).empty()) return out;
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(simdjson::padded_string(body)).get(root)) return invalid("the body is no JSON");
  if (root.is_array()) return out;  // PHP's empty object
  simdjson::dom::object object;
  if (root.get(object)) return invalid("the body is no JSON object");
  // MISP takes the filters in a "request" too.
  if (element inner; !object.at_key("request").get(inner) && inner.is_object())
    object = inner.get_object().value_unsafe();
  for (auto [key, value] : object) {
    auto words = [&](Words& into) { take_words(value, into.any, into.none); };
    auto number = [&] { return text::number(scalar(value)); };
    if (key != "page") out.filters += fmt::format("{}={}\n", key, simdjson::minify(value));
    if (key == "returnFormat") out.format = text::lower(scalar(value));
    if (key == "page") out.page = std::max<std::size_t>(1, number().value_or(1));
    if (key == "limit") out.limit = std::min<std::size_t>(number().value_or(0), limit_max);
    if (key == "minimal") out.minimal = flag(value).value_or(false);
    if (key == "type") words(out.types_);
    if (key == "value") words(out.values_);
    if (key == "category") words(out.categories_);
    if (key == "tags" || key == "tag") words(out.tags_);
    if (key == "uuid" || key == "eventid" || key == "event_uuid") words(out.uuids_);
    if (key == "eventinfo") words(out.info_);
    if (key == "org") words(out.organisations_);
    if (key == "to_ids") out.to_ids_ = flag(value);
    if (key == "published") out.published_ = flag(value);
    if (key == "deleted") out.deleted_ = value.is_array() || flag(value).value_or(false);
    if (key == "timestamp" || key == "publish_timestamp" || key == "last" ||
        key == "event_timestamp" || key == "attribute_timestamp") {
      simdjson::dom::array list;
      bool range = !value.get(list) && list.size() > 0;
      auto from = moment(range ? list.at(0).value_unsafe() : value, now);
      if (!from) return invalid(fmt::format("{} is no time", text::quote(key)));
      out.from_s_ = std::max(out.from_s_, *from);
      if (range && list.size() > 1) {
        if (auto until = moment(list.at(1).value_unsafe(), now)) out.until_s_ = *until;
      }
    }
    if (key == "from" || key == "datefrom" || key == "to" || key == "dateuntil") {
      auto time = moment(value, now);
      if (!time) return invalid(fmt::format("{} is no date", text::quote(key)));
      Day day = times::day_of(std::clamp<std::int64_t>(*time, 0, 253'402'300'799) * us_per_s);
      (key.contains("from") ? out.first_ : out.last_) = day;
    }
  }
  return out;
}

bool MispQuery::wants(const MispListed& event) const {
  if (published_ == false) return false;
  if (event.timestamp_s < from_s_ || event.timestamp_s > until_s_) return false;
  if (event.head.day < first_ || event.head.day > last_) return false;
  if (!uuids_.fit(event.head.uuid) || !info_.fit(event.head.info)) return false;
  if (!organisations_.fit(event.head.organisation) &&
      !organisations_.fit(event.head.organisation_uuid))
    return false;
  auto tags = misp_tag_names(event.head);
  auto has = [&](const std::string& word) {
    return std::ranges::any_of(tags, [&](const std::string& tag) { return like(tag, word); });
  };
  return std::ranges::none_of(tags_.none, has) &&
         (tags_.any.empty() || std::ranges::any_of(tags_.any, has));
}

bool MispQuery::wants(const MispLine& line) const {
  if (line.deleted && !deleted_) return false;
  if (to_ids_ && *to_ids_ != line.to_ids) return false;
  if (!types_.fit(line.type) || !categories_.fit(line.category)) return false;
  if (values_.empty() || values_.fit(line.value)) return true;
  for (std::string_view rest = line.value; line.value.contains('|') && !rest.empty();) {
    if (values_.fit(text::cut(rest, '|'))) return true;
  }
  return false;
}

}  // namespace tocsin::share
