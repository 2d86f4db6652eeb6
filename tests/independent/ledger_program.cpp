// ledger_program: what our code writes, for programs that share none of it.
//   files FOLDER   two members' logs and accounts: a.log, b.log, a.account, b.account
//   send HOME      releases for ever: each is printed as its bytes would leave, then its outcome is
//                  written; to be killed
//   after HOME     what a killed one left: "pending N" for each release without an outcome, then
//                  "good" or what is wrong; the log as a file in HOME/log
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "ledger/log_file.h"
#include "made_log.h"
#include "share/ledger.h"

namespace tocsin {
namespace {

using namespace ledger;

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().what);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void write(const std::string& path, std::string_view text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() ||
      std::fclose(file) != 0)
    fail("cannot write " + path);
}

void files(const std::string& folder) {
  auto [a, b] = made_pair();
  write(folder + "/a.log", a.file());
  write(folder + "/b.log", b.file());
  write(folder + "/a.account", account_text(account_of(a, b.node)));
  write(folder + "/b.account", account_text(account_of(b, a.node)));
}

struct Member {
  explicit Member(const std::string& home)
      : journal(must(store::Journal::open(home + "/journal.db", words))),
        ledger(must(share::Ledger::open(
            {.journal = *journal, .node = "a.example.org", .key = key, .restored = ""}))) {}
  Dictionary words;
  SigningKey key = must(SigningKey::from_seed(bytes_of(sha256("a.example.org"))));
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<share::Ledger> ledger;
};

void send(const std::string& home) {
  Member a(home);
  constexpr const char* none[] = {"CREATE TABLE IF NOT EXISTS ledger_program(x INTEGER)"};
  auto tables = must(store::Tables::open(*a.journal, "ledger_program", none));
  for (int round = 0;; ++round) {
    std::vector<Sha256> items;
    for (int i = 0; i < round % 5; ++i)
      items.push_back(item_hash(item_salt("secret", "b"), sha256(std::to_string(i))));
    std::uint64_t index = 0;
    auto work = [&](store::Sqlite& db) -> Result<void> {
      index = TRY(a.ledger->release(db, {.to = "b.example.org", .via = "taxii"}, items)).index;
      return {};
    };
    must(tables.write(work));
    fmt::print("{}\n", index);
    std::fflush(stdout);
    must(a.ledger->add(Outcome{.of = index, .outcome = "sent"}));
  }
}

void after(const std::string& home) {
  Member a(home);
  for (std::uint64_t index : must(a.ledger->pending())) fmt::print("pending {}\n", index);
  must(a.ledger->end_pending());
  std::string file;
  auto all = must(a.ledger->begin_export());
  while (must(a.ledger->go_on(all, file))) {
  }
  write(home + "/log", file);
  auto verified = must(a.ledger->verify());
  fmt::print("{}\n", verified.wrong.empty() ? "good" : verified.wrong);
}

}  // namespace
}  // namespace tocsin

int main(int count, char** words) {
  std::string_view verb = count == 3 ? words[1] : "";
  if (verb == "files") return tocsin::files(words[2]), 0;
  if (verb == "send") return tocsin::send(words[2]), 0;
  if (verb == "after") return tocsin::after(words[2]), 0;
  fmt::print(stderr, "ledger_program files|send|after FOLDER\n");
  return 2;
}
