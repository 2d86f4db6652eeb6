#include "ingest/shadowserver_json.h"

#include <algorithm>
#include <string>

namespace tocsin::shadowserver {
namespace {

constexpr std::size_t object_bytes_max = 1 << 20;
constexpr std::size_t depth_max = 64;
constexpr std::size_t npos = std::string_view::npos;

}  // namespace

Objects::Objects(std::string_view bytes) : bytes_(bytes) {
  if (bytes_.starts_with("\xef\xbb\xbf")) at_ = 3;
}

void Objects::count_lines(std::size_t to) {
  line_here_ +=
      static_cast<std::size_t>(std::ranges::count(bytes_.substr(counted_, to - counted_), '\n'));
  counted_ = to;
  line_ = line_here_;
}

csv::Step Objects::refuse(std::size_t from, std::size_t to, std::string_view why) {
  count_lines(from);
  object_ = bytes_.substr(from, to - from);
  error_ = {Fault::invalid, std::string(why)};
  at_ = to;
  return csv::Step::wrong;
}

csv::Step Objects::next() {
  at_ = std::min(bytes_.find_first_not_of(" \t\r\n,[]", at_), bytes_.size());
  if (at_ == bytes_.size()) return csv::Step::end;
  std::size_t begin = at_;
  if (bytes_[begin] != '{') {
    std::size_t end = std::min(bytes_.find_first_of("{\n", begin), bytes_.size());
    return refuse(begin, end, "not a JSON object");
  }
  std::string open;  // the brackets that stand open
  bool quoted = false;
  char before = ':';  // the last byte that is no blank
  std::size_t limit = std::min(bytes_.size(), begin + object_bytes_max);
  for (std::size_t i = begin; i < limit; ++i) {
    char c = bytes_[i];
    if (quoted) {
      if (c == '\n') return refuse(begin, i, "a JSON string is never closed");
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '{') {
      // Only a value can be an object; elsewhere the one before was cut off.
      bool value = before == ':' || before == '[' || (before == ',' && open.ends_with('['));
      if (!value) return refuse(begin, i, "a JSON object is cut off");
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') open += c;
    if ((c == '}' || c == ']') && !open.empty()) open.pop_back();
    if (open.size() > depth_max) return refuse(begin, i, "JSON nested over 64 deep");
    if (open.empty()) {
      count_lines(begin);
      object_ = bytes_.substr(begin, i + 1 - begin);
      at_ = i + 1;
      return csv::Step::record;
    }
    before = c;
  }
  if (limit == bytes_.size()) return refuse(begin, limit, "a JSON object is cut off");
  std::size_t end = bytes_.find('\n', limit);
  return refuse(begin, end == npos ? bytes_.size() : end, "a JSON object of over 1 MiB");
}

}  // namespace tocsin::shadowserver
