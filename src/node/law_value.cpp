// A subject as a person names it, and where it stands in a text.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/text.h"
#include "model/normal.h"
#include "node/accounts.h"
#include "node/law.h"

namespace tocsin::node {
namespace {

constexpr std::string_view erased = "(erased)";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Is what stands at [begin, end) only a part of another address of IPv6?
bool is_of_longer_address(std::string_view text, std::size_t begin, std::size_t end) {
  constexpr std::string_view characters = "0123456789abcdefABCDEF:.";
  std::size_t from = begin, to = std::min(text.find_first_not_of(characters, end), text.size());
  while (from > 0 && characters.contains(text[from - 1])) --from;
  if (from < begin && text[from] == ':' && text[from + 1] != ':') ++from;
  while (to > end && (text[to - 1] == '.' || text[to - 1] == ':')) --to;
  return (from < begin || to > end) && ip::parse(text.substr(from, to - from));
}

// Where `spelling` (lower case) begins in `text` from `from` on, standing by itself: neither within
// a longer name or number, nor before a further label of one.
std::size_t find_whole(std::string_view text, std::string_view spelling, std::size_t from) {
  auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  bool numeric = spelling.find_first_not_of("0123456789.") == spelling.npos;
  bool v6 = spelling.find(':') != spelling.npos &&
            spelling.find_first_not_of("0123456789abcdef:.") == spelling.npos;
  while (from + spelling.size() <= text.size()) {
    auto at = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
                          spelling.begin(), spelling.end(), same);
    if (at == text.end()) return text.npos;
    auto begin = static_cast<std::size_t>(at - text.begin()), end = begin + spelling.size();
    auto char_at = [&](std::size_t i) { return i < text.size() ? text[i] : ' '; };
    char before = begin == 0 ? ' ' : text[begin - 1], after = char_at(end);
    std::size_t label = end + 1;
    while (after == '.' && is_alphanumeric(char_at(label))) ++label;
    bool ends_file = is_file_ending(text.substr(end, label - end));
    bool goes_on = is_alphanumeric(after) || after == '-' ||
                   (after == '.' && is_alphanumeric(char_at(end + 1)) && !ends_file) ||
                   (v6 && is_of_longer_address(text, begin, end));
    bool began = is_alphanumeric(before) || before == '-' || before == '.';
    // `\n192.0.2.7` in JSON: the letter is an escape's.
    bool escape = begin >= 2 && text[begin - 2] == '\\' && is_alphanumeric(before);
    // `%3A192.0.2.7` in a query.
    escape = escape || (begin >= 3 && text[begin - 3] == '%');
    if (numeric && before == '.' && (begin < 2 || !is_alphanumeric(text[begin - 2]))) began = false;
    if (!goes_on && (!began || escape)) return begin;
    from = begin + 1;
  }
  return text.npos;
}

// "2001:0db8:0000:…": how some write an address of IPv6.
std::string written_out(const Ip& ip) {
  std::string out;
  for (std::uint64_t half : {ip.high(), ip.low()}) {
    for (int shift = 48; shift >= 0; shift -= 16)
      out += fmt::format("{}{:04x}", out.empty() ? "" : ":", half >> shift & 0xffff);
  }
  return out;
}

}  // namespace

std::string_view name(ValueKind kind) {
  constexpr std::string_view names[] = {"address", "name", "url", "account"};
  return names[static_cast<std::size_t>(kind)];
}

Result<SubjectValue> SubjectValue::parse(std::string_view given, const store::Counts::Key& key) {
  std::string_view text = text::trim(given);
  if (text.empty()) return invalid("name a subject: an address, a name, a URL or an account");
  SubjectValue value;
  if (auto ip = ip::parse(text); ip && !ip->empty()) {
    value = {.kind = ValueKind::address, .text = ip::format(*ip), .ip = *ip};
    value.spellings = {value.text};
    if (!ip->is_v4()) value.spellings.push_back(written_out(*ip));
  } else if (text.contains("://")) {
    value = {.kind = ValueKind::url, .text = TRY(normal::url(text))};
    value.spellings = {text::lower(value.text), text::lower(text)};
    std::string escaped;  // as some write it in JSON
    for (char c : value.spellings[0]) escaped += c == '/' ? "\\/" : std::string(1, c);
    value.spellings.push_back(escaped);
  } else if (text.contains('@') || text.contains("***")) {
    value = {.kind = ValueKind::account, .text = masked_account(text, key)};
    value.spellings = {text::lower(text), text::lower(value.text)};
  } else {
    value = {.kind = ValueKind::name, .text = TRY(normal::name(text))};
    value.spellings = {text::lower(value.text), text::lower(text)};
  }
  std::size_t plain = value.spellings.size();
  for (std::size_t i = 0; i < plain; ++i) {  // as it stands in a query
    std::string encoded;
    for (char c : value.spellings[i]) {
      bool stays = is_alphanumeric(c) || std::string_view("-._~*").contains(c);
      encoded += stays ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    value.spellings.push_back(encoded);
  }
  std::ranges::sort(value.spellings);
  value.spellings.erase(std::ranges::unique(value.spellings).begin(), value.spellings.end());
  return value;
}

bool is_file_ending(std::string_view text) {
  constexpr std::string_view endings[] = {".csv", ".eml", ".gz",  ".html", ".json",
                                          ".log", ".pdf", ".txt", ".xml",  ".zst"};
  return std::ranges::any_of(endings,
                             [&](std::string_view one) { return text::equal_fold(text, one); });
}

void each_decoded(
    std::string_view text,
    const std::function<void(std::size_t at, std::size_t size, std::string_view decoded)>& take) {
  constexpr std::size_t run_least = 24;
  auto is_of_run = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '/';
  };
  std::string run, bytes;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    // JSON may write `\/`.
    while (end < text.size() &&
           (is_of_run(text[end]) || (text[end] == '\\' && text.substr(end + 1, 1) == "/")))
      ++end;
    if (end - at >= run_least) {
      run = text.substr(at, end - at);
      std::erase(run, '\\');
      bytes.resize(run.size());
      auto decode = [&](std::size_t size) {
        std::size_t got = 0;
        bool good = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                      run.data(), size, nullptr, &got, nullptr,
                                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
        if (good) take(at, end - at, std::string_view(bytes).substr(0, got));
        return good;
      };
      if (!decode(run.size())) decode(run.size() / 4 * 4);
    }
    at = std::max(end, at + 1);
  }
}

bool SubjectValue::is_in(std::string_view whole) const {
  auto stands = [&](std::string_view in) {
    return std::ranges::any_of(spellings, [&](const std::string& spelling) {
      return find_whole(in, spelling, 0) != in.npos;
    });
  };
  bool found = stands(whole);
  if (!found) {
    each_decoded(whole, [&](std::size_t, std::size_t, std::string_view decoded) {
      found = found || stands(decoded);
    });
  }
  return found;
}

std::optional<std::string> SubjectValue::masked(std::string_view given) const {
  if (!is_in(given)) return std::nullopt;
  std::string whole;
  std::size_t from = 0;
  each_decoded(given, [&](std::size_t at, std::size_t size, std::string_view decoded) {
    if (!is_in(decoded)) return;
    whole += given.substr(from, at - from);
    whole += erased;
    from = at + size;
  });
  whole += given.substr(from);
  std::string out = whole;
  for (const std::string& spelling : spellings) {
    for (std::size_t at = find_whole(out, spelling, 0); at != out.npos;
         at = find_whole(out, spelling, at + erased.size())) {
      out.replace(at, spelling.size(), erased);
    }
  }
  return out;
}

}  // namespace tocsin::node
