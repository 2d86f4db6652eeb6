// Tries all IPv4 addresses against every id and hash in files: what a member under an agreement
// that takes addresses away was given must name none of them, not by any hash either.
//
// usage: bench_addresses [--node MEMBER]... [--count N] FILE...
// Each run of hexadecimal digits or of base64 that holds 16 octets or more, UUIDs too, is compared
// with the MD5, SHA-1 and SHA-256 of each address as text and as octets, and with its UUIDv5 as
// STIX makes them, in our namespace and in those of the given nodes. Before, addresses are hidden
// among what was read in each of these ways, and must be found. Prints the rate; exit: 0 when no
// address was found, else 1.
#include <fmt/compile.h>
#include <fmt/core.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "wire/stix_id.h"
#include "wire/uuid.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // one call for each, without a context

namespace {

using Octets = std::vector<unsigned char>;

// What is compared: the first six octets, which a UUID leaves as its hash had them.
constexpr std::size_t head_size = 6;

std::uint64_t head_of(const unsigned char* octets) {
  std::uint64_t head = 0;
  std::memcpy(&head, octets, head_size);
  return head;
}

struct Wanted {
  std::vector<std::uint64_t> heads;                       // sorted
  std::vector<bool> few = std::vector<bool>(1ULL << 24);  // by the first 24 bits
  std::set<Octets> whole;  // as they stand; of UUIDs without what their version says

  void add(Octets octets) {
    heads.push_back(head_of(octets.data()));
    whole.insert(std::move(octets));
  }
  void sort() {
    std::ranges::sort(heads);
    for (std::uint64_t head : heads) few[head & 0xffffff] = true;
  }
  bool may_hold(const unsigned char* hash) const {
    std::uint64_t head = head_of(hash);
    return few[head & 0xffffff] && std::ranges::binary_search(heads, head);
  }
  bool holds(const unsigned char* hash, std::size_t size) const {
    if (whole.contains(Octets(hash, hash + size))) return true;
    if (size < 16) return false;
    Octets uuid(hash, hash + 16);
    uuid[6] &= 0x0f, uuid[8] &= 0x3f;
    return whole.contains(uuid);
  }
};

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

void read_hex(const std::string& text, Wanted& wanted) {
  std::string run;
  bool dashed = false;
  auto end = [&] {
    if (run.size() >= 32) {
      Octets octets;
      for (std::size_t i = 0; i + 1 < run.size(); i += 2)
        octets.push_back(static_cast<unsigned char>(nibble(run[i]) << 4 | nibble(run[i + 1])));
      if (dashed && octets.size() == 16) octets[6] &= 0x0f, octets[8] &= 0x3f;
      wanted.add(std::move(octets));
    }
    run.clear();
    dashed = false;
  };
  for (char c : text) {
    if (nibble(c) >= 0)
      run += c;
    else if (c == '-' && !run.empty() && run.size() % 4 == 0)
      dashed = true;
    else
      end();
  }
  end();
}

void read_base64(const std::string& text, Wanted& wanted) {
  Octets octets;
  std::uint32_t bits = 0;
  int held = 0;
  auto end = [&] {
    if (octets.size() >= 16) wanted.add(octets);
    octets.clear();
    held = 0;
  };
  for (char c : text) {
    int value = sextet(c);
    if (value < 0) {
      end();
      continue;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    octets.push_back(static_cast<unsigned char>(bits >> held & 0xff));
  }
  end();
}

// OpenSSL's own functions of one hash: those of all hashes look it up each time, for nine tenths of
// the time.
template <auto init, auto update, auto final, class Context>
const unsigned char* hashed(std::string_view of, unsigned char* hash) {
  Context context;
  init(&context);
  update(&context, of.data(), of.size());
  final(hash, &context);
  return hash;
}
constexpr auto md5 = hashed<MD5_Init, MD5_Update, MD5_Final, MD5_CTX>;
constexpr auto sha1 = hashed<SHA1_Init, SHA1_Update, SHA1_Final, SHA_CTX>;
constexpr auto sha256 = hashed<SHA256_Init, SHA256_Update, SHA256_Final, SHA256_CTX>;

// All that is derived from an address: calls each(name, hash, size).
template <class Each>
void derive(std::uint32_t address, const std::vector<std::string>& namespaces, const Each& each) {
  std::array<char, 64> buffer{};
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  char* end = buffer.data();
  for (int shift = 24; shift >= 0; shift -= 8) {
    end = fmt::format_to(end, FMT_COMPILE("{}"), address >> shift & 255);
    if (shift > 0) *end++ = '.';
  }
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::array<char, 4> octets = {static_cast<char>(address >> 24), static_cast<char>(address >> 16),
                                static_cast<char>(address >> 8), static_cast<char>(address)};
  for (std::string_view form : {text, std::string_view(octets.data(), octets.size())}) {
    each("MD5", md5(form, hash.data()), MD5_DIGEST_LENGTH);
    each("SHA-1", sha1(form, hash.data()), SHA_DIGEST_LENGTH);
    each("SHA-256", sha256(form, hash.data()), SHA256_DIGEST_LENGTH);
  }
  for (const std::string& space : namespaces) {
    // As STIX names an observable (RFC 8785), and the plain text.
    std::array<char, 64> named{};
    for (auto [before, after] : {std::pair{R"({"value":")", R"("})"}, std::pair{"", ""}}) {
      char* last =
          fmt::format_to(named.data(), FMT_COMPILE("{}{}{}{}"), space, before, text, after);
      std::string_view whole(named.data(), static_cast<std::size_t>(last - named.data()));
      each("UUIDv5", sha1(whole, hash.data()), SHA_DIGEST_LENGTH);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tocsin;
  std::uint64_t count = 1ULL << 32;
  std::vector<std::string> namespaces = {std::string(wire::stix_namespace()),
                                         std::string(wire::tocsin_namespace())};
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--count" && i + 1 < argc) {
      count = std::min<std::uint64_t>(count, std::stoull(argv[++i]));
    } else if (word == "--node" && i + 1 < argc) {
      namespaces.push_back(wire::stix_node_namespace(argv[++i]));
    } else {
      std::ifstream file{std::string(word), std::ios::binary};
      std::string text((std::istreambuf_iterator<char>(file)), {});
      if (!file.is_open() || text.empty()) {
        fmt::print(stderr, "cannot read {}\n", word);
        return 2;
      }
      read_hex(text, wanted);
      read_base64(text, wanted);
    }
  }
  if (wanted.whole.empty()) {
    fmt::print(stderr,
               "no id and no hash to try; usage: bench_addresses [--node MEMBER]... "
               "[--count N] FILE...\n");
    return 2;
  }
  std::size_t read = wanted.whole.size();
  // One address for each way, spread over what is tried.
  std::vector<std::uint32_t> hidden;
  std::size_t ways = 0;
  derive(0, namespaces, [&](auto...) { ++ways; });
  for (std::size_t way = 0; way < ways; ++way) {
    hidden.push_back(static_cast<std::uint32_t>(count / (ways + 1) * (way + 1)));
    std::size_t at = 0;
    derive(hidden.back(), namespaces, [&](auto, const unsigned char* hash, std::size_t size) {
      if (at++ == way) wanted.add(Octets(hash, hash + size));
    });
  }
  wanted.sort();

  auto begin = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next = 0, found_hidden = 0, found = 0;
  constexpr std::uint64_t piece = 1 << 16;
  auto work = [&] {
    for (std::uint64_t from = next.fetch_add(piece); from < count; from = next.fetch_add(piece)) {
      for (std::uint64_t i = from; i < std::min(from + piece, count); ++i) {
        auto address = static_cast<std::uint32_t>(i);
        derive(address, namespaces,
               [&](std::string_view how, const unsigned char* hash, std::size_t size) {
                 if (!wanted.may_hold(hash) || !wanted.holds(hash, size)) return;
                 if (std::ranges::find(hidden, address) != hidden.end()) {
                   ++found_hidden;
                   return;
                 }
                 ++found;
                 fmt::print("{}.{}.{}.{}: its {} is there\n", address >> 24, address >> 16 & 255,
                            address >> 8 & 255, address & 255, how);
               });
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
      threads.emplace_back(work);
  }
  double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  fmt::print(
      "{} ids and hashes, {} addresses in {} ways, {:.0f} s ({:.1f} M hashes/s): {} found; {} "
      "of {} hidden ones found\n",
      read, count, ways, took, static_cast<double>(count * ways) / took / 1e6, found.load(),
      found_hidden.load(), ways);
  return found == 0 && found_hidden >= ways ? 0 : 1;
}
