#include "ledger/log_file.h"

#include <random>

#include "base/text.h"
#include "made_log.h"
#include "test.h"

namespace tocsin::ledger {
namespace {

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> out;
  for (auto line : text::numbered_lines(file)) out.push_back(std::string(line.text) + "\n");
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line;
  return out;
}

// The line on which an octet stands: "the heading", or its entry.
std::string named(std::size_t line) {
  return line == 0 ? "the heading" : fmt::format("entry {}", line - 1);
}
std::string named_at(std::string_view file, std::size_t octet) {
  return named(static_cast<std::size_t>(std::ranges::count(file.substr(0, octet), '\n')));
}

}  // namespace

TEST_CASE("a log's file is checked without the node") {
  auto [a, b] = made_pair();
  for (const MadeLog* log : {&a, &b}) {
    auto verdict = check_log(log->file());
    REQUIRE_MESSAGE(verdict.has_value(), verdict.error().what);
    CHECK(*verdict == *log->check());
    for (const Entry& entry : log->entries) {
      std::string line = entry_line(entry);
      auto again = read_entry(std::string_view(line).substr(0, line.size() - 1));
      REQUIRE_MESSAGE(again.has_value(), again.error().what);
      CHECK(*again == entry);
    }
  }
  CHECK(!check_log(""));
  CHECK(!check_log("\n"));
  CHECK(!check_log("{}\n"));
  CHECK(!check_log(a.file() + "\n"));
}

TEST_CASE("10,000 tamperings with a log's file are found, and the entry named") {
  const std::string file = made_pair().first.file();
  const auto lines = lines_of(file);
  REQUIRE(check_log(file).has_value());
  std::mt19937_64 random(4);  // the seed: the same tamperings each time
  auto below = [&](std::size_t most) { return static_cast<std::size_t>(random() % most); };
  std::map<std::string, int> found;
  for (int round = 0; round < 10'000; ++round) {
    std::string changed, wanted, how;
    switch (round % 4) {
      case 0: {
        how = "flip";
        changed = file;
        std::size_t at = below(file.size());
        changed[at] = static_cast<char>(changed[at] ^ 1 << below(8));
        wanted = named_at(file, at);
        break;
      }
      case 1: {
        how = "truncation";
        std::size_t at = below(file.size());
        changed = file.substr(0, at);
        wanted = named_at(file, at);
        break;
      }
      case 2: {
        how = "swap";
        std::size_t one = below(lines.size() - 1), other = one + 1 + below(lines.size() - one - 1);
        auto swapped = lines;
        std::swap(swapped[one], swapped[other]);
        changed = joined(swapped);
        wanted = named(one);
        break;
      }
      default: {
        how = "replay";
        auto replayed = lines;
        std::size_t at = 1 + below(lines.size()), of = below(lines.size());
        if (round % 8 == 3) {
          replayed.insert(replayed.begin() + static_cast<std::ptrdiff_t>(at), lines[of]);
          // The same line once more: the second one is too many.
          wanted = named(at == of ? at + 1 : at);
        } else {
          at = std::min(at, lines.size() - 1);
          if (at == of) of = 0;
          replayed[at] = lines[of];
          wanted = named(at);
        }
        changed = joined(replayed);
      }
    }
    auto verdict = check_log(changed);
    REQUIRE_MESSAGE(!verdict.has_value(), how, " in round ", round, " of ", wanted);
    REQUIRE_MESSAGE(verdict.error().what.starts_with(wanted + ": "), how, " in round ", round,
                    ": wanted ", wanted, ", got ", verdict.error().what);
    ++found[how];
  }
  CHECK(found == std::map<std::string, int>{
                     {"flip", 2500}, {"truncation", 2500}, {"swap", 2500}, {"replay", 2500}});
}

}  // namespace tocsin::ledger
