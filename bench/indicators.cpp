// bench_indicators [LINES]: what an import of as many addresses and names costs (default
// 1,000,000), against plain inserts of the same values into SQLite in transactions of the same
// size; how much memory it takes; the same file once more; and what a page costs then.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>

#include "base/text.h"
#include "hunt/import.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

constexpr TimeUs now = 20'000 * us_per_day;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Half addresses, half names, in no order.
std::string lines_of(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    auto mixed = static_cast<std::uint32_t>(i * 2'654'435'761u);
    lines +=
        i % 2 == 0 ? ip::format(Ip::from_v4(mixed)) : fmt::format("h{:08x}.example.org", mixed);
    lines += '\n';
  }
  return lines;
}

// One table with a unique index, as the least that keeps them.
Result<double> plain(const std::string& path, std::string_view lines) {
  auto begin = Clock::now();
  auto db = TRY(store::Sqlite::open(path));
  TRY(db.run("CREATE TABLE plain(id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE)"));
  auto insert = TRY(db.prepare("INSERT OR IGNORE INTO plain(value) VALUES(?)"));
  std::optional<store::Transaction> transaction;
  std::size_t rows = 0;
  for (auto [number, line] : text::numbered_lines(lines)) {
    if (!transaction) transaction.emplace(TRY(store::Transaction::begin(db)));
    TRY(insert.bind(1, line).run());
    if (++rows % hunt::add_rows_max != 0) continue;
    TRY(transaction->commit());
    transaction.reset();
  }
  if (transaction) TRY(transaction->commit());
  return since(begin);
}

Result<void> run(const std::string& folder, std::size_t count) {
  std::string lines = lines_of(count);
  double plain_s = TRY(plain(folder + "/plain.db", lines));
  Dictionary words;
  auto journal = TRY(store::Journal::open(folder + "/journal.db", words));
  auto store = TRY(hunt::Indicators::open({.journal = *journal, .now = [] { return now; }}));
  hunt::ImportWish wish{.usual = {.source = {hunt::SourceKind::feed, "bench"}}};
  double before_mb = memory_mb();
  auto begin = Clock::now();
  auto first = TRY(hunt::import_indicators(lines, wish, *store));
  double first_s = since(begin);
  begin = Clock::now();
  auto again = TRY(hunt::import_indicators(lines, wish, *store));
  double again_s = since(begin);
  auto million = static_cast<double>(count);
  fmt::print("plain inserts   {:6.1f} s, {:7.0f}/s\n", plain_s, million / plain_s);
  fmt::print("import          {:6.1f} s, {:7.0f}/s, {} new: {:.1f} times the plain inserts\n",
             first_s, million / first_s, first.added.fresh, first_s / plain_s);
  fmt::print("the same again  {:6.1f} s, {:7.0f}/s, {} as before\n", again_s, million / again_s,
             again.added.same);
  fmt::print("memory          {:6.1f} MB more than with the lines alone\n",
             memory_mb() - before_mb);
  begin = Clock::now();
  auto page = TRY(store->list({}));
  double newest_s = since(begin);
  begin = Clock::now();
  auto some = TRY(store->list({.q = "10.0."}));
  double prefix_s = since(begin);
  begin = Clock::now();
  auto none = TRY(store->list({.state = hunt::State::expired}));
  fmt::print("a page of {}    {:6.1f} ms; by value {:.1f} ms; one that finds nothing {:.1f} ms\n",
             page.items.size(), newest_s * 1e3, prefix_s * 1e3, since(begin) * 1e3);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = argc > 1 ? text::number(argv[1]).value_or(1'000'000) : 1'000'000;
  std::string folder = std::filesystem::temp_directory_path() / "tocsin_bench_indicators";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  auto done = run(folder, count);
  if (!done) fmt::print(stderr, "{}\n", done.error().what);
  std::filesystem::remove_all(folder);
  return done ? 0 : 1;
}
