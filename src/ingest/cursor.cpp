#include "ingest/cursor.h"

#include <simdjson.h>

#include "base/json.h"
#include "base/text.h"

namespace tocsin::ingest {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t hash_chars = 11;

}  // namespace

Cursor Cursor::parse(std::string_view text) {
  Cursor out;
  if (text.empty()) return out;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get_object().get(object) != simdjson::SUCCESS) {
    return out;
  }
  for (auto [key, value] : object) {
    std::string_view found;
    if (value.get_string().get(found) == simdjson::SUCCESS) out.set(key, std::string(found));
  }
  return out;
}

std::string Cursor::text() const {
  if (values_.empty()) return {};
  json::Writer out;
  out.object();
  for (const auto& [key, value] : values_) out.member(key, value);
  return out.end().take();
}

std::string_view Cursor::get(std::string_view key) const {
  auto found = values_.find(key);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

std::uint64_t Cursor::number(std::string_view key) const {
  return text::number(get(key)).value_or(0);
}

void Cursor::set(std::string_view key, std::string value) {
  if (value.empty()) {
    if (auto found = values_.find(key); found != values_.end()) values_.erase(found);
  } else {
    values_.insert_or_assign(std::string(key), std::move(value));
  }
}

std::string hashes_to_text(const std::vector<std::uint64_t>& hashes) {
  std::string out;
  out.reserve(hashes.size() * hash_chars);
  for (std::uint64_t hash : hashes) {
    for (std::size_t i = 0; i < hash_chars; ++i, hash >>= 6) out += digits[hash & 63];
  }
  return out;
}

std::vector<std::uint64_t> hashes_from_text(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (; text.size() >= hash_chars; text.remove_prefix(hash_chars)) {
    std::uint64_t hash = 0;
    for (std::size_t i = hash_chars; i-- > 0;) {
      std::size_t digit = digits.find(text[i]);
      if (digit == digits.npos) return {};
      hash = (hash << 6) | digit;
    }
    out.push_back(hash);
  }
  return out;
}

}  // namespace tocsin::ingest
