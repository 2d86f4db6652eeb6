// Who is erased: tombstones, and how what comes in is held against them.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/durable_file.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "model/members.h"
#include "model/normal.h"
#include "node/accounts.h"
#include "node/law.h"

namespace tocsin::node {
namespace {

constexpr std::string_view masked_value = "(erased)";

// The columns of a row that may name a subject, for masking.
enum Column { source_ip, destination_ip, source_name, source_url, far_name, far_url, account_of };

bool is_of_value(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         static_cast<unsigned char>(c) >= 0x80 || std::string_view("-._:@#*+").contains(c);
}

// Without what ends a sentence.
std::string_view without_end(std::string_view value) {
  while (value.ends_with('.') || value.ends_with(':')) value.remove_suffix(1);
  return value;
}

// Calls with each piece of a text in lower case that may be an address, a name or an account: runs
// of their characters, and the parts of a run, as the host of `user@host:80`.
template <class F>
void each_value(std::string_view low, F call) {
  for (std::size_t at = 0; at < low.size();) {
    std::size_t end = at;
    while (end < low.size() && is_of_value(low[end])) ++end;
    if (end > at && at > 0 && low[at - 1] == '\\')
      call(without_end(low.substr(at + 1, end - at - 1)));
    std::string_view run = without_end(low.substr(at, end - at));
    if (!run.empty()) call(run);
    for (std::string_view name = run;
         is_file_ending(name.substr(std::min(name.rfind('.'), name.size())));) {
      name = name.substr(0, name.rfind('.'));
      call(name);
    }
    constexpr std::string_view between = "_:@#*+";
    if (run.find_first_of(between) != run.npos) {
      for (std::size_t from = 0; from < run.size();) {
        std::size_t to = std::min(run.find_first_of(between, from), run.size());
        if (to > from) call(without_end(run.substr(from, to - from)));
        from = to + 1;
      }
    }
    at = end + 1;
  }
}

// The address that a run ends in: of "ip:2001:db8::1" too.
std::optional<std::pair<std::size_t, Ip>> address_in(std::string_view run) {
  for (std::size_t from = 0; run.find(':', from) != run.npos; from = run.find(':', from) + 1) {
    if (auto ip = ip::parse(run.substr(from))) return std::pair{from, *ip};
  }
  return std::nullopt;
}

void clear(EventBatch& b, std::size_t i, int column) {
  switch (column) {
    case source_ip:
      b.source.ip[i] = {};
      return;
    case destination_ip:
      b.destination.ip[i] = {};
      return;
    case source_name:
      b.source.name[i] = {};
      return;
    case source_url:
      b.source.url[i] = {};
      return;
    case far_name:
      b.destination.name[i] = {};
      return;
    case far_url:
      b.destination.url[i] = {};
      return;
    case account_of:
      b.account[i] = {};
      return;
    default:
      b.extra[i] = {};
  }
}

// A key of its own for each purpose, so that no hash tells of another.
std::array<unsigned char, 16> key_for(std::string_view purpose, const store::Counts::Key& key) {
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16);
  std::array<unsigned char, 16> own{};
  crypto_generichash(own.data(), own.size(), reinterpret_cast<const unsigned char*>(purpose.data()),
                     purpose.size(), key.data(), key.size());
  return own;
}

std::array<unsigned char, 16> hash_under(const std::array<unsigned char, 16>& key,
                                         std::string_view text) {
  static_assert(crypto_shorthash_siphashx24_BYTES == 16);
  std::array<unsigned char, 16> hash{};
  crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(text.data()),
                              text.size(), key.data());
  return hash;
}

std::optional<Hash128> parse_hash(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  Hash128 hash;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    auto nibble = static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
    std::uint64_t& half = i < 16 ? hash.high : hash.low;
    half = half << 4 | nibble;
  }
  return hash;
}

}  // namespace

Law::Law(Parts parts, store::Tables tables)
    : parts_(std::move(parts)),
      tables_(std::move(tables)),
      stone_key_(key_for("tocsin tombstones", parts_.key)),
      report_key_(key_for("tocsin reports", parts_.key)) {}

// In HOME/tombstones they stand once more, for whoever restores a backup made before them.
Result<void> Law::load() {
  std::set<Hash128> found;
  std::string lines;
  auto look = [&](store::Sqlite& db) -> Result<void> {
    auto select = TRY(db.prepare("SELECT hash, at FROM tombstones ORDER BY at, hash"));
    while (TRY(select.step())) {
      if (auto hash = parse_hash(select.text(0))) found.insert(*hash);
      lines += fmt::format("{} {}\n", select.text(0), times::format(select.number(1)));
    }
    return {};
  };
  TRY(tables_.read(look));
  // Those of the file that are not carried out yet stay in it.
  std::string path = parts_.home + "/tombstones", there;
  if (auto file = MappedFile::open(path)) there = file->bytes();
  missed_.clear();
  for (auto [number, line] : text::numbered_lines(there)) {
    auto hash = parse_hash(line.substr(0, line.find(' ')));
    if (!hash || !found.insert(*hash).second) continue;
    missed_.push_back(*hash);
    lines += fmt::format("{}\n", line);
  }
  if (there != lines) TRY(DurableFile::replace(path, lines));
  std::unique_lock lock(mutex_);
  tombstones_ = std::move(found);
  ++version_;
  return {};
}

bool Law::has_erased() const {
  std::shared_lock lock(mutex_);
  return !tombstones_.empty();
}

Hash128 Law::tombstone(std::string_view canonical) const {
  auto hash = hash_under(stone_key_, canonical);
  Hash128 out;
  for (std::size_t i = 0; i < 8; ++i) {
    out.high = out.high << 8 | hash[i];
    out.low = out.low << 8 | hash[i + 8];
  }
  return out;
}

std::string Law::disguised(std::string_view sha256) const {
  if (sha256.empty() || sha256.starts_with("k_")) return std::string(sha256);
  auto hash = hash_under(report_key_, sha256);
  return "k_" + hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

namespace {

// "a%3Ab" -> "a:b"; what is no escape stays.
std::string decoded_query(std::string_view text) {
  auto digit = [](char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    return digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) < 16 &&
        digit(text[i + 2]) < 16) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

// Ends where `found` says false.
void Law::each_erased(std::string_view whole, const std::function<bool(const Piece&)>& found,
                      unsigned depth) const {
  constexpr unsigned depth_max = 4;      // "%252525..." would go on for as long as it is
  constexpr std::size_t url_max = 8192;  // octets that are looked at
  std::string low = text::lower(whole);
  bool more = true;
  auto test = [&](std::string_view value, std::size_t at, std::size_t size) {
    if (!more || value.empty() || !tombstones_.contains(tombstone(value))) return;
    more = found({.at = at, .size = size, .value = std::string(whole.substr(at, size))});
  };
  each_value(low, [&](std::string_view run) {
    if (!more) return;
    auto at = static_cast<std::size_t>(run.data() - low.data());
    test(run, at, run.size());
    if (auto address = address_in(run))
      test(ip::format(address->second), at + address->first, run.size() - address->first);
    bool is_ascii = std::ranges::all_of(run, [](char c) { return (c & 0x80) == 0; });
    if (!is_ascii) {
      if (auto name = normal::name(run)) test(text::lower(*name), at, run.size());
    }
    std::size_t host = run.find('@');
    if (host == run.npos) return;
    std::size_t from = run.rfind(':', host) + 1;  // "mailto:"
    test(masked_account(run.substr(from), parts_.key), at + from, run.size() - from);
  });
  if (more && depth < depth_max) {
    each_decoded(whole, [&](std::size_t at, std::size_t size, std::string_view decoded) {
      if (!more) return;
      auto take = [&](const Piece& within) {
        more = found({.at = at, .size = size, .value = within.value});
        return more;
      };
      each_erased(decoded, take, depth + 1);
    });
  }
  constexpr std::string_view ends = " \t\r\n\"'<>,|";
  for (std::size_t at = 0; more && depth < depth_max && (at = whole.find('%', at)) != whole.npos;) {
    std::size_t begin = whole.find_last_of(ends, at) + 1;
    std::size_t end = std::min(whole.find_first_of(ends, at), whole.size());
    std::string plain = decoded_query(whole.substr(begin, end - begin));
    at = end;
    if (plain.size() == end - begin) continue;
    auto take = [&](const Piece& within) {
      more = found({.at = begin, .size = end - begin, .value = within.value});
      return more;
    };
    each_erased(plain, take, depth + 1);
  }
  for (std::size_t at = 0; more && (at = whole.find(':', at)) != whole.npos; ++at) {
    std::string_view after = whole.substr(at + 1);
    if (!after.starts_with("//") && !after.starts_with(R"(\/\/)")) continue;
    std::size_t begin = at;  // of the scheme: also within "q=http://"
    while (begin > 0 && at - begin < 64 &&
           ((low[begin - 1] >= 'a' && low[begin - 1] <= 'z') ||
            std::string_view("0123456789+-.").contains(low[begin - 1])))
      --begin;
    std::string_view given = whole.substr(begin, url_max);
    given = given.substr(0, given.find_first_of(ends, at - begin));
    std::size_t size = given.size();
    std::string url;  // JSON may write "\/"
    for (std::size_t i = 0; i < size; ++i) {
      if (given[i] != '\\' || i + 1 == size || given[i + 1] != '/') url += given[i];
    }
    if (auto same = normal::url(url)) test(text::lower(*same), begin, size);
  }
}

// Piece by piece, so that a large report needs little memory and keeps no erasure waiting; a piece
// ends where a line does.
bool Law::names_erased(std::string_view whole) const {
  constexpr std::size_t piece_bytes = 1 << 20, piece_bytes_max = 8 << 20;
  while (!whole.empty()) {
    std::size_t end = whole.size() <= piece_bytes ? whole.npos : whole.find('\n', piece_bytes);
    end = std::min(end, piece_bytes_max);
    std::string_view piece = whole.substr(0, end);
    whole.remove_prefix(piece.size());
    std::shared_lock lock(mutex_);
    if (tombstones_.empty()) return false;
    bool found = false;
    each_erased(piece, [&](const Piece&) {
      found = true;
      return false;
    });
    if (found) return true;
  }
  return false;
}

std::optional<std::string> Law::without_erased(std::string_view whole) const {
  std::shared_lock lock(mutex_);
  if (tombstones_.empty()) return std::nullopt;
  std::vector<Piece> pieces;
  each_erased(whole, [&](const Piece& piece) {
    pieces.push_back(piece);
    return true;
  });
  if (pieces.empty()) return std::nullopt;
  std::ranges::sort(pieces, {}, &Piece::at);
  std::string out;
  std::size_t from = 0;
  for (const Piece& piece : pieces) {
    if (piece.at < from) {  // within the last one, or beyond its end
      from = std::max(from, piece.at + piece.size);
      continue;
    }
    out += whole.substr(from, piece.at - from);
    out += masked_value;
    from = piece.at + piece.size;
  }
  return out += whole.substr(from);
}

std::optional<std::string> Law::masked_for_audit(std::string_view text) const {
  if (!has_erased()) return std::nullopt;
  std::string out = unlinked(without_erased(text).value_or(std::string(text)));
  return out == text ? std::nullopt : std::optional(out);
}

bool Law::is_erased(const EventBatch& b, std::size_t i,
                    const std::function<void(int column)>& found) const {
  bool any = false;
  auto note = [&](int column) {
    any = true;
    found(column);
  };
  auto test = [&](std::string_view text, int column) {
    bool named = !text.empty() && tombstones_.contains(tombstone(text::lower(text)));
    if (!named && !text.empty()) {
      each_erased(text, [&](const Piece&) {
        named = true;
        return false;
      });
    }
    if (named) note(column);
  };
  auto test_ip = [&](const Ip& ip, int column) {
    if (!ip.empty() && tombstones_.contains(tombstone(ip::format(ip)))) note(column);
  };
  test_ip(b.source.ip[i], source_ip);
  test_ip(b.destination.ip[i], destination_ip);
  test(b.text(b.source.name[i]), source_name);
  test(b.text(b.source.url[i]), source_url);
  test(b.text(b.destination.name[i]), far_name);
  test(b.text(b.destination.url[i]), far_url);
  test(b.text(b.account[i]), account_of);
  for (const Member& m : Members(b.text(b.extra[i]))) test(json_text(m.json), account_of + 1);
  return any;
}

void Law::apply(EventBatch& b) const {
  mask_accounts(b, parts_.key);
  std::shared_lock lock(mutex_);
  if (tombstones_.empty()) return;
  std::vector<bool> keep(b.size(), true);
  bool any = false;
  for (std::size_t i = 0; i < b.size(); ++i) {
    std::vector<int> columns;
    if (!is_erased(b, i, [&](int column) { columns.push_back(column); })) continue;
    any = true;
    keep[i] = parts_.mask;
    for (int column : columns) {
      if (parts_.mask) clear(b, i, column);
    }
  }
  if (!any) return;
  if (!parts_.mask) b.keep_rows(keep);
  b.compact();
}

// What came in while its subject was being erased was looked at before, and kept after.
Result<void> Law::look_again(const store::ReportRow& report, bool named) {
  std::string row = fmt::format("id = {}", report.id),
              rejects = fmt::format("report = {}", report.id);
  std::string head = fmt::format("key = 'head.{}'", report.id);
  const std::vector<store::Journal::TextColumn> columns = {
      {"reports", "name", row},       {"reports", "url", row},       {"reports", "error", row},
      {"rejects", "reason", rejects}, {"rejects", "bytes", rejects}, {"state", "json", head}};
  auto rewrite = [&](std::string_view text) { return without_erased(text); };
  std::size_t changed = TRY(parts_.journal.rewrite_texts(rewrite, columns));
  if (named) {
    TRY(parts_.raw.remove(report.sha256));
    std::error_code failed;
    std::filesystem::remove(fmt::format("{}/quarantine/{}", parts_.home, report.id), failed);
    if (failed) return unavailable("cannot remove a kept report: " + failed.message());
  }
  return changed == 0 ? Result<void>{} : parts_.journal.compact();
}

}  // namespace tocsin::node
